/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMHP_CTRL_QUOTA_H
#define _MM_MEMHP_CTRL_QUOTA_H
/*
 * What a controller may have. Pure.
 */
#include <linux/types.h>

/**
 * enum quota_kind - what is counted
 * @QUOTA_BYTES:    bytes of all its segments
 * @QUOTA_SEGMENTS: segments
 * @QUOTA_PENDING:  operations under way
 * @QUOTA_METADATA: bytes of page structs outside of its segments
 * @QUOTA_KINDS:    how many kinds there are
 */
enum quota_kind {
	QUOTA_BYTES,
	QUOTA_SEGMENTS,
	QUOTA_PENDING,
	QUOTA_METADATA,
	QUOTA_KINDS,
};

/* So much of each kind. */
struct quota_cost {
	u64 of[QUOTA_KINDS];
};

/**
 * struct quota - what one may have, and has
 * @limit: the most of each kind
 * @used:  what is had; above the limit if that was lowered
 */
struct quota {
	struct quota_cost limit, used;
};

/**
 * memhp_quota_charge() - count what somebody is to have
 * @q:    whose
 * @cost: what is to be had, each kind may be 0
 * @kind: set to the first kind of which there would be too much
 *
 * Return: 0; -EDQUOT: nothing was counted.
 */
int memhp_quota_charge(struct quota *q, const struct quota_cost *cost,
		       enum quota_kind *kind);

/* The opposite; never below nothing. */
void memhp_quota_return(struct quota *q, const struct quota_cost *cost);

#endif /* _MM_MEMHP_CTRL_QUOTA_H */
