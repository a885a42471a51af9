// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory hotplug lock.
 *
 * Owns:      mhp_lock: writers change which memory there is and which of it is
 *            online; readers need that to stay. A writer is one for as long as it
 *            has "changing", and may let readers in between.
 * Order:     device hotplug lock, a block's device lock, "changing", CPU hotplug
 *            lock, mhp_lock. CPUs stay while memory changes: what is per CPU is set
 *            up for nodes and zones by writers.
 */
#include <linux/cpu.h>
#include <linux/lockdep.h>
#include <linux/memory_hotplug.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>

#include "internal.h"

DEFINE_STATIC_PERCPU_RWSEM(mhp_lock);
static DEFINE_MUTEX(changing);

static void shut_out(void)
{
	cpus_read_lock();
	percpu_down_write(&mhp_lock);
}

static void let_in(void)
{
	percpu_up_write(&mhp_lock);
	cpus_read_unlock();
}

/**
 * get_online_mems() - keep memory as it is: none is added, removed, or changes
 *		       between online and offline
 *
 * Context: process context, may sleep. Pairs with put_online_mems().
 */
void get_online_mems(void)
{
	percpu_down_read(&mhp_lock);
}

/**
 * put_online_mems() - let memory change again
 */
void put_online_mems(void)
{
	percpu_up_read(&mhp_lock);
}

/**
 * mem_hotplug_begin() - be the one who changes memory
 *
 * Context: process context, may sleep. Pairs with mem_hotplug_done().
 */
void mem_hotplug_begin(void)
{
	mutex_lock(&changing);
	shut_out();
}

/**
 * mem_hotplug_done() - the change is complete
 */
void mem_hotplug_done(void)
{
	let_in();
	mutex_unlock(&changing);
}

void mhp_let_readers_in(void)
{
	mhp_assert_locked();
	let_in();
}

void mhp_shut_readers_out(void)
{
	lockdep_assert_held(&changing);
	shut_out();
}

void mhp_assert_locked(void)
{
	lockdep_assert_held_write(&mhp_lock);
}
