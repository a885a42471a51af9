/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_ZONELIST_WALK_H
#define _LINUX_ZONELIST_WALK_H
/*
 * Zonelists are read while they are written, without a lock, and who sleeps keeps a
 * pointer to an entry. So the index of an entry may be one that its zone had not: it
 * says which entries can be passed over, and whether memory may come from a zone is
 * asked of the zone itself. Otherwise the kernel gets pages of ZONE_MOVABLE, and
 * they stay.
 *
 * For files of stock that take pages from zones, with -include. What they walk with
 * is redefined for them.
 */
#include <linux/mmzone.h>

/* The zone of an entry, or of the first one after it that is not above the highest index. */
static inline struct zone *zonelist_walk(struct zoneref **ref, int highest,
					 nodemask_t *nodes)
{
	for (;;) {
		struct zone *zone = READ_ONCE((*ref)->zone);

		if (!zone || zone_idx(zone) <= highest)
			return zone;
		*ref = next_zones_zonelist(*ref + 1, highest, nodes);
	}
}

#undef for_next_zone_zonelist_nodemask
#define for_next_zone_zonelist_nodemask(at, ref, highest, nodes)		\
	for ((at) = zonelist_walk(&(ref), highest, nodes); (at);		\
	     (ref) = next_zones_zonelist((ref) + 1, highest, nodes),		\
	     (at) = zonelist_walk(&(ref), highest, nodes))

#undef for_each_zone_zonelist_nodemask
#define for_each_zone_zonelist_nodemask(at, ref, list, highest, nodes)		\
	for ((ref) = first_zones_zonelist(list, highest, nodes),		\
	     (at) = zonelist_walk(&(ref), highest, nodes); (at);		\
	     (ref) = next_zones_zonelist((ref) + 1, highest, nodes),		\
	     (at) = zonelist_walk(&(ref), highest, nodes))

#endif /* _LINUX_ZONELIST_WALK_H */
