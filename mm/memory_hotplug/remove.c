// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removing memory: the transaction that undoes add.c.
 *
 * check that all is offline -> wait for walkers -> memory blocks, linear map and
 * page structs -> memblock -> resource -> node down if nothing is left in it
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/boot_memory.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/firmware-map.h>
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "internal.h"

void mhp_memblock_forget(u64 start, u64 size)
{
	if (IS_ENABLED(CONFIG_ARCH_KEEP_MEMBLOCK) &&
	    memblock_remove(start, size))
		pr_warn(MHP_RANGE " stays in memblock: no memory\n",
			start, start + size - 1);
}

#ifdef CONFIG_MEMORY_HOTREMOVE

/* What the memory blocks of a range are like. */
struct survey {
	unsigned long blocks;
	bool online;
	bool boot;
	int nid;		/* NUMA_NO_NODE if there are several */
};

static int survey_block(struct memory_block *mem, void *arg)
{
	struct survey *s = arg;

	if (mem->state != MEM_OFFLINE)
		s->online = true;
	if (boot_memory_stays(memory_block_start(mem),
			      memory_block_size_bytes()))
		s->boot = true;
	if (!s->blocks++)
		s->nid = mem->nid;
	else if (s->nid != mem->nid)
		s->nid = NUMA_NO_NODE;
	return 0;
}

static struct survey survey(u64 start, u64 size)
{
	struct survey s = { .nid = NUMA_NO_NODE };

	walk_memory_blocks(start, size, &s, survey_block);
	return s;
}

/* What offlining does not change. */
static int check_range(u64 start, u64 size, const struct survey *s)
{
	const struct mhp_host *host;

	if (s->boot)
		return mhp_not_removed(start, size, -EPERM,
				       "a part of it was there at boot and stays, see the line above");
	if (mhp_tears_host(start, size))
		return mhp_not_removed(start, size, -EBUSY,
				       "it holds page structs and tables of a range that has to go as a whole, by itself");
	host = mhp_host_find(start, size);
	if (host)
		size -= host->front.size;
	if (s->blocks != size / memory_block_size_bytes())
		return mhp_not_removed(start, size, -EINVAL,
				       "a part of it is not there");
	return 0;
}

static int check(u64 start, u64 size, struct survey *s)
{
	int ret = mhp_check_range(start, size);

	if (ret)
		return mhp_not_removed(start, size, ret, MHP_RANGE_RULE);
	*s = survey(start, size);
	if (s->online)
		return mhp_not_removed(start, size, -EBUSY,
				       "a part of it is online");
	return check_range(start, size, s);
}

/* How to wait for walkers, while it stays offline; nobody else has to. */
enum patience_with_walkers {
	WAIT,
	WAIT_KILLABLE,
	HAVE_WAITED,
};

static int wait_for_walkers(u64 start, u64 size, enum patience_with_walkers how)
{
	if (how == WAIT)
		mhp_wait_for_walkers();
	else if (how == WAIT_KILLABLE && mhp_wait_for_walkers_killable())
		return mhp_not_removed(start, size, -EINTR,
				       "killed while somebody looks at page structs, as compaction or a read of /proc/kpageflags does");
	return 0;
}

static int remove_offline(u64 start, u64 size, enum patience_with_walkers how)
{
	struct survey s;
	int ret = check(start, size, &s) ?:
		  wait_for_walkers(start, size, how);

	if (ret)
		return ret;
	firmware_map_remove(start, start + size, "System RAM");
	mem_hotplug_begin();
	mhp_pieces_remove(start, size);
	mhp_memblock_forget(start, size);
	mhp_resource_release(start, size);
	if (s.nid != NUMA_NO_NODE)
		try_offline_node(s.nid);
	mem_hotplug_done();
	return 0;
}

static int try_remove(u64 start, u64 size, enum patience_with_walkers how)
{
	int ret;

	memory_uevents_begin(start, size);
	ret = remove_offline(start, size, how);
	memory_uevents_end();
	return ret;
}

/**
 * __remove_memory() - remove memory that the caller knows to be offline
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 *
 * If it is not offline after all, it stays, with a line in the log.
 *
 * Context: process context, may sleep; device hotplug lock held.
 */
void __remove_memory(u64 start, u64 size)
{
	try_remove(start, size, WAIT);
}

int mhp_remove_waited(u64 start, u64 size)
{
	return try_remove(start, size, HAVE_WAITED);
}

static int remove_locking(u64 start, u64 size, enum patience_with_walkers how)
{
	int ret;

	lock_device_hotplug();
	ret = try_remove(start, size, how);
	unlock_device_hotplug();
	return ret;
}

/**
 * remove_memory() - remove memory
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 *
 * No signal ends it: drivers that cannot remove their memory keep it for good.
 *
 * Context: process context, may sleep; takes the device hotplug lock.
 * Return: 0; -EBUSY: a part is online; -EPERM: a part was there at boot and stays;
 * -EINVAL: not made of memory blocks that are there. In each case nothing has
 * changed.
 */
int remove_memory(u64 start, u64 size)
{
	return remove_locking(start, size, WAIT);
}
EXPORT_SYMBOL_GPL(remove_memory);

int mhp_remove_memory_killable(u64 start, u64 size)
{
	return remove_locking(start, size, WAIT_KILLABLE);
}

static void note_use(const struct memory_block *mem, void *arg)
{
	u8 **next = arg;

	*(*next)++ = memory_block_use(mem);
}

u8 *mhp_note_uses(u64 start, u64 size)
{
	u8 *uses = kvmalloc_array(size / memory_block_size_bytes(),
				  sizeof(*uses), GFP_KERNEL);
	u8 *next = uses;

	if (uses)
		look_at_memory_blocks(start, size, &next, note_use);
	return uses;
}

static int take_back_online(struct memory_block *mem, void *arg)
{
	const u8 **next = arg;
	u8 type = *(*next)++;

	if (type == MMOP_OFFLINE || mem->state != MEM_OFFLINE)
		return 0;
	mem->online_type = type;
	if (device_online(&mem->dev) < 0)
		pr_warn("%s stays offline\n", dev_name(&mem->dev));
	return 0;
}

/* Blocks to be put back online. */
struct restoring {
	u64 start, size;
	const u8 *uses;
};

static int restore(void *arg)
{
	struct restoring *r = arg;

	return walk_memory_blocks(r->start, r->size, &r->uses,
				  take_back_online);
}

/* A task that is killed cannot start the threads of a node; a worker can. */
void mhp_restore_uses(u64 start, u64 size, const u8 *uses)
{
	struct restoring r = { .start = start, .size = size, .uses = uses };

	mhp_in_worker(restore, &r);
}

static int offline_and_remove(u64 start, u64 size, struct mhp_order *order)
{
	struct survey s = survey(start, size);
	int ret = check_range(start, size, &s);
	u8 *uses;

	if (ret)
		return ret;
	uses = mhp_note_uses(start, size);
	if (!uses)
		return mhp_not_removed(start, size, -ENOMEM,
				       "no memory to note what is online, free some");
	ret = min(memory_blocks_offline(start, size, order), 0);
	if (!ret) {
		ret = remove_offline(start, size, WAIT_KILLABLE);
		if (ret)
			mhp_restore_uses(start, size, uses);
	}
	kvfree(uses);
	return ret;
}

int mhp_offline_and_remove(u64 start, u64 size, struct mhp_order *order)
{
	int ret = mhp_check_range(start, size);

	if (ret)
		return mhp_not_removed(start, size, ret, MHP_RANGE_RULE);
	lock_device_hotplug();
	memory_uevents_begin(start, size);
	ret = offline_and_remove(start, size, order);
	memory_uevents_end();
	unlock_device_hotplug();
	return ret;
}

/**
 * offline_and_remove_memory() - offline what is online, and remove all of it
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 *
 * All that is online goes offline in one operation, or nothing does. If it then
 * cannot be removed, blocks that were online are so again, in the zone they were
 * in; one that is not says so in the log.
 *
 * Context: process context, may sleep; takes the device hotplug lock.
 * Return: 0; as remove_memory(); -ENOMEM; -EINTR: the task was killed while it
 * waited for walkers; or why it cannot be offlined: as mhp_offline_range().
 */
int offline_and_remove_memory(u64 start, u64 size)
{
	/* no limits, and no cancellation: virtio-mem, which calls this, does not know them */
	struct mhp_order order = { };
	int ret = mhp_offline_and_remove(start, size, &order);

	return ret == -ECANCELED ? -EBUSY : ret;
}
EXPORT_SYMBOL_GPL(offline_and_remove_memory);

#endif /* CONFIG_MEMORY_HOTREMOVE */
