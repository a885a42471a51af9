/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own tree (init_mm) as struct kpgt sees it.
 *
 * Owns:      the real struct kpgt_ops, and where tables come from and go to.
 * Must not:  know what the linear map or the memmap is.
 * Locks:     callers hold the memory hotplug lock for writing.
 */
#ifndef _ARM64_MM_KERNEL_TREE_H
#define _ARM64_MM_KERNEL_TREE_H

#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/types.h>

#include "kpgtable.h"

/**
 * struct kernel_tree - one region of init_mm's tree, for one transaction
 * @kpgt:   the pure part
 * @nid:    node to take tables from, or NUMA_NO_NODE
 * @tables: unlinked tables, to be freed after the flush
 * @blocks: unlinked memory of leaves, if the region owns it
 * @altmap: where the memory of leaves came from, or NULL for the page allocator
 */
struct kernel_tree {
	struct kpgt kpgt;
	int nid;
	struct list_head tables;
	struct list_head blocks;
	struct vmem_altmap *altmap;
};

extern const struct kpgt_ops kernel_tree_ops;	/* leaves map others' memory */

/**
 * kernel_tree_init() - describe a region of init_mm's tree
 * @tree:  filled in
 * @ops:   &kernel_tree_ops, or a copy with other answers
 * @start: first address of the region
 * @end:   one past its last address
 * @nid:   node to take tables from, or NUMA_NO_NODE
 */
void kernel_tree_init(struct kernel_tree *tree, const struct kpgt_ops *ops,
		      unsigned long start, unsigned long end, int nid);

/* ops->release(); exported to be called by copies of kernel_tree_ops */
void kernel_tree_release_tables(struct kpgt *t);

/* Free one page that either the page allocator or memblock gave out. */
void kernel_tree_free_pages(struct page *page, unsigned int order);

static inline struct kernel_tree *to_kernel_tree(struct kpgt *t)
{
	return container_of(t, struct kernel_tree, kpgt);
}

#endif /* _ARM64_MM_KERNEL_TREE_H */
