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

static int is_busy(struct resource *part, void *unused)
{
	return 1;
}

/* Is a resource neither around all of the range nor outside of it? */
static int cuts_claim(struct resource *part, void *arg)
{
	const struct claim *claim = arg;

	/* @part is cut to what was asked for */
	return part->start > claim->start || part->end < claim->last;
}

static bool find(const struct claim *claim, unsigned long flags,
		 int (*test)(struct resource *part, void *claim))
{
	return walk_iomem_res_desc(IORES_DESC_NONE, flags, claim->start,
				   claim->last, (void *)claim, test) > 0;
}

/*
 * The resource code has one answer for a range that is taken and for a lack of
 * memory. A busy resource may lie below one that is not: they are looked for on
 * their own, as a walk does not go below what it has met.
 */
static int why_not(u64 start, u64 size)
{
	const struct claim claim = { .start = start, .last = start + size - 1 };

	if (find(&claim, IORESOURCE_MEM | IORESOURCE_BUSY, is_busy) ||
	    find(&claim, IORESOURCE_MEM, cuts_claim))
		return -EEXIST;
	return -ENOMEM;
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
