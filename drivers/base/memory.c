// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory blocks: the devices "memoryN" through which user space sees physical
 * memory and has it onlined and offlined.
 *
 * Owns:      the bus "memory", its files and its devices; the state of a block;
 *            the notifier chain that tells the kernel of changes.
 * Must not:  touch zones, page structs or the linear map: mm/memory_hotplug
 *            does (linux/memhp.h); decide about adding and removing memory.
 * Locks:     who makes, removes, onlines or offlines blocks holds the device
 *            hotplug lock (at boot nobody else is there). The state changes
 *            under the lock of the block's device. The lock of blocks_by_id
 *            makes a look-up and a reference (or a count) one step, so that a
 *            look-up is safe against removal without any other lock.
 *
 * Files that only show something take no lock, and read state, zone and node
 * once (READ_ONCE() against WRITE_ONCE() here; the zone of a block that goes
 * online or offline is set by mm/memory_hotplug). One that waited for an offline
 * in progress could wait for minutes; one that waited for the memory hotplug
 * lock could wait for ever, since a block may be removed under that lock and
 * removal waits for readers of the files.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/notifier.h>
#include <linux/numa.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/xarray.h>

#include "memory_group.h"
#include "memory_line.h"
#include "memory_offline.h"
#include "memory_probe.h"
#include "memory_uevent.h"

/* Poison is counted with interrupts in any state, hence the IRQ-safe lock. */
static DEFINE_XARRAY_FLAGS(blocks_by_id, XA_FLAGS_LOCK_IRQ);

/* log2 of the sections in a block; settled before there is any block. */
static unsigned int block_section_order __ro_after_init;

static const char *const online_type_names[] = {
	[MMOP_OFFLINE]		= "offline",
	[MMOP_ONLINE]		= "online",
	[MMOP_ONLINE_KERNEL]	= "online_kernel",
	[MMOP_ONLINE_MOVABLE]	= "online_movable",
};

/* The states in which a block can be seen; the others are for notifiers. */
static const char *const state_names[] = {
	[MEM_ONLINE]		= "online",
	[MEM_GOING_OFFLINE]	= "going-offline",
	[MEM_OFFLINE]		= "offline",
};

/**
 * mhp_online_type_from_str() - what kind of onlining a word means
 * @str: the word, perhaps with a newline behind it
 *
 * Context: any.
 * Return: an enum mmop; -EINVAL if it is none of the four words.
 */
int mhp_online_type_from_str(const char *str)
{
	return sysfs_match_string(online_type_names, str);
}

/* Notifiers */

static BLOCKING_NOTIFIER_HEAD(block_notifiers);

/**
 * register_memory_notifier() - be told when memory goes online or offline
 * @nb: notifier; is called with a MEM_ event and a struct memory_notify
 *
 * Context: process context, may sleep.
 * Return: 0; -EEXIST: it is registered already.
 */
int register_memory_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&block_notifiers, nb);
}
EXPORT_SYMBOL(register_memory_notifier);

/**
 * unregister_memory_notifier() - be told no more
 * @nb: notifier; it is not running any more on return
 *
 * Context: process context, may sleep.
 */
void unregister_memory_notifier(struct notifier_block *nb)
{
	blocking_notifier_chain_unregister(&block_notifiers, nb);
}
EXPORT_SYMBOL(unregister_memory_notifier);

/**
 * memory_notify() - tell everyone who asked
 * @val: a MEM_ event
 * @v:   struct memory_notify
 *
 * Context: process context, may sleep.
 * Return: as notifiers return it; notifier_to_errno() makes an errno of it.
 */
int memory_notify(unsigned long val, void *v)
{
	return blocking_notifier_call_chain(&block_notifiers, val, v);
}

/* Size, numbers */

/**
 * memory_block_size_bytes() - bytes in a memory block
 *
 * An architecture may have its own. The answer is a power of two, a section or
 * more, and the same from memory_dev_init() on; before that it means nothing.
 *
 * Context: any.
 * Return: the size.
 */
unsigned long __weak memory_block_size_bytes(void)
{
	return MIN_MEMORY_BLOCK_SIZE << block_section_order;
}
EXPORT_SYMBOL_GPL(memory_block_size_bytes);

/**
 * arch_get_memory_phys_device() - the device that gives some memory
 * @start_pfn: first page of a memory block
 *
 * Context: any.
 * Return: the device's number; 0 where devices have none.
 */
int __weak arch_get_memory_phys_device(unsigned long start_pfn)
{
	return 0;
}

static unsigned long memory_block_id_of_section(unsigned long section)
{
	return section >> block_section_order;
}

static unsigned long memory_block_id_of_pfn(unsigned long pfn)
{
	return memory_block_id_of_section(pfn_to_section_nr(pfn));
}

static unsigned long memory_block_id(const struct memory_block *mem)
{
	return memory_block_id_of_section(mem->start_section_nr);
}

static struct memory_block *memory_block_of(struct device *dev)
{
	return container_of(dev, struct memory_block, dev);
}

/* Look-up */

/* The first block from *id to last: *id says which; its device is referenced. */
static struct memory_block *memory_block_get(unsigned long *id,
					     unsigned long last)
{
	struct memory_block *mem;
	unsigned long flags;

	xa_lock_irqsave(&blocks_by_id, flags);
	mem = xa_find(&blocks_by_id, id, last, XA_PRESENT);
	if (mem)
		get_device(&mem->dev);
	xa_unlock_irqrestore(&blocks_by_id, flags);
	return mem;
}

static int memory_block_walk(unsigned long id, unsigned long last, void *arg,
			     walk_memory_blocks_func_t func)
{
	struct memory_block *mem;
	int ret = 0;

	while (!ret && id <= last) {
		mem = memory_block_get(&id, last);
		if (!mem)
			break;
		ret = func(mem, arg);
		put_device(&mem->dev);
		id++;
	}
	return ret;
}

/**
 * find_memory_block() - the block in which a section lies
 * @section_nr: number of the section
 *
 * Context: any but NMI. That the block stays what it is needs the device
 * hotplug lock.
 * Return: the block, to be given back by put_device(); NULL if there is none.
 */
struct memory_block *find_memory_block(unsigned long section_nr)
{
	unsigned long id = memory_block_id_of_section(section_nr);

	return memory_block_get(&id, id);
}

/**
 * walk_memory_blocks() - call a function for the blocks in a range
 * @start: first physical address, bytes
 * @size:  bytes; blocks that are only touched belong to it
 * @arg:   second argument of @func
 * @func:  function
 *
 * Context: process context, may sleep if @func does; blocks neither come nor
 * change if the caller holds the device hotplug lock.
 * Return: 0, or the first result of @func that is not 0: it ends the walk.
 */
int walk_memory_blocks(unsigned long start, unsigned long size, void *arg,
		       walk_memory_blocks_func_t func)
{
	unsigned long first = memory_block_id_of_pfn(PFN_DOWN(start));
	unsigned long last = memory_block_id_of_pfn(PFN_DOWN(start + size - 1));

	return size ? memory_block_walk(first, last, arg, func) : 0;
}

/* Those of one node of the tree, so that interrupts do not wait for long. */
static void memory_block_look(unsigned long id, unsigned long last, void *arg,
			      look_at_memory_block_fn func)
{
	XA_STATE(xas, &blocks_by_id, id);
	struct memory_block *mem;
	unsigned long flags;

	xas_lock_irqsave(&xas, flags);
	xas_for_each(&xas, mem, last)
		func(mem, arg);
	xas_unlock_irqrestore(&xas, flags);
}

void look_at_memory_blocks(u64 start, u64 size, void *arg,
			   look_at_memory_block_fn func)
{
	unsigned long id = memory_block_id_of_pfn(PFN_DOWN(start));
	unsigned long end = memory_block_id_of_pfn(PFN_DOWN(start + size - 1)) + 1;
	unsigned long next;

	for (; size && id < end; id = next) {
		next = min(end, ALIGN(id + 1, XA_CHUNK_SIZE));
		memory_block_look(id, next - 1, arg, func);
	}
}

/**
 * for_each_memory_block() - call a function for all blocks, lowest first
 * @arg:  second argument of @func
 * @func: function
 *
 * Context: as walk_memory_blocks().
 * Return: 0, or the first result of @func that is not 0: it ends the walk.
 */
int for_each_memory_block(void *arg, walk_memory_blocks_func_t func)
{
	return memory_block_walk(0, ULONG_MAX, arg, func);
}

/* Poisoned pages */

#ifdef CONFIG_MEMORY_FAILURE

static void memory_block_poison_add(unsigned long pfn, long nr)
{
	struct memory_block *mem;
	unsigned long flags;

	xa_lock_irqsave(&blocks_by_id, flags);
	mem = xa_load(&blocks_by_id, memory_block_id_of_pfn(pfn));
	if (mem)
		atomic_long_add(nr, &mem->nr_hwpoison);
	xa_unlock_irqrestore(&blocks_by_id, flags);
}

/**
 * memblk_nr_poison_inc() - one more page of a block is poisoned
 * @pfn: the page; it need not be in a block
 *
 * Context: any but NMI.
 */
void memblk_nr_poison_inc(unsigned long pfn)
{
	memory_block_poison_add(pfn, 1);
	mhp_note_poison(pfn);
}

/**
 * memblk_nr_poison_sub() - pages of a block are poisoned no more
 * @pfn: one of the pages; it need not be in a block
 * @i:   how many
 *
 * Context: any but NMI.
 */
void memblk_nr_poison_sub(unsigned long pfn, long i)
{
	memory_block_poison_add(pfn, -i);
}

static long memory_block_poisoned(struct memory_block *mem)
{
	return atomic_long_read(&mem->nr_hwpoison);
}

#else

static long memory_block_poisoned(struct memory_block *mem)
{
	return 0;
}

#endif /* CONFIG_MEMORY_FAILURE */

/* How many times a block's state has changed, from 1 on. */
static unsigned long state_changes = 1;

/* Device hotplug lock held: nobody else counts. */
static void memory_block_set_state(struct memory_block *mem,
				   enum memory_block_state state)
{
	WRITE_ONCE(mem->state, state);
	/* who reads this number sees that state: memory_block_changes() */
	smp_store_release(&state_changes, state_changes + 1);
}

unsigned long memory_block_changes(void)
{
	/* who looks at blocks afterwards sees them as they were then, or newer */
	return smp_load_acquire(&state_changes);
}

/* What the bus does: the device lock is held, and the device hotplug lock */

static int memory_block_go_online(struct device *dev)
{
	struct memory_block *mem = memory_block_of(dev);
	int err;

	/* Who comes by the file "online" or in the kernel may want no kind. */
	if (mem->online_type == MMOP_OFFLINE)
		mem->online_type = MMOP_ONLINE;
	err = mhp_online_block(mem);
	mem->online_type = MMOP_OFFLINE;
	if (err)
		return err;
	memory_block_set_state(mem, MEM_ONLINE);
	memory_uevent_prepare(mem, KOBJ_ONLINE);
	return 0;
}

static int memory_block_go_offline(struct device *dev)
{
	struct memory_block *mem = memory_block_of(dev);
	struct mhp_order order = mhp_offline_order();
	int err;

	memory_block_set_state(mem, MEM_GOING_OFFLINE);
	err = mhp_offline_range(memory_block_start(mem),
				memory_block_size_bytes(), &order);
	memory_block_set_state(mem, err ? MEM_ONLINE : MEM_OFFLINE);
	if (!err)
		memory_uevent_prepare(mem, KOBJ_OFFLINE);
	return err;
}

static const struct bus_type memory_bus = {
	.name		= "memory",
	.dev_name	= "memory",
	.online		= memory_block_go_online,
	.offline	= memory_block_go_offline,
	.uevent		= memory_uevent,
};

/* What the bus does, for a range: the device hotplug lock is held */

static int memory_block_begin_offline(struct memory_block *mem, void *count)
{
	if (mem->state != MEM_ONLINE)
		return 0;
	memory_block_set_state(mem, MEM_GOING_OFFLINE);
	++*(int *)count;
	return 0;
}

/*
 * As device_offline() does it for one. The locks of all blocks could not be held
 * together; but who changes a state holds the device hotplug lock anyway.
 */
static int memory_block_end_offline(struct memory_block *mem, void *err)
{
	bool failed = *(int *)err;

	if (mem->state != MEM_GOING_OFFLINE)
		return 0;
	device_lock(&mem->dev);
	memory_block_set_state(mem, failed ? MEM_ONLINE : MEM_OFFLINE);
	if (!failed) {
		memory_uevent_prepare(mem, KOBJ_OFFLINE);
		kobject_uevent(&mem->dev.kobj, KOBJ_OFFLINE);
		mem->dev.offline = true;
	}
	device_unlock(&mem->dev);
	return 0;
}

static int memory_blocks_offline_at_once(u64 start, u64 size,
					 struct mhp_order *order)
{
	int err, count = 0;

	walk_memory_blocks(start, size, &count, memory_block_begin_offline);
	if (!count)
		return 0;
	err = mhp_offline_range(start, size, order);
	walk_memory_blocks(start, size, &err, memory_block_end_offline);
	return err ?: count;
}

/*
 * Blocks of a driver that can be told of one only at a time: they go one after the other,
 * and are again what they were if one of them stays.
 */
struct memory_turns {
	struct mhp_order *order;
	u64 end;			/* of the time that the order allows, or U64_MAX */
	int count;
};

static int memory_block_take_turn(struct memory_block *mem, void *arg)
{
	struct memory_turns *turns = arg;
	u64 now = ktime_get_ns();
	int ret;

	if (now >= turns->end)
		return -ETIMEDOUT;
	if (turns->end != U64_MAX)
		turns->order->limit_ms = (turns->end - now) / NSEC_PER_MSEC + 1;
	ret = memory_blocks_offline_at_once(memory_block_start(mem),
					    memory_block_size_bytes(),
					    turns->order);
	turns->count += max(ret, 0);
	return min(ret, 0);
}

static int memory_blocks_offline_in_turn(u64 start, u64 size,
					 struct mhp_order *order)
{
	struct memory_turns turns = { .order = order, .end = U64_MAX };
	unsigned int limit_ms = order->limit_ms;
	u8 *uses = mhp_note_uses(start, size);
	int err;

	if (!uses)
		return -ENOMEM;
	if (limit_ms)
		turns.end = ktime_get_ns() + limit_ms * (u64)NSEC_PER_MSEC;
	err = walk_memory_blocks(start, size, &turns, memory_block_take_turn);
	if (err)
		mhp_restore_uses(start, size, uses);
	order->limit_ms = limit_ms;
	kvfree(uses);
	return err ?: turns.count;
}

int memory_blocks_offline(u64 start, u64 size, struct mhp_order *order)
{
	int ret = memory_blocks_offline_at_once(start, size, order);

	return ret == -EXDEV ?
	       memory_blocks_offline_in_turn(start, size, order) : ret;
}

int memory_blocks_take_back(u64 start, u64 size)
{
	struct mhp_order order = mhp_undo_order();

	return min(memory_blocks_offline(start, size, &order), 0);
}

/* Files of a block */

static ssize_t phys_index_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%08lx\n", memory_block_id(memory_block_of(dev)));
}
static DEVICE_ATTR_RO(phys_index);

static ssize_t phys_device_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	unsigned long pfn = memory_block_pfn(memory_block_of(dev));

	return sysfs_emit(buf, "%d\n", arch_get_memory_phys_device(pfn));
}
static DEVICE_ATTR_RO(phys_device);

static ssize_t removable_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  mhp_block_removable(memory_block_of(dev)));
}
static DEVICE_ATTR_RO(removable);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	unsigned int state = READ_ONCE(memory_block_of(dev)->state);

	if (WARN_ON_ONCE(state >= ARRAY_SIZE(state_names)))
		return -EIO;
	return sysfs_emit(buf, "%s\n", state_names[state]);
}

/* The device hotplug lock is held. Like device_online(): 1 if it was so. */
static int memory_block_request(struct memory_block *mem, enum mmop wanted)
{
	int ret;

	if (wanted == MMOP_OFFLINE)
		return device_offline(&mem->dev);
	mem->online_type = wanted;
	ret = device_online(&mem->dev);
	/* Nothing was asked of the bus if the block was online already. */
	mem->online_type = MMOP_OFFLINE;
	return ret;
}

static ssize_t state_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	int wanted = mhp_online_type_from_str(buf);
	int ret = memory_line_permit("state");

	if (ret)
		return ret;
	if (wanted < 0)
		return wanted;
	/* Does not wait: who holds the lock may be removing this very file. */
	ret = lock_device_hotplug_sysfs();
	if (ret)
		return ret;
	ret = memory_block_request(memory_block_of(dev), wanted);
	unlock_device_hotplug();
	if (ret > 0)
		ret = -EINVAL;
	return ret ?: count;
}
static DEVICE_ATTR_RW(state);

#ifdef CONFIG_MEMORY_HOTREMOVE

static int memory_block_emit_zones(struct memory_block *mem, int nid, char *buf)
{
	static const enum mmop kinds[] = {
		MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE,
	};
	struct zone *zone, *first = NULL;
	int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		zone = zone_for_pfn_range(kinds[i], nid, mem->group,
					  memory_block_pfn(mem),
					  memory_block_pages());
		if (zone == first)
			continue;
		len += sysfs_emit_at(buf, len, "%s%s", first ? " " : "",
				     zone->name);
		first = first ?: zone;
	}
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t valid_zones_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct memory_block *mem = memory_block_of(dev);
	struct zone *zone = READ_ONCE(mem->zone);
	int nid = READ_ONCE(mem->nid);

	if (READ_ONCE(mem->state) != MEM_OFFLINE)
		return sysfs_emit(buf, "%s\n", zone ? zone->name : "none");
	/* The file is there a moment before the block's node is known. */
	if (!numa_valid_node(nid))
		return sysfs_emit(buf, "none\n");
	return memory_block_emit_zones(mem, nid, buf);
}
static DEVICE_ATTR_RO(valid_zones);

#endif /* CONFIG_MEMORY_HOTREMOVE */

static struct attribute *memory_block_attrs[] = {
	&dev_attr_phys_index.attr,
	&dev_attr_phys_device.attr,
	&dev_attr_removable.attr,
	&dev_attr_state.attr,
#ifdef CONFIG_MEMORY_HOTREMOVE
	&dev_attr_valid_zones.attr,
#endif
	NULL
};
ATTRIBUTE_GROUPS(memory_block);

/* Files of the bus */

static ssize_t block_size_bytes_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lx\n", memory_block_size_bytes());
}
static DEVICE_ATTR_RO(block_size_bytes);

static ssize_t auto_online_blocks_show(struct device *dev,
				       struct device_attribute *attr, char *buf)
{
	enum mmop type = mhp_get_default_online_type();

	return sysfs_emit(buf, "%s\n", online_type_names[type]);
}

static ssize_t auto_online_blocks_store(struct device *dev,
					struct device_attribute *attr,
					const char *buf, size_t count)
{
	int wanted = mhp_online_type_from_str(buf);
	int err = memory_line_permit("auto_online_blocks");

	if (err)
		return err;
	if (wanted < 0)
		return wanted;
	mhp_set_default_online_type(wanted);
	return count;
}
static DEVICE_ATTR_RW(auto_online_blocks);

static const char *const online_state_names[] = {
	[MHP_ONLINE_NONE]	= "none",
	[MHP_ONLINE_RUNNING]	= "running",
	[MHP_ONLINE_DONE]	= "online",
	[MHP_ONLINE_FAILED]	= "failed",
};

/* One line, as the four are worth something only if they are of one moment. */
static ssize_t online_progress_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	struct mhp_online_progress p;

	mhp_online_progress(&p);
	return sysfs_emit(buf, "%s %#llx %#llx %#llx\n",
			  online_state_names[p.state], p.start, p.size, p.done);
}
static DEVICE_ATTR_RO(online_progress);

#ifdef CONFIG_MEMORY_FAILURE

/* The page at the address that an administrator wrote. */
static int memory_block_parse_page(const char *buf, unsigned long *pfn)
{
	u64 addr;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (kstrtou64(buf, 0, &addr))
		return -EINVAL;
	*pfn = PHYS_PFN(addr);
	return 0;
}

static ssize_t soft_offline_page_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	unsigned long pfn;
	int err = memory_block_parse_page(buf, &pfn);

	return err ?: soft_offline_page(pfn, 0) ?: count;
}
static DEVICE_ATTR_WO(soft_offline_page);

static ssize_t hard_offline_page_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	unsigned long pfn;
	int err = memory_block_parse_page(buf, &pfn);

	if (err)
		return err;
	err = memory_failure(pfn, MF_SW_SIMULATED);
	/* A test's filter spared the page: that is no failure of the write. */
	if (err == -EOPNOTSUPP)
		err = 0;
	return err ?: count;
}
static DEVICE_ATTR_WO(hard_offline_page);

#endif /* CONFIG_MEMORY_FAILURE */

static struct attribute *memory_bus_attrs[] = {
	&dev_attr_block_size_bytes.attr,
	&dev_attr_auto_online_blocks.attr,
	&dev_attr_online_progress.attr,
#ifdef CONFIG_MEMORY_FAILURE
	&dev_attr_soft_offline_page.attr,
	&dev_attr_hard_offline_page.attr,
#endif
	NULL
};

static const struct attribute_group memory_bus_group = {
	.attrs = memory_bus_attrs,
};

static const struct attribute_group *memory_bus_groups[] = {
	&memory_bus_group,
	/* each may be the end of the list, and the first needs less */
	MEMORY_OFFLINE_GROUP,
	MEMORY_PROBE_GROUP,
	NULL
};

/* Making and removing blocks */

/* There are thousands, and half of what kmalloc() would give is not used. */
static struct kmem_cache *memory_block_cache __ro_after_init;

static void memory_block_free(struct device *dev)
{
	kmem_cache_free(memory_block_cache, memory_block_of(dev));
}

/*
 * What the bus would do by its dev_name, at a twentieth of the cost of adding
 * memory: a format is read twice, and there are thousands of blocks.
 */
static int memory_block_name(struct memory_block *mem, unsigned long id)
{
	char name[32] = "memory";
	size_t prefix = strlen(name);

	num_to_str(name + prefix, sizeof(name) - prefix - 1, id, 0);
	return dev_set_name(&mem->dev, "%s", name);
}

static struct memory_block *memory_block_alloc(unsigned long id,
					       enum memory_block_state state)
{
	struct memory_block *mem = kmem_cache_zalloc(memory_block_cache,
						     GFP_KERNEL);

	if (!mem)
		return NULL;
	mem->start_section_nr = id << block_section_order;
	mem->state = state;
	/* Where there are nodes, memory_block_add_nid() says which it is. */
	mem->nid = IS_ENABLED(CONFIG_NUMA) ? NUMA_NO_NODE : 0;
	mem->dev.bus = &memory_bus;
	mem->dev.id = id;
	mem->dev.offline = state == MEM_OFFLINE;
	mem->dev.groups = memory_block_groups;
	mem->dev.release = memory_block_free;
	device_initialize(&mem->dev);
	if (memory_block_name(mem, id)) {
		put_device(&mem->dev);
		return NULL;
	}
	return mem;
}

/* The number first: it can be refused before user space sees anything. */
static int memory_block_publish(struct memory_block *mem)
{
	unsigned long id = memory_block_id(mem);
	int err = xa_insert_irq(&blocks_by_id, id, mem, GFP_KERNEL);

	if (err)
		return err == -EBUSY ? -EEXIST : err;
	memory_uevent_prepare(mem, KOBJ_ADD);
	err = device_add(&mem->dev);
	if (err)
		xa_erase_irq(&blocks_by_id, id);
	return err;
}

static int memory_block_create(unsigned long id, enum memory_block_state state,
			       struct vmem_altmap *altmap,
			       struct memory_group *group)
{
	struct memory_block *mem = memory_block_alloc(id, state);
	int err;

	if (!mem)
		return -ENOMEM;
	mem->altmap = altmap;
	memory_group_join(group, mem);
	err = memory_block_publish(mem);
	if (err) {
		memory_group_leave(mem);
		put_device(&mem->dev);
	}
	return err;
}

/*
 * The caller has a reference besides. device_del() waits for readers of the
 * files, so that from there on nobody uses the group; once the number is gone
 * nobody counts poison in the block.
 */
static int memory_block_remove(struct memory_block *mem, void *unused)
{
	if (WARN_ON_ONCE(mem->state != MEM_OFFLINE))
		return 0;
	unregister_memory_block_under_nodes(mem);
	memory_uevent_prepare(mem, KOBJ_REMOVE);
	device_del(&mem->dev);
	memory_group_leave(mem);
	xa_erase_irq(&blocks_by_id, memory_block_id(mem));
	if (memory_block_poisoned(mem))
		num_poisoned_pages_sub(-1UL, memory_block_poisoned(mem));
	put_device(&mem->dev);
	return 0;
}

/**
 * create_memory_block_devices() - make offline memory blocks for a range
 * @start:  first physical address, bytes; a multiple of the block size
 * @size:   bytes; a multiple of the block size
 * @altmap: what the memmap of each of them lies in, or NULL; it stays the
 *          caller's
 * @group:  the memory group of all of them, or NULL
 *
 * All of them are made or none.
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: 0; -EINVAL: the range is not one of blocks; -EEXIST: there is a block
 * already; -ENOMEM.
 */
int create_memory_block_devices(unsigned long start, unsigned long size,
				struct vmem_altmap *altmap,
				struct memory_group *group)
{
	unsigned long first = memory_block_id_of_pfn(PFN_DOWN(start));
	unsigned long nr = size / memory_block_size_bytes();
	unsigned long i;
	int err;

	if (!memory_block_range_ok(start, size))
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		err = memory_block_create(first + i, MEM_OFFLINE, altmap, group);
		if (err)
			goto remove_made;
	}
	return 0;

remove_made:
	if (i)
		memory_block_walk(first, first + i - 1, NULL,
				  memory_block_remove);
	return err;
}

/**
 * remove_memory_block_devices() - take the memory blocks of a range away
 * @start: first physical address, bytes; a multiple of the block size
 * @size:  bytes; a multiple of the block size
 *
 * The blocks are offline. One that is not stays, with a warning.
 *
 * Context: process context, may sleep; device hotplug lock held. Waits until
 * nobody reads or writes a file of the blocks.
 */
void remove_memory_block_devices(unsigned long start, unsigned long size)
{
	if (WARN_ON_ONCE(!memory_block_range_ok(start, size)))
		return;
	walk_memory_blocks(start, size, NULL, memory_block_remove);
}

/* Boot */

/*
 * The only zone of a node that reaches into a block, NULL if several do. Spans
 * decide, not pages: zones of a node follow one another. If they do not
 * (mirrored memory), a block may be called mixed that is not, and so stays
 * online.
 */
static struct zone *memory_block_boot_zone(struct memory_block *mem, int nid)
{
	struct zone *zone, *found = NULL;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		zone = NODE_DATA(nid)->node_zones + i;
		if (!populated_zone(zone) ||
		    !zone_intersects(zone, memory_block_pfn(mem),
				     memory_block_pages()))
			continue;
		if (found)
			return NULL;
		found = zone;
	}
	return found;
}

#ifdef CONFIG_NUMA
/**
 * memory_block_add_nid() - memory of a node lies in a block
 * @mem:     block
 * @nid:     node
 * @context: MEMINIT_EARLY: memory from boot, of which a block may have that of
 *           several nodes; MEMINIT_HOTPLUG: all of the block is the node's
 *
 * A block is in the zone of its boot memory if that is a single one. If several
 * nodes are in it, the last to come gives the node, and it has no zone, so that
 * it cannot be offlined.
 *
 * Context: process context; device hotplug lock held, or boot.
 */
void memory_block_add_nid(struct memory_block *mem, int nid,
			  enum meminit_context context)
{
	bool first = mem->nid == NUMA_NO_NODE;

	if (context == MEMINIT_EARLY && mem->nid != nid)
		WRITE_ONCE(mem->zone, first ?
			   memory_block_boot_zone(mem, nid) : NULL);
	WRITE_ONCE(mem->nid, nid);
}

/* In the node's directory by the block's name, and the other way round. */
static int memory_block_link(struct kobject *block, struct kobject *node)
{
	int err = sysfs_create_link(node, block, kobject_name(block));

	return err ?: sysfs_create_link(block, node, kobject_name(node));
}

static int memory_block_join(struct memory_block *mem, void *arg)
{
	int nid = *(int *)arg;

	memory_block_add_nid(mem, nid, MEMINIT_HOTPLUG);
	return memory_block_link(&mem->dev.kobj, &node_devices[nid]->dev.kobj);
}

int memory_blocks_join_node(u64 start, u64 size, int nid)
{
	return walk_memory_blocks(start, size, &nid, memory_block_join);
}
#endif

static int __init memory_block_check_size(unsigned long size)
{
	if (is_power_of_2(size) && size >= MIN_MEMORY_BLOCK_SIZE)
		return 0;
	pr_err("memory blocks of %#lx bytes: not a power of two of sections\n",
	       size);
	return -EINVAL;
}

static void __init memory_block_create_boot(unsigned long id)
{
	u64 start = PFN_PHYS(section_nr_to_pfn(id << block_section_order));
	int err = memory_block_create(id, MEM_ONLINE, NULL, NULL);
	struct memory_block *mem;

	if (err) {
		pr_warn("[mem %#018llx-%#018llx]: no memory block, cannot be offlined: %d\n",
			start, start + memory_block_size_bytes() - 1, err);
		return;
	}
	if (IS_ENABLED(CONFIG_NUMA))
		return;
	mem = xa_load(&blocks_by_id, id);
	mem->zone = memory_block_boot_zone(mem, 0);
}

/* One for all the sections of a block that are there. */
static void __init memory_block_create_all(void)
{
	unsigned long nr = next_present_section_nr(-1UL);
	unsigned long id;

	while (nr != -1UL) {
		id = memory_block_id_of_section(nr);
		memory_block_create_boot(id);
		nr = next_present_section_nr(((id + 1) << block_section_order) - 1);
	}
}

/**
 * memory_dev_init() - make the bus and the blocks of the memory from boot
 *
 * A block that cannot be had is reported and left out: its memory is used as
 * any other, it only cannot be offlined. Without the bus, or with blocks of an
 * impossible size, nothing that comes later could work.
 *
 * Context: once at boot, before the nodes are shown.
 */
void __init memory_dev_init(void)
{
	int err;

	block_section_order = ilog2(mhp_boot_block_size() /
				    MIN_MEMORY_BLOCK_SIZE);
	err = memory_block_check_size(memory_block_size_bytes());
	if (!err) {
		block_section_order = ilog2(memory_block_size_bytes() /
					    MIN_MEMORY_BLOCK_SIZE);
		err = subsys_system_register(&memory_bus, memory_bus_groups);
	}
	if (block_section_order)
		pr_info("memory blocks of %lu MiB\n",
			memory_block_size_bytes() >> 20);
	if (err)
		panic("memory_hotplug: no bus for memory blocks: %d\n", err);
	memory_block_cache = KMEM_CACHE(memory_block, SLAB_PANIC);
	memory_block_create_all();
}
