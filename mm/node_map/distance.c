// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far nodes are from one another, as firmware says.
 *
 * Owns:      the table. It grows while firmware's tables are read, and then it
 *            stays as it is, so readers need no lock.
 */
#define pr_fmt(fmt) "node_map: " fmt

#include <linux/export.h>
#include <linux/init.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/numa_memblks.h>
#include <linux/printk.h>
#include <linux/topology.h>

#include "internal.h"

static struct node_distances distances;

/**
 * __node_distance() - how far one node is from another
 * @from: node
 * @to:   node
 *
 * Context: any.
 * Return: 10 from a node to itself, and more to others; 20 where nothing is known.
 */
int __node_distance(int from, int to)
{
	return node_distances_get(&distances, from, to);
}
EXPORT_SYMBOL(__node_distance);

struct node_distances *__init node_map_distances(void)
{
	return &distances;
}

static void __init replace(const struct node_distances *new)
{
	struct node_distances old = distances;

	distances = *new;
	if (old.at)
		memblock_free(old.at, (size_t)old.nr * old.nr);
}

bool __init node_map_distances_room(unsigned int nr)
{
	struct node_distances larger = {
		.nr = min_t(unsigned int, roundup_pow_of_two(nr), MAX_NUMNODES),
	};

	if (nr <= distances.nr)
		return true;
	larger.at = memblock_alloc((size_t)larger.nr * larger.nr,
				   SMP_CACHE_BYTES);
	if (!larger.at) {
		pr_warn("no memory for the distances of %u nodes: those that come later are %d\n",
			larger.nr, NODE_REMOTE);
		return false;
	}
	node_distances_fill(&larger, &distances);
	replace(&larger);
	return true;
}

/* All nodes are at the usual distances again. */
void __init numa_reset_distance(void)
{
	static const struct node_distances nothing __initconst;

	replace(&nothing);
}

/**
 * numa_set_distance() - firmware says how far one node is from another
 * @from:     node
 * @to:       node
 * @distance: 10 from a node to itself; 11 to 255 else
 *
 * Another number is ignored, with a line in the log.
 *
 * Context: boot, while memblock allocates.
 */
void __init numa_set_distance(int from, int to, int distance)
{
	enum node_distance_fault fault;

	fault = node_distance_check(from, to, distance, MAX_NUMNODES);
	if (fault != NODE_DISTANCE_FINE) {
		pr_warn("distance %d from node %d to %d ignored: %s\n", distance,
			from, to, node_distance_text(fault));
		return;
	}
	if (node_map_distances_room(max(from, to) + 1))
		distances.at[(size_t)from * distances.nr + to] = distance;
}

void __init node_map_report(const struct node_distance_report *report,
			    const char *table)
{
	if (!report->left_out)
		return;
	pr_warn("%s: %llu distances ignored, the first is %llu from %llu to %llu: %s\n",
		table, report->left_out, report->distance, report->from,
		report->to, node_distance_text(report->fault));
}
