/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_WINDOW_SET_H
#define _MM_MEMORY_HOTPLUG_WINDOW_SET_H
/*
 * A set of address ranges, each with a node and a source. Ranges are sorted and
 * never overlap; neighbours that touch and are alike are one.
 *
 * Pure: it takes no lock and allocates nothing. The caller gives the array, or has
 * window_set_room() do so, and sees to room for one range more before it inserts
 * or cuts: neither needs more.
 */
#include <linux/types.h>

/* In a range there are parts of several nodes, or parts of which none is known. */
#define WINDOW_NODES_DIFFER	(-2)

/**
 * struct window - a range of physical addresses
 * @start:  first address
 * @end:    the address behind it, above @start
 * @nid:    node, or -1 if it is not known
 * @source: who says that there is a window; a number to this file
 */
struct window {
	u64 start, end;
	int nid;
	unsigned int source;
};

/**
 * struct window_set - ranges, lowest first
 * @at:   array
 * @nr:   how many there are
 * @room: how many fit
 */
struct window_set {
	struct window *at;
	unsigned int nr, room;
};

/**
 * window_set_above() - the first range that ends above an address
 * @set:  set
 * @addr: address; the range may begin above it
 *
 * Return: the range, or NULL; those behind it follow in the array.
 */
const struct window *window_set_above(const struct window_set *set, u64 addr);

/* Has [start, end) anything in common with the set? */
bool window_set_overlaps(const struct window_set *set, u64 start, u64 end);

/**
 * window_set_covers() - is [start, end) wholly inside the set?
 * @set:   set
 * @start: first address
 * @end:   the address behind the last, above @start
 * @nid:   node of all of it, -1, or %WINDOW_NODES_DIFFER; set if it is inside
 *
 * Return: true if each address of it is in a range of the set.
 */
bool window_set_covers(const struct window_set *set, u64 start, u64 end,
		       int *nid);

/* The same, by ranges of one source only. */
bool window_set_covers_by(const struct window_set *set, u64 start, u64 end,
			  unsigned int source);

/**
 * window_set_gap() - the first part of [start, end) that is not in the set
 * @set:   set
 * @start: first address; that of the part
 * @end:   the address behind the last; that of the part
 *
 * Return: true; false if there is none, and then @start is not below @end.
 */
bool window_set_gap(const struct window_set *set, u64 *start, u64 *end);

/**
 * window_set_insert() - put a range into the set
 * @set: set
 * @w:   range
 *
 * Return: 0; -EINVAL: it is empty; -EEXIST: a part of it is in the set;
 * -ENOMEM: there is no room. On failure nothing has changed.
 */
int window_set_insert(struct window_set *set, const struct window *w);

/**
 * window_set_cut() - take [start, end) out of the set, whatever of it is there
 * @set:   set
 * @start: first address
 * @end:   the address behind the last; nothing is cut if it is not above @start
 *
 * Return: 0; -ENOMEM: a range would have to become two, and there is no room.
 * On failure nothing has changed.
 */
int window_set_cut(struct window_set *set, u64 start, u64 end);

/**
 * window_set_room() - make room in a set for ranges more
 * @set:  set, whose array is krealloc()'s; the array may move
 * @more: so many
 *
 * The only one that is not pure, in window_room.c: host tests give arrays of theirs.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM: nothing has changed.
 */
int window_set_room(struct window_set *set, unsigned int more);

#endif /* _MM_MEMORY_HOTPLUG_WINDOW_SET_H */
