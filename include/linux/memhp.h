/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MEMHP_H
#define _LINUX_MEMHP_H
/*
 * What memory blocks (drivers/base/memory.c) ask of mm/memory_hotplug, besides
 * <linux/memory_hotplug.h>.
 */

#include <linux/errno.h>

struct memory_block;

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

#endif /* _LINUX_MEMHP_H */
