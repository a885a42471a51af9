// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU lists and counters of zones that get their first pages.
 *
 * Owns:      what is allocated for a zone until the page allocator takes it.
 * Must not:  free what the page allocator has taken: others may be on their way
 *            to it (zonelist.c).
 * Locks:     the memory hotplug lock, for writing.
 *
 * setup_zone_pageset() cannot say that there is no memory, and would go on with
 * a bad pointer. So it takes what was reserved here, while a failure could still
 * be undone.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/memhp.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>

#include "internal.h"

static struct {
	struct per_cpu_pages __percpu *pages;
	struct per_cpu_zonestat __percpu *stats;
} reserve;

int mhp_pageset_reserve(void)
{
	mhp_assert_locked();
	reserve.pages = alloc_percpu(struct per_cpu_pages);
	reserve.stats = alloc_percpu(struct per_cpu_zonestat);
	if (reserve.pages && reserve.stats)
		return 0;
	free_percpu(reserve.stats);
	free_percpu(reserve.pages);
	reserve.pages = NULL;
	return -ENOMEM;
}

bool mhp_pageset_take(struct zone *zone, mhp_pageset_init_t init)
{
	int cpu;

	/* boot has its own */
	if (!reserve.pages)
		return false;
	for_each_possible_cpu(cpu)
		init(per_cpu_ptr(reserve.pages, cpu),
		     per_cpu_ptr(reserve.stats, cpu));
	zone->per_cpu_zonestats = reserve.stats;
	zone->per_cpu_pageset = reserve.pages;
	reserve.pages = NULL;
	return true;
}
