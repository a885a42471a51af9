// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking ranges offline by files: offline, offline_check and offline_cancel in
 * /sys/devices/system/memory.
 *
 * Owns:      who may write them, and what the words mean. See
 *            Documentation/ABI/sysfs-memory-offline.
 * Must not:  move pages: mm/memory_hotplug does.
 * Locks:     the device hotplug lock, but for offline_cancel: that takes none, as
 *            the one who is called off holds it.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sysfs.h>

#include "memory_line.h"
#include "memory_offline.h"

static int refuse(const char *file, int err, const char *why)
{
	pr_err("%s: refused, error %d: %s\n", file, err, why);
	return err;
}

static int count_block(struct memory_block *mem, void *count)
{
	++*(u64 *)count;
	return 0;
}

/* Blocks that are there; those that are offline already do no harm. */
static int offline_locked(const struct memory_line *r)
{
	struct mhp_order order = mhp_offline_order();
	u64 blocks = 0;
	int ret;

	if (r->numbered)
		order.limit_ms = r->number;
	walk_memory_blocks(r->start, r->size, &blocks, count_block);
	if (blocks != r->size / memory_block_size_bytes())
		return refuse("offline", -ENOENT,
			      "a part of it is not there, see /proc/iomem");
	ret = memory_blocks_offline(r->start, r->size, &order);
	if (!ret)
		return refuse("offline", -EINVAL, "it is offline already");
	return min(ret, 0);
}

static int offline(const struct memory_line *r)
{
	int ret;

	if (!memory_block_range_ok(r->start, r->size))
		return refuse("offline", -EINVAL,
			      "ADDR and SIZE must be multiples of block_size_bytes, SIZE not zero");
	ret = lock_device_hotplug_sysfs();
	if (ret)
		return ret;
	ret = offline_locked(r);
	unlock_device_hotplug();
	return ret;
}

static struct memory_line_file offline_file = {
	.attr	= __ATTR(offline, 0200, NULL, memory_line_store),
	.form	= "ADDR [SIZE [MILLISECONDS]]",
	.least	= 1,
	.most	= 3,
	.act	= offline,
};

static int offline_check(const struct memory_line *r)
{
	int ret = lock_device_hotplug_sysfs();

	if (ret)
		return ret;
	ret = mhp_offline_check(r->start, r->size);
	unlock_device_hotplug();
	return ret;
}

static struct memory_line_file offline_check_file = {
	.attr	= __ATTR(offline_check, 0200, NULL, memory_line_store),
	.form	= "ADDR [SIZE]",
	.least	= 1,
	.most	= 2,
	.act	= offline_check,
};

static int offline_cancel(const struct memory_line *r)
{
	return mhp_offline_cancel(r->start);
}

static struct memory_line_file offline_cancel_file = {
	.attr	= __ATTR(offline_cancel, 0200, NULL, memory_line_store),
	.form	= "ADDR",
	.least	= 1,
	.most	= 1,
	.act	= offline_cancel,
};

static struct attribute *memory_offline_attrs[] = {
	&offline_file.attr.attr,
	&offline_check_file.attr.attr,
	&offline_cancel_file.attr.attr,
	NULL
};

const struct attribute_group memory_offline_group = {
	.attrs = memory_offline_attrs,
};
