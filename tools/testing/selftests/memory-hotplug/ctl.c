// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctl COMMAND [WORD ...] [-- COMMAND [WORD ...]] ...: speaks the netlink family "memhp",
 * on one socket: all that it attaches becomes orphans when it ends. A line for each
 * answer: "ERROR text", ERROR being 0 or an error number, and a line before it for each
 * object that came with it.
 *
 *	windows, segments, quotas	dumps
 *	get, attach, detach, change, abort, reclaim, quota, quota-set
 *		WORDs are attributes: uuid=N owner=TEXT cookie=N window=ADDR
 *		range=[ADDR]+SIZE[+SIZE] node=N distance=[NODE]:[TO][:FROM] policy=N memmap=N
 *		deadline=N wait=N, bytes=N
 *		segments=N pending=N metadata=N; twice the same is sent twice. version=N
 *		is of the header, cut=N leaves out the last N bytes, pad=N adds a nest
 *	join GROUP	listens; events are shown by the next "hear"
 *	hear MSEC	shows events until none comes for MSEC
 *	count MSEC	counts them, and says how many were missing between their numbers
 *	times N COMMAND [WORD ...]	asks the same N times; says the first error
 *	small, large	the smallest buffer for what comes in, or 64 MiB
 *	mark N		begins window N of the counting plugin (tools/bench/count.c), 0 to 3;
 *			-1 ends it; lines are written when it has ended
 *	sleep MSEC
 *	nocap, nonet	gives up CAP_SYS_ADMIN, or CAP_NET_ADMIN
 *	netns, userns	a new namespace, and a new socket in it
 *	fuzz N SEED	N messages made of nonsense; counts what was answered
 *
 * Status 0 unless the words are to blame.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/memhp.h>

#include "capability.h"
#include "modules/memhp_marks.h"

static int fd = -1;
static int family;
static unsigned int sequence;

static union {
	struct nlmsghdr head;
	char bytes[1 << 16];
} out, in;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

/* Lines are no part of what is counted. */
static bool counted;

static void write_lines(void)
{
	if (!counted)
		fflush(stdout);
}

/* Messages */

static void begin(int type, int command, int version, int flags)
{
	struct genlmsghdr *genl;

	memset(&out, 0, 4096);
	out.head.nlmsg_type = type;
	out.head.nlmsg_flags = NLM_F_REQUEST | flags;
	out.head.nlmsg_seq = ++sequence;
	out.head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	genl = NLMSG_DATA(&out.head);
	genl->cmd = command;
	genl->version = version;
}

static struct nlattr *put(int type, const void *data, int len)
{
	struct nlattr *attr = (void *)(out.bytes + NLMSG_ALIGN(out.head.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)attr + NLA_HDRLEN, data, len);
	out.head.nlmsg_len = (char *)attr - out.bytes + NLA_ALIGN(attr->nla_len);
	return attr;
}

static void close_nest(struct nlattr *nest)
{
	nest->nla_len = out.bytes + out.head.nlmsg_len - (char *)nest;
}

static void transmit(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (sendto(fd, &out, out.head.nlmsg_len, 0, (void *)&kernel,
		   sizeof(kernel)) < 0)
		fail("sendto");
}

/* What comes in */

static const struct nlattr *find(const struct nlattr *attr, int len, int type)
{
	for (; len >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN;
	     len -= NLA_ALIGN(attr->nla_len),
	     attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len)))
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
	return NULL;
}

static const void *data_of(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static uint64_t number(const struct nlattr *attr)
{
	uint64_t value = 0;

	if (attr)
		memcpy(&value, data_of(attr), attr->nla_len - NLA_HDRLEN < 8 ?
		       attr->nla_len - NLA_HDRLEN : 8);
	return value;
}

static uint64_t field(const struct nlattr *nest, int type)
{
	return number(find(data_of(nest), nest->nla_len - NLA_HDRLEN, type));
}

static void show_nest(const struct nlattr *nest, int type)
{
	if (type == MEMHP_A_SEGMENT_RANGE)
		printf(" range=%#llx+%#llx",
		       (unsigned long long)field(nest, MEMHP_A_RANGE_START),
		       (unsigned long long)field(nest, MEMHP_A_RANGE_SIZE));
	else
		printf(" blocker=%#llx:%u:%u:%llu:%llu",
		       (unsigned long long)field(nest, MEMHP_A_BLOCKER_PFN),
		       (unsigned int)field(nest, MEMHP_A_BLOCKER_REFS),
		       (unsigned int)field(nest, MEMHP_A_BLOCKER_KIND),
		       (unsigned long long)field(nest, MEMHP_A_BLOCKER_MEMCG),
		       (unsigned long long)field(nest, MEMHP_A_BLOCKER_INODE));
}

static const char *const segment_names[] = {
	[MEMHP_A_SEGMENT_COOKIE] = "cookie", [MEMHP_A_SEGMENT_NODE] = "node",
	[MEMHP_A_SEGMENT_POLICY] = "policy", [MEMHP_A_SEGMENT_MEMMAP] = "memmap",
	[MEMHP_A_SEGMENT_STATE] = "state", [MEMHP_A_SEGMENT_USAGE] = "usage",
	[MEMHP_A_SEGMENT_ORPHAN] = "orphan", [MEMHP_A_SEGMENT_SIZE] = "size",
	[MEMHP_A_SEGMENT_DONE] = "done", [MEMHP_A_SEGMENT_EVENT] = "event",
	[MEMHP_A_SEGMENT_SEQ] = "seq",
};

static void show_segment(const struct nlattr *attr, int type)
{
	const unsigned char *uuid = data_of(attr);

	if (type == MEMHP_A_SEGMENT_UUID)
		printf(" uuid=%u", uuid[15] | uuid[14] << 8 | uuid[13] << 16);
	else if (type == MEMHP_A_SEGMENT_OWNER)
		printf(" owner=%s", (const char *)data_of(attr));
	else if (type == MEMHP_A_SEGMENT_TEXT)
		printf(" text='%s'", (const char *)data_of(attr));
	else if (type == MEMHP_A_SEGMENT_ERROR)
		printf(" error=%d", -(int)number(attr));
	else if (type == MEMHP_A_SEGMENT_RANGE || type == MEMHP_A_SEGMENT_BLOCKER)
		show_nest(attr, type);
	else if (type <= MEMHP_A_SEGMENT_MAX && segment_names[type])
		printf(" %s=%llu", segment_names[type],
		       (unsigned long long)number(attr));
	else
		printf(" unknown-%d", type);
}

static void show_numbers(const struct nlattr *attr, int type, bool quota)
{
	if (quota && type == MEMHP_A_QUOTA_OWNER)
		printf(" owner=%s", (const char *)data_of(attr));
	else
		printf(" %d=%llu", type, (unsigned long long)number(attr));
}

static void show_object(const struct nlmsghdr *head)
{
	const struct genlmsghdr *genl = NLMSG_DATA(head);
	const struct nlattr *attr = (void *)((char *)genl + GENL_HDRLEN);
	int len = head->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
	bool quota = genl->cmd == MEMHP_CMD_QUOTA_GET;
	int type;

	printf(head->nlmsg_flags & NLM_F_DUMP_INTR ? "interrupted" : "object");
	for (; len >= NLA_HDRLEN; len -= NLA_ALIGN(attr->nla_len),
	     attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len))) {
		type = attr->nla_type & NLA_TYPE_MASK;
		if (quota || genl->cmd == MEMHP_CMD_WINDOW_GET)
			show_numbers(attr, type, quota);
		else
			show_segment(attr, type);
	}
	printf("\n");
}

static void show_error(const struct nlmsghdr *head)
{
	const struct nlmsgerr *err = NLMSG_DATA(head);
	const struct nlattr *text = NULL, *miss = NULL;
	int skip = sizeof(*err), len;

	if (head->nlmsg_type == NLMSG_DONE) {
		skip = sizeof(int);
	} else if (!(head->nlmsg_flags & NLM_F_CAPPED)) {
		skip += err->msg.nlmsg_len - sizeof(err->msg);
	}
	len = head->nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(skip);
	if (head->nlmsg_flags & NLM_F_ACK_TLVS && len > 0) {
		const void *tlvs = (const char *)err + NLMSG_ALIGN(skip);

		text = find(tlvs, len, NLMSGERR_ATTR_MSG);
		miss = find(tlvs, len, NLMSGERR_ATTR_MISS_TYPE);
	}
	printf("%d %s%s\n", -err->error, text ? (const char *)data_of(text) : "",
	       miss ? " (missing)" : "");
}

static bool is_event(const struct nlmsghdr *head)
{
	const struct genlmsghdr *genl = NLMSG_DATA(head);

	return head->nlmsg_type == family && !head->nlmsg_seq &&
	       (genl->cmd == MEMHP_CMD_EVENT_NTF ||
		genl->cmd == MEMHP_CMD_PROGRESS_NTF);
}

/* The object is the answer, if neither a list nor an acknowledgement was asked for. */
static bool is_answer(const struct nlmsghdr *head)
{
	return head->nlmsg_seq == sequence &&
	       !(out.head.nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP));
}

/* Shows what came; true if it ends an answer. */
static int last_error;

static bool show_messages(int len, bool quiet)
{
	struct nlmsghdr *head = &in.head;
	bool end = false;

	for (; NLMSG_OK(head, (unsigned int)len); head = NLMSG_NEXT(head, len)) {
		if (head->nlmsg_type == NLMSG_ERROR || head->nlmsg_type == NLMSG_DONE) {
			end |= head->nlmsg_seq == sequence;
			last_error = -((struct nlmsgerr *)NLMSG_DATA(head))->error;
			if (!quiet)
				show_error(head);
			continue;
		}
		if (!quiet) {
			if (is_event(head))
				printf("event ");
			show_object(head);
		}
		if (is_answer(head)) {
			end = true;
			last_error = 0;
			if (!quiet)
				printf("0 \n");
		}
	}
	return end;
}

static int receive(int msec)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int len = recv(fd, &in, sizeof(in), MSG_DONTWAIT);

	/* most answers are there when the request has been sent */
	if (len < 0 && errno == EAGAIN) {
		if (poll(&p, 1, msec) <= 0)
			return 0;
		len = recv(fd, &in, sizeof(in), 0);
	}
	if (len < 0 && errno != ENOBUFS)
		fail("recv");
	return len < 0 ? -1 : len;
}

/* Until the answer is whole: there is one to each request. */
static void take_answer(bool quiet)
{
	int len;

	do {
		len = receive(90000);
		if (!len) {
			printf("no answer\n");
			exit(1);
		}
		if (len < 0)
			printf("overrun\n");
	} while (len < 0 || !show_messages(len, quiet));
	write_lines();
}

/* Sockets */

static int groups[2];		/* events, progress */

static void note_group(const struct nlattr *group)
{
	int len = group->nla_len - NLA_HDRLEN;
	const struct nlattr *name = find(data_of(group), len, CTRL_ATTR_MCAST_GRP_NAME);
	int id = field(group, CTRL_ATTR_MCAST_GRP_ID);

	if (name)
		groups[strcmp(data_of(name), MEMHP_MCGRP_EVENTS) ? 1 : 0] = id;
}

static void read_family(void)
{
	const struct nlattr *attr = (void *)((char *)NLMSG_DATA(&in.head) + GENL_HDRLEN);
	int len = in.head.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), rem;
	const struct nlattr *list = find(attr, len, CTRL_ATTR_MCAST_GROUPS), *group;

	family = number(find(attr, len, CTRL_ATTR_FAMILY_ID));
	if (!list)
		return;
	group = data_of(list);
	for (rem = list->nla_len - NLA_HDRLEN; rem >= NLA_HDRLEN;
	     rem -= NLA_ALIGN(group->nla_len),
	     group = (void *)((char *)group + NLA_ALIGN(group->nla_len)))
		note_group(group);
}

static void open_socket(void)
{
	int on = 1;

	if (fd >= 0)
		close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

/* True if there is such a family. */
static bool resolve(void)
{
	begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	put(CTRL_ATTR_FAMILY_NAME, MEMHP_FAMILY_NAME, sizeof(MEMHP_FAMILY_NAME));
	transmit();
	if (receive(10000) <= 0)
		fail("no answer of nlctrl");
	if (in.head.nlmsg_type == NLMSG_ERROR)
		return false;
	read_family();
	return true;
}

static void say_resolved(void)
{
	open_socket();
	printf("%d family\n", resolve() ? 0 : ENOENT);
}

static void become_less(int capability)
{
	if (drop_capability(capability))
		fail("capset");
}

static void join(const char *name)
{
	int id = groups[strcmp(name, MEMHP_MCGRP_EVENTS) ? 1 : 0];
	int err = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id,
			     sizeof(id)) ? errno : 0;

	printf("%d joined\n", err);
}

static void hear(int msec)
{
	int len;

	while ((len = receive(msec)))
		if (len < 0)
			printf("overrun\n");
		else
			show_messages(len, false);
	printf("0 heard\n");
}

/* Messages come one by one. Numbers are of one group. */
static void count(int msec)
{
	const struct nlattr *attr;
	uint64_t first = 0, last = 0, events = 0, overruns = 0;
	int len;

	while ((len = receive(msec))) {
		overruns += len < 0;
		if (len < 0 || !is_event(&in.head))
			continue;
		attr = (void *)((char *)NLMSG_DATA(&in.head) + GENL_HDRLEN);
		last = number(find(attr, len - NLMSG_LENGTH(GENL_HDRLEN),
				   MEMHP_A_SEGMENT_SEQ));
		first = first ? first : last;
		events++;
	}
	printf("0 %llu events, %llu missing, %llu overruns\n",
	       (unsigned long long)events,
	       (unsigned long long)(events ? last - first + 1 - events : 0),
	       (unsigned long long)overruns);
}

static void set_buffer(int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		fail("SO_RCVBUFFORCE");
}

/* The plugin sees the instruction; the processor does nothing. */
static void mark(int window)
{
	counted = window >= 0;
	switch (window) {
	case 0:
		mark_begin(0);
		break;
	case 1:
		mark_begin(1);
		break;
	case 2:
		mark_begin(2);
		break;
	case 3:
		mark_begin(3);
		break;
	default:
		mark_end();
	}
}

/* Requests */

/* What is answered with an object needs no acknowledgement besides. */
struct command {
	const char *name;
	int number, flags;
	bool quota;
};

static const struct command commands[] = {
	{ "windows", MEMHP_CMD_WINDOW_GET, NLM_F_DUMP, false },
	{ "segments", MEMHP_CMD_SEGMENT_GET, NLM_F_DUMP, false },
	{ "quotas", MEMHP_CMD_QUOTA_GET, NLM_F_DUMP, true },
	{ "get", MEMHP_CMD_SEGMENT_GET, 0, false },
	{ "attach", MEMHP_CMD_ATTACH, 0, false },
	{ "detach", MEMHP_CMD_DETACH, NLM_F_ACK, false },
	{ "change", MEMHP_CMD_CHANGE, NLM_F_ACK, false },
	{ "abort", MEMHP_CMD_ABORT, NLM_F_ACK, false },
	{ "reclaim", MEMHP_CMD_RECLAIM, 0, false },
	{ "quota", MEMHP_CMD_QUOTA_GET, 0, true },
	{ "quota-set", MEMHP_CMD_QUOTA_SET, NLM_F_ACK, true },
	{ NULL, 0, 0, false },
};

struct word {
	const char *name;
	int type, bytes;
};

static const struct word segment_words[] = {
	{ "cookie", MEMHP_A_SEGMENT_COOKIE, 8 },
	{ "window", MEMHP_A_SEGMENT_WINDOW, 8 },
	{ "node", MEMHP_A_SEGMENT_NODE, 4 },
	{ "policy", MEMHP_A_SEGMENT_POLICY, 4 },
	{ "memmap", MEMHP_A_SEGMENT_MEMMAP, 4 },
	{ "deadline", MEMHP_A_SEGMENT_DEADLINE_MS, 4 },
	{ "wait", MEMHP_A_SEGMENT_WAIT_MS, 4 },
	{ NULL, 0, 0 },
};

static const struct word quota_words[] = {
	{ "bytes", MEMHP_A_QUOTA_BYTES, 8 },
	{ "segments", MEMHP_A_QUOTA_SEGMENTS, 8 },
	{ "pending", MEMHP_A_QUOTA_PENDING, 8 },
	{ "metadata", MEMHP_A_QUOTA_METADATA, 8 },
	{ NULL, 0, 0 },
};

static void put_uuid(unsigned long n)
{
	unsigned char uuid[16] = { [13] = n >> 16, [14] = n >> 8, [15] = n };

	put(MEMHP_A_SEGMENT_UUID, uuid, sizeof(uuid));
}

static void put_range(const char *text)
{
	struct nlattr *nest = put(MEMHP_A_SEGMENT_RANGE | NLA_F_NESTED, NULL, 0);
	const char *plus = strchr(text, '+');
	uint64_t start = strtoull(text, NULL, 0), size;

	if (plus != text)
		put(MEMHP_A_RANGE_START, &start, sizeof(start));
	for (; plus; plus = strchr(plus + 1, '+')) {
		size = strtoull(plus + 1, NULL, 0);
		put(MEMHP_A_RANGE_SIZE, &size, sizeof(size));
	}
	close_nest(nest);
}

/* Numbers that are not there are not sent. */
static void put_distance(const char *text)
{
	struct nlattr *nest = put(MEMHP_A_SEGMENT_DISTANCE | NLA_F_NESTED, NULL, 0);
	char *end;

	for (int type = MEMHP_A_DISTANCE_NODE; text; type++) {
		uint32_t value = strtoul(text, &end, 0);

		if (end != text)
			put(type, &value, sizeof(value));
		text = *end == ':' ? end + 1 : NULL;
	}
	close_nest(nest);
}

static void put_number(const struct word *w, const char *name, const char *text)
{
	uint64_t value = strtoull(text, NULL, 0);

	for (; w->name; w++)
		if (!strcmp(w->name, name)) {
			put(w->type, &value, w->bytes);
			return;
		}
	fprintf(stderr, "no attribute %s\n", name);
	exit(2);
}

static void put_word(const struct command *c, char *word, int *cut)
{
	char *text = strchr(word, '=');

	if (!text) {
		fprintf(stderr, "%s: NAME=VALUE is wanted\n", word);
		exit(2);
	}
	*text++ = '\0';
	if (!strcmp(word, "version"))
		((struct genlmsghdr *)NLMSG_DATA(&out.head))->version = atoi(text);
	else if (!strcmp(word, "cut"))
		*cut = atoi(text);
	else if (!strcmp(word, "owner"))
		put(c->quota ? MEMHP_A_QUOTA_OWNER : MEMHP_A_SEGMENT_OWNER,
		    text, strlen(text) + 1);
	else if (!strcmp(word, "uuid"))
		put_uuid(strtoul(text, NULL, 0));
	else if (!strcmp(word, "range"))
		put_range(text);
	else if (!strcmp(word, "distance"))
		put_distance(text);
	else
		put_number(c->quota ? quota_words : segment_words, word, text);
}

static const struct command *find_command(const char *name)
{
	const struct command *c = commands;

	while (c->name && strcmp(c->name, name))
		c++;
	return c->name ? c : NULL;
}

static void make_request(const struct command *c, int argc, char **argv)
{
	int cut = 0;

	begin(family, c->number, MEMHP_FAMILY_VERSION, c->flags);
	for (int i = 1; i < argc; i++)
		put_word(c, argv[i], &cut);
	out.head.nlmsg_len -= cut;
}

static void request(const struct command *c, int argc, char **argv)
{
	make_request(c, argc, argv);
	transmit();
	take_answer(false);
}

static void repeat(int times, int argc, char **argv)
{
	const struct command *c = argc ? find_command(argv[0]) : NULL;
	int err = 0;

	if (!c) {
		fprintf(stderr, "times N what?\n");
		exit(2);
	}
	make_request(c, argc, argv);
	for (int i = 0; i < times; i++) {
		out.head.nlmsg_seq = ++sequence;
		transmit();
		take_answer(true);
		err = err ? err : last_error;
	}
	printf("%d %d times\n", err, times);
}

/* Nonsense */

static uint64_t seed;

static unsigned int draw(unsigned int below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

/* Values that code might stumble over, and small ones. */
static uint64_t odd_number(void)
{
	static const uint64_t odd[] = {
		0, 1, 4096, 1 << 27, 0x80000000, 0x88000000, 1ULL << 40, 1ULL << 52,
		1ULL << 63, -1ULL, -1ULL << 27, 0x7fffffff, 0xffffffff,
	};

	return draw(3) ? odd[draw(sizeof(odd) / sizeof(*odd))] : draw(64);
}

static void put_nonsense(int depth)
{
	char bytes[64];
	int type = draw(24), len = draw(2) ? 4 << draw(3) : (int)draw(48);
	uint64_t value = odd_number();
	struct nlattr *nest;

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = draw(4) ? draw(256) : 0;
	memcpy(bytes, &value, sizeof(value));
	if (depth && !draw(4)) {
		nest = put(type | (draw(4) ? NLA_F_NESTED : 0), NULL, 0);
		for (int i = draw(4); i > 0; i--)
			put_nonsense(depth - 1);
		close_nest(nest);
	} else {
		put(type | (draw(8) ? 0 : NLA_F_NESTED), bytes, len);
	}
}

static void put_u32(int type, uint32_t value)
{
	put(type, &value, sizeof(value));
}

/*
 * Half of them are good but for a little. What is onlined is movable, so that it can
 * leave again.
 */
static void put_almost_good(int command)
{
	if (command >= MEMHP_CMD_QUOTA_GET) {
		put(MEMHP_A_QUOTA_OWNER, "fuzz", 5);
		return;
	}
	put_uuid(1000 + draw(4));
	if (command == MEMHP_CMD_ATTACH || command == MEMHP_CMD_RECLAIM)
		put(MEMHP_A_SEGMENT_OWNER, "fuzz", 5);
	if (command == MEMHP_CMD_ATTACH || command == MEMHP_CMD_CHANGE)
		put_u32(MEMHP_A_SEGMENT_POLICY, draw(2) ? MEMHP_POLICY_ONLINE_MOVABLE :
							  MEMHP_POLICY_OFFLINE);
	if (command == MEMHP_CMD_ATTACH)
		put_range(draw(2) ? "0x80000000+0x8000000" : "+0x8000000");
	if (command == MEMHP_CMD_DETACH)
		put_u32(MEMHP_A_SEGMENT_DEADLINE_MS, draw(3) * 50);
}

static void fuzz(unsigned int count, unsigned int from)
{
	unsigned int answered = 0;

	seed = from;
	while (count--) {
		int command = draw(14);

		begin(family, command, draw(16) ? 1 : draw(256),
		      NLM_F_ACK | (draw(8) ? 0 : NLM_F_DUMP));
		if (draw(2))
			put_almost_good(command);
		for (int i = (int)draw(4) - 1; i > 0; i--)
			put_nonsense(3);
		/* to what is shorter than a header the kernel never answers */
		if (!draw(8) && out.head.nlmsg_len >= NLMSG_HDRLEN + 8)
			out.head.nlmsg_len -= draw(8);
		transmit();
		take_answer(true);
		answered++;
	}
	printf("0 %u\n", answered);
}

/* Words */

static void enter(int flag)
{
	if (unshare(flag))
		fail("unshare");
	say_resolved();
}

static bool other_command(int argc, char **argv)
{
	const char *name = argv[0];

	if (!strcmp(name, "join") && argc > 1)
		join(argv[1]);
	else if (!strcmp(name, "hear") && argc > 1)
		hear(atoi(argv[1]));
	else if (!strcmp(name, "small"))
		set_buffer(1);
	else if (!strcmp(name, "large"))
		set_buffer(64 << 20);
	else if (!strcmp(name, "count") && argc > 1)
		count(atoi(argv[1]));
	else if (!strcmp(name, "times") && argc > 2)
		repeat(atoi(argv[1]), argc - 2, argv + 2);
	else if (!strcmp(name, "mark") && argc > 1)
		mark(atoi(argv[1]));
	else if (!strcmp(name, "sleep") && argc > 1)
		usleep(atoi(argv[1]) * 1000);
	else if (!strcmp(name, "nocap"))
		become_less(CAP_SYS_ADMIN);
	else if (!strcmp(name, "nonet"))
		become_less(CAP_NET_ADMIN);
	else if (!strcmp(name, "netns"))
		enter(CLONE_NEWNET);
	else if (!strcmp(name, "userns"))
		enter(CLONE_NEWUSER);
	else if (!strcmp(name, "fuzz") && argc > 2)
		fuzz(atoi(argv[1]), atoi(argv[2]));
	else
		return false;
	return true;
}

static void run(int argc, char **argv)
{
	const struct command *c = find_command(argv[0]);

	if (c) {
		request(c, argc, argv);
	} else if (!other_command(argc, argv)) {
		fprintf(stderr, "no command %s, or words are missing\n", argv[0]);
		exit(2);
	}
	write_lines();
}

int main(int argc, char **argv)
{
	int first = 1, last;

	open_socket();
	if (!resolve()) {
		printf("%d no family memhp\n", ENOENT);
		return 1;
	}
	for (; first < argc; first = last + 1) {
		for (last = first; last < argc && strcmp(argv[last], "--"); last++)
			;
		if (last > first)
			run(last - first, argv + first);
	}
	return 0;
}
