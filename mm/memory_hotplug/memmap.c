// SPDX-License-Identifier: GPL-2.0-only
/*
 * A memmap that lies in the memory it describes.
 *
 * Owns:      the parameter "memmap_on_memory", the altmaps of memory blocks,
 *            and the page structs of the pages that hold page structs.
 * Locks:     callers hold the memory hotplug lock for writing.
 *
 * The first pages of such a memory block hold its page structs. They are never
 * given to the page allocator; whole pageblocks are left for it.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/kasan.h>
#include <linux/kstrtox.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pageblock-flags.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/tlbflush.h>

#include "../internal.h"
#include "internal.h"

enum memmap_mode {
	MEMMAP_ELSEWHERE,	/* from the page allocator */
	MEMMAP_FITTING,		/* in the block, where no page is lost by it */
	MEMMAP_PADDED,		/* in the block, and what is left of a pageblock is lost */
};

static const char *const memmap_mode_text[] = { "N", "Y", "force" };

static enum memmap_mode memmap_mode;

/* The administrator has said no; by default nobody has said anything. */
static bool memmap_forbidden;

static int memmap_mode_set(const char *text, const struct kernel_param *kp)
{
	bool yes;
	int ret;

	if (sysfs_streq(text, memmap_mode_text[MEMMAP_PADDED])) {
		memmap_mode = MEMMAP_PADDED;
		return 0;
	}
	ret = kstrtobool(text, &yes);
	if (ret)
		return ret;
	memmap_mode = yes ? MEMMAP_FITTING : MEMMAP_ELSEWHERE;
	memmap_forbidden = !yes;
	return 0;
}

static int memmap_mode_get(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%s\n", memmap_mode_text[memmap_mode]);
}

static const struct kernel_param_ops memmap_mode_ops = {
	.set = memmap_mode_set,
	.get = memmap_mode_get,
};

module_param_cb(memmap_on_memory, &memmap_mode_ops, NULL, 0444);
MODULE_PARM_DESC(memmap_on_memory,
		 "Page structs of hot-added memory live in it (Y, N, or \"force\": also where that wastes memory)");

bool mhp_may_host(void)
{
	return IS_ENABLED(CONFIG_ARM64) && !memmap_forbidden;
}

/* Pages that page structs for @size bytes take, in whole ones. */
static unsigned long struct_pages(u64 size)
{
	return PFN_UP(PHYS_PFN(size) * sizeof(struct page));
}

unsigned long mhp_memmap_pages(u64 size)
{
	unsigned long pages = struct_pages(size);

	if (memmap_mode == MEMMAP_PADDED)
		pages = pageblock_align(pages);
	return pageblock_aligned(pages) && pages < PHYS_PFN(size) ? pages : 0;
}

/**
 * mhp_supports_memmap_on_memory() - may page structs lie in their memory block?
 *
 * They may if the administrator said so, and if they leave whole pageblocks.
 *
 * Return: true if add_memory() and its kin will honour MHP_MEMMAP_ON_MEMORY.
 */
bool mhp_supports_memmap_on_memory(void)
{
	return IS_ENABLED(CONFIG_MHP_MEMMAP_ON_MEMORY) &&
	       memmap_mode != MEMMAP_ELSEWHERE &&
	       mhp_memmap_pages(memory_block_size_bytes());
}
EXPORT_SYMBOL_GPL(mhp_supports_memmap_on_memory);

struct vmem_altmap *mhp_altmap_new(u64 start, u64 size, bool inaccessible)
{
	const struct vmem_altmap whole = {
		.base_pfn = PHYS_PFN(start),
		.end_pfn = PHYS_PFN(start + size - 1),
		.free = mhp_memmap_pages(size),
		.inaccessible = inaccessible,
	};

	return kmemdup(&whole, sizeof(whole), GFP_KERNEL);
}

void mhp_altmap_free(struct vmem_altmap *altmap)
{
	if (!altmap)
		return;
	WARN_ONCE(altmap->alloc, "%lu pages of a memmap that is gone are in use\n",
		  altmap->alloc);
	kfree(altmap);
}

/* One past the last page of the sections that lie wholly below @end. */
static unsigned long whole_sections(unsigned long end)
{
	return ALIGN_DOWN(end, PAGES_PER_SECTION);
}

/**
 * mhp_init_memmap_on_memory() - page structs for the pages that hold them
 * @pfn:      first page of the block
 * @nr_pages: how many hold page structs
 * @zone:     zone of the block
 * @mhp_off_inaccessible: the memory was not there until now
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -ENOMEM: no shadow memory.
 */
int mhp_init_memmap_on_memory(unsigned long pfn, unsigned long nr_pages,
			      struct zone *zone, bool mhp_off_inaccessible)
{
	unsigned long end = pfn + nr_pages, at;
	int ret = kasan_add_zero_shadow(__va(PFN_PHYS(pfn)),
					PFN_PHYS(nr_pages));

	if (ret)
		return ret;
	/* nobody could poison them when they were made */
	if (mhp_off_inaccessible)
		page_init_poison(pfn_to_page(pfn),
				 nr_pages * sizeof(struct page));
	move_pfn_range_to_zone(zone, pfn, nr_pages, NULL, MIGRATE_UNMOVABLE);
	for (at = pfn; at < end; at++) {
		__ClearPageOffline(pfn_to_page(at));
		SetPageVmemmapSelfHosted(pfn_to_page(at));
	}
	/* a section with other pages in it goes online with them */
	if (whole_sections(end) > pfn)
		online_mem_sections(pfn, whole_sections(end));
	return 0;
}

void mhp_zero_shadow_remove(u64 start, u64 size)
{
	kasan_remove_zero_shadow(__va(start), size);
	/* the same addresses may get a shadow of their own next time */
	if (IS_ENABLED(CONFIG_KASAN))
		flush_tlb_all();
}

/**
 * mhp_deinit_memmap_on_memory() - what mhp_init_memmap_on_memory() did is undone
 * @pfn:      first page of the block
 * @nr_pages: how many hold page structs
 *
 * Context: as there; the rest of the block is offline. The caller settles the zone.
 */
void mhp_deinit_memmap_on_memory(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages;

	if (whole_sections(end) > pfn)
		offline_mem_sections(pfn, whole_sections(end));
	mhp_zone_drop(page_zone(pfn_to_page(pfn)), pfn, nr_pages);
	mhp_zero_shadow_remove(PFN_PHYS(pfn), PFN_PHYS(nr_pages));
}
