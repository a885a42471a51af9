// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netlink family "memhp": what controllers ask. See Documentation/controllers.rst
 * and Documentation/netlink/specs/memhp.yaml, of which tables and policies are made.
 *
 * Owns:      who may speak, and that a message says each thing once.
 * Must not:  wait for memory to come or go, but for as long as the caller says, which is
 *            limited: other families wait as well then.
 * Locks:     the registry's, for each request.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/init.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/numa.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "ctrl.h"
#include "memhp-gen.h"

static int say(struct netlink_ext_ack *extack, int err, const char *why)
{
	if (extack && err)
		extack->_msg = why;
	return err;
}

static int answer(struct genl_info *info, struct verdict v)
{
	return say(info->extack, v.err, v.why);
}

static int bad(struct genl_info *info, int type, int err, const char *why)
{
	if (info->attrs[type])
		info->extack->bad_attr = info->attrs[type];
	return say(info->extack, err, why);
}

/* Who may speak, and what a message has to be like */

static int check_speaker(const struct sk_buff *skb, const struct genlmsghdr *head,
			 struct netlink_ext_ack *extack)
{
	if (!netlink_capable(skb, CAP_SYS_ADMIN))
		return say(extack, -EPERM,
			   "CAP_SYS_ADMIN in the initial user namespace is needed");
	if (head->version != MEMHP_FAMILY_VERSION)
		return say(extack, -EPROTONOSUPPORT,
			   "only version 1 is spoken here, see genlmsghdr.version");
	return 0;
}

/* The parser would take the last of several. @many: those that may be there again. */
static int check_once(struct genl_info *info, const struct nlattr *first, int len,
		      u64 many)
{
	const struct nlattr *attr;
	u64 seen = 0;
	int rem;

	nla_for_each_attr(attr, first, len, rem) {
		if (nla_type(attr) > 63)
			continue;
		if (seen & ~many & BIT_ULL(nla_type(attr))) {
			info->extack->bad_attr = attr;
			return say(info->extack, -EINVAL,
				   "an attribute is there twice, leave one out");
		}
		seen |= BIT_ULL(nla_type(attr));
	}
	return 0;
}

static int check_message_once(struct genl_info *info)
{
	u64 many = info->genlhdr->cmd == MEMHP_CMD_ATTACH ?
		   BIT_ULL(MEMHP_A_SEGMENT_RANGE) |
		   BIT_ULL(MEMHP_A_SEGMENT_DISTANCE) : 0;

	return check_once(info, nlmsg_attrdata(info->nlhdr, GENL_HDRLEN),
			  nlmsg_attrlen(info->nlhdr, GENL_HDRLEN), many);
}

int memhp_nl_pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	void *socket;
	int err = check_speaker(skb, info->genlhdr, info->extack) ?:
		  check_message_once(info);

	if (err)
		return err;
	socket = genl_sk_priv_get(&memhp_nl_family, NETLINK_CB(skb).sk);
	if (IS_ERR(socket))
		return say(info->extack, PTR_ERR(socket),
			   "no memory for a socket, free some");
	info->user_ptr[0] = socket;
	return 0;
}

int memhp_nl_dump_start(struct netlink_callback *cb)
{
	int err = check_speaker(cb->skb, genl_info_dump(cb)->genlhdr, cb->extack);

	if (!err && nlmsg_attrlen(cb->nlh, GENL_HDRLEN))
		err = say(cb->extack, -EINVAL, "a dump is of all of them, leave the attributes out");
	return err;
}

void memhp_nl_sock_priv_init(struct memhp_socket *socket)
{
	socket->segments = 0;
}

void memhp_nl_sock_priv_destroy(struct memhp_socket *socket)
{
	memhp_socket_gone(socket);
}

/* What a message says. There are no more attributes than the request may have. */

static int get_uuid(struct genl_info *info, uuid_t *uuid)
{
	struct nlattr *attr = info->attrs[MEMHP_A_SEGMENT_UUID];

	if (!attr)
		return say(info->extack, -EINVAL, "name a segment: uuid is missing");
	import_uuid(uuid, nla_data(attr));
	if (uuid_is_null(uuid))
		return bad(info, MEMHP_A_SEGMENT_UUID, -EINVAL,
			   "a uuid of zeroes names nothing, make one up");
	return 0;
}

static const char *get_owner(struct genl_info *info, int type)
{
	struct nlattr *attr = info->attrs[type];

	if (attr && nla_len(attr) > 1 && *(char *)nla_data(attr))
		return nla_data(attr);
	say(info->extack, -EINVAL, "name an owner, whose quota it is counted in");
	return NULL;
}

static u32 get_u32(struct genl_info *info, int type, u32 otherwise)
{
	return info->attrs[type] ? nla_get_u32(info->attrs[type]) : otherwise;
}

static u64 get_u64(struct genl_info *info, int type)
{
	return info->attrs[type] ? nla_get_u64(info->attrs[type]) : 0;
}

static int get_wait(struct genl_info *info, unsigned int *msec)
{
	*msec = get_u32(info, MEMHP_A_SEGMENT_WAIT_MS, 0);
	if (*msec > MEMHP_MAX_WAIT_MS)
		return bad(info, MEMHP_A_SEGMENT_WAIT_MS, -ERANGE,
			   "wait-ms is at most 10000; wait for an event instead");
	return 0;
}

static int get_deadline(struct genl_info *info, unsigned int *msec)
{
	*msec = get_u32(info, MEMHP_A_SEGMENT_DEADLINE_MS,
			MEMHP_DEFAULT_DEADLINE_MS);
	if (!*msec)
		return bad(info, MEMHP_A_SEGMENT_DEADLINE_MS, -EINVAL,
			   "deadline-ms must be 1 or more");
	if (*msec > MEMHP_MAX_DEADLINE_MS)
		return bad(info, MEMHP_A_SEGMENT_DEADLINE_MS, -ERANGE,
			   "deadline-ms is at most 3600000; ask again when it is over");
	return 0;
}

struct range_words {
	bool anywhere;
	u64 start, size;
};

/* A nest says each thing once, too. */
static int get_nest(struct genl_info *info, const struct nlattr *nest,
		    struct nlattr **tb, int most, const struct nla_policy *policy)
{
	return nla_parse_nested(tb, most, nest, policy, info->extack) ?:
	       check_once(info, nla_data(nest), nla_len(nest), 0);
}

static int get_range(struct genl_info *info, const struct nlattr *nest,
		     struct range_words *r)
{
	struct nlattr *tb[MEMHP_A_RANGE_MAX + 1];
	int err = get_nest(info, nest, tb, MEMHP_A_RANGE_MAX,
			   memhp_range_nl_policy);

	if (err)
		return err;
	if (!tb[MEMHP_A_RANGE_SIZE] || !nla_get_u64(tb[MEMHP_A_RANGE_SIZE]))
		return say(info->extack, -EINVAL,
			   "a range has a size: name it, in bytes");
	r->anywhere = !tb[MEMHP_A_RANGE_START];
	r->start = r->anywhere ? 0 : nla_get_u64(tb[MEMHP_A_RANGE_START]);
	r->size = nla_get_u64(tb[MEMHP_A_RANGE_SIZE]);
	return 0;
}

static int get_ranges(struct genl_info *info, struct attach_request *r)
{
	struct range_words words;
	struct nlattr *attr;
	int rem, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != MEMHP_A_SEGMENT_RANGE)
			continue;
		if (r->nr == MEMHP_MAX_RANGES)
			return say(info->extack, -E2BIG,
				   "a segment has 16 ranges at most, make two of it");
		err = get_range(info, attr, &words);
		if (err)
			return err;
		r->ranges[r->nr].anywhere = words.anywhere;
		r->ranges[r->nr].start = words.start;
		r->ranges[r->nr++].size = words.size;
	}
	return r->nr ? 0 : say(info->extack, -EINVAL,
			       "what is to be attached? range is missing");
}

/* Numbers that are too large stay that. */
static int get_small(const struct nlattr *attr, u32 limit)
{
	return min(nla_get_u32(attr), limit);
}

static int get_distance(struct genl_info *info, const struct nlattr *nest,
			struct memhp_distance *d)
{
	struct nlattr *tb[MEMHP_A_DISTANCE_MAX + 1];
	struct nlattr *back;
	int err = get_nest(info, nest, tb, MEMHP_A_DISTANCE_MAX,
			   memhp_distance_nl_policy);

	if (err)
		return err;
	if (!tb[MEMHP_A_DISTANCE_NODE] || !tb[MEMHP_A_DISTANCE_TO])
		return say(info->extack, -EINVAL,
			   "a distance is to a node: both are needed");
	back = tb[MEMHP_A_DISTANCE_FROM] ?: tb[MEMHP_A_DISTANCE_TO];
	d->node = get_small(tb[MEMHP_A_DISTANCE_NODE], MAX_NUMNODES);
	d->to = get_small(tb[MEMHP_A_DISTANCE_TO], INT_MAX);
	d->from = get_small(back, INT_MAX);
	return 0;
}

static int get_distances(struct genl_info *info, struct memhp_distances *d)
{
	struct nlattr *attr;
	int rem, err = 0;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != MEMHP_A_SEGMENT_DISTANCE)
			continue;
		if (d->nr == MEMHP_MAX_DISTANCES)
			return say(info->extack, -E2BIG,
				   "16 distances at most, set the others by /sys/kernel/mm/node_map");
		err = get_distance(info, attr, &d->at[d->nr++]);
		if (err)
			break;
	}
	return err;
}

static int get_request(struct genl_info *info, struct attach_request *r)
{
	u32 node = get_u32(info, MEMHP_A_SEGMENT_NODE, MAX_NUMNODES);
	int err = get_uuid(info, &r->uuid);

	if (err)
		return err;
	r->owner = get_owner(info, MEMHP_A_SEGMENT_OWNER);
	if (!r->owner)
		return -EINVAL;
	r->socket = info->user_ptr[0];
	r->cookie = get_u64(info, MEMHP_A_SEGMENT_COOKIE);
	r->in_window = info->attrs[MEMHP_A_SEGMENT_WINDOW];
	r->window = get_u64(info, MEMHP_A_SEGMENT_WINDOW);
	r->node = info->attrs[MEMHP_A_SEGMENT_NODE] ?
		  min_t(u32, node, MAX_NUMNODES) : NUMA_NO_NODE;
	r->policy = get_u32(info, MEMHP_A_SEGMENT_POLICY, MEMHP_POLICY_ONLINE);
	r->memmap = get_u32(info, MEMHP_A_SEGMENT_MEMMAP, MEMHP_MEMMAP_ANY);
	return get_ranges(info, r) ?: get_distances(info, &r->distances);
}

/* Answers */

static int fill_reply(struct sk_buff *skb, struct genl_info *info,
		      struct segment *seg)
{
	u64 seq = memhp_last_event();
	void *head = genlmsg_iput(skb, info);

	if (!head || nla_put(skb, MEMHP_A_SEGMENT_SEQ, sizeof(seq), &seq) ||
	    memhp_fill_segment(skb, seg))
		return -EMSGSIZE;
	genlmsg_end(skb, head);
	return 0;
}

static int build_reply(struct genl_info *info, const uuid_t *uuid,
		       struct sk_buff **skb)
{
	struct segment *seg = memhp_find(uuid);

	if (!seg)
		return say(info->extack, -ENOENT, "no segment has this uuid");
	*skb = memhp_segment_message(seg);
	return *skb ? fill_reply(*skb, info, seg) : -ENOMEM;
}

static int reply_segment(struct genl_info *info, const uuid_t *uuid)
{
	struct sk_buff *skb = NULL;
	int err;

	memhp_lock();
	err = build_reply(info, uuid, &skb);
	memhp_unlock();
	if (!err)
		return genlmsg_reply(skb, info);
	nlmsg_free(skb);
	return err;
}

/* As long as the caller says, and no longer; then what became of it is an event. */
static int wait_for(struct genl_info *info, struct operation *op,
		    unsigned int msec)
{
	int err = 0;

	if (op && operation_wait(op, msec))
		err = say(info->extack, op->error, op->text);
	operation_put(op);
	return err;
}

/*
 * Who waits for what was called off is told what came of that. An error of its own is an
 * answer, too: it has failed before, and is undone.
 */
static int wait_called_off(struct genl_info *info, struct operation *op,
			   unsigned int msec)
{
	if (!msec)
		return 0;
	if (!operation_wait(op, msec))
		return say(info->extack, -EINPROGRESS,
			   "it is called off and has not ended yet, wait for an event");
	if (!op->error)
		return say(info->extack, -EALREADY,
			   "it was done before it could be called off");
	if (op->job.left)
		return say(info->extack, -EBUSY,
			   "it was called off, but a part of it is in use and stays: detach it");
	return op->error == -ECANCELED ? 0 : say(info->extack, op->error, op->text);
}

/* If it is gone by the time of the answer, why: it has failed meanwhile. */
static int reply_attach(struct genl_info *info, const uuid_t *uuid,
			struct operation *op, unsigned int msec)
{
	int err = 0;

	if (op && operation_wait(op, msec))
		err = say(info->extack, op->error, op->text);
	if (!err)
		err = reply_segment(info, uuid);
	if (err == -ENOENT && op && operation_wait(op, MSEC_PER_SEC) && op->error)
		err = say(info->extack, op->error, op->text);
	operation_put(op);
	return err;
}

/* Requests */

int memhp_nl_segment_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	uuid_t uuid;

	return get_uuid(info, &uuid) ?: reply_segment(info, &uuid);
}

/* Who says what memory is can choose what the kernel's data lies in. */
static int check_lockdown(struct genl_info *info)
{
	if (!security_locked_down(LOCKDOWN_DEV_MEM))
		return 0;
	return say(info->extack, -EPERM,
		   "the kernel is locked down, only a boot without lockdown helps");
}

int memhp_nl_attach_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct attach_request *r = kzalloc(sizeof(*r), GFP_KERNEL);
	struct operation *op = NULL;
	unsigned int msec;
	uuid_t uuid;
	int err;

	if (!r)
		return -ENOMEM;
	err = check_lockdown(info) ?: get_wait(info, &msec) ?:
	      get_request(info, r);
	if (!err) {
		memhp_lock();
		err = answer(info, memhp_attach(r, &op));
		memhp_unlock();
	}
	uuid = r->uuid;
	kfree(r);
	return err ?: reply_attach(info, &uuid, op, msec);
}

typedef struct verdict (*segment_fn)(struct segment *seg, struct genl_info *info,
				     struct operation **op);

/* Finds the segment, and asks for something. */
static int with_segment(struct genl_info *info, segment_fn function,
			struct operation **op)
{
	struct segment *seg;
	uuid_t uuid;
	int err = get_uuid(info, &uuid);

	if (err)
		return err;
	memhp_lock();
	seg = memhp_find(&uuid);
	err = answer(info, seg ? function(seg, info, op) :
				 NO(-ENOENT, "no segment has this uuid"));
	memhp_unlock();
	return err;
}

static int wait_with_segment(struct genl_info *info, segment_fn function)
{
	struct operation *op = NULL;
	unsigned int msec;

	return get_wait(info, &msec) ?: with_segment(info, function, &op) ?:
	       wait_for(info, op, msec);
}

static enum segment_party speaker(const struct segment *seg,
				  struct genl_info *info)
{
	return memhp_party(seg, info->user_ptr[0]);
}

static struct verdict detach(struct segment *seg, struct genl_info *info,
			     struct operation **op)
{
	struct nlattr *nest = info->attrs[MEMHP_A_SEGMENT_RANGE];
	struct range_words r;
	struct window part;
	unsigned int msec;
	int err = get_deadline(info, &msec);

	if (!err && nest)
		err = get_range(info, nest, &r);
	if (err)
		return NO(err, info->extack->_msg);
	if (nest && r.anywhere)
		return NO(-EINVAL, "which range? start is missing");
	if (nest)
		part = (struct window){ r.start, r.start + r.size };
	return memhp_detach(seg, speaker(seg, info), nest ? &part : NULL, msec,
			    op);
}

int memhp_nl_detach_doit(struct sk_buff *skb, struct genl_info *info)
{
	return wait_with_segment(info, detach);
}

static struct verdict change(struct segment *seg, struct genl_info *info,
			     struct operation **op)
{
	struct nlattr *attr = info->attrs[MEMHP_A_SEGMENT_POLICY];
	unsigned int msec;

	if (!attr)
		return NO(-EINVAL, "what shall become of it? policy is missing");
	if (get_deadline(info, &msec))
		return NO(-EINVAL, info->extack->_msg);
	return memhp_change(seg, speaker(seg, info), nla_get_u32(attr), msec, op);
}

int memhp_nl_change_doit(struct sk_buff *skb, struct genl_info *info)
{
	return wait_with_segment(info, change);
}

static struct verdict stop(struct segment *seg, struct genl_info *info,
			   struct operation **op)
{
	return memhp_abort(seg, speaker(seg, info), op);
}

int memhp_nl_abort_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct operation *op = NULL;
	unsigned int msec;
	int err = get_wait(info, &msec) ?: with_segment(info, stop, &op);

	if (!err)
		err = wait_called_off(info, op, msec);
	operation_put(op);
	return err;
}

static struct verdict reclaim(struct segment *seg, struct genl_info *info,
			      struct operation **op)
{
	const char *owner = get_owner(info, MEMHP_A_SEGMENT_OWNER);
	bool given = info->attrs[MEMHP_A_SEGMENT_COOKIE];
	u64 cookie = given ? get_u64(info, MEMHP_A_SEGMENT_COOKIE) : 0;

	if (!owner)
		return NO(-EINVAL, info->extack->_msg);
	return memhp_reclaim(seg, info->user_ptr[0], owner,
			     given ? &cookie : NULL);
}

int memhp_nl_reclaim_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct operation *op = NULL;	/* it begins none */
	uuid_t uuid;

	return with_segment(info, reclaim, &op) ?: get_uuid(info, &uuid) ?:
	       reply_segment(info, &uuid);
}

/* Quotas */

static const struct {
	int limit, used;
} quota_attrs[QUOTA_KINDS] = {
	[QUOTA_BYTES]	 = { MEMHP_A_QUOTA_BYTES, MEMHP_A_QUOTA_USED_BYTES },
	[QUOTA_SEGMENTS] = { MEMHP_A_QUOTA_SEGMENTS, MEMHP_A_QUOTA_USED_SEGMENTS },
	[QUOTA_PENDING]	 = { MEMHP_A_QUOTA_PENDING, MEMHP_A_QUOTA_USED_PENDING },
	[QUOTA_METADATA] = { MEMHP_A_QUOTA_METADATA, MEMHP_A_QUOTA_USED_METADATA },
};

static int fill_quota(struct sk_buff *skb, const struct owner *owner)
{
	const struct quota *q = &owner->quota;
	int err = nla_put_string(skb, MEMHP_A_QUOTA_OWNER, owner->name);
	unsigned int i;

	for (i = 0; !err && i < QUOTA_KINDS; i++)
		err = nla_put(skb, quota_attrs[i].limit, sizeof(u64),
			      &q->limit.of[i]) ?:
		      nla_put(skb, quota_attrs[i].used, sizeof(u64),
			      &q->used.of[i]);
	return err;
}

int memhp_nl_quota_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = get_owner(info, MEMHP_A_QUOTA_OWNER);
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *head = msg ? genlmsg_iput(msg, info) : NULL;
	struct owner *owner;
	int err = name ? -ENOMEM : -EINVAL;

	if (!name || !head)
		goto out;
	memhp_lock();
	owner = owner_find(name, false);
	err = owner ? fill_quota(msg, owner) :
		      say(info->extack, -ENOENT, "no owner has this name");
	memhp_unlock();
	if (err)
		goto out;
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
out:
	nlmsg_free(msg);
	return err;
}

int memhp_nl_quota_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = get_owner(info, MEMHP_A_QUOTA_OWNER);
	struct owner *owner;
	unsigned int i;

	if (!name)
		return -EINVAL;
	memhp_lock();
	owner = owner_find(name, true);
	for (i = 0; owner && i < QUOTA_KINDS; i++)
		if (info->attrs[quota_attrs[i].limit])
			owner->quota.limit.of[i] =
				get_u64(info, quota_attrs[i].limit);
	memhp_unlock();
	return owner ? 0 : say(info->extack, -ENOMEM,
			       "no memory for an owner, free some");
}

/* Dumps: args[0] is how many are done */

static void *begin_part(struct sk_buff *skb, struct netlink_callback *cb)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &memhp_nl_family, NLM_F_MULTI,
			   genl_info_dump(cb)->genlhdr->cmd);
}

static int dump_segment(struct sk_buff *skb, struct netlink_callback *cb,
			struct segment *seg)
{
	u64 seq = memhp_last_event();
	void *head = begin_part(skb, cb);

	if (!head)
		return -EMSGSIZE;
	if (nla_put(skb, MEMHP_A_SEGMENT_SEQ, sizeof(seq), &seq) ||
	    memhp_fill_segment(skb, seg)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, head);
	genlmsg_end(skb, head);
	return 0;
}

int memhp_nl_segment_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct segment *seg;
	long i = 0;
	int err = 0;

	memhp_lock();
	cb->seq = memhp_generation;
	list_for_each_entry(seg, &memhp_segments, list) {
		if (i++ < cb->args[0])
			continue;
		err = dump_segment(skb, cb, seg);
		if (err)
			break;
		cb->args[0]++;
	}
	memhp_unlock();
	return skb->len ?: err;
}

int memhp_nl_quota_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct owner *owner;
	void *head;
	long i = 0;

	memhp_lock();
	list_for_each_entry(owner, &memhp_owners, list) {
		if (i++ < cb->args[0])
			continue;
		head = begin_part(skb, cb);
		if (!head || fill_quota(skb, owner)) {
			if (head)
				genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0]++;
	}
	memhp_unlock();
	return skb->len;
}

static int fill_window(struct sk_buff *skb, const struct mhp_window *w)
{
	u64 block = memory_block_size_bytes();
	u64 limit = min(w->size, memhp_window_limit_of(w->start));
	u64 used = memhp_used(w->start, w->size);

	return nla_put(skb, MEMHP_A_WINDOW_START, sizeof(u64), &w->start) ?:
	       nla_put(skb, MEMHP_A_WINDOW_SIZE, sizeof(u64), &w->size) ?:
	       nla_put_s32(skb, MEMHP_A_WINDOW_NODE, w->nid) ?:
	       nla_put_u32(skb, MEMHP_A_WINDOW_SOURCE, w->source) ?:
	       nla_put(skb, MEMHP_A_WINDOW_LIMIT, sizeof(u64), &limit) ?:
	       nla_put(skb, MEMHP_A_WINDOW_USED, sizeof(u64), &used) ?:
	       nla_put(skb, MEMHP_A_WINDOW_BLOCK, sizeof(u64), &block);
}

static int dump_window(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct mhp_window *w)
{
	void *head = begin_part(skb, cb);

	if (!head)
		return -EMSGSIZE;
	if (fill_window(skb, w)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, head);
	genlmsg_end(skb, head);
	return 0;
}

int memhp_nl_window_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned int seq = memhp_window_generation();
	struct window_copy windows;
	int err = memhp_copy_windows(&windows);

	if (err)
		return err;
	cb->seq = seq;
	memhp_lock();
	for (; cb->args[0] < windows.nr; cb->args[0]++)
		if (dump_window(skb, cb, &windows.at[cb->args[0]]))
			break;
	memhp_unlock();
	kvfree(windows.at);
	return skb->len;
}

/*
 * What the specification has no word for: who may listen, and that the family is for
 * the initial network namespace.
 */
static const struct genl_multicast_group groups[] = {
	[MEMHP_NLGRP_EVENTS] = {
		.name  = MEMHP_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
	[MEMHP_NLGRP_PROGRESS] = {
		.name  = MEMHP_MCGRP_PROGRESS,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

static int __init register_family(void)
{
	memhp_nl_family.netnsok = false;
	memhp_nl_family.mcgrps = groups;
	memhp_nl_family.n_mcgrps = ARRAY_SIZE(groups);
	return genl_register_family(&memhp_nl_family);
}

/* After firmware's windows are there. */
static int __init memhp_init(void)
{
	int err = class_register(&memhp_class);

	if (err)
		goto out;
	memhp_teach_order();
	err = memhp_operations_init() ?: memhp_watch_init() ?:
	      memhp_windows_init() ?: register_family();
out:
	if (err)
		pr_err("no controllers, error %d: boot again with more memory\n",
		       err);
	return err;
}
late_initcall_sync(memhp_init);
