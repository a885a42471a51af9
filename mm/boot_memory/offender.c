// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserves boot memory where it should not be, for tests: they want to see it
 * caught. Runs before the hotpluggable ranges are known, as an allocation that
 * somebody adds in the wrong place would.
 *
 *	boot_memory_offender=keep	allocates 64 KiB and keeps them
 *	boot_memory_offender=return	allocates and gives them back
 */
#define pr_fmt(fmt) "boot_memory: " fmt

#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "internal.h"

static bool keeps __initdata, returns __initdata;

static int __init offender_param(char *word)
{
	keeps = word && !strcmp(word, "keep");
	returns = word && !strcmp(word, "return");
	return 0;
}
early_param("boot_memory_offender", offender_param);

noinline void __init boot_memory_offend(void)
{
	phys_addr_t at;

	if (!keeps && !returns)
		return;
	at = memblock_phys_alloc(SZ_64K, SZ_64K);
	if (at && returns)
		memblock_phys_free(at, SZ_64K);
}
