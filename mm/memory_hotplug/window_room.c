// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for sets of address ranges, which window_set.c does not ask for itself.
 *
 * Owns:      nothing.
 * Locks:     none; the caller has the set for itself.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "window_set.h"

int window_set_room(struct window_set *set, unsigned int more)
{
	unsigned int room = max3(set->nr + more, 2 * set->room, 16U);
	struct window *at;

	if (set->nr + more <= set->room)
		return 0;
	at = krealloc_array(set->at, room, sizeof(*at), GFP_KERNEL);
	if (!at)
		return -ENOMEM;
	set->at = at;
	set->room = room;
	return 0;
}
