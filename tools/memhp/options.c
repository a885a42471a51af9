// SPDX-License-Identifier: GPL-2.0-only
/* The command line of memhp. See options.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "options.h"

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))
#define BIT(command)	(1u << (command))
#define EVERY		(~BIT(COMMAND_TOPOLOGY))
#define LONG_WORK	(BIT(COMMAND_DETACH) | BIT(COMMAND_POLICY))

/* What is being understood, and where to say what is wrong with it. */
struct parser {
	char **word, **end;
	struct options *o;
	char *why;
	size_t room;
};

static int wrong(struct parser *p, const char *word, const char *why)
{
	snprintf(p->why, p->room, "%s: %s", word, why);
	return -EINVAL;
}

/* Values */

int parse_time(const char *text, uint32_t *msec)
{
	uint64_t value = 0, factor = 1000;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + *at - '0';
		if (value > UINT32_MAX)
			return -ERANGE;
	}
	if (at == text)
		return -EINVAL;
	if (!strcmp(at, "ms"))
		factor = 1;
	else if (!strcmp(at, "m"))
		factor = 60000;
	else if (*at && strcmp(at, "s"))
		return -EINVAL;
	if (value > UINT32_MAX / factor)
		return -ERANGE;
	*msec = value * factor;
	return 0;
}

/* A size that ends where @end is; NULL: at the end of the text. */
static int part_size(const char *text, const char *end, uint64_t *value)
{
	char part[32];
	size_t length = end ? (size_t)(end - text) : strlen(text);

	if (length >= sizeof(part))
		return -EINVAL;
	memcpy(part, text, length);
	part[length] = '\0';
	return memhp_size_parse(part, value);
}

static int parse_from_to(const char *text, const char *dash,
			 struct memhp_range *range)
{
	uint64_t last;
	int err = part_size(text, dash, &range->start);

	if (!err)
		err = part_size(dash + 1, NULL, &last);
	if (err)
		return err;
	if (last < range->start || (!range->start && last == UINT64_MAX))
		return -EINVAL;
	range->size = last - range->start + 1;
	return 0;
}

int parse_range(const char *text, struct memhp_range *range)
{
	const char *plus = strchr(text, '+'), *dash = strchr(text, '-');
	int err = 0;

	if (dash)
		return parse_from_to(text, dash, range);
	range->start = MEMHP_ANY_PLACE;
	if (plus)
		err = part_size(text, plus, &range->start);
	if (!err)
		err = part_size(plus ? plus + 1 : text, NULL, &range->size);
	if (err)
		return err;
	if (plus && range->start == MEMHP_ANY_PLACE)
		return -ERANGE;
	return range->size ? 0 : -EINVAL;
}

/* Decimal digits up to a colon, which is taken too, or to the end. */
static int take_number(const char **text, uint32_t *value)
{
	const char *at = *text;

	for (*value = 0; *at >= '0' && *at <= '9'; at++) {
		if (*value > (INT32_MAX - 9) / 10)
			return -EINVAL;
		*value = *value * 10 + *at - '0';
	}
	if (at == *text || (*at && *at != ':'))
		return -EINVAL;
	*text = *at ? at + 1 : NULL;
	return 0;
}

int parse_distance(const char *text, struct memhp_distance *distance)
{
	int err = take_number(&text, &distance->node);

	if (!err)
		err = text ? take_number(&text, &distance->to) : -EINVAL;
	distance->from = distance->to;
	if (!err && text)
		err = take_number(&text, &distance->from);
	if (err || text || !distance->to || !distance->from)
		return -EINVAL;
	return 0;
}

static int get_limit(struct parser *p, const char *name, const char *text,
		     uint64_t *value, const uint64_t **set)
{
	int err = 0;

	if (!strcmp(text, "none"))
		*value = MEMHP_NO_LIMIT;
	else
		err = memhp_size_parse(text, value);
	*set = value;
	return err ? wrong(p, name, "a size is wanted, as 128M or none") : 0;
}

static int get_number(struct parser *p, const char *name, const char *text,
		      uint64_t most, uint64_t *value)
{
	if (memhp_size_parse(text, value) || *value > most)
		return wrong(p, name, "a number is wanted");
	return 0;
}

static int get_time(struct parser *p, const char *name, const char *text,
		    uint32_t *msec)
{
	if (parse_time(text, msec) || !*msec)
		return wrong(p, name, "a time is wanted, as 500ms, 5s or 2m, and not 0");
	return 0;
}

static int get_uuid(struct parser *p, const char *text)
{
	if (p->o->has_uuid)
		return wrong(p, text, "one uuid is enough");
	if (memhp_uuid_parse(text, p->o->uuid))
		return wrong(p, text, "that is no uuid; memhp list shows those there are");
	p->o->has_uuid = true;
	return 0;
}

static int get_policy(struct parser *p, const char *text)
{
	p->o->policy = memhp_policy_parse(text);
	if (p->o->policy >= 0)
		return 0;
	return wrong(p, text,
		     "there are offline, online, online_kernel, online_movable");
}

/* Options */

enum option {
	OPTION_HELP, OPTION_VERSION, OPTION_JSON, OPTION_HUMAN, OPTION_VERBOSE,
	OPTION_NO_WAIT, OPTION_PROGRESS, OPTION_ALL,
	/* with a value */
	OPTION_UUID, OPTION_OWNER, OPTION_COOKIE, OPTION_WINDOW, OPTION_NODE,
	OPTION_POLICY, OPTION_MEMMAP, OPTION_RANGE, OPTION_DEADLINE, OPTION_TIMEOUT,
	OPTION_COUNT, OPTION_FILE, OPTION_BYTES, OPTION_SEGMENTS, OPTION_PENDING,
	OPTION_METADATA, OPTION_DISTANCE,
};

struct rule {
	const char *name;
	char letter;
	unsigned int commands;
};

static const struct rule rules[] = {
	[OPTION_HELP]	  = { "help",	  'h', EVERY },
	[OPTION_VERSION]  = { "version",  'V', EVERY },
	[OPTION_JSON]	  = { "json",	  'j', EVERY & ~BIT(COMMAND_ABORT) },
	[OPTION_HUMAN]	  = { "human",	  'u', EVERY & ~BIT(COMMAND_ABORT) },
	[OPTION_VERBOSE]  = { "verbose",  'v', EVERY },
	[OPTION_NO_WAIT]  = { "no-wait",  0,
			      BIT(COMMAND_ATTACH) },
	[OPTION_PROGRESS] = { "progress", 0, BIT(COMMAND_WATCH) },
	[OPTION_ALL]	  = { "all",	  'a', BIT(COMMAND_AUDIT) },
	[OPTION_UUID]	  = { "uuid",	  0, BIT(COMMAND_ATTACH) },
	[OPTION_OWNER]	  = { "owner",	  'o', BIT(COMMAND_ATTACH) | BIT(COMMAND_LIST) },
	[OPTION_COOKIE]	  = { "cookie",	  0, BIT(COMMAND_ATTACH) },
	[OPTION_WINDOW]	  = { "window",	  'w', BIT(COMMAND_ATTACH) },
	[OPTION_NODE]	  = { "node",	  'n', BIT(COMMAND_ATTACH) },
	[OPTION_POLICY]	  = { "policy",	  'p', BIT(COMMAND_ATTACH) },
	[OPTION_MEMMAP]	  = { "memmap",	  0, BIT(COMMAND_ATTACH) },
	[OPTION_RANGE]	  = { "range",	  'r', BIT(COMMAND_DETACH) },
	[OPTION_DEADLINE] = { "deadline", 'd', LONG_WORK },
	[OPTION_TIMEOUT]  = { "timeout",  't', BIT(COMMAND_WATCH) },
	[OPTION_COUNT]	  = { "count",	  'c', BIT(COMMAND_WATCH) },
	[OPTION_FILE]	  = { "file",	  'f', BIT(COMMAND_AUDIT) },
	[OPTION_BYTES]	  = { "bytes",	  0, BIT(COMMAND_QUOTA) },
	[OPTION_SEGMENTS] = { "segments", 0, BIT(COMMAND_QUOTA) },
	[OPTION_PENDING]  = { "pending",  0, BIT(COMMAND_QUOTA) },
	[OPTION_METADATA] = { "metadata", 0, BIT(COMMAND_QUOTA) },
	[OPTION_DISTANCE] = { "distance", 0, BIT(COMMAND_ATTACH) },
};

static void set_flag(struct options *o, enum option option)
{
	switch (option) {
	case OPTION_HELP:
		o->help = true;
		break;
	case OPTION_VERSION:
		o->version = true;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	case OPTION_HUMAN:
		o->human = true;
		break;
	case OPTION_VERBOSE:
		o->verbose = true;
		break;
	case OPTION_NO_WAIT:
		o->no_wait = true;
		break;
	case OPTION_PROGRESS:
		o->progress = true;
		break;
	default:
		o->all = true;
	}
}

static int set_quota(struct parser *p, enum option option, const char *text)
{
	const char *name = rules[option].name;
	struct options *o = p->o;

	switch (option) {
	case OPTION_BYTES:
		return get_limit(p, name, text, &o->bytes, &o->change.bytes);
	case OPTION_SEGMENTS:
		return get_limit(p, name, text, &o->segments, &o->change.segments);
	case OPTION_PENDING:
		return get_limit(p, name, text, &o->pending, &o->change.pending);
	default:
		return get_limit(p, name, text, &o->metadata, &o->change.metadata);
	}
}

static int set_owner(struct parser *p, const char *text)
{
	if (!*text || strlen(text) > MEMHP_OWNER_LEN)
		return wrong(p, "owner", "a name of 1 to 31 bytes is wanted");
	p->o->owner = text;
	return 0;
}

static int set_node(struct parser *p, const char *text)
{
	uint64_t node;
	int err = get_number(p, "node", text, INT32_MAX, &node);

	if (!err)
		p->o->node = node;
	return err;
}

static int set_distance(struct parser *p, const char *text)
{
	struct options *o = p->o;

	if (o->nr_distances == MEMHP_MAX_DISTANCES)
		return wrong(p, text, "a node gets 16 distances at most");
	if (parse_distance(text, &o->distance[o->nr_distances++]))
		return wrong(p, text, "NODE:TO or NODE:TO:FROM is wanted, as 0:30");
	return 0;
}

static int set_memmap(struct parser *p, const char *text)
{
	p->o->memmap = memhp_memmap_parse(text);
	return p->o->memmap < 0 ?
	       wrong(p, text, "there are any, outside, inside") : 0;
}

static int set_part(struct parser *p, const char *text)
{
	p->o->has_part = true;
	if (parse_range(text, &p->o->part) || p->o->part.start == MEMHP_ANY_PLACE)
		return wrong(p, text, "ADDRESS+SIZE or FIRST-LAST is wanted");
	return 0;
}

static int set_timeout(struct parser *p, const char *text)
{
	uint32_t msec;
	int err = get_time(p, "timeout", text, &msec);

	if (!err && msec > INT32_MAX)
		return wrong(p, "timeout", "24 days at most");
	if (!err)
		p->o->timeout_ms = msec;
	return err;
}

static int set_value(struct parser *p, enum option option, const char *text)
{
	struct options *o = p->o;

	switch (option) {
	case OPTION_UUID:
		return get_uuid(p, text);
	case OPTION_OWNER:
		return set_owner(p, text);
	case OPTION_COOKIE:
		return get_number(p, "cookie", text, UINT64_MAX, &o->cookie);
	case OPTION_WINDOW:
		return get_number(p, "window", text, MEMHP_ANY_PLACE - 1,
				  &o->window);
	case OPTION_NODE:
		return set_node(p, text);
	case OPTION_POLICY:
		return get_policy(p, text);
	case OPTION_MEMMAP:
		return set_memmap(p, text);
	case OPTION_RANGE:
		return set_part(p, text);
	case OPTION_DISTANCE:
		return set_distance(p, text);
	case OPTION_DEADLINE:
		return get_time(p, "deadline", text, &o->deadline_ms);
	case OPTION_TIMEOUT:
		return set_timeout(p, text);
	case OPTION_COUNT:
		return get_number(p, "count", text, UINT64_MAX, &o->count);
	case OPTION_FILE:
		o->file = text;
		return 0;
	default:
		return set_quota(p, option, text);
	}
}

static const struct rule *find_rule(const char *word, size_t length)
{
	const struct rule *r;

	for (r = rules; r < rules + COUNT(rules); r++) {
		if (word[1] != '-' && word[1] == r->letter && r->letter && length == 2)
			return r;
		if (word[1] == '-' && strlen(r->name) == length - 2 &&
		    !strncmp(word + 2, r->name, length - 2))
			return r;
	}
	return NULL;
}

static int take_option(struct parser *p)
{
	const char *word = *p->word++, *value = strchr(word, '=');
	size_t length = value ? (size_t)(value - word) : strlen(word);
	const struct rule *r = find_rule(word, length);

	if (!r)
		return wrong(p, word, "no such option");
	if (!(r->commands & BIT(p->o->command)))
		return wrong(p, word, "that is not for this command");
	if (r - rules < OPTION_UUID) {
		if (value)
			return wrong(p, word, "it takes no value");
		set_flag(p->o, r - rules);
		return 0;
	}
	if (!value && p->word == p->end)
		return wrong(p, word, "a value is missing");
	return set_value(p, r - rules, value ? value + 1 : *p->word++);
}

/* Words */

static const char *const names[NR_COMMANDS] = {
	"", "windows", "list", "attach", "detach", "abort", "watch", "topology",
	"audit", "policy", "quota",
};

const char *command_name(enum command command)
{
	return names[command];
}

static int take_command(struct parser *p)
{
	const char *word = *p->word++;
	unsigned int i;

	for (i = 1; i < NR_COMMANDS; i++)
		if (!strcmp(word, names[i]))
			p->o->command = i;
	return p->o->command ? 0 : wrong(p, word, "no such command");
}

static int take_range(struct parser *p, const char *word)
{
	struct options *o = p->o;
	int err;

	if (o->nr_ranges == MEMHP_MAX_RANGES)
		return wrong(p, word, "a segment has 16 ranges at most");
	err = parse_range(word, &o->range[o->nr_ranges++]);
	return err ? wrong(p, word, "SIZE, ADDRESS+SIZE or FIRST-LAST is wanted") : 0;
}

static int take_word(struct parser *p)
{
	const char *word = *p->word++;

	switch (p->o->command) {
	case COMMAND_ATTACH:
		return take_range(p, word);
	case COMMAND_LIST:
	case COMMAND_DETACH:
	case COMMAND_ABORT:
		return get_uuid(p, word);
	case COMMAND_POLICY:
		if (p->o->has_uuid && p->o->policy < 0)
			return get_policy(p, word);
		return get_uuid(p, word);
	case COMMAND_QUOTA:
		if (!p->o->owner)
			return set_owner(p, word);
		break;
	default:
		break;
	}
	return wrong(p, word, "one word too many");
}

/* Is all there that the command needs? */
static int check(struct parser *p)
{
	const struct memhp_quota_change *c = &p->o->change;
	struct options *o = p->o;
	bool changes = c->bytes || c->segments || c->pending || c->metadata;
	bool names_one = BIT(o->command) & (LONG_WORK | BIT(COMMAND_ABORT));

	if (o->help || o->version)
		return 0;
	if (!o->command)
		return wrong(p, "memhp", "name a command");
	if (names_one && !o->has_uuid)
		return wrong(p, names[o->command], "name a segment by its uuid");
	if (o->command == COMMAND_ATTACH && !o->nr_ranges)
		return wrong(p, "attach", "how much? SIZE is missing");
	if (o->nr_distances && o->node == MEMHP_ANY_NODE)
		return wrong(p, "attach", "distances of which node? --node is missing");
	if (o->command == COMMAND_QUOTA && changes && !o->owner)
		return wrong(p, "quota", "whose? OWNER is missing");
	return 0;
}

static void set_defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->window = MEMHP_ANY_PLACE;
	o->node = MEMHP_ANY_NODE;
	o->policy = -1;
	o->memmap = -1;
	o->deadline_ms = MEMHP_DEFAULT_DEADLINE_MS;
	o->timeout_ms = DEFAULT_TIMEOUT;
}

static void take_rest(struct parser *p)
{
	p->o->rest = p->word;
	p->o->nr_rest = p->end - p->word;
	p->word = p->end;
}

static int take_next(struct parser *p, bool *plain)
{
	const char *word = *p->word;

	if (!*plain && !strcmp(word, "--")) {
		*plain = true;
		p->word++;
		return 0;
	}
	if (!*plain && word[0] == '-' && word[1])
		return take_option(p);
	return p->o->command ? take_word(p) : take_command(p);
}

int parse_options(int argc, char **argv, struct options *o, char *why, size_t room)
{
	struct parser p = { argv + 1, argv + argc, o, why, room };
	bool plain = false;
	int err = 0;

	set_defaults(o);
	why[0] = '\0';
	while (!err && p.word < p.end) {
		err = take_next(&p, &plain);
		if (o->command == COMMAND_TOPOLOGY)
			take_rest(&p);
	}
	return err ? err : check(&p);
}

/* Help */

static const struct {
	const char *words, *does;
} helps[NR_COMMANDS] = {
	[COMMAND_WINDOWS] = { "", "where memory may appear" },
	[COMMAND_LIST]	  = { "[-o OWNER] [UUID]", "segments" },
	[COMMAND_ATTACH]  = { "[-o OWNER] [--uuid UUID] [-n NODE] [-p POLICY] "
			      "[-w WINDOW]\n\t\t[--memmap PLACE] [--cookie N] [--no-wait] "
			      "[--distance NODE:TO[:FROM]] ...\n\t\tRANGE ...",
			      "attach memory" },
	[COMMAND_DETACH]  = { "[-d TIME] [-r RANGE] UUID", "take memory away" },
	[COMMAND_ABORT]	  = { "UUID", "call off what is under way" },
	[COMMAND_WATCH]	  = { "[--progress] [-c COUNT] [-t TIME]", "show events" },
	[COMMAND_TOPOLOGY] = { "[--json | --svg] ...", "nodes: memhp-topology(8)" },
	[COMMAND_AUDIT]	  = { "[-a] [-f FILE]",
			      "what boot holds of hotpluggable memory" },
	[COMMAND_POLICY]  = { "[-d TIME] UUID [POLICY]", "what becomes of memory" },
	[COMMAND_QUOTA]	  = { "[OWNER [--bytes N] [--segments N] [--pending N] "
			      "[--metadata N]]", "what owners may have" },
};

static void put_help(enum command command, FILE *out)
{
	fprintf(out, "  memhp %s %s\n\t\t%s\n", names[command],
		helps[command].words, helps[command].does);
}

void put_usage(enum command command, FILE *out)
{
	int i;

	fputs("usage: memhp [-j] [-u] [-v] COMMAND ...\n", out);
	if (command) {
		put_help(command, out);
		return;
	}
	for (i = 1; i < NR_COMMANDS; i++)
		put_help(i, out);
	fputs("RANGE is SIZE, ADDRESS+SIZE or FIRST-LAST; TIME is 500ms, 5s or 2m.\n"
	      "-j, --json: for programs; -u, --human: units in that, too; -v: more.\n",
	      out);
}
