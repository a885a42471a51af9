// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of node_policy.c: how policies of nodes are written, and what follows of them.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/array_size.h>
#include <linux/errno.h>

#include "../../../mm/memory_hotplug/node_policy.h"
#include "tap.h"

#define DEF	NODE_POLICY_DEFAULT
#define NONE	NODE_POLICY_NO_LIMIT
#define GIB	(1LL << 30)
#define TIB	(1LL << 40)
#define UNSET	(-77)

/* Exactly as many bytes, so that a step beyond them is seen. */
static char *copy(const char *text, size_t length)
{
	char *bytes = malloc(length ?: 1);

	memcpy(bytes, text, length);
	return bytes;
}

/* Values */

struct value_case {
	enum node_policy_part part;
	const char *text;
	int ret;
	s64 want;
};

static const struct value_case good_values[] = {
	{ NODE_POLICY_TYPE, "default", 0, DEF },
	{ NODE_POLICY_TYPE, "offline", 0, 0 },
	{ NODE_POLICY_TYPE, "online", 0, 1 },
	{ NODE_POLICY_TYPE, "online_kernel", 0, 2 },
	{ NODE_POLICY_TYPE, "online_movable", 0, 3 },
	{ NODE_POLICY_RATIO, "default", 0, DEF },
	{ NODE_POLICY_RATIO, "0", 0, 0 },
	{ NODE_POLICY_RATIO, "301", 0, 301 },
	{ NODE_POLICY_RATIO, "007", 0, 7 },
	{ NODE_POLICY_RATIO, "4294967295", 0, 4294967295LL },
	{ NODE_POLICY_LIMIT, "default", 0, DEF },
	{ NODE_POLICY_LIMIT, "none", 0, NONE },
	{ NODE_POLICY_LIMIT, "0", 0, 0 },
	{ NODE_POLICY_LIMIT, "0T", 0, 0 },
	{ NODE_POLICY_LIMIT, "4G", 0, 4 * GIB },
	{ NODE_POLICY_LIMIT, "4g", 0, 4 * GIB },
	{ NODE_POLICY_LIMIT, "512M", 0, GIB / 2 },
	{ NODE_POLICY_LIMIT, "1024k", 0, 1 << 20 },
	{ NODE_POLICY_LIMIT, "2T", 0, 2 * TIB },
	{ NODE_POLICY_LIMIT, "8388607T", 0, 8388607 * TIB },
	{ NODE_POLICY_LIMIT, "9223372036854775806", 0, NONE - 1 },
};

static const struct value_case bad_values[] = {
	{ NODE_POLICY_TYPE, "", -EINVAL },
	{ NODE_POLICY_TYPE, "Online", -EINVAL },
	{ NODE_POLICY_TYPE, "online ", -EINVAL },
	{ NODE_POLICY_TYPE, " online", -EINVAL },
	{ NODE_POLICY_TYPE, "onlin", -EINVAL },
	{ NODE_POLICY_TYPE, "online_movables", -EINVAL },
	{ NODE_POLICY_TYPE, "1", -EINVAL },
	{ NODE_POLICY_TYPE, "none", -EINVAL },
	{ NODE_POLICY_RATIO, "", -EINVAL },
	{ NODE_POLICY_RATIO, "-1", -EINVAL },
	{ NODE_POLICY_RATIO, "+1", -EINVAL },
	{ NODE_POLICY_RATIO, "0x10", -EINVAL },
	{ NODE_POLICY_RATIO, "200%", -EINVAL },
	{ NODE_POLICY_RATIO, "none", -EINVAL },
	{ NODE_POLICY_RATIO, "2K", -EINVAL },
	{ NODE_POLICY_RATIO, "99999999999x", -EINVAL },
	{ NODE_POLICY_RATIO, "4294967296", -ERANGE },
	{ NODE_POLICY_RATIO, "99999999999999999999999999", -ERANGE },
	{ NODE_POLICY_LIMIT, "", -EINVAL },
	{ NODE_POLICY_LIMIT, "G", -EINVAL },
	{ NODE_POLICY_LIMIT, "-1", -EINVAL },
	{ NODE_POLICY_LIMIT, "4GB", -EINVAL },
	{ NODE_POLICY_LIMIT, "4 G", -EINVAL },
	{ NODE_POLICY_LIMIT, "4.5G", -EINVAL },
	{ NODE_POLICY_LIMIT, "4P", -EINVAL },
	{ NODE_POLICY_LIMIT, "4\x0b", -EINVAL },
	{ NODE_POLICY_LIMIT, "None", -EINVAL },
	{ NODE_POLICY_LIMIT, "99999999999999999999P", -EINVAL },
	{ NODE_POLICY_LIMIT, "9223372036854775807", -ERANGE },
	{ NODE_POLICY_LIMIT, "8388608T", -ERANGE },
	{ NODE_POLICY_LIMIT, "99999999999999999999999999", -ERANGE },
};

static void try_value(const struct value_case *c)
{
	size_t length = strlen(c->text);
	char *bytes = copy(c->text, length);
	s64 value = UNSET, want = c->ret ? UNSET : c->want;
	int ret = node_policy_parse(c->part, bytes, length, &value);

	tap_context("part %d \"%s\"", c->part, c->text);
	if (ret != c->ret || value != want)
		tap_fail("%d and %lld, not %d and %lld", ret, value, c->ret, want);
	free(bytes);
}

static void values_are_read(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good_values); i++)
		try_value(&good_values[i]);
}

static void other_values_are_refused(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_values); i++)
		try_value(&bad_values[i]);
}

static void a_nul_ends_no_value(void)
{
	static const struct {
		enum node_policy_part part;
		const char *text;
		size_t length;
	} cases[] = {
		{ NODE_POLICY_TYPE, "online\0", 7 },
		{ NODE_POLICY_RATIO, "1\0", 2 },
		{ NODE_POLICY_LIMIT, "1G\0", 3 },
		{ NODE_POLICY_LIMIT, "none\0", 5 },
		{ NODE_POLICY_RATIO, "\0", 1 },
	};
	unsigned int i;
	s64 value;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *bytes = copy(cases[i].text, cases[i].length);

		if (node_policy_parse(cases[i].part, bytes, cases[i].length,
				      &value) != -EINVAL)
			tap_fail("case %u was accepted", i);
		free(bytes);
	}
}

static void types_have_names(void)
{
	s64 type, again;

	for (type = 0; type < 4; type++) {
		const char *name = node_policy_type_name(type);

		if (!name || node_policy_parse(NODE_POLICY_TYPE, name, strlen(name),
					       &again) || again != type)
			tap_fail("type %lld is %s", type, name ?: "nothing");
	}
	if (node_policy_type_name(4) || node_policy_type_name(-1))
		tap_fail("what is no type has a name");
}

/* Items */

struct item_case {
	const char *text;
	enum node_policy_fault fault;
	struct node_policy_item want;
};

static const struct item_case items[] = {
	{ "1:online_movable", 0, { 1, { 3, DEF, DEF } } },
	{ "2:offline", 0, { 2, { 0, DEF, DEF } } },
	{ "0:ratio=200", 0, { 0, { DEF, 200, DEF } } },
	{ "15:limit=4G", 0, { 15, { DEF, DEF, 4 * GIB } } },
	{ "1:online_movable:ratio=200:limit=1T", 0, { 1, { 3, 200, TIB } } },
	{ "1:limit=none:online:ratio=0", 0, { 1, { 1, 0, NONE } } },
	{ "1:ratio=default", 0, { 1, { DEF, DEF, DEF } } },
	{ "1:default:limit=default", 0, { 1, { DEF, DEF, DEF } } },
	{ "2147483647:online", 0, { 2147483647, { 1, DEF, DEF } } },
	{ "", NODE_POLICY_BAD_NODE },
	{ ":", NODE_POLICY_BAD_NODE },
	{ ":online", NODE_POLICY_BAD_NODE },
	{ "online", NODE_POLICY_BAD_NODE },
	{ "-1:online", NODE_POLICY_BAD_NODE },
	{ "0x1:online", NODE_POLICY_BAD_NODE },
	{ " 1:online", NODE_POLICY_BAD_NODE },
	{ "1 :online", NODE_POLICY_BAD_NODE },
	{ "1=online", NODE_POLICY_BAD_NODE },
	{ "2147483648:online", NODE_POLICY_BAD_NODE },
	{ "99999999999999999999:online", NODE_POLICY_BAD_NODE },
	{ "1", NODE_POLICY_EMPTY },
	{ "1:", NODE_POLICY_EMPTY },
	{ "1::", NODE_POLICY_UNKNOWN },
	{ "1::online", NODE_POLICY_UNKNOWN },
	{ "1:online:", NODE_POLICY_UNKNOWN },
	{ "1:movable", NODE_POLICY_UNKNOWN },
	{ "1:online:ratio", NODE_POLICY_UNKNOWN },
	{ "1:ratio=", NODE_POLICY_UNKNOWN },
	{ "1:Ratio=1", NODE_POLICY_UNKNOWN },
	{ "1:limit=4X", NODE_POLICY_UNKNOWN },
	{ "1:type=online", NODE_POLICY_UNKNOWN },
	{ "1:online:online", NODE_POLICY_TWICE },
	{ "1:ratio=1:limit=2:ratio=1", NODE_POLICY_TWICE },
	{ "1:default:online", NODE_POLICY_TWICE },
	{ "1:ratio=4294967296", NODE_POLICY_LARGE },
	{ "1:limit=8388608T", NODE_POLICY_LARGE },
};

static bool same_item(const struct node_policy_item *a,
		      const struct node_policy_item *b)
{
	return a->nid == b->nid && !memcmp(a->value, b->value, sizeof(a->value));
}

static const struct node_policy_item untouched = { UNSET, { UNSET, UNSET, UNSET } };

static void items_are_read(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(items); i++) {
		const struct item_case *c = &items[i];
		size_t length = strlen(c->text);
		char *bytes = copy(c->text, length);
		struct node_policy_item item = untouched;
		enum node_policy_fault fault =
			node_policy_parse_item(bytes, length, &item);

		tap_context("\"%s\"", c->text);
		if (fault != c->fault)
			tap_fail("%s; should be: %s", node_policy_text(fault),
				 node_policy_text(c->fault));
		if (!same_item(&item, c->fault ? &untouched : &c->want))
			tap_fail("node %d, %lld %lld %lld", item.nid,
				 item.value[0], item.value[1], item.value[2]);
		free(bytes);
	}
}

/* Any bytes: no step beyond them, and what is refused changes nothing. */
static void any_bytes_end(void)
{
	static const char bytes[] = "0129:=,-,GTK onlie_mvabrtflmud\0x";
	unsigned int i, fine = 0, seed = 1;
	size_t j, length;

	for (i = 0; i < 200000; i++) {
		struct node_policy_item item = untouched;
		char text[12], *exact;

		length = rand_r(&seed) % (sizeof(text) + 1);
		for (j = 0; j < length; j++)
			text[j] = bytes[rand_r(&seed) % (sizeof(bytes) - 1)];
		if (length > 9 && seed & 1)
			memcpy(text, "1:limit=", 8);
		exact = copy(text, length);
		if (node_policy_parse_item(exact, length, &item) == NODE_POLICY_FINE)
			fine++;
		else if (!same_item(&item, &untouched))
			tap_fail("changed by \"%.*s\"", (int)length, text);
		free(exact);
	}
	if (!fine || fine == i)
		tap_fail("%u of %u were fine", fine, i);
}

/* Decisions */

static void nodes_come_first(void)
{
	if (node_policy_value(DEF, 5) != 5 || node_policy_value(0, 5) != 0 ||
	    node_policy_value(7, 5) != 7 || node_policy_value(NONE, 5) != NONE)
		tap_fail("a node's own value does not come before the machine's");
}

static void zones_are_chosen(void)
{
	static const u64 any = ~0ULL;
	static const struct {
		struct node_policy_case c;
		enum node_policy_way want;
	} cases[] = {
		/* wants movable, own ratio, auto-movable, limit, movable, rest */
		{ { false, false, false, any, 0, 8 }, NODE_POLICY_BY_SPAN },
		{ { false, false, true, any, 0, 8 }, NODE_POLICY_BY_RATIO },
		{ { false, true, false, any, 0, 8 }, NODE_POLICY_BY_RATIO },
		{ { false, true, true, any, 0, 8 }, NODE_POLICY_BY_RATIO },
		{ { true, false, false, any, 0, 8 }, NODE_POLICY_MOVABLE },
		{ { true, true, true, any, 0, 8 }, NODE_POLICY_MOVABLE },
		/* without a limit nobody asks what is there */
		{ { true, false, false, any, 0, 0 }, NODE_POLICY_MOVABLE },
		{ { false, false, false, any, any, any }, NODE_POLICY_BY_SPAN },
		/* to the page */
		{ { true, false, false, 8, 0, 8 }, NODE_POLICY_MOVABLE },
		{ { true, false, false, 8, 0, 9 }, NODE_POLICY_KERNEL },
		{ { true, false, false, 8, 5, 3 }, NODE_POLICY_MOVABLE },
		{ { true, false, false, 8, 5, 4 }, NODE_POLICY_KERNEL },
		{ { false, true, false, 8, 5, 3 }, NODE_POLICY_BY_RATIO },
		{ { false, true, false, 8, 5, 4 }, NODE_POLICY_KERNEL },
		{ { false, false, true, 8, 5, 4 }, NODE_POLICY_KERNEL },
		{ { false, false, false, 8, 5, 3 }, NODE_POLICY_BY_SPAN },
		{ { false, false, false, 8, 5, 4 }, NODE_POLICY_KERNEL },
		{ { true, true, true, 0, 0, 1 }, NODE_POLICY_KERNEL },
		/* a person has put more there than that */
		{ { true, false, false, 8, 9, 1 }, NODE_POLICY_KERNEL },
		/* a part of the device is in a kernel zone */
		{ { true, false, false, 8, 0, 0 }, NODE_POLICY_KERNEL },
		/* nothing wraps */
		{ { true, false, false, any - 1, 2, any - 1 }, NODE_POLICY_KERNEL },
		{ { true, false, false, any - 1, any - 2, 1 }, NODE_POLICY_MOVABLE },
	};
	enum node_policy_way way;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		way = node_policy_way(&cases[i].c);
		if (way != cases[i].want)
			tap_fail("case %u is %d, not %d", i, way, cases[i].want);
	}
}

static const struct tap_test tests[] = {
	{ "ONLINE-02 types, ratios and limits are read to the largest",
	  values_are_read },
	{ "ONLINE-02 anything else is refused, and nothing changes",
	  other_values_are_refused },
	{ "ONLINE-02 a NUL does not end a value", a_nul_ends_no_value },
	{ "ONLINE-02 types have the names by which they are read", types_have_names },
	{ "ONLINE-02 an item of the command line is read, or what is wrong is said",
	  items_are_read },
	{ "ONLINE-02 200000 random items: no byte beyond, and nothing by half",
	  any_bytes_end },
	{ "ONLINE-02 what a node has of its own comes before the machine's",
	  nodes_come_first },
	{ "ONLINE-02 type, ratio and limit choose the zone", zones_are_chosen },
};

TAP_SUITE(suite_node_policy, tests);
