// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is there enough old memory to add new memory?
 *
 * A request that cannot be met is refused before it drives the machine into the
 * OOM killer, which cannot help: what was taken belongs to no process.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "price.h"

/* Free, or page cache that is easily had; not what the kernel keeps for need. */
static u64 zone_can_spare(struct zone *zone)
{
	u64 have = zone_page_state(zone, NR_FREE_PAGES) +
		   zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
		   zone_page_state(zone, NR_ZONE_ACTIVE_FILE) / 2;
	u64 kept = high_wmark_pages(zone) +
		   zone_page_state(zone, NR_FREE_CMA_PAGES);

	return have - min(have, kept);
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

/* A memory block's device, files and links. */
#define BLOCK_BYTES	SZ_8K

/* Will pages map memory that is added, at once or as it goes to a kernel zone? */
static bool pages_will_map(int nid)
{
	int type = mhp_node_online_type(nid);

	if (debug_pagealloc_enabled())
		return true;
	return can_set_direct_map() && type != MMOP_OFFLINE &&
	       type != MMOP_ONLINE_MOVABLE;
}

/*
 * What blocks map costs less, but page structs come as pages where blocks of
 * memory are not to be had.
 */
static u64 price_of(u64 size, int nid, enum mhp_place place)
{
	u64 leaf = pages_will_map(nid) ? PAGE_SIZE : PMD_SIZE;
	bool large = place != MHP_ELSEWHERE &&
		     IS_ENABLED(CONFIG_ARM64_4K_PAGES);
	const struct mhp_goods goods = {
		.size		= size,
		.page_shift	= PAGE_SHIFT,
		.page_struct	= sizeof(struct page),
		.leaf		= place == MHP_IN_FRONT ? PMD_SIZE : leaf,
		.struct_leaf	= large ? PMD_SIZE : PAGE_SIZE,
		.self_hosted	= place != MHP_ELSEWHERE,
	};

	return mhp_price(&goods) +
	       PFN_UP(size / memory_block_size_bytes() * BLOCK_BYTES);
}

static u64 kib(u64 pages)
{
	return pages << (PAGE_SHIFT - 10);
}

/*
 * What cannot be had otherwise hosts itself if it may. So does what takes more
 * than a tenth of what can be spared: it could be had, but those who use the memory
 * would feel it; unless more than an eighth of the range went for that, as memory
 * blocks are large.
 */
static bool better_hosted(u64 size, int nid, u64 price, u64 have)
{
	u64 front = mhp_front_size(size);

	if (!front || price_of(size, nid, MHP_IN_FRONT) > have)
		return false;
	return price > have || (price > have / 10 && front <= size / 8);
}

int mhp_afford_page_map(u64 start, u64 size)
{
	return arch_page_map_cost(start, size) > can_spare() ? -ENOMEM : 0;
}

int mhp_find_place(u64 start, u64 size, int nid, enum mhp_place *place,
		   bool host)
{
	u64 have = can_spare(), price = price_of(size, nid, *place);

	if (host && better_hosted(size, nid, price, have)) {
		*place = MHP_IN_FRONT;
		pr_info(MHP_RANGE " holds its own page structs and tables, in its first %llu MiB: elsewhere they would take %llu KiB of %llu that can be had\n",
			start, start + size - 1, mhp_front_size(size) >> 20,
			kib(price), kib(have));
		return 0;
	}
	if (price <= have)
		return 0;
	pr_err(MHP_RANGE " not added, error %d: it takes %llu KiB of memory in use, %llu can be had; free some, or add less at a time\n",
	       start, start + size - 1, -ENOMEM, kib(price), kib(have));
	return -ENOMEM;
}
