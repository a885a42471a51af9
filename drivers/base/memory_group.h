/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BASE_MEMORY_GROUP_H
#define _BASE_MEMORY_GROUP_H
/*
 * What memory blocks tell their group. Everything else about memory groups is
 * in <linux/memory.h>.
 */

struct memory_block;
struct memory_group;

/**
 * memory_group_join() - a memory block becomes part of a group
 * @group: group, or NULL: the block stays by itself
 * @mem:   block, in no group
 *
 * Context: process context, may sleep; takes memory_group_lock.
 */
void memory_group_join(struct memory_group *group, struct memory_block *mem);

/**
 * memory_group_leave() - a memory block leaves its group, if it has one
 * @mem: block; nobody can look at its group any more
 *
 * Context: process context, may sleep; takes memory_group_lock.
 */
void memory_group_leave(struct memory_block *mem);

#endif /* _BASE_MEMORY_GROUP_H */
