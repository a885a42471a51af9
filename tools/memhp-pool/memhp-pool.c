// SPDX-License-Identifier: GPL-2.0-only
/*
 * memhp-pool: what an administrator sees of a pool, and asks of its controller.
 *
 * Owns:      nothing. To be killed does no harm: a move that was asked for goes on.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "link.h"
#include "wire.h"

#define WAIT_MS		30000
#define TURN_MS		50

struct session {
	struct link *link;
	struct wire ask;
	bool watches, terminal, asked, over;
	int status;
};

static void say_hello(void *arg)
{
	struct session *s = arg;
	char text[WIRE_MAX];

	if (s->ask.type != WIRE_ASK || s->asked)
		return;
	wire_write(&s->ask, text);
	link_say(s->link, "ask", text, false);
	s->asked = true;
}

static void show(struct session *s, const char *text, size_t length)
{
	if (s->watches && s->terminal)
		fputs("\033[H\033[J", stdout);
	fwrite(text, 1, length, stdout);
	if (s->watches && !s->terminal)
		putchar('\n');
	if (fflush(stdout))
		s->status = 1;
	s->over = !s->watches || s->status;
}

static void told(struct session *s, const struct wire *w)
{
	if (w->type != WIRE_TOLD || w->session != s->ask.session)
		return;
	if (w->error)
		fprintf(stderr, "memhp-pool: %s (%s)\n", w->text, strerror(-w->error));
	s->status = w->error ? 1 : 0;
	s->over = true;
}

static void heard(void *arg, const char *topic, const char *text, size_t length)
{
	struct session *s = arg;
	struct wire w;

	if (!strcmp(topic, "state"))
		show(s, text, length);
	else if (!wire_read(text, length, &w))
		told(s, &w);
}

static int talk(struct session *s, const struct link_options *options)
{
	static const char *const tables[] = { "state", NULL }, *const answers[] = { "told", NULL };
	const struct link_ears ears = { say_hello, heard, s };
	bool asks = s->ask.type == WIRE_ASK;
	uint64_t end = link_now() + s->ask.deadline + TURN_MS * 20;
	int err = link_open(options, &ears, asks ? answers : tables, NULL, &s->link);

	if (err) {
		fprintf(stderr, "memhp-pool: the broker: %s\n", strerror(-err));
		return 1;
	}
	while (!s->over && !link_refused(s->link) && (s->watches || link_now() < end))
		link_turn(s->link, TURN_MS);
	if (link_refused(s->link))
		fprintf(stderr, "memhp-pool: the broker refuses the user or password\n");
	else if (!s->over)
		fprintf(stderr, "memhp-pool: no answer in time: is the controller there?\n");
	link_close(s->link);
	return s->over ? s->status : 1;
}

static const char usage[] =
	"usage: memhp-pool -p POOL [option ...] list | watch | move SEGMENT GUEST |\n"
	"                  free SEGMENT\n"
	"\n"
	"  list      who has which segment\n"
	"  watch     the same, whenever it changes\n"
	"  move      give a segment to a guest, and wait until it has it\n"
	"  free      give it back to the pool\n"
	"\n"
	"  -t MS     how long to wait (default: 30000)\n"
	LINK_USAGE;

static int get_ask(struct session *s, const char *segment, const char *to)
{
	uint64_t number;

	if (!wire_number(segment, 0, WIRE_SEGMENTS - 1, &number) || !wire_name_valid(to))
		return -EINVAL;
	s->ask.type = WIRE_ASK;
	s->ask.segment = number;
	strcpy(s->ask.to, to);
	return getrandom(&s->ask.session, sizeof(s->ask.session), 0) < 0 ? -errno : 0;
}

static int get_command(struct session *s, int words, char **word)
{
	if (words == 1 && !strcmp(word[0], "list"))
		return 0;
	s->watches = words == 1 && !strcmp(word[0], "watch");
	if (s->watches)
		return 0;
	if (words == 3 && !strcmp(word[0], "move") && strcmp(word[2], "pool"))
		return get_ask(s, word[1], word[2]);
	if (words == 2 && !strcmp(word[0], "free"))
		return get_ask(s, word[1], "pool");
	return -EINVAL;
}

static int get_wait(struct session *s, const char *text)
{
	uint64_t ms = 0;
	bool good = wire_number(text, 1, 3600000, &ms);

	s->ask.deadline = ms;
	return good ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct link_options options = { .host = "localhost", .port = 1883 };
	struct session s = { .ask = { .type = WIRE_TYPES, .deadline = WAIT_MS } };
	int letter, err = 0;

	while (!err && (letter = getopt(argc, argv, "t:" LINK_OPTIONS)) != -1)
		err = letter == 't' ? get_wait(&s, optarg) :
		      link_option(&options, letter, optarg);
	if (err || !options.pool || get_command(&s, argc - optind, argv + optind)) {
		fputs(usage, stderr);
		return 2;
	}
	s.terminal = isatty(STDOUT_FILENO);
	return talk(&s, &options);
}
