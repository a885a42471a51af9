// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the devicetree says of nodes: "numa-node-id" of CPUs, memory and devices,
 * and the node that is compatible with "numa-distance-map-v1".
 *
 * Owns nothing. What is wrong is left out alone, with a line in the log.
 */
#define pr_fmt(fmt) "node_map: " fmt

#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/numa_memblks.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/overflow.h>
#include <linux/printk.h>

#include <asm/numa.h>

#include "internal.h"

#define NODE_ID	"numa-node-id"

/* CPUs and memory */

static bool __init says_node(struct device_node *np)
{
	return of_property_present(np, NODE_ID);
}

/* Is there any? Without one, this is a machine without nodes, and nothing is wrong. */
static bool __init names_nodes(void)
{
	struct device_node *np;

	for_each_of_cpu_node(np)
		if (says_node(np))
			goto found;
	for_each_node_by_type(np, "memory")
		if (says_node(np))
			goto found;
	return false;
found:
	of_node_put(np);
	return true;
}

/* NUMA_NO_NODE: it says none, or one that cannot be, which is said. */
static int __init own_node(struct device_node *np, const char *what)
{
	u32 nid;

	if (of_property_read_u32(np, NODE_ID, &nid)) {
		pr_warn("%pOF: %s ignored: it has no " NODE_ID "\n", np, what);
		return NUMA_NO_NODE;
	}
	if (nid >= MAX_NUMNODES) {
		pr_warn("%pOF: %s ignored: " NODE_ID " is %u, this kernel has nodes up to %u\n",
			np, what, nid, MAX_NUMNODES - 1);
		return NUMA_NO_NODE;
	}
	return nid;
}

static void __init read_cpus(void)
{
	struct device_node *np;
	int nid;

	for_each_of_cpu_node(np) {
		nid = own_node(np, "node of the CPU");
		if (nid != NUMA_NO_NODE)
			node_set(nid, numa_nodes_parsed);
	}
}

static void __init read_ranges(struct device_node *np, int nid)
{
	struct node_claim claim = {
		.nid = nid,
		.kind = of_property_read_bool(np, "hotpluggable") ? NODE_WINDOW :
								    NODE_MEMORY,
		.source = NODE_FROM_DT,
	};
	int i;

	for (i = 0; !of_property_read_reg(np, i, &claim.start, &claim.size); i++)
		node_map_claim(&claim);
	if (!i)
		pr_warn("%pOF: memory ignored: its reg cannot be read\n", np);
}

static void __init read_memory(void)
{
	struct device_node *np;
	int nid;

	for_each_node_by_type(np, "memory") {
		if (!of_device_is_available(np))
			continue;
		nid = own_node(np, "memory");
		if (nid != NUMA_NO_NODE)
			read_ranges(np, nid);
	}
}

/* Distances */

/* Nodes without memory and CPUs may be named here only. */
static void __init note_nodes(const u32 *cells, int nr)
{
	int i, k;

	for (i = 0; i + 2 < nr; i += 3)
		for (k = 0; k < 2; k++)
			if (cells[i + k] < MAX_NUMNODES)
				node_set(cells[i + k], numa_nodes_parsed);
}

static void __init use_list(const u32 *cells, int nr)
{
	unsigned int reach = node_distances_reach(cells, nr, MAX_NUMNODES);
	struct node_distance_report report;

	note_nodes(cells, nr);
	if (reach && !node_map_distances_room(reach))
		return;
	node_distances_from_triples(node_map_distances(), cells, nr, MAX_NUMNODES,
				    &report);
	node_map_report(&report, "distance-matrix");
}

static void __init read_list(struct device_node *np)
{
	static const char name[] = "distance-matrix";
	int nr = of_property_count_u32_elems(np, name);
	u32 *cells;

	if (nr <= 0) {
		pr_warn("%pOF ignored: it has no %s made of cells\n", np, name);
		return;
	}
	cells = memblock_alloc(array_size(nr, sizeof(*cells)), SMP_CACHE_BYTES);
	if (!cells) {
		pr_warn("%pOF ignored: no memory to read it\n", np);
		return;
	}
	if (!of_property_read_u32_array(np, name, cells, nr))
		use_list(cells, nr);
	memblock_free(cells, array_size(nr, sizeof(*cells)));
}

static void __init read_distances(void)
{
	struct device_node *np;

	np = of_find_compatible_node(NULL, NULL, "numa-distance-map-v1");
	if (!np)
		return;
	read_list(np);
	of_node_put(np);
}

/**
 * of_numa_init() - read what the devicetree says of nodes
 *
 * Context: boot, once memblock can allocate.
 * Return: 0; -ENODEV if it names no node.
 */
int __init of_numa_init(void)
{
	if (!names_nodes())
		return -ENODEV;
	read_cpus();
	read_memory();
	read_distances();
	return 0;
}

/**
 * of_node_to_nid() - the node of a device
 * @device: devicetree node
 *
 * It is that of the nearest node upwards that has one.
 *
 * Context: any.
 * Return: node, or %NUMA_NO_NODE: none is named, or one that cannot be.
 */
int of_node_to_nid(struct device_node *device)
{
	struct device_node *np = of_node_get(device);
	u32 nid;

	while (np && of_property_read_u32(np, NODE_ID, &nid))
		np = of_get_next_parent(np);
	if (!np)
		return NUMA_NO_NODE;
	of_node_put(np);
	return nid < MAX_NUMNODES && node_possible(nid) ? nid : NUMA_NO_NODE;
}
