// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology of a machine as a picture, SVG without scripts, fonts or links. See
 * topo.h. A box a node with a bar for each range and a frame for each one of a segment;
 * below, the distances, darker where it is farther.
 */
#include <inttypes.h>

#include "topo.h"

#define MARGIN		20
#define COLUMNS		4
#define BOX		400
#define GAP		20
#define HEAD		52
#define BAR		24
#define CELL		40

struct picture {
	const struct topo *topo;
	FILE *out;
	int width, height, distances_at;
};

static void put_xml(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else
			fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
	}
}

static void put_frame(const struct picture *pic, int x, int y, int width,
		      int height)
{
	fprintf(pic->out, "x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", x, y,
		width, height);
}

/* layout */

static int bars_of(const struct topo *topo, int node)
{
	int i, bars = 0;

	for (i = 0; i < topo->nr_ranges; i++)
		bars += topo->range[i].node == node;
	for (i = 0; i < topo->nr_segments; i++)
		bars += topo->segment[i].node == node;
	return bars;
}

/* A node's box; the last place is for what is in no node, if there is anything. */
static int places(const struct topo *topo)
{
	return topo->nr_nodes + (bars_of(topo, -1) > 0);
}

static int node_at(const struct topo *topo, int place)
{
	return place < topo->nr_nodes ? topo->node[place].id : -1;
}

static int row_height(const struct topo *topo, int first)
{
	int place, bars, most = 1;

	for (place = first; place < first + COLUMNS && place < places(topo); place++) {
		bars = bars_of(topo, node_at(topo, place));
		most = bars > most ? bars : most;
	}
	return HEAD + most * BAR + 8;
}

static void lay_out(struct picture *pic)
{
	int columns = places(pic->topo) < COLUMNS ? places(pic->topo) : COLUMNS;
	int place, table = (pic->topo->nr_nodes + 1) * CELL;

	pic->width = columns * (BOX + GAP) - GAP;
	pic->width = (pic->width > table ? pic->width : table) + 2 * MARGIN;
	pic->distances_at = MARGIN;
	for (place = 0; place < places(pic->topo); place += COLUMNS)
		pic->distances_at += row_height(pic->topo, place) + GAP;
	pic->height = pic->distances_at + table + MARGIN;
}

/* nodes */

static const char *color_of(const struct topo_range *range)
{
	if (range->state[0] != 'o' || range->state[1] != 'n')
		return "#d9d9d9";		/* not online */
	return range->zones[0] == 'M' ? "#b7e1b0" : "#a9cdf0";
}

static void put_bar(const struct picture *pic, const struct topo_range *range,
		    int x, int y)
{
	fputs("<rect ", pic->out);
	put_frame(pic, x + 8, y, BOX - 16, BAR - 4);
	fprintf(pic->out, " fill=\"%s\"/>\n", color_of(range));
	fprintf(pic->out, "<text x=\"%d\" y=\"%d\">%" PRIx64 "-%" PRIx64 " %s ",
		x + 14, y + 14, range->start, range->last,
		topo_size(range->last - range->start + 1));
	put_xml(range->state, pic->out);
	fputc(' ', pic->out);
	put_xml(range->zones, pic->out);
	fputs("<title>", pic->out);
	put_xml(range->source, pic->out);
	fprintf(pic->out, ", memory blocks %d to %d</title></text>\n",
		range->first_block, range->last_block);
}

/* Only a frame, as its memory is in the bars above. */
static void put_segment(const struct picture *pic, const struct topo_segment *s,
			int x, int y)
{
	fputs("<rect class=\"segment\" ", pic->out);
	put_frame(pic, x + 8, y, BOX - 16, BAR - 4);
	fprintf(pic->out, "/>\n<text x=\"%d\" y=\"%d\">%" PRIx64 "-%" PRIx64 " %s ",
		x + 14, y + 14, s->start, s->last,
		topo_size(s->last - s->start + 1));
	put_xml(s->state, pic->out);
	fputc(' ', pic->out);
	put_xml(s->owner, pic->out);
	fputs("<title>segment ", pic->out);
	put_xml(s->uuid, pic->out);
	fputs("</title></text>\n", pic->out);
}

static void put_bars(const struct picture *pic, int node, int x, int y)
{
	int i;

	for (i = 0; i < pic->topo->nr_ranges; i++) {
		if (pic->topo->range[i].node != node)
			continue;
		put_bar(pic, &pic->topo->range[i], x, y);
		y += BAR;
	}
	for (i = 0; i < pic->topo->nr_segments; i++) {
		if (pic->topo->segment[i].node != node)
			continue;
		put_segment(pic, &pic->topo->segment[i], x, y);
		y += BAR;
	}
}

static void put_head(const struct picture *pic, int place, int x, int y)
{
	const struct topo_node *node;

	if (place == pic->topo->nr_nodes) {
		fprintf(pic->out, "<text class=\"head\" x=\"%d\" y=\"%d\">in no node</text>\n",
			x + 8, y + 20);
		return;
	}
	node = &pic->topo->node[place];
	fprintf(pic->out, "<text class=\"head\" x=\"%d\" y=\"%d\">node %d</text>\n",
		x + 8, y + 20, node->id);
	fprintf(pic->out, "<text x=\"%d\" y=\"%d\">CPUs ", x + 8, y + 40);
	topo_put_list(&node->cpus, "none", pic->out);
	if (node->counted)
		fprintf(pic->out, ", %" PRIu64 "M, %" PRIu64 "M free",
			node->total >> 20, node->free >> 20);
	fputs("</text>\n", pic->out);
}

static void put_boxes(const struct picture *pic)
{
	int place, x, y = MARGIN, height = 0;

	for (place = 0; place < places(pic->topo); place++) {
		if (place % COLUMNS == 0) {
			y += place ? height + GAP : 0;
			height = row_height(pic->topo, place);
		}
		x = MARGIN + place % COLUMNS * (BOX + GAP);
		fputs("<rect class=\"box\" ", pic->out);
		put_frame(pic, x, y, BOX, height);
		fputs("/>\n", pic->out);
		put_head(pic, place, x, y);
		put_bars(pic, node_at(pic->topo, place), x, y + HEAD);
	}
}

/* distances */

/* From white at 10 to a middle red at 50 and beyond. */
static unsigned int shade(unsigned int distance)
{
	unsigned int step = distance > 50 ? 40 : distance < 10 ? 0 : distance - 10;

	return 0xff0000 | (255 - 3 * step) << 8 | (255 - 3 * step);
}

static void put_cell(const struct picture *pic, int row, int column,
		     unsigned int distance)
{
	int x = MARGIN + (column + 1) * CELL;
	int y = pic->distances_at + (row + 1) * CELL;

	fputs("<rect ", pic->out);
	put_frame(pic, x, y, CELL - 2, CELL - 2);
	fprintf(pic->out, " fill=\"#%06x\"/>\n", shade(distance));
	fprintf(pic->out, "<text x=\"%d\" y=\"%d\">%u</text>\n", x + 8, y + 24,
		distance);
}

static void put_distances(const struct picture *pic)
{
	const struct topo_node *node = pic->topo->node;
	int a, b;

	for (a = 0; a < pic->topo->nr_nodes; a++) {
		fprintf(pic->out, "<text class=\"head\" x=\"%d\" y=\"%d\">%d</text>\n",
			MARGIN + (a + 1) * CELL + 8, pic->distances_at + 24,
			node[a].id);
		fprintf(pic->out, "<text class=\"head\" x=\"%d\" y=\"%d\">%d</text>\n",
			MARGIN + 8, pic->distances_at + (a + 1) * CELL + 24,
			node[a].id);
		for (b = 0; node[a].distance && b < pic->topo->nr_nodes; b++)
			put_cell(pic, a, b, node[a].distance[b]);
	}
}

void topo_svg(const struct topo *topo, FILE *out)
{
	struct picture pic = { .topo = topo, .out = out };

	lay_out(&pic);
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
		pic.width, pic.height, pic.width, pic.height);
	fputs("<title>NUMA topology</title>\n"
	      "<desc>A box a node: its CPUs, its memory. Blue is online, green online and "
	      "movable, grey offline; frames are segments. Below, the distances from row to column.</desc>\n"
	      "<style>text { font: 12px monospace } .head { font-weight: bold }"
	      " .box { fill: none; stroke: #555 }"
	      " .segment { fill: none; stroke: #7b3fa0; stroke-width: 2 }</style>\n"
	      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n", out);
	put_boxes(&pic);
	put_distances(&pic);
	fputs("</svg>\n", out);
}
