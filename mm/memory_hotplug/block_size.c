// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large memory blocks are. See block_size.h.
 */
#include "block_size.h"

static bool is_aligned(u64 address, u64 size)
{
	return !(address & (size - 1));
}

/* A window is of use in whole sections only. */
static struct mhp_extent of_use(const struct mhp_extent *e, u64 section)
{
	struct mhp_extent part = *e;

	if (e->window) {
		part.start += -part.start & (section - 1);
		part.end &= ~(section - 1);
	}
	return part;
}

/* Memory that comes is often put where the window begins, one part after another. */
static bool misses_begin(const struct mhp_extent *e, u64 size)
{
	return e->window && !is_aligned(e->start, size);
}

static bool share_block(const struct mhp_extent *a, const struct mhp_extent *b,
			u64 size)
{
	if (b->start >= b->end || (a->nid == b->nid && a->window == b->window))
		return false;
	return a->start / size <= (b->end - 1) / size &&
	       b->start / size <= (a->end - 1) / size;
}

static bool fits(const struct mhp_extent *at, unsigned int nr, u64 size,
		 u64 section)
{
	struct mhp_extent a, b;
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		a = of_use(&at[i], section);
		if (a.start >= a.end)
			continue;
		if (misses_begin(&a, size))
			return false;
		for (j = 0; j < i; j++) {
			b = of_use(&at[j], section);
			if (share_block(&a, &b, size))
				return false;
		}
	}
	return true;
}

/*
 * Windows do not count: most are far larger than what comes, and then comes in
 * small parts, which would be refused.
 */
static u64 sum_of(const struct mhp_extent *at, unsigned int nr)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!at[i].window)
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
