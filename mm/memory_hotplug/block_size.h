/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_BLOCK_SIZE_H
#define _MM_MEMORY_HOTPLUG_BLOCK_SIZE_H
/*
 * How large memory blocks are. Pure: numbers in, numbers out, and the host tests
 * compile block_size.c as it is.
 */
#include <linux/types.h>

/* What the memory from boot is cut into, at most, if alignment allows. */
#define BLOCKS_WANTED	512

/* No size that is chosen or asked for is larger. */
#define BLOCK_SIZE_MAX	(2ULL << 30)

/**
 * struct mhp_extent - a range of addresses in which memory is or may appear
 * @start:  first address
 * @end:    the address behind the last, above @start
 * @nid:    node
 * @window: there is no memory yet
 */
struct mhp_extent {
	u64 start, end;
	int nid;
	bool window;
};

/**
 * mhp_choose_block_size() - how large a memory block should be
 * @at:      ranges, in any order; those of one kind may overlap
 * @nr:      how many
 * @section: bytes of a section, a power of two
 *
 * So large that the memory from boot is no more than %BLOCKS_WANTED blocks, but
 * each window begins with a block, and no block has memory of two nodes, or memory
 * from boot and a part of a window. Where a window ends does not count.
 *
 * Return: bytes, a power of two from @section to %BLOCK_SIZE_MAX, or @section.
 */
u64 mhp_choose_block_size(const struct mhp_extent *at, unsigned int nr,
			  u64 section);

/**
 * mhp_block_size_allowed() - may memory blocks be as large as that?
 * @size:    bytes
 * @section: bytes of a section, a power of two
 */
bool mhp_block_size_allowed(u64 size, u64 section);

#endif /* _MM_MEMORY_HOTPLUG_BLOCK_SIZE_H */
