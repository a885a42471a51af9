// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page structs that are all alike, written by a model of one. See memmap_fill.h.
 *
 * A page struct is eight words as a rule. These are kept in registers, where the
 * compiler can see that no store changes them, and stored in pairs: four stores a
 * page, with the cost of the loop shared by four pages.
 */
#include "memmap_fill.h"

#define USUAL	8		/* words */

static inline void put(unsigned long *to, unsigned long a, unsigned long b,
		       unsigned long c, unsigned long d)
{
	to[0] = a;
	to[1] = b;
	to[2] = c;
	to[3] = d;
}

/* @nr is a multiple of four. */
static void fill_by_four(unsigned long *to, const unsigned long *model,
			 unsigned long nr)
{
	const unsigned long a = model[0], b = model[1], c = model[2],
			    d = model[3], e = model[4], f = model[5],
			    g = model[6], h = model[7];
	const unsigned long *end = to + nr * USUAL;

	for (; to < end; to += 4 * USUAL) {
		put(to, a, b, c, d);
		put(to + 4, e, f, g, h);
		put(to + USUAL, a, b, c, d);
		put(to + USUAL + 4, e, f, g, h);
		put(to + 2 * USUAL, a, b, c, d);
		put(to + 2 * USUAL + 4, e, f, g, h);
		put(to + 3 * USUAL, a, b, c, d);
		put(to + 3 * USUAL + 4, e, f, g, h);
	}
}

void memmap_fill(unsigned long *to, const unsigned long *model,
		 unsigned int words, unsigned long nr)
{
	unsigned long quick = words == USUAL ? nr & ~3UL : 0;
	unsigned int i;

	if (quick)
		fill_by_four(to, model, quick);
	for (nr -= quick, to += quick * words; nr; nr--, to += words)
		for (i = 0; i < words; i++)
			to[i] = model[i];
}
