// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node map as it is in the kernel, live.c itself, under threads: some change it, some
 * look for nodes. A sanitizer of threads watches; see live_kernel.h.
 *
 *	live-test [-x]
 *
 * MEMHP_CHANGES says how many changes each writer makes.
 */
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/node_map.h>

#include "live_kernel.h"
#include "../../../mm/node_map/internal.h"
#include "tap.h"

#define READERS	4		/* every other of them looks by a writer's word */
#define WRITERS	2
#define SLOTS	6		/* windows of a writer */
#define GIB	(1ULL << 30)
#define TIB	(1ULL << 40)
#define CHANGES	200

/* The initcalls of live.c. */
int node_map_publish_now(void);
int node_map_debugfs_now(void);

/* ---- in the kernel's place ---- */

static atomic_long in_use;
static long fail_in;		/* 1: the next allocation fails, 2: that after it; 0: none */

int live_say(const char *format, ...)
{
	(void)format;
	return 0;
}

void *live_alloc(size_t size)
{
	if (fail_in && !--fail_in)
		return NULL;
	atomic_fetch_add(&in_use, 1);
	return calloc(1, size + !size);
}

void *live_realloc(void *at, size_t size)
{
	if (!at)
		return live_alloc(size);
	return realloc(at, size);
}

void live_free(const void *at)
{
	if (at)
		atomic_fetch_sub(&in_use, 1);
	free((void *)at);
}

void *live_copy(const void *at, size_t size)
{
	void *copy = live_alloc(size);

	if (copy && size)
		memcpy(copy, at, size);
	return copy;
}

/* Odd while the reader is inside; each has a line of its own. */
static struct {
	_Alignas(64) atomic_ulong count;
} reader[READERS + 1];
static _Thread_local unsigned int me = READERS;

int live_rcu_begin(void)
{
	return atomic_fetch_add(&reader[me].count, 1);
}

void live_rcu_end(int *reading)
{
	(void)reading;
	atomic_fetch_add(&reader[me].count, 1);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	unsigned long count;

	for (int i = 0; i < READERS; i++) {
		count = atomic_load(&reader[i].count);
		while (count & 1 && atomic_load(&reader[i].count) == count)
			sched_yield();
	}
	func(head);
}

/* ---- what is known ---- */

/*
 * What a window's writer last said, times 64, and a number that grows with each change;
 * odd while it changes.
 */
static atomic_ulong said[WRITERS][SLOTS];
static atomic_bool done;
static atomic_long looks, sure, wrong;

static u64 window_at(int writer, int slot)
{
	return (slot + 1) * TIB + writer * 8 * GIB + 5 * NODE_UNIT;
}

static unsigned int draw(unsigned int *state, unsigned int below)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 16) % below;
}

static void count_look(bool good)
{
	atomic_fetch_add_explicit(&looks, 1, memory_order_relaxed);
	if (!good)
		atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
}

/* Where there is no window: the rule, if there is one, names nodes from here on. */
#define BY_RULE	10

static bool is_nobodys(int node)
{
	return node == NODE_UNKNOWN || node >= BY_RULE;
}

/* A writer's windows are of four nodes, which no other writer's are. */
static bool may_be(int writer, int node)
{
	return is_nobodys(node) || (node - 2) / 4 == writer;
}

static void look_anywhere(unsigned int *state)
{
	int writer = draw(state, WRITERS), slot = draw(state, SLOTS);
	u64 at = window_at(writer, slot) + draw(state, 1 << 18) * NODE_UNIT;

	count_look(may_be(writer, node_map_find(at)));
	count_look(node_map_find(GIB + draw(state, 1 << 30)) == 0);
	count_look(node_map_find(2 * GIB + draw(state, 1 << 30)) == 1);
	count_look(is_nobodys(node_map_find((16 + draw(state, 16)) * TIB)));
}

/* If nothing was said meanwhile, the answer is what was said last. */
static void look_by_word(unsigned int *state)
{
	int writer = draw(state, WRITERS), slot = draw(state, SLOTS), node, last;
	unsigned long before = atomic_load(&said[writer][slot]);

	node = node_map_find(window_at(writer, slot));
	if (before & 1 || atomic_load(&said[writer][slot]) != before)
		return;
	atomic_fetch_add_explicit(&sure, 1, memory_order_relaxed);
	last = (int)(before >> 1 & 31) - 1;
	count_look(last == NODE_UNKNOWN ? is_nobodys(node) : node == last);
}

static void *read_on(void *number)
{
	unsigned int state = me = (uintptr_t)number;

	while (!atomic_load_explicit(&done, memory_order_relaxed)) {
		if (me & 1)
			look_by_word(&state);
		else
			look_anywhere(&state);
		if (!draw(&state, 64))
			sched_yield();
	}
	return NULL;
}

/* ---- changes ---- */

static void say(int writer, int slot, int node)
{
	unsigned long old = atomic_load(&said[writer][slot]);

	if (node == -2)
		atomic_store(&said[writer][slot], old | 1);
	else
		atomic_store(&said[writer][slot],
			     ((old >> 6) + 1) << 6 | (unsigned long)(node + 1) << 1);
}

static int change_window(int writer, int slot, int node)
{
	u64 at = window_at(writer, slot);
	int err;

	say(writer, slot, -2);
	err = node_map_drop_window(at, GIB);
	if (!err && node != NODE_UNKNOWN)
		err = node_map_add_window(at, GIB, node);
	say(writer, slot, node);
	return err;
}

static int change_rule(unsigned int *state)
{
	struct node_rule rule = { 44, 1 + draw(state, 2), BY_RULE + draw(state, 3) };

	return node_map_set_rule(draw(state, 4) ? &rule : NULL);
}

static long nr_changes(void)
{
	const char *text = getenv("MEMHP_CHANGES");

	return text ? atol(text) : CHANGES;
}

static void *write_on(void *number)
{
	int writer = (uintptr_t)number, err;
	unsigned int state = writer + 77;
	long i;

	for (i = nr_changes(); i--;) {
		if (draw(&state, 8))
			err = change_window(writer, draw(&state, SLOTS),
					    draw(&state, 3) ? 2 + 4 * writer +
					    (int)draw(&state, 4) : NODE_UNKNOWN);
		else
			err = change_rule(&state);
		if (err)
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

/* ---- tests ---- */

static void claim(u64 start, int nid)
{
	const struct node_claim new = { start, GIB, nid, NODE_MEMORY, NODE_FROM_DT };
	struct window other;

	if (node_claims_add(node_map_boot_claims(), &new, &other))
		tap_fail("a claim is refused");
}

static void expect_boot(void)
{
	if (node_map_find(GIB) != 0 || node_map_find(3 * GIB - 1) != 1 ||
	    node_map_find(3 * GIB) != NODE_UNKNOWN)
		tap_fail("boot memory is of nodes %d and %d", node_map_find(GIB),
			 node_map_find(3 * GIB - 1));
}

/* Nothing asks for memory so often. */
#define ENOUGH	50

enum ending { AS_EVER, UNKNOWN, WRONG };

/* The kernel starts, and its first map cannot be made. */
static enum ending start_without(long failing)
{
	const struct node_rule rule = { 44, 1, 8 };
	struct node_rule other;
	long before;

	claim(GIB, 0);
	claim(2 * GIB, 1);
	node_claims_add_rule(node_map_boot_claims(), 0, 64 * TIB, &rule, NODE_FROM_DT);
	before = in_use;
	fail_in = failing;
	node_map_publish_now();
	fail_in = 0;
	if (node_map_find(GIB) == 0)
		return node_map_find(3 * GIB - 1) == 1 ? AS_EVER : WRONG;
	if (node_map_find(GIB) != NODE_UNKNOWN || node_map_find(0) != NODE_UNKNOWN ||
	    node_map_find(~0ULL) != NODE_UNKNOWN || node_map_get_rule(&other) ||
	    in_use != before)
		return WRONG;
	if (node_map_add_window(5 * GIB, GIB, 3) || node_map_find(5 * GIB) != 3 ||
	    node_map_find(GIB) != NODE_UNKNOWN)
		return WRONG;
	return UNKNOWN;
}

static void no_first_map(void)
{
	enum ending ending = UNKNOWN;
	int status;
	long k;

	for (k = 1; k < ENOUGH && ending == UNKNOWN && !tap_failed(); k++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid)
			_exit(start_without(k));
		if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
		    WEXITSTATUS(status) >= WRONG)
			tap_fail("allocation %ld fails: status %#x", k, status);
		else
			ending = WEXITSTATUS(status);
	}
	if (ending != AS_EVER || k < 3)
		tap_fail("after %ld allocations it still fails", k);
}

/* A change of the window at 40 TiB; all is as before until there is enough memory. */
static void change_without(int (*change)(void), int before, int after)
{
	long k, used = in_use;
	int err = -ENOMEM;

	for (k = 1; k < ENOUGH && err; k++) {
		fail_in = k;
		err = change();
		fail_in = 0;
		if (err && (err != -ENOMEM || in_use != used ||
			    node_map_find(40 * TIB) != before))
			tap_fail("allocation %ld fails: error %d, node %d, %ld more",
				 k, err, node_map_find(40 * TIB), in_use - used);
	}
	if (err || k < 4 || node_map_find(40 * TIB) != after)
		tap_fail("error %d after %ld allocations", err, k);
}

static int add_window(void)
{
	return node_map_add_window(40 * TIB, GIB, 7);
}

static int drop_window(void)
{
	return node_map_drop_window(40 * TIB, GIB);
}

static int set_rule(void)
{
	return node_map_set_rule(&(struct node_rule){ 40, 2, 3 });
}

static void no_change(void)
{
	change_without(add_window, NODE_UNKNOWN, 7);
	change_without(drop_window, 7, NODE_UNKNOWN);
	change_without(set_rule, NODE_UNKNOWN, 3);
	node_map_set_rule(NULL);
	expect_boot();
}

static void before_and_after(void)
{
	claim(GIB, 0);
	claim(2 * GIB, 1);
	expect_boot();
	if (node_map_publish_now() || node_map_debugfs_now())
		tap_fail("an initcall fails");
	expect_boot();
}

static void forget_all(void)
{
	for (int writer = 0; writer < WRITERS; writer++)
		for (int slot = 0; slot < SLOTS; slot++)
			change_window(writer, slot, NODE_UNKNOWN);
	node_map_set_rule(NULL);
}

static void start(pthread_t *thread, void *(*run)(void *), int number)
{
	if (pthread_create(thread, NULL, run, (void *)(uintptr_t)number))
		tap_fail("no thread");
}

static void torture(void)
{
	pthread_t readers[READERS], writers[WRITERS];
	long before;
	int i;

	forget_all();
	before = in_use;
	for (i = 0; i < READERS; i++)
		start(&readers[i], read_on, i);
	for (i = 0; i < WRITERS; i++)
		start(&writers[i], write_on, i);
	for (i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	done = true;
	for (i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	forget_all();
	expect_boot();
	printf("# %ld looks, %ld of them with an answer for sure, %ld wrong; %ld changes\n",
	       looks, sure, wrong, WRITERS * nr_changes());
	if (wrong || looks < 1000 || sure < 100)
		tap_fail("%ld of %ld looks are wrong", wrong, looks);
	if (in_use != before)
		tap_fail("%ld pieces of memory are lost", in_use - before);
}

static const struct tap_test tests[] = {
	{ "NUMA-05 without memory for the first map nothing is known, and windows can come",
	  no_first_map },
	{ "NUMA-04 answers are the same before and after the map is published",
	  before_and_after },
	{ "NUMA-06 NUMA-07 a change for which there is no memory is refused, all is as before",
	  no_change },
	{ "NUMA-05 threads look while others change the map: answers are right, no race, no leak",
	  torture },
};

static TAP_SUITE(suite_live, tests);

int main(int argc, char **argv)
{
	static const struct tap_suite *const suites[] = { &suite_live, NULL };

	return tap_main(suites, NULL, argc > 1 && !strcmp(argv[1], "-x"));
}
