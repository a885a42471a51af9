// SPDX-License-Identifier: GPL-2.0-only
/*
 * What adding costs. Pure; see price.h.
 */
#include <linux/types.h>
#include <linux/limits.h>

#include "price.h"

static u64 pages_of(u64 bytes, unsigned int shift)
{
	return (bytes >> shift) + !!(bytes & ((1ULL << shift) - 1));
}

/* No tree has more levels below its root: LPA2 with 4K pages has as many. */
#define LEVELS	4

/*
 * Tables that map @size bytes by leaves of @leaf bytes. On each level there may
 * be one more where the range begins and ends within tables.
 */
static u64 tables(u64 size, u64 leaf, unsigned int page_shift)
{
	unsigned int bits = page_shift - 3;
	u64 entries = size / leaf + !!(size % leaf), sum = 0;
	int level;

	for (level = 0; level < LEVELS; level++) {
		entries = pages_of(entries, bits) + 1;
		sum += entries;
	}
	return sum;
}

u64 mhp_price(const struct mhp_goods *goods)
{
	u64 memmap;

	if (!(goods->size >> goods->page_shift) || !goods->leaf ||
	    !goods->struct_leaf)
		return U64_MAX;
	memmap = (goods->size >> goods->page_shift) * goods->page_struct;
	return tables(goods->size, goods->leaf, goods->page_shift) +
	       tables(memmap, goods->struct_leaf, goods->page_shift) +
	       (goods->self_hosted ? 0 : pages_of(memmap, goods->page_shift));
}
