// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a person adds and removes.
 *
 * Owns:      the set of ranges that were added here, so that only they are
 *            removed here: what a driver added is the driver's.
 * Must not:  ask who it is that wants it: the files do (drivers/base).
 * Locks:     the window lock guards the set, and keeps windows as they are
 *            between the check and the end of the transaction.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/ioport.h>
#include <linux/lockdep.h>
#include <linux/memhp.h>
#include <linux/memory_hotplug.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/range.h>

#include "internal.h"

static struct window_set added;

/* In a window, and not taken. *nid is the range's if it is not given. */
static int check_place(u64 start, u64 size, int *nid)
{
	enum mhp_tenant tenant;
	int window_nid;

	/* below the linear map there are devices, which is for windows to say */
	if (start + size - 1 > mhp_get_pluggable_range(true).end)
		return mhp_not_added(start, size, -E2BIG,
				     "it is beyond the end of the linear map");
	tenant = mhp_tenant_of(start, size);
	if (tenant == MHP_TENANT_RAM)
		return mhp_not_added(start, size, -EEXIST,
				     "a part of it is there already, see /proc/iomem");
	if (!__mhp_window_covers(start, size, &window_nid))
		return mhp_not_added(start, size, -EPERM,
				     "it is not inside of a window, see memory_hotplug/windows in debugfs");
	if (tenant != MHP_TENANT_NONE)
		return mhp_not_added(start, size, -EBUSY,
				     "a part of it is taken, see /proc/iomem");
	if (*nid == NUMA_NO_NODE)
		*nid = mhp_range_node(start, size, window_nid);
	return 0;
}

/* A wrong node would stay wrong, so there is no guess. */
static int check_node(u64 start, u64 size, int *nid)
{
	if (*nid == NUMA_NO_NODE)
		*nid = num_possible_nodes() == 1 ? first_node(node_possible_map) :
						   phys_to_target_node(start);
	if (*nid == WINDOW_NODES_DIFFER)
		return mhp_not_added(start, size, -EINVAL,
				     "it is of several nodes, name one or add less");
	if (*nid == NUMA_NO_NODE)
		return mhp_not_added(start, size, -EINVAL,
				     "nobody knows its node, name one");
	if (!numa_valid_node(*nid) || !node_possible(*nid))
		return mhp_not_added(start, size, -EINVAL,
				     "there can be no such node, see /sys/devices/system/node/possible");
	return 0;
}

static int add_locked(u64 start, u64 size, int nid)
{
	struct window range = { .start = start, .end = start + size };
	int ret = check_place(start, size, &nid) ?:
		  check_node(start, size, &nid);

	if (ret)
		return ret;
	if (window_set_room(&added, 1))
		return mhp_not_added(start, size, -ENOMEM,
				     "no memory to note it, free some");
	ret = window_set_insert(&added, &range);
	if (ret)
		return mhp_not_added(start, size, ret,
				     "a part of it was added before and not removed here");
	ret = add_memory(nid, start, size, MHP_MEMMAP_ON_MEMORY);
	if (ret)	/* there is room: what the insertion took, if it took any */
		window_set_cut(&added, start, start + size);
	return ret;
}

int mhp_probe_add(u64 start, u64 size, int nid)
{
	int ret = mhp_check_range(start, size);

	if (ret)
		return mhp_not_added(start, size, ret, MHP_RANGE_RULE);
	mhp_windows_lock();
	ret = add_locked(start, size, nid);
	mhp_windows_unlock();
	return ret;
}

static int remove_locked(u64 start, u64 size, bool offline)
{
	struct mhp_order order = mhp_offline_order();
	int ret, nid;

	if (mhp_tenant_of(start, size) != MHP_TENANT_RAM)
		return mhp_not_removed(start, size, -ENOENT, "no memory is there");
	if (!window_set_covers(&added, start, start + size, &nid))
		return mhp_not_removed(start, size, -EPERM,
				       "a part of it was not added by hand, so that is not to be undone by hand");
	/* before: once the memory is gone there must be no failure */
	if (window_set_room(&added, 1))
		return mhp_not_removed(start, size, -ENOMEM,
				       "no memory to note it, free some");
	ret = offline ? mhp_offline_and_remove(start, size, &order) :
			mhp_remove_memory_killable(start, size);
	if (!ret)
		window_set_cut(&added, start, start + size);
	return ret;
}

int mhp_probe_remove(u64 start, u64 size, bool offline)
{
	int ret = mhp_check_range(start, size);

	if (ret)
		return mhp_not_removed(start, size, ret, MHP_RANGE_RULE);
	mhp_windows_lock();
	ret = remove_locked(start, size, offline);
	mhp_windows_unlock();
	return ret;
}
