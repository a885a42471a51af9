// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory groups: which memory blocks belong to one memory device.
 *
 * Owns:      the ids of groups, and the lists of the blocks in them.
 * Must not:  know how blocks are shown or onlined, or change the counts of
 *            present pages (who onlines does that).
 * Locks:     memory_group_lock, so that a group stays while somebody walks the
 *            groups, and so that it does not go while a block joins it. Nothing
 *            is allocated under it: a walk may hold the memory hotplug lock.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/memory.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "memory_group.h"

/* The allocator of ids keeps XA_MARK_0 for itself. */
#define GROUP_IS_DYNAMIC	XA_MARK_1

static DEFINE_XARRAY_ALLOC(groups_by_id);
static DEFINE_MUTEX(memory_group_lock);

void memory_group_join(struct memory_group *group, struct memory_block *mem)
{
	if (!group)
		return;
	guard(mutex)(&memory_group_lock);
	mem->group = group;
	list_add(&mem->group_next, &group->memory_blocks);
}

void memory_group_leave(struct memory_block *mem)
{
	if (!mem->group)
		return;
	guard(mutex)(&memory_group_lock);
	list_del(&mem->group_next);
	mem->group = NULL;
}

/* Ids are not negative, so that they can share an int with an errno. */
static int memory_group_publish(const struct memory_group *wanted)
{
	struct memory_group *group;
	u32 mgid;
	int err;

	if (!numa_valid_node(wanted->nid) || !node_possible(wanted->nid))
		return -EINVAL;
	group = kmemdup(wanted, sizeof(*wanted), GFP_KERNEL);
	if (!group)
		return -ENOMEM;
	INIT_LIST_HEAD(&group->memory_blocks);
	err = xa_alloc(&groups_by_id, &mgid, group, xa_limit_31b, GFP_KERNEL);
	if (err) {
		kfree(group);
		return err;
	}
	/* Until the mark is there, walks pass by; the group has no pages yet. */
	if (group->is_dynamic)
		xa_set_mark(&groups_by_id, mgid, GROUP_IS_DYNAMIC);
	return mgid;
}

/**
 * memory_group_register_static() - make a group for a device of fixed size
 * @nid:       node of all its memory
 * @max_pages: pages that the device will have at most
 *
 * Context: process context, may sleep.
 * Return: the group's id, 0 or more; -EINVAL: there can be no such node, or no
 * page; -ENOMEM; -EBUSY: no id is left.
 */
int memory_group_register_static(int nid, unsigned long max_pages)
{
	const struct memory_group wanted = {
		.nid = nid,
		.s.max_pages = max_pages,
	};

	return max_pages ? memory_group_publish(&wanted) : -EINVAL;
}
EXPORT_SYMBOL_GPL(memory_group_register_static);

/**
 * memory_group_register_dynamic() - make a group for a device that resizes
 * @nid:        node of all its memory
 * @unit_pages: pages that come and go together; a power of two and not less
 *              than a memory block
 *
 * Context: process context, may sleep.
 * Return: the group's id, 0 or more; -EINVAL: there can be no such node, or the
 * unit is not as said above; -ENOMEM; -EBUSY: no id is left.
 */
int memory_group_register_dynamic(int nid, unsigned long unit_pages)
{
	const struct memory_group wanted = {
		.nid = nid,
		.is_dynamic = true,
		.d.unit_pages = unit_pages,
	};

	if (!is_power_of_2(unit_pages) ||
	    unit_pages < PHYS_PFN(memory_block_size_bytes()))
		return -EINVAL;
	return memory_group_publish(&wanted);
}
EXPORT_SYMBOL_GPL(memory_group_register_dynamic);

/**
 * memory_group_unregister() - give a group up
 * @mgid: its id
 *
 * Context: process context, may sleep; takes memory_group_lock. The caller
 * registered the group and uses it no more.
 * Return: 0; -EINVAL: there is no such group; -EBUSY: it still has blocks.
 */
int memory_group_unregister(int mgid)
{
	struct memory_group *group;

	guard(mutex)(&memory_group_lock);
	group = memory_group_find_by_id(mgid);
	if (!group)
		return -EINVAL;
	if (!list_empty(&group->memory_blocks))
		return -EBUSY;
	xa_erase(&groups_by_id, mgid);
	kfree(group);
	return 0;
}
EXPORT_SYMBOL_GPL(memory_group_unregister);

/**
 * memory_group_find_by_id() - the group that goes by an id
 * @mgid: id; any number
 *
 * Context: any. The group stays for as long as who registered it wants.
 * Return: the group, or NULL if there is none.
 */
struct memory_group *memory_group_find_by_id(int mgid)
{
	return mgid < 0 ? NULL : xa_load(&groups_by_id, mgid);
}

/**
 * walk_dynamic_memory_groups() - call a function for groups of variable size
 * @nid:      node whose groups are wanted, NUMA_NO_NODE for all
 * @func:     function; it must not register or unregister groups, nor add or
 *            remove memory
 * @excluded: group to leave out, or NULL
 * @arg:      second argument of @func
 *
 * Context: process context, may sleep; takes memory_group_lock.
 * Return: 0, or the first result of @func that is not 0: it ends the walk.
 */
int walk_dynamic_memory_groups(int nid, walk_memory_groups_func_t func,
			       struct memory_group *excluded, void *arg)
{
	struct memory_group *group;
	unsigned long mgid;
	int ret = 0;

	guard(mutex)(&memory_group_lock);
	xa_for_each_marked(&groups_by_id, mgid, group, GROUP_IS_DYNAMIC) {
		bool node_fits = nid == NUMA_NO_NODE || nid == group->nid;

		if (node_fits && group != excluded)
			ret = func(group, arg);
		if (ret)
			break;
	}
	return ret;
}
