// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges that host what describes them: page structs and tables lie in the
 * front of the range, and old memory gives next to nothing.
 *
 * Owns:      the list of such ranges, how large a front is and what is where.
 * Locks:     callers hold device hotplug lock and memory hotplug lock.
 *
 * The front is made of whole memory blocks, which do not appear as such: nobody
 * can online them. It is there as long as the range is, so the range is removed
 * as a whole. Nothing of it serves another range: two of them go in any order.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/align.h>
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/pgtable.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/suspend.h>

#include "internal.h"

static LIST_HEAD(hosts);

/* An image of memory is made, or soon will be. */
static bool hibernating;

/* Page structs of all of the range, that of the front as well. */
static u64 struct_bytes(u64 size)
{
	return PAGE_ALIGN(PHYS_PFN(size) * sizeof(struct page));
}

/*
 * Tables of the two lowest levels, as pages will map the range if it goes to a
 * kernel zone; each is a page of entries. The room is there from the start: old
 * memory may be short on the day.
 */
static u64 table_bytes(u64 size)
{
	u64 lowest = size / PTRS_PER_PTE;

	return can_set_direct_map() ?
	       lowest + PAGE_ALIGN(lowest / PTRS_PER_PTE) : 0;
}

u64 mhp_front_size(u64 size)
{
	u64 front = ALIGN(struct_bytes(size) + table_bytes(size),
			  memory_block_size_bytes());

	return IS_ENABLED(CONFIG_MHP_MEMMAP_ON_MEMORY) && front < size ?
	       front : 0;
}

struct mhp_host *mhp_host_new(u64 start, u64 size)
{
	const struct vmem_altmap altmap = {
		.base_pfn = PHYS_PFN(start),
		.end_pfn = PHYS_PFN(start + size - 1),
		.free = PHYS_PFN(struct_bytes(size)),
	};
	struct mhp_host *host = kzalloc(sizeof(*host), GFP_KERNEL);

	if (!host)
		return NULL;
	memcpy(&host->altmap, &altmap, sizeof(altmap));
	host->size = size;
	host->front.start = start;
	host->front.size = mhp_front_size(size);
	host->front.tables = start + struct_bytes(size);
	host->front.next = host->front.tables;
	if (kasan_add_zero_shadow(__va(start), host->front.size)) {
		kfree(host);
		return NULL;
	}
	list_add(&host->list, &hosts);
	return host;
}

void mhp_host_free(struct mhp_host *host)
{
	WARN_ONCE(host->altmap.alloc, "%lu pages of page structs that are gone are in use\n",
		  host->altmap.alloc);
	list_del(&host->list);
	mhp_zero_shadow_remove(host->front.start, host->front.size);
	kfree(host);
}

bool mhp_host_allowed(void)
{
	return !hibernating;
}

static void set_hibernating(bool is)
{
	mem_hotplug_begin();
	hibernating = is;
	mem_hotplug_done();
}

/* An image would not have the fronts in it: they are in no zone. */
static int note_hibernation(struct notifier_block *nb, unsigned long event,
			    void *unused)
{
	if (event != PM_HIBERNATION_PREPARE && event != PM_POST_HIBERNATION)
		return NOTIFY_OK;
	/* from now on there is no new one */
	set_hibernating(event == PM_HIBERNATION_PREPARE);
	if (event == PM_POST_HIBERNATION || list_empty(&hosts))
		return NOTIFY_OK;
	set_hibernating(false);
	pr_err("no hibernation while a range holds its own page structs; remove it, or boot with memmap_on_memory=N\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block note_hibernation_nb = {
	.notifier_call = note_hibernation,
};

static int __init host_init(void)
{
	if (!IS_ENABLED(CONFIG_HIBERNATION))
		return 0;
	return register_pm_notifier(&note_hibernation_nb);
}
early_initcall(host_init);

bool mhp_tears_host(u64 start, u64 size)
{
	const struct mhp_host *host = mhp_host_find(start, size);

	return host && (host->front.start != start || host->size != size);
}

struct mhp_host *mhp_host_find(u64 start, u64 size)
{
	struct mhp_host *host;

	list_for_each_entry(host, &hosts, list)
		if (start < host->front.start + host->size &&
		    host->front.start < start + size)
			return host;
	return NULL;
}
