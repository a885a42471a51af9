// SPDX-License-Identifier: GPL-2.0-only
/*
 * Onlining: pages of hot-added memory go to the page allocator.
 *
 * Owns:      the transaction, and the callback that takes each run of pages.
 * Must not:  write spans or present counts (zone.c), or choose a zone (policy.c).
 * Locks:     mhp_online_block() takes the memory hotplug lock; online_pages()
 *            expects it. That lock also keeps the callback: setting it is
 *            reading, so it cannot change while pages are onlined.
 *
 * What may fail comes first, in online_prepare(), and is undone there. Then
 * online_commit() cannot fail. Until its end the pages are in isolated
 * pageblocks, so nobody gets one before everything about them is set up.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/writeback.h>
#include <linux/compaction.h>	/* needs <linux/mm.h> before it */

#include "../internal.h"
#include "../shuffle.h"
#include "internal.h"

/* Pages on their way to the page allocator. */
struct onlining {
	unsigned long pfn, nr_pages;
	struct zone *zone;
	struct memory_group *group;
	struct memory_notify note;	/* what listeners are told */
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

/* The callback */

/**
 * generic_online_page() - give a run of pages to the page allocator
 * @page:  the first
 * @order: log2 of how many
 *
 * What the online page callback does unless someone else set it; who did calls
 * this for the pages that are to be used.
 *
 * Context: process context; in pages the memory hotplug lock is held for.
 */
void generic_online_page(struct page *page, unsigned int order)
{
	__free_pages_core(page, order, MEMINIT_HOTPLUG);
}
EXPORT_SYMBOL_GPL(generic_online_page);

static online_page_callback_t online_run = generic_online_page;

/* Readers of the hotplug lock can meet here, hence cmpxchg(). */
static int replace_callback(online_page_callback_t old,
			    online_page_callback_t new)
{
	bool replaced;

	get_online_mems();
	replaced = cmpxchg(&online_run, old, new) == old;
	put_online_mems();
	return replaced ? 0 : -EINVAL;
}

/**
 * set_online_page_callback() - take the pages that are onlined from now on
 * @callback: gets each run of pages, aligned to its size; may call
 *	      generic_online_page() on it or parts of it, now or later
 *
 * Context: process context, may sleep; takes the memory hotplug lock for
 * reading.
 * Return: 0; -EINVAL: someone else has set one.
 */
int set_online_page_callback(online_page_callback_t callback)
{
	return replace_callback(generic_online_page, callback);
}
EXPORT_SYMBOL_GPL(set_online_page_callback);

/**
 * restore_online_page_callback() - leave pages that are onlined alone again
 * @callback: what was set
 *
 * When it returns, no call of @callback is going on.
 *
 * Context: as set_online_page_callback().
 * Return: 0; -EINVAL: it was not set.
 */
int restore_online_page_callback(online_page_callback_t callback)
{
	return replace_callback(callback, generic_online_page);
}
EXPORT_SYMBOL_GPL(restore_online_page_callback);

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

static int announce(struct onlining *op)
{
	int err = notifier_to_errno(memory_notify(MEM_GOING_ONLINE, &op->note));

	if (err)
		op->why = "a listener refused";
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
	move_pfn_range_to_zone(op->zone, op->pfn, op->nr_pages, NULL,
			       MIGRATE_ISOLATE);
	err = announce(op);
	if (err)
		goto cancel;
	err = reserve_pageset(op);
	if (err)
		goto cancel;
	return 0;

cancel:
	/* those who were not told that it begins have to cope with this */
	memory_notify(MEM_CANCEL_ONLINE, &op->note);
	remove_pfn_range_from_zone(op->zone, op->pfn, op->nr_pages);
	stop_daemons(op);
	return err;
}

/* Steps that cannot */

/* The largest run of pages that begins at @pfn and does not reach past @end. */
static unsigned int run_order(unsigned long pfn, unsigned long end)
{
	unsigned int order = min_t(unsigned int, ilog2(end - pfn),
				   MAX_PAGE_ORDER);

	return pfn ? min_t(unsigned int, order, __ffs(pfn)) : order;
}

static void release_pages_of(struct onlining *op)
{
	unsigned long end = op->pfn + op->nr_pages, pfn = op->pfn;
	unsigned int order;

	for (; pfn < end; pfn += 1UL << order) {
		order = run_order(pfn, end);
		online_run(pfn_to_page(pfn), order);
		cond_resched();
	}
	/* page structs are complete: from here on they may be looked at */
	online_mem_sections(op->pfn, end);
}

/* Let the allocator have them, and size what depends on how much there is. */
static void put_to_use(struct onlining *op)
{
	undo_isolate_page_range(op->pfn, op->pfn + op->nr_pages,
				MIGRATE_MOVABLE);
	shuffle_zone(op->zone);
	init_per_zone_wmark_min();
	writeback_set_ratelimit();
}

static void online_commit(struct onlining *op)
{
	if (!mhp_zone_seen(op->zone)) {
		setup_zone_pageset(op->zone);
		mhp_zone_set_seen(op->zone);
	}
	/* they were made isolated ones; whoever undoes it counts down */
	mhp_count_isolated(op->zone, op->nr_pages);
	release_pages_of(op);
	adjust_present_page_count(pfn_to_page(op->pfn), op->group,
				  op->nr_pages);
	mhp_arrive(&op->note);
	if (op->first_pages)
		build_all_zonelists(NULL);
	put_to_use(op);
	memory_notify(MEM_ONLINE, &op->note);
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
 * Context: process context, may sleep; memory hotplug lock held for writing.
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
		.first_pages = !populated_zone(zone),
	};
	int err;

	mhp_assert_locked();
	err = online_prepare(&op);
	if (err)
		return not_onlined(pfn, nr_pages, err, op.why);
	online_commit(&op);
	return 0;
}

/* Memory blocks */

#if defined(CONFIG_MEMORY_FAILURE)
static bool block_is_poisoned(struct memory_block *mem)
{
	return atomic_long_read(&mem->nr_hwpoison);
}
#else
static bool block_is_poisoned(struct memory_block *mem)
{
	return false;
}
#endif

/* A block, the pages of it that hold its memmap, and those that are onlined. */
struct block_onlining {
	struct memory_block *mem;
	struct memory_notify note;
	unsigned long pfn, memmap_pages, nr_pages;
	struct zone *zone;
};

static void describe_block(struct block_onlining *op, struct memory_block *mem)
{
	unsigned long pfn = section_nr_to_pfn(mem->start_section_nr);
	unsigned long pages = PFN_DOWN(memory_block_size_bytes());
	unsigned long memmap = mem->altmap ? mem->altmap->free : 0;

	op->mem = mem;
	op->memmap_pages = memmap;
	op->pfn = pfn + memmap;
	op->nr_pages = pages - memmap;
	op->zone = mhp_choose_zone(mem->online_type, mem->nid, mem->group, pfn,
				   pages);
	op->note = mhp_note(op->pfn, op->nr_pages);
	op->note.altmap_start_pfn = pfn;
	op->note.altmap_nr_pages = memmap;
}

static int init_block_memmap(struct block_onlining *op)
{
	unsigned long pfn = op->note.altmap_start_pfn;
	int err;

	if (!op->memmap_pages)
		return 0;
	err = mhp_init_memmap_on_memory(pfn, op->memmap_pages, op->zone,
					op->mem->altmap->inaccessible);
	return err ? not_onlined(pfn, op->memmap_pages, err,
				 "its own page structs cannot be set up") : 0;
}

static void deinit_block_memmap(struct block_onlining *op)
{
	if (op->memmap_pages)
		mhp_deinit_memmap_on_memory(op->note.altmap_start_pfn,
					    op->memmap_pages);
}

/* Under the lock, whole or not at all. */
static int online_block(struct block_onlining *op)
{
	int err;

	err = notifier_to_errno(memory_notify(MEM_PREPARE_ONLINE, &op->note));
	if (err) {
		not_onlined(op->note.altmap_start_pfn,
			    op->memmap_pages + op->nr_pages, err,
			    "a listener did not make it accessible");
		goto inaccessible;
	}
	err = init_block_memmap(op);
	if (err)
		goto inaccessible;
	err = online_pages(op->pfn, op->nr_pages, op->zone, op->mem->group);
	if (err)
		goto deinit;
	/* those that hold page structs are in the zone, but nobody's to use */
	if (op->memmap_pages)
		adjust_present_page_count(pfn_to_page(op->note.altmap_start_pfn),
					  op->mem->group, op->memmap_pages);
	WRITE_ONCE(op->mem->zone, op->zone);
	return 0;

deinit:
	deinit_block_memmap(op);
inaccessible:
	/* the opposite of preparing; MEM_CANCEL_ONLINE is for later steps */
	memory_notify(MEM_FINISH_OFFLINE, &op->note);
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
	if (block_is_poisoned(mem)) {
		*why = "it has poisoned pages";
		return -EHWPOISON;
	}
	return 0;
}

int mhp_online_block(struct memory_block *mem)
{
	struct block_onlining op;
	const char *why;
	int err;

	err = check_block(mem, &why);
	if (err)
		return not_onlined(section_nr_to_pfn(mem->start_section_nr),
				   PFN_DOWN(memory_block_size_bytes()), err, why);
	mem_hotplug_begin();
	describe_block(&op, mem);
	err = online_block(&op);
	mem_hotplug_done();
	return err;
}
