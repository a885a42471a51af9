// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the host tests of claims and of the map that is made from them, and no others: as
 * they are with 48 bits of address, and for mutants of fast.c.
 */
#include <stddef.h>
#include <string.h>

#include "tap.h"

extern const struct tap_suite suite_claims;

int main(int argc, char **argv)
{
	static const struct tap_suite *const suites[] = { &suite_claims, NULL };

	return tap_main(suites, NULL, argc > 1 && !strcmp(argv[1], "-x"));
}
