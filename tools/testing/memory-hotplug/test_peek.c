// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what is read of firmware's tables before there is an allocator. Each
 * byte of a table is broken, each archive is cut at each place.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>

#include "acpi_image.h"
#include "fuzz.h"
#include "tap.h"

#define RSDP	0x1000
#define XSDT	0x1100
#define DSDT	0x1200
#define SRAT	0x1300
#define INITRD	0x2000
#define MAKER	"MAKER.TABLE..."
#define OTHER	"MAKER.TABLE..!"
#define NAME	"kernel/firmware/acpi/srat.aml"
#define GIB	(1ULL << 30)

static const struct image_entry entries[] = {
	{ 1 * GIB, GIB, PLAIN },
	{ 2 * GIB, GIB, HOT },
	{ 3 * GIB, GIB, HOT & ~1 },	/* not enabled */
	{ 4 * GIB, GIB, HOT | 4 },	/* persistent */
	{ 5 * GIB, 0, HOT },
	{ 6 * GIB, 1, HOT },
};
static const struct peek_range hot[] = {
	{ 2 * GIB, 3 * GIB }, { 6 * GIB, 6 * GIB + 1 },
};

static const u64 tables[] = { DSDT, SRAT };

static u32 build(unsigned int width)
{
	image_clear();
	image_root(RSDP, XSDT, tables, 2, width);
	image_table(DSDT, "DSDT", 40, MAKER, 1);
	return image_srat(SRAT, entries, 6, MAKER, 1);
}

/* An archive with a file of another kind and one with a table. */
static u64 build_initrd(const struct image_entry *one, const char *maker,
			u32 revision)
{
	u64 at = image_file(INITRD, "kernel/firmware/edid.bin", 33);
	u64 data = image_data_of(at, NAME);
	u32 length = image_srat(data, one, 1, maker, revision);

	at = image_file(at, NAME, length);
	return image_file(at, "TRAILER!!!", 0) - INITRD;
}

static int read_all(struct given *given)
{
	struct peek_table srat;
	int ret = peek_acpi(&image_memory, RSDP, &srat);

	*given = (struct given){ };
	return ret ?: peek_srat(&image_memory, &srat, give, given);
}

static void expect_hot(const char *what)
{
	struct given given;
	int ret = read_all(&given);

	if (ret || given.nr != 2 || memcmp(given.at, hot, sizeof(hot)))
		tap_fail("%s: error %d, %u ranges", what, ret, given.nr);
}

static void expect_error(int error, const char *what)
{
	struct given given;
	int ret = read_all(&given);

	if (ret != error || given.nr)
		tap_fail("%s: error %d instead of %d, %u ranges", what, ret,
			 error, given.nr);
}

static void finds_ranges(void)
{
	build(8);
	expect_hot("XSDT");
	build(4);
	expect_hot("RSDT");
	build(8);
	image_number(XSDT + 36, 0, 8);
	image_checksum(XSDT, 52, 9);
	expect_hot("an empty slot before it");
}

static void none_is_none(void)
{
	build(8);
	image_root(RSDP, XSDT, tables, 1, 8);
	expect_error(-ENOENT, "no SRAT");
	image_root(RSDP, XSDT, tables, 0, 8);
	expect_error(-ENOENT, "no table at all");
}

/* All bits of a byte, one after the other, of what a checksum covers. */
static void break_bytes(u64 start, unsigned int len)
{
	for (u64 at = start; at < start + len && !tap_failed(); at++)
		for (int bit = 0; bit < 8; bit++) {
			struct given given;

			tap_context("byte %llx, bit %d", at, bit);
			*image_at(at) ^= 1 << bit;
			if (!read_all(&given) || given.nr)
				tap_fail("a broken table is believed");
			*image_at(at) ^= 1 << bit;
		}
}

static void each_byte_broken(void)
{
	u32 length = build(8);

	break_bytes(RSDP, 36);
	break_bytes(XSDT, 52);
	break_bytes(SRAT, length);
	build(4);
	break_bytes(RSDP, 20);
	expect_hot("whole again");
}

/* Lengths and ids that are wrong, though the sum is right. */
static void wrong_lengths(void)
{
	static const u32 lengths[] = { 0, 1, 35, PEEK_TABLE_MAX + 1, 0xffffffff };
	u32 i;

	for (i = 0; i < 5; i++) {
		build(8);
		image_number(SRAT + 4, lengths[i], 4);
		expect_error(-EINVAL, "length of SRAT");
		build(8);
		image_number(XSDT + 4, lengths[i], 4);
		expect_error(-EINVAL, "length of XSDT");
	}
	build(8);
	image_number(SRAT + 4, PEEK_TABLE_MAX, 4);
	expect_error(-EIO, "SRAT goes on behind memory");
	build(8);
	image_number(SRAT + 4, 40, 4);
	image_checksum(SRAT, 40, 9);
	expect_error(-EINVAL, "SRAT ends before its entries");
}

static void wrong_pointers(void)
{
	static const u64 bad[] = { RSDP, DSDT };
	u32 i;

	for (i = 0; i < 2; i++) {
		build(8);
		image_number(RSDP + 24, bad[i], 8);
		image_checksum(RSDP, 36, 32);
		expect_error(-EINVAL, "the root is another table");
	}
	build(8);
	image_number(RSDP + 24, -1ULL, 8);
	image_checksum(RSDP, 36, 32);
	expect_error(-EINVAL, "the root wraps");
	build(8);
	image_number(XSDT + 44, XSDT, 8);
	image_checksum(XSDT, 52, 9);
	expect_error(-ENOENT, "the table of tables leads to itself");
	image_number(XSDT + 44, 1ULL << 60, 8);
	image_checksum(XSDT, 52, 9);
	expect_error(-EIO, "a table outside of memory");
}

/* The entries one after the other are given a length that is wrong. */
static void wrong_entries(void)
{
	static const u8 lengths[] = { 0, 1, 39, 41, 255 };
	u32 length = build(8), i, entry;

	for (entry = 0; entry < 6; entry++)
		for (i = 0; i < 5; i++) {
			build(8);
			tap_context("entry %u is %u bytes", entry, lengths[i]);
			*image_at(SRAT + 48 + 18 + 40 * entry + 1) = lengths[i];
			image_checksum(SRAT, length, 9);
			expect_error(-EINVAL, "entry");
		}
}

static void wrapping_entry(void)
{
	u32 length = build(8);

	image_number(SRAT + 48 + 18 + 40 * 5 + 16, -1ULL, 8);
	image_checksum(SRAT, length, 9);
	expect_error(-EINVAL, "an entry that wraps");
}

/* initrd */

static const struct image_entry moved = { 9 * GIB, GIB, HOT };

static void expect_upgrade(u64 size, bool have, int error, const char *what)
{
	struct peek_table firmware, srat;
	struct given given = { };
	int ret = peek_acpi(&image_memory, RSDP, &firmware);

	if (ret)
		tap_fail("%s: firmware's table: error %d", what, ret);
	ret = peek_initrd(&image_memory, INITRD, size, have ? &firmware : NULL,
			  &srat);
	if (ret != error)
		tap_fail("%s: error %d, not %d", what, ret, error);
	if (ret)
		return;
	ret = peek_srat(&image_memory, &srat, give, &given);
	if (ret || given.nr != 1 || given.at[0].start != 9 * GIB)
		tap_fail("%s: not the range of the initrd", what);
}

static void initrd_wins(void)
{
	u64 size;

	build(8);
	size = build_initrd(&moved, MAKER, 2);
	expect_upgrade(size, true, 0, "a larger revision");
	size = build_initrd(&moved, MAKER, 1);
	expect_upgrade(size, true, -ENOENT, "the same revision");
	size = build_initrd(&moved, OTHER, 2);
	expect_upgrade(size, true, -ENOENT, "another maker");
	expect_upgrade(size, false, 0, "no table of firmware's");
	expect_upgrade(0, false, -ENOENT, "no initrd");
}

static void cut_initrd(void)
{
	struct peek_table srat;
	u64 size, end, at;
	int ret;

	build(8);
	size = build_initrd(&moved, MAKER, 2);
	expect_upgrade(size, false, 0, "whole");
	peek_initrd(&image_memory, INITRD, size, NULL, &srat);
	end = srat.address + srat.length - INITRD;
	for (at = 0; at < size; at++) {
		tap_context("cut at %llu of %llu", at, size);
		ret = peek_initrd(&image_memory, INITRD, at, NULL, &srat);
		if (ret != (at < end ? -ENOENT : 0))
			tap_fail("error %d", ret);
	}
}

static void broken_initrd(void)
{
	struct peek_table srat;
	u64 size;

	build(8);
	size = build_initrd(&moved, MAKER, 2);
	peek_initrd(&image_memory, INITRD, size, NULL, &srat);
	*image_at(srat.address + 60) ^= 1;
	expect_upgrade(size, true, -ENOENT, "a table with a wrong sum");
	build_initrd(&moved, MAKER, 2);
	image_put(INITRD + 54, "ffffffff", 8);
	expect_upgrade(size, true, -ENOENT, "a file of 4 GiB");
	image_put(INITRD + 54, "0000000G", 8);
	expect_upgrade(size, true, -ENOENT, "a length that is no number");
	build_initrd(&moved, MAKER, 2);
	image_put(INITRD, "070707", 6);
	expect_upgrade(size, true, -ENOENT, "another kind of archive");
	image_clear();
	build(8);
	expect_upgrade(IMAGE_SIZE / 4, true, -ENOENT, "zeros");
}

/* Damage that no sum shows: the fuzzer's entry puts some of them right. */
static void random_damage(void)
{
	static u8 good[IMAGE_SIZE], data[IMAGE_SIZE + 1];
	u64 state = 1;

	build(8);
	build_initrd(&moved, MAKER, 2);
	memcpy(good, image, sizeof(good));
	for (int i = 0; i < 100000; i++) {
		memcpy(data + 1, good, sizeof(good));
		for (int bytes = 1 + i % 7; bytes; bytes--) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			/* the tables are in the first KiB, the initrd behind a page */
			data[1 + (state >> 33) % 0x500 + (i & 8 ? 0x1000 : 0)] =
				state >> 56;
		}
		data[0] = i;
		LLVMFuzzerTestOneInput(data, sizeof(data));
	}
}

/* Devicetree, EFI */

static int reg(const char *hex, unsigned int ac, unsigned int sc,
	       struct given *given)
{
	u8 raw[64];
	unsigned int len = 0;

	for (; *hex; hex += 2) {
		char pair[3] = { hex[0], hex[1], 0 };

		raw[len++] = strtoul(pair, NULL, 16);
	}
	*given = (struct given){ };
	return peek_reg(raw, len, ac, sc, give, given);
}

static void reads_reg(void)
{
	struct given g;

	if (reg("00000001" "80000000" "00000000" "40000000", 2, 2, &g) ||
	    g.nr != 1 || g.at[0].start != 0x180000000 ||
	    g.at[0].end != 0x1c0000000)
		tap_fail("2 and 2 cells");
	if (reg("80000000" "40000000" "c0000000" "00000000" "d0000000" "00001000",
		1, 1, &g) || g.nr != 2 || g.at[1].end != 0xd0001000)
		tap_fail("1 and 1 cells, one of three empty");
	if (reg("00000001" "80000000" "40000000", 2, 1, &g) || g.nr != 1)
		tap_fail("2 and 1 cells");
}

static void refuses_reg(void)
{
	struct given g;

	for (unsigned int ac = 0; ac < 5; ac++)
		for (unsigned int sc = 0; sc < 5; sc++) {
			int ret = reg("000000018000000040", ac, sc, &g);

			if (ret != -EINVAL || g.nr)
				tap_fail("9 bytes by %u and %u cells: %d", ac,
					 sc, ret);
		}
	if (reg("8000000040000000", 0, 2, &g) != -EINVAL ||
	    reg("8000000040000000", 3, 1, &g) != -EINVAL ||
	    reg("8000000040000000", 1, -1, &g) != -EINVAL)
		tap_fail("impossible cells");
	if (reg("0000000180000000" "0000000040000000"
		"fffffffff0000000" "0000000020000000", 2, 2, &g) != -EINVAL ||
	    g.nr)
		tap_fail("a range that wraps, behind a good one");
	if (reg("", 2, 2, &g) || g.nr)
		tap_fail("an empty property");
}

static void reads_efi(void)
{
	const u64 hotpluggable = 1 << 20;
	struct peek_range r;

	if (!peek_efi(hotpluggable | 0xf, GIB, 256, &r) || r.start != GIB ||
	    r.end != GIB + (1 << 20))
		tap_fail("a good descriptor");
	if (peek_efi(0xf, GIB, 256, &r) || peek_efi(hotpluggable, GIB, 0, &r) ||
	    peek_efi(hotpluggable, GIB, 1ULL << 52, &r) ||
	    peek_efi(hotpluggable, GIB, -1ULL, &r) ||
	    peek_efi(hotpluggable, -4096ULL, 2, &r))
		tap_fail("one that is none, empty, or wraps");
}

static const struct tap_test tests[] = {
	{ "BOOT-01 hotpluggable ranges are found by XSDT and by RSDT", finds_ranges },
	{ "BOOT-01 a machine without SRAT has none", none_is_none },
	{ "BOOT-01 with any bit of a table changed no range is believed",
	  each_byte_broken },
	{ "BOOT-01 a table with an impossible length is not read", wrong_lengths },
	{ "BOOT-01 pointers that lead back, elsewhere or nowhere end the look-up",
	  wrong_pointers },
	{ "BOOT-01 an entry with an impossible length spoils the table", wrong_entries },
	{ "BOOT-01 an entry that wraps spoils the table", wrapping_entry },
	{ "BOOT-01 a newer table of the initrd takes the place of firmware's",
	  initrd_wins },
	{ "BOOT-01 an initrd may end anywhere", cut_initrd },
	{ "BOOT-01 an archive that is broken has no tables", broken_initrd },
	{ "BOOT-01 100000 kinds of random damage with right sums do no harm",
	  random_damage },
	{ "BOOT-01 reg is read by its cells", reads_reg },
	{ "BOOT-01 reg with impossible cells, a wrong length or a range that wraps is refused",
	  refuses_reg },
	{ "BOOT-01 an EFI descriptor is read, or left if it wraps", reads_efi },
};

TAP_SUITE(suite_peek, tests);
