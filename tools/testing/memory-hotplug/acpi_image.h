/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A piece of physical memory with ACPI tables and an initrd in it, for the tests of
 * the peek. Reading elsewhere is an error.
 */
#ifndef _MEMHP_ACPI_IMAGE_H
#define _MEMHP_ACPI_IMAGE_H

#include "../../../mm/boot_memory/peek.h"

#define IMAGE_BASE	0x1000
#define IMAGE_SIZE	0x2000

extern u8 image[IMAGE_SIZE];
extern const struct peek_memory image_memory;

/* Ranges that a callback was given; more than that are counted only. */
#define GIVEN_MAX	16
struct given {
	unsigned int nr;
	struct peek_range at[GIVEN_MAX];
};
void give(void *given, const struct peek_range *range);

struct image_entry {
	u64 start, size;
	u32 flags;
};

/* What is hotpluggable, and what is not. */
#define PLAIN	1
#define HOT	3

void image_clear(void);
u8 *image_at(u64 address);
void image_put(u64 address, const void *data, unsigned int len);
void image_number(u64 address, u64 value, unsigned int bytes);
void image_checksum(u64 address, unsigned int len, unsigned int where);

/* A table without a body; maker is 14 characters. */
void image_table(u64 address, const char *signature, u32 length,
		 const char *maker, u32 revision);

/* SRAT with a CPU and entries; returns its length. */
u32 image_srat(u64 address, const struct image_entry *entries, unsigned int nr,
	       const char *maker, u32 revision);

/* The root pointer and the table of tables, of 8 or 4 bytes a pointer. */
void image_root(u64 rsdp, u64 root, const u64 *tables, unsigned int nr,
		unsigned int width);

/* A file of an archive, with data that is there already; returns where it ends. */
u64 image_file(u64 address, const char *name, u32 length);

/* Where the data of such a file has to be. */
u64 image_data_of(u64 address, const char *name);

#endif
