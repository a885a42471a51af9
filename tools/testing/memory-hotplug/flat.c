// SPDX-License-Identifier: GPL-2.0-only
/* Flat reference and random walks. See flat.h. */
#include <stdlib.h>
#include <string.h>

#include "flat.h"

#define CELLS		24
#define MAX_ENTRIES	3000	/* of one request, to bound the time */

struct cell {
	u64 start, end;
	bool mapped;
	u64 pa, attrs;
};

struct flat {
	struct source *s;
	struct world *w;
	struct cell cell[CELLS];
	int nr;
	struct mmu_snapshot *before;
	bool raced;	/* the other CPU has made tables during this step */
};

struct run {
	int first, nr;
	u64 va, size;
};

static bool dry(const struct source *s)
{
	return s->data && s->pos >= s->len;
}

static u64 pick(struct source *s, u64 n)
{
	if (!s->data) {
		s->state ^= s->state << 13;
		s->state ^= s->state >> 7;
		s->state ^= s->state << 17;
		return (s->state * 0x2545f4914f6cdd1dULL >> 20) % n;
	}
	return dry(s) ? 0 : s->data[s->pos++] % n;
}

/* Making the world */

static u64 kind_size(struct flat *f, int i)
{
	return f->w->kind[i].size;
}

/* Few pages, a few of some kind, or up to a border of some kind. */
static u64 next_border(struct flat *f, u64 va)
{
	u64 size = kind_size(f, pick(f->s, f->w->nr_kinds));

	switch (pick(f->s, 4)) {
	case 0:
		return va + (1 + pick(f->s, 4)) * f->w->page;
	case 1:
		return va + (1 + pick(f->s, 3)) * size;
	default:
		return (va + size) & ~(size - 1);
	}
}

static void make_cells(struct flat *f)
{
	struct world *w = f->w;
	u64 va = w->start, border;
	u64 limit = w->end;
	int i;

	for (i = pick(f->s, 4); i > 0; i--)
		va = next_border(f, va);
	w->start = va;
	for (f->nr = 0; f->nr < CELLS; f->nr++) {
		border = next_border(f, va);
		if (border >= limit)
			break;
		f->cell[f->nr] = (struct cell){ .start = va, .end = border };
		va = border;
	}
	world_set_region(w, w->start, va);
}

static u64 foreign_page(struct world *w, u64 va)
{
	u64 pa = va & ((1ULL << 40) - 1);

	return mmu_encode(&w->mmu, pa) | world_attrs(w, 7) | KPGT_TYPE;
}

/* Somebody else's page right at the border. */
static void make_neighbour(struct world *w, u64 va)
{
	if (!mmu_entry(&w->mmu, va, KPGT_PAGE, NULL, NULL))
		mmu_foreign_set(&w->mmu, va, KPGT_PAGE, foreign_page(w, va));
}

static void neighbour_moves_in(struct mmu *m, enum mmu_op op)
{
	struct flat *f = m->other_cpu_data;
	u64 va = f->w->start - f->w->page;

	(void)op;
	if (pick(f->s, 4))
		return;
	if (pick(f->s, 2))
		va = f->w->end;
	if (mmu_entry(m, va, KPGT_PAGE, NULL, NULL))
		return;
	f->raced = true;
	f->w->racing = true;
	if (pick(f->s, 2))
		make_neighbour(f->w, va);
	else
		mmu_foreign_path(m, va, m->top + pick(f->s, KPGT_PAGE - m->top
						      + 1));
}

/* Requests */

static struct run pick_run(struct flat *f)
{
	struct run r;
	int i;

	r.nr = 1 + pick(f->s, pick(f->s, 4) ? 3 : f->nr);
	r.first = pick(f->s, f->nr);
	if (r.first + r.nr > f->nr)
		r.nr = f->nr - r.first;
	r.va = f->cell[r.first].start;
	r.size = 0;
	for (i = r.first; i < r.first + r.nr; i++)
		r.size += f->cell[i].end - f->cell[i].start;
	return r;
}

static bool any_mapped(const struct flat *f, const struct run *r)
{
	int i;

	for (i = r->first; i < r->first + r->nr; i++)
		if (f->cell[i].mapped)
			return true;
	return false;
}

/* The smallest kind, not below @kind, that keeps a request of @size small. */
static int big_enough(struct flat *f, int kind, u64 size)
{
	struct world *w = f->w;

	while (kind < w->nr_kinds - 1 &&
	       size >> mmu_shift(&w->mmu, w->kind[kind].level) > MAX_ENTRIES)
		kind++;
	return kind;
}

static struct kpgt_map pick_map(struct flat *f, const struct run *r)
{
	int top = f->w->nr_kinds - 1;
	u64 big = kind_size(f, top), limit = 1ULL << f->w->mmu.pa_bits;
	int fit = big_enough(f, pick(f->s, top + 1), r->size);
	int max = big_enough(f, pick(f->s, top + 1), r->size);
	struct kpgt_map m = {
		.va = r->va, .size = r->size,
		.attrs = world_attrs(f->w, pick(f->s, 7)),
		.max_leaf = pick(f->s, 2) ? KPGT_MAX_LEAF : kind_size(f, max),
	};

	m.pa = m.va & (big - 1);
	if (!pick(f->s, 4))
		m.pa += big * pick(f->s, 200);
	if (fit < top)
		m.pa += kind_size(f, fit) * pick(f->s, 4);
	if (f->w->mmu.pa_bits > 48 && !pick(f->s, 3))	/* across the fold */
		m.pa += mmu_fold(&f->w->mmu) - big * (1 + pick(f->s, 3));
	else if (pick(f->s, 2))	/* high addresses, too */
		m.pa += (limit - big * 210 - r->size) & ~(big - 1);
	if (m.pa >= limit || m.pa + m.size > limit)
		m.pa = m.va & (big - 1);
	if (pick(f->s, 2))
		m.attrs |= world_ignored(f->w);
	return m;
}

/* Agreement */

static void check(struct flat *f)
{
	struct cell *c;

	for (c = f->cell; c < f->cell + f->nr && !tap_failed(); c++) {
		if (c->mapped)
			world_expect_mapped(f->w, c->start, c->end - c->start,
					    c->pa, c->attrs);
		else
			world_expect_hole(f->w, c->start, c->end - c->start);
	}
	world_expect_no_empty_table(f->w);
}

static void watch_others(struct flat *f, const struct run *r)
{
	int i, k;

	f->w->mmu.nr_watch = 0;
	for (k = 0; k < 6; k++) {
		i = (r->first + r->nr + k) % f->nr;
		if ((i >= r->first && i < r->first + r->nr) ||
		    !f->cell[i].mapped)
			continue;
		world_watch(f->w, f->cell[i].start);
		world_watch(f->w, f->cell[i].end - f->w->page);
	}
	if (mmu_entry(&f->w->mmu, f->w->end, KPGT_PAGE, NULL, NULL))
		world_watch(f->w, f->w->end);
	if (mmu_entry(&f->w->mmu, f->w->start - f->w->page, KPGT_PAGE, NULL,
		      NULL))
		world_watch(f->w, f->w->start - f->w->page);
}

/* A request that was refused has changed nothing. */
static void expect_same(struct flat *f)
{
	if (!f->raced)
		world_expect_same(f->w, f->before);
}

/* Operations */

static void fail_some_allocation(struct flat *f)
{
	f->w->mmu.fail_at = pick(f->s, 5) ? 0 : 1 + pick(f->s, 5);
}

static void did_map(struct flat *f, const struct run *r,
		    const struct kpgt_map *m)
{
	u64 keep = ~(world_ignored(f->w));
	int i;

	for (i = r->first; i < r->first + r->nr; i++) {
		struct cell *c = &f->cell[i];

		c->mapped = true;
		c->pa = m->pa + (c->start - m->va);
		c->attrs = m->attrs & keep;
	}
}

static void step_map(struct flat *f)
{
	struct run r = pick_run(f);
	struct kpgt_map m = pick_map(f, &r);
	bool taken = any_mapped(f, &r);
	int err;

	watch_others(f, &r);
	fail_some_allocation(f);
	err = world_map_prepare(f->w, &m);
	if (taken)
		EXPECT(err == -EEXIST, "mapped twice: %d", err);
	else if (err)
		EXPECT(err == -ENOMEM && f->w->mmu.fail_at, "map: %d", err);
	if (!err && !pick(f->s, 8)) {
		world_abort(f->w);
		err = 1;
	}
	if (err) {
		expect_same(f);
		return;
	}
	world_map_commit(f->w, &m);
	did_map(f, &r, &m);
}

static bool cuts(struct flat *f, const struct run *r)
{
	u64 start, size, end = r->va + r->size;

	if (world_kind_at(f->w, r->va, &start, &size) && start < r->va)
		return true;
	return world_kind_at(f->w, end, &start, &size) && start < end;
}

/* Make everything but the run busy, sometimes. */
static bool make_busy(struct flat *f, const struct run *r)
{
	struct mmu *m = &f->w->mmu;

	m->busy.nr = 0;
	if (pick(f->s, 4))
		return false;
	if (f->w->start < r->va)
		mmu_ranges_add(&m->busy, f->w->start, r->va);
	if (r->va + r->size < f->w->end)
		mmu_ranges_add(&m->busy, r->va + r->size, f->w->end);
	return true;
}

static bool unmap_prepared(struct flat *f, const struct run *r)
{
	bool refuse = make_busy(f, r) && cuts(f, r);
	int err;

	watch_others(f, r);
	fail_some_allocation(f);
	err = world_unmap_prepare(f->w, r->va, r->size);
	if (refuse)
		EXPECT(err == -EBUSY, "cut a leaf in use: %d", err);
	else if (err)
		EXPECT(err == -ENOMEM && f->w->mmu.fail_at, "unmap: %d", err);
	if (!err && !pick(f->s, 8)) {
		world_abort(f->w);
		return false;
	}
	return !err;
}

static void unmap_one(struct flat *f)
{
	struct run r = pick_run(f);
	u64 bytes = 0;
	int i;

	mmu_snapshot_free(f->before);
	f->before = mmu_snapshot(&f->w->mmu);
	if (!unmap_prepared(f, &r)) {
		expect_same(f);
		return;
	}
	f->w->mmu.left_bytes = 0;
	world_unmap_commit(f->w, r.va, r.size);
	for (i = r.first; i < r.first + r.nr; i++) {
		if (f->cell[i].mapped)
			bytes += f->cell[i].end - f->cell[i].start;
		f->cell[i].mapped = false;
	}
	EXPECT(f->w->mmu.left_bytes == bytes,
	       "%llx bytes given to gather_leaf instead of %llx",
	       f->w->mmu.left_bytes, bytes);
}

static void step_unmap(struct flat *f)
{
	int n = 1 + pick(f->s, 4) / 3 * (1 + pick(f->s, 3));

	while (n-- && !tap_failed())
		unmap_one(f);
	world_flush(f->w);
}

static void step_lookup(struct flat *f)
{
	struct run r = pick_run(f);
	u64 size, desc = world_lookup(f->w, r.va, &size);
	struct mmu_walk walk;
	bool found = mmu_walk(&f->w->mmu, r.va, &walk);

	EXPECT(desc == (found ? walk.desc : 0), "lookup of %llx gives %llx",
	       r.va, desc);
	EXPECT(size == walk.size, "lookup of %llx gives the size %llx", r.va,
	       size);
}

static void step_bad_input(struct flat *f)
{
	struct run r = pick_run(f);
	struct kpgt_map m = pick_map(f, &r);
	int err, want = -EINVAL;

	switch (pick(f->s, 5)) {
	case 0:
		m.va++;
		break;
	case 1:
		m.size = pick(f->s, 2) ? 0 : m.size + 8;
		break;
	case 2:
		m.pa |= 1ULL << f->w->mmu.pa_bits;
		break;
	case 3:
		m.size = -m.va + f->w->page;
		break;
	default:
		m.va = f->w->end - m.size + f->w->page;
		m.pa = 0;
		want = -ERANGE;
	}
	err = world_map_prepare(f->w, &m);
	EXPECT(err == want, "bad input gives %d instead of %d", err, want);
	expect_same(f);
}

static void step(struct flat *f)
{
	u64 choice = pick(f->s, 16);

	f->before = mmu_snapshot(&f->w->mmu);
	f->raced = false;
	if (choice < 7)
		step_map(f);
	else if (choice < 14)
		step_unmap(f);
	else if (choice == 14)
		step_lookup(f);
	else
		step_bad_input(f);
	f->w->mmu.fail_at = 0;
	f->w->racing = false;
	mmu_snapshot_free(f->before);
}

static void unmap_everything(struct flat *f)
{
	f->w->mmu.busy.nr = 0;
	f->w->mmu.other_cpu = NULL;
	f->w->mmu.nr_watch = 0;
	EXPECT(!world_unmap(f->w, f->w->start, f->w->end - f->w->start),
	       "the whole region could not be unmapped");
	world_expect_hole(f->w, f->w->start, f->w->end - f->w->start);
	world_expect_no_empty_table(f->w);
}

void flat_run(struct source *s, int steps)
{
	const struct geometry *g = &geometries[pick(s, nr_geometries)];
	struct flat f = { .s = s, .w = world_new(g, 1 + pick(s, 250)) };
	u64 how = pick(s, 4);
	int i;

	make_cells(&f);
	if (how & 1)
		make_neighbour(f.w, f.w->end);
	if (how & 2)
		make_neighbour(f.w, f.w->start - f.w->page);
	f.w->mmu.other_cpu_data = &f;
	if (!how)
		f.w->mmu.other_cpu = neighbour_moves_in;
	for (i = 0; i < steps && f.nr && !dry(s) && !tap_failed(); i++) {
		step(&f);
		check(&f);
	}
	if (f.nr && !tap_failed())
		unmap_everything(&f);
	world_free(f.w);
}
