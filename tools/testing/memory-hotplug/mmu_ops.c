// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model MMU: struct kpgt_ops, and the rules that every call is judged by.
 *
 * A rule that is broken ends in mmu_bad() with a sentence. The model then goes
 * on as well as it can: only the first sentence is reported.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmu.h"

#define BIT_OP(op)	(1U << MMU_OP_##op)

static const char * const op_name[MMU_NR_OPS] = {
	"table_alloc", "table_free", "table_pa", "table_va", "set", "order",
	"publish", "flush", "gather_table", "gather_leaf", "release",
	"may_break", "lock", "unlock", "block_alloc", "block_free",
};

static const char * const phase_name[MMU_NR_PHASES] = {
	"nothing", "prepare", "map_commit", "unmap_commit", "flush", "lookup",
	"abort", "map", "back", "pages_commit",
};

/* kpgtable.h, "Two steps": what each step may ask of the world. */
static const unsigned int phase_ops[MMU_NR_PHASES] = {
	[MMU_PREPARE] = BIT_OP(ALLOC) | BIT_OP(FREE) | BIT_OP(PA) | BIT_OP(VA) |
			BIT_OP(MAY_BREAK) | BIT_OP(LOCK) | BIT_OP(UNLOCK),
	[MMU_MAP]     = BIT_OP(FREE) | BIT_OP(PA) | BIT_OP(VA) | BIT_OP(SET) |
			BIT_OP(ORDER) | BIT_OP(PUBLISH) | BIT_OP(LOCK) |
			BIT_OP(UNLOCK),
	[MMU_UNMAP]   = BIT_OP(FREE) | BIT_OP(PA) | BIT_OP(VA) | BIT_OP(SET) |
			BIT_OP(ORDER) | BIT_OP(PUBLISH) | BIT_OP(FLUSH) |
			BIT_OP(GATHER_TABLE) | BIT_OP(GATHER_LEAF) |
			BIT_OP(LOCK) | BIT_OP(UNLOCK),
	[MMU_FLUSH]   = BIT_OP(FLUSH) | BIT_OP(RELEASE),
	[MMU_LOOKUP]  = BIT_OP(VA),
	[MMU_ABORT]   = BIT_OP(FREE),
	[MMU_WHOLE]   = BIT_OP(ALLOC) | BIT_OP(FREE) | BIT_OP(PA) | BIT_OP(VA) |
			BIT_OP(SET) | BIT_OP(ORDER) | BIT_OP(PUBLISH) |
			BIT_OP(LOCK) | BIT_OP(UNLOCK),
	[MMU_BACK]    = BIT_OP(ALLOC) | BIT_OP(FREE) | BIT_OP(PA) | BIT_OP(VA) |
			BIT_OP(SET) | BIT_OP(ORDER) | BIT_OP(PUBLISH) |
			BIT_OP(LOCK) | BIT_OP(UNLOCK) | BIT_OP(BLOCK_ALLOC) |
			BIT_OP(BLOCK_FREE),
	[MMU_PAGES]   = BIT_OP(FREE) | BIT_OP(PA) | BIT_OP(VA) | BIT_OP(SET) |
			BIT_OP(ORDER) | BIT_OP(PUBLISH) | BIT_OP(FLUSH),
};

static u64 span_of(const struct mmu *m, int level)
{
	return 1ULL << mmu_shift(m, level);
}

static struct mmu *mmu_of(struct kpgt *t)
{
	return ((struct mmu_region *)((char *)t -
				      offsetof(struct mmu_region, t)))->mmu;
}

/* Stores that did not come through ops->set, and stores to unlinked tables. */
static void check_bypass(struct mmu *m)
{
	size_t size = 1UL << m->geom.page_shift;
	int slot;

	for (slot = 0; slot < m->used; slot++) {
		enum mmu_state state = m->table[slot].state;

		if (state == MMU_FREE || state == MMU_NEW ||
		    !memcmp(mmu_words(m, slot), mmu_shadow(m, slot), size))
			continue;
		if (state == MMU_LIVE)
			mmu_bad(m, "a store to a live table bypassed ops->set");
		else
			mmu_bad(m, "an unlinked table was written to");
		memcpy(mmu_shadow(m, slot), mmu_words(m, slot), size);
	}
}

static void other_cpu(struct mmu *m, enum mmu_op op)
{
	if (!m->other_cpu || m->in_other_cpu || m->locked)
		return;
	m->in_other_cpu = true;
	m->other_cpu(m, op);
	m->in_other_cpu = false;
}

static struct mmu *enter(struct kpgt *t, enum mmu_op op)
{
	struct mmu *m = mmu_of(t);

	if (!(phase_ops[m->phase] & (1U << op)))
		mmu_bad(m, "ops->%s called during %s", op_name[op],
			phase_name[m->phase]);
	if (op == MMU_OP_ORDER || op == MMU_OP_PUBLISH ||
	    op == MMU_OP_FLUSH || op == MMU_OP_RELEASE || op == MMU_OP_LOCK)
		check_bypass(m);
	other_cpu(m, op);
	/* a thinner sample of the calls that come by the thousand */
	if (m->count[op] < 16 || m->count[op] % 64 == 0)
		mmu_speculate(m);
	m->count[op]++;
	return m;
}

/* Tables */

static u64 *op_table_alloc(struct kpgt *t, int level)
{
	struct mmu *m = enter(t, MMU_OP_ALLOC);

	if (m->locked)
		mmu_bad(m, "allocation under ops->lock");
	if (level <= m->top || level > KPGT_PAGE)
		mmu_bad(m, "table_alloc for level %d", level);
	if (m->fail_at && m->count[MMU_OP_ALLOC] == m->fail_at)
		return NULL;
	return mmu_words(m, mmu_take(m, level));
}

static void op_table_free(struct kpgt *t, u64 *table, int level)
{
	struct mmu *m = enter(t, MMU_OP_FREE);
	int slot = mmu_slot_of(m, table);

	if (slot < 0 || mmu_words(m, slot) != table)
		mmu_bad(m, "table_free of something that is no table");
	else if (m->table[slot].state == MMU_FREE)
		mmu_bad(m, "table_free of a table that is free");
	else if (m->table[slot].state != MMU_NEW)
		mmu_bad(m, "table_free of a table that a walker may have seen");
	else if (m->table[slot].level != level)
		mmu_bad(m, "table_free with level %d instead of %d", level,
			m->table[slot].level);
	else
		mmu_drop(m, slot);
}

static u64 op_table_pa(struct kpgt *t, const u64 *table)
{
	struct mmu *m = enter(t, MMU_OP_PA);
	int slot = mmu_slot_of(m, table);

	if (slot < 0 || mmu_words(m, slot) != table) {
		mmu_bad(m, "table_pa of something that is no table");
		return 0;
	}
	if (m->table[slot].state == MMU_FREE)
		mmu_bad(m, "table_pa of a table that is free");
	return mmu_slot_pa(m, slot);
}

static u64 *op_table_va(struct kpgt *t, u64 pa)
{
	struct mmu *m = enter(t, MMU_OP_VA);
	int slot = mmu_slot_at(m, pa);

	if (slot < 0) {
		fprintf(stderr, "table_va of %llx, where there is no table\n",
			pa);
		abort();
	}
	if (m->table[slot].state == MMU_FREE)
		mmu_bad(m, "table_va of a table that is free");
	return mmu_words(m, slot);
}

/* Blocks */

static struct mmu_block *block_of(struct mmu *m, const void *p)
{
	const struct mmu_block *b = p;

	if (b < m->block || b >= m->block + m->nr_blocks)
		return NULL;
	return m->block + (b - m->block);
}

static struct kpgt_block *op_block_alloc(struct kpgt *t, u64 va, u64 size)
{
	struct mmu *m = enter(t, MMU_OP_BLOCK_ALLOC);
	u64 page = 1ULL << m->geom.page_shift;
	struct mmu_block *block;

	if (m->locked)
		mmu_bad(m, "allocation under ops->lock");
	if (size < page || size & (size - 1) || va & (size - 1))
		mmu_bad(m, "block_alloc of %llx bytes for %llx", size, va);
	if (m->max_block && size > m->max_block)
		return NULL;
	if (size == page && ++m->failed_blocks == m->fail_block_at)
		return NULL;
	if (m->nr_blocks == MMU_BLOCKS) {
		fprintf(stderr, "more blocks than the model can keep\n");
		abort();
	}
	block = &m->block[m->nr_blocks++];
	memset(block, 0xa5, sizeof(*block));
	block->size = size;
	block->pa = (m->next_block + size - 1) & ~(size - 1);
	block->block.pa = block->pa;
	block->free = false;
	m->next_block = block->pa + size;
	return &block->block;
}

static void op_block_free(struct kpgt *t, struct kpgt_block *memory, u64 size)
{
	struct mmu *m = enter(t, MMU_OP_BLOCK_FREE);
	struct mmu_block *block = block_of(m, memory);

	if (!block || (void *)block != memory || block->free)
		mmu_bad(m, "block_free of something that is no block");
	else if (block->size != size)
		mmu_bad(m, "block_free with %llx bytes instead of %llx", size,
			block->size);
	else
		block->free = true;
}

/* Descriptors */

static u64 leaf_bits(const struct mmu *m)
{
	return mmu_addr_mask(m) | ((1ULL << 12) - 1) | ~((1ULL << 50) - 1);
}

static void check_leaf(struct mmu *m, u64 va, int level, u64 desc)
{
	if (level == KPGT_PAGE && !(desc & KPGT_TABLE))
		mmu_bad(m, "reserved descriptor type at level 3 for %llx", va);
	if (!mmu_leaf_ok(m, level))
		mmu_bad(m, "level %d allows no block, at %llx", level, va);
	if (mmu_decode(m, desc) & (span_of(m, level) - 1))
		mmu_bad(m, "output %llx is not aligned for level %d",
			mmu_decode(m, desc), level);
	if (desc & ~leaf_bits(m))
		mmu_bad(m, "reserved bits set in leaf %llx", desc);
	if ((desc & KPGT_CONT) && mmu_group_entries(m, level) == 1)
		mmu_bad(m, "level %d has no contiguous groups", level);
}

static bool is_table(u64 desc, int level)
{
	return level < KPGT_PAGE && (desc & KPGT_TYPE) == KPGT_TYPE;
}

/* All of a group has the Contiguous bit and fits together, or none has it. */
static void check_group(struct mmu *m, int slot, unsigned int first)
{
	int level = m->table[slot].level;
	unsigned int i, cont = 0, nr = mmu_group_entries(m, level);
	u64 *e = mmu_words(m, slot) + first;
	u64 out = mmu_decode(m, e[0]);

	for (i = 0; i < nr; i++)
		cont += (e[i] & KPGT_VALID) && (e[i] & KPGT_CONT) &&
			!is_table(e[i], level);
	if (!cont)
		return;
	if (cont != nr) {
		mmu_bad(m, "%u of %u entries of a group are contiguous", cont,
			nr);
		return;
	}
	if (out & (nr * span_of(m, level) - 1))
		mmu_bad(m, "output %llx of a group is not aligned", out);
	for (i = 1; i < nr; i++)
		if (mmu_decode(m, e[i]) != out + i * span_of(m, level) ||
		    mmu_attrs(m, e[i]) != mmu_attrs(m, e[0]))
			mmu_bad(m, "entries of a group do not fit together");
}

static void touch_group(struct mmu *m, int slot, unsigned int idx)
{
	unsigned int nr = mmu_group_entries(m, m->table[slot].level);
	struct mmu_group g = { slot, idx & ~(nr - 1) };
	struct mmu_group *last;

	if (nr == 1)
		return;
	if (m->nr_touched) {
		last = &m->touched[m->nr_touched - 1];
		if (last->slot == slot && last->first == g.first)
			return;
	}
	if (m->nr_touched == m->max_touched) {
		m->max_touched = 2 * m->max_touched + 64;
		m->touched = realloc(m->touched,
				     m->max_touched * sizeof(*m->touched));
		if (!m->touched)
			abort();
	}
	m->touched[m->nr_touched++] = g;
}

static void check_touched_groups(struct mmu *m)
{
	int i;

	for (i = 0; i < m->nr_touched; i++)
		if (m->table[m->touched[i].slot].state == MMU_LIVE)
			check_group(m, m->touched[i].slot, m->touched[i].first);
	m->nr_touched = 0;
}

/* The worst TLB */

static void stale_add(struct mmu *m, const struct mmu_stale *new)
{
	struct mmu_stale *last = m->stale + m->nr_stale - 1;

	if (m->nr_stale && !new->table && !last->table &&
	    last->end == new->start && last->level == new->level &&
	    last->cont == new->cont && last->deep == new->deep) {
		last->end = new->end;
		return;
	}
	if (m->nr_stale == MMU_STALE) {
		mmu_bad(m, "more unflushed ranges than the model can keep");
		return;
	}
	m->stale[m->nr_stale++] = *new;
}

/* A TLB may take the group's entry back from any sibling that is left. */
static bool group_still_live(struct mmu *m, const struct mmu_stale *s)
{
	u64 span = span_of(m, s->level), va;
	u64 group = span * mmu_group_entries(m, s->level);
	u64 desc;

	for (va = s->start & ~(group - 1); va - 1 < s->end - 1; va += span) {
		desc = mmu_entry(m, va, s->level, NULL, NULL);
		if ((desc & KPGT_VALID) && (desc & KPGT_CONT))
			return true;
	}
	for (; va & (group - 1); va += span) {
		desc = mmu_entry(m, va, s->level, NULL, NULL);
		if ((desc & KPGT_VALID) && (desc & KPGT_CONT))
			return true;
	}
	return false;
}

/* Takes [start, end) out of stale entry @i; false: the entry is gone. */
static void stale_cut(struct mmu *m, int i, u64 start, u64 end)
{
	struct mmu_stale *s = &m->stale[i], rest = *s;

	if (s->table || (start <= s->start && s->end <= end)) {
		*s = m->stale[--m->nr_stale];
	} else if (start <= s->start) {
		s->start = end;
	} else {
		s->end = start;
		rest.start = end;
		if (end < rest.end)
			stale_add(m, &rest);
	}
}

static void stale_flush(struct mmu *m, u64 start, u64 end, bool tables)
{
	int i;

	for (i = m->nr_stale - 1; i >= 0; i--) {
		struct mmu_stale *s = &m->stale[i];

		if (s->end - 1 < start || end - 1 < s->start)
			continue;
		if ((s->table || s->deep) && !tables)
			continue;
		if (s->cont && group_still_live(m, s))
			continue;
		stale_cut(m, i, start, end);
	}
}

static bool stale_hit(struct mmu *m, u64 start, u64 end)
{
	int i;

	for (i = 0; i < m->nr_stale; i++)
		if (m->stale[i].start <= end - 1 && start <= m->stale[i].end - 1)
			return true;
	return false;
}

/* Stores to live entries */

static bool only_maps(const struct mmu *m)
{
	return m->phase == MMU_MAP || m->phase == MMU_WHOLE ||
	       m->phase == MMU_BACK;
}

static void break_leaf(struct mmu *m, u64 va, int level, u64 desc, bool deep)
{
	u64 end = va + span_of(m, level);

	if (only_maps(m))
		mmu_bad(m, "mapping removed the translation of %llx", va);
	if (!mmu_ranges_cover(&m->asked, &m->granted, va, end))
		mmu_bad(m, "%llx-%llx was unmapped and may be in use", va,
			end - 1);
	stale_add(m, &(struct mmu_stale){
		.start = va, .end = end, .level = level,
		.cont = desc & KPGT_CONT, .deep = deep,
	});
}

static void unlink_table(struct mmu *m, u64 va, int slot)
{
	int level = m->table[slot].level;
	unsigned int i, nr = mmu_entries(m, level);
	u64 span = span_of(m, level);

	if (only_maps(m))
		mmu_bad(m, "mapping removed a table at %llx", va);
	m->table[slot].state = MMU_UNLINKED;
	stale_add(m, &(struct mmu_stale){
		.start = va, .end = va + span * nr, .level = level - 1,
		.table = true,
	});
	for (i = 0; i < nr; i++) {
		u64 desc = mmu_words(m, slot)[i];

		if (!(desc & KPGT_VALID))
			continue;
		if (is_table(desc, level))
			unlink_table(m, va + i * span,
				     mmu_slot_at(m, mmu_decode(m, desc)));
		else
			break_leaf(m, va + i * span, level, desc, true);
	}
}

static void link_table(struct mmu *m, u64 va, int slot);

/* Arm ARM D8.4: what a table descriptor forbids is forbidden in all that is below it. */
static void check_hierarchy(struct mmu *m, u64 va, int level, u64 desc)
{
	u64 span = 1ULL << mmu_shift(m, level), start = va & ~(span - 1);
	u64 bits = desc & ~(mmu_addr_mask(m) | KPGT_TYPE);

	if (bits & ~MMU_HIERARCHY)
		mmu_bad(m, "reserved bits set in table descriptor %llx", desc);
	/* the last address, as the end of the last span is 0 */
	if (bits && (start < m->start || start + (span - 1) > m->end - 1))
		mmu_bad(m, "permissions in a table descriptor that others share, at %llx",
			va);
}

static void link_entry(struct mmu *m, u64 va, int slot, unsigned int i)
{
	int child, level = m->table[slot].level;
	u64 desc = mmu_words(m, slot)[i];

	if (!(desc & KPGT_VALID)) {
		if (desc)
			mmu_bad(m, "garbage %llx in a new table at %llx", desc,
				va);
		return;
	}
	if (!is_table(desc, level)) {
		check_leaf(m, va, level, desc);
		touch_group(m, slot, i);
		return;
	}
	child = mmu_slot_at(m, mmu_decode(m, desc));
	check_hierarchy(m, va, level, desc);
	if (child < 0 || m->table[child].state != MMU_NEW)
		mmu_bad(m, "the table linked at %llx is not a new one", va);
	else if (m->table[child].level != level + 1)
		mmu_bad(m, "table for level %d linked at level %d",
			m->table[child].level, level);
	else
		link_table(m, va, child);
}

/* A new table goes live: all of it must have been ordered before. */
static void link_table(struct mmu *m, u64 va, int slot)
{
	int level = m->table[slot].level;
	unsigned int i, nr = mmu_entries(m, level);
	size_t size = 1UL << m->geom.page_shift;

	if (!m->table[slot].ordered ||
	    memcmp(mmu_words(m, slot), mmu_shadow(m, slot), size))
		mmu_bad(m, "table at %llx linked before its content is ordered",
			va);
	memcpy(mmu_shadow(m, slot), mmu_words(m, slot), size);
	m->table[slot].state = MMU_LIVE;
	m->table[slot].va = va;
	for (i = 0; i < nr; i++)
		link_entry(m, va + i * span_of(m, level), slot, i);
}

static void break_entry(struct mmu *m, u64 va, int slot, unsigned int idx,
			u64 old)
{
	int level = m->table[slot].level;

	if (is_table(old, level)) {
		unlink_table(m, va, mmu_slot_at(m, mmu_decode(m, old)));
		return;
	}
	break_leaf(m, va, level, old, false);
	touch_group(m, slot, idx);
}

static void make_entry(struct mmu *m, u64 va, int slot, unsigned int idx)
{
	int level = m->table[slot].level;

	if (stale_hit(m, va, va + span_of(m, level)))
		mmu_bad(m, "%llx written again before its TLB invalidation",
			va);
	m->unpublished = true;
	link_entry(m, va, slot, idx);
}

/* kpgtable.h, "Who may write what" */
static void check_owner(struct mmu *m, u64 va, int level, u64 old, u64 val)
{
	u64 last = va + (span_of(m, level) - 1);

	if (last < m->start || m->end - 1 < va) {
		mmu_bad(m, "entry at %llx is outside the region", va);
		return;
	}
	if (m->start <= va && last <= m->end - 1)
		return;
	if (old || !is_table(val, level))
		mmu_bad(m, "shared entry at %llx: %llx becomes %llx", va, old,
			val);
	if (!m->locked)
		mmu_bad(m, "shared entry at %llx written without the lock", va);
}

/* Not valid, and not zero either: only until the mapping is made again. */
static bool keeps_address(const struct mmu *m, u64 old, u64 val)
{
	return m->phase == MMU_PAGES && val == (old & ~KPGT_VALID);
}

static void store_live(struct mmu *m, int slot, unsigned int idx, u64 val)
{
	int level = m->table[slot].level;
	u64 va = m->table[slot].va + idx * span_of(m, level);
	u64 old = mmu_shadow(m, slot)[idx];

	if (mmu_words(m, slot)[idx] != old)
		mmu_bad(m, "a store to a live table bypassed ops->set");
	if (idx >= mmu_entries(m, level)) {
		mmu_bad(m, "index %u is beyond the root table", idx);
		return;
	}
	check_owner(m, va, level, old, val);
	mmu_words(m, slot)[idx] = val;
	mmu_shadow(m, slot)[idx] = val;
	if ((old & KPGT_VALID) && (val & KPGT_VALID))
		mmu_bad(m, "%llx: valid %llx replaced by valid %llx", va, old,
			val);
	else if (old & KPGT_VALID)
		break_entry(m, va, slot, idx, old);
	else if (val & KPGT_VALID)
		make_entry(m, va, slot, idx);
	if (val && !(val & KPGT_VALID) && !keeps_address(m, old, val))
		mmu_bad(m, "%llx: %llx is neither valid nor zero", va, val);
}

static void op_set(struct kpgt *t, u64 *entry, u64 val)
{
	struct mmu *m = enter(t, MMU_OP_SET);
	int slot = mmu_slot_of(m, entry);
	unsigned int idx;

	if (slot < 0 || m->table[slot].state == MMU_FREE) {
		mmu_bad(m, "set of an entry that is in no table");
		return;
	}
	idx = entry - mmu_words(m, slot);
	if (m->table[slot].state == MMU_LIVE)
		store_live(m, slot, idx, val);
	else if (m->table[slot].state == MMU_NEW)
		*entry = val;
	else
		mmu_bad(m, "an unlinked table was written to");
}

/* Barriers and invalidations */

/* The shadow of a new table is what walkers are sure to see of it. */
static void op_order(struct kpgt *t)
{
	struct mmu *m = enter(t, MMU_OP_ORDER);
	int slot;

	for (slot = 0; slot < m->used; slot++) {
		if (m->table[slot].state != MMU_NEW)
			continue;
		m->table[slot].ordered = true;
		memcpy(mmu_shadow(m, slot), mmu_words(m, slot),
		       1UL << m->geom.page_shift);
	}
}

static void op_publish(struct kpgt *t)
{
	struct mmu *m = enter(t, MMU_OP_PUBLISH);

	check_touched_groups(m);
	m->unpublished = false;
}

static void op_flush(struct kpgt *t, u64 start, u64 end, bool tables)
{
	struct mmu *m = enter(t, MMU_OP_FLUSH);
	u64 page = 1ULL << m->geom.page_shift;

	if (start >= end || (start | end) & (page - 1)) {
		mmu_bad(m, "flush of [%llx, %llx)", start, end);
		return;
	}
	if (m->locked)
		mmu_bad(m, "flush under ops->lock");
	if (tables)
		m->flushed_tables = true;
	m->flush_start = start;
	m->flush_end = end;
	stale_flush(m, start, end, tables);
	mmu_tlb_flush(m, start, end, tables);
}

/* Giving back */

static void op_gather_table(struct kpgt *t, u64 *table, int level)
{
	struct mmu *m = enter(t, MMU_OP_GATHER_TABLE);
	int slot = mmu_slot_of(m, table);

	if (slot < 0 || mmu_words(m, slot) != table)
		mmu_bad(m, "gather_table of something that is no table");
	else if (m->table[slot].state != MMU_UNLINKED)
		mmu_bad(m, "gather_table of a table that was not unlinked");
	else if (m->table[slot].level != level)
		mmu_bad(m, "gather_table with level %d instead of %d", level,
			m->table[slot].level);
	else
		m->table[slot].state = MMU_GATHERED;
}

static void op_gather_leaf(struct kpgt *t, u64 pa, u64 size)
{
	struct mmu *m = enter(t, MMU_OP_GATHER_LEAF);
	u64 page = 1ULL << m->geom.page_shift;

	if (!size || (pa | size) & (page - 1))
		mmu_bad(m, "gather_leaf of %llx, %llx bytes", pa, size);
	m->left_bytes += size;
	if (!mmu_ranges_add(&m->left, pa, pa + size))
		m->left.nr = 0;
}

static void op_release(struct kpgt *t)
{
	struct mmu *m = enter(t, MMU_OP_RELEASE);
	int slot;

	if (m->nr_stale)
		mmu_bad(m, "memory of %llx-%llx (%s) freed before its TLB invalidation",
			m->stale[0].start, m->stale[0].end - 1,
			m->stale[0].table ? "a table" : "a leaf");
	for (slot = 0; slot < m->used; slot++) {
		if (m->table[slot].state != MMU_GATHERED)
			continue;
		mmu_drop(m, slot);
		m->released_tables++;
	}
}

/* Asking */

static bool op_may_break(struct kpgt *t, u64 start, u64 end)
{
	struct mmu *m = enter(t, MMU_OP_MAY_BREAK);
	u64 page = 1ULL << m->geom.page_shift;

	if (start >= end || (start | end) & (page - 1))
		mmu_bad(m, "may_break of [%llx, %llx)", start, end);
	if (start < m->start || end - 1 > m->end - 1)
		mmu_bad(m, "may_break asked about somebody else's %llx-%llx",
			start, end - 1);
	if (mmu_ranges_hit(&m->asked, start, end))
		mmu_bad(m, "may_break asked about what will be unmapped");
	if (mmu_ranges_hit(&m->busy, start, end))
		return false;
	if (!mmu_ranges_add(&m->granted, start, end))
		mmu_bad(m, "more may_break ranges than the model can keep");
	return true;
}

static void op_lock(struct kpgt *t)
{
	struct mmu *m = enter(t, MMU_OP_LOCK);

	if (m->locked)
		mmu_bad(m, "ops->lock taken twice");
	m->locked = true;
}

static void op_unlock(struct kpgt *t)
{
	struct mmu *m = enter(t, MMU_OP_UNLOCK);

	if (!m->locked)
		mmu_bad(m, "ops->unlock without lock");
	m->locked = false;
}

const struct kpgt_ops mmu_ops = {
	.table_alloc	= op_table_alloc,
	.table_free	= op_table_free,
	.table_pa	= op_table_pa,
	.table_va	= op_table_va,
	.set		= op_set,
	.order		= op_order,
	.publish	= op_publish,
	.flush		= op_flush,
	.gather_table	= op_gather_table,
	.gather_leaf	= op_gather_leaf,
	.release	= op_release,
	.may_break	= op_may_break,
	.lock		= op_lock,
	.unlock		= op_unlock,
	.block_alloc	= op_block_alloc,
	.block_free	= op_block_free,
};

/* Before and after each function of kpgtable.h */

void mmu_begin(struct mmu_region *r, enum mmu_phase phase)
{
	struct mmu *m = r->mmu;

	m->phase = phase;
	m->start = r->t.start;
	m->end = r->t.end;
	memset(m->count, 0, sizeof(m->count));
	m->flushed_tables = false;
	m->released_tables = 0;
	m->failed_blocks = 0;
}

static void check_left_over(struct mmu *m)
{
	if (m->phase == MMU_PREPARE)
		return;
	if (mmu_count_state(m, MMU_NEW))
		mmu_bad(m, "%u tables are neither linked nor freed after %s",
			mmu_count_state(m, MMU_NEW), phase_name[m->phase]);
	if (mmu_count_state(m, MMU_UNLINKED))
		mmu_bad(m, "a table was unlinked and not gathered");
	if (m->phase != MMU_FLUSH)
		return;
	if (mmu_count_state(m, MMU_GATHERED) || m->nr_stale)
		mmu_bad(m, "something is left to flush or to free after flush");
	mmu_tlb_check(m);
}

void mmu_end(struct mmu *m)
{
	int i;

	if (m->locked)
		mmu_bad(m, "ops->lock is still held after %s",
			phase_name[m->phase]);
	m->locked = false;
	if (m->unpublished)
		mmu_bad(m, "%s returned before ops->publish",
			phase_name[m->phase]);
	m->unpublished = false;
	check_bypass(m);
	check_touched_groups(m);
	check_left_over(m);
	if (m->phase != MMU_PREPARE) {
		m->asked.nr = 0;
		m->granted.nr = 0;
	}
	m->phase = MMU_IDLE;
	for (i = 0; i < m->nr_watch; i++)
		mmu_check_watched(m, i);
}
