// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adding and removing memory by hand: the files probe, remove, window_add and
 * window_remove in /sys/devices/system/memory.
 *
 * Owns:      who may write them, and what the words mean. See
 *            Documentation/ABI/sysfs-memory-probe.
 * Must not:  judge ranges: mm/memory_hotplug does, and says in the log what is
 *            wrong with one.
 * Locks:     none.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/memhp.h>
#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/security.h>
#include <linux/sysfs.h>

#include "memory_line.h"
#include "memory_probe.h"

/*
 * Who says what memory is decides what the kernel's own data lies in, as does
 * who writes to /dev/mem; hence lockdown's reason.
 */
static int memory_probe_permit(const char *file)
{
	if (security_locked_down(LOCKDOWN_DEV_MEM)) {
		pr_err("%s: refused, error %d: the kernel is locked down, only a boot without lockdown helps\n",
		       file, -EPERM);
		return -EPERM;
	}
	return 0;
}

/* A number that no node has is refused where nodes are known. */
static int node_of(const struct memory_line *line)
{
	if (!line->numbered)
		return NUMA_NO_NODE;
	return min_t(unsigned int, line->number, MAX_NUMNODES);
}

static int probe(const struct memory_line *r)
{
	return mhp_probe_add(r->start, r->size, node_of(r));
}

static struct memory_line_file probe_file = {
	.attr	= __ATTR(probe, 0200, NULL, memory_line_store),
	.form	= "ADDR [SIZE [NODE]]",
	.least	= 1,
	.most	= 3,
	.permit	= memory_probe_permit,
	.act	= probe,
};

static int remove(const struct memory_line *r)
{
	return mhp_probe_remove(r->start, r->size, r->offline);
}

static struct memory_line_file remove_file = {
	.attr	 = __ATTR(remove, 0200, NULL, memory_line_store),
	.form	 = "[offline] ADDR [SIZE]",
	.least	 = 1,
	.most	 = 2,
	.offline = true,
	.permit	 = memory_probe_permit,
	.act	 = remove,
};

static int window_add(const struct memory_line *r)
{
	return mhp_window_register(r->start, r->size, node_of(r),
				   MHP_WINDOW_ADMIN);
}

/* A window has a size: one of a single block by oversight helps nobody. */
static struct memory_line_file window_add_file = {
	.attr	= __ATTR(window_add, 0200, NULL, memory_line_store),
	.form	= "ADDR SIZE [NODE]",
	.least	= 2,
	.most	= 3,
	.permit	= memory_probe_permit,
	.act	= window_add,
};

static int window_remove(const struct memory_line *r)
{
	return mhp_window_unregister(r->start, r->size, MHP_WINDOW_ADMIN);
}

static struct memory_line_file window_remove_file = {
	.attr	= __ATTR(window_remove, 0200, NULL, memory_line_store),
	.form	= "ADDR SIZE",
	.least	= 2,
	.most	= 2,
	.permit	= memory_probe_permit,
	.act	= window_remove,
};

static struct attribute *memory_probe_attrs[] = {
	&probe_file.attr.attr,
	&remove_file.attr.attr,
	&window_add_file.attr.attr,
	&window_remove_file.attr.attr,
	NULL
};

const struct attribute_group memory_probe_group = {
	.attrs = memory_probe_attrs,
};
