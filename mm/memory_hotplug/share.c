// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing page structs of large ranges on several CPUs.
 *
 * Owns:      the parameter "online_cpus", and who writes which part.
 * Must not:  know what is written.
 * Locks:     callers hold the memory hotplug lock for writing, so there is one
 *            who shares.
 *
 * The caller writes a part itself, and those that no worker has begun with by
 * then: a machine that cannot have workers is slower, and nothing else.
 *
 * Each part is queued for another CPU. Left to themselves, workers stay with those
 * CPUs that share a cache with the one that queues: where none does, all of them
 * would wait for that one.
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/smp.h>
#include <linux/topology.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "internal.h"

#define MOST	32U

/* To wake a CPU takes much less; to write a part of one GiB, about as long. */
#define LONGEST_WAKE_MS	10

static unsigned int online_cpus;
module_param(online_cpus, uint, 0644);
MODULE_PARM_DESC(online_cpus,
		 "CPUs of a node that work on memory that goes online, 32 at most (0: a quarter of them)");

/* A part, and who does it. */
struct share {
	struct work_struct work;
	const struct mhp_sharing *all;
	unsigned long pfn, end;
};

static struct share shares[MOST];

/* Parts that no worker has begun with, and who waits for that. */
static atomic_t waiting;
static DECLARE_WAIT_QUEUE_HEAD(begun);

unsigned int mhp_share_count(int nid)
{
	unsigned int cpus = cpumask_weight(cpumask_of_node(nid));
	unsigned int wanted = READ_ONCE(online_cpus) ?: cpus / 4;

	return clamp(min(wanted, num_online_cpus()), 1U, MOST);
}

static void do_share(struct share *share)
{
	share->all->write(share->all, share->pfn, share->end);
}

static void work_on_share(struct work_struct *work)
{
	if (atomic_dec_and_test(&waiting))
		wake_up(&begun);
	do_share(container_of(work, struct share, work));
}

/* CPUs of the node, if it has any; none goes while the hotplug lock is held. */
static const struct cpumask *cpus_for(int nid)
{
	const struct cpumask *cpus = cpumask_of_node(nid);

	return cpumask_intersects(cpus, cpu_online_mask) ? cpus :
							   cpu_online_mask;
}

static unsigned int cpu_after(unsigned int cpu, const struct cpumask *cpus)
{
	unsigned int next = cpumask_next_and(cpu, cpus, cpu_online_mask);

	return next < nr_cpu_ids ? next :
				   cpumask_first_and(cpus, cpu_online_mask);
}

static void begin_share(struct share *share, const struct mhp_sharing *all,
			unsigned long pfn, unsigned long end, unsigned int cpu)
{
	share->all = all;
	share->pfn = pfn;
	share->end = end;
	INIT_WORK(&share->work, work_on_share);
	queue_work_on(cpu, system_unbound_wq, &share->work);
}

/* Waits for it, or does it if nobody has begun. */
static void finish_share(struct share *share)
{
	if (cancel_work_sync(&share->work))
		do_share(share);
}

void mhp_share(const struct mhp_sharing *all, unsigned long pfn,
	       unsigned long end, unsigned long each)
{
	unsigned long own_end = min(end, ALIGN(pfn + 1, each)), at;
	const struct cpumask *cpus = cpus_for(all->nid);
	unsigned int cpu = raw_smp_processor_id(), nr = 0, i;

	mhp_assert_locked();
	atomic_set(&waiting, DIV_ROUND_UP(end - own_end, each));
	for (at = own_end; at < end && nr < MOST; at += each) {
		cpu = cpu_after(cpu, cpus);
		begin_share(&shares[nr++], all, at, min(end, at + each), cpu);
	}
	/* whose worker is on its way needs nobody who does it for him */
	wait_event_timeout(begun, !atomic_read(&waiting),
			   msecs_to_jiffies(LONGEST_WAKE_MS));
	all->write(all, pfn, own_end);
	for (i = 0; i < nr; i++)
		finish_share(&shares[i]);
}
