// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the map that finds nodes in constant time. Pure; see fast.h.
 */
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "fast.h"

#define PAGE_BYTES	BIT_ULL(NODE_PAGE_SHIFT)
/* A page is divided into 1 << FINEST cells at most. */
#define FINEST		12
/* Entries of pages have 26 bits for the number of a slot. */
#define MOST_CELLS	BIT(20)
/* More than a page can spend: each gets all the cells that are of use to it. */
#define ANY_WORTH	(2U << FINEST)
#define TOLD_APART	2	/* cuts inside of a cell */
/* Cells that pages share are of NODE_MIXED to NODE_UNKNOWN, and then of nodes. */
#define WHOLE_ODD	(-NODE_MIXED)
/* Of the budget: for struct node_fast and what the caller adds to it. */
#define HEADER		256

/* The cuts inside of a page: from @first on, those before @last. */
struct group {
	unsigned int first, last;
};

static u64 cut_address(const struct node_fast *f, unsigned int i)
{
	return f->cuts[i] & ~(NODE_UNIT - 1);
}

static bool is_page_start(const struct node_fast *f, unsigned int i)
{
	return !(cut_address(f, i) & (PAGE_BYTES - 1));
}

/* Goes on to the next page with cuts inside, from { } on; false behind the last one. */
static bool next_group(const struct node_fast *f, struct group *g)
{
	u64 page;

	for (g->first = g->last; g->first < f->nr_cuts; g->first++)
		if (!is_page_start(f, g->first))
			break;
	if (g->first >= f->nr_cuts)
		return false;
	page = cut_address(f, g->first) >> NODE_PAGE_SHIFT;
	for (g->last = g->first + 1; g->last < f->nr_cuts; g->last++)
		if (cut_address(f, g->last) >> NODE_PAGE_SHIFT != page)
			break;
	return true;
}

/* How many cuts are in cells with more of them than are told apart? */
static unsigned int searched(const struct node_fast *f, const struct group *g,
			     unsigned int shift)
{
	unsigned int sum = 0, i, n;

	for (i = g->first; i < g->last; i += n) {
		n = 1;
		if (!(cut_address(f, i) & ((1ULL << shift) - 1)))
			continue;
		while (i + n < g->last && cut_address(f, i + n) >> shift ==
		       cut_address(f, i) >> shift)
			n++;
		sum += n > TOLD_APART ? n : 0;
	}
	return sum;
}

/*
 * In how many steps of halving a page is divided, or -1: it has no cells, and all
 * its cuts are searched. The least price for cells and searches.
 */
static int steps_for(const struct node_fast *f, const struct group *g, u64 worth)
{
	u64 price, least = (g->last - g->first) * worth;
	unsigned int cuts;
	int steps, best = -1;

	for (steps = 0; steps <= FINEST && 1ULL << steps < least; steps++) {
		cuts = searched(f, g, NODE_PAGE_SHIFT - steps);
		price = (1ULL << steps) + cuts * worth;
		if (price < least) {
			least = price;
			best = steps;
		}
	}
	return best;
}

static u32 cells_of(int steps)
{
	return steps < 0 ? 0 : 1U << steps;
}

/* The same for each page, if pages are asked for in order: the first get the spare. */
static int share_of(const struct node_fast *f, const struct group *g, u32 *spare)
{
	int steps = steps_for(f, g, f->worth), more;
	u32 extra;

	if (f->worth == ANY_WORTH)
		return steps;
	more = steps_for(f, g, f->worth ? 2 * f->worth : 1);
	extra = cells_of(more) - cells_of(steps);
	if (extra > *spare)
		return steps;
	*spare -= extra;
	return more;
}

static u32 cells_with(const struct node_fast *f)
{
	u32 spare = f->spare, cells = 0;
	struct group g = { };

	while (next_group(f, &g))
		cells += cells_of(share_of(f, &g, &spare));
	return cells;
}

static bool any_searched(const struct node_fast *f)
{
	struct group g = { };
	int steps;

	while (next_group(f, &g)) {
		steps = steps_for(f, &g, f->worth);
		if (steps < 0 || searched(f, &g, NODE_PAGE_SHIFT - steps))
			return true;
	}
	return false;
}

/* How many cells there may be, besides those that pages share. */
static u32 cells_room(const struct node_fast *f)
{
	size_t most = (size_t)NODE_RANGE_BYTES * max(NODE_RANGES, f->nr_cuts / 2);
	size_t rest = HEADER + f->nr_kept * sizeof(*f->cuts) +
		      (NODE_PAGE_SLOTS + f->nr_whole) * sizeof(*f->slot);

	return min_t(size_t, (most - rest) / sizeof(*f->slot), MOST_CELLS);
}

/* As many cells as are of use, and no cuts; or else cuts, and what cells there may be. */
static u32 share_out(struct node_fast *f)
{
	u32 room;

	f->worth = ANY_WORTH;
	if (!any_searched(f) && cells_with(f) <= cells_room(f))
		return cells_with(f);
	f->nr_kept = f->nr_cuts;
	room = cells_room(f);
	while (cells_with(f) > room)
		f->worth /= 2;
	f->spare = room - cells_with(f);
	return cells_with(f);
}

void node_fast_start(struct node_fast *f, const struct node_claims *c)
{
	unsigned int i;
	u64 at;

	*f = (struct node_fast){ .nr_nodes = c->nr_nodes };
	for (i = 0; i < NODE_RULES; i++)
		f->rule[i] = c->rule[i];
	for (at = 0; at != U64_MAX; at = node_claims_same_until(c, at))
		f->nr_cuts++;
}

size_t node_fast_cuts_size(const struct node_fast *f)
{
	return f->nr_cuts * sizeof(*f->cuts);
}

size_t node_fast_size(const struct node_fast *f)
{
	return f->nr_slots * sizeof(*f->slot) + f->nr_kept * sizeof(*f->cuts);
}

void node_fast_plan(struct node_fast *f, const struct node_claims *c, u64 *cuts)
{
	int code, highest = NODE_UNKNOWN;
	unsigned int i = 0;
	u64 at;

	f->cuts = cuts;
	for (at = 0; at != U64_MAX; at = node_claims_same_until(c, at)) {
		code = node_claims_code(c, at);
		highest = max(highest, code);
		cuts[i++] = at | NODE_ANSWER(code);
	}
	f->nr_whole = WHOLE_ODD + highest + 1;
	f->nr_slots = NODE_PAGE_SLOTS + f->nr_whole + share_out(f);
}

/* The first cut of some, from @low to before @high, that is above an address. */
static unsigned int cut_above(const struct node_fast *f, u64 addr,
			      unsigned int low, unsigned int high)
{
	unsigned int middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (cut_address(f, middle) > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int code_from(const struct node_fast *f, unsigned int cut)
{
	return node_answer_code(f->cuts[cut]);
}

/* To be searched: cuts from @first on, of which the first may be below the cell. */
static struct node_cell cell_mixed(unsigned int first, unsigned int more)
{
	u64 answers = NODE_ANSWER(NODE_MIXED) << NODE_ANSWER_BITS | NODE_ANSWER(NODE_MIXED);

	return (struct node_cell){
		.first = (u64)first << NODE_CUT_SHIFT | answers,
		.second = (u64)more << NODE_CUT_SHIFT | answers,
	};
}

static u64 cut_in_cell(const struct node_fast *f, unsigned int cut)
{
	return (cut_address(f, cut) & (PAGE_BYTES - 1)) << NODE_CUT_SHIFT;
}

static struct node_cell cell_of(const struct node_fast *f, u64 start, u64 size)
{
	unsigned int next = cut_above(f, start, 0, f->nr_cuts);
	unsigned int n = cut_above(f, start + size - 1, next, f->nr_cuts) - next;
	unsigned int last = next + n - 1;

	if (!n)
		return NODE_CELL_SAME(code_from(f, last));
	if (n > TOLD_APART)
		return cell_mixed(next - 1, n);
	return (struct node_cell){
		.first = cut_in_cell(f, next) |
			 NODE_ANSWER(code_from(f, next)) << NODE_ANSWER_BITS |
			 NODE_ANSWER(code_from(f, next - 1)),
		.second = cut_in_cell(f, last) | NODE_ANSWER(code_from(f, last)),
	};
}

static u32 whole_page(int code)
{
	return NODE_WHOLE_PAGE(NODE_PAGE_SLOTS + WHOLE_ODD + code);
}

/* All pages, as if there were no cuts inside. */
static void fill_whole_pages(struct node_fast *f, u32 *pages)
{
	unsigned int i, next = 0;
	u32 number;

	f->slot[NODE_PAGE_SLOTS].cell = cell_mixed(0, f->nr_cuts - 1);
	for (i = 1; i < f->nr_whole; i++)
		f->slot[NODE_PAGE_SLOTS + i].cell = NODE_CELL_SAME((int)i - WHOLE_ODD);
	for (number = 0; number < NODE_PAGES; number++) {
		while (next < f->nr_cuts &&
		       cut_address(f, next) >> NODE_PAGE_SHIFT < number)
			next++;
		if (next < f->nr_cuts &&
		    cut_address(f, next) == (u64)number << NODE_PAGE_SHIFT)
			next++;
		pages[number] = whole_page(code_from(f, next - 1));
	}
}

static void fill_page(struct node_fast *f, u32 *pages, u64 number, int steps,
		      u32 slot)
{
	unsigned int shift = NODE_PAGE_SHIFT - steps;
	u32 i;

	if (steps < 0) {
		pages[number] = whole_page(NODE_MIXED);
		return;
	}
	pages[number] = slot << 6 | shift;
	for (i = 0; i < cells_of(steps); i++)
		f->slot[slot + i].cell =
			cell_of(f, (number << NODE_PAGE_SHIFT) + ((u64)i << shift),
				1ULL << shift);
}

void node_fast_fill(struct node_fast *f, void *memory)
{
	u64 *cuts = memory + f->nr_slots * sizeof(*f->slot);
	u32 slot = NODE_PAGE_SLOTS + f->nr_whole, spare = f->spare, *pages;
	struct group g = { };
	unsigned int i;
	int steps;

	f->slot = memory;
	pages = f->slot->page;
	fill_whole_pages(f, pages);
	while (next_group(f, &g)) {
		steps = share_of(f, &g, &spare);
		fill_page(f, pages, cut_address(f, g.first) >> NODE_PAGE_SHIFT,
			  steps, slot);
		slot += cells_of(steps);
	}
	for (i = 0; i < f->nr_kept; i++)
		cuts[i] = f->cuts[i];
	f->cuts = cuts;
}

static int search(const struct node_fast *f, u64 addr)
{
	const struct node_cell *cell =
		node_fast_cell(f->slot, addr >> NODE_PAGE_SHIFT,
			       addr & (PAGE_BYTES - 1));
	unsigned int low = (cell->first >> NODE_CUT_SHIFT) + 1;
	unsigned int more = cell->second >> NODE_CUT_SHIFT;

	return code_from(f, cut_above(f, addr, low, low + more) - 1);
}

int node_fast_odd(const struct node_fast *f, u64 addr)
{
	int code = node_answer_code(node_fast_answer(f->slot, addr));

	if (code == NODE_MIXED)
		code = search(f, addr);
	if (code > NODE_BY_RULE)
		return code;
	return node_rule_node(&f->rule[NODE_BY_RULE - code], addr, f->nr_nodes);
}
