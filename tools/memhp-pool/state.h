/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the controller knows, in a file that survives it: an SQLite database.
 *
 * Owns:      the database. What is saved is there after any crash, or nothing of it is.
 *            Opened by one process at a time: another one is refused.
 * Must not:  decide anything, or believe a file: what it reads is checked.
 */
#ifndef _POOL_STATE_H
#define _POOL_STATE_H

#include <stdint.h>

#include "move.h"
#include "wire.h"

struct state;

/* What a pool is; the same each time that it is opened. */
struct pool_shape {
	char name[WIRE_NAME];
	uint32_t count;				/* segments */
	uint64_t size;				/* bytes of one */
	char guest[POOL_GUESTS][WIRE_NAME];
	int guests;
};

/**
 * state_open() - open the database, or make one
 * @path: file
 * @shape: of the pool. In a new database all segments are POOL_UNKNOWN. Guests that the
 *	   database does not know are added to it; those that only it knows, to @shape.
 * @st: gets it; state_close() when done
 *
 * Return: 0; -EBUSY: another controller has it; -EBADMSG: the file is no database of a
 * pool, or a damaged one; -EINVAL: that of another pool; -E2BIG: too many guests; -EIO.
 * Then state_text() says more.
 */
int state_open(const char *path, struct pool_shape *shape, struct state **st);

void state_close(struct state *st);

/* Why the last call failed, in words. */
const char *state_text(void);

/**
 * state_term() - begin a term: a number that is higher than all before
 * @st: state
 * @least: it is not lower than that
 * @term: gets it
 *
 * Return: 0, -EIO.
 */
int state_term(struct state *st, uint64_t least, uint64_t *term);

/**
 * state_load() - all segments
 * @st: state
 * @segment: gets them, as many as the pool has
 *
 * Return: 0, -EBADMSG, -EIO.
 */
int state_load(struct state *st, struct pool_segment *segment);

/**
 * state_save() - a segment, for good
 * @st: state
 * @index: of the segment
 * @segment: what it is
 *
 * Return: 0, -EIO: nothing has changed.
 */
int state_save(struct state *st, uint32_t index, const struct pool_segment *segment);

#endif
