// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of pfn_map.c against a reference that has a byte for each page.
 *
 * A machine is a row of pages. Boot memory is runs of them, RAM or NOMAP, with holes
 * or without; sections that have nothing may become RAM, and sections that have
 * something may go.
 */
#include <stdlib.h>
#include <string.h>

#include "../../../mm/pfn_state/pfn_map.h"
#include "tap.h"

/* Sections of 64 pages fill several leaves; the others are those of real kernels. */
static const struct {
	unsigned int order;
	unsigned long sections;
	int rounds;
} sizes[] = {
	{  6, 3 * PFN_LEAF_WORDS, 40 },
	{ 13, 24, 60 },		/* 16K and 64K pages */
	{ 15, 24, 20 },		/* 4K pages */
};

#define SIZES	(sizeof(sizes) / sizeof(sizes[0]))
#define FAR	4		/* sections behind the reference */

static struct pfn_map map;
static unsigned char *want;		/* enum pfn_kind of each page */
static unsigned int order;
static unsigned long nr_sections;

static long allocated, countdown;

/* The countdown-th allocation fails. */
static void *test_alloc(size_t size)
{
	if (countdown && !--countdown)
		return NULL;
	allocated++;
	return calloc(1, size);
}

static void test_free(void *memory)
{
	allocated--;
	free(memory);
}

static const struct pfn_map_ops ops = { test_alloc, test_free };

static unsigned long draw(unsigned long below)
{
	static unsigned long long state = 11;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static unsigned long section(void)
{
	return 1UL << order;
}

static unsigned long all_pages(void)
{
	return nr_sections << order;
}

static bool begin(unsigned long i)
{
	order = sizes[i].order;
	nr_sections = sizes[i].sections;
	want = calloc(1, all_pages());
	return pfn_map_init(&map, order, nr_sections + FAR, &ops);
}

static void end(void)
{
	free(want);
	pfn_map_destroy(&map);
	if (allocated)
		tap_fail("%ld allocations are lost", allocated);
}

static bool boot_run(unsigned long pfn, unsigned long nr, bool nomap)
{
	memset(want + pfn, nomap ? PFN_NOMAP : PFN_RAM, nr);
	return pfn_map_add_boot(&map, pfn, pfn + nr, nomap);
}

/* A few pages, or about a section, or some, or just to the end of one. */
static unsigned long run_length(unsigned long pfn)
{
	switch (draw(4)) {
	case 0:
		return 1 + draw(70);
	case 1:
		return 1 + draw(2 * section());
	case 2:
		return (1 + draw(6)) * section();
	default:
		return section() - (pfn & (section() - 1)) + draw(3) * section();
	}
}

static bool boot_layout(void)
{
	unsigned long pfn = draw(2 * section()), stop = all_pages() / 4 * 3, nr;

	while (pfn < stop) {
		nr = run_length(pfn);
		if (pfn + nr > all_pages())
			nr = all_pages() - pfn;
		if (!boot_run(pfn, nr, !draw(3)))
			return false;
		pfn += nr + (draw(2) ? 0 : run_length(pfn));
	}
	return true;
}

static void compare(const char *when)
{
	unsigned long pfn;

	for (pfn = 0; pfn < all_pages(); pfn++) {
		if (pfn_map_kind(&map, pfn) != want[pfn])
			tap_fail("%s: page %lu is %d, not %d", when, pfn,
				 pfn_map_kind(&map, pfn), want[pfn]);
		if (pfn_map_is_ram(&map, order, pfn) != (want[pfn] == PFN_RAM))
			tap_fail("%s: page %lu is not said to be %d", when, pfn,
				 want[pfn]);
	}
}

static void each_round(void (*test)(void))
{
	unsigned long i;
	int round;

	for (i = 0; i < SIZES; i++)
		for (round = 0; round < sizes[i].rounds && !tap_failed(); round++) {
			tap_context("sections of %u pages, round %d",
				    1U << sizes[i].order, round);
			if (!begin(i) || !boot_layout())
				tap_fail("no memory");
			test();
			end();
		}
}

static void compare_boot(void)
{
	compare("boot");
}

static void every_page_of_boot_memory(void)
{
	each_round(compare_boot);
}

/* Add where nothing is, remove whatever there is. */
static void hotplug(void)
{
	unsigned long nr = draw(nr_sections);
	unsigned char *pages = want + (nr << order), *hole;

	hole = memchr(pages, PFN_NOTHING, section());
	if (hole == pages && !memchr(pages, PFN_RAM, section()) &&
	    !memchr(pages, PFN_NOMAP, section())) {
		if (!pfn_map_make_room(&map, nr, nr))
			tap_fail("no room for section %lu", nr);
		else
			pfn_map_set(&map, nr, true);
		memset(pages, PFN_RAM, section());
	} else {
		memset(pages, PFN_NOTHING, section());
		/* what is dropped stays for its readers: take it now, to free it */
		if (pfn_map_word(&map, nr) > PFN_WORD_ALL &&
		    (u64 *)pfn_map_word(&map, nr) != map.nomap)
			test_free((void *)pfn_map_word(&map, nr));
		pfn_map_set(&map, nr, false);
	}
}

static void hotplug_some(void)
{
	int i;

	for (i = 0; i < 60 && !tap_failed(); i++)
		hotplug();
	compare("hotplug");
}

static void boot_memory_that_goes_and_comes_whole(void)
{
	each_round(hotplug_some);
}

static bool one_kind(unsigned long pfn, unsigned long last)
{
	unsigned long i;

	for (i = pfn; i <= last; i++)
		if (want[i] == PFN_NOTHING || want[i] != want[pfn])
			return false;
	return true;
}

static void compare_ranges(void)
{
	unsigned long pfn, last, i, yes = 0;

	for (i = 0; i < 400; i++) {
		pfn = draw(all_pages());
		last = pfn + draw(draw(2) ? 40 : 3 * section());
		if (last >= all_pages())
			last = all_pages() - 1;
		yes += one_kind(pfn, last);
		if (pfn_map_is_one_kind(&map, pfn, last) != one_kind(pfn, last))
			tap_fail("%lu-%lu: not %d", pfn, last, one_kind(pfn, last));
	}
	if (!yes || yes == i)
		tap_fail("all %lu ranges are alike: nothing is tested", i);
}

static void ranges_of_one_kind(void)
{
	each_round(compare_ranges);
}

static void numbers_beyond_all_memory(void)
{
	unsigned long i, bit, pfn;

	for (i = 0; i < SIZES; i++) {
		if (!begin(i) || !boot_run(0, all_pages(), false))
			tap_fail("no memory");
		pfn = all_pages();
		for (bit = pfn; bit; bit <<= 1)
			if (pfn_map_is_ram(&map, order, bit) ||
			    pfn_map_is_ram(&map, order, bit | (pfn - 1)) ||
			    pfn_map_kind(&map, bit) != PFN_NOTHING)
				tap_fail("page %#lx is RAM", bit);
		if (pfn_map_is_ram(&map, order, ~0UL))
			tap_fail("the last number of all is RAM");
		if (pfn_map_is_one_kind(&map, 0, pfn) ||
		    pfn_map_is_one_kind(&map, 1, ~0UL))
			tap_fail("RAM goes on behind its end");
		end();
	}
}

static void ranges_that_touch_need_no_map_of_pages(void)
{
	unsigned long cut;

	order = 13;
	for (cut = 1; cut < section() && !tap_failed(); cut += 1 + draw(200)) {
		if (!begin(1) || !boot_run(0, cut, false) ||
		    !boot_run(cut, section() - cut, false))
			tap_fail("no memory");
		if (pfn_map_word(&map, 0) != PFN_WORD_ALL || allocated != 2)
			tap_fail("a section of %lu and the other pages is not whole",
				 cut);
		end();
	}
}

/* 64 TiB with 4K pages, a half of it NOMAP: leaves, and one map of pages. */
static void a_lot_of_memory_needs_little(void)
{
	const unsigned long half = 1UL << (45 - 12);
	unsigned long leaves = 2 * half >> 15 >> PFN_LEAF_SHIFT;

	if (!pfn_map_init(&map, 15, 1UL << 21, &ops) ||
	    !pfn_map_add_boot(&map, 0, half, false) ||
	    !pfn_map_add_boot(&map, half, 2 * half, true))
		tap_fail("no memory");
	if (allocated != (long)leaves + 2)
		tap_fail("%ld allocations, not %lu leaves and two", allocated, leaves);
	pfn_map_destroy(&map);
	if (allocated)
		tap_fail("%ld allocations are lost", allocated);
}

/* Before @failing allocations: did all go well? */
static bool build(unsigned long i)
{
	bool good = begin(i) && boot_run(3, 5 * section(), false) &&
		    boot_run(7 * section(), 3 * section(), true) &&
		    boot_run(11 * section() + 9, 9, true) &&
		    pfn_map_make_room(&map, nr_sections - 2, nr_sections);

	countdown = 0;
	return good;
}

static void each_allocation_fails_once(void)
{
	unsigned long i;
	long k;

	for (i = 0; i < SIZES; i++)
		for (k = 1; !tap_failed(); k++) {
			tap_context("allocation %ld fails", k);
			countdown = k;
			if (build(i)) {
				end();
				break;
			}
			end();
		}
}

static void room_that_cannot_be(void)
{
	if (!begin(1))
		tap_fail("no memory");
	if (pfn_map_make_room(&map, 5, 4))
		tap_fail("room for less than nothing");
	if (pfn_map_make_room(&map, 0, PFN_LEAF_WORDS) ||
	    pfn_map_make_room(&map, ~0UL, ~0UL))
		tap_fail("room for sections that there cannot be");
	if (!pfn_map_make_room(&map, 0, PFN_LEAF_WORDS - 1) ||
	    !pfn_map_make_room(&map, 0, PFN_LEAF_WORDS - 1) || allocated != 2)
		tap_fail("%ld allocations for a root and a leaf", allocated);
	end();
}

static const struct tap_test tests[] = {
	{ "VALID-03 RAM, NOMAP and holes of boot memory are what every page says",
	  every_page_of_boot_memory },
	{ "VALID-03 sections that come and go are so as a whole, also where boot had holes",
	  boot_memory_that_goes_and_comes_whole },
	{ "VALID-03 a range is of one kind if each of its pages is",
	  ranges_of_one_kind },
	{ "VALID-03 no number beyond all memory is RAM",
	  numbers_beyond_all_memory },
	{ "VALID-03 ranges that touch make a section whole, wherever they do",
	  ranges_that_touch_need_no_map_of_pages },
	{ "VALID-03 64 TiB need a word for each section",
	  a_lot_of_memory_needs_little },
	{ "VALID-03 when an allocation fails, whichever it is, nothing is lost",
	  each_allocation_fails_once },
	{ "VALID-03 there is room for sections that can be, and only for those",
	  room_that_cannot_be },
};

TAP_SUITE(suite_pfn_map, tests);
