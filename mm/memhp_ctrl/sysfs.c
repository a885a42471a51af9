// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments as devices: /sys/class/memhp/segment-UUID. See
 * Documentation/ABI/sysfs-class-memhp.
 *
 * Owns:      what the files show and take.
 * Locks:     the registry's, for what is more than a word. A write waits for its
 *            operation with no lock; a signal calls the operation off.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/capability.h>
#include <linux/hex.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "ctrl.h"

#define SEGMENT_PREFIX	"segment-"

const struct class memhp_class = {
	.name = "memhp",
};

static const char *const usage_names[] = {
	[MEMHP_USAGE_OFFLINE]	     = "offline",
	[MEMHP_USAGE_ONLINE_KERNEL]  = "online_kernel",
	[MEMHP_USAGE_ONLINE_MOVABLE] = "online_movable",
	[MEMHP_USAGE_MIXED]	     = "mixed",
};

static const char *const policy_names[] = {
	[MEMHP_POLICY_OFFLINE]	      = "offline",
	[MEMHP_POLICY_ONLINE]	      = "online",
	[MEMHP_POLICY_ONLINE_KERNEL]  = "online_kernel",
	[MEMHP_POLICY_ONLINE_MOVABLE] = "online_movable",
};

/* @usage is what counts if nothing is under way. */
static const char *state_name(const struct segment *seg, enum memhp_usage usage)
{
	switch (READ_ONCE(seg->state)) {
	case SEGMENT_ABSENT:
		return "absent";
	case SEGMENT_ATTACHING:
		return "attaching";
	case SEGMENT_CHANGING:
		return "changing";
	case SEGMENT_DRAINING:
		return "draining";
	case SEGMENT_ABORTING:
		return "aborting";
	default:
		return usage_names[usage];
	}
}

/* Files that show something; each is asked with the lock held. */

struct segment_file {
	struct device_attribute attr;
	int (*show)(const struct segment *seg, char *buf);
};

static ssize_t segment_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	const struct segment_file *file =
		container_of(attr, struct segment_file, attr);
	ssize_t len;

	memhp_lock();
	len = file->show(to_segment(dev), buf);
	memhp_unlock();
	return len;
}

#define SEGMENT_FILE_MODE(name, mode)					\
	static struct segment_file name##_file = {			\
		.attr = __ATTR(name, mode, segment_show, NULL),		\
		.show = show_##name,					\
	}

#define SEGMENT_FILE(name)	SEGMENT_FILE_MODE(name, 0444)

static int show_uuid(const struct segment *seg, char *buf)
{
	return sysfs_emit(buf, "%pUb\n", &seg->uuid);
}

SEGMENT_FILE(uuid);

static int show_owner(const struct segment *seg, char *buf)
{
	return sysfs_emit(buf, "%s\n", seg->owner ? seg->owner->name : "");
}

SEGMENT_FILE(owner);

static int show_orphan(const struct segment *seg, char *buf)
{
	return sysfs_emit(buf, "%d\n", !seg->socket);
}

SEGMENT_FILE(orphan);

static int show_cookie(const struct segment *seg, char *buf)
{
	return sysfs_emit(buf, "%#llx\n", seg->cookie);
}

SEGMENT_FILE(cookie);

static int show_node(const struct segment *seg, char *buf)
{
	return sysfs_emit(buf, "%d\n", seg->node);
}

SEGMENT_FILE(node);

static int show_policy(const struct segment *seg, char *buf)
{
	return sysfs_emit(buf, "%s\n", policy_names[seg->policy]);
}

SEGMENT_FILE(policy);

static int show_memmap(const struct segment *seg, char *buf)
{
	static const char *const names[] = {
		[MEMHP_MEMMAP_ANY]     = "any",
		[MEMHP_MEMMAP_OUTSIDE] = "outside",
		[MEMHP_MEMMAP_INSIDE]  = "inside",
	};

	return sysfs_emit(buf, "%s\n", names[seg->memmap]);
}

SEGMENT_FILE(memmap);

static int show_size(const struct segment *seg, char *buf)
{
	return sysfs_emit(buf, "%#llx\n", engine_size(&seg->ranges));
}

SEGMENT_FILE(size);

/* A list of ranges is one value: it only makes sense as a whole. */
static int show_ranges(const struct segment *seg, char *buf)
{
	const struct window *w;
	int len = 0;

	for (w = seg->at; w < seg->at + seg->ranges.nr; w++)
		len += sysfs_emit_at(buf, len, "%#llx-%#llx\n", w->start,
				     w->end - 1);
	return len;
}

SEGMENT_FILE(ranges);

static int show_progress(const struct segment *seg, char *buf)
{
	const struct operation *op = seg->op;
	u64 size = op ? op->job.size : 0;

	return sysfs_emit(buf, "%llu\n",
			  size ? READ_ONCE(op->job.done) * 100 / size : 100);
}

SEGMENT_FILE(progress);

static int show_error(const struct segment *seg, char *buf)
{
	return sysfs_emit(buf, "%d\n", seg->error);
}

SEGMENT_FILE(error);

static int show_blockers(const struct segment *seg, char *buf)
{
	static const char *const kinds[] = {
		[MEMHP_BLOCKER_KIND_UNKNOWN]	= "unknown",
		[MEMHP_BLOCKER_KIND_PINNED]	= "pinned",
		[MEMHP_BLOCKER_KIND_KERNEL]	= "kernel",
		[MEMHP_BLOCKER_KIND_SLAB]	= "slab",
		[MEMHP_BLOCKER_KIND_PAGE_TABLE]	= "page-table",
		[MEMHP_BLOCKER_KIND_HUGETLB]	= "hugetlb",
		[MEMHP_BLOCKER_KIND_POISONED]	= "poisoned",
		[MEMHP_BLOCKER_KIND_OFFLINE]	= "offline",
	};
	const struct memhp_blocker *b = seg->blockers.at;
	int len = 0;

	for (; b < seg->blockers.at + seg->blockers.nr; b++)
		len += sysfs_emit_at(buf, len, "%#llx %u %s %llu %llu\n",
				     b->pfn, b->refs, kinds[b->kind], b->memcg,
				     b->inode);
	return len;
}

/* Where pages are is for root alone, as in /proc/kpageflags. */
SEGMENT_FILE_MODE(blockers, 0400);

/* Files that take something */

static int permit(const struct segment *seg)
{
	if (capable(CAP_SYS_ADMIN))
		return 0;
	pr_err_ratelimited("segment %pUb: refused, error %d: CAP_SYS_ADMIN is needed\n",
			   &seg->uuid, -EPERM);
	return -EPERM;
}

static ssize_t deadline_ms_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_segment(dev)->deadline));
}

static ssize_t deadline_ms_store(struct device *dev,
				 struct device_attribute *attr, const char *buf,
				 size_t count)
{
	unsigned int msec;
	int err = permit(to_segment(dev)) ?: kstrtouint(buf, 0, &msec);

	if (err)
		return err;
	if (!msec)
		return -EINVAL;
	if (msec > MEMHP_MAX_DEADLINE_MS)
		return -ERANGE;
	WRITE_ONCE(to_segment(dev)->deadline, msec);
	return count;
}
static DEVICE_ATTR_RW(deadline_ms);

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct segment *seg = to_segment(dev);
	const char *name;

	memhp_lock();
	name = state_name(seg, memhp_usage_of(seg));
	memhp_unlock();
	return sysfs_emit(buf, "%s\n", name);
}

static struct verdict begin_write(struct segment *seg, const char *word,
				  struct operation **op)
{
	unsigned int i;

	memhp_assert_locked();
	if (seg->state == SEGMENT_ABSENT)
		return NO(-ENOENT, "it is gone");
	if (sysfs_streq(word, "unplug"))
		return memhp_detach(seg, SEGMENT_BY_ADMIN, NULL, seg->deadline,
				    op);
	if (sysfs_streq(word, "abort"))
		return memhp_abort(seg, SEGMENT_BY_ADMIN, op);
	for (i = 0; i < ARRAY_SIZE(policy_names); i++)
		if (sysfs_streq(word, policy_names[i]))
			return memhp_change(seg, SEGMENT_BY_ADMIN, i,
					    seg->deadline, op);
	return NO(-EINVAL,
		  "write offline, online, online_kernel, online_movable, unplug or abort");
}

static ssize_t state_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct segment *seg = to_segment(dev);
	bool abort = sysfs_streq(buf, "abort");
	struct operation *op = NULL;
	struct verdict v;
	int err = permit(seg);

	if (err)
		return err;
	memhp_lock();
	v = begin_write(seg, buf, &op);
	memhp_unlock();
	if (!v.err && !abort) {
		v.err = operation_finish(op);
		v.why = op->text;
	}
	operation_put(op);
	if (!v.err)
		return count;
	pr_err("segment %pUb: state: error %d: %s\n", &seg->uuid, v.err, v.why);
	return v.err;
}
static DEVICE_ATTR_RW(state);

static struct attribute *segment_attrs[] = {
	&uuid_file.attr.attr,
	&owner_file.attr.attr,
	&orphan_file.attr.attr,
	&cookie_file.attr.attr,
	&node_file.attr.attr,
	&policy_file.attr.attr,
	&memmap_file.attr.attr,
	&size_file.attr.attr,
	&ranges_file.attr.attr,
	&progress_file.attr.attr,
	&error_file.attr.attr,
	&blockers_file.attr.attr,
	&dev_attr_deadline_ms.attr,
	&dev_attr_state.attr,
	NULL
};
ATTRIBUTE_GROUPS(segment);

/* Devices */

/* add_uevent_var() without a format: a third of its cost, in each attach and event. */
static int add_word(struct kobj_uevent_env *env, const char *key,
		    const char *value)
{
	size_t head = strlen(key), all = head + strlen(value) + 1;
	char *at = env->buf + env->buflen;

	if (env->envp_idx >= ARRAY_SIZE(env->envp) ||
	    all > sizeof(env->buf) - env->buflen)
		return -ENOMEM;
	memcpy(at, key, head);
	memcpy(at + head, value, all - head);
	env->envp[env->envp_idx++] = at;
	env->buflen += all;
	return 0;
}

/*
 * What listeners were told last: that is right before udev is told. Who asks for an event
 * of the past, by the file uevent, may hold no lock.
 */
static int segment_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct segment *seg = container_of_const(dev, struct segment, dev);

	return add_word(env, "MEMHP_UUID=",
			dev_name(dev) + strlen(SEGMENT_PREFIX)) ?:
	       add_word(env, "MEMHP_STATE=",
			state_name(seg, READ_ONCE(seg->told)));
}

static void segment_release(struct device *dev)
{
	kfree(to_segment(dev));
}

static const struct device_type segment_type = {
	.name	 = "segment",
	.groups	 = segment_groups,
	.uevent	 = segment_uevent,
	.release = segment_release,
};

void segment_device_init(struct segment *seg)
{
	device_initialize(&seg->dev);
	seg->dev.class = &memhp_class;
	seg->dev.type = &segment_type;
	device_set_pm_not_required(&seg->dev);
}

/*
 * As "%pUb" has it, at a fifth of the cost: dev_set_name() would read the format twice.
 * @text: UUID_STRING_LEN + 1 bytes
 */
static void uuid_text(char *text, const uuid_t *uuid)
{
	unsigned int i;

	for (i = 0; i < UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		text = hex_byte_pack(text, uuid->b[i]);
	}
	*text = '\0';
}

static int name_device(struct segment *seg)
{
	char name[sizeof(SEGMENT_PREFIX) + UUID_STRING_LEN] = SEGMENT_PREFIX;

	uuid_text(name + strlen(SEGMENT_PREFIX), &seg->uuid);
	return dev_set_name(&seg->dev, "%s", name);
}

/* Nobody hears of it until its memory is there. */
int segment_device_add(struct segment *seg)
{
	int err = name_device(seg);

	dev_set_uevent_suppress(&seg->dev, true);
	return err ?: device_add(&seg->dev);
}

void segment_device_announce(struct segment *seg)
{
	dev_set_uevent_suppress(&seg->dev, false);
	kobject_uevent(&seg->dev.kobj, KOBJ_ADD);
}
