// SPDX-License-Identifier: GPL-2.0-only
/* Tests of kpgtable: arithmetic, mapping, refusing to map. */
#include "world.h"

#define GB	(1ULL << 30)

/* Arithmetic */

/* Written down from the Arm ARM by hand: root level, first level of leaves. */
static const struct {
	int root, first_leaf;
	u64 group[4];	/* by level; 0: no group */
} pinned[] = {
	{ 0, 1, { 0, 16 * GB, GB / 32, GB / 16384 } },
	{ 1, 1, { 0, 16 * GB, GB / 32, GB / 16384 } },
	{ -1, 0, { 0, 16 * GB, GB / 32, GB / 16384 } },
	{ 0, 0, { 0, 16 * GB, GB / 32, GB / 16384 } },
	{ 0, 1, { 0, 16 * GB, GB / 32, GB / 16384 } },
	{ 1, 2, { 0, 0, GB, GB / 512 } },
	{ 0, 2, { 0, 0, GB, GB / 512 } },
	{ 2, 2, { 0, 0, GB, GB / 512 } },
	{ 0, 1, { 0, 0, GB, GB / 512 } },
	{ 2, 2, { 0, 0, 16 * GB, GB / 512 } },
	{ 1, 2, { 0, 0, 16 * GB, GB / 512 } },
	{ 1, 1, { 0, 0, 16 * GB, GB / 512 } },
	{ 1, 1, { 0, 0, 16 * GB, GB / 512 } },
	{ 3, 3, { 0, 0, 0, GB / 512 } },
};

static void levels(const struct geometry *g)
{
	int level, i = g - geometries;
	u64 want, got;

	EXPECT(kpgt_root_level(&g->geom) == pinned[i].root,
	       "the root is at level %d", kpgt_root_level(&g->geom));
	for (level = pinned[i].root; level <= KPGT_PAGE; level++) {
		EXPECT(kpgt_leaf_allowed(&g->geom, level) ==
		       (level >= pinned[i].first_leaf), "leaf at level %d: %d",
		       level, kpgt_leaf_allowed(&g->geom, level));
		if (!kpgt_leaf_allowed(&g->geom, level))
			continue;
		want = level < 0 ? 0 : pinned[i].group[level];
		got = kpgt_group_size(&g->geom, level);
		/* without a group: nothing, or the leaf by itself */
		EXPECT(got == want ||
		       (!want && got == kpgt_span(&g->geom, level)),
		       "group at level %d: %llx", level, got);
	}
}

static void indexes(const struct geometry *g)
{
	struct world *w = world_new(g, 1);
	struct mmu *m = &w->mmu;
	int level, i;

	for (level = m->top; level <= KPGT_PAGE; level++) {
		EXPECT(kpgt_shift(&g->geom, level) == mmu_shift(m, level),
		       "shift of level %d", level);
		for (i = 0; i < 100; i++) {
			u64 va = m->base | mmu_random(m);
			u64 want = (va - m->base) >> mmu_shift(m, level);

			want %= mmu_entries(m, level);
			EXPECT(kpgt_index(&g->geom, level, va) == want,
			       "index of %llx at level %d is %u", va, level,
			       kpgt_index(&g->geom, level, va));
		}
	}
	world_free(w);
}

static void addresses(const struct geometry *g)
{
	struct world *w = world_new(g, 1);
	struct mmu *m = &w->mmu;
	int i;

	for (i = 0; i < 1000; i++) {
		u64 junk = mmu_random(m) & ~mmu_addr_mask(m);
		u64 pa = mmu_random(m) & ((1ULL << m->pa_bits) - w->page);

		EXPECT(kpgt_encode_pa(&g->geom, pa) == mmu_encode(m, pa),
		       "%llx is encoded as %llx", pa,
		       kpgt_encode_pa(&g->geom, pa));
		EXPECT(kpgt_decode_pa(&g->geom, mmu_encode(m, pa) | junk) == pa,
		       "%llx is decoded as %llx", mmu_encode(m, pa) | junk,
		       kpgt_decode_pa(&g->geom, mmu_encode(m, pa) | junk));
	}
	world_free(w);
}

static void addresses_by_hand(void)
{
	static const struct kpgt_geom lpa2 = { 12, 52, KPGT_OA_LPA2 };
	static const struct kpgt_geom wide = { 16, 52, KPGT_OA_64K };

	EXPECT(kpgt_encode_pa(&lpa2, 0xf123456789000) == 0x3123456789300,
	       "LPA2 gives %llx", kpgt_encode_pa(&lpa2, 0xf123456789000));
	EXPECT(kpgt_encode_pa(&wide, 0xf123456780000) == 0x12345678f000,
	       "64K gives %llx", kpgt_encode_pa(&wide, 0xf123456780000));
}

/* Sizes of leaves */

static void check_kinds(struct world *w, const struct kpgt_map *m)
{
	world_must_map(w, m);
	world_expect_mapped(w, m->va, m->size, m->pa,
			    m->attrs & ~world_ignored(w));
	world_expect_no_empty_table(w);
	world_must_unmap(w, m->va, m->size);
}

static void one_leaf(const struct geometry *g)
{
	struct world *w = world_new(g, 2);
	int i;

	for (i = 0; i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size;
		struct kpgt_map m = {
			.va = w->start + size, .size = size, .pa = 3 * size,
			.attrs = world_attrs(w, i), .max_leaf = KPGT_MAX_LEAF,
		};

		check_kinds(w, &m);
	}
	world_free(w);
}

/* A border of every kind, with some pages on both sides of it. */
static void mixed(const struct geometry *g)
{
	struct world *w = world_new(g, 3);
	int i;

	for (i = 1; i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size;
		u64 pages = w->page * (1 + i);
		struct kpgt_map m = {
			.va = w->start + size - pages,
			.size = 2 * size + 2 * pages,
			.pa = 5 * size - pages,
			.attrs = world_attrs(w, i), .max_leaf = KPGT_MAX_LEAF,
		};

		if (m.va >= w->start)
			check_kinds(w, &m);
	}
	world_free(w);
}

static bool too_many(struct world *w, const struct kind *k, u64 size)
{
	return size >> mmu_shift(&w->mmu, k->level) > 16384;
}

/* An aligned range of the size of an entry at the level above all blocks. */
static void no_block_above(const struct geometry *g)
{
	struct world *w = world_new(g, 17);
	int level = KPGT_PAGE;
	struct kpgt_map m = {
		.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
	};

	while (mmu_leaf_ok(&w->mmu, level))
		level--;
	if (level >= w->mmu.top &&
	    mmu_shift(&w->mmu, level) <= g->geom.va_bits - 2u) {
		m.size = 1ULL << mmu_shift(&w->mmu, level);
		m.va = w->start;
		check_kinds(w, &m);
	}
	world_free(w);
}

/* Two sizes of leaves or groups: the range has the larger one. */
typedef void pair_fn(struct world *w, struct kpgt_map *m, const struct kind *small);

static void each_pair(const struct geometry *g, u64 seed, pair_fn *check)
{
	struct world *w = world_new(g, seed);
	int i, k;

	for (i = 1; i < w->nr_kinds; i++) {
		for (k = 0; k < i; k++) {
			u64 size = w->kind[i].size;
			struct kpgt_map m = {
				.va = w->start, .size = size, .pa = size,
				.attrs = world_attrs(w, 1),
				.max_leaf = KPGT_MAX_LEAF,
			};

			if (!too_many(w, &w->kind[k], size))
				check(w, &m, &w->kind[k]);
		}
	}
	world_free(w);
}

static void limited_to(struct world *w, struct kpgt_map *m, const struct kind *small)
{
	m->max_leaf = small->size;
	check_kinds(w, m);
	/* one byte less than the next kind is not enough */
	m->max_leaf = small[1].size - 1;
	check_kinds(w, m);
}

static void check_max_leaf(const struct geometry *g)
{
	each_pair(g, 4, limited_to);
}

/* A physical address that is aligned for a smaller kind only. */
static void aligned_to(struct world *w, struct kpgt_map *m, const struct kind *small)
{
	m->pa += small->size;
	check_kinds(w, m);
}

static void unaligned_pa(const struct geometry *g)
{
	each_pair(g, 5, aligned_to);
}

static void high_pa(const struct geometry *g)
{
	struct world *w = world_new(g, 6);
	u64 limit = 1ULL << w->mmu.pa_bits;
	int i;

	for (i = 0; i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size;
		struct kpgt_map m = {
			.va = w->start, .size = size, .pa = limit - size,
			.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
		};

		check_kinds(w, &m);
	}
	world_free(w);
}

/* Some address bits are folded down; a run of leaves may pass that border. */
static void across_the_fold(const struct geometry *g)
{
	struct world *w = world_new(g, 18);
	u64 fold = mmu_fold(&w->mmu);
	int i, k;

	for (i = 0; w->mmu.pa_bits > 48 && i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size;
		struct kpgt_map m = {
			.va = w->start, .size = 8 * w->page,
			.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
		};

		for (k = 1; k < 8; k++) {
			m.pa = fold - k * w->page;
			check_kinds(w, &m);
		}
		m.size = 2 * size;
		m.pa = fold - size;
		check_kinds(w, &m);
	}
	world_free(w);
}

static void ignored_attrs(const struct geometry *g)
{
	struct world *w = world_new(g, 7);
	int i;

	for (i = 0; i < w->nr_kinds; i++) {
		struct kpgt_map m = {
			.va = w->start, .size = w->kind[i].size,
			.attrs = world_attrs(w, 3) | world_ignored(w),
			.max_leaf = KPGT_MAX_LEAF,
		};

		check_kinds(w, &m);
		m.size = w->page;
		check_kinds(w, &m);
	}
	world_free(w);
}

/* The first and the last page that the geometry can translate. */
static void ends_of_address_space(const struct geometry *g)
{
	struct world *w = world_new(g, 8);
	u64 last = 0 - 2 * w->page;
	struct kpgt_map m = {
		.va = w->mmu.base, .size = w->page, .pa = w->page,
		.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
	};

	world_set_region(w, w->mmu.base, last + w->page);
	check_kinds(w, &m);
	m.va = last;
	check_kinds(w, &m);
	m.size = 8 * w->page;
	m.va = last - 7 * w->page;
	check_kinds(w, &m);
	EXPECT(!world_unmap(w, w->mmu.base, last + w->page - w->mmu.base),
	       "could not unmap the empty region");
	world_free(w);
}

/*
 * A region may reach up to 2^64, where the end of a range is 0. Such a request
 * is either refused or carried out, never dropped in silence.
 */
static void very_last_page(const struct geometry *g)
{
	struct world *w = world_new(g, 19);
	struct kpgt_map m = {
		.va = 0 - w->page, .size = w->page, .pa = w->page,
		.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
	};
	struct mmu_walk walk;
	int err;

	world_set_region(w, w->start, 0);
	err = world_map_prepare(w, &m);
	if (!err) {
		world_map_commit(w, &m);
		EXPECT(mmu_walk(&w->mmu, m.va, &walk) &&
		       mmu_decode(&w->mmu, walk.desc) == m.pa,
		       "the last page is said to be mapped and is not");
		world_unmap(w, m.va, m.size);
		EXPECT(!mmu_walk(&w->mmu, m.va, &walk),
		       "the last page is said to be unmapped and is not");
	} else {
		EXPECT(err == -EINVAL || err == -ERANGE, "refused with %d",
		       err);
	}
	world_free(w);
}

static void neighbours_in_use(const struct geometry *g)
{
	struct world *w = world_new(g, 9);
	struct kpgt_map m = {
		.size = w->page, .attrs = world_attrs(w, 1),
		.max_leaf = KPGT_MAX_LEAF,
	};
	int i, step;

	/* 67 pages one by one, each next to others in use */
	for (i = 0, step = 0; i < 67; i++, step = (step + 29) % 67) {
		m.va = w->start + step * w->page;
		m.pa = w->page * step;
		EXPECT(!world_map(w, &m), "could not map page %d", step);
		world_watch(w, m.va);
	}
	world_expect_mapped(w, w->start, 67 * w->page, 0, m.attrs);
	world_free(w);
}

/* Order and cost */

static void few_barriers(const struct geometry *g)
{
	struct world *w = world_new(g, 10);
	struct kpgt_map m = {
		.va = w->start, .attrs = world_attrs(w, 1),
		.size = (1ULL << g->geom.va_bits) / 4,
		.max_leaf = w->page,
	};
	unsigned int orders;

	if (m.size > w->page * 16384)
		m.size = w->page * 16384;
	EXPECT(!world_map_prepare(w, &m), "could not prepare");
	world_map_commit(w, &m);
	orders = w->mmu.count[MMU_OP_ORDER];
	EXPECT(orders <= 8, "%u barriers between tables for %llu pages", orders,
	       m.size / w->page);
	EXPECT(!world_unmap(w, m.va, m.size), "could not unmap");
	world_free(w);
}

static void whole_map(const struct geometry *g)
{
	struct world *w = world_new(g, 11);
	struct kpgt_map m = {
		.va = w->start, .size = 3 * w->page,
		.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
	};

	EXPECT(!world_whole_map(w, &m), "could not map");
	world_expect_mapped(w, m.va, m.size, 0, m.attrs);
	EXPECT(world_whole_map(w, &m) == -EEXIST, "mapped twice");
	world_free(w);
}

static void abort_gives_back(const struct geometry *g)
{
	struct world *w = world_new(g, 12);
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	struct kpgt_map m = {
		.va = w->start + w->page,
		.size = (1ULL << g->geom.va_bits) / 4 - w->page,
		.pa = w->page,
		.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
	};
	unsigned int taken;

	EXPECT(!world_map_prepare(w, &m), "could not prepare");
	taken = w->mmu.count[MMU_OP_ALLOC];
	EXPECT(mmu_count_state(&w->mmu, MMU_NEW) == taken, "tables are lost");
	world_abort(w);
	EXPECT(w->mmu.count[MMU_OP_FREE] == taken, "%u of %u tables freed",
	       w->mmu.count[MMU_OP_FREE], taken);
	world_expect_same(w, before);
	/* nothing is held: a second abort has nothing to free */
	world_abort(w);
	EXPECT(!w->mmu.count[MMU_OP_FREE], "abort twice freed twice");
	mmu_snapshot_free(before);
	world_free(w);
}

/* Refusals */

static void refuse(struct world *w, u64 va, u64 size, u64 pa, int want)
{
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	struct kpgt_map m = {
		.va = va, .size = size, .pa = pa,
		.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
	};
	int err = world_map_prepare(w, &m);

	EXPECT(err == want, "map of %llx, %llx bytes, to %llx: %d not %d", va,
	       size, pa, err, want);
	EXPECT(want == -EEXIST || !w->mmu.count[MMU_OP_ALLOC],
	       "bad input took %u tables", w->mmu.count[MMU_OP_ALLOC]);
	if (!err)
		world_abort(w);
	world_expect_same(w, before);
	mmu_snapshot_free(before);
}

static void refuse_unmap(struct world *w, u64 va, u64 size, int want)
{
	struct mmu_snapshot *before = mmu_snapshot(&w->mmu);
	int err = world_unmap_prepare(w, va, size);

	EXPECT(err == want, "unmap of %llx, %llx bytes: %d instead of %d", va,
	       size, err, want);
	EXPECT(!w->mmu.count[MMU_OP_ALLOC] && !w->mmu.count[MMU_OP_MAY_BREAK],
	       "bad input had effects");
	if (!err)
		world_abort(w);
	world_expect_same(w, before);
	mmu_snapshot_free(before);
}

static void invalid_input(const struct geometry *g)
{
	struct world *w = world_new(g, 13);
	u64 page = w->page, va = w->start, limit = 1ULL << w->mmu.pa_bits;

	refuse(w, va, 0, 0, -EINVAL);
	refuse(w, va + 1, page, 0, -EINVAL);
	refuse(w, va + page / 2, page, 0, -EINVAL);
	refuse(w, va, page - 1, 0, -EINVAL);
	refuse(w, va, page + 8, 0, -EINVAL);
	refuse(w, va, page, 1, -EINVAL);
	refuse(w, va, page, page / 2, -EINVAL);
	refuse(w, va, page, limit, -EINVAL);
	refuse(w, va, 2 * page, limit - page, -EINVAL);
	refuse(w, va, page, 1ULL << 63, -EINVAL);
	refuse(w, va, 2 * page, 0 - page, -EINVAL);
	refuse(w, va, 0 - va + page, 0, -EINVAL);
	refuse(w, va, 0 - page, 0, -EINVAL);
	refuse_unmap(w, va, 0, -EINVAL);
	refuse_unmap(w, va + 8, page, -EINVAL);
	refuse_unmap(w, va, page / 2, -EINVAL);
	refuse_unmap(w, va, 0 - va + page, -EINVAL);
	world_free(w);
}

static void out_of_range(const struct geometry *g)
{
	struct world *w = world_new(g, 14);
	u64 page = w->page, start = w->start + 5 * page, end = w->end - page;

	world_set_region(w, start, end);
	refuse(w, start - page, page, 0, -ERANGE);
	refuse(w, start - page, 2 * page, 0, -ERANGE);
	refuse(w, end, page, 0, -ERANGE);
	refuse(w, end - page, 2 * page, 0, -ERANGE);
	refuse(w, w->mmu.base, page, 0, -ERANGE);
	refuse(w, 0 - 2 * page, page, 0, -ERANGE);
	refuse(w, 0, page, 0, -ERANGE);
	refuse(w, start & ((1ULL << g->geom.va_bits) - 1), page, 0, -ERANGE);
	refuse_unmap(w, start - page, page, -ERANGE);
	refuse_unmap(w, start - page, 2 * page, -ERANGE);
	refuse_unmap(w, end, page, -ERANGE);
	refuse_unmap(w, end - page, 2 * page, -ERANGE);
	world_free(w);
}

static void mapped_already(const struct geometry *g)
{
	struct world *w = world_new(g, 15);
	int i;

	for (i = 0; i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size, va = w->start + size;
		struct kpgt_map m = {
			.va = va, .size = size, .pa = size,
			.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
		};

		EXPECT(!world_map(w, &m), "could not map");
		refuse(w, va, size, size, -EEXIST);
		refuse(w, va, w->page, 0, -EEXIST);
		refuse(w, va + size - w->page, w->page, 0, -EEXIST);
		refuse(w, va - w->page, 2 * w->page, 0, -EEXIST);
		refuse(w, va + size - w->page, 2 * w->page, 0, -EEXIST);
		refuse(w, va - size, 3 * size, 0, -EEXIST);
		EXPECT(!world_unmap(w, va, size), "could not unmap");
	}
	world_free(w);
}

/* Lookup */

static void expect_lookup(struct world *w, u64 va)
{
	struct mmu_walk walk;
	bool found = mmu_walk(&w->mmu, va, &walk);
	u64 size = 0, desc = world_lookup(w, va, &size);

	EXPECT(desc == (found ? walk.desc : 0), "lookup of %llx gives %llx",
	       va, desc);
	EXPECT(size == walk.size, "lookup of %llx gives the size %llx", va,
	       size);
	EXPECT(world_lookup(w, va, NULL) == desc, "lookup without a size");
}

static void lookup(const struct geometry *g)
{
	struct world *w = world_new(g, 16);
	int i;

	for (i = 0; i < w->nr_kinds; i++) {
		u64 size = w->kind[i].size, va = w->start + size;
		struct kpgt_map m = {
			.va = va, .size = size, .pa = size,
			.attrs = world_attrs(w, 1), .max_leaf = KPGT_MAX_LEAF,
		};

		EXPECT(!world_map(w, &m), "could not map");
		expect_lookup(w, va);
		expect_lookup(w, va + size - 1);
		expect_lookup(w, va - 1);
		expect_lookup(w, va + size);
		EXPECT(!world_unmap(w, va, size), "could not unmap");
		expect_lookup(w, va);
	}
	world_free(w);
}

static const struct tap_test tests[] = {
	{ "MAP-07 levels, leaves and groups are those of the Arm ARM",
	  .each = levels },
	{ "MAP-07 indexes agree with division", .each = indexes },
	{ "MAP-07 addresses are encoded and decoded in every format",
	  .each = addresses },
	{ "MAP-07 two wide addresses are encoded as one reads in the Arm ARM",
	  addresses_by_hand },
	{ "MAP-05 a range of the size of a leaf or group becomes just that",
	  .each = one_leaf },
	{ "MAP-05 a range across a border gets the largest leaves on both sides",
	  .each = mixed },
	{ "MAP-07 there are no blocks at levels that have none",
	  .each = no_block_above },
	{ "MAP-05 no leaf and no group is larger than max_leaf",
	  .each = check_max_leaf },
	{ "MAP-05 leaves are no larger than the physical address is aligned",
	  .each = unaligned_pa },
	{ "MAP-07 the last physical address can be mapped by every leaf",
	  .each = high_pa },
	{ "MAP-07 a mapping may cross the address bits that descriptors fold",
	  .each = across_the_fold },
	{ "MAP-02 type, address and Contiguous bit of the attributes are ignored",
	  .each = ignored_attrs },
	{ "MAP-07 the first and the last pages of the address space can be mapped",
	  .each = ends_of_address_space },
	{ "MAP-11 the page that ends at 2^64 is refused or really mapped",
	  .each = very_last_page },
	{ "MAP-02 pages mapped one by one leave those in use alone",
	  .each = neighbours_in_use },
	{ "MAP-02 thousands of pages take a handful of barriers and no flush",
	  .each = few_barriers },
	{ "MAP-02 kpgt_map is prepare and commit", .each = whole_map },
	{ "MAP-04 abort gives back all tables and leaves the tree as it was",
	  .each = abort_gives_back },
	{ "MAP-11 zero, unaligned and wrapping requests are invalid and change nothing",
	  .each = invalid_input },
	{ "MAP-11 requests outside the region are out of range and change nothing",
	  .each = out_of_range },
	{ "MAP-02 what is mapped already cannot be mapped and does not change",
	  .each = mapped_already },
	{ "MAP-02 lookup finds what a walker finds", .each = lookup },
};

WORLD_SUITE(suite_map, tests);
