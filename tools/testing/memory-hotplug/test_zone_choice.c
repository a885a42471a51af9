// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of zone_choice.c: kernel zone or ZONE_MOVABLE, from counts that are
 * made up. The reference for the ratio multiplies in 128 bits.
 *
 * Counts are in pages; a block is 32768 of them, 128 MiB of 4K pages.
 */
#include "../../../mm/memory_hotplug/zone_choice.h"
#include "tap.h"

#define EXPECT(cond, ...)						\
	do {								\
		if (!(cond))						\
			tap_fail(__VA_ARGS__);				\
	} while (0)

#define BLOCK	32768ULL
#define GIB	(8 * BLOCK)
#define RATIO	301
#define ROUNDS	200000

static u64 state = 7;

static u64 draw(u64 below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 20) % below;
}

/* Contiguous zones */

static void contig_follows_the_span(void)
{
	static const struct {
		bool kernel, movable, node;
		enum zone_choice want;
	} cases[] = {
		{ false, false, false, ZONE_CHOICE_KERNEL },
		{ true, false, false, ZONE_CHOICE_KERNEL },
		{ false, true, false, ZONE_CHOICE_MOVABLE },
		{ true, true, false, ZONE_CHOICE_KERNEL },
		{ false, false, true, ZONE_CHOICE_MOVABLE },
		{ true, false, true, ZONE_CHOICE_KERNEL },
		{ false, true, true, ZONE_CHOICE_MOVABLE },
		{ true, true, true, ZONE_CHOICE_MOVABLE },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tap_context("kernel %d movable %d movable_node %d",
			    cases[i].kernel, cases[i].movable, cases[i].node);
		EXPECT(zone_choice_contig(cases[i].kernel, cases[i].movable,
					  cases[i].node) == cases[i].want,
		       "not %d", cases[i].want);
	}
}

/* The ratio */

static struct zone_choice_room kernel_of(u64 early)
{
	struct zone_choice_room room = { 0 };

	zone_choice_add_kernel_zone(&room, early, 0);
	return room;
}

static void ratio_to_the_page(void)
{
	struct zone_choice_room room = kernel_of(1000);

	EXPECT(zone_choice_has_room(&room, RATIO, 0, 3010), "3010 refused");
	EXPECT(!zone_choice_has_room(&room, RATIO, 0, 3011), "3011 accepted");
	zone_choice_add_movable_zone(&room, 3000);
	EXPECT(zone_choice_has_room(&room, RATIO, 0, 10), "10 more refused");
	EXPECT(!zone_choice_has_room(&room, RATIO, 0, 11), "11 more accepted");
	room = kernel_of(199);
	EXPECT(zone_choice_has_room(&room, 50, 0, 99), "99 refused");
	EXPECT(!zone_choice_has_room(&room, 50, 0, 100), "rounded up");
}

static void cma_is_movable(void)
{
	struct zone_choice_room room = { 0 };

	zone_choice_add_kernel_zone(&room, 1000, 200);
	EXPECT(room.kernel == 800 && room.movable == 200, "kernel %llu, movable %llu",
	       room.kernel, room.movable);
	EXPECT(zone_choice_has_room(&room, 100, 0, 600), "600 refused");
	EXPECT(!zone_choice_has_room(&room, 100, 0, 601), "601 accepted");
	zone_choice_add_kernel_zone(&room, 10, 30);
	EXPECT(room.kernel == 800 && room.movable == 230,
	       "more CMA than early pages wraps: kernel %llu", room.kernel);
}

/* A zone that is all hot-added has no early page. */
static void added_kernel_memory_counts_not(void)
{
	struct zone_choice_room room = kernel_of(0);

	EXPECT(!zone_choice_has_room(&room, RATIO, 0, 1), "one page accepted");
	EXPECT(!zone_choice_has_room(&room, RATIO, 64 * GIB, 1),
	       "on a node without early memory a group's own was enough");
	room = kernel_of(1);
	EXPECT(zone_choice_has_room(&room, RATIO, 0, 3), "3 refused");
}

static void no_ratio_no_room(void)
{
	struct zone_choice_room room = kernel_of(GIB);

	EXPECT(!zone_choice_has_room(&room, 0, 0, 1), "room at 0 percent");
	zone_choice_add_group(&room, 0, 1, 2);
	EXPECT(!room.taken && !room.grouped, "a group was counted at 0 percent");
}

static void any_ratio_works(void)
{
	struct zone_choice_room room = kernel_of(100ULL << 33);

	/* the product is 2^64 */
	EXPECT(zone_choice_has_room(&room, 1U << 31, 0, 1), "wrapped");
	zone_choice_add_group(&room, 1, 0, 1ULL << 45);
	EXPECT(room.taken == 100ULL << 45, "taken %llu", room.taken);
	zone_choice_add_group(&room, ~0U, 0, 1ULL << 45);
	EXPECT(room.taken >= 100ULL << 45, "taken %llu", room.taken);
}

/* Groups */

static void others_take_their_share(void)
{
	struct zone_choice_room room = kernel_of(1000);

	/* 600 movable need 200 kernel at 300 percent, 50 are its own */
	zone_choice_add_movable_zone(&room, 600);
	zone_choice_add_group(&room, 300, 50, 600);
	EXPECT(room.taken == 150 && room.grouped == 600, "taken %llu of %llu",
	       room.taken, room.grouped);
	EXPECT(zone_choice_has_room(&room, 300, 0, 2550), "2550 refused");
	EXPECT(!zone_choice_has_room(&room, 300, 0, 2551), "2551 accepted");
}

static void others_kernel_memory_is_no_help(void)
{
	struct zone_choice_room room = kernel_of(1000);

	zone_choice_add_movable_zone(&room, 30);
	zone_choice_add_group(&room, 300, 5000, 30);
	EXPECT(!room.taken, "taken %llu", room.taken);
	EXPECT(zone_choice_has_room(&room, 300, 0, 3000), "3000 refused");
	EXPECT(!zone_choice_has_room(&room, 300, 0, 3001), "3001 accepted");
}

static void own_kernel_memory_helps(void)
{
	struct zone_choice_room room = kernel_of(1000);

	EXPECT(zone_choice_has_room(&room, 300, 500, 4500), "4500 refused");
	EXPECT(!zone_choice_has_room(&room, 300, 500, 4501), "4501 accepted");
}

static void all_taken(void)
{
	struct zone_choice_room room = kernel_of(1000);

	zone_choice_add_movable_zone(&room, 3000);
	zone_choice_add_group(&room, 300, 0, 3000);
	EXPECT(room.taken == 1000, "taken %llu", room.taken);
	EXPECT(!zone_choice_has_room(&room, 300, 1000, 1), "own was enough");
}

/* Counts of a moment may not add up; they must not wrap. */
static void counts_may_be_askew(void)
{
	struct zone_choice_room room = kernel_of(1000);

	zone_choice_add_group(&room, 300, 100, 300);
	EXPECT(room.grouped > room.movable, "test is no test");
	EXPECT(!zone_choice_has_room(&room, 300, 0, 3001), "3001 accepted");
	EXPECT(zone_choice_has_room(&room, 300, 0, 3000), "3000 refused");
}

static bool reference(u64 early, u64 cma, u64 movable, u64 group_kernel,
		      u64 group_movable, unsigned int ratio, u64 own, u64 pages)
{
	__int128 taken = (__int128)group_movable * 100 / ratio - group_kernel;
	__int128 kernel = early - cma - (taken > 0 ? taken : 0);
	__int128 sum = (__int128)movable + cma - group_movable + pages;

	return kernel > 0 && sum <= (kernel + own) * ratio / 100;
}

static void agrees_with_wide_arithmetic(void)
{
	unsigned int i, yes = 0;

	for (i = 0; i < ROUNDS && !tap_failed(); i++) {
		u64 early = 1 + draw(1 << 20), cma = draw(early);
		u64 movable = draw(1 << 22), group = draw(movable + 1);
		u64 group_kernel = draw(1 << 18), own = draw(1 << 18);
		u64 pages = 1 + draw(1 << 20);
		unsigned int ratio = 1 + draw(700);
		struct zone_choice_room room = { 0 };
		bool want = reference(early, cma, movable, group_kernel, group,
				      ratio, own, pages);

		zone_choice_add_kernel_zone(&room, early, cma);
		zone_choice_add_movable_zone(&room, movable);
		zone_choice_add_group(&room, ratio, group_kernel, group);
		tap_context("zones %llu-%llu/%llu group %llu/%llu ratio %u own %llu, %llu more",
			    early, cma, movable, group_kernel, group, ratio,
			    own, pages);
		EXPECT(zone_choice_has_room(&room, ratio, own, pages) == want,
		       "not %d", want);
		yes += want;
	}
	EXPECT(yes > ROUNDS / 20 && yes < ROUNDS - ROUNDS / 20,
	       "%u of %u draws had room", yes, ROUNDS);
}

/* Units */

static void rest_of_a_unit(void)
{
	static const struct {
		struct zone_choice_unit unit;
		u64 range, want;
	} cases[] = {
		{ { 8, 0, 0 }, 1, 8 },	/* the first block asks for all */
		{ { 8, 0, 7 }, 1, 1 },	/* the last one for itself */
		{ { 8, 0, 3 }, 2, 5 },
		{ { 1, 0, 0 }, 1, 1 },	/* no group */
		{ { 8, 1, 0 }, 1, 0 },	/* bound to kernel zones */
		{ { 8, 1, 3 }, 1, 0 },
		{ { 8, 0, 9 }, 1, 1 },	/* larger than it said it would be */
		{ { 0, 0, 0 }, 4, 4 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		u64 rest = zone_choice_rest(&cases[i].unit, cases[i].range);

		tap_context("case %u", i);
		EXPECT(rest == cases[i].want, "%llu, not %llu", rest,
		       cases[i].want);
	}
}

/* A machine: early memory of one node, and devices that are onlined. */
struct machine {
	u64 early, movable;
};

struct device {
	u64 pages, kernel, movable;
};

static bool online_block(struct machine *m, struct device *d, bool dynamic,
			 unsigned int ratio)
{
	struct zone_choice_room room = kernel_of(m->early);
	struct zone_choice_unit unit = { BLOCK, 0, 0 };
	bool movable;
	u64 rest;

	if (!dynamic)
		unit = (struct zone_choice_unit){ d->pages, d->kernel,
						  d->movable };
	zone_choice_add_movable_zone(&room, m->movable);
	rest = zone_choice_rest(&unit, BLOCK);
	movable = rest && zone_choice_has_room(&room, ratio,
					       dynamic ? d->kernel : 0, rest);
	*(movable ? &d->movable : &d->kernel) += BLOCK;
	m->movable += movable ? BLOCK : 0;
	return movable;
}

static void online_device(struct machine *m, struct device *d, bool dynamic,
			  unsigned int ratio)
{
	while (d->kernel + d->movable < d->pages)
		online_block(m, d, dynamic, ratio);
}

/* 4 GiB early at 301 percent: a DIMM of 8 GiB fits, and one of 4; no more. */
static void a_dimm_is_all_of_a_kind(void)
{
	struct machine m = { .early = 4 * GIB };
	struct device dimm[] = {
		{ .pages = 8 * GIB }, { .pages = 8 * GIB }, { .pages = 4 * GIB },
		{ .pages = GIB },
	};
	static const bool movable[] = { true, false, true, false };
	int i;

	for (i = 0; i < 4; i++) {
		tap_context("DIMM %d", i);
		online_device(&m, &dimm[i], false, RATIO);
		EXPECT(dimm[i].movable == (movable[i] ? dimm[i].pages : 0) &&
		       dimm[i].kernel == (movable[i] ? 0 : dimm[i].pages),
		       "%llu kernel and %llu movable pages", dimm[i].kernel,
		       dimm[i].movable);
	}
}

/*
 * 1 GiB early, a device of 8, 300 percent: 24 blocks are movable right away,
 * and from then on three for each that goes to the kernel.
 */
static void a_dynamic_device_is_filled_up(void)
{
	struct machine m = { .early = GIB };
	struct device d = { .pages = 8 * GIB };

	online_device(&m, &d, true, 300);
	EXPECT(d.movable == 54 * BLOCK && d.kernel == 10 * BLOCK,
	       "%llu kernel and %llu movable blocks", d.kernel / BLOCK,
	       d.movable / BLOCK);
}

static const struct tap_test tests[] = {
	{ "ONLINE-01 contig-zones goes by the only zone there, else by movable_node",
	  contig_follows_the_span },
	{ "ONLINE-01 the ratio holds to the page", ratio_to_the_page },
	{ "ONLINE-01 CMA counts as movable", cma_is_movable },
	{ "ONLINE-01 kernel memory that was added allows for no movable memory",
	  added_kernel_memory_counts_not },
	{ "ONLINE-01 a ratio of 0 percent leaves no room", no_ratio_no_room },
	{ "ONLINE-01 no ratio and no size makes the arithmetic wrap",
	  any_ratio_works },
	{ "ONLINE-01 movable memory of other dynamic groups takes early kernel memory away",
	  others_take_their_share },
	{ "ONLINE-01 kernel memory of other dynamic groups helps only them",
	  others_kernel_memory_is_no_help },
	{ "ONLINE-01 kernel memory of a dynamic group makes room in it",
	  own_kernel_memory_helps },
	{ "ONLINE-01 when other groups took all early memory there is no room",
	  all_taken },
	{ "ONLINE-01 counts that do not add up do not wrap",
	  counts_may_be_askew },
	{ "ONLINE-01 200000 random counts give what 128-bit arithmetic gives",
	  agrees_with_wide_arithmetic },
	{ "ONLINE-01 a unit is asked for whole, and follows what is online of it",
	  rest_of_a_unit },
	{ "ONLINE-01 all blocks of a DIMM go to one kind of zone",
	  a_dimm_is_all_of_a_kind },
	{ "ONLINE-01 a dynamic device gets as much movable memory as the ratio allows",
	  a_dynamic_device_is_filled_up },
};

TAP_SUITE(suite_zone_choice, tests);
