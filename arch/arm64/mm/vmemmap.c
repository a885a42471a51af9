// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memmap's mapping for hot-added sections.
 *
 * Owns:      the tables of the vmemmap region, from the first hot-add on, and
 *            the memory behind its leaves.
 * Must not:  write page structs: they are not initialised here.
 * Locks:     callers hold the memory hotplug lock for writing, which also
 *            guards the batch below.
 *
 * Where a leaf covers the memmap of more pages than are removed (a subsection
 * of a section that was added as one, or a 64K page with the memmap of 64 MiB),
 * it stays until the last of them is gone.
 */
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/slab.h>

#include <asm/linear_map.h>
#include <asm/pgtable.h>

#include "kernel_tree.h"

/* memory of a leaf, until it may be freed; page->private is the order */
static void vmemmap_gather_leaf(struct kpgt *t, u64 pa, u64 size)
{
	struct kernel_tree *tree = to_kernel_tree(t);
	struct page *page = phys_to_page(pa);

	if (tree->altmap) {
		/* only counted: the device that holds it leaves as well */
		vmem_altmap_free(tree->altmap, PHYS_PFN(size));
		return;
	}
	set_page_private(page, get_order(size));
	list_add(&page->lru, &tree->blocks);
}

static void vmemmap_release(struct kpgt *t)
{
	struct kernel_tree *tree = to_kernel_tree(t);
	struct page *page, *next;

	kernel_tree_release_tables(t);
	list_for_each_entry_safe(page, next, &tree->blocks, lru) {
		unsigned int order = page_private(page);

		set_page_private(page, 0);
		kernel_tree_free_pages(page, order);
	}
	INIT_LIST_HEAD(&tree->blocks);
}

/* Leaves come and go as a whole; page structs next to them are always in use. */
static bool vmemmap_may_break(struct kpgt *t, u64 start, u64 end)
{
	return false;
}

static const struct kpgt_ops vmemmap_ops = {
	KERNEL_TREE_OPS,
	.gather_leaf	= vmemmap_gather_leaf,
	.release	= vmemmap_release,
	.may_break	= vmemmap_may_break,
};

static void vmemmap_tree(struct kernel_tree *tree, int nid,
			 struct vmem_altmap *altmap)
{
	kernel_tree_init(tree, &vmemmap_ops, VMEMMAP_START, VMEMMAP_END, nid);
	tree->altmap = altmap;
}

/* Several frees, one TLB invalidation. */
static struct {
	struct kernel_tree tree;
	bool open;
} batch;

void vmemmap_begin_batch(struct vmem_altmap *altmap)
{
	vmemmap_tree(&batch.tree, NUMA_NO_NODE, altmap);
	batch.open = true;
}

void vmemmap_end_batch(void)
{
	kpgt_flush(&batch.tree.kpgt);
	batch.open = false;
}

static void give_back(struct vmem_altmap *altmap, void *block, u64 size)
{
	if (altmap)
		vmem_altmap_free(altmap, PHYS_PFN(size));
	else
		free_pages((unsigned long)block, get_order(size));
}

/* No backtrace for a block: pages will do, and if not, the caller says so. */
static void *get_block(struct kernel_tree *tree, u64 size)
{
	gfp_t gfp = GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	struct page *page;

	if (tree->altmap)
		return vmemmap_alloc_block_buf(size, tree->nid, tree->altmap);
	page = alloc_pages_node(tree->nid, gfp, get_order(size));
	return page ? page_address(page) : NULL;
}

static int populate_leaf(struct kernel_tree *tree, u64 va, u64 size)
{
	struct kpgt_map map = {
		.va = va, .size = size, .max_leaf = size,
		.attrs = pgprot_val(PAGE_KERNEL),
	};
	void *block = get_block(tree, size);
	int ret;

	if (!block)
		return -ENOMEM;
	map.pa = __pa(block);
	ret = kpgt_map(&tree->kpgt, &map);
	if (ret)
		give_back(tree->altmap, block, size);
	return ret;
}

static int populate_pages(struct kernel_tree *tree, u64 va, u64 end)
{
	int ret = 0;

	for (; va < end && !ret; va += PAGE_SIZE)
		if (!kpgt_lookup(&tree->kpgt, va, NULL))
			ret = populate_leaf(tree, va, PAGE_SIZE);
	return ret;
}

/*
 * With 4K pages the memmap of a section fills a block exactly. With larger
 * pages a block is far more than a section needs.
 */
static bool wants_block(struct kernel_tree *tree, u64 va, u64 end)
{
	u64 hole;

	return IS_ENABLED(CONFIG_ARM64_4K_PAGES) && end - va == PMD_SIZE &&
	       !kpgt_lookup(&tree->kpgt, va, &hole) && hole >= PMD_SIZE;
}

static int populate_span(struct kernel_tree *tree, u64 va, u64 end)
{
	if (wants_block(tree, va, end) && !populate_leaf(tree, va, PMD_SIZE))
		return 0;
	return populate_pages(tree, va, end);
}

/**
 * vmemmap_populate() - back a part of the memmap with memory
 * @start:  first address, inside the vmemmap region
 * @end:    one past the last
 * @nid:    node to take memory from
 * @altmap: device memory to take it from instead, or NULL
 *
 * Pages that are there already, because a neighbour shares them, are kept.
 * What was populated before an error is left to the caller, who calls
 * vmemmap_free() for the same range: he knows which neighbours exist.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing,
 * or boot.
 * Return: 0; -ENOMEM: no memory for the memmap or its tables.
 */
int vmemmap_populate(unsigned long start, unsigned long end, int nid,
		     struct vmem_altmap *altmap)
{
	u64 va = PAGE_ALIGN_DOWN(start), next;
	struct kernel_tree tree;
	int ret = 0;

	if (!slab_is_available())
		return vmemmap_populate_boot(start, end, nid, altmap);

	vmemmap_tree(&tree, nid, altmap);
	for (; va < end && !ret; va = next) {
		next = min_t(u64, ALIGN(va + 1, PMD_SIZE), PAGE_ALIGN(end));
		ret = populate_span(&tree, va, next);
	}
	return ret;
}

static bool memmap_in_use(u64 start, u64 end)
{
	unsigned long pfn = page_to_pfn((struct page *)start);
	unsigned long end_pfn = page_to_pfn((struct page *)end);

	for (; pfn < end_pfn; pfn += PAGES_PER_SUBSECTION)
		if (pfn_valid(pfn))
			return true;
	return false;
}

/* May the leaf at @va go, when the memmap in [start, end) is not needed? */
static bool leaf_may_go(u64 leaf, u64 size, u64 start, u64 end)
{
	if (leaf < start && memmap_in_use(leaf, start))
		return false;
	return leaf + size <= end || !memmap_in_use(end, leaf + size);
}

/*
 * Make [*start, *end) consist of whole leaves: those at the edges either go
 * as a whole or stay as a whole.
 */
static void round_to_leaves(struct kpgt *t, u64 *start, u64 *end)
{
	u64 from = *start, to = *end, leaf, size;

	if (!kpgt_lookup(t, from, &size))
		size = PAGE_SIZE;
	leaf = ALIGN_DOWN(from, size);
	*start = leaf_may_go(leaf, size, from, to) ? leaf : leaf + size;

	if (!kpgt_lookup(t, to - 1, &size))
		size = PAGE_SIZE;
	leaf = ALIGN_DOWN(to - 1, size);
	*end = leaf_may_go(leaf, size, from, to) ? leaf + size : leaf;
}

static void unlink_memmap(struct kpgt *t, u64 start, u64 end)
{
	round_to_leaves(t, &start, &end);
	if (start >= end)
		return;
	/* whole leaves only: nothing is split, so nothing can fail */
	if (WARN_ON_ONCE(kpgt_unmap_prepare(t, start, end - start)))
		return;
	kpgt_unmap_commit(t, start, end - start);
}

/**
 * vmemmap_free() - take away the memory behind a part of the memmap
 * @start:  first address, inside the vmemmap region
 * @end:    one past the last
 * @altmap: device memory it was taken from, or NULL
 *
 * Holes are fine. A leaf that also holds page structs of others stays.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * The sections of the range must not be valid any more.
 */
void vmemmap_free(unsigned long start, unsigned long end,
		  struct vmem_altmap *altmap)
{
	struct kernel_tree tree;

	if (batch.open) {
		unlink_memmap(&batch.tree.kpgt, start, end);
		return;
	}
	vmemmap_tree(&tree, NUMA_NO_NODE, altmap);
	unlink_memmap(&tree.kpgt, start, end);
	kpgt_flush(&tree.kpgt);
}
