// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walkers: those who look at page structs by number. See memmap_walk.h.
 *
 * Owns:      waiting for them.
 * Locks:     the device hotplug lock is held, so there is one who waits.
 */
#include <linux/export.h>
#include <linux/memmap_walk.h>
#include <linux/rcupdate.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "internal.h"

DEFINE_STATIC_SRCU(walkers);

int memmap_walk_begin(void)
{
	return srcu_read_lock(&walkers);
}
EXPORT_SYMBOL_GPL(memmap_walk_begin);

void memmap_walk_end(int idx)
{
	srcu_read_unlock(&walkers, idx);
}
EXPORT_SYMBOL_GPL(memmap_walk_end);

void mhp_wait_for_walkers(void)
{
	synchronize_srcu_expedited(&walkers);
	/* those that look with interrupts off or under RCU: GUP, the page cache */
	synchronize_rcu_expedited();
}

/*
 * Nothing can be done about a walker, but whoever waits for it may give up. Then
 * the work goes on waiting, and the next one waits for it as well as for more.
 */
static unsigned long asked, answered;
static DECLARE_WAIT_QUEUE_HEAD(answers);

static void wait_and_answer(struct work_struct *work)
{
	unsigned long request = READ_ONCE(asked);

	mhp_wait_for_walkers();
	/* whoever reads it has seen all of its walkers leave */
	smp_store_release(&answered, request);
	wake_up(&answers);
}

static DECLARE_WORK(waiting, wait_and_answer);

int mhp_wait_for_walkers_killable(void)
{
	unsigned long request = asked + 1;

	WRITE_ONCE(asked, request);
	queue_work(system_unbound_wq, &waiting);
	/* pairs with wait_and_answer() */
	if (wait_event_killable(answers, smp_load_acquire(&answered) == request))
		return -EINTR;
	return 0;
}
