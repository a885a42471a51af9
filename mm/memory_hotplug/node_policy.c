// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a node wants for new memory: how it is written, and what follows of it.
 *
 * Owns:      nothing. Pure; the contract is in the header, and the host tests
 *            compile this very file.
 */
#include <linux/array_size.h>
#include <linux/build_bug.h>	/* the one before needs it */
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>

#include "node_policy.h"

/* By their numbers in enum mmop. */
static const char *const types[] = {
	"offline", "online", "online_kernel", "online_movable",
};

const char *node_policy_text(enum node_policy_fault fault)
{
	static const char *const text[] = {
		[NODE_POLICY_FINE]	= "it is fine",
		[NODE_POLICY_BAD_NODE]	= "it does not begin with a node that there can be",
		[NODE_POLICY_EMPTY]	= "it says nothing of the node",
		[NODE_POLICY_UNKNOWN]	= "a part of it is not known",
		[NODE_POLICY_TWICE]	= "a part of it is there twice",
		[NODE_POLICY_LARGE]	= "a number is too large",
	};

	return text[fault];
}

const char *node_policy_type_name(s64 type)
{
	return type >= 0 && type < (s64)ARRAY_SIZE(types) ? types[type] : NULL;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && !memcmp(text, word, length);
}

/* Up to @max, and the rest of the text behind it; the number has a digit or more. */
static int parse_number(const char **text, size_t *length, s64 max, s64 *value)
{
	const char *at = *text, *end = at + *length;
	bool large = false;
	s64 sum = 0;
	int digit;

	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		digit = *at - '0';
		if (sum > (max - digit) / 10)
			large = true;
		else
			sum = 10 * sum + digit;
	}
	if (at == *text)
		return -EINVAL;
	*length = end - at;
	*text = at;
	*value = sum;
	return large ? -ERANGE : 0;
}

/* A shift, or -1: it is no unit. */
static int unit_shift(const char *text, size_t length)
{
	static const char units[] = "KMGT";
	unsigned int i;

	if (!length)
		return 0;
	for (i = 0; units[i]; i++)
		if (length == 1 && (*text & ~0x20) == units[i])
			return 10 * (i + 1);
	return -1;
}

static int parse_type(const char *text, size_t length, s64 *value)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (is_word(text, length, types[i])) {
			*value = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_ratio(const char *text, size_t length, s64 *value)
{
	int ret = parse_number(&text, &length, NODE_POLICY_RATIO_MAX, value);

	/* what is no number is not a large one */
	return length ? -EINVAL : ret;
}

static int parse_limit(const char *text, size_t length, s64 *value)
{
	const s64 max = NODE_POLICY_NO_LIMIT - 1;
	int ret, shift;

	if (is_word(text, length, "none")) {
		*value = NODE_POLICY_NO_LIMIT;
		return 0;
	}
	ret = parse_number(&text, &length, max, value);
	shift = ret == -EINVAL ? -1 : unit_shift(text, length);
	if (shift < 0)
		return -EINVAL;
	if (ret || *value > max >> shift)
		return -ERANGE;
	*value <<= shift;
	return 0;
}

int node_policy_parse(enum node_policy_part part, const char *text, size_t length,
		      s64 *value)
{
	s64 parsed = NODE_POLICY_DEFAULT;
	int ret;

	if (is_word(text, length, "default"))
		ret = 0;
	else if (part == NODE_POLICY_TYPE)
		ret = parse_type(text, length, &parsed);
	else if (part == NODE_POLICY_RATIO)
		ret = parse_ratio(text, length, &parsed);
	else
		ret = parse_limit(text, length, &parsed);
	if (!ret)
		*value = parsed;
	return ret;
}

/* Up to the next colon. */
static size_t field_length(const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);

	return colon ? (size_t)(colon - text) : length;
}

/* Which part a field is of; the name is passed over. */
static enum node_policy_part part_of(const char **text, size_t *length)
{
	static const struct {
		const char *name;
		enum node_policy_part part;
	} names[] = {
		{ "ratio=", NODE_POLICY_RATIO }, { "limit=", NODE_POLICY_LIMIT },
	};
	unsigned int i;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		len = strlen(names[i].name);
		if (*length < len || memcmp(*text, names[i].name, len))
			continue;
		*text += len;
		*length -= len;
		return names[i].part;
	}
	return NODE_POLICY_TYPE;
}

static enum node_policy_fault parse_field(const char *text, size_t length,
					  struct node_policy_item *item,
					  unsigned int *seen)
{
	enum node_policy_part part = part_of(&text, &length);
	int ret = node_policy_parse(part, text, length, &item->value[part]);

	if (ret)
		return ret == -ERANGE ? NODE_POLICY_LARGE : NODE_POLICY_UNKNOWN;
	if (*seen & 1U << part)
		return NODE_POLICY_TWICE;
	*seen |= 1U << part;
	return NODE_POLICY_FINE;
}

/* The number that an item begins with; @text is at the colon then, or at the end. */
static enum node_policy_fault parse_node(const char **text, size_t *length, int *nid)
{
	s64 number;

	if (parse_number(text, length, 0x7fffffff, &number) ||
	    (*length && **text != ':'))
		return NODE_POLICY_BAD_NODE;
	*nid = (int)number;
	return *length > 1 ? NODE_POLICY_FINE : NODE_POLICY_EMPTY;
}

enum node_policy_fault node_policy_parse_item(const char *text, size_t length,
					      struct node_policy_item *item)
{
	struct node_policy_item found = {
		.value = { NODE_POLICY_DEFAULT, NODE_POLICY_DEFAULT, NODE_POLICY_DEFAULT },
	};
	enum node_policy_fault fault = parse_node(&text, &length, &found.nid);
	unsigned int seen = 0;
	size_t len;

	while (fault == NODE_POLICY_FINE && length) {
		/* behind the colon; that there is nothing is a field that is not known */
		text++;
		length--;
		len = field_length(text, length);
		fault = parse_field(text, len, &found, &seen);
		text += len;
		length -= len;
	}
	if (fault == NODE_POLICY_FINE)
		*item = found;
	return fault;
}

static bool within_limit(const struct node_policy_case *c)
{
	if (c->limit == ~0ULL)
		return true;
	return c->rest && c->movable <= c->limit && c->rest <= c->limit - c->movable;
}

enum node_policy_way node_policy_way(const struct node_policy_case *c)
{
	if (!within_limit(c))
		return NODE_POLICY_KERNEL;
	if (c->wants_movable)
		return NODE_POLICY_MOVABLE;
	return c->own_ratio || c->auto_movable ? NODE_POLICY_BY_RATIO :
						 NODE_POLICY_BY_SPAN;
}
