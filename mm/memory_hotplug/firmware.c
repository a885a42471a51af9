// SPDX-License-Identifier: GPL-2.0-only
/*
 * What firmware calls memory: SRAT, or the memory nodes of the devicetree.
 *
 * Owns nothing: it reads tables, at boot only. A table may be wrong in any way;
 * what is wrong in it is passed over.
 */
#include <linux/acpi.h>
#include <linux/init.h>
#include <linux/numa.h>
#include <linux/of.h>
#include <linux/of_address.h>

#include "internal.h"

static void __init hand_over(const struct mhp_firmware_range *r,
			     mhp_firmware_fn function, void *arg)
{
	if (r->start < r->end && !((r->end - 1) >> MAX_PHYSMEM_BITS))
		function(r, arg);
}

/* ACPI */

#ifdef CONFIG_ACPI_NUMA

/* The parser of tables hands nothing on to its callback. */
static mhp_firmware_fn on_range __initdata;
static void *on_range_arg __initdata;

static int __init srat_memory(union acpi_subtable_headers *header,
			      const unsigned long end)
{
	const struct acpi_srat_mem_affinity *ma = (void *)header;
	struct mhp_firmware_range r;

	if (ma->header.length < sizeof(*ma) ||
	    !(ma->flags & ACPI_SRAT_MEM_ENABLED))
		return 0;
	r = (struct mhp_firmware_range){
		.start = ma->base_address,
		.end = ma->base_address + ma->length,
		.nid = pxm_to_node(ma->proximity_domain),
		.hotpluggable = (ma->flags & ACPI_SRAT_MEM_HOT_PLUGGABLE) &&
				!(ma->flags & ACPI_SRAT_MEM_NON_VOLATILE),
	};
	hand_over(&r, on_range, on_range_arg);
	return 0;
}

static void __init walk_srat(mhp_firmware_fn function, void *arg)
{
	on_range = function;
	on_range_arg = arg;
	acpi_table_parse_entries(ACPI_SIG_SRAT, sizeof(struct acpi_table_srat),
				 ACPI_SRAT_TYPE_MEMORY_AFFINITY, srat_memory, 0);
}

#else

static void __init walk_srat(mhp_firmware_fn function, void *arg)
{
}

#endif /* CONFIG_ACPI_NUMA */

/* Devicetree */

/* A node with "linux,usable-memory" was cut by a boot loader that knew why. */
static bool __init is_memory(struct device_node *np)
{
	return of_device_is_available(np) &&
	       !of_property_present(np, "linux,usable-memory");
}

static void __init walk_ranges(struct device_node *np, mhp_firmware_fn function,
			       void *arg)
{
	struct resource res;
	int i;

	for (i = 0; !of_address_to_resource(np, i, &res); i++) {
		const struct mhp_firmware_range r = {
			.start = res.start,
			.end = res.end + 1,
			.nid = of_node_to_nid(np),
			.hotpluggable = of_property_read_bool(np, "hotpluggable"),
		};

		hand_over(&r, function, arg);
	}
}

static void __init walk_devicetree(mhp_firmware_fn function, void *arg)
{
	struct device_node *np;

	for_each_node_by_type(np, "memory")
		if (is_memory(np))
			walk_ranges(np, function, arg);
}

void __init mhp_walk_firmware(mhp_firmware_fn function, void *arg)
{
	if (acpi_disabled)
		walk_devicetree(function, arg);
	else
		walk_srat(function, arg);
}
