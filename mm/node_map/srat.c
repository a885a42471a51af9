// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ACPI's tables say of nodes, an entry at a time: drivers/acpi/numa/srat.c
 * hands them over.
 *
 * Owns nothing. An entry may be wrong in any way; what is wrong is left out alone,
 * with a line in the log.
 */
#define pr_fmt(fmt) "node_map: " fmt

#include <linux/acpi.h>
#include <linux/array_size.h>
#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/minmax.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/numa_memblks.h>
#include <linux/pfn.h>
#include <linux/printk.h>

#include <asm/numa.h>

#include "internal.h"

static bool __init is_whole(const struct acpi_subtable_header *entry, size_t size)
{
	if (entry->length >= size)
		return true;
	pr_warn("SRAT: entry of type %u ignored: it has %u bytes, %zu are needed\n",
		entry->type, entry->length, size);
	return false;
}

/* The first revision has 8 bits for a proximity domain. */
static int __init node_of_domain(u32 pxm)
{
	int nid = acpi_map_pxm_to_node(acpi_srat_revision <= 1 ? pxm & 0xff : pxm);

	if (nid == NUMA_NO_NODE)
		pr_warn("SRAT: entry of proximity domain %u ignored: this kernel has %u nodes, and domains up to %u\n",
			pxm, MAX_NUMNODES, MAX_PXM_DOMAINS - 1);
	return nid;
}

static void __init mark_hotpluggable(u64 start, u64 size)
{
	if (memblock_mark_hotplug(start, size))
		pr_warn(NODE_MAP_RANGE " not marked hot-pluggable: no memory\n",
			start, start + size - 1);
}

int __init node_map_srat_memory(const struct acpi_subtable_header *entry)
{
	const struct acpi_srat_mem_affinity *ma = (const void *)entry;
	struct node_claim claim = { .source = NODE_FROM_SRAT };
	bool comes_and_goes;

	if (!is_whole(entry, sizeof(*ma)) || !(ma->flags & ACPI_SRAT_MEM_ENABLED))
		return 0;
	comes_and_goes = IS_ENABLED(CONFIG_MEMORY_HOTPLUG) &&
			 (ma->flags & ACPI_SRAT_MEM_HOT_PLUGGABLE);
	claim.start = ma->base_address;
	claim.size = ma->length;
	claim.kind = comes_and_goes ? NODE_WINDOW : NODE_MEMORY;
	claim.nid = node_of_domain(ma->proximity_domain);
	if (claim.nid == NUMA_NO_NODE || !node_map_claim(&claim))
		return 0;
	if (comes_and_goes)
		mark_hotpluggable(claim.start, claim.size);
	/* swiotlb and others ask how high memory may come to be */
	max_possible_pfn = max(max_possible_pfn,
			       PFN_UP(claim.start + claim.size - 1));
	return 1;
}

void __init node_map_srat_cpu(const struct acpi_srat_gicc_affinity *entry)
{
	int nid;

	if (!is_whole((const void *)entry, sizeof(*entry)) ||
	    !(entry->flags & ACPI_SRAT_GICC_ENABLED))
		return;
	nid = node_of_domain(entry->proximity_domain);
	if (nid != NUMA_NO_NODE)
		node_set(nid, numa_nodes_parsed);
}

/*
 * Domains have their nodes in the order of their numbers, not in that in which a
 * table happens to name them: the same machine has the same nodes by ACPI and by
 * devicetree.
 */
static DECLARE_BITMAP(domains, MAX_PXM_DOMAINS) __initdata;

static void __init note_domain(u32 pxm)
{
	if (acpi_srat_revision <= 1)
		pxm &= 0xff;
	if (pxm < MAX_PXM_DOMAINS)
		set_bit(pxm, domains);
}

static int __init note_memory(union acpi_subtable_headers *header,
			      const unsigned long end)
{
	const struct acpi_srat_mem_affinity *ma = (const void *)header;

	if (ma->header.length >= sizeof(*ma) && ma->flags & ACPI_SRAT_MEM_ENABLED)
		note_domain(ma->proximity_domain);
	return 0;
}

static int __init note_cpu(union acpi_subtable_headers *header,
			   const unsigned long end)
{
	const struct acpi_srat_gicc_affinity *cpu = (const void *)header;

	if (cpu->header.length >= sizeof(*cpu) &&
	    cpu->flags & ACPI_SRAT_GICC_ENABLED)
		note_domain(cpu->proximity_domain);
	return 0;
}

static int __init note_initiator(union acpi_subtable_headers *header,
				 const unsigned long end)
{
	const struct acpi_srat_generic_affinity *ga = (const void *)header;

	if (ga->header.length >= sizeof(*ga) &&
	    ga->flags & ACPI_SRAT_GENERIC_AFFINITY_ENABLED)
		note_domain(ga->proximity_domain);
	return 0;
}

int __init node_map_number_domains(void)
{
	struct acpi_subtable_proc proc[] = {
		{ .id = ACPI_SRAT_TYPE_MEMORY_AFFINITY, .handler = note_memory },
		{ .id = ACPI_SRAT_TYPE_GICC_AFFINITY, .handler = note_cpu },
		{ .id = ACPI_SRAT_TYPE_GENERIC_AFFINITY, .handler = note_initiator },
	};
	unsigned int pxm;

	acpi_table_parse_entries_array(ACPI_SIG_SRAT, sizeof(struct acpi_table_srat),
				       proc, ARRAY_SIZE(proc), 0);
	for_each_set_bit(pxm, domains, MAX_PXM_DOMAINS)
		acpi_map_pxm_to_node(pxm);
	return 0;
}

/* CEDT: windows of CXL. */

static bool __init window_is_whole(const struct acpi_cedt_cfmws *window,
				   unsigned long table_end)
{
	size_t left = table_end - (unsigned long)window;
	size_t bytes = min_t(size_t, window->header.length, left);

	if (bytes >= sizeof(*window))
		return true;
	pr_warn("CEDT: window of CXL ignored: it has %zu bytes, %zu are needed\n",
		bytes, sizeof(*window));
	return false;
}

/* A domain that no table names, and the node that it gets. */
static void __init claim_for_domain(struct node_claim *claim, int *pxm)
{
	claim->nid = acpi_map_pxm_to_node(*pxm);
	if (claim->nid == NUMA_NO_NODE) {
		pr_warn("CEDT: " NODE_MAP_RANGE " ignored: this kernel has %u nodes\n",
			claim->start, claim->start + claim->size - 1, MAX_NUMNODES);
		return;
	}
	(*pxm)++;
	node_map_claim(claim);
}

int __init node_map_cxl_window(const struct acpi_cedt_cfmws *window, int *pxm,
			       unsigned long table_end)
{
	struct node_claim claim = {
		.kind = NODE_WINDOW,
		.source = NODE_FROM_CXL,
	};

	if (!window_is_whole(window, table_end))
		return 0;
	claim.start = window->base_hpa;
	claim.size = window->window_size;
	/* one that cannot be takes no node from another */
	if (node_map_can_be(&claim) &&
	    numa_fill_memblks(claim.start, claim.start + claim.size))
		claim_for_domain(&claim, pxm);
	return 0;
}

/* SLIT: a row for each proximity domain. */

static int __init node_of_row(u64 row)
{
	return pxm_to_node(row);
}

int __init node_map_slit(const struct acpi_table_slit *slit)
{
	struct node_distance_report report;
	u64 limit = min_t(u64, slit->locality_count, MAX_PXM_DOMAINS), row;
	unsigned int nr = 0;

	if (slit->header.length < sizeof(*slit)) {
		pr_warn("SLIT ignored: it has %u bytes, %zu are needed\n",
			slit->header.length, sizeof(*slit));
		return -EINVAL;
	}
	for (row = 0; row < limit; row++)
		nr = max_t(int, nr, node_of_row(row) + 1);
	if (!nr || !node_map_distances_room(nr))
		return 0;
	node_distances_from_matrix(node_map_distances(), slit->entry,
				   slit->header.length - sizeof(*slit),
				   slit->locality_count, node_of_row, limit,
				   &report);
	node_map_report(&report, "SLIT");
	return 0;
}
