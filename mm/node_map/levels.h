/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A part of kernel/sched/topology.c, which includes it at its end: the scheduler's
 * levels of nodes after distances have changed.
 *
 * Stock finds the levels at boot, and again when a node gets its first CPU or loses its
 * last one. Here the same is done while the CPUs stay. Domains that span the same CPUs as
 * before would be kept then, unless the architecture says that its topology is another
 * one: drivers/base/arch_topology.c asks here. CPUs go on in the domains that they have
 * until others are built.
 *
 * Locks: CPUs stay; sched_domains_mutex guards the levels and the domains.
 */
#ifdef CONFIG_MEMHP_DISTANCES

#include <linux/cpuset.h>
#include <linux/node_map.h>

static bool levels_are_new;

bool mhp_sched_levels_are_new(void)
{
	bool new = levels_are_new;

	levels_are_new = false;
	return new;
}

unsigned int mhp_sched_distances_changed(void)
{
	unsigned int levels;

	cpus_read_lock();
	mutex_lock(&sched_domains_mutex);
	sched_reset_numa();
	sched_init_numa(NUMA_NO_NODE);
	levels = sched_domains_numa_levels;
	levels_are_new = true;
	mutex_unlock(&sched_domains_mutex);
	cpus_read_unlock();

	rebuild_sched_domains();
	return levels;
}

#endif /* CONFIG_MEMHP_DISTANCES */
