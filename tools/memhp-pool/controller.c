// SPDX-License-Identifier: GPL-2.0-only
/*
 * memhp-pool-controller: gives the segments of a pool to guests, and takes them back.
 *
 * Owns:      the pool: who may have which segment of it. Each change of that is saved
 *            before anything is done because of it (move.h), and what has to be done
 *            follows from what is saved. So a start after a crash is a start.
 * Must not:  believe that an agent obeyed, but for what its kernel says afterwards; tell
 *            a guest two things at once; wait.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backing.h"
#include "crash.h"
#include "desk.h"
#include "link.h"
#include "state.h"
#include "table.h"
#include "wire.h"

#define DEADLINE_MS	10000
#define GRACE_MS	5000	/* an agent's own time, beside the deadline */
#define CALL_MS		2000	/* who is away is called so often */
#define REST_MS		500	/* after an error, before the same is tried again */
#define TURN_MS		50

struct guest {
	struct desk desk;
	bool late;
	uint64_t give_up_ms, rest_ms;
};

/* Who asked for a move and was not told yet. */
struct asker {
	bool waits;
	uint64_t id;
	int to;
	uint64_t give_up_ms;
};

static struct pool_shape shape;
static struct pool_segment segments[WIRE_SEGMENTS];
static struct asker askers[WIRE_SEGMENTS];
static struct guest guests[POOL_GUESTS];
static struct state *state;
static struct link *link_;
static uint64_t term, last_n, called_ms, zero_again_ms;
static uint32_t deadline_ms = DEADLINE_MS;
static int backing;
static bool table_is_old = true;
static volatile sig_atomic_t ended;

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static const char *name_of(int guest)
{
	return guest == POOL_NOBODY ? "pool" : shape.guest[guest];
}

static int guest_of(const char *name)
{
	for (int i = 0; i < shape.guests; i++)
		if (!strcmp(shape.guest[i], name))
			return i;
	return POOL_NOBODY;
}

/* Messages */

static void send(const char *topic, const struct wire *w)
{
	char text[WIRE_MAX];

	wire_write(w, text);
	link_say(link_, topic, text, false);
}

static void tell(uint64_t id, int error, const char *text)
{
	struct wire told = { .type = WIRE_TOLD, .session = id, .error = error };

	snprintf(told.text, sizeof(told.text), "%s", text);
	send("told", &told);
}

static void tell_asker(uint32_t segment, int error, const char *text)
{
	if (!askers[segment].waits)
		return;
	askers[segment].waits = false;
	tell(askers[segment].id, error, text);
}

static void give_order(int guest)
{
	char topic[32];

	snprintf(topic, sizeof(topic), "to/%s", shape.guest[guest]);
	send(topic, &guests[guest].desk.order);
}

static void order(int guest, enum wire_kind kind, uint32_t segment)
{
	struct wire w = { .term = term, .n = ++last_n, .kind = kind, .segment = segment,
			  .count = shape.count, .size = shape.size,
			  .deadline = deadline_ms };
	struct guest *g = &guests[guest];

	desk_order(&g->desk, &w);
	g->give_up_ms = link_now() + deadline_ms + GRACE_MS;
	crash_here("ordering", wire_kind_name(kind));
	give_order(guest);
	crash_here("ordered", wire_kind_name(kind));
	table_is_old = true;
}

static void call(void)
{
	struct wire w = { .type = WIRE_CALL, .term = term };

	called_ms = link_now();
	send("call", &w);
}

/* Changes: saved, and only then true */

static void settle_asker(uint32_t i)
{
	const struct pool_segment *s = &segments[i];
	bool rests = s->step == POOL_OWNED || s->step == POOL_FREE;

	if (!askers[i].waits || !rests)
		return;
	if (s->holder == askers[i].to)
		tell_asker(i, 0, "done");
	else
		tell_asker(i, -EIO, "it did not go well; see the controller's log");
}

static void change(uint32_t i, const struct pool_segment *next)
{
	struct pool_segment old = segments[i];
	bool same = old.step == next->step && old.holder == next->holder &&
		    old.heir == next->heir;

	if (!same) {
		crash_here("saving", pool_step_name(next->step));
		if (state_save(state, i, next)) {
			fprintf(stderr, "memhp-pool-controller: cannot save: %s. Mend that,"
				" and start again.\n", state_text());
			exit(1);
		}
		crash_here("saved", pool_step_name(next->step));
		say("segment %u: %s %s -> %s %s", i, pool_step_name(old.step),
		    name_of(old.holder), pool_step_name(next->step), name_of(next->holder));
	}
	segments[i] = *next;
	table_is_old = true;
	settle_asker(i);
}

/* Deeds */

static void zero(uint32_t i)
{
	struct pool_segment next;
	int err;

	if (link_now() < zero_again_ms)
		return;
	crash_here("zeroing", "segment");
	err = backing_zero(backing, i * shape.size, shape.size);
	if (err) {
		say("segment %u: cannot be zeroed: %s", i, strerror(-err));
		tell_asker(i, err, "the pool's file cannot be zeroed");
		zero_again_ms = link_now() + REST_MS;
		return;
	}
	crash_here("zeroed", "segment");
	pool_zeroed(&segments[i], &next);
	change(i, &next);
}

static bool may_order(const struct guest *g)
{
	return desk_free(&g->desk) && link_now() >= g->rest_ms;
}

static void do_deed(uint32_t i)
{
	struct pool_deed_to what = pool_deed(&segments[i]);

	if (what.deed == POOL_ZERO)
		zero(i);
	else if (what.deed != POOL_NOTHING && may_order(&guests[what.guest]))
		order(what.guest, what.deed == POOL_ATTACH ? WIRE_ATTACH : WIRE_DETACH, i);
}

/* What is heard */

static void hello(int guest, const struct wire *w)
{
	switch (desk_hello(&guests[guest].desk, w)) {
	case DESK_LOOK:
		say("guest %s: here", shape.guest[guest]);
		order(guest, WIRE_LOOK, 0);
		break;
	case DESK_AGAIN:
		give_order(guest);
		break;
	case DESK_NOTHING:
		break;
	}
}

static void gone(int guest, const struct wire *w)
{
	if (!desk_gone(&guests[guest].desk, w))
		return;
	say("guest %s: gone", shape.guest[guest]);
	table_is_old = true;
}

/* It is not told anything, until it says hello again. */
static void leave(int guest)
{
	guests[guest] = (struct guest){ .late = true };
	table_is_old = true;
}

static enum pool_news news_of(const struct wire *told, const struct wire *w, uint32_t i)
{
	if (told->kind == WIRE_LOOK)
		return POOL_LOOKED;
	return w->error && told->segment == i ? POOL_FAILED : POOL_OBEYED;
}

static void report(int guest, const struct wire *told, const struct wire *w, uint32_t i)
{
	enum pool_news news = news_of(told, w, i);
	struct pool_segment next;

	pool_report(&segments[i], guest, w->has >> i & 1, news, shape.guests, &next);
	if (next.astray & ~segments[i].astray)
		say("segment %u: guest %s has it, and must not: it is told to give it back",
		    i, shape.guest[guest]);
	if (news == POOL_FAILED)
		tell_asker(i, w->error, w->text);
	change(i, &next);
}

static void answer(int guest, const struct wire *w)
{
	struct guest *g = &guests[guest];
	struct wire told;

	if (!desk_answer(&g->desk, w, &told))
		return;
	g->late = false;
	table_is_old = true;
	if (w->error) {
		say("guest %s: segment %u: %s", shape.guest[guest], told.segment, w->text);
		g->rest_ms = link_now() + REST_MS;
	}
	/* An agent that cannot even look says nothing of what it has. */
	if (w->error && told.kind == WIRE_LOOK) {
		leave(guest);
		return;
	}
	for (uint32_t i = 0; i < shape.count; i++)
		report(guest, &told, w, i);
}

static void ask(const struct wire *w)
{
	int to = strcmp(w->to, "pool") ? guest_of(w->to) : POOL_NOBODY, err;
	struct pool_segment next;

	if (w->segment >= shape.count || (to == POOL_NOBODY && strcmp(w->to, "pool"))) {
		tell(w->session, -ENOENT, "no such segment, or no such guest");
		return;
	}
	err = pool_ask(&segments[w->segment], to, &next);
	if (err == -EAGAIN)
		tell(w->session, err, "not all guests have said yet what they have");
	else if (err == -EBUSY || (err == -EALREADY && askers[w->segment].waits))
		tell(w->session, -EBUSY, "it is on its way already");
	if (err && err != -EALREADY)
		return;
	if (askers[w->segment].waits)
		return;
	askers[w->segment] = (struct asker){ true, w->session, to, link_now() + w->deadline };
	change(w->segment, &next);
}

static void heard_from_guest(int guest, const struct wire *w)
{
	if (guest == POOL_NOBODY)
		return;
	if (w->type == WIRE_HELLO)
		hello(guest, w);
	else if (w->type == WIRE_GONE)
		gone(guest, w);
	else if (w->type == WIRE_ANSWER)
		answer(guest, w);
}

static void heard(void *arg, const char *topic, const char *text, size_t length)
{
	struct wire w;

	(void)arg;
	if (wire_read(text, length, &w)) {
		say("a message at %s is not understood, and ignored", topic);
		return;
	}
	if (!strcmp(topic, "ask") && w.type == WIRE_ASK)
		ask(&w);
	else if (!strncmp(topic, "from/", 5))
		heard_from_guest(guest_of(topic + 5), &w);
}

static void connected(void *arg)
{
	(void)arg;
	call();
	table_is_old = true;
}

/* Time */

static void give_up(void)
{
	uint64_t now = link_now();
	bool away = false;

	for (int i = 0; i < shape.guests; i++) {
		if (guests[i].desk.order.term && now > guests[i].give_up_ms) {
			say("guest %s: does not answer", shape.guest[i]);
			leave(i);
		}
		away |= !guests[i].desk.here;
	}
	for (uint32_t i = 0; i < shape.count; i++)
		if (askers[i].waits && now > askers[i].give_up_ms)
			tell_asker(i, -ETIMEDOUT,
				   "a guest does not answer; the move goes on when it does");
	if (away && now > called_ms + CALL_MS)
		call();
}

static enum table_presence presence(const struct guest *g)
{
	if (!g->desk.here)
		return g->late ? TABLE_LATE : TABLE_AWAY;
	return g->desk.order.term ? TABLE_BUSY : TABLE_HERE;
}

static void show(void)
{
	struct table t = { &shape, segments, { TABLE_AWAY }, term };
	char text[TABLE_MAX];

	for (int i = 0; i < shape.guests; i++)
		t.presence[i] = presence(&guests[i]);
	table_write(&t, text);
	link_say(link_, "state", text, true);
	table_is_old = false;
}

static void serve(void)
{
	while (!ended && !link_refused(link_)) {
		link_turn(link_, TURN_MS);
		give_up();
		for (uint32_t i = 0; i < shape.count; i++)
			do_deed(i);
		if (table_is_old)
			show();
	}
}

/* Start */

static const char usage[] =
	"usage: memhp-pool-controller -p POOL -f FILE -d DATABASE [option ...] GUEST ...\n"
	"\n"
	"Gives segments of FILE, which all guests map as a whole, to one guest at a time.\n"
	"\n"
	"  -f FILE   the pool's memory\n"
	"  -d FILE   database of who has what; made if there is none\n"
	"  -s MIB    size of a segment (default: 128); FILE is a multiple of it\n"
	"  -t MS     how long a guest may take to give one back (default: 10000)\n"
	LINK_USAGE;

struct arguments {
	struct link_options link;
	const char *file, *database;
	uint64_t size;
};

static int get_option(struct arguments *a, int letter)
{
	uint64_t number = 0;
	bool good = true;

	switch (letter) {
	case 'f':
		a->file = optarg;
		break;
	case 'd':
		a->database = optarg;
		break;
	case 's':
		good = wire_number(optarg, 1, 1 << 20, &number);
		a->size = number << 20;
		break;
	case 't':
		good = wire_number(optarg, 1, 120000, &number);
		deadline_ms = number;
		break;
	default:
		return link_option(&a->link, letter, optarg);
	}
	return good ? 0 : -EINVAL;
}

static int get_guests(char **names)
{
	for (; *names; names++) {
		if (shape.guests == POOL_GUESTS || !wire_name_valid(*names) ||
		    !strcmp(*names, "pool") || guest_of(*names) != POOL_NOBODY)
			return -EINVAL;
		strcpy(shape.guest[shape.guests++], *names);
	}
	return shape.guests ? 0 : -EINVAL;
}

static int get_arguments(struct arguments *a, int argc, char **argv)
{
	int letter, err = 0;

	while (!err && (letter = getopt(argc, argv, "f:d:s:t:" LINK_OPTIONS)) != -1)
		err = get_option(a, letter);
	if (!err && (!a->file || !a->database || !a->link.pool))
		err = -EINVAL;
	return err ? err : get_guests(argv + optind);
}

static int open_pool(const struct arguments *a)
{
	uint64_t size = 0;

	backing = backing_open(a->file, &size);
	if (backing < 0) {
		fprintf(stderr, "%s: %s\n", a->file, strerror(-backing));
		return backing;
	}
	if (!size || size % a->size || size / a->size > WIRE_SEGMENTS) {
		fprintf(stderr, "%s: not 1 to %d segments of %llu MiB: choose another -s\n",
			a->file, WIRE_SEGMENTS, (unsigned long long)a->size >> 20);
		return -EINVAL;
	}
	strcpy(shape.name, a->link.pool);
	shape.size = a->size;
	shape.count = size / a->size;
	return 0;
}

static int open_state(const struct arguments *a)
{
	int err = state_open(a->database, &shape, &state);

	if (!err)
		err = state_term(state, time(NULL), &term);
	if (!err)
		err = state_load(state, segments);
	if (err)
		fprintf(stderr, "%s: %s\n", a->database, state_text());
	if (err == -EBADMSG)
		fprintf(stderr, "Move it away and start again: the guests are asked what"
			" they have, then.\n");
	return err;
}

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

int main(int argc, char **argv)
{
	static const char *const topics[] = { "ask", "from/+", NULL };
	static const struct link_ears ears = { connected, heard, NULL };
	static const struct link_words last = { "state", "the controller is gone\n", true };
	struct arguments a = { .link = { .host = "localhost", .port = 1883 },
			       .size = 128 << 20 };
	int err;

	if (get_arguments(&a, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGTERM, end);
	signal(SIGINT, end);
	if (open_pool(&a) || open_state(&a))
		return 1;
	say("term %llu", (unsigned long long)term);
	err = link_open(&a.link, &ears, topics, &last, &link_);
	if (!err)
		serve();
	if (err || link_refused(link_))
		fprintf(stderr, "memhp-pool-controller: the broker: %s\n",
			err ? strerror(-err) : "user or password refused");
	if (!err)
		link_say(link_, last.topic, last.text, last.keep);
	link_close(link_);
	state_close(state);
	return err || !ended;
}
