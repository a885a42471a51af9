// SPDX-License-Identifier: GPL-2.0-only
/* The ledger of boot's reservations. See reservations.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reservations.h"

#define LONGEST	256

/* The next line, cut off if it is longer; false at the end. */
static bool next_line(const char **text, char line[LONGEST])
{
	size_t length = strcspn(*text, "\n");

	if (!**text)
		return false;
	snprintf(line, LONGEST, "%.*s", (int)(length < LONGEST ? length : LONGEST - 1),
		 *text);
	*text += length + ((*text)[length] == '\n');
	return true;
}

/* One of two words, else -1. */
static int which(const char *word, const char *no, const char *yes)
{
	return !strcmp(word, yes) ? 1 : !strcmp(word, no) ? 0 : -1;
}

static int parse_one(const char *line, struct reservation *r)
{
	char state[16], memory[16];
	int held, hotpluggable;

	if (sscanf(line, "0x%" SCNx64 " 0x%" SCNx64 " %15s %15s %15s %127s",
		   &r->start, &r->last, r->kind, state, memory, r->owner) != 6 ||
	    r->last < r->start)
		return -EINVAL;
	held = which(state, "returned", "held");
	hotpluggable = which(memory, "fixed", "hotpluggable");
	if (held < 0 || hotpluggable < 0)
		return -EINVAL;
	r->held = held;
	r->hotpluggable = hotpluggable;
	return 0;
}

struct ledger_list {
	struct reservation *at;
	int nr;
};

static int add(struct ledger_list *list, const struct reservation *r)
{
	struct reservation *more = realloc(list->at, (list->nr + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	list->at = more;
	more[list->nr++] = *r;
	return 0;
}

/* 1: it was the last one. */
static int take_line(const char *line, bool all, struct ledger_list *list,
		     struct ledger_end *end)
{
	struct reservation r;
	int err;

	if (sscanf(line, "# forgotten %" SCNu64 " lost %" SCNu64,
		   &end->forgotten, &end->lost) == 2)
		return 1;
	if (line[0] == '#')
		return 0;
	err = parse_one(line, &r);
	if (err || !(all || (r.held && r.hotpluggable)))
		return err;
	return add(list, &r);
}

int parse_reservations(const char *text, bool all, struct reservation **list,
		       struct ledger_end *end, int *number)
{
	struct ledger_list found = { NULL, 0 };
	char line[LONGEST];
	int got = 0;

	*end = (struct ledger_end){ 0, 0 };
	*list = NULL;
	for (*number = 1; !got && next_line(&text, line); ++*number)
		got = take_line(line, all, &found, end);
	if (got == 1 && !*text) {
		*list = found.at;
		return found.nr;
	}
	*number -= got < 0;
	free(found.at);
	return got < 0 ? got : -EINVAL;
}
