// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steps of a move. See move.h.
 */
#include <errno.h>
#include <string.h>

#include "move.h"

static const char *const names[POOL_STEPS] = {
	"unknown", "free", "zeroing", "attaching", "owned", "draining",
};

static bool has_holder(enum pool_step step)
{
	return step == POOL_ATTACHING || step == POOL_OWNED || step == POOL_DRAINING;
}

static bool is_guest(int guest, int guests)
{
	return guest >= 0 && guest < guests;
}

bool pool_segment_valid(const struct pool_segment *s, int guests)
{
	bool may_have_heir = s->step == POOL_ZEROING || s->step == POOL_DRAINING;

	if ((unsigned int)s->step >= POOL_STEPS)
		return false;
	if (has_holder(s->step) ? !is_guest(s->holder, guests) : s->holder != POOL_NOBODY)
		return false;
	return s->heir == POOL_NOBODY || (may_have_heir && is_guest(s->heir, guests));
}

struct pool_deed_to pool_deed(const struct pool_segment *s)
{
	/* Whoever has it and must not gives it back before anything else happens. */
	if (s->astray)
		return (struct pool_deed_to){ POOL_DETACH, __builtin_ctz(s->astray) };
	switch (s->step) {
	case POOL_ZEROING:
		return (struct pool_deed_to){ POOL_ZERO, POOL_NOBODY };
	case POOL_ATTACHING:
		return (struct pool_deed_to){ POOL_ATTACH, s->holder };
	case POOL_DRAINING:
		return (struct pool_deed_to){ POOL_DETACH, s->holder };
	default:
		return (struct pool_deed_to){ POOL_NOTHING, POOL_NOBODY };
	}
}

static void become(struct pool_segment *next, enum pool_step step, int holder, int heir)
{
	next->step = step;
	next->holder = holder;
	next->heir = heir;
}

/* Where it is, or will be when all goes well. */
static int destination(const struct pool_segment *s)
{
	return s->step == POOL_ZEROING || s->step == POOL_DRAINING ? s->heir : s->holder;
}

int pool_ask(const struct pool_segment *s, int to, struct pool_segment *next)
{
	*next = *s;
	if (s->step == POOL_UNKNOWN)
		return -EAGAIN;
	if (s->astray)
		return -EBUSY;
	if (destination(s) == to)
		return -EALREADY;
	if (s->step == POOL_FREE)
		become(next, POOL_ZEROING, POOL_NOBODY, to);
	else if (s->step == POOL_OWNED)
		become(next, POOL_DRAINING, s->holder, to);
	else
		return -EBUSY;
	return 0;
}

static void report_of_holder(const struct pool_segment *s, bool has, enum pool_news news,
			     struct pool_segment *next)
{
	switch (s->step) {
	case POOL_ATTACHING:
		if (has)
			become(next, POOL_OWNED, s->holder, POOL_NOBODY);
		else if (news == POOL_FAILED)
			become(next, POOL_ZEROING, POOL_NOBODY, POOL_NOBODY);
		else if (news == POOL_LOOKED)	/* perhaps it had it, and died */
			become(next, POOL_ZEROING, POOL_NOBODY, s->holder);
		break;
	case POOL_OWNED:
		/* A guest that began anew has lost it, and gets it again. */
		if (!has)
			become(next, POOL_ZEROING, POOL_NOBODY, s->holder);
		break;
	case POOL_DRAINING:
		if (!has)
			become(next, POOL_ZEROING, POOL_NOBODY, s->heir);
		else if (news == POOL_FAILED)
			become(next, POOL_OWNED, s->holder, POOL_NOBODY);
		break;
	default:
		break;
	}
}

static void report_while_unknown(const struct pool_segment *s, int guest, bool has,
				 int guests, struct pool_segment *next)
{
	uint32_t all = (1u << guests) - 1;

	if (has) {
		become(next, POOL_OWNED, guest, POOL_NOBODY);
		return;
	}
	next->lacking = s->lacking | 1u << guest;
	if ((next->lacking & all) == all)
		become(next, POOL_ZEROING, POOL_NOBODY, POOL_NOBODY);
}

void pool_report(const struct pool_segment *s, int guest, bool has, enum pool_news news,
		 int guests, struct pool_segment *next)
{
	*next = *s;
	if (s->step == POOL_UNKNOWN)
		report_while_unknown(s, guest, has, guests, next);
	else if (s->holder == guest)
		report_of_holder(s, has, news, next);
	else if (has)
		next->astray |= 1u << guest;
	else
		next->astray &= ~(1u << guest);
}

void pool_zeroed(const struct pool_segment *s, struct pool_segment *next)
{
	*next = *s;
	if (s->heir == POOL_NOBODY)
		become(next, POOL_FREE, POOL_NOBODY, POOL_NOBODY);
	else
		become(next, POOL_ATTACHING, s->heir, POOL_NOBODY);
}

const char *pool_step_name(enum pool_step step)
{
	return (unsigned int)step < POOL_STEPS ? names[step] : "?";
}

enum pool_step pool_step_parse(const char *name)
{
	int step = 0;

	while (step < POOL_STEPS && strcmp(names[step], name))
		step++;
	return step;
}
