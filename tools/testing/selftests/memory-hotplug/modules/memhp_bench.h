/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MEMHP_BENCH_H
#define _MEMHP_BENCH_H
/*
 * The range that the modules which are counted add, online and take away.
 */
#include <linux/delay.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>

#include "memhp_marks.h"

static unsigned long start;
module_param(start, ulong, 0);
MODULE_PARM_DESC(start, "first physical address");

static unsigned long size;
module_param(size, ulong, 0);
MODULE_PARM_DESC(size, "bytes");

static int rounds = 2;
module_param(rounds, int, 0);
MODULE_PARM_DESC(rounds, "how many times");

static int node;
module_param(node, int, 0);
MODULE_PARM_DESC(node, "node of the memory");

static unsigned int rest;
module_param(rest, uint, 0);
MODULE_PARM_DESC(rest, "milliseconds at the end of a window, for work that is deferred");

static inline int add(void)
{
	return add_memory_driver_managed(node, start, size,
					 "System RAM (memhp bench)", MHP_NONE);
}

#endif /* _MEMHP_BENCH_H */
