/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MEMHP_H
#define _LINUX_MEMHP_H
/*
 * What memory blocks (drivers/base/memory.c), the page allocator and
 * mm/memory_hotplug ask of one another, besides <linux/memory_hotplug.h>.
 */
#include <linux/errno.h>
#include <linux/types.h>

struct memory_block;
struct mhp_params;
struct pglist_data;
struct vmem_altmap;

/**
 * mhp_online_block() - give the memory of a block to the page allocator
 * @mem: the block; offline, its online_type says what is wanted
 *
 * Chooses the zone, makes the memory accessible (MEM_PREPARE_ONLINE), sets up
 * the page structs of a memmap that lies in the block, and onlines the rest.
 * It happens whole or not at all. On success mem->zone is the zone.
 *
 * Context: process context, may sleep; device hotplug lock and the block's
 * device lock held, the memory hotplug lock not: it is taken here.
 * Return: 0; -EINVAL: nothing in the block can be onlined like this;
 * -EHWPOISON: it has poisoned pages; -ENOMEM; -EINTR: the task was killed; or
 * what a notifier said.
 */
int mhp_online_block(struct memory_block *mem);

/**
 * mhp_offline_block() - take the memory of a block away from the page allocator
 * @mem: the block, online
 *
 * It happens whole or not at all. On success mem->zone is NULL.
 *
 * Context: as mhp_online_block().
 * Return: 0; -EINVAL: it has holes or spans zones; -EBUSY: something in it
 * cannot be moved; -EINTR: a signal came; -ENOMEM; or what a notifier said.
 */
#ifdef CONFIG_MEMORY_HOTREMOVE
int mhp_offline_block(struct memory_block *mem);
#else
static inline int mhp_offline_block(struct memory_block *mem)
{
	return -EINVAL;
}
#endif

#ifdef CONFIG_NUMA
/**
 * memory_blocks_join_node() - show the memory blocks of a range in a node
 * @start: first physical address, bytes
 * @size:  bytes
 * @nid:   node, which has its directory
 *
 * Links that were made before one fails go with the blocks.
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: 0; -ENOMEM.
 */
int memory_blocks_join_node(u64 start, u64 size, int nid);
#else
static inline int memory_blocks_join_node(u64 start, u64 size, int nid)
{
	return 0;
}
#endif

/**
 * struct mhp_front - first bytes of a range, which hold what describes it
 * @start:  physical address, that of the range
 * @size:   bytes; never given to the page allocator
 * @tables: physical address: from here on there is room for page tables; what
 *	    is before it is for page structs
 */
struct mhp_front {
	u64 start, size;
	u64 tables;
};

/**
 * arch_add_hosted_memory() - arch_add_memory() for a range that hosts itself
 * @nid:    node the range belongs to; upper-level tables come from there
 * @start:  first physical address, bytes, a multiple of a memory block
 * @size:   bytes, a multiple of a memory block
 * @front:  where the range's lowest tables go; outlives the range
 * @params: as arch_add_memory(); the altmap is before the tables
 *
 * Context: as arch_add_memory().
 * Return: as arch_add_memory().
 */
int arch_add_hosted_memory(int nid, u64 start, u64 size,
			   const struct mhp_front *front,
			   struct mhp_params *params);

/**
 * arch_remove_hosted_memory() - undo arch_add_hosted_memory()
 * @start:  as when added
 * @size:   as when added
 * @front:  as when added
 * @altmap: as when added
 *
 * Context: as arch_remove_memory().
 */
void arch_remove_hosted_memory(u64 start, u64 size,
			       const struct mhp_front *front,
			       struct vmem_altmap *altmap);

/**
 * mhp_build_fallback() - write the list of all zones that a node may use
 * @pgdat:    the node
 * @order:    nodes with memory, the nearest first
 * @nr_nodes: how many these are
 *
 * Context: any, one writer at a time; readers are not kept out.
 */
void mhp_build_fallback(struct pglist_data *pgdat, const int *order,
			unsigned int nr_nodes);

/**
 * mhp_build_thisnode() - write the list of a node's own zones
 * @pgdat: the node
 *
 * Context: as mhp_build_fallback().
 */
void mhp_build_thisnode(struct pglist_data *pgdat);

#endif /* _LINUX_MEMHP_H */
