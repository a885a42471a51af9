// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer's entry for the tables that boot peeks at. The input is memory, behind a
 * byte that says what is put right in it, so that something is read at all: the
 * sums of a root pointer at its begin, of the tables it leads to, or nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acpi_image.h"
#include "fuzz.h"

const char fuzz_claim[] = "BOOT-01 SAFE-04 the memory %s is read without harm";

/* An initrd is looked for a page further on. */
#define MEMORY	IMAGE_BASE
#define INITRD	(IMAGE_BASE + 0x1000)

static void check_range(void *arg, const struct peek_range *range)
{
	(void)arg;
	if (range->start < range->end)
		return;
	fprintf(stderr, "# an empty range\n");
	abort();
}

static void put_right(u64 table)
{
	u32 length;

	if (table < MEMORY || table > MEMORY + IMAGE_SIZE - PEEK_HEADER)
		return;
	length = peek_le32(image_at(table + 4));
	if (length >= PEEK_HEADER && length <= MEMORY + IMAGE_SIZE - table)
		image_checksum(table, length, 9);
}

static void put_sums_right(u8 which)
{
	u64 root = peek_le64(image_at(MEMORY + 24));

	if (which & 4 && root >= MEMORY &&
	    root <= MEMORY + IMAGE_SIZE - PEEK_HEADER - 16) {
		put_right(peek_le64(image_at(root + PEEK_HEADER)));
		put_right(peek_le64(image_at(root + PEEK_HEADER + 8)));
	}
	if (which & 2)
		put_right(root);
	if (which & 1) {
		image_checksum(MEMORY, 20, 8);
		image_checksum(MEMORY, 36, 32);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct peek_table srat, upgrade;
	struct peek_range range;
	int err;

	if (len < 2)
		return 0;
	image_clear();
	len = len - 1 > IMAGE_SIZE ? IMAGE_SIZE + 1 : len;
	memcpy(image, data + 1, len - 1);
	put_sums_right(data[0]);
	err = peek_acpi(&image_memory, MEMORY, &srat);
	if (!err)
		peek_srat(&image_memory, &srat, check_range, NULL);
	if (!peek_initrd(&image_memory, INITRD, len - 1, err ? NULL : &srat,
			 &upgrade))
		peek_srat(&image_memory, &upgrade, check_range, NULL);
	peek_reg(data + 1, len - 1, data[0] & 3, data[0] >> 2 & 3, check_range,
		 NULL);
	if (len > 24 && peek_efi(peek_le64(data + 1), peek_le64(data + 9),
				 peek_le64(data + 17), &range))
		check_range(NULL, &range);
	return 0;
}
