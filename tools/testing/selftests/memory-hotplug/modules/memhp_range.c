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
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/string.h>
#include <linux/uaccess.h>

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

/* What a file does is its private data. */
struct action {
	const char *name;
	int (*run)(u64 start, u64 size);
};

static const struct action actions[] = {
	{ "add", add },
	{ "remove", remove_memory },
	{ "evict", offline_and_remove_memory },
	{ "valid", valid },
};

static ssize_t action_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	const struct action *action = file->private_data;
	unsigned long long start, size;
	char text[64] = "";
	int ret;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	if (sscanf(text, "%lli %lli", &start, &size) != 2)
		return -EINVAL;
	ret = action->run(start, size);
	return ret ? ret : count;
}

static const struct file_operations action_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= action_write,
};

static int __init memhp_range_init(void)
{
	int i;

	folder = debugfs_create_dir("memhp_range", NULL);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	for (i = 0; i < ARRAY_SIZE(actions); i++)
		debugfs_create_file(actions[i].name, 0200, folder,
				    (void *)&actions[i], &action_fops);
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
