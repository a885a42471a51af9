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

struct altmap_block;
struct mhp_front;

/**
 * struct kernel_tree - one region of init_mm's tree, for one transaction
 * @kpgt:   the pure part
 * @nid:    node to take tables from, or NUMA_NO_NODE
 * @tables: unlinked tables, to be freed after the flush
 * @blocks: unlinked memory of leaves, if the region owns it
 * @altmap: where the memory of leaves came from, or NULL for the page allocator
 * @altmap_blocks: what has been taken from it in this transaction
 * @front:  where tables of @front_level and below it are, or NULL; they have no
 *	    page structs
 * @front_level: see @front
 */
struct kernel_tree {
	struct kpgt kpgt;
	int nid;
	struct list_head tables;
	struct list_head blocks;
	struct vmem_altmap *altmap;
	struct altmap_block *altmap_blocks;
	struct mhp_front *front;
	int front_level;
};

/*
 * The operations that are the same for every region of the kernel's tree: the
 * region adds @release, @may_break, and @gather_leaf if it owns what it maps.
 */
u64 *kernel_tree_table_alloc(struct kpgt *t, int level);
void kernel_tree_table_free(struct kpgt *t, u64 *table, int level);
u64 kernel_tree_table_pa(struct kpgt *t, const u64 *table);
u64 *kernel_tree_table_va(struct kpgt *t, u64 pa);
void kernel_tree_set(struct kpgt *t, u64 *entry, u64 val);
void kernel_tree_order(struct kpgt *t);
void kernel_tree_publish(struct kpgt *t);
void kernel_tree_flush(struct kpgt *t, u64 start, u64 end, bool tables);
void kernel_tree_gather_table(struct kpgt *t, u64 *table, int level);
void kernel_tree_lock(struct kpgt *t);
void kernel_tree_unlock(struct kpgt *t);

#define KERNEL_TREE_OPS						\
	.table_alloc	= kernel_tree_table_alloc,		\
	.table_free	= kernel_tree_table_free,		\
	.table_pa	= kernel_tree_table_pa,			\
	.table_va	= kernel_tree_table_va,			\
	.set		= kernel_tree_set,			\
	.order		= kernel_tree_order,			\
	.publish	= kernel_tree_publish,			\
	.flush		= kernel_tree_flush,			\
	.gather_table	= kernel_tree_gather_table,		\
	.lock		= kernel_tree_lock,			\
	.unlock		= kernel_tree_unlock

/**
 * kernel_tree_init() - describe a region of init_mm's tree
 * @tree:  filled in
 * @ops:   KERNEL_TREE_OPS and what the region adds
 * @start: first address of the region
 * @end:   one past its last address
 * @nid:   node to take tables from, or NUMA_NO_NODE
 */
void kernel_tree_init(struct kernel_tree *tree, const struct kpgt_ops *ops,
		      unsigned long start, unsigned long end, int nid);

/*
 * Tables that serve [.., end) alone come from, or are in, the front of a range;
 * @end is a virtual address, as it is those that a table spans. Tables that span
 * more than a memory block serve it alone if it ends where they do; where it
 * begins they have to be there.
 */
void kernel_tree_set_front(struct kernel_tree *tree, struct mhp_front *front,
			   u64 end);

/* Free the tables that were gathered: ops->release(), or a part of it. */
void kernel_tree_release_tables(struct kpgt *t);

/* Free one page that either the page allocator or memblock gave out. */
void kernel_tree_free_pages(struct page *page, unsigned int order);

static inline struct kernel_tree *to_kernel_tree(struct kpgt *t)
{
	return container_of(t, struct kernel_tree, kpgt);
}

#endif /* _ARM64_MM_KERNEL_TREE_H */
