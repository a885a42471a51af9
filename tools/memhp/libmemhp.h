/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libmemhp: memory that programs attach and detach, by the netlink family "memhp".
 *
 * Owns:      connections to the kernel, and what they carry as C structs.
 * Must not:  print, end the program, or keep anything outside of a connection. Two
 *            threads may use two connections at once; not one.
 *
 * Functions that can fail return 0, or what they say, or a negative errno; then
 * memhp_text() has the reason in words, the kernel's or the library's. See libmemhp(3).
 */
#ifndef _LIBMEMHP_H
#define _LIBMEMHP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/memhp.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEMHP_ANY_PLACE		UINT64_MAX	/* of a range, or window */
#define MEMHP_ANY_NODE		(-1)
#define MEMHP_NO_LIMIT		UINT64_MAX	/* of a quota */
#define MEMHP_UUID_TEXT		37		/* bytes of a uuid in words, with the 0 */

struct memhp;

struct memhp_range {
	uint64_t start, size;		/* bytes */
};

/* Another node's, from the node that is named: there, and back. */
struct memhp_distance {
	uint32_t node, to;
	uint32_t from;			/* 0: as far as there */
};

struct memhp_window {
	uint64_t start, size;
	int32_t node;			/* -1: not known */
	uint32_t source;		/* enum memhp_source */
	uint64_t limit, used;		/* bytes that segments may have, and have */
	uint64_t block;			/* bytes of a memory block */
};

struct memhp_blocker {
	uint64_t pfn;
	uint32_t refs;			/* that nothing explains */
	uint32_t kind;			/* enum memhp_blocker_kind */
	uint64_t memcg, inode;		/* 0: none */
};

struct memhp_segment {
	uint8_t uuid[MEMHP_UUID_LEN];
	char owner[MEMHP_OWNER_LEN + 1];
	uint64_t cookie;
	struct memhp_range range[MEMHP_MAX_RANGES];
	uint32_t nr_ranges;
	uint32_t node;
	uint32_t policy;		/* enum memhp_policy */
	uint32_t memmap;		/* enum memhp_memmap */
	uint32_t state;			/* enum memhp_state */
	uint32_t usage;			/* enum memhp_usage */
	uint32_t orphan;		/* 1: no controller is behind it */
	int32_t error;			/* negative errno of what was tried last */
	uint64_t size, done;		/* bytes, and those that are done */
	uint64_t seq;			/* last event that it knows, or the event's */
	char text[MEMHP_TEXT_LEN + 1];	/* error in words */
	struct memhp_blocker blocker[MEMHP_MAX_BLOCKERS];
	uint32_t nr_blockers;
};

/* What happened to a segment, and what it is now. */
struct memhp_news {
	uint32_t event;			/* enum memhp_event; its number is segment.seq */
	struct memhp_segment segment;
};

struct memhp_quota {
	char owner[MEMHP_OWNER_LEN + 1];
	uint64_t bytes, segments, pending, metadata;
	uint64_t used_bytes, used_segments, used_pending, used_metadata;
};

struct memhp_attach_request {
	uint8_t uuid[MEMHP_UUID_LEN];
	const char *owner;
	uint64_t cookie;
	uint64_t window;		/* MEMHP_ANY_PLACE: any */
	const struct memhp_range *range; /* start MEMHP_ANY_PLACE: any that is free */
	unsigned int nr_ranges;
	int node;			/* MEMHP_ANY_NODE: that of the window */
	uint32_t policy;
	uint32_t memmap;
	uint32_t wait_ms;		/* at most MEMHP_MAX_WAIT_MS */
};

/* Limits to set; NULL leaves one as it is. */
struct memhp_quota_change {
	const uint64_t *bytes, *segments, *pending, *metadata;
};

/* Connections */

/**
 * memhp_open() - connect to the kernel
 * @m: gets the connection; memhp_close() when done. NULL after an error.
 *
 * The connection is the controller: what is attached by it is its own until it is
 * closed, by whatever cause. Then it is an orphan.
 *
 * Return: 0, -ENOENT: this kernel, or this network namespace, has no such family;
 * -ENOMEM; what socket(2) and bind(2) say.
 */
int memhp_open(struct memhp **m);

/**
 * memhp_close() - end a connection
 * @m: it; NULL is none
 */
void memhp_close(struct memhp *m);

/**
 * memhp_fd() - the socket, for poll(2) in a loop of one's own
 * @m: connection
 */
int memhp_fd(const struct memhp *m);

/**
 * memhp_text() - why the last call with this connection failed
 * @m: connection
 *
 * Return: words, valid until the next call with @m; "" if it went well, or if nobody
 * said more than the error number does.
 */
const char *memhp_text(const struct memhp *m);

/* What there is */

/**
 * memhp_windows() - where memory may appear
 * @m: connection
 * @list: gets an array; free(3) it, also if it has no member
 *
 * Return: how many there are, or -EPERM without CAP_SYS_ADMIN and
 * CAP_NET_ADMIN, as all that asks; -ENOMEM, -EBADMSG.
 */
int memhp_windows(struct memhp *m, struct memhp_window **list);

/**
 * memhp_segments() - all segments, each as it is when its turn comes
 * @m: connection
 * @list: gets an array; free(3) it, also if it has no member
 *
 * Return: how many there are, or as memhp_windows(); -EAGAIN if they change all the time.
 */
int memhp_segments(struct memhp *m, struct memhp_segment **list);

/**
 * memhp_segment() - one segment
 * @m: connection
 * @uuid: its name
 * @segment: gets what it is
 *
 * Return: 0, -ENOENT: there is none; -EINVAL: a uuid of zeroes; -EPERM.
 */
int memhp_segment(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		  struct memhp_segment *segment);

/**
 * memhp_quotas() - what all owners may have, and have
 * @m: connection
 * @list: gets an array; free(3) it, also if it has no member
 *
 * Return: how many there are, or as memhp_windows().
 */
int memhp_quotas(struct memhp *m, struct memhp_quota **list);

/**
 * memhp_quota() - what an owner may have, and has
 * @m: connection
 * @owner: its name
 * @quota: gets it
 *
 * Return: 0, -ENOENT: nobody of that name ever had anything; -EINVAL, -EPERM.
 */
int memhp_quota(struct memhp *m, const char *owner, struct memhp_quota *quota);

/**
 * memhp_set_quota() - set what an owner may have
 * @m: connection
 * @owner: its name, which need not be known yet
 * @change: limits; MEMHP_NO_LIMIT is none. May be lower than what is used.
 *
 * Return: 0, -EINVAL, -EPERM, -ENOMEM.
 */
int memhp_set_quota(struct memhp *m, const char *owner,
		    const struct memhp_quota_change *change);

/* Doing something */

/**
 * memhp_attach_init() - an attach request that asks for nothing special
 * @request: gets any window, node and place of page structs, the kernel's own policy,
 *	     cookie 0, no wait. Uuid, owner and ranges are for the caller to fill in.
 */
void memhp_attach_init(struct memhp_attach_request *request);

/**
 * memhp_attach() - attach memory, all of it or nothing
 * @m: connection, which is its controller then
 * @request: what and where
 * @segment: gets what it is, or NULL. Its state is MEMHP_STATE_ATTACHING if the memory
 *	     is still on its way: see memhp_wait().
 *
 * Sent again with the same uuid and ranges it changes nothing, and goes well.
 *
 * Return: 0; -EINVAL, -ERANGE, -ENAMETOOLONG: words that cannot be; -EPERM: a
 * capability is missing, no window, locked down; -EEXIST: memory or another's segment is there;
 * -EOWNERDEAD: reclaim it; -EDQUOT, -ENOSPC, -E2BIG, -EOPNOTSUPP, -ENOMEM.
 */
int memhp_attach(struct memhp *m, const struct memhp_attach_request *request,
		 struct memhp_segment *segment);

/**
 * memhp_attach_distances() - attach memory to a node that gets distances with it
 * @m: connection, which is its controller then
 * @request: what and where; its node is named
 * @distance: of other nodes, each once, 11 to 255; those of the rest stay
 * @nr: how many, at most MEMHP_MAX_DISTANCES; 0 is memhp_attach()
 * @segment: gets what it is, or NULL
 *
 * They hold before the memory is there, stay when it goes, and are as before if it cannot
 * be attached. They are the node's: a repeated attach does not look at them.
 *
 * Return: as memhp_attach(); -EINVAL, -ERANGE: no such node or distance; -EEXIST: the
 * node has memory that is online, and other distances; -E2BIG: too many.
 */
int memhp_attach_distances(struct memhp *m,
			   const struct memhp_attach_request *request,
			   const struct memhp_distance *distance, unsigned int nr,
			   struct memhp_segment *segment);

/**
 * memhp_detach() - begin to take a segment away
 * @m: connection that attached or reclaimed it; stays open until it is over
 * @uuid: its name
 * @part: the range that leaves, or NULL for all of it
 * @deadline_ms: undone if it takes longer; not 0
 * @wait_ms: how long the answer may wait for the end, at most MEMHP_MAX_WAIT_MS
 *
 * Return: 0: begun, or done; -ETIMEDOUT: undone, and memhp_segment() has the blockers;
 * -ENOENT, -EINVAL, -ERANGE; -EPERM: another's; -EOWNERDEAD: an orphan; -EBUSY; -EDQUOT;
 * -ECANCELED: somebody called it off, and it is undone; -ENOMEM.
 */
int memhp_detach(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		 const struct memhp_range *part, uint32_t deadline_ms,
		 uint32_t wait_ms);

/**
 * memhp_change() - begin to take all memory of a segment online or offline
 * @m: connection that attached or reclaimed it
 * @uuid: its name
 * @policy: enum memhp_policy
 * @deadline_ms: undone if it takes longer; not 0
 * @wait_ms: how long the answer may wait for the end, at most MEMHP_MAX_WAIT_MS
 *
 * Return: as memhp_detach(); -EHWPOISON: a page of it is poisoned, so that it could not
 * come online again.
 */
int memhp_change(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		 uint32_t policy, uint32_t deadline_ms, uint32_t wait_ms);

/**
 * memhp_abort() - call off what is under way with a segment
 * @m: connection that attached or reclaimed it
 * @uuid: its name
 * @wait_ms: how long the answer may wait until all is undone; 0: not at all, and then 0
 *	     says no more than that it was called off
 *
 * Return: 0: called off, and all is as before; -EALREADY: nothing is under way, or it was
 * done before it could be called off; -EINPROGRESS: called off, but the wait was over
 * first; -EBUSY: an attach was called off, but a part is in use and stays: detach it; or
 * the error of what had failed by itself, which is undone; -ENOENT, -EINVAL, -ERANGE,
 * -EPERM, -EOWNERDEAD.
 */
int memhp_abort(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		uint32_t wait_ms);

/**
 * memhp_reclaim() - take over a segment whose controller died
 * @m: connection, which is its controller then
 * @uuid: its name
 * @owner: whose quota it counts in from now on
 * @cookie: a new one, or NULL to keep the old one
 * @segment: gets what it is, or NULL
 *
 * Return: 0; -EBUSY: its controller lives; -ENOENT, -EINVAL, -EPERM, -EDQUOT.
 */
int memhp_reclaim(struct memhp *m, const uint8_t uuid[MEMHP_UUID_LEN],
		  const char *owner, const uint64_t *cookie,
		  struct memhp_segment *segment);

/* Events */

/**
 * memhp_listen() - make a connection one that hears of events
 * @m: connection; it cannot ask any more, so use another one to ask
 * @progress: hear also how far things are
 *
 * Return: 0, -EPERM without CAP_SYS_ADMIN.
 */
int memhp_listen(struct memhp *m, bool progress);

/**
 * memhp_next() - the next event
 * @m: connection that listens
 * @timeout_ms: how long to wait for one; 0: not at all, -1: for ever
 * @news: gets it
 *
 * Return: 1; 0: none came; -ENOBUFS: events were lost, and those that waited are dropped:
 * ask memhp_segments() what is;
 * -EBADMSG: not understood; -EINTR: a signal came; -EINVAL: @m does not listen.
 */
int memhp_next(struct memhp *m, int timeout_ms, struct memhp_news *news);

typedef void (*memhp_progress_fn)(const struct memhp_segment *segment, void *arg);

/**
 * memhp_wait() - until nothing is under way with a segment any more
 * @m: connection that asked for it
 * @listener: one that listened already when it was asked for
 * @uuid: its name
 * @progress: called when more is done, if @listener hears of progress; or NULL
 * @arg: for @progress
 * @segment: gets what it is at the end: state MEMHP_STATE_ATTACHED, or
 *	     MEMHP_STATE_ABSENT if there is none any more
 *
 * Lost events do no harm: it looks. For what was begun, or is under way: the error of a
 * segment that was at rest already is that of what was tried last, however long ago.
 *
 * Return: 0, or the error of what was under way; memhp_text(@m) says it in words, and
 * @segment has the blockers. If not even that can be found out, what memhp_segment() or
 * memhp_next() say.
 */
int memhp_wait(struct memhp *m, struct memhp *listener,
	       const uint8_t uuid[MEMHP_UUID_LEN], memhp_progress_fn progress,
	       void *arg, struct memhp_segment *segment);

/* Words. A number that has no name is "unknown". */

const char *memhp_state_name(uint32_t state);
const char *memhp_usage_name(uint32_t usage);
const char *memhp_policy_name(uint32_t policy);
const char *memhp_memmap_name(uint32_t memmap);
const char *memhp_source_name(uint32_t source);
const char *memhp_blocker_name(uint32_t kind);
const char *memhp_event_name(uint32_t event);

/**
 * memhp_policy_parse() - the number of a policy's name; "-" and "_" are the same
 *
 * Return: it, or -EINVAL.
 */
int memhp_policy_parse(const char *name);

/* The same for the place of page structs: any, outside, inside. */
int memhp_memmap_parse(const char *name);

/**
 * memhp_size_parse() - "134217728", "0x8000000", "128M", "128MiB"
 * @text: a number, and perhaps one of K M G T P E, each 1024 times the one before
 * @bytes: gets it
 *
 * Return: 0; -EINVAL: something else; -ERANGE: more than 64 bits.
 */
int memhp_size_parse(const char *text, uint64_t *bytes);

/**
 * memhp_uuid_parse() - a uuid in its usual form, of any case
 *
 * Return: 0, -EINVAL.
 */
int memhp_uuid_parse(const char *text, uint8_t uuid[MEMHP_UUID_LEN]);

/* The other way round, in small letters. */
void memhp_uuid_text(const uint8_t uuid[MEMHP_UUID_LEN],
		     char text[MEMHP_UUID_TEXT]);

/**
 * memhp_uuid_make() - a new uuid, by chance (version 4)
 *
 * Return: 0, or what getrandom(2) says.
 */
int memhp_uuid_make(uint8_t uuid[MEMHP_UUID_LEN]);

#ifdef __cplusplus
}
#endif

#endif
