// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves of a segment between two model guests, with a crash before and after every step.
 *
 * The model has what the pure files have not: a database, memory with an owner's traces,
 * kernels that go on without their agents, messages that wait, come twice, or get lost.
 * A run counts its steps. Each step is one thing that a crash leaves whole or undone: a
 * save, a message, a beginning, an end. All runs with one crash of each of five kinds
 * before each step are made, then all those with two of them. After each step it is
 * looked whether two guests have the segment, or one has what another left in it; at the
 * end, whether all is where it was asked to be.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "move.h"
#include "tap.h"
#include "wire.h"

#define GUESTS		2
#define BOX		64		/* messages under way in one direction */
#define CLEAN		(-1)
#define ROUNDS		400		/* then it should be over */
#define NEVER		0

enum crash { CONTROLLER, AGENT_0, AGENT_1, MACHINE_0, MACHINE_1, CRASHES };

/* What happens to what an agent had begun when it is killed. */
enum rest_of { UNDONE, DONE };

struct box {
	struct wire message[BOX];
	int nr;
};

struct guest {
	bool has;			/* the kernel */
	bool alive;			/* the agent */
	struct fence fence;
	struct wire last;
	struct box in, out;
	int refusals;			/* so often, the next detach or attach fails */
};

static struct world {
	struct pool_segment saved;
	uint64_t saved_term;
	int trace;			/* whose data is in the segment */
	struct pool_segment now;	/* as the controller has it */
	struct desk desk[GUESTS];
	bool alive;			/* the controller */
	uint64_t n, sessions;
	struct guest guest[GUESTS];
	enum crash acting;		/* the kind of crash that hits who acts now */
	int steps;
	bool again;			/* messages come twice, the second time late */
	enum rest_of rest;
} w;

/* A controller or agent that is wrong, to see that it is found. */
static enum { RIGHT, NO_ZEROING, NO_FENCE, ANY_ANSWER, LATE_SAVE, WRONGS } wrong;

static int faults;

/* Of a right one, a fault is a failure. */
#define fault(...) do { faults++; if (wrong == RIGHT) tap_fail(__VA_ARGS__); } while (0)

static struct { int at; enum crash what; } plan[2];
static jmp_buf dead;

static struct guest *machine(enum crash what)
{
	return &w.guest[(what - AGENT_0) % GUESTS];
}

/* Invariants */

static void look(void)
{
	if (w.guest[0].has && w.guest[1].has)
		fault("both guests have it");
	for (int i = 0; i < GUESTS; i++)
		if (w.guest[i].has)
			w.trace = i;		/* it writes to it all the time */
	if (w.saved.step == POOL_FREE && (w.trace != CLEAN || w.guest[0].has || w.guest[1].has))
		fault("it is free and not clean");
}

static void take(int i)
{
	if (!w.guest[i].has && w.trace != CLEAN)
		fault("guest %d sees what guest %d left", i, w.trace);
	w.guest[i].has = true;
}

/* Crashes */

static void crash(enum crash what)
{
	if (what == CONTROLLER) {
		w.alive = false;
		return;
	}
	machine(what)->alive = false;
	machine(what)->in.nr = 0;	/* the broker keeps nothing for who is away */
	if (what >= MACHINE_0)
		machine(what)->has = false;
}

static bool hits_who_acts(enum crash what)
{
	enum crash agent = what >= MACHINE_0 ? what - GUESTS : what;

	return agent == w.acting;
}

/* Before each step: is this where something crashes? */
static void step(void)
{
	look();
	w.steps++;
	for (int i = 0; i < 2; i++)
		if (plan[i].at == w.steps) {
			crash(plan[i].what);
			if (hits_who_acts(plan[i].what))
				longjmp(dead, 1);
		}
}

/* Messages */

static void put(struct box *box, const struct wire *message)
{
	for (int i = 0; i <= w.again; i++)
		if (box->nr < BOX)
			box->message[box->nr++] = *message;
		else
			fault("more messages are under way than there is room for");
}

static bool get(struct box *box, struct wire *message)
{
	if (!box->nr)
		return false;
	*message = box->message[0];
	memmove(box->message, box->message + 1, --box->nr * sizeof(*message));
	return true;
}

/* A second copy of what is under way comes last. */
static void shuffle(struct box *box)
{
	struct wire late;

	if (!w.again || box->nr < 2)
		return;
	late = box->message[1];
	memmove(box->message + 1, box->message + 2, (box->nr - 2) * sizeof(late));
	box->message[box->nr - 1] = late;
}

/* Agents */

static void agent_say(int i, const struct wire *message)
{
	step();
	put(&w.guest[i].out, message);
}

static void agent_start(int i)
{
	struct guest *g = &w.guest[i];
	struct wire hello = { .type = WIRE_HELLO };

	g->alive = true;
	g->fence = (struct fence){ .session = ++w.sessions };
	g->last.term = 0;
	hello.session = g->fence.session;
	agent_say(i, &hello);
}

/* The kernel does it; an agent that dies meanwhile leaves it begun. */
static int kernel_do(int i, enum wire_kind kind)
{
	struct guest *g = &w.guest[i];
	bool wanted = kind == WIRE_ATTACH, before = g->has;

	if (g->has == wanted)
		return 0;
	if (g->refusals) {
		g->refusals--;
		return -1;
	}
	if (w.rest == DONE) {
		if (wanted)
			take(i);
		g->has = wanted;
		step();			/* done, and the agent does not know */
		return 0;
	}
	step();				/* begun, and undone if the agent dies */
	g->has = before;
	if (wanted)
		take(i);
	g->has = wanted;
	return 0;
}

static void agent_obey(int i, const struct wire *order)
{
	struct guest *g = &w.guest[i];
	struct wire answer = { .type = WIRE_ANSWER, .session = order->session,
			       .term = order->term, .n = order->n };

	step();
	if (order->kind != WIRE_LOOK)
		answer.error = kernel_do(i, order->kind);
	step();
	answer.has = g->has;
	g->last = answer;
	agent_say(i, &answer);
}

static void agent_turn(int i)
{
	struct guest *g = &w.guest[i];
	struct wire message;

	if (!g->alive) {
		agent_start(i);
		return;
	}
	if (!get(&g->in, &message))
		return;
	if (message.type == WIRE_CALL) {
		agent_say(i, &(struct wire){ .type = WIRE_HELLO,
					     .session = g->fence.session });
		if (g->last.term)
			agent_say(i, &g->last);
	} else if (!fence_pass(&g->fence, &message) || wrong == NO_FENCE) {
		agent_obey(i, &message);
	}
}

/* The controller */

static void deed(void);

static void change(const struct pool_segment *next)
{
	if (wrong == LATE_SAVE) {
		w.now = *next;
		deed();
	}
	step();
	w.saved = (struct pool_segment){ next->step, next->holder, next->heir };
	step();
	w.now = *next;
}

static void order(int i, enum wire_kind kind)
{
	struct wire message = { .term = w.saved_term, .n = ++w.n, .kind = kind };

	desk_order(&w.desk[i], &message);
	step();
	put(&w.guest[i].in, &message);
}

static void call(int i)
{
	step();
	put(&w.guest[i].in, &(struct wire){ .type = WIRE_CALL, .term = w.saved_term });
}

static void controller_start(void)
{
	w.alive = true;
	w.now = w.saved;
	memset(w.desk, 0, sizeof(w.desk));
	step();
	w.saved_term++;
	w.n = 0;
	for (int i = 0; i < GUESTS; i++)
		call(i);
}

static void deed(void)
{
	struct pool_deed_to what = pool_deed(&w.now);
	struct pool_segment next;

	if (what.deed == POOL_ZERO) {
		step();
		if (w.guest[0].has || w.guest[1].has)
			fault("zeroed while a guest has it");
		if (wrong != NO_ZEROING)
			w.trace = CLEAN;
		pool_zeroed(&w.now, &next);
		change(&next);
	} else if (what.deed != POOL_NOTHING && desk_free(&w.desk[what.guest])) {
		order(what.guest, what.deed == POOL_ATTACH ? WIRE_ATTACH : WIRE_DETACH);
	}
}

static void hear_answer(int i, const struct wire *message)
{
	enum pool_news news = POOL_LOOKED;
	struct pool_segment next;
	struct wire told;

	if (!desk_answer(&w.desk[i], message, &told) && wrong != ANY_ANSWER)
		return;
	if (told.kind != WIRE_LOOK)
		news = message->error ? POOL_FAILED : POOL_OBEYED;
	pool_report(&w.now, i, message->has, news, GUESTS, &next);
	if (next.astray)
		fault("guest %d has it and must not", i);
	change(&next);
}

static void hear_hello(int i, const struct wire *message)
{
	enum desk_next next = desk_hello(&w.desk[i], message);

	if (next == DESK_LOOK)
		order(i, WIRE_LOOK);
	else if (next == DESK_AGAIN)
		put(&w.guest[i].in, &w.desk[i].order);
}

static void hear(int i, const struct wire *message)
{
	if (message->type == WIRE_ANSWER)
		hear_answer(i, message);
	else
		hear_hello(i, message);
}

/* An answer that does not come is given up when nothing else happens any more. */
static void give_up(int i)
{
	if (!w.guest[i].in.nr && !w.guest[i].out.nr && w.desk[i].order.term) {
		memset(&w.desk[i], 0, sizeof(w.desk[i]));
		call(i);
	}
}

static void controller_turn(void)
{
	struct wire message;

	if (!w.alive) {
		controller_start();
		return;
	}
	for (int i = 0; i < GUESTS; i++)
		if (get(&w.guest[i].out, &message))
			hear(i, &message);
		else
			give_up(i);
	deed();
}

/* Runs */

static void act(enum crash who)
{
	w.acting = who;
	if (setjmp(dead))
		return;
	if (who == CONTROLLER)
		controller_turn();
	else
		agent_turn(who - AGENT_0);
}

static void turn(void)
{
	for (int i = 0; i < GUESTS; i++) {
		shuffle(&w.guest[i].in);
		shuffle(&w.guest[i].out);
		act(AGENT_0 + i);
	}
	act(CONTROLLER);
}

static bool rests_at(int to)
{
	enum pool_step wanted = to == POOL_NOBODY ? POOL_FREE : POOL_OWNED;
	bool there = to == POOL_NOBODY || w.guest[to].has;

	return w.alive && w.now.step == wanted && w.now.holder == to && there;
}

static void ask(int to)
{
	struct pool_segment next;

	w.acting = CONTROLLER;
	if (w.alive && !setjmp(dead) && !pool_ask(&w.now, to, &next))
		change(&next);
}

/* Somebody asks as long as it takes. */
static bool reach(int to)
{
	for (int i = 0; i < ROUNDS && !faults; i++) {
		if (rests_at(to))
			return true;
		ask(to);
		turn();
	}
	return false;
}

/* Returns how many steps it had. */
static int run(bool again, enum rest_of rest, int refusals)
{
	static const int way[] = { 0, 1, 0, POOL_NOBODY };

	memset(&w, 0, sizeof(w));
	w.saved = (struct pool_segment){ POOL_UNKNOWN, POOL_NOBODY, POOL_NOBODY };
	w.trace = 1;			/* of another time */
	w.again = again;
	w.rest = rest;
	w.guest[0].refusals = w.guest[1].refusals = refusals;
	for (unsigned int i = 0; i < 4; i++) {
		tap_context("crash %d before step %d, %d before %d; way %u, step %d",
			    plan[0].what, plan[0].at, plan[1].what, plan[1].at, i, w.steps);
		if (!reach(way[i])) {
			fault("it does not get there: %s, %d",
				 pool_step_name(w.now.step), w.now.holder);
			return w.steps;
		}
	}
	return w.steps;
}

static void one_crash(bool again, enum rest_of rest, int refusals)
{
	int steps;

	plan[0].at = plan[1].at = NEVER;
	steps = run(again, rest, refusals);
	for (plan[0].at = 1; plan[0].at <= steps; plan[0].at++)
		for (plan[0].what = 0; plan[0].what < CRASHES; plan[0].what++) {
			run(again, rest, refusals);
			if (faults)
				return;
		}
	if (steps < 40)
		fault("%d steps are not all", steps);
}

static void once(void)
{
	one_crash(false, UNDONE, 0);
	one_crash(false, DONE, 0);
}

static void with_copies(void)
{
	one_crash(true, UNDONE, 0);
	one_crash(true, DONE, 0);
}

static void with_refusals(void)
{
	one_crash(false, UNDONE, 2);
	one_crash(true, DONE, 1);
}

/* The second one within so many steps after the first: recovery is interrupted. */
#define NEAR	24

static void twice_from(int first, enum rest_of rest)
{
	plan[0].at = first;
	for (int k = 0; k < CRASHES * CRASHES; k++) {
		plan[0].what = k / CRASHES;
		plan[1].what = k % CRASHES;
		for (plan[1].at = first + 1; plan[1].at < first + NEAR; plan[1].at++) {
			run(first & 1, rest, 0);
			if (faults)
				return;
		}
	}
}

static void twice(void)
{
	int steps;

	plan[0].at = plan[1].at = NEVER;
	steps = run(true, DONE, 0);
	for (int first = 1; first <= steps && !faults; first++)
		twice_from(first, first & 2 ? DONE : UNDONE);
}

/* The test of the test: each kind of wrong program is found. */
static void is_not_blind(void)
{
	static const char *const names[WRONGS] = {
		"", "does not zero", "obeys any order", "believes any answer",
		"saves when it is done",
	};

	for (wrong = RIGHT + 1; wrong < WRONGS; wrong++) {
		faults = 0;
		one_crash(true, DONE, 1);
		if (!faults)
			tap_fail("nobody notices a program that %s", names[wrong]);
	}
	wrong = RIGHT;
	faults = 0;
}

static const struct tap_test tests[] = {
	{ "CTRL-10 there and back: a crash of either side before each step loses nothing",
	  once },
	{ "CTRL-10 ... and with all messages twice, and late", with_copies },
	{ "CTRL-10 ... and when guests refuse at first", with_refusals },
	{ "CTRL-10 ... and a second crash while the first is recovered from", twice },
	{ "CTRL-10 the model finds programs that are wrong", is_not_blind },
};

const TAP_SUITE(suite_pool_model, tests);
