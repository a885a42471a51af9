// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of address ranges. Pure; see window_set.h.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#include "window_set.h"

/* Index of the first range that ends above @addr; set->nr if there is none. */
static unsigned int first_above(const struct window_set *set, u64 addr)
{
	unsigned int low = 0, high = set->nr, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (set->at[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct window *window_set_above(const struct window_set *set, u64 addr)
{
	unsigned int i = first_above(set, addr);

	return i < set->nr ? &set->at[i] : NULL;
}

bool window_set_overlaps(const struct window_set *set, u64 start, u64 end)
{
	unsigned int i = first_above(set, start);

	return i < set->nr && set->at[i].start < end;
}

/* Does range @i begin no later than @at, so that no address is left out? */
static bool goes_on(const struct window_set *set, unsigned int i, u64 at)
{
	return i < set->nr && set->at[i].start <= at;
}

bool window_set_covers(const struct window_set *set, u64 start, u64 end,
		       int *nid)
{
	unsigned int i = first_above(set, start);
	int node;

	if (!goes_on(set, i, start))
		return false;
	node = set->at[i].nid;
	while (set->at[i].end < end) {
		if (!goes_on(set, i + 1, set->at[i].end))
			return false;
		i++;
		if (set->at[i].nid != node)
			node = WINDOW_NODES_DIFFER;
	}
	*nid = node;
	return true;
}

bool window_set_covers_by(const struct window_set *set, u64 start, u64 end,
			  unsigned int source)
{
	unsigned int i = first_above(set, start);

	for (; start < end; i++) {
		if (!goes_on(set, i, start) || set->at[i].source != source)
			return false;
		start = set->at[i].end;
	}
	return true;
}

bool window_set_gap(const struct window_set *set, u64 *start, u64 *end)
{
	unsigned int i = first_above(set, *start);

	while (goes_on(set, i, *start))
		*start = set->at[i++].end;
	if (i < set->nr)
		*end = min(*end, set->at[i].start);
	return *start < *end;
}

static bool touch(const struct window *low, const struct window *high)
{
	return low->end == high->start && low->nid == high->nid &&
	       low->source == high->source;
}

/* Makes place for @more ranges at index @i, or with a negative number less. */
static void shift(struct window_set *set, unsigned int i, int more)
{
	unsigned int from = more < 0 ? i - more : i;

	memmove(&set->at[from + more], &set->at[from],
		(set->nr - from) * sizeof(*set->at));
	set->nr += more;
}

int window_set_insert(struct window_set *set, const struct window *w)
{
	unsigned int i = first_above(set, w->start);
	bool low, high;

	if (w->start >= w->end)
		return -EINVAL;
	if (window_set_overlaps(set, w->start, w->end))
		return -EEXIST;

	low = i && touch(&set->at[i - 1], w);
	high = i < set->nr && touch(w, &set->at[i]);
	if (low)
		set->at[i - 1].end = high ? set->at[i].end : w->end;
	else if (high)
		set->at[i].start = w->start;
	if (low && high)
		shift(set, i, -1);
	if (low || high)
		return 0;

	if (set->nr == set->room)
		return -ENOMEM;
	shift(set, i, 1);
	set->at[i] = *w;
	return 0;
}

/* The range @i, which has [start, end) inside and more at both sides. */
static int split(struct window_set *set, unsigned int i, u64 start, u64 end)
{
	if (set->nr == set->room)
		return -ENOMEM;
	shift(set, i, 1);
	set->at[i] = set->at[i + 1];
	set->at[i].end = start;
	set->at[i + 1].start = end;
	return 0;
}

int window_set_cut(struct window_set *set, u64 start, u64 end)
{
	unsigned int i = first_above(set, start), gone;

	if (start >= end)
		return 0;
	if (i < set->nr && set->at[i].start < start) {
		if (set->at[i].end > end)
			return split(set, i, start, end);
		set->at[i++].end = start;
	}
	gone = i;
	while (gone < set->nr && set->at[gone].end <= end)
		gone++;
	if (gone < set->nr && set->at[gone].start < end)
		set->at[gone].start = end;
	if (gone > i)
		shift(set, i, (int)i - (int)gone);
	return 0;
}
