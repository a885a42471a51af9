// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entry that a fuzzer calls: bytes choose the geometry, the region and a
 * sequence of requests, which go to kpgtable.c and to the flat reference.
 */
#include <stdio.h>
#include <stdlib.h>

#include "flat.h"
#include "fuzz.h"

const char fuzz_claim[] =
	"MAP-02 SAFE-04 the fuzz input %s agrees with the flat reference";

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct source s = { .data = data, .len = len };

	if (!len)
		return 0;
	flat_run(&s, 60);
	if (tap_failed()) {
		fprintf(stderr, "# %s\n", tap_reason());
		abort();
	}
	return 0;
}
