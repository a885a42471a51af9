// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walkers: those who look at page structs by number. See memmap_walk.h.
 *
 * Owns:      waiting for them.
 * Locks:     the device hotplug lock is held, so there is one who waits.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/memhp.h>
#include <linux/memmap_walk.h>
#include <linux/minmax.h>
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

static unsigned long ask(void)
{
	unsigned long request = asked + 1;

	WRITE_ONCE(asked, request);
	queue_work(system_unbound_wq, &waiting);
	return request;
}

static bool is_answered(unsigned long request)
{
	/* pairs with wait_and_answer() */
	return smp_load_acquire(&answered) == request;
}

int mhp_wait_for_walkers_killable(void)
{
	unsigned long request = ask();

	return wait_event_killable(answers, is_answered(request)) ? -EINTR : 0;
}

static long jiffies_until(u64 end)
{
	u64 now = ktime_get_ns();

	return end == U64_MAX ? MAX_SCHEDULE_TIMEOUT :
				nsecs_to_jiffies(end - min(end, now)) + 1;
}

int mhp_walkers_wait(const struct mhp_order *order, u64 until)
{
	unsigned long request = ask();

	wait_event_idle_timeout(answers, is_answered(request) ||
				READ_ONCE(order->stop), jiffies_until(until));
	if (is_answered(request))
		return 0;
	return READ_ONCE(order->stop) ?: -ETIMEDOUT;
}

void mhp_walkers_look(void)
{
	wake_up(&answers);
}
