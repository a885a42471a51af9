/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MEMMAP_WALK_H
#define _LINUX_MEMMAP_WALK_H
/*
 * Who looks at page structs of pages that are not his - by their number, with no
 * reference to them - is a walker. What pfn_to_online_page() said, and the span
 * of a zone, is true when it is read; then the memory may go offline and be
 * removed, and its page structs with it. They stay until every walker that was
 * inside at that time has left.
 *
 *	guard(memmap_walk)();
 *
 * makes a walker of the rest of a function, in any context but NMI. It may sleep,
 * and may wait for anything but the removal of memory, hence not for the device
 * hotplug lock; the memory hotplug lock is no such thing. What it has learned about
 * page structs is of no use when it has left.
 *
 * Files of stock get this with -include, before they define pr_fmt: it must not
 * include <linux/printk.h>.
 */
#include <linux/cleanup.h>

#ifdef CONFIG_MEMORY_HOTREMOVE

int memmap_walk_begin(void);
void memmap_walk_end(int idx);

#else

static inline int memmap_walk_begin(void)
{
	return 0;
}

static inline void memmap_walk_end(int idx)
{
}

#endif /* CONFIG_MEMORY_HOTREMOVE */

DEFINE_CLASS(memmap_walk, int, memmap_walk_end(_T), memmap_walk_begin(), void)

#endif /* _LINUX_MEMMAP_WALK_H */
