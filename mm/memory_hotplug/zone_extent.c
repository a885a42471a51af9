// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far a zone reaches, and whether it has holes. See zone_extent.h.
 *
 * Two numbers answer the second question: how many pages the zone reaches over,
 * and how many of them it owns. Pages that come and go are all the zone's or not
 * at all, so the second number never has to be found out by looking.
 */
#include <linux/align.h>
#include <linux/minmax.h>

#include "zone_extent.h"

void zone_extent_add(struct zone_extent *e, unsigned long first,
		     unsigned long end)
{
	bool empty = e->first == e->end;

	e->owned += end - first;
	e->first = empty ? first : min(first, e->first);
	e->end = empty ? end : max(end, e->end);
}

/* The first page from @e->first on that is the zone's; @e->end if none is. */
static unsigned long first_owned(const struct zone_extent *e, zone_gap_t gap,
				 const void *zone)
{
	unsigned long pfn = e->first, size;

	while (pfn < e->end && (size = gap(zone, pfn)))
		pfn = ALIGN_DOWN(pfn, size) + size;
	return min(pfn, e->end);
}

/* The page behind the last that is the zone's; @e->first if none is. */
static unsigned long end_owned(const struct zone_extent *e, zone_gap_t gap,
			       const void *zone)
{
	unsigned long end = e->end, size;

	while (end > e->first && (size = gap(zone, end - 1)))
		end = ALIGN_DOWN(end - 1, size);
	return max(end, e->first);
}

void zone_extent_remove(struct zone_extent *e, unsigned long first,
			unsigned long end, zone_gap_t gap, const void *zone)
{
	e->owned -= end - first;
	if (first <= e->first && end > e->first) {
		e->first = min(end, e->end);
		e->first = first_owned(e, gap, zone);
	}
	if (end >= e->end && first < e->end) {
		e->end = max(first, e->first);
		e->end = end_owned(e, gap, zone);
	}
	if (e->first == e->end)
		*e = (struct zone_extent){ .owned = e->owned };
}

bool zone_extent_is_whole(const struct zone_extent *e)
{
	return e->end > e->first && e->owned == e->end - e->first;
}
