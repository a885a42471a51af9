/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_BOOT_MEMORY_H
#define _LINUX_BOOT_MEMORY_H
/*
 * Boot memory that firmware calls hotpluggable: mm/boot_memory/.
 *
 * Most of this is called by memblock and by those who set up memory at boot, in
 * places that the graft's manifest names. While boot has one CPU, nobody needs a
 * lock.
 */
#include <linux/cleanup.h>
#include <linux/types.h>

struct memblock_region;

#ifdef CONFIG_BOOT_MEMORY

/**
 * boot_memory_peek() - learn what is hotpluggable, and mark it in memblock
 *
 * With "movable_node", memblock allocates none of what is marked. Without,
 * memblock stays as it is. A table with something wrong in it is told of in the
 * log, and passed over.
 *
 * Context: boot, when memblock knows the memory and the early mappings work, but
 * nothing has been allocated yet.
 */
void boot_memory_peek(void);

/**
 * boot_memory_settled() - are the marks in memblock final?
 *
 * From the peek until memory goes to the page allocator, whoever wants to mark a
 * range as hotpluggable or not is not heeded: firmware's tables were read, range by
 * range, and NUMA would take the marks off whole nodes.
 *
 * Context: any.
 * Return: true if marks must not be changed.
 */
bool boot_memory_settled(void);

/**
 * boot_memory_handover() - memory goes to the page allocator, marked or not
 *
 * Context: boot, in memblock_free_all().
 */
void boot_memory_handover(void);

/**
 * boot_memory_may_map() - may a leaf of the linear map be that large?
 * @phys: physical address in it
 * @size: bytes of the leaf, or of a group of contiguous ones
 *
 * A leaf can be taken away only as a whole, so where memory blocks may leave, none
 * is larger than the smallest block can be.
 *
 * Context: boot.
 * Return: true if so.
 */
bool boot_memory_may_map(u64 phys, u64 size);

/**
 * boot_memory_is_movable() - is a marked region to be in ZONE_MOVABLE?
 * @region: memory region of memblock, of which the node is known
 *
 * A node's ZONE_MOVABLE goes from some address to the node's end. It must not
 * have memory in it that the kernel needs: a region counts only if all memory of
 * its node above it is hotpluggable, too.
 *
 * Context: boot.
 * Return: true if so.
 */
bool boot_memory_is_movable(struct memblock_region *region);

/**
 * boot_memory_is_hotpluggable() - does firmware call all of a range hotpluggable?
 * @start: first physical address
 * @size:  bytes, not 0
 *
 * Context: any, after boot_memory_peek().
 * Return: true if all of it is, and the kernel's image is not in the same range of
 * firmware's.
 */
bool boot_memory_is_hotpluggable(u64 start, u64 size);

/**
 * boot_memory_try() - allocate, of hotpluggable memory only if there is no other
 * @size:      as memblock_alloc_range_nid(), which calls this first and is called
 * @align:     by this; so are all the others
 * @start:     lowest address
 * @end:       highest address
 * @nid:       node
 * @exact_nid: and no other one: then hotpluggable memory is no resort
 *
 * Context: boot.
 * Return: a physical address; 0: the caller has to do as it would.
 */
u64 boot_memory_try(u64 size, u64 align, u64 start, u64 end, int nid,
		    bool exact_nid);

/* Is memblock to look at hotpluggable memory, too, because there is no other? */
bool boot_memory_is_last_resort(void);

/**
 * boot_memory_may_go() - does boot leave a range free to be taken out?
 * @start: first physical address
 * @size:  bytes, not 0
 *
 * What was added after boot may go. What was there at boot may if firmware calls
 * it hotpluggable, "movable_node" kept it free, and everything that boot reserved in
 * it was given back.
 *
 * Context: any.
 * Return: true if so. Pages in use now are not looked at.
 */
bool boot_memory_may_go(u64 start, u64 size);

/**
 * boot_memory_stays() - the contrary, and a line in the log that says why
 * @start: first physical address
 * @size:  bytes, not 0
 *
 * Context: any.
 * Return: true if the range must not be taken out.
 */
bool boot_memory_stays(u64 start, u64 size);

/**
 * boot_memory_reserve() - memblock reserves memory
 * @base:   first physical address
 * @size:   bytes
 * @caller: an address in who asks, unless an allocating function is under way
 *
 * Context: any; so are the next three.
 */
void boot_memory_reserve(u64 base, u64 size, unsigned long caller);

/**
 * boot_memory_return() - memblock has memory reserved no more
 * @base: first physical address
 * @size: bytes
 */
void boot_memory_return(u64 base, u64 size);

/**
 * boot_memory_unmap() - memblock has memory that must not be mapped
 * @base:   first physical address
 * @size:   bytes
 * @caller: an address in who says so
 */
void boot_memory_unmap(u64 base, u64 size, unsigned long caller);

/**
 * boot_memory_map() - it may be mapped again
 * @base: first physical address
 * @size: bytes
 */
void boot_memory_map(u64 base, u64 size);

/**
 * boot_memory_ask() - an allocating function of memblock begins
 * @caller: an address in who called it
 *
 * Context: boot.
 * Return: true if it is the outermost, which has to call boot_memory_asked().
 */
bool boot_memory_ask(unsigned long caller);

/* The outermost allocating function ends. */
void boot_memory_asked(void);

#else

static inline void boot_memory_peek(void) { }
static inline bool boot_memory_settled(void) { return false; }
static inline void boot_memory_handover(void) { }
static inline u64 boot_memory_try(u64 size, u64 align, u64 start, u64 end,
				  int nid, bool exact_nid)
{
	return 0;
}

static inline bool boot_memory_is_last_resort(void) { return false; }
static inline bool boot_memory_may_map(u64 phys, u64 size) { return true; }
#define boot_memory_is_movable(region)	((region)->flags & MEMBLOCK_HOTPLUG)
static inline bool boot_memory_is_hotpluggable(u64 start, u64 size)
{
	return false;
}

static inline bool boot_memory_may_go(u64 start, u64 size) { return true; }
static inline bool boot_memory_stays(u64 start, u64 size) { return false; }

static inline void boot_memory_reserve(u64 base, u64 size, unsigned long caller) { }
static inline void boot_memory_return(u64 base, u64 size) { }
static inline void boot_memory_unmap(u64 base, u64 size, unsigned long caller) { }
static inline void boot_memory_map(u64 base, u64 size) { }
static inline bool boot_memory_ask(unsigned long caller) { return false; }
static inline void boot_memory_asked(void) { }

#endif /* CONFIG_BOOT_MEMORY */

/*
 * At the begin of a function of memblock that allocates: until it returns, its
 * caller is the one who reserves. Of such functions that call each other, the
 * outermost counts.
 */
DEFINE_CLASS(boot_memory_asker, bool, if (_T) boot_memory_asked(),
	     boot_memory_ask(caller), unsigned long caller)

#endif /* _LINUX_BOOT_MEMORY_H */
