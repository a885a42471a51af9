// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments: the registry, and what may be asked of them.
 *
 * Owns:      the list of segments, and every change of one: by the table of machine.c,
 *            counted in quotas.
 * Must not:  touch memory: operations do. Nor speak to anyone: event.c does.
 * Locks:     the registry's lock is here. Outside of it nobody reads a segment but its
 *            operation, and files that read one word.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/device.h>
#include <linux/init.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "ctrl.h"

static DEFINE_MUTEX(registry);

/* Segments that are no more, but for their device. */
static LIST_HEAD(leaving);
static DECLARE_WAIT_QUEUE_HEAD(left);

LIST_HEAD(memhp_segments);
unsigned int memhp_generation = 1;

void memhp_lock(void)
{
	mutex_lock(&registry);
}

void memhp_unlock(void)
{
	mutex_unlock(&registry);
}

/*
 * The core tells how far it is with its own locks held, and is told of by us then. That
 * happens now and then only; lockdep shall know of it from the beginning.
 */
void __init memhp_teach_order(void)
{
	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		return;
	lock_device_hotplug();
	mem_hotplug_begin();
	memhp_lock();
	memhp_unlock();
	mem_hotplug_done();
	unlock_device_hotplug();
}

void memhp_assert_locked(void)
{
	lockdep_assert_held(&registry);
}

struct segment *memhp_find(const uuid_t *uuid)
{
	struct segment *seg;

	memhp_assert_locked();
	list_for_each_entry(seg, &memhp_segments, list)
		if (uuid_equal(&seg->uuid, uuid))
			return seg;
	return NULL;
}

enum segment_party memhp_party(const struct segment *seg,
			       const struct memhp_socket *socket)
{
	return socket && seg->socket == socket ? SEGMENT_BY_OWNER :
						 SEGMENT_BY_OTHER;
}

/* Bytes that a set and a range have in common. */
static u64 common(const struct window_set *set, u64 start, u64 end)
{
	const struct window *w;
	u64 sum = 0;

	for (w = set->at; w < set->at + set->nr; w++)
		if (w->start < end && w->end > start)
			sum += min(w->end, end) - max(w->start, start);
	return sum;
}

u64 memhp_used(u64 start, u64 size)
{
	struct segment *seg;
	u64 sum = 0;

	memhp_assert_locked();
	list_for_each_entry(seg, &memhp_segments, list)
		sum += common(&seg->ranges, start, start + size);
	return sum;
}

u64 memhp_taken(u64 start, u64 size)
{
	const struct window *w;
	struct segment *seg;

	memhp_assert_locked();
	list_for_each_entry(seg, &memhp_segments, list) {
		w = window_set_above(&seg->ranges, start);
		if (w && w->start < start + size)
			return w->end;
	}
	return 0;
}

/* What may be asked when, and by whom. */

static struct verdict ask(const struct segment *seg, enum segment_cause cause,
			  enum segment_party party, struct segment_step *step)
{
	switch (segment_may(cause, party, !seg->socket)) {
	case 0:
		break;
	case -EOWNERDEAD:
		return NO(-EOWNERDEAD, "its controller is dead, reclaim it first");
	case -EBUSY:
		return NO(-EBUSY, "it has a controller that lives");
	default:
		return NO(-EPERM, "it belongs to another controller");
	}
	*step = segment_next(seg->state, cause);
	if (step->error == -EALREADY)
		return NO(-EALREADY, "nothing is under way with it");
	if (step->error)
		return NO(step->error,
			  "something is under way with it, wait for its end or abort it");
	return YES;
}

/* While its blocks come and go, what was seen is worth nothing later. */
enum memhp_usage memhp_usage_of(struct segment *seg)
{
	unsigned long now = memory_block_changes();

	memhp_assert_locked();
	if (seg->looked != now)
		seg->usage = engine_usage(&seg->ranges);
	seg->looked = seg->op ? 0 : now;
	return seg->usage;
}

/* Quotas */

static struct quota_cost cost_of(const struct segment *seg, u64 bytes,
				 u64 segments, u64 pending)
{
	u64 structs = (bytes >> PAGE_SHIFT) * sizeof(struct page);

	return (struct quota_cost){ .of = {
		[QUOTA_BYTES]	 = bytes,
		[QUOTA_SEGMENTS] = segments,
		[QUOTA_PENDING]	 = pending,
		[QUOTA_METADATA] = seg->memmap == MEMHP_MEMMAP_INSIDE ? 0 : structs,
	} };
}

static struct verdict charge(struct owner *owner, const struct quota_cost *cost)
{
	static const char *const why[QUOTA_KINDS] = {
		[QUOTA_BYTES]	 = "too many bytes for the quota of this owner",
		[QUOTA_SEGMENTS] = "too many segments for the quota of this owner",
		[QUOTA_PENDING]	 = "too many operations under way for the quota of this owner",
		[QUOTA_METADATA] = "too many bytes of page structs for the quota of this owner",
	};
	enum quota_kind kind;
	int err = memhp_quota_charge(&owner->quota, cost, &kind);

	return err ? NO(err, why[kind]) : YES;
}

static void uncharge(struct segment *seg, u64 bytes, u64 segments, u64 pending)
{
	struct quota_cost cost = cost_of(seg, bytes, segments, pending);

	memhp_quota_return(&seg->owner->quota, &cost);
}

/* Operations */

/* The last step that may fail: it is begun, and @op has a reference for the caller. */
static struct verdict start(struct segment *seg, enum operation_kind kind,
			    const struct segment_step *step, unsigned int msec,
			    struct operation **op)
{
	*op = operation_new(seg, kind, msec);
	if (!*op)
		return NO(-ENOMEM, "no memory for an operation, free some");
	seg->op = *op;
	seg->looked = 0;
	seg->state = step->next;
	seg->error = 0;
	seg->text = NULL;
	seg->blockers.nr = 0;
	return YES;
}

static struct verdict start_charged(struct segment *seg,
				    enum operation_kind kind,
				    const struct segment_step *step,
				    unsigned int msec, struct operation **op)
{
	const struct quota_cost cost = cost_of(seg, 0, 0, 1);
	struct verdict v = charge(seg->owner, &cost);

	if (v.err)
		return v;
	v = start(seg, kind, step, msec, op);
	if (v.err)
		uncharge(seg, 0, 0, 1);
	return v;
}

/* Attaching: where */

struct choice {
	const struct attach_request *request;
	u64 size, start;
	bool found;
	int nid;
};

/* Return: 0: it fits there; or from where on it may. */
static u64 next_place(u64 start, u64 size, int nid)
{
	const char *why;
	u64 end = memhp_taken(start, size);

	if (end)
		return end;
	return mhp_attach_check(start, size, &nid, &why) ?
	       start + memory_block_size_bytes() : 0;
}

/* The lowest place in a window that nobody has. */
static bool search_window(const struct mhp_window *w, struct choice *c)
{
	u64 end = w->start + w->size, at, next;

	if (c->request->in_window && c->request->window != w->start)
		return false;
	if (c->request->node != NUMA_NO_NODE && w->nid != NUMA_NO_NODE &&
	    c->request->node != w->nid)
		return false;
	if (memhp_window_limit(w->start, c->size).err)
		return false;
	for (at = w->start; at < end && c->size <= end - at; at = next) {
		next = next_place(at, c->size, c->request->node);
		if (!next) {
			c->start = at;
			return true;
		}
		if (fatal_signal_pending(current))
			return false;
		cond_resched();
	}
	return false;
}

static struct verdict search(struct choice *c)
{
	struct window_copy windows;
	unsigned int i;
	bool found = false;

	if (!c->size || !IS_ALIGNED(c->size, memory_block_size_bytes()))
		return NO(-EINVAL, "the size must be a multiple of a memory block");
	if (memhp_copy_windows(&windows))
		return NO(-ENOMEM, "no memory to look at windows, free some");
	for (i = 0; !found && i < windows.nr; i++)
		found = search_window(&windows.at[i], c);
	kvfree(windows.at);
	return found ? YES : NO(-ENOSPC,
				"no window has as much free, ask for less or name another");
}

static int has_request(const struct mhp_window *w, void *arg)
{
	struct choice *c = arg;

	if (w->start != c->request->window)
		return 0;
	c->found = c->start >= w->start &&
		   c->start + c->size <= w->start + w->size;
	return 1;
}

static struct verdict check_window(struct choice *c)
{
	if (!c->request->in_window)
		return YES;
	c->found = false;
	mhp_windows_walk(has_request, c);
	return c->found ? YES : NO(-EPERM,
				   "it is not inside of the window that is named");
}

static struct verdict check_place(struct choice *c)
{
	struct verdict v = YES;

	c->nid = c->request->node;
	v.err = mhp_attach_check(c->start, c->size, &c->nid, &v.why);
	if (v.err && v.err != -EEXIST)
		return v;
	if (memhp_taken(c->start, c->size))
		return NO(-EEXIST, "a segment has a part of it already");
	if (v.err)
		return v;
	v = check_window(c);
	return v.err ? v : memhp_window_limit(c->start, c->size);
}

static struct verdict place_range(struct segment *seg,
				  const struct attach_request *r, unsigned int i)
{
	struct choice c = { .request = r, .size = r->ranges[i].size,
			    .start = r->ranges[i].start };
	struct verdict v = r->ranges[i].anywhere ? search(&c) : YES;
	struct window w;

	if (!v.err)
		v = check_place(&c);
	if (v.err)
		return v;
	if (i && seg->node != c.nid)
		return NO(-EINVAL, "its ranges are of several nodes, name one");
	seg->node = c.nid;
	/* of a source of its own: ranges that touch stay apart, as they are removed */
	w = (struct window){ c.start, c.start + c.size, c.nid, i };
	v.err = window_set_insert(&seg->ranges, &w);
	v.why = "its ranges overlap";
	return v;
}

/* Attaching: what */

static struct segment *segment_new(const struct attach_request *r)
{
	struct segment *seg = kzalloc(sizeof(*seg), GFP_KERNEL);

	if (!seg)
		return NULL;
	uuid_copy(&seg->uuid, &r->uuid);
	seg->cookie = r->cookie;
	seg->node = r->node;
	seg->policy = r->policy;
	seg->memmap = r->memmap;
	seg->deadline = MEMHP_DEFAULT_DEADLINE_MS;
	seg->ranges.at = seg->at;
	seg->ranges.room = ARRAY_SIZE(seg->at);
	segment_device_init(seg);
	return seg;
}

/* In the list while it is made: its own ranges count as taken. */
static struct verdict build(struct segment *seg, const struct attach_request *r)
{
	struct verdict v = YES;
	unsigned int i;

	list_add_tail(&seg->list, &memhp_segments);
	for (i = 0; !v.err && i < r->nr; i++)
		v = place_range(seg, r, i);
	return v;
}

static struct verdict begin_attach(struct segment *seg,
				   struct operation **op)
{
	const struct segment_step step = segment_next(SEGMENT_ABSENT,
						      SEGMENT_ATTACH);
	u64 bytes = engine_size(&seg->ranges);
	const struct quota_cost cost = cost_of(seg, bytes, 1, 1);
	struct verdict v = charge(seg->owner, &cost);

	if (v.err)
		return v;
	v = start(seg, OPERATION_ATTACH, &step, 0, op);
	if (v.err)
		uncharge(seg, bytes, 1, 1);
	return v;
}

static struct verdict check_distances(const struct attach_request *r)
{
	struct verdict v = YES;

	if (!r->distances.nr)
		return YES;
	if (r->node == NUMA_NO_NODE)
		return NO(-EINVAL, "of which node are the distances? node is missing");
	v.err = distances_check(r->node, &r->distances, &v.why);
	return v;
}

static struct verdict attach_new(const struct attach_request *r,
				 struct operation **op)
{
	struct segment *seg;
	struct verdict v = check_distances(r);

	if (v.err)
		return v;

	if (r->memmap == MEMHP_MEMMAP_INSIDE && !mhp_supports_memmap_on_memory())
		return NO(-EOPNOTSUPP,
			  "page structs inside need memory_hotplug.memmap_on_memory=1 on the command line");
	seg = segment_new(r);
	if (!seg)
		return NO(-ENOMEM, "no memory for a segment, free some");
	v = build(seg, r);
	seg->owner = v.err ? NULL : owner_find(r->owner, true);
	if (!v.err)
		v = seg->owner ? begin_attach(seg, op) :
				 NO(-ENOMEM, "no memory for an owner, free some");
	if (v.err) {
		list_del(&seg->list);
		put_device(&seg->dev);
		return v;
	}
	seg->socket = r->socket;
	seg->socket->segments++;
	memhp_generation++;
	(*op)->job.distances = r->distances;
	operation_begin(*op);
	return YES;
}

static bool same_range(const struct window *w, const struct attach_request *r,
		       unsigned int i)
{
	return range_size(w) == r->ranges[i].size &&
	       (r->ranges[i].anywhere || w->start == r->ranges[i].start);
}

/* A range's source is its number in the request. */
static bool same_ranges(const struct segment *seg, const struct attach_request *r)
{
	const struct window *w;

	if (seg->ranges.nr != r->nr)
		return false;
	for (w = seg->at; w < seg->at + seg->ranges.nr; w++)
		if (w->source >= r->nr || !same_range(w, r, w->source))
			return false;
	return true;
}

static struct verdict attach_again(struct segment *seg,
				   const struct attach_request *r,
				   struct operation **op)
{
	struct segment_step step;
	struct verdict v = ask(seg, SEGMENT_ATTACH,
			       memhp_party(seg, r->socket), &step);

	if (v.err)
		return v;
	if (seg->half)
		return NO(seg->error ?: -EEXIST,
			  "it failed, and a part could not be taken back: detach it first");
	if (!same_ranges(seg, r) || strcmp(seg->owner->name, r->owner) ||
	    (r->node != NUMA_NO_NODE && r->node != seg->node))
		return NO(-EEXIST, "another segment has this uuid, choose one");
	if (seg->op && seg->op->kind == OPERATION_ATTACH) {
		kref_get(&seg->op->ref);
		*op = seg->op;
	}
	return YES;
}

struct verdict memhp_attach(const struct attach_request *r,
			    struct operation **op)
{
	struct segment *seg = memhp_find(&r->uuid);

	return seg ? attach_again(seg, r, op) : attach_new(r, op);
}

/* Detaching and changing */

static const struct window *range_around(const struct segment *seg,
					 const struct window *part)
{
	const struct window *w;

	for (w = seg->at; w < seg->at + seg->ranges.nr; w++)
		if (w->start <= part->start && part->end <= w->end)
			return w;
	return NULL;
}

static struct verdict check_part(const struct segment *seg,
				 const struct window *part)
{
	const struct window *w;

	if (part->start >= part->end ||
	    !IS_ALIGNED(part->start | part->end, memory_block_size_bytes()))
		return NO(-EINVAL,
			  "the range must be made of memory blocks, see block_size_bytes");
	w = range_around(seg, part);
	if (!w)
		return NO(-ENOENT, "it is not a part of one range of the segment");
	if (part->start > w->start && part->end < w->end &&
	    seg->ranges.nr == MEMHP_MAX_RANGES)
		return NO(-E2BIG, "there would be too many ranges, detach from an end");
	return YES;
}

struct verdict memhp_detach(struct segment *seg, enum segment_party party,
			    const struct window *part, unsigned int msec,
			    struct operation **op)
{
	struct segment_step step;
	struct verdict v = ask(seg, SEGMENT_DETACH, party, &step);

	if (!v.err && part)
		v = check_part(seg, part);
	if (!v.err)
		v = start_charged(seg, OPERATION_DETACH, &step, msec, op);
	if (v.err)
		return v;
	if (part) {
		(*op)->at[0] = *part;
		(*op)->ranges.nr = 1;
		(*op)->job.size = range_size(part);
	}
	operation_begin(*op);
	memhp_tell(seg, MEMHP_EVENT_USAGE);
	return YES;
}

struct verdict memhp_change(struct segment *seg, enum segment_party party,
			    enum memhp_policy policy, unsigned int msec,
			    struct operation **op)
{
	struct segment_step step;
	struct verdict v = ask(seg, SEGMENT_CHANGE, party, &step);

	if (!v.err)
		v = start_charged(seg, OPERATION_CHANGE, &step, msec, op);
	if (v.err)
		return v;
	(*op)->job.policy = policy;
	operation_begin(*op);
	memhp_tell(seg, MEMHP_EVENT_USAGE);
	return YES;
}

struct verdict memhp_abort(struct segment *seg, enum segment_party party,
			   struct operation **op)
{
	struct segment_step step;
	struct verdict v = ask(seg, SEGMENT_ABORT, party, &step);

	if (v.err)
		return v;
	seg->state = step.next;
	if (step.action == SEGMENT_DO_STOP)
		engine_stop(&seg->op->job, -ECANCELED);
	kref_get(&seg->op->ref);
	*op = seg->op;
	memhp_tell(seg, MEMHP_EVENT_USAGE);
	return YES;
}

/* Owners come and go. */

static struct verdict change_owner(struct segment *seg, struct owner *owner)
{
	u64 bytes = engine_size(&seg->ranges);
	const struct quota_cost cost = cost_of(seg, bytes, 1, !!seg->op);
	struct verdict v = YES;

	if (owner == seg->owner)
		return YES;
	v = charge(owner, &cost);
	if (v.err)
		return v;
	memhp_quota_return(&seg->owner->quota, &cost);
	seg->owner = owner;
	return YES;
}

struct verdict memhp_reclaim(struct segment *seg, struct memhp_socket *socket,
			     const char *name, const u64 *cookie)
{
	struct segment_step step;
	struct verdict v = ask(seg, SEGMENT_RECLAIM, memhp_party(seg, socket),
			       &step);
	struct owner *owner;

	if (v.err)
		return v;
	owner = owner_find(name, true);		/* it stays for good */
	if (!owner)
		return NO(-ENOMEM, "no memory for an owner, free some");
	v = change_owner(seg, owner);
	if (v.err)
		return v;
	if (!seg->socket)
		socket->segments++;
	seg->socket = socket;
	seg->state = step.next;
	if (cookie)
		seg->cookie = *cookie;
	memhp_tell(seg, MEMHP_EVENT_RECLAIMED);
	return YES;
}

static void make_orphan(struct segment *seg)
{
	struct segment_step step = segment_next(seg->state, SEGMENT_OWNER_DIED);

	seg->socket = NULL;
	seg->state = step.next;
	if (step.action == SEGMENT_DO_STOP)
		engine_stop(&seg->op->job, -ECANCELED);
	memhp_tell(seg, MEMHP_EVENT_ORPHANED);
}

void memhp_socket_gone(struct memhp_socket *socket)
{
	struct segment *seg;

	memhp_lock();
	list_for_each_entry(seg, &memhp_segments, list)
		if (seg->socket == socket)
			make_orphan(seg);
	memhp_unlock();
}

/* The end of an operation. */

static enum segment_cause outcome(struct operation *op, int err)
{
	struct segment *seg = op->seg;
	const struct window *w = op->ranges.at;

	switch (op->kind) {
	case OPERATION_ATTACH:
		if (!err)
			return SEGMENT_HERE;
		/* the others are not its own any more: nothing of them is there */
		seg->half = op->job.left;
		if (seg->half)
			seg->ranges.nr = op->job.left;
		return seg->half ? SEGMENT_HERE : SEGMENT_AWAY;
	case OPERATION_DETACH:
		for (; !err && w < op->ranges.at + op->ranges.nr; w++)
			/* check_part() has seen to room */
			window_set_cut(&seg->ranges, w->start, w->end);
		return seg->ranges.nr ? SEGMENT_HERE : SEGMENT_AWAY;
	default:
		if (!err)
			seg->policy = op->job.policy;
		return SEGMENT_HERE;
	}
}

static enum memhp_event news_of(const struct operation *op, int err, bool gone)
{
	switch (op->kind) {
	case OPERATION_ATTACH:
		return gone ? MEMHP_EVENT_FAILED : MEMHP_EVENT_ATTACHED;
	case OPERATION_DETACH:
		return err ? MEMHP_EVENT_BLOCKED : MEMHP_EVENT_DETACHED;
	default:
		return err ? MEMHP_EVENT_BLOCKED : MEMHP_EVENT_USAGE;
	}
}

static void leave_list(struct segment *seg)
{
	list_move(&seg->list, &leaving);
	memhp_generation++;
	if (seg->socket)
		seg->socket->segments--;
	seg->socket = NULL;
}

void memhp_segment_left(struct segment *seg)
{
	memhp_lock();
	list_del_init(&seg->list);
	memhp_unlock();
	wake_up_all(&left);
}

static bool is_leaving(const uuid_t *uuid)
{
	struct segment *seg;
	bool found = false;

	memhp_lock();
	list_for_each_entry(seg, &leaving, list)
		found |= uuid_equal(&seg->uuid, uuid);
	memhp_unlock();
	return found;
}

/*
 * Two devices cannot have one name. Who is in a file of the old one leaves it at once.
 * To look takes a lock, which nobody may wait for who is about to sleep already.
 */
void memhp_wait_left(const uuid_t *uuid)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(&left, &wait);
	while (is_leaving(uuid))
		wait_woken(&wait, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	remove_wait_queue(&left, &wait);
}

bool memhp_operation_ended(struct operation *op, int err)
{
	struct segment *seg = op->seg;
	u64 before = engine_size(&seg->ranges);
	struct segment_step step = segment_next(seg->state, outcome(op, err));
	bool gone = step.action == SEGMENT_DO_FORGET;
	u64 after = gone ? 0 : engine_size(&seg->ranges);

	memhp_assert_locked();
	WARN_ON_ONCE(step.error);
	uncharge(seg, before - after, gone, 1);
	op->error = err;
	op->text = err ? op->job.text : NULL;
	seg->error = err;
	seg->text = op->text;
	seg->blockers = op->job.blockers;
	seg->state = step.next;
	seg->op = NULL;
	memhp_tell(seg, news_of(op, err, gone));
	if (op->kind == OPERATION_ATTACH && !gone)
		segment_device_announce(seg);
	if (gone)
		leave_list(seg);
	return gone;
}
