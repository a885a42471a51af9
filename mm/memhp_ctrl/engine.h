/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMHP_CTRL_ENGINE_H
#define _MM_MEMHP_CTRL_ENGINE_H
/*
 * All that controllers ask of the core of memory hotplug, besides the windows. Who
 * has a better way to onlining, offlining or finding blockers puts it behind this.
 */
#include <linux/types.h>

#include <memory_hotplug/window_set.h>
#include <uapi/linux/memhp.h>

/**
 * struct memhp_blocker - what keeps a page where it is
 * @pfn:   the page
 * @refs:  references that nothing explains
 * @kind:  why
 * @memcg: inode number of the control group that pays for it, or 0
 * @inode: inode number of the file that it is a part of, or 0
 */
struct memhp_blocker {
	u64 pfn;
	u32 refs;
	enum memhp_blocker_kind kind;
	u64 memcg, inode;
};

struct memhp_blockers {
	unsigned int nr;
	struct memhp_blocker at[MEMHP_MAX_BLOCKERS];
};

/**
 * struct engine_job - one piece of work
 * @ranges:   what it is about; nobody else changes it meanwhile
 * @node:     node of memory that is attached
 * @memmap:   where its page structs may be
 * @policy:   what is to become of the memory
 * @stop:     0; or a negative error number, by which it shall end soon, undone. Who sets
 *	      it sends SIGINT to the thread that works
 * @progress: called when another @done bytes are done
 * @done:     bytes
 * @size:     bytes of all ranges
 * @text:     set if it failed: what is wrong
 * @left:     set if attaching failed, and could not be undone
 * @blockers: what kept memory from going offline, if it did not
 */
struct engine_job {
	const struct window_set *ranges;
	int node;
	enum memhp_memmap memmap;
	enum memhp_policy policy;
	int stop;
	void (*progress)(struct engine_job *job);
	u64 done, size;
	const char *text;
	bool left;
	struct memhp_blockers blockers;
};

/*
 * Each of them: whole, or not at all.
 *
 * Context: a kernel thread that allows SIGINT; takes the window lock and the device
 * hotplug lock.
 * Return: 0; @job->stop; or what adding, onlining or offlining says.
 */
int engine_attach(struct engine_job *job);
int engine_change(struct engine_job *job);
int engine_detach(struct engine_job *job);

/* Bytes of a range. */
static inline u64 range_size(const struct window *w)
{
	return w->end - w->start;
}

/* Bytes of a set. */
u64 engine_size(const struct window_set *ranges);

/* What is used of the memory in a set. Context: may sleep, no lock is needed. */
enum memhp_usage engine_usage(const struct window_set *ranges);

/* blockers.c: looks what may be moved nowhere. Device hotplug lock held. */
void engine_find_blockers(const struct window_set *ranges,
			  struct memhp_blockers *found);

#endif /* _MM_MEMHP_CTRL_ENGINE_H */
