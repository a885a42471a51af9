// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer's entry for what page frames are: boot memory first, run by run, then sections
 * that come and go, and memory that cannot be had in between. The reference is a journal:
 * the last that was said of a page is what it is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../../mm/pfn_state/pfn_map.h"
#include "fuzz.h"

const char fuzz_claim[] =
	"VALID-03 SAFE-04 the fuzz input %s agrees with the journal";

#define ORDER		6
#define PAGES		(1UL << ORDER)
#define SECTIONS	(2 * PFN_LEAF_WORDS)
#define END		(SECTIONS * PAGES)
#define FIRST		((PFN_LEAF_WORDS - 64) * PAGES)	/* boot memory: in two leaves */
#define EVENTS		40
#define HELD		256

struct event {
	unsigned long pfn, end;
	enum pfn_kind kind;
};

static struct event journal[EVENTS];
static unsigned int nr_events;
static struct pfn_map map;
static void *held[HELD];
static unsigned int nr_held, countdown;
static bool changed;

/* The countdown-th allocation fails. */
static void *test_alloc(size_t size)
{
	if (nr_held == HELD || (countdown && !--countdown))
		return NULL;
	return held[nr_held++] = calloc(1, size);
}

static void test_free(void *memory)
{
	unsigned int i;

	for (i = 0; i < nr_held && held[i] != memory; i++)
		;
	if (i == nr_held)
		abort();
	held[i] = held[--nr_held];
	free(memory);
}

/* Maps of pages are kept, by nobody, when their section goes. */
static void expect_nothing_held(void)
{
	if (nr_held && !changed)
		abort();
	while (nr_held)
		free(held[--nr_held]);
}

static const struct pfn_map_ops ops = { test_alloc, test_free };

static void need(bool good, const char *what, unsigned long pfn)
{
	if (good)
		return;
	fprintf(stderr, "# %s, page %#lx\n", what, pfn);
	abort();
}

static void note(unsigned long pfn, unsigned long end, enum pfn_kind kind)
{
	journal[nr_events++] = (struct event){ pfn, end, kind };
}

static enum pfn_kind last_said(unsigned long pfn)
{
	unsigned int i = nr_events;

	while (i--)
		if (journal[i].pfn <= pfn && pfn < journal[i].end)
			return journal[i].kind;
	return PFN_NOTHING;
}

/* A number that is often a multiple of a section. */
static unsigned long take_pages(struct fuzz_input *in)
{
	static const u8 shift[] = { 0, 0, 3, 4, ORDER, ORDER, 7, 8 };
	u64 kind = fuzz_take(in, 1);

	return (fuzz_take(in, 1) << shift[kind & 7]) + (kind >> 3 & 1);
}

/* Runs of boot memory follow one another. */
static bool boot(struct fuzz_input *in)
{
	unsigned int runs = fuzz_take(in, 1) & 15;
	unsigned long pfn = FIRST, end;
	bool nomap;

	while (runs--) {
		pfn += take_pages(in);
		end = pfn + take_pages(in);
		nomap = fuzz_take(in, 1) & 1;
		if (end > END)
			break;
		if (!pfn_map_add_boot(&map, pfn, end, nomap))
			return false;
		if (pfn < end)
			note(pfn, end, nomap ? PFN_NOMAP : PFN_RAM);
		pfn = end;
	}
	return true;
}

static void change(struct fuzz_input *in)
{
	unsigned long nr = FIRST / PAGES - 4 + fuzz_take(in, 1) % 160;
	unsigned long last = nr + fuzz_take(in, 1) % 4, i;
	u64 how = fuzz_take(in, 1);
	bool ram = how & 1;

	if (how & 128)		/* behind what can be */
		last += SECTIONS;
	if (!pfn_map_make_room(&map, nr, last))
		return;
	need(last < SECTIONS, "room for what cannot be", last * PAGES);
	for (i = nr; i <= last; i++)
		pfn_map_set(&map, i, ram);
	changed = true;
	note(nr * PAGES, (last + 1) * PAGES, ram ? PFN_RAM : PFN_NOTHING);
}

static void check(unsigned long pfn)
{
	enum pfn_kind want = last_said(pfn);

	need(pfn_map_kind(&map, pfn) == want, "another kind", pfn);
	need(pfn_map_is_ram(&map, ORDER, pfn) == (want == PFN_RAM), "RAM or not",
	     pfn);
	need(pfn_map_is_one_kind(&map, pfn, pfn) == (want != PFN_NOTHING),
	     "one kind of one page", pfn);
}

/* Kinds change only where something in the journal begins or ends. */
static bool is_one_kind(unsigned long pfn, unsigned long last)
{
	enum pfn_kind kind = last_said(pfn);
	unsigned int i;

	for (i = 0; i < nr_events; i++) {
		if (pfn <= journal[i].pfn && journal[i].pfn <= last &&
		    last_said(journal[i].pfn) != kind)
			return false;
		if (pfn <= journal[i].end && journal[i].end <= last &&
		    last_said(journal[i].end) != kind)
			return false;
	}
	return kind != PFN_NOTHING;
}

static void check_range(unsigned long pfn, unsigned long last)
{
	if (pfn <= last && last < END)
		need(pfn_map_is_one_kind(&map, pfn, last) ==
		     is_one_kind(pfn, last), "one kind", pfn);
}

static void compare(void)
{
	unsigned int i;

	check(0);
	check(END - 1);
	check(END);
	check(~0UL);
	for (i = 0; i < nr_events; i++) {
		check(journal[i].pfn);
		check(journal[i].end - 1);
		check(journal[i].end);
		check_range(journal[i].pfn, journal[i].end - 1);
		check_range(journal[i].pfn, journal[i].end);
		check_range(journal[0].pfn, journal[i].end - 1);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct fuzz_input in = { data, data + len };

	nr_events = 0;
	changed = false;
	countdown = fuzz_take(&in, 1);
	if (pfn_map_init(&map, ORDER, SECTIONS, &ops) && boot(&in)) {
		while (!fuzz_dry(&in) && nr_events < EVENTS)
			change(&in);
		compare();
	}
	pfn_map_destroy(&map);
	expect_nothing_held();
	return 0;
}
