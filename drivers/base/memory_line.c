// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines that are written to files in /sys/devices/system/memory: memory_line.h.
 *
 * Owns:      nothing.
 * Must not:  know what the lines are for.
 * Locks:     none.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/capability.h>
#include <linux/container_of.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/memory.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "memory_line.h"

#define BLANKS		" \t"
#define MOST_WORDS	4
#define LINE_SIZE	128

/* A line, taken apart: each word ends with a NUL. */
struct words {
	char text[LINE_SIZE];
	char *at[MOST_WORDS];
	unsigned int nr;
};

int memory_line_permit(const char *file)
{
	if (capable(CAP_SYS_ADMIN))
		return 0;
	pr_err_ratelimited("%s: refused, error %d: CAP_SYS_ADMIN is needed to write it\n",
			   file, -EPERM);
	return -EPERM;
}

/* The next word of a line, or NULL: blanks may be several. */
static char *next_word(char **rest)
{
	char *word = NULL;

	while (*rest && !(word && *word))
		word = strsep(rest, BLANKS);
	return word && *word ? word : NULL;
}

static int split(struct words *w, const char *buf, size_t count)
{
	char *rest, *word;

	if (count >= sizeof(w->text) || memchr(buf, '\0', count))
		return -EINVAL;
	memcpy(w->text, buf, count);
	w->text[count] = '\0';
	if (count && w->text[count - 1] == '\n')
		w->text[count - 1] = '\0';
	if (strpbrk(w->text, "\n"))
		return -EINVAL;
	rest = w->text;
	for (w->nr = 0; (word = next_word(&rest)); w->at[w->nr++] = word)
		if (w->nr == MOST_WORDS)
			return -EINVAL;
	return w->nr ? 0 : -EINVAL;
}

static int parse_bytes(char *word, u64 *bytes)
{
	static const char units[] = "kmgt";
	char *last = word + strlen(word) - 1;
	const char *unit = strchr(units, tolower(*last));
	unsigned int shift = 0;
	int err;

	if (!isdigit(*word))
		return -EINVAL;		/* kstrtou64() would take a sign */
	if (unit) {
		*last = '\0';
		shift = 10 * (unit - units + 1);
	}
	err = kstrtou64(word, 0, bytes);
	if (err)
		return err;
	if (*bytes > U64_MAX >> shift)
		return -ERANGE;
	*bytes <<= shift;
	return 0;
}

static int parse_number(const char *word, unsigned int *number)
{
	return isdigit(*word) ? kstrtouint(word, 10, number) : -EINVAL;
}

static int parse(const struct memory_line_file *file, struct words *w,
		 struct memory_line *line)
{
	bool offline = file->offline && !strcmp(w->at[0], "offline");
	unsigned int nr = w->nr - offline;
	char **word = w->at + offline;
	int err;

	*line = (struct memory_line){
		.size = memory_block_size_bytes(),
		.numbered = nr > 2,
		.offline = offline,
	};
	if (nr < file->least || nr > file->most)
		return -EINVAL;
	err = parse_bytes(word[0], &line->start);
	if (!err && nr > 1)
		err = parse_bytes(word[1], &line->size);
	if (!err && nr > 2)
		err = parse_number(word[2], &line->number);
	return err;
}

ssize_t memory_line_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	const struct memory_line_file *file =
		container_of(attr, struct memory_line_file, attr);
	const char *name = attr->attr.name;
	struct memory_line line;
	struct words w;
	int err = memory_line_permit(name);

	if (!err && file->permit)
		err = file->permit(name);
	if (err)
		return err;
	err = split(&w, buf, count) ?: parse(file, &w, &line);
	if (err) {
		pr_err("%s: refused, error %d: write %s\n", name, err,
		       file->form);
		return err;
	}
	return file->act(&line) ?: count;
}
