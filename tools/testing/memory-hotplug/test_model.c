// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the model itself: each rule is broken by hand, and the model has to
 * say so. Without these a model that accepts everything would look fine.
 *
 * All in the "4K, 48-bit VA" geometry. V is an address in the region; its 2M
 * block and its page are written by hand, as a broken kpgtable.c would.
 */
#include <string.h>

#include "world.h"

#define PAGE_4K		0x1000ULL
#define BLOCK_2M	0x200000ULL
#define LEAF(pa)	((pa) | 1ULL << 10 | KPGT_TYPE)
#define BLOCK(pa)	((pa) | 1ULL << 10 | KPGT_VALID)

static struct world *w;
static struct mmu *m;
static struct kpgt *t;
static u64 v;

static void setup(enum mmu_phase phase)
{
	w = world_new(&geometries[0], 5);
	m = &w->mmu;
	t = &w->r.t;
	v = w->start;
	/* with tables down to level 3 at V, and to level 2 at V + 1G */
	mmu_foreign_path(m, v, 3);
	mmu_foreign_path(m, v + (1ULL << 30), 2);
	mmu_begin(&w->r, phase);
}

/* The rule that must have been broken, by a part of its sentence. */
static void expect_bad(const char *sentence)
{
	EXPECT(m->nr_bad, "the model did not notice: %s", sentence);
	EXPECT(!m->nr_bad || strstr(m->first_bad, sentence),
	       "the model said \"%s\" instead of \"%s\"", m->first_bad,
	       sentence);
	m->nr_bad = 0;
	world_free(w);
}

static u64 *entry(u64 va, int level)
{
	unsigned int idx;
	int slot;

	mmu_entry(m, va, level, &slot, &idx);
	return mmu_words(m, slot) + idx;
}

static void set(u64 va, int level, u64 val)
{
	mmu_ops.set(t, entry(va, level), val);
}

static u64 *new_table(int level)
{
	enum mmu_phase phase = m->phase;
	u64 *table;

	m->phase = MMU_PREPARE;
	table = mmu_ops.table_alloc(t, level);
	m->phase = phase;
	memset(table, 0, PAGE_4K);
	return table;
}

static u64 table_desc(u64 *table)
{
	return mmu_ops.table_pa(t, table) | KPGT_TYPE;
}

static void valid_to_valid(void)
{
	setup(MMU_UNMAP);
	set(v, 3, LEAF(0x1000));
	set(v, 3, LEAF(0x2000));
	expect_bad("replaced by valid");
}

static void valid_to_other_attributes(void)
{
	setup(MMU_UNMAP);
	set(v, 3, LEAF(0x1000));
	set(v, 3, LEAF(0x1000) | 1ULL << 54);
	expect_bad("replaced by valid");
}

static void rewritten_before_flush(void)
{
	setup(MMU_UNMAP);
	mmu_ranges_add(&m->asked, v, v + PAGE_4K);
	set(v, 3, LEAF(0x1000));
	set(v, 3, 0);
	set(v, 3, LEAF(0x2000));
	expect_bad("before its TLB invalidation");
}

static void flush_too_short(void)
{
	setup(MMU_UNMAP);
	mmu_ranges_add(&m->asked, v, v + BLOCK_2M);
	mmu_foreign_set(m, v + (1ULL << 30), 2, BLOCK(BLOCK_2M));
	mmu_ranges_add(&m->asked, v + (1ULL << 30),
		       v + (1ULL << 30) + BLOCK_2M);
	set(v + (1ULL << 30), 2, 0);
	mmu_ops.flush(t, v + (1ULL << 30),
		      v + (1ULL << 30) + BLOCK_2M - PAGE_4K, false);
	set(v + (1ULL << 30), 2, BLOCK(0));
	expect_bad("before its TLB invalidation");
}

static u64 *unlink_level3(void)
{
	u64 *table = entry(v, 3);

	set(v, 2, 0);
	mmu_ops.gather_table(t, table, 3);
	return table;
}

static void expect_freed_too_early(void)
{
	m->phase = MMU_FLUSH;
	mmu_ops.release(t);
	expect_bad("freed before its TLB invalidation");
}

static void table_freed_without_table_flush(void)
{
	setup(MMU_UNMAP);
	unlink_level3();
	mmu_ops.flush(t, v, v + BLOCK_2M, false);
	expect_freed_too_early();
}

static void table_freed_without_flush(void)
{
	setup(MMU_UNMAP);
	unlink_level3();
	expect_freed_too_early();
}

static void leaf_freed_without_flush(void)
{
	setup(MMU_UNMAP);
	mmu_foreign_set(m, v, 3, LEAF(0x1000));
	mmu_ranges_add(&m->asked, v, v + PAGE_4K);
	set(v, 3, 0);
	expect_freed_too_early();
}

/* The leaves below can still be fetched through the cached table entry. */
static void leaves_under_unlinked_table(void)
{
	setup(MMU_UNMAP);
	mmu_foreign_set(m, v, 3, LEAF(0x1000));
	mmu_ranges_add(&m->asked, v, v + BLOCK_2M);
	unlink_level3();
	mmu_ops.flush(t, v, v + BLOCK_2M, false);
	EXPECT(m->nr_stale == 2, "%d stale entries instead of 2", m->nr_stale);
	expect_freed_too_early();
}

static void unlinked_and_lost(void)
{
	setup(MMU_UNMAP);
	set(v, 2, 0);
	mmu_end(m);
	expect_bad("unlinked and not gathered");
}

static void gathered_while_live(void)
{
	setup(MMU_UNMAP);
	mmu_ops.gather_table(t, entry(v, 3), 3);
	expect_bad("was not unlinked");
}

static void group_incomplete(void)
{
	int i;

	setup(MMU_MAP);
	for (i = 0; i < 15; i++)
		set(v + i * PAGE_4K, 3, LEAF(i * PAGE_4K) | KPGT_CONT);
	mmu_ops.publish(t);
	expect_bad("15 of 16 entries of a group");
}

static void write_group(u64 pa)
{
	int i;

	for (i = 0; i < 16; i++)
		set(v + i * PAGE_4K, 3, LEAF(pa + i * PAGE_4K) | KPGT_CONT);
}

static void group_unaligned(void)
{
	setup(MMU_MAP);
	write_group(0x1000);
	mmu_ops.publish(t);
	expect_bad("of a group is not aligned");
}

static void group_cut_in_place(void)
{
	setup(MMU_UNMAP);
	mmu_ranges_add(&m->asked, v, v + PAGE_4K);
	write_group(0);
	set(v, 3, 0);
	mmu_end(m);
	expect_bad("returned before ops->publish");

	setup(MMU_UNMAP);
	mmu_ranges_add(&m->asked, v, v + PAGE_4K);
	write_group(0);
	set(v, 3, 0);
	mmu_ops.publish(t);
	expect_bad("15 of 16 entries of a group");
}

/* As long as one sibling is valid the TLB may load the group again. */
static void group_flushed_too_early(void)
{
	int i;

	setup(MMU_UNMAP);
	mmu_ranges_add(&m->asked, v, v + 16 * PAGE_4K);
	write_group(0);
	for (i = 0; i < 8; i++)
		set(v + i * PAGE_4K, 3, 0);
	mmu_ops.flush(t, v, v + 8 * PAGE_4K, false);
	set(v, 3, LEAF(0));
	expect_bad("before its TLB invalidation");
}

static void linked_without_order(void)
{
	setup(MMU_MAP);
	set(v + BLOCK_2M, 2, table_desc(new_table(3)));
	expect_bad("before its content is ordered");
}

static void changed_after_order(void)
{
	u64 *table;

	setup(MMU_MAP);
	table = new_table(3);
	mmu_ops.order(t);
	table[5] = LEAF(0x5000);
	set(v + BLOCK_2M, 2, table_desc(table));
	expect_bad("before its content is ordered");
}

static void child_changed_after_order(void)
{
	u64 *table, *child;

	setup(MMU_MAP);
	table = new_table(2);
	child = new_table(3);
	table[0] = table_desc(child);
	mmu_ops.order(t);
	child[5] = LEAF(0x5000);
	set(v + (2ULL << 30), 1, table_desc(table));
	expect_bad("before its content is ordered");
}

static void not_published(void)
{
	setup(MMU_MAP);
	set(v, 3, LEAF(0x1000));
	mmu_end(m);
	expect_bad("returned before ops->publish");
}

static void block_at_wrong_level(void)
{
	setup(MMU_MAP);
	mmu_ranges_add(&m->asked, v, v + (1ULL << 39));
	set(v + (1ULL << 39), 0, BLOCK(0));
	expect_bad("level 0 allows no block");
}

static void block_unaligned(void)
{
	setup(MMU_MAP);
	set(v + BLOCK_2M, 2, BLOCK(PAGE_4K));
	expect_bad("is not aligned for level 2");
}

/* Links a table in the last entry of the region, with more bits. */
static void link_last(u64 bits)
{
	u64 *table = new_table(1);

	mmu_ops.order(t);
	mmu_ops.lock(t);
	set(w->end - (1ULL << 39), 0, table_desc(table) | bits);
	mmu_ops.unlock(t);
}

static void shared_permissions(void)
{
	setup(MMU_MAP);
	link_last(1ULL << 59);
	world_free(w);		/* judges */

	setup(MMU_MAP);
	m->end -= PAGE_4K;
	link_last(1ULL << 59);
	expect_bad("permissions in a table descriptor that others share");

	setup(MMU_MAP);
	link_last(1ULL << 58);
	expect_bad("reserved bits set in table descriptor");
}

static void reserved_bits(void)
{
	setup(MMU_MAP);
	set(v, 3, LEAF(0x1000) | 1ULL << 48);
	expect_bad("reserved bits set in leaf");

	setup(MMU_MAP);
	set(v, 3, 0x1000 | KPGT_VALID);
	expect_bad("reserved descriptor type");

	setup(MMU_MAP);
	set(v, 3, 0x1000);
	expect_bad("neither valid nor zero");
}

static void garbage_in_new_table(void)
{
	u64 *table;

	setup(MMU_MAP);
	table = new_table(3);
	table[511] = 0x1230;
	mmu_ops.order(t);
	set(v + BLOCK_2M, 2, table_desc(table));
	expect_bad("garbage 1230 in a new table");
}

static void wrong_level_table(void)
{
	u64 *table;

	setup(MMU_MAP);
	table = new_table(2);
	mmu_ops.order(t);
	set(v + BLOCK_2M, 2, table_desc(table));
	expect_bad("table for level 2 linked at level 2");
}

static void bypassed_set(void)
{
	setup(MMU_MAP);
	*entry(v, 3) = LEAF(0x1000);
	mmu_ops.publish(t);
	expect_bad("bypassed ops->set");
}

static void written_after_unlink(void)
{
	u64 *table;

	setup(MMU_UNMAP);
	table = unlink_level3();
	table[0] = (u64)(unsigned long)table;
	mmu_end(m);
	expect_bad("an unlinked table was written to");

	setup(MMU_UNMAP);
	table = unlink_level3();
	mmu_ops.set(t, table, 0);
	expect_bad("an unlinked table was written to");
}

static void freed_wrongly(void)
{
	u64 *table;

	setup(MMU_ABORT);
	table = new_table(3);
	mmu_ops.table_free(t, table, 3);
	mmu_ops.table_free(t, table, 3);
	expect_bad("table_free of a table that is free");

	setup(MMU_ABORT);
	mmu_ops.table_free(t, entry(v, 3), 3);
	expect_bad("that a walker may have seen");

	setup(MMU_ABORT);
	table = new_table(3);
	mmu_ops.table_free(t, table + 1, 3);
	expect_bad("table_free of something that is no table");

	setup(MMU_ABORT);
	table = new_table(3);
	mmu_ops.table_free(t, table, 2);
	expect_bad("table_free with level 2 instead of 3");
}

static void leaked(void)
{
	setup(MMU_ABORT);
	new_table(3);
	mmu_end(m);
	expect_bad("1 tables are neither linked nor freed");
}

static void outside_region(void)
{
	setup(MMU_MAP);
	mmu_foreign_path(m, w->end, 3);
	set(w->end, 3, LEAF(0x1000));
	expect_bad("outside the region");
}

static void shared_without_lock(void)
{
	u64 *table;

	setup(MMU_MAP);
	world_set_region(w, v + PAGE_4K, v + BLOCK_2M);
	mmu_begin(&w->r, MMU_MAP);
	set(v, 2, 0);
	expect_bad("shared entry");

	setup(MMU_MAP);
	world_set_region(w, v + PAGE_4K, v + 2 * BLOCK_2M - PAGE_4K);
	mmu_begin(&w->r, MMU_MAP);
	table = new_table(3);
	mmu_ops.order(t);
	set(v + BLOCK_2M, 2, table_desc(table));
	expect_bad("written without the lock");
}

static void broken_while_in_use(void)
{
	setup(MMU_UNMAP);
	mmu_foreign_set(m, v, 3, LEAF(0x1000));
	set(v, 3, 0);
	expect_bad("was unmapped and may be in use");

	setup(MMU_MAP);
	mmu_foreign_set(m, v, 3, LEAF(0x1000));
	set(v, 3, 0);
	expect_bad("mapping removed the translation");
}

static void watched_address_changes(void)
{
	setup(MMU_UNMAP);
	mmu_foreign_set(m, v, 3, LEAF(0x1000));
	world_watch(w, v);
	mmu_foreign_set(m, v, 3, 0);
	mmu_end(m);
	expect_bad("is in use and does not translate");
}

static void stale_tlb_conflict(void)
{
	int i;

	setup(MMU_UNMAP);
	mmu_foreign_set(m, v, 3, LEAF(0x1000));
	world_watch(w, v);
	for (i = 0; i < 20; i++)
		mmu_speculate(m);
	m->nr_watch = 0;
	mmu_foreign_set(m, v, 3, LEAF(0x2000));
	world_watch(w, v);
	for (i = 0; i < 20; i++)
		mmu_speculate(m);
	expect_bad("TLB conflict");
}

static void walker_uses_freed_table(void)
{
	int i, slot;

	setup(MMU_UNMAP);
	mmu_foreign_set(m, v, 3, LEAF(0x1000));
	world_watch(w, v);
	for (i = 0; i < 20; i++)
		mmu_speculate(m);
	m->nr_watch = 0;
	slot = mmu_slot_of(m, entry(v, 3));
	mmu_foreign_set(m, v, 2, 0);
	mmu_drop(m, slot);
	mmu_ranges_add(&m->asked, v, v + PAGE_4K);
	for (i = 0; i < 200; i++)
		mmu_speculate(m);
	expect_bad("a walker read a table after it was freed");
}

static void wrong_phase(void)
{
	setup(MMU_PREPARE);
	set(v, 3, LEAF(0x1000));
	expect_bad("ops->set called during prepare");

	setup(MMU_PAGES);
	mmu_ops.table_alloc(t, 3);
	expect_bad("ops->table_alloc called during pages_commit");

	setup(MMU_MAP);
	mmu_ops.table_alloc(t, 3);
	expect_bad("ops->table_alloc called during map_commit");

	setup(MMU_MAP);
	mmu_ops.flush(t, v, v + PAGE_4K, false);
	expect_bad("ops->flush called during map_commit");
}

static void accepts_break_before_make(void)
{
	setup(MMU_UNMAP);
	mmu_ranges_add(&m->granted, v, v + PAGE_4K);
	mmu_foreign_set(m, v, 3, LEAF(0x1000));
	set(v, 3, 0);
	mmu_ops.flush(t, v, v + PAGE_4K, false);
	set(v, 3, LEAF(0x2000));
	mmu_ops.publish(t);
	mmu_end(m);
	EXPECT(!m->nr_bad, "the model refuses what is right: %s",
	       m->first_bad);
	world_free(w);
}

static const struct tap_test tests[] = {
	{ "MAP-02 the model rejects a valid entry replaced by another",
	  valid_to_valid },
	{ "MAP-02 the model rejects a change of attributes in place",
	  valid_to_other_attributes },
	{ "MAP-02 the model rejects an entry written again before its flush",
	  rewritten_before_flush },
	{ "MAP-02 the model rejects a flush that ends too early",
	  flush_too_short },
	{ "MAP-09 the model rejects a table freed after a flush of leaves only",
	  table_freed_without_table_flush },
	{ "MAP-09 the model rejects a table freed without a flush",
	  table_freed_without_flush },
	{ "MAP-09 the model rejects memory freed without a flush",
	  leaf_freed_without_flush },
	{ "MAP-09 the model keeps leaves below an unlinked table until tables are flushed",
	  leaves_under_unlinked_table },
	{ "MAP-09 the model rejects a table that is unlinked and forgotten",
	  unlinked_and_lost },
	{ "MAP-09 the model rejects a table gathered while live",
	  gathered_while_live },
	{ "MAP-02 the model rejects an incomplete contiguous group",
	  group_incomplete },
	{ "MAP-02 the model rejects a contiguous group that is not aligned",
	  group_unaligned },
	{ "MAP-02 the model rejects a contiguous group changed in place",
	  group_cut_in_place },
	{ "MAP-02 the model keeps a group in the TLB while one sibling is valid",
	  group_flushed_too_early },
	{ "MAP-02 the model rejects a table linked without a barrier",
	  linked_without_order },
	{ "MAP-02 the model rejects a table changed between barrier and link",
	  changed_after_order },
	{ "MAP-02 the model rejects a subtree changed between barrier and link",
	  child_changed_after_order },
	{ "MAP-02 the model rejects a mapping reported before it is published",
	  not_published },
	{ "MAP-07 the model rejects a block at a level that has none",
	  block_at_wrong_level },
	{ "MAP-07 the model rejects a block with an unaligned output address",
	  block_unaligned },
	{ "MAP-07 the model rejects reserved bits", reserved_bits },
	{ "MAP-05 the model rejects permissions for what others have", shared_permissions },
	{ "MAP-02 the model rejects garbage in a new table",
	  garbage_in_new_table },
	{ "MAP-02 the model rejects a table linked at the wrong level",
	  wrong_level_table },
	{ "MAP-02 the model rejects a store that bypasses ops->set",
	  bypassed_set },
	{ "MAP-09 the model rejects a store to an unlinked table",
	  written_after_unlink },
	{ "MAP-09 the model rejects a table freed twice, live, or by a wrong address",
	  freed_wrongly },
	{ "MAP-04 the model rejects a table that leaks", leaked },
	{ "MAP-03 the model rejects a store outside the region",
	  outside_region },
	{ "MAP-03 the model rejects a shared entry removed or written without the lock",
	  shared_without_lock },
	{ "MAP-03 the model rejects breaking a translation in use",
	  broken_while_in_use },
	{ "MAP-03 the model notices when an address in use stops translating",
	  watched_address_changes },
	{ "MAP-02 the model notices two translations in the TLB",
	  stale_tlb_conflict },
	{ "MAP-09 the model notices a walk through a freed table",
	  walker_uses_freed_table },
	{ "MAP-04 the model rejects stores in prepare and allocations in commit",
	  wrong_phase },
	{ "MAP-02 the model accepts break-before-make",
	  accepts_break_before_make },
};

TAP_SUITE(suite_model, tests);
