// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a segment. Pure; see machine.h.
 *
 *	         attach              here
 *	absent --------> attaching --------> attached <--------------.
 *	  ^                | away|             |  |  change          | here
 *	  |<---------------'     | abort       |  `------> changing -+
 *	  |                      |             | detach       | abort|
 *	  |                      v             v              v      |
 *	  |<------------------ aborting <--- draining      aborting -'
 *	  |       away                abort,   |  |
 *	  |                           died     |  `- here -> attached
 *	  `------------------------------------' away
 *
 * A controller that dies stops a detach: its successor finds the segment there, and
 * decides. Whatever else was under way goes on.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "machine.h"

#define NO(err)			{ .error = (err) }
#define STAY(state)		{ .next = SEGMENT_##state }
#define TO(state, what)		\
	{ .next = SEGMENT_##state, .action = SEGMENT_DO_##what }

static const struct segment_step steps[SEGMENT_STATES][SEGMENT_CAUSES] = {
	[SEGMENT_ABSENT] = {
		[SEGMENT_ATTACH]	= TO(ATTACHING, START),
		[SEGMENT_CHANGE]	= NO(-ENOENT),
		[SEGMENT_DETACH]	= NO(-ENOENT),
		[SEGMENT_ABORT]		= NO(-ENOENT),
		[SEGMENT_RECLAIM]	= NO(-ENOENT),
		[SEGMENT_OWNER_DIED]	= NO(-ENOENT),
		[SEGMENT_HERE]		= NO(-EINVAL),
		[SEGMENT_AWAY]		= NO(-EINVAL),
	},
	[SEGMENT_ATTACHING] = {
		[SEGMENT_ATTACH]	= STAY(ATTACHING),
		[SEGMENT_CHANGE]	= NO(-EBUSY),
		[SEGMENT_DETACH]	= NO(-EBUSY),
		[SEGMENT_ABORT]		= TO(ABORTING, STOP),
		[SEGMENT_RECLAIM]	= STAY(ATTACHING),
		[SEGMENT_OWNER_DIED]	= STAY(ATTACHING),
		[SEGMENT_HERE]		= TO(ATTACHED, END),
		[SEGMENT_AWAY]		= TO(ABSENT, FORGET),
	},
	[SEGMENT_ATTACHED] = {
		[SEGMENT_ATTACH]	= STAY(ATTACHED),
		[SEGMENT_CHANGE]	= TO(CHANGING, START),
		[SEGMENT_DETACH]	= TO(DRAINING, START),
		[SEGMENT_ABORT]		= NO(-EALREADY),
		[SEGMENT_RECLAIM]	= STAY(ATTACHED),
		[SEGMENT_OWNER_DIED]	= STAY(ATTACHED),
		[SEGMENT_HERE]		= NO(-EINVAL),
		[SEGMENT_AWAY]		= NO(-EINVAL),
	},
	[SEGMENT_CHANGING] = {
		[SEGMENT_ATTACH]	= STAY(CHANGING),
		[SEGMENT_CHANGE]	= NO(-EBUSY),
		[SEGMENT_DETACH]	= NO(-EBUSY),
		[SEGMENT_ABORT]		= TO(ABORTING, STOP),
		[SEGMENT_RECLAIM]	= STAY(CHANGING),
		[SEGMENT_OWNER_DIED]	= STAY(CHANGING),
		[SEGMENT_HERE]		= TO(ATTACHED, END),
		[SEGMENT_AWAY]		= NO(-EINVAL),
	},
	[SEGMENT_DRAINING] = {
		[SEGMENT_ATTACH]	= NO(-EBUSY),
		[SEGMENT_CHANGE]	= NO(-EBUSY),
		[SEGMENT_DETACH]	= NO(-EBUSY),
		[SEGMENT_ABORT]		= TO(ABORTING, STOP),
		[SEGMENT_RECLAIM]	= STAY(DRAINING),
		[SEGMENT_OWNER_DIED]	= TO(ABORTING, STOP),
		[SEGMENT_HERE]		= TO(ATTACHED, END),
		[SEGMENT_AWAY]		= TO(ABSENT, FORGET),
	},
	[SEGMENT_ABORTING] = {
		[SEGMENT_ATTACH]	= NO(-EBUSY),
		[SEGMENT_CHANGE]	= NO(-EBUSY),
		[SEGMENT_DETACH]	= NO(-EBUSY),
		[SEGMENT_ABORT]		= STAY(ABORTING),
		[SEGMENT_RECLAIM]	= STAY(ABORTING),
		[SEGMENT_OWNER_DIED]	= STAY(ABORTING),
		[SEGMENT_HERE]		= TO(ATTACHED, END),
		[SEGMENT_AWAY]		= TO(ABSENT, FORGET),
	},
};

/* What only the kernel knows of. */
static bool is_news(enum segment_cause cause)
{
	return cause == SEGMENT_OWNER_DIED || cause == SEGMENT_HERE ||
	       cause == SEGMENT_AWAY;
}

static int other_may(enum segment_cause cause, bool orphan)
{
	if (cause == SEGMENT_RECLAIM)
		return orphan ? 0 : -EBUSY;
	return orphan ? -EOWNERDEAD : -EPERM;
}

int segment_may(enum segment_cause cause, enum segment_party party, bool orphan)
{
	if (is_news(cause) || party == SEGMENT_BY_KERNEL)
		return is_news(cause) && party == SEGMENT_BY_KERNEL ? 0 : -EPERM;
	if (party == SEGMENT_BY_OTHER)
		return other_may(cause, orphan);
	if (party == SEGMENT_BY_ADMIN)	/* files have no controller behind them */
		return cause == SEGMENT_ATTACH || cause == SEGMENT_RECLAIM ?
		       -EPERM : 0;
	return 0;
}

struct segment_step segment_next(enum segment_state state,
				 enum segment_cause cause)
{
	struct segment_step step;

	if (state >= SEGMENT_STATES || cause >= SEGMENT_CAUSES)
		return (struct segment_step)NO(-EINVAL);
	step = steps[state][cause];
	if (step.error)
		step.next = state;
	return step;
}
