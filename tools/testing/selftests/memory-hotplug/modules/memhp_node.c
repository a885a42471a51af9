// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks the kernel which node an address belongs to, for tests.
 *
 *	insmod memhp_node.ko at=ADDRESS,ADDRESS...
 *
 * says for each address what memory_add_physaddr_to_nid() and phys_to_target_node()
 * answer. Files in <debugfs>/memhp_node:
 *
 *	torture	"FIRST_NODE SECONDS": while one thread adds and drops windows in the
 *		part from 16 TiB on, for one node and another, the other CPUs look
 *		addresses up there and below. The answers have to be ones that are
 *		possible; -EUCLEAN if one is not.
 *	alloc	"NODE COUNT": memory of a device of that node; -EXDEV if some of it is
 *		on another node
 *
 * Stock has no windows to add: -EOPNOTSUPP. For test guests only.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/numa_memblks.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "memhp_action.h"

#define PART	BIT_ULL(44)
#define STEP	BIT_ULL(30)
#define WINDOWS	64
#define THREADS	8

/* Stock's kernels do not have them, so they are looked for by name. */
static int (*add_window)(u64 start, u64 size, int nid);
static int (*drop_window)(u64 start, u64 size);
static int (*set_distances)(int nid, const int *to, const int *from);

static struct dentry *folder;

static unsigned long at[32];
static int nr_at;
module_param_array(at, ulong, &nr_at, 0400);
MODULE_PARM_DESC(at, "physical addresses to look up");

static int first_node;
static atomic_long_t looks, wrong;

/* Even windows are of the first node, odd ones of the next, or nobody's. */
static bool is_possible(u64 i, int nid)
{
	return nid == NUMA_NO_NODE || nid == first_node + (int)(i & 1);
}

static int look_up(void *unused)
{
	u64 i = 0;

	while (!kthread_should_stop()) {
		i = (i * 5 + 7) % WINDOWS;
		if (!is_possible(i, phys_to_target_node(PART + i * STEP)) ||
		    !is_possible(i, phys_to_target_node(PART + i * STEP + STEP - 1)))
			atomic_long_inc(&wrong);
		if (!(atomic_long_inc_return(&looks) & 0xff))
			cond_resched();
	}
	return 0;
}

static int change_windows(unsigned long until)
{
	int ret = 0, i;

	while (!ret && time_before(jiffies, until)) {
		for (i = 0; !ret && i < WINDOWS; i++)
			ret = add_window(PART + i * STEP, STEP,
					 first_node + (i & 1));
		for (i = WINDOWS; !ret && i--;)
			if (phys_to_target_node(PART + i * STEP) !=
			    first_node + (i & 1))
				ret = -EUCLEAN;
		drop_window(PART, WINDOWS * STEP);
		cond_resched();
	}
	return ret;
}

static int torture(u64 nid, u64 seconds)
{
	struct task_struct *threads[THREADS];
	int nr = 0, ret;

	if (!add_window || !drop_window)
		return -EOPNOTSUPP;
	first_node = nid;
	atomic_long_set(&looks, 0);
	atomic_long_set(&wrong, 0);
	while (nr < THREADS && nr < num_online_cpus()) {
		threads[nr] = kthread_run(look_up, NULL, "memhp_node/%d", nr);
		if (IS_ERR(threads[nr]))
			break;
		nr++;
	}
	ret = change_windows(jiffies + seconds * HZ);
	while (nr--)
		kthread_stop(threads[nr]);
	pr_info("memhp_node: %ld looks, %ld wrong\n", atomic_long_read(&looks),
		atomic_long_read(&wrong));
	return ret ?: atomic_long_read(&wrong) ? -EUCLEAN : 0;
}

static int alloc(u64 nid, u64 count)
{
	struct platform_device *device;
	int ret = 0, seen;
	void *memory;

	device = platform_device_register_simple("memhp_node", PLATFORM_DEVID_NONE,
						 NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	set_dev_node(&device->dev, nid);
	while (!ret && count--) {
		memory = devm_kzalloc(&device->dev, PAGE_SIZE * 4, GFP_KERNEL);
		seen = memory ? page_to_nid(virt_to_page(memory)) : NUMA_NO_NODE;
		if (seen != nid)
			ret = memory ? -EXDEV : -ENOMEM;
	}
	platform_device_unregister(device);
	return ret;
}

static int apart(u64 node, u64 distance)
{
	int distances[MAX_NUMNODES], nid = node, i;

	if (!set_distances)
		return -EOPNOTSUPP;
	for (i = 0; i < MAX_NUMNODES; i++)
		distances[i] = i == nid ? 10 : node_possible(i) ? distance : -1;
	return set_distances(nid, distances, distances);
}

static int scheduler_finds(u64 node, u64 hops)
{
	const struct cpumask *cpus;
	int nid = node, nr = hops;

	guard(rcu)();
	cpus = sched_numa_hop_mask(nid, nr);
	if (IS_ERR(cpus))
		return PTR_ERR(cpus);
	pr_info("memhp_node: node %d, %d hops: CPUs %*pbl\n", nid, nr,
		cpumask_pr_args(cpus));
	return 0;
}

static const struct action actions[] = {
	{ "torture", torture },
	{ "alloc", alloc },
	{ "apart", apart },
	{ "hops", scheduler_finds },
};

static int __init memhp_node_init(void)
{
	int i;

	add_window = (void *)__symbol_get("node_map_add_window");
	drop_window = (void *)__symbol_get("node_map_drop_window");
	set_distances = (void *)__symbol_get("mhp_node_set_distances");
	for (i = 0; i < nr_at; i++)
		pr_info("memhp_node: %#lx add %d target %d\n", at[i],
			memory_add_physaddr_to_nid(at[i]),
			phys_to_target_node(at[i]));
	folder = debugfs_create_dir("memhp_node", NULL);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	action_files(actions, ARRAY_SIZE(actions), folder);
	return 0;
}

static void __exit memhp_node_exit(void)
{
	debugfs_remove_recursive(folder);
	if (add_window)
		__symbol_put("node_map_add_window");
	if (drop_window)
		__symbol_put("node_map_drop_window");
	if (set_distances)
		__symbol_put("mhp_node_set_distances");
}

module_init(memhp_node_init);
module_exit(memhp_node_exit);
MODULE_DESCRIPTION("Asks which node an address belongs to, in a test guest");
MODULE_LICENSE("GPL");
