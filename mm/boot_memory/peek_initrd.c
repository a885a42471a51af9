// SPDX-License-Identifier: GPL-2.0-only
/*
 * SRAT among the files of an initrd. Pure; see peek.h.
 *
 * An archive of type "newc" is a run of files: a head of 110 characters, numbers
 * in hexadecimal, then the name and the data, each padded to four bytes. Archives
 * may follow each other with zeros between them. What is compressed ends the walk.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#include "peek.h"

#define FOLDER		"kernel/firmware/acpi/"
#define FOLDER_LEN	(sizeof(FOLDER) - 1)

#define HEAD		110
#define DATA_LENGTH	54	/* where the number is in the head */
#define NAME_LENGTH	94
#define NUMBER		8	/* its characters */

/* More would be no archive of tables, and time is spent on each. */
#define FILES_MAX	65536
#define PADDING_MAX	65536

struct walk {
	const struct peek_memory *memory;
	u64 at, end;
};

/* A file of an archive; data is at begin, and the next file at next. */
struct entry {
	u64 begin, next;
	u32 length;
	bool is_table;
};

static int read_here(const struct walk *w, u64 at, void *to, unsigned int len)
{
	if (at > w->end || w->end - at < len)
		return -ENOENT;
	return w->memory->read(w->memory->arg, at, to, len);
}

static int digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int number(const u8 *text, u32 *value)
{
	int i, d;

	for (*value = 0, i = 0; i < NUMBER; i++) {
		d = digit(text[i]);
		if (d < 0)
			return -ENOENT;
		*value = *value << 4 | d;
	}
	return 0;
}

static int skip_padding(struct walk *w)
{
	unsigned int skipped;
	u8 word[4];
	int ret;

	for (skipped = 0; skipped < PADDING_MAX; skipped += sizeof(word)) {
		ret = read_here(w, w->at, word, sizeof(word));
		if (ret)
			return ret;
		if (word[0])
			return 0;
		w->at += sizeof(word);
	}
	return -ENOENT;
}

static bool is_archive(const u8 *head)
{
	return !memcmp(head, "070701", 6) || !memcmp(head, "070702", 6);
}

/* Addresses are padded: an initrd begins with a page. */
static u64 padded(u64 at)
{
	return at + (-at & 3);
}

static int read_file(struct walk *w, struct entry *e)
{
	u8 head[HEAD], name[FOLDER_LEN];
	u32 name_len;
	int ret = read_here(w, w->at, head, sizeof(head));

	if (ret)
		return ret;
	if (!is_archive(head) || number(head + DATA_LENGTH, &e->length) ||
	    number(head + NAME_LENGTH, &name_len))
		return -ENOENT;
	e->begin = padded(w->at + HEAD + name_len);
	e->next = padded(e->begin + e->length);
	e->is_table = false;
	if (e->begin + e->length > w->end || e->begin < w->at)
		return -ENOENT;
	if (name_len <= FOLDER_LEN)
		return 0;
	ret = read_here(w, w->at + HEAD, name, sizeof(name));
	e->is_table = !ret && !memcmp(name, FOLDER, sizeof(name));
	return ret;
}

static bool takes_place(const struct peek_table *table,
			const struct peek_table *firmware)
{
	return !firmware || (table->revision > firmware->revision &&
			     !memcmp(table->maker, firmware->maker,
				     sizeof(table->maker)));
}

/* 0 if the file is a table that would be used. */
static int try_file(const struct walk *w, const struct entry *e,
		    const struct peek_table *firmware, struct peek_table *srat)
{
	struct peek_table table;
	u8 signature[4];
	int ret;

	if (!e->is_table || e->length < PEEK_HEADER)
		return -ENOENT;
	ret = peek_check_table(w->memory, e->begin, e->length, &table,
			       signature);
	if (ret)
		return ret == -EINVAL ? -ENOENT : ret;
	if (table.length != e->length || memcmp(signature, "SRAT", 4) ||
	    !takes_place(&table, firmware))
		return -ENOENT;
	*srat = table;
	return 0;
}

int peek_initrd(const struct peek_memory *memory, u64 start, u64 size,
		const struct peek_table *firmware, struct peek_table *srat)
{
	struct walk w = { memory, start, start + size };
	struct entry e;
	int files, ret;

	if (!start || w.end < start)
		return -ENOENT;
	for (files = 0; files < FILES_MAX; files++) {
		ret = skip_padding(&w) ?: read_file(&w, &e);
		if (ret)
			return ret;
		ret = try_file(&w, &e, firmware, srat);
		if (ret != -ENOENT)
			return ret;
		w.at = e.next;
	}
	return -ENOENT;
}
