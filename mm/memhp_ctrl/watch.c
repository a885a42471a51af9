// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to segments' memory without their controllers: blocks that somebody
 * takes online or offline, pages that break.
 *
 * Owns:      what was seen and not told yet.
 * Locks:     who reports may hold any lock, so that only a work tells. It waits for the
 *            device hotplug lock: what the core was doing is done then.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/device.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/pfn.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "ctrl.h"

/* Pages that broke of late. More at once are not told one by one. */
static unsigned long poisoned[64];
static unsigned int nr_poisoned;
static DEFINE_SPINLOCK(poison_lock);

static bool take_poisoned(unsigned long *pfn)
{
	unsigned long flags;
	bool any;

	spin_lock_irqsave(&poison_lock, flags);
	any = nr_poisoned;
	if (any)
		*pfn = poisoned[--nr_poisoned];
	spin_unlock_irqrestore(&poison_lock, flags);
	return any;
}

static void tell_poison(unsigned long pfn)
{
	struct segment *seg;

	list_for_each_entry(seg, &memhp_segments, list)
		if (window_set_overlaps(&seg->ranges, PFN_PHYS(pfn),
					PFN_PHYS(pfn + 1)))
			memhp_tell_poison(seg, pfn);
}

static void poison_work(struct work_struct *unused)
{
	unsigned long pfn;

	memhp_lock();
	while (take_poisoned(&pfn))
		tell_poison(pfn);
	memhp_unlock();
}

static DECLARE_WORK(tell_poison_work, poison_work);

void mhp_note_poison(unsigned long pfn)
{
	unsigned long flags;

	spin_lock_irqsave(&poison_lock, flags);
	if (nr_poisoned < ARRAY_SIZE(poisoned))
		poisoned[nr_poisoned++] = pfn;
	spin_unlock_irqrestore(&poison_lock, flags);
	queue_work(system_long_wq, &tell_poison_work);
}

/* An operation tells by itself what it did. */
static void tell_usage(struct segment *seg)
{
	if (seg->state == SEGMENT_ATTACHED &&
	    memhp_usage_of(seg) != seg->told)
		memhp_tell(seg, MEMHP_EVENT_USAGE);
}

static void usage_work(struct work_struct *unused)
{
	struct segment *seg;

	lock_device_hotplug();
	unlock_device_hotplug();
	memhp_lock();
	list_for_each_entry(seg, &memhp_segments, list)
		tell_usage(seg);
	memhp_unlock();
}

static DECLARE_WORK(tell_usage_work, usage_work);

/*
 * Operations tell by themselves, and do nothing to others' memory. Where there is no segment,
 * nobody takes the device hotplug lock for one: files that find it taken try again.
 */
static int listen(struct notifier_block *block, unsigned long action, void *arg)
{
	if ((action == MEM_ONLINE || action == MEM_OFFLINE) &&
	    !list_empty(&memhp_segments) && !engine_works_here())
		queue_work(system_long_wq, &tell_usage_work);
	return NOTIFY_OK;
}

static struct notifier_block listener = { .notifier_call = listen };

int memhp_watch_init(void)
{
	return register_memory_notifier(&listener);
}
