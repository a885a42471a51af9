// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memmap's mapping for hot-added sections.
 *
 * Owns:      the tables of the vmemmap region, from the first hot-add on, and
 *            the memory behind its leaves.
 * Must not:  write page structs: they are not initialised here.
 * Locks:     callers hold the memory hotplug lock for writing, which also
 *            guards what is static below.
 *
 * Where a leaf covers the memmap of more pages than are removed (a subsection
 * of a section that was added as one, or a 64K page with the memmap of 64 MiB),
 * it stays until the last of them is gone.
 */
#include <linux/align.h>
#include <linux/math.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <asm/linear_map.h>
#include <asm/pgtable.h>

#include "kernel_tree.h"

/* A block of an altmap cannot be written: nobody has made it usable yet. */
struct altmap_block {
	struct kpgt_block block;
	struct altmap_block *next;
};

static bool from_altmap(const struct vmem_altmap *altmap, unsigned long pfn)
{
	return altmap && pfn >= altmap->base_pfn && pfn <= altmap->end_pfn;
}

static struct kpgt_block *altmap_block(struct kernel_tree *tree, u64 size)
{
	struct altmap_block *b = kmalloc(sizeof(*b), GFP_KERNEL);
	void *memory;

	if (!b)
		return NULL;
	memory = vmemmap_alloc_block_buf(size, tree->nid, tree->altmap);
	if (!memory) {
		kfree(b);
		return NULL;
	}
	b->block.pa = __pa(memory);
	b->next = tree->altmap_blocks;
	tree->altmap_blocks = b;
	return &b->block;
}

static void forget_altmap_blocks(struct kernel_tree *tree)
{
	while (tree->altmap_blocks) {
		struct altmap_block *b = tree->altmap_blocks;

		tree->altmap_blocks = b->next;
		kfree(b);
	}
}

/* No backtrace: smaller blocks will do, and if not, the caller says so. */
static struct kpgt_block *buddy_block(struct kernel_tree *tree, u64 size)
{
	gfp_t gfp = GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	struct page *page = alloc_pages_node(tree->nid, gfp, get_order(size));
	struct kpgt_block *block;

	if (!page)
		return NULL;
	block = page_address(page);
	block->pa = page_to_phys(page);
	return block;
}

/*
 * Pages that have their structs in [va, end), or a part of them: they need not fill a leaf, as
 * their size is not a power of two in every configuration.
 */
static unsigned long first_pfn(u64 va)
{
	return (va - (u64)vmemmap) / sizeof(struct page);
}

static unsigned long end_pfn(u64 end)
{
	return DIV_ROUND_UP(end - (u64)vmemmap, sizeof(struct page));
}

/*
 * A leaf that also holds page structs of others must not lie in the altmap's
 * memory, which may leave before them.
 */
static struct kpgt_block *vmemmap_block_alloc(struct kpgt *t, u64 va, u64 size)
{
	struct kernel_tree *tree = to_kernel_tree(t);
	unsigned long first = first_pfn(va), last = end_pfn(va + size) - 1;

	if (from_altmap(tree->altmap, first) && from_altmap(tree->altmap, last))
		return altmap_block(tree, size);
	return buddy_block(tree, size);
}

static void vmemmap_block_free(struct kpgt *t, struct kpgt_block *block,
			       u64 size)
{
	struct vmem_altmap *altmap = to_kernel_tree(t)->altmap;

	if (from_altmap(altmap, PHYS_PFN(block->pa)))
		vmem_altmap_free(altmap, PHYS_PFN(size));
	else
		free_pages((unsigned long)block, get_order(size));
}

/* memory of a leaf, until it may be freed; page->private is the order */
static void vmemmap_gather_leaf(struct kpgt *t, u64 pa, u64 size)
{
	struct kernel_tree *tree = to_kernel_tree(t);
	struct page *page = phys_to_page(pa);

	if (from_altmap(tree->altmap, PHYS_PFN(pa))) {
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
	.block_alloc	= vmemmap_block_alloc,
	.block_free	= vmemmap_block_free,
	.gather_leaf	= vmemmap_gather_leaf,
	.release	= vmemmap_release,
	.may_break	= vmemmap_may_break,
};

static void vmemmap_tree(struct kernel_tree *tree, int nid,
			 struct vmem_altmap *altmap)
{
	/* what a CPU with fewer address bits leaves unused belongs to vmalloc */
	kernel_tree_init(tree, &vmemmap_ops, VMALLOC_END + SZ_8M, VMEMMAP_END,
			 nid);
	tree->altmap = altmap;
}

/* a range that has its memmap while its sections are made */
static struct {
	u64 start, end;
} ahead;

/*
 * With 4K pages the memmap of a section fills a block exactly. With larger
 * pages a block is far more than a section needs.
 */
static int populate(u64 start, u64 end, int nid, struct vmem_altmap *altmap)
{
	const struct kpgt_map map = {
		.va = PAGE_ALIGN_DOWN(start),
		.size = PAGE_ALIGN(end) - PAGE_ALIGN_DOWN(start),
		.attrs = pgprot_val(PAGE_KERNEL),
		.max_leaf = IS_ENABLED(CONFIG_ARM64_4K_PAGES) ? PMD_SIZE :
								PAGE_SIZE,
	};
	unsigned long align = altmap ? altmap->align : 0;
	struct kernel_tree tree;
	int ret;

	vmemmap_tree(&tree, nid, altmap);
	ret = kpgt_back(&tree.kpgt, &map);
	forget_altmap_blocks(&tree);
	if (ret && altmap)
		altmap->align = align;
	return ret;
}

int vmemmap_begin_add(unsigned long pfn, unsigned long nr_pages, int nid)
{
	u64 start = (u64)pfn_to_page(pfn);
	u64 end = (u64)pfn_to_page(pfn + nr_pages);
	int ret = populate(start, end, nid, NULL);

	if (!ret) {
		ahead.start = start;
		ahead.end = end;
	}
	return ret;
}

void vmemmap_end_add(void)
{
	ahead.start = 0;
	ahead.end = 0;
}

/**
 * vmemmap_populate() - back a part of the memmap with memory
 * @start:  first address, inside the vmemmap region
 * @end:    one past the last
 * @nid:    node to take memory from
 * @altmap: device memory to take it from instead, or NULL
 *
 * Pages that are there already, because a neighbour shares them, are kept. It
 * happens whole or not at all.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing,
 * or boot.
 * Return: 0; -ENOMEM: no memory for the memmap or its tables.
 */
int vmemmap_populate(unsigned long start, unsigned long end, int nid,
		     struct vmem_altmap *altmap)
{
	if (!slab_is_available())
		return vmemmap_populate_boot(start, end, nid, altmap);
	if (start >= ahead.start && end <= ahead.end)
		return 0;
	return populate(start, end, nid, altmap);
}

static bool memmap_in_use(u64 start, u64 end)
{
	unsigned long pfn = ALIGN_DOWN(first_pfn(start), PAGES_PER_SUBSECTION);
	unsigned long behind = end_pfn(end);

	for (; pfn < behind; pfn += PAGES_PER_SUBSECTION)
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
	if (start >= end)
		return;
	round_to_leaves(t, &start, &end);
	if (start >= end)
		return;
	/* whole leaves only: nothing is split, so nothing can fail */
	if (WARN_ON_ONCE(kpgt_unmap_prepare(t, start, end - start)))
		return;
	kpgt_unmap_commit(t, start, end - start);
}

/* Several frees, one TLB invalidation, and one walk where they are adjacent. */
static struct {
	struct kernel_tree tree;
	u64 start, end;			/* freed, and not unlinked yet */
	bool open;
} batch;

static void unlink_pending(void)
{
	unlink_memmap(&batch.tree.kpgt, batch.start, batch.end);
	batch.end = batch.start;
}

static void free_in_batch(u64 start, u64 end)
{
	if (batch.end != start) {
		unlink_pending();
		batch.start = start;
	}
	batch.end = end;
}

void vmemmap_begin_batch(struct vmem_altmap *altmap)
{
	vmemmap_tree(&batch.tree, NUMA_NO_NODE, altmap);
	batch.start = 0;
	batch.end = 0;
	batch.open = true;
}

void vmemmap_end_batch(void)
{
	unlink_pending();
	kpgt_flush(&batch.tree.kpgt);
	batch.open = false;
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
		free_in_batch(start, end);
		return;
	}
	vmemmap_tree(&tree, NUMA_NO_NODE, altmap);
	unlink_memmap(&tree.kpgt, start, end);
	kpgt_flush(&tree.kpgt);
}
