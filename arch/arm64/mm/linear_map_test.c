// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the linear map and the memmap of hot-added memory.
 *
 * Owns:      a physical range that nothing else uses, for the time of a case.
 * Must not:  touch what it maps there, unless it is told that there is RAM.
 * Locks:     the memory hotplug lock for writing, around each call.
 *
 * Everything is judged by the tables themselves: before and after a case, all
 * entries of the linear region and of the memmap go into a hash. A table that
 * was left behind shows as a hole of many entries.
 *
 * It runs at boot, before user space: the page tables of processes that come
 * and go count as well.
 *
 * The range is the first free one above boot memory. "linear_map_test.ram="
 * names a range of 2 GiB that "mem=" hides from the kernel; then what is mapped
 * is written and read as well.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/kmsg_dump.h>
#include <linux/memblock.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/set_memory.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>

#include <asm/cpufeature.h>
#include <asm/linear_map.h>
#include <asm/pgtable.h>

#include "kernel_tree.h"

#define ROOM		(2ULL * SZ_1G)
#define SUBSECTION	BIT_ULL(SUBSECTION_SHIFT)
#define SECTION		BIT_ULL(SECTION_SIZE_BITS)

static unsigned long ram;
module_param(ram, ulong, 0444);
MODULE_PARM_DESC(ram, "physical address of 2 GiB of RAM that is hidden from the kernel");

static u64 room;			/* of ROOM bytes, nobody else's */
static struct resource *room_resource;
static struct dev_pagemap somebody;	/* only its address matters */

/* What a refused call must not change. */
struct state {
	u64 linear, memmap;
	long tables;
	unsigned long sections;
	unsigned long max_pfn;
};

/* ---- looking */

static u64 mix(u64 hash, u64 value)
{
	return (hash ^ value) * 0x100000001b3ULL;
}

static const struct kpgt_ops look_ops = { KERNEL_TREE_OPS };

static void look_at(struct kernel_tree *tree)
{
	kernel_tree_init(tree, &look_ops, _PAGE_OFFSET(vabits_actual),
			 PAGE_END, NUMA_NO_NODE);
}

static u64 look(u64 va, u64 *size)
{
	struct kernel_tree tree;

	look_at(&tree);
	return kpgt_lookup(&tree.kpgt, va, size);
}

static u64 look_pa(u64 pa, u64 *size)
{
	return look((u64)__phys_to_virt(pa), size);
}

static const u64 *table_below(struct kpgt *t, u64 entry)
{
	return t->ops->table_va(t, kpgt_decode_pa(&t->geom, entry));
}

/* All entries for [va, last], in a table of @level and in those below it. */
static u64 hash_table(struct kpgt *t, const u64 *table, int level, u64 va,
		      u64 last, u64 hash)
{
	u64 entry, end;

	for (;; va = end + 1) {
		entry = READ_ONCE(table[kpgt_index(&t->geom, level, va)]);
		end = min(va | (kpgt_span(&t->geom, level) - 1), last);
		if (kpgt_is_table(entry, level)) {
			hash = hash_table(t, table_below(t, entry), level + 1, va,
					  end, mix(hash, KPGT_TYPE));
		} else {
			hash = mix(hash, entry);
		}
		if (end == last)
			return hash;
	}
}

static u64 hash_of(u64 start, u64 end)
{
	struct kernel_tree tree;

	look_at(&tree);
	return hash_table(&tree.kpgt, tree.kpgt.root,
			  kpgt_root_level(&tree.kpgt.geom), start, end - 1,
			  0xcbf29ce484222325ULL);
}

static long node_tables(struct pglist_data *pgdat)
{
	long sum = atomic_long_read(&pgdat->vm_stat[NR_PAGETABLE]);
	int cpu;

	for_each_online_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(pgdat->per_cpu_nodestats, cpu)
				 ->vm_node_stat_diff[NR_PAGETABLE]);
	return sum;
}

static long sum_tables(void)
{
	struct pglist_data *pgdat;
	long sum = 0;

	for_each_online_pgdat(pgdat)
		sum += node_tables(pgdat);
	return sum;
}

/*
 * nr_page_table_pages, with what the CPUs have not folded in yet. A CPU that
 * folds at this moment is seen twice or not at all: ask until it is quiet.
 */
static long count_tables(void)
{
	long last, sum = sum_tables();

	do {
		last = sum;
		sum = sum_tables();
	} while (sum != last);
	return sum;
}

static unsigned long count_sections(void)
{
	unsigned long nr, sum = 0;

	for (nr = 0; nr <= __highest_present_section_nr; nr++)
		sum += present_section_nr(nr);
	return sum;
}

static struct state now(void)
{
	return (struct state){
		.linear = hash_of(_PAGE_OFFSET(vabits_actual), PAGE_END),
		/* what a CPU of fewer address bits leaves unused is vmalloc's */
		.memmap = hash_of(VMALLOC_END + SZ_8M, VMEMMAP_END),
		.tables = count_tables(),
		.sections = count_sections(),
		.max_pfn = max_pfn,
	};
}

static void expect_tables_as(struct kunit *test, const struct state *before)
{
	struct state after = now();

	KUNIT_EXPECT_EQ(test, before->linear, after.linear);
	KUNIT_EXPECT_EQ(test, before->memmap, after.memmap);
	KUNIT_EXPECT_EQ(test, before->tables, after.tables);
	KUNIT_EXPECT_EQ(test, before->sections, after.sections);
}

static u64 log_position(void)
{
	struct kmsg_dump_iter iter;

	kmsg_dump_rewind(&iter);
	return iter.next_seq;
}

/* Lines since @position that contain @text. */
static int log_lines(u64 position, const char *text)
{
	struct kmsg_dump_iter iter;
	char line[256];
	int found = 0;
	size_t len;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = position;
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		found += !!strstr(line, text);
	}
	return found;
}

/* ---- doing */

static struct mhp_params params_for(struct dev_pagemap *pgmap)
{
	return (struct mhp_params){
		.pgprot = pgprot_mhp(PAGE_KERNEL), .pgmap = pgmap,
	};
}

static int add_as(u64 start, u64 size, struct mhp_params params)
{
	int ret;

	mem_hotplug_begin();
	ret = arch_add_memory(first_online_node, start, size, &params);
	mem_hotplug_done();
	return ret;
}

static int add(u64 start, u64 size, struct dev_pagemap *pgmap)
{
	return add_as(start, size, params_for(pgmap));
}

static void take_away_as(u64 start, u64 size, struct mhp_params params)
{
	mem_hotplug_begin();
	arch_remove_memory(start, size, params.altmap, params.pgmap);
	mem_hotplug_done();
}

static void take_away(u64 start, u64 size, struct dev_pagemap *pgmap)
{
	take_away_as(start, size, params_for(pgmap));
}

static int map(u64 start, u64 size, struct dev_pagemap *pgmap)
{
	struct mhp_params params = params_for(pgmap);
	int ret;

	mem_hotplug_begin();
	ret = linear_map_add(first_online_node, start, size, &params);
	mem_hotplug_done();
	return ret;
}

static int unmap(u64 start, u64 size)
{
	int ret;

	mem_hotplug_begin();
	ret = linear_map_remove(start, size);
	mem_hotplug_done();
	return ret;
}

/* ---- MAP-11: ranges that cannot be */

/* @err, one line in the log that says so, and nothing has changed. */
static void expect_refused(struct kunit *test, u64 start, u64 size, int err)
{
	struct state before = now(), after;
	u64 position = log_position();
	char text[96];

	snprintf(text, sizeof(text), "[mem %#018llx-%#018llx] not added, error %d: ",
		 start, start + size - 1, err);
	KUNIT_EXPECT_EQ(test, err, add(start, size, NULL));
	KUNIT_EXPECT_EQ(test, 1, log_lines(position, text));
	KUNIT_EXPECT_EQ(test, 1, log_lines(position, "memory_hotplug: "));
	after = now();
	expect_tables_as(test, &before);
	KUNIT_EXPECT_EQ(test, before.max_pfn, after.max_pfn);
}

static void refuse_empty(struct kunit *test)
{
	expect_refused(test, room, 0, -EINVAL);
}

static void refuse_odd_start(struct kunit *test)
{
	expect_refused(test, room + PAGE_SIZE, SUBSECTION, -EINVAL);
	expect_refused(test, room + SUBSECTION / 2, SUBSECTION, -EINVAL);
	expect_refused(test, room + 1, SUBSECTION, -EINVAL);
}

static void refuse_odd_size(struct kunit *test)
{
	expect_refused(test, room, PAGE_SIZE, -EINVAL);
	expect_refused(test, room, SUBSECTION + SUBSECTION / 2, -EINVAL);
	expect_refused(test, room, SUBSECTION - 1, -EINVAL);
}

static void refuse_wrapping(struct kunit *test)
{
	expect_refused(test, -SUBSECTION, 2 * SUBSECTION, -ERANGE);
	expect_refused(test, room, -SUBSECTION, -ERANGE);
}

/* The first address that the CPU, or else a descriptor, has no bits for. */
static u64 physical_end(void)
{
	static const u8 known[] = { 32, 36, 40, 42, 44, 48, 52 };
	u64 mmfr0 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1);
	unsigned int bits = known[min(mmfr0 & 0xf, ARRAY_SIZE(known) - 1)];

	if (!IS_ENABLED(CONFIG_ARM64_64K_PAGES) && !lpa2_is_enabled())
		bits = min(bits, 48);
	return BIT_ULL(min(bits, PHYS_MASK_SHIFT));
}

static void refuse_beyond(struct kunit *test)
{
	u64 limit = arch_get_mappable_range().end + 1;

	expect_refused(test, limit, SUBSECTION, -E2BIG);
	expect_refused(test, limit - SUBSECTION, 2 * SUBSECTION, -E2BIG);
	/* up to the very last address: it does not wrap */
	expect_refused(test, -SUBSECTION, SUBSECTION, -E2BIG);
}

static void refuse_unphysical(struct kunit *test)
{
	u64 limit = physical_end();

	expect_refused(test, limit, SUBSECTION, -E2BIG);
	expect_refused(test, limit, SECTION, -E2BIG);
	expect_refused(test, limit - SUBSECTION, 2 * SUBSECTION, -E2BIG);
	expect_refused(test, BIT_ULL(PHYS_MASK_SHIFT), SUBSECTION, -E2BIG);
	expect_refused(test, BIT_ULL(52), SUBSECTION, -E2BIG);
}

static void refuse_below(struct kunit *test)
{
	u64 first = arch_get_mappable_range().start;

	if (first < SUBSECTION)
		kunit_skip(test, "the linear map starts at 0");
	expect_refused(test, first - SUBSECTION, SUBSECTION, -ERANGE);
	expect_refused(test, first - SUBSECTION, 2 * SUBSECTION, -ERANGE);
	expect_refused(test, 0, SUBSECTION, -ERANGE);
}

static void refuse_boot_memory(struct kunit *test)
{
	u64 boot = ALIGN(memblock_start_of_DRAM(), SECTION);

	expect_refused(test, boot, SUBSECTION, -EEXIST);
	expect_refused(test, boot, SECTION, -EEXIST);
	expect_refused(test, __pa_symbol(_text) & ~(SUBSECTION - 1), SUBSECTION,
		       -EEXIST);
}

static void refuse_overlap(struct kunit *test)
{
	u64 start = room + SECTION;
	struct state before = now();

	KUNIT_ASSERT_EQ(test, 0, add(start, SECTION, NULL));
	expect_refused(test, start, SECTION, -EEXIST);
	expect_refused(test, start - SUBSECTION, 2 * SUBSECTION, -EEXIST);
	expect_refused(test, start + SECTION - SUBSECTION, 2 * SUBSECTION,
		       -EEXIST);
	expect_refused(test, start + SECTION / 2, SUBSECTION, -EEXIST);
	expect_refused(test, start - SECTION, 3 * SECTION, -EEXIST);
	take_away(start, SECTION, NULL);
	expect_tables_as(test, &before);
}

/* Mapped, but without sections: as after a removal that could not split. */
static void refuse_mapped(struct kunit *test)
{
	struct state before = now();

	KUNIT_ASSERT_EQ(test, 0, map(room + SECTION, SUBSECTION, NULL));
	expect_refused(test, room, 2 * SECTION, -EEXIST);
	KUNIT_EXPECT_EQ(test, 0, unmap(room + SECTION, SUBSECTION));
	expect_tables_as(test, &before);
}

/* The opposite: as memory that firmware wants unmapped. */
static void refuse_unmapped(struct kunit *test)
{
	struct state before = now();

	KUNIT_ASSERT_EQ(test, 0, add(room, SECTION, &somebody));
	KUNIT_EXPECT_EQ(test, 0, unmap(room, SECTION));
	expect_refused(test, room, SECTION, -EEXIST);
	expect_refused(test, room + SECTION - SUBSECTION, 2 * SUBSECTION, -EEXIST);
	take_away(room, SECTION, &somebody);
	expect_tables_as(test, &before);
}

static void mappable_range(struct kunit *test)
{
	struct range range = arch_get_mappable_range();

	KUNIT_EXPECT_LT(test, range.start, range.end);
	KUNIT_EXPECT_LE(test, range.start, memblock_start_of_DRAM());
	KUNIT_EXPECT_GE(test, range.end, memblock_end_of_DRAM() - 1);
	KUNIT_EXPECT_EQ(test, range.end,
			min_t(u64, __pa(PAGE_END - 1), physical_end() - 1));
	KUNIT_EXPECT_GE(test, (u64)__phys_to_virt(range.start),
			_PAGE_OFFSET(vabits_actual));
	KUNIT_EXPECT_LE(test, (u64)__phys_to_virt(range.end), PAGE_END - 1);
	KUNIT_EXPECT_EQ(test, range.end, __pa(__phys_to_virt(range.end)));
}

static void ends_of_mappable_range(struct kunit *test)
{
	struct range range = arch_get_mappable_range();
	u64 last = range.end + 1 - SUBSECTION;
	struct state before = now();

	KUNIT_ASSERT_EQ(test, 0, map(last, SUBSECTION, NULL));
	KUNIT_EXPECT_NE(test, 0, look_pa(range.end, NULL));
	KUNIT_EXPECT_EQ(test, 0, look_pa(last - 1, NULL));
	KUNIT_EXPECT_EQ(test, 0, unmap(last, SUBSECTION));
	expect_tables_as(test, &before);
}

/* ---- MAP-05: the size of leaves */

static u64 expected_limit(struct dev_pagemap *pgmap)
{
	if (debug_pagealloc_enabled())
		return PAGE_SIZE;
	return pgmap ? KPGT_MAX_LEAF : memory_block_size_bytes();
}

/* Does a leaf or group of @size fit around @pa in [start, end)? */
static bool fits(u64 pa, u64 size, u64 start, u64 end, u64 limit)
{
	u64 first = ALIGN_DOWN(pa, size);

	return size <= limit && first >= start && first + size <= end &&
	       IS_ALIGNED((u64)__phys_to_virt(first), size);
}

/* The largest that fits: its span in the tables, and if it is a group. */
static u64 expected_leaf(u64 pa, u64 start, u64 end, u64 limit, bool *group)
{
	*group = false;
	if (pud_sect_supported() && fits(pa, PUD_SIZE, start, end, limit))
		return PUD_SIZE;
	*group = fits(pa, CONT_PMD_SIZE, start, end, limit);
	if (*group || fits(pa, PMD_SIZE, start, end, limit))
		return PMD_SIZE;
	*group = fits(pa, CONT_PTE_SIZE, start, end, limit);
	return PAGE_SIZE;
}

static void expect_leaf(struct kunit *test, u64 pa, u64 start, u64 end,
			u64 limit, u64 *size)
{
	u64 desc = look_pa(pa, size), expected;
	bool group;

	expected = expected_leaf(pa, start, end, limit, &group);
	KUNIT_EXPECT_EQ_MSG(test, expected, *size, "at %#llx", pa);
	KUNIT_EXPECT_EQ_MSG(test, group, !!(desc & KPGT_CONT), "at %#llx", pa);
	KUNIT_EXPECT_EQ_MSG(test, pa, __pte_to_phys(__pte(desc)), "at %#llx", pa);
	KUNIT_EXPECT_EQ_MSG(test, KPGT_VALID, desc & KPGT_VALID, "at %#llx", pa);
}

static void expect_leaves(struct kunit *test, u64 start, u64 size,
			  struct dev_pagemap *pgmap)
{
	u64 limit = expected_limit(pgmap), pa, leaf, hole;
	struct state before = now();

	KUNIT_ASSERT_EQ(test, 0, map(start, size, pgmap));
	for (pa = start; pa < start + size; pa += leaf)
		expect_leaf(test, pa, start, start + size, limit, &leaf);
	KUNIT_EXPECT_EQ(test, 0, look_pa(start - 1, &hole));
	KUNIT_EXPECT_EQ(test, 0, look_pa(start + size, &hole));
	KUNIT_EXPECT_EQ(test, 0, unmap(start, size));
	expect_tables_as(test, &before);
}

static void leaves_of_blocks(struct kunit *test)
{
	expect_leaves(test, room + SZ_1G / 2, SZ_1G + SZ_1G / 2, NULL);
}

static void leaves_of_pagemap(struct kunit *test)
{
	expect_leaves(test, room + SZ_1G / 2, SZ_1G + SZ_1G / 4, &somebody);
	expect_leaves(test, room + SZ_1G / 2, SZ_1G + SZ_1G / 2, &somebody);
}

static void leaves_of_odd_range(struct kunit *test)
{
	expect_leaves(test, room + SUBSECTION, SECTION, NULL);
	expect_leaves(test, room + SECTION - SUBSECTION, SECTION + 3 * SUBSECTION,
		      &somebody);
}

static void need_blocks(struct kunit *test)
{
	if (debug_pagealloc_enabled())
		kunit_skip(test, "pages map everything here");
}

/* A range that nobody uses, or 0: too much for the tests' own. */
static u64 reserve_pud(void)
{
	u64 start = ALIGN(room + ROOM, PUD_SIZE);

	for (; start + PUD_SIZE - 1 <= arch_get_mappable_range().end; start += PUD_SIZE)
		if (request_mem_region(start, PUD_SIZE, "linear_map_test"))
			return start;
	return 0;
}

/* As much as the architecture has a leaf for, whatever the page size. */
static void leaves_of_pud(struct kunit *test)
{
	u64 start;

	need_blocks(test);
	start = reserve_pud();
	if (!start)
		kunit_skip(test, "the linear map is too small");
	expect_leaves(test, start, PUD_SIZE, &somebody);
	release_mem_region(start, PUD_SIZE);
}

static void leaves_of_subsection(struct kunit *test)
{
	expect_leaves(test, room + 5 * SUBSECTION, SUBSECTION, NULL);
}

/* ---- MAP-09: tables */

/* Tables for the second GiB, beside something in the first. */
static long tables_for_gib(void)
{
	u64 va = (u64)__phys_to_virt(room + SZ_1G);
	struct kernel_tree tree;
	long tables = 0;
	int level;

	look_at(&tree);
	for (level = kpgt_root_level(&tree.kpgt.geom); level < 2; level++)
		tables += IS_ALIGNED(va, kpgt_span(&tree.kpgt.geom, level));
	if (debug_pagealloc_enabled())
		tables += SZ_1G / PMD_SIZE;
	return tables;
}

static void counts_tables(struct kunit *test)
{
	struct state before = now(), beside;

	KUNIT_ASSERT_EQ(test, 0, map(room, SUBSECTION, NULL));
	beside = now();
	KUNIT_EXPECT_EQ(test, 0, map(room + SZ_1G, SZ_1G, NULL));
	KUNIT_EXPECT_EQ(test, beside.tables + tables_for_gib(), count_tables());
	KUNIT_EXPECT_EQ(test, 0, unmap(room + SZ_1G, SZ_1G));
	expect_tables_as(test, &beside);
	KUNIT_EXPECT_EQ(test, 0, unmap(room, SUBSECTION));
	expect_tables_as(test, &before);
}

/* Two in the same tables: what one still needs stays when the other goes. */
static void shared_table(struct kunit *test, bool first_goes_first)
{
	u64 a = room, b = room + SUBSECTION;
	struct state before = now(), alone;

	if (!first_goes_first)
		swap(a, b);
	KUNIT_ASSERT_EQ(test, 0, map(b, SUBSECTION, NULL));
	alone = now();
	KUNIT_EXPECT_EQ(test, 0, map(a, SUBSECTION, NULL));
	KUNIT_EXPECT_EQ(test, 0, unmap(a, SUBSECTION));
	expect_tables_as(test, &alone);
	KUNIT_EXPECT_EQ(test, 0, unmap(b, SUBSECTION));
	expect_tables_as(test, &before);
}

static void shared_tables(struct kunit *test)
{
	shared_table(test, true);
	shared_table(test, false);
}

static void whole_life(struct kunit *test)
{
	struct state before = now();
	u64 pa;

	KUNIT_ASSERT_EQ(test, 0, add(room, SZ_1G, NULL));
	KUNIT_EXPECT_EQ(test, before.sections + SZ_1G / SECTION, count_sections());
	for (pa = room; pa < room + SZ_1G; pa += SECTION)
		KUNIT_EXPECT_TRUE(test, pfn_valid(PHYS_PFN(pa)));
	take_away(room, SZ_1G, NULL);
	expect_tables_as(test, &before);
}

/* Added as one, removed by sections, in an order that leaves holes. */
static void removed_in_parts(struct kunit *test)
{
	unsigned int n = SZ_1G / SECTION, i;
	struct state before = now();

	KUNIT_ASSERT_EQ(test, 0, add(room, SZ_1G, NULL));
	for (i = 1; i < n; i += 2)
		take_away(room + i * SECTION, SECTION, NULL);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ_MSG(test, !(i & 1),
				    !!look_pa(room + i * SECTION, NULL),
				    "section %u", i);
	for (i = 0; i < n; i += 2)
		take_away(room + i * SECTION, SECTION, NULL);
	expect_tables_as(test, &before);
}

#define ROUNDS	1024

static long count_free(void)
{
	rcu_barrier();
	drain_all_pages(NULL);
	return global_zone_page_state(NR_FREE_PAGES);
}

/* A page that is lost in each round is told from what others take meanwhile. */
static void expect_as_free(struct kunit *test, long before)
{
	KUNIT_EXPECT_LT(test, before - count_free(), ROUNDS / 2);
}

static void tables_are_freed(struct kunit *test)
{
	long before = count_free();
	int i;

	for (i = 0; i < ROUNDS; i++) {
		KUNIT_ASSERT_EQ(test, 0, map(room, SUBSECTION, NULL));
		KUNIT_ASSERT_EQ(test, 0, unmap(room, SUBSECTION));
	}
	expect_as_free(test, before);
}

static void memmap_is_freed(struct kunit *test)
{
	long before = count_free();
	u64 size;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		size = i % 8 ? SUBSECTION : SECTION;
		KUNIT_ASSERT_EQ(test, 0, add(room, size, NULL));
		take_away(room, size, NULL);
	}
	expect_as_free(test, before);
}

/* ---- MAP-08: cutting leaves */

#define HOLE		(room + SZ_1G / 4 + SUBSECTION)
#define HOLE_SIZE	(SZ_1G / 4 + SUBSECTION)

static u64 mark(u64 pa)
{
	return pa ^ 0x5ca1ab1e0ddba11ULL;
}

/* KASAN has no shadow for the range: it gets one when it goes online. */
static __no_kasan_or_inline void poke(u64 pa, u64 value)
{
	WRITE_ONCE(*(u64 *)__phys_to_virt(pa), value);
}

static u64 peek(u64 pa)
{
	return READ_ONCE_NOCHECK(*(u64 *)__phys_to_virt(pa));
}

/* One word of each 2 MiB, if there is RAM. */
static void write_marks(u64 start, u64 size)
{
	u64 pa;

	for (pa = start; ram && pa < start + size; pa += SUBSECTION)
		poke(pa, mark(pa));
}

static void expect_marks(struct kunit *test, u64 start, u64 size)
{
	u64 pa;

	for (pa = start; ram && pa < start + size; pa += SUBSECTION)
		KUNIT_EXPECT_EQ(test, mark(pa), peek(pa));
}

/* The same address, the same attributes, only the size may have changed. */
static void expect_mapped(struct kunit *test, u64 start, u64 size, u64 model)
{
	const u64 shape = KPGT_TYPE | KPGT_CONT | PTE_ADDR_LOW;
	u64 pa, leaf, desc;

	for (pa = start; pa < start + size; pa += SUBSECTION) {
		desc = look_pa(pa, &leaf);
		KUNIT_EXPECT_EQ_MSG(test, model & ~shape, desc & ~shape,
				    "at %#llx", pa);
		KUNIT_EXPECT_EQ_MSG(test, ALIGN_DOWN(pa, leaf),
				    __pte_to_phys(__pte(desc)), "at %#llx", pa);
	}
	expect_marks(test, start, size);
}

static void expect_absent(struct kunit *test, u64 start, u64 size)
{
	u64 pa;

	for (pa = start; pa < start + size; pa += SUBSECTION)
		KUNIT_EXPECT_EQ_MSG(test, 0, look_pa(pa, NULL), "at %#llx", pa);
}

struct reading {
	u64 pa;
	atomic_t done;
};

static void try_to_read(void *arg)
{
	struct reading *reading = arg;
	u64 value;

	if (!copy_from_kernel_nofault(&value, (void *)__phys_to_virt(reading->pa),
				      sizeof(value)))
		atomic_inc(&reading->done);
}

/* How many CPUs can read it? Those that can have it in their TLB afterwards. */
static int readers(u64 pa)
{
	struct reading reading = { .pa = pa };

	on_each_cpu(try_to_read, &reading, true);
	return atomic_read(&reading.done);
}

static void unreadable_at_once(struct kunit *test)
{
	u64 pas[] = { room, HOLE, room + SZ_1G - PAGE_SIZE };
	unsigned int i;

	if (!ram)
		kunit_skip(test, "the range is no RAM");
	KUNIT_ASSERT_EQ(test, 0, map(room, SZ_1G, &somebody));
	for (i = 0; i < ARRAY_SIZE(pas); i++)
		KUNIT_EXPECT_EQ(test, num_online_cpus(), readers(pas[i]));
	KUNIT_EXPECT_EQ(test, 0, unmap(HOLE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, readers(HOLE));
	KUNIT_EXPECT_EQ(test, num_online_cpus(), readers(HOLE + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, unmap(room, SZ_1G));
	for (i = 0; i < ARRAY_SIZE(pas); i++)
		KUNIT_EXPECT_EQ(test, 0, readers(pas[i]));
	KUNIT_EXPECT_EQ(test, 0, readers(HOLE + PAGE_SIZE));
}

static void cut_the_middle(struct kunit *test)
{
	struct state before = now();
	u64 rest = HOLE + HOLE_SIZE, end = room + SZ_1G, model;

	KUNIT_ASSERT_EQ(test, 0, map(room, SZ_1G, &somebody));
	model = look_pa(room, NULL);
	write_marks(room, SZ_1G);
	KUNIT_EXPECT_EQ(test, 0, unmap(HOLE, HOLE_SIZE));
	expect_absent(test, HOLE, HOLE_SIZE);
	expect_mapped(test, room, HOLE - room, model);
	expect_mapped(test, rest, end - rest, model);
	KUNIT_EXPECT_EQ(test, 0, map(HOLE, HOLE_SIZE, &somebody));
	expect_mapped(test, room, SZ_1G, model);
	KUNIT_EXPECT_EQ(test, 0, unmap(room, SZ_1G));
	expect_tables_as(test, &before);
}

static void cut_the_ends(struct kunit *test)
{
	struct state before = now();
	u64 model;

	KUNIT_ASSERT_EQ(test, 0, map(room, SZ_1G, &somebody));
	model = look_pa(room, NULL);
	write_marks(room, SZ_1G);
	KUNIT_EXPECT_EQ(test, 0, unmap(room, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, unmap(room + SZ_1G - PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, look_pa(room, NULL));
	KUNIT_EXPECT_NE(test, 0, look_pa(room + PAGE_SIZE, NULL));
	KUNIT_EXPECT_EQ(test, 0, look_pa(room + SZ_1G - 1, NULL));
	KUNIT_EXPECT_NE(test, 0, look_pa(room + SZ_1G - 1 - PAGE_SIZE, NULL));
	expect_mapped(test, room + SUBSECTION, SZ_1G - SUBSECTION, model);
	KUNIT_EXPECT_EQ(test, 0, unmap(room, SZ_1G));
	expect_tables_as(test, &before);
}

/* The leaf or group at the start of 1 GiB that belongs to a pagemap. */
static u64 unit_size(void)
{
	if (pud_sect_supported())
		return PUD_SIZE;
	/* a group of 64K pages' blocks is 16 GiB */
	return IS_ENABLED(CONFIG_ARM64_64K_PAGES) ? PMD_SIZE : CONT_PMD_SIZE;
}

/* The rest of the leaf is online: the range stays, and a message says so. */
static void refuse_to_cut(struct kunit *test)
{
	unsigned long used = PHYS_PFN(room + unit_size() - SECTION);
	struct state before = now(), mapped;

	need_blocks(test);
	KUNIT_ASSERT_EQ(test, 0, add(room, SZ_1G, &somebody));
	mapped = now();
	online_mem_sections(used, used + PAGES_PER_SECTION);
	KUNIT_EXPECT_EQ(test, -EBUSY, unmap(room + SECTION - SUBSECTION,
					    SUBSECTION));
	KUNIT_EXPECT_EQ(test, -EBUSY, unmap(room, unit_size() - SUBSECTION));
	KUNIT_EXPECT_EQ(test, -EBUSY, unmap(room + PAGE_SIZE, PAGE_SIZE));
	expect_tables_as(test, &mapped);
	offline_mem_sections(used, used + PAGES_PER_SECTION);
	take_away(room, SZ_1G, &somebody);
	expect_tables_as(test, &before);
}

static void says_that_it_stays(struct kunit *test)
{
	unsigned long used = PHYS_PFN(room + unit_size() - SECTION);
	u64 part = min(SECTION, unit_size() / 2), linear, position;
	struct state before = now();

	need_blocks(test);
	KUNIT_ASSERT_EQ(test, 0, add(room, SZ_1G, &somebody));
	linear = now().linear;
	online_mem_sections(used, used + PAGES_PER_SECTION);
	position = log_position();
	take_away(room, part, &somebody);
	KUNIT_EXPECT_EQ(test, 1, log_lines(position, "stays in the linear map, error -16"));
	KUNIT_EXPECT_EQ(test, linear, now().linear);
	expect_refused(test, room, part, -EEXIST);
	offline_mem_sections(used, used + PAGES_PER_SECTION);
	take_away(room + part, SZ_1G - part, &somebody);
	KUNIT_EXPECT_EQ(test, 0, unmap(room, part));
	expect_tables_as(test, &before);
}

/* ---- MAP-12: the memmap of less than a section */

static void write_memmap(u64 start, u64 size)
{
	memset(pfn_to_page(PHYS_PFN(start)), (u8)(start >> SUBSECTION_SHIFT) | 1,
	       PHYS_PFN(size) * sizeof(struct page));
}

/* Nobody else has been given the memory behind it. */
static void expect_memmap(struct kunit *test, u64 start, u64 size)
{
	u8 byte = (u8)(start >> SUBSECTION_SHIFT) | 1;

	KUNIT_EXPECT_NULL(test, memchr_inv(pfn_to_page(PHYS_PFN(start)), byte,
					   PHYS_PFN(size) * sizeof(struct page)));
}

static void remove_subsections(struct kunit *test, u64 first, u64 second)
{
	struct state before = now();

	KUNIT_ASSERT_EQ(test, 0, add(room, SUBSECTION, NULL));
	KUNIT_ASSERT_EQ(test, 0, add(room + SUBSECTION, SUBSECTION, NULL));
	write_memmap(second, SUBSECTION);
	take_away(first, SUBSECTION, NULL);
	KUNIT_EXPECT_FALSE(test, pfn_valid(PHYS_PFN(first)));
	KUNIT_EXPECT_TRUE(test, pfn_valid(PHYS_PFN(second)));
	KUNIT_EXPECT_EQ(test, 0, look_pa(first, NULL));
	KUNIT_EXPECT_NE(test, 0, look_pa(second, NULL));
	expect_memmap(test, second, SUBSECTION);
	take_away(second, SUBSECTION, NULL);
	expect_tables_as(test, &before);
}

static void subsections_up(struct kunit *test)
{
	remove_subsections(test, room, room + SUBSECTION);
}

static void subsections_down(struct kunit *test)
{
	remove_subsections(test, room + SUBSECTION, room);
}

/* With 4K pages, the memmap of a section is one leaf. */
static void section_without(struct kunit *test, u64 hole)
{
	u64 kept = room + 5 * SUBSECTION;
	struct state before = now();

	KUNIT_ASSERT_EQ(test, 0, add(room, SECTION, &somebody));
	write_memmap(kept, SUBSECTION);
	take_away(hole, SUBSECTION, &somebody);
	expect_memmap(test, kept, SUBSECTION);
	KUNIT_EXPECT_EQ(test, 0, look_pa(hole, NULL));
	KUNIT_EXPECT_NE(test, 0, look_pa(kept, NULL));
	KUNIT_EXPECT_EQ(test, 0, add(hole, SUBSECTION, &somebody));
	expect_memmap(test, kept, SUBSECTION);
	take_away(kept, room + SECTION - kept, &somebody);
	take_away(room, kept - room, &somebody);
	expect_tables_as(test, &before);
}

static void subsection_of_section(struct kunit *test)
{
	section_without(test, room);
	section_without(test, room + 3 * SUBSECTION);
	section_without(test, room + SECTION - SUBSECTION);
}

/* ---- MAP-12: the memmap in the range itself */

static struct mhp_params with_altmap(struct vmem_altmap *altmap)
{
	struct mhp_params params = params_for(NULL);

	params.altmap = altmap;
	return params;
}

/* Is the memmap of [start, start + size) in [start, end)? */
static void expect_inside(struct kunit *test, u64 start, u64 size, u64 end)
{
	u64 va = (u64)pfn_to_page(PHYS_PFN(start)), leaf, pa;
	u64 last = (u64)pfn_to_page(PHYS_PFN(start + size));

	for (; va < last; va += leaf) {
		pa = __pte_to_phys(__pte(look(va, &leaf)));
		KUNIT_EXPECT_GE(test, pa, start);
		KUNIT_EXPECT_LE(test, pa + leaf, end);
	}
}

static void memmap_in_range(struct kunit *test)
{
	u64 needed = PHYS_PFN(SZ_1G) * sizeof(struct page);
	struct vmem_altmap altmap = {
		.base_pfn = PHYS_PFN(room), .free = PHYS_PFN(needed),
		.end_pfn = PHYS_PFN(room + SZ_1G) - 1,
	};
	struct state before = now();

	if (!ram)
		kunit_skip(test, "the range is no RAM");
	KUNIT_ASSERT_EQ(test, 0, add_as(room, SZ_1G, with_altmap(&altmap)));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(needed), altmap.alloc);
	expect_inside(test, room, SZ_1G, room + needed);
	write_memmap(room, SZ_1G);
	expect_memmap(test, room, SZ_1G);
	take_away_as(room, SZ_1G, with_altmap(&altmap));
	KUNIT_EXPECT_EQ(test, 0, altmap.alloc);
	expect_tables_as(test, &before);
}

/* An altmap too small for the memmap: refused, and what was taken given back. */
static void expect_too_small(struct kunit *test, unsigned long pages)
{
	struct vmem_altmap altmap = {
		.base_pfn = PHYS_PFN(room), .free = pages,
		.end_pfn = PHYS_PFN(room + SZ_1G) - 1,
	};
	struct state before = now();
	u64 position = log_position();

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			add_as(room, SZ_1G, with_altmap(&altmap)));
	KUNIT_EXPECT_EQ(test, 0, altmap.alloc);
	KUNIT_EXPECT_EQ(test, 1, log_lines(position, "not added, error -12: "));
	KUNIT_EXPECT_EQ(test, 1, log_lines(position, "memory_hotplug: "));
	expect_tables_as(test, &before);
}

/* For less than one section, for half of them, and for all but a page. */
static void memmap_too_large(struct kunit *test)
{
	unsigned long needed = PHYS_PFN(PHYS_PFN(SZ_1G) * sizeof(struct page));

	if (!ram)
		kunit_skip(test, "the range is no RAM");
	expect_too_small(test, 1);
	expect_too_small(test, needed / 2);
	expect_too_small(test, needed - 1);
}

/* ---- MAP-06: from blocks to pages */

#define PAGED		(room + SECTION)
#define PAGED_SIZE	(2 * SECTION)

static void need_pages(struct kunit *test)
{
	need_blocks(test);
	if (!can_set_direct_map())
		kunit_skip(test, "nobody needs pages here");
}

static int prepare_pages(u64 start, u64 size)
{
	return arch_page_map_prepare(first_online_node, start, size, NULL);
}

static int to_pages(u64 start, u64 size)
{
	int ret;

	mem_hotplug_begin();
	ret = prepare_pages(start, size);
	if (!ret)
		arch_page_map_commit();
	mem_hotplug_done();
	return ret;
}

static u64 cost_of_pages(u64 start, u64 size)
{
	u64 cost;

	mem_hotplug_begin();
	cost = arch_page_map_cost(start, size);
	mem_hotplug_done();
	return cost;
}

/* Single pages only: how many are not? */
static long larger_than_page(u64 start, u64 size)
{
	u64 pa, desc, leaf;
	long found = 0;

	for (pa = start; pa < start + size; pa += PAGE_SIZE) {
		desc = look_pa(pa, &leaf);
		found += leaf != PAGE_SIZE || (desc & KPGT_CONT) ||
			 __pte_to_phys(__pte(desc)) != pa;
	}
	return found;
}

static void blocks_to_pages(struct kunit *test)
{
	struct state before = now(), mapped;
	u64 model, cost;

	need_pages(test);
	KUNIT_ASSERT_EQ(test, 0, map(PAGED, PAGED_SIZE, NULL));
	mapped = now();
	model = look_pa(PAGED, NULL);
	write_marks(PAGED, PAGED_SIZE);
	cost = cost_of_pages(PAGED, PAGED_SIZE);
	KUNIT_EXPECT_EQ(test, PAGED_SIZE / PMD_SIZE, cost);
	KUNIT_EXPECT_EQ(test, 0, to_pages(PAGED, PAGED_SIZE));
	KUNIT_EXPECT_EQ(test, mapped.tables + cost, count_tables());
	KUNIT_EXPECT_EQ(test, 0, larger_than_page(PAGED, PAGED_SIZE));
	expect_mapped(test, PAGED, PAGED_SIZE, model);
	KUNIT_EXPECT_EQ(test, 0, cost_of_pages(PAGED, PAGED_SIZE));
	KUNIT_EXPECT_EQ(test, 0, unmap(PAGED, PAGED_SIZE));
	expect_tables_as(test, &before);
}

static void given_up(struct kunit *test)
{
	struct state before = now(), mapped;

	need_pages(test);
	KUNIT_ASSERT_EQ(test, 0, map(PAGED, PAGED_SIZE, NULL));
	mapped = now();
	mem_hotplug_begin();
	KUNIT_EXPECT_EQ(test, 0, prepare_pages(PAGED, PAGED_SIZE));
	KUNIT_EXPECT_LT(test, mapped.tables, count_tables());
	arch_page_map_abort();
	mem_hotplug_done();
	expect_tables_as(test, &mapped);
	KUNIT_EXPECT_EQ(test, 0, unmap(PAGED, PAGED_SIZE));
	expect_tables_as(test, &before);
}

static void used_stays_blocks(struct kunit *test)
{
	unsigned long pfn = PHYS_PFN(PAGED), end = pfn + PAGES_PER_SECTION;
	struct state before = now(), mapped;

	need_pages(test);
	KUNIT_ASSERT_EQ(test, 0, add(PAGED, PAGED_SIZE, NULL));
	mapped = now();
	online_mem_sections(pfn, end);
	KUNIT_EXPECT_EQ(test, -EBUSY, to_pages(PAGED, PAGED_SIZE));
	KUNIT_EXPECT_EQ(test, -EINVAL, to_pages(PAGED, PAGE_SIZE + 1));
	expect_tables_as(test, &mapped);
	offline_mem_sections(pfn, end);
	take_away(PAGED, PAGED_SIZE, NULL);
	expect_tables_as(test, &before);
}

/* Of memory, and of a device's. */
static void change_refused(struct kunit *test, struct dev_pagemap *pgmap)
{
	struct page *page = pfn_to_page(PHYS_PFN(PAGED) + 5);
	unsigned long va = (unsigned long)page_address(page);
	struct state before = now(), mapped;
	u64 position;

	KUNIT_ASSERT_EQ(test, 0, add(PAGED, SECTION, pgmap));
	mapped = now();
	position = log_position();
	KUNIT_EXPECT_EQ(test, -EINVAL, set_direct_map_invalid_noflush(page));
	KUNIT_EXPECT_EQ(test, -EINVAL, set_direct_map_default_noflush(page));
	KUNIT_EXPECT_EQ(test, -EINVAL, set_memory_valid(va, 1, 0));
	KUNIT_EXPECT_EQ(test, 3, log_lines(position, "permissions not changed"));
	expect_tables_as(test, &mapped);
	take_away(PAGED, SECTION, pgmap);
	expect_tables_as(test, &before);
}

static void blocks_stay_as_they_are(struct kunit *test)
{
	need_pages(test);
	change_refused(test, NULL);
	change_refused(test, &somebody);
}

static void pages_may_change(struct kunit *test)
{
	struct page *page = pfn_to_page(PHYS_PFN(PAGED) + 5);
	struct state before = now(), paged;
	u64 pa = PAGED + 5 * PAGE_SIZE;

	need_pages(test);
	KUNIT_ASSERT_EQ(test, 0, add(PAGED, SECTION, NULL));
	KUNIT_ASSERT_EQ(test, 0, to_pages(PAGED, SECTION));
	paged = now();
	KUNIT_EXPECT_EQ(test, 0, set_direct_map_invalid_noflush(page));
	KUNIT_EXPECT_EQ(test, 0, look_pa(pa, NULL));
	KUNIT_EXPECT_NE(test, 0, look_pa(pa - PAGE_SIZE, NULL));
	KUNIT_EXPECT_NE(test, 0, look_pa(pa + PAGE_SIZE, NULL));
	KUNIT_EXPECT_EQ(test, 0, set_direct_map_default_noflush(page));
	KUNIT_EXPECT_NE(test, 0, look_pa(pa, NULL));
	expect_tables_as(test, &paged);
	take_away(PAGED, SECTION, NULL);
	expect_tables_as(test, &before);
}

/* ---- the suite */

/* What is made once and stays: tables on the border of a region, max_pfn. */
static int warm_up(void)
{
	int ret = add(room, SECTION, NULL);

	if (!ret)
		take_away(room, SECTION, NULL);
	return ret;
}

static int linear_map_suite_init(struct kunit_suite *suite)
{
	room = ram ? ram : ALIGN(memblock_end_of_DRAM(), SZ_1G) + SZ_1G;
	if (!IS_ALIGNED(room, SZ_1G))
		return -EINVAL;
	room_resource = request_mem_region(room, ROOM, "linear_map_test");
	if (!room_resource)
		return -EBUSY;
	return warm_up();
}

static void linear_map_suite_exit(struct kunit_suite *suite)
{
	if (room_resource)
		release_mem_region(room, ROOM);
	room_resource = NULL;
}

#define CASE(function, sentence)	{ .run_case = function, .name = sentence }

static struct kunit_case linear_map_cases[] = {
	CASE(refuse_empty, "MAP-11 an empty range is refused with EINVAL"),
	CASE(refuse_odd_start,
	     "MAP-11 an unaligned start is refused with EINVAL"),
	CASE(refuse_odd_size,
	     "MAP-11 an unaligned size is refused with EINVAL"),
	CASE(refuse_wrapping,
	     "MAP-11 a range that wraps is refused with ERANGE"),
	CASE(refuse_beyond,
	     "MAP-11 a range beyond what can be mapped is refused with E2BIG"),
	CASE(refuse_unphysical,
	     "MAP-11 a range beyond the CPU's physical addresses is refused with E2BIG"),
	CASE(refuse_below,
	     "MAP-11 a range below the linear map is refused with ERANGE"),
	CASE(refuse_boot_memory,
	     "MAP-11 a range of boot memory is refused with EEXIST"),
	CASE(refuse_overlap,
	     "MAP-11 a range that is partly there is refused with EEXIST"),
	CASE(refuse_mapped,
	     "MAP-11 a range that is mapped without sections is refused with EEXIST"),
	CASE(refuse_unmapped,
	     "MAP-11 a range that has sections without a mapping is refused with EEXIST"),
	CASE(mappable_range,
	     "MAP-11 the mappable range holds RAM and fits the linear map"),
	CASE(ends_of_mappable_range,
	     "MAP-11 the last 2 MiB of the mappable range can be mapped"),
	CASE(leaves_of_blocks,
	     "MAP-05 leaves are as large as fits a memory block"),
	CASE(leaves_of_pagemap,
	     "MAP-05 leaves of a pagemap are as large as can be"),
	CASE(leaves_of_pud,
	     "MAP-05 leaves are no larger than those other walkers know"),
	CASE(leaves_of_odd_range,
	     "MAP-05 the edges of an odd range have smaller leaves"),
	CASE(leaves_of_subsection, "MAP-05 a range of 2 MiB is mapped alone"),
	CASE(counts_tables,
	     "MAP-09 1 GiB takes the tables it needs and gives them back"),
	CASE(shared_tables, "MAP-09 a table that a neighbour needs stays"),
	CASE(whole_life,
	     "MAP-09 MAP-12 1 GiB with its memmap leaves nothing behind"),
	CASE(removed_in_parts,
	     "MAP-08 MAP-09 1 GiB is removed by sections and leaves nothing behind"),
	CASE(tables_are_freed,
	     "MAP-09 a thousand rounds lose no page of tables"),
	CASE(memmap_is_freed,
	     "MAP-09 MAP-12 a thousand rounds lose no page of memmap"),
	CASE(unreadable_at_once,
	     "MAP-08 what was unmapped cannot be read by any CPU, its neighbour can"),
	CASE(cut_the_middle,
	     "MAP-08 the middle of a leaf is unmapped and the rest stays"),
	CASE(cut_the_ends,
	     "MAP-08 a page at each end of a leaf is unmapped and the rest stays"),
	CASE(refuse_to_cut,
	     "MAP-08 a leaf is not cut while its rest is in use"),
	CASE(says_that_it_stays,
	     "MAP-08 a removal that would cut a leaf in use says so and unmaps nothing"),
	CASE(subsections_up,
	     "MAP-12 the memmap of 2 MiB goes before its neighbour's"),
	CASE(subsections_down,
	     "MAP-12 the memmap of 2 MiB goes after its neighbour's"),
	CASE(subsection_of_section,
	     "MAP-12 the memmap of a section stays until its last part goes"),
	CASE(memmap_in_range,
	     "MAP-12 the memmap of 1 GiB lies in it and all of it is given back"),
	CASE(memmap_too_large,
	     "MAP-12 a memmap that does not fit where it should is refused with ENOMEM"),
	CASE(blocks_to_pages,
	     "MAP-06 blocks become pages, and all else stays as it is"),
	CASE(given_up,
	     "MAP-06 the tables of pages are given back if they are not used"),
	CASE(used_stays_blocks,
	     "MAP-06 what is in use does not become pages"),
	CASE(blocks_stay_as_they_are,
	     "MAP-06 who changes the permissions of a page in a block is told and refused"),
	CASE(pages_may_change,
	     "MAP-06 the permissions of single pages can be changed after that"),
	{}
};

static struct kunit_suite linear_map_suite = {
	.name = "memhp_linear_map",
	.suite_init = linear_map_suite_init,
	.suite_exit = linear_map_suite_exit,
	.test_cases = linear_map_cases,
};

kunit_test_suite(linear_map_suite);
