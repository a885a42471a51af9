// SPDX-License-Identifier: GPL-2.0-only
/* The topology of a machine: the model. See topo.h. Opens and prints no file. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "topo.h"

#define SYSTEM_RAM	"System RAM"

void *topo_more(void *at, int nr, size_t size)
{
	void *more = realloc(at, (size_t)(nr + 1) * size);

	if (!more) {
		fputs("memhp-topology: no memory\n", stderr);
		exit(1);
	}
	memset((char *)more + nr * size, 0, size);
	return more;
}

void topo_complain(struct topo *topo, const char *fmt, ...)
{
	char text[256];
	va_list args;
	char **slot;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	topo->complaint = topo_more(topo->complaint, topo->nr_complaints,
				    sizeof(char *));
	slot = &topo->complaint[topo->nr_complaints++];
	*slot = topo_more(NULL, strlen(text), 1);
	strcpy(*slot, text);
}

struct topo_node *topo_node(struct topo *topo, int id)
{
	int i;

	for (i = 0; i < topo->nr_nodes; i++)
		if (topo->node[i].id == id)
			return &topo->node[i];
	return NULL;
}

/* ranges */

static int by_address(const void *one, const void *other)
{
	const struct topo_range *a = one, *b = other;

	return (a->start > b->start) - (a->start < b->start);
}

void topo_sort(struct topo *topo)
{
	if (topo->nr_ranges)
		qsort(topo->range, topo->nr_ranges, sizeof(*topo->range),
		      by_address);
}

struct topo_range *topo_block(struct topo *topo, int number)
{
	struct topo_range key = { .start = number * topo->block_size };

	if (!topo->nr_ranges)
		return NULL;
	return bsearch(&key, topo->range, topo->nr_ranges, sizeof(key),
		       by_address);
}

static bool overlap(const struct parsed_range *r, const struct topo_range *range)
{
	return r->start <= range->last && range->start <= r->last;
}

/* RAM has the last word, as it may be a part of a device; else what is on top. */
static void name_source(const struct topo *topo, struct topo_range *range)
{
	const struct parsed_range *r, *found = NULL;
	int i;

	for (i = 0; i < topo->nr_resources; i++) {
		r = &topo->resource[i];
		if (!overlap(r, range))
			continue;
		if (!strncmp(r->name, SYSTEM_RAM, strlen(SYSTEM_RAM))) {
			found = r;
			break;
		}
		if (!found)
			found = r;
	}
	if (found)
		strcpy(range->source, found->name);
}

static bool alike(const struct topo_range *a, const struct topo_range *b)
{
	return a->last + 1 == b->start && a->node == b->node &&
	       a->removable == b->removable && !strcmp(a->state, b->state) &&
	       !strcmp(a->zones, b->zones) && !strcmp(a->source, b->source);
}

static void join(struct topo *topo)
{
	struct topo_range *to = topo->range;
	int i;

	for (i = 1; i < topo->nr_ranges; i++) {
		if (alike(to, &topo->range[i])) {
			to->last = topo->range[i].last;
			to->last_block = topo->range[i].last_block;
		} else {
			*++to = topo->range[i];
		}
	}
	if (topo->nr_ranges)
		topo->nr_ranges = to - topo->range + 1;
}

void topo_settle(struct topo *topo)
{
	int i;

	for (i = 0; i < topo->nr_ranges; i++)
		name_source(topo, &topo->range[i]);
	join(topo);
}

void topo_free(struct topo *topo)
{
	int i;

	for (i = 0; i < topo->nr_nodes; i++) {
		list_free(&topo->node[i].cpus);
		free(topo->node[i].distance);
	}
	for (i = 0; i < topo->nr_complaints; i++)
		free(topo->complaint[i]);
	list_free(&topo->possible);
	free(topo->node);
	free(topo->range);
	free(topo->resource);
	free(topo->window);
	free(topo->segment);
	free(topo->claim);
	free(topo->setting);
	free(topo->complaint);
	memset(topo, 0, sizeof(*topo));
}

/* for all pictures */

const char *topo_size(uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	static char text[4][24];
	static int turn;
	int unit = -1;

	turn = (turn + 1) % 4;
	while (bytes && bytes % 1024 == 0 && unit < 5) {
		bytes /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text[turn], sizeof(text[turn]), "%" PRIu64, bytes);
	else
		snprintf(text[turn], sizeof(text[turn]), "%" PRIu64 "%c", bytes,
			 units[unit]);
	return text[turn];
}

void topo_put_list(const struct number_list *list, const char *none, FILE *out)
{
	const struct run *run;
	int i;

	if (!list->nr)
		fputs(none, out);
	for (i = 0; i < list->nr; i++) {
		run = &list->at[i];
		fprintf(out, "%s%u", i ? "," : "", run->first);
		if (run->last != run->first)
			fprintf(out, "-%u", run->last);
	}
}

void topo_put_plain(const char *name, FILE *out)
{
	for (; *name; name++)
		fputc(*name >= ' ' && *name <= '~' ? *name : '?', out);
}
