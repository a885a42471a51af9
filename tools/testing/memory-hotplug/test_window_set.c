// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of sets of address ranges. The reference is an array with a cell for each
 * address of a small space, which says what each address is.
 */
#include <stdint.h>
#include <string.h>

#include <linux/errno.h>

#include "../../../mm/memory_hotplug/window_set.h"
#include "tap.h"

#define SPACE	24		/* addresses; as many ranges as that, and no more */
#define NOTHING	(-9)
#define RUNS	300000

static struct window array[SPACE + 1];
static struct window_set set;

/* Of each address, its node and source; NOTHING if it is not in the set. */
static int model[SPACE];

static u64 state;

static unsigned int draw(unsigned int below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static int cell(int nid, unsigned int source)
{
	return (nid + 1) * 8 + (int)source;
}

static void begin(unsigned int room)
{
	memset(array, 0x5a, sizeof(array));
	set = (struct window_set){ .at = array, .room = room };
	for (int i = 0; i < SPACE; i++)
		model[i] = NOTHING;
}

static void fill_model(u64 start, u64 end, int value)
{
	for (u64 i = start; i < end; i++)
		model[i] = value;
}

static bool model_has(u64 start, u64 end)
{
	for (u64 i = start; i < end; i++)
		if (model[i] != NOTHING)
			return true;
	return false;
}

/* The set says of each address what the model says, in as few ranges as can be. */
static void compare(const char *after)
{
	unsigned int nr = 0, i = 0;
	int last = NOTHING, now;

	for (u64 at = 0; at < SPACE; at++) {
		while (i < set.nr && set.at[i].end <= at)
			i++;
		now = i < set.nr && set.at[i].start <= at ?
		      cell(set.at[i].nid, set.at[i].source) : NOTHING;
		if (now != model[at])
			tap_fail("after %s: address %llu is %d, not %d", after,
				 at, now, model[at]);
		nr += now != last && now != NOTHING;
		last = now;
	}
	if (set.nr != nr)
		tap_fail("after %s: %u ranges instead of %u", after, set.nr, nr);
}

static void insert_randomly(void)
{
	u64 start = draw(SPACE), end = start + draw(SPACE - start + 1);
	const struct window w = { start, end, (int)draw(3) - 1, draw(2) };
	int want = start == end ? -EINVAL :
		   model_has(start, end) ? -EEXIST : 0;
	int got = window_set_insert(&set, &w);

	if (got != want)
		tap_fail("insert %llu-%llu: %d, not %d", start, end, got, want);
	if (!got)
		fill_model(start, end, cell(w.nid, w.source));
	compare("insert");
}

static void cut_randomly(void)
{
	u64 start = draw(SPACE), end = start + draw(SPACE - start + 1);

	if (window_set_cut(&set, start, end))
		tap_fail("cut %llu-%llu is refused", start, end);
	fill_model(start, end, NOTHING);
	compare("cut");
}

static void check_covers(u64 start, u64 end)
{
	bool all = true, alike = true, by = true;
	int nid = NOTHING, first;

	for (u64 i = start; i < end; i++) {
		all &= model[i] != NOTHING;
		alike &= model[i] / 8 == model[start] / 8;
		by &= model[i] != NOTHING && model[i] % 8 == 1;
	}
	first = model[start] / 8 - 1;
	if (window_set_covers(&set, start, end, &nid) != all)
		tap_fail("covers %llu-%llu is not %d", start, end, all);
	if (all && nid != (alike ? first : WINDOW_NODES_DIFFER))
		tap_fail("node of %llu-%llu: %d", start, end, nid);
	if (!all && nid != NOTHING)
		tap_fail("a node of what is not covered");
	if (window_set_covers_by(&set, start, end, 1) != by)
		tap_fail("covers by %llu-%llu is not %d", start, end, by);
	if (window_set_overlaps(&set, start, end) != model_has(start, end))
		tap_fail("overlaps %llu-%llu", start, end);
}

static void check_gap(u64 start, u64 end)
{
	u64 from = start, to = end, at = start, last;
	bool found, want;

	while (at < end && model[at] != NOTHING)
		at++;
	for (last = at; last < end && model[last] == NOTHING; last++)
		;
	want = at < end;
	found = window_set_gap(&set, &from, &to);
	if (found != want || (found && (from != at || to != last)))
		tap_fail("gap in %llu-%llu: %llu-%llu, not %llu-%llu", start, end,
			 from, to, at, last);
}

static void agrees_with_cells(void)
{
	u64 start, end;

	begin(SPACE);
	for (int i = 0; i < RUNS && !tap_failed(); i++) {
		tap_context("step %d", i);
		if (draw(2))
			insert_randomly();
		else
			cut_randomly();
		start = draw(SPACE);
		end = start + 1 + draw(SPACE - start);
		check_covers(start, end);
		check_gap(start, end);
	}
}

/* Room for one more is all that an insertion or a cut may ask for. */
static void one_more_is_enough(void)
{
	begin(SPACE);
	for (int i = 0; i < RUNS && !tap_failed(); i++) {
		tap_context("step %d", i);
		set.room = set.nr + 1;
		if (draw(2))
			insert_randomly();
		else
			cut_randomly();
	}
}

static void put(u64 start, u64 end, int nid, unsigned int source, int want)
{
	const struct window w = { start, end, nid, source };
	int got = window_set_insert(&set, &w);

	if (got != want)
		tap_fail("insert %llu-%llu: %d, not %d", start, end, got, want);
	else if (!got)
		fill_model(start, end, cell(nid, source));
}

/*
 *	0   2   4   6   8       12
 *	|aaa|   |aaa|   |aaaaaaa|	room for three
 */
static void full_changes_nothing(void)
{
	begin(3);
	put(0, 2, 0, 0, 0);
	put(4, 6, 0, 0, 0);
	put(8, 12, 0, 0, 0);
	put(14, 15, 0, 0, -ENOMEM);
	compare("an insertion without room");
	if (window_set_cut(&set, 9, 10) != -ENOMEM)
		tap_fail("a range became two without room");
	compare("a cut without room");
	put(2, 4, 0, 0, 0);		/* makes two of them one */
	compare("an insertion that needs no room");
	if (window_set_cut(&set, 9, 10))
		tap_fail("there was room");
	fill_model(9, 10, NOTHING);
	compare("a cut with room");
}

static void unlike_stay_apart(void)
{
	begin(SPACE);
	put(0, 4, 0, 0, 0);
	put(4, 8, 1, 0, 0);
	put(8, 12, 1, 1, 0);
	if (set.nr != 3)
		tap_fail("%u ranges", set.nr);
	compare("three insertions");
	if (window_set_covers_by(&set, 4, 12, 0))
		tap_fail("a range of another source counts");
}

static void top_of_addresses(void)
{
	u64 from = 5, to = UINT64_MAX;
	int nid;

	begin(SPACE);
	set.at[0] = (struct window){ 1ULL << 52, UINT64_MAX, 0, 0 };
	set.nr = 1;
	if (!window_set_covers(&set, 1ULL << 52, UINT64_MAX, &nid) ||
	    window_set_covers(&set, (1ULL << 52) - 1, UINT64_MAX, &nid))
		tap_fail("the last addresses");
	if (!window_set_gap(&set, &from, &to) || from != 5 || to != 1ULL << 52)
		tap_fail("the gap below the last addresses");
}

static void empty_has_nothing(void)
{
	u64 from = 3, to = 7;
	int nid;

	set = (struct window_set){ };
	if (window_set_overlaps(&set, 0, UINT64_MAX) ||
	    window_set_covers(&set, 0, 1, &nid) ||
	    window_set_covers_by(&set, 0, 1, 0) || window_set_cut(&set, 0, 9) ||
	    !window_set_gap(&set, &from, &to) || from != 3 || to != 7)
		tap_fail("an empty set has something in it");
	put(1, 2, 0, 0, -ENOMEM);
}

static const struct tap_test tests[] = {
	{ "SYSFS-07 300000 random insertions and cuts agree with a cell for each address",
	  agrees_with_cells },
	{ "SYSFS-07 room for one range more is enough for any insertion or cut",
	  one_more_is_enough },
	{ "SYSFS-07 without room an insertion or cut is refused and changes nothing",
	  full_changes_nothing },
	{ "SYSFS-07 windows of another node or source stay apart",
	  unlike_stay_apart },
	{ "SYSFS-07 the last addresses do not wrap", top_of_addresses },
	{ "SYSFS-07 an empty set covers nothing", empty_has_nothing },
};

TAP_SUITE(suite_window_set, tests);
