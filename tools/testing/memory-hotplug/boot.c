// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the host tests of what mm/boot_memory reads and remembers, and of what
 * mm/pfn_state knows of pages, and prints KTAP.
 *
 *	boot-test [-x] [part of a test's name]
 *
 * -x stops at the first failure.
 */
#include <stddef.h>
#include <string.h>

#include "tap.h"

extern const struct tap_suite suite_ledger, suite_peek, suite_pfn_map;

int main(int argc, char **argv)
{
	static const struct tap_suite *const suites[] = {
		&suite_ledger, &suite_peek, &suite_pfn_map, NULL,
	};
	bool stop = argc > 1 && !strcmp(argv[1], "-x");
	const char *filter = argc > 1 + stop ? argv[1 + stop] : NULL;

	return tap_main(suites, filter, stop);
}
