// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes: online as long as they have memory or CPUs.
 *
 * Owns:      bringing a node up, with its data, zonelists and sysfs
 *            directory, and taking it down.
 * Must not:  know of zones or ranges.
 * Locks:     the device hotplug lock; the memory hotplug lock for writing,
 *            which try_online_node() takes itself.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/hugetlb.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/node.h>
#include <linux/nodemask.h>
#include <linux/sysfs.h>
#include <linux/topology.h>
#include <linux/vmstat.h>

#include "internal.h"

/*
 * Nodes that have been up. Their zones are in zonelists and have per-CPU lists
 * for good (zonelist.c), so they must not be initialised again; without memory
 * everything in them is as it was at first.
 */
static nodemask_t known;

static int __init know_boot_nodes(void)
{
	known = node_states[N_ONLINE];
	return 0;
}
early_initcall(know_boot_nodes);

/* A CPU that went while the node was down has taken along what it counted of it. */
static void fold_counters(struct pglist_data *pgdat)
{
	enum node_stat_item item;
	int cpu;

	for_each_possible_cpu(cpu) {
		s8 *left = per_cpu_ptr(pgdat->per_cpu_nodestats,
				       cpu)->vm_node_stat_diff;

		for (item = 0; item < NR_VM_NODE_STAT_ITEMS; item++) {
			node_page_state_add(left[item], pgdat, item);
			left[item] = 0;
		}
	}
}

static int __ref init_node(int nid)
{
	int ret = 0;

	if (node_isset(nid, known))
		fold_counters(NODE_DATA(nid));
	else
		ret = free_area_init_core_hotplug(NODE_DATA(nid));
	if (!ret)
		node_set(nid, known);
	return ret;
}

static void node_down(int nid)
{
	node_set_offline(nid);
	unregister_one_node(nid);
}

/* Without sysfs there are no directories, and nothing is missing in one. */
static bool has_entry(struct kobject *dir, const char *name)
{
	struct kernfs_node *entry;

	if (!IS_ENABLED(CONFIG_SYSFS))
		return true;
	entry = sysfs_get_dirent(dir->sd, name);
	sysfs_put(entry);
	return entry;
}

static bool has_cpus(struct kobject *dir, int nid)
{
	char name[16];
	int cpu;

	for_each_present_cpu(cpu) {
		if (cpu_to_node(cpu) != nid || !get_cpu_device(cpu))
			continue;
		snprintf(name, sizeof(name), "cpu%d", cpu);
		if (!has_entry(dir, name))
			return false;
	}
	return true;
}

/* Those who put something into a node's directory do not say if they could. */
static bool directory_is_whole(int nid)
{
	struct kobject *dir = &node_devices[nid]->dev.kobj;

	if (IS_ENABLED(CONFIG_COMPACTION) && !has_entry(dir, "compact"))
		return false;
	if (IS_ENABLED(CONFIG_HUGETLB_PAGE) && hugepages_supported() &&
	    !has_entry(dir, "hugepages"))
		return false;
	return has_cpus(dir, nid);
}

static int node_register(int nid)
{
	int ret;

	if (!IS_ENABLED(CONFIG_NUMA))
		return 0;
	ret = register_one_node(nid);
	if (!ret && !directory_is_whole(nid)) {
		unregister_one_node(nid);
		ret = -ENOMEM;
	}
	return ret;
}

int mhp_node_begin(int nid)
{
	int ret;

	if (!numa_valid_node(nid) || !node_possible(nid))
		return -EINVAL;
	if (node_online(nid))
		return 0;
	ret = init_node(nid);
	if (ret)
		return ret;
	/* others may allocate from it as soon as it is online, and fall back */
	build_all_zonelists(NODE_DATA(nid));
	node_set_online(nid);
	ret = node_register(nid);
	if (ret) {
		node_set_offline(nid);
		return ret;
	}
	return 1;
}

void mhp_node_abort(int nid)
{
	node_down(nid);
}

/**
 * try_online_node() - bring a node up that has no memory yet
 * @nid: node id, e.g. of a CPU that comes
 *
 * Context: process context, may sleep; device hotplug lock held; the memory
 * hotplug lock is taken.
 * Return: 0 if it is online now; -EINVAL: there can be no such node; -ENOMEM;
 * or what sysfs said.
 */
int try_online_node(int nid)
{
	int ret;

	if (numa_valid_node(nid) && node_online(nid))
		return 0;
	mem_hotplug_begin();
	ret = mhp_node_begin(nid);
	mem_hotplug_done();
	return min(ret, 0);
}

#ifdef CONFIG_MEMORY_HOTREMOVE

static int block_of_node(struct memory_block *mem, void *nid)
{
	return mem->nid == *(int *)nid;
}

static bool node_has_cpu(int nid)
{
	int cpu;

	for_each_present_cpu(cpu)
		if (cpu_to_node(cpu) == nid)
			return true;
	return false;
}

/**
 * try_offline_node() - take a node down if nothing is left in it
 * @nid: node id
 *
 * Memory blocks count, also those that are offline, and so do CPUs that are
 * present. A device's pages keep the node too.
 *
 * Context: process context, may sleep; device hotplug lock and memory hotplug
 * lock held.
 */
void try_offline_node(int nid)
{
	if (NODE_DATA(nid)->node_spanned_pages || node_has_cpu(nid))
		return;
	if (for_each_memory_block(&nid, block_of_node))
		return;
	node_down(nid);
}
EXPORT_SYMBOL(try_offline_node);

#endif /* CONFIG_MEMORY_HOTREMOVE */
