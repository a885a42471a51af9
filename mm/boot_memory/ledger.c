// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who reserved which boot memory. Pure; see ledger.h.
 */
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#include "ledger.h"

/* A caller that goes on where it was did so not long ago. */
#define LOOK_BACK	8

static bool alike(const struct ledger_entry *a, const struct ledger_entry *b)
{
	return a->owner == b->owner && a->kind == b->kind &&
	       a->returned == b->returned;
}

static bool extend(struct ledger_entry *old, const struct ledger_entry *e)
{
	if (!alike(old, e))
		return false;
	if (old->end == e->start)
		old->end = e->end;
	else if (old->start == e->end)
		old->start = e->start;
	else
		return false;
	return true;
}

static bool extend_recent(struct ledger *ledger, const struct ledger_entry *e)
{
	unsigned int i = ledger->nr;
	unsigned int last = i > LOOK_BACK ? i - LOOK_BACK : 0;

	while (i-- > last)
		if (extend(&ledger->at[i], e))
			return true;
	return false;
}

static bool forget_one(struct ledger *ledger)
{
	unsigned int i;

	for (i = 0; i < ledger->nr && !ledger->at[i].returned; i++)
		;
	if (i == ledger->nr)
		return false;
	ledger->nr--;
	ledger->forgotten++;
	memmove(&ledger->at[i], &ledger->at[i + 1],
		(ledger->nr - i) * sizeof(*ledger->at));
	return true;
}

static void write_down(struct ledger *ledger, const struct ledger_entry *e)
{
	if (e->start >= e->end || extend_recent(ledger, e))
		return;
	if (ledger->nr == ledger->room && !forget_one(ledger))
		ledger->lost++;
	else
		ledger->at[ledger->nr++] = *e;
}

void ledger_reserve(struct ledger *ledger, const struct ledger_entry *e)
{
	struct ledger_entry held = *e;

	held.returned = false;
	write_down(ledger, &held);
}

static bool is_held(const struct ledger_entry *e, u64 start, u64 end)
{
	return !e->returned && e->start < end && start < e->end;
}

/* Makes @i no longer cover [start, end); what it covered is in *gone. */
static void cut(struct ledger *ledger, unsigned int i, u64 start, u64 end,
		struct ledger_entry *gone)
{
	struct ledger_entry *e = &ledger->at[i];
	struct ledger_entry above = *e;

	*gone = *e;
	gone->start = max(start, e->start);
	gone->end = min(end, e->end);
	gone->returned = true;
	above.start = gone->end;
	if (e->start == gone->start) {
		e->start = gone->end;
		return;
	}
	e->end = gone->start;
	if (above.start == above.end)
		return;
	/* no extend: it would become one with what is below, for it is alike */
	if (ledger->nr == ledger->room)
		ledger->lost++;
	else
		ledger->at[ledger->nr++] = above;
}

/* Never forgets an entry, so that indices stay what they are. */
static void note_returned(struct ledger *ledger, const struct ledger_entry *e)
{
	if (extend_recent(ledger, e))
		return;
	if (ledger->nr == ledger->room)
		ledger->forgotten++;
	else
		ledger->at[ledger->nr++] = *e;
}

void ledger_return(struct ledger *ledger, u64 start, u64 end, bool unmapped)
{
	unsigned int i, nr = ledger->nr;
	struct ledger_entry gone;

	if (start >= end)
		return;
	for (i = 0; i < nr; i++) {
		struct ledger_entry *e = &ledger->at[i];

		bool other = unmapped ? e->kind != LEDGER_UNMAPPED :
					e->kind == LEDGER_UNMAPPED;

		if (other || !is_held(e, start, end))
			continue;
		if (start <= e->start && e->end <= end) {
			e->returned = true;
			continue;
		}
		cut(ledger, i, start, end, &gone);
		note_returned(ledger, &gone);
	}
}

const struct ledger_entry *ledger_next(const struct ledger *ledger,
				       unsigned int *at, u64 start, u64 end)
{
	while (*at < ledger->nr) {
		const struct ledger_entry *e = &ledger->at[(*at)++];

		if (is_held(e, start, end))
			return e;
	}
	return NULL;
}
