// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps memory from going offline, by name. See blockers.h.
 *
 * Must not:  look at a page, take a lock, print: inspect.c and report.c do.
 */
#include <linux/string.h>
#include <linux/types.h>

#include "blockers.h"

static const char *const names[BLOCKER_KINDS] = {
	[BLOCKER_NONE]		= "none",
	[BLOCKER_BOOT]		= "boot",
	[BLOCKER_POISON]	= "poison",
	[BLOCKER_TABLE]		= "page-table",
	[BLOCKER_SLAB]		= "slab",
	[BLOCKER_DRIVER]	= "driver",
	[BLOCKER_RESERVED]	= "reserved",
	[BLOCKER_KERNEL]	= "kernel",
	[BLOCKER_PINNED]	= "pinned",
	[BLOCKER_WRITEBACK]	= "writeback",
	[BLOCKER_LOCKED]	= "locked",
	[BLOCKER_NO_MEMORY]	= "no-memory",
	[BLOCKER_HUGETLB]	= "hugetlb",
	[BLOCKER_BUSY]		= "busy",
};

const char *blocker_kind_name(enum blocker_kind kind)
{
	return (unsigned int)kind < BLOCKER_KINDS ? names[kind] : "?";
}

/* Pages that no one could ever move. */
static enum blocker_kind kernel_kind(const struct blocker_facts *f)
{
	if (f->table)
		return BLOCKER_TABLE;
	if (f->slab)
		return BLOCKER_SLAB;
	if (f->driver)
		return BLOCKER_DRIVER;
	if (f->reserved)
		return BLOCKER_RESERVED;
	return BLOCKER_KERNEL;
}

/* Pages that did not move when they should. */
static enum blocker_kind stuck_kind(const struct blocker_facts *f)
{
	if (f->writeback)
		return BLOCKER_WRITEBACK;
	/* what it lacks is a free huge page of the pool, not memory */
	if (f->no_room)
		return f->hugetlb ? BLOCKER_HUGETLB : BLOCKER_NO_MEMORY;
	if (f->locked)
		return BLOCKER_LOCKED;
	return f->hugetlb ? BLOCKER_HUGETLB : BLOCKER_BUSY;
}

enum blocker_kind blocker_kind_of(const struct blocker_facts *f)
{
	if (f->boot)
		return BLOCKER_BOOT;
	if (f->poisoned)
		return BLOCKER_POISON;
	if (!f->data)
		return kernel_kind(f);
	if (f->immovable)
		return BLOCKER_HUGETLB;
	if (f->refs > 0)
		return BLOCKER_PINNED;
	return f->stuck ? stuck_kind(f) : BLOCKER_NONE;
}

void blocker_list_clear(struct blocker_list *list)
{
	list->nr = 0;
	list->kinds = 0;
	list->lost = 0;
	list->pages = 0;
}

static bool continues(const struct blocker *last, const struct blocker *b)
{
	return last->pfn + last->count == b->pfn && last->kind == b->kind &&
	       last->refs == b->refs && last->cgroup == b->cgroup &&
	       last->inode == b->inode && last->dma == b->dma &&
	       !strcmp(last->owner, b->owner);
}

void blocker_list_add(struct blocker_list *list, const struct blocker *b)
{
	struct blocker *last = list->nr ? &list->at[list->nr - 1] : NULL;

	list->pages += b->count;
	list->kinds |= 1U << b->kind;
	if (last && !list->lost && continues(last, b))
		last->count += b->count;
	else if (list->nr < BLOCKERS_KEPT)
		list->at[list->nr++] = *b;
	else
		list->lost++;
}

/* Somebody may let go of data, and data may find a place. */
#define PASSING	(1U << BLOCKER_NONE | 1U << BLOCKER_PINNED |		\
		 1U << BLOCKER_WRITEBACK | 1U << BLOCKER_LOCKED |	\
		 1U << BLOCKER_NO_MEMORY | 1U << BLOCKER_BUSY)

bool blocker_list_lasting(const struct blocker_list *list)
{
	return list->kinds & ~PASSING;
}

void blocker_owner_tidy(char owner[BLOCKER_OWNER_SIZE])
{
	char *c;

	owner[BLOCKER_OWNER_SIZE - 1] = '\0';
	for (c = owner; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '_';
	if (c == owner)
		strcpy(owner, "-");
}
