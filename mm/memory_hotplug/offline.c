// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offlining: pages are emptied and taken away from the page allocator.
 *
 * Owns:      the transaction.
 * Must not:  write spans or present counts: zone.c does.
 * Locks:     mhp_offline_block() takes the memory hotplug lock; offline_pages()
 *            expects it. While pages are emptied, the per-CPU lists of the LRU
 *            (all zones) and of the page allocator (this zone) are switched
 *            off: a page in one of them would be in use for no reason.
 *
 * Three steps: the range is isolated, so that what gets free in it stays free;
 * it is emptied, in passes, until all of it is free or a signal comes; it is
 * taken away, which cannot fail.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/ioport.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mmdebug.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/page-isolation.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/vmstat.h>
#include <linux/writeback.h>
#include <linux/compaction.h>	/* needs <linux/mm.h> before it */

#include "../internal.h"
#include "internal.h"

/* Pages migrated together: enough to share a TLB flush, not long to undo. */
#define BATCH_PAGES	1024UL

/* How long to leave alone what could not be moved. */
#define PAUSE_MSEC	10

#define MOVE_GFP	(GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL)

/* Pages on their way out of the page allocator. */
struct offlining {
	unsigned long pfn, end, nr_pages;
	unsigned long memmap_pages;	/* before them, hold their page structs */
	struct zone *zone;
	struct memory_group *group;
	struct memory_notify note;	/* what listeners are told */
	nodemask_t targets;		/* where data may go */
	struct list_head batch;		/* isolated folios, to be migrated */
	unsigned long batch_pages;
	unsigned long moved;		/* pages, in this pass */
	unsigned long stuck;		/* folios, in this pass */
	const char *why;		/* it failed */
};

static int fail(struct offlining *op, int err, const char *why)
{
	op->why = why;
	return err;
}

static int not_offlined(const struct offlining *op, int err)
{
	return mhp_refuse(PFN_PHYS(op->pfn), PFN_PHYS(op->nr_pages),
			  "offlined", err, op->why);
}

/* A page that stays where it is; the next pass will try it again. */
static void report_stuck(struct page *page, const char *why)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 3);

	if (!__ratelimit(&limit))
		return;
	pr_info("pfn %#lx keeps its memory from going offline: %s\n",
		page_to_pfn(page), why);
	dump_page(page, why);
}

/* May it be offlined at all? */

static int add_ram(unsigned long pfn, unsigned long nr_pages, void *sum)
{
	*(unsigned long *)sum += nr_pages;
	return 0;
}

static bool has_holes(const struct offlining *op)
{
	unsigned long ram = 0;

	walk_system_ram_range(op->pfn, op->nr_pages, &ram, add_ram);
	return ram != op->nr_pages;
}

/* Subsections are there or not as a whole, but each page has a zone. */
static bool subsection_in_zone(unsigned long pfn, unsigned long end,
			       const struct zone *zone)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page)
		return false;
	for (; pfn < end; pfn++, page++)
		if (page_zone(page) != zone)
			return false;
	return true;
}

static bool all_in_zone(const struct offlining *op)
{
	unsigned long pfn, next;

	for (pfn = op->pfn; pfn < op->end; pfn = next) {
		next = min(op->end, ALIGN(pfn + 1, PAGES_PER_SUBSECTION));
		if (!subsection_in_zone(pfn, next, op->zone))
			return false;
		cond_resched();
	}
	return true;
}

static int check_range(struct offlining *op)
{
	/* what is before it in its first section holds its page structs */
	if (WARN_ON_ONCE(op->end <= op->pfn || !pageblock_aligned(op->pfn) ||
			 !IS_ALIGNED(op->end, PAGES_PER_SECTION)))
		return fail(op, -EINVAL,
			    "not made of whole pageblocks up to a section's end");
	if (has_holes(op))
		return fail(op, -EINVAL, "it has holes");
	if (!all_in_zone(op))
		return fail(op, -EINVAL,
			    "part of it is offline or in another zone");
	return 0;
}

/* Migration */

/* Other nodes are to take the data, unless there are none. */
static void choose_targets(struct offlining *op)
{
	int nid = zone_to_nid(op->zone);

	op->targets = node_states[N_MEMORY];
	node_clear(nid, op->targets);
	if (nodes_empty(op->targets))
		node_set(nid, op->targets);
}

static void give_back_batch(struct offlining *op)
{
	putback_movable_pages(&op->batch);
	op->batch_pages = 0;
}

static void migrate_batch(struct offlining *op)
{
	struct migration_target_control target = {
		.nid = zone_to_nid(op->zone),
		.nmask = &op->targets,
		.gfp_mask = MOVE_GFP,
		.reason = MR_MEMORY_HOTPLUG,
	};
	unsigned int moved = 0;
	struct folio *folio;

	if (list_empty(&op->batch))
		return;
	migrate_pages(&op->batch, alloc_migration_target, NULL,
		      (unsigned long)&target, MIGRATE_SYNC, MR_MEMORY_HOTPLUG,
		      &moved);
	op->moved += moved;
	list_for_each_entry(folio, &op->batch, lru) {
		op->stuck++;
		report_stuck(&folio->page, "it could not be migrated");
	}
	give_back_batch(op);
}

/* Kernel data: poisoned or not, nobody can take it away from its user. */
static bool is_kernel_data(const struct folio *folio)
{
	return page_has_type(&folio->page) && !folio_test_hugetlb(folio);
}

static bool is_single(const struct folio *folio)
{
	return !folio_test_large(folio) || folio_test_hugetlb(folio);
}

/* Return: can nobody get at it? */
static bool cut_off_poisoned(struct folio *folio, unsigned long pfn)
{
	if (!is_single(folio)) {
		/* its good pages can move when they are folios of their own */
		if (folio_test_lru(folio))
			split_folio(folio);
		return false;
	}
	if (folio_mapped(folio) && unmap_poisoned_folio(folio, pfn, false))
		return false;
	return !folio_test_lru(folio) || folio_isolate_lru(folio);
}

/*
 * A folio with a poisoned page must not be read, so it cannot be migrated. When
 * nobody can get at it, test_pages_isolated() takes it for free. The reference
 * from isolating it is kept: it shall not come back to the LRU.
 */
static void retire_poisoned(struct offlining *op, struct folio *folio,
			    unsigned long pfn)
{
	bool done = false;

	if (!is_kernel_data(folio)) {
		folio_lock(folio);
		done = cut_off_poisoned(folio, pfn);
		folio_unlock(folio);
	}
	if (done)
		return;
	op->stuck++;
	report_stuck(pfn_to_page(pfn), "it is poisoned, and still in use");
}

static void collect_folio(struct offlining *op, struct folio *folio,
			  unsigned long pfn)
{
	if (folio_contain_hwpoisoned_page(folio)) {
		retire_poisoned(op, folio, pfn);
	} else if (isolate_folio_to_list(folio, &op->batch)) {
		op->batch_pages += folio_nr_pages(folio);
	} else {
		op->stuck++;
		report_stuck(&folio->page, "it could not be isolated");
	}
}

/* A look without a reference: it may be wrong, and is corrected later. */
static bool may_hold_data(struct page *page)
{
	return PageLRU(page) || PageHuge(page) || PageHWPoison(page) ||
	       __folio_test_movable(page_folio(page));
}

/* Return: the pfn to go on with. */
static unsigned long visit_data(struct offlining *op, struct page *page,
				unsigned long pfn)
{
	struct folio *folio = page_folio(page);
	unsigned long next = pfn + 1;

	/* free, or a free huge page */
	if (!folio_try_get(folio))
		return next;
	if (page_folio(page) == folio) {
		next = folio_pfn(folio) + folio_nr_pages(folio);
		collect_folio(op, folio, pfn);
	}
	folio_put(folio);
	return next;
}

/* Pages to pass over: a free block's, as far as one can tell without a lock. */
static unsigned long free_run(struct page *page)
{
	unsigned long order = PageBuddy(page) ? buddy_order_unsafe(page) : 0;

	return order <= MAX_PAGE_ORDER ? 1UL << order : 1;
}

static int visit_page(struct offlining *op, unsigned long pfn,
		      unsigned long *next)
{
	struct page *page = pfn_to_page(pfn);

	if (may_hold_data(page)) {
		*next = visit_data(op, page, pfn);
		return 0;
	}
	*next = pfn + free_run(page);
	/* its driver did not let go when it was told to: it never will */
	if (PageOffline(page) && page_count(page))
		return fail(op, -EBUSY, "a driver keeps pages of it");
	return 0;
}

/* Try once to move each folio in the range. */
static int move_pass(struct offlining *op)
{
	unsigned long pfn = op->pfn;
	int err = 0;

	op->moved = 0;
	op->stuck = 0;
	while (pfn < op->end && !err) {
		if (signal_pending(current))
			err = fail(op, -EINTR, "a signal came");
		else
			err = visit_page(op, pfn, &pfn);
		if (!err && op->batch_pages >= BATCH_PAGES)
			migrate_batch(op);
		cond_resched();
	}
	if (err)
		give_back_batch(op);
	else
		migrate_batch(op);
	return err;
}

/* Return: 0 if all of the range is free; -EAGAIN if not; or another error. */
static int check_empty(struct offlining *op)
{
	int err;

	if (op->stuck)
		return -EAGAIN;
	/* with no data in them, huge pages can be free pages like others */
	err = dissolve_free_hugetlb_folios(op->pfn, op->end);
	if (err)
		return fail(op, err, "a huge page cannot be dissolved");
	return test_pages_isolated(op->pfn, op->end, MEMORY_OFFLINE) ?
	       -EAGAIN : 0;
}

/* Passes over the range, until it is empty or a signal comes. */
static int empty_range(struct offlining *op)
{
	int err;

	for (;;) {
		err = move_pass(op);
		if (!err)
			err = check_empty(op);
		if (err != -EAGAIN)
			return err;
		if (!op->moved)
			msleep_interruptible(PAUSE_MSEC);
	}
}

/* Isolation */

static int announce(struct offlining *op)
{
	int err;

	err = notifier_to_errno(memory_notify(MEM_GOING_OFFLINE, &op->note));
	return err ? fail(op, err, "a listener refused") : 0;
}

static int isolate_range(struct offlining *op)
{
	int err = start_isolate_page_range(op->pfn, op->end, MIGRATE_MOVABLE,
					   MEMORY_OFFLINE | REPORT_FAILURE,
					   MOVE_GFP);

	return err ? fail(op, err, "pages that cannot be moved are in it") : 0;
}

/* All that may fail. On error, all is as before. */
static int offline_prepare(struct offlining *op)
{
	int err;

	op->note = mhp_note(op->pfn, op->nr_pages);
	mhp_note_departure(&op->note, op->zone,
			   op->nr_pages + op->memmap_pages);
	choose_targets(op);
	lru_cache_disable();
	zone_pcp_disable(op->zone);
	err = isolate_range(op);
	if (err)
		goto caches_on;
	err = announce(op);
	if (err)
		goto cancel;
	err = empty_range(op);
	if (err)
		goto cancel;
	return 0;

cancel:
	/* those who were not told that it begins have to cope with this */
	memory_notify(MEM_CANCEL_OFFLINE, &op->note);
	undo_isolate_page_range(op->pfn, op->end, MIGRATE_MOVABLE);
caches_on:
	zone_pcp_enable(op->zone);
	lru_cache_enable();
	return err;
}

/* Steps that cannot fail */

static void uncount_pages(struct offlining *op, unsigned long managed)
{
	struct page *page = pfn_to_page(op->pfn);

	adjust_managed_page_count(page, -(long)managed);
	adjust_present_page_count(page, op->group, -(long)op->nr_pages);
	/* those that hold page structs were never managed */
	if (op->memmap_pages)
		adjust_present_page_count(page - op->memmap_pages, op->group,
					  -(long)op->memmap_pages);
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

static void offline_commit(struct offlining *op)
{
	unsigned long managed = __offline_isolated_pages(op->pfn, op->end);

	mhp_count_isolated(op->zone, -(long)op->nr_pages);
	zone_pcp_enable(op->zone);
	lru_cache_enable();
	uncount_pages(op, managed);
	init_per_zone_wmark_min();
	mhp_depart(&op->note);
	stop_daemons(&op->note);
	if (!populated_zone(op->zone))
		retire_zone(op->zone);
	writeback_set_ratelimit();
	memory_notify(MEM_OFFLINE, &op->note);
	remove_pfn_range_from_zone(op->zone, op->pfn, op->nr_pages);
}

/* The memory hotplug lock is held for writing. */
static int offline_range(struct offlining *op)
{
	int err;

	INIT_LIST_HEAD(&op->batch);
	op->end = op->pfn + op->nr_pages;
	err = check_range(op);
	if (!err)
		err = offline_prepare(op);
	if (err)
		return not_offlined(op, err);
	offline_commit(op);
	return 0;
}

/**
 * offline_pages() - take pages away from the page allocator
 * @start_pfn: the first; begins a pageblock
 * @nr_pages:  how many; they end with a section
 * @zone:      all of them are in it
 * @group:     memory group they belong to, or NULL
 *
 * What is in use is moved elsewhere, as long as that takes: only a signal ends
 * it. Prints a line when it fails; everything is as before then, but data that
 * was moved stays where it is now.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -EINVAL: not such a range, or it has holes or spans zones; -EBUSY:
 * something in it cannot be moved; -EINTR: a signal came; -ENOMEM: huge pages
 * could not be dissolved; or what a listener said.
 */
int offline_pages(unsigned long start_pfn, unsigned long nr_pages,
		  struct zone *zone, struct memory_group *group)
{
	struct offlining op = {
		.pfn = start_pfn,
		.nr_pages = nr_pages,
		.zone = zone,
		.group = group,
	};

	mhp_assert_locked();
	return offline_range(&op);
}

/* Memory blocks */

static void describe_block(struct offlining *op, struct memory_block *mem)
{
	unsigned long memmap = mem->altmap ? mem->altmap->free : 0;

	*op = (struct offlining){
		.pfn = section_nr_to_pfn(mem->start_section_nr) + memmap,
		.nr_pages = PFN_DOWN(memory_block_size_bytes()) - memmap,
		.memmap_pages = memmap,
		.zone = mem->zone,
		.group = mem->group,
	};
}

/* The opposite of what mhp_online_block() did before it onlined pages. */
static void put_block_away(struct offlining *op, struct memory_block *mem)
{
	unsigned long first = op->pfn - op->memmap_pages;

	if (op->memmap_pages)
		mhp_deinit_memmap_on_memory(first, op->memmap_pages);
	WRITE_ONCE(mem->zone, NULL);
	op->note.altmap_start_pfn = first;
	op->note.altmap_nr_pages = op->memmap_pages;
	memory_notify(MEM_FINISH_OFFLINE, &op->note);
}

int mhp_offline_block(struct memory_block *mem)
{
	struct offlining op;
	int err;

	describe_block(&op, mem);
	if (!op.zone)
		return not_offlined(&op, fail(&op, -EINVAL, "it spans zones"));
	mem_hotplug_begin();
	err = offline_range(&op);
	if (!err)
		put_block_away(&op, mem);
	mem_hotplug_done();
	return err;
}
