/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What memhp prints: tables for people, JSON for programs.
 *
 * Must not:  ask anybody. All is given, and all of it may be nonsense.
 */
#ifndef _MEMHP_SHOW_H
#define _MEMHP_SHOW_H

#include <stdio.h>

#include "libmemhp.h"
#include "reservations.h"

struct look {
	FILE *out;
	bool json, human, verbose;
};

/* "512M", or bytes if it is no whole unit, or "none" for MEMHP_NO_LIMIT */
#define SIZE_TEXT	24
const char *size_text(uint64_t bytes, char text[SIZE_TEXT]);

void show_windows(const struct look *look, const struct memhp_window *at, int nr);
void show_segments(const struct look *look, const struct memhp_segment *at, int nr);
void show_segment(const struct look *look, const struct memhp_segment *segment);
void show_quotas(const struct look *look, const struct memhp_quota *at, int nr);
void show_reservations(const struct look *look, const struct reservation *at, int nr,
		       const struct ledger_end *end);

/* A line each. */
void show_news(const struct look *look, const struct memhp_news *news);
void show_lost(const struct look *look);
void show_blockers(const struct memhp_segment *segment, FILE *out);

#endif
