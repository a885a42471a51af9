/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_PRICE_H
#define _MM_MEMORY_HOTPLUG_PRICE_H
/*
 * What it takes of old memory to add new memory. Pure: numbers in, numbers
 * out, and the host tests compile price.c as it is.
 */
#include <linux/types.h>

/**
 * struct mhp_goods - what is to be added
 * @size:        bytes
 * @page_shift:  log2 of the page size
 * @page_struct: bytes that describe a page
 * @leaf:        bytes that an entry of the linear map's lowest table covers: a
 *		 page, or a block; if the lowest tables are in the range itself,
 *		 what each of those covers
 * @struct_leaf: the same for the mapping of the page structs
 * @self_hosted: the page structs lie in the range itself
 */
struct mhp_goods {
	u64 size;
	unsigned int page_shift;
	unsigned int page_struct;
	u64 leaf;
	u64 struct_leaf;
	bool self_hosted;
};

/**
 * mhp_price() - pages of old memory that adding takes, at most
 * @goods: what is to be added
 *
 * Counts page structs and page tables. Sysfs entries and what a driver needs
 * itself is not in it.
 *
 * Return: number of pages; U64_MAX if the range describes no page.
 */
u64 mhp_price(const struct mhp_goods *goods);

#endif /* _MM_MEMORY_HOTPLUG_PRICE_H */
