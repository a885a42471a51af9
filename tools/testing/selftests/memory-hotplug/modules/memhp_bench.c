// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adds and removes a range of RAM that Linux was told not to use (mem=), with
 * marks around each call for the counting plugin (tools/bench/count.c).
 *
 * Window 0 is adding, window 1 is removing. The first round is for warming up.
 */
#include <linux/memory_hotplug.h>
#include <linux/module.h>

static unsigned long start;
module_param(start, ulong, 0);
MODULE_PARM_DESC(start, "first physical address");

static unsigned long size;
module_param(size, ulong, 0);
MODULE_PARM_DESC(size, "bytes");

static int rounds = 2;
module_param(rounds, int, 0);
MODULE_PARM_DESC(rounds, "how many times to add and remove");

#define begin(window)	asm volatile("hint %0" : : "i"(0x60 + (window)) : "memory")
#define end()		asm volatile("hint 0x7f" : : : "memory")

static int __init one_round(void)
{
	int ret;

	begin(0);
	ret = add_memory_driver_managed(0, start, size, "System RAM (memhp bench)",
					MHP_NONE);
	end();
	if (ret)
		return ret;
	begin(1);
	ret = remove_memory(start, size);
	end();
	return ret;
}

static int __init memhp_bench_init(void)
{
	int i, ret = 0;

	for (i = 0; i < rounds && !ret; i++)
		ret = one_round();
	return ret;
}
module_init(memhp_bench_init);

static void __exit memhp_bench_exit(void)
{
}
module_exit(memhp_bench_exit);

MODULE_DESCRIPTION("Memory hotplug: adding and removing, marked for counting");
MODULE_LICENSE("GPL");
