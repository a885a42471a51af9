// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distances of nodes. Pure; see distances.h.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "distances.h"

const char *node_distance_text(enum node_distance_fault fault)
{
	static const char *const text[] = {
		[NODE_DISTANCE_FINE]	= "it is fine",
		[NODE_DISTANCE_NODE]	= "this kernel has no such node",
		[NODE_DISTANCE_LOCAL]	= "a node is at 10 from itself",
		[NODE_DISTANCE_NEAR]	= "another node is at 11 or more",
		[NODE_DISTANCE_FAR]	= "a node is at 255 at most",
		[NODE_DISTANCE_CUT]	= "the table ends before it",
	};

	return text[fault];
}

int node_distance_error(enum node_distance_fault fault)
{
	switch (fault) {
	case NODE_DISTANCE_FINE:
		return 0;
	case NODE_DISTANCE_NEAR:
	case NODE_DISTANCE_FAR:
		return -ERANGE;
	default:
		return -EINVAL;
	}
}

enum node_distance_fault node_distance_check(s64 from, s64 to, s64 distance,
					     int nr_nodes)
{
	if (from < 0 || from >= nr_nodes || to < 0 || to >= nr_nodes)
		return NODE_DISTANCE_NODE;
	if (from == to && distance != NODE_LOCAL)
		return NODE_DISTANCE_LOCAL;
	if (from != to && distance <= NODE_LOCAL)
		return NODE_DISTANCE_NEAR;
	return distance > NODE_FARTHEST ? NODE_DISTANCE_FAR : NODE_DISTANCE_FINE;
}

void node_distances_fill(struct node_distances *d,
			 const struct node_distances *old)
{
	unsigned int from, to;

	for (from = 0; from < d->nr; from++)
		for (to = 0; to < d->nr; to++)
			d->at[(size_t)from * d->nr + to] =
				node_distances_get(old, from, to);
}

static void put(struct node_distances *d, unsigned int from, unsigned int to,
		u8 distance)
{
	if (from < d->nr && to < d->nr)
		d->at[(size_t)from * d->nr + to] = distance;
}

static void leave_out(struct node_distance_report *report,
		      enum node_distance_fault fault, u64 from, u64 to,
		      u64 distance)
{
	if (!report->left_out++) {
		report->fault = fault;
		report->from = from;
		report->to = to;
		report->distance = distance;
	}
}

/* A row's node and a column's are known; the table may end before their cell. */
static void read_cell(struct node_distances *d, const u8 *cells, u64 bytes,
		      u64 rows, u64 row, u64 column, int from, int to,
		      struct node_distance_report *report)
{
	/* neither number is large enough for an overflow: rows are limited */
	u64 at = row * rows + column;
	enum node_distance_fault fault = NODE_DISTANCE_CUT;

	if (at < bytes)
		fault = node_distance_check(from, to, cells[at], d->nr);
	if (fault == NODE_DISTANCE_FINE)
		put(d, from, to, cells[at]);
	else
		leave_out(report, fault, row, column,
			  at < bytes ? cells[at] : 0);
}

void node_distances_from_matrix(struct node_distances *d, const u8 *cells,
				u64 bytes, u64 rows, node_of_row_fn node_of,
				u64 limit, struct node_distance_report *report)
{
	u64 row, column, last = min(rows, limit);
	int from, to;

	*report = (struct node_distance_report){ };
	/* more rows than that, and no row would be whole, nor a product fit */
	if (rows > 0xffffffffULL)
		rows = 0xffffffffULL;
	for (row = 0; row < last; row++) {
		from = node_of(row);
		for (column = 0; from >= 0 && column < last; column++) {
			to = node_of(column);
			if (to >= 0)
				read_cell(d, cells, bytes, rows, row, column,
					  from, to, report);
		}
	}
}

static enum node_distance_fault check_triple(const u32 *triple, int nr_nodes)
{
	return node_distance_check(triple[0], triple[1], triple[2], nr_nodes);
}

unsigned int node_distances_reach(const u32 *cells, unsigned int nr, int nr_nodes)
{
	unsigned int i, reach = 0;

	for (i = 0; i + 2 < nr; i += 3)
		if (check_triple(&cells[i], nr_nodes) == NODE_DISTANCE_FINE)
			reach = max(reach, max(cells[i], cells[i + 1]) + 1);
	return reach;
}

void node_distances_from_triples(struct node_distances *d, const u32 *cells,
				 unsigned int nr, int nr_nodes,
				 struct node_distance_report *report)
{
	enum node_distance_fault fault;
	unsigned int i;

	*report = (struct node_distance_report){ };
	/* the ways back first, for those that are in the list to come after them */
	for (i = 0; i + 2 < nr; i += 3)
		if (check_triple(&cells[i], nr_nodes) == NODE_DISTANCE_FINE)
			put(d, cells[i + 1], cells[i], cells[i + 2]);
	for (i = 0; i + 2 < nr; i += 3) {
		fault = check_triple(&cells[i], nr_nodes);
		if (fault == NODE_DISTANCE_FINE)
			put(d, cells[i], cells[i + 1], cells[i + 2]);
		else
			leave_out(report, fault, cells[i], cells[i + 1],
				  cells[i + 2]);
	}
	if (i < nr)
		leave_out(report, NODE_DISTANCE_CUT, cells[i],
			  i + 1 < nr ? cells[i + 1] : 0, 0);
}

/* Of one pair in a change. */
static enum node_distance_fault check_pair(const struct node_distance_change *c,
					   int from, int to, int distance,
					   struct node_distance_report *report)
{
	enum node_distance_fault fault;

	if (distance == NODE_DISTANCE_KEEP)
		return NODE_DISTANCE_FINE;
	fault = node_distance_check(from, to, distance, c->nr);
	if (fault == NODE_DISTANCE_FINE && !(c->is_node(from) && c->is_node(to)))
		fault = NODE_DISTANCE_NODE;
	if (fault != NODE_DISTANCE_FINE)
		leave_out(report, fault, from, to, distance);
	return fault;
}

enum node_distance_fault
node_distances_check(const struct node_distance_change *change,
		     struct node_distance_report *report)
{
	int nid = change->nid, i;

	*report = (struct node_distance_report){ };
	if (nid < 0 || nid >= change->nr || !change->is_node(nid))
		leave_out(report, NODE_DISTANCE_NODE, nid, nid, NODE_LOCAL);
	for (i = 0; !report->left_out && change->to && i < change->nr; i++)
		check_pair(change, nid, i, change->to[i], report);
	for (i = 0; !report->left_out && change->from && i < change->nr; i++)
		check_pair(change, i, nid, change->from[i], report);
	return report->fault;
}

/* Does it change anything? */
static bool put_other(struct node_distances *d, int from, int to, int distance)
{
	if (distance == NODE_DISTANCE_KEEP ||
	    distance == node_distances_get(d, from, to))
		return false;
	put(d, from, to, distance);
	return true;
}

bool node_distances_apply(struct node_distances *d,
			  const struct node_distance_change *change)
{
	bool other = false;
	int i;

	for (i = 0; i < change->nr; i++) {
		if (change->to)
			other |= put_other(d, change->nid, i, change->to[i]);
		if (change->from)
			other |= put_other(d, i, change->nid, change->from[i]);
	}
	return other;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* From @at on; false: there is something else. What is too large stays too large. */
static bool parse_number(const char *text, size_t length, size_t *at, int *value)
{
	size_t i = *at;
	int sum = 0;

	for (; i < length && text[i] >= '0' && text[i] <= '9'; i++)
		sum = min(10 * sum + (text[i] - '0'), NODE_FARTHEST + 1);
	if (i == *at || (i < length && !is_blank(text[i])))
		return false;
	*value = sum;
	*at = i;
	return true;
}

int node_distances_parse(const char *text, size_t length, int *values, int room)
{
	int nr = 0, value;
	size_t at = 0;

	if (length && text[length - 1] == '\n')
		length--;
	for (;;) {
		while (at < length && is_blank(text[at]))
			at++;
		if (at == length)
			return nr;
		if (!parse_number(text, length, &at, &value))
			return -EINVAL;
		if (nr < room)
			values[nr] = value;
		nr = min(nr, room) + 1;
	}
}
