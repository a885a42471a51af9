// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a driver that has a page of movable memory for its own, as a balloon has, and
 * does not let go of it when the memory is to go offline. The parameter "pfn" tells
 * which page it is. For test guests only.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>

static unsigned long pfn;
module_param(pfn, ulong, 0400);
MODULE_PARM_DESC(pfn, "the page, once it is taken");

static struct page *page;

static int __init memhp_driver_init(void)
{
	page = alloc_page(GFP_HIGHUSER_MOVABLE);
	if (!page)
		return -ENOMEM;
	__SetPageOffline(page);
	pfn = page_to_pfn(page);
	return 0;
}

static void __exit memhp_driver_exit(void)
{
	__ClearPageOffline(page);
	__free_page(page);
}

module_init(memhp_driver_init);
module_exit(memhp_driver_exit);
MODULE_DESCRIPTION("Keeps a page in a test guest, as a driver does");
MODULE_LICENSE("GPL");
