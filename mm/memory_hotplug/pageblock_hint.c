// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hints in pageblocks that may have left their zone. See pageblock_hint.h.
 *
 * Must not:  be asked for a zone's flags that count, the migrate type for example.
 * Locks:     span_seqlock, as a reader that keeps the writer out. Who writes a span has
 *            interrupts off.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pageblock-flags.h>
#include <linux/pageblock_hint.h>
#include <linux/seqlock.h>

#undef set_pfnblock_flags_mask		/* here it is the one that checks */

void pageblock_set_hint(struct page *page, unsigned long flags,
			unsigned long pfn, unsigned long mask)
{
	struct zone *zone = page_zone(page);
	unsigned long irq;

	read_seqlock_excl_irqsave(&zone->span_seqlock, irq);
	if (zone_spans_pfn(zone, pfn))
		set_pfnblock_flags_mask(page, flags, pfn, mask);
	read_sequnlock_excl_irqrestore(&zone->span_seqlock, irq);
}
