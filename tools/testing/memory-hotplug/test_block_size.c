// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of mhp_choose_block_size(): tables of machines, and random ones, whose
 * answers are held against the rules block by block.
 */
#include <stdint.h>

#include "../../../mm/memory_hotplug/block_size.h"
#include "tap.h"

#define MIB	(1ULL << 20)
#define GIB	(1ULL << 30)
#define TIB	(1ULL << 40)
#define SECTION	(128 * MIB)
#define MOST	6

#define BOOT(start, end, nid)	{ start, end, nid, false }
#define WINDOW(start, end, nid)	{ start, end, nid, true }

struct machine {
	const char *name;
	struct mhp_extent at[MOST];
	u64 size;		/* of a block, that is expected */
};

static const struct machine machines[] = {
	{ "4 GiB", { BOOT(GIB, 5 * GIB, 0) }, SECTION },
	{ "64 GiB", { BOOT(GIB, 65 * GIB, 0) }, SECTION },
	{ "64 GiB and a section", { BOOT(GIB, 65 * GIB + SECTION, 0) }, 256 * MIB },
	{ "1 TiB", { BOOT(2 * GIB, TIB + 2 * GIB, 0) }, 2 * GIB },
	{ "16 TiB: no larger than 2 GiB", { BOOT(0, 16 * TIB, 0) }, 2 * GIB },
	{ "1 TiB with a ragged end", { BOOT(2 * GIB, TIB + 2 * GIB + MIB, 0) }, 2 * GIB },
	{ "512 MiB, and 1 TiB may come: in what parts?",
	  { BOOT(GIB, GIB + 512 * MIB, 0), WINDOW(4 * GIB, TIB + 4 * GIB, 0) }, SECTION },
	{ "a window that begins at an odd GiB",
	  { BOOT(2 * GIB, TIB, 0), WINDOW(TIB + GIB, 2 * TIB, 0) }, GIB },
	{ "a window that ends at an odd section",
	  { BOOT(2 * GIB, TIB, 0), WINDOW(TIB + 2 * GIB, 2 * TIB + SECTION, 0) }, 2 * GIB },
	{ "a window that begins within a section",
	  { BOOT(2 * GIB, TIB, 0), WINDOW(TIB + 4 * GIB - MIB, 2 * TIB, 0) }, 2 * GIB },
	{ "a window behind boot memory, in its 2 GiB",
	  { BOOT(2 * GIB, TIB + 512 * MIB, 0),
	    WINDOW(TIB + 512 * MIB, 2 * TIB, 0) }, 512 * MIB },
	{ "what firmware keeps of hot-pluggable memory, less than a section",
	  { BOOT(2 * GIB, TIB - MIB, 0), WINDOW(TIB - MIB, TIB - MIB + 65536, 0),
	    BOOT(TIB - MIB + 65536, 2 * TIB, 0) }, 2 * GIB },
	{ "two nodes that meet at 256 MiB",
	  { BOOT(2 * GIB, TIB + 256 * MIB, 0), BOOT(TIB + 256 * MIB, 2 * TIB, 1) }, 256 * MIB },
	{ "two nodes, the same in another order",
	  { BOOT(TIB + 256 * MIB, 2 * TIB, 1), BOOT(2 * GIB, TIB + 256 * MIB, 0) }, 256 * MIB },
	{ "one node in two ranges with a hole",
	  { BOOT(2 * GIB, TIB + 256 * MIB, 0), BOOT(TIB + 512 * MIB, 2 * TIB, 0) }, 2 * GIB },
	{ "a window too small for a section",
	  { BOOT(2 * GIB, TIB, 0), BOOT(TIB + MIB, TIB + 2 * MIB, 0),
	   WINDOW(3 * TIB, 3 * TIB + MIB, 0) }, 2 * GIB },
	{ "two nodes in one section: nothing helps",
	  { BOOT(2 * GIB, TIB + MIB, 0), BOOT(TIB + MIB, 2 * TIB, 1) }, SECTION },
};

static unsigned int count(const struct mhp_extent *at)
{
	unsigned int nr = 0;

	while (nr < MOST && at[nr].end)
		nr++;
	return nr;
}

static void test_machines(void)
{
	const struct machine *m = machines;
	u64 size;

	for (; m < machines + sizeof(machines) / sizeof(*m); m++) {
		size = mhp_choose_block_size(m->at, count(m->at), SECTION);
		if (size != m->size)
			tap_fail("%s: %llu MiB", m->name,
				 (unsigned long long)(size / MIB));
	}
}

static u64 state = 1;

static u64 draw(u64 below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 20) % below;
}

/* Of two ranges, or of one and nothing: what is bad in the block at @start? */
static bool block_is_bad(const struct mhp_extent *at, u64 start, u64 size)
{
	const struct mhp_extent *seen = NULL, *e;

	for (e = at; e < at + 2; e++) {
		if (e->end <= start || e->start >= start + size)
			continue;
		if (seen && (seen->nid != e->nid || seen->window != e->window))
			return true;
		if (e->window && e->start > start)
			return true;
		seen = e;
	}
	return false;
}

static bool any_block_is_bad(const struct mhp_extent *at, u64 size)
{
	u64 start;

	for (start = 0; start < at[1].end; start += size)
		if (block_is_bad(at, start, size))
			return true;
	return false;
}

static u64 bytes_there(const struct mhp_extent *e)
{
	return e->window ? 0 : e->end - e->start;
}

static u64 blocks_of(const struct mhp_extent *at, u64 size)
{
	return (bytes_there(&at[0]) + bytes_there(&at[1])) / size;
}

/* Two ranges of whole sections, the lower one first. */
static void draw_ranges(struct mhp_extent *at)
{
	u64 unit = SECTION << draw(5), to;
	int i;

	for (i = 0, to = 0; i < 2; i++) {
		at[i].start = to + draw(3) * unit;
		at[i].end = at[i].start + (1 + draw(400)) * unit;
		at[i].nid = draw(2);
		at[i].window = draw(2);
		to = at[i].end;
	}
}

static void test_rules(void)
{
	struct mhp_extent at[2];
	u64 size;
	int i;

	for (i = 0; i < 3000 && !tap_failed(); i++) {
		draw_ranges(at);
		size = mhp_choose_block_size(at, 2, SECTION);
		if (any_block_is_bad(at, size))
			tap_fail("%d: %llu MiB is too large", i,
				 (unsigned long long)(size / MIB));
		if (size < BLOCK_SIZE_MAX && blocks_of(at, size) > BLOCKS_WANTED &&
		    !any_block_is_bad(at, 2 * size))
			tap_fail("%d: %llu MiB is too small", i,
				 (unsigned long long)(size / MIB));
		if (size > SECTION && blocks_of(at, size / 2) <= BLOCKS_WANTED)
			tap_fail("%d: %llu MiB for no reason", i,
				 (unsigned long long)(size / MIB));
	}
}

static void test_nothing(void)
{
	if (mhp_choose_block_size(NULL, 0, SECTION) != SECTION)
		tap_fail("no memory is not in sections");
	if (mhp_choose_block_size(machines[4].at, 1, 4 * GIB) != 4 * GIB)
		tap_fail("a block is smaller than a section");
}

static void test_asked_for(void)
{
	static const struct {
		u64 size;
		bool allowed;
	} asked[] = {
		{ 0, false }, { 1, false }, { SECTION / 2, false },
		{ SECTION - 1, false }, { SECTION, true }, { SECTION + 1, false },
		{ 3 * SECTION, false }, { GIB, true }, { 2 * GIB, true },
		{ 3 * GIB, false }, { 4 * GIB, false }, { 1ULL << 63, false },
		{ UINT64_MAX, false },
	};
	unsigned int i;

	for (i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		if (mhp_block_size_allowed(asked[i].size, SECTION) != asked[i].allowed)
			tap_fail("%#llx", (unsigned long long)asked[i].size);
	if (!mhp_block_size_allowed(4 * GIB, 4 * GIB))
		tap_fail("a section that is larger than the largest block");
}

static const struct tap_test tests[] = {
	{ "SYSFS-05 the block size suits each machine of a table", test_machines },
	{ "SYSFS-05 NUMA-11 windows begin with a block, no block is of two kinds, and no size has no reason",
	  test_rules },
	{ "SYSFS-05 with no memory, or large sections, a block is a section", test_nothing },
	{ "SYSFS-05 only powers of two from a section to 2 GiB may be asked for",
	  test_asked_for },
};

TAP_SUITE(suite_block_size, tests);
