/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_PATIENCE_H
#define _MM_MEMORY_HOTPLUG_PATIENCE_H
/*
 * How long to try, and how long to leave alone what did not work. Pure: the
 * caller reads the clock, and the host tests compile patience.c as it is.
 *
 * All times are nanoseconds of one clock that never goes back.
 */
#include <linux/limits.h>
#include <linux/types.h>

#define PATIENCE_NSEC_PER_MSEC	1000000ULL

/**
 * struct patience - of one operation
 * @end:   when it is over; %U64_MAX: never
 * @limit: how long it may take, if it may not take forever
 * @pause: how long the next wait is, without progress
 * @tries: how many in a row may move nothing; 0: any number
 * @idle:  how many have, the last ones, as far as that counts
 */
struct patience {
	u64 end;
	u64 limit;
	u64 pause;
	unsigned int tries, idle;
};

/**
 * patience_begin() - the operation begins
 * @p:        patience
 * @now:      time
 * @limit_ms: milliseconds that it may take; 0: as long as it needs
 *
 * It may try as often as there is time for; see @tries.
 */
void patience_begin(struct patience *p, u64 now, u64 limit_ms);

/**
 * patience_spent() - was that one try too many? To be asked after each
 * @p:        patience
 * @progress: did it move anything?
 */
bool patience_spent(struct patience *p, bool progress);

static inline bool patience_limited(const struct patience *p)
{
	return p->end != U64_MAX;
}

static inline bool patience_over(const struct patience *p, u64 now)
{
	return patience_limited(p) && now >= p->end;
}

/**
 * patience_pause() - how long to wait before another try
 * @p:        patience
 * @now:      time
 * @progress: did the last try move anything?
 *
 * Not at all after progress. Else longer each time, as what did not move for long
 * will hardly do so in the next moment, up to a limit that is short for a person;
 * never past the end.
 *
 * Return: nanoseconds.
 */
u64 patience_pause(struct patience *p, u64 now, bool progress);

#endif /* _MM_MEMORY_HOTPLUG_PATIENCE_H */
