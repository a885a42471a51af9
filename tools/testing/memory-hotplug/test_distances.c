// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tables of distances, right ones and wrong ones.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>

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

/* Nodes 0 to 5 there can be, 6 and 7 there cannot. */
static bool is_node(int nid)
{
	return nid < 6;
}

#define KEEP	NODE_DISTANCE_KEEP

static struct node_distance_change change = { .nr = NODES, .is_node = is_node };

/* What becomes of a change of a table in which all is usual. */
static bool changed(int nid, const int *to, const int *from)
{
	begin(NODES);
	change.nid = nid;
	change.to = to;
	change.from = from;
	if (node_distances_check(&change, &report) != NODE_DISTANCE_FINE)
		tap_fail("refused, fault %d", report.fault);
	return node_distances_apply(&table, &change);
}

static void refused(int nid, const int *to, const int *from,
		    enum node_distance_fault fault, int row, int column)
{
	change.nid = nid;
	change.to = to;
	change.from = from;
	if (node_distances_check(&change, &report) != fault)
		tap_fail("fault %d, not %d", report.fault, fault);
	expect_left_out(1, fault, (u64)row, (u64)column);
}

static const int row2[NODES] = { 40, 15, 10, 20, 255, 11, KEEP, KEEP };
static const int column2[NODES] = { 41, KEEP, 10, 20, 12, 20, KEEP, KEEP };

static void change_row(void)
{
	if (!changed(2, row2, NULL))
		tap_fail("nothing changed");
	expect(2, 0, 40);
	expect(2, 1, 15);
	expect(2, 4, 255);
	expect(2, 5, 11);
	expect(0, 2, 20);
	expect(1, 0, 20);
}

static void change_both(void)
{
	if (!changed(2, row2, column2))
		tap_fail("nothing changed");
	expect(2, 0, 40);
	expect(0, 2, 41);
	expect(1, 2, 20);
	expect(4, 2, 12);
	expect(2, 2, 10);
}

static void change_nothing(void)
{
	static const int same[NODES] = { 20, 20, 10, 20, 20, 20, KEEP, KEEP };

	if (changed(2, same, same) || changed(2, NULL, NULL))
		tap_fail("something changed");
}

static void change_any_pair(void)
{
	int row[NODES], a, b, d;

	for (a = 0; a < 6; a++)
		for (b = 0; b < 6; b++)
			for (d = 11; a != b && d <= 255; d += 61) {
				memset(row, 0xff, sizeof(row));
				row[b] = d;
				if (!changed(a, row, NULL) && d != 20)
					tap_fail("%d to %d: nothing", a, b);
				expect(a, b, d);
				expect(b, a, 20);
			}
}

static void refused_by_number(void)
{
	static const struct {
		int at, distance;
		enum node_distance_fault fault;
	} wrong[] = {
		{ 0, 10, NODE_DISTANCE_NEAR }, { 0, 9, NODE_DISTANCE_NEAR },
		{ 1, 0, NODE_DISTANCE_NEAR }, { 1, -2, NODE_DISTANCE_NEAR },
		{ 4, 256, NODE_DISTANCE_FAR }, { 4, INT32_MAX, NODE_DISTANCE_FAR },
		{ 2, 11, NODE_DISTANCE_LOCAL }, { 2, 0, NODE_DISTANCE_LOCAL },
		{ 6, 20, NODE_DISTANCE_NODE }, { 7, 20, NODE_DISTANCE_NODE },
	};
	int row[NODES];
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(row, row2, sizeof(row));
		row[wrong[i].at] = wrong[i].distance;
		refused(2, row, NULL, wrong[i].fault, 2, wrong[i].at);
		refused(2, row2, row, wrong[i].fault, wrong[i].at, 2);
	}
}

static void refused_by_node(void)
{
	refused(-1, row2, NULL, NODE_DISTANCE_NODE, -1, -1);
	refused(6, NULL, NULL, NODE_DISTANCE_NODE, 6, 6);
	refused(NODES, NULL, row2, NODE_DISTANCE_NODE, NODES, NODES);
	refused(INT32_MAX, row2, NULL, NODE_DISTANCE_NODE, INT32_MAX, INT32_MAX);
}

static int values[3];

static void expect_line(const char *text, size_t length, int want)
{
	char *copy = malloc(length ?: 1);	/* ASan sees who reads beyond it */
	int got;

	memcpy(copy, text, length);
	memset(values, 0x5a, sizeof(values));
	got = node_distances_parse(copy, length, values, 3);
	free(copy);
	if (got != want)
		tap_fail("\"%.*s\" is %d, not %d", (int)length, text, got, want);
}

static void lines(void)
{
	static const char *const good_lines[] = {
		"10 20 30", "10 20 30\n", " \t10  20\t30 \n", "010 020 0000000030",
	};
	size_t i;

	for (i = 0; i < sizeof(good_lines) / sizeof(good_lines[0]); i++) {
		expect_line(good_lines[i], strlen(good_lines[i]), 3);
		if (values[0] != 10 || values[1] != 20 || values[2] != 30)
			tap_fail("%d %d %d", values[0], values[1], values[2]);
	}
	expect_line("", 0, 0);
	expect_line("\n", 1, 0);
	expect_line(" ", 1, 0);
	expect_line("10 20", 5, 2);
	expect_line("1 2 3 4", 7, 4);
	expect_line("1 2 3 4 5 6 7", 13, 4);
	expect_line("99999999999999999999", 20, 1);
	if (values[0] <= NODE_FARTHEST)
		tap_fail("a huge number is %d", values[0]);
}

static void no_lines(void)
{
	static const char *const bad[] = {
		"-1", "+1", "0x14", "20x", "x", "10,20", "10 20\n30", "10\n\n",
		"1e2", "10.5", "\xff", "10;", "10 20 30 x", "1 2 3 4 5 x", "\n10",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_line(bad[i], strlen(bad[i]), -EINVAL);
	expect_line("10\0", 3, -EINVAL);
	expect_line("10 \0 20", 7, -EINVAL);
}

/* What a number is, too near or too far, is told from what there cannot be. */
static void errors(void)
{
	static const struct {
		int from, to, distance, error;
	} cases[] = {
		{ 0, 1, 11, 0 }, { 0, 0, 10, 0 }, { 1, 0, 255, 0 }, { 0, 1, 10, -ERANGE },
		{ 0, 1, -1, -ERANGE }, { 0, 1, 256, -ERANGE }, { 0, 0, 11, -EINVAL },
		{ 0, NODES, 20, -EINVAL }, { -1, 0, 20, -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int got = node_distance_error(node_distance_check(cases[i].from,
				cases[i].to, cases[i].distance, NODES));

		if (got != cases[i].error)
			tap_fail("%d from %d to %d: %d", cases[i].distance,
				 cases[i].from, cases[i].to, got);
	}
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
	{ "NUMA-09 a node gets other distances to others, and those to it stay",
	  change_row },
	{ "NUMA-09 there and back at once, as asymmetric as wanted", change_both },
	{ "NUMA-09 the same distances again are no change", change_nothing },
	{ "NUMA-09 every pair can be changed alone", change_any_pair },
	{ "NUMA-09 a wrong distance refuses all of a change, and is named",
	  refused_by_number },
	{ "NUMA-09 a node that there cannot be has no distances", refused_by_node },
	{ "NUMA-09 CTRL-02 a distance that cannot be has an error by what is wrong", errors },
	{ "NUMA-09 a line of numbers is read, with its blanks", lines },
	{ "NUMA-09 a line of anything else is refused", no_lines },
};

TAP_SUITE(suite_distances, tests);
