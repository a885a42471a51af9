// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the life of a segment: every state with every cause, by a table of its own
 * that is written as a person would say it, and properties that hold on any way.
 */
#include <string.h>

#include <linux/errno.h>

#include "../../../mm/memhp_ctrl/machine.h"
#include "tap.h"

#define RUNS	200000

/*
 * A letter for each cause, in the order attach, change, detach, abort, reclaim, died,
 * here, away; what it leads to:
 *
 *	.	nothing, all well	n	-ENOENT		b	-EBUSY
 *	i	-EINVAL			y	-EALREADY
 *	A	attaching starts	C	changing starts	D	draining starts
 *	S	aborting, and stop	E	attached, ended	F	absent, forgotten
 */
static const char *const table[SEGMENT_STATES] = {
	[SEGMENT_ABSENT]    = "Annnnnii",
	[SEGMENT_ATTACHING] = ".bbS..EF",
	[SEGMENT_ATTACHED]  = ".CDy..ii",
	[SEGMENT_CHANGING]  = ".bbS..Ei",
	[SEGMENT_DRAINING]  = "bbbS.SEF",
	[SEGMENT_ABORTING]  = "bbb...EF",
};

static struct segment_step expected(enum segment_state state, char letter)
{
	struct segment_step step = { .next = state };

	switch (letter) {
	case 'n': step.error = -ENOENT; break;
	case 'b': step.error = -EBUSY; break;
	case 'i': step.error = -EINVAL; break;
	case 'y': step.error = -EALREADY; break;
	case 'A': step.next = SEGMENT_ATTACHING; step.action = SEGMENT_DO_START; break;
	case 'C': step.next = SEGMENT_CHANGING; step.action = SEGMENT_DO_START; break;
	case 'D': step.next = SEGMENT_DRAINING; step.action = SEGMENT_DO_START; break;
	case 'S': step.next = SEGMENT_ABORTING; step.action = SEGMENT_DO_STOP; break;
	case 'E': step.next = SEGMENT_ATTACHED; step.action = SEGMENT_DO_END; break;
	case 'F': step.next = SEGMENT_ABSENT; step.action = SEGMENT_DO_FORGET; break;
	}
	return step;
}

static void every_pair(void)
{
	struct segment_step want, got;

	for (int s = 0; s < SEGMENT_STATES; s++)
		for (int c = 0; c < SEGMENT_CAUSES; c++) {
			tap_context("state %d, cause %d", s, c);
			want = expected(s, table[s][c]);
			got = segment_next(s, c);
			if (got.error != want.error || got.next != want.next ||
			    got.action != want.action)
				tap_fail("error %d, next %d, action %d",
					 got.error, got.next, got.action);
		}
}

static void no_such(void)
{
	if (segment_next(SEGMENT_STATES, SEGMENT_ATTACH).error != -EINVAL ||
	    segment_next(-1, SEGMENT_ATTACH).error != -EINVAL ||
	    segment_next(SEGMENT_ATTACHED, SEGMENT_CAUSES).error != -EINVAL)
		tap_fail("a state or cause that there is not");
}

static void refused_stays(void)
{
	for (int s = 0; s < SEGMENT_STATES; s++)
		for (int c = 0; c < SEGMENT_CAUSES; c++) {
			struct segment_step step = segment_next(s, c);

			if (step.error && ((int)step.next != s || step.action))
				tap_fail("state %d, cause %d: refused, but", s, c);
		}
}

static bool works(int state)
{
	return state == SEGMENT_ATTACHING || state == SEGMENT_CHANGING ||
	       state == SEGMENT_DRAINING || state == SEGMENT_ABORTING;
}

/* An operation is under way if and only if the state says so, on any way. */
static void one_operation(void)
{
	unsigned long long seed = 7;
	int state = SEGMENT_ABSENT;
	int running = 0;

	for (int i = 0; i < RUNS && !tap_failed(); i++) {
		struct segment_step step;
		int cause;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		cause = (seed >> 33) % SEGMENT_CAUSES;
		tap_context("step %d: state %d, cause %d", i, state, cause);
		step = segment_next(state, cause);
		running += step.action == SEGMENT_DO_START;
		if (step.action == SEGMENT_DO_STOP && !running)
			tap_fail("nothing to stop");
		running -= step.action == SEGMENT_DO_END ||
			   step.action == SEGMENT_DO_FORGET;
		state = step.next;
		if (running != works(state))
			tap_fail("%d operations", running);
	}
}

/* Whoever dies: from any state on, the segment is gone only if it was being detached
 * and was away already, or never came. */
static void death_takes_nothing_away(void)
{
	for (int s = SEGMENT_ATTACHING; s < SEGMENT_STATES; s++) {
		struct segment_step step = segment_next(s, SEGMENT_OWNER_DIED);

		if (step.error || step.action == SEGMENT_DO_START ||
		    step.action == SEGMENT_DO_FORGET ||
		    step.next == SEGMENT_DRAINING)
			tap_fail("state %d: next %d, action %d", s, step.next,
				 step.action);
	}
}

static const int may[SEGMENT_CAUSES][SEGMENT_PARTIES][2] = {
	/*			owner	  other's, orphan	 admin		kernel */
	[SEGMENT_ATTACH]     = { { 0 }, { -EPERM, -EOWNERDEAD }, { -EPERM, -EPERM }, { -EPERM, -EPERM } },
	[SEGMENT_CHANGE]     = { { 0 }, { -EPERM, -EOWNERDEAD }, { 0 }, { -EPERM, -EPERM } },
	[SEGMENT_DETACH]     = { { 0 }, { -EPERM, -EOWNERDEAD }, { 0 }, { -EPERM, -EPERM } },
	[SEGMENT_ABORT]	     = { { 0 }, { -EPERM, -EOWNERDEAD }, { 0 }, { -EPERM, -EPERM } },
	[SEGMENT_RECLAIM]    = { { 0 }, { -EBUSY, 0 }, { -EPERM, -EPERM }, { -EPERM, -EPERM } },
	[SEGMENT_OWNER_DIED] = { { -EPERM, -EPERM }, { -EPERM, -EPERM }, { -EPERM, -EPERM }, { 0 } },
	[SEGMENT_HERE]	     = { { -EPERM, -EPERM }, { -EPERM, -EPERM }, { -EPERM, -EPERM }, { 0 } },
	[SEGMENT_AWAY]	     = { { -EPERM, -EPERM }, { -EPERM, -EPERM }, { -EPERM, -EPERM }, { 0 } },
};

static void who_may(void)
{
	for (int c = 0; c < SEGMENT_CAUSES; c++)
		for (int p = 0; p < SEGMENT_PARTIES; p++)
			for (int orphan = 0; orphan < 2; orphan++) {
				int got = segment_may(c, p, orphan);

				if (got != may[c][p][orphan])
					tap_fail("cause %d, party %d, orphan %d: %d, not %d",
						 c, p, orphan, got,
						 may[c][p][orphan]);
			}
}

static const struct tap_test tests[] = {
	{ "CTRL-02 CTRL-04 every state with every cause leads where it should",
	  every_pair },
	{ "CTRL-02 states and causes that there are not are refused", no_such },
	{ "CTRL-02 what is refused changes nothing", refused_stays },
	{ "CTRL-04 on any way, just as many operations as the state says",
	  one_operation },
	{ "CTRL-07 a controller's death takes no segment away",
	  death_takes_nothing_away },
	{ "CTRL-07 CTRL-08 every cause by every party, of segments and orphans",
	  who_may },
};

TAP_SUITE(suite_machine, tests);
