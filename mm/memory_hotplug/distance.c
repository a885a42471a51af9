// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes get other distances.
 *
 * Owns:      what is made by distances, and in which order it is made anew.
 * Must not:  know the table of distances (mm/node_map does).
 * Locks:     the memory hotplug lock for writing, so that no node comes or goes and
 *            nobody else builds zonelists. The scheduler's locks are taken after it is
 *            given back: they come before it.
 *
 * Everything that may be refused is behind us when the table is published. What comes
 * after it cannot fail but for the scheduler, which then has no levels of nodes.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/export.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/node_map.h>
#include <linux/printk.h>

#include "internal.h"

static void rebuild_memory(void)
{
	mhp_assert_locked();
	build_all_zonelists(NULL);
	mhp_tiers_distances_changed();
}

static void rebuild_scheduler(int nid)
{
	unsigned int levels = mhp_sched_distances_changed();

	if (levels)
		pr_info("distances of node %d changed, the scheduler has %u levels of nodes\n",
			nid, levels);
	else
		pr_warn("distances of node %d changed, but the scheduler has no memory for levels of nodes: free some, and take a node's last CPU offline and online\n",
			nid);
}

int mhp_node_set_distances(int nid, const int *to, const int *from)
{
	int ret;

	mem_hotplug_begin();
	ret = node_map_set_distances(nid, to, from);
	if (ret > 0)
		rebuild_memory();
	mem_hotplug_done();
	if (ret <= 0)
		return ret;
	rebuild_scheduler(nid);
	return 0;
}
EXPORT_SYMBOL_GPL(mhp_node_set_distances);
