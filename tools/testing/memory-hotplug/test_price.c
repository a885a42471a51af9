// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of mhp_price(): never less than what adding takes, seldom much more.
 * The reference counts every table of every level.
 */
#include <stdint.h>

#include "../../../mm/memory_hotplug/price.h"
#include "tap.h"

#define GIB	(1ULL << 30)

static const struct granule {
	unsigned int shift, levels;	/* levels of tables below the root */
	u64 block;
} granules[] = {
	{ 12, 4, 2ULL << 20 }, { 14, 3, 32ULL << 20 }, { 16, 2, 512ULL << 20 },
};

static u64 state = 1;

static u64 draw(u64 below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 20) % below;
}

/* Tables that [start, start + size) touches, when none is there. */
static u64 count_tables(const struct granule *g, u64 leaf, u64 start, u64 size)
{
	u64 span = leaf << (g->shift - 3), sum = 0;
	unsigned int level;

	for (level = 0; level < g->levels && span >> 58 == 0; level++) {
		sum += (start + size - 1) / span - start / span + 1;
		span <<= g->shift - 3;
	}
	return sum;
}

static u64 count_all(const struct granule *g, const struct mhp_goods *goods,
		     u64 start)
{
	u64 page = 1ULL << g->shift, memmap = (goods->size / page) * 64;
	u64 at = (1ULL << 47) + (start / page) * 64;
	u64 sum = count_tables(g, goods->leaf, start, goods->size) +
		  count_tables(g, goods->struct_leaf, at, memmap);

	return goods->self_hosted ? sum : sum + (memmap + page - 1) / page;
}

static void check_one(const struct granule *g)
{
	u64 unit = 128ULL << 20;
	u64 start = draw(1ULL << 16) * unit;
	const struct mhp_goods goods = {
		.size = (1 + draw(1 << 10)) * unit, .page_shift = g->shift,
		.page_struct = 64, .leaf = draw(2) ? g->block : 1ULL << g->shift,
		.struct_leaf = draw(2) ? g->block : 1ULL << g->shift,
		.self_hosted = draw(2),
	};
	u64 price = mhp_price(&goods), count = count_all(g, &goods, start);

	if (price < count || price > count + 16)
		tap_fail("%u-bit pages, %llu bytes at %#llx, leaf %#llx: %llu instead of %llu",
			 g->shift, (unsigned long long)goods.size,
			 (unsigned long long)start,
			 (unsigned long long)goods.leaf,
			 (unsigned long long)price, (unsigned long long)count);
}

static void test_bound(void)
{
	int i;

	for (i = 0; i < 30000 && !tap_failed(); i++)
		check_one(&granules[i % 3]);
}

static void test_known(void)
{
	struct mhp_goods goods = { 64 * GIB, 12, 64, 4096, 4096, false };
	u64 with = mhp_price(&goods), without;

	goods.self_hosted = true;
	without = mhp_price(&goods);
	if (with - without != GIB >> 12)
		tap_fail("page structs of 64 GiB: %llu pages",
			 (unsigned long long)(with - without));
	if (without < 32768 || without > 34000)
		tap_fail("tables of 64 GiB in pages: %llu",
			 (unsigned long long)without);
}

static void test_nothing(void)
{
	const struct mhp_goods none = { 0, 12, 64, 4096, 4096, false };
	const struct mhp_goods small = { 4095, 12, 64, 4096, 4096, false };
	const struct mhp_goods no_leaf = { GIB, 12, 64, 0, 4096, false };

	if (mhp_price(&none) != UINT64_MAX || mhp_price(&small) != UINT64_MAX ||
	    mhp_price(&no_leaf) != UINT64_MAX)
		tap_fail("what describes no page has a price");
}

static void test_huge(void)
{
	const struct mhp_goods all = { 1ULL << 52, 12, 64, 4096, 4096, false };
	const u64 memmap = (1ULL << 46) >> 12;

	if (mhp_price(&all) < memmap || mhp_price(&all) > 2 * (memmap + (1ULL << 31)))
		tap_fail("all physical addresses: %llu",
			 (unsigned long long)mhp_price(&all));
}

static const struct tap_test tests[] = {
	{ "CORE-02 the price covers each table and page struct, and 16 pages more at most",
	  test_bound },
	{ "CORE-02 the price of 64 GiB is what page structs and tables take", test_known },
	{ "CORE-02 a range that describes no page cannot be afforded", test_nothing },
	{ "CORE-02 the price of all physical addresses does not overflow", test_huge },
};

TAP_SUITE(suite_price, tests);
