// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kpgtable: the k-th table cannot be had, for k = 1, 2, ... until the
 * operation succeeds.
 */
#include "world.h"

#define MAX_TABLES	64

/* What can fail: to prepare to map @m, or to unmap its range. */
typedef int prepare_fn(struct world *w, const struct kpgt_map *m);

static int prepare_unmap(struct world *w, const struct kpgt_map *m)
{
	return world_unmap_prepare(w, m->va, m->size);
}

/*
 * Returns how many tables were needed when it succeeded at last, which still has
 * to be committed.
 */
static unsigned int fail_each(struct world *w, const struct kpgt_map *m,
			      prepare_fn *prepare)
{
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	unsigned int k;
	int err = -ENOMEM;

	for (k = 1; err && k < MAX_TABLES && !tap_failed(); k++) {
		w->mmu.fail_at = k;
		err = prepare(w, m);
		if (!err)
			break;
		EXPECT(err == -ENOMEM, "allocation %u failed: %d", k, err);
		world_expect_same(w, before);
	}
	w->mmu.fail_at = 0;
	EXPECT(!err, "still no success after %u failures", k);
	mmu_snapshot_free(before);
	return k - 1;
}

static unsigned int map_with_failures(struct world *w, const struct kpgt_map *m)
{
	unsigned int needed = fail_each(w, m, world_map_prepare);

	if (!tap_failed())
		world_map_commit(w, m);
	return needed;
}

static unsigned int unmap_with_failures(struct world *w, u64 va, u64 size)
{
	struct kpgt_map m = { .va = va, .size = size };
	unsigned int needed = fail_each(w, &m, prepare_unmap);

	if (!tap_failed()) {
		world_unmap_commit(w, va, size);
		world_flush(w);
	}
	return needed;
}

static void map_fails(const struct geometry *g)
{
	struct world *w = world_new(g, 50);
	struct kpgt_map m = {
		.va = w->start + w->page, .pa = w->page,
		.size = 2 * w->kind[w->nr_kinds - 1].size,
		.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
	};
	unsigned int nr = map_with_failures(w, &m);

	/* unaligned at both ends: two tables of each level below the root */
	EXPECT(nr + 1 >= (unsigned int)(KPGT_PAGE - w->mmu.top),
	       "only %u tables needed", nr);
	world_expect_mapped(w, m.va, m.size, m.pa, m.attrs);
	EXPECT(!world_unmap(w, m.va, m.size), "unmap");
	world_free(w);
}

static void map_pages_fails(const struct geometry *g)
{
	struct world *w = world_new(g, 51);
	u64 table = 1ULL << (2 * g->geom.page_shift - 3);
	struct kpgt_map m = {
		.va = w->start, .size = 5 * table / 2, .pa = 0,
		.attrs = world_attrs(w, 1), .max_leaf = w->page,
	};

	if (w->mmu.top < KPGT_PAGE) {
		EXPECT(map_with_failures(w, &m) >= 3, "tables");
		world_expect_mapped(w, m.va, m.size, m.pa, m.attrs);
		EXPECT(!world_unmap(w, m.va, m.size), "unmap");
	}
	world_free(w);
}

static void unmap_fails(const struct geometry *g)
{
	struct world *w = world_new(g, 52);
	int i;

	for (i = 1; i < w->nr_kinds && !tap_failed(); i++) {
		u64 size = w->kind[i].size, attrs = world_attrs(w, 1);
		struct kpgt_map m = {
			.va = w->start, .size = size, .pa = size,
			.attrs = attrs, .max_leaf = size,
		};
		unsigned int nr, want = KPGT_PAGE - w->kind[i].level;

		EXPECT(!world_map(w, &m), "map");
		nr = unmap_with_failures(w, m.va + w->page, w->page);
		EXPECT(nr == want, "cut at level %d took %u tables",
		       w->kind[i].level, nr);
		world_expect_mapped(w, m.va, w->page, m.pa, attrs);
		world_expect_hole(w, m.va + w->page, w->page);
		world_expect_mapped(w, m.va + 2 * w->page, size - 2 * w->page,
				    m.pa + 2 * w->page, attrs);
		EXPECT(!world_unmap(w, m.va, size), "unmap");
	}
	world_free(w);
}

static void two_cuts_fail(const struct geometry *g)
{
	struct world *w = world_new(g, 53);
	u64 size = w->kind[w->nr_kinds - 1].size, attrs = world_attrs(w, 1);
	struct kpgt_map m = {
		.va = w->start, .size = 2 * size, .pa = 0,
		.attrs = attrs, .max_leaf = size,
	};

	EXPECT(!world_map(w, &m), "map");
	unmap_with_failures(w, m.va + w->page, 2 * size - 2 * w->page);
	world_expect_mapped(w, m.va, w->page, 0, attrs);
	world_expect_hole(w, m.va + w->page, 2 * size - 2 * w->page);
	world_expect_mapped(w, m.va + 2 * size - w->page, w->page,
			    2 * size - w->page, attrs);
	EXPECT(!world_unmap(w, m.va, 2 * size), "unmap");
	world_expect_no_empty_table(w);
	world_free(w);
}

static const struct tap_test tests[] = {
	{ "MAP-04 mapping fails at each table in turn and changes nothing",
	  .each = map_fails },
	{ "MAP-04 mapping pages fails at each table in turn and changes nothing",
	  .each = map_pages_fails },
	{ "MAP-04 MAP-08 cutting a leaf fails at each table in turn and changes nothing",
	  .each = unmap_fails },
	{ "MAP-04 MAP-08 cutting two leaves fails at each table in turn and changes nothing",
	  .each = two_cuts_fail },
};

WORLD_SUITE(suite_nomem, tests);
