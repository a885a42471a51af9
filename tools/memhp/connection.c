// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections to the kernel's family "memhp". See libmemhp.h.
 *
 * Owns:      the socket, and which answer belongs to which request.
 * Must not:  know an attribute: message.c does.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

#define TRIES	16		/* of a dump that was interrupted by changes */

struct memhp {
	struct mnl_socket *socket;
	struct family family;
	uint32_t seq;
	bool listens;
	char text[256];
	char out[MESSAGE_ROOM] __attribute__((aligned(8)));
	char in[1 << 15] __attribute__((aligned(8)));
};

static int fail(struct memhp *m, int err, const char *text)
{
	snprintf(m->text, sizeof(m->text), "%s", text);
	return err;
}

/* Requests and answers */

typedef int (*message_fn)(const struct nlmsghdr *msg, void *arg);

struct answer {
	message_fn fn;
	void *arg;
	int err;		/* of the first message that was not understood */
	bool single;		/* an object is all that comes */
	bool over, interrupted;
};

static void take_message(struct memhp *m, const struct nlmsghdr *msg,
			 struct answer *answer)
{
	int err;

	if (msg->nlmsg_seq != m->seq)
		return;
	answer->interrupted |= msg->nlmsg_flags & NLM_F_DUMP_INTR;
	if (msg->nlmsg_type == NLMSG_ERROR || msg->nlmsg_type == NLMSG_DONE) {
		err = decode_end(msg, m->text, sizeof(m->text));
		answer->err = answer->err ? answer->err : err;
		answer->over = true;
		return;
	}
	if (answer->fn && !answer->err)
		answer->err = answer->fn(msg, answer->arg);
	answer->over |= answer->single;
}

static int receive(struct memhp *m, struct answer *answer)
{
	int length = mnl_socket_recvfrom(m->socket, m->in, sizeof(m->in));
	const struct nlmsghdr *msg = (void *)m->in;

	if (length < 0)
		return errno == EINTR ? 0 : -errno;
	for (; mnl_nlmsg_ok(msg, length); msg = mnl_nlmsg_next(msg, &length))
		take_message(m, msg, answer);
	return 0;
}

static int exchange(struct memhp *m, struct nlmsghdr *msg, message_fn fn, void *arg)
{
	struct answer answer = {
		.fn = fn,
		.arg = arg,
		.single = !(msg->nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP)),
	};
	int err = 0;

	m->text[0] = '\0';
	if (m->listens)
		return fail(m, -EINVAL,
			    "this connection listens, open another one to ask");
	msg->nlmsg_seq = ++m->seq;
	if (mnl_socket_sendto(m->socket, msg, msg->nlmsg_len) < 0)
		return fail(m, -errno, "the request could not be sent");
	while (!err && !answer.over)
		err = receive(m, &answer);
	if (err)
		return fail(m, err, "the answer could not be received");
	/* the flag admin-perm refuses before anybody could say why */
	if (answer.err == -EPERM && !m->text[0])
		return fail(m, answer.err, "CAP_NET_ADMIN and CAP_SYS_ADMIN in the initial "
			    "user namespace are needed");
	if (answer.err == -EBADMSG)
		return fail(m, answer.err, "the kernel's answer is not understood");
	return answer.err ? answer.err : answer.interrupted ? -EAGAIN : 0;
}

/* What is answered with an object needs no acknowledgement besides. */
static uint16_t acknowledged(uint8_t command)
{
	switch (command) {
	case MEMHP_CMD_SEGMENT_GET:
	case MEMHP_CMD_ATTACH:
	case MEMHP_CMD_RECLAIM:
	case MEMHP_CMD_QUOTA_GET:
		return 0;
	default:
		return NLM_F_ACK;
	}
}

static struct nlmsghdr *request(struct memhp *m, uint8_t command)
{
	return message_begin(m->out, m->family.id, command, acknowledged(command));
}

static struct nlmsghdr *about(struct memhp *m, uint8_t command,
			      const uint8_t uuid[MEMHP_UUID_LEN])
{
	struct nlmsghdr *msg = request(m, command);

	message_uuid(msg, uuid);
	return msg;
}

/* What is wrong with a request before it is sent. */
static int refuse(struct memhp *m, int err)
{
	switch (err) {
	case -ENAMETOOLONG:
		return fail(m, err, "the name of an owner has at most 31 bytes");
	case -E2BIG:
		return fail(m, err, "a segment has 16 ranges at most, make two of it");
	default:
		return fail(m, err, "name an owner, whose quota it is counted in");
	}
}

/* Lists */

struct list {
	char *at;
	size_t nr, size;
	message_fn parse;	/* into what comes next in the list */
};

static int add_to_list(const struct nlmsghdr *msg, void *arg)
{
	struct list *list = arg;
	char *more = realloc(list->at, (list->nr + 1) * list->size);
	int (*parse)(const struct nlmsghdr *msg, void *to) = list->parse;

	if (!more)
		return -ENOMEM;
	list->at = more;
	return parse(msg, more + list->nr++ * list->size);
}

static int dump(struct memhp *m, uint8_t command, struct list *list)
{
	int tries, err = -EAGAIN;

	list->at = malloc(list->size);
	if (!list->at)
		return fail(m, -ENOMEM, "no memory for a list, free some");
	for (tries = 0; err == -EAGAIN && tries < TRIES; tries++) {
		list->nr = 0;
		err = exchange(m, message_begin(m->out, m->family.id, command,
						NLM_F_DUMP), add_to_list, list);
	}
	if (!err)
		return list->nr;
	free(list->at);
	list->at = NULL;
	return err;
}

int memhp_windows(struct memhp *m, struct memhp_window **list)
{
	struct list found = { .size = sizeof(**list), .parse = decode_window };
	int nr = dump(m, MEMHP_CMD_WINDOW_GET, &found);

	*list = (void *)found.at;
	return nr;
}

int memhp_segments(struct memhp *m, struct memhp_segment **list)
{
	struct list found = { .size = sizeof(**list), .parse = decode_segment };
	int nr = dump(m, MEMHP_CMD_SEGMENT_GET, &found);

	*list = (void *)found.at;
	return nr;
}

int memhp_quotas(struct memhp *m, struct memhp_quota **list)
{
	struct list found = { .size = sizeof(**list), .parse = decode_quota };
	int nr = dump(m, MEMHP_CMD_QUOTA_GET, &found);

	*list = (void *)found.at;
	return nr;
}

/* One of them */

int memhp_segment(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		  struct memhp_segment *segment)
{
	return exchange(m, about(m, MEMHP_CMD_SEGMENT_GET, uuid), decode_segment,
			segment);
}

int memhp_quota(struct memhp *m, const char *owner, struct memhp_quota *quota)
{
	struct nlmsghdr *msg = request(m, MEMHP_CMD_QUOTA_GET);
	int err = message_name(msg, MEMHP_A_QUOTA_OWNER, owner);

	return err ? refuse(m, err) : exchange(m, msg, decode_quota, quota);
}

int memhp_set_quota(struct memhp *m, const char *owner,
		    const struct memhp_quota_change *change)
{
	struct nlmsghdr *msg = request(m, MEMHP_CMD_QUOTA_SET);
	int err = message_quota(msg, owner, change);

	return err ? refuse(m, err) : exchange(m, msg, NULL, NULL);
}

/* Doing something */

void memhp_attach_init(struct memhp_attach_request *request)
{
	*request = (struct memhp_attach_request){
		.window	= MEMHP_ANY_PLACE,
		.node	= MEMHP_ANY_NODE,
		.policy	= MEMHP_POLICY_ONLINE,
		.memmap	= MEMHP_MEMMAP_ANY,
	};
}

int memhp_attach(struct memhp *m, const struct memhp_attach_request *request_,
		 struct memhp_segment *segment)
{
	return memhp_attach_distances(m, request_, NULL, 0, segment);
}

int memhp_attach_distances(struct memhp *m,
			   const struct memhp_attach_request *request_,
			   const struct memhp_distance *distance, unsigned int nr,
			   struct memhp_segment *segment)
{
	struct nlmsghdr *msg = request(m, MEMHP_CMD_ATTACH);
	int err = message_attach(msg, request_);

	if (err)
		return refuse(m, err);
	err = message_distances(msg, distance, nr);
	if (err)
		return fail(m, err,
			    "a node gets 16 distances at most, set the others by /sys/kernel/mm/node_map");
	return exchange(m, msg, segment ? decode_segment : NULL, segment);
}

int memhp_detach(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		 const struct memhp_range *part, uint32_t deadline_ms,
		 uint32_t wait_ms)
{
	struct nlmsghdr *msg = about(m, MEMHP_CMD_DETACH, uuid);

	if (part)
		message_range(msg, part);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_DEADLINE_MS, deadline_ms);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_WAIT_MS, wait_ms);
	return exchange(m, msg, NULL, NULL);
}

int memhp_change(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		 uint32_t policy, uint32_t deadline_ms, uint32_t wait_ms)
{
	struct nlmsghdr *msg = about(m, MEMHP_CMD_CHANGE, uuid);

	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_POLICY, policy);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_DEADLINE_MS, deadline_ms);
	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_WAIT_MS, wait_ms);
	return exchange(m, msg, NULL, NULL);
}

int memhp_abort(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		uint32_t wait_ms)
{
	struct nlmsghdr *msg = about(m, MEMHP_CMD_ABORT, uuid);

	mnl_attr_put_u32(msg, MEMHP_A_SEGMENT_WAIT_MS, wait_ms);
	return exchange(m, msg, NULL, NULL);
}

int memhp_reclaim(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		  const char *owner, const uint64_t *cookie,
		  struct memhp_segment *segment)
{
	struct nlmsghdr *msg = about(m, MEMHP_CMD_RECLAIM, uuid);
	int err = message_name(msg, MEMHP_A_SEGMENT_OWNER, owner);

	if (err)
		return refuse(m, err);
	if (cookie)
		mnl_attr_put_u64(msg, MEMHP_A_SEGMENT_COOKIE, *cookie);
	return exchange(m, msg, segment ? decode_segment : NULL, segment);
}

/* Connections */

static int take_family(const struct nlmsghdr *msg, void *family)
{
	return decode_family(msg, family);
}

static int find_family(struct memhp *m)
{
	struct nlmsghdr *msg = message_begin(m->out, GENL_ID_CTRL,
					     CTRL_CMD_GETFAMILY, NLM_F_ACK);

	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, MEMHP_FAMILY_NAME);
	return exchange(m, msg, take_family, &m->family);
}

static int connect_socket(struct memhp *m)
{
	int on = 1;

	m->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!m->socket || mnl_socket_bind(m->socket, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	mnl_socket_setsockopt(m->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(m->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	return find_family(m);
}

int memhp_open(struct memhp **m)
{
	int err;

	*m = calloc(1, sizeof(**m));
	if (!*m)
		return -ENOMEM;
	err = connect_socket(*m);
	if (err) {
		memhp_close(*m);
		*m = NULL;
	}
	return err;
}

void memhp_close(struct memhp *m)
{
	if (m && m->socket)
		mnl_socket_close(m->socket);
	free(m);
}

int memhp_fd(const struct memhp *m)
{
	return mnl_socket_get_fd(m->socket);
}

const char *memhp_text(const struct memhp *m)
{
	return m->text;
}

/* Events */

static int join(struct memhp *m, uint32_t group)
{
	int id = group;

	if (!mnl_socket_setsockopt(m->socket, NETLINK_ADD_MEMBERSHIP, &id, sizeof(id)))
		return 0;
	return fail(m, -errno, errno == EPERM ?
		    "CAP_SYS_ADMIN in the initial user namespace is needed" :
		    "the group of events cannot be joined");
}

int memhp_listen(struct memhp *m, bool progress)
{
	int err;

	m->text[0] = '\0';
	err = join(m, m->family.events);
	if (!err && progress)
		err = join(m, m->family.progress);
	m->listens = !err;
	return err;
}

static bool is_news(const struct memhp *m, const struct nlmsghdr *msg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(msg);

	return msg->nlmsg_type == m->family.id &&
	       msg->nlmsg_len >= MNL_NLMSG_HDRLEN + sizeof(*genl) &&
	       (genl->cmd == MEMHP_CMD_EVENT_NTF ||
		genl->cmd == MEMHP_CMD_PROGRESS_NTF);
}

/*
 * While a message is left, more may be lost without a word: what is asked for after this
 * is not older than what is heard then.
 */
static int forget_news(struct memhp *m)
{
	ssize_t got;

	do
		got = recv(memhp_fd(m), m->in, sizeof(m->in), MSG_DONTWAIT);
	while (got >= 0 || errno == ENOBUFS || errno == EINTR);
	return fail(m, -ENOBUFS, "events were lost: look at all segments again");
}

/* The kernel sends an event alone. */
static int read_news(struct memhp *m, struct memhp_news *news)
{
	int length = mnl_socket_recvfrom(m->socket, m->in, sizeof(m->in));
	const struct nlmsghdr *msg = (void *)m->in;
	int err;

	if (length < 0 && errno == ENOBUFS)
		return forget_news(m);
	if (length < 0)
		return fail(m, -errno, "no event could be received");
	if (!mnl_nlmsg_ok(msg, length) || !is_news(m, msg))
		return 0;
	err = decode_news(msg, news);
	return err ? fail(m, err, "an event is not understood") : 1;
}

int memhp_next(struct memhp *m, int timeout_ms, struct memhp_news *news)
{
	struct pollfd poll_fd = { .fd = memhp_fd(m), .events = POLLIN };
	int ready;

	m->text[0] = '\0';
	if (!m->listens)
		return fail(m, -EINVAL, "this connection does not listen");
	ready = poll(&poll_fd, 1, timeout_ms);
	if (ready < 0)
		return fail(m, -errno, "waiting for an event was interrupted");
	return ready ? read_news(m, news) : 0;
}

/* Until it is over */

struct waiting {
	const uint8_t *uuid;
	memhp_progress_fn progress;
	void *arg;
	int failed;			/* error of the last one, an attach that left nothing */
	char text[MEMHP_TEXT_LEN + 1];
};

static void note_news(struct waiting *w, const struct memhp_news *news)
{
	if (memcmp(news->segment.uuid, w->uuid, MEMHP_UUID_LEN))
		return;
	if (news->event == MEMHP_EVENT_PROGRESS && w->progress)
		w->progress(&news->segment, w->arg);
	if (news->event == MEMHP_EVENT_FAILED) {
		w->failed = news->segment.error;
		memcpy(w->text, news->segment.text, sizeof(w->text));
	} else if (news->event != MEMHP_EVENT_PROGRESS) {
		w->failed = 0;		/* that was before */
	}
}

/* What came already; the first call does not wait. 0: look again. */
static int hear(struct memhp *listener, struct waiting *w, int timeout_ms)
{
	struct memhp_news news;
	int got = memhp_next(listener, timeout_ms, &news);

	while (got > 0) {
		note_news(w, &news);
		got = memhp_next(listener, 0, &news);
	}
	return got == -ENOBUFS || got == -EINTR ? 0 : got;
}

static bool at_rest(const struct memhp_segment *segment)
{
	return segment->state == MEMHP_STATE_ATTACHED ||
	       segment->state == MEMHP_STATE_ABSENT;
}

static int look(struct memhp *m, const uint8_t *uuid, struct memhp_segment *segment)
{
	int err = memhp_segment(m, uuid, segment);

	if (err != -ENOENT)
		return err;
	m->text[0] = '\0';
	memset(segment, 0, sizeof(*segment));
	memcpy(segment->uuid, uuid, MEMHP_UUID_LEN);
	segment->state = MEMHP_STATE_ABSENT;
	return 0;
}

int memhp_wait(struct memhp *m, struct memhp *listener,
	       const uint8_t uuid[MEMHP_UUID_LEN], memhp_progress_fn progress,
	       void *arg, struct memhp_segment *segment)
{
	struct waiting w = { .uuid = uuid, .progress = progress, .arg = arg };
	int err = look(m, uuid, segment);

	while (!err && !at_rest(segment)) {
		err = hear(listener, &w, 1000);
		if (err < 0)
			return fail(m, err, memhp_text(listener));
		err = look(m, uuid, segment);
	}
	if (err)
		return err;
	hear(listener, &w, 0);
	if (segment->state == MEMHP_STATE_ATTACHED && segment->error)
		return fail(m, segment->error, segment->text);
	if (segment->state == MEMHP_STATE_ABSENT && w.failed)
		return fail(m, w.failed, w.text);
	return 0;
}
