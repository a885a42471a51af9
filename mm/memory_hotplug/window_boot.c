// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows that firmware gives: memory that it calls hot-pluggable, and RAM that
 * it describes but Linux was told not to use ("mem=").
 *
 * Owns nothing once boot is over: it reads the tables again when drivers are up,
 * and hands to window.c what it finds. What firmware reserves is read first, as
 * memblock forgets what is reserved above "mem=".
 *
 * Where there is a UEFI memory map, it says what is RAM, as it does for boot
 * memory; else the memory nodes of the devicetree do. Nodes are those of SRAT or
 * the devicetree.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/acpi.h>
#include <linux/efi.h>
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/memhp.h>
#include <linux/numa.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/slab.h>

#include "internal.h"

/* RAM that firmware describes, less what Linux has. */
static struct window_set ram __initdata;

/* The first error: with it, there are fewer windows than there could be. */
static int trouble __initdata;

static void __init note(int err)
{
	trouble = trouble ?: err;
}

static void __init ram_insert(u64 start, u64 end)
{
	struct window part = { .nid = NUMA_NO_NODE };
	u64 from = start, to = end;

	while (!trouble && window_set_gap(&ram, &from, &to)) {
		part.start = from;
		part.end = to;
		note(window_set_room(&ram, 1) ?: window_set_insert(&ram, &part));
		from = to;
		to = end;
	}
}

static void __init ram_cut(u64 start, u64 end)
{
	note(window_set_room(&ram, 1) ?: window_set_cut(&ram, start, end));
}

/* Gives what is RAM in a range of a node, and takes it out of the set. */
static void __init offer_ram(u64 start, u64 end, int nid)
{
	const struct window *w;
	u64 from, to;

	for (w = ram.at; w < ram.at + ram.nr; w++) {
		from = max(start, w->start);
		to = min(end, w->end);
		if (from < to)
			note(mhp_window_offer(from, to, nid,
					      MHP_WINDOW_CUT_OFF));
	}
	if (!trouble)
		ram_cut(start, end);
}

/* memblock */

static void __init read_memblock(void)
{
	struct memblock_region *region;
	phys_addr_t start, end;
	u64 i;

	for_each_mem_region(region)
		if (memblock_is_nomap(region))
			note(mhp_keep_out(region->base,
					  region->base + region->size));
	/* within memory it is the kernel's own, which is in nobody's way */
	for_each_reserved_mem_range(i, &start, &end)
		if (!memblock_is_region_memory(start, end - start))
			note(mhp_keep_out(start, end));
}

static void __init cut_what_linux_has(void)
{
	struct memblock_region *region;

	for_each_mem_region(region)
		ram_cut(region->base, region->base + region->size);
}

/* UEFI */

static bool __init is_free_ram(const efi_memory_desc_t *md)
{
	return md->type == EFI_CONVENTIONAL_MEMORY &&
	       (md->attribute & EFI_MEMORY_WB) &&
	       !(md->attribute & EFI_MEMORY_SP);
}

static void __init read_efi(void)
{
	efi_memory_desc_t *md;
	u64 end;

	for_each_efi_memory_desc(md) {
		end = md->phys_addr + (md->num_pages << EFI_PAGE_SHIFT);
		if (is_free_ram(md))
			ram_insert(md->phys_addr, end);
		else if (!memblock_is_region_memory(md->phys_addr,
						    end - md->phys_addr))
			note(mhp_keep_out(md->phys_addr, end));
	}
}

/* What the devicetree reserves */

static void __init keep_out_node(struct device_node *np)
{
	struct resource res;
	int i;

	for (i = 0; !of_address_to_resource(np, i, &res); i++)
		note(mhp_keep_out(res.start, res.end + 1));
}

static void __init read_reserved_nodes(void)
{
	struct device_node *top = of_find_node_by_path("/reserved-memory");
	struct device_node *np;

	for_each_available_child_of_node(top, np)
		keep_out_node(np);
	of_node_put(top);
}

/* What firmware calls memory */

static void __init insert_ram(const struct mhp_firmware_range *r, void *unused)
{
	ram_insert(r->start, r->end);
}

static void __init offer_if_hotpluggable(const struct mhp_firmware_range *r,
					 void *unused)
{
	if (r->hotpluggable)
		note(mhp_window_offer(r->start, r->end, r->nid,
				      acpi_disabled ? MHP_WINDOW_DT :
						      MHP_WINDOW_SRAT));
}

static void __init offer_what_is_ram(const struct mhp_firmware_range *r,
				     void *unused)
{
	offer_ram(r->start, r->end, r->nid);
}

/*
 * A crash kernel lives in a small range. What is outside, hot-added memory too, is
 * the memory of the kernel that crashed: not cut off, but to be saved.
 */
static bool __init memory_is_anothers(void)
{
	return of_property_present(of_chosen, "linux,usable-memory-range") ||
	       of_property_present(of_chosen, "linux,elfcorehdr");
}

static void __init find_ram(void)
{
	if (efi_enabled(EFI_BOOT))
		read_efi();
	else if (acpi_disabled)
		mhp_walk_firmware(insert_ram, NULL);
	cut_what_linux_has();
}

static int __init find_windows(void)
{
	read_memblock();
	read_reserved_nodes();
	find_ram();
	if (!trouble && !memory_is_anothers()) {
		mhp_walk_firmware(offer_if_hotpluggable, NULL);
		mhp_walk_firmware(offer_what_is_ram, NULL);
		offer_ram(0, U64_MAX, NUMA_NO_NODE);
	}
	kfree(ram.at);
	ram = (struct window_set){ };
	if (trouble)
		pr_warn("error %d while reading which memory firmware has more of: windows may be missing\n",
			trouble);
	return 0;
}
late_initcall(find_windows);
