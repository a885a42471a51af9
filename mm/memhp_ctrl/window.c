// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows as devices, with the limits of segments in them.
 *
 * Owns:      a device for each window of the core, made again when those change. A limit
 *            goes by the start of its window, and goes with it.
 * Locks:     a lock of its own guards the list; the registry's is taken outside of it.
 *            Devices are registered and unregistered with neither of them, by one work
 *            at a time.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/kstrtox.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "ctrl.h"

/**
 * struct memhp_window - a window of the core
 * @dev:   its device
 * @list:  of all of them
 * @w:     what the core says
 * @limit: bytes that segments may have in it at most
 * @found: the core has it still
 * @shown: it has a device
 * @gone:  another one has its place
 */
struct memhp_window {
	struct device dev;
	struct list_head list;
	struct mhp_window w;
	u64 limit;
	bool found, shown, gone;
};

static LIST_HEAD(windows);
static DEFINE_MUTEX(list_lock);

#define to_window(d)	container_of(d, struct memhp_window, dev)

/* Limits */

u64 memhp_window_limit_of(u64 start)
{
	struct memhp_window *window;
	u64 limit = U64_MAX;

	mutex_lock(&list_lock);
	list_for_each_entry(window, &windows, list)
		if (window->w.start <= start &&
		    start - window->w.start < window->w.size)
			limit = window->limit;
	mutex_unlock(&list_lock);
	return limit;
}

static struct verdict check_limit(const struct memhp_window *window, u64 start,
				  u64 size)
{
	u64 first = max(start, window->w.start);
	u64 end = min(start + size, window->w.start + window->w.size);
	u64 used;

	if (first >= end || window->limit == U64_MAX)
		return YES;
	used = memhp_used(window->w.start, window->w.size);
	if (used <= window->limit && end - first <= window->limit - used)
		return YES;
	return NO(-ENOSPC, "the limit of the window does not allow as much");
}

struct verdict memhp_window_limit(u64 start, u64 size)
{
	struct memhp_window *window;
	struct verdict v = YES;

	memhp_assert_locked();
	mutex_lock(&list_lock);
	list_for_each_entry(window, &windows, list) {
		v = check_limit(window, start, size);
		if (v.err)
			break;
	}
	mutex_unlock(&list_lock);
	return v;
}

/* Files */

static ssize_t start_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%#llx\n", to_window(dev)->w.start);
}
static DEVICE_ATTR_RO(start);

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%#llx\n", to_window(dev)->w.size);
}
static DEVICE_ATTR_RO(size);

static ssize_t node_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", to_window(dev)->w.nid);
}
static DEVICE_ATTR_RO(node);

static ssize_t source_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	static const char *const names[] = {
		[MHP_WINDOW_SRAT]	= "srat",
		[MHP_WINDOW_DT]		= "devicetree",
		[MHP_WINDOW_CUT_OFF]	= "cut-off",
		[MHP_WINDOW_DRIVER]	= "driver",
		[MHP_WINDOW_ADMIN]	= "administrator",
	};

	return sysfs_emit(buf, "%s\n", names[to_window(dev)->w.source]);
}
static DEVICE_ATTR_RO(source);

static ssize_t used_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	const struct mhp_window *w = &to_window(dev)->w;
	u64 used;

	memhp_lock();
	used = memhp_used(w->start, w->size);
	memhp_unlock();
	return sysfs_emit(buf, "%#llx\n", used);
}
static DEVICE_ATTR_RO(used);

static ssize_t limit_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	u64 limit = READ_ONCE(to_window(dev)->limit);

	return limit == U64_MAX ? sysfs_emit(buf, "none\n") :
				  sysfs_emit(buf, "%#llx\n", limit);
}

static ssize_t limit_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	u64 limit = U64_MAX;
	int err = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!sysfs_streq(buf, "none"))
		err = kstrtou64(buf, 0, &limit);
	if (err)
		return err;
	/* read by limit_show(), and under list_lock */
	mutex_lock(&list_lock);
	if (to_window(dev)->gone)
		err = -ENODEV;
	else
		WRITE_ONCE(to_window(dev)->limit, limit);
	mutex_unlock(&list_lock);
	return err ?: count;
}
static DEVICE_ATTR_RW(limit);

static struct attribute *window_attrs[] = {
	&dev_attr_start.attr,
	&dev_attr_size.attr,
	&dev_attr_node.attr,
	&dev_attr_source.attr,
	&dev_attr_used.attr,
	&dev_attr_limit.attr,
	NULL
};
ATTRIBUTE_GROUPS(window);

static void window_release(struct device *dev)
{
	kfree(to_window(dev));
}

static const struct device_type window_type = {
	.name	 = "window",
	.groups	 = window_groups,
	.release = window_release,
};

/* As the core has them */

static int copy_window(const struct mhp_window *w, void *arg)
{
	struct window_copy *copy = arg;

	if (copy->nr < copy->room)
		copy->at[copy->nr] = *w;
	copy->nr++;
	return 0;
}

/* If windows come between the two looks, who asked is told of them later. */
int memhp_copy_windows(struct window_copy *copy)
{
	*copy = (struct window_copy){ };
	mhp_windows_walk(copy_window, copy);
	copy->room = copy->nr;
	copy->nr = 0;
	copy->at = kvcalloc(copy->room + 1, sizeof(*copy->at), GFP_KERNEL);
	if (!copy->at)
		return -ENOMEM;
	mhp_windows_walk(copy_window, copy);
	copy->nr = min(copy->nr, copy->room);
	return 0;
}

static struct memhp_window *window_new(const struct mhp_window *w)
{
	struct memhp_window *window = kzalloc(sizeof(*window), GFP_KERNEL);

	if (!window)
		return NULL;
	window->w = *w;
	window->limit = U64_MAX;
	window->found = true;
	device_initialize(&window->dev);
	window->dev.class = &memhp_class;
	window->dev.type = &window_type;
	if (dev_set_name(&window->dev, "window-%llx", w->start)) {
		put_device(&window->dev);
		return NULL;
	}
	return window;
}

static bool same_window(const struct mhp_window *a, const struct mhp_window *b)
{
	return a->start == b->start && a->size == b->size &&
	       a->nid == b->nid && a->source == b->source;
}

static bool has_device(const struct mhp_window *w)
{
	struct memhp_window *window;

	list_for_each_entry(window, &windows, list)
		if (same_window(&window->w, w)) {
			window->found = true;
			return true;
		}
	return false;
}

static bool overlap(const struct mhp_window *a, const struct mhp_window *b)
{
	return a->start < b->start + b->size && b->start < a->start + a->size;
}

/*
 * Windows that have joined, were divided or have another end are others. What was allowed
 * in them is not more for that: each part has the limit of the whole, a whole the lowest.
 */
static void keep_limit(struct memhp_window *fresh)
{
	struct memhp_window *old;

	list_for_each_entry(old, &windows, list)
		if (!old->found && overlap(&old->w, &fresh->w))
			fresh->limit = min(fresh->limit, old->limit);
}

static void drop_devices(struct list_head *gone)
{
	struct memhp_window *window, *next;

	list_for_each_entry_safe(window, next, gone, list) {
		list_del(&window->list);
		if (window->shown)
			device_del(&window->dev);
		put_device(&window->dev);
	}
}

/* Nobody else adds to the list or takes from it. Next time they are tried again. */
static int add_devices(void)
{
	struct memhp_window *window;
	int err = 0;

	list_for_each_entry(window, &windows, list) {
		if (!window->shown)
			window->shown = !device_add(&window->dev);
		if (!window->shown)
			err = -ENOMEM;
	}
	return err;
}

/* Instead of one that cannot be made, the old one says what the limit is. */
static void keep_old(const struct mhp_window *w)
{
	struct memhp_window *old;

	list_for_each_entry(old, &windows, list)
		old->found |= old->w.start == w->start;
}

/* Limits hold at any time: who goes and who comes change places at once. */
static int compare(const struct window_copy *now, struct list_head *gone)
{
	struct memhp_window *window, *next;
	LIST_HEAD(fresh);
	unsigned int i;
	int err = 0;

	list_for_each_entry(window, &windows, list)
		window->found = false;
	for (i = 0; i < now->nr; i++) {
		if (has_device(&now->at[i]))
			continue;
		window = window_new(&now->at[i]);
		if (window) {
			list_add_tail(&window->list, &fresh);
		} else {
			keep_old(&now->at[i]);
			err = -ENOMEM;
		}
	}
	list_for_each_entry(window, &fresh, list)
		keep_limit(window);
	list_for_each_entry_safe(window, next, &windows, list) {
		window->gone = !window->found;
		if (window->gone)
			list_move(&window->list, gone);
	}
	list_splice_tail(&fresh, &windows);
	return err;
}

static void update_windows(struct work_struct *unused)
{
	struct window_copy now;
	LIST_HEAD(gone);
	int err = memhp_copy_windows(&now), failed;

	if (!err) {
		mutex_lock(&list_lock);
		err = compare(&now, &gone);
		mutex_unlock(&list_lock);
		drop_devices(&gone);
		failed = add_devices();
		err = err ?: failed;
		kvfree(now.at);
	}
	if (err)
		pr_warn("error %d: a window has no device in /sys/class/memhp; change a window once there is memory\n",
			err);
}

static DECLARE_WORK(update_work, update_windows);

/* Set once, before which no window has a device. */
static bool ready;

/* Counts changes; not 0, which dumps take for none. */
static atomic_t generation = ATOMIC_INIT(1);

unsigned int memhp_window_generation(void)
{
	return atomic_read(&generation);
}

void mhp_windows_changed(void)
{
	atomic_inc_unless_negative(&generation);
	if (!READ_ONCE(ready))
		return;
	queue_work(system_long_wq, &update_work);
	flush_work(&update_work);
}

int memhp_windows_init(void)
{
	WRITE_ONCE(ready, true);	/* read by mhp_windows_changed() */
	mhp_windows_changed();
	return 0;
}
