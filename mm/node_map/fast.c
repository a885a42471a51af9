// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the map that finds nodes in constant time. Pure; see fast.h.
 */
#include <linux/align.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "fast.h"

#define PAGE_BYTES	BIT_ULL(NODE_PAGE_SHIFT)
/* A page is divided into 1 << FINEST cells at most, of 128 MiB then. */
#define FINEST		13U
#define BEHIND		2	/* cuts that nothing reaches */

size_t node_fast_cuts_size(const struct node_fast *f)
{
	return (f->nr_cuts + BEHIND) * sizeof(*f->cuts);
}

size_t node_fast_cells_size(const struct node_fast *f)
{
	return f->nr_pages * sizeof(*f->page) + f->nr_cells * sizeof(*f->cell);
}

static u64 answer_of(int code)
{
	return code > NODE_BY_RULE ? (u64)(code + 1) :
				     NODE_ANSWER_RULE + NODE_BY_RULE - code;
}

static u64 cut_address(const struct node_fast *f, unsigned int i)
{
	return f->cuts[i] & ~NODE_ANSWER_MASK;
}

bool node_fast_start(struct node_fast *f, const struct node_claims *c)
{
	u64 at, last = 0;
	unsigned int i;

	*f = (struct node_fast){ .nr_nodes = c->nr_nodes };
	for (i = 0; i < NODE_RULES; i++)
		f->rule[i] = c->rule[i];
	for (at = 0; at != U64_MAX; at = node_claims_same_until(c, at)) {
		last = at;
		f->nr_cuts++;
	}
	/* nothing is known behind the last cut */
	f->nr_pages = ALIGN(last, PAGE_BYTES) >> NODE_PAGE_SHIFT;
	return f->nr_cuts <= NODE_CUTS_MAX;
}

/* The first cut that is above an address. */
static unsigned int cut_above(const struct node_fast *f, u64 addr)
{
	unsigned int low = 0, high = f->nr_cuts, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (cut_address(f, middle) > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/*
 * Are there more than @most cuts inside of any cell of a page? One at its start is
 * not inside.
 */
static bool is_crowded(const struct node_fast *f, u64 page, unsigned int shift,
		       unsigned int most)
{
	unsigned int i = cut_above(f, page);
	u64 cut;

	for (; i + most < f->nr_cuts; i++) {
		cut = cut_address(f, i);
		if (cut - page >= PAGE_BYTES)
			return false;
		if (cut & ((1ULL << shift) - 1) &&
		    cut >> shift == cut_address(f, i + most) >> shift)
			return true;
	}
	return false;
}

/* The fewest steps of halving after which it is not; FINEST + 1 if there are none. */
static unsigned int steps_for(const struct node_fast *f, u64 page,
			      unsigned int most)
{
	unsigned int steps = 0;

	while (steps <= FINEST &&
	       is_crowded(f, page, NODE_PAGE_SHIFT - steps, most))
		steps++;
	return steps;
}

/* No further than it helps: to answers, or else to two comparisons. */
static unsigned int steps_of(const struct node_fast *f, u64 page,
			     unsigned int finest)
{
	unsigned int steps = steps_for(f, page, 0);

	if (steps > finest)
		steps = steps_for(f, page, 2);
	return min(steps, finest);
}

static u32 cells_with(const struct node_fast *f, unsigned int finest)
{
	u32 cells = 0;
	u64 i;

	for (i = 0; i < f->nr_pages; i++)
		cells += 1U << steps_of(f, i << NODE_PAGE_SHIFT, finest);
	return cells;
}

void node_fast_plan(struct node_fast *f, const struct node_claims *c, u64 *cuts)
{
	unsigned int i = 0;
	u64 at;

	f->cuts = cuts;
	for (at = 0; at != U64_MAX; at = node_claims_same_until(c, at))
		cuts[i++] = at | answer_of(node_claims_code(c, at));
	while (i < f->nr_cuts + BEHIND)
		cuts[i++] = U64_MAX;
	for (i = FINEST; i && cells_with(f, i) > NODE_CELLS; i--)
		;
	f->finest = i;
	f->nr_cells = cells_with(f, i);
}

static int code_of(unsigned int answer)
{
	return answer < NODE_ANSWER_RULE ? (int)answer - 1 :
	       NODE_BY_RULE - (int)(answer - NODE_ANSWER_RULE);
}

static s16 cell_of(const struct node_fast *f, u64 start, unsigned int shift)
{
	unsigned int next = cut_above(f, start);

	if (next < f->nr_cuts && cut_address(f, next) - start < 1ULL << shift)
		return NODE_MIXED - (int)(next - 1);
	return code_of(f->cuts[next - 1] & NODE_ANSWER_MASK);
}

static void fill_page(struct node_fast *f, u64 number, u32 first)
{
	u64 start = number << NODE_PAGE_SHIFT;
	unsigned int steps = steps_of(f, start, f->finest);
	unsigned int shift = NODE_PAGE_SHIFT - steps;
	u32 i;

	f->page[number] = first << 6 | shift;
	for (i = 0; i < 1U << steps; i++)
		f->cell[first + i] = cell_of(f, start + ((u64)i << shift), shift);
}

void node_fast_fill(struct node_fast *f, void *memory)
{
	u32 i, first = 0;

	f->page = memory;
	f->cell = memory + f->nr_pages * sizeof(*f->page);
	for (i = 0; i < f->nr_pages; i++) {
		fill_page(f, i, first);
		first += 1U << (NODE_PAGE_SHIFT - (f->page[i] & 63));
	}
}

/* The piece that an address is in, from the cut of its cell on. */
static unsigned int piece_of(const struct node_fast *f, u64 addr, unsigned int i)
{
	u64 highest = addr | NODE_ANSWER_MASK;

	i += (f->cuts[i + 1] <= highest) + (f->cuts[i + 2] <= highest);
	/* behind the last cut there are two that are above every address */
	return f->cuts[i + 1] <= highest ? cut_above(f, addr) - 1 : i;
}

int node_fast_odd(const struct node_fast *f, u64 addr, int cell)
{
	unsigned int i;

	if (cell == NODE_NOWHERE)
		return NODE_UNKNOWN;
	if (cell <= NODE_MIXED) {
		i = piece_of(f, addr, NODE_MIXED - cell);
		cell = code_of(f->cuts[i] & NODE_ANSWER_MASK);
	}
	if (cell > NODE_BY_RULE)
		return cell;
	return node_rule_node(&f->rule[NODE_BY_RULE - cell], addr, f->nr_nodes);
}
