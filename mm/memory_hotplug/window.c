// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows: physical ranges in which memory may appear.
 *
 * Owns:      the set of windows; the set of ranges that never may be in one.
 * Must not:  add or remove memory (probe.c does), or know of firmware
 *            (window_boot.c does).
 * Locks:     the window lock guards both sets. It is taken before the device
 *            hotplug lock, and held as long as memory in a window takes to come or
 *            go. So who only looks at windows takes another one, inside of which
 *            nobody waits: it guards the set of windows when boot is over.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/align.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/lockdep.h>
#include <linux/math.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/node_map.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/range.h>
#include <linux/rwsem.h>
#include <linux/seq_file.h>

#include "internal.h"

static DEFINE_MUTEX(window_lock);
static DECLARE_RWSEM(look_lock);
static struct window_set windows, keep_out;

static const char *const source_names[] = {
	[MHP_WINDOW_SRAT]	= "SRAT",
	[MHP_WINDOW_DT]		= "devicetree",
	[MHP_WINDOW_CUT_OFF]	= "cut-off",
	[MHP_WINDOW_DRIVER]	= "driver",
	[MHP_WINDOW_ADMIN]	= "administrator",
};

void mhp_windows_lock(void)
{
	mutex_lock(&window_lock);
}

void mhp_windows_unlock(void)
{
	mutex_unlock(&window_lock);
}

/* What is in the resource tree. */

static int stop(struct resource *res, void *unused)
{
	return 1;
}

static bool has(u64 start, u64 size, unsigned long flags)
{
	return walk_iomem_res_desc(IORES_DESC_NONE, flags, start,
				   start + size - 1, NULL, stop) > 0;
}

enum mhp_tenant mhp_tenant_of(u64 start, u64 size)
{
	/* as a rule nobody is there, and that is settled at once */
	if (!has(start, size, 0))
		return MHP_TENANT_NONE;
	/* a driver's memory is below the device that it belongs to */
	return has(start, size, IORESOURCE_SYSTEM_RAM) ? MHP_TENANT_RAM :
							 MHP_TENANT_OTHER;
}

/* Windows at boot, by firmware. */

int __init mhp_keep_out(u64 start, u64 end)
{
	struct window part = { .nid = NUMA_NO_NODE };
	u64 from = start, to = end;
	int ret = 0;

	mutex_lock(&window_lock);
	while (!ret && window_set_gap(&keep_out, &from, &to)) {
		part.start = from;
		part.end = to;
		ret = window_set_room(&keep_out, 1) ?:
		      window_set_insert(&keep_out, &part);
		from = to;
		to = end;
	}
	mutex_unlock(&window_lock);
	return ret;
}

/* Only whole memory blocks can be added. */
static int __init insert_blocks(u64 start, u64 end, int nid,
				enum mhp_window_source source)
{
	struct range usable = mhp_get_pluggable_range(true);
	unsigned long block = memory_block_size_bytes();
	struct window w = {
		.start	= round_up(max(start, usable.start), block),
		.end	= round_down(min(end, usable.end + 1), block),
		.nid	= nid,
		.source	= source,
	};

	if (w.start >= w.end)
		return 0;
	return window_set_room(&windows, 1) ?: window_set_insert(&windows, &w);
}

/* What of a range must not be kept out. */
static int __init insert_allowed(u64 start, u64 end, int nid,
				 enum mhp_window_source source)
{
	u64 from = start, to = end;
	int ret = 0;

	while (!ret && window_set_gap(&keep_out, &from, &to)) {
		ret = insert_blocks(from, to, nid, source);
		from = to;
		to = end;
	}
	return ret;
}

int __init mhp_window_offer(u64 start, u64 end, int nid,
			    enum mhp_window_source source)
{
	u64 from = start, to = end;
	int ret = 0;

	if (!numa_valid_node(nid) || !node_possible(nid))
		nid = NUMA_NO_NODE;
	mutex_lock(&window_lock);
	while (!ret && window_set_gap(&windows, &from, &to)) {
		ret = insert_allowed(from, to, nid, source);
		from = to;
		to = end;
	}
	mutex_unlock(&window_lock);
	return ret;
}

/* Windows at run time. */

static int no_window(u64 start, u64 size, int err, const char *why)
{
	pr_err(MHP_RANGE " window not changed, error %d: %s\n",
	       start, start + size - 1, err, why);
	return err;
}

static int check_window(u64 start, u64 size)
{
	struct range usable = mhp_get_pluggable_range(true);

	if (mhp_check_range(start, size))
		return no_window(start, size, -EINVAL, MHP_RANGE_RULE);
	if (start < usable.start || start + size - 1 > usable.end)
		return no_window(start, size, -E2BIG,
				 "the linear map does not reach there, choose another range");
	return 0;
}

/* Of the set that others look at: it may be somewhere else then. */
static int make_room(void)
{
	int ret;

	down_write(&look_lock);
	ret = window_set_room(&windows, 1);
	up_write(&look_lock);
	return ret;
}

static int check_new(u64 start, u64 size)
{
	lockdep_assert_held(&window_lock);
	if (window_set_overlaps(&windows, start, start + size))
		return no_window(start, size, -EEXIST,
				 "a part of it is in a window already");
	if (window_set_overlaps(&keep_out, start, start + size))
		return no_window(start, size, -EBUSY,
				 "firmware reserves a part of it, choose another range");
	if (mhp_tenant_of(start, size) != MHP_TENANT_NONE)
		return no_window(start, size, -EBUSY,
				 "a part of it is taken, see /proc/iomem");
	if (make_room())
		return no_window(start, size, -ENOMEM,
				 "no memory to note it, free some");
	return 0;
}

/* Whoever asks for the node of an address there is told that of the window. */
static int name_node(u64 start, u64 size, int nid)
{
	int ret = nid == NUMA_NO_NODE ? 0 :
		  node_map_add_window(start, size, nid);

	return ret ? no_window(start, size, ret, "its node cannot be noted") : 0;
}

int mhp_window_register(u64 start, u64 size, int nid,
			enum mhp_window_source source)
{
	const struct window w = { start, start + size, nid, source };
	int ret = check_window(start, size);

	if (ret)
		return ret;
	if (nid != NUMA_NO_NODE && (!numa_valid_node(nid) || !node_possible(nid)))
		return no_window(start, size, -EINVAL,
				 "there can be no such node, see /sys/devices/system/node/possible");
	mutex_lock(&window_lock);
	ret = check_new(start, size) ?: name_node(start, size, nid);
	/* what was checked can be inserted, so that is last */
	if (!ret) {
		down_write(&look_lock);
		ret = window_set_insert(&windows, &w);
		up_write(&look_lock);
	}
	mutex_unlock(&window_lock);
	if (!ret)
		mhp_windows_changed();
	return ret;
}
EXPORT_SYMBOL_GPL(mhp_window_register);

static int check_old(u64 start, u64 size, enum mhp_window_source source)
{
	lockdep_assert_held(&window_lock);
	if (!window_set_covers_by(&windows, start, start + size, source))
		return no_window(start, size, -ENOENT,
				 "it is not wholly in windows of this kind");
	if (mhp_tenant_of(start, size) != MHP_TENANT_NONE)
		return no_window(start, size, -EBUSY,
				 "it is in use, remove its memory first");
	if (make_room() || node_map_drop_window(start, size))
		return no_window(start, size, -ENOMEM,
				 "no memory to note it, free some");
	return 0;
}

int mhp_window_unregister(u64 start, u64 size, enum mhp_window_source source)
{
	int ret = check_window(start, size);

	if (ret)
		return ret;
	mutex_lock(&window_lock);
	ret = check_old(start, size, source);
	if (!ret) {
		down_write(&look_lock);
		ret = window_set_cut(&windows, start, start + size);
		up_write(&look_lock);
	}
	mutex_unlock(&window_lock);
	if (!ret)
		mhp_windows_changed();
	return ret;
}
EXPORT_SYMBOL_GPL(mhp_window_unregister);

bool __mhp_window_covers(u64 start, u64 size, int *nid)
{
	lockdep_assert(lockdep_is_held(&window_lock) ||
		       lockdep_is_held(&look_lock));
	return window_set_covers(&windows, start, start + size, nid);
}

bool mhp_window_covers(u64 start, u64 size, int *nid)
{
	bool inside;
	int node;

	if (!size || start + size <= start)
		return false;
	down_read(&look_lock);
	inside = __mhp_window_covers(start, size, &node);
	up_read(&look_lock);
	if (inside)
		*nid = node < 0 ? NUMA_NO_NODE : node;
	return inside;
}
EXPORT_SYMBOL_GPL(mhp_window_covers);

int mhp_range_node(u64 start, u64 size, int window_nid)
{
	/* a person may have said more of the range than firmware did of its window */
	int nid = node_map_find_range(start, size);

	return nid == NUMA_NO_NODE ? window_nid : nid;
}

int mhp_windows_walk(mhp_window_fn function, void *arg)
{
	const struct window *w;
	int ret = 0;

	down_read(&look_lock);
	for (w = windows.at; !ret && w < windows.at + windows.nr; w++) {
		const struct mhp_window shown = {
			w->start, w->end - w->start, w->nid, w->source,
		};

		ret = function(&shown, arg);
	}
	up_read(&look_lock);
	return ret;
}

/* What there is, for people: a line for each window. */

static int window_show(const struct mhp_window *w, void *out)
{
	seq_printf(out, "%#018llx-%#018llx %s %d\n", w->start,
		   w->start + w->size - 1, source_names[w->source], w->nid);
	return 0;
}

static int windows_show(struct seq_file *out, void *unused)
{
	return mhp_windows_walk(window_show, out);
}
DEFINE_SHOW_ATTRIBUTE(windows);

static int __init windows_init(void)
{
	debugfs_create_file("windows", 0400, mhp_debugfs(), NULL,
			    &windows_fops);
	return 0;
}
device_initcall(windows_init);
