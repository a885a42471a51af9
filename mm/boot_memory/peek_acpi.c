// SPDX-License-Identifier: GPL-2.0-only
/*
 * SRAT, found from the root pointer of ACPI. Pure; see peek.h.
 *
 *	root pointer -> XSDT, or RSDT -> SRAT -> memory affinity entries
 *
 * Nothing is followed twice and nothing leads back, so a loop cannot be met.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#include "peek.h"

#define PIECE		64U	/* bytes read at a time */

/* Root pointer: bytes that the first checksum covers, and the second. */
#define RSDP_OLD	20
#define RSDP_WHOLE	36

/* SRAT: where its entries begin, and what is in one for memory. */
#define SRAT_ENTRIES	48
#define ENTRY_MEMORY	1
#define MEMORY_LENGTH	40
#define MEMORY_ENABLED	1
#define MEMORY_HOTPLUG	2
#define MEMORY_LASTING	4

static int read_at(const struct peek_memory *memory, u64 address, void *to,
		   unsigned int len)
{
	if (!address || address + len < address)
		return -EINVAL;
	return memory->read(memory->arg, address, to, len);
}

static int add_up(const struct peek_memory *memory, u64 address, u32 len,
		  u8 *sum)
{
	u8 piece[PIECE];
	u32 i, step;
	int ret;

	for (*sum = 0; len; len -= step, address += step) {
		step = min(len, PIECE);
		ret = read_at(memory, address, piece, step);
		if (ret)
			return ret;
		for (i = 0; i < step; i++)
			*sum += piece[i];
	}
	return 0;
}

int peek_check_table(const struct peek_memory *memory, u64 address, u64 limit,
		     struct peek_table *table, u8 signature[4])
{
	u8 head[PEEK_HEADER], sum;
	int ret = read_at(memory, address, head, sizeof(head));

	if (ret)
		return ret;
	*table = (struct peek_table){
		.address = address,
		.length = peek_le32(head + 4),
		.revision = peek_le32(head + 24),
	};
	memcpy(table->maker, head + 10, sizeof(table->maker));
	memcpy(signature, head, 4);
	if (table->length < PEEK_HEADER || table->length > PEEK_TABLE_MAX ||
	    table->length > limit)
		return -EINVAL;
	ret = add_up(memory, address, table->length, &sum);
	return ret ?: sum ? -EINVAL : 0;
}

/* The table of tables: its address, and bytes of a pointer in it. */
static int read_root(const struct peek_memory *memory, u64 rsdp, u64 *root,
		     unsigned int *width)
{
	u8 raw[RSDP_WHOLE], sum;
	bool whole;
	int ret = read_at(memory, rsdp, raw, RSDP_OLD);

	if (ret)
		return ret;
	whole = raw[15] >= 2;
	if (memcmp(raw, "RSD PTR ", 8))
		return -EINVAL;
	ret = add_up(memory, rsdp, whole ? RSDP_WHOLE : RSDP_OLD, &sum);
	if (!ret && sum)
		ret = -EINVAL;
	if (!ret && whole)
		ret = read_at(memory, rsdp, raw, RSDP_WHOLE);
	if (ret)
		return ret;
	*root = whole ? peek_le64(raw + 24) : 0;
	*width = *root ? 8 : 4;
	if (!*root)
		*root = peek_le32(raw + 16);
	return 0;
}

/* 0 if the pointer that is stored at @slot leads to a good SRAT. */
static int try_slot(const struct peek_memory *memory, u64 slot,
		    unsigned int width, struct peek_table *srat)
{
	u8 raw[8], signature[4];
	u64 address;
	int ret = read_at(memory, slot, raw, width);

	if (ret)
		return ret;
	address = width == 8 ? peek_le64(raw) : peek_le32(raw);
	ret = read_at(memory, address, signature, sizeof(signature));
	if (ret == -EINVAL)
		return -ENOENT;		/* a slot that is empty is none of ours */
	if (ret)
		return ret;
	if (memcmp(signature, "SRAT", 4))
		return -ENOENT;
	return peek_check_table(memory, address, PEEK_TABLE_MAX, srat,
				signature);
}

int peek_acpi(const struct peek_memory *memory, u64 rsdp,
	      struct peek_table *srat)
{
	struct peek_table root;
	unsigned int width;
	u8 signature[4];
	u32 at;
	int ret = read_root(memory, rsdp, &root.address, &width);

	if (ret)
		return ret;
	ret = peek_check_table(memory, root.address, PEEK_TABLE_MAX, &root,
			       signature);
	if (ret)
		return ret;
	if (memcmp(signature, width == 8 ? "XSDT" : "RSDT", 4))
		return -EINVAL;
	for (at = PEEK_HEADER; at + width <= root.length; at += width) {
		ret = try_slot(memory, root.address + at, width, srat);
		if (ret != -ENOENT)
			return ret;
	}
	return -ENOENT;
}

/* A memory entry: 1 if it is a range that may go, 0 if it is none. */
static int read_entry(const u8 *raw, unsigned int len, struct peek_range *range)
{
	u64 size = peek_le64(raw + 16);
	u32 flags = peek_le32(raw + 28);

	if (len < MEMORY_LENGTH)
		return -EINVAL;
	if (!(flags & MEMORY_ENABLED))
		return 0;
	range->start = peek_le64(raw + 8);
	range->end = range->start + size;
	if (range->end < range->start)
		return -EINVAL;
	return size && (flags & MEMORY_HOTPLUG) && !(flags & MEMORY_LASTING);
}

/* The entry at @at: its length, or an error; *is_range as read_entry() says. */
static int next_entry(const struct peek_memory *memory,
		      const struct peek_table *srat, u32 at,
		      struct peek_range *range, int *is_range)
{
	u8 raw[MEMORY_LENGTH] = { };
	u32 left = srat->length - at;
	int ret = left < 2 ? -EINVAL :
		  read_at(memory, srat->address + at, raw,
			  min(left, (u32)sizeof(raw)));

	if (ret)
		return ret;
	if (raw[1] < 2 || raw[1] > left)
		return -EINVAL;
	*is_range = 0;
	if (raw[0] == ENTRY_MEMORY)
		*is_range = read_entry(raw, raw[1], range);
	return *is_range < 0 ? *is_range : raw[1];
}

static int walk_entries(const struct peek_memory *memory,
			const struct peek_table *srat, peek_fn fn, void *arg)
{
	struct peek_range range;
	int is_range, ret;
	u32 at;

	for (at = SRAT_ENTRIES; at < srat->length; at += ret) {
		ret = next_entry(memory, srat, at, &range, &is_range);
		if (ret < 0)
			return ret;
		if (is_range && fn)
			fn(arg, &range);
	}
	return 0;
}

int peek_srat(const struct peek_memory *memory, const struct peek_table *srat,
	      peek_fn fn, void *arg)
{
	int ret = srat->length < SRAT_ENTRIES ? -EINVAL :
		  walk_entries(memory, srat, NULL, NULL);

	return ret ?: walk_entries(memory, srat, fn, arg);
}
