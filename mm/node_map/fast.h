/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_NODE_MAP_FAST_H
#define _MM_NODE_MAP_FAST_H
/*
 * Claims made quick: the node of an address in constant time.
 *
 * The answers of all addresses are a row of pieces. A cut is the address where a
 * piece begins. All addresses are divided evenly into pages, and pages with cuts
 * inside evenly into cells:
 *
 *	pages:     |               |               |               |
 *	cells:     |   |   |   |   |               |       |       |
 *	cuts:            ^   ^ ^   ^                  ^  ^   ^
 *
 * A cut where a page or a cell begins is not inside of it. A cell has the addresses
 * of two cuts inside, and the answers below, between and above them; two comparisons
 * choose one, without a branch. A page is divided into as many cells as it takes for
 * no more cuts to be in any. If there is no room for so many, or if cuts are too
 * close together, a cell has the numbers of its cuts instead, and they are searched.
 *
 * A page without cuts inside needs no cell of its own: all such pages with the same
 * answer share one. What look-ups read is in one piece, so that one pointer will do:
 *
 *	slots:     | pages, four in a slot | cells that pages share | cells |
 *
 * Pure: it takes no lock and allocates nothing.
 */
#include <asm/sparsemem.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include "claims.h"

/*
 * An address has at most so many bits. What it has on this machine, MAX_PHYSMEM_BITS, is
 * known at boot only where 4K and 16K pages come with 52 bits (LPA2).
 */
#ifdef CONFIG_ARM64_PA_BITS
#define NODE_ADDRESS_BITS	CONFIG_ARM64_PA_BITS
#else
#define NODE_ADDRESS_BITS	MAX_PHYSMEM_BITS
#endif

/* 4096 pages of 1 TiB with 52 bits of address, 2048 of 128 GiB with 48. */
#define NODE_PAGES_SHIFT	(NODE_ADDRESS_BITS > 48 ? 12 : 11)
#define NODE_PAGES		BIT(NODE_PAGES_SHIFT)
#define NODE_PAGE_SHIFT		(NODE_ADDRESS_BITS - NODE_PAGES_SHIFT)
#define NODE_PAGE_SLOTS		(NODE_PAGES / 4)

/* Bytes that a map takes at most: 64 for each of so many ranges, or of more. */
#define NODE_RANGES		1024U
#define NODE_RANGE_BYTES	64U

/*
 * An answer has so many bits: a node, NODE_UNKNOWN, NODE_BY_RULE - n, or one of these.
 * Those below zero are odd, and take longer.
 */
#define NODE_ANSWER_BITS	11
#define NODE_ANSWER_ODD		BIT_ULL(NODE_ANSWER_BITS - 1)
#define NODE_ANSWER_MASK	(2 * NODE_ANSWER_ODD - 1)
#define NODE_NODES_MAX		(1 << (NODE_ANSWER_BITS - 1))
#define NODE_MIXED		(NODE_BY_RULE - NODE_RULES)	/* search the cuts */
#define NODE_BY_CLAIMS		(NODE_MIXED - 1)		/* search the claims */

/*
 * What is above the answers: the address of a cut in its page. If the answer is
 * NODE_MIXED, a number: of the last cut that is not above the cell's start, and in the
 * other half of the cell, how many cuts follow inside.
 */
#define NODE_CUT_SHIFT		(2 * NODE_ANSWER_BITS)

/**
 * struct node_cell - the answers of some addresses
 * @first:  first cut; the answer from it on; the lowest bits are the answer below it
 * @second: second cut, and the answer from it on, which comes before those of @first
 */
struct node_cell {
	u64 first, second;
};

/**
 * union node_slot - four pages, or a cell
 * @page: the slot of the page's first cell << 6 | log2 of the bytes of a cell
 * @cell: cell
 */
union node_slot {
	u32 page[4];
	struct node_cell cell;
};

#define NODE_ANSWER(code)	((u64)(code) & NODE_ANSWER_MASK)
/* One answer: from the second cut on, which is where the page begins. */
#define NODE_CELL_SAME(code)	((struct node_cell){ .second = NODE_ANSWER(code) })
/* A page that is one cell, which is in a slot. */
#define NODE_WHOLE_PAGE(slot)	((slot) << 6 | NODE_PAGE_SHIFT)

/**
 * struct node_fast - what claims say, made quick
 * @slot:     pages and cells
 * @cuts:     where pieces begin; the answers are in the lowest bits
 * @nr_slots: how many slots
 * @nr_cuts:  how many cuts
 * @nr_kept:  how many of them a filled map has: all, or none if none is searched
 * @nr_whole: how many of the slots are cells that pages share
 * @worth:    rather than spend more cells than this on a cut, it is searched
 * @spare:    so many cells are left for pages that would spend twice as much
 * @nr_nodes: as that of the claims
 * @rule:     as that of the claims
 */
struct node_fast {
	union node_slot *slot;
	u64 *cuts;
	u32 nr_slots, nr_cuts, nr_kept, nr_whole, worth, spare;
	int nr_nodes;
	struct node_rule rule[NODE_RULES];
};

/*
 * To make one: start it, which says how many bytes the cuts take; give it memory for
 * them; plan it, which says how many bytes pages and cells take; give it memory for
 * those; fill it. What the first memory was for is over then. nr_nodes of the claims is
 * NODE_NODES_MAX at most.
 */
void node_fast_start(struct node_fast *f, const struct node_claims *c);
size_t node_fast_cuts_size(const struct node_fast *f);
void node_fast_plan(struct node_fast *f, const struct node_claims *c, u64 *cuts);
size_t node_fast_size(const struct node_fast *f);
void node_fast_fill(struct node_fast *f, void *memory);

/* The cell of an address that is so far inside of a page. */
static inline const struct node_cell *node_fast_cell(const union node_slot *slot,
						     u64 number, u64 inside)
{
	const u32 *pages = slot->page;
	u64 page = pages[number];

	/* or else the compiler takes the sums apart: three instructions more */
	OPTIMIZER_HIDE_VAR(page);
	slot += (page >> 6) + (inside >> (page & 63));
	OPTIMIZER_HIDE_VAR(slot);
	return &slot->cell;
}

/**
 * node_fast_answer() - what a map says of an address
 * @slot: of a map, filled
 * @addr: any address
 *
 * Return: the answer in the lowest bits, and anything above them.
 */
static inline u64 node_fast_answer(const union node_slot *slot, u64 addr)
{
	u64 inside = addr & ((1ULL << NODE_PAGE_SHIFT) - 1);
	u64 number = addr >> NODE_PAGE_SHIFT;
	const struct node_cell *cell;
	u64 first, second;

	if (unlikely(number >= NODE_PAGES))
		return NODE_UNKNOWN;
	cell = node_fast_cell(slot, number, inside);
	first = cell->first;
	second = cell->second;
	first >>= inside >= first >> NODE_CUT_SHIFT ? NODE_ANSWER_BITS : 0;
	return inside >= second >> NODE_CUT_SHIFT ? second : first;
}

static inline bool node_answer_is_node(u64 answer)
{
	return !(answer & NODE_ANSWER_ODD);
}

static inline int node_answer_node(u64 answer)
{
	return answer & (NODE_ANSWER_ODD - 1);
}

/* A node, or what else an answer is, below zero. */
static inline int node_answer_code(u64 answer)
{
	return (int)((answer & NODE_ANSWER_MASK) ^ NODE_ANSWER_ODD) -
	       (int)NODE_ANSWER_ODD;
}

/* The node of an address whose answer is odd. */
int node_fast_odd(const struct node_fast *f, u64 addr);

/**
 * node_fast_find() - the node of an address
 * @f:    filled
 * @addr: any address
 *
 * Return: as node_claims_find() of the claims it was made from.
 */
static inline int node_fast_find(const struct node_fast *f, u64 addr)
{
	u64 answer = node_fast_answer(f->slot, addr);

	return likely(node_answer_is_node(answer)) ? node_answer_node(answer) :
						     node_fast_odd(f, addr);
}

#endif /* _MM_NODE_MAP_FAST_H */
