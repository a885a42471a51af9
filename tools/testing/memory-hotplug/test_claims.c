// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of claims and of the map that is made from them. The reference is an array
 * with a cell for each rank and each range between two neighbours of a row of points;
 * the points are far apart and close together, and all claims go from one to another.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>

#include "../../../mm/node_map/claims.h"
#include "../../../mm/node_map/fast.h"
#include "tap.h"

#define NODES	16
#define POINTS	40
#define ROOM	256
#define GIB	(1ULL << 30)
#define TIB	(1ULL << 40)
#define END	(1ULL << MAX_PHYSMEM_BITS)
#define PAGE	(1ULL << NODE_PAGE_SHIFT)
#define TABLES	3000
#define LARGE	1024		/* ranges of a large table */
#define MOST	(64 << 10)	/* bytes that the map of a large table may take */

static struct window arrays[NODE_RANKS][4 * LARGE];
static struct node_claims claims;
static struct node_fast fast;
static u64 *cuts;
static void *map;
static size_t most = MOST;	/* bytes that it may take */

static u64 point[POINTS];
static int model[NODE_RANKS][POINTS];
static u64 state;

static u64 draw64(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 33 ^ state << 20;
}

static unsigned int draw(unsigned int below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static void begin(unsigned int room)
{
	memset(&claims, 0, sizeof(claims));
	for (int rank = 0; rank < NODE_RANKS; rank++) {
		claims.rank[rank].at = arrays[rank];
		claims.rank[rank].room = room;
	}
	claims.end = END;
	claims.nr_nodes = NODES;
	memset(model, 0xff, sizeof(model));
}

static void drop_fast(void)
{
	free(cuts);
	free(map);
	cuts = map = NULL;
}

static size_t fast_bytes(void)
{
	return sizeof(fast) + node_fast_size(&fast);
}

/* In memory of exactly the size that was asked for: the sanitizer sees to the rest. */
static void make_fast(void)
{
	drop_fast();
	node_fast_start(&fast, &claims);
	cuts = malloc(node_fast_cuts_size(&fast));
	node_fast_plan(&fast, &claims, cuts);
	map = malloc(node_fast_size(&fast));
	node_fast_fill(&fast, map);
	if (fast_bytes() > most)
		tap_fail("%zu bytes", fast_bytes());
}

static enum node_verdict claim(u64 start, u64 size, int nid, enum node_kind kind,
			       enum node_source source)
{
	const struct node_claim new = { start, size, nid, kind, source };
	struct window other;

	return node_claims_add(&claims, &new, &other);
}

static void expect_claim(u64 start, u64 size, int nid, enum node_kind kind,
			 enum node_source source, enum node_verdict want)
{
	enum node_verdict got = claim(start, size, nid, kind, source);

	if (got != want)
		tap_fail("%#llx+%#llx of node %d: verdict %d, not %d", start, size,
			 nid, got, want);
}

static void expect_node(u64 addr, int want)
{
	int slow = node_claims_find(&claims, addr);
	int quick = node_fast_find(&fast, addr);

	if (slow != want || quick != want)
		tap_fail("%#llx: node %d of claims and %d of the map, not %d",
			 addr, slow, quick, want);
}

/* ---- random tables ---- */

static u64 random_address(void)
{
	static const u64 grain[] = { NODE_UNIT, 1ULL << 21, 1ULL << 27, GIB,
				     TIB, 1ULL << 47 };
	u64 unit = grain[draw(6)], space = unit << (4 + draw(12));

	space = space > END ? END : space;
	return (draw64() % (space / unit)) * unit;
}

static int by_address(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void choose_points(void)
{
	unsigned int i;

	for (i = 0; i < POINTS; i++) {
		point[i] = random_address();
		if (i && !draw(3))
			point[i] = point[i - 1] + NODE_UNIT * draw(3);
	}
	qsort(point, POINTS, sizeof(*point), by_address);
	for (i = 1; i < POINTS; i++)
		if (point[i] <= point[i - 1])
			point[i] = point[i - 1] + NODE_UNIT;
}

static int model_code(unsigned int i)
{
	for (int rank = 0; rank < NODE_RANKS; rank++)
		if (model[rank][i] != NODE_UNKNOWN)
			return rank == NODE_RANK_RULE ?
			       NODE_BY_RULE - model[rank][i] : model[rank][i];
	return NODE_UNKNOWN;
}

static int model_node(u64 addr)
{
	const struct node_rule *rule;
	int code = NODE_UNKNOWN;
	u64 node;

	for (unsigned int i = 0; i + 1 < POINTS; i++)
		if (point[i] <= addr && addr < point[i + 1])
			code = model_code(i);
	if (code > NODE_BY_RULE)
		return code;
	rule = &claims.rule[NODE_BY_RULE - code];
	node = rule->first + (addr >> rule->shift) % (1ULL << rule->bits);
	return node < NODES ? (int)node : NODE_UNKNOWN;
}

static enum node_verdict model_claim(int rank, unsigned int first,
				     unsigned int last, int nid)
{
	bool twice = true;
	unsigned int i;

	if (first == last)
		return NODE_EMPTY;
	for (i = first; i < last; i++) {
		if (model[rank][i] != NODE_UNKNOWN && model[rank][i] != nid)
			return NODE_CONTRARY;
		twice &= model[rank][i] == nid;
	}
	for (i = first; i < last; i++)
		model[rank][i] = nid;
	return twice ? NODE_TWICE : NODE_TAKEN;
}

static void claim_randomly(void)
{
	static const enum node_source source[] = {
		NODE_FROM_SRAT, NODE_FROM_DT, NODE_FROM_RUNTIME, NODE_FROM_PARAMETER,
	};
	unsigned int first = draw(POINTS), last = first + draw(POINTS - first);
	struct node_claim c = {
		.start = point[first], .size = point[last] - point[first],
		.nid = draw(5), .kind = draw(2), .source = source[draw(4)],
	};
	enum node_verdict want = model_claim(node_claim_rank(&c), first, last,
					     c.nid);

	/* bytes at the ends that make no unit change nothing */
	if (c.size > NODE_UNIT && draw(2)) {
		c.start -= first ? draw(NODE_UNIT) : 0;
		c.size = point[last] - c.start + draw(NODE_UNIT);
	}
	expect_claim(c.start, c.size, c.nid, c.kind, c.source, want);
}

static void add_rule_randomly(void)
{
	struct node_rule rule = { 12 + draw(36), 1 + draw(4), draw(NODES) };
	unsigned int first = draw(POINTS - 1);
	unsigned int last = first + 1 + draw(POINTS - 1 - first), i;
	enum node_verdict want = NODE_TAKEN, got;
	unsigned int number = claims.nr_rules;

	for (i = first; i < last; i++)
		if (model[NODE_RANK_RULE][i] != NODE_UNKNOWN)
			want = NODE_CONTRARY;
	got = node_claims_add_rule(&claims, point[first],
				   point[last] - point[first], &rule,
				   NODE_FROM_PARAMETER);
	if (number == NODE_RULES)
		want = NODE_FULL;
	if (got != want)
		tap_fail("rule: verdict %d, not %d", got, want);
	for (i = first; got == NODE_TAKEN && i < last; i++)
		model[NODE_RANK_RULE][i] = number;
}

static void drop_randomly(void)
{
	unsigned int first = draw(POINTS), last = first + draw(POINTS - first);
	int rank = draw(NODE_RANK_RULE);

	if (node_claims_drop(&claims, rank, point[first], point[last]))
		tap_fail("a drop is refused");
	for (unsigned int i = first; i < last; i++)
		model[rank][i] = NODE_UNKNOWN;
}

static void compare(void)
{
	u64 addr, until;
	unsigned int i;

	make_fast();
	for (i = 0; i < POINTS && !tap_failed(); i++) {
		for (addr = point[i] - 1; addr != point[i] + 2; addr++)
			expect_node(addr, addr == ~0ULL ? NODE_UNKNOWN :
							  model_node(addr));
		addr = draw64() % END;
		expect_node(addr, model_node(addr));
	}
	expect_node(~0ULL, NODE_UNKNOWN);
	expect_node(END, NODE_UNKNOWN);
	addr = draw64() % END;
	until = node_claims_node_until(&claims, addr);
	if (until <= addr ||
	    model_node(addr) != model_node(addr + (until - 1 - addr) / 2) ||
	    model_node(addr) != model_node(until == ~0ULL ? END : until - 1))
		tap_fail("%#llx has the same node until %#llx?", addr, until);
}

static void random_tables(void)
{
	for (int table = 0; table < TABLES && !tap_failed(); table++) {
		tap_context("table %d", table);
		begin(ROOM);
		choose_points();
		for (unsigned int i = draw(60); i && !tap_failed(); i--) {
			if (!draw(8))
				drop_randomly();
			else if (!draw(6))
				add_rule_randomly();
			else
				claim_randomly();
		}
		compare();
	}
	drop_fast();
}

/* Tables come out the same in whatever order their entries come, if none is wrong. */
static void order_is_no_matter(void)
{
	for (int table = 0; table < 200 && !tap_failed(); table++) {
		int turn = draw(POINTS - 1);

		begin(ROOM);
		choose_points();
		for (int i = 0; i < POINTS - 1; i++) {
			int at = (i * 7 + turn) % (POINTS - 1);

			if (at % 4 == 3)
				continue;
			expect_claim(point[at], point[at + 1] - point[at], at % NODES,
				     NODE_MEMORY, NODE_FROM_SRAT, NODE_TAKEN);
			model[NODE_RANK_MEMORY][at] = at % NODES;
		}
		compare();
	}
	drop_fast();
}

/* ---- large tables ---- */

/* Of how many pieces the first address has to be searched for? */
static unsigned int nr_searched(void)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < fast.nr_cuts; i++) {
		u64 addr = cuts[i] & ~(NODE_UNIT - 1);

		sum += node_answer_code(node_fast_answer(fast.slot, addr)) ==
		       NODE_MIXED;
	}
	return sum;
}

/* @searched: percent of the pieces that may have to be searched for */
static void check_large(const char *what, unsigned int searched)
{
	u64 addr;

	tap_context("%s", what);
	make_fast();
	for (unsigned int i = 0; i < fast.nr_cuts; i++)
		for (int off = -1; off <= 1; off++) {
			addr = (cuts[i] & ~(NODE_UNIT - 1)) + off;
			expect_node(addr, node_claims_find(&claims, addr));
		}
	for (int i = 0; i < 20000; i++) {
		addr = draw64() % END;
		expect_node(addr, node_claims_find(&claims, addr));
	}
	if (100 * nr_searched() > searched * fast.nr_cuts)
		tap_fail("%u of %u pieces are searched for, in %zu bytes",
			 nr_searched(), fast.nr_cuts, fast_bytes());
	drop_fast();
}

static void spread_from(u64 start, u64 step, u64 size)
{
	begin(2 * LARGE);
	for (u64 i = 0; i < LARGE; i++)
		expect_claim(start + i * step, size, i % NODES, NODE_MEMORY,
			     NODE_FROM_SRAT, NODE_TAKEN);
}

static void spread(u64 step, u64 size)
{
	spread_from(0, step, size);
}

static void scatter(u64 space, unsigned int most)
{
	begin(2 * LARGE);
	for (int i = 0; i < LARGE; i++)
		claim(draw64() % (space - most), 1 + draw(most), draw(NODES),
		      NODE_MEMORY, NODE_FROM_SRAT);
}

static void large_tables(void)
{
	spread(END / LARGE, END / LARGE);
	check_large("all of the space, evenly", 0);
	spread(END / LARGE, 1ULL << 27);
	check_large("a section in each part", 0);
	spread(GIB, GIB);
	check_large("a GiB each", 0);
	spread(GIB, GIB / 2);
	check_large("half a GiB each", 0);
	spread(2 * NODE_UNIT, NODE_UNIT);
	check_large("every other unit", 100);
	scatter(END, GIB);
	check_large("anywhere", 0);
	begin(2 * LARGE);
	for (int i = 0; i < LARGE; i++)
		claim((draw64() % (END / PAGE)) * PAGE + draw(64) * NODE_UNIT,
		      NODE_UNIT, draw(NODES), NODE_MEMORY, NODE_FROM_SRAT);
	check_large("close together at the start of pages", 50);
}

static void odd_ends(void)
{
	spread(GIB + NODE_UNIT, GIB + NODE_UNIT);
	check_large("a GiB and a unit each", 0);
	spread_from(16 * TIB, GIB + NODE_UNIT, GIB + NODE_UNIT);
	check_large("a GiB and a unit each, from 16 TiB on", 0);
	spread(GIB - NODE_UNIT, GIB - NODE_UNIT);
	check_large("a GiB but a unit each", 0);
	spread(GIB + NODE_UNIT, GIB);
	check_large("a GiB each, with a hole of a unit", 0);
	spread(GIB, GIB - NODE_UNIT);
	check_large("a GiB each, the last unit is a hole", 0);
	spread_from(5 * NODE_UNIT, END / LARGE, 3 * GIB + NODE_UNIT);
	check_large("one in each part, somewhere", 0);
	spread_from(END - LARGE * (GIB + NODE_UNIT), GIB + NODE_UNIT, GIB);
	check_large("at the end of the space, with holes", 0);
}

/* More than there are cells for: those that there are go to those who can use them. */
static void too_few_cells(void)
{
	scatter(TIB, GIB / 4);
	check_large("in one TiB", 35);
	scatter(16 * TIB, GIB);
	check_large("in 16 TiB", 40);
	spread(END / 2 / LARGE + 3 * NODE_UNIT, END / 4 / LARGE);
	check_large("half of the space, and all pages are odd", 0);
	spread(END / 2 / LARGE + 3 * NODE_UNIT, END / 4 / LARGE);
	claims.nr_nodes = NODE_NODES_MAX;
	for (u64 i = 0; i < LARGE; i++)
		arrays[NODE_RANK_MEMORY][i].nid = i;
	check_large("half of the space, and as many nodes", 55);
	begin(2 * LARGE);
	for (u64 i = 0; i < LARGE / 2; i++) {
		claim(i * END / LARGE, 1ULL << 27, i % NODES, NODE_MEMORY,
		      NODE_FROM_SRAT);
		claim(END / 2 + i * 2 * NODE_UNIT, NODE_UNIT, i % NODES, NODE_MEMORY,
		      NODE_FROM_SRAT);
	}
	check_large("some as they should be, others every other unit", 51);
}

static bool is_searched_for(u64 addr)
{
	return node_answer_code(node_fast_answer(fast.slot, addr)) == NODE_MIXED;
}

static void crowds_are_searched_alone(void)
{
	begin(2 * LARGE);
	for (u64 i = 0; i < 8; i++)
		claim(4 * TIB + i * 2 * NODE_UNIT, NODE_UNIT, i, NODE_MEMORY,
		      NODE_FROM_SRAT);
	claim(5 * TIB, TIB + NODE_UNIT, 9, NODE_MEMORY, NODE_FROM_SRAT);
	make_fast();
	expect_node(4 * TIB + 6 * NODE_UNIT, 3);
	expect_node(4 * TIB + 7 * NODE_UNIT, NODE_UNKNOWN);
	if (!is_searched_for(4 * TIB) || is_searched_for(5 * TIB) ||
	    is_searched_for(6 * TIB) || is_searched_for(6 * TIB + NODE_UNIT))
		tap_fail("the wrong ones are searched for");
	drop_fast();
}

/* ---- cuts in cells ---- */

#define PLACES	10

/* What comes from one cut to the next: far from one another in all their bits. */
static const int pieces[] = {
	NODE_NODES_MAX - 1, NODE_UNKNOWN, NODE_BY_RULE - 3, 0, NODE_BY_RULE,
	NODE_NODES_MAX / 2, NODE_BY_RULE - 1, 1, NODE_BY_RULE - 2,
};

#define PIECES	(sizeof(pieces) / sizeof(pieces[0]))

static void four_rules(u64 start, u64 size)
{
	for (int i = 0; i < NODE_RULES; i++) {
		const struct node_rule rule = { 12 + 7 * i, 3, 100 * i };

		if (node_claims_add_rule(&claims, start + i * size, size, &rule,
					 NODE_FROM_DT) != NODE_TAKEN)
			tap_fail("rule %d is refused", i);
	}
}

/* The rule's claim is made by hand: there is one for each rule only, by the book. */
static void set_piece(u64 start, u64 end, int code)
{
	struct window_set *set =
		&claims.rank[code > NODE_BY_RULE ? NODE_RANK_MEMORY : NODE_RANK_RULE];
	const struct window piece = {
		.start = start, .end = end,
		.nid = code > NODE_BY_RULE ? code : NODE_BY_RULE - code,
		.source = node_tag(code > NODE_BY_RULE ? NODE_MEMORY : NODE_RULE,
				   NODE_FROM_DT),
	};

	if (code != NODE_UNKNOWN && start < end)
		window_set_insert(set, &piece);
}

static int node_by_code(int code, u64 addr)
{
	const struct node_rule *rule;

	if (code > NODE_BY_RULE)
		return code;
	rule = &claims.rule[NODE_BY_RULE - code];
	return rule->first + (addr >> rule->shift) % (1ULL << rule->bits);
}

/* Of the places of a page those whose bit is set are cuts. */
static void check_cuts(u64 page, const u64 *place, unsigned int set, unsigned int turn)
{
	u64 at = page, end = page + PAGE;
	int codes[PLACES + 1], code = pieces[turn % PIECES];

	begin(ROOM);
	claims.nr_nodes = NODE_NODES_MAX;
	four_rules(END / 2, GIB);
	for (int i = 0; i < PLACES; i++) {
		if (set & 1U << i) {
			set_piece(at, page + place[i], code);
			at = page + place[i];
			code = pieces[++turn % PIECES];
		}
		codes[i] = code;
	}
	set_piece(at, end, code);
	make_fast();
	for (int i = 0; i < PLACES; i++) {
		at = page + place[i];
		expect_node(at, node_by_code(codes[i], at));
		expect_node(at + NODE_UNIT - 1, node_by_code(codes[i], at + NODE_UNIT - 1));
		if (i) {
			at--;
			expect_node(at, node_by_code(codes[i - 1], at));
		}
	}
	expect_node(page - 1, NODE_UNKNOWN);
	if (end != END / 2)
		expect_node(end, NODE_UNKNOWN);
}

/* First and last units of a page, and of its halves and quarters. */
static void cuts_in_cells(void)
{
	const u64 size = PAGE, unit = NODE_UNIT;
	const u64 place[PLACES] = {
		0, unit, size / 4 - unit, size / 4, size / 2 - unit, size / 2,
		size / 2 + unit, size / 2 + 2 * unit, size - 2 * unit, size - unit,
	};
	const u64 pages[] = { 0, 7 * size, END - size };

	for (unsigned int set = 0; set < 1U << PLACES && !tap_failed(); set++)
		for (int i = 0; i < 3 && !tap_failed(); i++) {
			tap_context("cuts %#x of page %d", set, i);
			check_cuts(pages[i], place, set, set / 3);
		}
	drop_fast();
}

static void beyond_the_last(void)
{
	static const u64 beyond[] = {
		END, END + 1, END + NODE_UNIT, 2 * END, 2 * END - 1, 3 * END + TIB,
		1ULL << 63, (1ULL << 63) - 1, ~0ULL - NODE_UNIT, ~0ULL - 1, ~0ULL,
	};
	const struct node_rule rule = { 40, 3, 0 };

	begin(ROOM);
	expect_claim(END / 2, END / 2, 3, NODE_MEMORY, NODE_FROM_DT, NODE_TAKEN);
	node_claims_add_rule(&claims, 0, END, &rule, NODE_FROM_DT);
	make_fast();
	expect_node(END - 1, 3);
	for (unsigned int i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		expect_node(beyond[i], NODE_UNKNOWN);
	drop_fast();
}

/* Bytes grow with ranges: there is no number of them that is refused. */
static void more_than_large(void)
{
	const unsigned int ranges = 3 * LARGE;

	begin(4 * LARGE);
	for (u64 i = 0; i < ranges; i++)
		expect_claim(i * (GIB + NODE_UNIT), GIB, i % NODES, NODE_MEMORY,
			     NODE_FROM_SRAT, NODE_TAKEN);
	drop_fast();
	most = 64 * ranges;
	check_large("3072 ranges with odd ends", 0);
	most = MOST;
}

/* ---- one by one ---- */

static void duplicates_are_no_fault(void)
{
	begin(ROOM);
	expect_claim(GIB, GIB, 1, NODE_MEMORY, NODE_FROM_DT, NODE_TAKEN);
	expect_claim(GIB, GIB, 1, NODE_MEMORY, NODE_FROM_SRAT, NODE_TWICE);
	expect_claim(GIB + GIB / 2, GIB / 4, 1, NODE_MEMORY, NODE_FROM_SRAT,
		     NODE_TWICE);
	expect_claim(GIB / 2, 2 * GIB, 1, NODE_MEMORY, NODE_FROM_SRAT, NODE_TAKEN);
	make_fast();
	expect_node(GIB / 2, 1);
	expect_node(2 * GIB + GIB / 2 - 1, 1);
	expect_node(2 * GIB + GIB / 2, NODE_UNKNOWN);
	drop_fast();
}

/* What QEMU says of a machine with an NVDIMM: it lies in the window of another node. */
static void memory_comes_before_windows(void)
{
	begin(ROOM);
	expect_claim(4 * GIB, 8 * GIB, 1, NODE_WINDOW, NODE_FROM_SRAT, NODE_TAKEN);
	expect_claim(5 * GIB, GIB, 0, NODE_MEMORY, NODE_FROM_SRAT, NODE_TAKEN);
	make_fast();
	expect_node(5 * GIB - 1, 1);
	expect_node(5 * GIB, 0);
	expect_node(6 * GIB, 1);
	drop_fast();
}

static void people_come_first(void)
{
	begin(ROOM);
	expect_claim(4 * GIB, GIB, 3, NODE_WINDOW, NODE_FROM_RUNTIME, NODE_TAKEN);
	expect_claim(9 * GIB, 2 * GIB, 4, NODE_WINDOW, NODE_FROM_PARAMETER, NODE_TAKEN);
	expect_claim(2 * GIB, 8 * GIB, 1, NODE_MEMORY, NODE_FROM_SRAT, NODE_TAKEN);
	make_fast();
	expect_node(3 * GIB, 1);
	expect_node(4 * GIB, 3);
	expect_node(5 * GIB, 1);
	expect_node(9 * GIB, 4);
	if (node_claims_drop(&claims, NODE_RANK_RUNTIME, 4 * GIB, 5 * GIB))
		tap_fail("it cannot be taken back");
	make_fast();
	expect_node(4 * GIB, 1);
	drop_fast();
}

static void bits_name_the_node(void)
{
	const struct node_rule rule = { 44, 3, 2 };
	const struct node_rule bad[] = {
		{ 11, 1, 0 }, { 44, 0, 0 }, { 44, 17, 0 }, { 50, 15, 0 },
		{ 44, 3, -1 }, { 44, 3, NODES },
	};

	begin(ROOM);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (node_claims_add_rule(&claims, 0, END, &bad[i],
					 NODE_FROM_PARAMETER) != NODE_NO_SUCH)
			tap_fail("rule %u makes no sense and is taken", i);
	if (node_claims_add_rule(&claims, 0, END, &rule, NODE_FROM_PARAMETER))
		tap_fail("a rule is refused");
	expect_claim(0, GIB, 0, NODE_MEMORY, NODE_FROM_DT, NODE_TAKEN);
	make_fast();
	expect_node(0, 0);
	expect_node(GIB, 2);
	for (int i = 0; i < 8; i++)
		expect_node(((u64)i << 44) + 5 * GIB, 2 + i);
	drop_fast();
}

static void nothing_is_known_of_nothing(void)
{
	begin(ROOM);
	make_fast();
	expect_node(0, NODE_UNKNOWN);
	expect_node(END - 1, NODE_UNKNOWN);
	drop_fast();
}

/* ---- tables that are wrong ---- */

struct entry {
	u64 start, size;
	int nid;
	enum node_verdict want;
};

#define ENTRIES	4

struct wrong {
	struct entry entry[ENTRIES];
	struct { u64 addr; int nid; } known[ENTRIES];
};

/* Whatever is wrong, the good entry at 4 GiB is what it was. */
static void check_wrong(const struct wrong *w, unsigned int room)
{
	begin(room);
	expect_claim(4 * GIB, GIB, 5, NODE_MEMORY, NODE_FROM_SRAT, NODE_TAKEN);
	for (int i = 0; i < ENTRIES; i++) {
		const struct entry *e = &w->entry[i];

		if (e->nid || e->size || e->start || e->want)
			expect_claim(e->start, e->size, e->nid, NODE_MEMORY,
				     NODE_FROM_SRAT, e->want);
	}
	make_fast();
	expect_node(4 * GIB - 1, node_claims_find(&claims, 4 * GIB - 1));
	expect_node(4 * GIB, 5);
	expect_node(5 * GIB - 1, 5);
	for (int i = 0; i < ENTRIES; i++)
		if (w->known[i].addr)
			expect_node(w->known[i].addr, w->known[i].nid);
	drop_fast();
}

#define WRONG_IN(name, room, ...)					\
static void name(void)							\
{									\
	static const struct wrong w = __VA_ARGS__;			\
									\
	check_wrong(&w, room);						\
}
#define WRONG(name, ...)	WRONG_IN(name, ROOM, __VA_ARGS__)

WRONG(no_length, { { { 8 * GIB, 0, 1, NODE_EMPTY } },
		   { { 8 * GIB, -1 } } })
WRONG(no_length_at_zero, { { { 0, 0, 1, NODE_EMPTY } } })
WRONG(less_than_a_unit, { { { 8 * GIB, 100, 1, NODE_EMPTY } },
			  { { 8 * GIB, -1 } } })
WRONG(across_two_units, { { { 8 * GIB - 100, 200, 1, NODE_EMPTY } },
			  { { 8 * GIB - 1, -1 } } })
WRONG(almost_a_unit, { { { 8 * GIB + 1, NODE_UNIT, 1, NODE_EMPTY } },
		       { { 8 * GIB + 1, -1 } } })
WRONG(wraps, { { { ~0ULL - GIB, 4 * GIB, 1, NODE_WRAPS } } })
WRONG(wraps_on_to_good, { { { ~0ULL - GIB + 1, 6 * GIB, 1, NODE_WRAPS } } })
WRONG(wraps_by_length, { { { GIB, ~0ULL, 1, NODE_WRAPS } } })
WRONG(all_of_64_bits, { { { 0, ~0ULL, 1, NODE_BEYOND } } })
WRONG(ends_at_zero, { { { ~0ULL - GIB + 1, GIB, 1, NODE_BEYOND } } })
WRONG(begins_beyond, { { { END, GIB, 1, NODE_BEYOND } }, { { END, -1 } } })
WRONG(ends_beyond, { { { END - GIB, GIB + 1, 1, NODE_BEYOND } },
		     { { END - GIB, -1 } } })
WRONG(ends_at_end, { { { END - GIB, GIB, 1, NODE_TAKEN } },
		     { { END - 1, 1 }, { END - GIB - 1, -1 } } })
WRONG(node_is_limit, { { { 8 * GIB, GIB, NODES, NODE_NO_SUCH } },
		       { { 8 * GIB, -1 } } })
WRONG(node_is_huge, { { { 8 * GIB, GIB, INT32_MAX, NODE_NO_SUCH } } })
WRONG(node_is_none, { { { 8 * GIB, GIB, -1, NODE_NO_SUCH } },
		      { { 8 * GIB, -1 } } })
WRONG(node_is_negative, { { { 8 * GIB, GIB, INT32_MIN, NODE_NO_SUCH } } })
WRONG(same_range_of_another, { { { 4 * GIB, GIB, 6, NODE_CONTRARY } } })
WRONG(inside_of_another, { { { 4 * GIB + GIB / 4, GIB / 4, 6, NODE_CONTRARY } },
			   { { 4 * GIB + GIB / 4, 5 } } })
WRONG(around_another, { { { 3 * GIB, 4 * GIB, 6, NODE_CONTRARY } },
			{ { 3 * GIB, -1 }, { 6 * GIB, -1 } } })
WRONG(into_start_of_another, { { { 3 * GIB, GIB + 1 + NODE_UNIT, 6,
				   NODE_CONTRARY } }, { { 3 * GIB, -1 } } })
WRONG(into_end_of_another, { { { 5 * GIB - NODE_UNIT, GIB, 6, NODE_CONTRARY } },
			     { { 5 * GIB, -1 } } })
WRONG(half_a_unit_into_another, { { { 3 * GIB, GIB + 1, 6, NODE_TAKEN } },
				  { { 4 * GIB - 1, 6 } } })
WRONG(contrary_twice, { { { 3 * GIB, 4 * GIB, 6, NODE_CONTRARY },
			  { 3 * GIB, 4 * GIB, 6, NODE_CONTRARY } } })
WRONG(bad_between_good, { { { 8 * GIB, GIB, 1, NODE_TAKEN },
			    { 8 * GIB, 2 * GIB, 2, NODE_CONTRARY },
			    { 9 * GIB, GIB, 3, NODE_TAKEN } },
			  { { 8 * GIB, 1 }, { 9 * GIB, 3 } } })
WRONG(over_two_good_ones, { { { 5 * GIB, GIB, 6, NODE_TAKEN },
			      { 4 * GIB + GIB / 2, GIB, 6, NODE_CONTRARY },
			      { 4 * GIB + GIB / 2, GIB, 5, NODE_CONTRARY } },
			    { { 5 * GIB, 6 } } })
WRONG(same_twice, { { { 4 * GIB, GIB, 5, NODE_TWICE } } })
WRONG(same_and_more, { { { 3 * GIB, 3 * GIB, 5, NODE_TAKEN } },
		       { { 3 * GIB, 5 }, { 6 * GIB - 1, 5 } } })
WRONG(all_of_space, { { { 0, END, 6, NODE_CONTRARY } }, { { 1, -1 } } })
WRONG(zero_bytes_in_another, { { { 4 * GIB + 5, 0, 6, NODE_EMPTY } } })
WRONG_IN(too_many, 2, { { { 8 * GIB, GIB, 1, NODE_TAKEN },
			  { 16 * GIB, GIB, 1, NODE_FULL },
			  { 9 * GIB, GIB, 1, NODE_FULL } },
			{ { 8 * GIB, 1 }, { 9 * GIB, -1 }, { 16 * GIB, -1 } } })
WRONG_IN(too_many_gaps, 3, { { { 8 * GIB, GIB, 5, NODE_TAKEN },
			       { GIB, 16 * GIB, 5, NODE_FULL } },
			     { { 6 * GIB, -1 }, { 8 * GIB, 5 } } })

#define NAMED(function, sentence)	{ "NUMA-13 " sentence, function }

static void expect_range(u64 start, u64 end, int want)
{
	int got = node_claims_find_range(&claims, start, end);

	if (got != want)
		tap_fail("%#llx-%#llx: node %d, not %d", start, end, got, want);
}

static void ranges_have_nodes(void)
{
	static const struct node_rule rule = { 44, 1, 1 };

	begin(LARGE);
	claim(0, 4 * GIB, 1, NODE_MEMORY, NODE_FROM_DT);
	claim(4 * GIB, 4 * GIB, 2, NODE_WINDOW, NODE_FROM_DT);
	claim(8 * GIB, GIB, 2, NODE_MEMORY, NODE_FROM_DT);
	expect_range(0, 4 * GIB, 1);
	expect_range(0, 4 * GIB + 1, NODE_SEVERAL);
	expect_range(4 * GIB, 9 * GIB, 2);
	expect_range(4 * GIB, 9 * GIB + NODE_UNIT, NODE_SEVERAL);
	expect_range(9 * GIB, END, NODE_UNKNOWN);
	expect_range(4 * GIB - 1, 4 * GIB, 1);
	claim(5 * GIB, NODE_UNIT, 0, NODE_WINDOW, NODE_FROM_PARAMETER);
	expect_range(4 * GIB, 8 * GIB, NODE_SEVERAL);
	expect_range(5 * GIB + NODE_UNIT, 8 * GIB, 2);
	node_claims_add_rule(&claims, 0, END, &rule, NODE_FROM_RUNTIME);
	expect_range(9 * GIB, 16 * TIB, 1);
	expect_range(9 * GIB, 16 * TIB + 1, NODE_SEVERAL);
	expect_range(16 * TIB, 32 * TIB, 2);
}

static bool parsed(const char *text, size_t length, struct node_rule *rule)
{
	char *copy = malloc(length ?: 1);	/* ASan sees who reads beyond it */
	bool fine;

	memcpy(copy, text, length);
	fine = node_rule_parse(copy, length, rule);
	free(copy);
	return fine;
}

static void rules_are_read(void)
{
	static const struct {
		const char *text;
		struct node_rule rule;
	} good[] = {
		{ "44-45", { 44, 2, 0 } }, { "44-44+1", { 44, 1, 1 } },
		{ "12-27+15", { 12, 16, 15 } }, { "0-65535+65535", { 0, 65536, 65535 } },
		{ "044-045+01", { 44, 2, 1 } },
	};
	static const char *const bad[] = {
		"", "44", "44-", "-45", "45-44", "44-45+", "44-45-1", "44-45+1x",
		"44 -45", " 44-45", "44-45 ", "0x2c-45", "44-65536", "44-45+65536",
		"99999999999999999999-1", "+44-45", "44--45", "a-b", "44-45+1\n",
	};
	struct node_rule rule;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!parsed(good[i].text, strlen(good[i].text), &rule) ||
		    rule.shift != good[i].rule.shift ||
		    rule.bits != good[i].rule.bits || rule.first != good[i].rule.first)
			tap_fail("%s: %u %u %d", good[i].text, rule.shift, rule.bits,
				 rule.first);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parsed(bad[i], strlen(bad[i]), &rule))
			tap_fail("%s is a rule", bad[i]);
	if (parsed("44-45\0", 6, &rule))
		tap_fail("with a NUL it is a rule");
}

static const struct tap_test tests[] = {
	{ "NUMA-04 NUMA-05 3000 random tables agree with a cell for each range, slow and fast",
	  random_tables },
	{ "NUMA-04 the order of entries is no matter where none is wrong",
	  order_is_no_matter },
	{ "NUMA-05 maps of 1024 ranges take 64 KiB at most, and answer as claims do",
	  large_tables },
	{ "NUMA-05 1024 ranges with odd ends need no search, in 64 KiB at most", odd_ends },
	{ "NUMA-05 where cells are too few, those who can use them have them",
	  too_few_cells },
	{ "NUMA-05 ranges that are too close together are searched for, and no others",
	  crowds_are_searched_alone },
	{ "NUMA-05 NUMA-07 cuts may be anywhere in a cell, of nodes up to 1023 and of all rules",
	  cuts_in_cells },
	{ "NUMA-05 NUMA-06 beyond the last address nothing is known", beyond_the_last },
	{ "NUMA-05 a map of more ranges takes 64 bytes for each at most", more_than_large },
	{ "NUMA-03 a range that two tables have is no fault", duplicates_are_no_fault },
	{ "NUMA-06 memory in the window of another node keeps its node",
	  memory_comes_before_windows },
	{ "NUMA-06 what a person says comes first, and can be taken back",
	  people_come_first },
	{ "NUMA-07 address bits name the node, where nothing else does",
	  bits_name_the_node },
	{ "NUMA-06 without a table nothing is known", nothing_is_known_of_nothing },
	NAMED(no_length, "an entry without length is left out"),
	NAMED(no_length_at_zero, "an entry of zeros is left out"),
	NAMED(less_than_a_unit, "an entry of a few bytes is left out"),
	NAMED(across_two_units, "an entry of parts of two units is left out"),
	NAMED(almost_a_unit, "an entry that has no whole unit is left out"),
	NAMED(wraps, "an entry that wraps is left out"),
	NAMED(wraps_on_to_good, "an entry that wraps does no harm to what it meets"),
	NAMED(wraps_by_length, "an entry that its length makes wrap is left out"),
	NAMED(all_of_64_bits, "an entry of all 64 bits is left out"),
	NAMED(ends_at_zero, "an entry whose end is zero is left out"),
	NAMED(begins_beyond, "an entry beyond the last address is left out"),
	NAMED(ends_beyond, "an entry that reaches beyond the last address is left out"),
	NAMED(ends_at_end, "an entry that ends with the last address is fine"),
	NAMED(node_is_limit, "the first node over the limit is left out"),
	NAMED(node_is_huge, "a huge node number is left out"),
	NAMED(node_is_none, "an entry of no node is left out"),
	NAMED(node_is_negative, "an entry of a negative node is left out"),
	NAMED(same_range_of_another, "the same range of another node is left out"),
	NAMED(inside_of_another, "an entry inside of another node's is left out"),
	NAMED(around_another, "an entry around another node's is left out, all of it"),
	NAMED(into_start_of_another, "an entry that reaches into another is left out"),
	NAMED(into_end_of_another, "an entry that begins in another is left out"),
	NAMED(half_a_unit_into_another, "a few bytes that two nodes share belong to the first"),
	NAMED(contrary_twice, "a wrong entry is left out each time"),
	NAMED(bad_between_good, "entries before and after a wrong one count"),
	NAMED(over_two_good_ones, "an entry over two nodes is left out, whichever it names"),
	NAMED(same_twice, "the same entry again is no fault"),
	NAMED(same_and_more, "an entry around another of the same node adds the rest"),
	NAMED(all_of_space, "an entry of the whole space is left out if a node is in it"),
	NAMED(zero_bytes_in_another, "an entry without length inside of another is left out"),
	NAMED(too_many, "entries that there is no room for are left out"),
	NAMED(too_many_gaps, "an entry that there is no room for adds no part of it"),
	{ "NUMA-11 a range has the node of all of it, or none", ranges_have_nodes },
	{ "NUMA-07 a rule of address bits is read, and nothing else", rules_are_read },
};

TAP_SUITE(suite_claims, tests);
