// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments' memory: added, taken online and offline, removed.
 *
 * Must not:  know of segments, owners or who asked.
 * Locks:     one job at a time, by a lock that can be waited for with a deadline; the
 *            device hotplug lock inside of it.
 *
 * A job of several ranges is whole or not at all. Nothing that comes and goes can fail
 * half way: blocks remember what they were, and are that again after a failure; memory
 * is removed once all of it is offline, under the lock that keeps it so.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/device.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "engine.h"

static DEFINE_MUTEX(engine_lock);

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

/* Calls a function for each memory block, until one does not return 0. */
static int each_block(const struct window_set *ranges, void *arg,
		      int (*function)(struct memory_block *mem, void *arg))
{
	const struct window *w;
	int ret = 0;

	for (w = ranges->at; w < behind(ranges); w++) {
		memory_uevents_begin(w->start, range_size(w));
		ret = walk_memory_blocks(w->start, range_size(w), arg, function);
		memory_uevents_end();
		if (ret)
			break;
	}
	return ret;
}

/* Why it is to stop, or 0. */
static int stopped(struct engine_job *job)
{
	return READ_ONCE(job->stop);	/* written by operation_stop() */
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

static u8 type_of(const struct memory_block *mem)
{
	struct zone *zone = READ_ONCE(mem->zone);

	if (READ_ONCE(mem->state) == MEM_OFFLINE)
		return MMOP_OFFLINE;
	return zone && zone_idx(zone) == ZONE_MOVABLE ? MMOP_ONLINE_MOVABLE :
							MMOP_ONLINE_KERNEL;
}

struct tour {
	struct engine_job *job;
	u8 type;		/* enum mmop that blocks shall have */
	u8 *was;		/* what each had, in their order */
	unsigned int nr, back;	/* how many were visited, and are as they were */
};

static bool suits(u8 have, u8 want)
{
	return have == want || (want == MMOP_ONLINE && have != MMOP_OFFLINE);
}

/* A block goes from one type to another, by way of offline. */
static int set_type(struct memory_block *mem, u8 type)
{
	u8 have = type_of(mem);
	int ret = 0;

	if (suits(have, type))
		return 0;
	if (have != MMOP_OFFLINE)
		ret = min(device_offline(&mem->dev), 0);
	if (ret || type == MMOP_OFFLINE)
		return ret;
	mem->online_type = type;
	return min(device_online(&mem->dev), 0);
}

static int visit(struct memory_block *mem, void *arg)
{
	struct tour *tour = arg;
	int ret = stopped(tour->job);

	if (ret)
		return ret;
	tour->was[tour->nr++] = type_of(mem);
	ret = set_type(mem, tour->type);
	if (ret)
		return ret;
	tour->job->done += memory_block_size_bytes();
	tour->job->progress(tour->job);
	return 0;
}

static int visit_back(struct memory_block *mem, void *arg)
{
	struct tour *tour = arg;

	if (tour->back == tour->nr)
		return 1;		/* the rest was never touched */
	if (set_type(mem, tour->was[tour->back++]))
		pr_warn("%s is not as it was\n", dev_name(&mem->dev));
	return 0;
}

/* What told it to stop shall not stop its undoing. */
static void undo(const struct window_set *ranges, struct tour *tour)
{
	flush_signals(current);
	each_block(ranges, tour, visit_back);
}

static u8 mmop_of(enum memhp_policy policy)
{
	switch (policy) {
	case MEMHP_POLICY_ONLINE_KERNEL:
		return MMOP_ONLINE_KERNEL;
	case MEMHP_POLICY_ONLINE_MOVABLE:
		return MMOP_ONLINE_MOVABLE;
	case MEMHP_POLICY_ONLINE:
		return mhp_get_default_online_type() ?: MMOP_ONLINE;
	default:
		return MMOP_OFFLINE;
	}
}

static int tour_blocks(struct engine_job *job, struct tour *tour)
{
	int ret = each_block(job->ranges, tour, visit);

	if (!ret)
		return 0;
	ret = fail(job, ret, tour->type == MMOP_OFFLINE ?
		   "it cannot be offlined, the log says why" :
		   "it cannot be onlined, the log says why");
	undo(job->ranges, tour);
	if (tour->type == MMOP_OFFLINE)
		engine_find_blockers(job->ranges, &job->blockers);
	return ret;
}

static int alloc_tour(struct engine_job *job, struct tour *tour, u8 type)
{
	*tour = (struct tour){ .job = job, .type = type };
	tour->was = kvmalloc_array(job->size / memory_block_size_bytes(),
				   sizeof(*tour->was), GFP_KERNEL);
	return tour->was ? 0 : fail(job, -ENOMEM,
				    "no memory to note what is online, free some");
}

/* The lock that others may hold until their deadline. */
static int begin(struct engine_job *job)
{
	job->size = engine_size(job->ranges);
	if (mutex_lock_interruptible(&engine_lock))
		return fail(job, -EINTR, "a signal came");
	if (stopped(job)) {
		mutex_unlock(&engine_lock);
		return fail(job, -EINTR, "a signal came");
	}
	return 0;
}

static void end(void)
{
	mutex_unlock(&engine_lock);
}

/* Removing */

static bool has_block(u64 addr)
{
	struct memory_block *mem =
		find_memory_block(pfn_to_section_nr(PHYS_PFN(addr)));

	if (mem)
		put_device(&mem->dev);
	return mem;
}

/* All of it is offline, and stays so: only one range by itself can be refused. */
static int remove_offline(const struct window_set *ranges)
{
	const struct window *w;
	int ret = 0;

	for (w = ranges->at; w < behind(ranges); w++) {
		__remove_memory(w->start, range_size(w));
		if (has_block(w->end - 1))
			ret = -EBUSY;
	}
	return ret;
}

static int detach_locked(struct engine_job *job, struct tour *tour)
{
	int ret = tour_blocks(job, tour);

	if (ret || !remove_offline(job->ranges))
		return ret;
	undo(job->ranges, tour);
	return fail(job, -EBUSY,
		    "a range that holds its own page structs goes as a whole");
}

int engine_detach(struct engine_job *job)
{
	struct tour tour;
	int ret = begin(job);

	if (ret)
		return ret;
	ret = alloc_tour(job, &tour, MMOP_OFFLINE);
	if (!ret) {
		lock_device_hotplug();
		ret = detach_locked(job, &tour);
		unlock_device_hotplug();
		kvfree(tour.was);
	}
	end();
	return ret;
}

/* Changing */

static int change_locked(struct engine_job *job)
{
	struct tour tour;
	int ret = alloc_tour(job, &tour, mmop_of(job->policy));

	if (ret)
		return ret;
	lock_device_hotplug();
	ret = tour_blocks(job, &tour);
	unlock_device_hotplug();
	kvfree(tour.was);
	return ret;
}

int engine_change(struct engine_job *job)
{
	int ret = begin(job);

	if (ret)
		return ret;
	ret = change_locked(job);
	end();
	return ret;
}

/* Attaching */

static int add_range(struct engine_job *job, const struct window *w)
{
	int ret;

	if (stopped(job))
		return fail(job, -EINTR, "a signal came");
	ret = mhp_attach(w->start, range_size(w), job->node,
			 job->memmap != MEMHP_MEMMAP_OUTSIDE);
	return ret ? fail(job, ret, "its memory cannot be added, the log says why") : 0;
}

static int try_offline(struct memory_block *mem, void *unused)
{
	return min(device_offline(&mem->dev), 0);
}

/* Somebody else may have onlined it meanwhile, and use it. */
static void take_away(struct engine_job *job, const struct window_set *added)
{
	flush_signals(current);
	lock_device_hotplug();
	job->left = added->nr &&
		    (each_block(added, NULL, try_offline) ||
		     remove_offline(added));
	unlock_device_hotplug();
}

static int attach_begun(struct engine_job *job)
{
	struct window_set added = { .at = job->ranges->at };
	int ret = 0;

	while (!ret && added.nr < job->ranges->nr) {
		ret = add_range(job, &job->ranges->at[added.nr]);
		if (!ret)
			added.nr++;
	}
	if (!ret && job->policy != MEMHP_POLICY_OFFLINE)
		ret = change_locked(job);
	if (ret)
		take_away(job, &added);
	return ret;
}

int engine_attach(struct engine_job *job)
{
	int ret = begin(job);

	if (ret)
		return ret;
	ret = attach_begun(job);
	end();
	return ret;
}

/* Looking */

struct census {
	unsigned long nr[MMOP_ONLINE_MOVABLE + 1];
};

static int count_block(struct memory_block *mem, void *arg)
{
	struct census *c = arg;

	c->nr[type_of(mem)]++;
	return 0;
}

enum memhp_usage engine_usage(const struct window_set *ranges)
{
	const struct window *w;
	struct census c = { };

	for (w = ranges->at; w < behind(ranges); w++)
		walk_memory_blocks(w->start, range_size(w), &c, count_block);
	if (!c.nr[MMOP_ONLINE_KERNEL] && !c.nr[MMOP_ONLINE_MOVABLE])
		return MEMHP_USAGE_OFFLINE;
	if (!c.nr[MMOP_OFFLINE] && !c.nr[MMOP_ONLINE_MOVABLE])
		return MEMHP_USAGE_ONLINE_KERNEL;
	if (!c.nr[MMOP_OFFLINE] && !c.nr[MMOP_ONLINE_KERNEL])
		return MEMHP_USAGE_ONLINE_MOVABLE;
	return MEMHP_USAGE_MIXED;
}
