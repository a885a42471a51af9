// SPDX-License-Identifier: GPL-2.0-only
/*
 * Onlining: pages of hot-added memory go to the page allocator.
 *
 * Owns:      the transaction, for a memory block and for a range of them alike.
 * Must not:  write spans, present counts (zone.c) or page structs (release.c), or
 *            choose a zone (policy.c).
 * Locks:     mhp_online_block() and mhp_online_range() take the memory hotplug
 *            lock; online_pages() expects it.
 *
 * What may fail comes first, in online_prepare(), and is undone there. Then
 * online_commit() cannot fail: the zone is made ready for pages, they come, piece
 * after piece, each to be used as soon as it is up, and what depends on how much
 * memory there is follows.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/align.h>
#include <linux/device.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/writeback.h>
#include <linux/compaction.h>	/* needs <linux/mm.h> before it */

#include "../internal.h"
#include "../shuffle.h"
#include "internal.h"

struct run;

/* Pages on their way to the page allocator. */
struct onlining {
	unsigned long pfn, nr_pages;
	struct zone *zone;
	struct memory_group *group;
	const struct run *run;		/* all blocks of it, if that is what they are */
	struct memory_notify note;	/* what listeners are told, if they are told once */
	unsigned long announced;	/* pages that they have been told of */
	bool new_kswapd, new_kcompactd;	/* started here, for a new node */
	bool first_pages;		/* the zone has none yet */
	const char *why;		/* it failed */
};

static int not_onlined(unsigned long pfn, unsigned long nr_pages, int err,
		       const char *why)
{
	return mhp_refuse(PFN_PHYS(pfn), PFN_PHYS(nr_pages), "onlined", err,
			  why);
}

/* Steps that can fail */

#ifdef CONFIG_COMPACTION
static bool has_kcompactd(struct pglist_data *pgdat)
{
	return pgdat->kcompactd;
}
#else
static bool has_kcompactd(struct pglist_data *pgdat)
{
	return true;
}
#endif

static void stop_daemons(struct onlining *op)
{
	int nid = zone_to_nid(op->zone);

	if (op->new_kcompactd)
		kcompactd_stop(nid);
	if (op->new_kswapd)
		kswapd_stop(nid);
}

/*
 * A node with memory has a kswapd and a kcompactd. They find nothing to do
 * before there are pages, so they can be there first, where a thread that
 * cannot be had still stops everything.
 */
static int start_daemons(struct onlining *op)
{
	struct pglist_data *pgdat = op->zone->zone_pgdat;

	op->new_kswapd = !pgdat->kswapd;
	op->new_kcompactd = !has_kcompactd(pgdat);
	if (op->new_kswapd)
		kswapd_run(pgdat->node_id);
	if (op->new_kcompactd)
		kcompactd_run(pgdat->node_id);
	if (pgdat->kswapd && has_kcompactd(pgdat))
		return 0;
	stop_daemons(op);
	op->why = "a kernel thread of the node did not start";
	/* the one other reason for a thread not to start */
	return fatal_signal_pending(current) ? -EINTR : -ENOMEM;
}

/* A round of notifiers for a part of the range; what becomes of the node is in the first. */
static int tell(const struct onlining *op, unsigned long event,
		unsigned long pfn, unsigned long nr_pages)
{
	struct memory_notify note = op->note;

	if (pfn != op->pfn)
		note = mhp_note(pfn, nr_pages);
	note.nr_pages = nr_pages;
	return notifier_to_errno(memory_notify(event, &note));
}

/* The end of the part that begins at @pfn. */
static unsigned long part_end(const struct onlining *op, unsigned long pfn)
{
	unsigned long end = op->pfn + op->nr_pages;

	return mhp_note_by_blocks() ?
	       min(end, ALIGN(pfn + 1, memory_block_pages())) :
	       end;
}

static void tell_all(const struct onlining *op, unsigned long event,
		     unsigned long nr_pages)
{
	unsigned long pfn = op->pfn, end = pfn + nr_pages, next;

	for (; pfn < end; pfn = next) {
		next = part_end(op, pfn);
		tell(op, event, pfn, next - pfn);
	}
}

static int announce(struct onlining *op)
{
	unsigned long pfn = op->pfn, end = pfn + op->nr_pages, next;
	int err = 0;

	for (; pfn < end && !err; pfn = next) {
		next = part_end(op, pfn);
		op->announced = next - op->pfn;
		err = tell(op, MEM_GOING_ONLINE, pfn, next - pfn);
	}
	if (err)
		op->why = "a listener refused";
	return err;
}

/*
 * A kernel zone has the linear map in pages where their permissions may change; memory
 * that is offline, or was movable, may have blocks. The tables are taken now, and used
 * once nothing else can fail.
 */
static int prepare_page_map(struct onlining *op)
{
	u64 start = PFN_PHYS(op->pfn), size = PFN_PHYS(op->nr_pages);
	struct mhp_host *host = mhp_host_find(start, size);
	int err = 0;

	if (zone_idx(op->zone) == ZONE_MOVABLE)
		return 0;
	if (!host)
		err = mhp_afford_page_map(start, size);
	if (!err)
		err = arch_page_map_prepare(zone_to_nid(op->zone), start, size,
					    host ? &host->front : NULL);
	if (err == -ENOMEM)
		op->why = "no memory for page tables, which a kernel zone needs; use online_movable";
	else if (err)
		op->why = "the linear map of it cannot be changed to pages";
	return err;
}

/* Last of all: what is reserved is taken for sure. */
static int reserve_pageset(struct onlining *op)
{
	int err = 0;

	if (!mhp_zone_seen(op->zone))
		err = mhp_pageset_reserve();
	if (err)
		op->why = "no memory for the zone's lists of each CPU";
	return err;
}

static bool range_is_sane(const struct onlining *op)
{
	unsigned long end = op->pfn + op->nr_pages;

	/* what is before it in its first section holds its page structs */
	return op->nr_pages && end > op->pfn && pageblock_aligned(op->pfn) &&
	       IS_ALIGNED(end, PAGES_PER_SECTION);
}

/* All that may fail. On error, all is as before. */
static int online_prepare(struct onlining *op)
{
	int err;

	if (WARN_ON_ONCE(!range_is_sane(op))) {
		op->why = "not made of whole pageblocks up to a section's end";
		return -EINVAL;
	}
	op->note = mhp_note(op->pfn, op->nr_pages);
	mhp_note_arrival(&op->note, op->zone);
	err = start_daemons(op);
	if (err)
		return err;
	err = prepare_page_map(op);
	if (err)
		goto daemons;
	mhp_zone_take(op->zone, op->pfn, op->nr_pages);
	mhp_pages_begin(op->zone, op->pfn, op->nr_pages);
	err = announce(op);
	if (err)
		goto cancel;
	err = reserve_pageset(op);
	if (err)
		goto cancel;
	return 0;

cancel:
	/* those who were not told that it begins have to cope with this */
	tell_all(op, MEM_CANCEL_ONLINE, op->announced);
	remove_pfn_range_from_zone(op->zone, op->pfn, op->nr_pages);
	arch_page_map_abort();
daemons:
	stop_daemons(op);
	return err;
}

/* Steps that cannot */

/* Its lists of each CPU, before it has a page to put there. */
static void set_up_zone(struct zone *zone)
{
	if (mhp_zone_seen(zone))
		return;
	setup_zone_pageset(zone);
	mhp_zone_set_seen(zone);
}

static void run_is_up(const struct run *run, struct zone *zone);

/* A zone is used once it is in zonelists; and now nothing can go wrong any more. */
static void first_is_up(const struct onlining *op)
{
	if (op->first_pages)
		build_all_zonelists(NULL);
	if (op->run)
		run_is_up(op->run, op->zone);
}

/*
 * Piece after piece. Between them others may have the lock for reading; those who
 * take what comes (set_online_page_callback()) may hold locks of theirs meanwhile,
 * and are not made to wait for more.
 */
static void release_all(struct onlining *op)
{
	unsigned long pfn = op->pfn, end = pfn + op->nr_pages;

	while (pfn < end) {
		bool first = pfn == op->pfn;

		if (!first && !mhp_pages_are_taken())
			mhp_give_readers_turn();
		pfn = mhp_pages_release(op->zone, pfn, end);
		mhp_progress_up(pfn - op->pfn);
		if (first)
			first_is_up(op);
		/* others use it while the rest comes: its zone has watermarks from now on */
		if (first && pfn < end)
			init_per_zone_wmark_min();
		cond_resched();
	}
}

/* What depends on how much memory there is. */
static void resize_system(const struct onlining *op)
{
	shuffle_zone(op->zone);
	init_per_zone_wmark_min();
	writeback_set_ratelimit();
}

static void online_commit(struct onlining *op)
{
	arch_page_map_commit();
	set_up_zone(op->zone);
	adjust_present_page_count(pfn_to_page(op->pfn), op->group,
				  op->nr_pages);
	mhp_arrive(&op->note);
	release_all(op);
	mhp_zone_settle(op->zone);
	resize_system(op);
	tell_all(op, MEM_ONLINE, op->nr_pages);
}

static int online(struct onlining *op)
{
	int err;

	mhp_assert_locked();
	op->first_pages = !populated_zone(op->zone);
	mhp_progress_begin(op->pfn, op->nr_pages);
	err = online_prepare(op);
	if (err)
		not_onlined(op->pfn, op->nr_pages, err, op->why);
	else
		online_commit(op);
	mhp_progress_end(err);
	return err;
}

/**
 * online_pages() - give pages to the page allocator
 * @pfn:      the first; begins a pageblock
 * @nr_pages: how many; they end with a section
 * @zone:     for them
 * @group:    memory group they belong to, or NULL
 *
 * The pages are of hot-added memory, or were offlined. Prints a line when it
 * fails; everything is as before then.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing. Those who
 * want it for reading may have it between two pieces of the range.
 * Return: 0; -EINVAL: not such a range; -ENOMEM; -EINTR: the task was killed;
 * or what a listener said.
 */
int online_pages(unsigned long pfn, unsigned long nr_pages, struct zone *zone,
		 struct memory_group *group)
{
	struct onlining op = {
		.pfn = pfn,
		.nr_pages = nr_pages,
		.zone = zone,
		.group = group,
	};

	return online(&op);
}

/* Memory blocks */

/* Memory blocks that are onlined together, in one zone. */
struct unit {
	unsigned long pfn, nr_pages;	/* that the page allocator gets */
	unsigned long memmap_pages;	/* before them, hold their page structs */
	bool inaccessible;		/* and were not there until now */
	struct zone *zone;
	struct memory_group *group;
	const struct run *run;		/* it is all of it, or NULL */
	struct memory_notify note;
};

static void describe_block(struct unit *unit, const struct memory_block *mem)
{
	unsigned long memmap = memory_block_memmap(mem);

	*unit = (struct unit){
		.pfn = memory_block_pfn(mem) + memmap,
		.nr_pages = memory_block_pages() - memmap,
		.memmap_pages = memmap,
		.inaccessible = mem->altmap && mem->altmap->inaccessible,
		.zone = mhp_choose_zone(mem->online_type, mem->nid, mem->group,
					memory_block_pfn(mem),
					memory_block_pages()),
		.group = mem->group,
	};
}

static int init_memmap(struct unit *unit)
{
	unsigned long pfn = unit->pfn - unit->memmap_pages;
	int err;

	if (!unit->memmap_pages)
		return 0;
	err = mhp_init_memmap_on_memory(pfn, unit->memmap_pages, unit->zone,
					unit->inaccessible);
	return err ? not_onlined(pfn, unit->memmap_pages, err,
				 "its own page structs cannot be set up") : 0;
}

static void deinit_memmap(struct unit *unit)
{
	if (!unit->memmap_pages)
		return;
	mhp_deinit_memmap_on_memory(unit->pfn - unit->memmap_pages,
				    unit->memmap_pages);
	mhp_zone_settle(unit->zone);
}

/* Who has to do something before the memory can be used does so. */
static int make_accessible(struct unit *unit)
{
	unsigned long pfn = unit->pfn - unit->memmap_pages;
	int err;

	unit->note = mhp_note(unit->pfn, unit->nr_pages);
	unit->note.altmap_start_pfn = pfn;
	unit->note.altmap_nr_pages = unit->memmap_pages;
	err = notifier_to_errno(memory_notify(MEM_PREPARE_ONLINE, &unit->note));
	return err ? not_onlined(pfn, unit->memmap_pages + unit->nr_pages, err,
				 "a listener did not make it accessible") : 0;
}

/* Under the lock, whole or not at all. */
static int online_unit(struct unit *unit)
{
	struct onlining op = {
		.pfn = unit->pfn,
		.nr_pages = unit->nr_pages,
		.zone = unit->zone,
		.group = unit->group,
		.run = unit->run,
	};
	int err;

	err = make_accessible(unit);
	if (err)
		goto inaccessible;
	err = init_memmap(unit);
	if (err)
		goto inaccessible;
	err = online(&op);
	if (err)
		goto deinit;
	/* those that hold page structs are in the zone, but nobody's to use */
	if (unit->memmap_pages)
		adjust_present_page_count(pfn_to_page(unit->pfn -
						      unit->memmap_pages),
					  unit->group, unit->memmap_pages);
	return 0;

deinit:
	deinit_memmap(unit);
inaccessible:
	/* the opposite of preparing; MEM_CANCEL_ONLINE is for later steps */
	memory_notify(MEM_FINISH_OFFLINE, &unit->note);
	return err;
}

static int check_block(struct memory_block *mem, const char **why)
{
	if (WARN_ON_ONCE(mem->online_type == MMOP_OFFLINE)) {
		*why = "asked to be onlined as offline";
		return -EINVAL;
	}
	if (mem->nid < 0 || !node_online(mem->nid)) {
		*why = "it is on no node, or on several";
		return -EINVAL;
	}
	/*
	 * Onlining begins new page structs, which know nothing of the poison:
	 * the bad pages would be given out. To offline them is welcome.
	 */
	if (memory_block_is_poisoned(mem)) {
		*why = "it has poisoned pages";
		return -EHWPOISON;
	}
	return 0;
}

int mhp_online_block(struct memory_block *mem)
{
	struct unit unit;
	const char *why;
	int err;

	/* its range has been onlined; see mhp_online_range() */
	if (mem->zone)
		return 0;
	err = check_block(mem, &why);
	if (err)
		return not_onlined(memory_block_pfn(mem), memory_block_pages(),
				   err, why);
	mem_hotplug_begin();
	describe_block(&unit, mem);
	err = online_unit(&unit);
	if (!err)
		WRITE_ONCE(mem->zone, unit.zone);
	mem_hotplug_done();
	return err;
}

/* Ranges */

/* Blocks that follow one another, and may be onlined as one. */
struct run {
	unsigned long pfn, nr_pages;
	enum mmop type;
	int nid;
	struct memory_group *group;
	bool single;			/* a block that may not */
};

/* Its driver holds a lock from the beginning of a round to its end, hence over one only. */
static bool is_one_round(const struct memory_block *mem)
{
	return mhp_note_by_blocks() && mhp_is_dynamic(mem->group);
}

/* Whatever is special about a block, onlining it alone takes care of. */
static bool is_special(struct memory_block *mem)
{
	return mem->altmap || is_one_round(mem) || mem->zone || mem->state != MEM_OFFLINE ||
	       mem->nid < 0 || !node_online(mem->nid) || memory_block_is_poisoned(mem);
}

static bool continues(const struct run *run, struct memory_block *mem)
{
	return memory_block_pfn(mem) == run->pfn + run->nr_pages &&
	       mem->nid == run->nid && mem->group == run->group &&
	       !is_special(mem);
}

/* Return: 1: the run ends here. */
static int extend_run(struct memory_block *mem, void *arg)
{
	struct run *run = arg;

	if (!run->nr_pages) {
		run->pfn = memory_block_pfn(mem);
		run->nid = mem->nid;
		run->group = mem->group;
		run->single = is_special(mem);
	} else if (!continues(run, mem)) {
		return 1;
	}
	run->nr_pages += memory_block_pages();
	return run->single;
}

static struct zone *zone_of_part(const struct run *run, unsigned long pfn,
				 unsigned long nr_pages)
{
	return mhp_choose_zone(run->type, run->nid, run->group, pfn, nr_pages);
}

/*
 * The zone that each block would get if they were onlined one after the other. If
 * it is not the same for all, the run is cut until it is: what the policy says of
 * the first block, the last and all of them together, it says of each.
 */
static struct zone *choose_zone(struct run *run)
{
	unsigned long block = memory_block_pages(), last;
	struct zone *zone = zone_of_part(run, run->pfn, block);

	while (run->nr_pages > block) {
		last = run->pfn + run->nr_pages - block;
		if (zone_of_part(run, run->pfn, run->nr_pages) == zone &&
		    zone_of_part(run, last, block) == zone)
			break;
		run->nr_pages = ALIGN_DOWN(run->nr_pages / 2, block);
	}
	return zone;
}

static int note_zone(struct memory_block *mem, void *zone)
{
	WRITE_ONCE(mem->zone, zone);
	return 0;
}

/* The one that is onlined in the background. */
static struct run background;

static void run_is_up(const struct run *run, struct zone *zone)
{
	walk_memory_blocks(PFN_PHYS(run->pfn), PFN_PHYS(run->nr_pages), zone,
			   note_zone);
	if (run == &background)
		mhp_background_go_on();
}

static int online_run_locked(struct run *run)
{
	struct zone *zone = choose_zone(run);	/* may cut it */
	struct unit unit = {
		.zone = zone,
		.pfn = run->pfn,
		.nr_pages = run->nr_pages,
		.group = run->group,
		.run = run,
	};

	return online_unit(&unit);
}

static int online_run_now(struct run *run)
{
	int err;

	mem_hotplug_begin();
	err = online_run_locked(run);
	mem_hotplug_done();
	return err;
}

static int online_background(void)
{
	return online_run_now(&background);
}

/* Device hotplug lock held: nobody else begins one meanwhile. */
static int online_run(struct run *run)
{
	int err;

	if (run->single)
		return 0;
	if (!mhp_background_wanted() || mhp_pages_are_taken())
		return online_run_now(run);
	mhp_background_wait();
	background = *run;
	err = mhp_background_begin(online_background);
	*run = background;	/* it may have been cut */
	return err;
}

/* Its pages are online as a rule, then only the device is told. */
static int online_device(struct memory_block *mem, void *type)
{
	mem->online_type = *(enum mmop *)type;
	return min(device_online(&mem->dev), 0);
}

int mhp_online_range(u64 start, u64 size, enum mmop type)
{
	u64 end = start + size;
	int err = 0;

	while (start < end && !err) {
		struct run run = { .type = type };

		walk_memory_blocks(start, end - start, &run, extend_run);
		if (!run.nr_pages)
			break;
		err = online_run(&run);
		start = PFN_PHYS(run.pfn + run.nr_pages);
		if (!err)
			err = walk_memory_blocks(PFN_PHYS(run.pfn),
						 PFN_PHYS(run.nr_pages), &type,
						 online_device);
	}
	return err;
}
