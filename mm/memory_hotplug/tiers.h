/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A part of mm/memory-tiers.c, which includes it at its end: the memory tier of a
 * node is there before the node's first memory is online.
 *
 * Stock makes it when the memory is online already, and goes on without one if
 * it cannot be had. Here what may fail of that happens while the memory may still
 * be refused; then stock finds all that it would have made.
 *
 * Locks: memory_tier_lock. Callers hold the memory hotplug lock, so one node at
 * a time is in between.
 */

static struct memory_dev_type *mhp_type_for(int nid)
{
	int distance = MEMTIER_ADISTANCE_DRAM;

	if (node_memory_types[nid].memtype)
		return node_memory_types[nid].memtype;
	mt_calc_adistance(nid, &distance);
	return mt_find_alloc_memory_type(distance, &default_memory_types);
}

/* A type whose node has no memory yet is in the tier, without the node. */
static int mhp_prepare_tier(int nid)
{
	struct memory_dev_type *type = mhp_type_for(nid);

	if (IS_ERR(type))
		return PTR_ERR(type);
	return PTR_ERR_OR_ZERO(find_create_memory_tier(type));
}

/* What was prepared and is of no use. */
static void mhp_drop_idle_tiers(void)
{
	struct memory_dev_type *type, *next_type;
	struct memory_tier *tier, *next;

	list_for_each_entry_safe(tier, next, &memory_tiers, list) {
		list_for_each_entry_safe(type, next_type, &tier->memory_types,
					 tier_sibling)
			if (nodes_empty(type->nodes))
				list_del_init(&type->tier_sibling);
		if (list_empty(&tier->memory_types))
			destroy_memory_tier(tier);
	}
}

static int mhp_tier_callback(struct notifier_block *self, unsigned long action,
			     void *arg)
{
	const struct memory_notify *note = arg;
	int err = 0;

	if (note->status_change_nid < 0)
		return NOTIFY_OK;
	guard(mutex)(&memory_tier_lock);
	switch (action) {
	case MEM_GOING_ONLINE:
		err = mhp_prepare_tier(note->status_change_nid);
		break;
	case MEM_CANCEL_ONLINE:
	case MEM_ONLINE:
		mhp_drop_idle_tiers();
		break;
	}
	return notifier_from_errno(err);
}

#ifdef CONFIG_MEMHP_DISTANCES
#include <linux/node_map.h>

/* Of the nodes of the next tier, the nearest one is demoted to. */
void mhp_tiers_distances_changed(void)
{
	guard(mutex)(&memory_tier_lock);
	establish_demotion_targets();
}
#endif

static int __init mhp_tiers_init(void)
{
	/* after stock's, which comes with a higher priority */
	return hotplug_memory_notifier(mhp_tier_callback, DEFAULT_CALLBACK_PRI);
}
subsys_initcall(mhp_tiers_init);
