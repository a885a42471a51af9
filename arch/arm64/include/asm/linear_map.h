/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of arm64 memory hotplug show each other: the linear map, the
 * memmap's mapping, and stock's boot-time half of the latter.
 */
#ifndef __ASM_LINEAR_MAP_H
#define __ASM_LINEAR_MAP_H

#include <linux/kconfig.h>
#include <linux/types.h>

struct mhp_params;
struct vmem_altmap;

/**
 * linear_map_add() - map a physical range in the linear map
 * @nid:    node to take tables from
 * @start:  first physical address, bytes, page aligned
 * @size:   bytes, page aligned
 * @params: protection, and whose the range is
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -EINVAL, -ERANGE: not a range of the linear map; -EEXIST: a part
 * is mapped; -ENOMEM: no memory for tables. After an error nothing has changed.
 */
int linear_map_add(int nid, u64 start, u64 size,
		   const struct mhp_params *params);

/**
 * linear_map_remove() - unmap a physical range from the linear map
 * @start: first physical address, bytes, page aligned
 * @size:  bytes, page aligned
 *
 * TLBs are invalidated and empty tables freed when it returns.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -EINVAL, -ERANGE: not a range of the linear map; -EBUSY: the range
 * cuts a leaf whose other part is in use; -ENOMEM: no memory to split a leaf.
 * After an error nothing has changed.
 */
int linear_map_remove(u64 start, u64 size);

/**
 * linear_map_may_change() - may the permissions of single pages be changed?
 * @addr: first address, of the linear map or not
 * @size: bytes
 *
 * Not where a block or a group of pages maps a part of it: one line in the log says
 * so then. Stock's functions that change them ask first; see graft/manifest.
 *
 * Context: any.
 * Return: 0; -EINVAL: they may not.
 */
#ifdef CONFIG_MEMORY_HOTPLUG
int linear_map_may_change(unsigned long addr, unsigned long size);
#else
static inline int linear_map_may_change(unsigned long addr, unsigned long size)
{
	return 0;
}
#endif

/**
 * vmemmap_begin_add() - back the memmap of a range before its sections are made
 * @pfn:      first page frame
 * @nr_pages: page frames
 * @nid:      node to take memory from
 *
 * One pass over the tables for all sections; until vmemmap_end_add(),
 * vmemmap_populate() finds their memmap there. What no section has used in the
 * end is given back with vmemmap_free().
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -ENOMEM: no memory for the memmap or its tables. After an error
 * nothing has changed and there is nothing to end.
 */
int vmemmap_begin_add(unsigned long pfn, unsigned long nr_pages, int nid);

/**
 * vmemmap_end_add() - the sections of the range are made, or never will be
 *
 * Context: memory hotplug lock held for writing.
 */
void vmemmap_end_add(void);

/**
 * vmemmap_begin_batch() - let vmemmap_free() only unlink, until the end
 * @altmap: where the memmap that is going to be freed lives, or NULL
 *
 * Context: memory hotplug lock held for writing. Batches do not nest.
 */
void vmemmap_begin_batch(struct vmem_altmap *altmap);

/**
 * vmemmap_end_batch() - invalidate TLBs once, and free all that was unlinked
 *
 * Context: memory hotplug lock held for writing.
 */
void vmemmap_end_batch(void);

/* vmemmap_populate() as it is before there is a page allocator */
int vmemmap_populate_boot(unsigned long start, unsigned long end, int node,
			  struct vmem_altmap *altmap);

#endif /* __ASM_LINEAR_MAP_H */
