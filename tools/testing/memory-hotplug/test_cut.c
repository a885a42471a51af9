// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of kpgtable: a range that covers only a part of a leaf or of a group.
 *
 *	   |<------------- leaf or group ------------->|
 *	   |  stays   |      range       |    stays    |
 *	 start       va               va + size       end
 */
#include "world.h"

struct cut {
	struct world *w;
	u64 start, size;	/* the leaf or group */
	u64 pa;
	u64 va, len;		/* the range */
};

static struct kpgt_map request(const struct cut *c)
{
	return (struct kpgt_map){
		.va = c->start, .size = c->size, .pa = c->pa,
		.attrs = world_attrs(c->w, 3), .max_leaf = c->size,
	};
}

static void map_leaf(const struct cut *c)
{
	struct kpgt_map m = request(c);

	world_must_map(c->w, &m);
}

static void expect_rest(const struct cut *c)
{
	u64 attrs = world_attrs(c->w, 3), end = c->va + c->len;

	world_expect_mapped(c->w, c->start, c->va - c->start, c->pa, attrs);
	world_expect_hole(c->w, c->va, c->len);
	world_expect_mapped(c->w, end, c->start + c->size - end,
			    c->pa + (end - c->start), attrs);
	world_expect_no_empty_table(c->w);
}

/* Run @test with ranges of many sizes at both ends and in the middle. */
static void each_range(struct cut *c, void (*test)(struct cut *c))
{
	struct world *w = c->w;
	int i;

	for (i = 0; i < w->nr_kinds && w->kind[i].size < c->size; i++) {
		u64 part = w->kind[i].size;

		c->va = c->start;
		c->len = part;
		test(c);
		c->va = c->start + c->size - part;
		test(c);
		if (c->size == 2 * part)
			continue;
		c->va = c->start + part;
		test(c);
		c->len = c->size - 2 * part;
		test(c);
		c->len = c->size - part;
		test(c);
		c->va = c->start + (c->size / 2) - w->page;
		c->len = part;
		if (c->va + c->len < c->start + c->size)
			test(c);
	}
	c->va = c->start;
	c->len = c->size / 2;
	test(c);
	c->va = c->start + c->size / 2;
	test(c);
}

/* Run @test on a leaf or group of every kind of every geometry. */
static void each_leaf(const struct geometry *g, void (*test)(struct cut *c))
{
	struct world *w = world_new(g, 40);
	int i;

	for (i = 1; i < w->nr_kinds && !tap_failed(); i++) {
		struct cut c = {
			.w = w, .size = w->kind[i].size,
			.start = w->start + w->kind[i].size,
			.pa = 11 * w->kind[i].size,
		};

		tap_context("%s, cut of %llx bytes", g->name, c.size);
		each_range(&c, test);
	}
	world_free(w);
}

static void cut_and_check(struct cut *c)
{
	int err;

	map_leaf(c);
	err = world_unmap(c->w, c->va, c->len);
	EXPECT(!err, "cut [%llx, %llx): %d", c->va, c->va + c->len, err);
	expect_rest(c);
	world_must_unmap(c->w, c->start, c->size);
}

static void rest_stays(const struct geometry *g)
{
	each_leaf(g, cut_and_check);
}

static void cut_busy(struct cut *c)
{
	struct mmu *m = &c->w->mmu;
	struct mmu_snapshot *before;
	int err;

	map_leaf(c);
	before = mmu_snapshot(m);
	/* one page of the rest is in use: the last one, or the first */
	m->busy.nr = 0;
	if (c->va + c->len < c->start + c->size)
		mmu_ranges_add(&m->busy, c->start + c->size - c->w->page,
			       c->start + c->size);
	else
		mmu_ranges_add(&m->busy, c->start, c->start + c->w->page);
	world_watch(c->w, m->busy.r[0].start);
	err = world_unmap_prepare(c->w, c->va, c->len);
	EXPECT(err == -EBUSY, "cut [%llx, %llx) of a leaf in use: %d", c->va,
	       c->va + c->len, err);
	world_expect_same(c->w, before);
	mmu_snapshot_free(before);
	m->busy.nr = 0;
	m->nr_watch = 0;
	world_must_unmap(c->w, c->start, c->size);
}

static void busy_refused(const struct geometry *g)
{
	each_leaf(g, cut_busy);
}

/* Everything that is not in the same leaf or group is in use. */
static void cut_next_to_busy(struct cut *c)
{
	struct mmu *m = &c->w->mmu;
	u64 page = c->w->page, end = c->start + c->size;
	struct kpgt_map low = request(c), high = request(c);

	low.va = c->start - page;
	low.pa = c->pa - page;
	low.size = page;
	high.va = end;
	high.pa = c->pa + c->size;
	high.size = page;
	EXPECT(!world_map(c->w, &low) && !world_map(c->w, &high), "neighbours");
	map_leaf(c);
	m->busy.nr = 0;
	mmu_ranges_add(&m->busy, c->w->start, c->start);
	mmu_ranges_add(&m->busy, end, c->w->end);
	world_watch(c->w, low.va);
	world_watch(c->w, high.va);
	EXPECT(!world_unmap(c->w, c->va, c->len), "refused [%llx, %llx)",
	       c->va, c->va + c->len);
	expect_rest(c);
	m->busy.nr = 0;
	m->nr_watch = 0;
	world_must_unmap(c->w, c->start, c->size);
	EXPECT(!world_unmap(c->w, low.va, page) &&
	       !world_unmap(c->w, high.va, page), "neighbours");
}

static void only_the_leaf_asked(const struct geometry *g)
{
	each_leaf(g, cut_next_to_busy);
}

/* Its TLB entries must go at once, and little else is flushed. */
static void cut_and_count(struct cut *c)
{
	struct mmu *m = &c->w->mmu;

	map_leaf(c);
	EXPECT(!world_unmap_prepare(c->w, c->va, c->len), "prepare");
	world_unmap_commit(c->w, c->va, c->len);
	EXPECT(m->count[MMU_OP_FLUSH] >= 1 && m->count[MMU_OP_FLUSH] <= 8,
	       "%u flushes in commit", m->count[MMU_OP_FLUSH]);
	EXPECT(m->flush_start >= c->start &&
	       m->flush_end <= c->start + c->size,
	       "flushed beyond the leaf");
	expect_rest(c);
	world_flush(c->w);
	expect_rest(c);
	world_must_unmap(c->w, c->start, c->size);
}

static void flushed_at_once(const struct geometry *g)
{
	each_leaf(g, cut_and_count);
}

/* A part, then a part of what is left, and so on down to one page. */
static void again_and_again(const struct geometry *g)
{
	struct world *w = world_new(g, 41);
	struct cut c = {
		.w = w, .size = w->kind[w->nr_kinds - 1].size,
	};
	u64 left = c.size;

	c.start = w->start;
	c.pa = c.size;
	map_leaf(&c);
	while (left > w->page && !tap_failed()) {
		left /= 2;
		EXPECT(!world_unmap(w, c.start + left, left), "half");
		world_expect_mapped(w, c.start, left, c.pa, world_attrs(w, 3));
		world_expect_hole(w, c.start + left, c.size - left);
	}
	world_must_unmap(c.w, c.start, c.size);
	world_free(w);
}

/* Two leaves side by side, the range covers the end of one, the start of two */
static void two_leaves(const struct geometry *g)
{
	struct world *w = world_new(g, 42);
	int i;

	for (i = 1; i < w->nr_kinds && !tap_failed(); i++) {
		u64 size = w->kind[i].size, va = w->start + 2 * size;
		u64 a = va + size - w->page, attrs = world_attrs(w, 2);
		struct kpgt_map m = {
			.va = va, .size = 2 * size, .pa = 4 * size,
			.attrs = attrs, .max_leaf = size,
		};

		EXPECT(!world_map(w, &m), "map");
		EXPECT(!world_unmap(w, a, 3 * w->page), "cut");
		world_expect_mapped(w, va, size - w->page, m.pa, attrs);
		world_expect_hole(w, a, 3 * w->page);
		world_expect_mapped(w, a + 3 * w->page, size - 2 * w->page,
				    m.pa + size + 2 * w->page, attrs);
		EXPECT(!world_unmap(w, va, 2 * size), "unmap");
		world_expect_no_empty_table(w);
	}
	world_free(w);
}

/*
 * A leaf that reaches beyond the region belongs to nobody alone: it is not
 * cut, whatever may_break says about the part inside.
 */
static void leaf_beyond_region(const struct geometry *g)
{
	struct world *w = world_new(g, 43);
	u64 start = w->start, end = w->end;
	int i;

	for (i = 1; i < w->nr_kinds && !tap_failed(); i++) {
		struct cut c = {
			.w = w, .size = w->kind[i].size, .start = start,
		};
		struct mmu_snapshot *before;
		int err;

		world_set_region(w, start, end);
		map_leaf(&c);
		before = mmu_snapshot(&w->mmu);
		world_set_region(w, start + c.size / 2, end);
		err = world_unmap_prepare(w, w->start, c.size / 2);
		EXPECT(err == -EBUSY, "a shared leaf of %llx bytes: %d",
		       c.size, err);
		world_expect_same(w, before);
		mmu_snapshot_free(before);
		world_set_region(w, start, end);
		world_must_unmap(c.w, c.start, c.size);
	}
	world_free(w);
}

/* Ranges of one leaf, cut off one after the other, flushed once at the end. */
static void cuts_in_batch(const struct geometry *g)
{
	struct world *w = world_new(g, 44);
	int i, k;

	for (i = 1; i < w->nr_kinds && !tap_failed(); i++) {
		struct cut c = {
			.w = w, .size = w->kind[i].size, .start = w->start,
			.pa = w->kind[i].size,
		};

		map_leaf(&c);
		for (k = 0; k < 4; k++) {
			c.va = c.start + (k * 5 % 4) * (c.size / 4);
			c.va &= ~(w->page - 1);
			EXPECT(!world_unmap_prepare(w, c.va, w->page), "cut");
			world_unmap_commit(w, c.va, w->page);
		}
		world_flush(w);
		world_must_unmap(c.w, c.start, c.size);
	}
	world_free(w);
}

static const struct tap_test tests[] = {
	{ "MAP-08 any part of any leaf or group goes, the rest stays as it was",
	  .each = rest_stays },
	{ "MAP-08 a leaf whose rest is in use is not cut and nothing changes",
	  .each = busy_refused },
	{ "MAP-08 only the leaf or group that is cut may be broken",
	  .each = only_the_leaf_asked },
	{ "MAP-08 a cut leaf is flushed at once, before the rest is written",
	  .each = flushed_at_once },
	{ "MAP-08 a leaf is halved down to one page", .each = again_and_again },
	{ "MAP-08 a range cuts two leaves at its ends", .each = two_leaves },
	{ "MAP-08 a leaf that reaches beyond the region is refused",
	  .each = leaf_beyond_region },
	{ "MAP-08 several cuts of one leaf share one flush at the end",
	  .each = cuts_in_batch },
};

WORLD_SUITE(suite_cut, tests);
