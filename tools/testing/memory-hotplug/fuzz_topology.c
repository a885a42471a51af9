// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer's entry for what memhp-topology reads: the input is the text of a file, which
 * each parser is given. What they make of it is shown in all three ways.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "topo.h"

const char fuzz_claim[] =
	"VNUMA-04 SAFE-04 the text %s is read and shown without harm";

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "# %s\n", what);
	abort();
}

/* ---- lists and rows: what was read is written, and is read again ---- */

static void list_again(const struct number_list *list)
{
	struct number_list again;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i;

	topo_put_list(list, "", out);
	fclose(out);
	need(!parse_list(text, &again) && again.nr == list->nr,
	     "a list is another one when it is read again");
	for (i = 0; i < list->nr; i++)
		need(again.at[i].first == list->at[i].first &&
		     again.at[i].last == list->at[i].last, "another run");
	list_free(&again);
	free(text);
}

static void lists(const char *text)
{
	struct number_list list;
	unsigned int values[4];
	uint64_t number;
	int i, nr;

	if (!parse_list(text, &list)) {
		for (i = 0; i < list.nr; i++)
			need(list.at[i].first <= list.at[i].last &&
			     list.at[i].last <= LARGEST_NUMBER, "a run");
		list_again(&list);
	}
	list_free(&list);
	nr = parse_row(text, values, 4);
	need(nr <= 4, "more numbers than fit");
	for (i = 0; i < nr; i++)
		need(values[i] <= LARGEST_NUMBER, "a number of a row");
	parse_hex(text, &number);
	if (!parse_kib(text, "MemTotal", &number))
		need(!(number & 1023), "bytes of KiB");
	need(parse_name(text, "memory") <= (int)LARGEST_NUMBER, "a block");
}

/* ---- lines ---- */

typedef int (*line_parser)(const char **cursor, struct parsed_range *range);

/* All good lines; each line is read once. */
static struct parsed_range *lines(const char *text, line_parser parse, int *nr)
{
	struct parsed_range *found = NULL, range;
	const char *before = text;
	int what;

	*nr = 0;
	while ((what = parse(&text, &range))) {
		need(text > before, "a line is read twice");
		before = text;
		if (what < 0)
			continue;
		need(range.start <= range.last, "a range ends before it begins");
		need(memchr(range.name, 0, sizeof(range.name)), "an endless name");
		found = topo_more(found, *nr, sizeof(*found));
		found[(*nr)++] = range;
	}
	need(!*text, "the end is not reached");
	return found;
}

/* ---- pictures ---- */

static struct topo_node *nodes_of(const struct parsed_range *window, int nr_windows,
				  int *nr)
{
	struct topo_node *node = NULL;
	int i;

	for (i = *nr = 0; i < nr_windows; i++)
		if (window[i].node >= 0) {
			node = topo_more(node, *nr, sizeof(*node));
			node[*nr].id = window[i].node;
			node[*nr].tier = -1;
			node[*nr].counted = i & 1;
			node[(*nr)++].total = window[i].last;
		}
	return node;
}

/* A memory block for each line of /proc/iomem. */
static void blocks_of(struct topo *topo)
{
	struct topo_range *to;
	int i;

	for (i = 0; i < topo->nr_resources; i++) {
		topo->range = topo_more(topo->range, i, sizeof(*topo->range));
		to = &topo->range[i];
		to->start = topo->resource[i].start;
		to->last = topo->resource[i].last;
		to->first_block = to->last_block = i;
		to->node = i - 1;
		to->removable = i % 3 - 1;
		strcpy(to->state, i & 1 ? "online" : "offline");
		strcpy(to->zones, topo->resource[i].name);
	}
	topo->nr_ranges = topo->nr_resources;
	topo_sort(topo);
	topo_settle(topo);
}

static void show(const struct topo *topo,
		 void (*as)(const struct topo *topo, FILE *out))
{
	char *text;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	as(topo, out);
	fclose(out);
	for (i = 0; i < size; i++)
		need(text[i] == '\n' || isprint((unsigned char)text[i]),
		     "something unprintable is shown");
	free(text);
}

static void picture(const char *text)
{
	struct topo topo = { .block_size = 1 << 27 };

	topo.resource = lines(text, parse_resource, &topo.nr_resources);
	topo.window = lines(text, parse_window, &topo.nr_windows);
	topo.claim = lines(text, parse_claim, &topo.nr_claims);
	topo.node = nodes_of(topo.window, topo.nr_windows, &topo.nr_nodes);
	blocks_of(&topo);
	topo_complain(&topo, "%s", text);
	show(&topo, topo_text);
	show(&topo, topo_json);
	show(&topo, topo_svg);
	topo_free(&topo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	memcpy(text, data, len);
	text[len] = 0;
	lists(text);
	picture(text);
	free(text);
	return 0;
}
