/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel page tables: grow and shrink a stage 1 tree while it is in use.
 *
 * Owns:      the shape of the tree below one region of kernel addresses, and
 *            the order of stores, barriers and TLB invalidations.
 * Must not:  allocate, translate addresses, issue barriers, print or lock,
 *            except through struct kpgt_ops. It builds on the host as it is.
 * Locks:     none. One caller at a time per region; see "Who may write what".
 *
 * Words
 *   level     lookup level as the Arm ARM counts it: -1 or 0 at the top of a
 *             deep tree, 3 for pages. An entry is one 64-bit descriptor.
 *   span      the addresses that one entry translates.
 *   leaf      a block (level < 3) or page (level 3) descriptor.
 *   group     adjacent leaves with the Contiguous bit, one TLB entry for all.
 *   cut       a range cuts a leaf or a group when it covers only a part of it.
 *
 * Two steps
 *   prepare   may fail, stores nothing in the tree: it looks, decides, and
 *             takes the tables it will need into a pool.
 *   commit    cannot fail: it takes tables from the pool only.
 *
 * Who may write what
 *   An entry whose span lies inside the region is written by the region's
 *   owner alone, even where its neighbours in the same table belong to
 *   somebody else. An entry whose span straddles the border is shared: it only
 *   ever goes from absent to table, under ops->lock, and stays.
 *
 * What is never done (Arm ARM DDI 0487, D8.16 "Translation table maintenance")
 *   A valid entry is never replaced by another valid one. It becomes absent,
 *   the TLBs are invalidated, and only then may it be written again. No table
 *   is freed between its unlinking and that invalidation.
 */
#ifndef _ARM64_MM_KPGTABLE_H
#define _ARM64_MM_KPGTABLE_H

#include <linux/bits.h>
#include <linux/types.h>

/* Lookup levels. KPGT_NR_LEVELS is for arrays indexed by level - KPGT_TOP. */
#define KPGT_TOP	(-1)
#define KPGT_PAGE	3
#define KPGT_NR_LEVELS	(KPGT_PAGE - KPGT_TOP + 1)

/* Descriptor bits that matter to the shape of a tree (Arm ARM D8.3). */
#define KPGT_VALID	BIT_ULL(0)
#define KPGT_TABLE	BIT_ULL(1)	/* table at level < 3, page at level 3 */
#define KPGT_TYPE	(KPGT_VALID | KPGT_TABLE)
#define KPGT_CONT	BIT_ULL(52)

/**
 * enum kpgt_oa - where a descriptor keeps the output address
 * @KPGT_OA_48:   bits 47:page_shift as they are
 * @KPGT_OA_64K:  64K pages with 52-bit addresses: bits 51:48 in 15:12
 * @KPGT_OA_LPA2: 4K and 16K pages with FEAT_LPA2: bits 51:50 in 9:8
 */
enum kpgt_oa {
	KPGT_OA_48,
	KPGT_OA_64K,
	KPGT_OA_LPA2,
};

/**
 * struct kpgt_geom - the translation regime, as far as the tree's shape goes
 * @page_shift: 12, 14 or 16
 * @va_bits:    input address size resolved from the root table, 25 to 52
 * @oa:         output address format
 */
struct kpgt_geom {
	u8 page_shift;
	u8 va_bits;
	enum kpgt_oa oa;
};

struct kpgt;

/**
 * struct kpgt_block - memory for a leaf, while kpgt_back() has it in hand
 * @pa:    where it is; set by ops->block_alloc, the rest is kpgt_back()'s
 * @next:  the block for the next hole
 * @level: of the leaf it is for
 *
 * It may lie in the memory itself, or beside it where that cannot be written.
 */
struct kpgt_block {
	u64 pa;
	struct kpgt_block *next;
	int level;
};

/**
 * struct kpgt_ops - everything a tree needs from the world around it
 * @table_alloc:  a page for a table of @level, contents undefined, or NULL.
 *                Called by prepare only.
 * @table_free:   give back a table that no walker has ever been able to see.
 * @block_alloc:  memory of @size bytes, aligned to them, contents undefined, for
 *                a leaf of kpgt_back() at @va, or NULL. May be NULL without
 *                kpgt_back().
 * @block_free:   give back such memory, which nobody has been able to see.
 * @table_pa:     physical address of a table.
 * @table_va:     the inverse of @table_pa.
 * @set:          store @val in @entry, one single-copy atomic store.
 * @order:        stores to tables before it are seen by every table walker
 *                before stores after it (pairs with the address dependency of
 *                the hardware walk).
 * @publish:      stores before it are seen by every table walker, and this CPU
 *                will not use an older absent entry.
 * @flush:        invalidate leaf entries for [@start, @end) on all CPUs, and
 *                cached table entries on the way to them when @tables is set;
 *                complete when it returns. Includes the barriers around it.
 * @gather_table: keep an unlinked table until @release. Must not write to it:
 *                a walker may still be reading it.
 * @gather_leaf:  keep the memory behind an unlinked leaf until @release. May
 *                be NULL, when the memory belongs to somebody else.
 * @release:      free all that was gathered. Called after @flush.
 * @may_break:    is nobody using [@start, @end), so that it may be unmapped for
 *                a moment? Asked of the part of a cut leaf that will stay, and
 *                of all that kpgt_pages_commit() will map anew.
 * @lock:         exclude other writers of shared entries.
 * @unlock:       the opposite.
 */
struct kpgt_ops {
	u64 *(*table_alloc)(struct kpgt *t, int level);
	void (*table_free)(struct kpgt *t, u64 *table, int level);
	struct kpgt_block *(*block_alloc)(struct kpgt *t, u64 va, u64 size);
	void (*block_free)(struct kpgt *t, struct kpgt_block *block, u64 size);
	u64 (*table_pa)(struct kpgt *t, const u64 *table);
	u64 *(*table_va)(struct kpgt *t, u64 pa);
	void (*set)(struct kpgt *t, u64 *entry, u64 val);
	void (*order)(struct kpgt *t);
	void (*publish)(struct kpgt *t);
	void (*flush)(struct kpgt *t, u64 start, u64 end, bool tables);
	void (*gather_table)(struct kpgt *t, u64 *table, int level);
	void (*gather_leaf)(struct kpgt *t, u64 pa, u64 size);
	void (*release)(struct kpgt *t);
	bool (*may_break)(struct kpgt *t, u64 start, u64 end);
	void (*lock)(struct kpgt *t);
	void (*unlock)(struct kpgt *t);
};

/**
 * struct kpgt - one region of a tree, for the length of one transaction
 * @geom:  the translation regime
 * @ops:   the world around
 * @root:  the table at the first level
 * @start: first address of the region, as a full 64-bit kernel address
 * @end:   one past its last address
 * @table_attrs: bits for the descriptors of tables below which nothing but this
 *         region can be: hierarchical permissions, say. 0 if the caller sets none
 * @pool:  tables taken by prepare and not used yet; a list per level, linked
 *         through the first word of each table
 * @need:  how many tables of each level prepare has counted
 * @blocks: memory taken for leaves and not used yet, in the order of addresses
 * @last_block: where the next one goes
 * @gone:  what was unlinked and is not flushed yet; empty when start >= end
 * @unpublished: a cut has mapped something again and not published it yet
 */
struct kpgt {
	struct kpgt_geom geom;
	const struct kpgt_ops *ops;
	u64 *root;
	u64 start, end;
	u64 table_attrs;
	u64 *pool[KPGT_NR_LEVELS];
	unsigned int need[KPGT_NR_LEVELS];
	struct kpgt_block *blocks, **last_block;
	struct {
		u64 start, end;
		bool tables;
	} gone;
	bool unpublished;
};

/**
 * struct kpgt_map - a request to map a range
 * @va:       first address, page aligned
 * @size:     bytes, page aligned, not zero
 * @pa:       physical address of @va, page aligned
 * @attrs:    descriptor attributes; type, Contiguous bit and address are ignored
 * @max_leaf: no leaf and no group is larger than this many bytes, nor smaller
 *            than needed: KPGT_MAX_LEAF for no limit, a page for pages only
 */
struct kpgt_map {
	u64 va, size, pa;
	u64 attrs;
	u64 max_leaf;
};

#define KPGT_MAX_LEAF	(~0ULL)

/**
 * kpgt_init() - describe a region of a tree
 * @t:     filled in
 * @geom:  the translation regime
 * @ops:   the world around
 * @root:  table at the first level
 * @start: first address of the region
 * @end:   one past the last
 */
void kpgt_init(struct kpgt *t, const struct kpgt_geom *geom,
	       const struct kpgt_ops *ops, u64 *root, u64 start, u64 end);

/**
 * kpgt_map_prepare() - check a mapping and take the tables for it
 * @t: the region
 * @m: what to map
 *
 * Stores nothing in the tree. After success, call kpgt_map_commit() or
 * kpgt_abort(); nothing else may change the region in between. What was
 * unlinked before must have gone through kpgt_flush().
 *
 * Return: 0; -EINVAL: zero, unaligned or wrapping, or a physical address that
 * does not fit a descriptor; -ERANGE: not inside the region; -EEXIST: a part is
 * mapped already; -ENOMEM: no table to be had. After an error nothing is held.
 */
int kpgt_map_prepare(struct kpgt *t, const struct kpgt_map *m);

/**
 * kpgt_map_commit() - make the mapping that was prepared
 * @t: the region
 * @m: as given to kpgt_map_prepare()
 *
 * New tables are complete before they are linked. The mapping may be used when
 * this returns: ops->publish is called once, at the end.
 */
void kpgt_map_commit(struct kpgt *t, const struct kpgt_map *m);

/**
 * kpgt_map() - prepare and commit
 * @t: the region
 * @m: what to map
 *
 * Return: as kpgt_map_prepare().
 */
int kpgt_map(struct kpgt *t, const struct kpgt_map *m);

/**
 * kpgt_back() - fill the holes of a range with memory of the region's own
 * @t: the region
 * @m: the range, attributes, and how large leaves may be; @m->pa is ignored
 *
 * The memory comes from ops->block_alloc: for each hole, blocks as large as
 * fit, and smaller ones where no large one is to be had. What is mapped already
 * stays. It happens whole or not at all; what it maps may be used when this
 * returns, and is undone by unmapping it.
 *
 * Return: 0; -EINVAL and -ERANGE as for kpgt_map_prepare(); -ENOMEM: no memory
 * for leaves or tables.
 */
int kpgt_back(struct kpgt *t, const struct kpgt_map *m);

/**
 * kpgt_abort() - give back what prepare has taken
 * @t: the region
 */
void kpgt_abort(struct kpgt *t);

/**
 * kpgt_unmap_prepare() - check an unmapping and take the tables for it
 * @t:    the region
 * @va:   first address, page aligned
 * @size: bytes, page aligned, not zero
 *
 * Tables are needed only where the range cuts a leaf. Holes are fine.
 *
 * Return: 0; -EINVAL and -ERANGE as for kpgt_map_prepare(); -EBUSY: the range
 * cuts a leaf or a group whose other part is in use, or is not in the region;
 * -ENOMEM: no table to be
 * had. After an error nothing is held and nothing has changed.
 */
int kpgt_unmap_prepare(struct kpgt *t, u64 va, u64 size);

/**
 * kpgt_unmap_commit() - unlink what was prepared
 * @t:    the region
 * @va:   as given to kpgt_unmap_prepare()
 * @size: as given to kpgt_unmap_prepare()
 *
 * The range is unlinked but stays in TLBs until kpgt_flush(): its memory must
 * not be reused before that. Several ranges of a region may be unlinked before
 * one flush. A table that becomes empty is unlinked as well, if its span lies
 * inside the region. Only where a leaf or group is cut, its TLB entries are
 * invalidated at once, to be able to write the part that stays; that part may
 * be used when this returns.
 */
void kpgt_unmap_commit(struct kpgt *t, u64 va, u64 size);

/**
 * kpgt_pages_cost() - tables that kpgt_pages_prepare() would take
 * @t:    the region
 * @va:   first address, page aligned
 * @size: bytes, page aligned, not zero
 *
 * Return: how many; 0 also where it would be refused.
 */
u64 kpgt_pages_cost(struct kpgt *t, u64 va, u64 size);

/**
 * kpgt_pages_prepare() - take the tables to map by pages what blocks map
 * @t:    the region
 * @va:   first address, page aligned
 * @size: bytes, page aligned, not zero
 *
 * Stores nothing in the tree. After success, call kpgt_pages_commit() or
 * kpgt_abort(); nothing else may change the region in between. What was
 * unlinked before must have gone through kpgt_flush(). Holes stay holes.
 *
 * Return: 0; -EINVAL and -ERANGE as for kpgt_map_prepare(); -EINVAL also if an
 * entry is a block but not valid; -EBUSY: a part is in use, or a leaf or group
 * reaches beyond the region; -ENOMEM: no table to be had. After an error
 * nothing is held.
 */
int kpgt_pages_prepare(struct kpgt *t, u64 va, u64 size);

/**
 * kpgt_pages_commit() - map by pages what was prepared
 * @t:    the region
 * @va:   as given to kpgt_pages_prepare()
 * @size: as given to kpgt_pages_prepare()
 *
 * Leaves and groups that the range cuts become pages wholly. Each is absent for
 * a while: all of them are broken, one invalidation follows, and then they are
 * made again, with the same attributes. The range may be used when this returns.
 */
void kpgt_pages_commit(struct kpgt *t, u64 va, u64 size);

/**
 * kpgt_flush() - invalidate TLBs for all that was unlinked, then free it
 * @t: the region
 */
void kpgt_flush(struct kpgt *t);

/**
 * kpgt_lookup() - translate an address as the hardware would
 * @t:    the region
 * @va:   the address
 * @size: if not NULL, gets the size of the leaf's span, or of the hole found
 *
 * Return: the leaf descriptor, 0 if there is none.
 */
u64 kpgt_lookup(struct kpgt *t, u64 va, u64 *size);

/* Pure arithmetic, shared with the tests. */

/* log2 of the span of an entry of @level */
static inline unsigned int kpgt_shift(const struct kpgt_geom *g, int level)
{
	return g->page_shift + (KPGT_PAGE - level) * (g->page_shift - 3);
}

static inline u64 kpgt_span(const struct kpgt_geom *g, int level)
{
	return 1ULL << kpgt_shift(g, level);
}

/* entries in a table below the root */
static inline unsigned int kpgt_entries(const struct kpgt_geom *g)
{
	return 1U << (g->page_shift - 3);
}

int kpgt_root_level(const struct kpgt_geom *g);
unsigned int kpgt_index(const struct kpgt_geom *g, int level, u64 va);
bool kpgt_leaf_allowed(const struct kpgt_geom *g, int level);
u64 kpgt_group_size(const struct kpgt_geom *g, int level);
u64 kpgt_encode_pa(const struct kpgt_geom *g, u64 pa);
u64 kpgt_decode_pa(const struct kpgt_geom *g, u64 desc);

static inline bool kpgt_is_table(u64 desc, int level)
{
	return level < KPGT_PAGE && (desc & KPGT_TYPE) == KPGT_TYPE;
}

#endif /* _ARM64_MM_KPGTABLE_H */
