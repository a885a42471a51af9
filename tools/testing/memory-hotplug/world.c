// SPDX-License-Identifier: GPL-2.0-only
/* One modelled tree, and every call into kpgtable.c judged. See world.h. */
#include <stdlib.h>

#include "world.h"

const struct geometry geometries[] = {
	{ "4K, 48-bit VA",			{ 12, 48, KPGT_OA_48 } },
	{ "4K, 39-bit VA",			{ 12, 39, KPGT_OA_48 } },
	{ "4K, 52-bit VA, LPA2",		{ 12, 52, KPGT_OA_LPA2 } },
	{ "4K, 48-bit VA, LPA2",		{ 12, 48, KPGT_OA_LPA2 } },
	{ "4K, 42-bit VA",			{ 12, 42, KPGT_OA_48 } },
	{ "16K, 47-bit VA",			{ 14, 47, KPGT_OA_48 } },
	{ "16K, 48-bit VA",			{ 14, 48, KPGT_OA_48 } },
	{ "16K, 36-bit VA",			{ 14, 36, KPGT_OA_48 } },
	{ "16K, 52-bit VA, LPA2",		{ 14, 52, KPGT_OA_LPA2 } },
	{ "64K, 42-bit VA",			{ 16, 42, KPGT_OA_48 } },
	{ "64K, 48-bit VA",			{ 16, 48, KPGT_OA_48 } },
	{ "64K, 52-bit VA, 52-bit PA",		{ 16, 52, KPGT_OA_64K } },
	{ "64K, 48-bit VA, 52-bit PA",		{ 16, 48, KPGT_OA_64K } },
	{ "64K, 29-bit VA, one table",		{ 16, 29, KPGT_OA_48 } },
};

const int nr_geometries = sizeof(geometries) / sizeof(geometries[0]);

void world_run(const struct tap_test *test)
{
	int i;

	if (!test->each) {
		test->run();
		return;
	}
	for (i = 0; i < nr_geometries && !tap_failed(); i++) {
		tap_context("%s", geometries[i].name);
		test->each(&geometries[i]);
	}
}

static void add_kind(struct world *w, u64 size, int level, bool group)
{
	if (size > (1ULL << w->g->geom.va_bits) / 8 ||
	    !kpgt_leaf_allowed(&w->g->geom, level))
		return;
	w->kind[w->nr_kinds++] = (struct kind){ size, level, group };
}

static void find_kinds(struct world *w)
{
	struct mmu *m = &w->mmu;
	int level;

	for (level = KPGT_PAGE; level >= m->top && mmu_leaf_ok(m, level);
	     level--) {
		u64 span = 1ULL << mmu_shift(m, level);
		unsigned int nr = mmu_group_entries(m, level);

		add_kind(w, span, level, false);
		if (nr > 1)
			add_kind(w, nr * span, level, true);
	}
}

/* The default region is the middle half of the address space. */
struct world *world_new(const struct geometry *g, u64 seed)
{
	struct world *w = calloc(1, sizeof(*w));
	u64 quarter = 1ULL << (g->geom.va_bits - 2);

	if (!w)
		abort();
	w->g = g;
	w->page = 1ULL << g->geom.page_shift;
	mmu_init(&w->mmu, &g->geom, seed);
	find_kinds(w);
	world_set_region(w, w->mmu.base + quarter, w->mmu.base + 3 * quarter);
	return w;
}

void world_set_region(struct world *w, u64 start, u64 end)
{
	w->start = start;
	w->end = end;
	mmu_region_init(&w->mmu, &w->r, start, end);
}

static void judge(struct world *w)
{
	if (w->mmu.nr_bad)
		tap_fail("%s", w->mmu.first_bad);
}

void world_free(struct world *w)
{
	judge(w);
	mmu_destroy(&w->mmu);
	free(w);
}

u64 world_attrs(const struct world *w, int i)
{
	u64 attrs = 1ULL << 10 | (u64)(i & 7) << 2 | 1ULL << 54;

	if (i & 1)
		attrs |= 1ULL << 53 | 1ULL << 51 | 1ULL << 11;
	if (w->g->geom.oa != KPGT_OA_LPA2)
		attrs |= 3ULL << 8;
	return attrs;
}

u64 world_ignored(const struct world *w)
{
	return mmu_addr_mask(&w->mmu) | KPGT_TYPE | KPGT_CONT;
}

/* The functions of kpgtable.h */

static void ask(struct world *w, u64 va, u64 size)
{
	if (size && !((va | size) & (w->page - 1)) && va + size - 1 >= va)
		mmu_ranges_add(&w->mmu.asked, va, va + size);
}

static void end_prepare(struct world *w, int err)
{
	mmu_end(&w->mmu);
	if (err) {
		w->mmu.asked.nr = 0;
		w->mmu.granted.nr = 0;
		EXPECT(!mmu_count_state(&w->mmu, MMU_NEW),
		       "a prepare that failed with %d holds tables", err);
	}
	judge(w);
}

static void end_commit(struct world *w)
{
	mmu_end(&w->mmu);
	EXPECT(w->racing || !w->mmu.count[MMU_OP_FREE],
	       "prepare took %u tables more than were needed",
	       w->mmu.count[MMU_OP_FREE]);
	judge(w);
}

int world_map_prepare(struct world *w, const struct kpgt_map *m)
{
	int err;

	mmu_begin(&w->r, MMU_PREPARE);
	ask(w, m->va, m->size);
	err = kpgt_map_prepare(&w->r.t, m);
	end_prepare(w, err);
	return err;
}

void world_map_commit(struct world *w, const struct kpgt_map *m)
{
	mmu_begin(&w->r, MMU_MAP);
	kpgt_map_commit(&w->r.t, m);
	end_commit(w);
	EXPECT(w->mmu.count[MMU_OP_PUBLISH] == 1, "published %u times",
	       w->mmu.count[MMU_OP_PUBLISH]);
}

int world_map(struct world *w, const struct kpgt_map *m)
{
	int err = world_map_prepare(w, m);

	if (!err)
		world_map_commit(w, m);
	return err;
}

int world_whole_map(struct world *w, const struct kpgt_map *m)
{
	int err;

	mmu_begin(&w->r, MMU_WHOLE);
	err = kpgt_map(&w->r.t, m);
	mmu_end(&w->mmu);
	judge(w);
	return err;
}

int world_back(struct world *w, const struct kpgt_map *m)
{
	unsigned int blocks = mmu_count_blocks(&w->mmu), more;
	int err;

	mmu_begin(&w->r, MMU_BACK);
	err = kpgt_back(&w->r.t, m);
	mmu_end(&w->mmu);
	judge(w);
	more = mmu_count_blocks(&w->mmu) - blocks;
	EXPECT(!err || !more, "%u blocks are lost after error %d", more, err);
	EXPECT(w->mmu.count[MMU_OP_PUBLISH] == !!more, "published %u times",
	       w->mmu.count[MMU_OP_PUBLISH]);
	EXPECT(err || w->racing || !w->mmu.count[MMU_OP_FREE],
	       "%u tables were taken and not used", w->mmu.count[MMU_OP_FREE]);
	return err;
}

int world_unmap_prepare(struct world *w, u64 va, u64 size)
{
	int err;

	mmu_begin(&w->r, MMU_PREPARE);
	ask(w, va, size);
	err = kpgt_unmap_prepare(&w->r.t, va, size);
	end_prepare(w, err);
	return err;
}

void world_unmap_commit(struct world *w, u64 va, u64 size)
{
	mmu_begin(&w->r, MMU_UNMAP);
	if (!w->unlinked || va < w->unlinked_start)
		w->unlinked_start = va;
	if (!w->unlinked || va + size > w->unlinked_end)
		w->unlinked_end = va + size;
	w->unlinked = true;
	kpgt_unmap_commit(&w->r.t, va, size);
	end_commit(w);
	EXPECT(w->mmu.count[MMU_OP_PUBLISH] <= 1, "published %u times",
	       w->mmu.count[MMU_OP_PUBLISH]);
}

static void expect_narrow_flush(struct world *w)
{
	struct mmu *m = &w->mmu;

	EXPECT(w->unlinked || !m->count[MMU_OP_FLUSH],
	       "flushed with nothing to flush");
	if (m->count[MMU_OP_FLUSH] && !m->flushed_tables)
		EXPECT(m->flush_start >= w->unlinked_start &&
		       m->flush_end <= w->unlinked_end,
		       "[%llx, %llx) was unlinked, [%llx, %llx) was flushed",
		       w->unlinked_start, w->unlinked_end, m->flush_start,
		       m->flush_end);
}

void world_flush(struct world *w)
{
	unsigned int tables = mmu_count_state(&w->mmu, MMU_GATHERED);

	mmu_begin(&w->r, MMU_FLUSH);
	kpgt_flush(&w->r.t);
	mmu_end(&w->mmu);
	judge(w);
	EXPECT(w->mmu.count[MMU_OP_FLUSH] <= 1, "flushed %u times",
	       w->mmu.count[MMU_OP_FLUSH]);
	expect_narrow_flush(w);
	EXPECT(!w->mmu.flushed_tables || tables,
	       "table entries were flushed, no table was unlinked");
	w->unlinked = false;
	EXPECT(w->mmu.released_tables == tables, "%u of %u tables released",
	       w->mmu.released_tables, tables);
}

int world_unmap(struct world *w, u64 va, u64 size)
{
	int err = world_unmap_prepare(w, va, size);

	if (err)
		return err;
	world_unmap_commit(w, va, size);
	world_flush(w);
	return 0;
}

void world_abort(struct world *w)
{
	mmu_begin(&w->r, MMU_ABORT);
	kpgt_abort(&w->r.t);
	mmu_end(&w->mmu);
	judge(w);
}

int world_pages_prepare(struct world *w, u64 va, u64 size)
{
	int err;

	mmu_begin(&w->r, MMU_PREPARE);
	err = kpgt_pages_prepare(&w->r.t, va, size);
	end_prepare(w, err);
	return err;
}

void world_pages_commit(struct world *w, u64 va, u64 size)
{
	unsigned int flushes;

	mmu_begin(&w->r, MMU_PAGES);
	kpgt_pages_commit(&w->r.t, va, size);
	end_commit(w);
	flushes = w->mmu.count[MMU_OP_FLUSH];
	EXPECT(flushes == !!w->mmu.count[MMU_OP_SET] && !w->mmu.flushed_tables,
	       "flushed %u times, tables: %d", flushes, w->mmu.flushed_tables);
	EXPECT(w->mmu.count[MMU_OP_PUBLISH] == flushes, "published %u times",
	       w->mmu.count[MMU_OP_PUBLISH]);
}

u64 world_pages_cost(struct world *w, u64 va, u64 size)
{
	u64 cost;

	mmu_begin(&w->r, MMU_LOOKUP);
	cost = kpgt_pages_cost(&w->r.t, va, size);
	mmu_end(&w->mmu);
	judge(w);
	return cost;
}

u64 world_lookup(struct world *w, u64 va, u64 *size)
{
	u64 desc;

	mmu_begin(&w->r, MMU_LOOKUP);
	desc = kpgt_lookup(&w->r.t, va, size);
	mmu_end(&w->mmu);
	judge(w);
	return desc;
}

/* Checks */

void world_expect_mapped(struct world *w, u64 va, u64 size, u64 pa, u64 attrs)
{
	u64 pos, out, end = va + size;
	struct mmu_walk walk;
	bool found;

	if (!size)
		return;
	found = mmu_walk(&w->mmu, va, &walk);
	for (pos = va; pos < end; found = mmu_walk_on(&w->mmu, &walk)) {
		out = mmu_decode(&w->mmu, walk.desc) + (pos - walk.start);
		if (!found || out != pa + (pos - va) ||
		    mmu_attrs(&w->mmu, walk.desc) != attrs) {
			tap_fail("%llx has the %s descriptor %llx, not %llx and attributes %llx",
				 pos, found ? "valid" : "invalid", walk.desc,
				 pa + (pos - va), attrs);
			return;
		}
		pos = walk.start + walk.size;
	}
}

void world_expect_hole(struct world *w, u64 va, u64 size)
{
	u64 pos, end = va + size;
	struct mmu_walk walk;
	bool found;

	if (!size)
		return;
	found = mmu_walk(&w->mmu, va, &walk);
	for (pos = va; pos < end; found = mmu_walk_on(&w->mmu, &walk)) {
		if (found || walk.desc) {
			tap_fail("%llx has the descriptor %llx instead of none",
				 pos, walk.desc);
			return;
		}
		pos = walk.start + walk.size;
		if (!pos)
			return;
	}
}

/* The largest kind that the request allows at @va, by its definition. */
static const struct kind *best_kind(const struct world *w,
				    const struct kpgt_map *m, u64 va)
{
	int i;

	for (i = w->nr_kinds - 1; i > 0; i--) {
		u64 size = w->kind[i].size, start = va & ~(size - 1);

		if (size <= m->max_leaf && start >= m->va &&
		    start + size <= m->va + m->size &&
		    !((m->pa + (start - m->va)) & (size - 1)))
			break;
	}
	return &w->kind[i];
}

/* Every leaf has the largest size that the request allows. */
void world_expect_kinds(struct world *w, const struct kpgt_map *m)
{
	u64 va = m->va, end = m->va + m->size;
	const struct kind *k;
	struct mmu_walk walk;

	while (va < end) {
		k = best_kind(w, m, va);
		if (!mmu_walk(&w->mmu, va, &walk)) {
			tap_fail("%llx does not translate", va);
			return;
		}
		EXPECT(walk.level == k->level &&
		       !!(walk.desc & KPGT_CONT) == k->group,
		       "%llx: level %d%s instead of level %d%s", va, walk.level,
		       walk.desc & KPGT_CONT ? " in a group" : "", k->level,
		       k->group ? " in a group" : "");
		va = walk.start + walk.size;
	}
}

static bool table_is_empty(struct world *w, int slot)
{
	u64 *words = mmu_words(&w->mmu, slot);
	u64 i;

	for (i = 0; i < w->page / 8; i++)
		if (words[i])
			return false;
	return true;
}

/* Only a table that reaches beyond the region may stay without an entry. */
void world_expect_no_empty_table(struct world *w)
{
	struct mmu *m = &w->mmu;
	int slot;

	for (slot = 0; slot < m->used; slot++) {
		const struct mmu_table *t = &m->table[slot];
		u64 span;

		if (t->state != MMU_LIVE || slot == m->root)
			continue;
		span = 1ULL << mmu_shift(m, t->level - 1);
		if (t->va < w->start || t->va + span - 1 > w->end - 1)
			continue;
		EXPECT(!table_is_empty(w, slot),
		       "the table at %llx, level %d, is empty", t->va,
		       t->level);
	}
}

void world_expect_same(struct world *w, const struct mmu_snapshot *s)
{
	EXPECT(mmu_unchanged(&w->mmu, s), "the tree has changed");
}

void world_must_map(struct world *w, const struct kpgt_map *m)
{
	int err = world_map(w, m);

	EXPECT(!err, "could not map %llx bytes: %d", m->size, err);
	world_expect_kinds(w, m);
}

void world_must_unmap(struct world *w, u64 va, u64 size)
{
	int err = world_unmap(w, va, size);

	EXPECT(!err, "could not unmap %llx bytes: %d", size, err);
	world_expect_hole(w, va, size);
	world_expect_no_empty_table(w);
}

bool world_kind_at(struct world *w, u64 va, u64 *start, u64 *size)
{
	struct mmu_walk walk;

	if (!mmu_walk(&w->mmu, va, &walk))
		return false;
	*size = walk.size;
	if (walk.desc & KPGT_CONT)
		*size *= mmu_group_entries(&w->mmu, walk.level);
	*start = va & ~(*size - 1);
	return true;
}

void world_watch(struct world *w, u64 va)
{
	struct mmu *m = &w->mmu;
	struct mmu_walk walk;

	if (m->nr_watch == MMU_WATCH)
		return;
	if (!mmu_walk(m, va, &walk)) {
		tap_fail("%llx cannot be watched, it is not mapped", va);
		return;
	}
	m->watch[m->nr_watch++] = (struct mmu_watch){
		va, mmu_decode(m, walk.desc) + (va - walk.start),
		mmu_attrs(m, walk.desc),
	};
}
