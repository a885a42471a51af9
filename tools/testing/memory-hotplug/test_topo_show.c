// SPDX-License-Identifier: GPL-2.0-only
/* What memhp-topology prints of a machine that is made up, to the letter. */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "topo.h"

#define MIB	(1ull << 20)

static struct run cpus[] = { { 0, 1 }, { 4, 4 } }, possible[] = { { 0, 3 } };
static unsigned int near[] = { 10, 17 }, far[] = { 28, 10 };

static struct topo_node nodes[] = {
	{ 0, 4, true, 256 * MIB, 3 * MIB, { cpus, 2 }, near },
	{ 2, -1, false, 0, 0, { NULL, 0 }, far },
};

static struct topo_range ranges[] = {
	{ 0x40000000, 0x4fffffff, 8, 9, 0, 0, "online", "Normal", "System RAM" },
	{ 0x80000000, 0x87ffffff, 16, 16, 2, 1, "offline", "Normal Movable", "" },
	{ 0x88000000, 0x8fffffff, 17, 17, -1, -1, "", "", "a<b>&\"\\\x1b\xff" },
};

static struct parsed_range windows[] = {
	{ 0x80000000, 0xbfffffff, "firmware", 2 },
	{ 0xc0000000, 0xc00fffff, "boot", -1 },
};

static struct topo_segment segments[] = {
	{ 0x80000000, 0x87ffffff, 2, "00000000-0000-0000-0000-000000000012", "a<b>",
	  "online_movable" },
	{ 0x90000000, 0x97ffffff, -1, "13", "", "" },
};

static struct parsed_range claims[] = {
	{ 0, UINT64_MAX, "bits 27-29, from node 0 on command line", -1 },
};

static struct topo_setting settings[] = { { "auto_online_blocks", "offline" } };
static char *complaints[] = { "/sys: \"x\"" };

static const struct topo whole = {
	128 * MIB, { possible, 1 }, nodes, 2, ranges, 3, NULL, 0, windows, 2,
	segments, 2, claims, 1, settings, 1, complaints, 1,
};

static const char text_of_whole[] =
	"nodes possible: 0-3; 2 online; memory blocks of 128M\n"
	"\n"
	"node 0: CPUs 0-1,4, 256M of memory, 3M free, tier 4\n"
	"  0x000040000000-0x00004fffffff   256M  online        Normal, blocks 8-9, "
	"not removable, System RAM\n"
	"\n"
	"node 2: CPUs none\n"
	"  0x000080000000-0x000087ffffff   128M  offline       Normal Movable, block 16, "
	"source unknown\n"
	"\n"
	"in no node\n"
	"  0x000088000000-0x00008fffffff   128M  ?             ?, block 17, a<b>&\"\\??\n"
	"\n"
	"distance    0    2\n"
	"       0   10   17\n"
	"       2   28   10\n"
	"\n"
	"windows, where memory may be added\n"
	"  0x000080000000-0x0000bfffffff     1G  node 2, firmware\n"
	"  0x0000c0000000-0x0000c00fffff     1M  node unknown, boot\n"
	"\n"
	"segments, which controllers have attached\n"
	"  0x000080000000-0x000087ffffff   128M  node 2, online_movable, of a<b>, "
	"00000000-0000-0000-0000-000000000012\n"
	"  0x000090000000-0x000097ffffff   128M  node unknown, ?, of ?, 13\n"
	"\n"
	"what says which node addresses have\n"
	"  0x000000000000-0xffffffffffffffff  bits 27-29, from node 0 on command line\n"
	"\n"
	"policy\n"
	"  auto_online_blocks       offline\n";

static const char json_of_whole[] =
	"{\n"
	"  \"possible\": [0, 1, 2, 3],\n"
	"  \"block_size\": 134217728,\n"
	"  \"nodes\": [\n"
	"    {\"id\": 0, \"cpus\": [0, 1, 4], \"total\": 268435456, \"free\": 3145728, "
	"\"tier\": 4,\n"
	"     \"distances\": {\"0\": 10, \"2\": 17},\n"
	"     \"ranges\": [\n"
	"      {\"start\": 1073741824, \"size\": 268435456, \"blocks\": [8, 9], "
	"\"state\": \"online\", \"zones\": \"Normal\", \"removable\": false, "
	"\"source\": \"System RAM\"}]},\n"
	"    {\"id\": 2, \"cpus\": [], \"total\": null, \"free\": null, \"tier\": null,\n"
	"     \"distances\": {\"0\": 28, \"2\": 10},\n"
	"     \"ranges\": [\n"
	"      {\"start\": 2147483648, \"size\": 134217728, \"blocks\": [16, 16], "
	"\"state\": \"offline\", \"zones\": \"Normal Movable\", \"removable\": true, "
	"\"source\": null}]}],\n"
	"  \"in_no_node\": [\n"
	"      {\"start\": 2281701376, \"size\": 134217728, \"blocks\": [17, 17], "
	"\"state\": null, \"zones\": null, \"removable\": null, "
	"\"source\": \"a<b>&\\\"\\\\\\u001b\\u00ff\"}],\n"
	"  \"windows\": [\n"
	"    {\"start\": 2147483648, \"size\": 1073741824, \"node\": 2, "
	"\"source\": \"firmware\"},\n"
	"    {\"start\": 3221225472, \"size\": 1048576, \"node\": null, "
	"\"source\": \"boot\"}],\n"
	"  \"segments\": [\n"
	"    {\"start\": 2147483648, \"size\": 134217728, \"node\": 2, "
	"\"uuid\": \"00000000-0000-0000-0000-000000000012\", \"owner\": \"a<b>\", "
	"\"state\": \"online_movable\"},\n"
	"    {\"start\": 2415919104, \"size\": 134217728, \"node\": null, "
	"\"uuid\": \"13\", \"owner\": null, \"state\": null}],\n"
	"  \"node_map\": [\n"
	"    {\"start\": 0, \"last\": 18446744073709551615, "
	"\"says\": \"bits 27-29, from node 0 on command line\"}],\n"
	"  \"policy\": {\"auto_online_blocks\": \"offline\"},\n"
	"  \"complaints\": [\"/sys: \\\"x\\\"\"]\n"
	"}\n";

/* The caller frees it. */
static char *drawn(void (*draw)(const struct topo *, FILE *),
		   const struct topo *topo)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	draw(topo, out);
	fclose(out);
	return text;
}

static void expect_text(void (*draw)(const struct topo *, FILE *),
			const struct topo *topo, const char *want)
{
	char *have = drawn(draw, topo);

	tap_expect_text(have, want);
	free(have);
}

static void text_is(void)
{
	expect_text(topo_text, &whole, text_of_whole);
}

static void json_is(void)
{
	expect_text(topo_json, &whole, json_of_whole);
}

static void text_of_nothing(void)
{
	const struct topo nothing = { 0 };

	expect_text(topo_text, &nothing,
		    "nodes possible: ?; 0 online; memory blocks of unknown size\n"
		    "\ndistance\n");
}

static void json_of_nothing(void)
{
	const struct topo nothing = { 0 };

	expect_text(topo_json, &nothing,
		    "{\n  \"possible\": [],\n  \"block_size\": null,\n  \"nodes\": [],\n"
		    "  \"in_no_node\": [],\n  \"windows\": [],\n  \"segments\": [],\n  \"node_map\": [],\n"
		    "  \"policy\": {},\n"
		    "  \"complaints\": []\n}\n");
}

static int count(const char *text, const char *part)
{
	int found = 0;

	while ((text = strstr(text, part))) {
		found++;
		text += strlen(part);
	}
	return found;
}

static void has(const char *text, const char *part, int times)
{
	if (count(text, part) != times)
		tap_fail("\"%s\" is there %d times, not %d", part, count(text, part), times);
}

static void svg_has(void)
{
	char *svg = drawn(topo_svg, &whole);

	has(svg, "class=\"box\"", 3);		/* two nodes, and none */
	has(svg, ">node ", 2);
	has(svg, "in no node", 1);
	has(svg, "40000000-4fffffff 256M online Normal", 1);
	has(svg, "fill=\"#a9cdf0\"", 1);	/* online */
	has(svg, "fill=\"#d9d9d9\"", 2);	/* not */
	has(svg, "a&lt;b>&amp;\"\\??, memory blocks 17 to 17", 1);
	has(svg, ">17</text>", 1);
	has(svg, ">28</text>", 1);
	has(svg, ">10</text>", 2);
	has(svg, "class=\"segment\"", 2);
	has(svg, "80000000-87ffffff 128M online_movable a&lt;b>", 1);
	has(svg, "<title>segment 00000000-0000-0000-0000-000000000012<", 1);
	has(svg, "</svg>\n", 1);
	free(svg);
}

/* Every box and bar lies within the picture, whatever the number of nodes. */
static void all_within(const char *svg)
{
	int width = 0, height = 0, x, y, w, h;
	const char *at = svg;

	sscanf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\"",
	       &width, &height);
	while ((at = strstr(at, " x=\""))) {
		if (sscanf(at, " x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", &x, &y, &w,
			   &h) == 4 &&
		    (x < 0 || y < 0 || x + w > width || y + h > height))
			tap_fail("%d,%d %dx%d is not within %dx%d", x, y, w, h, width, height);
		at++;
	}
	if (!width)
		tap_fail("no size");
}

static void svg_sizes(void)
{
	struct topo_node many[33] = { 0 };
	struct topo_range bars[66] = { 0 };
	struct topo topo = { .node = many, .range = bars };
	char *svg;
	int i;

	for (i = 0; i < 33; i++)
		many[i].id = i;
	for (i = 0; i < 66; i++)
		bars[i].node = i / 2;
	for (i = 0; i <= 33; i++) {
		tap_context("%d nodes", i);
		topo.nr_nodes = i;
		topo.nr_ranges = 2 * i;
		svg = drawn(topo_svg, &topo);
		all_within(svg);
		has(svg, "class=\"box\"", i);
		has(svg, "class=\"head\"", 3 * i);
		free(svg);
	}
}

static const struct tap_test tests[] = {
	{ "VNUMA-04 topology: the text is this", text_is },
	{ "VNUMA-04 topology: the JSON is this, with strange names escaped", json_is },
	{ "VNUMA-04 topology: of nothing, the text says that nothing is known", text_of_nothing },
	{ "VNUMA-04 topology: of nothing, the JSON is whole", json_of_nothing },
	{ "VNUMA-04 CTRL-09 topology: the SVG has each node, range, segment and distance once",
	  svg_has },
	{ "VNUMA-04 topology: all of the SVG lies within it, with any number of nodes", svg_sizes },
};

TAP_SUITE(suite_topo_show, tests);
