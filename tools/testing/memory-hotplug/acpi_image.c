// SPDX-License-Identifier: GPL-2.0-only
/* Physical memory with tables in it. See acpi_image.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>

#include "acpi_image.h"

u8 image[IMAGE_SIZE];

static int read_image(void *unused, u64 address, void *to, unsigned int len)
{
	(void)unused;
	if (address < IMAGE_BASE || len > IMAGE_SIZE ||
	    address - IMAGE_BASE > IMAGE_SIZE - len)
		return -EIO;
	memcpy(to, image + (address - IMAGE_BASE), len);
	return 0;
}

const struct peek_memory image_memory = { .read = read_image };

void give(void *arg, const struct peek_range *range)
{
	struct given *given = arg;

	if (given->nr < GIVEN_MAX)
		given->at[given->nr] = *range;
	given->nr++;
}

void image_clear(void)
{
	memset(image, 0, sizeof(image));
}

u8 *image_at(u64 address)
{
	if (address < IMAGE_BASE || address >= IMAGE_BASE + IMAGE_SIZE)
		abort();
	return image + (address - IMAGE_BASE);
}

void image_put(u64 address, const void *data, unsigned int len)
{
	image_at(address + len - 1);
	memcpy(image_at(address), data, len);
}

void image_number(u64 address, u64 value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		*image_at(address + i) = value >> (8 * i);
}

void image_checksum(u64 address, unsigned int len, unsigned int where)
{
	u8 sum = 0;

	*image_at(address + where) = 0;
	for (unsigned int i = 0; i < len; i++)
		sum += *image_at(address + i);
	*image_at(address + where) = -sum;
}

void image_table(u64 address, const char *signature, u32 length,
		 const char *maker, u32 revision)
{
	image_put(address, signature, 4);
	image_number(address + 4, length, 4);
	image_put(address + 10, maker, 14);
	image_number(address + 24, revision, 4);
	image_checksum(address, length, 9);
}

u32 image_srat(u64 address, const struct image_entry *entries, unsigned int nr,
	       const char *maker, u32 revision)
{
	u64 at = address + 48;

	*image_at(at) = 3;		/* a CPU */
	*image_at(at + 1) = 18;
	at += 18;
	for (; nr--; entries++, at += 40) {
		*image_at(at) = 1;
		*image_at(at + 1) = 40;
		image_number(at + 8, entries->start, 8);
		image_number(at + 16, entries->size, 8);
		image_number(at + 28, entries->flags, 4);
	}
	image_table(address, "SRAT", at - address, maker, revision);
	return at - address;
}

void image_root(u64 rsdp, u64 root, const u64 *tables, unsigned int nr,
		unsigned int width)
{
	bool whole = width == 8;

	image_put(rsdp, "RSD PTR ", 8);
	*image_at(rsdp + 15) = whole ? 2 : 0;
	image_number(rsdp + 16, whole ? 0 : root, 4);
	image_checksum(rsdp, 20, 8);
	if (whole) {
		image_number(rsdp + 20, 36, 4);
		image_number(rsdp + 24, root, 8);
		image_checksum(rsdp, 36, 32);
	}
	for (unsigned int i = 0; i < nr; i++)
		image_number(root + 36 + i * width, tables[i], width);
	image_table(root, whole ? "XSDT" : "RSDT", 36 + nr * width,
		    "MAKER.TABLE...", 1);
}

u64 image_data_of(u64 address, const char *name)
{
	return (address + 110 + strlen(name) + 1 + 3) & ~3ULL;
}

static void put_hex(u64 address, u32 value)
{
	char text[9];

	snprintf(text, sizeof(text), "%08x", value);
	image_put(address, text, 8);
}

u64 image_file(u64 address, const char *name, u32 length)
{
	image_put(address, "070701", 6);
	for (int number = 0; number < 13; number++)
		put_hex(address + 6 + 8 * number, 0);
	put_hex(address + 54, length);
	put_hex(address + 94, strlen(name) + 1);
	image_put(address + 110, name, strlen(name) + 1);
	return (image_data_of(address, name) + length + 3) & ~3ULL;
}
