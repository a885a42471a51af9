// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adding and removing memory by hand: the files probe, remove, window_add and
 * window_remove in /sys/devices/system/memory.
 *
 * Owns:      who may write them, and what the words mean. See
 *            Documentation/ABI/sysfs-memory-probe.
 * Must not:  judge ranges: mm/memory_hotplug does, and says in the log what is
 *            wrong with one.
 * Locks:     none.
 */
#define pr_fmt(fmt) "memory_hotplug: " fmt

#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/security.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "memory_line.h"
#include "memory_probe.h"

/* What a line says. */
struct range_words {
	u64 start, size;
	int nid;
	bool offline;
};

/*
 * Who says what memory is decides what the kernel's own data lies in, as does
 * who writes to /dev/mem; hence lockdown's reason. The owner of an open file may
 * be anyone, so the writer counts, not the opener.
 */
static int memory_probe_permit(const char *file)
{
	int err = memory_line_permit(file);

	if (err)
		return err;
	if (security_locked_down(LOCKDOWN_DEV_MEM)) {
		pr_err("%s: refused, error %d: the kernel is locked down, only a boot without lockdown helps\n",
		       file, -EPERM);
		return -EPERM;
	}
	return 0;
}

static int parse_node(const char *word, int *nid)
{
	unsigned int number;
	int err;

	if (!isdigit(*word))
		return -EINVAL;
	err = kstrtouint(word, 10, &number);
	if (err)
		return err;
	/* a number that no node has is refused where nodes are known */
	*nid = min_t(unsigned int, number, MAX_NUMNODES);
	return 0;
}

/**
 * struct probe_file - a file in which ranges are written
 * @attr:    its name and mode
 * @form:    what a line is like, for those who got it wrong
 * @least:   words that a range has at least
 * @most:    and at most: ADDR SIZE NODE
 * @offline: the word "offline" may come first
 * @act:     does what the file is for
 */
struct probe_file {
	struct device_attribute attr;
	const char *form;
	unsigned int least, most;
	bool offline;
	int (*act)(const struct range_words *r);
};

static int parse_line(const struct probe_file *file, struct memory_line *w,
		      struct range_words *r)
{
	unsigned int first, nr;
	int err;

	*r = (struct range_words){
		.size = memory_block_size_bytes(),
		.nid = NUMA_NO_NODE,
		.offline = file->offline && !strcmp(w->word[0], "offline"),
	};
	first = r->offline;
	nr = w->nr - first;
	if (nr < file->least || nr > file->most)
		return -EINVAL;
	err = memory_line_bytes(w->word[first], &r->start);
	if (!err && nr > 1)
		err = memory_line_bytes(w->word[first + 1], &r->size);
	if (!err && nr > 2)
		err = parse_node(w->word[first + 2], &r->nid);
	return err;
}

static ssize_t line_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	const struct probe_file *file =
		container_of(attr, struct probe_file, attr);
	const char *name = attr->attr.name;
	struct range_words r;
	struct memory_line w;
	int err = memory_probe_permit(name);

	if (err)
		return err;
	err = memory_line_split(&w, buf, count) ?: parse_line(file, &w, &r);
	if (err) {
		pr_err("%s: refused, error %d: write %s\n", name, err,
		       file->form);
		return err;
	}
	return file->act(&r) ?: count;
}

static int probe(const struct range_words *r)
{
	return mhp_probe_add(r->start, r->size, r->nid);
}

static struct probe_file probe_file = {
	.attr	= __ATTR(probe, 0200, NULL, line_store),
	.form	= "ADDR [SIZE [NODE]]",
	.least	= 1,
	.most	= 3,
	.act	= probe,
};

static int remove(const struct range_words *r)
{
	return mhp_probe_remove(r->start, r->size, r->offline);
}

static struct probe_file remove_file = {
	.attr	 = __ATTR(remove, 0200, NULL, line_store),
	.form	 = "[offline] ADDR [SIZE]",
	.least	 = 1,
	.most	 = 2,
	.offline = true,
	.act	 = remove,
};

static int window_add(const struct range_words *r)
{
	return mhp_window_register(r->start, r->size, r->nid, MHP_WINDOW_ADMIN);
}

/* A window has a size: one of a single block by oversight helps nobody. */
static struct probe_file window_add_file = {
	.attr	= __ATTR(window_add, 0200, NULL, line_store),
	.form	= "ADDR SIZE [NODE]",
	.least	= 2,
	.most	= 3,
	.act	= window_add,
};

static int window_remove(const struct range_words *r)
{
	return mhp_window_unregister(r->start, r->size, MHP_WINDOW_ADMIN);
}

static struct probe_file window_remove_file = {
	.attr	= __ATTR(window_remove, 0200, NULL, line_store),
	.form	= "ADDR SIZE",
	.least	= 2,
	.most	= 2,
	.act	= window_remove,
};

static struct attribute *memory_probe_attrs[] = {
	&probe_file.attr.attr,
	&remove_file.attr.attr,
	&window_add_file.attr.attr,
	&window_remove_file.attr.attr,
	NULL
};

const struct attribute_group memory_probe_group = {
	.attrs = memory_probe_attrs,
};
