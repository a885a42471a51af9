/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_NODE_POLICIES_H
#define _MM_MEMORY_HOTPLUG_NODE_POLICIES_H
/*
 * The policies of nodes, for those who show and change them.
 */
#include <linux/types.h>

#include "node_policy.h"

/**
 * mhp_node_policy_set() - a node gets a part of its policy, or has none of its own
 * @nid:    node that there can be; it need not be there
 * @part:   part
 * @name:   what the log calls it
 * @text:   see Documentation/ABI/sysfs-kernel-mm-node-map
 * @length: bytes of it; a newline may be the last
 *
 * It is for memory that is onlined from now on.
 *
 * Context: any.
 * Return: 0; -EINVAL: that cannot be a value of it; -ERANGE: the number is too large.
 * A refusal is one line in the log, and nothing has changed.
 */
int mhp_node_policy_set(int nid, enum node_policy_part part, const char *name,
			const char *text, size_t length);

/**
 * mhp_node_policy_show() - a part of a node's policy as a line
 * @nid:  node that there can be
 * @part: part
 * @page: for the line
 *
 * Context: any.
 * Return: bytes of it.
 */
int mhp_node_policy_show(int nid, enum node_policy_part part, char *page);

#endif /* _MM_MEMORY_HOTPLUG_NODE_POLICIES_H */
