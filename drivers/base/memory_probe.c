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
#include <linux/limits.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/security.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "memory_probe.h"

#define BLANKS		" \t"
#define MAX_WORDS	4
#define LONGEST_LINE	128

/* A line that was written, taken apart. */
struct words {
	char line[LONGEST_LINE];
	char *word[MAX_WORDS];
	unsigned int nr;
};

/* What a line says. */
struct range_words {
	u64 start, size;
	int nid;
};

/*
 * Who says what memory is decides what the kernel's own data lies in, as does
 * who writes to /dev/mem; hence lockdown's reason. The owner of an open file may
 * be anyone, so the writer counts, not the opener.
 */
static int memory_probe_permit(const char *file)
{
	if (!capable(CAP_SYS_ADMIN)) {
		pr_err_ratelimited("%s: refused, error %d: CAP_SYS_ADMIN is needed to write it\n",
				   file, -EPERM);
		return -EPERM;
	}
	if (security_locked_down(LOCKDOWN_DEV_MEM)) {
		pr_err("%s: refused, error %d: the kernel is locked down, only a boot without lockdown helps\n",
		       file, -EPERM);
		return -EPERM;
	}
	return 0;
}

/* The next word of a line, or NULL: blanks may be several. */
static char *next_word(char **rest)
{
	char *word = NULL;

	while (*rest && !(word && *word))
		word = strsep(rest, BLANKS);
	return word && *word ? word : NULL;
}

static int split_line(struct words *w, const char *buf, size_t count)
{
	char *rest, *word;

	if (count >= sizeof(w->line) || memchr(buf, '\0', count))
		return -EINVAL;
	memcpy(w->line, buf, count);
	w->line[count] = '\0';
	if (count && w->line[count - 1] == '\n')
		w->line[count - 1] = '\0';
	if (strpbrk(w->line, "\n"))
		return -EINVAL;
	rest = w->line;
	for (w->nr = 0; (word = next_word(&rest)); w->word[w->nr++] = word)
		if (w->nr == MAX_WORDS)
			return -EINVAL;
	return w->nr ? 0 : -EINVAL;
}

/* A number as C has it, or one with K, M, G or T behind it. */
static int parse_bytes(char *word, u64 *bytes)
{
	static const char units[] = "kmgt";
	char *last = word + strlen(word) - 1;
	const char *unit = strchr(units, tolower(*last));
	unsigned int shift = 0;
	int err;

	if (!isdigit(*word))
		return -EINVAL;		/* kstrtou64() would take a sign */
	if (unit) {
		*last = '\0';
		shift = 10 * (unit - units + 1);
	}
	err = kstrtou64(word, 0, bytes);
	if (err)
		return err;
	if (*bytes > U64_MAX >> shift)
		return -ERANGE;
	*bytes <<= shift;
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

/* ADDR [SIZE [NODE]], from the word @first on. */
static int parse_range(struct words *w, unsigned int first, unsigned int most,
		       struct range_words *r)
{
	unsigned int nr = w->nr - first;
	int err;

	*r = (struct range_words){
		.size = memory_block_size_bytes(),
		.nid = NUMA_NO_NODE,
	};
	if (!nr || nr > most)
		return -EINVAL;
	err = parse_bytes(w->word[first], &r->start);
	if (!err && nr > 1)
		err = parse_bytes(w->word[first + 1], &r->size);
	if (!err && nr > 2)
		err = parse_node(w->word[first + 2], &r->nid);
	return err;
}

static int misread(const char *file, const char *form, int err)
{
	pr_err("%s: refused, error %d: write %s\n", file, err, form);
	return err;
}

static ssize_t probe_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct range_words r;
	struct words w;
	int err = memory_probe_permit("probe");

	if (err)
		return err;
	err = split_line(&w, buf, count) ?: parse_range(&w, 0, 3, &r);
	if (err)
		return misread("probe", "ADDR [SIZE [NODE]]", err);
	return mhp_probe_add(r.start, r.size, r.nid) ?: count;
}
static DEVICE_ATTR_WO(probe);

static ssize_t remove_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct range_words r;
	struct words w;
	bool offline;
	int err = memory_probe_permit("remove");

	if (err)
		return err;
	err = split_line(&w, buf, count);
	offline = !err && !strcmp(w.word[0], "offline");
	err = err ?: parse_range(&w, offline, 2, &r);
	if (err)
		return misread("remove", "[offline] ADDR [SIZE]", err);
	return mhp_probe_remove(r.start, r.size, offline) ?: count;
}
static DEVICE_ATTR_WO(remove);

/* A window has a size: one of a single block by oversight helps nobody. */
static int parse_window(struct words *w, unsigned int most,
			struct range_words *r)
{
	return w->nr < 2 ? -EINVAL : parse_range(w, 0, most, r);
}

static ssize_t window_add_store(struct device *dev,
				struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct range_words r;
	struct words w;
	int err = memory_probe_permit("window_add");

	if (err)
		return err;
	err = split_line(&w, buf, count) ?: parse_window(&w, 3, &r);
	if (err)
		return misread("window_add", "ADDR SIZE [NODE]", err);
	return mhp_window_register(r.start, r.size, r.nid, MHP_WINDOW_ADMIN) ?:
	       count;
}
static DEVICE_ATTR_WO(window_add);

static ssize_t window_remove_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t count)
{
	struct range_words r;
	struct words w;
	int err = memory_probe_permit("window_remove");

	if (err)
		return err;
	err = split_line(&w, buf, count) ?: parse_window(&w, 2, &r);
	if (err)
		return misread("window_remove", "ADDR SIZE", err);
	return mhp_window_unregister(r.start, r.size, MHP_WINDOW_ADMIN) ?: count;
}
static DEVICE_ATTR_WO(window_remove);

static struct attribute *memory_probe_attrs[] = {
	&dev_attr_probe.attr,
	&dev_attr_remove.attr,
	&dev_attr_window_add.attr,
	&dev_attr_window_remove.attr,
	NULL
};

const struct attribute_group memory_probe_group = {
	.attrs = memory_probe_attrs,
};
