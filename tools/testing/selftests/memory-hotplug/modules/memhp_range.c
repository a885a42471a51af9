// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adds and removes any range of memory, for tests that need many or odd ones.
 *
 * Files in <debugfs>/memhp_range, each takes "START SIZE" (as C writes numbers)
 * and answers with the error of the call, if any:
 *
 *	add	add_memory_driver_managed() on the node that "nid" names, offline
 *	remove	remove_memory(); the range must be offline
 *	evict	offline_and_remove_memory()
 *	valid	is pfn_valid() true for each page? -ENXIO: for none, -EUCLEAN: for some
 *
 * The ranges must be RAM that the kernel does not know, e.g. because of "mem=".
 * For test guests only.
 */
#include <linux/kernel.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include "memhp_action.h"

static struct dentry *folder;

static int nid;
module_param(nid, int, 0400);
MODULE_PARM_DESC(nid, "node of the ranges to add");

static int add(u64 start, u64 size)
{
	return add_memory_driver_managed(nid, start, size,
					 "System RAM (memhp test)", MHP_NONE);
}

static int valid(u64 start, u64 size)
{
	u64 pfn, first = PHYS_PFN(start), last = PHYS_PFN(start + size);
	u64 count = 0;

	for (pfn = first; pfn < last; pfn++)
		count += pfn_valid(pfn);
	if (!count)
		return -ENXIO;
	return count == last - first ? 0 : -EUCLEAN;
}

static const struct action actions[] = {
	{ "add", add },
	{ "remove", remove_memory },
	{ "evict", offline_and_remove_memory },
	{ "valid", valid },
};

static int __init memhp_range_init(void)
{
	folder = debugfs_create_dir("memhp_range", NULL);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	action_files(actions, ARRAY_SIZE(actions), folder);
	return 0;
}

static void __exit memhp_range_exit(void)
{
	debugfs_remove_recursive(folder);
}

module_init(memhp_range_init);
module_exit(memhp_range_exit);
MODULE_DESCRIPTION("Adds and removes ranges of memory in a test guest");
MODULE_LICENSE("GPL");
