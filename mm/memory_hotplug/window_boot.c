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
		note(mhp_window_room(&ram) ?: window_set_insert(&ram, &part));
		from = to;
		to = end;
	}
}

static void __init ram_cut(u64 start, u64 end)
{
	note(mhp_window_room(&ram) ?: window_set_cut(&ram, start, end));
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

/* ACPI */

#ifdef CONFIG_ACPI_NUMA

typedef void (*srat_memory_fn)(const struct acpi_srat_mem_affinity *ma, int nid);

static srat_memory_fn on_srat_memory __initdata;

static int __init srat_memory(union acpi_subtable_headers *header,
			      const unsigned long end)
{
	const struct acpi_srat_mem_affinity *ma = (void *)header;
	u64 last = ma->base_address + ma->length - 1;

	/* a table may be wrong in any way: what is, gives no window */
	if (ma->header.length < sizeof(*ma) || !ma->length ||
	    last < ma->base_address || last >> MAX_PHYSMEM_BITS)
		return 0;
	if (ma->flags & ACPI_SRAT_MEM_ENABLED)
		on_srat_memory(ma, pxm_to_node(ma->proximity_domain));
	return 0;
}

static void __init walk_srat(srat_memory_fn function)
{
	on_srat_memory = function;
	acpi_table_parse_entries(ACPI_SIG_SRAT, sizeof(struct acpi_table_srat),
				 ACPI_SRAT_TYPE_MEMORY_AFFINITY, srat_memory, 0);
}

static void __init offer_if_hotplug(const struct acpi_srat_mem_affinity *ma,
				    int nid)
{
	if (ma->flags & ACPI_SRAT_MEM_HOT_PLUGGABLE &&
	    !(ma->flags & ACPI_SRAT_MEM_NON_VOLATILE))
		note(mhp_window_offer(ma->base_address,
				      ma->base_address + ma->length, nid,
				      MHP_WINDOW_SRAT));
}

static void __init offer_ram_of_srat(const struct acpi_srat_mem_affinity *ma,
				     int nid)
{
	offer_ram(ma->base_address, ma->base_address + ma->length, nid);
}

static void __init read_srat(void)
{
	if (acpi_disabled)
		return;
	walk_srat(offer_if_hotplug);
	walk_srat(offer_ram_of_srat);
}

#else

static void __init read_srat(void)
{
}

#endif /* CONFIG_ACPI_NUMA */

/* Devicetree */

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

typedef void (*dt_memory_fn)(struct device_node *np, u64 start, u64 end);

/* A node with "linux,usable-memory" was cut by a boot loader that knew why. */
static void __init walk_dt_memory(dt_memory_fn function)
{
	struct device_node *np;
	struct resource res;
	int i;

	for_each_node_by_type(np, "memory") {
		if (!of_device_is_available(np) ||
		    of_property_present(np, "linux,usable-memory"))
			continue;
		for (i = 0; !of_address_to_resource(np, i, &res); i++)
			function(np, res.start, res.end + 1);
	}
}

static void __init insert_dt_memory(struct device_node *np, u64 start, u64 end)
{
	ram_insert(start, end);
}

static void __init offer_if_hotpluggable(struct device_node *np, u64 start,
					 u64 end)
{
	if (of_property_read_bool(np, "hotpluggable"))
		note(mhp_window_offer(start, end, of_node_to_nid(np),
				      MHP_WINDOW_DT));
}

static void __init offer_ram_of_dt(struct device_node *np, u64 start, u64 end)
{
	offer_ram(start, end, of_node_to_nid(np));
}

static void __init read_dt(void)
{
	if (!acpi_disabled)
		return;
	walk_dt_memory(offer_if_hotpluggable);
	walk_dt_memory(offer_ram_of_dt);
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
		walk_dt_memory(insert_dt_memory);
	cut_what_linux_has();
}

static int __init find_windows(void)
{
	read_memblock();
	read_reserved_nodes();
	find_ram();
	if (!trouble && !memory_is_anothers()) {
		read_srat();
		read_dt();
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
