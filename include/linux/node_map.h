/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_NODE_MAP_H
#define _LINUX_NODE_MAP_H
/*
 * What others ask of mm/node_map, besides <linux/numa.h>, <linux/numa_memblks.h>
 * and <asm/numa.h>.
 */
#include <linux/init.h>
#include <linux/types.h>

struct acpi_srat_gicc_affinity;
struct acpi_subtable_header;
struct acpi_table_slit;

#ifdef CONFIG_MEMHP_NODE_MAP

/**
 * node_map_find() - the node of a physical address, whether or not memory is there
 * @addr: address
 *
 * Before initcalls run it searches what firmware's tables have said so far; then
 * it takes the same time whatever is in them.
 *
 * Context: any; from any moment on.
 * Return: node, or %NUMA_NO_NODE if nobody said anything of the address.
 */
int node_map_find(u64 addr);

/**
 * node_map_add_window() - memory that appears in a range belongs to a node
 * @start: first physical address, bytes, a multiple of 4 KiB
 * @size:  bytes, a multiple of 4 KiB
 * @nid:   node, a possible one
 *
 * It comes before what firmware says of the range.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: the range is empty, wraps or cannot be, or the node cannot;
 * -EEXIST: a part of it is another node's already by such a call or by "node_map=";
 * -ENOMEM. On failure nothing has changed.
 */
int node_map_add_window(u64 start, u64 size, int nid);

/**
 * node_map_drop_window() - take back what node_map_add_window() said
 * @start: first physical address, bytes, a multiple of 4 KiB
 * @size:  bytes, a multiple of 4 KiB; a part of what was added may go
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL: the range is empty, wraps or cannot be; -ENOMEM: nothing has
 * changed.
 */
int node_map_drop_window(u64 start, u64 size);

/**
 * node_map_device_node() - the node that a device says it is of, by a number
 * @number: what the host calls the node: a proximity domain
 *
 * Proximity domains are ACPI's. With a devicetree the number is that of the node.
 *
 * Context: any.
 * Return: node, or %NUMA_NO_NODE if there can be no such node.
 */
int node_map_device_node(int number);

/* In the place of setup_nr_node_ids(), for drivers/base/arch_numa.c. */
void __init node_map_count_nodes(void);

/*
 * SRAT's domains get their nodes in the order of their numbers; called when its
 * revision is known, before its entries are read.
 */
int __init node_map_number_domains(void);

/* Firmware's tables, an entry at a time: 1 if it counts, 0 if it does not. */
int __init node_map_srat_memory(const struct acpi_subtable_header *entry);
void __init node_map_srat_cpu(const struct acpi_srat_gicc_affinity *entry);
int __init node_map_slit(const struct acpi_table_slit *slit);

#else /* !CONFIG_MEMHP_NODE_MAP: never called, or nothing to be told */

int node_map_device_node(int number);
int node_map_number_domains(void);
int node_map_srat_memory(const struct acpi_subtable_header *entry);
void node_map_srat_cpu(const struct acpi_srat_gicc_affinity *entry);
int node_map_slit(const struct acpi_table_slit *slit);

static inline int node_map_add_window(u64 start, u64 size, int nid)
{
	return 0;
}

static inline int node_map_drop_window(u64 start, u64 size)
{
	return 0;
}

#endif /* CONFIG_MEMHP_NODE_MAP */

#endif /* _LINUX_NODE_MAP_H */
