/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a test may kill a program: kill -9 of itself, at a place that the environment
 * names, as in MEMHP_POOL_CRASH="saved draining". Nobody else sets that.
 */
#ifndef _POOL_CRASH_H
#define _POOL_CRASH_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void crash_here(const char *place, const char *of)
{
	const char *wanted = getenv("MEMHP_POOL_CRASH");
	char here[40];

	snprintf(here, sizeof(here), "%s %s", place, of);
	if (wanted && !strcmp(wanted, here))
		raise(SIGKILL);
}

#endif
