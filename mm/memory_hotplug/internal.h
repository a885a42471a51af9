/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_INTERNAL_H
#define _MM_MEMORY_HOTPLUG_INTERNAL_H
/*
 * The parts of memory hotplug, and what they ask of one another. What others
 * call is in <linux/memory_hotplug.h> and <linux/memhp.h>.
 *
 *	by hand		probe.c  attach.c  window.c  window_boot.c
 *	at boot		boot_size.c  firmware.c
 *	transactions	add.c  remove.c  online.c  offline.c (its parts: offline.h)
 *			distance.c
 *	decisions	policy.c  node_policy.c  zone_choice.c  range.c  budget.c  price.c
 *			window_set.c  block_size.c  zone_extent.c
 *	state		piece.c  host.c  zone.c  section.c  node.c  memmap.c  resource.c
 *			pageset.c  zonelist.c  walkers.c  release.c  share.c
 *			memmap_fill.c  window_room.c  node_policies.c  progress.c
 *			background.c  worker.c  pageblock_hint.c
 *
 * A call goes down only. The memory hotplug lock is taken by transactions.
 */
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/types.h>

#include "window_set.h"

struct dentry;
struct memory_block;
struct memory_group;
struct mhp_order;
struct resource;
struct zone;

/* In messages: both ends are inclusive. */
#define MHP_RANGE	"[mem %#018llx-%#018llx]"

/* Does its driver plug and unplug units of it, as virtio-mem's does? NULL is no group. */
static inline bool mhp_is_dynamic(const struct memory_group *group)
{
	return group && group->is_dynamic;
}

/* lock.c */

/* The caller holds the memory hotplug lock for writing. */
void mhp_assert_locked(void);

/*
 * Between the two, those who wait for the lock for reading, or for CPUs to come and go,
 * have their turn; nobody else can change which memory there is or is online.
 */
void mhp_let_readers_in(void);
void mhp_shut_readers_out(void);

/* Those who wait now, and nobody later. */
static inline void mhp_give_readers_turn(void)
{
	mhp_let_readers_in();
	mhp_shut_readers_out();
}

/* range.c */

/**
 * mhp_check_range() - may this be a unit of adding and removing?
 * @start: first physical address, bytes
 * @size:  bytes
 *
 * Return: 0; -EINVAL if it is empty, wraps, or is not made of memory blocks.
 */
int mhp_check_range(u64 start, u64 size);

/**
 * mhp_check_reach() - can the kernel number a range, and map it?
 * @start:        first physical address, bytes
 * @size:         bytes
 * @need_mapping: it has to be in the linear map
 * @err:          what is returned if not
 *
 * Return: 0; or @err after one line in the log, which says where memory can be.
 */
int mhp_check_reach(u64 start, u64 size, bool need_mapping, int err);

/* What a range that is not one breaks. */
#define MHP_RANGE_RULE \
	"start and size must be multiples of a memory block, size not zero; see block_size_bytes, and memory_block_size= for the next boot"

/* Says in the log what has not become of a range; returns @err. */
int mhp_refuse(u64 start, u64 size, const char *what, int err, const char *why);

/* Each refusal says it once. */
static inline int mhp_not_added(u64 start, u64 size, int err, const char *why)
{
	return mhp_refuse(start, size, "added", err, why);
}

static inline int mhp_not_removed(u64 start, u64 size, int err,
				  const char *why)
{
	return mhp_refuse(start, size, "removed", err, why);
}

/* policy.c */

/**
 * mhp_choose_zone() - the zone for a range that is to be onlined
 * @type:     what was asked for, not MMOP_OFFLINE; or %MHP_ONLINE_LIMITED
 * @nid:      node
 * @group:    memory group, or NULL
 * @pfn:      first page
 * @nr_pages: how many
 *
 * zone_for_pfn_range() is the same; it is called by others as well.
 */
static inline struct zone *mhp_choose_zone(enum mmop type, int nid,
					   struct memory_group *group,
					   unsigned long pfn,
					   unsigned long nr_pages)
{
	return zone_for_pfn_range(type, nid, group, pfn, nr_pages);
}

/* node_policies.c */

/* Pages of a node that may be in ZONE_MOVABLE unless a person says so; ~0ULL: all. */
u64 mhp_node_movable_limit(int nid);

/* Has the node a ratio of its own? */
bool mhp_node_has_ratio(int nid, unsigned int *ratio);

/* node.c */

/**
 * mhp_node_begin() - bring a node up for memory that is being added
 * @nid: node id
 *
 * Return: 1 if it was not online before: mhp_node_abort() then takes it back;
 * 0 if it was; -EINVAL: there can be no such node; -ENOMEM; what sysfs said.
 */
int mhp_node_begin(int nid);
void mhp_node_abort(int nid);

/* budget.c */

/* Where the page structs of a range are, and its lowest tables. */
enum mhp_place {
	MHP_ELSEWHERE,		/* in old memory */
	MHP_IN_BLOCKS,		/* page structs in their memory block, tables elsewhere */
	MHP_IN_FRONT,		/* both in the front of the range: host.c */
};

/**
 * mhp_find_place() - where a range's page structs and tables can go
 * @start: first physical address, bytes
 * @size:  bytes
 * @nid:   its node
 * @place: where they should; in: what was asked for, out: what is possible
 * @host:  the range may host itself if old memory would feel it
 *
 * Return: 0; -ENOMEM after a line in the log that says how much is needed.
 */
int mhp_find_place(u64 start, u64 size, int nid, enum mhp_place *place,
		   bool host);

/*
 * Can old memory give the tables that arch_page_map_prepare() takes? 0 or -ENOMEM; to
 * ask for them regardless would drive others out of memory first.
 */
int mhp_afford_page_map(u64 start, u64 size);

/* host.c */

/**
 * struct mhp_host - a range that hosts itself
 * @list:   of all of them
 * @size:   bytes of the range
 * @front:  where it begins, and what is in its front
 * @altmap: for the page structs
 */
struct mhp_host {
	struct list_head list;
	u64 size;
	struct mhp_front front;
	struct vmem_altmap altmap;
};

/* Bytes of the front that a range would need; 0 if it is too small for one. */
u64 mhp_front_size(u64 size);

/* Not while an image of memory is made. The memory hotplug lock is held. */
bool mhp_host_allowed(void);

/* NULL: no memory. */
struct mhp_host *mhp_host_new(u64 start, u64 size);
void mhp_host_free(struct mhp_host *host);

/* Undo kasan_add_zero_shadow(), also in what the TLBs remember. */
void mhp_zero_shadow_remove(u64 start, u64 size);

/* The one that has any byte of a range, or NULL. */
struct mhp_host *mhp_host_find(u64 start, u64 size);

/* memmap.c */

/* Pages at the start of a block whose page structs lie in it; 0 if they cannot. */
unsigned long mhp_memmap_pages(u64 size);

/* May ranges host themselves? Not after memmap_on_memory=N. */
bool mhp_may_host(void);

/* The altmap of a memory block, or NULL without memory. */
struct vmem_altmap *mhp_altmap_new(u64 start, u64 size, bool inaccessible);
void mhp_altmap_free(struct vmem_altmap *altmap);

/* piece.c */

/**
 * struct mhp_pieces - a range, and how it is made
 * @start:        first physical address, bytes
 * @size:         bytes
 * @each:         bytes of a piece, a divisor of @size
 * @nid:          node
 * @place:        where the page structs and tables go
 * @inaccessible: the memory is not there until it is onlined
 * @group:        memory group, or NULL
 */
struct mhp_pieces {
	u64 start, size, each;
	int nid;
	enum mhp_place place;
	bool inaccessible;
	struct memory_group *group;
};

/*
 * A range's memory blocks are made, linked and dropped in turns, with @next the end of
 * the one that begins at @at: there may be thousands, all of them offline, and nobody
 * else has to wait for all of them.
 */
#define mhp_for_each_turn(at, next, start, end)				\
	for (at = (start);						\
	     at < (end) && (next = mhp_turn_end(start, at, end), true);	\
	     at = next)

/* Before all but the first, readers of the memory hotplug lock are let in. */
u64 mhp_turn_end(u64 start, u64 at, u64 end);

/* Whole or not at all: 0, or the first error of a step. */
int mhp_pieces_add(const struct mhp_pieces *p);

/* The memory blocks are all there, and offline. */
void mhp_pieces_remove(u64 start, u64 size);

/* zone.c */

/* Pageblocks of a zone became isolated ones or, if negative, are no more. */
void mhp_count_isolated(struct zone *zone, long nr_pages);

/* What listeners are told of a range; no node changes with it. */
struct memory_notify mhp_note(unsigned long pfn, unsigned long nr_pages);

/* What becomes of the node when a zone gets or loses as many pages. */
void mhp_note_arrival(struct memory_notify *note, struct zone *zone);
void mhp_note_departure(struct memory_notify *note, struct zone *zone,
			unsigned long nr_pages);

/* And then it has become that. */
void mhp_arrive(const struct memory_notify *note);
void mhp_depart(const struct memory_notify *note);

/* A range becomes the zone's; who wrote its page structs settles the zone. */
void mhp_zone_take(struct zone *zone, unsigned long pfn, unsigned long nr_pages);

/* And is not any more. As long as others of it are offline, nobody settles it. */
void mhp_zone_drop(struct zone *zone, unsigned long pfn, unsigned long nr_pages);

/* Every page that the zone owns is online: is the zone contiguous now? */
void mhp_zone_settle(struct zone *zone);

/* zonelist.c */

/* Has the zone ever had pages? Then it is in zonelists, with per-CPU lists. */
bool mhp_zone_seen(struct zone *zone);
void mhp_zone_set_seen(struct zone *zone);

/* pageset.c */

/*
 * What setup_zone_pageset() takes next: 0 or -ENOMEM. There is no way back, so it
 * is the last step that may fail.
 */
int mhp_pageset_reserve(void);

/* walkers.c */

/*
 * Waits for everyone who may still look at page structs of memory that has gone
 * offline. It may take as long as compaction of a zone does, so the memory
 * hotplug lock is not held; the device hotplug lock keeps the memory offline.
 */
#ifdef CONFIG_MEMORY_HOTREMOVE
void mhp_wait_for_walkers(void);
#else
static inline void mhp_wait_for_walkers(void)
{
}
#endif

/* The same, for those who can still undo: 0, or -EINTR when the task is killed. */
int mhp_wait_for_walkers_killable(void);

/* An order was called off: mhp_walkers_wait() may be over. */
void mhp_walkers_look(void);

/* remove.c */

/* remove_memory() for a caller that can try again: -EINTR when it is killed. */
int mhp_remove_memory_killable(u64 start, u64 size);

/* What memblock knows of a range that is not there any more. */
void mhp_memblock_forget(u64 start, u64 size);

/* offline.c, report.c */

/* The folder memory_hotplug in debugfs. */
struct dentry *mhp_debugfs(void);

/* offline_and_remove_memory() as an order says. */
int mhp_offline_and_remove(u64 start, u64 size, struct mhp_order *order);

/* resource.c */

/**
 * mhp_resource_add() - show a range in the resource tree
 * @start: first physical address, bytes
 * @size:  bytes
 * @name:  what /proc/iomem calls it
 *
 * Return: the resource, or an ERR_PTR(): -EEXIST: something is there; -E2BIG:
 * beyond what "mem=" allows; -ENOMEM.
 */
struct resource *mhp_resource_add(u64 start, u64 size, const char *name);
void mhp_resource_drop(struct resource *res);

/* What was added at once may go in parts, and parts of several at once. */
void mhp_resource_release(u64 start, u64 size);

/* firmware.c */

/**
 * struct mhp_firmware_range - a range that firmware calls memory
 * @start:        first physical address
 * @end:          the address behind the last, above @start
 * @nid:          node, %NUMA_NO_NODE or one that cannot be
 * @hotpluggable: RAM may come and go there
 */
struct mhp_firmware_range {
	u64 start, end;
	int nid;
	bool hotpluggable;
};

typedef void (*mhp_firmware_fn)(const struct mhp_firmware_range *r, void *arg);

/* Calls a function for each of them; boot only, when tables can be read. */
void mhp_walk_firmware(mhp_firmware_fn function, void *arg);

/* window.c */

/* While it is held, no window comes or goes. Before the device hotplug lock. */
void mhp_windows_lock(void);
void mhp_windows_unlock(void);

/* As mhp_window_covers(), but @nid may be %WINDOW_NODES_DIFFER; window lock held. */
bool __mhp_window_covers(u64 start, u64 size, int *nid);

/*
 * The node of memory in a range if nobody names one: what the node map says, or else the
 * window's; %NUMA_NO_NODE, or %WINDOW_NODES_DIFFER.
 */
int mhp_range_node(u64 start, u64 size, int window_nid);

/**
 * enum mhp_tenant - what the resource tree has in a range
 * @MHP_TENANT_NONE:  nothing at all
 * @MHP_TENANT_RAM:   memory that Linux has already, perhaps with other things
 * @MHP_TENANT_OTHER: devices, windows of buses, or what firmware reserves
 */
enum mhp_tenant {
	MHP_TENANT_NONE,
	MHP_TENANT_RAM,
	MHP_TENANT_OTHER,
};

/* @size is not zero, and nothing wraps. */
enum mhp_tenant mhp_tenant_of(u64 start, u64 size);

/* Boot only: [start, end) never is in a window. 0 or -ENOMEM. */
int mhp_keep_out(u64 start, u64 end);

/**
 * mhp_window_offer() - what may be of a range becomes windows
 * @start:  first physical address, bytes
 * @end:    the address behind the last
 * @nid:    node; one that cannot be counts as unknown
 * @source: who says so
 *
 * Windows that are there stay, and what is to be kept out stays out; each part
 * that is left is cut to whole memory blocks.
 *
 * Context: boot, process context.
 * Return: 0 or -ENOMEM.
 */
int mhp_window_offer(u64 start, u64 end, int nid,
		     enum mhp_window_source source);

/* online.c; for mhp_online_range() see linux/memhp_block.h */

/*
 * Are listeners told of each memory block? KASAN's maps shadow memory for what it is
 * told of, and takes it away by the same ranges; ranges go offline by blocks.
 */
static inline bool mhp_note_by_blocks(void)
{
	return IS_ENABLED(CONFIG_KASAN_GENERIC) ||
	       IS_ENABLED(CONFIG_KASAN_SW_TAGS);
}

/* release.c */

/*
 * The first page struct of each section tells node and zone from here on: that is
 * as much as a listener may ask of memory that is going online.
 */
void mhp_pages_begin(struct zone *zone, unsigned long pfn,
		     unsigned long nr_pages);

/*
 * The first pages of a range, as many as CPUs write at once: page structs are written,
 * sections are online, and the pages are used. Returns the page to go on with.
 */
unsigned long mhp_pages_release(struct zone *zone, unsigned long pfn,
				unsigned long end);

/* Has somebody set a callback for pages that go online? */
bool mhp_pages_are_taken(void);

/* background.c */

/* Shall who onlines go on when the first piece of it is up? */
bool mhp_background_wanted(void);

/* Until what goes on in the background is over, if anything does. */
void mhp_background_wait(void);

/**
 * mhp_background_begin() - have something done whose end need not be waited for
 * @function: does it, and calls mhp_background_go_on() when it cannot fail any more
 *
 * Context: process context, sleeps; device hotplug lock held, after
 * mhp_background_wait(); no other lock that @function takes.
 * Return: 0: it has called that; or the error that @function has returned.
 */
int mhp_background_begin(int (*function)(void));
void mhp_background_go_on(void);

/* worker.c */

/*
 * Calls @function, whose locks the caller holds, where no signal of the caller's ends
 * it, and returns what it returns.
 */
int mhp_in_worker(int (*function)(void *arg), void *arg);

/* progress.c */

/* A range begins to go online, some of it is up, and it is all up or has failed. */
void mhp_progress_begin(unsigned long pfn, unsigned long nr_pages);
void mhp_progress_up(unsigned long nr_pages);
void mhp_progress_end(int err);

/* share.c */

/**
 * struct mhp_sharing - work that several CPUs may do, each a part of a range
 * @write: does a part; is given this, and sleeps no longer than a lock takes
 * @nid:   node whose CPUs do it
 */
struct mhp_sharing {
	void (*write)(const struct mhp_sharing *all, unsigned long pfn,
		      unsigned long end);
	int nid;
};

/* How many CPUs may work on memory of a node: 1 or more. */
unsigned int mhp_share_count(int nid);

/**
 * mhp_share() - have a range worked on, a CPU for each part
 * @all:  the work
 * @pfn:  first page
 * @end:  the page behind the last; no more than mhp_share_count() parts from @pfn
 * @each: pages of a part, a power of two; parts end at multiples of it
 *
 * Context: process context, sleeps; memory hotplug lock held for writing. All of it is
 * done on return, and is seen by this CPU.
 */
void mhp_share(const struct mhp_sharing *all, unsigned long pfn,
	       unsigned long end, unsigned long each);

#endif /* _MM_MEMORY_HOTPLUG_INTERNAL_H */
