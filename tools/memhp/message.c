// SPDX-License-Identifier: GPL-2.0-only
/* Messages of the netlink family "memhp". See message.h. */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

/* Making */

struct nlmsghdr *message_begin(void *room, uint16_t family, uint8_t command,
			       uint16_t flags)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(room);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));

	msg->nlmsg_type = family;
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	genl->cmd = command;
	genl->version = MEMHP_FAMILY_VERSION;
	return msg;
}

void message_uuid(struct nlmsghdr *msg, const uint8_t uuid[MEMHP_UUID_LEN])
{
	mnl_attr_put(msg, MEMHP_A_SEGMENT_UUID, MEMHP_UUID_LEN, uuid);
}

int message_name(struct nlmsghdr *msg, int type, const char *name)
{
	if (!name || !*name)
		return -EINVAL;
	if (strlen(name) > MEMHP_OWNER_LEN)
		return -ENAMETOOLONG;
	mnl_attr_put_strz(msg, type, name);
	return 0;
}

void message_range(struct nlmsghdr *msg, const struct memhp_range *range)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, MEMHP_A_SEGMENT_RANGE);

	if (range->start != MEMHP_ANY_PLACE)
		mnl_attr_put_u64(msg, MEMHP_A_RANGE_START, range->start);
	mnl_attr_put_u64(msg, MEMHP_A_RANGE_SIZE, range->size);
	mnl_attr_nest_end(msg, nest);
}

int message_attach(struct nlmsghdr *msg, const struct memhp_attach_request *r)
{
	int err = message_name(msg, MEMHP_A_SEGMENT_OWNER, r->owner);
	unsigned int i;

	if (err)
		return err;
	if (r->nr_ranges > MEMHP_MAX_RANGES)
		return -E2BIG;
	message_uuid(msg, r->uuid);
	mnl_attr_put_u64(msg, MEMHP_A_SEGMENT_COOKIE, r->cookie);
	if (r->window != MEMHP_ANY_PLACE)
		mnl_attr_put_u64(msg, MEMHP_A_SEGMENT_WINDOW, r->window);
	if (r->node != MEMHP_ANY_NODE)
		mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_NODE, r->node);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_POLICY, r->policy);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_MEMMAP, r->memmap);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_WAIT_MS, r->wait_ms);
	for (i = 0; i < r->nr_ranges; i++)
		message_range(msg, &r->range[i]);
	return 0;
}

static void put_distance(struct nlmsghdr *msg, const struct memhp_distance *d)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, MEMHP_A_SEGMENT_DISTANCE);

	mnl_attr_put_u32(msg, MEMHP_A_DISTANCE_NODE, d->node);
	mnl_attr_put_u32(msg, MEMHP_A_DISTANCE_TO, d->to);
	if (d->from)
		mnl_attr_put_u32(msg, MEMHP_A_DISTANCE_FROM, d->from);
	mnl_attr_nest_end(msg, nest);
}

int message_distances(struct nlmsghdr *msg, const struct memhp_distance *distance,
		      unsigned int nr)
{
	unsigned int i;

	if (nr > MEMHP_MAX_DISTANCES)
		return -E2BIG;
	for (i = 0; i < nr; i++)
		put_distance(msg, &distance[i]);
	return 0;
}

static void put_limit(struct nlmsghdr *msg, int type, const uint64_t *value)
{
	if (value)
		mnl_attr_put_u64(msg, type, *value);
}

int message_quota(struct nlmsghdr *msg, const char *owner,
		  const struct memhp_quota_change *change)
{
	put_limit(msg, MEMHP_A_QUOTA_BYTES, change->bytes);
	put_limit(msg, MEMHP_A_QUOTA_SEGMENTS, change->segments);
	put_limit(msg, MEMHP_A_QUOTA_PENDING, change->pending);
	put_limit(msg, MEMHP_A_QUOTA_METADATA, change->metadata);
	return message_name(msg, MEMHP_A_QUOTA_OWNER, owner);
}

/* Understanding: attributes one by one, and nothing may be left over */

typedef int (*attr_fn)(const struct nlattr *attr, void *arg);

static int walk(const void *data, size_t length, attr_fn fn, void *arg)
{
	const char *end = (const char *)data + length;
	const struct nlattr *attr = data;
	int err = 0;

	for (; !err && mnl_attr_ok(attr, end - (const char *)attr);
	     attr = mnl_attr_next(attr))
		err = fn(attr, arg);
	if (err)
		return err;
	return (const char *)attr < end ? -EBADMSG : 0;
}

static int walk_nest(const struct nlattr *nest, attr_fn fn, void *arg)
{
	return walk(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest),
		    fn, arg);
}

static int walk_message(const struct nlmsghdr *msg, attr_fn fn, void *arg)
{
	size_t head = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct genlmsghdr));

	if (msg->nlmsg_len < head)
		return -EBADMSG;
	return walk((const char *)msg + head, msg->nlmsg_len - head, fn, arg);
}

/* A number or name, and where in a struct it goes. */
struct field {
	uint16_t type, length;		/* of the attribute; a name's room */
	uint16_t offset, room;
	bool name;
};

#define NUMBER(attr, bytes, object, member)				\
	{ attr, bytes, offsetof(struct object, member),			\
	  sizeof(((struct object *)0)->member), false }
#define WORDS(attr, object, member)					\
	{ attr, 0, offsetof(struct object, member),			\
	  sizeof(((struct object *)0)->member), true }

static int take_number(const struct field *f, const struct nlattr *attr, char *to)
{
	if (mnl_attr_get_payload_len(attr) != f->length)
		return -EBADMSG;
	memset(to, 0, f->room);
	memcpy(to, mnl_attr_get_payload(attr), f->length);
	return 0;
}

static int take_words(const struct field *f, const struct nlattr *attr, char *to)
{
	size_t length = mnl_attr_get_payload_len(attr);
	const char *text = mnl_attr_get_payload(attr);

	if (!length || text[length - 1] || length > f->room)
		return -EBADMSG;
	memcpy(to, text, length);
	return 0;
}

/* What is being filled in, and which of its fields were there. */
struct filling {
	const struct field *field;
	int nr;
	void *object;
	uint64_t seen;			/* by place in the table */
};

static int fill_field(const struct nlattr *attr, void *arg)
{
	struct filling *filling = arg;
	int i, type = mnl_attr_get_type(attr);
	const struct field *f = filling->field;
	char *to;

	for (i = 0; i < filling->nr && f->type != type; i++)
		f++;
	if (i == filling->nr)
		return 0;		/* of a later kernel */
	filling->seen |= 1ull << i;
	to = (char *)filling->object + f->offset;
	return f->name ? take_words(f, attr, to) : take_number(f, attr, to);
}

/* The first @needed fields of a table must be there. */
static int check_seen(const struct filling *filling, int needed)
{
	uint64_t all = (1ull << needed) - 1;

	return (filling->seen & all) == all ? 0 : -EBADMSG;
}

/* All fields of a message or nest, each of which has to be there. */
static int fill_message(const struct nlmsghdr *msg, const struct field *field, int nr,
			void *object)
{
	struct filling filling = { field, nr, object, 0 };
	int err = walk_message(msg, fill_field, &filling);

	return err ? err : check_seen(&filling, nr);
}

static int fill_nest(const struct nlattr *nest, const struct field *field, int nr,
		     void *object)
{
	struct filling filling = { field, nr, object, 0 };
	int err = walk_nest(nest, fill_field, &filling);

	return err ? err : check_seen(&filling, nr);
}

static const struct field window_fields[] = {
	NUMBER(MEMHP_A_WINDOW_START, 8, memhp_window, start),
	NUMBER(MEMHP_A_WINDOW_SIZE, 8, memhp_window, size),
	NUMBER(MEMHP_A_WINDOW_NODE, 4, memhp_window, node),
	NUMBER(MEMHP_A_WINDOW_SOURCE, 4, memhp_window, source),
	NUMBER(MEMHP_A_WINDOW_LIMIT, 8, memhp_window, limit),
	NUMBER(MEMHP_A_WINDOW_USED, 8, memhp_window, used),
	NUMBER(MEMHP_A_WINDOW_BLOCK, 8, memhp_window, block),
};

static const struct field quota_fields[] = {
	WORDS(MEMHP_A_QUOTA_OWNER, memhp_quota, owner),
	NUMBER(MEMHP_A_QUOTA_BYTES, 8, memhp_quota, bytes),
	NUMBER(MEMHP_A_QUOTA_SEGMENTS, 8, memhp_quota, segments),
	NUMBER(MEMHP_A_QUOTA_PENDING, 8, memhp_quota, pending),
	NUMBER(MEMHP_A_QUOTA_METADATA, 8, memhp_quota, metadata),
	NUMBER(MEMHP_A_QUOTA_USED_BYTES, 8, memhp_quota, used_bytes),
	NUMBER(MEMHP_A_QUOTA_USED_SEGMENTS, 8, memhp_quota, used_segments),
	NUMBER(MEMHP_A_QUOTA_USED_PENDING, 8, memhp_quota, used_pending),
	NUMBER(MEMHP_A_QUOTA_USED_METADATA, 8, memhp_quota, used_metadata),
};

static const struct field range_fields[] = {
	NUMBER(MEMHP_A_RANGE_START, 8, memhp_range, start),
	NUMBER(MEMHP_A_RANGE_SIZE, 8, memhp_range, size),
};

static const struct field blocker_fields[] = {
	NUMBER(MEMHP_A_BLOCKER_PFN, 8, memhp_blocker, pfn),
	NUMBER(MEMHP_A_BLOCKER_REFS, 4, memhp_blocker, refs),
	NUMBER(MEMHP_A_BLOCKER_KIND, 4, memhp_blocker, kind),
	NUMBER(MEMHP_A_BLOCKER_MEMCG, 8, memhp_blocker, memcg),
	NUMBER(MEMHP_A_BLOCKER_INODE, 8, memhp_blocker, inode),
};

/* An answer lacks the first, the event; the last need not be there. */
static const struct field news_fields[] = {
	NUMBER(MEMHP_A_SEGMENT_EVENT, 4, memhp_news, event),
	NUMBER(MEMHP_A_SEGMENT_UUID, MEMHP_UUID_LEN, memhp_news, segment.uuid),
	NUMBER(MEMHP_A_SEGMENT_STATE, 4, memhp_news, segment.state),
	NUMBER(MEMHP_A_SEGMENT_SEQ, 8, memhp_news, segment.seq),
	WORDS(MEMHP_A_SEGMENT_OWNER, memhp_news, segment.owner),
	NUMBER(MEMHP_A_SEGMENT_COOKIE, 8, memhp_news, segment.cookie),
	NUMBER(MEMHP_A_SEGMENT_NODE, 4, memhp_news, segment.node),
	NUMBER(MEMHP_A_SEGMENT_POLICY, 4, memhp_news, segment.policy),
	NUMBER(MEMHP_A_SEGMENT_MEMMAP, 4, memhp_news, segment.memmap),
	NUMBER(MEMHP_A_SEGMENT_USAGE, 4, memhp_news, segment.usage),
	NUMBER(MEMHP_A_SEGMENT_ORPHAN, 1, memhp_news, segment.orphan),
	NUMBER(MEMHP_A_SEGMENT_SIZE, 8, memhp_news, segment.size),
	NUMBER(MEMHP_A_SEGMENT_DONE, 8, memhp_news, segment.done),
	NUMBER(MEMHP_A_SEGMENT_ERROR, 4, memhp_news, segment.error),
	WORDS(MEMHP_A_SEGMENT_TEXT, memhp_news, segment.text),
};

int decode_window(const struct nlmsghdr *msg, void *window)
{
	memset(window, 0, sizeof(struct memhp_window));
	return fill_message(msg, window_fields, COUNT(window_fields), window);
}

int decode_quota(const struct nlmsghdr *msg, void *quota)
{
	memset(quota, 0, sizeof(struct memhp_quota));
	return fill_message(msg, quota_fields, COUNT(quota_fields), quota);
}

static int take_range(const struct nlattr *nest, struct memhp_segment *s)
{
	if (s->nr_ranges == MEMHP_MAX_RANGES)
		return -EBADMSG;
	return fill_nest(nest, range_fields, COUNT(range_fields),
			 &s->range[s->nr_ranges++]);
}

static int take_blocker(const struct nlattr *nest, struct memhp_segment *s)
{
	if (s->nr_blockers == MEMHP_MAX_BLOCKERS)
		return -EBADMSG;
	return fill_nest(nest, blocker_fields, COUNT(blocker_fields),
			 &s->blocker[s->nr_blockers++]);
}

static int fill_news(const struct nlattr *attr, void *arg)
{
	struct filling *filling = arg;
	struct memhp_news *news = filling->object;

	switch (mnl_attr_get_type(attr)) {
	case MEMHP_A_SEGMENT_RANGE:
		return take_range(attr, &news->segment);
	case MEMHP_A_SEGMENT_BLOCKER:
		return take_blocker(attr, &news->segment);
	default:
		return fill_field(attr, filling);
	}
}

static bool is_error(int error)
{
	return error <= 0 && error > -4096;
}

/* @event: must there be one? */
static int decode_any_news(const struct nlmsghdr *msg, struct memhp_news *news,
			   bool event)
{
	struct filling filling = { news_fields, COUNT(news_fields), news, 0 };
	int err;

	memset(news, 0, sizeof(*news));
	err = walk_message(msg, fill_news, &filling);
	if (!event)
		filling.seen |= 1;
	if (!err && !is_error(news->segment.error))
		err = -EBADMSG;
	return err ? err : check_seen(&filling, COUNT(news_fields) - 1);
}

int decode_news(const struct nlmsghdr *msg, struct memhp_news *news)
{
	return decode_any_news(msg, news, true);
}

int decode_segment(const struct nlmsghdr *msg, void *segment)
{
	struct memhp_news news;
	int err = decode_any_news(msg, &news, false);

	*(struct memhp_segment *)segment = news.segment;
	return err;
}

/* The family, as the controller of generic netlink tells it */

struct group {
	char name[GENL_NAMSIZ];
	uint32_t id;
};

static const struct field group_fields[] = {
	WORDS(CTRL_ATTR_MCAST_GRP_NAME, group, name),
	NUMBER(CTRL_ATTR_MCAST_GRP_ID, 4, group, id),
};

static const struct field family_fields[] = {
	NUMBER(CTRL_ATTR_FAMILY_ID, 2, family, id),
};

static int take_group(const struct nlattr *nest, void *arg)
{
	struct group group = { "", 0 };
	struct filling filling = { group_fields, COUNT(group_fields), &group, 0 };
	struct family *family = arg;
	int err = walk_nest(nest, fill_field, &filling);

	if (err)
		return err;
	if (!strcmp(group.name, MEMHP_MCGRP_EVENTS))
		family->events = group.id;
	else if (!strcmp(group.name, MEMHP_MCGRP_PROGRESS))
		family->progress = group.id;
	return 0;
}

static int fill_family(const struct nlattr *attr, void *arg)
{
	struct filling *filling = arg;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
		return walk_nest(attr, take_group, filling->object);
	return fill_field(attr, filling);
}

int decode_family(const struct nlmsghdr *msg, struct family *family)
{
	struct filling filling = { family_fields, COUNT(family_fields), family, 0 };
	int err;

	memset(family, 0, sizeof(*family));
	err = walk_message(msg, fill_family, &filling);
	if (err)
		return err;
	return family->id && family->events && family->progress ? 0 : -EBADMSG;
}

/* Ends of answers */

struct words {
	char *text;
	size_t room;
};

static int take_text(const struct nlattr *attr, void *arg)
{
	const struct words *words = arg;
	int length = mnl_attr_get_payload_len(attr);
	const char *text = mnl_attr_get_payload(attr);

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		snprintf(words->text, words->room, "%.*s", length, text);
	return 0;
}

/* Bytes from the begin of the message to the attributes behind an error. */
static size_t extack_offset(const struct nlmsghdr *msg)
{
	const struct nlmsgerr *end = mnl_nlmsg_get_payload(msg);
	size_t offset = MNL_NLMSG_HDRLEN + sizeof(*end);

	if (msg->nlmsg_type == NLMSG_DONE)
		return MNL_NLMSG_HDRLEN + sizeof(int);
	if (!(msg->nlmsg_flags & NLM_F_CAPPED))
		offset += MNL_ALIGN((size_t)end->msg.nlmsg_len) - MNL_NLMSG_HDRLEN;
	return offset;
}

int decode_end(const struct nlmsghdr *msg, char *text, size_t room)
{
	struct words words = { text, room };
	size_t least = msg->nlmsg_type == NLMSG_DONE ? sizeof(int) :
						       sizeof(struct nlmsgerr);
	size_t offset;
	int error;

	text[0] = '\0';
	if (msg->nlmsg_len < MNL_NLMSG_HDRLEN + least)
		return -EBADMSG;
	memcpy(&error, mnl_nlmsg_get_payload(msg), sizeof(error));
	offset = extack_offset(msg);
	if (msg->nlmsg_flags & NLM_F_ACK_TLVS && offset >= MNL_NLMSG_HDRLEN &&
	    offset < msg->nlmsg_len &&
	    walk((const char *)msg + offset, msg->nlmsg_len - offset, take_text,
		 &words))
		return -EBADMSG;
	return is_error(error) ? error : -EBADMSG;
}
