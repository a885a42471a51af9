// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offlines and removes a range of RAM that Linux was told not to use (mem=), with
 * marks around each call for the counting plugin (tools/bench/count.c). What is
 * added must come online by itself (auto_online_blocks).
 *
 * Window 2 is offlining by the files of the memory blocks, 3 is removing what is
 * offline, 4 is offline_and_remove_memory(), 5 is offlining by the file that takes
 * ranges, where the kernel has it.
 *
 * what=free:  rounds of all that, with nobody in the memory
 * what=add:   only adds, so that somebody can use it
 * what=evict: only window 4
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "memhp_bench.h"

static char *what = "free";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "free, add or evict");

static int evict(void)
{
	int ret;

	mark_begin(4);
	ret = offline_and_remove_memory(start, size);
	msleep(rest);
	mark_end();
	return ret;
}

/* The file "state" of each block, opened beforehand. */
static struct file *open_state(unsigned long block)
{
	char path[64];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/memory/memory%lu/state", block);
	return filp_open(path, O_WRONLY, 0);
}

static int write_states(struct file **files, unsigned long count)
{
	static const char word[] = "offline";
	unsigned long i;
	ssize_t ret = 0;

	mark_begin(2);
	for (i = 0; i < count && ret >= 0; i++) {
		loff_t pos = 0;

		ret = kernel_write(files[i], word, strlen(word), &pos);
	}
	msleep(rest);
	mark_end();
	return min_t(ssize_t, ret, 0);
}

static int offline(void)
{
	unsigned long block = memory_block_size_bytes(), count = size / block;
	struct file **files = kcalloc(count, sizeof(*files), GFP_KERNEL);
	unsigned long i;
	int ret = 0;

	if (!files)
		return -ENOMEM;
	for (i = 0; i < count && !ret; i++) {
		files[i] = open_state(start / block + i);
		if (IS_ERR(files[i])) {
			ret = PTR_ERR(files[i]);
			files[i] = NULL;
		}
	}
	if (!ret)
		ret = write_states(files, count);
	for (i = 0; i < count; i++)
		if (files[i])
			filp_close(files[i], NULL);
	kfree(files);
	return ret;
}

static int remove(void)
{
	int ret;

	mark_begin(3);
	ret = remove_memory(start, size);
	msleep(rest);
	mark_end();
	return ret;
}

static int write_range(struct file *file)
{
	char text[64];
	loff_t pos = 0;
	ssize_t ret;

	snprintf(text, sizeof(text), "%#lx %#lx", start, size);
	mark_begin(5);
	ret = kernel_write(file, text, strlen(text), &pos);
	msleep(rest);
	mark_end();
	return min_t(ssize_t, ret, 0);
}

static int offline_range(void)
{
	struct file *file = filp_open("/sys/devices/system/memory/offline",
				      O_WRONLY, 0);
	int ret;

	if (IS_ERR(file))
		return 0;
	ret = add() ?: write_range(file) ?: remove_memory(start, size);
	filp_close(file, NULL);
	return ret;
}

static int one_round(void)
{
	return add() ?: offline() ?: remove() ?: add() ?: evict() ?:
	       offline_range();
}

static int __init memhp_bench_offline_init(void)
{
	int i, ret = 0;

	if (!strcmp(what, "add"))
		return add();
	if (!strcmp(what, "evict"))
		return evict();
	for (i = 0; i < rounds && !ret; i++)
		ret = one_round();
	return ret;
}
module_init(memhp_bench_offline_init);

static void __exit memhp_bench_offline_exit(void)
{
}
module_exit(memhp_bench_offline_exit);

MODULE_DESCRIPTION("Memory hotplug: offlining, marked for counting");
MODULE_LICENSE("GPL");
