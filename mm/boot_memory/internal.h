/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_BOOT_MEMORY_INTERNAL_H
#define _MM_BOOT_MEMORY_INTERNAL_H
/*
 * Shared by the files of mm/boot_memory that are no pure ones.
 */
#include <linux/init.h>

#include "../memory_hotplug/window_set.h"

#define BOOT_RANGE	"[mem %#018llx-%#018llx]"

/* The ranges that are hotpluggable; they do not change after boot_memory_peek(). */
extern struct window_set boot_hotpluggable;

/* The word for where firmware says so. */
const char *boot_range_source(const struct window *w);

/* Once only: what is hotpluggable goes by the tables to ->range(). */
void boot_read_acpi(u64 rsdp);
void boot_read_devicetree(const void *fdt);
void boot_read_efi(void);
bool boot_devicetree_is_stub(const void *fdt);

/* Where the readers put a range of source @source. */
enum { BOOT_BY_SRAT, BOOT_BY_DT, BOOT_BY_EFI, BOOT_SOURCES };
void boot_add_range(unsigned int source, u64 start, u64 end);

/*
 * True if boot holds something in the range, with *owner the address of who
 * reserved it; or if that is not known, with *owner NULL.
 */
bool boot_is_held(u64 start, u64 size, void **owner);

#ifdef CONFIG_BOOT_MEMORY_TEST
void boot_memory_offend(void);
#else
static inline void boot_memory_offend(void) { }
#endif

#endif /* _MM_BOOT_MEMORY_INTERNAL_H */
