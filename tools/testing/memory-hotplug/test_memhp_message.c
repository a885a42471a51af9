// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that libmemhp makes, and what it makes of messages: whole, cut at each byte,
 * and with each byte spoilt. Each is on the heap in as many bytes as it has.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "tap.h"

#define FAMILY	0x1234

static char room[MESSAGE_ROOM] __attribute__((aligned(8)));

typedef int (*parse_fn)(const struct nlmsghdr *msg);

/* Messages as a kernel sends them */

static void put_blocker(struct nlmsghdr *msg)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, MEMHP_A_SEGMENT_BLOCKER);

	mnl_attr_put_u64(msg, MEMHP_A_BLOCKER_PFN, 0x80034);
	mnl_attr_put_u32(msg, MEMHP_A_BLOCKER_REFS, 2);
	mnl_attr_put_u32(msg, MEMHP_A_BLOCKER_KIND, MEMHP_BLOCKER_KIND_PINNED);
	mnl_attr_put_u64(msg, MEMHP_A_BLOCKER_MEMCG, 7);
	mnl_attr_put_u64(msg, MEMHP_A_BLOCKER_INODE, 8);
	mnl_attr_nest_end(msg, nest);
}

static const uint8_t uuid[MEMHP_UUID_LEN] = { 1, 2, [15] = 3 };

static struct nlmsghdr *make_news(bool event, int ranges, int blockers)
{
	struct memhp_range range = { 0x80000000, 1 << 27 };
	struct nlmsghdr *msg = message_begin(room, FAMILY, MEMHP_CMD_EVENT_NTF, 0);

	mnl_attr_put_u32(msg, 500, 1);		/* of a later kernel */
	if (event)
		mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_EVENT, MEMHP_EVENT_BLOCKED);
	mnl_attr_put_u64(msg, MEMHP_A_SEGMENT_SEQ, 99);
	message_uuid(msg, uuid);
	mnl_attr_put_strz(msg, MEMHP_A_SEGMENT_OWNER, "me");
	mnl_attr_put_u8(msg, MEMHP_A_SEGMENT_ORPHAN, 1);
	mnl_attr_put_u64(msg, MEMHP_A_SEGMENT_COOKIE, 42);
	while (ranges--)
		message_range(msg, &range);
	mnl_attr_put_strz(msg, MEMHP_A_SEGMENT_TEXT, "too late");
	while (blockers--)
		put_blocker(msg);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_NODE, 1);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_POLICY, MEMHP_POLICY_OFFLINE);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_MEMMAP, MEMHP_MEMMAP_OUTSIDE);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_STATE, MEMHP_STATE_ATTACHED);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_USAGE, MEMHP_USAGE_MIXED);
	mnl_attr_put_u64(msg, MEMHP_A_SEGMENT_SIZE, 1 << 27);
	mnl_attr_put_u64(msg, MEMHP_A_SEGMENT_DONE, 5);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_ERROR, -ETIMEDOUT);
	return msg;
}

static struct nlmsghdr *make_numbers(int types)
{
	struct nlmsghdr *msg = message_begin(room, FAMILY, 1, 0);
	bool window = types == MEMHP_A_WINDOW_MAX;
	int type;

	if (!window)
		mnl_attr_put_strz(msg, MEMHP_A_QUOTA_OWNER, "me");
	for (type = window ? 1 : 2; type <= types; type++)
		if (window && (type == MEMHP_A_WINDOW_NODE || type == MEMHP_A_WINDOW_SOURCE))
			mnl_attr_put_u32(msg, type, type == MEMHP_A_WINDOW_NODE ? -1 : 2);
		else
			mnl_attr_put_u64(msg, type, 100 + type);
	return msg;
}

static void put_group(struct nlmsghdr *msg, const char *name, uint32_t id)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, 1);

	mnl_attr_put_strz(msg, CTRL_ATTR_MCAST_GRP_NAME, name);
	mnl_attr_put_u32(msg, CTRL_ATTR_MCAST_GRP_ID, id);
	mnl_attr_nest_end(msg, nest);
}

static struct nlmsghdr *make_family(void)
{
	struct nlmsghdr *msg = message_begin(room, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, 0);
	struct nlattr *nest;

	mnl_attr_put_u16(msg, CTRL_ATTR_FAMILY_ID, FAMILY);
	nest = mnl_attr_nest_start(msg, CTRL_ATTR_MCAST_GROUPS);
	put_group(msg, "events", 33);
	put_group(msg, "progress", 34);
	mnl_attr_nest_end(msg, nest);
	return msg;
}

static struct nlmsghdr *make_end(int error, bool capped)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(room), *asked;
	struct nlmsgerr *end = mnl_nlmsg_put_extra_header(msg, sizeof(*end));

	msg->nlmsg_type = NLMSG_ERROR;
	msg->nlmsg_flags = NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0);
	end->error = error;
	asked = &end->msg;
	asked->nlmsg_len = MNL_NLMSG_HDRLEN + 20;
	if (!capped)
		mnl_nlmsg_put_extra_header(msg, 20);
	mnl_attr_put_strz(msg, NLMSGERR_ATTR_MSG, "no window has it");
	return msg;
}

/* Ways to understand them */

static struct memhp_news news;
static struct memhp_segment segment;
static struct memhp_window window;
static struct memhp_quota quota;
static struct family family;
static char text[64];

static int read_news(const struct nlmsghdr *msg)
{
	return decode_news(msg, &news);
}

static int read_segment(const struct nlmsghdr *msg)
{
	return decode_segment(msg, &segment);
}

static int read_window(const struct nlmsghdr *msg)
{
	return decode_window(msg, &window);
}

static int read_quota(const struct nlmsghdr *msg)
{
	return decode_quota(msg, &quota);
}

static int read_family(const struct nlmsghdr *msg)
{
	return decode_family(msg, &family);
}

static int read_end(const struct nlmsghdr *msg)
{
	return decode_end(msg, text, sizeof(text));
}

/* Whole ones */

static void whole_news(void)
{
	const struct memhp_segment *s = &news.segment;

	if (read_news(make_news(true, 2, 1)))
		tap_fail("not understood");
	if (news.event != MEMHP_EVENT_BLOCKED || s->seq != 99 || memcmp(s->uuid, uuid, 16) ||
	    strcmp(s->owner, "me") || s->orphan != 1 || s->cookie != 42 ||
	    s->state != MEMHP_STATE_ATTACHED || s->size != 1 << 27 ||
	    s->usage != MEMHP_USAGE_MIXED || s->done != 5 || s->node != 1 ||
	    s->policy != MEMHP_POLICY_OFFLINE || s->memmap != MEMHP_MEMMAP_OUTSIDE ||
	    s->error != -ETIMEDOUT || strcmp(s->text, "too late"))
		tap_fail("a field is wrong");
	if (s->nr_ranges != 2 || s->range[1].start != 0x80000000 ||
	    s->range[1].size != 1 << 27 || s->range[2].size)
		tap_fail("a range is wrong");
	if (s->nr_blockers != 1 || s->blocker[0].pfn != 0x80034 || s->blocker[0].refs != 2 ||
	    s->blocker[0].kind != MEMHP_BLOCKER_KIND_PINNED || s->blocker[0].memcg != 7 ||
	    s->blocker[0].inode != 8)
		tap_fail("a blocker is wrong");
	if (read_segment(make_news(false, 1, 0)) || segment.seq != 99)
		tap_fail("a segment is none");
	if (read_news(make_news(false, 1, 0)) != -EBADMSG)
		tap_fail("a segment is news");
}

static void many(void)
{
	if (read_news(make_news(true, MEMHP_MAX_RANGES, MEMHP_MAX_BLOCKERS)) ||
	    news.segment.nr_ranges != MEMHP_MAX_RANGES ||
	    news.segment.nr_blockers != MEMHP_MAX_BLOCKERS)
		tap_fail("as many as there may be");
	if (read_news(make_news(true, MEMHP_MAX_RANGES + 1, 0)) != -EBADMSG ||
	    read_news(make_news(true, 1, MEMHP_MAX_BLOCKERS + 1)) != -EBADMSG)
		tap_fail("more than there is room for");
}

static void whole_others(void)
{
	if (read_window(make_numbers(MEMHP_A_WINDOW_MAX)) || window.start != 101 ||
	    window.size != 102 || window.node != -1 || window.source != 2 ||
	    window.limit != 105 || window.used != 106 || window.block != 107)
		tap_fail("a window");
	if (read_quota(make_numbers(MEMHP_A_QUOTA_MAX)) || strcmp(quota.owner, "me") ||
	    quota.bytes != 102 || quota.metadata != 105 || quota.used_metadata != 109)
		tap_fail("a quota");
	if (read_family(make_family()) || family.id != FAMILY || family.events != 33 ||
	    family.progress != 34)
		tap_fail("a family");
}

static void ends(void)
{
	for (int capped = 0; capped < 2; capped++)
		if (read_end(make_end(-EPERM, capped)) != -EPERM ||
		    strcmp(text, "no window has it"))
			tap_fail("an error and its text");
	if (read_end(make_end(0, true)))
		tap_fail("no error");
	if (read_end(make_end(5, true)) != -EBADMSG ||
	    read_end(make_end(-5000, true)) != -EBADMSG)
		tap_fail("what is no error number");
	if (decode_end(make_end(-EPERM, true), text, 6) != -EPERM || strcmp(text, "no wi"))
		tap_fail("a text that does not fit");
}

/* Bad ones */

struct sample {
	const char *name;
	parse_fn parse;
	struct nlmsghdr *(*make)(void);
};

static struct nlmsghdr *some_news(void)
{
	return make_news(true, 2, 2);
}

static struct nlmsghdr *some_window(void)
{
	return make_numbers(MEMHP_A_WINDOW_MAX);
}

static struct nlmsghdr *some_quota(void)
{
	return make_numbers(MEMHP_A_QUOTA_MAX);
}

static struct nlmsghdr *some_end(void)
{
	return make_end(-EPERM, false);
}

static const struct sample samples[] = {
	{ "news", read_news, some_news },
	{ "segment", read_segment, some_news },
	{ "window", read_window, some_window },
	{ "quota", read_quota, some_quota },
	{ "family", read_family, make_family },
	{ "end", read_end, some_end },
};

#define NR_SAMPLES	(sizeof(samples) / sizeof(*samples))

static struct nlmsghdr *copy(const struct nlmsghdr *msg, size_t length)
{
	struct nlmsghdr *new = malloc(length);

	memcpy(new, msg, length);
	return new;
}

static void try_cut(const struct sample *s, const struct nlmsghdr *whole, size_t length)
{
	struct nlmsghdr *msg = copy(whole, length);
	int err;

	tap_context("%s, %zu bytes", s->name, length);
	msg->nlmsg_len = length;
	err = s->parse(msg);
	/* an end that is cut in front of its text is one without a text */
	if (err != -EBADMSG && !(s->parse == read_end && err == -EPERM))
		tap_fail("error %d", err);
	free(msg);
}

static void cut(void)
{
	for (const struct sample *s = samples; s < samples + NR_SAMPLES; s++) {
		const struct nlmsghdr *whole = s->make();

		/* what fills up to 4 bytes at the end is no part of it */
		for (size_t length = MNL_NLMSG_HDRLEN; length < whole->nlmsg_len - 3; length++)
			try_cut(s, whole, length);
	}
}

static bool is_sound(const struct memhp_segment *s)
{
	return s->nr_ranges <= MEMHP_MAX_RANGES && s->nr_blockers <= MEMHP_MAX_BLOCKERS &&
	       memchr(s->owner, 0, sizeof(s->owner)) &&
	       memchr(s->text, 0, sizeof(s->text)) && s->error <= 0 && s->error > -4096;
}

static void try_spoilt(const struct sample *s, const struct nlmsghdr *whole, size_t at,
		       unsigned char value)
{
	struct nlmsghdr *msg = copy(whole, whole->nlmsg_len);
	int err;

	tap_context("%s, byte %zu is %u", s->name, at, value);
	((unsigned char *)msg)[at] = value;
	err = s->parse(msg);
	if (err > 0 || err <= -4096)
		tap_fail("error %d", err);
	if (!err && (s->parse == read_news || s->parse == read_segment) &&
	    !is_sound(s->parse == read_news ? &news.segment : &segment))
		tap_fail("taken, and not sound");
	free(msg);
}

/* The length of the message itself is checked by who receives it. */
static void spoilt(void)
{
	static const unsigned char values[] = { 0, 1, 3, 4, 5, 8, 0x7f, 0x80, 0xff };

	for (const struct sample *s = samples; s < samples + NR_SAMPLES; s++) {
		struct nlmsghdr *whole = s->make();

		whole = copy(whole, whole->nlmsg_len);
		for (size_t at = 4; at < whole->nlmsg_len; at++)
			for (size_t v = 0; v < sizeof(values); v++)
				try_spoilt(s, whole, at, values[v]);
		free(whole);
	}
}

static void random_bytes(void)
{
	uint64_t seed = 5;

	for (int i = 0; i < 20000 && !tap_failed(); i++) {
		const struct sample *s = &samples[i % NR_SAMPLES];
		struct nlmsghdr *whole = s->make(), *msg = copy(whole, whole->nlmsg_len);

		for (int k = 0; k < 4; k++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			((unsigned char *)msg)[4 + (seed >> 33) % (msg->nlmsg_len - 4)] =
				seed >> 56;
		}
		tap_context("%s, run %d", s->name, i);
		if (s->parse(msg) > 0)
			tap_fail("neither good nor bad");
		free(msg);
	}
}

/* A quota whose owner is these bytes. */
static int read_owner(const char *owner, size_t length)
{
	struct nlmsghdr *msg = message_begin(room, FAMILY, 1, 0);

	mnl_attr_put(msg, MEMHP_A_QUOTA_OWNER, length, owner);
	for (int type = 2; type <= MEMHP_A_QUOTA_MAX; type++)
		mnl_attr_put_u64(msg, type, type);
	return read_quota(msg);
}

static void owners(void)
{
	static const char longest[] = "0123456789012345678901234567890";

	if (read_owner(longest, sizeof(longest)) || strcmp(quota.owner, longest))
		tap_fail("the longest there may be");
	if (read_owner("me", 2) != -EBADMSG || read_owner(longest, 31) != -EBADMSG ||
	    read_owner("", 0) != -EBADMSG)
		tap_fail("a name without an end is taken");
	if (read_owner("01234567890123456789012345678901", 33) != -EBADMSG ||
	    read_owner("01234567890123456789012345678901", 32) != -EBADMSG)
		tap_fail("a name that is too long is taken");
}

/* Bytes behind the last attribute that are none. */
static void left_over(void)
{
	static const unsigned char tails[][4] = {
		{ 0, 0, 1, 0 }, { 3, 0, 1, 0 }, { 5, 0, 1, 0 }, { 0xff, 0xff, 1, 0 },
	};

	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		struct nlmsghdr *msg = make_numbers(MEMHP_A_WINDOW_MAX);

		memcpy((char *)msg + msg->nlmsg_len, tails[i], 4);
		msg->nlmsg_len += 4;
		if (read_window(msg) != -EBADMSG)
			tap_fail("tail %zu is taken", i);
	}
}

/* What is sent */

struct seen {
	int nr[MEMHP_A_SEGMENT_MAX + 1];
	uint64_t number[MEMHP_A_SEGMENT_MAX + 1];
	bool bad;
};

static int look(const struct nlattr *attr, void *arg)
{
	struct seen *seen = arg;
	int type = mnl_attr_get_type(attr), length = mnl_attr_get_payload_len(attr);

	if (type > MEMHP_A_SEGMENT_MAX) {
		seen->bad = true;
		return MNL_CB_OK;
	}
	seen->nr[type]++;
	memcpy(&seen->number[type], mnl_attr_get_payload(attr), length < 8 ? length : 8);
	return MNL_CB_OK;
}

static struct seen seen_in(const struct nlmsghdr *msg)
{
	struct seen seen = { .bad = false };

	mnl_attr_parse(msg, GENL_HDRLEN, look, &seen);
	return seen;
}

static struct memhp_attach_request request(struct memhp_range *ranges, int nr)
{
	return (struct memhp_attach_request){
		.owner = "me", .range = ranges, .nr_ranges = nr, .cookie = 42,
		.window = MEMHP_ANY_PLACE, .node = MEMHP_ANY_NODE,
		.policy = MEMHP_POLICY_ONLINE_MOVABLE,
	};
}

static void attach_is_sent(void)
{
	struct memhp_range ranges[MEMHP_MAX_RANGES + 1] = { { MEMHP_ANY_PLACE, 4096 } };
	struct memhp_attach_request r = request(ranges, MEMHP_MAX_RANGES);
	struct nlmsghdr *msg = message_begin(room, FAMILY, MEMHP_CMD_ATTACH, NLM_F_ACK);
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(msg);
	struct seen seen;

	if (msg->nlmsg_type != FAMILY || msg->nlmsg_flags != (NLM_F_REQUEST | NLM_F_ACK) ||
	    genl->cmd != MEMHP_CMD_ATTACH || genl->version != MEMHP_FAMILY_VERSION)
		tap_fail("the header");
	if (message_attach(msg, &r) || msg->nlmsg_len > sizeof(room))
		tap_fail("it does not fit");
	seen = seen_in(msg);
	if (seen.bad || seen.nr[MEMHP_A_SEGMENT_UUID] != 1 ||
	    seen.nr[MEMHP_A_SEGMENT_RANGE] != MEMHP_MAX_RANGES ||
	    seen.nr[MEMHP_A_SEGMENT_WINDOW] || seen.nr[MEMHP_A_SEGMENT_NODE] ||
	    seen.number[MEMHP_A_SEGMENT_COOKIE] != 42 ||
	    seen.number[MEMHP_A_SEGMENT_POLICY] != MEMHP_POLICY_ONLINE_MOVABLE)
		tap_fail("the attributes");
	r.node = 3;
	r.window = 0;
	msg = message_begin(room, FAMILY, MEMHP_CMD_ATTACH, NLM_F_ACK);
	message_attach(msg, &r);
	seen = seen_in(msg);
	if (seen.number[MEMHP_A_SEGMENT_NODE] != 3 || seen.nr[MEMHP_A_SEGMENT_WINDOW] != 1)
		tap_fail("node and window");
}

static void distances_are_sent(void)
{
	struct memhp_distance d[MEMHP_MAX_DISTANCES + 1] = { { 1, 30, 40 }, { 2, 50, 0 } };
	struct memhp_range ranges[MEMHP_MAX_RANGES] = { { 0, 4096 } };
	struct memhp_attach_request r = request(ranges, MEMHP_MAX_RANGES);
	struct nlmsghdr *msg = message_begin(room, FAMILY, MEMHP_CMD_ATTACH, NLM_F_ACK);
	struct seen seen;

	if (message_attach(msg, &r) || message_distances(msg, d, MEMHP_MAX_DISTANCES) ||
	    msg->nlmsg_len > sizeof(room))
		tap_fail("it does not fit");
	seen = seen_in(msg);
	if (seen.bad || seen.nr[MEMHP_A_SEGMENT_DISTANCE] != MEMHP_MAX_DISTANCES)
		tap_fail("the attributes");
	msg = message_begin(room, FAMILY, MEMHP_CMD_ATTACH, NLM_F_ACK);
	if (message_distances(msg, d, 2) ||
	    msg->nlmsg_len != MNL_NLMSG_HDRLEN + GENL_HDRLEN + 2 * 4 + (3 + 2) * 8)
		tap_fail("%u bytes: a way back of 0 is not sent", msg->nlmsg_len);
	if (message_distances(msg, d, MEMHP_MAX_DISTANCES + 1) != -E2BIG)
		tap_fail("too many");
}

static void is_not_sent(void)
{
	struct memhp_range ranges[MEMHP_MAX_RANGES + 1] = { { 0, 0 } };
	struct memhp_attach_request r = request(ranges, MEMHP_MAX_RANGES + 1);
	static const struct memhp_quota_change none;

	if (message_attach(message_begin(room, 1, 1, 0), &r) != -E2BIG)
		tap_fail("too many ranges");
	r.owner = "";
	if (message_attach(message_begin(room, 1, 1, 0), &r) != -EINVAL)
		tap_fail("an empty owner");
	r.owner = "01234567890123456789012345678901";
	if (message_attach(message_begin(room, 1, 1, 0), &r) != -ENAMETOOLONG ||
	    message_quota(message_begin(room, 1, 1, 0), r.owner, &none) != -ENAMETOOLONG)
		tap_fail("an owner that is too long");
	if (message_quota(message_begin(room, 1, 1, 0), NULL, &none) != -EINVAL)
		tap_fail("no owner");
}

static const struct tap_test tests[] = {
	{ "CTRL-09 an event is understood, all of it", whole_news },
	{ "CTRL-09 as many ranges and blockers as there may be, and no more", many },
	{ "CTRL-09 windows, quotas and the family are understood", whole_others },
	{ "CTRL-09 the end of an answer has an error and the kernel's words", ends },
	{ "CTRL-09 a message that is cut at any byte is not understood", cut },
	{ "CTRL-09 a message with any byte spoilt does no harm", spoilt },
	{ "CTRL-09 messages with several bytes spoilt do no harm", random_bytes },
	{ "CTRL-09 a name has an end, and fits", owners },
	{ "CTRL-09 bytes that are left over make a message one that is not understood",
	  left_over },
	{ "CTRL-09 a request to attach says what it is told, and no more", attach_is_sent },
	{ "CTRL-02 CTRL-09 distances are sent with it, as many as there may be",
	  distances_are_sent },
	{ "CTRL-09 requests that cannot be made are refused", is_not_sent },
};

TAP_SUITE(suite_memhp_message, tests);
