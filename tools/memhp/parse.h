/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's files say, as numbers.
 *
 * Owns the forms of those files. Must not open anything: all arguments are strings,
 * and any string is allowed. Takes no lock, allocates nothing but the runs of a list.
 */
#ifndef _MEMHP_PARSE_H
#define _MEMHP_PARSE_H

#include <stddef.h>
#include <stdint.h>

/* CPUs or nodes: runs of numbers, both ends inclusive. */
struct run {
	unsigned int first, last;
};

struct number_list {
	struct run *at;
	int nr;
};

#define LARGEST_NUMBER	(1u << 20)	/* of a CPU, node, or distance */

/* A line of /proc/iomem, of the list of windows, or of the node map. */
struct parsed_range {
	uint64_t start, last;
	char name[64];		/* cut off if it is longer */
	int node;		/* of a window; -1: unknown */
};

/**
 * parse_list() - "0-3,8" as it is in cpulist and the like
 * @text: the file; blank for no number at all
 * @list: gets the runs, in the order of the file; list_free() when done
 *
 * Return: 0; -EINVAL if the text is something else, @list is empty then.
 */
int parse_list(const char *text, struct number_list *list);

void list_free(struct number_list *list);

/* How many numbers there are in all. */
unsigned int list_count(const struct number_list *list);

/**
 * parse_hex() - a number without 0x, as in block_size_bytes
 *
 * Return: 0, or -EINVAL if there is anything else but blanks around it.
 */
int parse_hex(const char *text, uint64_t *value);

/**
 * parse_row() - numbers with blanks in between, as in a node's distance
 * @text: the file
 * @values: gets the numbers
 * @room: how many @values can take
 *
 * Return: how many there are, -EINVAL if there is anything else, -E2BIG if there are
 * more than @room.
 */
int parse_row(const char *text, unsigned int *values, int room);

/**
 * parse_kib() - a line of a node's meminfo, "Node 0 MemTotal:  1024 kB"
 * @text: the file
 * @name: "MemTotal"
 * @bytes: gets the value
 *
 * Return: 0, or -EINVAL if there is no such line, or no number in it.
 */
int parse_kib(const char *text, const char *name, uint64_t *bytes);

/**
 * parse_resource() - the next line of /proc/iomem
 * @cursor: where to begin; is moved behind the line, good or bad
 * @range: gets what it says
 *
 * Return: 1, 0 at the end, or -EINVAL if the line is something else.
 */
int parse_resource(const char **cursor, struct parsed_range *range);

/* The same for the windows of debugfs: "0x0-0xff source node". */
int parse_window(const char **cursor, struct parsed_range *range);

/* The same for debugfs' node_map: "0x0-0xff words"; the words become the name. */
int parse_claim(const char **cursor, struct parsed_range *range);

/* The same for the ranges of a segment: "0x0-0xff"; there is no name. */
int parse_extent(const char **cursor, struct parsed_range *range);

/**
 * parse_name() - the number behind a prefix, "memory17" and "memory"
 *
 * Return: the number, or -EINVAL if the name is another.
 */
int parse_name(const char *name, const char *prefix);

#endif
