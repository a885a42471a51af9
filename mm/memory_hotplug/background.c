// SPDX-License-Identifier: GPL-2.0-only
/*
 * Onlining that goes on after who asked for it has gone on.
 *
 * Owns:      the parameter "online_background", and the one job that a worker does.
 * Must not:  know what the job is.
 * Locks:     who begins a job holds the device hotplug lock, so there is one who does.
 *            The worker takes its locks itself; who wants to change memory meanwhile
 *            waits for those.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/workqueue.h>

#include "internal.h"

static bool online_background;
module_param(online_background, bool, 0644);
MODULE_PARM_DESC(online_background,
		 "who onlines a range goes on when its first piece is up (default: N)");

/* Of its own, as a machine that goes to sleep has to wait for a job's end. */
static struct workqueue_struct *queue;

static void do_job(struct work_struct *work);

static DECLARE_WORK(job, do_job);
static DECLARE_COMPLETION(settled);	/* is it known how the job ends? */
static int (*job_function)(void);
static int job_err;

bool mhp_background_wanted(void)
{
	return queue && READ_ONCE(online_background);
}

void mhp_background_wait(void)
{
	flush_work(&job);
}

void mhp_background_go_on(void)
{
	complete_all(&settled);
}

static void do_job(struct work_struct *work)
{
	int err = job_function();

	if (err) {
		job_err = err;
		complete_all(&settled);
	}
}

/* If no worker has begun after a second, there is none to be had: then not so. */
int mhp_background_begin(int (*function)(void))
{
	job_function = function;
	job_err = 0;
	reinit_completion(&settled);
	queue_work(queue, &job);
	if (!wait_for_completion_timeout(&settled, HZ) && cancel_work(&job))
		return function();
	wait_for_completion(&settled);
	return job_err;
}

static int __init background_init(void)
{
	queue = alloc_workqueue("mhp_online", WQ_UNBOUND | WQ_FREEZABLE, 1);
	return queue ? 0 : -ENOMEM;
}
subsys_initcall(background_init);
