// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large memory blocks are. See block_size.h.
 */
#include "block_size.h"

static bool is_aligned(u64 address, u64 size)
{
	return !(address & (size - 1));
}

/*
 * Memory that comes is often put where the window begins, one part behind the
 * other. A window is of use in whole sections only.
 */
static bool misses_begin(const struct mhp_extent *e, u64 size, u64 section)
{
	u64 start = e->start + (-e->start & (section - 1));

	return start < e->end && !is_aligned(start, size);
}

static bool share_block(const struct mhp_extent *a, const struct mhp_extent *b,
			u64 size)
{
	if (a->nid == b->nid && a->window == b->window)
		return false;
	return a->start / size <= (b->end - 1) / size &&
	       b->start / size <= (a->end - 1) / size;
}

static bool fits(const struct mhp_extent *at, unsigned int nr, u64 size,
		 u64 section)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		if (at[i].window && misses_begin(&at[i], size, section))
			return false;
		for (j = 0; j < i; j++)
			if (share_block(&at[i], &at[j], size))
				return false;
	}
	return true;
}

static u64 sum_of(const struct mhp_extent *at, unsigned int nr)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		sum += at[i].end - at[i].start;
	return sum;
}

u64 mhp_choose_block_size(const struct mhp_extent *at, unsigned int nr,
			  u64 section)
{
	u64 sum = sum_of(at, nr), size = section;

	while (size < BLOCK_SIZE_MAX && sum / size > BLOCKS_WANTED)
		size *= 2;
	while (size > section && !fits(at, nr, size, section))
		size /= 2;
	return size;
}

bool mhp_block_size_allowed(u64 size, u64 section)
{
	return size && is_aligned(size, size) && size >= section &&
	       (size <= BLOCK_SIZE_MAX || size == section);
}
