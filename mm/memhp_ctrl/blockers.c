// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps memory from going offline: pages with references that nothing explains,
 * and what can never be moved.
 *
 * Must not:  change anything. It looks after the failure, so that what was only in the
 *            way for a moment is not named.
 * Locks:     the device hotplug lock is held: the memory does not go. A page that looks
 *            like a blocker is looked at again with a reference and its lock.
 */
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/memcontrol.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/sched.h>

#include "../internal.h"
#include "engine.h"

/* References of a folio that everyone knows of: those of page tables and caches. */
static int explained(struct folio *folio)
{
	int refs = folio_mapcount(folio);

	if (folio_mapping(folio))	/* of a file, or the swap cache */
		refs += folio_nr_pages(folio) + folio_test_private(folio);
	return refs;
}

static void describe_charge(struct memhp_blocker *b, struct folio *folio)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *memcg;

	rcu_read_lock();
	memcg = folio_memcg_check(folio);
	if (memcg)
		b->memcg = cgroup_ino(memcg->css.cgroup);
	rcu_read_unlock();
#endif
}

/* The folio's lock keeps it in its file. */
static void describe_file(struct memhp_blocker *b, struct folio *folio)
{
	struct address_space *mapping;

	if (!folio_trylock(folio))
		return;
	mapping = folio_mapping(folio);
	if (mapping && !folio_test_anon(folio) && mapping->host)
		b->inode = mapping->host->i_ino;
	folio_unlock(folio);
}

/* The caller has one reference more. */
static bool holds_data(struct memhp_blocker *b, struct folio *folio)
{
	int refs = folio_ref_count(folio) - 1 - explained(folio);

	if (refs <= 0)
		return false;
	b->refs = refs;
	b->kind = folio_maybe_dma_pinned(folio) ? MEMHP_BLOCKER_KIND_PINNED :
						  MEMHP_BLOCKER_KIND_UNKNOWN;
	describe_charge(b, folio);
	describe_file(b, folio);
	return true;
}

static bool look_at_data(struct memhp_blocker *b, struct folio *folio)
{
	bool found;

	if (!folio_try_get(folio))
		return false;
	found = holds_data(b, folio);
	folio_put(folio);
	return found;
}

/* In use, but nothing that the LRU knows. */
static enum memhp_blocker_kind kernel_kind(struct page *page)
{
	if (PageSlab(page))
		return MEMHP_BLOCKER_KIND_SLAB;
	if (PageTable(page))
		return MEMHP_BLOCKER_KIND_PAGE_TABLE;
	if (PageOffline(page))
		return MEMHP_BLOCKER_KIND_OFFLINE;
	return MEMHP_BLOCKER_KIND_KERNEL;
}

static bool is_blocker(struct memhp_blocker *b, struct page *page)
{
	struct folio *folio = page_folio(page);

	if (PageHWPoison(page)) {
		b->kind = MEMHP_BLOCKER_KIND_POISONED;
		return page_count(page) > 0;
	}
	if (PageBuddy(page) || !folio_ref_count(folio))
		return false;
	if (folio_test_lru(folio) || folio_mapped(folio))
		return look_at_data(b, folio);
	if (folio_test_hugetlb(folio)) {
		b->kind = MEMHP_BLOCKER_KIND_HUGETLB;
		return !folio_test_hugetlb_migratable(folio);
	}
	if (__folio_test_movable(folio))
		return false;
	b->kind = kernel_kind(page);
	b->refs = folio_ref_count(folio);
	return true;
}

static unsigned long pages_to_skip(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (PageBuddy(page))
		return 1UL << min_t(unsigned long, buddy_order_unsafe(page),
				    MAX_PAGE_ORDER);
	if (&folio->page != page || !folio_test_large(folio))
		return 1;
	return min_t(unsigned long, folio_nr_pages(folio), PAGES_PER_SECTION);
}

static void look_through(const struct window *w, struct memhp_blockers *found)
{
	unsigned long pfn = PHYS_PFN(w->start), end = PHYS_PFN(w->end);
	struct memhp_blocker b;
	struct page *page;

	while (pfn < end && found->nr < MEMHP_MAX_BLOCKERS) {
		page = pfn_to_online_page(pfn);
		b = (struct memhp_blocker){ .pfn = pfn };
		if (page && is_blocker(&b, page))
			found->at[found->nr++] = b;
		pfn += page ? pages_to_skip(page) : 1;
		cond_resched();
	}
}

void engine_find_blockers(const struct window_set *ranges,
			  struct memhp_blockers *found)
{
	const struct window *w;

	found->nr = 0;
	for (w = ranges->at; w < ranges->at + ranges->nr; w++)
		look_through(w, found);
}
