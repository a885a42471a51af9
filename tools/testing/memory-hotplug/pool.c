// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the host tests of tools/memhp-pool, and prints KTAP.
 *
 *	pool-test [-x] [part of a test's name]
 *
 * -x stops at the first failure.
 */
#include <stddef.h>
#include <string.h>

#include "tap.h"

extern const struct tap_suite suite_pool_move, suite_pool_model, suite_pool_wire,
	suite_pool_state;

int main(int argc, char **argv)
{
	static const struct tap_suite *const suites[] = {
		&suite_pool_move, &suite_pool_model, &suite_pool_wire, &suite_pool_state,
		NULL,
	};
	bool stop = argc > 1 && !strcmp(argv[1], "-x");
	const char *filter = argc > 1 + stop ? argv[1 + stop] : NULL;

	return tap_main(suites, filter, stop);
}
