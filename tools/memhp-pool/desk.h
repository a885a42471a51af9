/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the controller knows of one guest's agent, and which of its words count.
 *
 * Owns:      the one order that the agent has not answered yet. Only the answer to that
 *            one counts: it was given after everything that the guest was told before, so
 *            what it says of the guest is true until it is told more. Pure.
 * Must not:  know segments.
 */
#ifndef _POOL_DESK_H
#define _POOL_DESK_H

#include <stdbool.h>

#include "wire.h"

struct desk {
	bool here;
	uint64_t session;
	struct wire order;	/* term 0: none */
};

enum desk_next {
	DESK_NOTHING,		/* it is known, and awaits orders */
	DESK_LOOK,		/* a new agent: order it to look */
	DESK_AGAIN,		/* send the order again, it may have been lost */
};

/* An agent said hello. */
enum desk_next desk_hello(struct desk *d, const struct wire *hello);

/* The broker lost an agent. Returns whether it was this one. */
bool desk_gone(struct desk *d, const struct wire *gone);

/* May the agent be told something? */
bool desk_free(const struct desk *d);

/* Makes an order one for this agent, and remembers it. */
void desk_order(struct desk *d, struct wire *order);

/**
 * desk_answer() - an answer came
 * @d: desk
 * @answer: it
 * @order: gets what it is the answer to
 *
 * Return: whether it counts; one that came late, or again, does not.
 */
bool desk_answer(struct desk *d, const struct wire *answer, struct wire *order);

#endif
