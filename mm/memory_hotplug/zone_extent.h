/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_ZONE_EXTENT_H
#define _MM_MEMORY_HOTPLUG_ZONE_EXTENT_H
/*
 * How far a zone reaches, and whether it has holes.
 *
 * Pure: what a zone has at a page is asked of the caller; zone.c asks sections
 * and page structs, the host tests a model. All numbers are of pages.
 */
#include <linux/types.h>

/**
 * struct zone_extent - a zone, as far as it reaches
 * @first: first page
 * @end:   the page behind the last; @first if the zone is empty
 * @owned: pages in between that are the zone's; the others are holes, or
 *	   another zone's
 */
struct zone_extent {
	unsigned long first, end;
	unsigned long owned;
};

/**
 * typedef zone_gap_t - what a zone has at a page
 * @zone: the zone, as the caller knows it
 * @pfn:  the page
 *
 * Return: 0: the page is the zone's. Else a power of two: none of the so many
 * pages around it, aligned to their number, is the zone's.
 */
typedef unsigned long (*zone_gap_t)(const void *zone, unsigned long pfn);

/**
 * zone_extent_add() - pages become the zone's
 * @e:     extent
 * @first: first of them; none of them was the zone's
 * @end:   the page behind the last
 */
void zone_extent_add(struct zone_extent *e, unsigned long first,
		     unsigned long end);

/**
 * zone_extent_remove() - pages are the zone's no more
 * @e:     extent
 * @first: first of them; all of them were the zone's
 * @end:   the page behind the last
 * @gap:   what the zone has at a page of the extent, but of those that go
 * @zone:  for @gap
 *
 * The extent ends with pages that are the zone's then, to the accuracy of @gap.
 * What it costs does not depend on the zone's size: it asks once, and again for
 * each part of a gap that was inside and would now be an edge.
 */
void zone_extent_remove(struct zone_extent *e, unsigned long first,
			unsigned long end, zone_gap_t gap, const void *zone);

/**
 * zone_extent_is_whole() - is every page of the extent the zone's?
 * @e: extent
 *
 * Return: that; false for an empty one.
 */
bool zone_extent_is_whole(const struct zone_extent *e);

#endif /* _MM_MEMORY_HOTPLUG_ZONE_EXTENT_H */
