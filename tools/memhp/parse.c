// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel's files say, as numbers. See parse.h. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

/* strtoull() would take it */
static bool is_0x(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

/* An unsigned number that @text begins with; no sign, no blank. */
static bool take_number(const char **text, int base, uint64_t *value)
{
	char *end;

	if (base == 16 ? !isxdigit((unsigned char)**text) || is_0x(*text) :
	    !isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*value = strtoull(*text, &end, base);
	if (errno || end == *text)
		return false;
	*text = end;
	return true;
}

static bool take_small(const char **text, unsigned int *value)
{
	uint64_t wide;

	if (!take_number(text, 10, &wide) || wide > LARGEST_NUMBER)
		return false;
	*value = wide;
	return true;
}

static bool take(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length))
		return false;
	*text += length;
	return true;
}

static void skip_blanks(const char **text)
{
	while (isspace((unsigned char)**text))
		(*text)++;
}

/* lists */

void list_free(struct number_list *list)
{
	free(list->at);
	list->at = NULL;
	list->nr = 0;
}

unsigned int list_count(const struct number_list *list)
{
	unsigned int count = 0;
	int i;

	for (i = 0; i < list->nr; i++)
		count += list->at[i].last - list->at[i].first + 1;
	return count;
}

static bool take_run(const char **text, struct run *run)
{
	if (!take_small(text, &run->first))
		return false;
	run->last = run->first;
	if (take(text, "-") && !take_small(text, &run->last))
		return false;
	return run->first <= run->last;
}

static int list_add(struct number_list *list, const struct run *run)
{
	struct run *more = realloc(list->at, (list->nr + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[list->nr++] = *run;
	list->at = more;
	return 0;
}

static int take_list(const char *text, struct number_list *list)
{
	struct run run;
	int err;

	skip_blanks(&text);
	if (!*text)
		return 0;
	do {
		if (!take_run(&text, &run))
			return -EINVAL;
		err = list_add(list, &run);
		if (err)
			return err;
	} while (take(&text, ","));
	skip_blanks(&text);
	return *text ? -EINVAL : 0;
}

int parse_list(const char *text, struct number_list *list)
{
	int err;

	list->at = NULL;
	list->nr = 0;
	err = take_list(text, list);
	if (err)
		list_free(list);
	return err;
}

/* single numbers and rows */

int parse_hex(const char *text, uint64_t *value)
{
	skip_blanks(&text);
	if (!take_number(&text, 16, value))
		return -EINVAL;
	skip_blanks(&text);
	return *text ? -EINVAL : 0;
}

int parse_row(const char *text, unsigned int *values, int room)
{
	int count = 0;

	skip_blanks(&text);
	while (*text) {
		if (count == room)
			return -E2BIG;
		if (!take_small(&text, &values[count++]))
			return -EINVAL;
		if (*text && !isspace((unsigned char)*text))
			return -EINVAL;
		skip_blanks(&text);
	}
	return count;
}

int parse_kib(const char *text, const char *name, uint64_t *bytes)
{
	const char *line = strstr(text, name);

	while (line && line[strlen(name)] != ':')
		line = strstr(line + 1, name);
	if (!line)
		return -EINVAL;
	line += strlen(name) + 1;
	skip_blanks(&line);
	if (!take_number(&line, 10, bytes) || *bytes > UINT64_MAX >> 10)
		return -EINVAL;
	*bytes <<= 10;
	return 0;
}

int parse_name(const char *name, const char *prefix)
{
	unsigned int number;

	if (!take(&name, prefix) || !take_small(&name, &number) || *name)
		return -EINVAL;
	return number;
}

/* lines with ranges */

/* Copies the line to @line, at most 255 bytes of it; false at the end. */
static bool next_line(const char **cursor, char line[256])
{
	size_t length = strcspn(*cursor, "\n");
	size_t kept = length < 255 ? length : 255;

	if (!**cursor)
		return false;
	memcpy(line, *cursor, kept);
	line[kept] = 0;
	*cursor += length + ((*cursor)[length] == '\n');
	return true;
}

static bool take_span(const char **text, const char *prefix,
		      struct parsed_range *range)
{
	return take(text, prefix) && take_number(text, 16, &range->start) &&
	       take(text, "-") && take(text, prefix) &&
	       take_number(text, 16, &range->last) &&
	       range->start <= range->last;
}

static void set_name(struct parsed_range *range, const char *name, size_t length)
{
	if (length >= sizeof(range->name))
		length = sizeof(range->name) - 1;
	memcpy(range->name, name, length);
	range->name[length] = 0;
}

int parse_resource(const char **cursor, struct parsed_range *range)
{
	char line[256];
	const char *text = line;

	if (!next_line(cursor, line))
		return 0;
	range->node = -1;
	skip_blanks(&text);
	if (!take_span(&text, "", range) || !take(&text, " : ") || !*text)
		return -EINVAL;
	set_name(range, text, strlen(text));
	return 1;
}

int parse_window(const char **cursor, struct parsed_range *range)
{
	char line[256];
	const char *text = line;
	unsigned int node;
	size_t length;
	bool unknown;

	if (!next_line(cursor, line))
		return 0;
	if (!take_span(&text, "0x", range) || !take(&text, " "))
		return -EINVAL;
	length = strcspn(text, " ");
	set_name(range, text, length);
	text += length;
	if (!length || !take(&text, " "))
		return -EINVAL;
	unknown = !strcmp(text, "-1");
	if (!unknown && (!take_small(&text, &node) || *text))
		return -EINVAL;
	range->node = unknown ? -1 : (int)node;
	return 1;
}

int parse_extent(const char **cursor, struct parsed_range *range)
{
	char line[256];
	const char *text = line;

	if (!next_line(cursor, line))
		return 0;
	range->node = -1;
	range->name[0] = 0;
	return take_span(&text, "0x", range) && !*text ? 1 : -EINVAL;
}

int parse_claim(const char **cursor, struct parsed_range *range)
{
	char line[256];
	const char *text = line;

	if (!next_line(cursor, line))
		return 0;
	range->node = -1;
	if (!take_span(&text, "0x", range) || !take(&text, " ") || !*text)
		return -EINVAL;
	set_name(range, text, strlen(text));
	return 1;
}
