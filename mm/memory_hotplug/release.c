// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that go online: their page structs are written, and the page allocator or
 * whoever asked for them gets them.
 *
 * Owns:      the callback that takes each run of pages; the page structs of a range
 *            from the moment it is a zone's until the allocator has it.
 * Must not:  count present pages or write spans (zone.c), fail.
 * Locks:     callers hold the memory hotplug lock for writing. It also keeps the
 *            callback: setting it is reading. The zone's lock is held for a few
 *            blocks of pages at a time.
 *
 * Page structs of a range are all alike, so one is made, by the function that
 * makes all of the page allocator's, and the others are copies. If nothing wants to
 * see pages that are freed, they are copies of a free page, each written once, and
 * largest blocks go on the free lists as they are. Else they are offline pages
 * with a reference, which is what a callback is promised, and what
 * __free_pages_core() expects.
 *
 * A piece after the other becomes usable. A page struct is looked at only if its
 * section is online, and a section is online only when all of its page structs
 * are there to be seen by every CPU.
 */
#include <linux/align.h>
#include <linux/alloc_tag.h>
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/kasan-enabled.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/page_owner.h>
#include <linux/page_table_check.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "../internal.h"
#include "../page_reporting.h"
#include "internal.h"
#include "memmap_fill.h"

/* Pages that become usable together. */
#define PIECE	max(PHYS_PFN(SZ_1G), PAGES_PER_SECTION)

/* Blocks of pages for the free lists at a time, with interrupts off. */
#define BATCH	32

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
 *	      generic_online_page() on it or parts of it, now or later. Until then
 *	      each page is offline, with one reference
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

bool mhp_pages_are_taken(void)
{
	return READ_ONCE(online_run) != generic_online_page;
}

/* Is freeing a page more than putting it on a list? */

#ifdef CONFIG_PAGE_OWNER
static bool owners_are_kept(void)
{
	return static_branch_unlikely(&page_owner_inited);
}
#else
static bool owners_are_kept(void)
{
	return false;
}
#endif

#ifdef CONFIG_PAGE_TABLE_CHECK
static bool tables_are_checked(void)
{
	return !static_branch_likely(&page_table_check_disabled);
}
#else
static bool tables_are_checked(void)
{
	return false;
}
#endif

#ifdef HAVE_ARCH_FREE_PAGE
#define ARCH_IS_TOLD	true
#else
#define ARCH_IS_TOLD	false
#endif

/* Somebody keeps account of free pages, or changes or checks what is in them. */
static bool frees_are_watched(void)
{
	return kasan_enabled() || IS_ENABLED(CONFIG_KMSAN) || ARCH_IS_TOLD ||
	       static_branch_unlikely(&check_pages_enabled) ||
	       debug_pagealloc_enabled_static() ||
	       page_poisoning_enabled_static() || want_init_on_free() ||
	       owners_are_kept() || tables_are_checked() ||
	       mem_alloc_profiling_enabled();
}

/* Page structs */

/* The first one is made; it is offline and has a reference. */
static void make_page(struct zone *zone, unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	__init_single_page(page, pfn, zone_idx(zone), zone_to_nid(zone));
	__SetPageOffline(page);
}

void mhp_pages_begin(struct zone *zone, unsigned long pfn,
		     unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages;

	/* a page above it is taken for a corrupt entry of a page table */
	highest_memmap_pfn = max(highest_memmap_pfn, end - 1);
	for (; pfn < end; pfn = SECTION_ALIGN_UP(pfn + 1))
		make_page(zone, pfn);
}

/* All of them are as the first one; a page has no list before it is on one. */
static void make_pages(struct zone *zone, unsigned long pfn, unsigned long end,
		       bool free)
{
	unsigned long model[sizeof(struct page) / sizeof(unsigned long)];
	struct page *page = pfn_to_page(pfn);

	make_page(zone, pfn);
	page->lru = (struct list_head){ };
	if (free) {
		__ClearPageOffline(page);
		set_page_count(page, 0);
	}
	memcpy(model, page, sizeof(model));
	memmap_fill((unsigned long *)page, model, ARRAY_SIZE(model), end - pfn);
}

static void set_pageblocks(unsigned long pfn, unsigned long end)
{
	for (; pfn < end; pfn += pageblock_nr_pages)
		set_pageblock_migratetype(pfn_to_page(pfn), MIGRATE_MOVABLE);
}

/*
 * pfn_to_online_page() looks at the section and has no barrier before the page
 * struct is looked at. It must not see one that is not written: whoever read the
 * section before this interrupt has found it offline.
 */
static void show_sections(unsigned long pfn, unsigned long end)
{
	kick_all_cpus_sync();
	online_mem_sections(pfn, end);
}

/* Free lists */

/* The largest run of pages that begins at @pfn and does not reach past @end. */
static unsigned int run_order(unsigned long pfn, unsigned long end)
{
	unsigned int order = min_t(unsigned int, ilog2(end - pfn),
				   MAX_PAGE_ORDER);

	return pfn ? min_t(unsigned int, order, __ffs(pfn)) : order;
}

/* Returns the page to go on with. The zone's lock is held. */
static unsigned long list_some(unsigned long pfn, unsigned long end)
{
	unsigned int order, i;
	struct page *page;

	for (i = 0; i < BATCH && pfn < end; i++, pfn += 1UL << order) {
		order = run_order(pfn, end);
		page = pfn_to_page(pfn);
		__putback_isolated_page(page, order,
					get_pageblock_migratetype(page));
	}
	return pfn;
}

static void list_free(struct zone *zone, unsigned long pfn, unsigned long end)
{
	unsigned long flags;

	while (pfn < end) {
		spin_lock_irqsave(&zone->lock, flags);
		pfn = list_some(pfn, end);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
	page_reporting_notify_free(MAX_PAGE_ORDER);
}

static void call_back(unsigned long pfn, unsigned long end)
{
	unsigned int order;

	for (; pfn < end; pfn += 1UL << order) {
		order = run_order(pfn, end);
		online_run(pfn_to_page(pfn), order);
		cond_resched();
	}
}

/* Pages that are worked on together: a piece for each CPU. */
struct pieces {
	struct mhp_sharing sharing;
	struct zone *zone;
	bool free;
};

static void write_piece(const struct mhp_sharing *all, unsigned long pfn,
			unsigned long end)
{
	const struct pieces *p = container_of(all, struct pieces, sharing);

	make_pages(p->zone, pfn, end, p->free);
	set_pageblocks(pfn, end);
}

static void release_pieces(const struct pieces *p, unsigned long pfn,
			   unsigned long end)
{
	mhp_share(&p->sharing, pfn, end, PIECE);
	show_sections(pfn, end);
	if (p->free)
		list_free(p->zone, pfn, end);
	else
		call_back(pfn, end);
}

static unsigned long pieces_end(unsigned long pfn, unsigned int nr)
{
	return ALIGN(pfn + 1, PIECE) + (nr - 1) * PIECE;
}

unsigned long mhp_pages_release(struct zone *zone, unsigned long pfn,
				unsigned long end)
{
	int nid = zone_to_nid(zone);
	unsigned long next = min(end, pieces_end(pfn, mhp_share_count(nid)));
	const struct pieces pieces = {
		.sharing = { .write = write_piece, .nid = nid },
		.zone = zone,
		.free = !mhp_pages_are_taken() && !frees_are_watched(),
	};

	mhp_assert_locked();
	if (pieces.free)
		adjust_managed_page_count(pfn_to_page(pfn), next - pfn);
	release_pieces(&pieces, pfn, next);
	return next;
}
