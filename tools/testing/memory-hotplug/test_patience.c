// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of patience.c, with a clock that is made up: whoever waits as it says,
 * and looks at the clock in between, is done in time.
 */
#include <stdint.h>

#include "../../../mm/memory_hotplug/patience.h"
#include "tap.h"

#define EXPECT(cond, ...)						\
	do {								\
		if (!(cond))						\
			tap_fail(__VA_ARGS__);				\
	} while (0)

#define MSEC	PATIENCE_NSEC_PER_MSEC

static u64 state = 11;

static u64 draw(u64 below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 20) % below;
}

static void never_without_a_limit(void)
{
	struct patience p;

	patience_begin(&p, 5, 0);
	EXPECT(!patience_limited(&p), "limited");
	EXPECT(!patience_over(&p, 0) && !patience_over(&p, UINT64_MAX), "over");
}

static void over_at_the_limit(void)
{
	static const u64 limits[] = { 1, 2, 999, 1000, 86400000, 4294967295ULL };
	struct patience p;
	unsigned int i;
	u64 now;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		now = draw(1ULL << 40);
		tap_context("%llu ms", (unsigned long long)limits[i]);
		patience_begin(&p, now, limits[i]);
		EXPECT(patience_limited(&p), "not limited");
		EXPECT(!patience_over(&p, now), "over at once");
		EXPECT(!patience_over(&p, now + limits[i] * MSEC - 1), "early");
		EXPECT(patience_over(&p, now + limits[i] * MSEC), "late");
		EXPECT(patience_over(&p, UINT64_MAX), "starts again");
	}
}

static void huge_limits_do_not_wrap(void)
{
	struct patience p;

	patience_begin(&p, 1, UINT64_MAX);
	EXPECT(!patience_over(&p, UINT64_MAX - 1), "wrapped");
	patience_begin(&p, UINT64_MAX - 1, 1);
	EXPECT(!patience_over(&p, UINT64_MAX - 1), "wrapped at the clock's end");
}

static void pauses_grow_and_stop_growing(void)
{
	u64 pause, last = 0;
	struct patience p;
	int i;

	patience_begin(&p, 0, 0);
	for (i = 0; i < 100; i++, last = pause) {
		pause = patience_pause(&p, 0, false);
		EXPECT(pause >= last && pause, "pause %d: %llu after %llu", i,
		       (unsigned long long)pause, (unsigned long long)last);
		EXPECT(pause <= 100 * MSEC, "a person would notice");
	}
	EXPECT(last >= 50 * MSEC, "as busy as in the beginning");
}

static void progress_ends_the_pauses(void)
{
	struct patience p;
	u64 first;
	int i;

	patience_begin(&p, 0, 0);
	first = patience_pause(&p, 0, false);
	for (i = 0; i < 5; i++)
		patience_pause(&p, 0, false);
	EXPECT(!patience_pause(&p, 0, true), "a pause after progress");
	EXPECT(patience_pause(&p, 0, false) == first, "no new beginning");
}

/* Operations of random length that wait in between, as evacuate.c does. */
static void one_operation(void)
{
	u64 now = draw(1ULL << 50), limit = 1 + draw(5000), begin = now;
	struct patience p;

	patience_begin(&p, now, limit);
	while (!patience_over(&p, now)) {
		u64 pause = patience_pause(&p, now, draw(4) == 0);

		EXPECT(now + pause <= begin + limit * MSEC,
		       "a pause past the end of %llu ms",
		       (unsigned long long)limit);
		now += pause + draw(2 * MSEC);
		if (tap_failed())
			return;
	}
	EXPECT(now - begin < (limit + 2) * MSEC, "too late");
}

static void done_in_time(void)
{
	int i;

	for (i = 0; i < 3000 && !tap_failed(); i++)
		one_operation();
}

static void tries_are_counted_from_the_last_progress(void)
{
	static const unsigned int limits[] = { 1, 2, 3, 1000 };
	struct patience p;
	unsigned int i, tries;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		tap_context("%u tries", limits[i]);
		patience_begin(&p, 0, 0);
		p.tries = limits[i];
		for (tries = 1; tries < limits[i]; tries++)
			EXPECT(!patience_spent(&p, false), "early, at %u", tries);
		EXPECT(!patience_spent(&p, true), "over after progress");
		for (tries = 1; tries < limits[i]; tries++)
			EXPECT(!patience_spent(&p, false), "counts on, at %u",
			       tries);
		EXPECT(patience_spent(&p, false), "late");
		EXPECT(patience_spent(&p, false), "begins anew");
	}
}

static void any_number_of_tries_without_a_limit(void)
{
	struct patience p;
	unsigned int i;

	patience_begin(&p, 0, 0);
	for (i = 0; i < 1000; i++)
		EXPECT(!patience_spent(&p, false), "over after %u", i + 1);
}

static const struct tap_test tests[] = {
	{ "OFFLINE-02 without a limit patience never ends", never_without_a_limit },
	{ "OFFLINE-02 with a limit it ends then, and not before", over_at_the_limit },
	{ "OFFLINE-02 limits and clocks that are huge do not wrap", huge_limits_do_not_wrap },
	{ "OFFLINE-02 pauses get longer, up to a limit", pauses_grow_and_stop_growing },
	{ "OFFLINE-02 after progress there is no pause", progress_ends_the_pauses },
	{ "OFFLINE-02 tries that move nothing are counted from the last that moved something",
	  tries_are_counted_from_the_last_progress },
	{ "OFFLINE-02 without a limit any number of tries may move nothing",
	  any_number_of_tries_without_a_limit },
	{ "OFFLINE-02 no pause reaches past the end", done_in_time },
};

TAP_SUITE(suite_patience, tests);
