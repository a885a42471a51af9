// SPDX-License-Identifier: GPL-2.0-only
/*
 * memhp-pool-agent: in a guest, attaches and detaches what the pool's controller says.
 *
 * Owns:      the order that it is at. One after the other; none twice, none of a controller
 *            or for an agent of before (fence_pass()).
 * Must not:  decide what the guest has, or keep it anywhere but in the kernel: after a
 *            crash, the next agent takes over there.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crash.h"
#include "guest.h"
#include "link.h"
#include "wire.h"

#define TURN_MS		1000
#define ORDERS		16	/* that wait; the controller has one at a time on its way */
#define LOCK_TRIES	20	/* tenths of a second for an agent before to be dead */

struct agent {
	struct link *link;
	struct guest guest;
	struct fence fence;
	struct wire waiting[ORDERS];
	unsigned int nr_waiting;
	struct wire last;		/* answer; term 0: none yet */
	char topic[32];
};

static const char *busy_with;
static volatile sig_atomic_t ended;

static void say(struct agent *a, const struct wire *w)
{
	char text[WIRE_MAX];

	wire_write(w, text);
	link_say(a->link, a->topic, text, false);
}

/* Who has lost the connection may have lost an answer with it. */
static void say_hello(void *arg)
{
	struct agent *a = arg;
	struct wire hello = { .type = WIRE_HELLO, .session = a->fence.session };

	say(a, &hello);
	if (a->last.term)
		say(a, &a->last);
}

static void heard(void *arg, const char *topic, const char *text, size_t length)
{
	struct agent *a = arg;
	struct wire w;

	if (wire_read(text, length, &w)) {
		fprintf(stderr, "a message at %s is not understood, and ignored\n", topic);
		return;
	}
	if (w.type == WIRE_CALL)
		say_hello(a);
	else if (w.type == WIRE_ORDER && a->nr_waiting < ORDERS)
		a->waiting[a->nr_waiting++] = w;
}

static void begun(void)
{
	crash_here("begun", busy_with);
}

static int obey_kind(struct agent *a, const struct wire *order)
{
	switch (order->kind) {
	case WIRE_ATTACH:
		return guest_attach(&a->guest, order->segment, begun);
	case WIRE_DETACH:
		return guest_detach(&a->guest, order->segment, order->deadline, begun);
	default:
		return 0;
	}
}

/* What was to be there is, or the other way round: else it did not go well. */
static int check(struct agent *a, const struct wire *order, uint64_t has)
{
	bool there = has >> order->segment & 1, wanted = order->kind == WIRE_ATTACH;

	if (order->kind == WIRE_LOOK || there == wanted)
		return 0;
	snprintf(a->guest.text, sizeof(a->guest.text), there ?
		 "another segment has its memory" : "it went away again");
	return there ? -EPERM : -EIO;
}

static int do_order(struct agent *a, const struct wire *order)
{
	int err = guest_shape(&a->guest, order->size, order->count);

	if (!err)
		err = guest_settle(&a->guest);
	return err ? err : obey_kind(a, order);
}

/*
 * An agent that cannot say what there is says nothing: the controller takes what an
 * answer says for true, but for that to an order to look that has an error.
 */
static void obey(struct agent *a, const struct wire *order)
{
	struct wire answer = { .type = WIRE_ANSWER, .session = order->session,
			       .term = order->term, .n = order->n };

	busy_with = wire_kind_name(order->kind);
	crash_here("got", busy_with);
	a->guest.text[0] = 0;
	answer.error = do_order(a, order);
	if (guest_has(&a->guest, &answer.has)) {
		fprintf(stderr, "cannot say what there is: %s\n", a->guest.text);
		return;
	}
	if (!answer.error)
		answer.error = check(a, order, answer.has);
	crash_here("done", busy_with);
	snprintf(answer.text, sizeof(answer.text), "%s", answer.error ? a->guest.text : "");
	a->last = answer;
	say(a, &answer);
	link_turn(a->link, 0);
	crash_here("answered", busy_with);
}

static void obey_waiting(struct agent *a)
{
	for (unsigned int i = 0; i < a->nr_waiting; i++) {
		struct wire order = a->waiting[i];
		int err = fence_pass(&a->fence, &order);

		if (!err)
			obey(a, &order);
		else
			fprintf(stderr, "an order of before is not obeyed\n");
	}
	a->nr_waiting = 0;
}

/* Start */

static const char usage[] =
	"usage: memhp-pool-agent -p POOL -n GUEST -a ADDRESS [option ...]\n"
	"\n"
	"Attaches segments of a pool that this guest has at a physical address, and detaches\n"
	"them, as the pool's controller says.\n"
	"\n"
	"  -n GUEST  what the controller calls this guest\n"
	"  -a ADDRESS where the pool begins\n"
	LINK_USAGE;

struct arguments {
	struct link_options link;
	const char *name;
	uint64_t start;
};

static int get_arguments(struct arguments *a, int argc, char **argv)
{
	int letter, err = 0;

	while (!err && (letter = getopt(argc, argv, "a:n:" LINK_OPTIONS)) != -1) {
		if (letter == 'a')
			err = memhp_size_parse(optarg, &a->start);
		else if (letter == 'n')
			a->name = optarg;
		else
			err = link_option(&a->link, letter, optarg);
	}
	if (err || optind != argc || !a->link.pool || !a->start)
		return -EINVAL;
	return a->name && wire_name_valid(a->name) ? 0 : -EINVAL;
}

/* One agent at a time: a name of a socket ends with the process, however that ends. */
static int lock(const char *pool)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = -EADDRINUSE, length;

	if (fd < 0)
		return -errno;
	/* it begins with a 0: no file */
	length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			  "memhp-pool-%s", pool);
	length += offsetof(struct sockaddr_un, sun_path) + 1;
	for (int i = 0; i < LOCK_TRIES && err == -EADDRINUSE; i++) {
		err = bind(fd, (struct sockaddr *)&address, length) ? -errno : 0;
		if (err)
			usleep(100000);
	}
	return err;
}

static int open_link(struct agent *a, const struct arguments *args)
{
	static char own[32], last_words[WIRE_MAX];
	static const char *const topics[] = { own, "call", NULL };
	const struct link_ears ears = { say_hello, heard, a };
	const struct link_words last = { a->topic, last_words, false };
	struct wire gone = { .type = WIRE_GONE, .session = a->fence.session };

	snprintf(own, sizeof(own), "to/%s", args->name);
	snprintf(a->topic, sizeof(a->topic), "from/%s", args->name);
	wire_write(&gone, last_words);
	return link_open(&args->link, &ears, topics, &last, &a->link);
}

static int start(struct agent *a, const struct arguments *args)
{
	int err = lock(args->link.pool);

	if (err) {
		fprintf(stderr, "memhp-pool-agent: %s\n", err == -EADDRINUSE ?
			"another one runs" : strerror(-err));
		return err;
	}
	a->guest.pool = args->link.pool;
	a->guest.start = args->start;
	err = guest_open(&a->guest);
	if (err) {
		fprintf(stderr, "memhp-pool-agent: %s\n", a->guest.text);
		return err;
	}
	if (getrandom(&a->fence.session, sizeof(a->fence.session), 0) < 0)
		return -errno;
	err = open_link(a, args);
	if (err)
		fprintf(stderr, "memhp-pool-agent: the broker: %s\n", strerror(-err));
	return err;
}

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

int main(int argc, char **argv)
{
	struct arguments args = { .link = { .host = "localhost", .port = 1883 } };
	static struct agent agent;

	if (get_arguments(&args, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGTERM, end);
	signal(SIGINT, end);
	if (start(&agent, &args))
		return 1;
	while (!ended && !link_refused(agent.link)) {
		link_turn(agent.link, TURN_MS);
		obey_waiting(&agent);
	}
	if (link_refused(agent.link))
		fprintf(stderr, "memhp-pool-agent: the broker refuses the user or password\n");
	link_close(agent.link);
	memhp_close(agent.guest.m);
	return !ended;
}
