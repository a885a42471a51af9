// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far the range is that goes online, or was the last one to do so.
 *
 * Owns:      what mhp_online_progress() tells.
 * Must not:  wait for anybody: a reader shall know while it goes on.
 * Locks:     progress_lock. Who writes holds the memory hotplug lock for writing, so
 *            there is one range at a time.
 */
#include <linux/memhp.h>
#include <linux/pfn.h>
#include <linux/spinlock.h>

#include "internal.h"

static DEFINE_SPINLOCK(progress_lock);
static struct mhp_online_progress last;

static void set(enum mhp_online_state state, u64 done)
{
	spin_lock(&progress_lock);
	last.state = state;
	last.done = done;
	spin_unlock(&progress_lock);
}

void mhp_progress_begin(unsigned long pfn, unsigned long nr_pages)
{
	mhp_assert_locked();
	spin_lock(&progress_lock);
	last = (struct mhp_online_progress){
		.state = MHP_ONLINE_RUNNING,
		.start = PFN_PHYS(pfn),
		.size = PFN_PHYS(nr_pages),
	};
	spin_unlock(&progress_lock);
}

void mhp_progress_up(unsigned long nr_pages)
{
	mhp_assert_locked();
	set(MHP_ONLINE_RUNNING, PFN_PHYS(nr_pages));
}

void mhp_progress_end(int err)
{
	mhp_assert_locked();
	if (err)
		set(MHP_ONLINE_FAILED, 0);
	else
		set(MHP_ONLINE_DONE, last.size);
}

void mhp_online_progress(struct mhp_online_progress *progress)
{
	spin_lock(&progress_lock);
	*progress = last;
	spin_unlock(&progress_lock);
}
