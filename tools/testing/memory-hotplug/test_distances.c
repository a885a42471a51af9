// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tables of distances, right ones and wrong ones.
 */
#include <stdint.h>
#include <string.h>

#include "../../../mm/node_map/distances.h"
#include "tap.h"

#define NODES	8
#define LIMIT	256

static u8 array[NODES * NODES];
static struct node_distances table;
static struct node_distance_report report;

static void begin(unsigned int nr)
{
	static const struct node_distances nothing;

	memset(array, 0x5a, sizeof(array));
	table = (struct node_distances){ array, nr };
	node_distances_fill(&table, &nothing);
}

static void expect(int from, int to, int want)
{
	int got = node_distances_get(&table, from, to);

	if (got != want)
		tap_fail("from %d to %d it is %d, not %d", from, to, got, want);
}

static void expect_left_out(u64 nr, enum node_distance_fault fault, u64 from,
			    u64 to)
{
	if (report.left_out != nr)
		tap_fail("%llu entries are left out, not %llu",
			 report.left_out, nr);
	else if (nr && (report.fault != fault || report.from != from ||
			report.to != to))
		tap_fail("the first is %llu:%llu, fault %d", report.from,
			 report.to, report.fault);
}

static int straight(u64 row)
{
	return row < NODES ? (int)row : -1;
}

static int turned(u64 row)
{
	return row < 3 ? 2 - (int)row : -1;
}

static int with_a_hole(u64 row)
{
	return row == 1 ? -1 : row < 3 ? (int)row : -1;
}

static void matrix(const u8 *cells, u64 bytes, u64 rows, node_of_row_fn node_of)
{
	begin(NODES);
	node_distances_from_matrix(&table, cells, bytes, rows, node_of, LIMIT,
				   &report);
}

static void triples(const u32 *cells, unsigned int nr)
{
	begin(node_distances_reach(cells, nr, NODES));
	node_distances_from_triples(&table, cells, nr, NODES, &report);
}

#define TRIPLES(...)							\
	do {								\
		static const u32 cells[] = { __VA_ARGS__ };		\
									\
		triples(cells, sizeof(cells) / sizeof(cells[0]));	\
	} while (0)

static const u8 good[9] = { 10, 17, 33, 18, 10, 40, 34, 41, 10 };

static void good_matrix(void)
{
	matrix(good, 9, 3, straight);
	expect_left_out(0, 0, 0, 0);
	expect(0, 1, 17);
	expect(1, 0, 18);
	expect(2, 1, 41);
	expect(3, 0, 20);
	expect(3, 3, 10);
}

static void rows_have_nodes(void)
{
	matrix(good, 9, 3, turned);
	expect(2, 1, 17);
	expect(0, 2, 34);
	matrix(good, 9, 3, with_a_hole);
	expect_left_out(0, 0, 0, 0);
	expect(0, 2, 33);
	expect(0, 1, 20);
}

static void cut_matrix(void)
{
	matrix(good, 5, 3, straight);
	expect_left_out(4, NODE_DISTANCE_CUT, 1, 2);
	expect(0, 2, 33);
	expect(1, 0, 18);
	expect(1, 2, 20);
	expect(2, 0, 20);
}

static void empty_matrix(void)
{
	matrix(good, 0, 3, straight);
	expect_left_out(9, NODE_DISTANCE_CUT, 0, 0);
	expect(0, 1, 20);
	matrix(good, 0, 0, straight);
	expect_left_out(0, 0, 0, 0);
}

/* It may say any number, so long as memory behind the table is not read for it. */
static void huge_matrix(void)
{
	matrix(good, 9, ~0ULL, straight);
	/* of the first row, that to node 4 is 10 */
	expect_left_out(NODES * NODES - NODES + 1, NODE_DISTANCE_NEAR, 0, 4);
	expect(0, 1, 17);
	matrix(good, 9, 1ULL << 32, straight);
	expect(0, 1, 17);
	expect(1, 0, 20);
}

static void wrong_local(void)
{
	static const u8 cells[] = { 10, 30, 30, 0 };

	matrix(cells, 4, 2, straight);
	expect_left_out(1, NODE_DISTANCE_LOCAL, 1, 1);
	expect(1, 1, 10);
	expect(0, 1, 30);
}

static void all_ten(void)
{
	static const u8 cells[] = { 10, 10, 10, 10 };

	matrix(cells, 4, 2, straight);
	expect_left_out(2, NODE_DISTANCE_NEAR, 0, 1);
	expect(0, 1, 20);
}

static void one_is_zero(void)
{
	static const u8 cells[] = { 10, 0, 30, 10 };

	matrix(cells, 4, 2, straight);
	expect_left_out(1, NODE_DISTANCE_NEAR, 0, 1);
	expect(0, 1, 20);
	expect(1, 0, 30);
}

static void farthest(void)
{
	static const u8 cells[] = { 10, 255, 11, 10 };

	matrix(cells, 4, 2, straight);
	expect_left_out(0, 0, 0, 0);
	expect(0, 1, 255);
	expect(1, 0, 11);
}

static void table_is_small(void)
{
	begin(2);
	node_distances_from_matrix(&table, good, 9, 3, straight, LIMIT, &report);
	expect_left_out(5, NODE_DISTANCE_NODE, 0, 2);
	expect(0, 1, 17);
	expect(0, 2, 20);
}

static void good_list(void)
{
	TRIPLES(0, 0, 10, 0, 1, 40, 1, 1, 10);
	expect_left_out(0, 0, 0, 0);
	expect(0, 1, 40);
	expect(1, 0, 40);
}

static void way_back_differs(void)
{
	TRIPLES(0, 1, 40, 1, 0, 60);
	expect(0, 1, 40);
	expect(1, 0, 60);
	TRIPLES(1, 0, 60, 0, 1, 40);
	expect(0, 1, 40);
	expect(1, 0, 60);
}

static void only_named_in_list(void)
{
	TRIPLES(0, 1, 20, 0, 7, 40);
	expect(0, 7, 40);
	expect(7, 0, 40);
	expect(1, 7, 20);
	if (table.nr != 8)
		tap_fail("%u rows", table.nr);
}

static void node_over_limit(void)
{
	TRIPLES(0, 8, 40, 0, 1, 30);
	expect_left_out(1, NODE_DISTANCE_NODE, 0, 8);
	expect(0, 1, 30);
	TRIPLES(0xffffffff, 0, 40, 0, 1, 30);
	expect_left_out(1, NODE_DISTANCE_NODE, 0xffffffff, 0);
	expect(0, 1, 30);
}

static void list_local(void)
{
	TRIPLES(0, 0, 20, 0, 1, 30);
	expect_left_out(1, NODE_DISTANCE_LOCAL, 0, 0);
	expect(0, 0, 10);
	expect(0, 1, 30);
}

static void list_near_and_far(void)
{
	TRIPLES(0, 1, 10, 1, 2, 256, 0, 2, 50);
	expect_left_out(2, NODE_DISTANCE_NEAR, 0, 1);
	expect(0, 1, 20);
	expect(1, 2, 20);
	expect(0, 2, 50);
}

static void list_is_cut(void)
{
	TRIPLES(0, 1, 30, 1, 2);
	expect_left_out(1, NODE_DISTANCE_CUT, 1, 2);
	expect(0, 1, 30);
	expect(1, 2, 20);
	TRIPLES(0);
	expect_left_out(1, NODE_DISTANCE_CUT, 0, 0);
	triples(NULL, 0);
	expect_left_out(0, 0, 0, 0);
}

static void list_says_it_twice(void)
{
	TRIPLES(0, 1, 30, 0, 1, 50);
	expect(0, 1, 50);
	expect(1, 0, 50);
}

static void tables_grow(void)
{
	u8 larger[16];
	struct node_distances grown = { larger, 4 };

	TRIPLES(0, 1, 40, 1, 0, 60);
	node_distances_fill(&grown, &table);
	table = grown;
	expect(0, 1, 40);
	expect(1, 0, 60);
	expect(3, 1, 20);
	expect(3, 3, 10);
}

static void any_number(void)
{
	begin(2);
	expect(-1, 0, 20);
	expect(0, INT32_MAX, 20);
	expect(-1, -1, 10);
	if (node_distance_check(0, 1, -5, 2) != NODE_DISTANCE_NEAR ||
	    node_distance_check(-1, 1, 20, 2) != NODE_DISTANCE_NODE ||
	    node_distance_check(0, 1, 1LL << 40, 2) != NODE_DISTANCE_FAR)
		tap_fail("a check");
}

static const struct tap_test tests[] = {
	{ "NUMA-02 a square table is read, as asymmetric as it is", good_matrix },
	{ "NUMA-02 rows are those of nodes, and some have none", rows_have_nodes },
	{ "NUMA-13 a square table that is cut off counts as far as it goes", cut_matrix },
	{ "NUMA-13 a square table without an entry changes nothing", empty_matrix },
	{ "NUMA-13 a square table with more rows than memory is read to its end only",
	  huge_matrix },
	{ "NUMA-13 a node that is not at 10 from itself is at 10", wrong_local },
	{ "NUMA-13 a square table of tens is left out", all_ten },
	{ "NUMA-13 one zero in a square table is left out alone", one_is_zero },
	{ "NUMA-02 11 and 255 are distances", farthest },
	{ "NUMA-13 rows of nodes that the table has no place for are left out",
	  table_is_small },
	{ "NUMA-01 a list of distances is read, there and back", good_list },
	{ "NUMA-01 the way back may be another, in any order", way_back_differs },
	{ "NUMA-10 a node that is named in the list only has its distances",
	  only_named_in_list },
	{ "NUMA-13 a node over the limit loses its own distances", node_over_limit },
	{ "NUMA-13 a list that says another distance than 10 to itself is left out there",
	  list_local },
	{ "NUMA-13 distances of 10 and of 256 are left out", list_near_and_far },
	{ "NUMA-13 a list that is cut off counts as far as it goes", list_is_cut },
	{ "NUMA-13 what a list says last counts", list_says_it_twice },
	{ "NUMA-10 a table that grows keeps what is in it", tables_grow },
	{ "NUMA-09 numbers that are no nodes have no distance of their own", any_number },
};

TAP_SUITE(suite_distances, tests);
