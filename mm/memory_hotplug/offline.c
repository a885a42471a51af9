// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offlining: pages are emptied and taken away from the page allocator.
 *
 * Owns:      the transaction, the parameters offline_timeout_ms and
 *            offline_retries.
 * Must not:  write spans or present counts: zone.c does.
 * Locks:     mhp_offline_range() takes the memory hotplug lock; offline_pages()
 *            expects it. Readers have turns with it (drain.c).
 *
 * A range is one operation, however many memory blocks it has: all of it is
 * isolated, so that what gets free in it stays free (drain.c); it is emptied, in
 * passes, until all of it is free, or a signal comes, somebody calls it off, or
 * the deadline has passed (evacuate.c); it is taken away, which cannot fail.
 *
 * Blocks that follow one another in the same zone and group are one run, unless
 * they hold their own page structs.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/boot_memory.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/ktime.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmdebug.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/vmstat.h>
#include <linux/writeback.h>
#include <linux/compaction.h>	/* needs <linux/mm.h> before it */

#include "../internal.h"
#include "internal.h"
#include "offline.h"

/* Of a run, all at once. */
#define NO_ROUNDS	(1UL << (BITS_PER_LONG - 1))

/* To name what stays takes no longer than this part of the deadline. */
#define NAMING_PART	20

static unsigned int offline_timeout_ms;
module_param(offline_timeout_ms, uint, 0644);
MODULE_PARM_DESC(offline_timeout_ms,
		 "How long offlining by files of sysfs may take, unless the writer says so; 0: until a signal comes (default)");

static unsigned int offline_retries;
module_param(offline_retries, uint, 0644);
MODULE_PARM_DESC(offline_retries,
		 "How many passes in a row may move nothing before offlining by files of sysfs gives up; 0: any number (default)");

struct mhp_order mhp_offline_order(void)
{
	return (struct mhp_order){
		.limit_ms = READ_ONCE(offline_timeout_ms),
		.retries = READ_ONCE(offline_retries),
	};
}

/* Passes in a row that move nothing, over half a second. */
#define UNDO_RETRIES	10

/* With a limit nobody's lock is waited for in a pass, which then has an end. */
#define UNDO_MSEC	10000

struct mhp_order mhp_undo_order(void)
{
	return (struct mhp_order){
		.limit_ms = UNDO_MSEC,
		.retries = UNDO_RETRIES,
	};
}

/*
 * Drivers and daemons try again and again. Who asked gets the error each time, and the
 * file blockers has the reasons of the last one.
 */
static void offline_failed(struct mhp_offlining *op)
{
	static DEFINE_RATELIMIT_STATE(limit, 10 * HZ, 20);

	op->quiet = !__ratelimit(&limit);
}

static int not_offlined(const struct mhp_offlining *op, int err)
{
	if (op->quiet)
		return err;
	return mhp_refuse(op->start, op->size, "offlined", err, op->why);
}

/* May it be offlined at all? */

static int add_ram(unsigned long pfn, unsigned long nr_pages, void *sum)
{
	*(unsigned long *)sum += nr_pages;
	return 0;
}

static bool has_holes(const struct mhp_run *run)
{
	unsigned long ram = 0;

	walk_system_ram_range(run->pfn, run->nr_pages, &ram, add_ram);
	return ram != run->nr_pages;
}

/*
 * Hot-added memory got its zone a block at a time, so one page of a section tells;
 * of boot memory each page has to be asked.
 */
static bool section_in_zone(unsigned long pfn, unsigned long end,
			    const struct zone *zone)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page)
		return false;
	if (!early_section(__pfn_to_section(pfn)))
		return page_zone(page) == zone;
	for (; pfn < end; pfn++, page++)
		if (page_zone(page) != zone)
			return false;
	return true;
}

static bool all_in_zone(const struct mhp_run *run)
{
	unsigned long pfn, next, end = mhp_run_end(run);

	for (pfn = run->pfn; pfn < end; pfn = next) {
		next = min(end, ALIGN(pfn + 1, PAGES_PER_SECTION));
		if (!section_in_zone(pfn, next, run->zone))
			return false;
		cond_resched();
	}
	return true;
}

static int check_run(struct mhp_offlining *op, const struct mhp_run *run)
{
	/* what is before it in its first section holds its page structs */
	if (WARN_ON_ONCE(mhp_run_end(run) <= run->pfn ||
			 !pageblock_aligned(run->pfn) ||
			 !IS_ALIGNED(mhp_run_end(run), PAGES_PER_SECTION)))
		return mhp_offline_fail(op, -EINVAL,
					"not made of whole pageblocks up to a section's end");
	if (has_holes(run))
		return mhp_offline_fail(op, -EINVAL, "it has holes");
	if (!all_in_zone(run))
		return mhp_offline_fail(op, -EINVAL,
					"part of it is offline or in another zone");
	return 0;
}

static int check_runs(struct mhp_offlining *op)
{
	const struct mhp_run *run;
	int err = 0;

	mhp_for_each_run(run, op) {
		err = check_run(op, run);
		if (err)
			break;
	}
	return err;
}

/* Listeners */

/* Pages of a node's zones up to a kind that go with a run and those before it. */
static unsigned long going(const struct mhp_offlining *op,
			   const struct mhp_run *last, enum zone_type highest)
{
	const struct mhp_run *run;
	unsigned long pages = 0;

	for (run = op->runs; run <= last; run++)
		if (zone_to_nid(run->zone) == zone_to_nid(last->zone) &&
		    zone_idx(run->zone) <= highest)
			pages += run->nr_pages + run->memmap_pages;
	return pages;
}

/* A node loses its last memory, or its last kernel memory, with the last run of it. */
static void note_run(struct mhp_offlining *op, struct mhp_run *run)
{
	struct memory_notify normal;

	run->note = mhp_note(run->pfn, run->nr_pages);
	normal = run->note;
	mhp_note_departure(&normal, run->zone, going(op, run, ZONE_NORMAL));
	mhp_note_departure(&run->note, run->zone, going(op, run, ZONE_MOVABLE));
	run->note.status_change_nid_normal = normal.status_change_nid_normal;
}

/* The round of a run that begins at @pfn: the node changes with the last one. */
static struct memory_notify round_of(const struct mhp_run *run,
				     unsigned long pfn)
{
	unsigned long end = min(mhp_run_end(run), ALIGN(pfn + 1, run->round));

	if (end == mhp_run_end(run)) {
		struct memory_notify note = run->note;

		note.start_pfn = pfn;
		note.nr_pages = end - pfn;
		return note;
	}
	return mhp_note(pfn, end - pfn);
}

/* One round after the other, as many as are asked for: their number, or an errno. */
static int tell(struct mhp_offlining *op, unsigned long event, unsigned int most)
{
	const struct mhp_run *run;
	struct memory_notify note;
	unsigned int told = 0;
	unsigned long pfn;
	int err;

	mhp_for_each_run(run, op) {
		for (pfn = run->pfn; pfn < mhp_run_end(run);
		     pfn += note.nr_pages) {
			if (told == most)
				return 0;
			note = round_of(run, pfn);
			told++;
			if (event == MEM_GOING_OFFLINE)
				op->told = told;
			err = notifier_to_errno(memory_notify(event, &note));
			if (err && event == MEM_GOING_OFFLINE)
				return err;
		}
	}
	return 0;
}

static int announce(struct mhp_offlining *op)
{
	int err = tell(op, MEM_GOING_OFFLINE, UINT_MAX);

	return err ? mhp_offline_fail(op, err, "a listener refused") : 0;
}

/* All that may fail */

/* In ZONE_MOVABLE there is only data, at least in memory that boot has not used. */
static bool only_data(const struct mhp_offlining *op)
{
	const struct mhp_run *run;

	mhp_for_each_run(run, op)
		if (zone_idx(run->zone) != ZONE_MOVABLE ||
		    early_section(__pfn_to_section(run->pfn)))
			return false;
	return true;
}

/*
 * Is anything in it that can never move? What is only pinned may be unpinned. As long as it
 * can be allocated, there may always be a page that somebody has just got, and that looks
 * like the kernel's own: then only what is certain counts.
 */
static int check_pages(struct mhp_offlining *op)
{
	struct mhp_survey survey;

	if (only_data(op))
		return 0;
	survey = mhp_survey_op(op);
	if (!blocker_list_lasting(op->found) ||
	    (!op->isolated && !survey.certain))
		return mhp_give_up(op);
	return mhp_offline_fail(op, -EBUSY,
				"pages that cannot be moved are in it");
}

/*
 * Looks before, so that little changes for nothing, and after, when nobody can
 * allocate a page of it any more. On success the lists are off.
 */
static int isolate(struct mhp_offlining *op)
{
	int err = check_pages(op);

	if (err)
		return err;
	mhp_lists_off(op);
	err = mhp_isolate(op);
	if (err)
		goto on;
	mhp_lists_drain(op);
	err = check_pages(op);
	if (!err)
		return 0;
	mhp_isolate_undo(op);
on:
	mhp_lists_on(op);
	return err;
}

/* A pass knows best, if one was through, or found something, before time was over. */
static void name_what_stays(struct mhp_offlining *op)
{
	struct mhp_survey survey = { .found = op->found };

	if (op->passes > 1 || (op->passes && op->found->nr))
		return;
	survey.until = ktime_get_ns() + op->patience.limit / NAMING_PART;
	mhp_survey_until(PHYS_PFN(op->start), PHYS_PFN(op->size), &survey);
	mhp_report_pass(op);
}

/* On error, all is as before. A page that waits for the LRU looks like the kernel's own. */
static int offline_prepare(struct mhp_offlining *op)
{
	struct mhp_run *run;
	int err;

	mhp_for_each_run(run, op)
		note_run(op, run);
	lru_cache_disable();
	err = isolate(op);
	if (err)
		goto lru_on;
	err = announce(op);
	if (err)
		goto cancel;
	err = mhp_evacuate(op);
	if (!err)
		return 0;
	if (err == -ETIMEDOUT)
		name_what_stays(op);
cancel:
	/* those who were not told that it begins have to cope with this */
	tell(op, MEM_CANCEL_OFFLINE, op->told);
	op->told = 0;
	mhp_isolate_undo(op);
	mhp_lists_on(op);
lru_on:
	lru_cache_enable();
	return err;
}

/* Steps that cannot fail */

static void uncount_run(const struct mhp_run *run, unsigned long managed)
{
	struct page *page = pfn_to_page(run->pfn);

	adjust_managed_page_count(page, -(long)managed);
	adjust_present_page_count(page, run->group, -(long)run->nr_pages);
	/* those that hold page structs were never managed */
	if (run->memmap_pages)
		adjust_present_page_count(page - run->memmap_pages, run->group,
					  -(long)run->memmap_pages);
}

static void take_run(const struct mhp_run *run)
{
	unsigned long managed = mhp_take_free(run);

	mhp_count_isolated(run->zone, -(long)run->nr_pages);
	uncount_run(run, managed);
}

/* A node without memory needs no one to reclaim and compact it. */
static void stop_daemons(const struct memory_notify *note)
{
	if (note->status_change_nid == NUMA_NO_NODE)
		return;
	kcompactd_stop(note->status_change_nid);
	kswapd_stop(note->status_change_nid);
}

/*
 * Its per-CPU lists stay, as others may be on their way to them. Nobody folds
 * the counters of a zone without pages, so that is done now.
 */
static void retire_zone(struct zone *zone)
{
	int cpu;

	for_each_online_cpu(cpu)
		drain_zonestat(zone, per_cpu_ptr(zone->per_cpu_zonestats, cpu));
	build_all_zonelists(NULL);
}

/* With the last run of a zone: all of them have been taken. */
static bool is_last_of_zone(const struct mhp_offlining *op,
			    const struct mhp_run *run)
{
	const struct mhp_run *next = run;

	while (++next < op->runs + op->nr_runs)
		if (next->zone == run->zone)
			return false;
	return true;
}

static void retire_run(const struct mhp_offlining *op,
		       const struct mhp_run *run)
{
	mhp_depart(&run->note);
	stop_daemons(&run->note);
	if (!populated_zone(run->zone) && is_last_of_zone(op, run))
		retire_zone(run->zone);
}

static void offline_commit(struct mhp_offlining *op)
{
	const struct mhp_run *run;

	mhp_for_each_run(run, op)
		take_run(run);
	mhp_lists_on(op);
	lru_cache_enable();
	init_per_zone_wmark_min();
	mhp_for_each_run(run, op)
		retire_run(op, run);
	writeback_set_ratelimit();
	tell(op, MEM_OFFLINE, UINT_MAX);
	mhp_for_each_run(run, op)
		mhp_zone_drop(run->zone, run->pfn, run->nr_pages);
}

/* When all that went offline is no zone's any more, page structs' pages included. */
static void settle_zones(const struct mhp_offlining *op)
{
	const struct mhp_run *run;

	mhp_for_each_run(run, op)
		mhp_zone_settle(run->zone);
}

static int try_offline(struct mhp_offlining *op)
{
	static struct blocker_list found;	/* one operation at a time */
	int err;

	INIT_LIST_HEAD(&op->batch);
	op->found = &found;
	blocker_list_clear(&found);
	patience_begin(&op->patience, ktime_get_ns(), op->order->limit_ms);
	op->patience.tries = op->order->retries;
	mhp_report_begin(op);
	err = check_runs(op) ?: offline_prepare(op);
	if (err)
		offline_failed(op);
	else
		offline_commit(op);
	mhp_report_end(op, err);
	return err;
}

/**
 * offline_pages() - take pages away from the page allocator
 * @start_pfn: the first; begins a pageblock
 * @nr_pages:  how many; they end with a section
 * @zone:      all of them are in it
 * @group:     memory group they belong to, or NULL
 *
 * What is in use is moved elsewhere, as long as that takes: a signal ends it, or
 * somebody who calls it off. When it fails a line says why, in the log, of 20 tries in
 * ten seconds; everything is then as before, but data that was moved stays where it is.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -EINVAL: not such a range, or it has holes or spans zones; -EBUSY:
 * something in it cannot be moved; -EINTR: a signal came; -ECANCELED: it was called
 * off; -ENOMEM: huge pages could not be dissolved; or what a listener said.
 */
int offline_pages(unsigned long start_pfn, unsigned long nr_pages,
		  struct zone *zone, struct memory_group *group)
{
	struct mhp_run run = {
		.pfn = start_pfn,
		.nr_pages = nr_pages,
		.round = NO_ROUNDS,
		.zone = zone,
		.group = group,
	};
	struct mhp_order order = { };
	struct mhp_offlining op = {
		.start = PFN_PHYS(start_pfn),
		.size = PFN_PHYS(nr_pages),
		.order = &order,
		.runs = &run,
		.nr_runs = 1,
	};
	int err;

	mhp_assert_locked();
	err = try_offline(&op);
	if (err)
		return not_offlined(&op, err);
	/* what is before it in its section is counted, offline, and goes next */
	if (IS_ALIGNED(start_pfn, PAGES_PER_SECTION))
		settle_zones(&op);
	return 0;
}

/* Memory blocks */

/* The runs of a range; some are kept, all are counted. */
struct run_list {
	struct mhp_run last, *runs;
	unsigned int nr, room;
};

/*
 * KASAN finds the shadow of memory that goes by its start, which is that of what
 * came online at once. Of a dynamic memory group (virtio-mem's) the driver wants to
 * hear of the units that it plugs. All others take any range.
 */
static unsigned long round_pages(const struct memory_group *group)
{
	if (mhp_note_by_blocks())
		return memory_block_pages();
	if (mhp_is_dynamic(group))
		return group->d.unit_pages;
	return NO_ROUNDS;
}

/*
 * From the beginning of a round to its end the driver of a dynamic memory group holds a lock
 * of its own: it cannot be told of the next one meanwhile.
 */
static bool has_several_rounds(const struct mhp_offlining *op)
{
	const struct mhp_run *run;
	unsigned int rounds = 0;

	mhp_for_each_run(run, op)
		if (mhp_is_dynamic(run->group))
			rounds += DIV_ROUND_UP(run->pfn % run->round + run->nr_pages,
					       run->round);
	return rounds > 1;
}

static struct mhp_run run_of_block(const struct memory_block *mem)
{
	unsigned long memmap = memory_block_memmap(mem);

	return (struct mhp_run){
		.pfn = memory_block_pfn(mem) + memmap,
		.nr_pages = memory_block_pages() - memmap,
		.memmap_pages = memmap,
		.round = round_pages(mem->group),
		.zone = mem->zone,
		.group = mem->group,
	};
}

static bool continues(const struct mhp_run *last, const struct mhp_run *run)
{
	return last->zone == run->zone && last->group == run->group &&
	       !last->memmap_pages && !run->memmap_pages &&
	       mhp_run_end(last) == run->pfn;
}

static int add_block(struct memory_block *mem, void *arg)
{
	struct run_list *list = arg;
	struct mhp_run run = run_of_block(mem);

	if (mem->state != MEM_GOING_OFFLINE)
		return 0;
	if (boot_memory_stays(PFN_PHYS(run.pfn), PFN_PHYS(run.nr_pages)))
		return -EPERM;
	if (!run.zone)
		return -EINVAL;
	if (list->nr && continues(&list->last, &run)) {
		run.pfn = list->last.pfn;
		run.nr_pages += list->last.nr_pages;
	} else {
		list->nr++;
	}
	list->last = run;
	if (list->nr <= list->room)
		list->runs[list->nr - 1] = run;
	return 0;
}

/* Most ranges are one run, which needs no memory. */
static int find_runs(struct mhp_offlining *op, struct run_list *list)
{
	int err = walk_memory_blocks(op->start, op->size, list, add_block);

	if (err)
		return mhp_offline_fail(op, err, err == -EPERM ?
					"boot memory stays, see the line above" :
					"it spans zones");
	if (list->nr > list->room) {
		list->room = list->nr;
		list->nr = 0;
		list->runs = kvmalloc_array(list->room, sizeof(*list->runs),
					    GFP_KERNEL);
		if (!list->runs)
			return mhp_offline_fail(op, -ENOMEM,
						"no memory to note its parts, free some");
		walk_memory_blocks(op->start, op->size, list, add_block);
	}
	op->runs = list->runs;
	op->nr_runs = list->nr;
	return 0;
}

/* The opposite of what mhp_online_block() did before it onlined pages. */
static int put_block_away(struct memory_block *mem, void *unused)
{
	struct mhp_run run = run_of_block(mem);
	unsigned long first = run.pfn - run.memmap_pages;
	struct memory_notify note = mhp_note(run.pfn, run.nr_pages);

	if (mem->state != MEM_GOING_OFFLINE)
		return 0;
	if (run.memmap_pages)
		mhp_deinit_memmap_on_memory(first, run.memmap_pages);
	WRITE_ONCE(mem->zone, NULL);
	note.altmap_start_pfn = first;
	note.altmap_nr_pages = run.memmap_pages;
	memory_notify(MEM_FINISH_OFFLINE, &note);
	return 0;
}

static int offline_blocks(struct mhp_offlining *op)
{
	int err;

	mem_hotplug_begin();
	err = try_offline(op);
	if (!err) {
		walk_memory_blocks(op->start, op->size, NULL, put_block_away);
		settle_zones(op);
	}
	mem_hotplug_done();
	return err;
}

int mhp_offline_range(u64 start, u64 size, struct mhp_order *order)
{
	struct mhp_offlining op = {
		.start = start,
		.size = size,
		.order = order,
	};
	struct mhp_run run;
	struct run_list list = { .runs = &run, .room = 1 };
	int err = find_runs(&op, &list);

	if (!err && has_several_rounds(&op))
		err = -EXDEV;
	else if (!err && op.nr_runs)
		err = offline_blocks(&op);
	if (err && err != -EXDEV)
		not_offlined(&op, err);
	if (list.runs != &run)
		kvfree(list.runs);
	return err;
}
