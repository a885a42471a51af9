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

/* From an entry on, the first one whose zone is not above the highest index: its zone. */
static inline struct zone *zonelist_walk(struct zoneref **ref,
					 struct zoneref *from, int highest,
					 nodemask_t *nodes)
{
	struct zone *zone;

	while ((zone = READ_ONCE(from->zone)) && zone_idx(zone) > highest)
		from = next_zones_zonelist(from + 1, highest, nodes);
	*ref = from;
	return zone;
}

#define for_zones_from(at, ref, from, highest, nodes)				\
	for ((at) = zonelist_walk(&(ref), from, highest, nodes); (at);		\
	     (at) = zonelist_walk(&(ref),					\
				  next_zones_zonelist((ref) + 1, highest, nodes), \
				  highest, nodes))

#undef for_next_zone_zonelist_nodemask
#define for_next_zone_zonelist_nodemask(at, ref, highest, nodes)		\
	for_zones_from(at, ref, ref, highest, nodes)

#undef for_each_zone_zonelist_nodemask
#define for_each_zone_zonelist_nodemask(at, ref, list, highest, nodes)		\
	for_zones_from(at, ref,							\
		       first_zones_zonelist(list, highest, nodes), highest, nodes)

#endif /* _LINUX_ZONELIST_WALK_H */
