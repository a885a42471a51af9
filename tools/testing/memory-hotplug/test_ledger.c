// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the ledger of boot memory. The reference counts, for each address of a
 * small space and each owner, how often it is held and how often it was returned.
 */
#include <string.h>

#include <linux/types.h>

#include "../../../mm/boot_memory/ledger.h"
#include "tap.h"

#define SPACE	24
#define OWNERS	6
#define ROOM	4096
#define RUNS	200000

static struct ledger_entry array[ROOM + 1];
static struct ledger ledger;

static int held[OWNERS][SPACE], returned[OWNERS][SPACE];
static u64 state;

static unsigned int draw(unsigned int below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

/* Owners of each kind. */
static u8 kind_of(unsigned int owner)
{
	return owner % 3;
}

static void begin(unsigned int room)
{
	memset(array, 0x5a, sizeof(array));
	memset(held, 0, sizeof(held));
	memset(returned, 0, sizeof(returned));
	ledger = (struct ledger){ .at = array, .room = room };
}

static void reserve(u64 start, u64 end, unsigned int owner)
{
	/* what the caller says of returned must not count */
	const struct ledger_entry e = { start, end, owner, kind_of(owner), start & 1 };

	ledger_reserve(&ledger, &e);
	for (u64 i = start; i < end; i++)
		held[owner][i]++;
}

static void give_back(u64 start, u64 end, bool unmapped)
{
	ledger_return(&ledger, start, end, unmapped);
	for (unsigned int o = 0; o < OWNERS; o++)
		for (u64 i = start; i < end; i++)
			if ((kind_of(o) == LEDGER_UNMAPPED) == unmapped) {
				returned[o][i] += held[o][i];
				held[o][i] = 0;
			}
}

/* Entries say how often an address is held (or was), less what was dropped. */
static void compare(void)
{
	int left[2][OWNERS][SPACE];
	const struct ledger_entry *e;

	memcpy(left[0], held, sizeof(held));
	memcpy(left[1], returned, sizeof(returned));
	if (ledger.nr > ledger.room)
		tap_fail("%u entries in room for %u", ledger.nr, ledger.room);
	for (e = array; e < array + ledger.nr; e++) {
		if (e->start >= e->end || e->end > SPACE || e->owner >= OWNERS ||
		    e->kind != kind_of(e->owner)) {
			tap_fail("a broken entry %llu-%llu", e->start, e->end);
			return;
		}
		for (u64 i = e->start; i < e->end; i++)
			left[e->returned][e->owner][i]--;
	}
	for (unsigned int o = 0; o < OWNERS; o++)
		for (unsigned int i = 0; i < SPACE; i++) {
			if (left[0][o][i] < 0 || left[1][o][i] < 0)
				tap_fail("address %u of owner %u: too often", i, o);
			if (left[0][o][i] && !ledger.lost)
				tap_fail("address %u of owner %u is missing", i, o);
			if (left[1][o][i] && !ledger.lost && !ledger.forgotten)
				tap_fail("address %u of owner %u: no return", i, o);
		}
}

/* ledger_next() gives the entries that are held in a range, and no other. */
static void compare_next(u64 start, u64 end)
{
	const struct ledger_entry *e, *f;
	unsigned int at = 0;

	for (f = array; f < array + ledger.nr; f++) {
		if (f->returned || f->start >= end || f->end <= start)
			continue;
		e = ledger_next(&ledger, &at, start, end);
		if (e != f)
			tap_fail("the next entry is another one");
	}
	if (ledger_next(&ledger, &at, start, end))
		tap_fail("an entry more than there are");
}

static void step(void)
{
	u64 start = draw(SPACE), end = start + draw(SPACE - start + 1);

	if (draw(3))
		reserve(start, end, draw(OWNERS));
	else
		give_back(start, end, !draw(3));
	compare();
	compare_next(draw(SPACE), draw(SPACE + 1));
}

static void run_randomly(unsigned int room)
{
	for (int i = 0; i < RUNS && !tap_failed(); i++) {
		if (i % 40 == 0)
			begin(room);
		tap_context("step %d, room for %u", i, room);
		step();
	}
}

static void agrees(void)
{
	run_randomly(ROOM);
	if (ledger.lost || ledger.forgotten)
		tap_fail("something is lost where there is room");
}

static void no_room(void)
{
	for (unsigned int room = 0; room < 12; room++)
		run_randomly(room);
}

static void pieces(void)
{
	begin(2);
	reserve(10, 11, 0);
	reserve(3, 4, 1);
	for (u64 i = 0; i < 6; i++)
		reserve(9 - i, 10 - i, 0);
	reserve(11, 12, 0);
	if (ledger.nr != 2 || array[0].start != 4 || array[0].end != 12)
		tap_fail("%u entries, the first %llu-%llu", ledger.nr,
			 array[0].start, array[0].end);
	compare();
}

/*
 *	0   2   4   6   8
 *	|aaa|bbb|aaa|bbb|	b is returned; room for four
 */
static void makes_room(void)
{
	begin(4);
	for (u64 i = 0; i < 8; i += 2)
		reserve(i, i + 2, i / 2 % 2);
	give_back(2, 4, false);
	give_back(6, 8, false);
	reserve(10, 12, 2);
	if (ledger.nr != 4 || ledger.forgotten != 1 || ledger.lost)
		tap_fail("%u entries, %u forgotten, %u lost", ledger.nr,
			 ledger.forgotten, ledger.lost);
	if (array[1].start != 4 || array[2].start != 6 || array[3].start != 10)
		tap_fail("not the oldest returned one had to go");
	reserve(14, 16, 3);
	reserve(20, 21, 4);
	if (ledger.nr != 4 || ledger.forgotten != 2 || ledger.lost != 1)
		tap_fail("%u entries, %u forgotten, %u lost", ledger.nr,
			 ledger.forgotten, ledger.lost);
}

static void partly(void)
{
	begin(ROOM);
	reserve(4, 12, 0);
	give_back(6, 8, false);
	compare();
	if (ledger.nr != 3)
		tap_fail("%u entries of one with a hole", ledger.nr);
	give_back(0, SPACE, false);
	compare();
	compare_next(0, SPACE);
	unsigned int at = 0;

	if (ledger_next(&ledger, &at, 0, SPACE))
		tap_fail("something is held still");
}

static void unmapped_is_apart(void)
{
	unsigned int at = 0;
	const struct ledger_entry *e;

	begin(ROOM);
	reserve(4, 8, LEDGER_RESERVED);
	reserve(4, 8, LEDGER_UNMAPPED);
	give_back(4, 8, false);
	e = ledger_next(&ledger, &at, 0, SPACE);
	if (!e || e->kind != LEDGER_UNMAPPED ||
	    ledger_next(&ledger, &at, 0, SPACE))
		tap_fail("a return of what is reserved maps it");
	give_back(4, 8, true);
	at = 0;
	if (ledger_next(&ledger, &at, 0, SPACE))
		tap_fail("mapped again, and still held");
}

static const struct tap_test tests[] = {
	{ "BOOT-03 200000 random reservations and returns agree with a count for each address",
	  agrees },
	{ "BOOT-03 without room a ledger says how much it lacks, and the rest is right",
	  no_room },
	{ "BOOT-03 what one owner takes piece by piece is one entry", pieces },
	{ "BOOT-03 a full ledger forgets the oldest that was returned, then says what it lost",
	  makes_room },
	{ "BOOT-03 BOOT-04 a part that is returned leaves the others held", partly },
	{ "BOOT-03 memory that must not be mapped is returned by itself",
	  unmapped_is_apart },
};

TAP_SUITE(suite_ledger, tests);
