// SPDX-License-Identifier: GPL-2.0-only
/*
 * What pfn_valid() and pfn_is_map_memory() say of every page frame, at rest and while
 * memory comes and goes.
 *
 * Files in <debugfs>/memhp_pfn:
 *
 *	runs	"FIRST LAST VALID RAM": page frames of which both say the same, and at
 *		least one says yes; all below the parameter "limit", above it the first
 *		page of each section, and numbers that no memory can have
 *	edges	where RAM begins or ends, ranges nearby, in bytes: how many there are; for
 *		how many valid_phys_addr_range() is not what memblock says; for how many
 *		that is so of pfn_state_is_one_kind() (0 with stock, which has none); and
 *		how many are in regions of memblock that touch
 *	device	"START SIZE": a driver takes the range by memremap_pages(); SIZE 0: it
 *		gives the last one back
 *	race	"START SIZE ROUNDS LOOKS": the range is added and removed, so many times
 *		at least, until the CPUs have looked so often; the same with a device
 *		instead, for one round in four. Reading it gives: looks, wrong answers of
 *		RAM that stays, of what is never there, of a device, of what was there, of
 *		what was gone; and rounds
 *
 * "steady" is an address in RAM that stays, "never" one where nothing is. What is not
 * exported to modules is called by the parameters of those names, which are addresses
 * in /proc/kallsyms. The ranges must be RAM that the kernel does not know. For test
 * guests only.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/io.h>

static struct dentry *folder;

static unsigned long limit;
module_param(limit, ulong, 0);
MODULE_PARM_DESC(limit, "physical address up to which all pages are looked at");

static int nid;
module_param(nid, int, 0);
MODULE_PARM_DESC(nid, "node of the range that comes and goes");

static unsigned long steady, never;
module_param(steady, ulong, 0600);
module_param(never, ulong, 0600);

static unsigned long valid_phys_addr_range_at, memblock_is_region_memory_at;
static unsigned long memblock_is_memory_at, memblock_is_map_memory_at;
static unsigned long pfn_state_is_one_kind_at;
module_param_named(valid_phys_addr_range, valid_phys_addr_range_at, ulong, 0);
module_param_named(memblock_is_region_memory, memblock_is_region_memory_at, ulong, 0);
module_param_named(memblock_is_memory, memblock_is_memory_at, ulong, 0);
module_param_named(memblock_is_map_memory, memblock_is_map_memory_at, ulong, 0);
module_param_named(pfn_state_is_one_kind, pfn_state_is_one_kind_at, ulong, 0);

/* The function, to be called. */
#define AT(function)	((typeof(function) *)function##_at)

typedef bool range_fn(phys_addr_t base, phys_addr_t size);

/* Runs */

#define VALID	1
#define RAM	2

static int look(unsigned long pfn)
{
	return (pfn_valid(pfn) ? VALID : 0) | (pfn_is_map_memory(pfn) ? RAM : 0);
}

struct run {
	unsigned long first, last;
	int seen;
};

static void run_show(struct seq_file *m, const struct run *run)
{
	if (run->seen)
		seq_printf(m, "%#lx %#lx %d %d\n", run->first, run->last,
			   !!(run->seen & VALID), !!(run->seen & RAM));
}

static void run_goes_on(struct seq_file *m, struct run *run, unsigned long pfn)
{
	int seen = look(pfn);

	if (seen != run->seen) {
		run_show(m, run);
		*run = (struct run){ .first = pfn, .seen = seen };
	}
	run->last = pfn;
}

static int runs_show(struct seq_file *m, void *unused)
{
	unsigned long pfn, end = PHYS_PFN(limit), nr;
	struct run run = { };

	for (pfn = 0; pfn < end; pfn++) {
		run_goes_on(m, &run, pfn);
		if (!(pfn % SZ_64K))
			cond_resched();
	}
	for (nr = pfn_to_section_nr(end); nr < NR_MEM_SECTIONS; nr++) {
		run_goes_on(m, &run, section_nr_to_pfn(nr));
		if (!(nr % SZ_64K))
			cond_resched();
	}
	for (pfn = section_nr_to_pfn(nr); pfn; pfn <<= 1)
		run_goes_on(m, &run, pfn + PHYS_PFN(steady));
	run_goes_on(m, &run, ULONG_MAX);
	run_show(m, &run);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(runs);

/* Edges */

struct tally {
	unsigned long ranges, wrong_ram, wrong_kind, across;
};

/* By looking at each page. */
static bool is_one_kind(u64 base, u64 last)
{
	bool ram = AT(memblock_is_map_memory)(base);

	for (; base <= last; base += PAGE_SIZE)
		if (!AT(memblock_is_memory)(base) ||
		    AT(memblock_is_map_memory)(base) != ram)
			return false;
	return true;
}

/* What memblock says of a range of pages, each of which is what its first byte is. */
static bool is_region(struct tally *t, u64 base, u64 size)
{
	u64 first = base & PAGE_MASK, last = (base + size - !!size) & PAGE_MASK;

	if (base + size < base)
		return false;
	if (AT(memblock_is_region_memory)(first, last - first + 1))
		return true;
	/* regions that touch, as those of two nodes: only stock minds */
	if (last - first > SZ_1G || !is_one_kind(first, last))
		return false;
	t->across++;
	return true;
}

static void judge_range(struct tally *t, u64 base, u64 size)
{
	bool region = is_region(t, base, size);
	bool ram = region && AT(memblock_is_map_memory)(base & PAGE_MASK);

	t->ranges++;
	t->wrong_ram += AT(valid_phys_addr_range)(base, size) != ram;
	if (pfn_state_is_one_kind_at)
		t->wrong_kind += ((range_fn *)pfn_state_is_one_kind_at)(base, size)
				 != region;
}

/* Bytes from an edge, and bytes of a range. */
static void judge_edge(struct tally *t, u64 edge)
{
	static const s64 from[] = {
		-(s64)SZ_256M, -SZ_2M - 5, -SZ_64K, -4096, -1, 0, 1, 4095, SZ_64K, SZ_2M,
	};
	static const u64 sizes[] = {
		0, 1, 2, 4096, SZ_64K, SZ_2M, SZ_64M + 3, SZ_256M, SZ_1G, U64_MAX,
	};
	int i, k;

	for (i = 0; i < ARRAY_SIZE(from); i++)
		for (k = 0; k < ARRAY_SIZE(sizes); k++)
			if ((s64)edge + from[i] >= 0)
				judge_range(t, edge + from[i], sizes[k]);
}

static int edges_show(struct seq_file *m, void *unused)
{
	unsigned long pfn, end = PHYS_PFN(limit);
	bool ram, before = false;
	struct tally t = { };

	for (pfn = 0; pfn < end; pfn++, before = ram) {
		ram = pfn_is_map_memory(pfn);
		if (ram != before)
			judge_edge(&t, PFN_PHYS(pfn));
		if (!(pfn % SZ_64K))
			cond_resched();
	}
	seq_printf(m, "%lu %lu %lu %lu\n", t.ranges, t.wrong_ram, t.wrong_kind,
		   t.across);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(edges);

/* Devices */

static struct dev_pagemap device;

static int device_begin(u64 start, u64 size)
{
	void *found;

	if (device.nr_range)
		return -EBUSY;
	memset(&device, 0, sizeof(device));
	device.type = MEMORY_DEVICE_GENERIC;
	device.range.start = start;
	device.range.end = start + size - 1;
	device.nr_range = 1;
	found = memremap_pages(&device, NUMA_NO_NODE);
	if (!IS_ERR(found))
		return 0;
	device.nr_range = 0;
	return PTR_ERR(found);
}

static int device_end(void)
{
	if (!device.nr_range)
		return -ENODEV;
	memunmap_pages(&device);
	device.nr_range = 0;
	return 0;
}

static int device_change(u64 start, u64 size)
{
	return size ? device_begin(start, size) : device_end();
}

/* Race */

/* What is known of the range, in turn. While it is not, any answer is right. */
enum phase { GONE, COMING, THERE, GOING, PHASES };

/* A number that grows; modulo PHASES it is the phase. */
static unsigned long moment;
static bool is_device;

static struct race {
	u64 start, size;
	unsigned long rounds, looks;
} race;

struct looker {
	struct task_struct *task;
	unsigned long looks, steady, never, device, there, gone;
};

static struct looker lookers[NR_CPUS];
static unsigned long rounds_done;

static void next_phase(void)
{
	/* who sees the new moment sees all that was done before */
	smp_mb();
	WRITE_ONCE(moment, moment + 1);
	/* who sees something of what follows sees the new moment */
	smp_mb();
}

static void look_at_range(struct looker *l, unsigned long pfn)
{
	/* pairs with the first barrier of next_phase() */
	unsigned long now = smp_load_acquire(&moment);
	bool device_now = READ_ONCE(is_device);
	bool ram = pfn_is_map_memory(pfn);

	/* pairs with the second one */
	smp_rmb();
	if (READ_ONCE(moment) != now)
		return;
	if (device_now)
		l->device += ram;
	else if (now % PHASES == THERE)
		l->there += !ram;
	else if (now % PHASES == GONE)
		l->gone += ram;
}

static int look_on(void *data)
{
	unsigned long first = PHYS_PFN(race.start), pages = PHYS_PFN(race.size);
	struct looker *l = data;

	while (!kthread_should_stop()) {
		look_at_range(l, first + l->looks * 7919 % pages);
		look_at_range(l, first + (l->looks & 1 ? pages - 1 : 0));
		l->steady += !pfn_is_map_memory(PHYS_PFN(steady));
		l->never += pfn_is_map_memory(PHYS_PFN(never));
		WRITE_ONCE(l->looks, l->looks + 4);
		if (!(l->looks % 4096))
			cond_resched();
	}
	return 0;
}

static int come(void)
{
	if (is_device)
		return device_begin(race.start, race.size);
	return add_memory_driver_managed(nid, race.start, race.size,
					 "System RAM (memhp pfn)", MHP_NONE);
}

static int go(void)
{
	return is_device ? device_end() : remove_memory(race.start, race.size);
}

static int one_round(bool by_device)
{
	int ret;

	WRITE_ONCE(is_device, by_device);
	next_phase();
	ret = come();
	if (ret) {
		/* refused: nothing has come */
		moment += PHASES - 2;
		next_phase();
		return ret;
	}
	next_phase();
	usleep_range(100, 200);
	next_phase();
	ret = go();
	next_phase();
	usleep_range(100, 200);
	return ret;
}

static unsigned long fewest_looks(void)
{
	unsigned long fewest = ULONG_MAX;
	int cpu;

	for_each_online_cpu(cpu)
		fewest = min(fewest, READ_ONCE(lookers[cpu].looks));
	return fewest;
}

static void lookers_stop(void)
{
	int cpu;

	for_each_online_cpu(cpu) {
		if (!IS_ERR_OR_NULL(lookers[cpu].task))
			kthread_stop(lookers[cpu].task);
		lookers[cpu].task = NULL;
	}
}

static int lookers_start(void)
{
	int cpu;

	memset(lookers, 0, sizeof(lookers));
	for_each_online_cpu(cpu) {
		lookers[cpu].task = kthread_run_on_cpu(look_on, &lookers[cpu], cpu,
						       "memhp_pfn/%u");
		if (IS_ERR(lookers[cpu].task))
			return PTR_ERR(lookers[cpu].task);
	}
	return 0;
}

static int race_run(void)
{
	int ret = lookers_start();

	for (rounds_done = 0; !ret; rounds_done++) {
		if (rounds_done >= race.rounds && fewest_looks() >= race.looks)
			break;
		ret = one_round(rounds_done % 4 == 3);
	}
	lookers_stop();
	return ret;
}

static int race_show(struct seq_file *m, void *unused)
{
	struct looker sum = { };
	int cpu;

	for_each_online_cpu(cpu) {
		sum.looks += lookers[cpu].looks;
		sum.steady += lookers[cpu].steady;
		sum.never += lookers[cpu].never;
		sum.device += lookers[cpu].device;
		sum.there += lookers[cpu].there;
		sum.gone += lookers[cpu].gone;
	}
	seq_printf(m, "%lu %lu %lu %lu %lu %lu %lu\n", sum.looks, sum.steady,
		   sum.never, sum.device, sum.there, sum.gone, rounds_done);
	return 0;
}

/* The module */

static int words_of(const char __user *from, size_t count, u64 *word, int wanted)
{
	char text[96] = "";

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	return sscanf(text, "%lli %lli %lli %lli", &word[0], &word[1], &word[2],
		      &word[3]) == wanted ? 0 : -EINVAL;
}

static ssize_t device_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	u64 word[4];
	int ret = words_of(from, count, word, 2) ?: device_change(word[0], word[1]);

	return ret ?: count;
}

static const struct file_operations device_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= device_write,
};

static ssize_t race_write(struct file *file, const char __user *from,
			  size_t count, loff_t *pos)
{
	u64 word[4];
	int ret = words_of(from, count, word, 4);

	if (ret)
		return ret;
	race = (struct race){ word[0], word[1], word[2], word[3] };
	return race_run() ?: count;
}

static int race_open(struct inode *inode, struct file *file)
{
	return single_open(file, race_show, NULL);
}

static const struct file_operations race_fops = {
	.owner		= THIS_MODULE,
	.open		= race_open,
	.read		= seq_read,
	.write		= race_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static int __init memhp_pfn_init(void)
{
	folder = debugfs_create_dir("memhp_pfn", NULL);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	debugfs_create_file("runs", 0400, folder, NULL, &runs_fops);
	debugfs_create_file("edges", 0400, folder, NULL, &edges_fops);
	debugfs_create_file("device", 0200, folder, NULL, &device_fops);
	debugfs_create_file("race", 0600, folder, NULL, &race_fops);
	return 0;
}

static void __exit memhp_pfn_exit(void)
{
	debugfs_remove_recursive(folder);
	device_end();
}

module_init(memhp_pfn_init);
module_exit(memhp_pfn_exit);
MODULE_DESCRIPTION("Looks at what page frames are in a test guest");
MODULE_LICENSE("GPL");
