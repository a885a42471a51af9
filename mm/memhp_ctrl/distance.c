// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distances that a node gets with its first segment.
 *
 * Owns:      who may get them. What a distance is, mm/node_map knows; what follows from
 *            it, mm/memory_hotplug/distance.c does.
 * Must not:  remember any: they are the node's, and stay when the segment goes.
 * Locks:     none of its own. One job at a time sets distances (engine.c).
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/node_map.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include <node_map/distances.h>

#include "distance.h"

static bool is_node(int nid)
{
	return numa_valid_node(nid) && node_possible(nid);
}

static enum node_distance_fault fault_of(int nid, const struct memhp_distance *d)
{
	if (!is_node(d->node))
		return NODE_DISTANCE_NODE;
	return node_distance_check(nid, d->node, d->to, nr_node_ids) ?:
	       node_distance_check(d->node, nid, d->from, nr_node_ids);
}

static int no(int err, const char **why, const char *text)
{
	*why = text;
	return err;
}

static bool named_before(const struct memhp_distances *d, unsigned int i)
{
	unsigned int k;

	for (k = 0; k < i; k++)
		if (d->at[k].node == d->at[i].node)
			return true;
	return false;
}

static bool are_now(int nid, const struct memhp_distances *d)
{
	unsigned int i;

	for (i = 0; i < d->nr; i++)
		if (node_distance(nid, d->at[i].node) != d->at[i].to ||
		    node_distance(d->at[i].node, nid) != d->at[i].from)
			return false;
	return true;
}

int distances_check(int nid, const struct memhp_distances *d, const char **why)
{
	static const char unknown[] =
		"there can be no such node, see /sys/devices/system/node/possible";
	enum node_distance_fault fault;
	unsigned int i;

	if (!is_node(nid))
		return no(-EINVAL, why, unknown);
	for (i = 0; i < d->nr; i++) {
		fault = fault_of(nid, &d->at[i]);
		if (fault == NODE_DISTANCE_NODE)
			return no(-EINVAL, why, unknown);
		if (fault != NODE_DISTANCE_FINE)
			return no(node_distance_error(fault), why,
				  node_distance_text(fault));
		if (named_before(d, i))
			return no(-EINVAL, why,
				  "the distance of a node is there twice, leave one out");
	}
	if (node_state(nid, N_MEMORY) && !are_now(nid, d))
		return no(-EEXIST, why,
			  "the node has memory and other distances: leave them out, or change them by /sys/kernel/mm/node_map");
	return 0;
}

void distances_now(int nid, const struct memhp_distances *d,
		   struct memhp_distances *now)
{
	for (now->nr = 0; now->nr < d->nr; now->nr++) {
		int other = d->at[now->nr].node;

		now->at[now->nr] = (struct memhp_distance){
			.node = other,
			.to   = node_distance(nid, other),
			.from = node_distance(other, nid),
		};
	}
}

/* The others stay. */
static void spread(const struct memhp_distances *d, int *to, int *from)
{
	unsigned int i;

	for (i = 0; i < nr_node_ids; i++) {
		to[i] = NODE_DISTANCE_KEEP;
		from[i] = NODE_DISTANCE_KEEP;
	}
	for (i = 0; i < d->nr; i++) {
		to[d->at[i].node] = d->at[i].to;
		from[d->at[i].node] = d->at[i].from;
	}
}

int distances_set(int nid, const struct memhp_distances *d)
{
	int *to;
	int ret;

	if (!d->nr)
		return 0;
	to = kcalloc(2 * nr_node_ids, sizeof(*to), GFP_KERNEL);
	if (!to) {
		pr_err("distances of node %d not changed, error %d: free some memory\n",
		       nid, -ENOMEM);
		return -ENOMEM;
	}
	spread(d, to, to + nr_node_ids);
	ret = mhp_node_set_distances(nid, to, to + nr_node_ids);
	kfree(to);
	return ret;
}
