/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_ZONE_CHOICE_H
#define _MM_MEMORY_HOTPLUG_ZONE_CHOICE_H
/*
 * Kernel zone or ZONE_MOVABLE, for memory that is to be onlined without a
 * word on which.
 *
 * Pure: counts in, decision out. It takes no lock and knows no struct zone;
 * policy.c counts, the host tests make the counts up. All counts are in pages.
 */
#include <linux/types.h>

enum zone_choice {
	ZONE_CHOICE_KERNEL,
	ZONE_CHOICE_MOVABLE,
};

/**
 * zone_choice_contig() - where a range keeps zones contiguous
 * @in_kernel:    it touches what the kernel zone spans
 * @in_movable:   it touches what ZONE_MOVABLE spans
 * @movable_node: what can be hot-removed is to be movable
 *
 * Return: the zone that has it to itself; if neither or both do, what
 * @movable_node says.
 */
enum zone_choice zone_choice_contig(bool in_kernel, bool in_movable,
				    bool movable_node);

/**
 * struct zone_choice_room - memory of a node, or of all of them
 * @kernel:  kernel memory that was there early in boot, without CMA
 * @movable: movable memory, and CMA
 * @taken:   of @kernel, what dynamic groups need for movable memory of theirs
 *	     that is more than their own kernel memory allows for
 * @grouped: of @movable, what belongs to these groups
 *
 * Start from zeros, add the zones, then the groups.
 */
struct zone_choice_room {
	u64 kernel;
	u64 movable;
	u64 taken;
	u64 grouped;
};

/**
 * zone_choice_add_kernel_zone() - count a kernel zone
 * @room:  sum
 * @early: pages present since early in boot
 * @cma:   pages for CMA, which act like movable ones
 *
 * Kernel memory that was hot-added does not count: it may leave again, and
 * cannot if movable memory leans on it.
 */
void zone_choice_add_kernel_zone(struct zone_choice_room *room, u64 early,
				 u64 cma);

/**
 * zone_choice_add_movable_zone() - count a ZONE_MOVABLE
 * @room:    sum
 * @present: pages present
 */
void zone_choice_add_movable_zone(struct zone_choice_room *room, u64 present);

/**
 * zone_choice_add_group() - count a dynamic group, not the one to be added to
 * @room:    sum
 * @ratio:   movable memory allowed, in percent of kernel memory
 * @kernel:  kernel memory the group has online
 * @movable: movable memory it has online; in a zone that was counted
 */
void zone_choice_add_group(struct zone_choice_room *room, unsigned int ratio,
			   u64 kernel, u64 movable);

/**
 * zone_choice_has_room() - is there room for more movable memory?
 * @room:  sum
 * @ratio: movable memory allowed, in percent of kernel memory
 * @own:   kernel memory of the dynamic group that is added to, or 0
 * @pages: how much more
 *
 * Return: with them there is not more movable memory than @ratio allows.
 */
bool zone_choice_has_room(const struct zone_choice_room *room,
			  unsigned int ratio, u64 own, u64 pages);

/**
 * struct zone_choice_unit - what must be in one kind of zone: a device, a unit
 *			     of a device, or just the range
 * @pages:   all of it
 * @kernel:  of it, online in a kernel zone
 * @movable: of it, online in ZONE_MOVABLE
 */
struct zone_choice_unit {
	u64 pages;
	u64 kernel;
	u64 movable;
};

/**
 * zone_choice_rest() - movable pages there would be more, with the whole unit
 * @unit:  unit
 * @range: pages to online now, of the unit
 *
 * Return: what is not online yet, @range or more; 0 if the unit is bound to
 * kernel zones as part of it is in one.
 */
u64 zone_choice_rest(const struct zone_choice_unit *unit, u64 range);

#endif /* _MM_MEMORY_HOTPLUG_ZONE_CHOICE_H */
