// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a controller adds, in windows.
 *
 * Owns nothing: mm/memhp_ctrl knows which ranges are whose, and removes them.
 * Must not:  ask who it is that wants it.
 * Locks:     the window lock keeps windows as they are between the check and the end
 *            of the transaction.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/memhp.h>
#include <linux/memory_hotplug.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/range.h>

#include "internal.h"

static int no(int err, const char **why, const char *text)
{
	*why = text;
	return err;
}

static int check_range(u64 start, u64 size, const char **why)
{
	if (mhp_check_range(start, size))
		return no(-EINVAL, why, MHP_RANGE_RULE);
	if (start + size - 1 > mhp_get_pluggable_range(true).end)
		return no(-E2BIG, why,
			  "it is beyond the end of the linear map, choose a lower address");
	return 0;
}

static int check_tenant(u64 start, u64 size, const char **why)
{
	switch (mhp_tenant_of(start, size)) {
	case MHP_TENANT_RAM:
		return no(-EEXIST, why,
			  "memory is there already, see /proc/iomem");
	case MHP_TENANT_OTHER:
		return no(-EBUSY, why,
			  "a part of it is taken, see /proc/iomem");
	default:
		return 0;
	}
}

static int check_node(u64 start, int *nid, const char **why)
{
	if (*nid == NUMA_NO_NODE)
		*nid = num_possible_nodes() == 1 ? first_node(node_possible_map) :
						   phys_to_target_node(start);
	if (*nid == WINDOW_NODES_DIFFER)
		return no(-EINVAL, why,
			  "it is of several nodes, name one or attach less");
	if (*nid == NUMA_NO_NODE)
		return no(-EINVAL, why, "nobody knows its node, name one");
	if (!numa_valid_node(*nid) || !node_possible(*nid))
		return no(-EINVAL, why,
			  "there can be no such node, see /sys/devices/system/node/possible");
	return 0;
}

int mhp_attach_check(u64 start, u64 size, int *nid, const char **why)
{
	int ret = check_range(start, size, why);
	int window_nid;

	if (ret)
		return ret;
	if (!mhp_window_covers(start, size, &window_nid))
		return no(-EPERM, why,
			  "it is not inside of a window, see /sys/class/memhp");
	ret = check_tenant(start, size, why);
	if (ret)
		return ret;
	if (*nid == NUMA_NO_NODE)
		*nid = mhp_range_node(start, size, window_nid);
	return check_node(start, nid, why);
}

int mhp_attach(u64 start, u64 size, int nid, bool inside)
{
	mhp_t flags = MHP_LEAVE_OFFLINE;
	const char *why;
	int ret;

	if (inside)
		flags |= MHP_MEMMAP_ON_MEMORY;
	mhp_windows_lock();
	ret = mhp_attach_check(start, size, &nid, &why);
	if (ret)
		mhp_not_added(start, size, ret, why);
	else	/* a kexec'd kernel must not use what may go at any time */
		ret = add_memory_driver_managed(nid, start, size,
						"System RAM (memhp)", flags);
	mhp_windows_unlock();
	return ret;
}
