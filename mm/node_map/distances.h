/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_NODE_MAP_DISTANCES_H
#define _MM_NODE_MAP_DISTANCES_H
/*
 * How far nodes are from one another: a table, how firmware's tables are read into
 * it, and how a node gets other distances later. What is wrong in a table of firmware
 * is left out, entry by entry; what is wrong in a change refuses all of the change.
 *
 * Pure: it takes no lock and allocates nothing.
 */
#include <linux/types.h>

#define NODE_LOCAL	10
#define NODE_REMOTE	20
#define NODE_FARTHEST	255

/**
 * struct node_distances - distance from each node to each
 * @at: row by row
 * @nr: how many rows, and how many in a row; nodes from there on are at the usual
 *      distances
 */
struct node_distances {
	u8 *at;
	unsigned int nr;
};

/* From a node to itself and to any other, where nothing is known. */
static inline int node_distance_usual(int from, int to)
{
	return from == to ? NODE_LOCAL : NODE_REMOTE;
}

/* Any numbers. */
static inline int node_distances_get(const struct node_distances *d, int from,
				     int to)
{
	if ((unsigned int)from >= d->nr || (unsigned int)to >= d->nr)
		return node_distance_usual(from, to);
	return d->at[(size_t)from * d->nr + to];
}

/* Copies what is known; the rest becomes usual. @old may be smaller or larger. */
void node_distances_fill(struct node_distances *d,
			 const struct node_distances *old);

/**
 * enum node_distance_fault - what is wrong with a distance
 * @NODE_DISTANCE_FINE:   nothing
 * @NODE_DISTANCE_NODE:   one of the nodes is out of bounds
 * @NODE_DISTANCE_LOCAL:  it is a node's from itself, and not 10
 * @NODE_DISTANCE_NEAR:   it is that of two nodes, and 10 or less
 * @NODE_DISTANCE_FAR:    it is more than 255
 * @NODE_DISTANCE_CUT:    the table ends before it
 */
enum node_distance_fault {
	NODE_DISTANCE_FINE,
	NODE_DISTANCE_NODE,
	NODE_DISTANCE_LOCAL,
	NODE_DISTANCE_NEAR,
	NODE_DISTANCE_FAR,
	NODE_DISTANCE_CUT,
};

const char *node_distance_text(enum node_distance_fault fault);

/* -ERANGE: it is too near or too far; else -EINVAL; 0 for @NODE_DISTANCE_FINE. */
int node_distance_error(enum node_distance_fault fault);

/* Nodes are below @nr_nodes. */
enum node_distance_fault node_distance_check(s64 from, s64 to, s64 distance,
					     int nr_nodes);

/**
 * struct node_distance_report - what of a table was left out
 * @left_out: how many entries
 * @fault:    what is wrong with the first of them
 * @from:     its row, as the table numbers them
 * @to:       its column
 * @distance: what it says, 0 if it is cut off
 */
struct node_distance_report {
	u64 left_out;
	enum node_distance_fault fault;
	u64 from, to, distance;
};

/* The node of a row, NODE_UNKNOWN if it has none: then it does not count. */
typedef int (*node_of_row_fn)(u64 row);

/**
 * node_distances_from_matrix() - read a square table of bytes, as SLIT is
 * @d:       table; large enough for each node of a row
 * @cells:   row by row
 * @bytes:   how many there are
 * @rows:    how many rows it says it has
 * @node_of: node of each row
 * @limit:   rows from here on do not count
 * @report:  what was left out
 */
void node_distances_from_matrix(struct node_distances *d, const u8 *cells,
				u64 bytes, u64 rows, node_of_row_fn node_of,
				u64 limit, struct node_distance_report *report);

/**
 * node_distances_reach() - the table that a list of triples needs
 * @cells:    from, to, distance, and so on
 * @nr:       how many numbers, three for each
 * @nr_nodes: nodes are below it
 *
 * Return: how many rows.
 */
unsigned int node_distances_reach(const u32 *cells, unsigned int nr, int nr_nodes);

/**
 * node_distances_from_triples() - read a list, as that of the devicetree is
 * @d:        table; large enough, see node_distances_reach()
 * @cells:    from, to, distance, and so on
 * @nr:       how many numbers; some that are left over at the end are a fault
 * @nr_nodes: nodes are below it
 * @report:   what was left out
 *
 * The way back is as long as the way there, unless the list says how long it is.
 */
void node_distances_from_triples(struct node_distances *d, const u32 *cells,
				 unsigned int nr, int nr_nodes,
				 struct node_distance_report *report);

/* Instead of a distance: it stays as it is. */
#define NODE_DISTANCE_KEEP	(-1)

/**
 * struct node_distance_change - new distances of a node
 * @nid:     the node
 * @to:      distance from it to each node, by number; NULL: they stay
 * @from:    distance from each node to it; NULL: they stay
 * @nr:      how many there are in @to and in @from
 * @is_node: can there be a node of this number?
 */
struct node_distance_change {
	int nid;
	const int *to, *from;
	int nr;
	bool (*is_node)(int nid);
};

/**
 * node_distances_check() - is everything in a change right?
 * @change: change
 * @report: the first thing that is not; @left_out does not count
 *
 * Return: fault.
 */
enum node_distance_fault
node_distances_check(const struct node_distance_change *change,
		     struct node_distance_report *report);

/**
 * node_distances_apply() - a node gets other distances
 * @d:      table; large enough
 * @change: change in which everything is right
 *
 * Return: true if the table is another one than before.
 */
bool node_distances_apply(struct node_distances *d,
			  const struct node_distance_change *change);

/**
 * node_distances_parse() - read a line of decimal numbers
 * @text:   line; blanks between the numbers, perhaps a newline at the end
 * @length: bytes
 * @values: the numbers; one that is larger than every distance may be another such
 * @room:   how many fit
 *
 * Return: how many there are, @room + 1 if they are more than fit; -EINVAL: something
 * is no number.
 */
int node_distances_parse(const char *text, size_t length, int *values, int room);

#endif /* _MM_NODE_MAP_DISTANCES_H */
