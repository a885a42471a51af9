// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages as text. See wire.h.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

/* Which fields there are, how they are called, where they are, and what they may be. */
enum field {
	SESSION, TERM, N, KIND, SEGMENT, COUNT, SIZE, DEADLINE, ERROR, HAS, TO, TEXT,
	FIELDS,
};

enum form { WIDE, SHORT, NEGATIVE, KIND_NAME, NAME, WORDS };

static const struct {
	const char *name;
	size_t offset;
	enum form form;
	uint64_t most;			/* of a number */
} fields[FIELDS] = {
	[SESSION] = { "session", offsetof(struct wire, session), WIDE, UINT64_MAX },
	[TERM] = { "term", offsetof(struct wire, term), WIDE, UINT64_MAX },
	[N] = { "n", offsetof(struct wire, n), WIDE, UINT64_MAX },
	[KIND] = { "kind", offsetof(struct wire, kind), KIND_NAME, 0 },
	[SEGMENT] = { "segment", offsetof(struct wire, segment), SHORT, WIRE_SEGMENTS - 1 },
	[COUNT] = { "count", offsetof(struct wire, count), SHORT, WIRE_SEGMENTS },
	[SIZE] = { "size", offsetof(struct wire, size), WIDE, UINT64_MAX },
	[DEADLINE] = { "deadline", offsetof(struct wire, deadline), SHORT, INT32_MAX },
	[ERROR] = { "error", offsetof(struct wire, error), NEGATIVE, 4095 },
	[HAS] = { "has", offsetof(struct wire, has), WIDE, UINT64_MAX },
	[TO] = { "to", offsetof(struct wire, to), NAME, 0 },
	[TEXT] = { "text", offsetof(struct wire, text), WORDS, 0 },
};

#define BIT(field)	(1u << (field))
#define ORDER_ID	(BIT(SESSION) | BIT(TERM) | BIT(N))

static const struct {
	const char *name;
	unsigned int fields;
} types[WIRE_TYPES] = {
	[WIRE_CALL] = { "call", BIT(TERM) },
	[WIRE_HELLO] = { "hello", BIT(SESSION) },
	[WIRE_GONE] = { "gone", BIT(SESSION) },
	[WIRE_ORDER] = { "order", ORDER_ID | BIT(KIND) | BIT(SEGMENT) | BIT(COUNT) |
			 BIT(SIZE) | BIT(DEADLINE) },
	[WIRE_ANSWER] = { "answer", ORDER_ID | BIT(ERROR) | BIT(HAS) | BIT(TEXT) },
	[WIRE_ASK] = { "ask", BIT(SESSION) | BIT(SEGMENT) | BIT(DEADLINE) | BIT(TO) },
	[WIRE_TOLD] = { "told", BIT(SESSION) | BIT(ERROR) | BIT(TEXT) },
};

static const char *const kinds[WIRE_KINDS] = { "look", "attach", "detach" };

const char *wire_kind_name(enum wire_kind kind)
{
	return kinds[kind];
}

bool wire_name_valid(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return length && length < WIRE_NAME;
}

/* Writing */

static int put_field(char *at, size_t room, const struct wire *w, enum field field)
{
	const void *value = (const char *)w + fields[field].offset;

	switch (fields[field].form) {
	case WIDE:
		return snprintf(at, room, "%" PRIu64, *(const uint64_t *)value);
	case SHORT:
		return snprintf(at, room, "%" PRIu32, *(const uint32_t *)value);
	case NEGATIVE:
		return snprintf(at, room, "%d", -*(const int *)value);
	case KIND_NAME:
		return snprintf(at, room, "%s", kinds[w->kind]);
	default:
		return snprintf(at, room, "%s", (const char *)value);
	}
}

int wire_write(const struct wire *w, char text[WIRE_MAX])
{
	int length = snprintf(text, WIRE_MAX, "%s", types[w->type].name);

	for (enum field field = 0; field < FIELDS; field++) {
		if (!(types[w->type].fields & BIT(field)))
			continue;
		length += snprintf(text + length, WIRE_MAX - length, " %s=",
				   fields[field].name);
		length += put_field(text + length, WIRE_MAX - length, w, field);
	}
	return length;
}

/* Reading */

bool wire_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end && *number >= least && *number <= most;
}

/* A terminal may get to see it. */
static bool get_text(const char *word, char text[WIRE_TEXT])
{
	if (strlen(word) >= WIRE_TEXT)
		return false;
	for (const char *at = word; *at; at++)
		if (!isprint((unsigned char)*at))
			return false;
	strcpy(text, word);
	return true;
}

static bool get_name(const char *word, char name[WIRE_NAME])
{
	if (!wire_name_valid(word))
		return false;
	strcpy(name, word);
	return true;
}

static bool get_kind(const char *word, enum wire_kind *kind)
{
	for (*kind = 0; *kind < WIRE_KINDS; ++*kind)
		if (!strcmp(kinds[*kind], word))
			return true;
	*kind = WIRE_LOOK;
	return false;
}

static bool get_field(struct wire *w, enum field field, const char *word)
{
	void *value = (char *)w + fields[field].offset;
	uint64_t number = 0;

	if (fields[field].form <= NEGATIVE &&
	    !wire_number(word, 0, fields[field].most, &number))
		return false;
	switch (fields[field].form) {
	case WIDE:
		*(uint64_t *)value = number;
		return true;
	case SHORT:
		*(uint32_t *)value = number;
		return true;
	case NEGATIVE:
		*(int *)value = -(int)number;
		return true;
	case KIND_NAME:
		return get_kind(word, value);
	case NAME:
		return get_name(word, value);
	default:
		return get_text(word, value);
	}
}

/* The field of that name which the type has, or FIELDS. */
static enum field find_field(const struct wire *w, const char *name)
{
	enum field field = 0;

	while (field < FIELDS && (!(types[w->type].fields & BIT(field)) ||
				  strcmp(fields[field].name, name)))
		field++;
	return field;
}

/* "name=value", of which the type has the name; @seen are those that were there. */
static bool get_pair(struct wire *w, char *pair, unsigned int *seen)
{
	char *value = strchr(pair, '=');
	enum field field;

	if (!value)
		return false;
	*value++ = 0;
	field = find_field(w, pair);
	if (field == FIELDS || *seen & BIT(field))
		return false;
	*seen |= BIT(field);
	return get_field(w, field, value);
}

static bool get_type(struct wire *w, const char *word)
{
	for (w->type = 0; w->type < WIRE_TYPES; w->type++)
		if (!strcmp(types[w->type].name, word))
			return true;
	return false;
}

/* The next word, which ends where a space was; words of "text=" are one. */
static char *cut_word(char **rest)
{
	char *word = *rest, *space;

	space = word && strncmp(word, "text=", 5) ? strchr(word, ' ') : NULL;
	if (space)
		*space++ = 0;
	*rest = space;
	return word;
}

static bool consistent(const struct wire *w)
{
	if (w->type != WIRE_ORDER)
		return true;
	return w->count && w->segment < w->count && w->size && w->deadline &&
	       w->size <= UINT64_MAX / WIRE_SEGMENTS;
}

int wire_read(const char *text, size_t length, struct wire *w)
{
	char copy[WIRE_MAX], *rest = copy, *word;
	unsigned int seen = 0;

	memset(w, 0, sizeof(*w));
	if (length >= WIRE_MAX || memchr(text, 0, length))
		return -EBADMSG;
	memcpy(copy, text, length);
	copy[length] = 0;
	if (!get_type(w, cut_word(&rest)))
		return -EBADMSG;
	while ((word = cut_word(&rest)))
		if (!get_pair(w, word, &seen))
			return -EBADMSG;
	return seen == types[w->type].fields && consistent(w) ? 0 : -EBADMSG;
}

void wire_uuid(const char *pool, uint32_t segment, uint8_t uuid[WIRE_UUID])
{
	uint64_t hash = 0xcbf29ce484222325;		/* FNV-1a */

	for (; *pool; pool++)
		hash = (hash ^ (uint8_t)*pool) * 0x100000001b3;
	for (int i = 0; i < 8; i++)
		uuid[i] = hash >> 8 * i;
	for (int i = 8; i < WIRE_UUID; i++)
		uuid[i] = i < 12 ? 0 : segment >> 8 * (15 - i);
	uuid[6] = (uuid[6] & 0x0f) | 0x80;		/* version 8: one's own rules */
	uuid[8] = 0x80;					/* the usual variant */
}

int fence_pass(struct fence *f, const struct wire *order)
{
	if (order->session != f->session)
		return -ESRCH;
	if (order->term < f->term || (order->term == f->term && order->n <= f->n))
		return -ESTALE;
	f->term = order->term;
	f->n = order->n;
	return 0;
}
