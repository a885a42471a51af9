// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes single pages out of the linear map, and puts them back, as secretmem does.
 *
 * Files in <debugfs>/memhp_direct, each takes a physical address and answers with
 * the error of the call, if any: "invalid" and "restore". What they call is not for
 * modules: the parameters of the same names are the addresses of the kernel's
 * set_direct_map_invalid_noflush() and set_direct_map_default_noflush().
 *
 * For test guests only, and for memory that nobody uses.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>

typedef int (*change_t)(struct page *page);

static struct dentry *folder;

static unsigned long invalid;
module_param(invalid, ulong, 0400);
MODULE_PARM_DESC(invalid, "address of set_direct_map_invalid_noflush()");

static unsigned long restore;
module_param(restore, ulong, 0400);
MODULE_PARM_DESC(restore, "address of set_direct_map_default_noflush()");

static ssize_t change_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	change_t change = (change_t)*(unsigned long *)file->private_data;
	u64 start;
	int ret = kstrtou64_from_user(from, count, 0, &start);

	if (ret)
		return ret;
	if (!pfn_valid(PHYS_PFN(start)))
		return -ENXIO;
	ret = change(pfn_to_page(PHYS_PFN(start)));
	return ret ? ret : count;
}

static const struct file_operations change_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= change_write,
};

static int __init memhp_direct_init(void)
{
	if (!invalid || !restore)
		return -EINVAL;
	folder = debugfs_create_dir("memhp_direct", NULL);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	debugfs_create_file("invalid", 0200, folder, &invalid, &change_fops);
	debugfs_create_file("restore", 0200, folder, &restore, &change_fops);
	return 0;
}

static void __exit memhp_direct_exit(void)
{
	debugfs_remove_recursive(folder);
}

module_init(memhp_direct_init);
module_exit(memhp_direct_exit);
MODULE_DESCRIPTION("Changes pages of the linear map in a test guest");
MODULE_LICENSE("GPL");
