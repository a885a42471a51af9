// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of quotas. The reference counts with more bits than a number can have.
 */
#include <stdint.h>
#include <string.h>

#include <linux/errno.h>

#include "../../../mm/memhp_ctrl/quota.h"
#include "tap.h"

#define RUNS	300000

static struct quota quota;
static u64 seed = 3;

static u64 draw(void)
{
	static const u64 edges[] = { 0, 1, 2, 1000, UINT64_MAX / 2, UINT64_MAX - 1,
				     UINT64_MAX };

	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return edges[(seed >> 33) % 7];
}

static struct quota_cost draw_cost(void)
{
	struct quota_cost cost;

	for (int i = 0; i < QUOTA_KINDS; i++)
		cost.of[i] = draw();
	return cost;
}

/* The first kind of which there is too much, or QUOTA_KINDS. */
static int too_much(const struct quota *q, const struct quota_cost *cost)
{
	for (int i = 0; i < QUOTA_KINDS; i++) {
		unsigned __int128 sum = q->used.of[i];

		sum += cost->of[i];
		if (cost->of[i] && sum > q->limit.of[i])
			return i;
	}
	return QUOTA_KINDS;
}

static void agrees(void)
{
	for (int i = 0; i < RUNS && !tap_failed(); i++) {
		struct quota before = { draw_cost(), draw_cost() };
		struct quota_cost cost = draw_cost();
		enum quota_kind kind = QUOTA_KINDS;
		int want = too_much(&before, &cost), got;

		tap_context("step %d", i);
		quota = before;
		got = memhp_quota_charge(&quota, &cost, &kind);
		if (got != (want < QUOTA_KINDS ? -EDQUOT : 0) ||
		    (int)kind != want)
			tap_fail("%d, kind %d, not %d", got, kind, want);
		if (got && memcmp(&before, &quota, sizeof(quota)))
			tap_fail("refused, but something was counted");
		if (got)
			continue;
		memhp_quota_return(&quota, &cost);
		if (memcmp(&before, &quota, sizeof(quota)))
			tap_fail("what was returned is not what was charged");
	}
}

static void lowered(void)
{
	const struct quota_cost one = { { 1 } }, nothing = { };
	enum quota_kind kind = QUOTA_KINDS;

	quota = (struct quota){ .limit = { { 5 } }, .used = { { 10 } } };
	if (memhp_quota_charge(&quota, &one, &kind) != -EDQUOT ||
	    kind != QUOTA_BYTES)
		tap_fail("more than a lowered limit");
	if (memhp_quota_charge(&quota, &nothing, &kind))
		tap_fail("nothing at all is too much");
}

static void never_below_nothing(void)
{
	const struct quota_cost five = { { 5, 5, 5, 5 } };

	quota = (struct quota){ .used = { { 3, 5, 7, 0 } } };
	memhp_quota_return(&quota, &five);
	if (quota.used.of[0] || quota.used.of[1] || quota.used.of[2] != 2 ||
	    quota.used.of[3])
		tap_fail("%llu %llu %llu %llu", quota.used.of[0],
			 quota.used.of[1], quota.used.of[2], quota.used.of[3]);
}

static const struct tap_test tests[] = {
	{ "CTRL-06 300000 random charges agree with numbers of 128 bits", agrees },
	{ "CTRL-06 a limit may be lowered below what is used", lowered },
	{ "CTRL-06 what is used never is less than nothing", never_below_nothing },
};

TAP_SUITE(suite_quota, tests);
