// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology of a machine: looking at it.
 *
 * Owns the paths below /sys and /proc. Changes nothing there. What is not on every
 * machine (windows, segments, node map, tiers, parameters) may be missing; what is missing or broken of
 * the rest is a complaint.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "topo.h"

#define NODES		"sys/devices/system/node"
#define MEMORY		"sys/devices/system/memory"
#define PARAMETERS	"sys/module/memory_hotplug/parameters"
#define TIERS		"sys/devices/virtual/memory_tiering"
#define WINDOWS		"sys/kernel/debug/memory_hotplug/windows"
#define CLASS		"sys/class/memhp"
#define SEGMENT		"segment-"
#define NODE_MAP	"sys/kernel/debug/node_map"
#define LARGEST_FILE	(16u << 20)

struct reader {
	struct topo *topo;
	int root;
};

/* files */

static int read_all(int fd, char **text)
{
	size_t have = 0, room = 0;
	ssize_t got;

	for (;;) {
		if (have == room) {
			room += 4096;
			*text = topo_more(*text, room, 1);
		}
		got = read(fd, *text + have, room - have);
		if (got <= 0)
			break;
		have += got;
		if (have > LARGEST_FILE)
			return -EFBIG;
	}
	(*text)[have] = 0;
	return got < 0 ? -errno : 0;
}

/* The file's text, up to the first NUL; the caller frees it. NULL sets errno. */
static char *text_of(const struct reader *reader, const char *path)
{
	int fd = openat(reader->root, path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	int err;

	if (fd < 0)
		return NULL;
	err = read_all(fd, &text);
	close(fd);
	if (!err)
		return text;
	free(text);
	errno = -err;
	return NULL;
}

/* The same, and a complaint if there is none. */
static char *needed(const struct reader *reader, const char *path)
{
	char *text = text_of(reader, path);

	if (!text)
		topo_complain(reader->topo, "/%s: %s", path, strerror(errno));
	return text;
}

/* What may not be there; a complaint if it is and cannot be read. */
static char *optional(const struct reader *reader, const char *path)
{
	char *text = text_of(reader, path);

	if (!text && errno != ENOENT && errno != ENOTDIR)
		topo_complain(reader->topo, "/%s: %s", path, strerror(errno));
	return text;
}

static void broken(const struct reader *reader, const char *path)
{
	topo_complain(reader->topo, "/%s: not what a kernel writes", path);
}

/* The first line, without the end of it. */
static void first_line(char *to, size_t size, const char *text)
{
	size_t length = strcspn(text, "\n");

	if (length >= size)
		length = size - 1;
	memcpy(to, text, length);
	to[length] = 0;
}

/* Calls @each with the numbers of the entries "prefixN" of a directory. */
static int each_number(struct reader *reader, const char *path,
		       const char *prefix,
		       void (*each)(struct reader *reader, int number, int context),
		       int context)
{
	int fd = openat(reader->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int number, err = errno;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -err;
	}
	while ((entry = readdir(dir))) {
		number = parse_name(entry->d_name, prefix);
		if (number >= 0)
			each(reader, number, context);
	}
	closedir(dir);
	return 0;
}

static void needed_numbers(struct reader *reader, const char *path,
			   const char *prefix,
			   void (*each)(struct reader *, int, int), int context)
{
	int err = each_number(reader, path, prefix, each, context);

	if (err)
		topo_complain(reader->topo, "/%s: %s", path, strerror(-err));
}

/* nodes */

static void read_cpus(const struct reader *reader, struct topo_node *node)
{
	char path[96], *text;

	snprintf(path, sizeof(path), NODES "/node%d/cpulist", node->id);
	text = needed(reader, path);
	if (text && parse_list(text, &node->cpus))
		broken(reader, path);
	free(text);
}

static void read_amounts(const struct reader *reader, struct topo_node *node)
{
	char path[96], *text;

	snprintf(path, sizeof(path), NODES "/node%d/meminfo", node->id);
	text = needed(reader, path);
	node->counted = text && !parse_kib(text, "MemTotal", &node->total) &&
			!parse_kib(text, "MemFree", &node->free);
	if (text && !node->counted)
		broken(reader, path);
	free(text);
}

/* A row has an entry for each node that is online, in order. */
static void read_distances(const struct reader *reader, struct topo_node *node)
{
	int count = reader->topo->nr_nodes;
	char path[96], *text;

	snprintf(path, sizeof(path), NODES "/node%d/distance", node->id);
	text = needed(reader, path);
	if (!text)
		return;
	node->distance = topo_more(NULL, count, sizeof(*node->distance));
	if (parse_row(text, node->distance, count) != count) {
		broken(reader, path);
		free(node->distance);
		node->distance = NULL;
	}
	free(text);
}

static void found_node(struct reader *reader, int id, int unused)
{
	struct topo *topo = reader->topo;
	struct topo_node *node;

	(void)unused;
	topo->node = topo_more(topo->node, topo->nr_nodes, sizeof(*topo->node));
	node = &topo->node[topo->nr_nodes++];
	node->id = id;
	node->tier = -1;
}

static int by_id(const void *one, const void *other)
{
	const struct topo_node *a = one, *b = other;

	return a->id - b->id;
}

static void read_nodes(struct reader *reader)
{
	struct topo *topo = reader->topo;
	char *text = needed(reader, NODES "/possible");
	int i;

	if (text && parse_list(text, &topo->possible))
		broken(reader, NODES "/possible");
	free(text);
	needed_numbers(reader, NODES, "node", found_node, 0);
	if (topo->nr_nodes)
		qsort(topo->node, topo->nr_nodes, sizeof(*topo->node), by_id);
	for (i = 0; i < topo->nr_nodes; i++) {
		read_cpus(reader, &topo->node[i]);
		read_amounts(reader, &topo->node[i]);
		read_distances(reader, &topo->node[i]);
	}
}

static void found_tier(struct reader *reader, int tier, int unused)
{
	struct number_list nodes;
	char path[96], *text;
	struct topo_node *node;
	int i;

	(void)unused;
	snprintf(path, sizeof(path), TIERS "/memory_tier%d/nodelist", tier);
	text = optional(reader, path);
	if (!text)
		return;
	if (parse_list(text, &nodes))
		broken(reader, path);
	for (i = 0; i < reader->topo->nr_nodes; i++) {
		node = &reader->topo->node[i];
		for (int k = 0; k < nodes.nr; k++)
			if ((int)nodes.at[k].first <= node->id &&
			    node->id <= (int)nodes.at[k].last)
				node->tier = tier;
	}
	list_free(&nodes);
	free(text);
}

/* memory blocks */

static void read_word(const struct reader *reader, int block, const char *name,
		      char *to, size_t size)
{
	char path[96], *text;

	snprintf(path, sizeof(path), MEMORY "/memory%d/%s", block, name);
	text = needed(reader, path);
	if (text)
		first_line(to, size, text);
	free(text);
}

static void found_block(struct reader *reader, int number, int unused)
{
	struct topo *topo = reader->topo;
	char removable[8] = "";
	struct topo_range *range;

	(void)unused;
	topo->range = topo_more(topo->range, topo->nr_ranges,
				sizeof(*topo->range));
	range = &topo->range[topo->nr_ranges++];
	range->first_block = number;
	range->last_block = number;
	range->start = number * topo->block_size;
	range->last = range->start + topo->block_size - 1;
	range->node = -1;
	read_word(reader, number, "state", range->state, sizeof(range->state));
	read_word(reader, number, "valid_zones", range->zones,
		  sizeof(range->zones));
	read_word(reader, number, "removable", removable, sizeof(removable));
	range->removable = *removable == '1' ? 1 : *removable == '0' ? 0 : -1;
}

static void found_link(struct reader *reader, int number, int node)
{
	struct topo_range *block = topo_block(reader->topo, number);

	if (!block)
		topo_complain(reader->topo, "node %d names memory block %d, which is not there",
			      node, number);
	else if (block->node >= 0)
		topo_complain(reader->topo, "memory block %d is in node %d and in node %d",
			      number, block->node, node);
	else
		block->node = node;
}

static void read_blocks(struct reader *reader)
{
	struct topo *topo = reader->topo;
	char *text = needed(reader, MEMORY "/block_size_bytes");
	char path[64];
	int i;

	if (text && (parse_hex(text, &topo->block_size) || !topo->block_size ||
		     topo->block_size > UINT64_MAX / LARGEST_NUMBER / 2)) {
		broken(reader, MEMORY "/block_size_bytes");
		topo->block_size = 0;
	}
	free(text);
	if (!topo->block_size)		/* no block has an address */
		return;
	needed_numbers(reader, MEMORY, "memory", found_block, 0);
	topo_sort(topo);
	for (i = 0; i < topo->nr_nodes; i++) {
		snprintf(path, sizeof(path), NODES "/node%d", topo->node[i].id);
		needed_numbers(reader, path, "memory", found_link,
			       topo->node[i].id);
	}
}

/* ranges */

static struct parsed_range *read_ranges(const struct reader *reader,
					const char *path, const char *text,
					int (*next)(const char **, struct parsed_range *),
					int *nr)
{
	struct parsed_range *at = NULL;
	const char *cursor = text;
	int got, wrong = 0;

	for (;;) {
		at = topo_more(at, *nr, sizeof(*at));
		got = next(&cursor, &at[*nr]);
		if (!got)
			break;
		if (got < 0)
			wrong++;
		else
			(*nr)++;
	}
	if (wrong)
		topo_complain(reader->topo, "/%s: %d lines are not what a kernel writes",
			      path, wrong);
	return at;
}

/* Who is not root sees names, but no addresses. */
static bool hidden(const struct topo *topo)
{
	int i;

	for (i = 0; i < topo->nr_resources; i++)
		if (topo->resource[i].last)
			return false;
	return topo->nr_resources;
}

static void read_resources(struct reader *reader)
{
	struct topo *topo = reader->topo;
	char *text = needed(reader, "proc/iomem");

	if (!text)
		return;
	topo->resource = read_ranges(reader, "proc/iomem", text, parse_resource,
				     &topo->nr_resources);
	free(text);
	if (hidden(topo)) {
		topo_complain(topo, "/proc/iomem: addresses are for root only");
		topo->nr_resources = 0;
	}
}

static void read_windows(struct reader *reader)
{
	struct topo *topo = reader->topo;
	char *text = optional(reader, WINDOWS);

	if (text)
		topo->window = read_ranges(reader, WINDOWS, text, parse_window,
					   &topo->nr_windows);
	free(text);
}

/* segments, which are there where the kernel has controllers */

static void segment_word(const struct reader *reader, const char *device,
			 const char *name, char *to, size_t size)
{
	char path[320], *text;

	snprintf(path, sizeof(path), CLASS "/%s/%s", device, name);
	text = needed(reader, path);
	if (text)
		first_line(to, size, text);
	free(text);
}

static int segment_node(const struct reader *reader, const char *device)
{
	char word[16] = "", path[320], *end;
	long node;

	segment_word(reader, device, "node", word, sizeof(word));
	node = strtol(word, &end, 10);
	if (*word && !*end && node >= 0 && node < LARGEST_NUMBER)
		return node;
	snprintf(path, sizeof(path), CLASS "/%s/node", device);
	if (*word)
		broken(reader, path);
	return -1;
}

static void found_segment(struct reader *reader, const char *device)
{
	struct topo *topo = reader->topo;
	struct topo_segment about = { .node = segment_node(reader, device) };
	struct parsed_range *ranges;
	char path[320], *text;
	int i, nr = 0;

	snprintf(path, sizeof(path), CLASS "/%s/ranges", device);
	first_line(about.uuid, sizeof(about.uuid), device + strlen(SEGMENT));
	segment_word(reader, device, "owner", about.owner, sizeof(about.owner));
	segment_word(reader, device, "state", about.state, sizeof(about.state));
	text = needed(reader, path);
	if (!text)
		return;
	ranges = read_ranges(reader, path, text, parse_extent, &nr);
	for (i = 0; i < nr; i++) {
		topo->segment = topo_more(topo->segment, topo->nr_segments,
					  sizeof(*topo->segment));
		about.start = ranges[i].start;
		about.last = ranges[i].last;
		topo->segment[topo->nr_segments++] = about;
	}
	free(ranges);
	free(text);
}

static int by_start(const void *one, const void *other)
{
	const struct topo_segment *a = one, *b = other;

	return (a->start > b->start) - (a->start < b->start);
}

static void read_segments(struct reader *reader)
{
	int fd = openat(reader->root, CLASS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct topo *topo = reader->topo;
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, SEGMENT, strlen(SEGMENT)))
			found_segment(reader, entry->d_name);
	closedir(dir);
	if (topo->nr_segments)
		qsort(topo->segment, topo->nr_segments, sizeof(*topo->segment), by_start);
}

static void read_claims(struct reader *reader)
{
	struct topo *topo = reader->topo;
	char *text = optional(reader, NODE_MAP);

	if (text)
		topo->claim = read_ranges(reader, NODE_MAP, text, parse_claim,
					  &topo->nr_claims);
	free(text);
}

/* policy */

static void add_setting(struct reader *reader, const char *path,
			const char *name)
{
	struct topo *topo = reader->topo;
	char *text = optional(reader, path);
	struct topo_setting *setting;

	if (!text)
		return;
	topo->setting = topo_more(topo->setting, topo->nr_settings,
				  sizeof(*topo->setting));
	setting = &topo->setting[topo->nr_settings++];
	first_line(setting->name, sizeof(setting->name), name);
	first_line(setting->value, sizeof(setting->value), text);
	free(text);
}

static void read_parameters(struct reader *reader)
{
	static const char *const names[] = {
		"online_policy", "auto_movable_ratio", "auto_movable_numa_aware",
		"memmap_on_memory",
	};
	char path[96];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), PARAMETERS "/%s", names[i]);
		add_setting(reader, path, names[i]);
	}
}

static void read_policy(struct reader *reader)
{
	add_setting(reader, MEMORY "/auto_online_blocks", "auto_online_blocks");
	read_parameters(reader);
	add_setting(reader, "sys/kernel/mm/numa/demotion_enabled",
		    "demotion_enabled");
	add_setting(reader, "proc/sys/vm/zone_reclaim_mode", "zone_reclaim_mode");
	add_setting(reader, "proc/sys/kernel/numa_balancing", "numa_balancing");
}

int topo_read(struct topo *topo, const char *root)
{
	struct reader reader = {
		.topo = topo,
		.root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};

	if (reader.root < 0)
		return -errno;
	read_nodes(&reader);
	each_number(&reader, TIERS, "memory_tier", found_tier, 0);
	read_blocks(&reader);
	read_resources(&reader);
	read_windows(&reader);
	read_segments(&reader);
	read_claims(&reader);
	read_policy(&reader);
	close(reader.root);
	topo_settle(topo);
	return 0;
}
