// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is there enough old memory to add new memory?
 *
 * A request that cannot be met is refused before it drives the machine into the
 * OOM killer, which cannot help: what was taken belongs to no process.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/set_memory.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "price.h"

/* Free, or page cache that is easily had; not what the kernel keeps for need. */
static u64 zone_can_spare(struct zone *zone)
{
	u64 have = zone_page_state(zone, NR_FREE_PAGES) +
		   zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
		   zone_page_state(zone, NR_ZONE_ACTIVE_FILE) / 2;

	return have - min(have, high_wmark_pages(zone));
}

/* Page structs and tables do not go to ZONE_MOVABLE. */
static u64 can_spare(void)
{
	struct zone *zone;
	u64 pages = 0;

	for_each_populated_zone(zone)
		if (zone_idx(zone) < ZONE_MOVABLE)
			pages += zone_can_spare(zone);
	return pages;
}

int mhp_check_budget(u64 start, u64 size, bool self_hosted)
{
	const struct mhp_goods goods = {
		.size		= size,
		.page_shift	= PAGE_SHIFT,
		.page_struct	= sizeof(struct page),
		.leaf		= can_set_direct_map() ? PAGE_SIZE : PMD_SIZE,
		.self_hosted	= self_hosted,
	};
	u64 price = mhp_price(&goods), have = can_spare();

	if (price <= have)
		return 0;
	pr_err(MHP_RANGE " not added, error %d: it takes %llu KiB of memory in use, %llu can be had; free some, or add less at a time\n",
	       start, start + size - 1, -ENOMEM,
	       price << (PAGE_SHIFT - 10), have << (PAGE_SHIFT - 10));
	return -ENOMEM;
}
