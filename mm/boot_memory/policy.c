// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot memory that is hotpluggable, and memblock's marks of it.
 *
 * Owns:     the ranges, as firmware names them; the marks in memblock from the
 *           peek to the page allocator, and again from then on.
 * Must not: allocate; change memblock where "movable_node" was not asked for.
 * Locks:    none. The ranges change only while boot has one CPU.
 *
 * The marks are set before anything is allocated, by ranges of our own. Others
 * set them later, or take them off whole nodes (NUMA does, for a node in which
 * anything is reserved): see boot_memory_settled().
 */
#define pr_fmt(fmt) "boot_memory: " fmt

#include <linux/acpi.h>
#include <linux/boot_memory.h>
#include <linux/cache.h>
#include <linux/efi.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/of_fdt.h>
#include <linux/string.h>

#include <asm/sections.h>

#include "internal.h"

#define RANGES	128

static struct window ranges[RANGES] __ro_after_init;

struct window_set boot_hotpluggable __ro_after_init = {
	.at = ranges,
	.room = RANGES,
};

static bool settled __ro_after_init;

/* Ranges of one source that touch are still two: the kernel may be in one. */
static unsigned int added __initdata;

const char *boot_range_source(const struct window *w)
{
	static const char *const words[] = {
		[BOOT_BY_SRAT] = "SRAT",
		[BOOT_BY_DT] = "devicetree",
		[BOOT_BY_EFI] = "EFI memory map",
	};

	return words[w->source % BOOT_SOURCES];
}

void __init boot_add_range(unsigned int source, u64 start, u64 end)
{
	struct window part = { .nid = NUMA_NO_NODE };
	u64 from = start, to = end;

	part.source = source + BOOT_SOURCES * added++;
	while (window_set_gap(&boot_hotpluggable, &from, &to)) {
		part.start = from;
		part.end = to;
		if (window_set_insert(&boot_hotpluggable, &part)) {
			pr_warn(BOOT_RANGE " is not kept free: no room for more than %d ranges\n",
				from, to - 1, RANGES);
			return;
		}
		from = to;
		to = end;
	}
}

/* Which tables Linux will go by */

static bool acpi_is_off __initdata, acpi_is_forced __initdata;

static int __init acpi_param(char *word)
{
	if (word && !strcmp(word, "off"))
		acpi_is_off = true;
	else if (word && (!strcmp(word, "on") || !strcmp(word, "force")))
		acpi_is_forced = true;
	return 0;
}
early_param("acpi", acpi_param);

static u64 __init root_pointer(void)
{
	if (!efi_enabled(EFI_BOOT))
		return 0;
	if (efi.acpi20 != EFI_INVALID_TABLE_ADDR)
		return efi.acpi20;
	return efi.acpi != EFI_INVALID_TABLE_ADDR ? efi.acpi : 0;
}

static void __init read_tables(void)
{
	u64 rsdp = root_pointer();

	if (IS_ENABLED(CONFIG_ACPI_NUMA) && rsdp && !acpi_is_off &&
	    (acpi_is_forced || boot_devicetree_is_stub(initial_boot_params)))
		boot_read_acpi(rsdp);
	else
		boot_read_devicetree(initial_boot_params);
	boot_read_efi();
}

/* Marks */

/* The kernel cannot move: all of the range it is in stays as ordinary memory. */
static void __init leave_the_kernel_out(void)
{
	const u64 start = __pa_symbol(_text), end = __pa_symbol(_end);
	struct window_set *set = &boot_hotpluggable;
	struct window w;
	unsigned int i;

	for (i = set->nr; i--;) {
		w = set->at[i];
		if (w.end <= start || end <= w.start)
			continue;
		pr_info(BOOT_RANGE " is called hotpluggable, but has the kernel in it: it is used like other memory\n",
			w.start, w.end - 1);
		window_set_cut(set, w.start, w.end);
	}
}

/* Takes out what memblock cannot mark, for it will not be kept free. */
static void __init mark(void)
{
	struct window_set *set = &boot_hotpluggable;
	struct window w;
	unsigned int i;
	int err;

	for (i = set->nr; i--;) {
		w = set->at[i];
		err = memblock_mark_hotplug(w.start, w.end - w.start);
		if (!err)
			continue;
		pr_warn(BOOT_RANGE " is not kept free: memblock has no room, error %d\n",
			w.start, w.end - 1, err);
		window_set_cut(set, w.start, w.end);
	}
}

static void __init say_what_is_kept_free(void)
{
	const struct window_set *set = &boot_hotpluggable;
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		pr_info(BOOT_RANGE " is hotpluggable (%s)%s\n", set->at[i].start,
			set->at[i].end - 1, boot_range_source(&set->at[i]),
			settled ? ", and kept free" : "");
}

void __init boot_memory_peek(void)
{
	boot_memory_offend();
	read_tables();
	leave_the_kernel_out();
	if (movable_node_is_enabled() && boot_hotpluggable.nr) {
		/* devicetree's were set when it was found, the kernel's too */
		memblock_clear_hotplug(0, PHYS_ADDR_MAX);
		mark();
		settled = true;
	}
	say_what_is_kept_free();
}

bool boot_memory_settled(void)
{
	return settled;
}

void __init boot_memory_handover(void)
{
	settled = false;
}

/* When there is no other memory */

static bool trying __initdata, last_resort __ro_after_init;

bool boot_memory_is_last_resort(void)
{
	return last_resort;
}

u64 __init boot_memory_try(u64 size, u64 align, u64 start, u64 end, int nid,
			   bool exact_nid)
{
	u64 at;

	if (!settled || trying)
		return 0;
	trying = true;
	at = memblock_alloc_range_nid(size, align, start, end, nid, exact_nid);
	if (!at && !exact_nid) {
		last_resort = true;
		at = memblock_alloc_range_nid(size, align, start, end, nid,
					      false);
		last_resort = false;
		if (at)
			pr_warn_once(BOOT_RANGE " is taken of hotpluggable memory: boot has no other left\n",
				at, at + size - 1);
	}
	trying = false;
	return at;
}

/*
 * memblock took the marks off when it gave all memory away; it has room for them. Page
 * structs that boot writes late are those of what memblock says is free and not marked:
 * they have to be there before.
 */
static int __init mark_again(void)
{
	if (movable_node_is_enabled())
		mark();
	return 0;
}
core_initcall(mark_again);

bool boot_memory_may_map(u64 phys, u64 size)
{
	return !settled || size <= 1UL << SECTION_SIZE_BITS ||
	       !boot_memory_is_hotpluggable(phys, 1);
}

/* Zones */

static bool __init kernel_memory_above(const struct memblock_region *region)
{
	const int nid = memblock_get_region_node(region);
	struct memblock_region *r;

	for_each_mem_region(r)
		if (r->base > region->base && !memblock_is_nomap(r) &&
		    !memblock_is_hotpluggable(r) &&
		    memblock_get_region_node(r) == nid)
			return true;
	return false;
}

bool __init boot_memory_is_movable(struct memblock_region *region)
{
	if (!memblock_is_hotpluggable(region))
		return false;
	if (!settled || !kernel_memory_above(region))
		return true;
	pr_info(BOOT_RANGE " is not movable: its node has other memory above it\n",
		(u64)region->base, (u64)region->base + region->size - 1);
	return false;
}

bool boot_memory_is_hotpluggable(u64 start, u64 size)
{
	int nid;

	return size && window_set_covers(&boot_hotpluggable, start,
					 start + size, &nid);
}
