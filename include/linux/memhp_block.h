/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MEMHP_BLOCK_H
#define _LINUX_MEMHP_BLOCK_H
/*
 * Where a memory block is, how it is used, and what is made of blocks.
 */
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/types.h>

/* First page. */
static inline unsigned long memory_block_pfn(const struct memory_block *mem)
{
	return section_nr_to_pfn(mem->start_section_nr);
}

/* First physical address. */
static inline u64 memory_block_start(const struct memory_block *mem)
{
	return PFN_PHYS(memory_block_pfn(mem));
}

/* Pages of any block. */
static inline unsigned long memory_block_pages(void)
{
	return PHYS_PFN(memory_block_size_bytes());
}

/* Its first pages that hold its page structs, and are never the page allocator's. */
static inline unsigned long memory_block_memmap(const struct memory_block *mem)
{
	return mem->altmap ? mem->altmap->free : 0;
}

/* Has a memory error been found in it? It does not come online again then. */
static inline bool memory_block_is_poisoned(const struct memory_block *mem)
{
#ifdef CONFIG_MEMORY_FAILURE
	return atomic_long_read(&mem->nr_hwpoison);
#else
	return false;
#endif
}

/* How a block is used: an enum mmop that would bring it there, or MMOP_OFFLINE. */
static inline u8 memory_block_use(const struct memory_block *mem)
{
	struct zone *zone = READ_ONCE(mem->zone);

	if (READ_ONCE(mem->state) == MEM_OFFLINE)
		return MMOP_OFFLINE;
	return zone && zone_idx(zone) == ZONE_MOVABLE ? MMOP_ONLINE_MOVABLE :
							MMOP_ONLINE_KERNEL;
}

/* Is a range made of blocks? Its last address may be the last there is. */
static inline bool memory_block_range_ok(u64 start, u64 size)
{
	return size && start + size - 1 >= start &&
	       IS_ALIGNED(start | size, memory_block_size_bytes());
}

typedef void (*look_at_memory_block_fn)(const struct memory_block *mem, void *arg);

/**
 * look_at_memory_blocks() - call a function for the blocks in a range
 * @start: first physical address, bytes
 * @size:  bytes; blocks that are only touched belong to it
 * @arg:   second argument of @func
 * @func:  function; only looks, and does not sleep: a lock keeps the block there
 *
 * As walk_memory_blocks(), at a fifth of its cost: without a reference of each.
 *
 * Context: any but NMI; how blocks are stays so if the caller holds the device hotplug
 * lock.
 */
void look_at_memory_blocks(u64 start, u64 size, void *arg,
			   look_at_memory_block_fn func);

/**
 * memory_block_changes() - has a block gone online or offline since?
 *
 * Who takes the number before looking at blocks, and finds the same number later, knows
 * that they are used as they were. Blocks that come or go do not count.
 *
 * Context: any.
 * Return: a number, not 0, that grows when the state of any block has changed.
 */
unsigned long memory_block_changes(void);

/**
 * mhp_online_range() - online the memory blocks of a range
 * @start: first physical address, bytes
 * @size:  bytes; none of its blocks is online
 * @type:  what is wanted, not MMOP_OFFLINE; or %MHP_ONLINE_LIMITED
 *
 * In one operation if the policy has all of them in one zone; blocks that hold
 * their own page structs one by one. On error some may be online.
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: 0, or the first error; see mhp_online_block().
 */
int mhp_online_range(u64 start, u64 size, enum mmop type);

#endif /* _LINUX_MEMHP_BLOCK_H */
