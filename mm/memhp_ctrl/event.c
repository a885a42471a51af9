// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: to listeners of the netlink family, and to udev.
 *
 * Owns:      the numbers of events, one sequence for each group. A number is used up
 *            also if there was no memory for the message: listeners are told that they
 *            missed one (ENOBUFS), and ask again.
 * Must not:  wait for a listener: one that does not read loses messages, and is told.
 * Locks:     the registry's, so that events come in the order of their numbers.
 */
#include <linux/kobject.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "ctrl.h"
#include "memhp-gen.h"

static u64 last_number[] = {
	[MEMHP_NLGRP_EVENTS]   = 0,
	[MEMHP_NLGRP_PROGRESS] = 0,
};

static const char *const event_names[] = {
	[MEMHP_EVENT_ATTACHED]	= "MEMHP_EVENT=attached",
	[MEMHP_EVENT_USAGE]	= "MEMHP_EVENT=usage",
	[MEMHP_EVENT_PROGRESS]	= "MEMHP_EVENT=progress",
	[MEMHP_EVENT_BLOCKED]	= "MEMHP_EVENT=blocked",
	[MEMHP_EVENT_DETACHED]	= "MEMHP_EVENT=detached",
	[MEMHP_EVENT_FAILED]	= "MEMHP_EVENT=failed",
	[MEMHP_EVENT_POISONED]	= "MEMHP_EVENT=poisoned",
	[MEMHP_EVENT_ORPHANED]	= "MEMHP_EVENT=orphaned",
	[MEMHP_EVENT_RECLAIMED]	= "MEMHP_EVENT=reclaimed",
};

u64 memhp_last_event(void)
{
	memhp_assert_locked();
	return last_number[MEMHP_NLGRP_EVENTS];
}

static int fill(struct sk_buff *skb, struct segment *seg,
		enum memhp_event event, u64 number, u8 command)
{
	void *head = genlmsg_put(skb, 0, 0, &memhp_nl_family, 0, command);

	if (!head || nla_put_u32(skb, MEMHP_A_SEGMENT_EVENT, event) ||
	    nla_put(skb, MEMHP_A_SEGMENT_SEQ, sizeof(number), &number) ||
	    memhp_fill_segment(skb, seg))
		return -EMSGSIZE;
	genlmsg_end(skb, head);
	return 0;
}

static void send_event(struct segment *seg, enum memhp_event event,
		       unsigned int group, u8 command)
{
	u64 number = ++last_number[group];
	struct sk_buff *skb;

	if (!genl_has_listeners(&memhp_nl_family, &init_net, group))
		return;
	skb = memhp_segment_message(seg);
	if (skb && !fill(skb, seg, event, number, command)) {
		genlmsg_multicast(&memhp_nl_family, skb, 0, group, GFP_KERNEL);
		return;
	}
	nlmsg_free(skb);
	/* as if their buffers were full: it may be the last event for long */
	genl_set_err(&memhp_nl_family, &init_net, 0, group, -ENOBUFS);
}

static void send_uevent(struct segment *seg, enum memhp_event event)
{
	char *env[] = { (char *)event_names[event], NULL };

	if (device_is_registered(&seg->dev) && event != MEMHP_EVENT_ATTACHED)
		kobject_uevent_env(&seg->dev.kobj, KOBJ_CHANGE, env);
}

void memhp_tell(struct segment *seg, enum memhp_event event)
{
	memhp_assert_locked();
	if (event == MEMHP_EVENT_PROGRESS) {
		send_event(seg, event, MEMHP_NLGRP_PROGRESS,
			   MEMHP_CMD_PROGRESS_NTF);
		return;
	}
	WRITE_ONCE(seg->told, memhp_usage_of(seg));	/* read for udev */
	send_event(seg, event, MEMHP_NLGRP_EVENTS, MEMHP_CMD_EVENT_NTF);
	send_uevent(seg, event);
}

/* The page stands where blockers do, which stay if they say why the last operation failed. */
void memhp_tell_poison(struct segment *seg, unsigned long pfn)
{
	struct memhp_blocker first = seg->blockers.at[0];
	unsigned int nr = seg->blockers.nr;

	seg->blockers.nr = 1;
	seg->blockers.at[0] = (struct memhp_blocker){
		.pfn = pfn, .kind = MEMHP_BLOCKER_KIND_POISONED,
	};
	memhp_tell(seg, MEMHP_EVENT_POISONED);
	if (nr && seg->error) {
		seg->blockers.nr = nr;
		seg->blockers.at[0] = first;
	}
}
