/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_PAGEBLOCK_HINT_H
#define _LINUX_PAGEBLOCK_HINT_H
/*
 * Compaction notes in a pageblock that it is of no use, while it has no lock and no page
 * of it. The note is a hint, and does no harm when the pageblock has gone offline
 * meanwhile: a walker's page structs and pageblock flags stay (memmap_walk.h). But
 * CONFIG_DEBUG_VM checks that the page is in the span of its zone, which it has left
 * then; and a span is two numbers, which nobody may read while they change.
 *
 * For compaction, with -include: what its macros set flags with is redefined for it.
 */
#if defined(CONFIG_DEBUG_VM) && defined(CONFIG_MEMORY_HOTPLUG)
#include <linux/mmzone.h>

/**
 * pageblock_set_hint() - set flags of a pageblock, if it is still its zone's
 * @page:  a page of it; the caller is a walker or has a reference
 * @flags: new values
 * @pfn:   number of the page
 * @mask:  the flags that change
 *
 * Context: any but NMI, with or without the LRU lock; takes span_seqlock, inside of which
 * nothing else is taken.
 */
void pageblock_set_hint(struct page *page, unsigned long flags,
			unsigned long pfn, unsigned long mask);

#define set_pfnblock_flags_mask(page, flags, pfn, mask)				\
	pageblock_set_hint(page, flags, pfn, mask)
#endif

#endif /* _LINUX_PAGEBLOCK_HINT_H */
