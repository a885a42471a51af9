/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_BOOT_MEMORY_PEEK_H
#define _MM_BOOT_MEMORY_PEEK_H
/*
 * What firmware calls hotpluggable, read before there is a linear map or an
 * allocator: SRAT in memory or in the initrd, "reg" of a devicetree node, and a
 * descriptor of the EFI memory map.
 *
 * Pure: physical memory is read by a function of the caller's. Nothing in a table
 * is believed before it was checked, and a table in which anything is wrong gives
 * no range at all.
 */
#include <linux/types.h>

/**
 * struct peek_range - memory that may be taken out of the machine
 * @start: first physical address
 * @end:   the address behind the last, above @start
 */
struct peek_range {
	u64 start, end;
};

typedef void (*peek_fn)(void *arg, const struct peek_range *range);

/**
 * struct peek_memory - how to read physical memory
 * @read: copies @len bytes at @address to @to; 0, or the error with which the
 *        whole look-up then ends
 * @arg:  its first argument
 */
struct peek_memory {
	int (*read)(void *arg, u64 address, void *to, unsigned int len);
	void *arg;
};

/* A table of ACPI, at its head. */
#define PEEK_HEADER	36

/* No table is longer: SRAT has 40 bytes at most for a CPU or a range. */
#define PEEK_TABLE_MAX	(4U << 20)

/**
 * struct peek_table - a table that was found
 * @address:  where it is
 * @length:   bytes, all of which the checksum covers
 * @maker:    the ids of its maker, by which an initrd may replace it
 * @revision: and the number which has to be larger then
 */
struct peek_table {
	u64 address;
	u32 length;
	u8 maker[14];
	u32 revision;
};

/**
 * peek_acpi() - find SRAT as firmware has it
 * @memory: how to read
 * @rsdp:   physical address of the root pointer
 * @srat:   the table, if it was found
 *
 * Return: 0; -ENOENT: there is none; -EINVAL: a table on the way to it, or itself,
 * has a wrong signature, length or checksum; errors of @memory->read().
 */
int peek_acpi(const struct peek_memory *memory, u64 rsdp,
	      struct peek_table *srat);

/**
 * peek_initrd() - find the SRAT that an initrd puts in the place of firmware's
 * @memory:   how to read
 * @start:    physical address of the initrd
 * @size:     bytes
 * @firmware: firmware's table; NULL if it has none
 * @srat:     the table, if it was found; may be @firmware
 *
 * Tables are files kernel/firmware/acpi/NAME of the archives that stand
 * uncompressed at the begin of the initrd. One replaces firmware's if its ids are
 * the same and its revision is larger.
 *
 * Return: 0; -ENOENT: there is none that would be used; errors of
 * @memory->read().
 */
int peek_initrd(const struct peek_memory *memory, u64 start, u64 size,
		const struct peek_table *firmware, struct peek_table *srat);

/**
 * peek_srat() - the hotpluggable ranges of a table
 * @memory: how to read
 * @srat:   a table that one of the functions above found
 * @fn:     is called for each range; overlapping ones are not made one
 * @arg:    its first argument
 *
 * Persistent memory is left out. Called for nothing if any entry is wrong.
 *
 * Return: 0; -EINVAL: an entry has no length, ends behind the table, or its range
 * wraps; errors of @memory->read().
 */
int peek_srat(const struct peek_memory *memory, const struct peek_table *srat,
	      peek_fn fn, void *arg);

/**
 * peek_reg() - the ranges of a memory node of the devicetree
 * @reg:           the property
 * @len:           bytes of it
 * @address_cells: of an address, 1 or 2
 * @size_cells:    of a size, 1 or 2
 * @fn:            is called for each range that is not empty
 * @arg:           its first argument
 *
 * Return: 0; -EINVAL: cells or length are impossible, or a range wraps: then @fn
 * was called for nothing.
 */
int peek_reg(const void *reg, unsigned int len, unsigned int address_cells,
	     unsigned int size_cells, peek_fn fn, void *arg);

/**
 * peek_efi() - is a descriptor of the EFI memory map hotpluggable memory?
 * @attribute: its attributes
 * @address:   where it begins
 * @pages:     of 4 KiB
 * @range:     what it describes, if so
 */
bool peek_efi(u64 attribute, u64 address, u64 pages, struct peek_range *range);

static inline u32 peek_le32(const u8 *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24;
}

static inline u64 peek_le64(const u8 *at)
{
	return peek_le32(at) | (u64)peek_le32(at + 4) << 32;
}

/* Shared by the files of the peek: a table at @address that ends by @limit. */
int peek_check_table(const struct peek_memory *memory, u64 address, u64 limit,
		     struct peek_table *table, u8 signature[4]);

#endif /* _MM_BOOT_MEMORY_PEEK_H */
