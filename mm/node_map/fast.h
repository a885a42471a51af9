/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_NODE_MAP_FAST_H
#define _MM_NODE_MAP_FAST_H
/*
 * Claims made quick: the node of an address in constant time.
 *
 * The answers of all addresses are a row of pieces. A cut is the address where a
 * piece begins, with the piece's answer in the lowest bits: no cut is inside of a
 * unit, so they are free.
 *
 *	   page     1 TiB                    1 TiB            1 TiB
 *	   v        v                        v                v
 *	   | 4 cells in it                   | one cell       | one
 *	   |       |       |       |         |                |
 *	cuts:      ^           ^ ^                    ^
 *
 * The space is divided into pages of 1 TiB, and each of them evenly into cells: as
 * many as it takes for all cuts to be where cells begin. Then a cell is the answer
 * itself. If so many are not to be had, a cell has the number of the last cut at or
 * below its first address. Two comparisons, which do not wait for one another, find
 * the piece, unless there are three cuts or more inside of the cell: then it is
 * searched.
 *
 * Pure: it takes no lock and allocates nothing.
 */
#include <linux/types.h>

#include "claims.h"

#define NODE_PAGE_SHIFT	40
/* What all cells take is no more than this: 64 KiB with 1024 ranges. */
#define NODE_CELLS	(14U << 10)

/* A cell is a node, NODE_UNKNOWN, NODE_BY_RULE - n, or NODE_MIXED - number of cut. */
#define NODE_MIXED	(NODE_BY_RULE - NODE_RULES)
#define NODE_NOWHERE	(-32768)
#define NODE_CUTS_MAX	(NODE_MIXED - NODE_NOWHERE)

/* The lowest bits of a cut: 0 is unknown, n + 1 is node n, and then come rules. */
#define NODE_ANSWER_MASK	(NODE_UNIT - 1)
#define NODE_ANSWER_RULE	(NODE_UNIT - NODE_RULES)

/**
 * struct node_fast - what claims say, made quick
 * @cuts:     where pieces begin, with their answers; two that nothing reaches follow
 * @page:     for each TiB: its first cell << 6 | log2 of the bytes of a cell
 * @cell:     answers, or numbers of cuts
 * @nr_pages: how many; beyond them nothing is known
 * @nr_cuts:  how many, without the last two
 * @nr_cells: how many
 * @finest:   in how many steps of halving a page may be divided
 * @nr_nodes: as that of the claims
 * @rule:     as that of the claims
 */
struct node_fast {
	u64 *cuts;
	u32 *page;
	s16 *cell;
	u32 nr_pages, nr_cuts, nr_cells, finest;
	int nr_nodes;
	struct node_rule rule[NODE_RULES];
};

/* Bytes for the cuts, and for pages and cells. */
size_t node_fast_cuts_size(const struct node_fast *f);
size_t node_fast_cells_size(const struct node_fast *f);

/*
 * To make one: start it, which says how many cuts there are; give it memory for
 * them; plan it, which says how many pages and cells; give it memory for those; fill
 * it. The first says false if there are more cuts than NODE_CUTS_MAX.
 */
bool node_fast_start(struct node_fast *f, const struct node_claims *c);
void node_fast_plan(struct node_fast *f, const struct node_claims *c, u64 *cuts);
void node_fast_fill(struct node_fast *f, void *memory);

/* Of the cell of an address; NODE_NOWHERE if it has none. */
static inline int node_fast_cell(const struct node_fast *f, u64 addr)
{
	u64 inside = addr & ((1ULL << NODE_PAGE_SHIFT) - 1);
	u64 number = addr >> NODE_PAGE_SHIFT;
	u32 page;

	if (__builtin_expect(number >= f->nr_pages, 0))
		return NODE_NOWHERE;
	page = f->page[number];
	return f->cell[(page >> 6) + (inside >> (page & 63))];
}

/* The node of an address whose cell is none. */
int node_fast_odd(const struct node_fast *f, u64 addr, int cell);

/**
 * node_fast_find() - the node of an address
 * @f:    filled
 * @addr: any address
 *
 * Return: as node_claims_find() of the claims it was made from.
 */
static inline int node_fast_find(const struct node_fast *f, u64 addr)
{
	int cell = node_fast_cell(f, addr);

	return __builtin_expect(cell >= 0, 1) ? cell : node_fast_odd(f, addr, cell);
}

#endif /* _MM_NODE_MAP_FAST_H */
