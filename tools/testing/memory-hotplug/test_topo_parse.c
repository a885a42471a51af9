// SPDX-License-Identifier: GPL-2.0-only
/* What memhp-topology makes of the kernel's files, line by line. */
#include <errno.h>
#include <string.h>

#include "parse.h"
#include "tap.h"

#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123456789"

static void expect(long have, long want, const char *what)
{
	if (have != want)
		tap_fail("%s: %ld, not %ld", what, have, want);
}

static void list_is(const char *text, int nr, unsigned int count,
		    unsigned int last)
{
	struct number_list list;

	tap_context("\"%s\"", text);
	expect(parse_list(text, &list), 0, "result");
	expect(list.nr, nr, "runs");
	expect(list_count(&list), count, "numbers");
	if (list.nr)
		expect(list.at[list.nr - 1].last, last, "last");
	list_free(&list);
}

static void good_lists(void)
{
	list_is("", 0, 0, 0);
	list_is("\n", 0, 0, 0);
	list_is("0\n", 1, 1, 0);
	list_is("0-3,8\n", 2, 5, 8);
	list_is(" 1,3,5-5", 3, 3, 5);
	list_is("1048576", 1, 1, 1048576);
}

static void bad_lists(void)
{
	static const char *const texts[] = {
		"x", "-1", "0-", "3-0", ",", "0,", "0,,1", "0 1", "+1", "0x1",
		"1048577", "99999999999999999999", "0-18446744073709551616",
		"0\n1",
	};
	struct number_list list;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tap_context("\"%s\"", texts[i]);
		expect(parse_list(texts[i], &list), -EINVAL, "result");
		expect(list.nr, 0, "runs");
		expect(!list.at, 1, "nothing to free");
	}
}

static void hex(void)
{
	static const char *const bad[] = { "", "\n", "0x8", "0X8", "g", "-8", "+8",
					   "8 8", "10000000000000000", "8\n8" };
	uint64_t value;
	size_t i;

	expect(parse_hex("8000000\n", &value), 0, "result");
	expect(value, 0x8000000, "value");
	expect(parse_hex("ffffffffffffffff", &value), 0, "the largest");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tap_context("\"%s\"", bad[i]);
		expect(parse_hex(bad[i], &value), -EINVAL, "result");
	}
}

static void rows(void)
{
	unsigned int values[3];

	expect(parse_row("10 20 254\n", values, 3), 3, "three");
	expect(values[0] + values[1] + values[2], 284, "values");
	expect(parse_row("\n", values, 3), 0, "none");
	expect(parse_row("10 20 30 40", values, 3), -E2BIG, "four");
	expect(parse_row("10 -20", values, 3), -EINVAL, "negative");
	expect(parse_row("10 2x", values, 3), -EINVAL, "a letter");
	expect(parse_row("10,20", values, 3), -EINVAL, "a comma");
	expect(parse_row("99999999", values, 3), -EINVAL, "too large");
}

static void kib(void)
{
	uint64_t bytes;

	expect(parse_kib("Node 0 MemTotal:  2048 kB\nNode 0 MemFree: 1 kB\n",
			 "MemFree", &bytes), 0, "result");
	expect(bytes, 1024, "bytes");
	expect(parse_kib("MemTotalX: 1 kB\nMemTotal: 2 kB", "MemTotal", &bytes), 0,
	       "a longer name");
	expect(bytes, 2048, "bytes behind a longer name");
	expect(parse_kib("MemTotal", "MemTotal", &bytes), -EINVAL, "cut off");
	expect(parse_kib("MemTotal: kB", "MemTotal", &bytes), -EINVAL, "no number");
	expect(parse_kib("MemTotal: -1", "MemTotal", &bytes), -EINVAL, "negative");
	expect(parse_kib("MemTotal: 18446744073709551615", "MemTotal", &bytes),
	       -EINVAL, "too many bytes");
	expect(parse_kib("", "MemTotal", &bytes), -EINVAL, "nothing");
}

static void names(void)
{
	expect(parse_name("memory17", "memory"), 17, "memory17");
	expect(parse_name("memory", "memory"), -EINVAL, "no number");
	expect(parse_name("memory1x", "memory"), -EINVAL, "more behind");
	expect(parse_name("memory_side_cache", "memory"), -EINVAL, "a word");
	expect(parse_name("node1", "memory"), -EINVAL, "another");
	expect(parse_name("memory-1", "memory"), -EINVAL, "negative");
}

static void resources(void)
{
	const char *text = "09000000-09000fff : pl011@9000000\n"
			   "  40000000-7fffffff : System RAM\n"
			   "nonsense\n"
			   "7fffffff-40000000 : backwards\n"
			   "0-1 : \n"
			   "8-9 : " LONG_NAME LONG_NAME LONG_NAME LONG_NAME "\n"
			   "a-b : last";
	struct parsed_range range;

	expect(parse_resource(&text, &range), 1, "first");
	expect(range.start, 0x9000000, "start");
	expect(!strcmp(range.name, "pl011@9000000"), 1, "name");
	expect(parse_resource(&text, &range), 1, "within");
	expect(range.last, 0x7fffffff, "last");
	expect(!strcmp(range.name, "System RAM"), 1, "name within");
	expect(parse_resource(&text, &range), -EINVAL, "nonsense");
	expect(parse_resource(&text, &range), -EINVAL, "backwards");
	expect(parse_resource(&text, &range), -EINVAL, "no name");
	expect(parse_resource(&text, &range), 1, "a long line");
	expect(strlen(range.name), sizeof(range.name) - 1, "its name");
	expect(parse_resource(&text, &range), 1, "no newline");
	expect(parse_resource(&text, &range), 0, "the end");
}

static void windows(void)
{
	const char *text = "0x0000000080000000-0x00000000bfffffff firmware 1\n"
			   "0xc0000000-0xc0000fff boot -1\n"
			   "0xc0000000-0xc0000fff boot -2\n"
			   "0xc0000000-0xc0000fff boot\n"
			   "0xc0000000-0xc0000fff  1\n"
			   "c0000000-c0000fff boot 1\n"
			   "0x0x8-0x9 boot 1\n";
	struct parsed_range range;
	int i;

	expect(parse_window(&text, &range), 1, "first");
	expect(range.node, 1, "node");
	expect(range.last, 0xbfffffff, "last");
	expect(!strcmp(range.name, "firmware"), 1, "source");
	expect(parse_window(&text, &range), 1, "no node");
	expect(range.node, -1, "no node");
	for (i = 0; i < 5; i++)
		expect(parse_window(&text, &range), -EINVAL, "bad");
	expect(parse_window(&text, &range), 0, "the end");
}

static void extents(void)
{
	const char *text = "0x80000000-0x87ffffff\n"
			   "0x80000000-0x87ffffff more\n"
			   "80000000-87ffffff\n"
			   "0x1-0x0\n"
			   "0x1\n";
	struct parsed_range range;
	int i;

	expect(parse_extent(&text, &range), 1, "first");
	expect(range.start, 0x80000000, "start");
	expect(range.last, 0x87ffffff, "last");
	for (i = 0; i < 4; i++)
		expect(parse_extent(&text, &range), -EINVAL, "bad");
	expect(parse_extent(&text, &range), 0, "the end");
}

static void claims(void)
{
	const char *text = "0x0000000040000000-0x000000005fffffff node 0 memory SRAT\n"
			   "0x0-0x1 \n"
			   "0x0-0x1\n"
			   "0x1-0x0 node 0\n";
	struct parsed_range range;
	int i;

	expect(parse_claim(&text, &range), 1, "first");
	expect(range.start, 0x40000000, "start");
	expect(!strcmp(range.name, "node 0 memory SRAT"), 1, "words");
	for (i = 0; i < 3; i++)
		expect(parse_claim(&text, &range), -EINVAL, "bad");
	expect(parse_claim(&text, &range), 0, "the end");
}

static const struct tap_test tests[] = {
	{ "VNUMA-04 topology: lists of CPUs and nodes are read", good_lists },
	{ "VNUMA-04 topology: what is no list is refused", bad_lists },
	{ "VNUMA-04 topology: the block size is hexadecimal without 0x, or refused", hex },
	{ "VNUMA-04 topology: a row of distances has as many as there is room for", rows },
	{ "VNUMA-04 topology: amounts of memory are found by their whole name", kib },
	{ "VNUMA-04 topology: names with a number are told from others", names },
	{ "VNUMA-04 topology: lines of /proc/iomem are read, others are refused", resources },
	{ "VNUMA-04 topology: lines of windows are read, others are refused", windows },
	{ "CTRL-09 topology: ranges of segments are read, other lines are refused", extents },
	{ "VNUMA-04 topology: lines of the node map are read, others are refused", claims },
};

TAP_SUITE(suite_topo_parse, tests);
