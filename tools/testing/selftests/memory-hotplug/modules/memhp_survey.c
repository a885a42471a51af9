// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be seen of memory from inside only: zones, page structs, notifiers.
 *
 * Files in <debugfs>/memhp_survey:
 *
 *	range	"START SIZE": the memory that "pages" looks at
 *	pages	how many pages of the range are in blocks of each order; what the
 *		other words of their page structs are, and how many are so; how many
 *		free pages are not zero
 *	lists	of the largest free blocks of the zone that the range begins in: how many
 *		there are, and how many come after a neighbour of theirs in their list
 *	zones	of each zone with memory: node, name, what its flag "contiguous" says,
 *		and what looking at each pageblock says
 *	events	how often listeners were called since the last read, with how many
 *		pages each time
 *	refuse	the so many-th listener of memory that goes online refuses it; 0: none
 *
 * For test guests only, where nobody uses the range, and no memory comes or goes,
 * meanwhile.
 */
#include <linux/kernel.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/pageblock-flags.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "memhp_action.h"

static struct dentry *folder;
static u64 range_start, range_size;
static u32 refuse;

/* Pages */

/* What a page struct holds, but for what is its own. */
struct look {
	unsigned long flags, mapping, index, private;
	unsigned int type, count;
	bool head;
};

#define LOOKS	32

static struct {
	struct look look;
	unsigned long pages;
} looks[LOOKS];

static unsigned long blocks[NR_PAGE_ORDERS], nonzero, others;

static struct look look_at(const struct page *page)
{
	return (struct look){
		.flags = page->flags,
		.mapping = (unsigned long)page->mapping,
		.index = page->index,
		.private = page->private,
		.type = page->page_type,
		.count = page_count(page),
		.head = PageBuddy(page),
	};
}

static bool same(const struct look *a, const struct look *b)
{
	return a->flags == b->flags && a->mapping == b->mapping &&
	       a->index == b->index && a->private == b->private &&
	       a->type == b->type && a->count == b->count && a->head == b->head;
}

static void note(const struct look *look)
{
	int i;

	for (i = 0; i < LOOKS; i++) {
		if (looks[i].pages && !same(&looks[i].look, look))
			continue;
		looks[i].look = *look;
		looks[i].pages++;
		return;
	}
	others++;
}

static void note_contents(struct page *page, unsigned long nr)
{
	for (; nr; nr--, page++)
		nonzero += !!memchr_inv(page_address(page), 0, PAGE_SIZE);
}

static void survey(bool contents)
{
	unsigned long pfn = PHYS_PFN(range_start);
	unsigned long end = pfn + PHYS_PFN(range_size);
	struct look look;

	memset(looks, 0, sizeof(looks));
	memset(blocks, 0, sizeof(blocks));
	nonzero = 0;
	others = 0;
	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page)
			continue;
		look = look_at(page);
		note(&look);
		if (!look.head)
			continue;
		blocks[look.private]++;
		if (contents)
			note_contents(page, 1UL << look.private);
	}
}

static int pages_show(struct seq_file *m, void *unused)
{
	int i;

	survey(true);
	for (i = 0; i < NR_PAGE_ORDERS; i++)
		seq_printf(m, "order %d: %lu\n", i, blocks[i]);
	for (i = 0; i < LOOKS && looks[i].pages; i++) {
		const struct look *look = &looks[i].look;

		seq_printf(m, "%lu pages: flags %#lx mapping %#lx index %#lx private %#lx type %#x count %u\n",
			   looks[i].pages, look->flags, look->mapping,
			   look->index, look->private, look->type, look->count);
	}
	seq_printf(m, "others: %lu\nnot zero: %lu\n", others, nonzero);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pages);

/* Lists */

static bool are_neighbours(struct page *a, struct page *b)
{
	return page_to_pfn(a) + MAX_ORDER_NR_PAGES == page_to_pfn(b) ||
	       page_to_pfn(b) + MAX_ORDER_NR_PAGES == page_to_pfn(a);
}

static int lists_show(struct seq_file *m, void *unused)
{
	struct page *first = pfn_to_online_page(PHYS_PFN(range_start));
	unsigned long nr = 0, nr_after = 0, irq;
	struct free_area *area;
	struct zone *zone;
	int type;

	if (!first)
		return -ENXIO;
	zone = page_zone(first);
	area = &zone->free_area[MAX_PAGE_ORDER];
	spin_lock_irqsave(&zone->lock, irq);
	for (type = 0; type < MIGRATE_TYPES; type++) {
		struct page *page, *before = NULL;

		list_for_each_entry(page, &area->free_list[type], buddy_list) {
			nr++;
			nr_after += before && are_neighbours(before, page);
			before = page;
		}
	}
	spin_unlock_irqrestore(&zone->lock, irq);
	seq_printf(m, "%lu %lu\n", nr, nr_after);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lists);

/* Zones */

static bool is_of_zone(unsigned long pfn, const struct zone *zone)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && page_zone(page) == zone;
}

/* Does each pageblock in the span begin and end with pages of the zone? */
static bool looks_contiguous(const struct zone *zone)
{
	unsigned long pfn = zone->zone_start_pfn, end = zone_end_pfn(zone), next;

	for (; pfn < end; pfn = next) {
		next = min(ALIGN(pfn + 1, pageblock_nr_pages), end);
		if (!is_of_zone(pfn, zone) || !is_of_zone(next - 1, zone))
			return false;
	}
	return true;
}

static int zones_show(struct seq_file *m, void *unused)
{
	int nid, i;

	for_each_online_node(nid)
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			if (zone->spanned_pages)
				seq_printf(m, "%d %s %d %d\n", nid, zone->name,
					   zone->contiguous,
					   looks_contiguous(zone));
		}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zones);

/* Notifiers */

struct heard {
	unsigned long event, pages;
	unsigned int times;
};

#define HEARD	64

static struct heard heard[HEARD];
static unsigned int going_online;

static const char *event_name(unsigned long event)
{
	switch (event) {
	case MEM_GOING_ONLINE:
		return "going-online";
	case MEM_ONLINE:
		return "online";
	case MEM_CANCEL_ONLINE:
		return "cancel-online";
	case MEM_GOING_OFFLINE:
		return "going-offline";
	case MEM_OFFLINE:
		return "offline";
	case MEM_CANCEL_OFFLINE:
		return "cancel-offline";
	case MEM_PREPARE_ONLINE:
		return "prepare-online";
	case MEM_FINISH_OFFLINE:
		return "finish-offline";
	}
	return "unknown";
}

static int hear(struct notifier_block *nb, unsigned long event, void *arg)
{
	const struct memory_notify *memory = arg;
	int i;

	for (i = 0; i < HEARD; i++)
		if (!heard[i].times || (heard[i].event == event &&
					heard[i].pages == memory->nr_pages))
			break;
	if (i < HEARD) {
		heard[i].event = event;
		heard[i].pages = memory->nr_pages;
		heard[i].times++;
	}
	if (event == MEM_GOING_ONLINE && refuse && ++going_online == refuse)
		return notifier_from_errno(-ECANCELED);
	return NOTIFY_OK;
}

static struct notifier_block listener = {
	.notifier_call = hear,
	.priority = -1,			/* after all others, so that they are undone */
};

static int events_show(struct seq_file *m, void *unused)
{
	int i;

	for (i = 0; i < HEARD && heard[i].times; i++)
		seq_printf(m, "%s %u %lu\n", event_name(heard[i].event),
			   heard[i].times, heard[i].pages);
	memset(heard, 0, sizeof(heard));
	going_online = 0;
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(events);

/* The module */

static int set_range(u64 start, u64 size)
{
	range_start = start;
	range_size = size;
	return 0;
}

static const struct action range_action = { "range", set_range };

static int __init memhp_survey_init(void)
{
	int ret = register_memory_notifier(&listener);

	if (ret)
		return ret;
	folder = debugfs_create_dir("memhp_survey", NULL);
	action_files(&range_action, 1, folder);
	debugfs_create_file("pages", 0400, folder, NULL, &pages_fops);
	debugfs_create_file("lists", 0400, folder, NULL, &lists_fops);
	debugfs_create_file("zones", 0400, folder, NULL, &zones_fops);
	debugfs_create_file("events", 0400, folder, NULL, &events_fops);
	debugfs_create_u32("refuse", 0600, folder, &refuse);
	return 0;
}

static void __exit memhp_survey_exit(void)
{
	debugfs_remove_recursive(folder);
	unregister_memory_notifier(&listener);
}

module_init(memhp_survey_init);
module_exit(memhp_survey_exit);
MODULE_DESCRIPTION("Looks at zones, page structs and notifiers in a test guest");
MODULE_LICENSE("GPL");
