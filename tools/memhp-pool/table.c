// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool as a table. See table.h.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

static const char *const presence_name[] = { "away", "here", "busy", "late" };

struct page {
	char *text;
	size_t length;
};

__attribute__((format(printf, 2, 3)))
static void put(struct page *page, const char *format, ...)
{
	size_t room = TABLE_MAX - page->length;
	va_list args;
	int wanted;

	va_start(args, format);
	wanted = vsnprintf(page->text + page->length, room, format, args);
	va_end(args);
	page->length += wanted > 0 && (size_t)wanted < room ? (size_t)wanted : room - 1;
}

static const char *name_of(const struct table *t, int guest)
{
	return guest == POOL_NOBODY ? "-" : t->shape->guest[guest];
}

/* Half of the bar is what it was, half what it will be. */
static const char *picture(const struct pool_segment *s)
{
	switch (s->step) {
	case POOL_FREE:
		return "[        ]";
	case POOL_ZEROING:
		return "[000     ]";
	case POOL_ATTACHING:
		return "[0000>>> ]";
	case POOL_OWNED:
		return "[########]";
	case POOL_DRAINING:
		return "[###<<<  ]";
	default:
		return "[????????]";
	}
}

static void put_segment(struct page *page, const struct table *t, uint32_t i)
{
	const struct pool_segment *s = &t->segment[i];

	put(page, "%-7u  %9" PRIu64 "  %-9s  %-8s  %-8s  %s%s\n", i,
	    i * t->shape->size >> 20, pool_step_name(s->step), name_of(t, s->holder),
	    name_of(t, s->heir), picture(s), s->astray ? "  ASTRAY" : "");
}

static void put_guest(struct page *page, const struct table *t, int guest)
{
	uint32_t has = 0;

	for (uint32_t i = 0; i < t->shape->count; i++)
		has += t->segment[i].holder == guest;
	put(page, "%-15s  %-5s  %8" PRIu64 "\n", t->shape->guest[guest],
	    presence_name[t->presence[guest]], has * t->shape->size >> 20);
}

void table_write(const struct table *t, char text[TABLE_MAX])
{
	struct page page = { text, 0 };

	put(&page, "pool %s: %u segments of %" PRIu64 " MiB, term %" PRIu64 "\n\n",
	    t->shape->name, t->shape->count, t->shape->size >> 20, t->term);
	put(&page, "SEGMENT  AT (MiB)  STEP       HOLDER    NEXT\n");
	for (uint32_t i = 0; i < t->shape->count; i++)
		put_segment(&page, t, i);
	put(&page, "\nGUEST            STATE  HAS (MiB)\n");
	for (int i = 0; i < t->shape->guests; i++)
		put_guest(&page, t, i);
}
