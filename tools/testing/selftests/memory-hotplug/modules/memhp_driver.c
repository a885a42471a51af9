// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a driver that has a page of movable memory for its own, as a balloon has, and
 * does not let go of it when the memory is to go offline; or pageblocks of the kernel's
 * memory, of which nothing says whose they are. The parameter "pfn" tells which page it
 * is, the first one of the last pageblock. For test guests only.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>

static unsigned long pfn;
module_param(pfn, ulong, 0400);
MODULE_PARM_DESC(pfn, "the page, once it is taken");

static unsigned int blocks;
module_param(blocks, uint, 0400);
MODULE_PARM_DESC(blocks, "pageblocks that it takes instead, 256 at most");

static struct page *taken[256];

static void give_back(void)
{
	while (blocks)
		__free_pages(taken[--blocks], pageblock_order);
}

static int take(unsigned int wanted)
{
	if (wanted > ARRAY_SIZE(taken))
		return -EINVAL;
	for (blocks = 0; blocks < wanted; blocks++) {
		taken[blocks] = alloc_pages(GFP_KERNEL, pageblock_order);
		if (!taken[blocks]) {
			give_back();
			return -ENOMEM;
		}
		pfn = page_to_pfn(taken[blocks]);
	}
	return 0;
}

static struct page *page;

static int __init memhp_driver_init(void)
{
	if (blocks)
		return take(blocks);
	page = alloc_page(GFP_HIGHUSER_MOVABLE);
	if (!page)
		return -ENOMEM;
	__SetPageOffline(page);
	pfn = page_to_pfn(page);
	return 0;
}

static void __exit memhp_driver_exit(void)
{
	give_back();
	if (!page)
		return;
	__ClearPageOffline(page);
	__free_page(page);
}

module_init(memhp_driver_init);
module_exit(memhp_driver_exit);
MODULE_DESCRIPTION("Keeps a page in a test guest, as a driver does");
MODULE_LICENSE("GPL");
