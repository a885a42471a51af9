// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines that are written to files in /sys/devices/system/memory: memory_line.h.
 *
 * Owns:      nothing.
 * Must not:  know what the words are for.
 * Locks:     none.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "memory_line.h"

#define BLANKS		" \t"

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

int memory_line_split(struct memory_line *line, const char *buf, size_t count)
{
	char *rest, *word;

	if (count >= sizeof(line->text) || memchr(buf, '\0', count))
		return -EINVAL;
	memcpy(line->text, buf, count);
	line->text[count] = '\0';
	if (count && line->text[count - 1] == '\n')
		line->text[count - 1] = '\0';
	if (strpbrk(line->text, "\n"))
		return -EINVAL;
	rest = line->text;
	for (line->nr = 0; (word = next_word(&rest)); line->word[line->nr++] = word)
		if (line->nr == MEMORY_LINE_WORDS)
			return -EINVAL;
	return line->nr ? 0 : -EINVAL;
}

int memory_line_bytes(char *word, u64 *bytes)
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
