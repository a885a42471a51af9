// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zonelists that never get shorter.
 *
 * Owns:      in which order the zones of nodes stand in zonelists, and which
 *            zones have ever had pages.
 *
 * The page allocator reads zonelists without a lock, and remembers pointers to
 * entries while it sleeps. A list that gets shorter turns such an entry into
 * the end of the list, whose zone is NULL, and the allocator goes on to use it.
 * So a zone that has lost its last page moves to the tail, where it costs those
 * a look that find nothing anywhere else; its entry and the per-CPU lists stay.
 * While a list is written from its start, an entry is an old one or a new one, or
 * one's zone with the other's index (zonelist_walk.h), and never the end, up to the
 * length that the list has had.
 */
#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/memhp.h>
#include <linux/mempolicy.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>

#include "internal.h"

/* Zones with per-CPU lists of their own, by node and index. */
static DECLARE_BITMAP(seen, MAX_NUMNODES * MAX_NR_ZONES);

static unsigned int zone_bit(struct zone *zone)
{
	return zone_to_nid(zone) * MAX_NR_ZONES + zone_idx(zone);
}

bool mhp_zone_seen(struct zone *zone)
{
	return test_bit(zone_bit(zone), seen);
}

void mhp_zone_set_seen(struct zone *zone)
{
	set_bit(zone_bit(zone), seen);
}

static int __init see_boot_zones(void)
{
	struct zone *zone;

	for_each_populated_zone(zone)
		mhp_zone_set_seen(zone);
	return 0;
}
early_initcall(see_boot_zones);

static struct zoneref *append(struct zoneref *ref, struct zone *zone)
{
	ref->zone = zone;
	ref->zone_idx = zone_idx(zone);
	return ref + 1;
}

/* The highest first: kernel memory is taken last. */
static struct zoneref *append_with_pages(struct zoneref *ref, int nid)
{
	int type;

	for (type = MAX_NR_ZONES - 1; type >= 0; type--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[type];

		if (!populated_zone(zone))
			continue;
		ref = append(ref, zone);
		check_highest_zone(type);
	}
	return ref;
}

/* Those that once had pages; @listed are the nodes that have some now. */
static struct zoneref *append_without_pages(struct zoneref *ref, int nid,
					    bool listed)
{
	int type;

	for (type = MAX_NR_ZONES - 1; type >= 0; type--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[type];

		if (mhp_zone_seen(zone) && !(listed && populated_zone(zone)))
			ref = append(ref, zone);
	}
	return ref;
}

static void terminate(struct zoneref *ref)
{
	ref->zone = NULL;
	ref->zone_idx = 0;
}

void mhp_build_fallback(struct pglist_data *pgdat, const int *order,
			unsigned int nr_nodes)
{
	struct zoneref *ref = pgdat->node_zonelists[ZONELIST_FALLBACK]._zonerefs;
	nodemask_t listed = NODE_MASK_NONE;
	unsigned int i;
	int nid;

	for (i = 0; i < nr_nodes; i++) {
		node_set(order[i], listed);
		ref = append_with_pages(ref, order[i]);
	}
	for_each_node(nid)
		ref = append_without_pages(ref, nid, node_isset(nid, listed));
	terminate(ref);
}

#ifdef CONFIG_NUMA
void mhp_build_thisnode(struct pglist_data *pgdat)
{
	struct zoneref *ref = pgdat->node_zonelists[ZONELIST_NOFALLBACK]._zonerefs;
	int nid = pgdat->node_id;

	terminate(append_without_pages(append_with_pages(ref, nid), nid, true));
}
#endif

int mhp_build_zonerefs(struct pglist_data *pgdat, struct zoneref *refs)
{
	int nid = pgdat->node_id;

	return append_without_pages(append_with_pages(refs, nid), nid, true) -
	       refs;
}
