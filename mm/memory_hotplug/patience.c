// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long to try, and how long to leave alone what did not work: patience.h.
 */
#include <linux/minmax.h>
#include <linux/types.h>

#include "patience.h"

#define SHORTEST	(10 * PATIENCE_NSEC_PER_MSEC)
#define LONGEST		(80 * PATIENCE_NSEC_PER_MSEC)

void patience_begin(struct patience *p, u64 now, u64 limit_ms)
{
	p->pause = SHORTEST;
	p->end = U64_MAX;
	p->limit = limit_ms * PATIENCE_NSEC_PER_MSEC;
	p->tries = 0;
	p->idle = 0;
	/* a limit that the clock cannot reach is none */
	if (limit_ms && limit_ms < (U64_MAX - now) / PATIENCE_NSEC_PER_MSEC)
		p->end = now + p->limit;
}

bool patience_spent(struct patience *p, bool progress)
{
	if (progress)
		p->idle = 0;
	else if (p->idle < p->tries)
		p->idle++;
	return p->tries && p->idle >= p->tries;
}

u64 patience_pause(struct patience *p, u64 now, bool progress)
{
	u64 pause;

	if (progress || patience_over(p, now)) {
		p->pause = SHORTEST;
		return 0;
	}
	pause = min_t(u64, p->pause, p->end - now);
	p->pause = min_t(u64, 2 * p->pause, LONGEST);
	return pause;
}
