/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMHP_CTRL_ENGINE_H
#define _MM_MEMHP_CTRL_ENGINE_H
/*
 * All that controllers ask of the core of memory hotplug, besides the windows. Who
 * has a better way to onlining, offlining or finding blockers puts it behind this.
 */
#include <linux/memhp.h>
#include <linux/types.h>

#include <memory_hotplug/patience.h>
#include <memory_hotplug/window_set.h>
#include <uapi/linux/memhp.h>

#include "distance.h"

/**
 * struct memhp_blocker - what keeps a page where it is, or several that follow one another
 * @pfn:   the page, the first one
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
 * @distances: what @node gets before its memory is attached
 * @memmap:   where its page structs may be
 * @policy:   what is to become of the memory
 * @msec:     milliseconds to the deadline; 0: none
 * @patience: the deadline, once it has begun
 * @order:    by which memory goes offline; calls the job off: engine_stop()
 * @progress: called when another @done bytes are done; any lock but the registry's may
 *	      be held
 * @done:     bytes
 * @before:   bytes that were done before what is being done
 * @size:     bytes of all ranges
 * @unchanged: memory_block_changes() before memory was added; 0: nothing is
 * @text:     set if it failed: what is wrong
 * @left:     set if attaching failed, and could not be undone
 * @blockers: what kept memory from going offline, if it did not
 */
struct engine_job {
	const struct window_set *ranges;
	int node;
	struct memhp_distances distances;
	enum memhp_memmap memmap;
	enum memhp_policy policy;
	unsigned int msec;
	struct patience patience;
	struct mhp_order order;
	void (*progress)(struct engine_job *job);
	u64 done, before, size;
	unsigned long unchanged;
	const char *text;
	unsigned int left;
	struct memhp_blockers blockers;
};

/*
 * Each of them: whole, or not at all.
 *
 * Context: process context, may sleep; takes the window lock and the device hotplug
 * lock.
 * Return: 0; -ETIMEDOUT; what engine_stop() was given; or what adding, onlining or
 * offlining says.
 */
int engine_attach(struct engine_job *job);
int engine_change(struct engine_job *job);
int engine_detach(struct engine_job *job);

/* Is the caller at work on a job? Context: any. */
bool engine_works_here(void);

/* Has a job end soon, undone, by an error number; the first one counts. Context: any. */
void engine_stop(struct engine_job *job, int err);

/* Bytes of a range. */
static inline u64 range_size(const struct window *w)
{
	return w->end - w->start;
}

/* Bytes of a set. */
u64 engine_size(const struct window_set *ranges);

/* What is used of the memory in a set. Context: may sleep, no lock is needed. */
enum memhp_usage engine_usage(const struct window_set *ranges);

#endif /* _MM_MEMHP_CTRL_ENGINE_H */
