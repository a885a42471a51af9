/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MEMHP_ACTION_H
#define _MEMHP_ACTION_H
/*
 * Files in debugfs that take two numbers, as C writes them, and do something with
 * these. A write's error is what came of it.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/uaccess.h>

struct action {
	const char *name;
	int (*run)(u64 first, u64 second);
};

static ssize_t action_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	const struct action *action = file->private_data;
	unsigned long long first, second;
	char text[64] = "";
	int ret;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	if (sscanf(text, "%lli %lli", &first, &second) != 2)
		return -EINVAL;
	ret = action->run(first, second);
	return ret ? ret : count;
}

static const struct file_operations action_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= action_write,
};

/* A file for each action. */
static inline void action_files(const struct action *actions, int nr,
				struct dentry *folder)
{
	for (; nr--; actions++)
		debugfs_create_file(actions->name, 0200, folder,
				    (void *)actions, &action_fops);
}

#endif /* _MEMHP_ACTION_H */
