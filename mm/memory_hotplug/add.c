// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adding memory: a transaction.
 *
 * resource -> check -> node and group -> price -> node up -> memblock ->
 * pieces (page structs, linear map, memory blocks) -> links -> online
 *
 * Each step that can fail has an undo: memory is added wholly or not at all.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/firmware-map.h>
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/string.h>

#include "internal.h"

struct addition {
	u64 start, size;
	int nid;
	bool node_is_new;
	bool driver_managed;
	enum mhp_place place;
	bool inaccessible;
	bool leave_offline;
	struct memory_group *group;
};

/* Who the memory belongs to; @nid is a memory group's id if the flags say so. */
static int find_owner(struct addition *a, int nid, mhp_t flags)
{
	if (flags & MHP_NID_IS_MGID) {
		a->group = memory_group_find_by_id(nid);
		if (!a->group)
			return mhp_not_added(a->start, a->size, -EINVAL,
					 "no such memory group");
		nid = a->group->nid;
	}
	if (!numa_valid_node(nid) || !node_possible(nid))
		return mhp_not_added(a->start, a->size, -EINVAL,
				 "there can be no such node");
	a->nid = nid;
	return 0;
}

static int check(struct addition *a, int nid, mhp_t flags)
{
	int ret = mhp_check_range(a->start, a->size);

	if (ret)
		return mhp_not_added(a->start, a->size, ret, MHP_RANGE_RULE);
	ret = mhp_check_reach(a->start, a->size, true, -E2BIG);
	return ret ?: find_owner(a, nid, flags);
}

static int add_to_memblock(const struct addition *a)
{
	int ret;

	if (!IS_ENABLED(CONFIG_ARCH_KEEP_MEMBLOCK))
		return 0;
	ret = memblock_add_node(a->start, a->size, a->nid,
				a->driver_managed ? MEMBLOCK_DRIVER_MANAGED :
						    MEMBLOCK_NONE);
	return ret ? mhp_not_added(a->start, a->size, ret,
				   "no memory to note it in memblock") : 0;
}

static int add_pieces(const struct addition *a)
{
	const struct mhp_pieces pieces = {
		.start		= a->start,
		.size		= a->size,
		.each		= a->place == MHP_IN_BLOCKS ?
				  memory_block_size_bytes() : a->size,
		.nid		= a->nid,
		.place		= a->place,
		.inaccessible	= a->inaccessible,
		.group		= a->group,
	};

	return mhp_pieces_add(&pieces);
}

static int join_node(const struct addition *a)
{
	u64 at, next;
	int ret;

	mhp_for_each_turn(at, next, a->start, a->start + a->size) {
		ret = memory_blocks_join_node(at, next - at, a->nid);
		if (ret)
			return ret;
	}
	return 0;
}

static int add_locked(struct addition *a)
{
	int ret = mhp_node_begin(a->nid);

	if (ret < 0)
		return mhp_not_added(a->start, a->size, ret,
				 "its node cannot be brought up");
	a->node_is_new = ret;
	ret = add_to_memblock(a);
	if (ret)
		goto node;
	ret = add_pieces(a);
	if (ret)
		goto memblock;
	ret = join_node(a);
	if (ret) {
		mhp_not_added(a->start, a->size, ret,
			      "no links between its memory blocks and the node");
		goto pieces;
	}
	return 0;

pieces:
	mhp_pieces_remove(a->start, a->size);
memblock:
	mhp_memblock_forget(a->start, a->size);
node:
	if (a->node_is_new)
		mhp_node_abort(a->nid);
	return ret;
}

/* A node may have been up without memory: since boot, or for its CPUs. */
static void remove_again(const struct addition *a)
{
	mhp_wait_for_walkers();
	mem_hotplug_begin();
	mhp_pieces_remove(a->start, a->size);
	mhp_memblock_forget(a->start, a->size);
	if (a->node_is_new)
		try_offline_node(a->nid);
	mem_hotplug_done();
}

/* What has come online goes again, all of it or nothing. */
static int take_offline(void *arg)
{
	const struct addition *a = arg;

	return memory_blocks_take_back(a->start, a->size);
}

/*
 * Memory that the policy wants online is that, or it is not there. Only if
 * somebody uses a part of it already, all of it stays.
 */
static int online_by_default(struct addition *a)
{
	int type = mhp_node_online_type(a->nid);
	int ret;

	if (type == MMOP_OFFLINE)
		return 0;
	ret = mhp_online_range(a->start, a->size, type);
	if (!ret)
		return 0;
	if (mhp_in_worker(take_offline, a)) {
		pr_warn(MHP_RANGE " is there, but a part of it is offline, error %d\n",
			a->start, a->start + a->size - 1, ret);
		return 0;
	}
	remove_again(a);
	return mhp_not_added(a->start, a->size, ret,
			     "it cannot be onlined, which auto_online_blocks or its node's online_type asks for");
}

static int add_and_online(struct addition *a)
{
	int ret;

	mem_hotplug_begin();
	ret = add_locked(a);
	mem_hotplug_done();
	return ret || a->leave_offline ? ret : online_by_default(a);
}

/**
 * add_memory_resource() - add memory that has its resource already
 * @nid:       node, or memory group if %MHP_NID_IS_MGID is in @mhp_flags
 * @res:       the range; it stays with the caller if this fails
 * @mhp_flags: MHP_*
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: 0; -EINVAL: not made of memory blocks, or no such node or group;
 * -E2BIG: it cannot be mapped; -EEXIST: a part is there already; -ENOMEM; or
 * why it cannot be onlined, if the policy wants that. In each case nothing has
 * changed.
 */
int add_memory_resource(int nid, struct resource *res, mhp_t mhp_flags)
{
	struct addition a = {
		.start		= res->start,
		.size		= resource_size(res),
		.driver_managed	= res->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED,
		.place		= (mhp_flags & MHP_MEMMAP_ON_MEMORY) &&
				  mhp_supports_memmap_on_memory() ?
				  MHP_IN_BLOCKS : MHP_ELSEWHERE,
		.inaccessible	= mhp_flags & MHP_OFFLINE_INACCESSIBLE,
		.leave_offline	= mhp_flags & MHP_LEAVE_OFFLINE,
	};
	int ret = check(&a, nid, mhp_flags);

	if (!ret)
		ret = mhp_find_place(a.start, a.size, a.nid, &a.place,
				     (mhp_flags & MHP_MEMMAP_ON_MEMORY) &&
				     !a.inaccessible && mhp_may_host());
	if (ret)
		return ret;

	memory_uevents_begin(a.start, a.size);
	ret = add_and_online(&a);
	memory_uevents_end();
	if (ret)
		return ret;

	/* what a driver manages, it finds again by itself */
	if (!a.driver_managed)
		firmware_map_add_hotplug(a.start, a.start + a.size,
					 "System RAM");
	if (mhp_flags & MHP_MERGE_RESOURCE)
		merge_system_ram_resource(res);
	return 0;
}

static int add_named(int nid, u64 start, u64 size, const char *name,
		     mhp_t mhp_flags)
{
	struct resource *res;
	int ret = mhp_check_range(start, size);

	if (ret)
		return mhp_not_added(start, size, ret, MHP_RANGE_RULE);
	res = mhp_resource_add(start, size, name);
	if (IS_ERR(res))
		return mhp_not_added(start, size, PTR_ERR(res),
				 "it is taken, see /proc/iomem; or no memory");
	ret = add_memory_resource(nid, res, mhp_flags);
	if (ret)
		mhp_resource_drop(res);
	return ret;
}

/**
 * __add_memory() - add memory
 * @nid:       node, or memory group if %MHP_NID_IS_MGID is in @mhp_flags
 * @start:     first physical address, bytes, a multiple of a memory block
 * @size:      bytes, a multiple of a memory block
 * @mhp_flags: MHP_*
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: as add_memory_resource().
 */
int __add_memory(int nid, u64 start, u64 size, mhp_t mhp_flags)
{
	return add_named(nid, start, size, "System RAM", mhp_flags);
}

/**
 * add_memory() - add memory
 * @nid:       node, or memory group if %MHP_NID_IS_MGID is in @mhp_flags
 * @start:     first physical address, bytes, a multiple of a memory block
 * @size:      bytes, a multiple of a memory block
 * @mhp_flags: MHP_*
 *
 * Context: process context, may sleep; takes the device hotplug lock.
 * Return: as add_memory_resource().
 */
int add_memory(int nid, u64 start, u64 size, mhp_t mhp_flags)
{
	int ret;

	lock_device_hotplug();
	ret = __add_memory(nid, start, size, mhp_flags);
	unlock_device_hotplug();
	return ret;
}
EXPORT_SYMBOL_GPL(add_memory);

/* "System RAM (DRIVER)": tools tell by it that it is none of the firmware's. */
static bool names_driver(const char *name)
{
	static const char prefix[] = "System RAM (";
	size_t len = strlen(name);

	return len > sizeof(prefix) && strstarts(name, prefix) &&
	       name[len - 1] == ')';
}

/**
 * add_memory_driver_managed() - add memory that a driver detects and manages
 * @nid:           node, or memory group if %MHP_NID_IS_MGID is in @mhp_flags
 * @start:         first physical address, bytes, a multiple of a memory block
 * @size:          bytes, a multiple of a memory block
 * @resource_name: "System RAM (DRIVER)"; has to live as long as the memory
 * @mhp_flags:     MHP_*
 *
 * A kexec'd kernel does not find it in the firmware's map: it has to be
 * detected again.
 *
 * Context: process context, may sleep; takes the device hotplug lock.
 * Return: as add_memory_resource(); also -EINVAL for another form of name.
 */
int add_memory_driver_managed(int nid, u64 start, u64 size,
			      const char *resource_name, mhp_t mhp_flags)
{
	int ret;

	if (!resource_name || !names_driver(resource_name))
		return mhp_not_added(start, size, -EINVAL,
				 "a driver's memory is named \"System RAM (DRIVER)\"");
	lock_device_hotplug();
	ret = add_named(nid, start, size, resource_name, mhp_flags);
	unlock_device_hotplug();
	return ret;
}
EXPORT_SYMBOL_GPL(add_memory_driver_managed);
