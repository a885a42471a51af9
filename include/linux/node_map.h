/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_NODE_MAP_H
#define _LINUX_NODE_MAP_H
/*
 * What others ask of mm/node_map, besides <linux/numa.h>, <linux/numa_memblks.h>
 * and <asm/numa.h>.
 */
#include <linux/init.h>
#include <linux/types.h>

struct acpi_cedt_cfmws;
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
 * node_map_find_range() - the node of all addresses of a range
 * @start: first address
 * @size:  bytes, not zero; the range does not wrap
 *
 * Context: process context, may sleep.
 * Return: node; %NUMA_NO_NODE if nobody said anything of any of it; -2 if it is of
 * several nodes, or the node of a part is not known.
 */
int node_map_find_range(u64 start, u64 size);

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

/**
 * node_map_set_distances() - the table of distances becomes another one
 * @nid:  node
 * @to:   distance from it to each node, by number, nr_node_ids of them; -1: it stays as
 *        it is; NULL: all stay
 * @from: distance from each node to it; the same
 *
 * Only the table: mhp_node_set_distances() is for those who want a change.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing.
 * Return: 1; 0: all of them were like that; -EINVAL: there can be no such node, or a
 * node is not at 10 from itself; -ERANGE: another node is not at 11 to 255; -ENOMEM.
 * On failure, which is a line in the log, nothing has changed.
 */
int node_map_set_distances(int nid, const int *to, const int *from);

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

/*
 * A window of CXL, of a table that ends at @table_end. Where no other table knows a part
 * of it, it gets a node of its own: that of the domain *@pxm, which becomes the next one.
 * Returns 0: what is wrong with it is its own loss, and a line in the log.
 */
int __init node_map_cxl_window(const struct acpi_cedt_cfmws *window, int *pxm,
			       unsigned long table_end);

#else /* !CONFIG_MEMHP_NODE_MAP: never called, or nothing to be told */

int node_map_device_node(int number);
int node_map_number_domains(void);
int node_map_srat_memory(const struct acpi_subtable_header *entry);
void node_map_srat_cpu(const struct acpi_srat_gicc_affinity *entry);
int node_map_slit(const struct acpi_table_slit *slit);
int node_map_cxl_window(const struct acpi_cedt_cfmws *window, int *pxm,
			unsigned long table_end);

static inline int node_map_find_range(u64 start, u64 size)
{
	return -1;
}

static inline int node_map_add_window(u64 start, u64 size, int nid)
{
	return 0;
}

static inline int node_map_drop_window(u64 start, u64 size)
{
	return 0;
}

#endif /* CONFIG_MEMHP_NODE_MAP */

#ifdef CONFIG_MEMHP_DISTANCES

/**
 * mhp_node_set_distances() - nodes are at other distances from a node from now on
 * @nid:  node; a possible one, with memory or without
 * @to:   distance from it to each node, by number, nr_node_ids of them; -1: it stays as
 *        it is, as it has to where there can be no node; NULL: all stay
 * @from: distance from each node to it; the same. There and back may differ
 *
 * A distance is 10 from a node to itself, and 11 to 255 to another. node_distance() says
 * the old ones until all of the new ones hold. What was made by them is made anew:
 * zonelists, the targets of demotion, the scheduler's levels of nodes.
 *
 * Context: process context, may sleep; takes the CPU hotplug lock and the memory hotplug
 * lock, and without them the scheduler's.
 * Return: 0; -EINVAL: there can be no such node, or a node is not at 10 from itself;
 * -ERANGE: another node is not at 11 to 255; -ENOMEM. A refusal is one line in the log,
 * and nothing has changed.
 */
int mhp_node_set_distances(int nid, const int *to, const int *from);

/*
 * The targets of demotion are looked for again; memory hotplug lock held. A part of
 * mm/memory-tiers.c.
 */
void mhp_tiers_distances_changed(void);

/*
 * The scheduler looks at distances again; no lock is held. Returns how many levels of
 * nodes it finds, 0 if it had no memory to. A part of kernel/sched/topology.c.
 */
unsigned int mhp_sched_distances_changed(void);

/*
 * Have levels changed since this was asked? Then no domain is kept. Asked with
 * sched_domains_mutex held, by drivers/base/arch_topology.c.
 */
bool mhp_sched_levels_are_new(void);

#endif /* CONFIG_MEMHP_DISTANCES */

#endif /* _LINUX_NODE_MAP_H */
