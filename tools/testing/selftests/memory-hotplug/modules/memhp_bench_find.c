// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks up the nodes of addresses, with marks around each look-up for the counting
 * plugin (tools/bench/count.c).
 *
 * Window 0 is a look-up, window 1 is a call of a function that does nothing, from the
 * same place: the difference is what a look-up takes, but for the return. With "ranges"
 * there are as many more, of two nodes in turn, and addresses of all of them are looked
 * up; without it those of boot memory are. Stock has no ranges to add: -EOPNOTSUPP.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa_memblks.h>

#include "memhp_marks.h"

#define PART	BIT_ULL(44)

static int ranges;
module_param(ranges, int, 0);
MODULE_PARM_DESC(ranges, "how many ranges to add");

static unsigned long step = BIT(30);
module_param(step, ulong, 0);
MODULE_PARM_DESC(step, "bytes of each");

static int rounds = 256;
module_param(rounds, int, 0);
MODULE_PARM_DESC(rounds, "how many look-ups");

static int (*add_window)(u64 start, u64 size, int nid);
static int (*drop_window)(u64 start, u64 size);

/* Volatile: each call loads it, and the compiler does not know what is called. */
static int (*volatile look_up)(u64 addr);

static noinline int do_nothing(u64 addr)
{
	return (int)addr;
}
static int (*volatile nothing)(u64 addr) = do_nothing;

/* Volatile: both answers go the same way, and take as much. */
static volatile int answer;

static u64 address(int i)
{
	if (!ranges)
		return BIT_ULL(30) + i * BIT_ULL(21);
	return PART + (u64)(i * 7919U % ranges) * step + step / 3;
}

static int look(int i)
{
	u64 addr = address(i);
	int nid;

	mark_begin(0);
	answer = look_up(addr);
	mark_end();
	nid = answer;
	mark_begin(1);
	answer = nothing(addr);
	mark_end();
	return !ranges || nid == i * 7919U % ranges % 2 ? 0 : -EUCLEAN;
}

static int add_ranges(void)
{
	int i, ret = 0;

	for (i = 0; i < ranges && !ret; i++)
		ret = add_window ? add_window(PART + i * step, step, i % 2) :
				   -EOPNOTSUPP;
	return ret;
}

static void put_symbols(void)
{
	if (add_window)
		__symbol_put("node_map_add_window");
	if (drop_window)
		__symbol_put("node_map_drop_window");
	__symbol_put(add_window ? "node_map_find" : "phys_to_target_node");
}

static int __init memhp_bench_find_init(void)
{
	int i, ret;

	add_window = (void *)__symbol_get("node_map_add_window");
	drop_window = (void *)__symbol_get("node_map_drop_window");
	look_up = (void *)__symbol_get(add_window ? "node_map_find" :
				       "phys_to_target_node");
	ret = look_up ? add_ranges() : -ENOENT;
	for (i = 0; i < rounds && !ret; i++)
		ret = look(i);
	if (ranges && drop_window)
		drop_window(PART, ranges * step);
	if (look_up)
		put_symbols();
	return ret;
}
module_init(memhp_bench_find_init);

static void __exit memhp_bench_find_exit(void)
{
}
module_exit(memhp_bench_find_exit);

MODULE_DESCRIPTION("Look-ups of nodes, marked for counting");
MODULE_LICENSE("GPL");
