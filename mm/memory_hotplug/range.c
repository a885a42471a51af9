// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which physical ranges may be added at all.
 *
 * Must not:  change anything, or take a lock.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/export.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/range.h>

#include "internal.h"

/* No memory above this is used; "mem=" lowers it on some architectures. */
u64 max_mem_size = U64_MAX;

int mhp_check_range(u64 start, u64 size)
{
	return memory_block_range_ok(start, size) ? 0 : -EINVAL;
}

bool mhp_is_boot_memory(u64 start, u64 size)
{
	unsigned long nr = pfn_to_section_nr(PHYS_PFN(start));
	unsigned long last = pfn_to_section_nr(PHYS_PFN(start + size - 1));

	if (mhp_check_range(start, size) || last >= NR_MEM_SECTIONS)
		return false;
	for (; nr <= last; nr++) {
		if (!present_section_nr(nr) || !early_section(__nr_to_section(nr)))
			return false;
	}
	return true;
}

int mhp_refuse(u64 start, u64 size, const char *what, int err, const char *why)
{
	pr_err(MHP_RANGE " not %s, error %d: %s\n",
	       start, start + size - 1, what, err, why);
	return err;
}

struct range __weak arch_get_mappable_range(void)
{
	return (struct range){ .start = 0, .end = U64_MAX };
}

/**
 * mhp_get_pluggable_range() - physical addresses at which memory may be added
 * @need_mapping: it has to be in the linear map
 *
 * Return: the range, both ends inclusive. It is empty (the end is below the
 * start) if there is none.
 */
struct range mhp_get_pluggable_range(bool need_mapping)
{
	struct range usable = { .start = 0, .end = PHYSMEM_END };
	struct range mappable;

	if (need_mapping) {
		mappable = arch_get_mappable_range();
		usable.start = mappable.start;
		usable.end = min(usable.end, mappable.end);
	}
	return usable;
}
EXPORT_SYMBOL_GPL(mhp_get_pluggable_range);

int mhp_check_reach(u64 start, u64 size, bool need_mapping, int err)
{
	struct range usable = mhp_get_pluggable_range(need_mapping);
	u64 last = start + size - 1;

	if (size && last >= start && start >= usable.start &&
	    last <= usable.end)
		return 0;
	pr_warn(MHP_RANGE " not added, error %d: memory can only be in " MHP_RANGE "\n",
		start, last, err, usable.start, usable.end);
	return err;
}

/**
 * mhp_range_allowed() - may a range be added?
 * @start:        first physical address, bytes
 * @size:         bytes
 * @need_mapping: it has to be in the linear map
 *
 * Return: true, or false after one line in the log.
 */
bool mhp_range_allowed(u64 start, u64 size, bool need_mapping)
{
	return !mhp_check_reach(start, size, need_mapping, -EINVAL);
}
