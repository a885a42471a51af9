// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel zone or ZONE_MOVABLE: the arithmetic.
 *
 * Owns:      nothing. Pure; the contract is in the header, and the host tests
 *            compile this very file.
 */
#include <linux/types.h>
#include <linux/minmax.h>

#include "zone_choice.h"

enum zone_choice zone_choice_contig(bool in_kernel, bool in_movable,
				    bool movable_node)
{
	bool movable = in_kernel == in_movable ? movable_node : in_movable;

	return movable ? ZONE_CHOICE_MOVABLE : ZONE_CHOICE_KERNEL;
}

void zone_choice_add_kernel_zone(struct zone_choice_room *room, u64 early,
				 u64 cma)
{
	room->kernel += early - min(early, cma);
	room->movable += cma;
}

void zone_choice_add_movable_zone(struct zone_choice_room *room, u64 present)
{
	room->movable += present;
}

/*
 * Kernel pages that so many movable ones need, rounded down. An address has 64
 * bits and a page 12 or more: 100 times a count of pages fits.
 */
static u64 kernel_needed(u64 movable, unsigned int ratio)
{
	return movable * 100 / ratio;
}

/* Movable pages that kernel pages allow for, rounded down; any ratio will do. */
static u64 movable_allowed(u64 kernel, unsigned int ratio)
{
	u64 hundreds = kernel / 100, rest = kernel % 100;

	if (ratio && hundreds >= ~0ULL / ratio)
		return ~0ULL;
	return hundreds * ratio + rest * ratio / 100;
}

void zone_choice_add_group(struct zone_choice_room *room, unsigned int ratio,
			   u64 kernel, u64 movable)
{
	u64 needed;

	if (!ratio)
		return;
	needed = kernel_needed(movable, ratio);
	room->taken += needed - min(needed, kernel);
	room->grouped += movable;
}

bool zone_choice_has_room(const struct zone_choice_room *room,
			  unsigned int ratio, u64 own, u64 pages)
{
	u64 movable = room->movable - min(room->movable, room->grouped);

	/* the early memory is spoken for: a group's own does not help then */
	if (room->kernel <= room->taken)
		return false;
	return movable + pages <=
	       movable_allowed(room->kernel - room->taken + own, ratio);
}

u64 zone_choice_rest(const struct zone_choice_unit *unit, u64 range)
{
	if (unit->kernel)
		return 0;
	return max(range, unit->pages - min(unit->pages, unit->movable));
}
