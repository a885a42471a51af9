// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the host tests of what mm/memory_hotplug, mm/node_map and mm/memhp_ctrl decide,
 * and prints KTAP.
 *
 *	decisions-test [-x] [part of a test's name]
 *
 * -x stops at the first failure.
 */
#include <stddef.h>
#include <string.h>

#include "tap.h"

extern const struct tap_suite suite_block_size, suite_blockers, suite_claims,
			      suite_distances, suite_machine, suite_memmap_fill,
			      suite_node_policy, suite_patience, suite_price, suite_quota,
			      suite_window_set, suite_zone_choice,
			      suite_zone_extent;

int main(int argc, char **argv)
{
	static const struct tap_suite *const suites[] = {
		&suite_block_size, &suite_blockers, &suite_claims,
		&suite_distances, &suite_machine, &suite_memmap_fill,
		&suite_node_policy, &suite_patience, &suite_price, &suite_quota, &suite_window_set,
		&suite_zone_choice, &suite_zone_extent, NULL,
	};
	bool stop = argc > 1 && !strcmp(argv[1], "-x");
	const char *filter = argc > 1 + stop ? argv[1 + stop] : NULL;

	return tap_main(suites, filter, stop);
}
