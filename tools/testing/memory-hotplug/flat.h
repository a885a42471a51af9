/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flat reference and random walks: the same requests go to kpgtable.c and to
 * an array without any tables, and both have to agree on every address.
 *
 * The array has one element per cell. Cells are the pieces between random
 * addresses, of all alignments; requests start and end at cell borders.
 */
#ifndef _MEMHP_FLAT_H
#define _MEMHP_FLAT_H

#include "world.h"

/* Where choices come from: a generator, or the bytes of a fuzzer. */
struct source {
	const u8 *data;		/* NULL: use the generator */
	size_t len, pos;
	u64 state;
};

/* Run up to @steps random operations; fails the test on any difference. */
void flat_run(struct source *s, int steps);

#endif
