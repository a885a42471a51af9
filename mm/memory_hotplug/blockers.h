/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_BLOCKERS_H
#define _MM_MEMORY_HOTPLUG_BLOCKERS_H
/*
 * What keeps memory from going offline, by name. Pure: what was seen of a page
 * goes in, a kind comes out, and the host tests compile blockers.c as it is.
 */
#include <linux/types.h>

/**
 * enum blocker_kind - why a page stays
 * @BLOCKER_NONE:      it does not: its data can move
 * @BLOCKER_BOOT:      it is boot memory, which has to stay
 * @BLOCKER_POISON:    it is poisoned, so its data cannot be copied, and somebody
 *		       still uses it
 * @BLOCKER_TABLE:     it is a page table
 * @BLOCKER_SLAB:      objects of a slab cache are in it
 * @BLOCKER_DRIVER:    a driver (a balloon, a hypervisor's) has taken it offline
 *		       on its own, and keeps it
 * @BLOCKER_RESERVED:  it never was the page allocator's
 * @BLOCKER_KERNEL:    the kernel uses it for something else that cannot move
 * @BLOCKER_PINNED:    somebody has references to it that are not explained by
 *		       page tables and caches: pipes, direct I/O, devices
 * @BLOCKER_WRITEBACK: it is being written to a disk
 * @BLOCKER_LOCKED:    somebody holds its lock
 * @BLOCKER_NO_MEMORY: it could move, but nowhere is room
 * @BLOCKER_HUGETLB:   it is a hugetlb page that cannot move
 * @BLOCKER_BUSY:      it could not be moved just now, and nobody knows why
 * @BLOCKER_KINDS:     how many kinds there are
 */
enum blocker_kind {
	BLOCKER_NONE,
	BLOCKER_BOOT,
	BLOCKER_POISON,
	BLOCKER_TABLE,
	BLOCKER_SLAB,
	BLOCKER_DRIVER,
	BLOCKER_RESERVED,
	BLOCKER_KERNEL,
	BLOCKER_PINNED,
	BLOCKER_WRITEBACK,
	BLOCKER_LOCKED,
	BLOCKER_NO_MEMORY,
	BLOCKER_HUGETLB,
	BLOCKER_BUSY,
	BLOCKER_KINDS,
};

/**
 * struct blocker_facts - what a look at a page has shown
 * @refs:      references that page tables, caches and the one who looks do not
 *	       explain; negative counts as none
 * @stuck:     it was tried to move it, in vain
 * @no_room:   and no memory was the reason
 * @data:      somebody's data, which can move as such
 * @immovable: a hugetlb page of a size that cannot move
 *
 * The others are what they are called.
 */
struct blocker_facts {
	int refs;
	bool boot, poisoned, table, slab, driver, reserved;
	bool data, hugetlb, immovable;
	bool writeback, locked;
	bool stuck, no_room;
};

/**
 * blocker_kind_of() - why a page stays, the reason that lasts longest
 * @facts: what was seen
 *
 * Return: %BLOCKER_NONE if it need not stay.
 */
enum blocker_kind blocker_kind_of(const struct blocker_facts *facts);

/* A word for it, in the file and in the log; "?" if there is no such kind. */
const char *blocker_kind_name(enum blocker_kind kind);

#define BLOCKER_OWNER_SIZE	48
#define BLOCKERS_KEPT		64

/**
 * struct blocker - pages that follow one another and stay for the same reason
 * @pfn:    the first
 * @count:  pages
 * @cgroup: inode number of the memory cgroup that pays for them, 0 if none does
 * @inode:  inode number of the file that they are a part of, 0 if none is known
 * @kind:   why
 * @refs:   references to each that nothing explains
 * @dma:    it looks as if they were pinned for a device
 * @owner:  who, as far as that is known; "-" if it is not
 */
struct blocker {
	u64 pfn, count, cgroup, inode;
	enum blocker_kind kind;
	int refs;
	bool dma;
	char owner[BLOCKER_OWNER_SIZE];
};

/**
 * struct blocker_list - what was found, the first ones in detail
 * @at:    the first ones
 * @nr:    how many of them there are
 * @lost:  those for which there was no place
 * @pages: of all
 * @kinds: a bit for each kind that was found
 */
struct blocker_list {
	struct blocker at[BLOCKERS_KEPT];
	unsigned int nr, kinds;
	u64 lost, pages;
};

void blocker_list_clear(struct blocker_list *list);

/**
 * blocker_list_add() - note pages that stay
 * @list: list
 * @b:    the pages; behind those that were noted before
 *
 * Those that continue the last ones become one with them.
 */
void blocker_list_add(struct blocker_list *list, const struct blocker *b);

/* Is there one that stays however long one waits? */
bool blocker_list_lasting(const struct blocker_list *list);

/*
 * Makes one word of an owner's text: what is blank or cannot be printed becomes
 * "_", and an empty text "-".
 */
void blocker_owner_tidy(char owner[BLOCKER_OWNER_SIZE]);

#endif /* _MM_MEMORY_HOTPLUG_BLOCKERS_H */
