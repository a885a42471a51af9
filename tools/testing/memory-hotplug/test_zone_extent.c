// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of zone_extent.c against a reference that looks at every page.
 *
 * The model is a row of units, each of a zone or of none. A page is the zone's if
 * its unit is; a unit is as many pages as the kernel knows together (a
 * subsection), and SECTION of them are online or not as a whole. Boot memory may
 * have holes; what comes later are sections.
 */
#include <string.h>

#include "../../../mm/memory_hotplug/zone_extent.h"
#include "tap.h"

#define UNIT		16UL		/* pages */
#define SECTION		4UL		/* units */
#define UNITS		256UL
#define ZONES		3
#define NOBODY		0xff
#define ROUNDS		400
#define STEPS		400

static unsigned char owner[UNITS];
static struct zone_extent extent[ZONES];
static unsigned long questions;

static unsigned long draw(unsigned long below)
{
	static unsigned long long state = 5;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

/* What the kernel can tell: nothing of a section is the zone's, or of a unit. */
static unsigned long gap(const void *zone, unsigned long pfn)
{
	unsigned char mine = *(const unsigned char *)zone;
	unsigned long unit = pfn / UNIT, first = unit - unit % SECTION, i;

	questions++;
	if (pfn >= UNITS * UNIT)
		tap_fail("asked for page %lu, which nobody has", pfn);
	for (i = first; i < first + SECTION; i++)
		if (owner[i] != NOBODY)
			break;
	if (i == first + SECTION)
		return SECTION * UNIT;
	return owner[unit] == mine ? 0 : UNIT;
}

/* What looking at every page gives. */
static struct zone_extent by_looking(unsigned char zone)
{
	struct zone_extent e = { 0 };
	unsigned long pfn;

	for (pfn = 0; pfn < UNITS * UNIT; pfn++) {
		if (owner[pfn / UNIT] != zone)
			continue;
		if (!e.owned++)
			e.first = pfn;
		e.end = pfn + 1;
	}
	return e;
}

static void compare(unsigned char zone, const char *after)
{
	struct zone_extent want = by_looking(zone), *have = &extent[zone];
	bool whole = want.owned && want.owned == want.end - want.first;

	if (memcmp(&want, have, sizeof(want)))
		tap_fail("zone %u after %s: %lu-%lu with %lu, not %lu-%lu with %lu",
			 zone, after, have->first, have->end, have->owned,
			 want.first, want.end, want.owned);
	if (zone_extent_is_whole(have) != whole)
		tap_fail("zone %u after %s: not %s", zone, after,
			 whole ? "whole" : "with holes");
}

static void compare_all(const char *after)
{
	unsigned char zone;

	for (zone = 0; zone < ZONES && !tap_failed(); zone++)
		compare(zone, after);
}

static void give(unsigned char zone, unsigned long first, unsigned long nr)
{
	memset(owner + first, zone, nr);
	zone_extent_add(&extent[zone], first * UNIT, (first + nr) * UNIT);
}

static void take(unsigned char zone, unsigned long first, unsigned long nr)
{
	memset(owner + first, NOBODY, nr);
	zone_extent_remove(&extent[zone], first * UNIT, (first + nr) * UNIT,
			   gap, &zone);
}

static void start_empty(void)
{
	memset(owner, NOBODY, sizeof(owner));
	memset(extent, 0, sizeof(extent));
}

/* Boot memory: runs of units with holes of units between them. */
static void start_with_boot_memory(void)
{
	unsigned long at = draw(2 * SECTION), end = UNITS / 2, nr;

	start_empty();
	while (at < end) {
		nr = 1 + draw(3 * SECTION);
		give(draw(2), at, nr);
		at += nr + (draw(3) ? 0 : 1 + draw(2 * SECTION));
	}
}

/* Is it one owner's from @first on, for @nr units? */
static bool alike(unsigned long first, unsigned long nr)
{
	unsigned long i;

	if (first + nr > UNITS)
		return false;
	for (i = first; i < first + nr; i++)
		if (owner[i] != owner[first])
			return false;
	return true;
}

static void change_something(void)
{
	unsigned long first = SECTION * draw(UNITS / SECTION);
	unsigned long nr = SECTION * (1 + draw(4));

	if (!alike(first, nr))
		return;
	if (owner[first] == NOBODY)
		give(draw(ZONES), first, nr);
	else
		take(owner[first], first, nr);
}

static void random_rounds(void (*start)(void))
{
	int round, step;

	for (round = 0; round < ROUNDS && !tap_failed(); round++) {
		start();
		compare_all("boot");
		for (step = 0; step < STEPS && !tap_failed(); step++) {
			tap_context("round %d step %d", round, step);
			change_something();
			compare_all("a step");
		}
	}
}

static void any_order_on_an_empty_zone(void)
{
	random_rounds(start_empty);
}

static void boot_memory_with_holes(void)
{
	random_rounds(start_with_boot_memory);
}

static void filling_the_only_hole_makes_it_whole(void)
{
	start_empty();
	give(0, 0, SECTION);
	give(0, 2 * SECTION, SECTION);
	if (zone_extent_is_whole(&extent[0]))
		tap_fail("whole with a hole");
	give(1, SECTION, SECTION);
	if (zone_extent_is_whole(&extent[0]))
		tap_fail("whole with another zone's pages");
	take(1, SECTION, SECTION);
	give(0, SECTION, SECTION);
	if (!zone_extent_is_whole(&extent[0]))
		tap_fail("not whole without a hole");
}

/* Front and end of a block may go one after the other, the front last. */
static void a_front_that_goes_last(void)
{
	unsigned char zone = 0;

	start_empty();
	give(0, 0, 1);
	give(0, 1, SECTION - 1);
	memset(owner, NOBODY, SECTION);
	zone_extent_remove(&extent[0], UNIT, SECTION * UNIT, gap, &zone);
	if (zone_extent_is_whole(&extent[0]))
		tap_fail("an empty extent is whole");
	zone_extent_remove(&extent[0], 0, UNIT, gap, &zone);
	compare(0, "both are gone");
}

/* What each step asks does not grow with the zone. */
static void a_step_costs_the_same_in_a_large_zone(void)
{
	unsigned long i, most = 0;

	start_empty();
	for (i = 0; i < UNITS; i += SECTION)
		give(0, i, SECTION);
	for (i = UNITS; i; i -= SECTION) {
		questions = 0;
		take(0, i - SECTION, SECTION);
		most = questions > most ? questions : most;
	}
	compare(0, "all is gone");
	if (most > 1)
		tap_fail("%lu questions", most);
}

static const struct tap_test tests[] = {
	{ "ONLINE-04 in any order, span and contiguity are what every page says",
	  any_order_on_an_empty_zone },
	{ "ONLINE-04 so they are with holes and several zones in boot memory",
	  boot_memory_with_holes },
	{ "ONLINE-04 a zone is contiguous once its last hole is filled with its own pages",
	  filling_the_only_hole_makes_it_whole },
	{ "ONLINE-04 pages that hold page structs may leave after those they describe",
	  a_front_that_goes_last },
	{ "ONLINE-04 a step costs one look, however large the zone is",
	  a_step_costs_the_same_in_a_large_zone },
};

TAP_SUITE(suite_zone_extent, tests);
