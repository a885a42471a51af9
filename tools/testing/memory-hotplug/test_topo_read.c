// SPDX-License-Identifier: GPL-2.0-only
/*
 * memhp-topology looks at machines that are made of files in a directory: a good one,
 * and ones with each of its files missing or spoilt.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "topo.h"

#define NODE	"sys/devices/system/node/"
#define MEMORY	"sys/devices/system/memory/"
#define MODULE	"sys/module/memory_hotplug/parameters/"
#define SEGMENT	"sys/class/memhp/segment-00000000-0000-0000-0000-000000000012/"
#define NODE_MAP "sys/kernel/debug/node_map"
#define WINDOWS	"sys/kernel/debug/memory_hotplug/windows"

struct file {
	const char *path, *text;
	bool optional;		/* may be missing without a complaint */
	bool free_form;		/* any line is right */
};

#define BLOCK(n, state, zones)							\
	{ MEMORY "memory" #n "/state", state "\n", false, true },		\
	{ MEMORY "memory" #n "/valid_zones", zones "\n", false, true },		\
	{ MEMORY "memory" #n "/removable", "1\n", false, true }

/* Two nodes; the second has no CPU, and a block that is offline. */
static const struct file good[] = {
	{ NODE "possible", "0-3\n" },
	{ NODE "node0/cpulist", "0-1\n" },
	{ NODE "node0/meminfo", "Node 0 MemTotal: 262144 kB\nNode 0 MemFree: 1024 kB\n" },
	{ NODE "node0/distance", "10 17\n" },
	{ NODE "node2/cpulist", "\n" },
	{ NODE "node2/meminfo", "Node 2 MemTotal: 131072 kB\nNode 2 MemFree: 2048 kB\n" },
	{ NODE "node2/distance", "28 10\n" },
	{ MEMORY "block_size_bytes", "8000000\n" },
	{ MEMORY "auto_online_blocks", "offline\n", true, true },
	BLOCK(8, "online", "Normal"),
	BLOCK(9, "online", "Normal"),
	BLOCK(10, "online", "Movable"),
	BLOCK(16, "offline", "Normal Movable"),
	{ "proc/iomem", "09000000-09000fff : pl011\n40000000-57ffffff : System RAM\n"
	  "  40200000-40ffffff : Kernel code\n80000000-87ffffff : virtio0\n"
	  "  80000000-87ffffff : System RAM (virtio_mem)\n" },
	{ WINDOWS, "0x0000000080000000-0x00000000bfffffff firmware 2\n", true },
	{ SEGMENT "ranges", "0x80000000-0x83ffffff\n0x84000000-0x87ffffff\n" },
	{ SEGMENT "owner", "pool\n", false, true },
	{ SEGMENT "state", "draining\n", false, true },
	{ SEGMENT "node", "2\n" },
	{ NODE_MAP, "0x0000000040000000-0x000000004fffffff node 0 memory SRAT\n", true },
	{ MODULE "online_policy", "contig-zones\n", true, true },
	{ "sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0,2\n", true },
};

#define NR_GOOD	((int)(sizeof(good) / sizeof(good[0])))

static char root[] = "/tmp/memhp-topo-XXXXXX";

/* the tree */

static void make_parents(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void put(const char *name, const char *data, size_t size)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		tap_fail("%s: %s", path, strerror(errno));
	close(fd);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void link_block(int node, int block)
{
	char name[96];

	snprintf(name, sizeof(name), NODE "node%d/memory%d", node, block);
	put_text(name, "");		/* the name is all that counts */
}

static void drop(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (remove(path))
		tap_fail("%s: %s", path, strerror(errno));
}

static int drop_entry(const char *path, const struct stat *about, int type,
		      struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path);
}

static void each_in_a_tree(const struct tap_test *test)
{
	int i;

	strcpy(root + strlen(root) - 6, "XXXXXX");
	if (!mkdtemp(root)) {
		tap_fail("%s: %s", root, strerror(errno));
		return;
	}
	for (i = 0; i < NR_GOOD; i++)
		put_text(good[i].path, good[i].text);
	link_block(0, 8);
	link_block(0, 9);
	link_block(2, 10);
	link_block(2, 16);
	test->run();
	nftw(root, drop_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* what was read */

static bool complained_of(const struct topo *topo, const char *part)
{
	int i;

	for (i = 0; i < topo->nr_complaints; i++)
		if (strstr(topo->complaint[i], part))
			return true;
	return false;
}

static void read_tree(struct topo *topo)
{
	memset(topo, 0, sizeof(*topo));
	if (topo_read(topo, root))
		tap_fail("the tree cannot be read");
}

/* Reads the tree, which has to be complained of with these words. */
static void expect_complaint(const char *part)
{
	struct topo topo;

	read_tree(&topo);
	if (!complained_of(&topo, part))
		tap_fail("no complaint with \"%s\", but %d others, such as %s", part,
			 topo.nr_complaints, topo.nr_complaints ? topo.complaint[0] : "none");
	topo_free(&topo);
}

static void expect_none(void)
{
	struct topo topo;

	read_tree(&topo);
	if (topo.nr_complaints)
		tap_fail("%s", topo.complaint[0]);
	topo_free(&topo);
}

static void all_pictures(const struct topo *topo)
{
	FILE *nowhere = fopen("/dev/null", "w");

	topo_text(topo, nowhere);
	topo_json(topo, nowhere);
	topo_svg(topo, nowhere);
	fclose(nowhere);
}

/* tests */

static void range_is(const struct topo_range *range, uint64_t start, uint64_t last,
		     int node, const char *source)
{
	if (range->start != start || range->last != last || range->node != node ||
	    strcmp(range->source, source))
		tap_fail("0x%lx-0x%lx of node %d, %s", (long)range->start,
			 (long)range->last, range->node, range->source);
}

static void good_tree(void)
{
	struct topo topo;

	read_tree(&topo);
	if (topo.nr_complaints)
		tap_fail("%s", topo.complaint[0]);
	if (topo.nr_nodes != 2 || topo.nr_ranges != 3 || topo.nr_windows != 1 ||
	    topo.nr_claims != 1 || topo.nr_settings != 2) {
		tap_fail("%d nodes, %d ranges, %d windows, %d settings", topo.nr_nodes,
			 topo.nr_ranges, topo.nr_windows, topo.nr_settings);
		topo_free(&topo);
		return;
	}
	range_is(&topo.range[0], 0x40000000, 0x4fffffff, 0, "System RAM");
	range_is(&topo.range[1], 0x50000000, 0x57ffffff, 2, "System RAM");
	range_is(&topo.range[2], 0x80000000, 0x87ffffff, 2, "System RAM (virtio_mem)");
	if (topo.nr_segments != 2 || topo.segment[1].start != 0x84000000 ||
	    topo.segment[1].last != 0x87ffffff || topo.segment[1].node != 2 ||
	    strcmp(topo.segment[1].owner, "pool") ||
	    strcmp(topo.segment[1].state, "draining") ||
	    strcmp(topo.segment[1].uuid, "00000000-0000-0000-0000-000000000012"))
		tap_fail("the segment is not what the files say");
	if (topo.node[1].id != 2 || topo.node[1].distance[0] != 28 ||
	    topo.node[1].total != 128 << 20 || topo.node[1].tier != 4 ||
	    list_count(&topo.node[0].cpus) != 2)
		tap_fail("a node is not what the files say");
	topo_free(&topo);
}

static void each_missing(void)
{
	int i;

	for (i = 0; i < NR_GOOD && !tap_failed(); i++) {
		tap_context("%s", good[i].path);
		drop(good[i].path);
		if (good[i].optional)
			expect_none();
		else
			expect_complaint(good[i].path);
		put_text(good[i].path, good[i].text);
	}
	expect_none();
}

static void each_spoilt_by(const char *data, size_t size)
{
	struct topo topo;
	int i;

	for (i = 0; i < NR_GOOD && !tap_failed(); i++) {
		tap_context("%s is \"%.8s\", %zu bytes", good[i].path, data, size);
		put(good[i].path, data, size);
		read_tree(&topo);
		all_pictures(&topo);
		if (!good[i].free_form && !complained_of(&topo, good[i].path))
			tap_fail("no complaint");
		topo_free(&topo);
		put_text(good[i].path, good[i].text);
	}
	expect_none();
}

static void each_garbage(void)
{
	static char large[20000];

	each_spoilt_by("?", 1);
	each_spoilt_by("-1\n", 3);
	each_spoilt_by("\xff\x01<&\"\\\x1b[31m", 11);
	each_spoilt_by("99999999999999999999999999\n", 27);
	memset(large, '9', sizeof(large));
	each_spoilt_by(large, sizeof(large));
	memset(large, ',', sizeof(large));
	each_spoilt_by(large, sizeof(large));
}

static void each_directory(void)
{
	char path[256];
	int i;

	for (i = 0; i < NR_GOOD && !tap_failed(); i++) {
		tap_context("%s is a directory", good[i].path);
		drop(good[i].path);
		snprintf(path, sizeof(path), "%s/%s", root, good[i].path);
		mkdir(path, 0700);
		expect_complaint(good[i].path);
		drop(good[i].path);
		put_text(good[i].path, good[i].text);
	}
}

static void empty_files(void)
{
	put_text(MEMORY "block_size_bytes", "");
	expect_complaint("block_size_bytes: not what");
	put_text(MEMORY "block_size_bytes", "0\n");
	expect_complaint("block_size_bytes: not what");
	put_text(NODE "node0/distance", "\n");
	expect_complaint("node0/distance: not what");
	put_text(NODE "node0/meminfo", "");
	expect_complaint("node0/meminfo: not what");
}

static void short_distance(void)
{
	struct topo topo;

	put_text(NODE "node0/distance", "10\n");
	expect_complaint("node0/distance: not what");
	put_text(NODE "node0/distance", "10 17 20\n");
	expect_complaint("node0/distance: not what");
	read_tree(&topo);
	if (topo.node[0].distance || !topo.node[1].distance)
		tap_fail("the other node's distances do not stay");
	all_pictures(&topo);
	topo_free(&topo);
}

static void wrong_links(void)
{
	link_block(0, 17);
	expect_complaint("node 0 names memory block 17, which is not there");
	drop(NODE "node0/memory17");
	link_block(2, 8);
	expect_complaint("memory block 8 is in node 0 and in node 2");
}

static void no_link(void)
{
	struct topo topo;

	drop(NODE "node0/memory9");
	read_tree(&topo);
	if (topo.nr_ranges != 4 || topo.range[1].node != -1)
		tap_fail("%d ranges, the second in node %d", topo.nr_ranges,
			 topo.range[1].node);
	all_pictures(&topo);
	topo_free(&topo);
}

static void not_root(void)
{
	struct topo topo;

	put_text("proc/iomem", "00000000-00000000 : System RAM\n");
	expect_complaint("/proc/iomem: addresses are for root only");
	read_tree(&topo);
	if (*topo.range[0].source)
		tap_fail("the source is \"%s\"", topo.range[0].source);
	topo_free(&topo);
}

static void no_tree(void)
{
	struct topo topo = { 0 };

	if (topo_read(&topo, "/no/such/directory") != -ENOENT)
		tap_fail("not -ENOENT");
	if (topo_read(&topo, "/dev/null") != -ENOTDIR)
		tap_fail("not -ENOTDIR");
	topo_free(&topo);
}

static void many_blocks(void)
{
	char name[96];
	struct topo topo;
	int i;

	for (i = 20; i < 1020; i++) {
		snprintf(name, sizeof(name), MEMORY "memory%d/state", i);
		put_text(name, i % 2 ? "online\n" : "offline\n");
		snprintf(name, sizeof(name), MEMORY "memory%d/valid_zones", i);
		put_text(name, "Movable\n");
		snprintf(name, sizeof(name), MEMORY "memory%d/removable", i);
		put_text(name, "1\n");
		link_block(2, i);
	}
	read_tree(&topo);
	if (topo.nr_ranges != 1003 || topo.nr_complaints)
		tap_fail("%d ranges, %d complaints", topo.nr_ranges, topo.nr_complaints);
	all_pictures(&topo);
	topo_free(&topo);
}

static const struct tap_test tests[] = {
	{ "VNUMA-04 topology: nodes, ranges, sources, windows and policy are those of the files",
	  good_tree },
	{ "VNUMA-04 topology: each file may be missing, and is named unless it is optional",
	  each_missing },
	{ "VNUMA-04 topology: each file may hold garbage, and is named", each_garbage },
	{ "VNUMA-04 topology: each file may be a directory, and is named", each_directory },
	{ "VNUMA-04 topology: empty files are complained of", empty_files },
	{ "VNUMA-04 topology: a row of distances that is too short or long is left out",
	  short_distance },
	{ "VNUMA-04 topology: a block that is not there, or in two nodes, is complained of",
	  wrong_links },
	{ "VNUMA-04 topology: a block that no node names is shown as such", no_link },
	{ "VNUMA-04 topology: without addresses in /proc/iomem, sources are not known", not_root },
	{ "VNUMA-04 topology: a tree that is not there is an error", no_tree },
	{ "VNUMA-04 topology: a thousand blocks that cannot be joined", many_blocks },
};

TAP_SUITE_RUN_BY(suite_topo_read, tests, each_in_a_tree);
