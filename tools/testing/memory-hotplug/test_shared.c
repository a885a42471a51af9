// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kpgtable: entries that reach beyond the region are shared with the
 * owners of what lies next to it.
 *
 * The other owner runs inside the operations, whenever the lock is free: at
 * the k-th call, for every k until there is none.
 */
#include "world.h"

struct rival {
	struct world *w;
	u64 va;			/* its page, outside the region */
	int level;		/* it makes tables down to this level */
	unsigned int at, calls;
	bool ran;
};

static u64 rival_desc(struct world *w)
{
	return mmu_encode(&w->mmu, 5 * w->page) | world_attrs(w, 6) | KPGT_TYPE;
}

static void rival_runs(struct mmu *m, enum mmu_op op)
{
	struct rival *r = m->other_cpu_data;

	(void)op;
	if (++r->calls != r->at)
		return;
	r->ran = true;
	mmu_foreign_path(m, r->va, r->level);
	if (r->level < KPGT_PAGE)
		return;
	mmu_foreign_set(m, r->va, KPGT_PAGE, rival_desc(r->w));
	world_watch(r->w, r->va);
}

/*
 * A region whose both borders are in the middle of a table of every level:
 *
 *	| root entry       .  :    | root entry      :  .          |
 *	                   ^  rival                  rival ^
 *	                 start                            end
 */
static struct world *shared_world(const struct geometry *g, struct rival *r)
{
	struct world *w = world_new(g, 60);
	u64 span = 1ULL << mmu_shift(&w->mmu, w->mmu.top);
	u64 middle = w->mmu.base + span * (mmu_entries(&w->mmu, w->mmu.top) / 2);

	world_set_region(w, middle - 9 * w->page, middle + 7 * w->page);
	w->racing = true;
	w->mmu.other_cpu = rival_runs;
	w->mmu.other_cpu_data = r;
	r->w = w;
	r->va = w->start - w->page;
	return w;
}

static struct kpgt_map whole(struct world *w)
{
	return (struct kpgt_map){
		.va = w->start, .size = w->end - w->start, .pa = 9 * w->page,
		.attrs = world_attrs(w, 2), .max_leaf = KPGT_MAX_LEAF,
	};
}

static void expect_rival_lives(const struct rival *r)
{
	if (r->ran && r->level == KPGT_PAGE)
		world_expect_mapped(r->w, r->va, r->w->page, 5 * r->w->page,
				    world_attrs(r->w, 6));
}

/* Returns false when the rival's turn never came. */
static bool race_at(const struct geometry *g, int level, bool high,
		    unsigned int k)
{
	struct rival r = { .level = level, .at = k };
	struct world *w = shared_world(g, &r);
	struct kpgt_map m = whole(w);
	int err;

	if (high)
		r.va = w->end;
	err = world_map(w, &m);
	EXPECT(!err, "map: %d", err);
	world_expect_mapped(w, m.va, m.size, m.pa, m.attrs);
	expect_rival_lives(&r);
	EXPECT(!world_unmap(w, m.va, m.size), "unmap");
	world_expect_hole(w, m.va, m.size);
	expect_rival_lives(&r);
	world_free(w);
	return r.ran;
}

static void races(const struct geometry *g)
{
	unsigned int k, high;
	int level, top = kpgt_root_level(&g->geom);

	for (level = top + 1; level <= KPGT_PAGE; level++) {
		for (high = 0; high < 2; high++) {
			for (k = 1; race_at(g, level, high, k); k++)
				if (tap_failed())
					return;
			EXPECT(k > 4, "the rival ran only %u times", k - 1);
		}
	}
}

/* The rival's page is in use all the time, in tables that both need. */
static void neighbour_stays(const struct geometry *g)
{
	struct rival r = { .level = KPGT_PAGE, .at = 0 };
	struct world *w = shared_world(g, &r);
	struct kpgt_map m = whole(w);
	unsigned int tables;
	int i;

	mmu_foreign_set(&w->mmu, w->start - w->page, KPGT_PAGE, rival_desc(w));
	mmu_foreign_set(&w->mmu, w->end, KPGT_PAGE, rival_desc(w));
	world_watch(w, w->start - w->page);
	world_watch(w, w->end);
	tables = mmu_count_state(&w->mmu, MMU_LIVE);
	for (i = 0; i < 3; i++) {
		EXPECT(!world_map(w, &m), "map");
		EXPECT(!w->mmu.count[MMU_OP_ALLOC], "tables are there already");
		EXPECT(!world_unmap(w, m.va, m.size), "unmap");
		EXPECT(mmu_count_state(&w->mmu, MMU_LIVE) == tables,
		       "%u tables instead of %u",
		       mmu_count_state(&w->mmu, MMU_LIVE), tables);
	}
	world_free(w);
}

/* Shared tables stay when they are empty: somebody may be about to use them */
static void shared_tables_stay(const struct geometry *g)
{
	struct rival r = { .level = KPGT_PAGE, .at = 0 };
	struct world *w = shared_world(g, &r);
	struct kpgt_map m = whole(w);
	unsigned int tables;

	EXPECT(!world_map(w, &m), "map");
	tables = mmu_count_state(&w->mmu, MMU_LIVE);
	EXPECT(!world_unmap(w, m.va, m.size), "unmap");
	EXPECT(mmu_count_state(&w->mmu, MMU_LIVE) == tables,
	       "shared tables were removed");
	EXPECT(!w->mmu.flushed_tables, "table entries were flushed");
	world_free(w);
}

/* Two regions that meet in the middle of a table, worked on in turns. */
static void two_regions(const struct geometry *g)
{
	struct rival r = { .level = KPGT_PAGE, .at = 0 };
	struct world *w = shared_world(g, &r);
	u64 start = w->start, end = w->end, border = start + 4 * w->page;
	u64 attrs = world_attrs(w, 2);
	struct kpgt_map m = whole(w);
	int i;

	for (i = 0; i < 20 && !tap_failed(); i++) {
		world_set_region(w, start, border);
		m.va = start;
		m.size = border - start;
		EXPECT(!world_map(w, &m), "map low");
		if (i)
			world_expect_mapped(w, border, end - border, m.pa,
					    attrs);
		w->mmu.nr_watch = 0;
		world_watch(w, border - w->page);
		world_set_region(w, border, end);
		m.va = border;
		m.size = end - border;
		EXPECT(!world_unmap(w, m.va, m.size), "unmap high");
		EXPECT(!world_map(w, &m), "map high");
		w->mmu.nr_watch = 0;
		world_watch(w, border);
		world_set_region(w, start, border);
		EXPECT(!world_unmap(w, start, border - start), "unmap low");
	}
	world_free(w);
}

/* A failure between two prepares of which one has made shared tables */
static void abort_shared(const struct geometry *g)
{
	struct rival r = { .level = KPGT_PAGE, .at = 0 };
	struct world *w = shared_world(g, &r);
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	struct kpgt_map m = whole(w);

	EXPECT(!world_map_prepare(w, &m), "prepare");
	world_abort(w);
	world_expect_same(w, before);
	mmu_snapshot_free(before);
	world_free(w);
}

/*
 * A small region has left its empty tables behind. A large one, which covers
 * them, cannot have blocks or groups there.
 *
 *	| leaf | leaf | empty table | leaf |	no group
 */
static void left_behind(const struct geometry *g)
{
	struct world *w = world_new(g, 61);
	u64 start = w->start, end = w->end, attrs = world_attrs(w, 2);
	struct kpgt_map m = {
		.va = start + w->page, .size = w->page, .pa = w->page,
		.attrs = attrs, .max_leaf = KPGT_MAX_LEAF,
	};
	int i;

	for (i = 0; i < w->nr_kinds && !tap_failed(); i++) {
		m.va = start + w->page;
		m.size = w->page;
		m.pa = w->page;
		world_set_region(w, m.va, m.va + w->page);
		EXPECT(!world_map(w, &m), "map a page");
		EXPECT(!world_unmap(w, m.va, m.size), "unmap a page");
		world_set_region(w, start, end);
		m.va = start;
		m.size = w->kind[i].size;
		m.pa = 0;
		EXPECT(!world_map(w, &m), "map %llx bytes", m.size);
		world_expect_mapped(w, m.va, m.size, m.pa, attrs);
		EXPECT(!world_unmap(w, m.va, m.size), "unmap");
		world_expect_hole(w, m.va, m.size);
	}
	world_free(w);
}

static const struct tap_test tests[] = {
	{ "MAP-03 a neighbour makes shared tables at any moment and nothing is lost",
	  .each = races },
	{ "MAP-03 a neighbour in the same tables translates at any moment",
	  .each = neighbour_stays },
	{ "MAP-03 tables that reach beyond the region stay, even when empty",
	  .each = shared_tables_stay },
	{ "MAP-03 two regions that share tables at every level work in turns",
	  .each = two_regions },
	{ "MAP-02 an empty table left by a smaller region prevents a group",
	  .each = left_behind },
	{ "MAP-03 MAP-04 aborting leaves no shared table behind",
	  .each = abort_shared },
};

WORLD_SUITE(suite_shared, tests);
