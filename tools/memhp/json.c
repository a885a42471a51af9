// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology of a machine, for programs. See topo.h; the keys are described in
 * memhp-topology.8. What is not known is null.
 */
#include <inttypes.h>

#include "quote.h"
#include "topo.h"

static void put_known(const char *text, FILE *out)
{
	if (*text)
		quote(text, out);
	else
		fputs("null", out);
}

/* A number, or null if it is negative. */
static void put_number(int64_t number, FILE *out)
{
	if (number < 0)
		fputs("null", out);
	else
		fprintf(out, "%" PRId64, number);
}

static void put_numbers(const struct number_list *list, FILE *out)
{
	const char *between = "";
	unsigned int n;
	int i;

	fputc('[', out);
	for (i = 0; i < list->nr; i++) {
		for (n = list->at[i].first; n <= list->at[i].last; n++) {
			fprintf(out, "%s%u", between, n);
			between = ", ";
		}
	}
	fputc(']', out);
}

static void put_range(const struct topo_range *range, FILE *out)
{
	static const char *const words[] = { "null", "false", "true" };

	fprintf(out, "{\"start\": %" PRIu64 ", \"size\": %" PRIu64 ", \"blocks\": [%d, %d]",
		range->start, range->last - range->start + 1,
		range->first_block, range->last_block);
	fputs(", \"state\": ", out);
	put_known(range->state, out);
	fputs(", \"zones\": ", out);
	put_known(range->zones, out);
	fprintf(out, ", \"removable\": %s, \"source\": ",
		words[range->removable + 1]);
	put_known(range->source, out);
	fputc('}', out);
}

static void put_ranges(const struct topo *topo, int node, FILE *out)
{
	const char *between = "";
	int i;

	fputc('[', out);
	for (i = 0; i < topo->nr_ranges; i++) {
		if (topo->range[i].node != node)
			continue;
		fprintf(out, "%s\n      ", between);
		put_range(&topo->range[i], out);
		between = ",";
	}
	fputc(']', out);
}

static void put_distances(const struct topo *topo, const struct topo_node *node,
			  FILE *out)
{
	int i;

	if (!node->distance) {
		fputs("null", out);
		return;
	}
	fputc('{', out);
	for (i = 0; i < topo->nr_nodes; i++)
		fprintf(out, "%s\"%d\": %u", i ? ", " : "", topo->node[i].id,
			node->distance[i]);
	fputc('}', out);
}

static void put_node(const struct topo *topo, const struct topo_node *node,
		     FILE *out)
{
	fprintf(out, "\n    {\"id\": %d, \"cpus\": ", node->id);
	put_numbers(&node->cpus, out);
	fputs(", \"total\": ", out);
	put_number(node->counted ? (int64_t)node->total : -1, out);
	fputs(", \"free\": ", out);
	put_number(node->counted ? (int64_t)node->free : -1, out);
	fputs(", \"tier\": ", out);
	put_number(node->tier, out);
	fputs(",\n     \"distances\": ", out);
	put_distances(topo, node, out);
	fputs(",\n     \"ranges\": ", out);
	put_ranges(topo, node->id, out);
	fputc('}', out);
}

static void put_windows(const struct topo *topo, FILE *out)
{
	const struct parsed_range *w;
	int i;

	fputs("  \"windows\": [", out);
	for (i = 0; i < topo->nr_windows; i++) {
		w = &topo->window[i];
		fprintf(out, "%s\n    {\"start\": %" PRIu64 ", \"size\": %" PRIu64 ", \"node\": ",
			i ? "," : "", w->start, w->last - w->start + 1);
		put_number(w->node, out);
		fputs(", \"source\": ", out);
		quote(w->name, out);
		fputc('}', out);
	}
	fputs("],\n", out);
}

static void put_segments(const struct topo *topo, FILE *out)
{
	const struct topo_segment *s;
	int i;

	fputs("  \"segments\": [", out);
	for (i = 0; i < topo->nr_segments; i++) {
		s = &topo->segment[i];
		fprintf(out, "%s\n    {\"start\": %" PRIu64 ", \"size\": %" PRIu64 ", \"node\": ",
			i ? "," : "", s->start, s->last - s->start + 1);
		put_number(s->node, out);
		fputs(", \"uuid\": ", out);
		quote(s->uuid, out);
		fputs(", \"owner\": ", out);
		put_known(s->owner, out);
		fputs(", \"state\": ", out);
		put_known(s->state, out);
		fputc('}', out);
	}
	fputs("],\n", out);
}

static void put_claims(const struct topo *topo, FILE *out)
{
	const struct parsed_range *c;
	int i;

	fputs("  \"node_map\": [", out);
	for (i = 0; i < topo->nr_claims; i++) {
		c = &topo->claim[i];
		fprintf(out, "%s\n    {\"start\": %" PRIu64 ", \"last\": %" PRIu64 ", \"says\": ",
			i ? "," : "", c->start, c->last);
		quote(c->name, out);
		fputc('}', out);
	}
	fputs("],\n", out);
}

static void put_policy(const struct topo *topo, FILE *out)
{
	int i;

	fputs("  \"policy\": {", out);
	for (i = 0; i < topo->nr_settings; i++) {
		fputs(i ? ", " : "", out);
		quote(topo->setting[i].name, out);
		fputs(": ", out);
		quote(topo->setting[i].value, out);
	}
	fputs("},\n", out);
}

static void put_complaints(const struct topo *topo, FILE *out)
{
	int i;

	fputs("  \"complaints\": [", out);
	for (i = 0; i < topo->nr_complaints; i++) {
		fputs(i ? ", " : "", out);
		quote(topo->complaint[i], out);
	}
	fputs("]\n", out);
}

void topo_json(const struct topo *topo, FILE *out)
{
	int i;

	fputs("{\n  \"possible\": ", out);
	put_numbers(&topo->possible, out);
	fputs(",\n  \"block_size\": ", out);
	put_number(topo->block_size ? (int64_t)topo->block_size : -1, out);
	fputs(",\n  \"nodes\": [", out);
	for (i = 0; i < topo->nr_nodes; i++) {
		fputs(i ? "," : "", out);
		put_node(topo, &topo->node[i], out);
	}
	fputs("],\n  \"in_no_node\": ", out);
	put_ranges(topo, -1, out);
	fputs(",\n", out);
	put_windows(topo, out);
	put_segments(topo, out);
	put_claims(topo, out);
	put_policy(topo, out);
	put_complaints(topo, out);
	fputs("}\n", out);
}
