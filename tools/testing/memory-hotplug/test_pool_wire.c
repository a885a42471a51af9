// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of messages as text, of fences, and of which answers count.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "tap.h"
#include "wire.h"

static const char order_text[] =
	"order session=7 term=2 n=3 kind=detach segment=5 count=8 size=134217728 deadline=900";

static const char *const good[] = {
	"call term=1",
	"hello session=18446744073709551615",
	"gone session=1",
	order_text,
	"answer session=7 term=2 n=3 error=110 has=128 text=page 0x1 is in the way",
	"answer session=7 term=2 n=3 error=0 has=0 text=",
	"ask session=9 segment=0 deadline=1 to=guest-1",
	"told session=9 error=16 text=it is on its way already",
};

static const char *const bad[] = {
	"", " ", "order", "nonsense a=1", "call", "call term=", "call term=-1", "call term=+1",
	"call term=1x", "call term=0x1", "call term=18446744073709551616", "call term=1 term=1",
	"call term=1 n=1", "call  term=1", "call term=1 ", "call term", "call =1", "call term =1",
	"hello session=1 text=a", "Call term=1",
	"order session=7 term=2 n=3 kind=detach segment=8 count=8 size=1 deadline=1",
	"order session=7 term=2 n=3 kind=detach segment=0 count=0 size=1 deadline=1",
	"order session=7 term=2 n=3 kind=detach segment=0 count=65 size=1 deadline=1",
	"order session=7 term=2 n=3 kind=detach segment=0 count=8 size=0 deadline=1",
	"order session=7 term=2 n=3 kind=detach segment=0 count=8 size=1 deadline=0",
	"order session=7 term=2 n=3 kind=detach segment=0 count=8 size=1 deadline=2147483648",
	"order session=7 term=2 n=3 kind=drop segment=0 count=8 size=1 deadline=1",
	"order session=7 term=2 n=3 kind= segment=0 count=8 size=1 deadline=1",
	"order session=7 term=2 n=3 kind=look segment=0 count=64 size=288230376151711744"
	" deadline=1",
	"order term=2 n=3 kind=detach segment=0 count=8 size=1 deadline=1",
	"answer session=7 term=2 n=3 error=4096 has=0 text=",
	"answer session=7 term=2 n=3 error=0 has=0",
	"answer session=7 term=2 n=3 error=0 has=0 text=\033[2J",
	"answer session=7 term=2 n=3 error=0 has=0 text=a\nb",
	"ask session=9 segment=0 deadline=1 to=", "ask session=9 segment=0 deadline=1 to=a/b",
	"ask session=9 segment=0 deadline=1 to=0123456789abcdef",
	"ask session=9 segment=64 deadline=1 to=a",
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static int parse(const char *text, struct wire *w)
{
	/* a copy of just that size: reading beyond it is noticed */
	size_t length = strlen(text);
	char *copy = malloc(length ? length : 1);
	int err;

	memcpy(copy, text, length);
	err = wire_read(copy, length, w);
	free(copy);
	return err;
}

static void there_and_back(void)
{
	char text[WIRE_MAX];
	struct wire w;

	for (unsigned int i = 0; i < COUNT(good); i++) {
		tap_context("%s", good[i]);
		if (parse(good[i], &w))
			tap_fail("it is refused");
		else if (wire_write(&w, text) != (int)strlen(good[i]))
			tap_fail("another length");
		else
			tap_expect_text(text, good[i]);
	}
}

static void refused(void)
{
	char text[2 * WIRE_MAX];
	struct wire w;

	for (unsigned int i = 0; i < COUNT(bad); i++)
		if (parse(bad[i], &w) != -EBADMSG)
			tap_fail("'%s' is taken", bad[i]);
	if (wire_read("call\0term=1", 11, &w) != -EBADMSG)
		tap_fail("a 0 in a message is taken");
	memset(text, '1', sizeof(text));
	memcpy(text, "told session=9 error=16 text=", 29);
	for (size_t length = 29 + WIRE_TEXT; length < sizeof(text); length++)
		if (wire_read(text, length, &w) != -EBADMSG)
			tap_fail("a message of %zu bytes is taken", length);
}

/* Cut anywhere, and with each byte changed: never more than "not understood". */
static void spoilt(void)
{
	char text[WIRE_MAX];
	struct wire w;

	for (unsigned int i = 0; i < COUNT(good); i++)
		for (size_t at = 0; at < strlen(good[i]); at++)
			for (int byte = 0; byte < 256; byte++) {
				strcpy(text, good[i]);
				text[at] = byte;
				wire_read(text, strlen(good[i]), &w);
				wire_read(text, at, &w);
			}
}

/* The longest message that there is has room. */
static void longest(void)
{
	struct wire w = { .type = WIRE_ANSWER, .session = UINT64_MAX, .term = UINT64_MAX,
			  .n = UINT64_MAX, .error = -4095, .has = UINT64_MAX }, back;
	char text[WIRE_MAX];

	memset(w.text, 'x', WIRE_TEXT - 1);
	if (parse((wire_write(&w, text), text), &back) || memcmp(&w, &back, sizeof(w)))
		tap_fail("%s", text);
}

static void uuids(void)
{
	uint8_t a[WIRE_UUID], b[WIRE_UUID], c[WIRE_UUID];

	wire_uuid("pool", 1, a);
	wire_uuid("pool", 2, b);
	wire_uuid("loop", 1, c);
	if (!memcmp(a, b, WIRE_UUID) || !memcmp(a, c, WIRE_UUID))
		tap_fail("two segments have one uuid");
	if (a[6] >> 4 != 8 || a[8] >> 6 != 2)
		tap_fail("it is no uuid of version 8");
	wire_uuid("pool", 1, b);
	if (memcmp(a, b, WIRE_UUID))
		tap_fail("it is another one the next time");
}

static struct wire numbered(uint64_t session, uint64_t term, uint64_t n)
{
	return (struct wire){ .session = session, .term = term, .n = n };
}

static void fences(void)
{
	static const struct { uint64_t session, term, n; int err; } step[] = {
		{ 5, 1, 1, 0 }, { 5, 1, 1, -ESTALE }, { 5, 1, 3, 0 }, { 5, 1, 2, -ESTALE },
		{ 4, 9, 9, -ESRCH }, { 5, 1, 4, 0 }, { 5, 2, 1, 0 }, { 5, 1, 5, -ESTALE },
		{ 5, 2, 1, -ESTALE }, { 5, 2, 2, 0 },
	};
	struct fence fence = { .session = 5 };

	for (unsigned int i = 0; i < COUNT(step); i++) {
		struct wire w = numbered(step[i].session, step[i].term, step[i].n);

		if (fence_pass(&fence, &w) != step[i].err)
			tap_fail("step %u: %d is wanted", i, step[i].err);
	}
}

static void expect_answer(struct desk *d, uint64_t session, uint64_t n, bool want)
{
	struct wire answer = numbered(session, 1, n), told;

	if (desk_answer(d, &answer, &told) != want)
		tap_fail("the answer to %d %s", (int)n, want ? "is lost" : "counts");
}

static void answers(void)
{
	struct wire hello = { .session = 5 }, order = { .term = 1, .n = 1 };
	struct desk d = { .here = false };

	expect_answer(&d, 0, 0, false);
	if (desk_free(&d) || desk_hello(&d, &hello) != DESK_LOOK || !desk_free(&d) ||
	    desk_hello(&d, &hello) != DESK_NOTHING)
		tap_fail("hello");
	desk_order(&d, &order);
	if (desk_free(&d) || order.session != 5 || desk_hello(&d, &hello) != DESK_AGAIN)
		tap_fail("an order is not remembered");
	expect_answer(&d, 5, 2, false);
	expect_answer(&d, 4, 1, false);
	expect_answer(&d, 5, 1, true);
	expect_answer(&d, 5, 1, false);
	desk_order(&d, &order);
	hello.session = 6;
	if (desk_hello(&d, &hello) != DESK_LOOK)
		tap_fail("a new agent is taken for the old one");
	expect_answer(&d, 5, 1, false);
	hello.session = 5;
	if (desk_gone(&d, &hello) || !d.here)
		tap_fail("who is gone is not who is here");
	hello.session = 6;
	if (!desk_gone(&d, &hello) || d.here || desk_gone(&d, &hello))
		tap_fail("it is gone, once");
}

static const struct tap_test tests[] = {
	{ "CTRL-10 messages are read as they are written", there_and_back },
	{ "CTRL-10 wrong messages are refused, each", refused },
	{ "CTRL-10 spoilt messages do no harm", spoilt },
	{ "CTRL-10 the longest message has room", longest },
	{ "CTRL-10 the uuid of a segment is always the same, and no other's", uuids },
	{ "CTRL-10 no order is obeyed twice, late, or for another agent", fences },
	{ "CTRL-10 only the answer to the last order counts", answers },
};

const TAP_SUITE(suite_pool_wire, tests);
