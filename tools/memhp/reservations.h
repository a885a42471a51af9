/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger of boot's reservations, /sys/kernel/debug/boot_memory/reservations.
 *
 * Owns:      its form. Must not open it.
 */
#ifndef _MEMHP_RESERVATIONS_H
#define _MEMHP_RESERVATIONS_H

#include <stdbool.h>
#include <stdint.h>

struct reservation {
	uint64_t start, last;		/* inclusive */
	bool held, hotpluggable;
	char kind[16], owner[128];
};

/* What the last line says. */
struct ledger_end {
	uint64_t forgotten, lost;
};

/**
 * parse_reservations() - the whole file
 * @text: it
 * @all: also what was returned, and what is not in hotpluggable memory
 * @list: gets an array; free(3) it. NULL after an error.
 * @end: gets what the last line says
 * @line: gets the number of the line that is wrong, from 1
 *
 * Return: how many there are, -EINVAL: a line is not what a kernel writes, or the last
 * one is missing; -ENOMEM.
 */
int parse_reservations(const char *text, bool all, struct reservation **list,
		       struct ledger_end *end, int *line);

#endif
