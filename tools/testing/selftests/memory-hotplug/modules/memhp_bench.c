// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adds and removes a range of RAM that Linux was told not to use (mem=), with
 * marks around each call for the counting plugin (tools/bench/count.c).
 *
 * Window 0 is adding, window 1 is removing. With "online", where the policy is that
 * memory comes online by itself (auto_online_blocks), window 2 is adding, with that,
 * and window 3 is offlining and removing. The first round is for warming up; with
 * "keep" the last one leaves the memory there, for a range that takes long to go.
 * A rest at the end of windows 2 and 3 charges them with what is deferred.
 * "settle" is for comparing with others: what was freed before does not fall into the
 * windows that come online, by way of RCU.
 */
#include <linux/delay.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>

#include "memhp_bench.h"

static bool online;
module_param(online, bool, 0);
MODULE_PARM_DESC(online, "the memory comes online, and is offlined before it is removed");

static bool keep;
module_param(keep, bool, 0);
MODULE_PARM_DESC(keep, "do not remove it in the last round");

static unsigned int settle;
module_param(settle, uint, 0);
MODULE_PARM_DESC(settle, "milliseconds of rest before windows 2 and 3");

static int __init add_remove(bool last)
{
	int ret;

	mark_begin(0);
	ret = add();
	mark_end();
	if (ret || (last && keep))
		return ret;
	mark_begin(1);
	ret = remove_memory(start, size);
	mark_end();
	return ret;
}

static int __init online_offline(bool last)
{
	int ret;

	msleep(settle);
	mark_begin(2);
	ret = add();
	msleep(rest);
	mark_end();
	if (ret || (last && keep))
		return ret;
	msleep(settle);
	mark_begin(3);
	ret = offline_and_remove_memory(start, size);
	msleep(rest);
	mark_end();
	return ret;
}

static int __init memhp_bench_init(void)
{
	int i, ret = 0;

	for (i = 1; i <= rounds && !ret; i++)
		ret = online ? online_offline(i == rounds) :
			       add_remove(i == rounds);
	return ret;
}
module_init(memhp_bench_init);

static void __exit memhp_bench_exit(void)
{
}
module_exit(memhp_bench_exit);

MODULE_DESCRIPTION("Memory hotplug: adding and removing, marked for counting");
MODULE_LICENSE("GPL");
