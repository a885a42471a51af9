/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool as a table, for people. Pure.
 */
#ifndef _POOL_TABLE_H
#define _POOL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "state.h"

#define TABLE_MAX	8192	/* bytes of the text, with the 0 */

enum table_presence {
	TABLE_AWAY,
	TABLE_HERE,
	TABLE_BUSY,
	TABLE_LATE,		/* it did not answer in time */
};

struct table {
	const struct pool_shape *shape;
	const struct pool_segment *segment;	/* as many as the pool has */
	enum table_presence presence[POOL_GUESTS];
	uint64_t term;
};

/**
 * table_write() - the table
 * @t: what is in it
 * @text: gets lines, cut off if there is not enough room for all of them
 */
void table_write(const struct table *t, char text[TABLE_MAX]);

#endif
