// SPDX-License-Identifier: GPL-2.0-only
/* What memhp prints of what is made up, to the letter; and the ledger that audit reads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"
#include "tap.h"

static const struct memhp_segment segment = {
	.uuid = { [15] = 7 }, .owner = "a\"b\\\x1b", .cookie = 255,
	.range = { { 0x80000000, 1 << 27 }, { 0x90000000, 1 << 28 } }, .nr_ranges = 2,
	.node = 1, .policy = MEMHP_POLICY_ONLINE_MOVABLE, .memmap = MEMHP_MEMMAP_OUTSIDE,
	.state = MEMHP_STATE_ATTACHED, .usage = MEMHP_USAGE_MIXED, .orphan = 1,
	.error = -ETIMEDOUT, .size = 3ull << 27, .done = 5, .seq = 12, .text = "late",
	.blocker = { { 0x80034, 2, MEMHP_BLOCKER_KIND_PINNED, 3, 4 } }, .nr_blockers = 1,
};

static const char json_of_segment[] =
	"{\"uuid\": \"00000000-0000-0000-0000-000000000007\", "
	"\"owner\": \"a\\\"b\\\\\\u001b\", \"state\": \"attached\", \"usage\": \"mixed\", "
	"\"orphan\": true, \"node\": 1, \"size\": 402653184, \"done\": 5, "
	"\"ranges\": [{\"start\": 2147483648, \"size\": 134217728}, "
	"{\"start\": 2415919104, \"size\": 268435456}], "
	"\"policy\": \"online_movable\", \"memmap\": \"outside\", \"cookie\": 255, "
	"\"error\": -110, \"text\": \"late\", \"blockers\": [{\"pfn\": 524340, \"refs\": 2, "
	"\"kind\": \"pinned\", \"memcg\": 3, \"inode\": 4}], \"seq\": 12}\n";

static const char human_of_segment[] =
	"{\"uuid\": \"00000000-0000-0000-0000-000000000007\", "
	"\"owner\": \"a\\\"b\\\\\\u001b\", \"state\": \"attached\", \"usage\": \"mixed\", "
	"\"orphan\": true, \"node\": 1, \"size\": \"384M\", \"done\": \"5\", "
	"\"ranges\": [{\"start\": \"0x80000000\", \"size\": \"128M\"}, "
	"{\"start\": \"0x90000000\", \"size\": \"256M\"}], "
	"\"policy\": \"online_movable\", \"memmap\": \"outside\", \"cookie\": 255, "
	"\"error\": -110, \"text\": \"late\", \"blockers\": [{\"pfn\": \"0x80034\", "
	"\"refs\": 2, \"kind\": \"pinned\", \"memcg\": 3, \"inode\": 4}], \"seq\": 12}\n";

static const char text_of_segment[] =
	"00000000-0000-0000-0000-000000000007 a\"b\\?*       attached  mixed             1"
	"   384M 0x80000000-0x87ffffff,0x90000000-0x9fffffff\n"
	"  policy online_movable, page structs outside, cookie 0xff\n"
	"  last: Connection timed out: late\n"
	"  blocker: page 0x80034 pinned, 2 references, memcg 3, inode 4\n";

static const struct memhp_window windows[] = {
	{ 0x80000000, 2ull << 30, 1, MEMHP_SOURCE_SRAT, 1 << 30, 4096, 1 << 27 },
	{ 0, 1, -1, 77, MEMHP_NO_LIMIT, 0, 1 << 27 },
};

static const struct memhp_quota quotas[] = {
	{ "me", 1 << 30, 1024, 16, MEMHP_NO_LIMIT, 0, 1, 0, 2 << 20 },
};

/* What is being shown, as one of several things */

static void put_segment(const struct look *look)
{
	show_segment(look, &segment);
}

static void put_segments(const struct look *look)
{
	show_segments(look, &segment, 1);
}

static void put_nothing(const struct look *look)
{
	show_segments(look, NULL, 0);
	show_windows(look, NULL, 0);
	show_quotas(look, NULL, 0);
}

static void put_windows(const struct look *look)
{
	show_windows(look, windows, 2);
}

static void put_quotas(const struct look *look)
{
	show_quotas(look, quotas, 1);
}

static void put_news(const struct look *look)
{
	const struct memhp_news news = { MEMHP_EVENT_PROGRESS,
					 { .size = 8, .done = 2, .seq = 5 } };

	show_news(look, &news);
	show_lost(look);
}

/* The caller frees it. */
static char *drawn(void (*put)(const struct look *), struct look look)
{
	char *text = NULL;
	size_t size;

	look.out = open_memstream(&text, &size);
	put(&look);
	fclose(look.out);
	return text;
}

static void expect(void (*put)(const struct look *), struct look look, const char *want)
{
	char *have = drawn(put, look);

	tap_expect_text(have, want);
	free(have);
}

static const struct look plain = { NULL, false, false, false },
	verbose = { NULL, false, false, true }, json = { NULL, true, false, false },
	human = { NULL, true, true, false };

static void segments(void)
{
	expect(put_segment, json, json_of_segment);
	expect(put_segment, human, human_of_segment);
	expect(put_segment, verbose, text_of_segment);
}

static void lists(void)
{
	char *text = drawn(put_segments, json);
	size_t length = strlen(json_of_segment) - 1;

	if (strncmp(text, "[\n ", 3) || strncmp(text + 3, json_of_segment, length) ||
	    strcmp(text + 3 + length, "\n]\n"))
		tap_fail("no list: %s", text);
	free(text);
	expect(put_nothing, json, "[]\n[]\n[]\n");
	text = drawn(put_nothing, plain);
	if (strncmp(text, "UUID ", 5) || !strstr(text, "\nSTART ") ||
	    !strstr(text, "\nOWNER "))
		tap_fail("no heads: %s", text);
	free(text);
}

static void others(void)
{
	expect(put_windows, json,
	       "[\n {\"start\": 2147483648, \"size\": 2147483648, \"node\": 1, "
	       "\"source\": \"srat\", \"limit\": 1073741824, \"used\": 4096, "
	       "\"block\": 134217728},\n"
	       " {\"start\": 0, \"size\": 1, \"node\": null, \"source\": \"unknown\", "
	       "\"limit\": 18446744073709551615, \"used\": 0, \"block\": 134217728}\n]\n");
	expect(put_quotas, human,
	       "[\n {\"owner\": \"me\", \"bytes\": \"1G\", \"segments\": 1024, "
	       "\"pending\": 16, \"metadata\": null, \"used_bytes\": \"0\", "
	       "\"used_segments\": 1, \"used_pending\": 0, \"used_metadata\": \"2M\"}\n]\n");
	expect(put_quotas, plain,
	       "OWNER                      BYTES       SEGMENTS      PENDING       METADATA\n"
	       "me                   0 of 1G         1 of 1024     0 of 16        2M of none\n");
}

static void events(void)
{
	char *text = drawn(put_news, json), *line;
	int lines = 0;

	for (line = text; (line = strchr(line, '\n')); line++)
		lines++;
	if (lines != 2 || strncmp(text, "{\"event\": \"progress\", ", 22) ||
	    !strstr(text, "}\n{\"event\": \"lost\"}\n"))
		tap_fail("no lines of JSON: %s", text);
	free(text);
	text = drawn(put_news, plain);
	if (!strstr(text, "     5 progress   25% 00000000-"))
		tap_fail("no progress: %s", text);
	free(text);
}

static void sizes(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 1, "1" }, { 1023, "1023" }, { 1024, "1K" }, { 1025, "1025" },
		{ 1536, "1536" }, { 1536 << 10, "1536K" }, { 1ull << 63, "8E" },
		{ UINT64_MAX - 1, "18446744073709551614" }, { UINT64_MAX, "none" },
	};
	char text[SIZE_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (strcmp(size_text(cases[i].bytes, text), cases[i].text))
			tap_fail("%s, not %s", size_text(cases[i].bytes, text),
				 cases[i].text);
}

/* Any numbers at all */
static void nonsense(void)
{
	static const struct look *const looks[] = { &plain, &verbose, &json, &human };
	static const struct memhp_news news = { 99, {
		.range = { { UINT64_MAX, UINT64_MAX } }, .nr_ranges = 1, .node = UINT32_MAX,
		.policy = 99, .memmap = 99, .state = 99, .usage = 99, .size = 1,
		.done = UINT64_MAX, .seq = UINT64_MAX, .error = -4095,
		.blocker = { { UINT64_MAX, UINT32_MAX, 99, UINT64_MAX, UINT64_MAX } },
		.nr_blockers = 1,
	} };
	char *text;
	size_t size;

	for (int i = 0; i < 4; i++) {
		struct look look = *looks[i];

		look.out = open_memstream(&text, &size);
		show_news(&look, &news);
		show_segments(&look, &news.segment, 1);
		fclose(look.out);
		if (!strstr(text, "unknown"))
			tap_fail("%s", text);
		free(text);
	}
}

/* The ledger */

static const char ledger[] =
	"# start end kind state memory owner\n"
	"0x0000000040000000 0x0000000040ffffff reserved held fixed setup_arch+0x10/0x20\n"
	"0x0000000080000000 0x0000000080000fff allocated held hotpluggable who\n"
	"0x0000000090000000 0x0000000090000fff unmapped returned hotpluggable who\n"
	"# forgotten 3 lost 4\n";

static void audit(void)
{
	struct reservation *list;
	struct ledger_end end;
	int line, nr = parse_reservations(ledger, false, &list, &end, &line);

	if (nr != 1 || list[0].start != 0x80000000 || list[0].last != 0x80000fff ||
	    strcmp(list[0].kind, "allocated") || strcmp(list[0].owner, "who") ||
	    end.forgotten != 3 || end.lost != 4)
		tap_fail("what is in the way");
	free(list);
	nr = parse_reservations(ledger, true, &list, &end, &line);
	if (nr != 3 || list[0].hotpluggable || list[2].held)
		tap_fail("all");
	free(list);
}

static void cut_ledger(void)
{
	struct reservation *list;
	struct ledger_end end;

	for (size_t length = 0; length < strlen(ledger) - 2; length++) {
		char *part = strndup(ledger, length);
		int line = 0, nr = parse_reservations(part, true, &list, &end, &line);

		tap_context("%zu bytes", length);
		if (nr != -EINVAL || list || line < 1 || line > 6)
			tap_fail("%d, line %d", nr, line);
		free(part);
	}
}

static void wrong_ledgers(void)
{
	static const struct {
		const char *text;
		int line;
	} cases[] = {
		{ "", 1 }, { "nonsense\n", 1 }, { "# x\n0x1 0x0 reserved held fixed who\n", 2 },
		{ "0x1 0x2 reserved kept fixed who\n", 1 },
		{ "0x1 0x2 reserved held near who\n", 1 }, { "0x1 0x2 reserved held\n", 1 },
		{ "0x1 0x2 reserved-and-much-more held fixed who\n", 1 },
	};
	struct reservation *list;
	struct ledger_end end;
	char longest[4096];
	int line;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		tap_context("%s", cases[i].text);
		if (parse_reservations(cases[i].text, true, &list, &end, &line) != -EINVAL ||
		    line != cases[i].line)
			tap_fail("taken, or line %d", line);
	}
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	if (parse_reservations(longest, true, &list, &end, &line) != -EINVAL)
		tap_fail("a line that is too long");
}

static const struct tap_test tests[] = {
	{ "CTRL-09 a segment is shown in full, for people, for programs, and for both", segments },
	{ "CTRL-09 lists of one and of none", lists },
	{ "CTRL-09 windows and quotas, also those that are unknown or without limit", others },
	{ "CTRL-09 events are a line each", events },
	{ "CTRL-09 a size has the largest unit of which it is a whole number", sizes },
	{ "CTRL-09 numbers of all sizes can be shown", nonsense },
	{ "CTRL-09 audit keeps what is held and in the way, or all", audit },
	{ "CTRL-09 a ledger that is cut at any byte is none", cut_ledger },
	{ "CTRL-09 a ledger with a wrong line is none, and the line is named", wrong_ledgers },
};

TAP_SUITE(suite_memhp_show, tests);
