/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMHP_CTRL_CTRL_H
#define _MM_MEMHP_CTRL_CTRL_H
/*
 * Controllers of memory hotplug: the parts, and what they ask of one another.
 *
 *	faces		netlink.c  request.c (messages)    sysfs.c (files)
 *	news		event.c  watch.c
 *	objects		segment.c  operation.c  owner.c  window.c
 *	decisions	machine.c  quota.c			pure
 *	work		engine.c  distance.c			the core of memory hotplug
 *
 * One lock, the registry's, guards all objects. It is never held while memory comes
 * or goes, nor while a device is registered or unregistered: work is done by an
 * operation, a worker that has the segment for itself while its state says so.
 * It is taken inside of the locks of memory hotplug, which tell their progress: who has
 * it takes none of those.
 */
#include <linux/device.h>
#include <linux/init.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/memhp.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "engine.h"
#include "machine.h"
#include "quota.h"
#include "socket.h"

struct segment;

/* An answer: 0, or an error number and what the caller should know or change. */
struct verdict {
	int err;
	const char *why;
};

#define YES		((struct verdict){ })
#define NO(err, why)	((struct verdict){ err, why })

/**
 * struct owner - a name that controllers go by, and what they may have
 * @list:  of all owners
 * @name:  not empty
 * @quota: limits, and what is used
 */
struct owner {
	struct list_head list;
	char name[MEMHP_OWNER_LEN + 1];
	struct quota quota;
};

enum operation_kind {
	OPERATION_ATTACH,
	OPERATION_CHANGE,
	OPERATION_DETACH,
};

/**
 * struct operation - what is under way with a segment
 * @ref:    of those who wait for it, and its worker
 * @kind:   what it does
 * @seg:    with which segment; a reference
 * @job:    the work
 * @ranges: what it is about: all of the segment, or a part
 * @at:     room for @ranges
 * @work:   what the worker does
 * @told:   bytes that were done when the last event said so
 * @ended:  who waits for its end
 * @over:   it is over
 * @error:  then, what became of it
 * @text:   the error in words
 */
struct operation {
	struct kref ref;
	enum operation_kind kind;
	struct segment *seg;
	struct engine_job job;
	struct window_set ranges;
	struct window at[MEMHP_MAX_RANGES + 1];
	struct work_struct work;
	u64 told;
	wait_queue_head_t ended;
	bool over;
	int error;
	const char *text;
};

/**
 * struct segment - memory that a controller attached
 * @dev:      its device; the reference of the list keeps it
 * @list:     of all segments
 * @uuid:     its name
 * @owner:    whose quota it is counted in
 * @socket:   the controller behind it; NULL for an orphan
 * @cookie:   the controller's own
 * @node:     node of its memory
 * @policy:   what was asked to become of it last
 * @memmap:   where its page structs may be
 * @ranges:   its memory; while an operation runs, only that changes it
 * @at:       room for @ranges, one more than a message shows
 * @state:    where it is in its life
 * @op:       what is under way, or NULL
 * @deadline: milliseconds that files give an operation
 * @error:    of the last operation
 * @text:     the error in words
 * @blockers: of the last operation
 * @told:     usage that was told last
 * @looked:   memory_block_changes() before the last look; 0: look again
 * @usage:    what was seen then
 */
struct segment {
	struct device dev;
	struct list_head list;
	uuid_t uuid;
	struct owner *owner;
	struct memhp_socket *socket;
	u64 cookie;
	int node;
	enum memhp_policy policy;
	enum memhp_memmap memmap;
	struct window_set ranges;
	struct window at[MEMHP_MAX_RANGES + 1];
	enum segment_state state;
	struct operation *op;
	unsigned int deadline;
	int error;
	const char *text;
	bool half;
	struct memhp_blockers blockers;
	enum memhp_usage told;
	unsigned long looked;
	enum memhp_usage usage;
};

/**
 * struct attach_request - what a controller wants attached
 * @uuid:     name
 * @owner:    the controller's name
 * @socket:   the controller
 * @cookie:   its own
 * @window:   start of the window that all ranges shall be in
 * @in_window: is there a @window?
 * @nr:       how many ranges
 * @ranges:   where; an end of 0 stands for any place, @start is the size then
 * @node:     node, or %NUMA_NO_NODE
 * @distances: of that node
 * @policy:   what is to become of it
 * @memmap:   where its page structs may be
 */
struct attach_request {
	uuid_t uuid;
	const char *owner;
	struct memhp_socket *socket;
	u64 cookie, window;
	bool in_window;
	unsigned int nr;
	struct {
		bool anywhere;
		u64 start, size;
	} ranges[MEMHP_MAX_RANGES];
	int node;
	struct memhp_distances distances;
	enum memhp_policy policy;
	enum memhp_memmap memmap;
};

/* segment.c: the registry */

void memhp_lock(void);
void memhp_unlock(void);
void memhp_assert_locked(void);
void memhp_teach_order(void) __init;

/* What follows has the lock held, unless it says otherwise. */

extern struct list_head memhp_segments;

/* Changes whenever a segment comes or goes. */
extern unsigned int memhp_generation;

/* NULL if there is none. */
struct segment *memhp_find(const uuid_t *uuid);

/* Who a socket is to a segment. */
enum segment_party memhp_party(const struct segment *seg,
			       const struct memhp_socket *socket);

/**
 * memhp_attach() - begin to attach a segment
 * @r:  what is wanted
 * @op: set to the operation, with a reference, if one began
 *
 * Return: an error of 0 also if it is there, or on its way, as wanted.
 */
struct verdict memhp_attach(const struct attach_request *r,
			    struct operation **op);

/* What can be had of a segment: an operation of any other kind. @part may be NULL. */
struct verdict memhp_detach(struct segment *seg, enum segment_party party,
			    const struct window *part, unsigned int msec,
			    struct operation **op);
struct verdict memhp_change(struct segment *seg, enum segment_party party,
			    enum memhp_policy policy, unsigned int msec,
			    struct operation **op);
struct verdict memhp_abort(struct segment *seg, enum segment_party party,
			   struct operation **op);
/* @cookie: a new one, or NULL. */
struct verdict memhp_reclaim(struct segment *seg, struct memhp_socket *socket,
			     const char *owner, const u64 *cookie);

/* How its memory is used now. */
enum memhp_usage memhp_usage_of(struct segment *seg);

/* Its operation has ended: true if the segment is no more. */
bool memhp_operation_ended(struct operation *op, int err);

/*
 * The device of a segment that is no more has gone; and that is waited for by who wants
 * to use its name. The lock is not held.
 */
void memhp_segment_left(struct segment *seg);
void memhp_wait_left(const uuid_t *uuid);

/* A socket is closed. The lock is not held. */
void memhp_socket_gone(struct memhp_socket *socket);

/* Bytes that segments have in a range. */
u64 memhp_used(u64 start, u64 size);

/* Where a range of a segment ends that has a part of this one; 0 if none has. */
u64 memhp_taken(u64 start, u64 size);

/* operation.c */

/* Return: 0 or -ENOMEM. */
int memhp_operations_init(void) __init;

/*
 * NULL: no memory. The state of the segment says already what is under way; the
 * operation begins with operation_begin().
 */
struct operation *operation_new(struct segment *seg, enum operation_kind kind,
				unsigned int msec);
void operation_begin(struct operation *op);
void operation_put(struct operation *op);

/* Waits so many ms for its end: true if it is over. Takes no lock. */
bool operation_wait(struct operation *op, unsigned int msec);

/* Waits for its end; a signal calls it off. Takes no lock. Return: its error. */
int operation_finish(struct operation *op);

/* owner.c */

/* NULL: there is none, and @make is not set, or no memory. */
struct owner *owner_find(const char *name, bool make);
extern struct list_head memhp_owners;

/* window.c */

/* Windows of the core, to be freed by kvfree(@at): a walker of those asks for nothing. */
struct window_copy {
	unsigned int nr, room;
	struct mhp_window *at;
};

/* Takes no lock. Return: 0 or -ENOMEM. */
int memhp_copy_windows(struct window_copy *copy);

/* Another number whenever a window comes, goes, or has other ends; never 0. */
unsigned int memhp_window_generation(void);

/* May segments have so much more in a window? */
struct verdict memhp_window_limit(u64 start, u64 size);

/* Bytes that segments may have in the window at @start; U64_MAX: no limit. */
u64 memhp_window_limit_of(u64 start);
int memhp_windows_init(void);

/* event.c */

/* Tells listeners and udev. */
void memhp_tell(struct segment *seg, enum memhp_event event);
void memhp_tell_poison(struct segment *seg, unsigned long pfn);
u64 memhp_last_event(void);

/* watch.c */
int memhp_watch_init(void);

/* sysfs.c */

extern const struct class memhp_class;
void segment_device_init(struct segment *seg);
int segment_device_add(struct segment *seg);
void segment_device_announce(struct segment *seg);

static inline struct segment *to_segment(struct device *dev)
{
	return container_of(dev, struct segment, dev);
}

/* request.c: messages */

struct sk_buff;

/* With room for all words of a segment, its event and number. NULL: no memory. */
struct sk_buff *memhp_segment_message(const struct segment *seg);
int memhp_fill_segment(struct sk_buff *skb, struct segment *seg);

#endif /* _MM_MEMHP_CTRL_CTRL_H */
