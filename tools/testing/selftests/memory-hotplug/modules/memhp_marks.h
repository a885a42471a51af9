/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MEMHP_MARKS_H
#define _MEMHP_MARKS_H
/*
 * What the modules that are counted have in common: the range, and marks for the
 * counting plugin (tools/bench/count.c), between which a window's work is.
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
MODULE_PARM_DESC(rounds, "how many times");

#define begin(window)	asm volatile("hint %0" : : "i"(0x60 + (window)) : "memory")
#define end()		asm volatile("hint 0x7f" : : : "memory")

static inline int add(void)
{
	return add_memory_driver_managed(0, start, size,
					 "System RAM (memhp bench)", MHP_NONE);
}

#endif /* _MEMHP_MARKS_H */
