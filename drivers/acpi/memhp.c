// SPDX-License-Identifier: GPL-2.0-only
/*
 * The true result of an ACPI memory device, for its driver and for firmware.
 *
 * Owns:      what -EEXIST means for a memory device, its node and its blocks'
 *            links, taking back what it added when its driver gives up, taking
 *            it offline as a whole, and the word to firmware on an insertion.
 * Must not:  add or remove by other ways than everyone's.
 * Locks:     callers hold acpi_scan_lock; after boot, the device hotplug lock too.
 *
 * Stock's driver takes a range that is there already for its own, whoever has
 * it, and tells firmware that an insertion went well if nothing was inserted.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/acpi.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/memhp.h>
#include <linux/memhp_acpi.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/sysfs.h>

int mhp_acpi_add_memory(int mgid, u64 start, u64 size, mhp_t flags)
{
	int ret;

	if (mhp_is_boot_memory(start, size))
		return -EEXIST;
	ret = __add_memory(mgid, start, size, flags);
	/* somebody else's: the driver has to fail, and goes on for -EEXIST */
	return ret == -EEXIST ? -EBUSY : ret;
}

int mhp_acpi_get_node(acpi_handle handle)
{
	int node = acpi_get_node(handle);
	unsigned long long pxm;
	acpi_status status;

	if (node != NUMA_NO_NODE)
		return node;
	/* it does not say whether firmware was silent or could not be asked */
	status = acpi_evaluate_integer(handle, "_PXM", NULL, &pxm);
	if (status == AE_NO_MEMORY ||
	    (ACPI_SUCCESS(status) && pxm_to_node(pxm) != NUMA_NO_NODE))
		return MAX_NUMNODES;
	return NUMA_NO_NODE;
}

/* Without sysfs there are no links, and none is missing. */
static bool has_firmware_node(struct device *dev)
{
	struct kernfs_node *link;

	if (!IS_ENABLED(CONFIG_SYSFS))
		return true;
	link = sysfs_get_dirent(dev->kobj.sd, "firmware_node");
	sysfs_put(link);
	return link;
}

int mhp_acpi_bind_one(struct device *dev, struct acpi_device *adev)
{
	int ret = acpi_bind_one(dev, adev);

	if (ret || has_firmware_node(dev))
		return ret;
	acpi_unbind_one(dev);
	return -ENOMEM;
}

static int in_group(struct memory_block *mem, void *group)
{
	return mem->group == group;
}

void mhp_acpi_take_back(int mgid, u64 start, u64 size)
{
	struct memory_group *group = memory_group_find_by_id(mgid);
	int ret;

	if (!group || !size ||
	    !walk_memory_blocks(start, size, group, in_group))
		return;
	ret = memory_blocks_take_back(start, size);
	if (ret)
		pr_err("[mem %#018llx-%#018llx] stays without its device, error %d: a part of it is in use\n",
		       start, start + size - 1, ret);
	else
		__remove_memory(start, size);
}

static bool is_memory_device(struct acpi_device *adev)
{
	return adev && adev->handler && adev->handler->hotplug.enabled &&
	       !strcmp(acpi_device_hid(adev), "PNP0C80");
}

/* What is bound to a device: memory blocks, or anything else. */
struct bound {
	u64 start, end, blocks, others;
};

static void count_bound(struct bound *b, struct device *dev)
{
	struct memory_block *mem = container_of(dev, struct memory_block, dev);
	u64 start;

	if (!dev->bus || strcmp(dev->bus->name, "memory")) {
		b->others++;
		return;
	}
	start = memory_block_start(mem);
	b->start = b->blocks ? min(b->start, start) : start;
	b->end = max(b->end, start + memory_block_size_bytes());
	b->blocks++;
}

static bool is_one_range(const struct bound *b)
{
	return b->blocks && !b->others &&
	       b->blocks == (b->end - b->start) / memory_block_size_bytes();
}

/* Return: is any of them online? */
static bool mark_online(struct acpi_device *adev, bool mark)
{
	struct acpi_device_physical_node *node;
	bool online = false;

	list_for_each_entry(node, &adev->physical_node_list, node) {
		node->put_online = mark && !node->dev->offline;
		online |= node->put_online;
	}
	return online;
}

static bool any_online(struct acpi_device *adev)
{
	struct acpi_device_physical_node *node;

	list_for_each_entry(node, &adev->physical_node_list, node)
		if (!node->dev->offline)
			return true;
	return false;
}

static int offline_marked(struct acpi_device *adev, const struct bound *b)
{
	struct mhp_order order = mhp_offline_order();
	int ret;

	if (!mark_online(adev, true))
		return 0;
	ret = memory_blocks_offline(b->start, b->end - b->start, &order);
	if (ret < 0)
		mark_online(adev, false);
	return ret;
}

/*
 * The list of what is bound is locked. The second pass is for blocks that depend on
 * one another; here they went together, or will not.
 */
static bool offline_bound(struct acpi_device *adev, bool second_pass,
			  void **error_dev, acpi_status *status)
{
	struct acpi_device_physical_node *node;
	struct bound b = { };
	bool failed;

	list_for_each_entry(node, &adev->physical_node_list, node)
		count_bound(&b, node->dev);
	if (!is_one_range(&b))
		return false;
	failed = second_pass ? any_online(adev) : offline_marked(adev, &b) < 0;
	if (failed)
		*error_dev = &adev->dev;
	*status = failed && second_pass ? AE_ERROR : AE_OK;
	return true;
}

bool mhp_acpi_offline(acpi_handle handle, bool second_pass, void **error_dev,
		      acpi_status *status)
{
	struct acpi_device *adev = acpi_fetch_acpi_dev(handle);
	bool done;

	if (!is_memory_device(adev))
		return false;
	mutex_lock(&adev->physical_node_lock);
	done = offline_bound(adev, second_pass, error_dev, status);
	mutex_unlock(&adev->physical_node_lock);
	return done;
}

/* Is it a memory device that is there, and that its driver did not take? */
static bool was_refused(acpi_handle handle)
{
	struct acpi_device *adev = acpi_fetch_acpi_dev(handle);

	if (!adev || adev->handler || strcmp(acpi_device_hid(adev), "PNP0C80"))
		return false;
	/* what is known of its presence may be old: asking may have failed */
	return acpi_bus_get_status(adev) || adev->status.present;
}

acpi_status mhp_acpi_evaluate_ost(acpi_handle handle, u32 source, u32 status,
				  struct acpi_buffer *buffer)
{
	bool insertion = source == ACPI_NOTIFY_BUS_CHECK ||
			 source == ACPI_NOTIFY_DEVICE_CHECK;

	if (insertion && status == ACPI_OST_SC_SUCCESS && was_refused(handle))
		status = ACPI_OST_SC_NON_SPECIFIC_FAILURE;
	return acpi_evaluate_ost(handle, source, status, buffer);
}
