// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps the kernel's page tables in use and in motion while memory comes and
 * goes. Threads that repeat, until the module goes:
 *
 *	vmalloc<N>	on each CPU N: allocate, fill, verify, free
 *	flip		make a page of this module's memory read-only, executable,
 *			and plain again; see that each permission holds
 *	sparse		map a page far away from all others, so that tables of every
 *			level are made; write it there, read it in the linear map
 *
 * Each has a file of its name in <debugfs>/memhp_churn that counts what it has
 * completed; "errors" counts what was not as expected, besides the warning.
 * "sparse" goes on as far as the file "goal" lets it: the tables it leaves are
 * never freed by the kernel. Its first so many steps as "tops" says are below an
 * entry of the top level each, the following in neighbouring tables of pages. It
 * is not there under KASAN, where reserving addresses takes memory.
 *
 * What changes permissions and maps pages is not exported to modules; the
 * parameters of those names are their addresses in /proc/kallsyms.
 * For test guests only.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define LARGEST		SZ_512K
#define STRIDE		(64 / sizeof(u64))	/* a word of each 64 bytes */
#define PAGE_WORDS	(PAGE_SIZE / sizeof(u64))

/*
 * What an entry of the top level covers; of the next, where the top level has no
 * more than a few (two, with 16K pages).
 */
#define VMALLOC_SPAN	(VMALLOC_END - VMALLOC_START)
#define TOP_SIZE	(PGDIR_SIZE < VMALLOC_SPAN / 64 ? PGDIR_SIZE : PUD_SIZE)

#define ADDRESS_OF(function)						\
	static unsigned long function##_at;				\
	module_param_named(function, function##_at, ulong, 0);		\
	MODULE_PARM_DESC(function, "address of the function")

ADDRESS_OF(set_memory_ro);
ADDRESS_OF(set_memory_rw);
ADDRESS_OF(set_memory_x);
ADDRESS_OF(set_memory_nx);
ADDRESS_OF(get_vm_area);
ADDRESS_OF(vm_area_map_pages);
ADDRESS_OF(vm_area_unmap_pages);

/* The function, to be called. */
#define AT(function)	((typeof(function) *)function##_at)

struct churn {
	bool (*step)(struct churn *c);	/* false: nothing was done this time */
	struct task_struct *task;
	atomic_t steps;
};

static struct dentry *folder;
static struct churn *churns;
static unsigned int nr_churns;
static atomic_t errors, goal;

/* Module memory, and a page of its own: nothing else changes with it. */
static u64 flip_page[PAGE_WORDS] __aligned(PAGE_SIZE);

static struct vm_struct *sparse_area;
static u32 sparse_tops;
static struct page *sparse_page;

static bool expect(bool good, const char *what)
{
	if (!good)
		atomic_inc(&errors);
	WARN_ONCE(!good, "memhp_churn: %s\n", what);
	return good;
}

static void fill(u64 *mem, size_t words, u64 key)
{
	size_t i;

	for (i = 0; i < words; i += STRIDE)
		WRITE_ONCE(mem[i], key + i);
}

static bool filled(const u64 *mem, size_t words, u64 key)
{
	size_t i;

	for (i = 0; i < words; i += STRIDE)
		if (READ_ONCE(mem[i]) != key + i)
			return false;
	return true;
}

static bool vmalloc_step(struct churn *c)
{
	size_t size = PAGE_SIZE + get_random_u32_below(LARGEST);
	size_t words = size / sizeof(u64);
	u64 key = get_random_u64();
	u64 *mem = vmalloc(size);

	if (!mem)
		return false;
	fill(mem, words, key);
	cond_resched();
	expect(filled(mem, words, key), "vmalloc memory lost its contents");
	vfree(mem);
	return true;
}

/* Does a store go through? It stores what is there. */
static bool writable(u64 *word)
{
	u64 value = READ_ONCE(*word);
	bool stored = true;

	pagefault_disable();
	__put_kernel_nofault(word, &value, u64, fault);
	goto out;
fault:
	stored = false;
out:
	pagefault_enable();
	return stored;
}

static void change(typeof(set_memory_ro) *set, const char *what)
{
	expect(!set((unsigned long)flip_page, 1), what);
}

/* By its own address, and by that of the linear map. */
static void expect_flip_page(u64 key)
{
	const u64 *linear = page_address(vmalloc_to_page(flip_page));

	expect(filled(flip_page, PAGE_WORDS, key) &&
	       filled(linear, PAGE_WORDS, key),
	       "module memory lost its contents");
}

/* Never writable and executable at once. */
static bool flip_step(struct churn *c)
{
	u64 key = get_random_u64();

	fill(flip_page, PAGE_WORDS, key);
	change(AT(set_memory_ro), "set_memory_ro() failed");
	expect(!writable(flip_page), "module memory is not read-only");
	change(AT(set_memory_x), "set_memory_x() failed");
	expect_flip_page(key);
	change(AT(set_memory_nx), "set_memory_nx() failed");
	change(AT(set_memory_rw), "set_memory_rw() failed");
	expect(writable(flip_page), "module memory is not writable");
	expect_flip_page(key);
	return true;
}

static unsigned long sparse_start(void)
{
	return ALIGN((unsigned long)sparse_area->addr, TOP_SIZE);
}

/*
 * Every entry of the top level in turn; then again, one table further on the
 * level of the pages.
 */
static unsigned long sparse_address(unsigned int n)
{
	unsigned long further = n / sparse_tops % (TOP_SIZE / PMD_SIZE);

	return sparse_start() + n % sparse_tops * TOP_SIZE + further * PMD_SIZE;
}

static bool sparse_step(struct churn *c)
{
	unsigned int n = atomic_read(&c->steps);
	unsigned long addr;
	u64 key = get_random_u64();

	if (n >= atomic_read(&goal))
		return false;
	addr = sparse_address(n);
	if (AT(vm_area_map_pages)(sparse_area, addr, addr + PAGE_SIZE,
				  &sparse_page))
		return false;
	fill((u64 *)addr, PAGE_WORDS, key);
	expect(filled(page_address(sparse_page), PAGE_WORDS, key),
	       "a page mapped far away is not that page");
	AT(vm_area_unmap_pages)(sparse_area, addr, addr + PAGE_SIZE);
	return true;
}

static int churn_thread(void *data)
{
	struct churn *c = data;

	while (!kthread_should_stop()) {
		if (c->step(c))
			atomic_inc(&c->steps);
		usleep_range(500, 1500);
	}
	return 0;
}

/*
 * On that CPU, or on any if it is negative. The thread waits to be woken, and takes the
 * time that others leave.
 */
static int add_churn(const char *name, bool (*step)(struct churn *c), int cpu)
{
	struct churn *c = &churns[nr_churns];

	c->step = step;
	c->task = kthread_create(churn_thread, c, "memhp_%s", name);
	if (IS_ERR(c->task))
		return PTR_ERR(c->task);
	set_user_nice(c->task, MAX_NICE);
	if (cpu >= 0)
		kthread_bind(c->task, cpu);
	debugfs_create_atomic_t(name, 0400, folder, &c->steps);
	nr_churns++;
	return 0;
}

static int add_vmalloc_churns(void)
{
	char name[16];
	int cpu, ret = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		snprintf(name, sizeof(name), "vmalloc%d", cpu);
		ret = add_churn(name, vmalloc_step, cpu);
		if (ret)
			break;
	}
	cpus_read_unlock();
	return ret;
}

/* A quarter of the addresses can be had wherever the kernel's image lies. */
static int add_sparse_churn(void)
{
	unsigned long size = PAGE_ALIGN(VMALLOC_SPAN / 4);

	if (IS_ENABLED(CONFIG_KASAN))
		return 0;
	sparse_page = alloc_page(GFP_KERNEL);
	if (!sparse_page)
		return -ENOMEM;
	sparse_area = AT(get_vm_area)(size, VM_SPARSE);
	if (!sparse_area)
		return -ENOMEM;
	sparse_tops = ((unsigned long)sparse_area->addr +
		       get_vm_area_size(sparse_area) - sparse_start()) / TOP_SIZE;
	debugfs_create_u32("tops", 0400, folder, &sparse_tops);
	return add_churn("sparse", sparse_step, -1);
}

static int add_churns(void)
{
	int ret = add_vmalloc_churns();

	if (!ret)
		ret = add_churn("flip", flip_step, -1);
	if (!ret)
		ret = add_sparse_churn();
	return ret;
}

static void stop(void)
{
	unsigned int i;

	for (i = 0; i < nr_churns; i++)
		kthread_stop(churns[i].task);
	debugfs_remove_recursive(folder);
	if (sparse_area)
		free_vm_area(sparse_area);
	if (sparse_page)
		__free_page(sparse_page);
	kfree(churns);
}

static bool addresses_given(void)
{
	return set_memory_ro_at && set_memory_rw_at && set_memory_x_at &&
	       set_memory_nx_at && get_vm_area_at && vm_area_map_pages_at &&
	       vm_area_unmap_pages_at;
}

static int __init memhp_churn_init(void)
{
	unsigned int i;
	int ret;

	if (!addresses_given())
		return -EINVAL;
	churns = kcalloc(nr_cpu_ids + 2, sizeof(*churns), GFP_KERNEL);
	if (!churns)
		return -ENOMEM;
	folder = debugfs_create_dir("memhp_churn", NULL);
	debugfs_create_atomic_t("errors", 0400, folder, &errors);
	debugfs_create_atomic_t("goal", 0600, folder, &goal);
	ret = add_churns();
	if (ret) {
		stop();
		return ret;
	}
	for (i = 0; i < nr_churns; i++)
		wake_up_process(churns[i].task);
	return 0;
}

static void __exit memhp_churn_exit(void)
{
	stop();
}

module_init(memhp_churn_init);
module_exit(memhp_churn_exit);
MODULE_DESCRIPTION("Uses and changes kernel page tables in a test guest");
MODULE_LICENSE("GPL");
