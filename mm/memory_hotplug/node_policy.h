/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_NODE_POLICY_H
#define _MM_MEMORY_HOTPLUG_NODE_POLICY_H
/*
 * What a node wants for new memory: words in, decisions out.
 *
 * Pure: it takes no lock, prints nothing and asks for no memory. node_policies.c keeps
 * the policies, policy.c counts, the host tests make all of it up.
 */
#include <linux/types.h>

/* Each part is by itself: a node may have one of its own, and no other. */
enum node_policy_part {
	NODE_POLICY_TYPE,	/* what becomes of memory that is added: enum mmop */
	NODE_POLICY_RATIO,	/* movable memory allowed, in percent of kernel memory */
	NODE_POLICY_LIMIT,	/* bytes of the node that may be in ZONE_MOVABLE */
	NODE_POLICY_PARTS
};

/* Of any part: as the whole machine has it. */
#define NODE_POLICY_DEFAULT	(-1LL)

/* Of NODE_POLICY_LIMIT. */
#define NODE_POLICY_NO_LIMIT	0x7fffffffffffffffLL

/* NODE_POLICY_RATIO at most. */
#define NODE_POLICY_RATIO_MAX	0xffffffffLL

/**
 * struct node_policy_item - the policy of one node, as the command line has it
 * @nid:   node; nobody has looked whether there can be one
 * @value: of each part; what was not said is %NODE_POLICY_DEFAULT
 */
struct node_policy_item {
	int nid;
	s64 value[NODE_POLICY_PARTS];
};

/* What can be wrong with an item. */
enum node_policy_fault {
	NODE_POLICY_FINE,
	NODE_POLICY_BAD_NODE,
	NODE_POLICY_EMPTY,
	NODE_POLICY_UNKNOWN,
	NODE_POLICY_TWICE,
	NODE_POLICY_LARGE,
};

/* In words, for a line in the log. */
const char *node_policy_text(enum node_policy_fault fault);

/* A word for NODE_POLICY_TYPE, or NULL if it is none of its values. */
const char *node_policy_type_name(s64 type);

/**
 * node_policy_parse() - what a text says of a part
 * @part:   part
 * @text:   "default"; or a word of auto_online_blocks, a decimal number of percent,
 *	    "none" or a decimal number of bytes with K, M, G or T behind it
 * @length: bytes of it; any of them may be anything
 * @value:  set if it is fine
 *
 * Return: 0; -EINVAL: not one of these; -ERANGE: the number is too large.
 */
int node_policy_parse(enum node_policy_part part, const char *text, size_t length,
		      s64 *value);

/**
 * node_policy_parse_item() - what an item of the command line says
 * @text:   NODE:TYPE:ratio=PERCENT:limit=BYTES; one of the last three is enough, in
 *	    any order, and each may be "default"
 * @length: bytes of it
 * @item:   set if it is fine
 *
 * Return: what is wrong, or %NODE_POLICY_FINE.
 */
enum node_policy_fault node_policy_parse_item(const char *text, size_t length,
					      struct node_policy_item *item);

/* The node's own value, or else the machine's. */
static inline s64 node_policy_value(s64 own, s64 machine)
{
	return own == NODE_POLICY_DEFAULT ? machine : own;
}

/* What chooses the zone of memory for which nobody has named one. */
enum node_policy_way {
	NODE_POLICY_KERNEL,	/* it is a kernel zone */
	NODE_POLICY_MOVABLE,	/* it is ZONE_MOVABLE */
	NODE_POLICY_BY_RATIO,	/* the ratio does */
	NODE_POLICY_BY_SPAN,	/* where zones are does */
};

/**
 * struct node_policy_case - memory that is to be onlined
 * @wants_movable: the type of the policy is online_movable
 * @own_ratio:     the node has a ratio of its own
 * @auto_movable:  the machine's online_policy is auto-movable
 * @limit:	   pages of the node that may be in ZONE_MOVABLE; ~0ULL: any number
 * @movable:	   pages of the node that are
 * @rest:	   pages that would come, with all that must be in the same kind of
 *		   zone; 0 if a part of that is in a kernel zone
 */
struct node_policy_case {
	bool wants_movable;
	bool own_ratio;
	bool auto_movable;
	u64 limit;
	u64 movable;
	u64 rest;
};

/**
 * node_policy_way() - what chooses the zone
 * @c: the case
 *
 * The limit comes first: what it has no room for goes to a kernel zone.
 */
enum node_policy_way node_policy_way(const struct node_policy_case *c);

#endif /* _MM_MEMORY_HOTPLUG_NODE_POLICY_H */
