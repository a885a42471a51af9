// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the host tests of kpgtable and prints KTAP.
 *
 *	kpgtable-test [-x] [part of a test's name]
 *
 * -x stops at the first failure.
 */
#include <stddef.h>
#include <string.h>

#include "tap.h"

extern const struct tap_suite suite_model, suite_map, suite_unmap, suite_cut,
	suite_pages, suite_nomem, suite_back, suite_shared, suite_random;

int main(int argc, char **argv)
{
	static const struct tap_suite *const suites[] = {
		&suite_model, &suite_map, &suite_unmap, &suite_cut,
		&suite_pages,
		&suite_nomem, &suite_back, &suite_shared, &suite_random, NULL,
	};
	bool stop = argc > 1 && !strcmp(argv[1], "-x");
	const char *filter = argc > 1 + stop ? argv[1 + stop] : NULL;

	return tap_main(suites, filter, stop);
}
