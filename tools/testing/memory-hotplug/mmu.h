/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model MMU: simulated memory that holds translation tables, a table walker, a
 * TLB, and an implementation of struct kpgt_ops that judges every call.
 *
 * Owns:      the rules. What the architecture or kpgtable.h forbids is recorded
 *            by mmu_bad() as a sentence; the test that was running has failed.
 * Must not:  take its arithmetic from the code under test. Spans, address
 *            fields and contiguous sizes are computed here a second time.
 *
 * Two TLBs are modelled. The worst one is a list: everything that was ever
 * visible to a walker stays in it until a flush covers it ("stale"). The other
 * one is a small array which is filled from random addresses between any two
 * operations, as speculation does, including from cached table entries.
 */
#ifndef _MEMHP_MMU_H
#define _MEMHP_MMU_H

#include "kpgtable.h"

#define MMU_SLOTS	2048
#define MMU_TLB		32
#define MMU_WALKS	16
#define MMU_STALE	2048
#define MMU_RANGES	512
#define MMU_WATCH	64
#define MMU_BLOCKS	4096

/**
 * enum mmu_state - the life of a table
 * @MMU_FREE:     not memory of anybody; reading or writing it is an error
 * @MMU_NEW:      handed out, no walker can see it
 * @MMU_LIVE:     reachable from the root
 * @MMU_UNLINKED: no longer reachable, not yet given to gather_table
 * @MMU_GATHERED: waits for release
 */
enum mmu_state {
	MMU_FREE,
	MMU_NEW,
	MMU_LIVE,
	MMU_UNLINKED,
	MMU_GATHERED,
};

/**
 * enum mmu_phase - which function of kpgtable.h is running
 * @MMU_IDLE:    none; no call is expected
 * @MMU_PREPARE: a prepare: looks and allocates
 * @MMU_MAP:     kpgt_map_commit(): absent to present only
 * @MMU_UNMAP:   kpgt_unmap_commit()
 * @MMU_FLUSH:   kpgt_flush()
 * @MMU_LOOKUP:  kpgt_lookup(): reads
 * @MMU_ABORT:   kpgt_abort(): gives tables back
 * @MMU_WHOLE:   kpgt_map(): prepare and commit
 * @MMU_BACK:    kpgt_back()
 * @MMU_PAGES:   kpgt_pages_commit(): what it breaks keeps its address
 */
enum mmu_phase {
	MMU_IDLE,
	MMU_PREPARE,
	MMU_MAP,
	MMU_UNMAP,
	MMU_FLUSH,
	MMU_LOOKUP,
	MMU_ABORT,
	MMU_WHOLE,
	MMU_BACK,
	MMU_PAGES,
	MMU_NR_PHASES,
};

enum mmu_op {
	MMU_OP_ALLOC,
	MMU_OP_FREE,
	MMU_OP_PA,
	MMU_OP_VA,
	MMU_OP_SET,
	MMU_OP_ORDER,
	MMU_OP_PUBLISH,
	MMU_OP_FLUSH,
	MMU_OP_GATHER_TABLE,
	MMU_OP_GATHER_LEAF,
	MMU_OP_RELEASE,
	MMU_OP_MAY_BREAK,
	MMU_OP_LOCK,
	MMU_OP_UNLOCK,
	MMU_OP_BLOCK_ALLOC,
	MMU_OP_BLOCK_FREE,
	MMU_NR_OPS,
};

struct mmu_range {
	u64 start, end;
};

struct mmu_ranges {
	struct mmu_range r[MMU_RANGES];
	int nr;
};

/* What a walker found: a leaf, or the hole that ended the walk. */
struct mmu_walk {
	u64 desc;
	u64 start, size;
	int level, slot;
};

struct mmu_table {
	enum mmu_state state;
	int level;
	bool foreign;
	bool ordered;
	u64 va;
};

/* Something a TLB may still hold although the tree no longer does. */
struct mmu_stale {
	u64 start, end;
	int level;
	bool table, cont;
	bool deep;	/* was under an unlinked table: needs tables = true */
};

struct mmu_tlb {
	u64 start, end, delta, attrs;
};

struct mmu_cached_walk {
	u64 start, end;
	int slot, level;
};

/* An address that is in use and has to translate like this at any moment. */
struct mmu_watch {
	u64 va, pa, attrs;
};

/* Memory for a leaf: the code under test knows only @block. */
struct mmu_block {
	struct kpgt_block block;
	u64 pa, size;
	bool free;
};

struct mmu_group {
	int slot;
	unsigned int first;
};

struct mmu {
	struct kpgt_geom geom;
	int top, pa_bits, root;
	u64 base, addr_mask;
	unsigned int shift[KPGT_NR_LEVELS];
	u64 rand;

	char *arena, *shadow;
	struct mmu_table table[MMU_SLOTS];
	int free[MMU_SLOTS], free_head, nr_free, used;

	enum mmu_phase phase;
	u64 start, end;			/* region whose owner is running */
	struct mmu_ranges asked;	/* ranges being unmapped */
	struct mmu_ranges granted;	/* may_break said yes */
	struct mmu_ranges busy;		/* may_break has to say no */
	struct mmu_ranges left;		/* memory given to gather_leaf */
	u64 left_bytes;
	bool locked, unpublished;

	struct mmu_stale stale[MMU_STALE];
	int nr_stale;
	struct mmu_tlb tlb[MMU_TLB];
	int nr_tlb;
	struct mmu_cached_walk walk[MMU_WALKS];
	int nr_walk;
	struct mmu_watch watch[MMU_WATCH];
	int nr_watch;
	struct mmu_group *touched;
	int nr_touched, max_touched;

	unsigned int count[MMU_NR_OPS];
	unsigned int released_tables;
	bool flushed_tables;
	u64 flush_start, flush_end;
	unsigned int fail_at;		/* this allocation fails; 0: none */
	struct mmu_block *block;	/* all that were ever given out */
	int nr_blocks;
	u64 next_block;			/* physical address */
	u64 max_block;			/* larger ones are not to be had; 0: all are */
	unsigned int fail_block_at;	/* as fail_at, for a page */
	unsigned int failed_blocks;

	void (*other_cpu)(struct mmu *m, enum mmu_op op);
	void *other_cpu_data;
	bool in_other_cpu;

	unsigned int nr_bad;
	char first_bad[256];
};

/* A region of a modelled tree; what the operations get through struct kpgt. */
struct mmu_region {
	struct kpgt t;
	struct mmu *mmu;
};

extern const struct kpgt_ops mmu_ops;

void mmu_init(struct mmu *m, const struct kpgt_geom *geom, u64 seed);
void mmu_destroy(struct mmu *m);
/* Permissions of all that is below a table: APTable, XNTable, PXNTable, NSTable. */
#define MMU_HIERARCHY	(0x1fULL << 59)

void mmu_region_init(struct mmu *m, struct mmu_region *r, u64 start, u64 end);

/* Judging */
void mmu_bad(struct mmu *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void mmu_begin(struct mmu_region *r, enum mmu_phase phase);
void mmu_end(struct mmu *m);
bool mmu_ranges_add(struct mmu_ranges *s, u64 start, u64 end);
bool mmu_ranges_cover(const struct mmu_ranges *s, const struct mmu_ranges *s2,
		      u64 start, u64 end);
bool mmu_ranges_hit(const struct mmu_ranges *s, u64 start, u64 end);

/* Arithmetic of the architecture, written without looking at kpgtable.c */
unsigned int mmu_shift(const struct mmu *m, int level);
unsigned int mmu_entries(const struct mmu *m, int level);
bool mmu_leaf_ok(const struct mmu *m, int level);
unsigned int mmu_group_entries(const struct mmu *m, int level);
u64 mmu_addr_mask(const struct mmu *m);
/* The first address above the bits that a descriptor holds in their place. */
u64 mmu_fold(const struct mmu *m);
u64 mmu_encode(const struct mmu *m, u64 pa);
u64 mmu_decode(const struct mmu *m, u64 desc);
u64 mmu_attrs(const struct mmu *m, u64 desc);

/* Memory */
u64 mmu_random(struct mmu *m);
int mmu_take(struct mmu *m, int level);
void mmu_drop(struct mmu *m, int slot);
u64 *mmu_words(struct mmu *m, int slot);
u64 *mmu_shadow(struct mmu *m, int slot);
int mmu_slot_of(struct mmu *m, const void *p);
int mmu_slot_at(struct mmu *m, u64 pa);
u64 mmu_slot_pa(struct mmu *m, int slot);
struct mmu_block *mmu_block_at(struct mmu *m, u64 pa);
unsigned int mmu_count_blocks(struct mmu *m);
unsigned int mmu_count_state(struct mmu *m, enum mmu_state state);

/* The walker and the TLB */
bool mmu_walk(struct mmu *m, u64 va, struct mmu_walk *w);
/* The same for the address behind what @w has found. */
bool mmu_walk_on(struct mmu *m, struct mmu_walk *w);
u64 mmu_entry(struct mmu *m, u64 va, int level, int *slot, unsigned int *idx);
void mmu_speculate(struct mmu *m);
void mmu_tlb_flush(struct mmu *m, u64 start, u64 end, bool tables);
void mmu_tlb_check(struct mmu *m);
void mmu_check_watched(struct mmu *m, int i);

/* Somebody else's stores: never judged, always complete */
void mmu_foreign_set(struct mmu *m, u64 va, int level, u64 desc);
int mmu_foreign_path(struct mmu *m, u64 va, int level);

/* The whole tree, byte for byte */
struct mmu_snapshot;
struct mmu_snapshot *mmu_snapshot(struct mmu *m);
bool mmu_unchanged(struct mmu *m, const struct mmu_snapshot *s);
void mmu_snapshot_free(struct mmu_snapshot *s);

#endif
