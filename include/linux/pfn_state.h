/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_PFN_STATE_H
#define _LINUX_PFN_STATE_H
/*
 * What page frames are, without a lock and without a search: mm/pfn_state/.
 *
 * Those who ask call pfn_is_map_memory(), as ever. What is here is for those who
 * make sections and unmake them, and for files of arch/arm64 that asked memblock: by
 * the graft's manifest, the last two are what memblock_is_map_memory() and
 * memblock_is_region_memory() are called there.
 */
#include <linux/types.h>

#ifdef CONFIG_PFN_STATE

/**
 * pfn_state_make_room() - so that pages can become RAM without fail
 * @pfn:      first page
 * @nr_pages: how many, not 0
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -ENOMEM.
 */
int pfn_state_make_room(unsigned long pfn, unsigned long nr_pages);

/**
 * pfn_state_set() - sections are RAM, or they are not any more
 * @pfn:      first page
 * @nr_pages: how many; sections that are not wholly among them stay as they are
 * @ram:      which of both: there is room if they are
 *
 * Set when page structs and linear map are there, and reset before they go. When
 * this returns, it is so on every CPU.
 *
 * Context: memory hotplug lock held for writing.
 */
void pfn_state_set(unsigned long pfn, unsigned long nr_pages, bool ram);

/**
 * pfn_state_is_ram_at() - is a byte in the linear map?
 * @addr: physical address
 *
 * Context: any.
 * Return: true if the first byte of its page is.
 */
bool pfn_state_is_ram_at(phys_addr_t addr);

/**
 * pfn_state_is_one_kind() - is a range all RAM, or all memory of firmware's?
 * @base: first physical address
 * @size: bytes
 *
 * Context: any.
 * Return: true if so; false if there is a hole in it, or if it is some of both.
 */
bool pfn_state_is_one_kind(phys_addr_t base, phys_addr_t size);

/* Stock's pfn_is_map_memory(): it searches memblock. For boot, and for tests. */
int pfn_state_in_memblock(unsigned long pfn);

#else

static inline int pfn_state_make_room(unsigned long pfn, unsigned long nr_pages)
{
	return 0;
}

static inline void pfn_state_set(unsigned long pfn, unsigned long nr_pages,
				 bool ram) { }

#endif /* CONFIG_PFN_STATE */

#endif /* _LINUX_PFN_STATE_H */
