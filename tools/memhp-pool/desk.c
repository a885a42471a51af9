// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the controller knows of an agent. See desk.h.
 */
#include "desk.h"

enum desk_next desk_hello(struct desk *d, const struct wire *hello)
{
	if (d->here && d->session == hello->session)
		return d->order.term ? DESK_AGAIN : DESK_NOTHING;
	*d = (struct desk){ .here = true, .session = hello->session };
	return DESK_LOOK;
}

bool desk_gone(struct desk *d, const struct wire *gone)
{
	if (!d->here || d->session != gone->session)
		return false;
	*d = (struct desk){ .here = false };
	return true;
}

bool desk_free(const struct desk *d)
{
	return d->here && !d->order.term;
}

void desk_order(struct desk *d, struct wire *order)
{
	order->type = WIRE_ORDER;
	order->session = d->session;
	d->order = *order;
}

bool desk_answer(struct desk *d, const struct wire *answer, struct wire *order)
{
	*order = d->order;
	if (!order->term || answer->session != order->session ||
	    answer->term != order->term || answer->n != order->n)
		return false;
	d->order.term = 0;
	return true;
}
