// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hotpluggable memory as the devicetree and the EFI memory map say it. Pure; see
 * peek.h.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "peek.h"

#define EFI_HOTPLUGGABLE	0x100000
#define EFI_PAGE_BITS		12

static u64 read_cells(const u8 **at, unsigned int cells)
{
	u64 value = 0;
	unsigned int i;

	for (i = 0; i < 4 * cells; i++)
		value = value << 8 | *(*at)++;
	return value;
}

static int walk_reg(const u8 *at, unsigned int count, unsigned int address_cells,
		    unsigned int size_cells, peek_fn fn, void *arg)
{
	struct peek_range range;
	u64 size;

	while (count--) {
		range.start = read_cells(&at, address_cells);
		size = read_cells(&at, size_cells);
		range.end = range.start + size;
		if (range.end < range.start)
			return -EINVAL;
		if (size && fn)
			fn(arg, &range);
	}
	return 0;
}

static bool are_cells(unsigned int cells)
{
	return cells == 1 || cells == 2;
}

int peek_reg(const void *reg, unsigned int len, unsigned int address_cells,
	     unsigned int size_cells, peek_fn fn, void *arg)
{
	unsigned int one = 4 * (address_cells + size_cells);
	int ret;

	if (!are_cells(address_cells) || !are_cells(size_cells) || len % one)
		return -EINVAL;
	ret = walk_reg(reg, len / one, address_cells, size_cells, NULL, NULL);
	return ret ?: walk_reg(reg, len / one, address_cells, size_cells, fn,
			       arg);
}

bool peek_efi(u64 attribute, u64 address, u64 pages, struct peek_range *range)
{
	u64 size = pages << EFI_PAGE_BITS;

	if (!(attribute & EFI_HOTPLUGGABLE) || !pages ||
	    size >> EFI_PAGE_BITS != pages || address + size < address)
		return false;
	range->start = address;
	range->end = address + size;
	return true;
}
