// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a controller may have. Pure; see quota.h.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "quota.h"

/* No sum: it could be too large for its type. What costs nothing always fits. */
static bool fits(u64 limit, u64 used, u64 cost)
{
	return !cost || (used <= limit && cost <= limit - used);
}

int memhp_quota_charge(struct quota *q, const struct quota_cost *cost,
		       enum quota_kind *kind)
{
	unsigned int i;

	for (i = 0; i < QUOTA_KINDS; i++) {
		if (fits(q->limit.of[i], q->used.of[i], cost->of[i]))
			continue;
		*kind = i;
		return -EDQUOT;
	}
	for (i = 0; i < QUOTA_KINDS; i++)
		q->used.of[i] += cost->of[i];
	return 0;
}

void memhp_quota_return(struct quota *q, const struct quota_cost *cost)
{
	unsigned int i;

	for (i = 0; i < QUOTA_KINDS; i++)
		q->used.of[i] -= min(q->used.of[i], cost->of[i]);
}
