// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes each page frame of a node out of the page allocator, writes to all of
 * them, reads that again, and gives them back: what came online can be used.
 *
 * Page frames are asked for by the order given, then by all smaller ones, until
 * there are no more: without regard to watermarks, which holds for a node that has
 * no other memory. Each has to be of the range, and comes once. Those that do not
 * come must be in use. A word of each line of a page, all different, shows whether
 * two frames are one; ranges that the host has no memory for are taken without.
 *
 * What was found is in the parameters "taken" and "used", in page frames.
 */
#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sched.h>

static unsigned long start;
module_param(start, ulong, 0);
MODULE_PARM_DESC(start, "first physical address");

static unsigned long size;
module_param(size, ulong, 0);
MODULE_PARM_DESC(size, "bytes");

static int node;
module_param(node, int, 0);
MODULE_PARM_DESC(node, "node of the memory, all of it");

static int order;
module_param(order, int, 0);
MODULE_PARM_DESC(order, "of the pages that are asked for first");

static bool words;
module_param(words, bool, 0);
MODULE_PARM_DESC(words, "write to them, and read that again");

static unsigned long taken, used;
module_param(taken, ulong, 0400);
MODULE_PARM_DESC(taken, "page frames that came");
module_param(used, ulong, 0400);
MODULE_PARM_DESC(used, "page frames that others use");

#define TAKE_GFP	(GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_MEMALLOC | \
			 __GFP_NOWARN | __GFP_NORETRY)

#define LINE_WORDS	(L1_CACHE_BYTES / sizeof(u64))

static LIST_HEAD(pages);	/* the private field of each is its order */
static unsigned long *came;	/* page frames of the range */
static unsigned long first, count;

static int note(struct page *page, unsigned long nr)
{
	unsigned long at = page_to_pfn(page) - first;

	if (at >= count)
		return -ERANGE;
	if (find_next_bit(came, at + nr, at) < at + nr)
		return -EEXIST;
	bitmap_set(came, at, nr);
	taken += nr;
	return 0;
}

static int take_order(unsigned int of)
{
	struct page *page;
	int err = 0;

	while (!err) {
		page = alloc_pages_node(node, TAKE_GFP, of);
		if (!page)
			break;
		set_page_private(page, of);
		list_add(&page->lru, &pages);
		err = note(page, 1UL << of);
		cond_resched();
	}
	return err;
}

static void give_back(void)
{
	struct page *page, *next;
	unsigned int of;

	list_for_each_entry_safe(page, next, &pages, lru) {
		of = page_private(page);
		set_page_private(page, 0);
		list_del(&page->lru);
		__free_pages(page, of);
		cond_resched();
	}
}

static int look_for_users(void)
{
	unsigned long at;

	for_each_clear_bit(at, came, count) {
		if (!page_count(pfn_to_page(first + at)))
			return -ENODATA;
		used++;
	}
	return 0;
}

static void write_words(struct page *page)
{
	u64 *word = page_address(page);
	u64 *end = word + (PAGE_SIZE << page_private(page)) / sizeof(*word);

	for (; word < end; word += LINE_WORDS)
		WRITE_ONCE(*word, ~(u64)word);
}

static int read_words(struct page *page)
{
	u64 *word = page_address(page);
	u64 *end = word + (PAGE_SIZE << page_private(page)) / sizeof(*word);

	for (; word < end; word += LINE_WORDS)
		if (READ_ONCE(*word) != ~(u64)word)
			return -EIO;
	return 0;
}

static int write_and_read(void)
{
	struct page *page;
	int err = 0;

	list_for_each_entry(page, &pages, lru) {
		write_words(page);
		cond_resched();
	}
	list_for_each_entry(page, &pages, lru) {
		err = read_words(page);
		if (err)
			break;
		cond_resched();
	}
	return err;
}

static int take_all(void)
{
	int of, err = 0;

	for (of = order; of >= 0 && !err; of--)
		err = take_order(of);
	return err ?: look_for_users();
}

static int __init memhp_bench_take_init(void)
{
	int err;

	first = PHYS_PFN(start);
	count = PHYS_PFN(size);
	came = bitmap_zalloc(count, GFP_KERNEL);
	if (!came)
		return -ENOMEM;
	err = take_all();
	if (!err && words)
		err = write_and_read();
	give_back();
	bitmap_free(came);
	return err;
}
module_init(memhp_bench_take_init);

static void __exit memhp_bench_take_exit(void)
{
}
module_exit(memhp_bench_take_exit);

MODULE_DESCRIPTION("Memory hotplug: what came online is taken and tried");
MODULE_LICENSE("GPL");
