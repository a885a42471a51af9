// SPDX-License-Identifier: GPL-2.0-only
/* Tests of kpgtable: random sequences against the flat reference. */
#include <stdlib.h>

#include "flat.h"

#define RUNS		250
#define STEPS		100

/* MEMHP_RUNS in the environment makes it longer. */
static int nr_runs(void)
{
	const char *s = getenv("MEMHP_RUNS");

	return s ? atoi(s) : RUNS;
}

static void random_sequences(void)
{
	int i, n = nr_runs();

	EXPECT(n > 0, "no runs");
	for (i = 1; i <= n && !tap_failed(); i++) {
		struct source s = { .state = i * 0x9e3779b97f4a7c15ULL };

		tap_context("seed %d", i);
		flat_run(&s, STEPS);
	}
}

static const struct tap_test tests[] = {
	{ "MAP-02 MAP-08 random sequences agree with a flat reference on every page",
	  random_sequences },
};

TAP_SUITE(suite_random, tests);
