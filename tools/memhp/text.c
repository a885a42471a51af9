// SPDX-License-Identifier: GPL-2.0-only
/* The topology of a machine, for people to read in a terminal. See topo.h. */
#include <inttypes.h>

#include "topo.h"

static void put_range(const struct topo_range *range, FILE *out)
{
	fprintf(out, "  0x%012" PRIx64 "-0x%012" PRIx64 " %6s  %-13s ",
		range->start, range->last,
		topo_size(range->last - range->start + 1),
		*range->state ? range->state : "?");
	topo_put_plain(*range->zones ? range->zones : "?", out);
	fprintf(out, ", block%s %d", range->first_block == range->last_block ?
		"" : "s", range->first_block);
	if (range->first_block != range->last_block)
		fprintf(out, "-%d", range->last_block);
	fputs(range->removable == 0 ? ", not removable, " : ", ", out);
	topo_put_plain(*range->source ? range->source : "source unknown", out);
	fputc('\n', out);
}

/* Those of a node, or of none (-1). */
static void put_ranges(const struct topo *topo, int node, FILE *out)
{
	int i;

	for (i = 0; i < topo->nr_ranges; i++)
		if (topo->range[i].node == node)
			put_range(&topo->range[i], out);
}

static void put_node(const struct topo *topo, const struct topo_node *node,
		     FILE *out)
{
	fprintf(out, "\nnode %d: CPUs ", node->id);
	topo_put_list(&node->cpus, "none", out);
	if (node->counted)
		fprintf(out, ", %" PRIu64 "M of memory, %" PRIu64 "M free",
			node->total >> 20, node->free >> 20);
	if (node->tier >= 0)
		fprintf(out, ", tier %d", node->tier);
	fputc('\n', out);
	put_ranges(topo, node->id, out);
}

static void put_unassigned(const struct topo *topo, FILE *out)
{
	int i;

	for (i = 0; i < topo->nr_ranges; i++) {
		if (topo->range[i].node < 0) {
			fputs("\nin no node\n", out);
			put_ranges(topo, -1, out);
			return;
		}
	}
}

static void put_distances(const struct topo *topo, FILE *out)
{
	int a, b;

	fputs("\ndistance", out);
	for (b = 0; b < topo->nr_nodes; b++)
		fprintf(out, " %4d", topo->node[b].id);
	fputc('\n', out);
	for (a = 0; a < topo->nr_nodes; a++) {
		fprintf(out, "%8d", topo->node[a].id);
		for (b = 0; topo->node[a].distance && b < topo->nr_nodes; b++)
			fprintf(out, " %4u", topo->node[a].distance[b]);
		fputs(topo->node[a].distance ? "\n" : "    ?\n", out);
	}
}

static void put_windows(const struct topo *topo, FILE *out)
{
	const struct parsed_range *w = topo->window;

	if (!topo->nr_windows)
		return;
	fputs("\nwindows, where memory may be added\n", out);
	for (; w < topo->window + topo->nr_windows; w++) {
		fprintf(out, "  0x%012" PRIx64 "-0x%012" PRIx64 " %6s  ",
			w->start, w->last, topo_size(w->last - w->start + 1));
		if (w->node < 0)
			fputs("node unknown, ", out);
		else
			fprintf(out, "node %d, ", w->node);
		topo_put_plain(w->name, out);
		fputc('\n', out);
	}
}

static void put_segments(const struct topo *topo, FILE *out)
{
	const struct topo_segment *s = topo->segment;

	if (!topo->nr_segments)
		return;
	fputs("\nsegments, which controllers have attached\n", out);
	for (; s < topo->segment + topo->nr_segments; s++) {
		fprintf(out, "  0x%012" PRIx64 "-0x%012" PRIx64 " %6s  ",
			s->start, s->last, topo_size(s->last - s->start + 1));
		if (s->node < 0)
			fputs("node unknown, ", out);
		else
			fprintf(out, "node %d, ", s->node);
		topo_put_plain(*s->state ? s->state : "?", out);
		fputs(", of ", out);
		topo_put_plain(*s->owner ? s->owner : "?", out);
		fputs(", ", out);
		topo_put_plain(s->uuid, out);
		fputc('\n', out);
	}
}

static void put_claims(const struct topo *topo, FILE *out)
{
	const struct parsed_range *c = topo->claim;

	if (!topo->nr_claims)
		return;
	fputs("\nwhat says which node addresses have\n", out);
	for (; c < topo->claim + topo->nr_claims; c++) {
		fprintf(out, "  0x%012" PRIx64 "-0x%012" PRIx64 "  ", c->start,
			c->last);
		topo_put_plain(c->name, out);
		fputc('\n', out);
	}
}

static void put_policy(const struct topo *topo, FILE *out)
{
	const struct topo_setting *s = topo->setting;

	if (!topo->nr_settings)
		return;
	fputs("\npolicy\n", out);
	for (; s < topo->setting + topo->nr_settings; s++) {
		fprintf(out, "  %-24s ", s->name);
		topo_put_plain(s->value, out);
		fputc('\n', out);
	}
}

void topo_text(const struct topo *topo, FILE *out)
{
	int i;

	fputs("nodes possible: ", out);
	topo_put_list(&topo->possible, "?", out);
	fprintf(out, "; %d online; memory blocks of %s\n", topo->nr_nodes,
		topo->block_size ? topo_size(topo->block_size) : "unknown size");
	for (i = 0; i < topo->nr_nodes; i++)
		put_node(topo, &topo->node[i], out);
	put_unassigned(topo, out);
	put_distances(topo, out);
	put_windows(topo, out);
	put_segments(topo, out);
	put_claims(topo, out);
	put_policy(topo, out);
}
