// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages as text. See wire.h.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

/* Which fields there are, how they are called, and what they may be. */
enum field {
	SESSION, TERM, N, KIND, SEGMENT, COUNT, SIZE, DEADLINE, ERROR, HAS, TO, TEXT,
	FIELDS,
};

static const char *const field_name[FIELDS] = {
	"session", "term", "n", "kind", "segment", "count", "size", "deadline", "error",
	"has", "to", "text",
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

static int name_index(const char *const *names, int nr, const char *name)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

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
	switch (field) {
	case SESSION:
		return snprintf(at, room, "%" PRIu64, w->session);
	case TERM:
		return snprintf(at, room, "%" PRIu64, w->term);
	case N:
		return snprintf(at, room, "%" PRIu64, w->n);
	case KIND:
		return snprintf(at, room, "%s", kinds[w->kind]);
	case SEGMENT:
		return snprintf(at, room, "%" PRIu32, w->segment);
	case COUNT:
		return snprintf(at, room, "%" PRIu32, w->count);
	case SIZE:
		return snprintf(at, room, "%" PRIu64, w->size);
	case DEADLINE:
		return snprintf(at, room, "%" PRIu32, w->deadline);
	case ERROR:
		return snprintf(at, room, "%d", -w->error);
	case HAS:
		return snprintf(at, room, "%" PRIu64, w->has);
	case TO:
		return snprintf(at, room, "%s", w->to);
	default:
		return snprintf(at, room, "%s", w->text);
	}
}

int wire_write(const struct wire *w, char text[WIRE_MAX])
{
	int length = snprintf(text, WIRE_MAX, "%s", types[w->type].name);

	for (enum field field = 0; field < FIELDS; field++) {
		if (!(types[w->type].fields & BIT(field)))
			continue;
		length += snprintf(text + length, WIRE_MAX - length, " %s=",
				   field_name[field]);
		length += put_field(text + length, WIRE_MAX - length, w, field);
	}
	return length;
}

/* Reading */

static bool get_number(const char *word, uint64_t most, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)*word))
		return false;
	errno = 0;
	*number = strtoull(word, &end, 10);
	return !errno && !*end && *number <= most;
}

static uint64_t most_of(enum field field)
{
	switch (field) {
	case SEGMENT:
		return WIRE_SEGMENTS - 1;
	case COUNT:
		return WIRE_SEGMENTS;
	case DEADLINE:
		return INT32_MAX;
	case ERROR:
		return 4095;
	default:
		return UINT64_MAX;
	}
}

static void set_number(struct wire *w, enum field field, uint64_t number)
{
	switch (field) {
	case SESSION:
		w->session = number;
		break;
	case TERM:
		w->term = number;
		break;
	case N:
		w->n = number;
		break;
	case SEGMENT:
		w->segment = number;
		break;
	case COUNT:
		w->count = number;
		break;
	case SIZE:
		w->size = number;
		break;
	case DEADLINE:
		w->deadline = number;
		break;
	case ERROR:
		w->error = -(int)number;
		break;
	default:
		w->has = number;
		break;
	}
}

/* A terminal may get to see it. */
static bool get_text(struct wire *w, const char *word)
{
	if (strlen(word) >= WIRE_TEXT)
		return false;
	for (const char *at = word; *at; at++)
		if (!isprint((unsigned char)*at))
			return false;
	strcpy(w->text, word);
	return true;
}

static bool get_field(struct wire *w, enum field field, const char *word)
{
	uint64_t number;
	int kind;

	switch (field) {
	case KIND:
		kind = name_index(kinds, WIRE_KINDS, word);
		w->kind = kind < 0 ? WIRE_LOOK : kind;
		return kind >= 0;
	case TO:
		if (!wire_name_valid(word))
			return false;
		strcpy(w->to, word);
		return true;
	case TEXT:
		return get_text(w, word);
	default:
		if (!get_number(word, most_of(field), &number))
			return false;
		set_number(w, field, number);
		return true;
	}
}

/* "name=value", of which the type has the name; @seen are those that were there. */
static bool get_pair(struct wire *w, char *pair, unsigned int *seen)
{
	char *value = strchr(pair, '=');
	int field;

	if (!value)
		return false;
	*value++ = 0;
	field = name_index(field_name, FIELDS, pair);
	if (field < 0 || !(types[w->type].fields & BIT(field)) || *seen & BIT(field))
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
