// SPDX-License-Identifier: GPL-2.0-only
/*
 * What nodes want for new memory, as files: online_type, movable_ratio and movable_limit
 * in /sys/kernel/mm/node_map/nodeN. See Documentation/ABI/sysfs-kernel-mm-node-map.
 *
 * Owns:      the files.
 * Must not:  know what is written there: mm/memory_hotplug does.
 * Locks:     none.
 */
#include <linux/container_of.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "../memory_hotplug/node_policies.h"
#include "internal.h"

struct policy_file {
	struct kobj_attribute attr;
	enum node_policy_part part;
};

static const struct policy_file *file_of(const struct kobj_attribute *attr)
{
	return container_of_const(attr, struct policy_file, attr);
}

static ssize_t show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return mhp_node_policy_show(node_map_dir_node(kobj), file_of(attr)->part,
				    page);
}

static ssize_t store(struct kobject *kobj, struct kobj_attribute *attr,
		     const char *text, size_t length)
{
	const char *file = attr->attr.name;
	int ret = node_map_permit_admin(kobject_name(kobj), file);

	if (!ret)
		ret = mhp_node_policy_set(node_map_dir_node(kobj),
					  file_of(attr)->part, file, text, length);
	return ret ?: length;
}

#define POLICY_FILE(_name, _part)					\
	static struct policy_file _name = {				\
		.attr = __ATTR(_name, 0644, show, store),		\
		.part = _part,						\
	}

POLICY_FILE(online_type, NODE_POLICY_TYPE);
POLICY_FILE(movable_ratio, NODE_POLICY_RATIO);
POLICY_FILE(movable_limit, NODE_POLICY_LIMIT);

static struct attribute *policy_attrs[] = {
	&online_type.attr.attr,
	&movable_ratio.attr.attr,
	&movable_limit.attr.attr,
	NULL
};

const struct attribute_group node_map_policy_group = {
	.attrs = policy_attrs,
};
