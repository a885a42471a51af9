// SPDX-License-Identifier: GPL-2.0-only
/*
 * The range in the resource tree, /proc/iomem.
 */
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/memory_hotplug.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

struct claim {
	resource_size_t start, last;
};

/* Does what is there keep the range from being a part of it? */
static int in_the_way(struct resource *part, void *arg)
{
	const struct claim *claim = arg;

	/* @part is cut to what was asked for */
	if (part->start > claim->start || part->end < claim->last)
		return 1;
	return !!(part->flags & IORESOURCE_BUSY);
}

/*
 * The resource code has one answer for a range that is taken and for a lack of
 * memory.
 */
static int why_not(u64 start, u64 size)
{
	struct claim claim = { .start = start, .last = start + size - 1 };
	int found = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM,
					claim.start, claim.last, &claim,
					in_the_way);

	return found > 0 ? -EEXIST : -ENOMEM;
}

struct resource *mhp_resource_add(u64 start, u64 size, const char *name)
{
	unsigned long flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
	struct resource *res;

	/* "mem=" is about boot memory; what comes later is meant to come */
	if (system_state < SYSTEM_RUNNING && start + size - 1 >= max_mem_size)
		return ERR_PTR(-E2BIG);
	if (strcmp(name, "System RAM"))
		flags |= IORESOURCE_SYSRAM_DRIVER_MANAGED;

	res = __request_region(&iomem_resource, start, size, name, flags);
	return res ?: ERR_PTR(why_not(start, size));
}

void mhp_resource_drop(struct resource *res)
{
	release_resource(res);
	kfree(res);
}

#ifdef CONFIG_MEMORY_HOTREMOVE

/* @part is cut to the range, and no lock is held. */
static int release_part(struct resource *part, void *unused)
{
	release_mem_region_adjustable(part->start, resource_size(part));
	return 0;
}

void mhp_resource_release(u64 start, u64 size)
{
	walk_system_ram_res(start, start + size - 1, NULL, release_part);
}

#endif /* CONFIG_MEMORY_HOTREMOVE */
