// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel page tables: the walker, and what is done with it.
 *
 * The header holds the contract. The order here is: arithmetic, the tables in
 * hand, building what nobody can see yet, the walker, mapping, unmapping.
 *
 * Pure: everything outside comes through struct kpgt_ops, and the host tests
 * compile this very file.
 */
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/string.h>

#include "kpgtable.h"

/* Arithmetic */

int kpgt_root_level(const struct kpgt_geom *g)
{
	unsigned int bits = g->page_shift - 3;
	unsigned int levels = (g->va_bits - g->page_shift + bits - 1) / bits;

	return KPGT_PAGE + 1 - (int)levels;
}

unsigned int kpgt_index(const struct kpgt_geom *g, int level, u64 va)
{
	u64 input = va & GENMASK_ULL(g->va_bits - 1, 0);

	return (input >> kpgt_shift(g, level)) & (kpgt_entries(g) - 1);
}

/* Arm ARM D8.3.2: the highest level with block descriptors grows by one with
 * 52-bit output addresses, for each granule.
 */
bool kpgt_leaf_allowed(const struct kpgt_geom *g, int level)
{
	int top = g->page_shift == 12 ? 1 : 2;

	if (g->oa != KPGT_OA_48)
		top--;
	return level >= top && level <= KPGT_PAGE;
}

/* Arm ARM D8.7.1: entries per contiguous group, for each granule and level. */
u64 kpgt_group_size(const struct kpgt_geom *g, int level)
{
	unsigned int log2 = 0;

	switch (g->page_shift) {
	case 12:
		log2 = level >= 1 ? 4 : 0;
		break;
	case 14:
		log2 = level == 3 ? 7 : level == 2 ? 5 : 0;
		break;
	case 16:
		log2 = level >= 2 ? 5 : 0;
		break;
	}
	return kpgt_span(g, level) << log2;
}

static u64 kpgt_page_mask(const struct kpgt_geom *g)
{
	return (1ULL << g->page_shift) - 1;
}

static u64 kpgt_pa_limit(const struct kpgt_geom *g)
{
	return 1ULL << (g->oa == KPGT_OA_48 ? 48 : 52);
}

u64 kpgt_encode_pa(const struct kpgt_geom *g, u64 pa)
{
	u64 low = pa & GENMASK_ULL(47, 0);

	switch (g->oa) {
	case KPGT_OA_64K:
		return low | (pa >> 48 & 0xf) << 12;
	case KPGT_OA_LPA2:
		return (pa & GENMASK_ULL(49, 0)) | (pa >> 50 & 0x3) << 8;
	default:
		return low;
	}
}

u64 kpgt_decode_pa(const struct kpgt_geom *g, u64 desc)
{
	u64 top = g->oa == KPGT_OA_LPA2 ? 49 : 47;
	u64 pa = desc & GENMASK_ULL(top, g->page_shift);

	if (g->oa == KPGT_OA_64K)
		pa |= (desc >> 12 & 0xf) << 48;
	else if (g->oa == KPGT_OA_LPA2)
		pa |= (desc >> 8 & 0x3) << 50;
	return pa;
}

static u64 kpgt_address_bits(const struct kpgt_geom *g)
{
	return kpgt_encode_pa(g, (kpgt_pa_limit(g) - 1) & ~kpgt_page_mask(g));
}

/* attributes of a leaf, whatever its level and address */
static u64 kpgt_attrs(const struct kpgt_geom *g, u64 desc)
{
	return desc & ~(kpgt_address_bits(g) | KPGT_TYPE | KPGT_CONT);
}

static u64 kpgt_leaf(const struct kpgt_geom *g, int level, u64 pa, u64 attrs)
{
	u64 type = level == KPGT_PAGE ? KPGT_TYPE : KPGT_VALID;

	return kpgt_encode_pa(g, pa) | attrs | type;
}

/* is [va, va + size) inside [start, end), where end may be 2^64 shown as 0? */
static bool kpgt_inside(u64 va, u64 size, u64 start, u64 end)
{
	return va >= start && va + size - 1 >= va && va + size - 1 <= end - 1;
}

static u64 kpgt_span_start(const struct kpgt *t, int level, u64 va)
{
	return ALIGN_DOWN(va, kpgt_span(&t->geom, level));
}

/* Does the entry that translates @va belong to the region's owner alone? */
static bool kpgt_owned(const struct kpgt *t, int level, u64 va)
{
	return kpgt_inside(kpgt_span_start(t, level, va),
			   kpgt_span(&t->geom, level), t->start, t->end);
}

void kpgt_init(struct kpgt *t, const struct kpgt_geom *geom,
	       const struct kpgt_ops *ops, u64 *root, u64 start, u64 end)
{
	memset(t, 0, sizeof(*t));
	t->geom = *geom;
	t->ops = ops;
	t->root = root;
	t->start = start;
	t->end = end;
}

static int kpgt_check_range(const struct kpgt *t, u64 va, u64 size)
{
	if (!size || ((va | size) & kpgt_page_mask(&t->geom)))
		return -EINVAL;
	if (va + size < va)
		return -EINVAL;
	if (!kpgt_inside(va, size, t->start, t->end))
		return -ERANGE;
	return 0;
}

/* The tables in hand */

static void kpgt_pool_put(struct kpgt *t, u64 *table, int level)
{
	*(u64 **)table = t->pool[level - KPGT_TOP];
	t->pool[level - KPGT_TOP] = table;
}

static u64 *kpgt_pool_get(struct kpgt *t, int level)
{
	u64 *table = t->pool[level - KPGT_TOP];

	t->pool[level - KPGT_TOP] = *(u64 **)table;
	return table;
}

void kpgt_abort(struct kpgt *t)
{
	int level;

	for (level = KPGT_TOP; level <= KPGT_PAGE; level++)
		while (t->pool[level - KPGT_TOP])
			t->ops->table_free(t, kpgt_pool_get(t, level), level);
	memset(t->need, 0, sizeof(t->need));
}

/* take as many tables as were counted, or none */
static int kpgt_pool_fill(struct kpgt *t)
{
	int level;

	for (level = KPGT_TOP; level <= KPGT_PAGE; level++) {
		unsigned int *need = &t->need[level - KPGT_TOP];

		for (; *need; --*need) {
			u64 *table = t->ops->table_alloc(t, level);

			if (!table) {
				kpgt_abort(t);
				return -ENOMEM;
			}
			kpgt_pool_put(t, table, level);
		}
	}
	return 0;
}

/* Building what nobody can see yet */

/*
 * Decide: may one leaf of @level translate [va, end), which lies in one span?
 * Everything else about the shape of a mapping follows from this.
 */
static bool kpgt_fits_leaf(const struct kpgt *t, const struct kpgt_map *m,
			   int level, u64 va, u64 end)
{
	u64 size = kpgt_span(&t->geom, level);
	u64 pa = m->pa + (va - m->va);

	if (level == KPGT_PAGE)
		return true;
	return kpgt_leaf_allowed(&t->geom, level) && size <= m->max_leaf &&
	       end - va == size && IS_ALIGNED(pa, size);
}

/* Decide: may the leaves of [va, end) at @level form groups? */
static bool kpgt_fits_group(const struct kpgt *t, const struct kpgt_map *m,
			    int level)
{
	u64 size = kpgt_group_size(&t->geom, level);

	return size > kpgt_span(&t->geom, level) && size <= m->max_leaf &&
	       IS_ALIGNED(m->pa - m->va, size);
}

/* Is the leaf at @va part of a group that the mapping covers wholly? */
static bool kpgt_in_group(const struct kpgt *t, const struct kpgt_map *m,
			  int level, u64 va)
{
	u64 size = kpgt_group_size(&t->geom, level);

	return kpgt_fits_group(t, m, level) &&
	       kpgt_inside(ALIGN_DOWN(va, size), size, m->va, m->va + m->size);
}

static u64 kpgt_map_leaf(const struct kpgt *t, const struct kpgt_map *m,
			 int level, u64 va)
{
	u64 leaf = kpgt_leaf(&t->geom, level, m->pa + (va - m->va),
			     kpgt_attrs(&t->geom, m->attrs));

	return kpgt_in_group(t, m, level, va) ? leaf | KPGT_CONT : leaf;
}

/*
 * The one hot loop: a GiB of pages passes here. @step is added in the encoded
 * form, so a run must not cross the bits where the encoding folds. The eight
 * stores let the compiler pair them, and keep the steps in registers.
 */
static void kpgt_fill(u64 *entry, unsigned int nr, u64 val, u64 step)
{
	for (; nr >= 8; nr -= 8, entry += 8, val += 8 * step) {
		entry[0] = val;
		entry[1] = val + step;
		entry[2] = val + 2 * step;
		entry[3] = val + 3 * step;
		entry[4] = val + 4 * step;
		entry[5] = val + 5 * step;
		entry[6] = val + 6 * step;
		entry[7] = val + 7 * step;
	}
	for (; nr; nr--, val += step)
		*entry++ = val;
}

static void kpgt_zero(const struct kpgt *t, u64 *table, unsigned int from,
		      unsigned int to)
{
	if (to == kpgt_entries(&t->geom) && !from)
		memset(table, 0, 1UL << t->geom.page_shift);
	else
		kpgt_fill(table + from, to - from, 0, 0);
}

/* the end of @va's span, or @end */
static u64 kpgt_next(const struct kpgt *t, int level, u64 va, u64 end)
{
	u64 last = va | (kpgt_span(&t->geom, level) - 1);

	return last < end - 1 ? last + 1 : end;
}

/* Where, up to @end, does adding a step stop to give the next descriptor? */
static u64 kpgt_fold_end(const struct kpgt *t, const struct kpgt_map *m,
			 u64 va, u64 end)
{
	u64 fold = 1ULL << (t->geom.oa == KPGT_OA_LPA2 ? 50 : 48);
	u64 pa = m->pa + (va - m->va);
	u64 left = fold - (pa & (fold - 1));

	return left < end - va ? va + left : end;
}

/* Where does the run of leaves that starts at @va and looks like it end? */
static u64 kpgt_run_end(const struct kpgt *t, const struct kpgt_map *m,
			int level, u64 va, u64 end)
{
	u64 size = kpgt_group_size(&t->geom, level);

	end = kpgt_fold_end(t, m, va, end);
	if (!kpgt_fits_group(t, m, level))
		return end;
	if (kpgt_in_group(t, m, level, va))
		return min(end, ALIGN_DOWN(m->va + m->size, size));
	return va < ALIGN(m->va, size) ? min(end, ALIGN(m->va, size)) : end;
}

static u64 kpgt_table_desc(struct kpgt *t, const u64 *table)
{
	return kpgt_encode_pa(&t->geom, t->ops->table_pa(t, table)) | KPGT_TYPE;
}

/* leaves for all of [va, end), into a table that is not linked */
static void kpgt_build_leaves(struct kpgt *t, const struct kpgt_map *m,
			      u64 *table, int level, u64 va, u64 end)
{
	u64 step = kpgt_span(&t->geom, level);
	u64 to;

	for (; va < end; va = to) {
		to = kpgt_run_end(t, m, level, va, end);
		kpgt_fill(table + kpgt_index(&t->geom, level, va),
			  (to - va) >> kpgt_shift(&t->geom, level),
			  kpgt_map_leaf(t, m, level, va), step);
	}
}

/*
 * A table of @level with all of [va, end) in it, made from the pool; returns
 * the descriptor that links it. Where one leaf fits, all up to the last whole
 * span do: alignment of the output is the same for each.
 */
static u64 kpgt_build(struct kpgt *t, const struct kpgt_map *m, int level,
		      u64 va, u64 end)
{
	u64 *table = kpgt_pool_get(t, level);
	unsigned int first = kpgt_index(&t->geom, level, va);
	unsigned int last = kpgt_index(&t->geom, level, end - 1);
	u64 next;

	kpgt_zero(t, table, 0, first);
	kpgt_zero(t, table, last + 1, kpgt_entries(&t->geom));
	for (; va < end; va = next) {
		next = kpgt_next(t, level, va, end);
		if (kpgt_fits_leaf(t, m, level, va, next)) {
			next = ALIGN_DOWN(end, kpgt_span(&t->geom, level));
			kpgt_build_leaves(t, m, table, level, va, next);
		} else {
			table[kpgt_index(&t->geom, level, va)] =
				kpgt_build(t, m, level + 1, va, next);
		}
	}
	return kpgt_table_desc(t, table) | t->table_attrs;
}

/* how many tables kpgt_build() of the same arguments will take */
static void kpgt_count(struct kpgt *t, const struct kpgt_map *m, int level,
		       u64 va, u64 end)
{
	u64 next;

	t->need[level - KPGT_TOP]++;
	if (level == KPGT_PAGE)
		return;
	for (; va < end; va = next) {
		next = kpgt_next(t, level, va, end);
		if (kpgt_fits_leaf(t, m, level, va, next))
			next = ALIGN_DOWN(end, kpgt_span(&t->geom, level));
		else
			kpgt_count(t, m, level + 1, va, next);
	}
}

/* The walker */

#define KPGT_V_LEAF		BIT(0)	/* not zero and no table */
#define KPGT_V_ABSENT		BIT(1)
#define KPGT_V_TABLE_PRE	BIT(2)
#define KPGT_V_TABLE_POST	BIT(3)

/* what a visitor may answer, besides an errno */
#define KPGT_GO_ON	0	/* below the entry if it was a table, then next */
#define KPGT_SKIP	1	/* the next entry */
#define KPGT_AGAIN	2	/* the entry has changed: look at it again */

/**
 * struct kpgt_visit - what a visitor is told
 * @t:     the region
 * @entry: the entry, in a table that walkers can see
 * @old:   its value
 * @level: its level
 * @start: first address of the range below the entry
 * @end:   one past the last
 * @flag:  why it is called, one of KPGT_V_*
 * @arg:   the caller's own
 */
struct kpgt_visit {
	struct kpgt *t;
	u64 *entry;
	u64 old;
	int level;
	u64 start, end;
	unsigned int flag;
	const void *arg;
};

typedef int (*kpgt_visitor)(const struct kpgt_visit *v);

struct kpgt_walker {
	struct kpgt *t;
	kpgt_visitor fn;
	const void *arg;
	unsigned int flags;	/* KPGT_V_* for which @fn is called */
};

static int kpgt_walk_table(const struct kpgt_walker *w, u64 *table, int level,
			   u64 va, u64 end);

static int kpgt_call(const struct kpgt_walker *w, u64 *entry, u64 old,
		     int level, u64 va, u64 end, unsigned int flag)
{
	const struct kpgt_visit v = {
		.t = w->t, .entry = entry, .old = old, .level = level,
		.start = va, .end = end, .flag = flag, .arg = w->arg,
	};

	return w->fn(&v);
}

static u64 *kpgt_child(struct kpgt *t, u64 desc)
{
	return t->ops->table_va(t, kpgt_decode_pa(&t->geom, desc));
}

static int kpgt_walk_entry(const struct kpgt_walker *w, u64 *entry, int level,
			   u64 va, u64 end)
{
	unsigned int flag;
	u64 old;
	int ret;

	do {
		old = READ_ONCE(*entry);
		flag = KPGT_V_TABLE_PRE;
		if (!kpgt_is_table(old, level))
			flag = old ? KPGT_V_LEAF : KPGT_V_ABSENT;
		ret = KPGT_GO_ON;
		if (w->flags & flag)
			ret = kpgt_call(w, entry, old, level, va, end, flag);
	} while (ret == KPGT_AGAIN);

	if (ret || flag != KPGT_V_TABLE_PRE)
		return ret < 0 ? ret : 0;
	ret = kpgt_walk_table(w, kpgt_child(w->t, old), level + 1, va, end);
	if (ret || !(w->flags & KPGT_V_TABLE_POST))
		return ret;
	return kpgt_call(w, entry, old, level, va, end, KPGT_V_TABLE_POST);
}

static int kpgt_walk_table(const struct kpgt_walker *w, u64 *table, int level,
			   u64 va, u64 end)
{
	u64 *entry = table + kpgt_index(&w->t->geom, level, va);
	u64 next;
	int ret;

	for (; va < end; va = next, entry++) {
		next = kpgt_next(w->t, level, va, end);
		ret = kpgt_walk_entry(w, entry, level, va, next);
		if (ret)
			return ret;
	}
	return 0;
}

static int kpgt_walk(struct kpgt *t, u64 va, u64 size, kpgt_visitor fn,
		     const void *arg, unsigned int flags)
{
	const struct kpgt_walker w = {
		.t = t, .fn = fn, .arg = arg, .flags = flags,
	};

	return kpgt_walk_table(&w, t->root, kpgt_root_level(&t->geom), va,
			       va + size);
}

u64 kpgt_lookup(struct kpgt *t, u64 va, u64 *size)
{
	int level = kpgt_root_level(&t->geom);
	u64 *table = t->root;
	u64 old;

	for (;; level++) {
		old = READ_ONCE(table[kpgt_index(&t->geom, level, va)]);
		if (!kpgt_is_table(old, level))
			break;
		table = kpgt_child(t, old);
	}
	if (size)
		*size = kpgt_span(&t->geom, level);
	return old & KPGT_VALID ? old : 0;
}

/* Mapping */

static int kpgt_visit_count(const struct kpgt_visit *v)
{
	if (v->flag == KPGT_V_LEAF)
		return -EEXIST;
	if (!kpgt_fits_leaf(v->t, v->arg, v->level, v->start, v->end))
		kpgt_count(v->t, v->arg, v->level + 1, v->start, v->end);
	return KPGT_GO_ON;
}

/*
 * An entry gets an empty table. If it is shared and somebody else was first,
 * theirs is as good and ours stays in the pool. The check under the lock pairs
 * with the one that the other writers make under the same lock.
 */
static int kpgt_link_empty(const struct kpgt_visit *v)
{
	struct kpgt *t = v->t;
	u64 *table = kpgt_pool_get(t, v->level + 1);

	kpgt_zero(t, table, 0, kpgt_entries(&t->geom));
	t->ops->order(t);
	t->ops->lock(t);
	if (READ_ONCE(*v->entry)) {
		t->ops->unlock(t);
		kpgt_pool_put(t, table, v->level + 1);
		return KPGT_AGAIN;
	}
	t->ops->set(t, v->entry, kpgt_table_desc(t, table));
	t->ops->unlock(t);
	return KPGT_AGAIN;
}

/*
 * Is a table in the way of the group at @v? It may be: an empty one that a
 * neighbour has left, which the walk will fill.
 */
static bool kpgt_group_blocked(const struct kpgt_visit *v)
{
	unsigned int shift = kpgt_shift(&v->t->geom, v->level);
	u64 size = kpgt_group_size(&v->t->geom, v->level);
	const u64 *entry = v->entry - ((v->start & (size - 1)) >> shift);
	const u64 *end = entry + (size >> shift);

	for (; entry < end; entry++)
		if (kpgt_is_table(READ_ONCE(*entry), v->level))
			return true;
	return false;
}

static void kpgt_map_live_leaf(const struct kpgt_visit *v)
{
	u64 val = kpgt_map_leaf(v->t, v->arg, v->level, v->start);

	if ((val & KPGT_CONT) && kpgt_group_blocked(v))
		val &= ~KPGT_CONT;
	v->t->ops->set(v->t, v->entry, val);
}

static int kpgt_visit_map(const struct kpgt_visit *v)
{
	const struct kpgt_map *m = v->arg;
	struct kpgt *t = v->t;
	u64 val;

	if (kpgt_fits_leaf(t, m, v->level, v->start, v->end)) {
		kpgt_map_live_leaf(v);
		return KPGT_GO_ON;
	}
	if (!kpgt_owned(t, v->level, v->start))
		return kpgt_link_empty(v);
	val = kpgt_build(t, m, v->level + 1, v->start, v->end);
	t->ops->order(t);
	t->ops->set(t, v->entry, val);
	return KPGT_GO_ON;
}

int kpgt_map_prepare(struct kpgt *t, const struct kpgt_map *m)
{
	u64 limit = kpgt_pa_limit(&t->geom);
	int ret = kpgt_check_range(t, m->va, m->size);

	if (ret)
		return ret;
	if ((m->pa & kpgt_page_mask(&t->geom)) || m->pa >= limit ||
	    m->size > limit - m->pa)
		return -EINVAL;
	ret = kpgt_walk(t, m->va, m->size, kpgt_visit_count, m,
			KPGT_V_LEAF | KPGT_V_ABSENT);
	if (ret) {
		kpgt_abort(t);
		return ret;
	}
	return kpgt_pool_fill(t);
}

void kpgt_map_commit(struct kpgt *t, const struct kpgt_map *m)
{
	kpgt_walk(t, m->va, m->size, kpgt_visit_map, m, KPGT_V_ABSENT);
	t->ops->publish(t);
	kpgt_abort(t);
}

int kpgt_map(struct kpgt *t, const struct kpgt_map *m)
{
	int ret = kpgt_map_prepare(t, m);

	if (!ret)
		kpgt_map_commit(t, m);
	return ret;
}

/* Backing */

static void kpgt_drop_blocks(struct kpgt *t)
{
	while (t->blocks) {
		struct kpgt_block *block = t->blocks;

		t->blocks = block->next;
		t->ops->block_free(t, block, kpgt_span(&t->geom, block->level));
	}
}

/* Get the memory for a leaf of @level that translates [va, end), if it can be. */
static bool kpgt_take_block(struct kpgt *t, const struct kpgt_map *m, int level,
			    u64 va, u64 end)
{
	u64 size = kpgt_span(&t->geom, level);
	struct kpgt_block *block;

	if (!kpgt_leaf_allowed(&t->geom, level) || size > m->max_leaf ||
	    end - va != size)
		return false;
	block = t->ops->block_alloc(t, va, size);
	if (!block)
		return false;
	block->next = NULL;
	block->level = level;
	*t->last_block = block;
	t->last_block = &block->next;
	return true;
}

/* The largest blocks there are for [va, end), which lies in one span of @level. */
static int kpgt_take_blocks(struct kpgt *t, const struct kpgt_map *m, int level,
			    u64 va, u64 end)
{
	u64 next;
	int ret = 0;

	if (kpgt_take_block(t, m, level, va, end))
		return 0;
	if (level == KPGT_PAGE)
		return -ENOMEM;
	t->need[level + 1 - KPGT_TOP]++;
	for (; va < end && !ret; va = next) {
		next = kpgt_next(t, level + 1, va, end);
		ret = kpgt_take_blocks(t, m, level + 1, va, next);
	}
	return ret;
}

static int kpgt_visit_take(const struct kpgt_visit *v)
{
	return kpgt_take_blocks(v->t, v->arg, v->level, v->start, v->end);
}

/*
 * The first block is for the first hole. Where it is for a leaf of a lower
 * level, a table comes first, and the walk goes on below it.
 */
static int kpgt_visit_back(const struct kpgt_visit *v)
{
	const struct kpgt_map *m = v->arg;
	struct kpgt *t = v->t;
	struct kpgt_block *block = t->blocks;

	if (block->level != v->level)
		return kpgt_link_empty(v);
	t->blocks = block->next;
	t->ops->set(t, v->entry, kpgt_leaf(&t->geom, v->level, block->pa,
					   kpgt_attrs(&t->geom, m->attrs)));
	return KPGT_GO_ON;
}

int kpgt_back(struct kpgt *t, const struct kpgt_map *m)
{
	int ret = kpgt_check_range(t, m->va, m->size);

	if (ret)
		return ret;
	t->last_block = &t->blocks;
	ret = kpgt_walk(t, m->va, m->size, kpgt_visit_take, m, KPGT_V_ABSENT);
	if (!ret)
		ret = kpgt_pool_fill(t);
	if (!ret && t->blocks) {
		kpgt_walk(t, m->va, m->size, kpgt_visit_back, m, KPGT_V_ABSENT);
		t->ops->publish(t);
	}
	kpgt_drop_blocks(t);
	kpgt_abort(t);
	return ret;
}

/* Unmapping */

/* the range that is being unmapped */
struct kpgt_range {
	u64 va, size;
};

/* the leaf at @v, or the whole group it is in */
static struct kpgt_range kpgt_unit(const struct kpgt_visit *v)
{
	u64 size = kpgt_span(&v->t->geom, v->level);

	if ((v->old & KPGT_VALID) && (v->old & KPGT_CONT))
		size = kpgt_group_size(&v->t->geom, v->level);
	return (struct kpgt_range){ ALIGN_DOWN(v->start, size), size };
}

static bool kpgt_covers(const struct kpgt_range *r, const struct kpgt_range *part)
{
	return kpgt_inside(part->va, part->size, r->va, r->va + r->size);
}

/* may the parts of @unit outside of @r be unmapped for a moment? */
static bool kpgt_rest_may_break(struct kpgt *t, const struct kpgt_range *unit,
				const struct kpgt_range *r)
{
	u64 unit_end = unit->va + unit->size;
	u64 end = r->va + r->size;

	if (unit->va < r->va && !t->ops->may_break(t, unit->va, r->va))
		return false;
	return unit_end <= end || t->ops->may_break(t, end, unit_end);
}

/* how many tables it takes to cut [va, end) out of one leaf of @level */
static void kpgt_count_cut(struct kpgt *t, int level, u64 va, u64 end)
{
	u64 below = kpgt_span(&t->geom, level + 1);
	u64 first, last;

	if (IS_ALIGNED(va | end, kpgt_span(&t->geom, level)))
		return;
	t->need[level + 1 - KPGT_TOP]++;
	first = ALIGN_DOWN(va, below);
	last = ALIGN_DOWN(end - 1, below);
	if (first == last) {
		kpgt_count_cut(t, level + 1, va, end);
		return;
	}
	kpgt_count_cut(t, level + 1, va, first + below);
	kpgt_count_cut(t, level + 1, last, end);
}

/* a page at the edge of the range: is it in a unit that the range cuts? */
static int kpgt_visit_edge(const struct kpgt_visit *v)
{
	const struct kpgt_range *r = v->arg;
	u64 span = kpgt_span(&v->t->geom, v->level);
	u64 leaf = ALIGN_DOWN(v->start, span);
	struct kpgt_range unit;

	if (!(v->old & KPGT_VALID))
		return KPGT_GO_ON;
	unit = kpgt_unit(v);
	if (kpgt_covers(r, &unit))
		return KPGT_GO_ON;
	if (!kpgt_inside(unit.va, unit.size, v->t->start, v->t->end))
		return -EBUSY;
	if (!kpgt_rest_may_break(v->t, &unit, r))
		return -EBUSY;
	/* a leaf with both edges in it is counted at the first one */
	if (v->start == r->va || leaf > r->va)
		kpgt_count_cut(v->t, v->level, max(r->va, leaf),
			       min(r->va + r->size, leaf + span));
	return KPGT_GO_ON;
}

/* Only a leaf or group with an edge of the range in it can be cut. */
static int kpgt_check_edges(struct kpgt *t, const struct kpgt_range *r)
{
	u64 page = 1ULL << t->geom.page_shift;
	int ret = kpgt_walk(t, r->va, page, kpgt_visit_edge, r, KPGT_V_LEAF);

	if (ret || r->size == page)
		return ret;
	return kpgt_walk(t, r->va + r->size - page, page, kpgt_visit_edge, r,
			 KPGT_V_LEAF);
}

static void kpgt_gone(struct kpgt *t, u64 start, u64 end, bool tables)
{
	if (t->gone.start >= t->gone.end) {
		t->gone.start = start;
		t->gone.end = end;
	}
	t->gone.start = min(t->gone.start, start);
	t->gone.end = max(t->gone.end, end);
	t->gone.tables |= tables;
}

static void kpgt_gather_leaf(struct kpgt *t, u64 desc, u64 offset, u64 size)
{
	if (t->ops->gather_leaf && (desc & KPGT_VALID))
		t->ops->gather_leaf(t, kpgt_decode_pa(&t->geom, desc) + offset,
				    size);
}

/*
 * A table that was just unlinked, and all below it. Pages of a level 3 table
 * are looked at only if somebody wants the memory behind them.
 */
static void kpgt_gather(struct kpgt *t, u64 *table, int level)
{
	unsigned int i, nr = kpgt_entries(&t->geom);
	bool leaves = t->ops->gather_leaf;

	if (level == KPGT_PAGE && !leaves)
		nr = 0;
	for (i = 0; i < nr; i++) {
		u64 desc = table[i];

		if (kpgt_is_table(desc, level))
			kpgt_gather(t, kpgt_child(t, desc), level + 1);
		else if (leaves)
			kpgt_gather_leaf(t, desc, 0, kpgt_span(&t->geom, level));
	}
	t->ops->gather_table(t, table, level);
}

static void kpgt_unlink(const struct kpgt_visit *v)
{
	v->t->ops->set(v->t, v->entry, 0);
	kpgt_gather(v->t, kpgt_child(v->t, v->old), v->level + 1);
	kpgt_gone(v->t, v->start, v->end, true);
}

static bool kpgt_is_empty(const struct kpgt *t, const u64 *table)
{
	unsigned int i;

	for (i = 0; i < kpgt_entries(&t->geom); i++)
		if (table[i])
			return false;
	return true;
}

/* map again what stays of a unit that was broken */
static void kpgt_restore(const struct kpgt_visit *v,
			 const struct kpgt_range *unit, u64 pa, u64 va, u64 end)
{
	const struct kpgt_map m = {
		.va = va, .size = end - va, .pa = pa + (va - unit->va),
		.attrs = v->old, .max_leaf = kpgt_span(&v->t->geom, v->level),
	};

	if (va < end)
		kpgt_walk(v->t, m.va, m.size, kpgt_visit_map, &m,
			  KPGT_V_ABSENT);
}

/*
 * Break before make, for a leaf or group of which only a part goes: all of its
 * entries become absent, the TLBs forget them, and the rest is mapped again.
 */
static void kpgt_cut(const struct kpgt_visit *v, const struct kpgt_range *unit)
{
	const struct kpgt_range *r = v->arg;
	u64 end = unit->va + unit->size;
	u64 from = max(r->va, unit->va), to = min(r->va + r->size, end);
	u64 span = kpgt_span(&v->t->geom, v->level);
	u64 pa = kpgt_decode_pa(&v->t->geom, v->old) -
		 (ALIGN_DOWN(v->start, span) - unit->va);
	u64 *entry = v->entry - ((ALIGN_DOWN(v->start, span) - unit->va) >>
				 kpgt_shift(&v->t->geom, v->level));
	u64 va;

	for (va = unit->va; va < end; va += span)
		v->t->ops->set(v->t, entry++, 0);
	v->t->ops->flush(v->t, unit->va, end, false);
	kpgt_restore(v, unit, pa, unit->va, from);
	kpgt_restore(v, unit, pa, to, end);
	if (v->t->ops->gather_leaf)
		v->t->ops->gather_leaf(v->t, pa + (from - unit->va), to - from);
	v->t->unpublished = true;
}

static int kpgt_visit_unmap_leaf(const struct kpgt_visit *v)
{
	struct kpgt_range unit = kpgt_unit(v);

	if (!(v->old & KPGT_VALID)) {
		v->t->ops->set(v->t, v->entry, 0);
		return KPGT_GO_ON;
	}
	if (!kpgt_covers(v->arg, &unit)) {
		kpgt_cut(v, &unit);
		return KPGT_GO_ON;
	}
	v->t->ops->set(v->t, v->entry, 0);
	kpgt_gone(v->t, v->start, v->end, false);
	kpgt_gather_leaf(v->t, v->old, 0, v->end - v->start);
	return KPGT_GO_ON;
}

static int kpgt_visit_unmap(const struct kpgt_visit *v)
{
	struct kpgt *t = v->t;
	bool owned = kpgt_owned(t, v->level, v->start);
	bool whole = v->end - v->start == kpgt_span(&t->geom, v->level);

	switch (v->flag) {
	case KPGT_V_LEAF:
		return kpgt_visit_unmap_leaf(v);
	case KPGT_V_TABLE_PRE:
		if (!owned || !whole)
			return KPGT_GO_ON;
		kpgt_unlink(v);
		return KPGT_SKIP;
	case KPGT_V_TABLE_POST:
		if (owned && kpgt_is_empty(t, kpgt_child(t, v->old)))
			kpgt_unlink(v);
		return KPGT_GO_ON;
	}
	return KPGT_GO_ON;
}

int kpgt_unmap_prepare(struct kpgt *t, u64 va, u64 size)
{
	const struct kpgt_range r = { va, size };
	int ret = kpgt_check_range(t, va, size);

	if (ret)
		return ret;
	ret = kpgt_check_edges(t, &r);
	if (ret) {
		kpgt_abort(t);
		return ret;
	}
	return kpgt_pool_fill(t);
}

void kpgt_unmap_commit(struct kpgt *t, u64 va, u64 size)
{
	const struct kpgt_range r = { va, size };

	kpgt_walk(t, va, size, kpgt_visit_unmap, &r,
		  KPGT_V_LEAF | KPGT_V_TABLE_PRE | KPGT_V_TABLE_POST);
	if (t->unpublished)
		t->ops->publish(t);
	t->unpublished = false;
	kpgt_abort(t);
}

static void kpgt_flush_gone(struct kpgt *t)
{
	if (t->gone.start < t->gone.end)
		t->ops->flush(t, t->gone.start, t->gone.end, t->gone.tables);
	memset(&t->gone, 0, sizeof(t->gone));
}

void kpgt_flush(struct kpgt *t)
{
	kpgt_flush_gone(t);
	t->ops->release(t);
}

/* By pages */

/* Does the entry translate more than a page does, by itself or in a group? */
static bool kpgt_is_large(const struct kpgt_visit *v)
{
	return v->level < KPGT_PAGE || (v->old & KPGT_CONT);
}

/* A group is looked for where it would begin. */
static bool kpgt_has_group(const struct kpgt *t, const u64 *table)
{
	u64 each = kpgt_group_size(&t->geom, KPGT_PAGE) >> t->geom.page_shift;
	u64 i;

	for (i = 0; i < kpgt_entries(&t->geom); i += each)
		if (READ_ONCE(table[i]) & KPGT_CONT)
			return true;
	return false;
}

/* Most tables of pages have nothing else in them: do not look at each entry. */
static int kpgt_skip_pages(const struct kpgt_visit *v)
{
	if (v->level + 1 < KPGT_PAGE ||
	    kpgt_has_group(v->t, kpgt_child(v->t, v->old)))
		return KPGT_GO_ON;
	return KPGT_SKIP;
}

static int kpgt_visit_large(const struct kpgt_visit *v)
{
	const struct kpgt_map pages = { .max_leaf = 0 };

	if (v->flag == KPGT_V_TABLE_PRE)
		return kpgt_skip_pages(v);
	if (!kpgt_is_large(v))
		return KPGT_GO_ON;
	if (!(v->old & KPGT_VALID))
		return -EINVAL;
	if (v->level < KPGT_PAGE)
		kpgt_count(v->t, &pages, v->level + 1, v->start, v->end);
	return KPGT_GO_ON;
}

static int kpgt_visit_unit(const struct kpgt_visit *v)
{
	struct kpgt_range *const *unit = v->arg;

	**unit = kpgt_unit(v);
	return KPGT_GO_ON;
}

/* The leaf or group around a page, or the page alone. */
static struct kpgt_range kpgt_unit_at(struct kpgt *t, u64 va)
{
	struct kpgt_range unit = { va, 1ULL << t->geom.page_shift };
	struct kpgt_range *found = &unit;

	kpgt_walk(t, va, unit.size, kpgt_visit_unit, &found, KPGT_V_LEAF);
	return unit;
}

/* The range, and the rest of what it cuts at its ends. */
static struct kpgt_range kpgt_widen(struct kpgt *t, u64 va, u64 size)
{
	u64 page = 1ULL << t->geom.page_shift;
	struct kpgt_range first = kpgt_unit_at(t, va);
	struct kpgt_range last = kpgt_unit_at(t, va + size - page);

	return (struct kpgt_range){ first.va, last.va + last.size - first.va };
}

/* Counts tables for what the range is part of, @r. */
static int kpgt_count_pages(struct kpgt *t, u64 va, u64 size,
			    struct kpgt_range *r)
{
	int ret = kpgt_check_range(t, va, size);

	if (ret)
		return ret;
	*r = kpgt_widen(t, va, size);
	if (!kpgt_inside(r->va, r->size, t->start, t->end))
		return -EBUSY;
	return kpgt_walk(t, r->va, r->size, kpgt_visit_large, NULL,
			 KPGT_V_LEAF | KPGT_V_TABLE_PRE);
}

u64 kpgt_pages_cost(struct kpgt *t, u64 va, u64 size)
{
	struct kpgt_range r;
	int ret = kpgt_count_pages(t, va, size, &r), level;
	u64 sum = 0;

	for (level = KPGT_TOP; level <= KPGT_PAGE; level++)
		sum += t->need[level - KPGT_TOP];
	kpgt_abort(t);
	return ret ? 0 : sum;
}

int kpgt_pages_prepare(struct kpgt *t, u64 va, u64 size)
{
	struct kpgt_range r;
	int ret = kpgt_count_pages(t, va, size, &r);

	if (!ret && !t->ops->may_break(t, r.va, r.va + r.size))
		ret = -EBUSY;
	if (ret) {
		kpgt_abort(t);
		return ret;
	}
	return kpgt_pool_fill(t);
}

/* It keeps its address and attributes, in which no walker looks any more. */
static int kpgt_visit_break(const struct kpgt_visit *v)
{
	if (v->flag == KPGT_V_TABLE_PRE)
		return kpgt_skip_pages(v);
	if (!kpgt_is_large(v))
		return KPGT_GO_ON;
	v->t->ops->set(v->t, v->entry, v->old & ~KPGT_VALID);
	kpgt_gone(v->t, v->start, v->end, false);
	return KPGT_GO_ON;
}

static u64 kpgt_build_pages(const struct kpgt_visit *v)
{
	struct kpgt *t = v->t;
	const struct kpgt_map m = {
		.va = v->start, .size = v->end - v->start,
		.pa = kpgt_decode_pa(&t->geom, v->old), .attrs = v->old,
		.max_leaf = 0,
	};
	u64 table = kpgt_build(t, &m, v->level + 1, v->start, v->end);

	t->ops->order(t);
	return table;
}

static int kpgt_visit_make(const struct kpgt_visit *v)
{
	u64 val = (v->old & ~KPGT_CONT) | KPGT_VALID;

	if (v->flag == KPGT_V_TABLE_PRE)
		return kpgt_skip_pages(v);
	if (!kpgt_is_large(v))
		return KPGT_GO_ON;
	if (v->level < KPGT_PAGE)
		val = kpgt_build_pages(v);
	v->t->ops->set(v->t, v->entry, val);
	return KPGT_GO_ON;
}

void kpgt_pages_commit(struct kpgt *t, u64 va, u64 size)
{
	const unsigned int flags = KPGT_V_LEAF | KPGT_V_TABLE_PRE;
	struct kpgt_range r = kpgt_widen(t, va, size);
	bool broken;

	kpgt_walk(t, r.va, r.size, kpgt_visit_break, NULL, flags);
	broken = t->gone.end > t->gone.start;
	kpgt_flush_gone(t);
	if (broken) {
		kpgt_walk(t, r.va, r.size, kpgt_visit_make, NULL, flags);
		t->ops->publish(t);
	}
	kpgt_abort(t);
}
