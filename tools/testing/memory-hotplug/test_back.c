// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kpgt_back(): the holes of a range are filled with memory that the
 * region owns, in the largest pieces there are, and all of them or none.
 */
#include "world.h"

/* The largest single leaf, no group: what kpgt_back() may use. */
static u64 largest_leaf(const struct world *w)
{
	u64 size = w->page;
	int i;

	for (i = 0; i < w->nr_kinds; i++)
		if (!w->kind[i].group && w->kind[i].size <= 1ULL << 30)
			size = w->kind[i].size;
	return size;
}

static u64 span_of_leaf(const struct world *w, u64 va, u64 end, u64 max)
{
	u64 size = w->page;
	int i;

	for (i = 0; i < w->nr_kinds; i++) {
		u64 s = w->kind[i].size;

		if (!w->kind[i].group && s <= max && !(va & (s - 1)) &&
		    end - va >= s)
			size = s;
	}
	return size;
}

/* [va, end) was a hole: each leaf has a block of its own, of the right size. */
static void expect_backed(struct world *w, u64 va, u64 end, u64 max, u64 attrs)
{
	struct mmu_walk walk;

	while (va < end && !tap_failed()) {
		struct mmu_block *b = NULL;

		if (mmu_walk(&w->mmu, va, &walk))
			b = mmu_block_at(&w->mmu, mmu_decode(&w->mmu, walk.desc));
		EXPECT(b, "%llx has the descriptor %llx, which is no block's",
		       va, walk.desc);
		if (!b)
			return;
		EXPECT(!b->free, "the block behind %llx is free", va);
		EXPECT(b->size == walk.size, "a block of %llx bytes behind %llx",
		       b->size, walk.size);
		EXPECT(walk.size == span_of_leaf(w, va, end, max),
		       "%llx bytes at %llx", walk.size, va);
		EXPECT(mmu_attrs(&w->mmu, walk.desc) == attrs &&
		       !(walk.desc & KPGT_CONT), "descriptor %llx", walk.desc);
		b->free = true;		/* a second use would be noticed */
		va = walk.start + walk.size;
	}
}

static struct kpgt_map request(const struct world *w, u64 va, u64 size, u64 max)
{
	return (struct kpgt_map){
		.va = va, .size = size, .pa = ~0ULL, .max_leaf = max,
		.attrs = world_attrs(w, 1) | world_ignored(w),
	};
}

static void fills_a_hole(const struct geometry *g)
{
	struct world *w = world_new(g, 60);
	u64 large = largest_leaf(w), end;
	struct kpgt_map m;

	/* unaligned at both ends, with two large ones between */
	m = request(w, w->start + large - w->page, 2 * large + 3 * w->page,
		    large);
	end = m.va + m.size;
	EXPECT(!world_back(w, &m), "back");
	EXPECT(!w->mmu.count[MMU_OP_FLUSH], "flushed");
	expect_backed(w, m.va, end, large, world_attrs(w, 1));
	EXPECT(!world_back(w, &m), "again");
	EXPECT(!w->mmu.count[MMU_OP_BLOCK_ALLOC], "blocks for no hole");
	EXPECT(!world_unmap(w, m.va, m.size), "unmap");
	world_expect_hole(w, m.va, m.size);
	world_expect_no_empty_table(w);
	world_free(w);
}

static void keeps_to_max_leaf(const struct geometry *g)
{
	struct world *w = world_new(g, 61);
	u64 table = 1ULL << (2 * g->geom.page_shift - 3);
	u64 size = table < 1024 * w->page ? table : 64 * w->page;
	struct kpgt_map m = request(w, w->start, size, w->page);

	EXPECT(!world_back(w, &m), "back");
	EXPECT(w->mmu.count[MMU_OP_BLOCK_ALLOC] == size / w->page, "%u blocks",
	       w->mmu.count[MMU_OP_BLOCK_ALLOC]);
	expect_backed(w, m.va, m.va + size, w->page, world_attrs(w, 1));
	EXPECT(!world_unmap(w, m.va, m.size), "unmap");
	world_free(w);
}

/* A block of 2 MiB on 4K pages, say, of which only pages are to be had. */
static void takes_smaller_ones(const struct geometry *g)
{
	struct world *w = world_new(g, 62);
	u64 large = 1ULL << (2 * g->geom.page_shift - 3);
	struct kpgt_map m = request(w, w->start, large, large);

	if (large / w->page < MMU_BLOCKS / 2 && w->mmu.top < KPGT_PAGE) {
		w->mmu.max_block = w->page;
		EXPECT(!world_back(w, &m), "back");
		expect_backed(w, m.va, m.va + large, w->page,
			      world_attrs(w, 1));
		EXPECT(!world_unmap(w, m.va, m.size), "unmap");
		world_expect_no_empty_table(w);
	}
	world_free(w);
}

static void keeps_what_is_mapped(const struct geometry *g)
{
	struct world *w = world_new(g, 63);
	u64 size = 32 * w->page, at = w->start + 9 * w->page;
	struct kpgt_map old = {
		.va = at, .size = 3 * w->page, .pa = 5 * w->page,
		.attrs = world_attrs(w, 2), .max_leaf = w->page,
	};
	struct kpgt_map m = request(w, w->start, size, w->page);

	EXPECT(!world_map(w, &old), "map");
	world_watch(w, at + w->page);
	EXPECT(!world_back(w, &m), "back");
	world_expect_mapped(w, at, old.size, old.pa, old.attrs);
	expect_backed(w, m.va, at, w->page, world_attrs(w, 1));
	expect_backed(w, at + old.size, m.va + size, w->page, world_attrs(w, 1));
	w->mmu.nr_watch = 0;
	EXPECT(!world_unmap(w, m.va, m.size), "unmap");
	world_free(w);
}

/* fail_at for tables or fail_block_at for pages, whichever @k points to */
static void fail_each(struct world *w, const struct kpgt_map *m,
		      unsigned int *k, unsigned int least)
{
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	int err = -ENOMEM;

	for (*k = 1; err && *k < 128 && !tap_failed(); ++*k) {
		err = world_back(w, m);
		if (!err)
			break;
		EXPECT(err == -ENOMEM, "allocation %u failed: %d", *k, err);
		world_expect_same(w, before);
	}
	EXPECT(!err && *k > least, "success after %u failures: %d", *k - 1, err);
	*k = 0;
	mmu_snapshot_free(before);
	EXPECT(!world_unmap(w, m->va, m->size), "unmap");
}

static void fails_at_each(const struct geometry *g)
{
	struct world *w = world_new(g, 64);
	u64 table = 1ULL << (2 * g->geom.page_shift - 3);
	/* the end of one table of pages and the start of the next */
	u64 edge = w->mmu.top < KPGT_PAGE ? table : 7 * w->page;
	struct kpgt_map m = request(w, w->start + edge - 7 * w->page,
				    14 * w->page, KPGT_MAX_LEAF);

	fail_each(w, &m, &w->mmu.fail_block_at, 14);
	if (w->mmu.top < KPGT_PAGE)
		fail_each(w, &m, &w->mmu.fail_at, 2);
	world_free(w);
}

static void refused(struct world *w, u64 va, u64 size, int err)
{
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	struct kpgt_map m = request(w, va, size, w->page);
	int ret = world_back(w, &m);

	EXPECT(ret == err, "%d instead of %d", ret, err);
	EXPECT(!w->mmu.count[MMU_OP_BLOCK_ALLOC], "blocks were taken");
	world_expect_same(w, before);
	mmu_snapshot_free(before);
}

static void refuses_bad_ranges(const struct geometry *g)
{
	struct world *w = world_new(g, 65);

	refused(w, w->start, 0, -EINVAL);
	refused(w, w->start + 8, w->page, -EINVAL);
	refused(w, w->start, w->page / 2, -EINVAL);
	refused(w, w->start, -w->page, -EINVAL);
	refused(w, w->start - w->page, 2 * w->page, -ERANGE);
	refused(w, w->end - w->page, 2 * w->page, -ERANGE);
	world_free(w);
}

/* The entries above a small region are shared: under the lock, and kept. */
static void shares_tables(const struct geometry *g)
{
	struct world *w = world_new(g, 66);
	u64 start = w->start;
	struct kpgt_map m;

	world_set_region(w, start + 3 * w->page, start + 11 * w->page);
	m = request(w, w->start, 8 * w->page, KPGT_MAX_LEAF);
	EXPECT(!world_back(w, &m), "back");
	EXPECT(w->mmu.top == KPGT_PAGE || w->mmu.count[MMU_OP_LOCK],
	       "shared entries were written without the lock");
	expect_backed(w, m.va, m.va + m.size, w->page, world_attrs(w, 1));
	EXPECT(!world_unmap(w, m.va, m.size), "unmap");
	EXPECT(!world_back(w, &m), "again");
	EXPECT(!w->mmu.count[MMU_OP_ALLOC], "the tables had gone");
	world_free(w);
}

static const struct tap_test tests[] = {
	{ "MAP-12 a hole is filled with the largest blocks that fit",
	  .each = fills_a_hole },
	{ "MAP-12 no block is larger than max_leaf", .each = keeps_to_max_leaf },
	{ "MAP-12 where no large block is to be had, pages are used",
	  .each = takes_smaller_ones },
	{ "MAP-12 what is mapped stays, and the holes around it are filled",
	  .each = keeps_what_is_mapped },
	{ "MAP-04 filling fails at each block and table in turn and changes nothing",
	  .each = fails_at_each },
	{ "MAP-11 filling refuses ranges that are empty, unaligned or outside",
	  .each = refuses_bad_ranges },
	{ "MAP-03 filling shares the tables at the border of a region",
	  .each = shares_tables },
};

WORLD_SUITE(suite_back, tests);
