// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policies that nodes have for new memory.
 *
 * Owns:      what each node has of its own, the boot parameter
 *            memory_hotplug.node_policy= and the parameter movable_limit.
 * Must not:  choose a zone (policy.c), or ask who it is that writes (mm/node_map).
 * Locks:     none. A part of a policy is one word that is read once; who changes
 *            several parts may be seen in between, and what is being onlined may go by
 *            the old ones.
 *
 * A node need not be there, only possible.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/build_bug.h>
#include <linux/init.h>
#include <linux/memhp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"
#include "node_policies.h"

static_assert(MMOP_OFFLINE == 0 && MMOP_ONLINE == 1 && MMOP_ONLINE_KERNEL == 2 &&
	      MMOP_ONLINE_MOVABLE == 3);

static s64 values[MAX_NUMNODES][NODE_POLICY_PARTS] = {
	[0 ... MAX_NUMNODES - 1] = {
		NODE_POLICY_DEFAULT, NODE_POLICY_DEFAULT, NODE_POLICY_DEFAULT,
	},
};

/* Of nodes that have none. */
static s64 movable_limit = NODE_POLICY_NO_LIMIT;

static s64 own(int nid, enum node_policy_part part)
{
	return numa_valid_node(nid) ? READ_ONCE(values[nid][part]) :
				      NODE_POLICY_DEFAULT;
}

static s64 limit_of(int nid)
{
	return node_policy_value(own(nid, NODE_POLICY_LIMIT),
				 READ_ONCE(movable_limit));
}

u64 mhp_node_movable_limit(int nid)
{
	s64 limit = limit_of(nid);

	return limit == NODE_POLICY_NO_LIMIT ? ~0ULL : PFN_DOWN((u64)limit);
}

bool mhp_node_has_ratio(int nid, unsigned int *ratio)
{
	s64 value = own(nid, NODE_POLICY_RATIO);

	if (value == NODE_POLICY_DEFAULT)
		return false;
	*ratio = value;
	return true;
}

int mhp_node_online_type(int nid)
{
	int type = node_policy_value(own(nid, NODE_POLICY_TYPE),
					   mhp_get_default_online_type());

	if (type == MMOP_ONLINE_MOVABLE && limit_of(nid) != NODE_POLICY_NO_LIMIT)
		return MHP_ONLINE_LIMITED;
	return type;
}

/* Files */

#define LIMIT_RULE "none, or bytes with K, M, G or T behind them, less than 8388608T"

static const char *const rules[] = {
	[NODE_POLICY_TYPE]  = "write default, offline, online, online_kernel or online_movable",
	[NODE_POLICY_RATIO] = "write default, or percent from 0 to 4294967295",
	[NODE_POLICY_LIMIT] = "write default, " LIMIT_RULE,
};

/* 0 or the error, as the text of a file is fine or not. */
static int parse(enum node_policy_part part, const char *text, size_t length,
		 s64 *value)
{
	/* a page may be the beginning of more, which sysfs has cut off */
	if (length >= PAGE_SIZE)
		return -EINVAL;
	if (length && text[length - 1] == '\n')
		length--;
	return node_policy_parse(part, text, length, value);
}

int mhp_node_policy_set(int nid, enum node_policy_part part, const char *name,
			const char *text, size_t length)
{
	s64 value;
	int ret = parse(part, text, length, &value);

	if (ret)
		pr_err("node%d/%s: refused, error %d: %s\n", nid, name, ret,
		       rules[part]);
	else
		WRITE_ONCE(values[nid][part], value);
	return ret;
}

static int emit(enum node_policy_part part, s64 value, char *page)
{
	if (value == NODE_POLICY_DEFAULT)
		return sysfs_emit(page, "default\n");
	if (part == NODE_POLICY_TYPE)
		return sysfs_emit(page, "%s\n", node_policy_type_name(value));
	if (part == NODE_POLICY_LIMIT && value == NODE_POLICY_NO_LIMIT)
		return sysfs_emit(page, "none\n");
	return sysfs_emit(page, "%lld\n", value);
}

int mhp_node_policy_show(int nid, enum node_policy_part part, char *page)
{
	return emit(part, own(nid, part), page);
}

/* Parameters */

static int movable_limit_set(const char *text, const struct kernel_param *kp)
{
	s64 value = NODE_POLICY_DEFAULT;
	int ret = parse(NODE_POLICY_LIMIT, text, strlen(text), &value);

	if (!ret && value == NODE_POLICY_DEFAULT)
		ret = -EINVAL;
	if (ret)
		pr_err("movable_limit: refused, error %d: write " LIMIT_RULE "\n",
		       ret);
	else
		WRITE_ONCE(movable_limit, value);
	return ret;
}

static int movable_limit_get(char *page, const struct kernel_param *kp)
{
	return emit(NODE_POLICY_LIMIT, READ_ONCE(movable_limit), page);
}

static const struct kernel_param_ops movable_limit_ops = {
	.set = movable_limit_set,
	.get = movable_limit_get,
};

module_param_cb(movable_limit, &movable_limit_ops, NULL, 0644);
MODULE_PARM_DESC(movable_limit,
		 "Most bytes of a node that get to ZONE_MOVABLE without being named (none)");

static void __init read_item(const char *text, size_t length)
{
	struct node_policy_item item;
	enum node_policy_fault fault = node_policy_parse_item(text, length, &item);

	if (fault == NODE_POLICY_FINE &&
	    (!numa_valid_node(item.nid) || !node_possible(item.nid)))
		fault = NODE_POLICY_BAD_NODE;
	if (fault == NODE_POLICY_FINE)
		memcpy(values[item.nid], item.value, sizeof(item.value));
	else
		pr_warn("node_policy=%.*s ignored: %s; write NODE:TYPE:ratio=PERCENT:limit=BYTES, or some of it, for example 1:online_movable:limit=4G\n",
			(int)length, text, node_policy_text(fault));
}

static int __init read_node_policy(char *text)
{
	size_t length;

	for (;; text += length + 1) {
		length = strcspn(text, ",");
		read_item(text, length);
		if (!text[length])
			return 1;
	}
}
__setup("memory_hotplug.node_policy=", read_node_policy);
