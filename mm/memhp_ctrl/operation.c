// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations: what takes long is done by workers, so that nobody who speaks netlink waits
 * for it. As many work at once as there are operations: one may wait for another.
 *
 * Owns:      the work, and who waits for the end.
 * Must not:  decide what becomes of the segment: segment.c does.
 * Locks:     takes the registry's for a moment at its end.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/freezer.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "ctrl.h"

static void free_operation(struct kref *ref)
{
	struct operation *op = container_of(ref, struct operation, ref);

	put_device(&op->seg->dev);
	kfree(op);
}

void operation_put(struct operation *op)
{
	if (op)
		kref_put(&op->ref, free_operation);
}

/* An event for each eighth: enough to watch, and never many. */
static void progress(struct engine_job *job)
{
	struct operation *op = container_of(job, struct operation, job);

	if (job->done - op->told < job->size / 8)
		return;
	op->told = job->done;
	memhp_lock();
	memhp_tell(op->seg, MEMHP_EVENT_PROGRESS);
	memhp_unlock();
}

static int attach(struct operation *op)
{
	int err;

	memhp_wait_left(&op->seg->uuid);
	err = segment_device_add(op->seg);
	if (err) {
		op->job.text = "it has no device, free some memory";
		return err;
	}
	return engine_attach(&op->job);
}

static int work(struct operation *op)
{
	switch (op->kind) {
	case OPERATION_ATTACH:
		return attach(op);
	case OPERATION_CHANGE:
		return engine_change(&op->job);
	default:
		return engine_detach(&op->job);
	}
}

static void leave(struct segment *seg)
{
	if (device_is_registered(&seg->dev))
		device_del(&seg->dev);
	memhp_segment_left(seg);
	put_device(&seg->dev);		/* the list's */
}

/* The device goes last: who waits in one of its files has to leave it first. */
static void run(struct work_struct *work_item)
{
	struct operation *op = container_of(work_item, struct operation, work);
	bool gone;
	int err;

	err = work(op);
	memhp_lock();
	gone = memhp_operation_ended(op, err);
	memhp_unlock();
	smp_store_release(&op->over, true);	/* is_over() */
	wake_up_all(&op->ended);
	if (gone)
		leave(op->seg);
	operation_put(op);
}

static struct workqueue_struct *workers;

int __init memhp_operations_init(void)
{
	/* a machine that goes to sleep waits for what goes on, or does not sleep */
	workers = alloc_workqueue("memhp", WQ_UNBOUND | WQ_FREEZABLE,
				  WQ_MAX_ACTIVE);
	return workers ? 0 : -ENOMEM;
}

struct operation *operation_new(struct segment *seg, enum operation_kind kind,
				unsigned int msec)
{
	struct operation *op = kzalloc(sizeof(*op), GFP_KERNEL);

	if (!op)
		return NULL;
	INIT_WORK(&op->work, run);
	kref_init(&op->ref);
	init_waitqueue_head(&op->ended);
	get_device(&seg->dev);
	op->seg = seg;
	op->kind = kind;
	op->ranges = (struct window_set){
		.at = op->at, .nr = seg->ranges.nr, .room = ARRAY_SIZE(op->at),
	};
	memcpy(op->at, seg->at, sizeof(op->at));
	op->job.ranges = &op->ranges;
	op->job.size = engine_size(&op->ranges);
	op->job.node = seg->node;
	op->job.memmap = seg->memmap;
	op->job.policy = seg->policy;
	op->job.msec = msec;
	op->job.progress = progress;
	return op;
}

/* One reference is the worker's, one the caller's. */
void operation_begin(struct operation *op)
{
	kref_get(&op->ref);
	queue_work(workers, &op->work);
}

/* Pairs with run(): what became of it is seen, too. */
static bool is_over(const struct operation *op)
{
	return smp_load_acquire(&op->over);
}

/*
 * The worker was woken a moment ago. wait_event() would let it go first, and be back
 * only to go to sleep while the worker waits for something: a change of tasks for nothing.
 */
bool operation_wait(struct operation *op, unsigned int msec)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	long left = msecs_to_jiffies(msec);

	add_wait_queue(&op->ended, &wait);
	while (!is_over(op) && left && !fatal_signal_pending(current))
		left = wait_woken(&wait, TASK_KILLABLE, left);
	remove_wait_queue(&op->ended, &wait);
	return is_over(op);
}

int operation_finish(struct operation *op)
{
	if (wait_event_freezable(op->ended, is_over(op))) {
		engine_stop(&op->job, -EINTR);
		wait_event(op->ended, is_over(op));
	}
	return op->error;
}
