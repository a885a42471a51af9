/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of memhp.
 *
 * Owns:      which words there are, and what they mean.
 * Must not:  print, end the program, or keep anything: what it says of a wrong command
 *            line goes into a buffer.
 */
#ifndef _MEMHP_OPTIONS_H
#define _MEMHP_OPTIONS_H

#include <stdio.h>

#include "libmemhp.h"

#define DEFAULT_OWNER		"memhp"
#define DEFAULT_TIMEOUT		(-1)	/* for ever */

enum command {
	COMMAND_NONE,			/* only --help or --version */
	COMMAND_WINDOWS,
	COMMAND_LIST,
	COMMAND_ATTACH,
	COMMAND_DETACH,
	COMMAND_ABORT,
	COMMAND_WATCH,
	COMMAND_TOPOLOGY,
	COMMAND_AUDIT,
	COMMAND_POLICY,
	COMMAND_QUOTA,
	NR_COMMANDS
};

struct options {
	enum command command;
	bool help, version;
	bool json, human, verbose;
	bool no_wait, progress, all;
	bool has_uuid, has_cookie, has_part;
	uint8_t uuid[MEMHP_UUID_LEN];
	const char *owner;		/* NULL: not named */
	const char *file;		/* of audit */
	uint64_t cookie, window;
	int node, policy, memmap;	/* policy, memmap: -1: not named */
	struct memhp_range part;	/* of detach */
	struct memhp_range range[MEMHP_MAX_RANGES];
	unsigned int nr_ranges;
	struct memhp_distance distance[MEMHP_MAX_DISTANCES];
	unsigned int nr_distances;
	uint32_t deadline_ms;
	int timeout_ms;			/* of watch */
	uint64_t count;			/* of watch; 0: no end */
	struct memhp_quota_change change;
	uint64_t bytes, segments, pending, metadata;	/* where change points */
	char **rest;			/* words of topology */
	int nr_rest;
};

/**
 * parse_options() - understand a command line
 * @argc: number of words, the program's name first
 * @argv: words, not changed
 * @o: gets what they say; it points into itself and into @argv
 * @why: gets what is wrong with them
 * @room: bytes of @why
 *
 * Return: 0, or -EINVAL.
 */
int parse_options(int argc, char **argv, struct options *o, char *why, size_t room);

/**
 * parse_time() - "1500ms", "5s", "2m"; without a unit it is seconds
 *
 * Return: 0, -EINVAL, or -ERANGE: more than 32 bits of milliseconds.
 */
int parse_time(const char *text, uint32_t *msec);

/**
 * parse_range() - "SIZE" for any place, "ADDRESS+SIZE", or "FIRST-LAST"
 *
 * Return: 0, -EINVAL: something else, or no byte; -ERANGE: more than 64 bits.
 */
int parse_range(const char *text, struct memhp_range *range);

/**
 * parse_distance() - "NODE:TO" or "NODE:TO:FROM"
 * @text: decimal numbers
 * @distance: gets them; without FROM, it is as far back as there
 *
 * Return: 0, or -EINVAL: something else, or a number of more than 31 bits, or a distance
 * of 0.
 */
int parse_distance(const char *text, struct memhp_distance *distance);

const char *command_name(enum command command);
void put_usage(enum command command, FILE *out);

#endif
