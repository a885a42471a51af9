// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks so many times what a page frame is, with marks around it for the counting plugin
 * (tools/bench/count.c).
 *
 * Of each address, pfn_valid() is asked in window 0, in a function of its own, as the
 * other one is; pfn_is_map_memory() in window 1. The first time is for warming up.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/pfn.h>

#include "memhp_marks.h"

static unsigned long at[8];
static int nr;
module_param_array(at, ulong, &nr, 0);
MODULE_PARM_DESC(at, "physical addresses");

static int times = 1000, rounds = 2;
module_param(times, int, 0);
MODULE_PARM_DESC(times, "how often to ask");
module_param(rounds, int, 0);
MODULE_PARM_DESC(rounds, "how often to begin again");

static noinline int ask_valid(unsigned long pfn)
{
	return pfn_valid(pfn);
}

static __always_inline void ask(int (*what)(unsigned long pfn), unsigned long pfn)
{
	int i;

	for (i = 0; i < times; i++)
		what(pfn);
}

static int __init memhp_bench_pfn_init(void)
{
	int i, round;

	for (round = 0; round < rounds; round++)
		for (i = 0; i < nr; i++) {
			mark_begin(0);
			ask(ask_valid, PHYS_PFN(at[i]));
			mark_end();
			mark_begin(1);
			ask(pfn_is_map_memory, PHYS_PFN(at[i]));
			mark_end();
		}
	return 0;
}
module_init(memhp_bench_pfn_init);

static void __exit memhp_bench_pfn_exit(void)
{
}
module_exit(memhp_bench_pfn_exit);

MODULE_DESCRIPTION("Memory hotplug: what a page frame is, marked for counting");
MODULE_LICENSE("GPL");
