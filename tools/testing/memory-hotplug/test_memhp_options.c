// SPDX-License-Identifier: GPL-2.0-only
/* Command lines of memhp. */
#include <errno.h>
#include <string.h>

#include "options.h"
#include "tap.h"

#define UUID	"5e3b8f0a-7a41-4c8e-9d3e-5b7d2f6a1c09"
#define GIB	(1ull << 30)

static struct options o;
static char why[256];

/* Words that a blank divides; "''" is an empty one. */
static int parse(const char *line)
{
	static char text[2048];
	char *argv[80] = { "memhp" }, *word;
	int argc = 1;

	tap_context("%s", line);
	strcpy(text, line);
	for (word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "''") ? word : "";
	return parse_options(argc, argv, &o, why, sizeof(why));
}

static void good(const char *line)
{
	if (parse(line))
		tap_fail("refused: %s", why);
}

static void defaults(void)
{
	good("list");
	if (o.command != COMMAND_LIST || o.json || o.human || o.verbose || o.has_uuid ||
	    o.owner || o.policy != -1 || o.node != MEMHP_ANY_NODE ||
	    o.window != MEMHP_ANY_PLACE || o.timeout_ms != DEFAULT_TIMEOUT ||
	    o.deadline_ms != MEMHP_DEFAULT_DEADLINE_MS || o.change.bytes)
		tap_fail("something is set");
	good("-j list -u --verbose");
	if (!o.json || !o.human || !o.verbose)
		tap_fail("something is not set");
}

static void attach(void)
{
	good("attach --owner=me -p online-kernel --node 3 -w 0x100000000 --memmap outside"
	     " --uuid " UUID " --cookie 0xff --no-wait 1G 0x80000000+128M"
	     " 0x90000000-0x97ffffff");
	if (strcmp(o.owner, "me") || o.policy != MEMHP_POLICY_ONLINE_KERNEL ||
	    o.node != 3 || o.window != 4 * GIB || o.memmap != MEMHP_MEMMAP_OUTSIDE ||
	    !o.has_uuid || o.uuid[0] != 0x5e || o.cookie != 255 || !o.no_wait)
		tap_fail("an option");
	if (o.nr_ranges != 3 || o.range[0].start != MEMHP_ANY_PLACE ||
	    o.range[0].size != GIB || o.range[1].start != 2 * GIB ||
	    o.range[1].size != GIB / 8 || o.range[2].start != 0x90000000 ||
	    o.range[2].size != GIB / 8)
		tap_fail("a range");
}

static void distances(void)
{
	good("attach -n 2 --distance 0:30 --distance=1:40:255 1G");
	if (o.nr_distances != 2 || o.distance[0].node || o.distance[0].to != 30 ||
	    o.distance[0].from != 30 || o.distance[1].node != 1 ||
	    o.distance[1].to != 40 || o.distance[1].from != 255)
		tap_fail("a distance");
	good("attach 1G");
	if (o.nr_distances)
		tap_fail("distances that were not named");
}

static void others(void)
{
	good("detach -d 1500ms -r 0x80000000+128M " UUID);
	if (o.deadline_ms != 1500 || !o.has_part || o.part.start != 2 * GIB)
		tap_fail("detach");
	good("policy " UUID " offline");
	if (o.policy != MEMHP_POLICY_OFFLINE || !o.has_uuid)
		tap_fail("policy");
	good("policy " UUID);
	if (o.policy != -1)
		tap_fail("a policy that was not named");
	good("quota me --bytes 1G --pending none --segments 5 --metadata 0");
	if (!o.change.bytes || *o.change.bytes != GIB || *o.change.segments != 5 ||
	    *o.change.pending != MEMHP_NO_LIMIT || *o.change.metadata)
		tap_fail("quota");
	good("quota me --bytes 1G");
	if (o.change.segments || o.change.pending || o.change.metadata)
		tap_fail("a limit that was not named");
	good("watch -c 5 -t 2m --progress");
	if (o.count != 5 || o.timeout_ms != 120000 || !o.progress)
		tap_fail("watch");
	good("-v topology --svg --root x -- y");
	if (o.nr_rest != 5 || strcmp(o.rest[0], "--svg") || strcmp(o.rest[4], "y"))
		tap_fail("the words of topology are its own");
	good("quota -- -me");
	if (strcmp(o.owner, "-me"))
		tap_fail("what is behind -- is no option");
}

#define FOUR	" --distance 0:20 --distance 0:20 --distance 0:20 --distance 0:20"
#define SIXTEEN	FOUR FOUR FOUR FOUR

static void wrong(void)
{
	static const char *const lines[] = {
		"", "''", "lists", "-", "--", "--json", "list --jso", "list -jv", "list ---json",
		"list --json=", "list --json=1", "list x", "list " UUID " " UUID,
		"windows 1", "watch 1", "audit 1", "abort", "abort 1", "abort --json " UUID,
		"detach", "detach -d " UUID, "detach -d 0 " UUID, "detach -d 5h " UUID,
		"detach -d -5 " UUID, "detach -d 99999999999 " UUID, "detach -d '' " UUID,
		"detach -r 128M " UUID, "detach -r 0x80000000 " UUID, "detach -r x " UUID,
		"detach -p offline " UUID, "policy", "policy offline", "policy " UUID " on",
		"policy " UUID " offline offline", "policy " UUID " unknown",
		"quota --bytes 1G", "quota me you", "quota me --bytes", "quota me --bytes -1",
		"quota me --bytes ''", "quota ''", "attach", "attach -o me", "attach 0",
		"attach +", "attach 1+", "attach +1", "attach 1+0", "attach 1-", "attach 2-1",
		"attach 0-0xffffffffffffffff", "attach 0xffffffffffffffff+1M", "attach 1+2+3",
		"attach 1--2", "attach 128M -n", "attach -n x 1M", "attach -n 2147483648 1M",
		"attach -n -1 1M", "attach -w 0xffffffffffffffff 1M", "attach -w x 1M",
		"attach --uuid x 1M", "attach --uuid " UUID " --uuid " UUID " 1M",
		"attach --memmap unknown 1M", "attach -p '' 1M", "attach -o '' 1M",
		"attach --cookie x 1M", "attach -d 5s 1M", "attach --all 1M",
		"attach -o 0123456789012345678901234567890123 1M",
		"attach 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "watch -c x", "watch -t 0",
		"watch -t 36000m", "audit -f", "-o me list",
		"attach --distance 0:30 1G", "attach -n 2 --distance 30 1G",
		"attach -n 2 --distance 0: 1G", "attach -n 2 --distance :30 1G",
		"attach -n 2 --distance 0:30: 1G", "attach -n 2 --distance 0:30:40:50 1G",
		"attach -n 2 --distance 0:x 1G", "attach -n 2 --distance -1:30 1G",
		"attach -n 2 --distance '' 1G", "attach -n 2 --distance 0:0 1G",
		"attach -n 2 --distance 0:30:0 1G", "attach -n 2 --distance 0:4294967326 1G",
		"attach -n 2 --distance", "list --distance 0:30",
		"attach 1 -n 1" SIXTEEN " --distance 1:20",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (parse(lines[i]) != -EINVAL || !*why || strlen(why) < 12)
			tap_fail("taken, or nothing is said of it: '%s'", why);
}

static void help(void)
{
	good("--help");
	good("-V");
	good("attach --help");
	if (!o.help || o.command != COMMAND_ATTACH)
		tap_fail("no help");
}

/* What is said of a word fits, however long it is. */
static void long_words(void)
{
	static char word[5000] = "--";
	char *argv[] = { "memhp", "list", word };

	memset(word + 2, 'x', sizeof(word) - 3);
	memset(why, 'y', sizeof(why));
	if (parse_options(3, argv, &o, why, 64) != -EINVAL || strlen(why) != 63 ||
	    why[64] != 'y')
		tap_fail("%zu bytes were written", strlen(why));
	argv[2] = word + 2;
	if (parse_options(3, argv, &o, why, sizeof(why)) != -EINVAL)
		tap_fail("taken");
	argv[1] = "attach";
	if (parse_options(3, argv, &o, why, sizeof(why)) != -EINVAL)
		tap_fail("taken");
}

static void times(void)
{
	static const struct {
		const char *text;
		int err;
		uint32_t msec;
	} cases[] = {
		{ "5", 0, 5000 }, { "5s", 0, 5000 }, { "1500ms", 0, 1500 }, { "2m", 0, 120000 },
		{ "0", 0, 0 }, { "4294967295ms", 0, UINT32_MAX },
		{ "4294967296ms", -ERANGE, 0 }, { "4294968", -ERANGE, 0 },
		{ "71583m", -ERANGE, 0 }, { "99999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "s", -EINVAL, 0 }, { "5 s", -EINVAL, 0 },
		{ "1h", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "0x5", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t msec = 0;
		int err = parse_time(cases[i].text, &msec);

		tap_context("\"%s\"", cases[i].text);
		if (err != cases[i].err || (!err && msec != cases[i].msec))
			tap_fail("%d, %u", err, msec);
	}
}

static const struct tap_test tests[] = {
	{ "CTRL-09 a command line that says little leaves all as usual", defaults },
	{ "CTRL-09 what attach is told is understood", attach },
	{ "CTRL-02 CTRL-09 distances that attach is told are understood", distances },
	{ "CTRL-09 what other commands are told is understood", others },
	{ "CTRL-09 command lines that are wrong are refused, with a reason", wrong },
	{ "CTRL-09 help needs no other words", help },
	{ "CTRL-09 words of any length are refused, and what is said is cut", long_words },
	{ "CTRL-09 times are read with their units, and nothing else is a time", times },
};

TAP_SUITE(suite_memhp_options, tests);
