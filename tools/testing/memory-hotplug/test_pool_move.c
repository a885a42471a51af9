// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of each step of a move with all that can happen in it, also what must not.
 */
#include <errno.h>
#include <string.h>

#include "move.h"
#include "tap.h"

#define A	0
#define B	1
#define NOBODY	POOL_NOBODY

/* A segment in words: step, holder and heir, as "owned a -". */
static const char *words(const struct pool_segment *s)
{
	static char text[2][40];
	static int turn;
	static const char who[] = "-ab";
	char *at = text[turn ^= 1];

	strcpy(at, pool_step_name(s->step));
	at += strlen(at);
	*at++ = ' ';
	*at++ = who[s->holder + 1];
	*at++ = ' ';
	*at++ = who[s->heir + 1];
	strcpy(at, s->astray ? " astray" : "");
	return text[turn];
}

static struct pool_segment of(enum pool_step step, int holder, int heir)
{
	return (struct pool_segment){ step, holder, heir };
}

static const struct pool_segment all[] = {
	{ POOL_UNKNOWN, NOBODY, NOBODY }, { POOL_FREE, NOBODY, NOBODY },
	{ POOL_ZEROING, NOBODY, NOBODY }, { POOL_ZEROING, NOBODY, B },
	{ POOL_ATTACHING, A, NOBODY },	  { POOL_OWNED, A, NOBODY },
	{ POOL_DRAINING, A, NOBODY },	  { POOL_DRAINING, A, B },
};

#define ALL	(sizeof(all) / sizeof(all[0]))

/* What comes of asking for it to be with a, with b, in the pool; or the error. */
static void asking(void)
{
	static const struct { int err; const char *then; } want[ALL][3] = {
		{ { -EAGAIN, 0 }, { -EAGAIN, 0 }, { -EAGAIN, 0 } },
		{ { 0, "zeroing - a" }, { 0, "zeroing - b" }, { -EALREADY, 0 } },
		{ { -EBUSY, 0 }, { -EBUSY, 0 }, { -EALREADY, 0 } },
		{ { -EBUSY, 0 }, { -EALREADY, 0 }, { -EBUSY, 0 } },
		{ { -EALREADY, 0 }, { -EBUSY, 0 }, { -EBUSY, 0 } },
		{ { -EALREADY, 0 }, { 0, "draining a b" }, { 0, "draining a -" } },
		{ { -EBUSY, 0 }, { -EBUSY, 0 }, { -EALREADY, 0 } },
		{ { -EBUSY, 0 }, { -EALREADY, 0 }, { -EBUSY, 0 } },
	};
	static const int to[3] = { A, B, NOBODY };
	struct pool_segment next;

	for (unsigned int i = 0; i < ALL; i++)
		for (int k = 0; k < 3; k++) {
			int err = pool_ask(&all[i], to[k], &next);

			tap_context("%s, ask %d: %d", words(&all[i]), to[k], err);
			if (err != want[i][k].err)
				tap_fail("%d is wanted", want[i][k].err);
			tap_expect_text(words(&next), want[i][k].then ? want[i][k].then :
					words(&all[i]));
		}
}

/* What comes of it when a, or b, says that it has it, or not. */
struct heard {
	const char *has, *looked, *obeyed, *failed, *has_failed;
};

static void expect(const struct pool_segment *s, int guest, bool has, enum pool_news news,
		   const char *want)
{
	struct pool_segment next;

	tap_context("%s, guest %d %s it, news %d", words(s), guest,
		    has ? "has" : "has not", news);
	pool_report(s, guest, has, news, 2, &next);
	tap_expect_text(words(&next), want ? want : words(s));
}

static void hearing(void)
{
	static const struct heard want[ALL] = {
		{ "owned a -", 0, 0, 0, "owned a -" },
		{ "free - - astray", 0, 0, 0, "free - - astray" },
		{ "zeroing - - astray", 0, 0, 0, "zeroing - - astray" },
		{ "zeroing - b astray", 0, 0, 0, "zeroing - b astray" },
		{ "owned a -", "zeroing - a", 0, "zeroing - -", "owned a -" },
		{ 0, "zeroing - a", "zeroing - a", "zeroing - a", 0 },
		{ 0, "zeroing - -", "zeroing - -", "zeroing - -", "owned a -" },
		{ 0, "zeroing - b", "zeroing - b", "zeroing - b", "owned a -" },
	};

	for (unsigned int i = 0; i < ALL; i++) {
		expect(&all[i], A, true, POOL_LOOKED, want[i].has);
		expect(&all[i], A, true, POOL_OBEYED, want[i].has);
		expect(&all[i], A, true, POOL_FAILED, want[i].has_failed);
		expect(&all[i], A, false, POOL_LOOKED, want[i].looked);
		expect(&all[i], A, false, POOL_OBEYED, want[i].obeyed);
		expect(&all[i], A, false, POOL_FAILED, want[i].failed);
	}
}

static void others(void)
{
	struct pool_segment next;

	for (unsigned int i = 1; i < ALL; i++) {
		tap_context("%s", words(&all[i]));
		expect(&all[i], B, false, POOL_LOOKED, NULL);
		expect(&all[i], B, false, POOL_OBEYED, NULL);
		pool_report(&all[i], B, true, POOL_LOOKED, 2, &next);
		if (next.astray != 1u << B || next.step != all[i].step)
			tap_fail("nobody sees that b has it");
		if (pool_deed(&next).deed != POOL_DETACH || pool_deed(&next).guest != B)
			tap_fail("b is not told to give it back first");
		if (pool_ask(&next, A, &(struct pool_segment){ 0 }) == 0)
			tap_fail("it moves while b has it");
		pool_report(&next, B, false, POOL_OBEYED, 2, &next);
		if (next.astray)
			tap_fail("b has given it back");
	}
}

static void finding_out(void)
{
	struct pool_segment s = of(POOL_UNKNOWN, NOBODY, NOBODY);

	pool_report(&s, B, false, POOL_LOOKED, 2, &s);
	tap_expect_text(words(&s), "unknown - -");
	pool_report(&s, B, false, POOL_LOOKED, 2, &s);
	tap_expect_text(words(&s), "unknown - -");
	pool_report(&s, A, false, POOL_LOOKED, 2, &s);
	tap_expect_text(words(&s), "zeroing - -");
	pool_zeroed(&s, &s);
	tap_expect_text(words(&s), "free - -");
}

static void deeds(void)
{
	static const struct pool_deed_to want[ALL] = {
		{ POOL_NOTHING, NOBODY }, { POOL_NOTHING, NOBODY }, { POOL_ZERO, NOBODY },
		{ POOL_ZERO, NOBODY }, { POOL_ATTACH, A }, { POOL_NOTHING, NOBODY },
		{ POOL_DETACH, A }, { POOL_DETACH, A },
	};

	for (unsigned int i = 0; i < ALL; i++) {
		struct pool_deed_to have = pool_deed(&all[i]);

		tap_context("%s", words(&all[i]));
		if (have.deed != want[i].deed || have.guest != want[i].guest)
			tap_fail("%d for %d is done", have.deed, have.guest);
		if (!pool_segment_valid(&all[i], 2))
			tap_fail("it is said not to be valid");
	}
}

static void invalid(void)
{
	static const struct pool_segment bad[] = {
		{ POOL_STEPS, NOBODY, NOBODY }, { -1, NOBODY, NOBODY },
		{ POOL_OWNED, NOBODY, NOBODY }, { POOL_OWNED, 2, NOBODY },
		{ POOL_OWNED, -2, NOBODY },	{ POOL_OWNED, A, B },
		{ POOL_FREE, A, NOBODY },	{ POOL_FREE, NOBODY, A },
		{ POOL_ZEROING, A, NOBODY },	{ POOL_ZEROING, NOBODY, 2 },
		{ POOL_DRAINING, NOBODY, A },	{ POOL_ATTACHING, A, B },
		{ POOL_UNKNOWN, A, NOBODY },	{ POOL_DRAINING, A, -2 },
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (pool_segment_valid(&bad[i], 2))
			tap_fail("number %u is said to be valid", i);
}

static void names(void)
{
	for (int step = 0; step < POOL_STEPS; step++)
		if (pool_step_parse(pool_step_name(step)) != (enum pool_step)step)
			tap_fail("%s is not read as it is written", pool_step_name(step));
	if (pool_step_parse("") != POOL_STEPS || pool_step_parse("OWNED") != POOL_STEPS)
		tap_fail("a word that is no step is read as one");
}

static const struct tap_test tests[] = {
	{ "CTRL-10 asking for a segment in each step, for each place", asking },
	{ "CTRL-10 what the guest says in each step leads to the right one", hearing },
	{ "CTRL-10 a guest that has what it must not gives it back before all else", others },
	{ "CTRL-10 nobody has it only when all guests said so", finding_out },
	{ "CTRL-10 each step has its deed", deeds },
	{ "CTRL-10 a segment that cannot be is not valid", invalid },
	{ "CTRL-10 names of steps are read as they are written", names },
};

const TAP_SUITE(suite_pool_move, tests);
