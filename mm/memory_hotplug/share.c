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
 */
#include <linux/align.h>
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "internal.h"

#define MOST	32U

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
	do_share(container_of(work, struct share, work));
}

static void begin_share(struct share *share, const struct mhp_sharing *all,
			unsigned long pfn, unsigned long end)
{
	share->all = all;
	share->pfn = pfn;
	share->end = end;
	INIT_WORK(&share->work, work_on_share);
	queue_work_node(all->nid, system_unbound_wq, &share->work);
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
	unsigned int nr = 0, i;

	mhp_assert_locked();
	for (at = own_end; at < end && nr < MOST; at += each)
		begin_share(&shares[nr++], all, at, min(end, at + each));
	all->write(all, pfn, own_end);
	for (i = 0; i < nr; i++)
		finish_share(&shares[i]);
}
