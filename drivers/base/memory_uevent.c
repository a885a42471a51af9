// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of memory blocks: each block sends its own or, if the administrator wants
 * it so, the first block of a range sends one for all of it.
 *
 * Owns:      the parameter "one_uevent", and what was sent for a range.
 * Locks:     the device hotplug lock, which all hold who work on a range. Readers
 *            of a file "uevent" hold nothing, and may see the range of a block
 *            come and go.
 */
#include <linux/bits.h>
#include <linux/device.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/moduleparam.h>

#include "memory_uevent.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "memory_hotplug."

static bool one_uevent;
module_param(one_uevent, bool, 0644);
MODULE_PARM_DESC(one_uevent,
		 "Memory that is added or removed sends one event for all of it (default: one for each memory block)");

/* The range that is worked on; it has no size if blocks speak for themselves. */
static struct {
	u64 start, size;
	unsigned long sent;		/* a bit for each kind of event */
	const struct memory_block *speaker;
} range;

void memory_uevents_begin(u64 start, u64 size)
{
	if (!one_uevent)
		return;
	range.start = start;
	range.size = size;
	range.sent = 0;
}

static int let_speak(struct memory_block *mem, void *unused)
{
	dev_set_uevent_suppress(&mem->dev, false);
	return 0;
}

void memory_uevents_end(void)
{
	if (!range.size)
		return;
	walk_memory_blocks(range.start, range.size, NULL, let_speak);
	WRITE_ONCE(range.speaker, NULL);
	range.size = 0;
}

static bool of_the_range(const struct memory_block *mem)
{
	return memory_block_start(mem) - range.start < range.size;
}

void memory_uevent_prepare(struct memory_block *mem, enum kobject_action action)
{
	bool said;

	if (!range.size || !of_the_range(mem))
		return;
	said = range.sent & BIT(action);
	if (!said)
		WRITE_ONCE(range.speaker, mem);
	range.sent |= BIT(action);
	dev_set_uevent_suppress(&mem->dev, said);
}

int memory_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct memory_block *mem =
		container_of_const(dev, struct memory_block, dev);
	int err;

	if (READ_ONCE(range.speaker) != mem)
		return 0;
	err = add_uevent_var(env, "MEMORY_START=%#llx", range.start);
	return err ?: add_uevent_var(env, "MEMORY_SIZE=%#llx", range.size);
}
