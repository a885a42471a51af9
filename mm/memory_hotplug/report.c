// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an operation goes: the file blockers in debugfs, a line in the log when it
 * has failed, and calling it off.
 *
 * Owns:      what is known of the last operation, or the one that is going on.
 * Locks:     report_lock guards it. There is one operation at a time: who begins
 *            one holds the memory hotplug lock, or, for a look only, the device
 *            hotplug lock.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/memhp.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

#include "internal.h"
#include "offline.h"

enum report_state {
	REPORT_NONE,		/* nothing was tried since boot */
	REPORT_RUNNING,		/* it goes on; what stays is of the last pass */
	REPORT_OFFLINE,		/* it has worked */
	REPORT_FAILED,		/* it has not, all is online as before */
	REPORT_CHECKED,		/* somebody only asked */
};

static const char *const state_names[] = {
	[REPORT_NONE]		= "none",
	[REPORT_RUNNING]	= "running",
	[REPORT_OFFLINE]	= "offline",
	[REPORT_FAILED]		= "failed",
	[REPORT_CHECKED]	= "checked",
};

struct report {
	enum report_state state;
	u64 start, size;
	u64 began, took;		/* nanoseconds */
	u64 moved, movable, passes;
	int err;
	const char *why;
	struct blocker_list blockers;
};

static DEFINE_MUTEX(report_lock);
static struct report last;
static struct mhp_order *running;	/* NULL if none is */
static DECLARE_WAIT_QUEUE_HEAD(called_off);

/* Calling it off */

void mhp_order_stop(struct mhp_order *order, int err)
{
	/* read by mhp_give_up(); the first reason counts */
	if (cmpxchg(&order->stop, 0, err))
		return;
	wake_up_all(&called_off);
	mhp_walkers_look();
}

void mhp_report_wait(const struct mhp_offlining *op, u64 nsec)
{
	if (nsec)
		wait_event_interruptible_timeout(called_off,
						 READ_ONCE(op->order->stop),
						 nsecs_to_jiffies(nsec) ?: 1);
}

int mhp_offline_cancel(u64 address)
{
	int err = -ESRCH;

	mutex_lock(&report_lock);
	if (running && address - last.start < last.size) {
		mhp_order_stop(running, -ECANCELED);
		err = 0;
	}
	mutex_unlock(&report_lock);
	return err;
}

/* What is known */

static void begin(enum report_state state, u64 start, u64 size)
{
	last.state = state;
	last.start = start;
	last.size = size;
	last.began = ktime_get_ns();
	last.took = 0;
	last.moved = 0;
	last.movable = 0;
	last.passes = 0;
	last.err = 0;
	last.why = NULL;
	blocker_list_clear(&last.blockers);
}

void mhp_report_begin(const struct mhp_offlining *op)
{
	mutex_lock(&report_lock);
	begin(REPORT_RUNNING, op->start, op->size);
	running = op->order;
	mutex_unlock(&report_lock);
}

static void note_progress(const struct mhp_offlining *op)
{
	last.moved = op->total_moved;
	last.passes = op->passes;
}

void mhp_report_pass(const struct mhp_offlining *op)
{
	mutex_lock(&report_lock);
	note_progress(op);
	last.blockers = *op->found;
	mutex_unlock(&report_lock);
}

static void log_first(void)
{
	const struct blocker *b = last.blockers.at;

	if (last.blockers.nr)
		pr_info("%llu pages keep it online, first pfn %#llx (%s, %d references, owner %s); the others are in memory_hotplug/blockers in debugfs\n",
			last.blockers.pages, b->pfn, blocker_kind_name(b->kind),
			b->refs, b->owner);
}

static void tell_blockers(const struct mhp_offlining *op)
{
	if (!op->quiet)
		log_first();
	if (op->order->blockers)
		*op->order->blockers = last.blockers;
}

void mhp_report_end(const struct mhp_offlining *op, int err)
{
	mutex_lock(&report_lock);
	running = NULL;
	note_progress(op);
	last.state = err ? REPORT_FAILED : REPORT_OFFLINE;
	last.err = err;
	last.why = op->why;
	last.took = ktime_get_ns() - last.began;
	if (err)
		tell_blockers(op);
	else
		blocker_list_clear(&last.blockers);
	mutex_unlock(&report_lock);
}

void mhp_report_check(u64 start, u64 size, const struct mhp_survey *survey,
		      int err)
{
	mutex_lock(&report_lock);
	begin(REPORT_CHECKED, start, size);
	last.movable = survey->movable;
	last.err = err;
	last.blockers = *survey->found;
	mutex_unlock(&report_lock);
}

/* The file */

static void show_blockers(struct seq_file *m, const struct blocker_list *list)
{
	const struct blocker *b;

	seq_printf(m, "blocked %llu\nunlisted %llu\n", list->pages, list->lost);
	for (b = list->at; b < list->at + list->nr; b++)
		seq_printf(m, "blocker %#llx %llu %s %d %llu %s\n", b->pfn,
			   b->count, blocker_kind_name(b->kind), b->refs,
			   b->cgroup, b->owner);
}

static void show_report(struct seq_file *m)
{
	u64 took = last.took;

	seq_printf(m, "state %s\n", state_names[last.state]);
	if (last.state == REPORT_NONE)
		return;
	if (last.state == REPORT_RUNNING)
		took = ktime_get_ns() - last.began;
	seq_printf(m, "range %#018llx-%#018llx\n", last.start,
		   last.start + last.size - 1);
	seq_printf(m, "error %d\nreason %s\n", last.err, last.why ?: "-");
	seq_printf(m, "msec %llu\npasses %llu\nmoved %llu\nmovable %llu\n",
		   div_u64(took, PATIENCE_NSEC_PER_MSEC), last.passes,
		   last.moved, last.movable);
	show_blockers(m, &last.blockers);
}

static int blockers_show(struct seq_file *m, void *unused)
{
	mutex_lock(&report_lock);
	show_report(m);
	mutex_unlock(&report_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(blockers);

struct dentry *mhp_debugfs(void)
{
	static struct dentry *folder;

	/* initcalls come one after the other */
	if (!folder)
		folder = debugfs_create_dir("memory_hotplug", NULL);
	return folder;
}

static int __init report_init(void)
{
	debugfs_create_file("blockers", 0400, mhp_debugfs(), NULL,
			    &blockers_fops);
	return 0;
}
device_initcall(report_init);
