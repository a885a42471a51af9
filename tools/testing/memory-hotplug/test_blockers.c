// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of blockers.c: every combination of facts has a kind, the reason that lasts
 * longest; the list keeps count of what it has no place for.
 */
#include <stdint.h>
#include <string.h>

#include "../../../mm/memory_hotplug/blockers.h"
#include "tap.h"

#define EXPECT(cond, ...)						\
	do {								\
		if (!(cond))						\
			tap_fail(__VA_ARGS__);				\
	} while (0)

static void known_pages(void)
{
	static const struct {
		struct blocker_facts facts;
		enum blocker_kind want;
	} cases[] = {
		{ { .data = true }, BLOCKER_NONE },
		{ { .data = true, .refs = -3 }, BLOCKER_NONE },
		{ { .data = true, .refs = 1 }, BLOCKER_PINNED },
		{ { .data = true, .refs = 1, .stuck = true, .writeback = true },
		  BLOCKER_PINNED },
		{ { .data = true, .stuck = true, .writeback = true },
		  BLOCKER_WRITEBACK },
		/* to pass: these alone keep nobody from trying */
		{ { .data = true, .writeback = true, .locked = true },
		  BLOCKER_NONE },
		{ { .data = true, .stuck = true, .locked = true }, BLOCKER_LOCKED },
		{ { .data = true, .stuck = true, .no_room = true },
		  BLOCKER_NO_MEMORY },
		{ { .data = true, .stuck = true }, BLOCKER_BUSY },
		{ { .data = true, .hugetlb = true }, BLOCKER_NONE },
		{ { .data = true, .hugetlb = true, .stuck = true },
		  BLOCKER_HUGETLB },
		{ { .data = true, .hugetlb = true, .stuck = true,
		    .no_room = true }, BLOCKER_HUGETLB },
		{ { .data = true, .hugetlb = true, .immovable = true },
		  BLOCKER_HUGETLB },
		{ { .data = true, .hugetlb = true, .refs = 2 }, BLOCKER_PINNED },
		{ { .slab = true }, BLOCKER_SLAB },
		{ { .slab = true, .refs = 1 }, BLOCKER_SLAB },
		{ { .table = true }, BLOCKER_TABLE },
		{ { .driver = true }, BLOCKER_DRIVER },
		{ { .reserved = true }, BLOCKER_RESERVED },
		{ { .refs = 1 }, BLOCKER_KERNEL },
		{ { }, BLOCKER_KERNEL },
		{ { .data = true, .poisoned = true, .refs = 1 },
		  BLOCKER_POISON },
		{ { .boot = true, .data = true }, BLOCKER_BOOT },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum blocker_kind kind = blocker_kind_of(&cases[i].facts);

		EXPECT(kind == cases[i].want, "case %u is %s, not %s", i,
		       blocker_kind_name(kind),
		       blocker_kind_name(cases[i].want));
	}
}

static struct blocker_facts facts_of(unsigned int bits, int refs)
{
	return (struct blocker_facts){
		.refs = refs,
		.boot = bits & 1, .poisoned = bits & 2, .table = bits & 4,
		.slab = bits & 8, .driver = bits & 16, .reserved = bits & 32,
		.data = bits & 64, .hugetlb = bits & 128,
		.immovable = bits & 256, .writeback = bits & 512,
		.locked = bits & 1024, .stuck = bits & 2048,
		.no_room = bits & 4096,
	};
}

static void check_facts(unsigned int bits, int refs)
{
	struct blocker_facts f = facts_of(bits, refs);
	enum blocker_kind kind = blocker_kind_of(&f);

	EXPECT(kind < BLOCKER_KINDS, "%#x has no kind", bits);
	if (kind == BLOCKER_NONE)
		EXPECT(f.data && !f.stuck && !f.poisoned && !f.boot && refs <= 0,
		       "%#x with %d references may go", bits, refs);
	if (f.stuck)
		EXPECT(kind != BLOCKER_NONE, "%#x is stuck, and may go", bits);
	if (kind == BLOCKER_PINNED)
		EXPECT(refs > 0, "%#x is pinned by nobody", bits);
}

static void all_facts(void)
{
	unsigned int bits;
	int refs;

	for (bits = 0; bits < 1 << 13; bits++)
		for (refs = -1; refs <= 1; refs++)
			check_facts(bits, refs);
}

static void kinds_have_names(void)
{
	unsigned int i, k;

	for (i = 0; i < BLOCKER_KINDS; i++) {
		const char *name = blocker_kind_name(i);

		EXPECT(name && *name && !strpbrk(name, " \t\n?"), "kind %u", i);
		for (k = 0; k < i; k++)
			EXPECT(strcmp(name, blocker_kind_name(k)),
			       "%u and %u are both %s", i, k, name);
	}
	EXPECT(!strcmp(blocker_kind_name(BLOCKER_KINDS), "?"), "one too many");
	EXPECT(!strcmp(blocker_kind_name(-1), "?"), "a negative kind");
}

static struct blocker_list list;

static void add(u64 pfn, u64 count, enum blocker_kind kind, int refs,
		const char *owner)
{
	struct blocker b = { .pfn = pfn, .count = count, .kind = kind,
			     .refs = refs };

	strcpy(b.owner, owner);
	blocker_list_add(&list, &b);
}

static void neighbours_are_one(void)
{
	blocker_list_clear(&list);
	add(100, 1, BLOCKER_SLAB, 0, "a");
	add(101, 4, BLOCKER_SLAB, 0, "a");
	add(105, 1, BLOCKER_SLAB, 0, "b");	/* another owner */
	add(107, 1, BLOCKER_SLAB, 0, "b");	/* not the next one */
	add(108, 1, BLOCKER_PINNED, 0, "b");	/* another kind */
	add(109, 1, BLOCKER_PINNED, 1, "b");	/* other references */
	EXPECT(list.nr == 5, "%u entries", list.nr);
	EXPECT(list.at[0].pfn == 100 && list.at[0].count == 5, "not joined");
	EXPECT(list.pages == 9 && !list.lost, "%llu pages, %llu lost",
	       (unsigned long long)list.pages, (unsigned long long)list.lost);
}

static void what_is_too_much_is_counted(void)
{
	u64 i, more = 1000;

	blocker_list_clear(&list);
	for (i = 0; i < BLOCKERS_KEPT + more; i++)
		add(2 * i, 1, BLOCKER_PINNED, 1, "-");
	EXPECT(list.nr == BLOCKERS_KEPT, "%u entries", list.nr);
	EXPECT(list.lost == more, "%llu lost", (unsigned long long)list.lost);
	EXPECT(list.pages == BLOCKERS_KEPT + more, "%llu pages",
	       (unsigned long long)list.pages);
	/* behind what was lost nothing continues the last one that is kept */
	i = list.at[BLOCKERS_KEPT - 1].pfn;
	add(i + 1, 1, BLOCKER_PINNED, 1, "-");
	EXPECT(list.at[BLOCKERS_KEPT - 1].count == 1, "joined over a gap");
	blocker_list_clear(&list);
	EXPECT(!list.nr && !list.lost && !list.pages, "not cleared");
}

static void waiting_may_help(void)
{
	unsigned int i;

	for (i = 0; i < BLOCKER_KINDS; i++) {
		bool passing = i == BLOCKER_NONE || i == BLOCKER_PINNED ||
			       i == BLOCKER_WRITEBACK || i == BLOCKER_LOCKED ||
			       i == BLOCKER_NO_MEMORY || i == BLOCKER_BUSY;
		u64 pfn;

		blocker_list_clear(&list);
		/* also if there is no place for it */
		for (pfn = 0; pfn < 2 * BLOCKERS_KEPT; pfn += 2)
			add(pfn, 1, BLOCKER_PINNED, 1, "-");
		EXPECT(!blocker_list_lasting(&list), "pinned pages last");
		add(pfn, 1, i, 0, "-");
		EXPECT(blocker_list_lasting(&list) == !passing, "%s",
		       blocker_kind_name(i));
	}
}

static void owners_are_one_word(void)
{
	char owner[BLOCKER_OWNER_SIZE];

	strcpy(owner, "pid:1:a b\tc\nd\x01\xff");
	blocker_owner_tidy(owner);
	EXPECT(!strcmp(owner, "pid:1:a_b_c_d__"), "%s", owner);
	owner[0] = '\0';
	blocker_owner_tidy(owner);
	EXPECT(!strcmp(owner, "-"), "%s", owner);
	memset(owner, 'x', sizeof(owner));
	blocker_owner_tidy(owner);
	EXPECT(strlen(owner) == sizeof(owner) - 1, "no end");
}

static const struct tap_test tests[] = {
	{ "OFFLINE-03 what is known of a page gives its kind", known_pages },
	{ "OFFLINE-03 all combinations of facts have a kind that fits", all_facts },
	{ "OFFLINE-03 each kind has a name of its own, of one word", kinds_have_names },
	{ "OFFLINE-03 pages that follow one another are one entry", neighbours_are_one },
	{ "OFFLINE-03 what the list has no place for is counted", what_is_too_much_is_counted },
	{ "OFFLINE-02 waiting may help against data in use, and nothing else", waiting_may_help },
	{ "OFFLINE-03 an owner is one word, whatever it is called", owners_are_one_word },
};

TAP_SUITE(suite_blockers, tests);
