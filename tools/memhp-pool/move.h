/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be done with a segment of the pool, and what follows from what a guest says.
 *
 * Owns:      the steps of a move. All of it is pure: what it returns is saved first, and
 *            done then; so that what is saved says what has to be done after a crash.
 * Must not:  know messages, files, databases or time.
 *
 *	unknown --> owned(a) --ask--> draining(a, b) --gone--> zeroing(b) --> attaching(b)
 *	   |           ^  ^                | is back              ^   |            |  |
 *	   |           |  `----------------'                      |   |            |  |
 *	   |           `----------------------------------------------------- here-'  |
 *	   `- nobody has it --> zeroing(pool) <-------------------|---|-- failed -----'
 *	                              `--> free ----ask-----------'
 *
 * Only two steps touch what is in a segment or give it away, and in neither of them
 * anybody has it: zeroing and free.
 */
#ifndef _POOL_MOVE_H
#define _POOL_MOVE_H

#include <stdbool.h>
#include <stdint.h>

#define POOL_NOBODY	(-1)
#define POOL_GUESTS	8	/* at most; they are numbered from 0 */

enum pool_step {
	POOL_UNKNOWN,		/* not all guests have said whether they have it */
	POOL_FREE,		/* nobody has it, and it is zero */
	POOL_ZEROING,		/* nobody has it, and nobody knows what is in it */
	POOL_ATTACHING,		/* it is zero, or the holder has it already */
	POOL_OWNED,		/* the holder has it */
	POOL_DRAINING,		/* the holder is asked to give it back, and may have */
	POOL_STEPS,
};

enum pool_deed {
	POOL_NOTHING,
	POOL_ZERO,
	POOL_ATTACH,
	POOL_DETACH,
};

struct pool_segment {
	enum pool_step step;
	int holder;		/* may have it: attaching, owned, draining; else nobody */
	int heir;		/* gets it next: zeroing, draining; nobody: the pool */
	/* Of this run only; not saved, as guests are asked again after a start: */
	uint32_t lacking;	/* guests that said, while unknown, that they do not have it */
	uint32_t astray;	/* guests that have it and must not */
};

/* Why a guest said what it has. */
enum pool_news {
	POOL_LOOKED,		/* it was only asked, as it may have begun anew */
	POOL_OBEYED,		/* it was told to do something, perhaps not with this one */
	POOL_FAILED,		/* what it was told to do with this one did not go well */
};

struct pool_deed_to {
	enum pool_deed deed;
	int guest;		/* of attach and detach */
};

/**
 * pool_segment_valid() - can a segment be like this?
 * @s: as it was read from where it was saved
 * @guests: how many there are
 */
bool pool_segment_valid(const struct pool_segment *s, int guests);

/**
 * pool_deed() - what has to be done with a segment as it is
 * @s: segment
 *
 * To do it twice is as good as once, also when it was done before a crash.
 */
struct pool_deed_to pool_deed(const struct pool_segment *s);

/**
 * pool_ask() - somebody wants it to be elsewhere
 * @s: segment
 * @to: guest, or POOL_NOBODY: the pool
 * @next: gets what it is then
 *
 * Return: 0; -EALREADY: it is there, or on its way there; -EBUSY: it is on its way to
 * somewhere else, or astray; -EAGAIN: nobody knows yet who has it.
 */
int pool_ask(const struct pool_segment *s, int to, struct pool_segment *next);

/**
 * pool_report() - a guest said whether it has the segment
 * @s: segment
 * @guest: who; its kernel was asked after everything that it was told to do before
 * @has: it does
 * @news: why it said so
 * @guests: how many there are
 * @next: gets what it is then
 */
void pool_report(const struct pool_segment *s, int guest, bool has, enum pool_news news,
		 int guests, struct pool_segment *next);

/**
 * pool_zeroed() - what was in it is gone
 * @s: segment, in step POOL_ZEROING
 * @next: gets what it is then
 */
void pool_zeroed(const struct pool_segment *s, struct pool_segment *next);

const char *pool_step_name(enum pool_step step);

/* The step of that name, or POOL_STEPS. */
enum pool_step pool_step_parse(const char *name);

#endif
