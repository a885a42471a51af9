// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far nodes are from one another, as firmware says, or somebody later.
 *
 * Owns:      the table. At boot there is one CPU, and the table grows while firmware's
 *            are read. Later a change makes a new table, which takes the place of the
 *            old one at once.
 * Must not:  know what was made by the distances (mm/memory_hotplug/distance.c does).
 * Locks:     the distances lock lets one at a time publish a table; it is taken last.
 *            Readers are under RCU: each finds the whole of the old table or the whole
 *            of the new one.
 */
#define pr_fmt(fmt) "node_map: " fmt

#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/numa_memblks.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/topology.h>

#include "internal.h"

/* That of boot is never freed: others are a struct later_table. */
static struct node_distances distances;
static struct node_distances __rcu *published = RCU_INITIALIZER(&distances);

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
	guard(rcu)();
	/* pairs with rcu_replace_pointer() in publish() */
	return node_distances_get(rcu_dereference(published), from, to);
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

#ifdef CONFIG_MEMHP_DISTANCES

static DEFINE_MUTEX(distances_lock);

struct later_table {
	struct node_distances table;
	struct rcu_head rcu;
	u8 at[];
};

static struct later_table *table_like(const struct node_distances *old)
{
	size_t cells = array_size(nr_node_ids, nr_node_ids);
	struct later_table *new = kvzalloc(struct_size(new, at, cells), GFP_KERNEL);

	if (!new)
		return NULL;
	new->table = (struct node_distances){ new->at, nr_node_ids };
	node_distances_fill(&new->table, old);
	return new;
}

static void publish(struct later_table *new)
{
	struct node_distances *old;

	lockdep_assert_held(&distances_lock);
	old = rcu_replace_pointer(published, &new->table,
				  lockdep_is_held(&distances_lock));
	if (old != &distances)
		kvfree_rcu(container_of(old, struct later_table, table), rcu);
}

static int refuse(int nid, const struct node_distance_report *report)
{
	int err = node_distance_error(report->fault);

	if (report->from == report->to && report->fault == NODE_DISTANCE_NODE)
		pr_err("distances of node %d not changed, error %d: there can be no such node, see /sys/devices/system/node/possible\n",
		       nid, err);
	else
		pr_err("distances of node %d not changed, error %d: %lld from node %lld to %lld: %s\n",
		       nid, err, report->distance, report->from, report->to,
		       node_distance_text(report->fault));
	return err;
}

static bool is_node(int nid)
{
	return node_possible(nid);
}

int node_map_set_distances(int nid, const int *to, const int *from)
{
	const struct node_distance_change change = {
		.nid = nid,
		.to = to,
		.from = from,
		.nr = nr_node_ids,
		.is_node = is_node,
	};
	struct node_distance_report report;
	struct later_table *new;

	if (node_distances_check(&change, &report) != NODE_DISTANCE_FINE)
		return refuse(nid, &report);
	guard(mutex)(&distances_lock);
	new = table_like(rcu_dereference_protected(published,
						   lockdep_is_held(&distances_lock)));
	if (!new) {
		pr_err("distances of node %d not changed, error %d: no memory for a table, free some\n",
		       nid, -ENOMEM);
		return -ENOMEM;
	}
	if (!node_distances_apply(&new->table, &change)) {
		kvfree(new);
		return 0;
	}
	publish(new);
	return 1;
}

int node_map_show_distances(int nid, bool from, char *page)
{
	const struct node_distances *d;
	int length = 0, other;

	guard(rcu)();
	/* pairs with rcu_replace_pointer() in publish(): all of a line is of one table */
	d = rcu_dereference(published);
	for_each_node(other)
		length += sysfs_emit_at(page, length, length ? " %d" : "%d",
					from ? node_distances_get(d, other, nid) :
					       node_distances_get(d, nid, other));
	return length + sysfs_emit_at(page, length, "\n");
}

#endif /* CONFIG_MEMHP_DISTANCES */
