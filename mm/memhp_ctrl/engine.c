// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments' memory: added, taken online and offline, removed.
 *
 * Must not:  know of segments, owners or who asked.
 * Locks:     one job at a time: a turn that can be waited for with a deadline, and called
 *            off meanwhile, as a mutex cannot; the device hotplug lock inside of it.
 *
 * A job of several ranges is whole or not at all. Nothing that comes and goes can fail
 * half way: blocks remember what they were, and are that again after a failure; memory
 * is removed once all of it is offline, under the lock that keeps it so.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#include <memory_hotplug/blockers.h>

#include "engine.h"

/* Bytes that come online at once: it can be called off in between. */
#define PIECE	(4ULL << 30)

/* Bit 0 is set while a job has its turn; the others wait for theirs. */
static unsigned long busy;
static DECLARE_WAIT_QUEUE_HEAD(turn);

/* Who has it. */
static struct task_struct *worker;

bool engine_works_here(void)
{
	return READ_ONCE(worker) == current;	/* only current writes current there */
}

static const struct window *behind(const struct window_set *set)
{
	return set->at + set->nr;
}

u64 engine_size(const struct window_set *ranges)
{
	const struct window *w;
	u64 size = 0;

	for (w = ranges->at; w < behind(ranges); w++)
		size += range_size(w);
	return size;
}

/* Calls a function for each range, until one does not return 0. */
static int each_range(const struct window_set *ranges, void *arg,
		      int (*function)(const struct window *w, void *arg))
{
	const struct window *w;
	int ret = 0;

	for (w = ranges->at; w < behind(ranges) && !ret; w++) {
		memory_uevents_begin(w->start, range_size(w));
		ret = function(w, arg);
		memory_uevents_end();
	}
	return ret;
}

/* Stopping */

void engine_stop(struct engine_job *job, int err)
{
	mhp_order_stop(&job->order, err);
	wake_up_all(&turn);
}

/* Why it is to stop, or 0. */
static int stopped(struct engine_job *job)
{
	int err = READ_ONCE(job->order.stop);	/* set by mhp_order_stop() */

	if (!err && patience_over(&job->patience, ktime_get_ns()))
		err = -ETIMEDOUT;
	return err;
}

static u64 nsec_left(const struct engine_job *job)
{
	u64 now = ktime_get_ns();

	return patience_over(&job->patience, now) ? 0 : job->patience.end - now;
}

/* Its order, with the time that is left. */
static struct mhp_order *order_of(struct engine_job *job)
{
	if (patience_limited(&job->patience))
		job->order.limit_ms = nsec_left(job) / PATIENCE_NSEC_PER_MSEC + 1;
	return &job->order;
}

static int fail(struct engine_job *job, int err, const char *text)
{
	if (stopped(job)) {
		err = stopped(job);
		text = err == -ETIMEDOUT ? "it was not done by the deadline" :
					   "it was called off";
	}
	job->text = text;
	return err;
}

/* How blocks are, and how they were. */

struct tour {
	struct engine_job *job;
	u8 type;		/* enum mmop that blocks shall have */
	u8 *was;		/* what each had, in their order */
	unsigned int nr, back;	/* how many were noted, and are as they were */
	bool poisoned;		/* was one noted that could not come online again? */
};

/* Called with the bytes of what is being done, and when that is done. */
static void tell_progress(struct mhp_order *order, u64 bytes)
{
	struct engine_job *job = container_of(order, struct engine_job, order);

	WRITE_ONCE(job->done, job->before + bytes);
	job->progress(job);
}

static void advance(struct engine_job *job, u64 bytes)
{
	job->before += bytes;
	tell_progress(&job->order, 0);
}

static int take_offline(u64 start, u64 size, struct mhp_order *order)
{
	return min(memory_blocks_offline(start, size, order), 0);
}

static bool suits(u8 have, u8 want)
{
	bool any = want == MMOP_ONLINE || want == MHP_ONLINE_LIMITED;

	return have == want || (any && have != MMOP_OFFLINE);
}

/* A block goes from one type to another, by way of offline. */
static int set_type(struct memory_block *mem, u8 type, struct mhp_order *order)
{
	u8 have = memory_block_use(mem);
	int ret = 0;

	if (suits(have, type))
		return 0;
	if (have != MMOP_OFFLINE)
		ret = take_offline(memory_block_start(mem),
				   memory_block_size_bytes(), order);
	if (ret || type == MMOP_OFFLINE)
		return ret;
	mem->online_type = type;
	return min(device_online(&mem->dev), 0);
}

/* "online" is as the memory's node has it, if it is anything. */
static u8 type_of(const struct tour *tour, int nid)
{
	if (tour->type == MMOP_OFFLINE ||
	    tour->job->policy != MEMHP_POLICY_ONLINE)
		return tour->type;
	return mhp_node_online_type(nid) ?: MMOP_ONLINE;
}

static int visit(struct memory_block *mem, void *arg)
{
	struct tour *tour = arg;
	int ret = stopped(tour->job);

	if (ret)
		return ret;
	tour->was[tour->nr++] = memory_block_use(mem);
	ret = set_type(mem, type_of(tour, mem->nid), order_of(tour->job));
	if (!ret)
		advance(tour->job, memory_block_size_bytes());
	return ret;
}

static void note_block(const struct memory_block *mem, void *arg)
{
	struct tour *tour = arg;

	tour->was[tour->nr++] = memory_block_use(mem);
}

/* A range goes offline at once. */
static int offline_range(const struct window *w, struct tour *tour)
{
	int ret = stopped(tour->job);

	if (ret)
		return ret;
	look_at_memory_blocks(w->start, range_size(w), tour, note_block);
	ret = take_offline(w->start, range_size(w), order_of(tour->job));
	if (!ret)
		advance(tour->job, range_size(w));
	return ret;
}

static int online_piece(struct tour *tour, u64 start, u64 size)
{
	struct engine_job *job = tour->job;
	int ret = stopped(job) ?:
		  mhp_online_range(start, size, type_of(tour, job->node));

	if (!ret)
		advance(job, size);
	return ret;
}

static bool all_offline(const struct tour *tour, unsigned int from)
{
	return !memchr_inv(tour->was + from, MMOP_OFFLINE, tour->nr - from);
}

/* What was added, and nothing has changed since, is offline: one look less. */
static void note_range(const struct window *w, struct tour *tour)
{
	unsigned int nr = range_size(w) / memory_block_size_bytes();

	if (tour->job->unchanged != memory_block_changes()) {
		look_at_memory_blocks(w->start, range_size(w), tour, note_block);
		return;
	}
	memset(tour->was + tour->nr, MMOP_OFFLINE, nr);
	tour->nr += nr;
}

/* So does it come online, if none of it is; else block by block. */
static int online_range(const struct window *w, struct tour *tour)
{
	unsigned int first = tour->nr;
	u64 at, size;
	int ret = 0;

	note_range(w, tour);
	if (!all_offline(tour, first)) {
		tour->nr = first;
		return walk_memory_blocks(w->start, range_size(w), tour, visit);
	}
	for (at = w->start; !ret && at < w->end; at += size) {
		size = min(w->end - at, PIECE);
		ret = online_piece(tour, at, size);
	}
	return ret;
}

static int visit_range(const struct window *w, void *arg)
{
	struct tour *tour = arg;

	return tour->type == MMOP_OFFLINE ? offline_range(w, tour) :
					    online_range(w, tour);
}

/* What told the job to stop shall not stop its undoing. */
static int visit_back(struct memory_block *mem, void *arg)
{
	struct mhp_order calm = mhp_undo_order();
	struct tour *tour = arg;

	if (tour->back == tour->nr)
		return 1;		/* the rest was never touched */
	if (set_type(mem, tour->was[tour->back++], &calm))
		pr_warn("%s is not as it was\n", dev_name(&mem->dev));
	return 0;
}

static int range_back(const struct window *w, void *tour)
{
	return walk_memory_blocks(w->start, range_size(w), tour, visit_back);
}

static void undo(const struct window_set *ranges, struct tour *tour)
{
	each_range(ranges, tour, range_back);
}

/* What was in the way, as controllers are told. */

static enum memhp_blocker_kind kind_of(const struct blocker *b)
{
	switch (b->kind) {
	case BLOCKER_POISON:
		return MEMHP_BLOCKER_KIND_POISONED;
	case BLOCKER_TABLE:
		return MEMHP_BLOCKER_KIND_PAGE_TABLE;
	case BLOCKER_SLAB:
		return MEMHP_BLOCKER_KIND_SLAB;
	case BLOCKER_DRIVER:
		return MEMHP_BLOCKER_KIND_OFFLINE;
	case BLOCKER_HUGETLB:
		return MEMHP_BLOCKER_KIND_HUGETLB;
	case BLOCKER_BOOT:
	case BLOCKER_RESERVED:
	case BLOCKER_KERNEL:
		return MEMHP_BLOCKER_KIND_KERNEL;
	default:
		return b->dma ? MEMHP_BLOCKER_KIND_PINNED :
				MEMHP_BLOCKER_KIND_UNKNOWN;
	}
}

static void note_blockers(struct memhp_blockers *found,
			  const struct blocker_list *list)
{
	const struct blocker *b;

	found->nr = min_t(unsigned int, list->nr, ARRAY_SIZE(found->at));
	for (b = list->at; b < list->at + found->nr; b++)
		found->at[b - list->at] = (struct memhp_blocker){
			.pfn = b->pfn,
			.refs = b->refs,
			.kind = kind_of(b),
			.memcg = b->cgroup,
			.inode = b->inode,
		};
}

static u8 mmop_of(enum memhp_policy policy)
{
	switch (policy) {
	case MEMHP_POLICY_ONLINE_KERNEL:
		return MMOP_ONLINE_KERNEL;
	case MEMHP_POLICY_ONLINE_MOVABLE:
		return MMOP_ONLINE_MOVABLE;
	case MEMHP_POLICY_ONLINE:
		return MMOP_ONLINE;	/* or what type_of() says */
	default:
		return MMOP_OFFLINE;
	}
}

static int tour_blocks(struct engine_job *job, struct tour *tour)
{
	static struct blocker_list found;	/* one job has its turn */
	int ret;

	blocker_list_clear(&found);
	job->order.blockers = &found;
	ret = each_range(job->ranges, tour, visit_range);
	if (!ret)
		return 0;
	ret = fail(job, ret, tour->type == MMOP_OFFLINE ?
		   "it cannot be offlined, the log says why" :
		   "it cannot be onlined, the log says why");
	undo(job->ranges, tour);
	note_blockers(&job->blockers, &found);
	return ret;
}

/* Work on blocks, with a tour to all of them, while they stay. */
static int with_tour(struct engine_job *job, u8 type,
		     int (*work)(struct engine_job *job, struct tour *tour))
{
	struct tour tour = { .job = job, .type = type };
	int ret;

	tour.was = kvmalloc_array(job->size / memory_block_size_bytes(),
				  sizeof(*tour.was), GFP_KERNEL);
	if (!tour.was)
		return fail(job, -ENOMEM,
			    "no memory to note what is online, free some");
	lock_device_hotplug();
	ret = work(job, &tour);
	unlock_device_hotplug();
	kvfree(tour.was);
	return ret;
}

static long jiffies_left(const struct engine_job *job)
{
	if (!patience_limited(&job->patience))
		return MAX_SCHEDULE_TIMEOUT;
	return nsecs_to_jiffies(nsec_left(job)) + 1;
}

/* Others may have their turn until their deadline. */
static int begin(struct engine_job *job)
{
	bool mine = false;

	job->size = engine_size(job->ranges);
	job->order.progress = tell_progress;
	patience_begin(&job->patience, ktime_get_ns(), job->msec);
	wait_event_idle_timeout(turn, stopped(job) ||
				(mine = !test_and_set_bit_lock(0, &busy)),
				jiffies_left(job));
	return mine ? 0 : fail(job, -ETIMEDOUT, "others did not end in time");
}

static void end(void)
{
	clear_bit_unlock(0, &busy);
	wake_up_all(&turn);
}

static int in_turn(struct engine_job *job, int (*work)(struct engine_job *job))
{
	int ret = begin(job);

	if (ret)
		return ret;
	WRITE_ONCE(worker, current);	/* read by engine_works_here() */
	ret = work(job);
	WRITE_ONCE(worker, NULL);
	end();
	return ret;
}

/* Removing */

/* The core would say so as well, but not before all of it is offline. */
static int check_whole(struct engine_job *job)
{
	const struct window *w;

	for (w = job->ranges->at; w < behind(job->ranges); w++)
		if (mhp_tears_host(w->start, range_size(w)))
			return fail(job, -EBUSY,
				    "a range that holds its own page structs goes as a whole");
	return 0;
}

/*
 * All of it is offline, and stays so, and nobody looks at its page structs: only one
 * range by itself can be refused.
 * Return: how many of the ranges, the first ones, are still there.
 */
static unsigned int remove_offline(const struct window_set *ranges)
{
	unsigned int nr = ranges->nr;

	for (; nr; nr--) {
		const struct window *w = &ranges->at[nr - 1];

		if (mhp_remove_waited(w->start, range_size(w)))
			break;
	}
	return nr;
}

static int detach_locked(struct engine_job *job, struct tour *tour)
{
	int ret = check_whole(job) ?: tour_blocks(job, tour);

	if (ret)
		return ret;
	ret = mhp_walkers_wait(&job->order, job->patience.end);
	if (!ret && !remove_offline(job->ranges))
		return 0;
	undo(job->ranges, tour);
	return fail(job, ret ?: -EBUSY, "it cannot be removed, the log says why");
}

static int detach(struct engine_job *job)
{
	return with_tour(job, MMOP_OFFLINE, detach_locked);
}

int engine_detach(struct engine_job *job)
{
	return in_turn(job, detach);
}

/* Changing */

static void note_poisoned(const struct memory_block *mem, void *arg)
{
	struct tour *tour = arg;

	tour->poisoned |= memory_block_is_poisoned(mem) &&
			  !suits(memory_block_use(mem), type_of(tour, mem->nid));
}

/*
 * A block with a poisoned page goes offline and stays so: what is to be online after
 * that could not be, nor be again what it was.
 */
static int check_sound(struct engine_job *job, struct tour *tour)
{
	const struct window *w;

	if (tour->type == MMOP_OFFLINE)
		return 0;
	for (w = job->ranges->at; w < behind(job->ranges); w++)
		look_at_memory_blocks(w->start, range_size(w), tour, note_poisoned);
	return tour->poisoned ?
	       fail(job, -EHWPOISON,
		    "a page of it is poisoned, it can go offline or be detached only") : 0;
}

static int change_locked(struct engine_job *job, struct tour *tour)
{
	return check_sound(job, tour) ?: tour_blocks(job, tour);
}

static int change(struct engine_job *job)
{
	return with_tour(job, mmop_of(job->policy), change_locked);
}

int engine_change(struct engine_job *job)
{
	return in_turn(job, change);
}

/* Attaching */

static int attach_range(struct engine_job *job, const struct window *w)
{
	int ret;

	if (stopped(job))
		return fail(job, -ECANCELED, "it was called off");
	ret = mhp_attach(w->start, range_size(w), job->node,
			 job->memmap != MEMHP_MEMMAP_OUTSIDE);
	return ret ? fail(job, ret, "its memory cannot be added, the log says why") : 0;
}

static int try_offline(const struct window *w, void *unused)
{
	return memory_blocks_take_back(w->start, range_size(w));
}

/* Others may look at its page structs for as long as they like; so long is waited. */
#define UNDO_NSEC	(10000 * PATIENCE_NSEC_PER_MSEC)

/* Somebody else may have onlined it meanwhile, and use it. */
static void take_away(struct engine_job *job, const struct window_set *added)
{
	struct mhp_order calm = { };

	if (!added->nr)
		return;
	lock_device_hotplug();
	job->left = added->nr;
	if (!each_range(added, NULL, try_offline) &&
	    !mhp_walkers_wait(&calm, ktime_get_ns() + UNDO_NSEC))
		job->left = remove_offline(added);
	unlock_device_hotplug();
}

/* Looked at again: somebody else may have had a turn since it was asked for. */
static int set_distances(struct engine_job *job, struct memhp_distances *before)
{
	const char *why = "the distances of its node cannot be set, the log says why";
	int ret;

	if (!job->distances.nr)
		return 0;
	ret = distances_check(job->node, &job->distances, &why);
	if (!ret) {
		distances_now(job->node, &job->distances, before);
		ret = distances_set(job->node, &job->distances);
	}
	return ret ? fail(job, ret, why) : 0;
}

/*
 * Somebody else may have onlined some of it meanwhile, and in another way: that goes offline
 * first, unless it is in use by now.
 */
static void limit_order(struct engine_job *job)
{
	struct mhp_order undo = mhp_undo_order();

	job->order.limit_ms = undo.limit_ms;
	job->order.retries = undo.retries;
}

static int attach(struct engine_job *job)
{
	struct window_set added = { .at = job->ranges->at };
	struct memhp_distances before = { };
	int ret = set_distances(job, &before);

	limit_order(job);
	job->unchanged = memory_block_changes();
	while (!ret && added.nr < job->ranges->nr) {
		ret = attach_range(job, &job->ranges->at[added.nr]);
		if (!ret)
			added.nr++;
	}
	if (!ret && job->policy != MEMHP_POLICY_OFFLINE)
		ret = with_tour(job, mmop_of(job->policy), tour_blocks);
	if (!ret && stopped(job))
		ret = fail(job, -ECANCELED, "it was called off");
	if (ret)
		take_away(job, &added);
	if (ret && !job->left)
		distances_set(job->node, &before);
	return ret;
}

int engine_attach(struct engine_job *job)
{
	return in_turn(job, attach);
}

/* Looking */

static void note_use(const struct memory_block *mem, void *uses)
{
	*(unsigned int *)uses |= BIT(memory_block_use(mem));
}

enum memhp_usage engine_usage(const struct window_set *ranges)
{
	const struct window *w;
	unsigned int uses = 0;		/* a bit for each enum mmop */

	for (w = ranges->at; w < behind(ranges); w++)
		look_at_memory_blocks(w->start, range_size(w), &uses, note_use);
	switch (uses) {
	case 0:
	case BIT(MMOP_OFFLINE):
		return MEMHP_USAGE_OFFLINE;
	case BIT(MMOP_ONLINE_KERNEL):
		return MEMHP_USAGE_ONLINE_KERNEL;
	case BIT(MMOP_ONLINE_MOVABLE):
		return MEMHP_USAGE_ONLINE_MOVABLE;
	default:
		return MEMHP_USAGE_MIXED;
	}
}
