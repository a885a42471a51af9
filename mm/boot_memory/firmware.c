// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads what firmware says of memory, when there are early mappings only.
 *
 * Owns:     nothing; the pure files peek_*.c know the formats.
 * Must not: allocate.
 * Locks:    none; boot has one CPU.
 */
#define pr_fmt(fmt) "boot_memory: " fmt

#include <linux/acpi.h>
#include <linux/efi.h>
#include <linux/initrd.h>
#include <linux/io.h>
#include <linux/libfdt.h>
#include <linux/mm.h>
#include <linux/of_fdt.h>
#include <linux/security.h>
#include <linux/string.h>

#include <asm/early_ioremap.h>

#include "internal.h"
#include "peek.h"

/* A page at a time: the fixmap has room for few, and tables may be anywhere. */
static int __init read_physical(void *unused, u64 address, void *to,
				unsigned int len)
{
	unsigned int step;
	void *from;

	for (; len; len -= step, address += step, to += step) {
		step = min_t(unsigned int, len,
			     PAGE_SIZE - offset_in_page(address));
		from = early_memremap(address, step);
		if (!from)
			return -EIO;
		memcpy(to, from, step);
		early_memunmap(from, step);
	}
	return 0;
}

static const struct peek_memory physical __initconst = { .read = read_physical };

static void __init take_range(void *source, const struct peek_range *range)
{
	boot_add_range((uintptr_t)source, range->start, range->end);
}

/* ACPI */

/* 0 if the initrd has a table in the place of the one in @srat, if there is one. */
static int __init find_upgrade(bool have, struct peek_table *srat)
{
	if (!IS_ENABLED(CONFIG_ACPI_TABLE_UPGRADE) || !phys_initrd_size ||
	    IS_ENABLED(CONFIG_ACPI_TABLE_OVERRIDE_VIA_BUILTIN_INITRD))
		return -ENOENT;
	if (security_locked_down(LOCKDOWN_ACPI_TABLES))
		return -ENOENT;
	return peek_initrd(&physical, phys_initrd_start, phys_initrd_size,
			   have ? srat : NULL, srat);
}

void __init boot_read_acpi(u64 rsdp)
{
	struct peek_table srat;
	int err = peek_acpi(&physical, rsdp, &srat);
	bool have = !err, upgrade = !find_upgrade(have, &srat);

	if (have || upgrade)
		err = peek_srat(&physical, &srat, take_range,
				(void *)(uintptr_t)BOOT_BY_SRAT);
	if (err && err != -ENOENT)
		pr_warn("SRAT is not used for boot memory: a table is wrong, error %d\n",
			err);
}

/* Devicetree */

static bool __init has_word(const void *fdt, int node, const char *property,
			    const char *word)
{
	return fdt_stringlist_search(fdt, node, property, word) >= 0;
}

static bool __init is_memory_in_use(const void *fdt, int node)
{
	return has_word(fdt, node, "device_type", "memory") &&
	       (!fdt_getprop(fdt, node, "status", NULL) ||
		has_word(fdt, node, "status", "okay") ||
		has_word(fdt, node, "status", "ok"));
}

static void __init read_memory_node(const void *fdt, int node)
{
	const void *reg;
	int len, err;

	/* what a boot loader has cut counts, as it does for the memory itself */
	reg = fdt_getprop(fdt, node, "linux,usable-memory", &len) ?:
	      fdt_getprop(fdt, node, "reg", &len);
	if (!reg)
		return;
	err = peek_reg(reg, len, fdt_address_cells(fdt, 0),
		       fdt_size_cells(fdt, 0), take_range,
		       (void *)(uintptr_t)BOOT_BY_DT);
	if (err)
		pr_warn("devicetree: %s is not used: its reg is wrong, error %d\n",
			fdt_get_name(fdt, node, NULL), err);
}

static bool __init is_named_hotpluggable(const void *fdt, int property)
{
	static const char name[] __initconst = "hotpluggable";
	const struct fdt_property *found;
	u32 at;

	found = fdt_offset_ptr(fdt, property, sizeof(*found));
	at = found ? fdt32_to_cpu(found->nameoff) : U32_MAX;
	return (u64)at + sizeof(name) <= fdt_size_dt_strings(fdt) &&
	       !memcmp(fdt + fdt_off_dt_strings(fdt) + at, name, sizeof(name));
}

/*
 * One pass over all of the tree, as boot pays for each look at a node: children of the
 * root have depth 2.
 */
void __init boot_read_devicetree(const void *fdt)
{
	int at, next = 0, depth = 0, node = 0;
	u32 tag;

	if (!fdt)
		return;
	do {
		at = next;
		tag = fdt_next_tag(fdt, at, &next);
		depth += (tag == FDT_BEGIN_NODE) - (tag == FDT_END_NODE);
		if (tag == FDT_BEGIN_NODE && depth == 2)
			node = at;
		else if (tag == FDT_PROP && depth == 2 &&
			 is_named_hotpluggable(fdt, at) &&
			 is_memory_in_use(fdt, node))
			read_memory_node(fdt, node);
	} while (tag != FDT_END && next >= 0);
}

/* With ACPI, firmware or a boot loader gives one that has nothing to say. */
bool __init boot_devicetree_is_stub(const void *fdt)
{
	const char *name;
	int node;

	if (!fdt)
		return true;
	fdt_for_each_subnode(node, fdt, 0) {
		name = fdt_get_name(fdt, node, NULL);
		if (!name || (strcmp(name, "chosen") &&
			      strcmp(name, "hypervisor")))
			return false;
	}
	return true;
}

/* UEFI */

void __init boot_read_efi(void)
{
	const efi_memory_desc_t *md;
	struct peek_range range;

	if (!efi_enabled(EFI_MEMMAP))
		return;
	for_each_efi_memory_desc(md)
		if (peek_efi(md->attribute, md->phys_addr, md->num_pages,
			     &range))
			boot_add_range(BOOT_BY_EFI, range.start, range.end);
}
