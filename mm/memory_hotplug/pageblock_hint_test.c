// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of hints in pageblocks that have left their zone.
 *
 * Owns:      a page, whose pageblock it marks; and the number of one that is not in the
 *            page's zone, as one is that went offline.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pageblock-flags.h>
#include <linux/pageblock_hint.h>

#define SKIP	BIT(PB_migrate_skip)

static unsigned long hint(const struct page *page, unsigned long pfn)
{
	return get_pfnblock_flags_mask(page, pfn, SKIP);
}

static int give_page(struct kunit *test)
{
	test->priv = alloc_page(GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void take_page(struct kunit *test)
{
	if (test->priv)
		__free_page(test->priv);
}

static void in_its_zone(struct kunit *test)
{
	struct page *page = test->priv;
	unsigned long pfn = page_to_pfn(page);
	unsigned long before = hint(page, pfn);

	pageblock_set_hint(page, SKIP, pfn, SKIP);
	KUNIT_EXPECT_EQ(test, SKIP, hint(page, pfn));
	pageblock_set_hint(page, 0, pfn, SKIP);
	KUNIT_EXPECT_EQ(test, 0, hint(page, pfn));
	pageblock_set_hint(page, before, pfn, SKIP);
}

static void has_left_its_zone(struct kunit *test)
{
	struct page *page = test->priv;
	struct zone *zone = page_zone(page);
	unsigned long beyond[] = { zone->zone_start_pfn - 1, zone_end_pfn(zone) };
	unsigned long pfn, before;
	int i;

	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		pfn = beyond[i];
		before = pfn_valid(pfn) ? hint(page, pfn) : 0;
		pageblock_set_hint(page, SKIP & ~before, pfn, SKIP);
		if (pfn_valid(pfn))
			KUNIT_EXPECT_EQ(test, before, hint(page, pfn));
	}
}

static struct kunit_case pageblock_hint_cases[] = {
	{ .run_case = in_its_zone,
	  .name = "SAFE-06 compaction marks a pageblock of its zone" },
	{ .run_case = has_left_its_zone,
	  .name = "SAFE-06 compaction marks no pageblock that has left its zone" },
	{}
};

static struct kunit_suite pageblock_hint_suite = {
	.name = "memhp_pageblock_hint",
	.init = give_page,
	.exit = take_page,
	.test_cases = pageblock_hint_cases,
};

kunit_test_suite(pageblock_hint_suite);
