// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy: is memory onlined when it was added, and to which zone.
 *
 * Owns:      the parameters online_policy, auto_movable_ratio and
 *            auto_movable_numa_aware, the boot parameters memhp_default_state
 *            and movable_node, and the default online type.
 * Must not:  change zones, or do arithmetic: zone_choice.c has that.
 * Locks:     none of its own; to walk memory groups takes theirs. Who is going
 *            to online holds the memory hotplug lock, and the counts stay; for
 *            others the answer is of the moment.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/align.h>
#include <linux/init.h>
#include <linux/memhp.h>
#include <linux/memmap_walk.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "internal.h"
#include "node_policy.h"
#include "zone_choice.h"

/* The default online type */

/* One of these is set: a choice in Kconfig. */
#define DEFAULT_ONLINE_TYPE						\
	(IS_ENABLED(CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO) ?	\
		MMOP_ONLINE :						\
	 IS_ENABLED(CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL) ?	\
		MMOP_ONLINE_KERNEL :					\
	 IS_ENABLED(CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE) ?	\
		MMOP_ONLINE_MOVABLE : MMOP_OFFLINE)

static enum mmop default_online_type = DEFAULT_ONLINE_TYPE;

/**
 * mhp_get_default_online_type() - what becomes of memory that is added
 *
 * Context: any; the answer may be old.
 * Return: MMOP_OFFLINE if nothing does.
 */
enum mmop mhp_get_default_online_type(void)
{
	return READ_ONCE(default_online_type);
}

/**
 * mhp_set_default_online_type() - say what becomes of memory that is added
 * @online_type: MMOP_OFFLINE if nothing does
 *
 * Context: any; what is being added may still go by the old one.
 */
void mhp_set_default_online_type(enum mmop online_type)
{
	WRITE_ONCE(default_online_type, online_type);
}

static int __init default_state_param(char *text)
{
	int type = mhp_online_type_from_str(text);

	if (type < 0)
		pr_warn("memhp_default_state: no such state: \"%s\"\n", text);
	else
		mhp_set_default_online_type(type);
	return 1;
}
__setup("memhp_default_state=", default_state_param);

bool movable_node_enabled;

static int __init movable_node_param(char *text)
{
	movable_node_enabled = true;
	return 0;
}
early_param("movable_node", movable_node_param);

/* Module parameters */

enum online_policy {
	POLICY_CONTIG_ZONES,	/* a zone grows where it is */
	POLICY_AUTO_MOVABLE,	/* movable, as far as the ratio allows */
};

static const char *const online_policy_text[] = {
	[POLICY_CONTIG_ZONES] = "contig-zones",
	[POLICY_AUTO_MOVABLE] = "auto-movable",
};

static int online_policy = POLICY_CONTIG_ZONES;

static int online_policy_param_set(const char *text,
				   const struct kernel_param *kp)
{
	int found = sysfs_match_string(online_policy_text, text);

	if (found < 0)
		return found;
	WRITE_ONCE(online_policy, found);
	return 0;
}

static int online_policy_param_get(char *page, const struct kernel_param *kp)
{
	return sysfs_emit(page, "%s\n",
			  online_policy_text[READ_ONCE(online_policy)]);
}

static const struct kernel_param_ops online_policy_param_ops = {
	.set = online_policy_param_set,
	.get = online_policy_param_get,
};

module_param_cb(online_policy, &online_policy_param_ops, NULL, 0644);
MODULE_PARM_DESC(online_policy,
		 "Zone of memory that is onlined without naming one: contig-zones (default) or auto-movable");

static unsigned int auto_movable_ratio = 301;
module_param(auto_movable_ratio, uint, 0644);
MODULE_PARM_DESC(auto_movable_ratio,
		 "auto-movable: most movable memory, in percent of kernel memory (301)");

static bool auto_movable_numa_aware = true;
#ifdef CONFIG_NUMA
module_param(auto_movable_numa_aware, bool, 0644);
MODULE_PARM_DESC(auto_movable_numa_aware,
		 "auto-movable: the ratio must hold on the node too, not only over all (Y)");
#endif

/* Counting, for zone_choice.c */

/* What the groups of a sum are counted by. */
struct room_count {
	struct zone_choice_room room;
	unsigned int ratio;
};

static void count_zone(struct zone_choice_room *room, struct zone *zone)
{
	if (zone_idx(zone) == ZONE_MOVABLE)
		zone_choice_add_movable_zone(room, zone->present_pages);
	else
		zone_choice_add_kernel_zone(room, zone->present_early_pages,
					    zone_cma_pages(zone));
}

static int count_group(struct memory_group *group, void *arg)
{
	struct room_count *count = arg;

	zone_choice_add_group(&count->room, count->ratio,
			      group->present_kernel_pages,
			      group->present_movable_pages);
	return 0;
}

static bool on_node(struct zone *zone, int nid)
{
	return nid == NUMA_NO_NODE || zone_to_nid(zone) == nid;
}

/* Room on a node, or everywhere: @nid is NUMA_NO_NODE then. */
static bool room_on(int nid, struct memory_group *group, unsigned int ratio,
		    u64 pages)
{
	struct room_count count = { .ratio = ratio };
	struct zone *zone;
	u64 own = 0;

	for_each_populated_zone(zone)
		if (on_node(zone, nid))
			count_zone(&count.room, zone);
	walk_dynamic_memory_groups(nid, count_group, group, &count);
	if (mhp_is_dynamic(group))
		own = group->present_kernel_pages;
	return zone_choice_has_room(&count.room, ratio, own, pages);
}

/* What of a unit of a dynamic group is online, and in which kind of zone? */
static void count_unit(struct zone_choice_unit *unit, unsigned long pfn)
{
	unsigned long end = pfn + unit->pages;
	struct page *page;

	/* other blocks of the unit may go while their files are read */
	guard(memmap_walk)();
	/* one page tells for its section: the memory was all hot-added */
	for (; pfn < end; pfn += PAGES_PER_SECTION) {
		page = pfn_to_online_page(pfn);
		if (!page)
			continue;
		if (page_zonenum(page) == ZONE_MOVABLE)
			unit->movable += PAGES_PER_SECTION;
		else
			unit->kernel += PAGES_PER_SECTION;
	}
}

/* A static group is one unit; of a dynamic one the one that has the range. */
static struct zone_choice_unit unit_of(struct memory_group *group,
				       unsigned long pfn,
				       unsigned long nr_pages)
{
	struct zone_choice_unit unit = { .pages = nr_pages };

	if (!group)
		return unit;
	if (!group->is_dynamic) {
		unit.pages = group->s.max_pages;
		unit.kernel = group->present_kernel_pages;
		unit.movable = group->present_movable_pages;
	} else if (group->d.unit_pages > nr_pages) {
		unit.pages = group->d.unit_pages;
		count_unit(&unit, ALIGN_DOWN(pfn, group->d.unit_pages));
	}
	return unit;
}

/* Pages to come with a range, all of which must be in the same kind of zone. */
static u64 rest_of(struct memory_group *group, unsigned long pfn,
		   unsigned long nr_pages)
{
	struct zone_choice_unit unit = unit_of(group, pfn, nr_pages);

	return zone_choice_rest(&unit, nr_pages);
}

static enum zone_choice choose_auto_movable(int nid, struct memory_group *group,
					    unsigned int ratio, u64 rest)
{
	if (!ratio || !rest || !room_on(NUMA_NO_NODE, group, ratio, rest))
		return ZONE_CHOICE_KERNEL;
	if (READ_ONCE(auto_movable_numa_aware) &&
	    !room_on(nid, group, ratio, rest))
		return ZONE_CHOICE_KERNEL;
	return ZONE_CHOICE_MOVABLE;
}

/* Zones */

/* The lowest kernel zone that touches the range, else the highest there is. */
static struct zone *kernel_zone(int nid, unsigned long pfn,
				unsigned long nr_pages)
{
	struct zone *zone = NODE_DATA(nid)->node_zones;
	struct zone *normal = &zone[ZONE_NORMAL];

	while (zone < normal && !zone_intersects(zone, pfn, nr_pages))
		zone++;
	return zone;
}

static enum zone_choice choose_contig(struct zone *kernel, struct zone *movable,
				      unsigned long pfn, unsigned long nr_pages)
{
	return zone_choice_contig(zone_intersects(kernel, pfn, nr_pages),
				  zone_intersects(movable, pfn, nr_pages),
				  movable_node_is_enabled());
}

/* Nobody has named a zone. */
static enum zone_choice choose_by_policy(bool wants_movable, struct zone *kernel,
					 struct zone *movable,
					 struct memory_group *group,
					 unsigned long pfn,
					 unsigned long nr_pages)
{
	unsigned int ratio = READ_ONCE(auto_movable_ratio);
	int nid = zone_to_nid(movable);
	u64 limit = mhp_node_movable_limit(nid);
	const struct node_policy_case c = {
		.wants_movable	= wants_movable,
		.own_ratio	= mhp_node_has_ratio(nid, &ratio),
		.auto_movable	= READ_ONCE(online_policy) == POLICY_AUTO_MOVABLE,
		.limit		= limit,
		.movable	= READ_ONCE(movable->present_pages),
		/* it takes a look at other blocks, which most can do without */
		.rest		= limit == ~0ULL ? nr_pages :
				  rest_of(group, pfn, nr_pages),
	};

	switch (node_policy_way(&c)) {
	case NODE_POLICY_MOVABLE:
		return ZONE_CHOICE_MOVABLE;
	case NODE_POLICY_BY_RATIO:
		return choose_auto_movable(nid, group, ratio,
					   rest_of(group, pfn, nr_pages));
	case NODE_POLICY_BY_SPAN:
		return choose_contig(kernel, movable, pfn, nr_pages);
	default:
		return ZONE_CHOICE_KERNEL;
	}
}

/**
 * zone_for_pfn_range() - the zone for a range that is to be onlined
 * @online_type: kernel, movable, or anything else: as the policy says;
 *		 %MHP_ONLINE_LIMITED: movable, if the node's limit allows
 * @nid:         its node
 * @group:       its memory group, or NULL
 * @start_pfn:   first page
 * @nr_pages:    how many
 *
 * Context: process context, may sleep; something keeps @group, as a memory block
 * of it does. The zone is right as long as the memory hotplug lock is held.
 * Return: the zone; never NULL.
 */
struct zone *zone_for_pfn_range(enum mmop online_type, int nid,
				struct memory_group *group,
				unsigned long start_pfn, unsigned long nr_pages)
{
	struct zone *movable = &NODE_DATA(nid)->node_zones[ZONE_MOVABLE];
	struct zone *kernel = kernel_zone(nid, start_pfn, nr_pages);
	enum zone_choice choice;

	if (online_type == MMOP_ONLINE_KERNEL)
		choice = ZONE_CHOICE_KERNEL;
	else if (online_type == MMOP_ONLINE_MOVABLE)
		choice = ZONE_CHOICE_MOVABLE;
	else
		choice = choose_by_policy(online_type == MHP_ONLINE_LIMITED, kernel,
					  movable, group, start_pfn, nr_pages);
	return choice == ZONE_CHOICE_MOVABLE ? movable : kernel;
}
