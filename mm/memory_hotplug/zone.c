// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zones and nodes: what they span, and how many pages they have.
 *
 * Owns:      spans and present counts of zones and nodes, after boot; whether
 *            zones are contiguous; whether a node has memory, and what listeners
 *            are told of that.
 * Must not:  decide which zone a range goes to.
 * Locks:     callers hold the memory hotplug lock for writing. Spans are also
 *            read under span_seqlock, and a node's under node_size_lock.
 */
#include <linux/align.h>
#include <linux/init.h>
#include <linux/lockdep.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/spinlock.h>

#include "../internal.h"
#include "internal.h"
#include "zone_extent.h"

/* First page and number of pages of a zone or node, where it keeps them. */
struct span {
	unsigned long *first, *pages;
};

static struct span zone_span(struct zone *zone)
{
	return (struct span){ &zone->zone_start_pfn, &zone->spanned_pages };
}

static struct span node_span(struct pglist_data *pgdat)
{
	return (struct span){ &pgdat->node_start_pfn,
			      &pgdat->node_spanned_pages };
}

static unsigned long span_end(struct span s)
{
	return *s.first + *s.pages;
}

static void span_set(struct span s, unsigned long first, unsigned long end)
{
	*s.first = first;
	*s.pages = end - first;
}

static void span_grow(struct span s, unsigned long first, unsigned long end)
{
	if (*s.pages)
		span_set(s, min(first, *s.first), max(end, span_end(s)));
	else
		span_set(s, first, end);
}

/*
 * Who has the zone's lock does not look at the sequence count, and CONFIG_DEBUG_VM checks
 * with it that pages are in the span.
 */
static void zone_set_span(struct zone *zone, const struct zone_extent *extent)
{
	lockdep_assert_irqs_disabled();
	spin_lock(&zone->lock);
	zone_span_writelock(zone);
	span_set(zone_span(zone), extent->first, extent->end);
	zone_span_writeunlock(zone);
	spin_unlock(&zone->lock);
}

/* What zones own */

/*
 * Pages of each zone that have page structs, by node and index. Until its
 * sections are online such a page is counted, but the zone is not called
 * contiguous; see mhp_zone_settle(). ZONE_DEVICE, where nobody looks for pages, is
 * not counted.
 */
static unsigned long owned[MAX_NUMNODES][MAX_NR_ZONES];

static unsigned long *zone_owned(struct zone *zone)
{
	return &owned[zone_to_nid(zone)][zone_idx(zone)];
}

static struct zone_extent zone_extent(struct zone *zone)
{
	return (struct zone_extent){
		.first = zone->zone_start_pfn,
		.end = zone_end_pfn(zone),
		.owned = *zone_owned(zone),
	};
}

/* A zone_gap_t. Pages come and go by subsections: one page of each tells. */
static unsigned long zone_gap(const void *zone, unsigned long pfn)
{
	struct page *page;

	if (!online_section_nr(pfn_to_section_nr(pfn)))
		return PAGES_PER_SECTION;
	page = pfn_to_online_page(pfn);
	return page && page_zone(page) == zone ? 0 : PAGES_PER_SUBSECTION;
}

/* Pages of a pageblock that the zone owns: all that are in its span, or none. */
static unsigned long boot_pages(struct zone *zone, unsigned long pfn)
{
	unsigned long first = max(pfn, zone->zone_start_pfn);
	unsigned long end = min(pfn + pageblock_nr_pages, zone_end_pfn(zone));

	return pageblock_pfn_to_page(first, end, zone) ? end - first : 0;
}

/* Who looks later asks for whole pageblocks, and so does this. */
static void count_boot_zone(struct zone *zone)
{
	unsigned long end = zone_end_pfn(zone), pages = 0;
	unsigned long pfn = pageblock_start_pfn(zone->zone_start_pfn);

	while (pfn < end) {
		if (!online_section_nr(pfn_to_section_nr(pfn))) {
			pfn = SECTION_ALIGN_UP(pfn + 1);
			continue;
		}
		pages += boot_pages(zone, pfn);
		pfn += pageblock_nr_pages;
	}
	*zone_owned(zone) = pages;
}

/* After the last page struct of boot memory, before anybody adds some. */
static int __init count_boot_zones(void)
{
	struct zone *zone;

	for_each_populated_zone(zone)
		if (zone->contiguous)
			*zone_owned(zone) = zone->spanned_pages;
		else
			count_boot_zone(zone);
	return 0;
}
core_initcall(count_boot_zones);

void mhp_zone_settle(struct zone *zone)
{
	struct zone_extent extent = zone_extent(zone);

	mhp_assert_locked();
	zone->contiguous = zone_extent_is_whole(&extent);
}

/* Spans */

/* What the zones of a node span together. */
static void node_update_span(struct pglist_data *pgdat)
{
	struct zone *zone = pgdat->node_zones;
	unsigned long first = 0, pages = 0;
	struct span sum = { &first, &pages };

	for (; zone < pgdat->node_zones + MAX_NR_ZONES; zone++)
		if (!zone_is_empty(zone))
			span_grow(sum, zone->zone_start_pfn,
				  zone_end_pfn(zone));
	span_set(node_span(pgdat), first, first + pages);
}

/* The section of a range's edge holds a device's page structs and others. */
static void taint_edge(struct zone *zone, unsigned long pfn)
{
#ifdef CONFIG_ZONE_DEVICE
	if (zone_is_zone_device(zone) && !IS_ALIGNED(pfn, PAGES_PER_SECTION))
		__pfn_to_section(pfn)->section_mem_map |=
			SECTION_TAINT_ZONE_DEVICE;
#endif
}

static void span_with(struct zone *zone, unsigned long first,
		      unsigned long end)
{
	struct pglist_data *pgdat = zone->zone_pgdat;
	struct zone_extent extent = zone_extent(zone);
	unsigned long flags;

	zone_extent_add(&extent, first, end);
	if (!zone_is_zone_device(zone))
		*zone_owned(zone) = extent.owned;
	pgdat_resize_lock(pgdat, &flags);
	zone_set_span(zone, &extent);
	span_grow(node_span(pgdat), first, end);
	pgdat_resize_unlock(pgdat, &flags);
}

void mhp_zone_take(struct zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	mhp_assert_locked();
	clear_zone_contiguous(zone);
	if (zone_is_empty(zone))
		init_currently_empty_zone(zone, pfn, nr_pages);
	span_with(zone, pfn, pfn + nr_pages);
}

/**
 * move_pfn_range_to_zone() - make a range a part of a zone
 * @zone:        the zone
 * @start_pfn:   first page
 * @nr_pages:    how many; offline pages that have page structs
 * @altmap:      where the page structs lie, for a device's pages, or NULL
 * @migratetype: of the pageblocks
 *
 * Initialises the page structs. The pages are reserved (a device's) or offline,
 * and on no list.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 */
void __ref move_pfn_range_to_zone(struct zone *zone, unsigned long start_pfn,
				  unsigned long nr_pages,
				  struct vmem_altmap *altmap, int migratetype)
{
	mhp_zone_take(zone, start_pfn, nr_pages);
	taint_edge(zone, start_pfn);
	taint_edge(zone, start_pfn + nr_pages);
	memmap_init_range(nr_pages, zone_to_nid(zone), zone_idx(zone),
			  start_pfn, 0, MEMINIT_HOTPLUG, altmap, migratetype);
}

static void span_without(struct zone *zone, unsigned long first,
			 unsigned long end)
{
	struct pglist_data *pgdat = zone->zone_pgdat;
	struct zone_extent extent = zone_extent(zone);
	unsigned long flags;

	zone_extent_remove(&extent, first, end, zone_gap, zone);
	*zone_owned(zone) = extent.owned;
	pgdat_resize_lock(pgdat, &flags);
	zone_set_span(zone, &extent);
	node_update_span(pgdat);
	pgdat_resize_unlock(pgdat, &flags);
}

void mhp_zone_drop(struct zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	mhp_assert_locked();
	clear_zone_contiguous(zone);
	span_without(zone, pfn, pfn + nr_pages);
}

/**
 * remove_pfn_range_from_zone() - make a range a part of no zone
 * @zone:      the zone it is in
 * @start_pfn: first page
 * @nr_pages:  how many; none is online
 *
 * The page structs have no meaning afterwards, but walkers may still look at
 * them. ZONE_DEVICE keeps its span: nobody looks for pages in it.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 */
void remove_pfn_range_from_zone(struct zone *zone, unsigned long start_pfn,
				unsigned long nr_pages)
{
	mhp_assert_locked();
	if (zone_is_zone_device(zone))
		return;

	mhp_zone_drop(zone, start_pfn, nr_pages);
	/* what is before it in its section is counted, offline, and goes next */
	if (IS_ALIGNED(start_pfn, PAGES_PER_SECTION))
		mhp_zone_settle(zone);
}

/**
 * adjust_present_page_count() - count pages that come or go
 * @page:     the first
 * @group:    memory group, or NULL
 * @nr_pages: how many come; negative if they go
 *
 * Context: memory hotplug lock held for writing.
 */
void adjust_present_page_count(struct page *page, struct memory_group *group,
			       long nr_pages)
{
	struct zone *zone = page_zone(page);
	bool movable = zone_idx(zone) == ZONE_MOVABLE;

	zone->present_pages += nr_pages;
	zone->zone_pgdat->node_present_pages += nr_pages;
	if (early_section(__pfn_to_section(page_to_pfn(page))))
		zone->present_early_pages += nr_pages;
	if (!group)
		return;
	if (movable)
		group->present_movable_pages += nr_pages;
	else
		group->present_kernel_pages += nr_pages;
}

void mhp_count_isolated(struct zone *zone, long nr_pages)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	zone->nr_isolate_pageblock += nr_pages / (long)pageblock_nr_pages;
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* Whether a node has memory */

struct memory_notify mhp_note(unsigned long pfn, unsigned long nr_pages)
{
	return (struct memory_notify){
		.start_pfn = pfn,
		.nr_pages = nr_pages,
		.status_change_nid = NUMA_NO_NODE,
		.status_change_nid_normal = NUMA_NO_NODE,
	};
}

/* Kernel memory: what N_NORMAL_MEMORY is about. */
static bool is_normal(const struct zone *zone)
{
	return zone_idx(zone) <= ZONE_NORMAL;
}

void mhp_note_arrival(struct memory_notify *note, struct zone *zone)
{
	int nid = zone_to_nid(zone);

	if (!node_state(nid, N_MEMORY))
		note->status_change_nid = nid;
	if (is_normal(zone) && !node_state(nid, N_NORMAL_MEMORY))
		note->status_change_nid_normal = nid;
}

static unsigned long present_up_to(const struct pglist_data *pgdat,
				   enum zone_type last)
{
	unsigned long pages = 0;
	int i;

	for (i = 0; i <= last; i++)
		pages += pgdat->node_zones[i].present_pages;
	return pages;
}

void mhp_note_departure(struct memory_notify *note, struct zone *zone,
			unsigned long nr_pages)
{
	const struct pglist_data *pgdat = zone->zone_pgdat;

	if (is_normal(zone) && present_up_to(pgdat, ZONE_NORMAL) <= nr_pages)
		note->status_change_nid_normal = pgdat->node_id;
	if (present_up_to(pgdat, ZONE_MOVABLE) <= nr_pages)
		note->status_change_nid = pgdat->node_id;
}

void mhp_arrive(const struct memory_notify *note)
{
	if (note->status_change_nid_normal != NUMA_NO_NODE)
		node_set_state(note->status_change_nid_normal, N_NORMAL_MEMORY);
	if (note->status_change_nid != NUMA_NO_NODE)
		node_set_state(note->status_change_nid, N_MEMORY);
}

void mhp_depart(const struct memory_notify *note)
{
	if (note->status_change_nid_normal != NUMA_NO_NODE)
		node_clear_state(note->status_change_nid_normal,
				 N_NORMAL_MEMORY);
	if (note->status_change_nid != NUMA_NO_NODE)
		node_clear_state(note->status_change_nid, N_MEMORY);
}
