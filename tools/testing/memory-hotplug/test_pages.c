// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kpgtable: what blocks and groups map is mapped by pages instead.
 *
 *	   |<------------- leaf or group ------------->|
 *	   |  taken   |      range       |    taken    |
 *	 start       va               va + len        end
 */
#include "world.h"

#define MAX_TABLES	640	/* of one leaf or group, or it takes too long */

struct unit {
	struct world *w;
	u64 start, size, pa;
	u64 tables;		/* that take its place */
	bool group;
	int level;
};

/* What a table of pages translates. */
static u64 table_span(const struct world *w)
{
	return w->page * (w->page / 8);
}

/* Pages of [@size) need so many tables in the place of leaves of @level. */
static u64 tables_below(const struct world *w, u64 size, int level)
{
	u64 span = table_span(w), sum = 0;

	for (; level < KPGT_PAGE && size >= span; level++) {
		sum += size / span;
		span *= w->page / 8;
	}
	return sum;
}

static struct kpgt_map request(const struct unit *u)
{
	return (struct kpgt_map){
		.va = u->start, .size = u->size, .pa = u->pa,
		.attrs = world_attrs(u->w, 5), .max_leaf = u->size,
	};
}

static void map_unit(const struct unit *u)
{
	struct kpgt_map m = request(u);

	world_must_map(u->w, &m);
}

static void expect_pages(const struct unit *u)
{
	struct kpgt_map m = request(u);

	m.max_leaf = u->w->page;
	world_expect_kinds(u->w, &m);
	world_expect_mapped(u->w, u->start, u->size, u->pa, m.attrs);
}

static int to_pages(const struct unit *u, u64 va, u64 size)
{
	int err = world_pages_prepare(u->w, va, size);

	if (!err)
		world_pages_commit(u->w, va, size);
	return err;
}

/* A leaf or group of every kind of a geometry that is not too large. */
static void each_unit(const struct geometry *g, void (*test)(struct unit *u))
{
	struct world *w = world_new(g, 60);
	int i;

	for (i = 1; i < w->nr_kinds && !tap_failed(); i++) {
		const struct kind *k = &w->kind[i];
		struct unit u = {
			.w = w, .size = k->size, .start = w->start + k->size,
			.pa = 13 * k->size, .group = k->group, .level = k->level,
			.tables = tables_below(w, k->size, k->level),
		};

		if (u.tables > MAX_TABLES)
			break;
		tap_context("%s, %llx bytes", g->name, u.size);
		test(&u);
	}
	world_free(w);
}

static void remap_whole(struct unit *u)
{
	map_unit(u);
	EXPECT(world_pages_cost(u->w, u->start, u->size) == u->tables,
	       "costs %llu tables, not %llu",
	       world_pages_cost(u->w, u->start, u->size), u->tables);
	EXPECT(!to_pages(u, u->start, u->size), "refused");
	EXPECT(u->w->mmu.flush_start == u->start &&
	       u->w->mmu.flush_end == u->start + u->size,
	       "flushed [%llx, %llx)", u->w->mmu.flush_start,
	       u->w->mmu.flush_end);
	expect_pages(u);
	world_must_unmap(u->w, u->start, u->size);
}

static void whole_unit(const struct geometry *g)
{
	each_unit(g, remap_whole);
}

/* One page at each end, and one in the middle: all of the unit follows. */
static void remap_by_part(struct unit *u)
{
	const u64 at[] = { 0, u->size / 2, u->size - u->w->page };
	unsigned int i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		map_unit(u);
		EXPECT(!to_pages(u, u->start + at[i], u->w->page), "refused");
		expect_pages(u);
		world_must_unmap(u->w, u->start, u->size);
	}
}

static void part_of_unit(const struct geometry *g)
{
	each_unit(g, remap_by_part);
}

/* What is beside it is in use all the time, and keeps its shape. */
static void remap_beside(struct unit *u)
{
	struct mmu *m = &u->w->mmu;
	struct unit low = *u, high = *u;

	low.start -= u->size;
	low.pa -= u->size;
	high.start += u->size;
	high.pa += u->size;
	map_unit(&low);
	map_unit(u);
	map_unit(&high);
	mmu_ranges_add(&m->busy, low.start, u->start);
	mmu_ranges_add(&m->busy, high.start, high.start + u->size);
	world_watch(u->w, u->start - u->w->page);
	world_watch(u->w, high.start);
	EXPECT(!to_pages(u, u->start, u->size), "refused");
	expect_pages(u);
	m->busy.nr = 0;
	m->nr_watch = 0;
	world_must_unmap(low.w, low.start, low.size);
	world_must_unmap(u->w, u->start, u->size);
	world_must_unmap(high.w, high.start, high.size);
}

static void neighbours_stay(const struct geometry *g)
{
	each_unit(g, remap_beside);
}

/* A page that is in use, in the range or beside it in the same unit. */
static void remap_busy(struct unit *u)
{
	struct mmu *m = &u->w->mmu;
	u64 last = u->start + u->size - u->w->page;
	struct mmu_snapshot *before;
	int err;

	map_unit(u);
	before = mmu_snapshot(m);
	mmu_ranges_add(&m->busy, last, last + u->w->page);
	world_watch(u->w, last);
	err = world_pages_prepare(u->w, u->start, u->size);
	EXPECT(err == -EBUSY, "in use: %d", err);
	err = world_pages_prepare(u->w, u->start, u->w->page);
	EXPECT(err == -EBUSY, "in use beside the range: %d", err);
	world_expect_same(u->w, before);
	mmu_snapshot_free(before);
	m->busy.nr = 0;
	m->nr_watch = 0;
	world_must_unmap(u->w, u->start, u->size);
}

static void busy_refused(const struct geometry *g)
{
	each_unit(g, remap_busy);
}

/* The k-th table fails, for some k; then the tables are there, and are not used. */
static void remap_nomem(struct unit *u)
{
	const u64 ks[] = { 1, 2, u->tables / 2, u->tables };
	struct mmu_snapshot *before;
	unsigned int i;
	int err;

	map_unit(u);
	before = mmu_snapshot(&u->w->mmu);
	for (i = 0; i < sizeof(ks) / sizeof(ks[0]); i++) {
		if (!ks[i] || ks[i] > u->tables)
			continue;
		u->w->mmu.fail_at = ks[i];
		err = world_pages_prepare(u->w, u->start, u->size);
		EXPECT(err == -ENOMEM, "without table %llu: %d", ks[i], err);
		world_expect_same(u->w, before);
	}
	u->w->mmu.fail_at = 0;
	EXPECT(!world_pages_prepare(u->w, u->start, u->size), "refused");
	EXPECT(u->w->mmu.count[MMU_OP_ALLOC] == u->tables, "took %u tables",
	       u->w->mmu.count[MMU_OP_ALLOC]);
	world_abort(u->w);
	world_expect_same(u->w, before);
	mmu_snapshot_free(before);
	world_must_unmap(u->w, u->start, u->size);
}

static void no_memory(const struct geometry *g)
{
	each_unit(g, remap_nomem);
}

/* Leaves with attributes of their own, holes between them, pages behind them. */
static void mixture(const struct geometry *g)
{
	struct world *w = world_new(g, 61);
	u64 size = w->kind[w->nr_kinds > 1].size, at = w->start;
	struct kpgt_map m[4];
	int i;

	for (i = 0; i < 4; i++) {
		m[i] = (struct kpgt_map){
			.va = at + 2 * i * size, .size = size,
			.pa = (20 + i) * size, .attrs = world_attrs(w, i),
			.max_leaf = i < 3 ? size : w->page,
		};
		EXPECT(!world_map(w, &m[i]), "could not map");
	}
	EXPECT(!world_pages_prepare(w, at, 8 * size), "refused");
	world_pages_commit(w, at, 8 * size);
	for (i = 0; i < 4; i++) {
		m[i].max_leaf = w->page;
		world_expect_kinds(w, &m[i]);
		world_expect_mapped(w, m[i].va, size, m[i].pa, m[i].attrs);
		world_expect_hole(w, m[i].va + size, size);
	}
	EXPECT(!world_unmap(w, at, 8 * size), "could not unmap");
	world_free(w);
}

/* What is pages already costs nothing, and is not touched. */
static void remap_again(struct unit *u)
{
	struct mmu_snapshot *before;

	map_unit(u);
	EXPECT(!to_pages(u, u->start, u->size), "refused");
	before = mmu_snapshot(&u->w->mmu);
	EXPECT(!world_pages_cost(u->w, u->start, u->size), "it has a price");
	world_watch(u->w, u->start);
	EXPECT(!world_pages_prepare(u->w, u->start, u->size), "refused");
	EXPECT(!u->w->mmu.count[MMU_OP_ALLOC], "it takes tables");
	world_pages_commit(u->w, u->start, u->size);
	EXPECT(!u->w->mmu.count[MMU_OP_SET], "it stores something");
	world_expect_same(u->w, before);
	u->w->mmu.nr_watch = 0;
	mmu_snapshot_free(before);
	world_must_unmap(u->w, u->start, u->size);
}

static void only_once(const struct geometry *g)
{
	each_unit(g, remap_again);
}

static void beyond_region(const struct geometry *g)
{
	struct world *w = world_new(g, 62);
	u64 start = w->start, end = w->end;
	int i;

	for (i = 1; i < w->nr_kinds && !tap_failed(); i++) {
		struct unit u = {
			.w = w, .size = w->kind[i].size, .start = start,
		};
		int err;

		world_set_region(w, start, end);
		map_unit(&u);
		world_set_region(w, start + u.size / 2, end);
		err = world_pages_prepare(w, w->start, u.size / 2);
		EXPECT(err == -EBUSY, "a shared leaf of %llx bytes: %d",
		       u.size, err);
		world_set_region(w, start, end);
		world_must_unmap(u.w, u.start, u.size);
	}
	world_free(w);
}

static void wrong_ranges(const struct geometry *g)
{
	struct world *w = world_new(g, 63);
	u64 page = w->page;

	EXPECT(world_pages_prepare(w, w->start, 0) == -EINVAL, "empty");
	EXPECT(world_pages_prepare(w, w->start + 1, page) == -EINVAL, "odd");
	EXPECT(world_pages_prepare(w, w->start - page, page) == -ERANGE,
	       "before the region");
	EXPECT(world_pages_prepare(w, w->end, page) == -ERANGE, "behind it");
	EXPECT(!world_pages_cost(w, w->end, page), "a price of nothing");
	/* a block that nobody has made: neither valid nor absent */
	if (w->nr_kinds > 1 && w->kind[w->nr_kinds - 1].level < KPGT_PAGE) {
		mmu_foreign_set(&w->mmu, w->start, w->kind[w->nr_kinds - 1].level,
				0x1000000000ULL);
		EXPECT(world_pages_prepare(w, w->start, page) == -EINVAL,
		       "garbage");
		EXPECT(!world_pages_cost(w, w->start, page), "its price");
		mmu_foreign_set(&w->mmu, w->start, w->kind[w->nr_kinds - 1].level, 0);
	}
	world_free(w);
}

static const struct tap_test tests[] = {
	{ "MAP-06 MAP-02 each leaf and group becomes pages, after one flush",
	  .each = whole_unit },
	{ "MAP-06 a leaf or group of which a page is asked for becomes pages wholly",
	  .each = part_of_unit },
	{ "MAP-06 MAP-02 its neighbours are never absent, and stay as they are",
	  .each = neighbours_stay },
	{ "MAP-06 what is in use is not remapped and nothing changes",
	  .each = busy_refused },
	{ "MAP-06 MAP-04 a table that cannot be had leaves all as it was",
	  .each = no_memory },
	{ "MAP-06 holes stay holes, and each leaf keeps its attributes",
	  .each = mixture },
	{ "MAP-06 what is mapped by pages takes nothing and is not touched",
	  .each = only_once },
	{ "MAP-06 a leaf that reaches beyond the region is refused",
	  .each = beyond_region },
	{ "MAP-06 ranges that cannot be are refused", .each = wrong_ranges },
};

WORLD_SUITE(suite_pages, tests);
