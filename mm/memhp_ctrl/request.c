// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: a segment in words of the netlink family.
 *
 * Must not:  change anything; what was seen of a segment's use may be noted.
 * Locks:     the registry's is held.
 */
#include <linux/string.h>
#include <net/genetlink.h>

#include "ctrl.h"
#include "memhp-gen.h"

static int put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}

static int put_range(struct sk_buff *skb, const struct window *w)
{
	struct nlattr *nest = nla_nest_start(skb, MEMHP_A_SEGMENT_RANGE);

	if (!nest || put_u64(skb, MEMHP_A_RANGE_START, w->start) ||
	    put_u64(skb, MEMHP_A_RANGE_SIZE, range_size(w)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_ranges(struct sk_buff *skb, const struct segment *seg)
{
	const struct window *w;
	int err = 0;

	for (w = seg->at; !err && w < seg->at + seg->ranges.nr; w++)
		err = put_range(skb, w);
	return err;
}

static int put_blocker(struct sk_buff *skb, const struct memhp_blocker *b)
{
	struct nlattr *nest = nla_nest_start(skb, MEMHP_A_SEGMENT_BLOCKER);

	if (!nest || put_u64(skb, MEMHP_A_BLOCKER_PFN, b->pfn) ||
	    nla_put_u32(skb, MEMHP_A_BLOCKER_REFS, b->refs) ||
	    nla_put_u32(skb, MEMHP_A_BLOCKER_KIND, b->kind) ||
	    put_u64(skb, MEMHP_A_BLOCKER_MEMCG, b->memcg) ||
	    put_u64(skb, MEMHP_A_BLOCKER_INODE, b->inode))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_blockers(struct sk_buff *skb, const struct segment *seg)
{
	const struct memhp_blocker *b = seg->blockers.at;
	int err = 0;

	for (; !err && b < seg->blockers.at + seg->blockers.nr; b++)
		err = put_blocker(skb, b);
	return err;
}

static int put_name(struct sk_buff *skb, const struct segment *seg)
{
	return nla_put(skb, MEMHP_A_SEGMENT_UUID, UUID_SIZE, &seg->uuid) ?:
	       nla_put_string(skb, MEMHP_A_SEGMENT_OWNER, seg->owner->name) ?:
	       nla_put_u8(skb, MEMHP_A_SEGMENT_ORPHAN, !seg->socket) ?:
	       put_u64(skb, MEMHP_A_SEGMENT_COOKIE, seg->cookie);
}

static int put_wishes(struct sk_buff *skb, const struct segment *seg)
{
	return nla_put_u32(skb, MEMHP_A_SEGMENT_NODE, seg->node) ?:
	       nla_put_u32(skb, MEMHP_A_SEGMENT_POLICY, seg->policy) ?:
	       nla_put_u32(skb, MEMHP_A_SEGMENT_MEMMAP, seg->memmap);
}

static int put_state(struct sk_buff *skb, struct segment *seg)
{
	u64 done = seg->op ? READ_ONCE(seg->op->job.done) : 0;

	return nla_put_u32(skb, MEMHP_A_SEGMENT_STATE, seg->state) ?:
	       nla_put_u32(skb, MEMHP_A_SEGMENT_USAGE, memhp_usage_of(seg)) ?:
	       put_u64(skb, MEMHP_A_SEGMENT_SIZE, engine_size(&seg->ranges)) ?:
	       put_u64(skb, MEMHP_A_SEGMENT_DONE, done);
}

static int put_error(struct sk_buff *skb, const struct segment *seg)
{
	int err = nla_put_s32(skb, MEMHP_A_SEGMENT_ERROR, seg->error);

	if (!err && seg->text)
		err = nla_put_string(skb, MEMHP_A_SEGMENT_TEXT, seg->text);
	return err;
}

/* Of all that is put above, and of an event's words. */
static size_t message_size(const struct segment *seg)
{
	const size_t word = nla_total_size(sizeof(u32));
	const size_t number = nla_total_size(sizeof(u64));
	size_t size = 8 * word + 4 * number + nla_total_size(UUID_SIZE) +
		      nla_total_size(MEMHP_OWNER_LEN + 1);

	size += seg->ranges.nr * nla_total_size(2 * number);
	size += seg->blockers.nr * nla_total_size(3 * number + 2 * word);
	return seg->text ? size + nla_total_size(strlen(seg->text) + 1) : size;
}

/* Netlink copies what has much more room than it needs. */
struct sk_buff *memhp_segment_message(const struct segment *seg)
{
	return genlmsg_new(message_size(seg), GFP_KERNEL);
}

int memhp_fill_segment(struct sk_buff *skb, struct segment *seg)
{
	return put_name(skb, seg) ?: put_ranges(skb, seg) ?:
	       put_wishes(skb, seg) ?: put_state(skb, seg) ?:
	       put_error(skb, seg) ?: put_blockers(skb, seg);
}
