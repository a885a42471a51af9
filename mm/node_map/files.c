// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node map as a person changes it: /sys/kernel/mm/node_map.
 *
 * Owns:      who may write the files, and what is written there. See
 *            Documentation/ABI/sysfs-kernel-mm-node-map.
 * Must not:  judge distances: distances.c does, and distance.c says what is wrong.
 * Locks:     none.
 *
 * There is a directory for each node that there can be, also while it has no memory:
 * then it has none in /sys/devices/system/node.
 */
#define pr_fmt(fmt) "node_map: " fmt

#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/printk.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

struct node_dir {
	struct kobject kobj;
	int nid;
};

static struct node_dir *dir_of(struct kobject *kobj)
{
	return container_of(kobj, struct node_dir, kobj);
}

int node_map_dir_node(struct kobject *kobj)
{
	return dir_of(kobj)->nid;
}

static int not_permitted(const char *dir, const char *file, const char *why)
{
	pr_err_ratelimited("%s/%s: refused, error %d: %s\n", dir, file, -EPERM, why);
	return -EPERM;
}

int node_map_permit_admin(const char *dir, const char *file)
{
	return capable(CAP_SYS_ADMIN) ? 0 :
	       not_permitted(dir, file, "CAP_SYS_ADMIN is needed to write it");
}

/*
 * Whoever writes counts, not who opened the file. Where memory comes from first is not
 * for a kernel that is locked down to be told, as with /dev/mem and probe.
 */
static int permit(const char *dir, const char *file)
{
	int ret = node_map_permit_admin(dir, file);

	if (!ret && security_locked_down(LOCKDOWN_DEV_MEM))
		ret = not_permitted(dir, file,
				    "the kernel is locked down, only a boot without lockdown helps");
	return ret;
}

/* A list of all nodes that can be becomes an array by their numbers. */
static void spread(int *distances)
{
	int i = num_possible_nodes(), nid;

	for (nid = nr_node_ids - 1; nid >= 0; nid--)
		distances[nid] = node_possible(nid) ? distances[--i] :
						      NODE_DISTANCE_KEEP;
}

static int parse(struct kobject *kobj, const char *file, const char *text,
		 size_t length, int *distances)
{
	int wanted = num_possible_nodes(), nr = -EINVAL;

	/* a page may be the beginning of more, which sysfs has cut off */
	if (length < PAGE_SIZE)
		nr = node_distances_parse(text, length, distances, wanted);
	if (nr == wanted)
		return 0;
	pr_err("%s/%s: refused, error %d: write %d numbers, one for each node of /sys/devices/system/node/possible\n",
	       kobject_name(kobj), file, -EINVAL, wanted);
	return -EINVAL;
}

static int set_distances(struct kobject *kobj, const char *file, bool from,
			 const char *text, size_t length)
{
	int *distances __free(kfree) = NULL;
	int nid = dir_of(kobj)->nid, ret;

	ret = permit(kobject_name(kobj), file);
	if (ret)
		return ret;
	distances = kcalloc(nr_node_ids, sizeof(*distances), GFP_KERNEL);
	if (!distances) {
		pr_err("%s/%s: refused, error %d: no memory to read it, free some\n",
		       kobject_name(kobj), file, -ENOMEM);
		return -ENOMEM;
	}
	ret = parse(kobj, file, text, length, distances);
	if (ret)
		return ret;
	spread(distances);
	return from ? mhp_node_set_distances(nid, NULL, distances) :
		      mhp_node_set_distances(nid, distances, NULL);
}

static ssize_t distance_to_show(struct kobject *kobj, struct kobj_attribute *attr,
				char *page)
{
	return node_map_show_distances(dir_of(kobj)->nid, false, page);
}

static ssize_t distance_to_store(struct kobject *kobj, struct kobj_attribute *attr,
				 const char *text, size_t length)
{
	return set_distances(kobj, attr->attr.name, false, text, length) ?: length;
}

static struct kobj_attribute distance_to = __ATTR_RW(distance_to);

static ssize_t distance_from_show(struct kobject *kobj, struct kobj_attribute *attr,
				  char *page)
{
	return node_map_show_distances(dir_of(kobj)->nid, true, page);
}

static ssize_t distance_from_store(struct kobject *kobj,
				   struct kobj_attribute *attr, const char *text,
				   size_t length)
{
	return set_distances(kobj, attr->attr.name, true, text, length) ?: length;
}

static struct kobj_attribute distance_from = __ATTR_RW(distance_from);

/* The rule by which address bits name nodes. */

static ssize_t node_bits_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *page)
{
	struct node_rule rule;

	if (!node_map_get_rule(&rule))
		return sysfs_emit(page, "none\n");
	return sysfs_emit(page, "%u-%u+%d\n", rule.shift, rule.shift + rule.bits - 1,
			  rule.first);
}

static int set_rule(const char *text, size_t length)
{
	struct node_rule rule;

	if (length && text[length - 1] == '\n')
		length--;
	if (length == 4 && !memcmp(text, "none", 4))
		return node_map_set_rule(NULL);
	return node_rule_parse(text, length, &rule) ? node_map_set_rule(&rule) :
						      -EINVAL;
}

static ssize_t node_bits_store(struct kobject *kobj, struct kobj_attribute *attr,
			       const char *text, size_t length)
{
	const char *file = attr->attr.name;
	int ret = permit(kobject_name(kobj), file);

	if (ret)
		return ret;
	ret = set_rule(text, length);
	if (ret == -ENOMEM)
		pr_err("%s: refused, error %d: no memory for a map, free some\n",
		       file, ret);
	else if (ret)
		pr_err("%s: refused, error %d: write none, LOW-HIGH or LOW-HIGH+NODE with bits from %d to %d, 16 at most, and only nodes of /sys/devices/system/node/possible\n",
		       file, ret, NODE_UNIT_SHIFT, MAX_PHYSMEM_BITS - 1);
	return ret ?: length;
}

static struct kobj_attribute node_bits = __ATTR_RW(node_bits);

static struct attribute *node_attrs[] = {
	&distance_to.attr,
	&distance_from.attr,
	NULL
};

static const struct attribute_group node_group = {
	.attrs = node_attrs,
};

static const struct attribute_group *node_groups[] = {
	&node_group,
	&node_map_policy_group,
	NULL
};

static void node_dir_release(struct kobject *kobj)
{
	kfree(dir_of(kobj));
}

static const struct kobj_type node_dir_type = {
	.release = node_dir_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = node_groups,
};

static int __init add_node(struct kobject *parent, int nid)
{
	struct node_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int ret;

	if (!dir)
		return -ENOMEM;
	dir->nid = nid;
	ret = kobject_init_and_add(&dir->kobj, &node_dir_type, parent, "node%d",
				   nid);
	if (ret)
		kobject_put(&dir->kobj);
	return ret;
}

static int __init node_map_files(void)
{
	struct kobject *parent = kobject_create_and_add("node_map", mm_kobj);
	int ret = parent ? sysfs_create_file(parent, &node_bits.attr) : -ENOMEM;
	int nid;

	for_each_node(nid)
		ret = ret ?: add_node(parent, nid);
	if (ret)
		pr_err("files are missing in /sys/kernel/mm/node_map, error %d: distances, node_bits= and policies stay as they are\n",
		       ret);
	return 0;
}
late_initcall(node_map_files);
