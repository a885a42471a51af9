// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model MMU: the table walker, the speculative TLB, and other owners' stores.
 *
 * The walker may start at any table entry that it has cached, even one that
 * was unlinked a moment ago: that is what makes freeing a table early visible.
 */
#include "mmu.h"

static u64 span_of(const struct mmu *m, int level)
{
	return 1ULL << mmu_shift(m, level);
}

static unsigned int index_of(const struct mmu *m, int level, u64 va)
{
	return (va >> mmu_shift(m, level)) & (mmu_entries(m, level) - 1);
}

static u64 read_entry(struct mmu *m, int slot, int level, u64 va)
{
	if (m->table[slot].state == MMU_FREE) {
		mmu_bad(m, "a walker read a table after it was freed");
		return 0;
	}
	return mmu_words(m, slot)[index_of(m, level, va)];
}

static void cache_walk(struct mmu *m, u64 va, int level, int slot)
{
	u64 span = span_of(m, level - 1);
	int i = m->nr_walk;

	if (i == MMU_WALKS)
		i = mmu_random(m) % MMU_WALKS;
	else
		m->nr_walk++;
	m->walk[i] = (struct mmu_cached_walk){
		va & ~(span - 1), (va & ~(span - 1)) + span, slot, level,
	};
}

/* Returns true and the leaf, or false and the hole. */
static bool walk_from(struct mmu *m, u64 va, int slot, int level, bool cache,
		      struct mmu_walk *w)
{
	for (;; level++) {
		w->desc = read_entry(m, slot, level, va);
		w->level = level;
		w->slot = slot;
		w->size = span_of(m, level);
		w->start = va & ~(w->size - 1);
		if (!(w->desc & KPGT_VALID))
			return false;
		if (level == KPGT_PAGE || !(w->desc & KPGT_TABLE))
			return true;
		slot = mmu_slot_at(m, mmu_decode(m, w->desc));
		if (slot < 0) {
			mmu_bad(m, "a table descriptor points at no table: %llx",
				w->desc);
			return false;
		}
		if (cache)
			cache_walk(m, va, level + 1, slot);
	}
}

bool mmu_walk(struct mmu *m, u64 va, struct mmu_walk *w)
{
	return walk_from(m, va, m->root, m->top, false, w);
}

bool mmu_walk_on(struct mmu *m, struct mmu_walk *w)
{
	u64 va = w->start + w->size;
	unsigned int idx = index_of(m, w->level, va);
	u64 desc = mmu_words(m, w->slot)[idx];

	if (!idx || (w->level < KPGT_PAGE && (desc & KPGT_TABLE)))
		return mmu_walk(m, va, w);
	w->desc = desc;
	w->start = va;
	return desc & KPGT_VALID;
}

/* The entry of @level for @va, 0 if its table is not there. */
u64 mmu_entry(struct mmu *m, u64 va, int level, int *slot, unsigned int *idx)
{
	int l, s = m->root;
	u64 desc;

	for (l = m->top; l < level; l++) {
		desc = read_entry(m, s, l, va);
		if ((desc & KPGT_TYPE) != KPGT_TYPE)
			return 0;
		s = mmu_slot_at(m, mmu_decode(m, desc));
		if (s < 0)
			return 0;
	}
	if (slot)
		*slot = s;
	if (idx)
		*idx = index_of(m, level, va);
	return read_entry(m, s, level, va);
}

/* The TLB of leaves */

static void tlb_insert(struct mmu *m, const struct mmu_tlb *new)
{
	int i;

	for (i = 0; i < m->nr_tlb; i++) {
		if (m->tlb[i].end <= new->start || new->end <= m->tlb[i].start)
			continue;
		if (m->tlb[i].delta != new->delta ||
		    m->tlb[i].attrs != new->attrs)
			mmu_bad(m, "TLB conflict at %llx: two translations",
				new->start);
	}
	i = m->nr_tlb;
	if (i == MMU_TLB)
		i = mmu_random(m) % MMU_TLB;
	else
		m->nr_tlb++;
	m->tlb[i] = *new;
}

/* A leaf may be cached whole, as its group, or as one page of it. */
static void tlb_cache_leaf(struct mmu *m, u64 va, const struct mmu_walk *w)
{
	u64 delta = mmu_decode(m, w->desc) - w->start;
	u64 start = w->start, size = w->size;
	unsigned int kind = mmu_random(m) % 3;

	if (kind == 0) {
		size = 1ULL << m->geom.page_shift;
		start = va & ~(size - 1);
	} else if (kind == 1 && (w->desc & KPGT_CONT)) {
		size *= mmu_group_entries(m, w->level);
		start = va & ~(size - 1);
	}
	tlb_insert(m, &(struct mmu_tlb){
		start, start + size, delta, mmu_attrs(m, w->desc),
	});
}

static void speculate_at(struct mmu *m, u64 va)
{
	int i, slot = m->root, level = m->top;
	struct mmu_walk w;

	for (i = 0; i < m->nr_walk; i++) {
		if (va < m->walk[i].start || m->walk[i].end <= va)
			continue;
		if (mmu_random(m) & 1) {
			slot = m->walk[i].slot;
			level = m->walk[i].level;
		}
	}
	if (walk_from(m, va, slot, level, true, &w))
		tlb_cache_leaf(m, va, &w);
}

static u64 random_address(struct mmu *m)
{
	const struct mmu_ranges *s = mmu_random(m) & 1 ? &m->asked : &m->granted;
	u64 page = 1ULL << m->geom.page_shift;
	const struct mmu_range *r;
	u64 va;

	if (!s->nr)
		return m->base + mmu_random(m) % (m->end - m->base);
	r = &s->r[mmu_random(m) % s->nr];
	switch (mmu_random(m) & 3) {
	case 0:
		va = r->start + (mmu_random(m) % 3 - 1) * page;
		break;
	case 1:
		va = r->end + (mmu_random(m) % 3 - 1) * page;
		break;
	default:
		va = r->start + mmu_random(m) % (r->end - r->start);
	}
	return va < m->base ? m->base : va;
}

/* Any CPU may walk any address at any moment and remember what it saw. */
void mmu_speculate(struct mmu *m)
{
	if (m->end > m->base)
		speculate_at(m, random_address(m));
	if (m->nr_watch) {
		int i = mmu_random(m) % m->nr_watch;

		speculate_at(m, m->watch[i].va);
		mmu_check_watched(m, i);
	}
}

void mmu_tlb_flush(struct mmu *m, u64 start, u64 end, bool tables)
{
	int i;

	for (i = m->nr_tlb - 1; i >= 0; i--)
		if (m->tlb[i].start < end && start < m->tlb[i].end)
			m->tlb[i] = m->tlb[--m->nr_tlb];
	for (i = m->nr_walk - 1; tables && i >= 0; i--)
		if (m->walk[i].start < end && start < m->walk[i].end)
			m->walk[i] = m->walk[--m->nr_walk];
}

static void check_tlb_page(struct mmu *m, const struct mmu_tlb *e, u64 va)
{
	struct mmu_walk w;

	if (!mmu_walk(m, va, &w))
		mmu_bad(m, "%llx is unmapped and flushed but still in the TLB",
			va);
	else if (mmu_decode(m, w.desc) - w.start != e->delta ||
		 mmu_attrs(m, w.desc) != e->attrs)
		mmu_bad(m, "the TLB translates %llx as it was before", va);
}

/* With nothing left to flush, the TLB agrees with the tree everywhere. */
void mmu_tlb_check(struct mmu *m)
{
	u64 page = 1ULL << m->geom.page_shift;
	int i;

	for (i = 0; i < m->nr_tlb; i++) {
		check_tlb_page(m, &m->tlb[i], m->tlb[i].start);
		check_tlb_page(m, &m->tlb[i], m->tlb[i].end - page);
	}
	for (i = 0; i < m->nr_walk; i++)
		if (m->table[m->walk[i].slot].state != MMU_LIVE)
			mmu_bad(m, "a cached table entry outlives its table");
}

/* Addresses in use */

void mmu_check_watched(struct mmu *m, int i)
{
	const struct mmu_watch *in_use = &m->watch[i];
	struct mmu_walk w;
	int k;

	if (mmu_ranges_hit(&m->granted, in_use->va, in_use->va + 1))
		return;
	if (!mmu_walk(m, in_use->va, &w))
		mmu_bad(m, "%llx is in use and does not translate", in_use->va);
	else if (mmu_decode(m, w.desc) + (in_use->va - w.start) != in_use->pa ||
		 mmu_attrs(m, w.desc) != in_use->attrs)
		mmu_bad(m, "%llx is in use and translates differently",
			in_use->va);
	for (k = 0; k < m->nr_tlb; k++)
		if (m->tlb[k].start <= in_use->va &&
		    in_use->va < m->tlb[k].end &&
		    in_use->va + m->tlb[k].delta != in_use->pa)
			mmu_bad(m, "the TLB gives %llx another page",
				in_use->va);
}

/* Other owners' stores */

static void raw_store(struct mmu *m, int slot, unsigned int idx, u64 val)
{
	mmu_words(m, slot)[idx] = val;
	mmu_shadow(m, slot)[idx] = val;
}

static int foreign_table(struct mmu *m, int level, u64 va)
{
	int slot = mmu_take(m, level);
	u64 page = 1ULL << m->geom.page_shift;
	u64 i;

	for (i = 0; i < page / 8; i++)
		raw_store(m, slot, i, 0);
	m->table[slot].state = MMU_LIVE;
	m->table[slot].foreign = true;
	m->table[slot].va = va & ~(span_of(m, level - 1) - 1);
	return slot;
}

/* Make all tables down to the one of @level which translates @va. */
int mmu_foreign_path(struct mmu *m, u64 va, int level)
{
	int l, child, slot = m->root;
	unsigned int idx;
	u64 desc;

	for (l = m->top; l < level; l++) {
		idx = index_of(m, l, va);
		desc = mmu_words(m, slot)[idx];
		if (desc & KPGT_VALID) {
			slot = mmu_slot_at(m, mmu_decode(m, desc));
			continue;
		}
		child = foreign_table(m, l + 1, va);
		desc = mmu_encode(m, mmu_slot_pa(m, child)) | KPGT_TYPE;
		raw_store(m, slot, idx, desc);
		slot = child;
	}
	return slot;
}

void mmu_foreign_set(struct mmu *m, u64 va, int level, u64 desc)
{
	int slot = mmu_foreign_path(m, va, level);

	raw_store(m, slot, index_of(m, level, va), desc);
}
