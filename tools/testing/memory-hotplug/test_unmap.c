// SPDX-License-Identifier: GPL-2.0-only
/* Tests of kpgtable: unmapping, freeing of tables, flushes. */
#include "world.h"

static struct kpgt_map request(struct world *w, u64 va, u64 size, u64 pa)
{
	return (struct kpgt_map){
		.va = va, .size = size, .pa = pa,
		.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
	};
}

static void map(struct world *w, u64 va, u64 size, u64 pa)
{
	struct kpgt_map m = request(w, va, size, pa);
	int err = world_map(w, &m);

	EXPECT(!err, "mapping %llx, %llx bytes: %d", va, size, err);
}

static void unmap(struct world *w, u64 va, u64 size)
{
	int err = world_unmap(w, va, size);

	EXPECT(!err, "unmapping %llx, %llx bytes: %d", va, size, err);
}

/* The range of a table of level 3, or of the root if that is smaller. */
static u64 level3_span(struct world *w)
{
	return w->mmu.top == KPGT_PAGE ? 0 : 1ULL << mmu_shift(&w->mmu, 2);
}

static void back_to_start(const struct geometry *g)
{
	struct world *w = world_new(g, 20);
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	int i;

	/* the entries that reach beyond the region keep their tables */
	map(w, w->start, w->page, 0);
	unmap(w, w->start, w->page);
	mmu_snapshot_free(before);
	before = mmu_snapshot(&w->mmu);
	for (i = 0; i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size;

		map(w, w->start, size + w->page, 0);
		unmap(w, w->start, size + w->page);
		world_expect_same(w, before);
	}
	mmu_snapshot_free(before);
	world_free(w);
}

static void exact_tables(const struct geometry *g)
{
	struct world *w = world_new(g, 21);
	u64 span = level3_span(w), va = w->start;
	unsigned int base;

	if (!span)
		goto out;
	map(w, va, w->page, 0);
	base = mmu_count_state(&w->mmu, MMU_LIVE);
	/* three more tables of level 3; the first one keeps a page */
	map(w, va + w->page, 3 * span, w->page);
	EXPECT(mmu_count_state(&w->mmu, MMU_LIVE) == base + 1,
	       "%u new tables instead of one for the last page",
	       mmu_count_state(&w->mmu, MMU_LIVE) - base);
	unmap(w, va + w->page, 3 * span);
	EXPECT(w->mmu.released_tables == 1, "%u tables freed instead of 1",
	       w->mmu.released_tables);
	EXPECT(w->mmu.flushed_tables, "table entries were not flushed");
	EXPECT(mmu_count_state(&w->mmu, MMU_LIVE) == base, "table count");
	world_expect_mapped(w, va, w->page, 0, world_attrs(w, 1));
	unmap(w, va, w->page);
out:
	world_free(w);
}

static void one_flush(const struct geometry *g)
{
	struct world *w = world_new(g, 22);
	u64 span = level3_span(w), size = span ? 3 * span : 64 * w->page;

	map(w, w->start, size, w->page);
	EXPECT(!world_unmap_prepare(w, w->start, size), "prepare failed");
	EXPECT(!w->mmu.count[MMU_OP_ALLOC], "whole leaves needed tables");
	EXPECT(!w->mmu.count[MMU_OP_MAY_BREAK], "whole leaves needed a break");
	world_unmap_commit(w, w->start, size);
	EXPECT(!w->mmu.count[MMU_OP_FLUSH], "commit flushed whole leaves");
	EXPECT(w->mmu.count[MMU_OP_PUBLISH] == 0 ||
	       w->mmu.count[MMU_OP_PUBLISH] == 1, "publish");
	world_flush(w);
	EXPECT(w->mmu.count[MMU_OP_FLUSH] == 1, "%u flushes instead of 1",
	       w->mmu.count[MMU_OP_FLUSH]);
	EXPECT(w->mmu.flush_start >= w->start, "flushed somebody else's");
	world_flush(w);
	EXPECT(!w->mmu.count[MMU_OP_FLUSH], "flushed again");
	world_free(w);
}

static void leaf_flush(const struct geometry *g)
{
	struct world *w = world_new(g, 23);

	map(w, w->start, 3 * w->page, w->page);
	unmap(w, w->start + w->page, w->page);
	EXPECT(w->mmu.count[MMU_OP_FLUSH] == 1 && !w->mmu.flushed_tables,
	       "one page needs one flush of leaves");
	EXPECT(w->mmu.flush_start == w->start + w->page &&
	       w->mmu.flush_end == w->start + 2 * w->page,
	       "flushed [%llx, %llx)", w->mmu.flush_start, w->mmu.flush_end);
	world_free(w);
}

static void holes_are_fine(const struct geometry *g)
{
	struct world *w = world_new(g, 24);
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	u64 size = w->end - w->start;
	int i;

	unmap(w, w->start, size);
	EXPECT(!w->mmu.count[MMU_OP_FLUSH], "nothing was flushed");
	world_expect_same(w, before);
	mmu_snapshot_free(before);

	for (i = 0; i < w->nr_kinds; i++)
		map(w, w->start + (1 + 2 * i) * (size / 16) / w->page * w->page,
		    w->page, i * w->page);
	unmap(w, w->start, size);
	world_expect_hole(w, w->start, size);
	world_expect_no_empty_table(w);
	world_free(w);
}

static void batch(const struct geometry *g)
{
	struct world *w = world_new(g, 25);
	u64 span = level3_span(w), size = span ? 4 * span : 64 * w->page;
	u64 part = size / 4;
	int i;

	map(w, w->start, size, w->page);
	world_watch(w, w->start + part);
	for (i = 3; i >= 0; i--) {
		u64 va = w->start + i * part;

		if (i == 1)
			continue;
		EXPECT(!world_unmap_prepare(w, va, part), "prepare failed");
		world_unmap_commit(w, va, part);
		EXPECT(!w->mmu.count[MMU_OP_FLUSH], "commit flushed");
	}
	world_flush(w);
	EXPECT(w->mmu.count[MMU_OP_FLUSH] == 1, "%u flushes instead of 1",
	       w->mmu.count[MMU_OP_FLUSH]);
	world_expect_mapped(w, w->start + part, part, w->page + part,
			    world_attrs(w, 1));
	world_expect_hole(w, w->start, part);
	world_expect_no_empty_table(w);
	w->mmu.nr_watch = 0;
	unmap(w, w->start, size);
	world_free(w);
}

static void leaves_gathered(const struct geometry *g)
{
	struct world *w = world_new(g, 26);
	int i;

	for (i = 0; i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size, pa = 7 * size;
		u64 pos = 0;
		int k;

		map(w, w->start, size, pa);
		w->mmu.left.nr = 0;
		unmap(w, w->start, size);
		for (k = 0; k < w->mmu.left.nr; k++) {
			EXPECT(w->mmu.left.r[k].start == pa + pos,
			       "gathered %llx", w->mmu.left.r[k].start);
			pos += w->mmu.left.r[k].end - w->mmu.left.r[k].start;
		}
		EXPECT(pos == size, "gathered %llx of %llx bytes", pos, size);
	}
	world_free(w);
}

/* The memory behind leaves may belong to somebody else: no gather_leaf. */
static void no_gather_leaf(const struct geometry *g)
{
	struct world *w = world_new(g, 27);
	struct kpgt_ops ops = mmu_ops;
	int i;

	ops.gather_leaf = NULL;
	w->r.t.ops = &ops;
	for (i = 0; i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size;

		map(w, w->start, size, 0);
		if (i)
			unmap(w, w->start + w->page, w->page);
		unmap(w, w->start, size);
		world_expect_hole(w, w->start, size);
	}
	world_free(w);
}

/* debug_pagealloc clears the valid bit of pages that are not in use, and flushes. */
static void make_invalid(struct world *w, u64 va)
{
	u64 desc = mmu_entry(&w->mmu, va, KPGT_PAGE, NULL, NULL);

	mmu_foreign_set(&w->mmu, va, KPGT_PAGE, desc & ~KPGT_VALID);
	mmu_tlb_flush(&w->mmu, va, va + w->page, false);
}

static void invalid_leaves(const struct geometry *g)
{
	struct world *w = world_new(g, 28);
	struct kpgt_map m = request(w, w->start, 40 * w->page, 0);
	int i;

	m.max_leaf = w->page;
	EXPECT(!world_map(w, &m), "could not map");
	for (i = 0; i < 40; i += 3)
		make_invalid(w, m.va + i * w->page);
	EXPECT(!world_lookup(w, m.va, NULL), "an invalid leaf was found");
	unmap(w, m.va, m.size);
	world_expect_hole(w, m.va, m.size);
	world_expect_no_empty_table(w);
	EXPECT(!world_map(w, &m), "could not map again");
	unmap(w, m.va, m.size);
	world_free(w);
}

static void table_of_invalid_leaves(const struct geometry *g)
{
	struct world *w = world_new(g, 29);
	struct mmu_snapshot *before;

	map(w, w->start, w->page, w->page);
	unmap(w, w->start, w->page);
	before = mmu_snapshot(&w->mmu);
	map(w, w->start, w->page, w->page);
	make_invalid(w, w->start);
	unmap(w, w->start, w->page);
	world_expect_same(w, before);
	mmu_snapshot_free(before);
	world_free(w);
}

static void cycles(const struct geometry *g)
{
	struct world *w = world_new(g, 30);
	u64 span = level3_span(w), size = 32 * w->page;
	u64 border = w->start + (span ? span : size), low = border - size / 2;
	struct mmu_snapshot *before = NULL;
	int i;

	/* across a border of two tables */
	for (i = 0; i < 1000 && !tap_failed(); i++) {
		u64 va = low + (i % 5) * w->page;

		map(w, va, size, (u64)i * w->page);
		if (i % 3 == 0)
			unmap(w, va + w->page * (i % 7), w->page);
		unmap(w, low, size + 5 * w->page);
		if (!before)
			before = mmu_snapshot(&w->mmu);
		world_expect_same(w, before);
	}
	mmu_snapshot_free(before);
	world_free(w);
}

static void unmap_aborted(const struct geometry *g)
{
	struct world *w = world_new(g, 31);
	struct mmu_snapshot *before;
	u64 size = w->kind[w->nr_kinds - 1].size;

	map(w, w->start, size, 0);
	before = mmu_snapshot(&w->mmu);
	EXPECT(!world_unmap_prepare(w, w->start + w->page, w->page),
	       "prepare failed");
	world_abort(w);
	world_expect_same(w, before);
	world_flush(w);
	EXPECT(!w->mmu.count[MMU_OP_FLUSH], "flushed after abort");
	mmu_snapshot_free(before);
	world_free(w);
}

static const struct tap_test tests[] = {
	{ "MAP-09 unmapping what was mapped leaves the tree as it was",
	  .each = back_to_start },
	{ "MAP-09 the tables that became empty are freed and no others",
	  .each = exact_tables },
	{ "MAP-09 a range of whole leaves takes one flush and no table",
	  .each = one_flush },
	{ "MAP-09 without an empty table only leaf entries of the range are flushed",
	  .each = leaf_flush },
	{ "MAP-09 unmapping holes is fine, and nothing is flushed for nothing",
	  .each = holes_are_fine },
	{ "MAP-09 several ranges share one flush", .each = batch },
	{ "MAP-09 the memory behind every leaf is gathered once",
	  .each = leaves_gathered },
	{ "MAP-09 gather_leaf may be missing", .each = no_gather_leaf },
	{ "MAP-09 leaves that debug_pagealloc made invalid are cleared",
	  .each = invalid_leaves },
	{ "MAP-09 a table that holds only invalid leaves is freed",
	  .each = table_of_invalid_leaves },
	{ "MAP-12 1000 rounds of mapping and unmapping leak nothing", .each = cycles },
	{ "MAP-04 an unmapping that is aborted changes nothing",
	  .each = unmap_aborted },
};

WORLD_SUITE(suite_unmap, tests);
