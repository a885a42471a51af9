// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections: the page structs of a range come into being and go.
 *
 * Owns:      the order in which sections are made and unmade; what a section
 *            consists of belongs to mm/sparse.c.
 * Must not:  initialise page structs, or know of zones.
 * Locks:     callers hold the memory hotplug lock for writing;
 *            pfn_to_online_page() takes none.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/export.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pfn_state.h>
#include <linux/sched.h>

#include "../internal.h"
#include "internal.h"

/* A section may be shared by RAM and a device; then only its pagemap knows. */
static bool device_has(unsigned long pfn)
{
	struct dev_pagemap *owner = get_dev_pagemap(pfn, NULL);

	put_dev_pagemap(owner);
	return owner;
}

/**
 * pfn_to_online_page() - the page struct of RAM that is in use
 * @pfn: any page frame number
 *
 * A page that is online now may be offline in the next moment, unless the
 * caller keeps it from that: get_online_mems() does.
 *
 * Context: any, unless a device shares the section: then RCU read side.
 * Return: the page struct, which is initialised; NULL for anything else: holes,
 * offline memory, devices, numbers beyond all memory.
 */
struct page *pfn_to_online_page(unsigned long pfn)
{
	unsigned long nr = pfn_to_section_nr(pfn);
	struct mem_section *ms;

	if (nr >= NR_MEM_SECTIONS)
		return NULL;
	ms = __nr_to_section(nr);
	if (!online_section(ms) || !pfn_section_valid(ms, pfn))
		return NULL;
	if (unlikely(online_device_section(ms)) && device_has(pfn))
		return NULL;
	return pfn_to_page(pfn);
}
EXPORT_SYMBOL_GPL(pfn_to_online_page);

static int check_sections(unsigned long pfn, unsigned long nr_pages,
			  const struct mhp_params *params)
{
	struct vmem_altmap *altmap = params->altmap;

	if (!nr_pages || !IS_ALIGNED(pfn | nr_pages, PAGES_PER_SUBSECTION))
		return -EINVAL;
	/* the memmap lies in front; at least a page must be left to describe */
	if (altmap && (altmap->base_pfn != pfn ||
		       vmem_altmap_offset(altmap) > nr_pages))
		return -EINVAL;
	return mhp_check_reach(PFN_PHYS(pfn), PFN_PHYS(nr_pages), false, -E2BIG);
}

/* One past the last page of the section's part of a range. */
static unsigned long section_part_end(unsigned long pfn, unsigned long end)
{
	return min(end, SECTION_ALIGN_UP(pfn + 1));
}

/*
 * So that a use of page structs that are gone shows; debugging kernels only.
 * Those of memory that is not accessible cannot be written.
 */
static void poison_page_structs(unsigned long pfn, unsigned long nr_pages,
				const struct vmem_altmap *altmap)
{
	if (!altmap || !altmap->inaccessible)
		page_init_poison(pfn_to_page(pfn),
				 nr_pages * sizeof(struct page));
}

/**
 * __remove_pages() - unmake the sections of a range
 * @pfn:      first page, a multiple of a subsection
 * @nr_pages: how many, a multiple of a subsection
 * @altmap:   where the page structs lie, as when added, or NULL
 * @pgmap:    the device's pagemap, as when added, or NULL
 *
 * From here on pfn_valid() is false for it on every CPU. pfn_is_map_memory() is before
 * that, so that it is never true where pfn_valid() is not.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing;
 * nothing of the range is online, and no walker is in it.
 */
void __remove_pages(unsigned long pfn, unsigned long nr_pages,
		    struct vmem_altmap *altmap, struct dev_pagemap *pgmap)
{
	unsigned long end = pfn + nr_pages, next;

	if (WARN_ON_ONCE(!IS_ALIGNED(pfn | nr_pages, PAGES_PER_SUBSECTION)))
		return;
	if (!pgmap)
		pfn_state_set(pfn, nr_pages, false);
	for (; pfn < end; pfn = next) {
		next = section_part_end(pfn, end);
		poison_page_structs(pfn, next - pfn, altmap);
		sparse_remove_section(pfn, next - pfn, altmap, pgmap);
		cond_resched();
	}
}

/**
 * __add_pages() - make the sections of a range, with page structs
 * @nid:      node that the page structs come from
 * @pfn:      first page, a multiple of a subsection
 * @nr_pages: how many, a multiple of a subsection
 * @params:   where the page structs go; the protection of a linear map that
 *	      the caller makes
 *
 * It happens whole or not at all. The page structs are not initialised:
 * that is move_pfn_range_to_zone(). When all are there, pages that have no pagemap are
 * RAM for pfn_is_map_memory(); a device's never are.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 0; -EINVAL: misaligned, or the altmap is not at its start; -E2BIG:
 * beyond what page frame numbers reach; -EEXIST: a part is there; -ENOMEM.
 */
int __add_pages(int nid, unsigned long pfn, unsigned long nr_pages,
		struct mhp_params *params)
{
	unsigned long at = pfn, end = pfn + nr_pages, next;
	int ret = check_sections(pfn, nr_pages, params);

	if (!ret && !params->pgmap)
		ret = pfn_state_make_room(pfn, nr_pages);
	if (ret)
		return ret;
	if (params->altmap)
		params->altmap->alloc = 0;
	for (; at < end; at = next) {
		next = section_part_end(at, end);
		ret = sparse_add_section(nid, at, next - at, params->altmap,
					 params->pgmap);
		if (ret)
			goto remove;
		cond_resched();
	}
	vmemmap_populate_print_last();
	if (!params->pgmap)
		pfn_state_set(pfn, nr_pages, true);
	return 0;

remove:
	if (at > pfn)
		__remove_pages(pfn, at - pfn, params->altmap, params->pgmap);
	return ret;
}
