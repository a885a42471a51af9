// SPDX-License-Identifier: GPL-2.0-only
/*
 * What page frames are now.
 *
 * Owns:      the map of them, and the functions of arch/arm64 that ask it.
 * Must not:  know why memory comes or goes, or touch sections.
 * Locks:     the memory hotplug lock, which callers hold for writing, keeps writers
 *            apart. Readers take none.
 *
 * Until early initcalls run, memblock answers: it does not change without its reader
 * then, as there is one CPU and no hotplug. If there is no memory for the map,
 * memblock goes on answering, as with stock.
 */
#define pr_fmt(fmt) "pfn_state: " fmt

#include <linux/align.h>
#include <linux/cache.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/pfn_state.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "pfn_map.h"

/* nr_roots is 0 until memblock is not asked any more: it covers nothing then. */
static struct pfn_map map __ro_after_init;

static bool is_ready(void)
{
	return likely(map.nr_roots);
}

static noinline int ask_about_uncovered(unsigned long pfn)
{
	return is_ready() ? 0 : pfn_state_in_memblock(pfn);
}

/**
 * pfn_is_map_memory() - is a page RAM that the linear map has?
 * @pfn: any number
 *
 * It is also when it is offline, or in use by anybody. What firmware keeps for itself,
 * holes, memory of devices (as pmem) and registers are not.
 *
 * Context: any.
 * Return: 1 if so, or 0.
 */
int pfn_is_map_memory(unsigned long pfn)
{
	if (unlikely(!pfn_map_covers(&map, pfn_to_section_nr(pfn))))
		return ask_about_uncovered(pfn);
	return pfn_map_is_ram(&map, PFN_SECTION_SHIFT, pfn);
}
EXPORT_SYMBOL(pfn_is_map_memory);

bool pfn_state_is_ram_at(phys_addr_t addr)
{
	return pfn_is_map_memory(PHYS_PFN(addr));
}

bool pfn_state_is_one_kind(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t last = base + size - !!size;

	if (!is_ready())
		return memblock_is_region_memory(base, size);
	return last >= base &&
	       pfn_map_is_one_kind(&map, PHYS_PFN(base), PHYS_PFN(last));
}

int pfn_state_make_room(unsigned long pfn, unsigned long nr_pages)
{
	if (!is_ready() ||
	    pfn_map_make_room(&map, pfn_to_section_nr(pfn),
			      pfn_to_section_nr(pfn + nr_pages - 1)))
		return 0;
	return -ENOMEM;
}

void pfn_state_set(unsigned long pfn, unsigned long nr_pages, bool ram)
{
	unsigned long nr = pfn_to_section_nr(SECTION_ALIGN_UP(pfn));
	unsigned long end = pfn_to_section_nr(pfn + nr_pages);

	if (!is_ready())
		return;
	for (; nr < end; nr++)
		pfn_map_set(&map, nr, ram);
	/* whoever sees what is done next sees this, too */
	smp_wmb();
}

/* Boot */

static void *state_alloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL);
}

static void state_free(void *memory)
{
	kvfree(memory);
}

static const struct pfn_map_ops state_ops = {
	.alloc	= state_alloc,
	.free	= state_free,
};

/* A page is what its first byte is. */
static bool __init read_memblock(struct pfn_map *to)
{
	struct memblock_region *r;

	if (!pfn_map_init(to, PFN_SECTION_SHIFT, NR_MEM_SECTIONS, &state_ops))
		return false;
	for_each_mem_region(r)
		if (!pfn_map_add_boot(to, PFN_UP(r->base),
				      PFN_UP(r->base + r->size),
				      memblock_is_nomap(r)))
			return false;
	return true;
}

static void __init publish(const struct pfn_map *from)
{
	map.ops = from->ops;
	map.order = from->order;
	map.nomap = from->nomap;
	map.root = from->root;
	/* there is one CPU, but an interrupt may ask */
	barrier();
	WRITE_ONCE(map.nr_roots, from->nr_roots);
}

static int __init pfn_state_init(void)
{
	struct pfn_map read = { };

	if (read_memblock(&read)) {
		publish(&read);
		return 0;
	}
	pfn_map_destroy(&read);
	pr_err("no memory for the map of page frames: what is RAM is searched for in memblock, which is slower, and not safe while memory is added or removed\n");
	return 0;
}
early_initcall(pfn_state_init);
