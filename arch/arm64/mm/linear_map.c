// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linear map of hot-added memory: arch_add_memory() and its opposite.
 *
 * Owns:      the tables of the linear region, from the first hot-add on.
 * Must not:  touch entries outside of it, or choose nodes and zones.
 * Locks:     callers hold the memory hotplug lock for writing
 *            (mem_hotplug_begin()); nothing stronger is taken: other CPUs run
 *            on, with interrupts on.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/boot_memory.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/notifier.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/range.h>
#include <linux/sched.h>
#include <linux/set_memory.h>

#include <asm/cpufeature.h>
#include <asm/linear_map.h>
#include <asm/memory.h>
#include <asm/pgtable.h>

#include "kernel_tree.h"

/* What the CPUs put out, and the descriptors hold (Arm ARM D8.1.7). */
static unsigned int read_physical_bits(void)
{
	u64 mmfr0 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1);
	unsigned int range = cpuid_feature_extract_unsigned_field(mmfr0,
					ID_AA64MMFR0_EL1_PARANGE_SHIFT);
	unsigned int bits = id_aa64mmfr0_parange_to_phys_shift(range);

	if (!IS_ENABLED(CONFIG_ARM64_64K_PAGES) && !lpa2_is_enabled())
		bits = min(bits, 48);
	return min(bits, PHYS_MASK_SHIFT);
}

/* Looked up once: nobody asks before the CPUs of boot are all up. */
static unsigned int physical_bits(void)
{
	static unsigned int bits;

	if (!READ_ONCE(bits))
		WRITE_ONCE(bits, read_physical_bits());
	return bits;
}

/**
 * arch_get_mappable_range() - physical addresses that the linear map can hold
 *
 * The region starts where the CPU's address size lets it start, which may be
 * above PAGE_OFFSET when the kernel was built for more bits than the CPU has;
 * memstart_addr is then lowered by as much and may even be negative.
 *
 * Return: the range, both ends inclusive.
 */
struct range arch_get_mappable_range(void)
{
	u64 limit = BIT_ULL(physical_bits());
	u64 region = _PAGE_OFFSET(vabits_actual);
	s64 start = memstart_addr + (s64)(region - PAGE_OFFSET);
	s64 last = start + (s64)(PAGE_END - region) - 1;

	return (struct range){ max_t(s64, start, 0), min_t(s64, last, limit - 1) };
}

/* Is a part of [start_pfn, end_pfn) in the memmap already? */
static bool sections_present(unsigned long start_pfn, unsigned long end_pfn)
{
	unsigned long pfn = start_pfn, next;

	for (; pfn < end_pfn; pfn = next) {
		struct mem_section *ms = __pfn_to_section(pfn);

		next = SECTION_ALIGN_UP(pfn + 1);
		if (!valid_section(ms))
			continue;
		if (pfn_section_valid(ms, pfn))
			return true;
		next = pfn + PAGES_PER_SUBSECTION;
	}
	return false;
}

static int check_range(u64 start, u64 size)
{
	struct range range = arch_get_mappable_range();

	if (!size || !IS_ALIGNED(start | size, SZ_2M))
		return -EINVAL;
	if (start + size - 1 < start || start < range.start)
		return -ERANGE;
	if (start + size - 1 > range.end)
		return -E2BIG;
	return 0;
}

static const char *why(int err)
{
	switch (err) {
	case -EINVAL:
		return "start and size must be multiples of 2 MiB, size not zero, an altmap inside";
	case -ERANGE:
		return "it wraps, or lies below the start of the linear map";
	case -E2BIG:
		return "it lies beyond the end of the linear map or of physical addresses";
	case -EEXIST:
		return "a part of it is there already";
	case -ENOMEM:
		return "no memory for page tables or memmap; free some and try again";
	default:
		return "see the lines above";
	}
}

static int refuse(u64 start, u64 size, int err)
{
	pr_err("[mem %#018llx-%#018llx] not added, error %d: %s\n",
	       start, start + size - 1, err, why(err));
	return err;
}

/* Blocks that other walkers of the kernel's tables do not know are never made. */
static u64 largest_block(void)
{
	return pud_sect_supported() ? PUD_SIZE : CONT_PMD_SIZE;
}

/* Memory is removed by memory blocks, so that no removal cuts such a leaf. */
static u64 largest_removable(void)
{
	return min_t(u64, largest_block(), memory_block_size_bytes());
}

/*
 * How large may a leaf be? As much as is removed in one go, so that a removal
 * never cuts a leaf that is in use: what a driver maps through a pagemap goes as a
 * whole, the rest by memory blocks. That the kernel changes the permissions of
 * single pages does not matter yet: not of those of ZONE_MOVABLE or of a device, and
 * before memory joins another zone arch_page_map_commit() is called. Only
 * debug_pagealloc takes each page that is free, in whatever zone it is.
 */
static u64 largest_leaf(const struct mhp_params *params)
{
	if (debug_pagealloc_enabled())
		return PAGE_SIZE;
	return params->pgmap ? largest_block() : largest_removable();
}

/* Does a driver use the pages from @pfn on? Not if it is about to leave. */
static bool has_driver(unsigned long pfn)
{
	struct dev_pagemap *pgmap = get_dev_pagemap(pfn, NULL);

	put_dev_pagemap(pgmap);
	return pgmap;
}

/*
 * A leaf that reaches beyond what is removed may be broken only while nobody
 * uses the rest: memory that is online is used, and so is a device's.
 */
static bool linear_may_break(struct kpgt *t, u64 start, u64 end)
{
	unsigned long pfn = PHYS_PFN(__pa(start));
	unsigned long end_pfn = PHYS_PFN(__pa(end - 1)) + 1;

	for (; pfn < end_pfn; pfn = ALIGN(pfn + 1, PAGES_PER_SUBSECTION))
		if (online_section(__pfn_to_section(pfn)) || has_driver(pfn))
			return false;
	return true;
}

static const struct kpgt_ops linear_ops = {
	KERNEL_TREE_OPS,
	.release	= kernel_tree_release_tables,
	.may_break	= linear_may_break,
};

static void linear_tree(struct kernel_tree *tree, int nid)
{
	kernel_tree_init(tree, &linear_ops, _PAGE_OFFSET(vabits_actual),
			 PAGE_END, nid);
}

static int map_part(int nid, u64 start, u64 size, pgprot_t prot, u64 max_leaf,
		    struct mhp_front *front)
{
	const struct kpgt_map map = {
		.va = (u64)__phys_to_virt(start), .size = size, .pa = start,
		.attrs = pgprot_val(prot), .max_leaf = max_leaf,
	};
	struct kernel_tree tree;

	linear_tree(&tree, nid);
	kernel_tree_set_front(&tree, front, map.va + map.size);
	return kpgt_map(&tree.kpgt, &map);
}

int linear_map_add(int nid, u64 start, u64 size,
		   const struct mhp_params *params)
{
	return map_part(nid, start, size, params->pgprot, largest_leaf(params),
			NULL);
}

static int unmap_part(u64 start, u64 size, struct mhp_front *front)
{
	u64 va = (u64)__phys_to_virt(start);
	struct kernel_tree tree;
	int ret;

	linear_tree(&tree, NUMA_NO_NODE);
	kernel_tree_set_front(&tree, front, va + size);
	ret = kpgt_unmap_prepare(&tree.kpgt, va, size);
	if (ret)
		return ret;
	kpgt_unmap_commit(&tree.kpgt, va, size);
	kpgt_flush(&tree.kpgt);
	return 0;
}

int linear_map_remove(u64 start, u64 size)
{
	return unmap_part(start, size, NULL);
}

/* What of it was made for nothing: boot's sections, one of which may have a hole, keep theirs. */
static void free_memmap(unsigned long pfn, unsigned long end)
{
	unsigned long next;

	for (; pfn < end; pfn = next) {
		next = min(end, ALIGN(pfn + 1, PAGES_PER_SECTION));
		if (!present_section_nr(pfn_to_section_nr(pfn)))
			vmemmap_free((unsigned long)pfn_to_page(pfn),
				     (unsigned long)pfn_to_page(next), NULL);
	}
}

/*
 * The memmap of the whole range comes first, in one walk; then __add_pages()
 * finds it. If that fails it takes its sections away, and what the memmap was
 * made for and never used goes here.
 */
static int add_sections(int nid, u64 start, u64 size,
			struct mhp_params *params)
{
	unsigned long pfn = PHYS_PFN(start), nr = PHYS_PFN(size);
	int ret;

	/* an altmap is checked, and what it gives counted, by __add_pages() */
	if (params->altmap)
		return __add_pages(nid, pfn, nr, params);
	ret = vmemmap_begin_add(pfn, nr, nid);
	if (ret)
		return ret;
	ret = __add_pages(nid, pfn, nr, params);
	vmemmap_end_add();
	if (ret)
		free_memmap(pfn, pfn + nr);
	return ret;
}

static void remove_sections(u64 start, u64 size, struct vmem_altmap *altmap,
			    struct dev_pagemap *pgmap)
{
	vmemmap_begin_batch(altmap);
	__remove_pages(PHYS_PFN(start), PHYS_PFN(size), altmap, pgmap);
	vmemmap_end_batch();
}

static int check_new(u64 start, u64 size)
{
	int ret = check_range(start, size);

	if (!ret && sections_present(PHYS_PFN(start), PHYS_PFN(start + size)))
		ret = -EEXIST;
	return ret;
}

/*
 * The front is mapped first, and goes last: the tables of the rest are in it. It
 * is in blocks, whatever the kernel is started with, as nobody changes the
 * permissions of page structs and tables.
 */
static int map_hosted(int nid, u64 start, u64 size,
		      struct mhp_front *front,
		      const struct mhp_params *params)
{
	int ret = map_part(nid, start, front->size, params->pgprot,
			   largest_removable(), NULL);

	if (ret)
		return ret;
	ret = map_part(nid, start + front->size, size - front->size,
		       params->pgprot, largest_leaf(params), front);
	if (ret)
		unmap_part(start, front->size, NULL);
	return ret;
}

static void unmap_hosted(u64 start, u64 size, struct mhp_front *front)
{
	int ret = unmap_part(start + front->size, size - front->size, front);

	if (!ret)
		ret = unmap_part(start, front->size, NULL);
	/* memory blocks as they were added: no leaf is cut */
	WARN_ONCE(ret, "[mem %#018llx-%#018llx] stays in the linear map, error %d\n",
		  start, start + size - 1, ret);
}

static int map_range(int nid, u64 start, u64 size,
		     struct mhp_front *front,
		     const struct mhp_params *params)
{
	return front ? map_hosted(nid, start, size, front, params) :
		       linear_map_add(nid, start, size, params);
}

static void unmap_range(u64 start, u64 size, struct mhp_front *front)
{
	if (front)
		unmap_hosted(start, size, front);
	else
		linear_map_remove(start, size);
}

/* @front: in which the range hosts what describes it, or NULL. */
static int add_whole(int nid, u64 start, u64 size,
		     struct mhp_front *front, struct mhp_params *params)
{
	unsigned long end_pfn = PHYS_PFN(start + size);
	int ret = check_new(start, size);

	if (ret)
		return refuse(start, size, ret);
	ret = map_range(nid, start, size, front, params);
	if (ret)
		return refuse(start, size, ret);
	ret = add_sections(nid, start, size, params);
	if (ret)
		goto unmap;
	/* firmware may have called it no-map; it is memory now */
	ret = memblock_clear_nomap(start, size);
	if (ret)
		goto remove;
	max_pfn = max(max_pfn, end_pfn);
	max_low_pfn = max_pfn;
	return 0;

remove:
	remove_sections(start, size, params->altmap, params->pgmap);
unmap:
	unmap_range(start, size, front);
	return refuse(start, size, ret);
}

/**
 * arch_add_memory() - make a physical range addressable
 * @nid:    node the range belongs to; its tables and memmap come from there
 * @start:  first physical address, bytes, a multiple of 2 MiB
 * @size:   bytes, a multiple of 2 MiB
 * @params: where the memmap lives, protection, and the owner's pagemap
 *
 * Maps the range and creates its sections and memmap. It happens whole or not
 * at all. Nobody may use the range before it returns.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -EINVAL, -ERANGE, -E2BIG: the range itself is wrong; -EEXIST: a
 * part is mapped or has sections already; -ENOMEM: no memory for page tables
 * or memmap.
 */
int arch_add_memory(int nid, u64 start, u64 size, struct mhp_params *params)
{
	return add_whole(nid, start, size, NULL, params);
}

int arch_add_hosted_memory(int nid, u64 start, u64 size,
			   struct mhp_front *front,
			   struct mhp_params *params)
{
	return add_whole(nid, start, size, front, params);
}

void arch_remove_hosted_memory(u64 start, u64 size,
			       struct mhp_front *front,
			       struct vmem_altmap *altmap)
{
	remove_sections(start, size, altmap, NULL);
	unmap_hosted(start, size, front);
}

/**
 * arch_remove_memory() - take away what arch_add_memory() has made
 * @start:  first physical address, bytes, a multiple of 2 MiB
 * @size:   bytes, a multiple of 2 MiB
 * @altmap: where the memmap lives, as it was when added
 * @pgmap:  the owner's pagemap, as it was when added
 *
 * The range may be a part of what was added. If it cuts a leaf of the linear
 * map whose other part is in use, or no table is to be had to split one, the
 * mapping stays as it is, with a message: the neighbours keep theirs, and a
 * later add of the same range is refused with -EEXIST.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing;
 * the range is offline.
 */
void arch_remove_memory(u64 start, u64 size, struct vmem_altmap *altmap,
			struct dev_pagemap *pgmap)
{
	int ret;

	remove_sections(start, size, altmap, pgmap);
	ret = linear_map_remove(start, size);
	if (ret)
		pr_err("[mem %#018llx-%#018llx] stays in the linear map, error %d: %s\n",
		       start, start + size - 1, ret,
		       ret == -EBUSY ? "it shares a block with memory in use" :
				       "no memory to split a block");
}

/*
 * From blocks to pages, between prepare and commit or abort. The memory hotplug lock
 * keeps it one at a time.
 */
static struct {
	struct kernel_tree tree;
	u64 va, size;		/* 0 if there is nothing to do */
} paging;

u64 arch_page_map_cost(u64 start, u64 size)
{
	struct kernel_tree tree;

	if (!can_set_direct_map())
		return 0;
	linear_tree(&tree, NUMA_NO_NODE);
	return kpgt_pages_cost(&tree.kpgt, (u64)__phys_to_virt(start), size);
}

int arch_page_map_prepare(int nid, u64 start, u64 size,
			  struct mhp_front *front)
{
	u64 va = (u64)__phys_to_virt(start);
	int ret;

	if (!can_set_direct_map())
		return 0;
	linear_tree(&paging.tree, nid);
	/* what takes the place of a leaf serves that alone, on any level */
	kernel_tree_set_front(&paging.tree, front, ALIGN(va + size, PUD_SIZE));
	ret = kpgt_pages_prepare(&paging.tree.kpgt, va, size);
	if (ret)
		return ret;
	paging.va = va;
	paging.size = size;
	return 0;
}

void arch_page_map_commit(void)
{
	if (paging.size)
		kpgt_pages_commit(&paging.tree.kpgt, paging.va, paging.size);
	paging.size = 0;
}

void arch_page_map_abort(void)
{
	if (paging.size)
		kpgt_abort(&paging.tree.kpgt);
	paging.size = 0;
}

static int refuse_change(u64 va, u64 size)
{
	u64 start = __pa(va);

	pr_err_ratelimited("[mem %#018llx-%#018llx] permissions not changed for %s[%d], error %d: a block maps it, as it is in ZONE_MOVABLE or a device's; only pages of kernel zones can be changed\n",
			   start, start + size - 1, current->comm, current->pid,
			   -EINVAL);
	return -EINVAL;
}

int linear_map_may_change(unsigned long addr, unsigned long size)
{
	u64 start = __tag_reset(addr), va, leaf, desc;
	struct kernel_tree tree;

	/* vmalloc's part is always pages; and so is all, in the hot paths of this */
	if (!__is_lm_address(start) || debug_pagealloc_enabled_static())
		return 0;
	linear_tree(&tree, NUMA_NO_NODE);
	for (va = start; va < start + size; va = ALIGN_DOWN(va, leaf) + leaf) {
		desc = kpgt_lookup(&tree.kpgt, va, &leaf);
		if (desc && (leaf > PAGE_SIZE || (desc & KPGT_CONT)))
			return refuse_change(start, size);
	}
	return 0;
}

/* Boot memory stays, but for what mm/boot_memory knows to be hotpluggable and clean. */
static int keep_boot_memory(struct notifier_block *nb, unsigned long action,
			    void *data)
{
	const struct memory_notify *arg = data;

	if (action == MEM_GOING_OFFLINE &&
	    boot_memory_stays(PFN_PHYS(arg->start_pfn),
			      PFN_PHYS(arg->nr_pages)))
		return notifier_from_errno(-EPERM);
	return NOTIFY_OK;
}

static struct notifier_block keep_boot_memory_nb = {
	.notifier_call = keep_boot_memory,
};

static int __init linear_map_init(void)
{
	if (!IS_ENABLED(CONFIG_MEMORY_HOTREMOVE))
		return 0;
	return register_memory_notifier(&keep_boot_memory_nb);
}
early_initcall(linear_map_init);
