// SPDX-License-Identifier: GPL-2.0-only
/*
 * The size of memory blocks, settled once at boot: what "memory_block_size="
 * says, or what suits the memory that is there and that may come.
 *
 * Owns nothing once boot is over.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "block_size.h"
#include "internal.h"

static u64 wanted __initdata;

/* The ranges that count. */
static struct {
	struct mhp_extent *at;
	unsigned int nr, room;
	bool short_of_memory;
} extents __initdata;

static int __init read_block_size(char *text)
{
	char *end = text;
	u64 size = text ? memparse(text, &end) : 0;

	if (size && !*end && mhp_block_size_allowed(size, MIN_MEMORY_BLOCK_SIZE))
		wanted = size;
	else
		pr_warn("memory_block_size=%s ignored: it has to be a power of two from %luM to %lluM\n",
			text ?: "", MIN_MEMORY_BLOCK_SIZE >> 20,
			max_t(u64, MIN_MEMORY_BLOCK_SIZE, BLOCK_SIZE_MAX) >> 20);
	return 0;
}
early_param("memory_block_size", read_block_size);

static void __init note_extent(u64 start, u64 end, int nid, bool window)
{
	unsigned int room = extents.room ? 2 * extents.room : 32;
	struct mhp_extent *at = extents.at;

	if (start >= end)
		return;
	if (extents.nr == extents.room) {
		at = krealloc_array(at, room, sizeof(*at), GFP_KERNEL);
		if (!at) {
			extents.short_of_memory = true;
			return;
		}
		extents.at = at;
		extents.room = room;
	}
	at[extents.nr++] = (struct mhp_extent){ start, end, nid, window };
}

static void __init note_boot_memory(void)
{
	struct memblock_region *region;

	for_each_mem_region(region)
		if (!memblock_is_nomap(region))
			note_extent(region->base, region->base + region->size,
				    memblock_get_region_node(region), false);
}

/* What of it is not there yet. */
static void __init note_window(const struct mhp_firmware_range *r, void *unused)
{
	struct memblock_region *region;
	u64 start = r->start;

	if (!r->hotpluggable)
		return;
	for_each_mem_region(region) {
		if (region->base + region->size <= start ||
		    region->base >= r->end)
			continue;
		note_extent(start, region->base, r->nid, true);
		start = region->base + region->size;
	}
	note_extent(start, r->end, r->nid, true);
}

static u64 __init choose(void)
{
	u64 size;

	/* nobody knows any more what memory there is */
	if (!IS_ENABLED(CONFIG_ARCH_KEEP_MEMBLOCK))
		return MIN_MEMORY_BLOCK_SIZE;
	note_boot_memory();
	mhp_walk_firmware(note_window, NULL);
	size = mhp_choose_block_size(extents.at, extents.nr,
				     MIN_MEMORY_BLOCK_SIZE);
	kfree(extents.at);
	/* half the truth may be worse than none */
	return extents.short_of_memory ? MIN_MEMORY_BLOCK_SIZE : size;
}

u64 __init mhp_boot_block_size(void)
{
	return wanted ?: choose();
}
