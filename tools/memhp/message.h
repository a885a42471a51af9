/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of the netlink family "memhp", made and understood.
 *
 * Owns:      which attribute is which field.
 * Must not:  send or receive. Any bytes may be given to what understands; it looks at
 *            no more of them than there are.
 */
#ifndef _MEMHP_MESSAGE_H
#define _MEMHP_MESSAGE_H

#include <libmnl/libmnl.h>

#include "libmemhp.h"

#define MESSAGE_ROOM	4096		/* bytes that a request fits in */

struct family {
	uint16_t id;
	uint32_t events, progress;	/* groups */
};

/**
 * message_begin() - a request without attributes
 * @room: MESSAGE_ROOM bytes
 * @family: type of the message
 * @command: MEMHP_CMD_*
 * @flags: NLM_F_ACK or NLM_F_DUMP, or 0
 */
struct nlmsghdr *message_begin(void *room, uint16_t family, uint8_t command,
			       uint16_t flags);

/* These add attributes. What may fail says -EINVAL, -ENAMETOOLONG or -E2BIG. */
void message_uuid(struct nlmsghdr *msg, const uint8_t uuid[MEMHP_UUID_LEN]);
int message_name(struct nlmsghdr *msg, int type, const char *name);
void message_range(struct nlmsghdr *msg, const struct memhp_range *range);
int message_attach(struct nlmsghdr *msg, const struct memhp_attach_request *r);
int message_distances(struct nlmsghdr *msg, const struct memhp_distance *distance,
		      unsigned int nr);
int message_quota(struct nlmsghdr *msg, const char *owner,
		  const struct memhp_quota_change *change);

/* These understand a message. 0, or -EBADMSG: it is not what it should be. */
int decode_window(const struct nlmsghdr *msg, void *window);
int decode_segment(const struct nlmsghdr *msg, void *segment);
int decode_quota(const struct nlmsghdr *msg, void *quota);
int decode_news(const struct nlmsghdr *msg, struct memhp_news *news);
int decode_family(const struct nlmsghdr *msg, struct family *family);

/**
 * decode_end() - the last message of an answer
 * @msg: of type NLMSG_ERROR or NLMSG_DONE
 * @text: gets what was said, cut off if it is longer
 * @room: bytes of @text
 *
 * Return: 0, a negative errno that the kernel says, or -EBADMSG.
 */
int decode_end(const struct nlmsghdr *msg, char *text, size_t room);

#endif
