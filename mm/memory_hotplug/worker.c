// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a task does for others, in a worker: signals of the task do not reach it.
 */
#include <linux/workqueue.h>

#include "internal.h"

struct errand {
	struct work_struct work;
	int (*function)(void *arg);
	void *arg;
	int ret;
};

static void do_errand(struct work_struct *work)
{
	struct errand *e = container_of(work, struct errand, work);

	e->ret = e->function(e->arg);
}

int mhp_in_worker(int (*function)(void *arg), void *arg)
{
	struct errand e = { .function = function, .arg = arg };

	INIT_WORK_ONSTACK(&e.work, do_errand);
	queue_work(system_unbound_wq, &e.work);
	flush_work(&e.work);
	destroy_work_on_stack(&e.work);
	return e.ret;
}
