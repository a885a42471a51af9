/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MEMHP_H
#define _LINUX_MEMHP_H
/*
 * What memory blocks (drivers/base/memory.c), the files probe and remove, drivers
 * with windows, the page allocator and mm/memory_hotplug ask of one another,
 * besides <linux/memory_hotplug.h>.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/types.h>

struct blocker_list;
struct memory_block;
struct mhp_params;
struct per_cpu_pages;
struct per_cpu_zonestat;
struct pglist_data;
struct vmem_altmap;
struct zone;
struct zoneref;

/**
 * mhp_online_block() - give the memory of a block to the page allocator
 * @mem: the block; offline, its online_type says what is wanted
 *
 * Chooses the zone, makes the memory accessible (MEM_PREPARE_ONLINE), sets up
 * the page structs of a memmap that lies in the block, and onlines the rest.
 * It happens whole or not at all. On success mem->zone is the zone.
 *
 * Context: process context, may sleep; device hotplug lock and the block's
 * device lock held, the memory hotplug lock not: it is taken here.
 * Return: 0; -EINVAL: nothing in the block can be onlined like this;
 * -EHWPOISON: it has poisoned pages; -ENOMEM; -EINTR: the task was killed; or
 * what a notifier said.
 */
int mhp_online_block(struct memory_block *mem);

/**
 * enum mhp_online_state - how a range that goes online fares
 * @MHP_ONLINE_NONE:    nothing went online since boot
 * @MHP_ONLINE_RUNNING: some of it may be up, and the rest will be
 * @MHP_ONLINE_DONE:    all of it was
 * @MHP_ONLINE_FAILED:  nothing of it ever was
 */
enum mhp_online_state {
	MHP_ONLINE_NONE,
	MHP_ONLINE_RUNNING,
	MHP_ONLINE_DONE,
	MHP_ONLINE_FAILED,
};

/**
 * struct mhp_online_progress - the range that goes online, or the last one that did
 * @state: how it fares
 * @start: first physical address, bytes
 * @size:  bytes
 * @done:  bytes of it, from the start, that were given to the page allocator
 */
struct mhp_online_progress {
	enum mhp_online_state state;
	u64 start, size, done;
};

/**
 * mhp_online_progress() - how far is onlining?
 * @progress: becomes that; all of it of one moment
 *
 * Context: process context; takes no lock that onlining holds for long.
 */
void mhp_online_progress(struct mhp_online_progress *progress);

/**
 * struct mhp_order - how memory is to go offline
 * @limit_ms: milliseconds that it may take; 0: as long as it needs
 * @retries:  passes in a row that move nothing before it fails; 0: any number
 * @stop:     0; or the error it is to end with, undone: see mhp_order_stop()
 * @progress: called, unless it is NULL, with the memory hotplug lock held: so many
 *	      bytes of the range were looked through, but for what stays there
 * @blockers: unless it is NULL, becomes what was in the way when it failed
 */
struct mhp_order {
	unsigned int limit_ms, retries;
	int stop;
	void (*progress)(struct mhp_order *order, u64 bytes);
	struct blocker_list *blockers;
};

/**
 * mhp_offline_range() - take memory blocks away from the page allocator
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 * @order: how
 *
 * Those blocks of the range whose state is MEM_GOING_OFFLINE: the caller has
 * chosen them, and says what has become of them. It happens whole or not at all,
 * in one operation. On success their zone is NULL. A refusal is a line in the log,
 * unless too many tries have failed lately.
 *
 * Context: process context, may sleep; device hotplug lock held, the memory
 * hotplug lock not: it is taken here.
 * Return: 0; -EINVAL: it has holes, or a block spans zones; -EPERM: boot memory is
 * in it; -EBUSY: something in it can never be moved, or has not been in @order->retries
 * passes; -EINTR: a signal came; -ECANCELED: it was called off; @order->stop;
 * -ETIMEDOUT: it took too long; -ENOMEM; -EXDEV, without a line: it is more than its
 * driver can be told of at once; or what a notifier said.
 */
#ifdef CONFIG_MEMORY_HOTREMOVE
int mhp_offline_range(u64 start, u64 size, struct mhp_order *order);

/**
 * mhp_order_stop() - call an order off, whether it is being carried out yet or not
 * @order: order
 * @err:   what it ends with, negative; of several the first one counts
 *
 * It may be done, or fail for another reason, before that is seen.
 *
 * Context: any.
 */
void mhp_order_stop(struct mhp_order *order, int err);

/* How offlining by files is to be done, unless who writes says so. */
struct mhp_order mhp_offline_order(void);

/*
 * How memory goes offline again that was online for a moment, because something else failed.
 * Who has got some of it may never give it back, nor let go of its lock: that is not waited for.
 */
struct mhp_order mhp_undo_order(void);

/**
 * mhp_note_uses() - how the memory blocks of a range are used
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: an enum mmop of each, in their order, to be given to kvfree(); NULL: no memory.
 */
u8 *mhp_note_uses(u64 start, u64 size);

/**
 * mhp_restore_uses() - blocks that have gone offline are online again as they were
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 * @uses:  of each block, by mhp_note_uses()
 *
 * One that cannot be says so in the log. The task may be about to end.
 *
 * Context: as mhp_note_uses(); the lock was not dropped in between.
 */
void mhp_restore_uses(u64 start, u64 size, const u8 *uses);

/**
 * mhp_offline_check() - what would happen if a range were to go offline?
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 *
 * Nothing is changed. What was seen is in the file memory_hotplug/blockers in
 * debugfs. It is of the moment: another one may come to use a page, or leave it.
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: 0: all that is in use can move, or nothing is online; -EBUSY: not all of
 * it can; -EPERM: boot memory is in it; -EINVAL: not made of memory blocks, or a
 * block spans zones; -ENOENT: no block is there; -EINTR: the task was killed.
 */
int mhp_offline_check(u64 start, u64 size);

/**
 * mhp_offline_cancel() - call off what is going on
 * @address: physical address in a range that goes offline
 *
 * Who waits for it gets -ECANCELED soon, and the range is online as before.
 *
 * Context: process context, may sleep; takes no hotplug lock.
 * Return: 0; -ESRCH: no range with this address is going offline.
 */
int mhp_offline_cancel(u64 address);

/**
 * mhp_block_removable() - can a memory block go offline, or is it?
 * @mem: the block; it cannot go away meanwhile
 *
 * Looks at its pages until one is the kernel's for certain. If others cannot move, it
 * looks once more a moment later.
 *
 * Context: process context, may sleep; takes no lock.
 * Return: true if nothing is known that speaks against it.
 */
bool mhp_block_removable(struct memory_block *mem);
#else
static inline int mhp_offline_range(u64 start, u64 size,
				    struct mhp_order *order)
{
	return -EINVAL;
}

static inline u8 *mhp_note_uses(u64 start, u64 size)
{
	return NULL;
}

static inline void mhp_restore_uses(u64 start, u64 size, const u8 *uses)
{
}

static inline struct mhp_order mhp_offline_order(void)
{
	return (struct mhp_order){ };
}

static inline struct mhp_order mhp_undo_order(void)
{
	return (struct mhp_order){ };
}

static inline bool mhp_block_removable(struct memory_block *mem)
{
	return false;
}
#endif

/**
 * memory_blocks_offline() - take all memory blocks of a range offline
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 * @order: how
 *
 * Those that are online, all of them or none, in one operation.
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: how many were online; or as mhp_offline_range().
 */
int memory_blocks_offline(u64 start, u64 size, struct mhp_order *order);

/**
 * mhp_tears_host() - would removing a range tear another one apart?
 * @start: first physical address, bytes
 * @size:  bytes
 *
 * A range that holds its own page structs is removed as a whole and by itself.
 *
 * Context: device hotplug lock held, for the answer to stay true.
 * Return: true if it is a part of such a range, or more than one.
 */
bool mhp_tears_host(u64 start, u64 size);

/**
 * mhp_walkers_wait() - wait until nobody looks at page structs of what is offline
 * @order: may be called off
 * @until: as of ktime_get_ns(); %U64_MAX: for as long as it takes
 *
 * Who looks later finds the memory offline. See Documentation/core.rst, "Walkers".
 *
 * Context: process context, sleeps; device hotplug lock held: there is one who waits.
 * Return: 0; -ETIMEDOUT; or what the order was called off with.
 */
int mhp_walkers_wait(const struct mhp_order *order, u64 until);

/**
 * mhp_remove_waited() - remove memory that is offline, after mhp_walkers_wait()
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 *
 * Context: process context, may sleep; device hotplug lock held since all of it is offline.
 * Return: as remove_memory().
 */
int mhp_remove_waited(u64 start, u64 size);

/**
 * memory_blocks_take_back() - undo that memory blocks of a range have come online
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 *
 * Those that are online, all of them or none, by mhp_undo_order().
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: 0; or as mhp_offline_range().
 */
int memory_blocks_take_back(u64 start, u64 size);

#ifdef CONFIG_NUMA
/**
 * memory_blocks_join_node() - show the memory blocks of a range in a node
 * @start: first physical address, bytes
 * @size:  bytes
 * @nid:   node, which has its directory
 *
 * Links that were made before one fails go with the blocks.
 *
 * Context: process context, may sleep; device hotplug lock held.
 * Return: 0; -ENOMEM; -EEXIST: something has the name of a link.
 */
int memory_blocks_join_node(u64 start, u64 size, int nid);
#else
static inline int memory_blocks_join_node(u64 start, u64 size, int nid)
{
	return 0;
}
#endif

/**
 * memory_uevents_begin() - an operation on a range begins
 * @start: first physical address, bytes
 * @size:  bytes
 *
 * If the parameter "one_uevent" is set, only the first block of the range that
 * has something to say sends an event, one of each kind (add, online, ...), with
 * the range in it.
 *
 * Context: process context; device hotplug lock held until memory_uevents_end().
 */
void memory_uevents_begin(u64 start, u64 size);

/**
 * memory_uevents_end() - the operation on a range is over
 *
 * Context: as memory_uevents_begin().
 */
void memory_uevents_end(void);

/**
 * struct mhp_front - first bytes of a range, which hold what describes it
 * @start:  physical address, that of the range
 * @size:   bytes; never given to the page allocator
 * @tables: physical address: from here on there is room for page tables; what
 *	    is before it is for page structs
 * @next:   physical address of the first page there that never was a table
 * @spare:  physical address of one that was and is not any more, or 0; its first
 *	    word has that of the next one
 */
struct mhp_front {
	u64 start, size;
	u64 tables;
	u64 next, spare;
};

/**
 * arch_add_hosted_memory() - arch_add_memory() for a range that hosts itself
 * @nid:    node the range belongs to; upper-level tables come from there
 * @start:  first physical address, bytes, a multiple of a memory block
 * @size:   bytes, a multiple of a memory block
 * @front:  where the range's lowest tables go; outlives the range
 * @params: as arch_add_memory(); the altmap is before the tables
 *
 * Context: as arch_add_memory().
 * Return: as arch_add_memory().
 */
#ifdef CONFIG_ARM64
int arch_add_hosted_memory(int nid, u64 start, u64 size,
			   struct mhp_front *front,
			   struct mhp_params *params);
#else
static inline int arch_add_hosted_memory(int nid, u64 start, u64 size,
					 struct mhp_front *front,
					 struct mhp_params *params)
{
	return -EOPNOTSUPP;
}
#endif

/**
 * arch_remove_hosted_memory() - undo arch_add_hosted_memory()
 * @start:  as when added
 * @size:   as when added
 * @front:  as when added
 * @altmap: as when added
 *
 * Context: as arch_remove_memory().
 */
#ifdef CONFIG_ARM64
void arch_remove_hosted_memory(u64 start, u64 size,
			       struct mhp_front *front,
			       struct vmem_altmap *altmap);
#else
static inline void arch_remove_hosted_memory(u64 start, u64 size,
					     struct mhp_front *front,
					     struct vmem_altmap *altmap)
{
}
#endif

#ifdef CONFIG_ARM64
/**
 * arch_page_map_cost() - page tables that arch_page_map_prepare() would take
 * @start: first physical address, bytes, page aligned
 * @size:  bytes, page aligned
 *
 * Context: memory hotplug lock held for writing.
 * Return: pages; 0 if the range is mapped as kernel zones need it.
 */
u64 arch_page_map_cost(u64 start, u64 size);

/**
 * arch_page_map_prepare() - offline memory is about to join a kernel zone
 * @nid:   node to take tables from
 * @start: first physical address, bytes, page aligned
 * @size:  bytes, page aligned
 * @front: the range's own room for tables, or NULL
 *
 * Where the kernel changes the permissions of single pages, the linear map of a
 * kernel zone has to consist of pages, and that of offline memory may not yet.
 * This takes the tables for it, and changes nothing. After success, one of
 * arch_page_map_commit() and arch_page_map_abort() follows before the lock is
 * released.
 *
 * Context: process context, may sleep; memory hotplug lock held for writing; the
 * range is offline.
 * Return: 0; -ENOMEM: no memory for tables; -EBUSY: a part is in use; -EINVAL,
 * -ERANGE: not a range of the linear map. After an error nothing has changed.
 */
int arch_page_map_prepare(int nid, u64 start, u64 size,
			  struct mhp_front *front);

/**
 * arch_page_map_commit() - pages map what was prepared
 *
 * Nobody may touch the range through the linear map meanwhile.
 *
 * Context: process context; memory hotplug lock held for writing.
 */
void arch_page_map_commit(void);

/**
 * arch_page_map_abort() - the memory does not join a kernel zone after all
 *
 * Context: process context; memory hotplug lock held for writing.
 */
void arch_page_map_abort(void);
#else
static inline u64 arch_page_map_cost(u64 start, u64 size)
{
	return 0;
}

static inline int arch_page_map_prepare(int nid, u64 start, u64 size,
					struct mhp_front *front)
{
	return 0;
}

static inline void arch_page_map_commit(void)
{
}

static inline void arch_page_map_abort(void)
{
}
#endif

/**
 * mhp_build_fallback() - write the list of all zones that a node may use
 * @pgdat:    the node
 * @order:    nodes with memory, the nearest first
 * @nr_nodes: how many these are
 *
 * Context: any, one writer at a time; readers are not kept out.
 */
void mhp_build_fallback(struct pglist_data *pgdat, const int *order,
			unsigned int nr_nodes);

/**
 * mhp_build_thisnode() - write the list of a node's own zones
 * @pgdat: the node
 *
 * Context: as mhp_build_fallback().
 */
void mhp_build_thisnode(struct pglist_data *pgdat);

/**
 * mhp_build_zonerefs() - write a node's own zones, and no end behind them
 * @pgdat: the node
 * @refs:  where
 *
 * Context: as mhp_build_fallback().
 * Return: how many they are.
 */
int mhp_build_zonerefs(struct pglist_data *pgdat, struct zoneref *refs);

/* Sets up the lists and counters of one CPU. */
typedef void (*mhp_pageset_init_t)(struct per_cpu_pages *pages,
				   struct per_cpu_zonestat *stats);

/**
 * mhp_pageset_take() - give a zone the per-CPU lists reserved for it
 * @zone: is about to get its first pages
 * @init: called for each CPU
 *
 * Context: process context; memory hotplug lock held for writing, or boot.
 * Return: false if nothing is reserved, as at boot.
 */
#ifdef CONFIG_MEMORY_HOTPLUG
bool mhp_pageset_take(struct zone *zone, mhp_pageset_init_t init);
#else
static inline bool mhp_pageset_take(struct zone *zone, mhp_pageset_init_t init)
{
	return false;
}
#endif

/**
 * mhp_boot_block_size() - how large memory blocks shall be
 *
 * What "memory_block_size=" says, or what suits the memory that is there, and
 * where the ranges begin that firmware calls hot-pluggable. An architecture may
 * overrule it.
 *
 * Context: once at boot, before there is a memory block; memory can be allocated.
 * Return: bytes, a power of two, a section or more.
 */
u64 mhp_boot_block_size(void);

/**
 * mhp_is_boot_memory() - has all of a range been there since boot?
 * @start: first physical address, bytes
 * @size:  bytes
 *
 * Context: any; the device hotplug lock keeps the answer true.
 * Return: true if it is made of memory blocks, all of them boot memory.
 */
bool mhp_is_boot_memory(u64 start, u64 size);

/* Windows: CONFIG_MEMHP_WINDOW */

/**
 * enum mhp_window_source - who says that memory may appear in a range
 * @MHP_WINDOW_SRAT:    ACPI's SRAT, by its hot-pluggable flag
 * @MHP_WINDOW_DT:      a memory node of the devicetree, by "hotpluggable"
 * @MHP_WINDOW_CUT_OFF: firmware describes RAM there, and Linux was told not to use
 *			it ("mem=")
 * @MHP_WINDOW_DRIVER:  a driver
 * @MHP_WINDOW_ADMIN:   the administrator
 */
enum mhp_window_source {
	MHP_WINDOW_SRAT,
	MHP_WINDOW_DT,
	MHP_WINDOW_CUT_OFF,
	MHP_WINDOW_DRIVER,
	MHP_WINDOW_ADMIN,
};

/**
 * mhp_window_register() - memory may appear in a range
 * @start:  first physical address, bytes, a multiple of a memory block
 * @size:   bytes, a multiple of a memory block
 * @nid:    node that memory there belongs to; %NUMA_NO_NODE if it is not known
 * @source: %MHP_WINDOW_DRIVER or %MHP_WINDOW_ADMIN
 *
 * Nothing may be in the range: a driver registers the window before it requests
 * the region. Neighbours of the same source and node become one window.
 *
 * Context: process context, may sleep; the device hotplug lock is not held.
 * Return: 0; -EINVAL: not made of memory blocks, or there can be no such node;
 * -E2BIG: it cannot be mapped; -EEXIST: a part is in a window; -EBUSY: a part is
 * taken in the resource tree, or firmware reserves it; -ENOMEM. A refusal is one
 * line in the log, and nothing has changed.
 */
int mhp_window_register(u64 start, u64 size, int nid,
			enum mhp_window_source source);

/**
 * mhp_window_unregister() - memory may appear in a range no more
 * @start:  first physical address, bytes, a multiple of a memory block
 * @size:   bytes, a multiple of a memory block
 * @source: as it was registered
 *
 * A part of a window may go, or several that touch.
 *
 * Context: process context, may sleep; the device hotplug lock is not held.
 * Return: 0; -EINVAL: not made of memory blocks; -E2BIG: there can be no window;
 * -ENOENT: it is not wholly in windows of @source; -EBUSY: something is in it;
 * -ENOMEM. A refusal is one line in the log, and nothing has changed.
 */
int mhp_window_unregister(u64 start, u64 size, enum mhp_window_source source);

/**
 * mhp_window_covers() - is a range wholly inside windows?
 * @start: first physical address, bytes
 * @size:  bytes
 * @nid:   set if it is: its node; %NUMA_NO_NODE if that is not known, or if
 *	   windows of several nodes are in it
 *
 * Context: process context, may sleep.
 * Return: true if each byte is in a window; false also for an empty range and
 * one that wraps.
 */
bool mhp_window_covers(u64 start, u64 size, int *nid);

/**
 * struct mhp_window - a range in which memory may appear
 * @start:  first physical address, bytes
 * @size:   bytes
 * @nid:    node of memory there; %NUMA_NO_NODE if it is not known
 * @source: who says so
 */
struct mhp_window {
	u64 start, size;
	int nid;
	enum mhp_window_source source;
};

typedef int (*mhp_window_fn)(const struct mhp_window *w, void *arg);

/**
 * mhp_windows_walk() - call a function for each window, lowest first
 * @function: may sleep, but must not ask for or change windows
 * @arg:      its second argument
 *
 * Context: process context, may sleep. It does not wait for those who add or remove
 * memory in windows.
 * Return: 0, or the first result of @function that is not 0: it ends the walk.
 */
int mhp_windows_walk(mhp_window_fn function, void *arg);

/**
 * mhp_windows_changed() - a window has come, gone, or has other ends
 *
 * Context: process context, may sleep; no lock of windows is held.
 */
#ifdef CONFIG_MEMHP_CTRL
void mhp_windows_changed(void);
#else
static inline void mhp_windows_changed(void)
{
}
#endif

/**
 * mhp_probe_add() - add memory of which only a person knows
 * @start: first physical address, bytes, a multiple of a memory block
 * @size:  bytes, a multiple of a memory block
 * @nid:   node; %NUMA_NO_NODE: that of the window
 *
 * All of the range is added, or nothing.
 *
 * Context: process context, may sleep; takes the window lock and the device
 * hotplug lock.
 * Return: 0; -EINVAL: not made of memory blocks, or the node cannot be, or is
 * not known; -E2BIG: it cannot be mapped; -EEXIST: a part is there already;
 * -EPERM: a part is in no window; -EBUSY: a part is in a window, but something
 * else is there, or it would host its page structs while the system hibernates;
 * -ENOMEM; or, where the policy wants it online, what mhp_online_block() says: -EINTR,
 * or a listener's error. A refusal is one line in the log, and nothing has changed.
 */
int mhp_probe_add(u64 start, u64 size, int nid);

/**
 * mhp_probe_remove() - remove memory that mhp_probe_add() added
 * @start:   first physical address, bytes, a multiple of a memory block
 * @size:    bytes, a multiple of a memory block; a part of what was added may go
 * @offline: offline what is online of it first
 *
 * Context: process context, may sleep; takes the window lock and the device
 * hotplug lock.
 * Return: 0; -EINVAL: not made of memory blocks; -ENOENT: no memory is there;
 * -EPERM: a part of it was not added by mhp_probe_add(); -EBUSY: a part is online,
 * or cannot be offlined, or it is a part of a range that hosts its page structs; -EINTR:
 * a signal came, or SIGKILL while it waited for walkers; -ENOMEM. A refusal is one line in
 * the log at least, and nothing has changed, but see offline_and_remove_memory().
 */
int mhp_probe_remove(u64 start, u64 size, bool offline);

/* What nodes want for new memory */

/*
 * In the place of an enum mmop: to ZONE_MOVABLE as far as the node's limit allows, and
 * then to a kernel zone. It is what a policy wants, never a person.
 */
#define MHP_ONLINE_LIMITED	((enum mmop)(MMOP_ONLINE_MOVABLE + 1))

/**
 * mhp_node_online_type() - what becomes of memory that is added to a node
 * @nid: node that there can be
 *
 * By the node's own policy, or else the machine's.
 *
 * Context: any; the answer may be old.
 * Return: an enum mmop, MMOP_OFFLINE if nothing does; or %MHP_ONLINE_LIMITED.
 */
int mhp_node_online_type(int nid);

/* Controllers: CONFIG_MEMHP_CTRL */

/* To add_memory() and its like: auto_online_blocks does not count. */
#define MHP_LEAVE_OFFLINE	((__force mhp_t)BIT(8))

/**
 * mhp_attach_check() - could a controller attach a range?
 * @start: first physical address, bytes
 * @size:  bytes
 * @nid:   node; in: %NUMA_NO_NODE for that of the window, out: the one it would have
 * @why:   set to what is wrong, and what to do, if it could not
 *
 * Context: process context, may sleep. Only mhp_attach() can be sure.
 * Return: as mhp_attach(), without -ENOMEM.
 */
int mhp_attach_check(u64 start, u64 size, int *nid, const char **why);

/**
 * mhp_attach() - add memory for a controller
 * @start:  first physical address, bytes, a multiple of a memory block
 * @size:   bytes, a multiple of a memory block
 * @nid:    node; %NUMA_NO_NODE: that of the window
 * @inside: its page structs may be in the range itself
 *
 * All of the range is added, or nothing. Its blocks are offline, whatever
 * auto_online_blocks says. __remove_memory() is the opposite.
 *
 * Context: process context, may sleep; takes the window lock and the device hotplug
 * lock.
 * Return: 0; -EINVAL: not made of memory blocks, or the node cannot be, or is not
 * known; -E2BIG: it cannot be mapped; -EEXIST: memory is there already; -EPERM: a part
 * is in no window; -EBUSY: something else is there, or it would host its page structs
 * while the system hibernates; -ENOMEM. A refusal is one line in the log, and nothing
 * has changed.
 */
int mhp_attach(u64 start, u64 size, int nid, bool inside);

/**
 * mhp_note_poison() - a page is poisoned
 * @pfn: the page
 *
 * Context: any but NMI.
 */
#ifdef CONFIG_MEMHP_CTRL
void mhp_note_poison(unsigned long pfn);
#else
static inline void mhp_note_poison(unsigned long pfn)
{
}
#endif

#endif /* _LINUX_MEMHP_H */
