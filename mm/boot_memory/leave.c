// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which boot memory may be taken out of use, and why not.
 *
 * Owns nothing: it asks the ranges (policy.c) and the ledger (reservations.c).
 */
#define pr_fmt(fmt) "boot_memory: " fmt

#include <linux/boot_memory.h>
#include <linux/errno.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>

#include "internal.h"

static bool is_boot_memory(u64 start, u64 size)
{
	unsigned long nr = pfn_to_section_nr(PFN_DOWN(start));
	unsigned long last = pfn_to_section_nr(PFN_DOWN(start + size - 1));

	for (; nr <= last; nr++)
		if (present_section_nr(nr) && early_section(__nr_to_section(nr)))
			return true;
	return false;
}

bool boot_memory_may_go(u64 start, u64 size)
{
	void *owner;

	return !is_boot_memory(start, size) ||
	       (movable_node_is_enabled() &&
		boot_memory_is_hotpluggable(start, size) &&
		!boot_is_held(start, size, &owner));
}

bool boot_memory_stays(u64 start, u64 size)
{
	const u64 last = start + size - 1;
	void *owner;

	if (boot_memory_may_go(start, size))
		return false;
	if (!boot_memory_is_hotpluggable(start, size))
		pr_info(BOOT_RANGE " stays, error %d: firmware does not call it hotpluggable\n",
			start, last, -EPERM);
	else if (!movable_node_is_enabled())
		pr_info(BOOT_RANGE " stays, error %d: it is hotpluggable, but was not kept free: boot with movable_node\n",
			start, last, -EPERM);
	else if (boot_is_held(start, size, &owner) && owner)
		pr_info(BOOT_RANGE " stays, error %d: %ps holds a part of it since boot\n",
			start, last, -EPERM, owner);
	else
		pr_info(BOOT_RANGE " stays, error %d: it is not known what boot has left in it\n",
			start, last, -EPERM);
	return true;
}
