// SPDX-License-Identifier: GPL-2.0-only
/* What memhp prints. See show.h; the keys of JSON are described in memhp.8. */
#include <inttypes.h>
#include <string.h>

#include "show.h"
#include "topo.h"
#include "writer.h"

const char *size_text(uint64_t bytes, char text[SIZE_TEXT])
{
	static const char units[] = " KMGTPE";
	int unit = 0;

	if (bytes == MEMHP_NO_LIMIT)
		return "none";
	for (; bytes && !(bytes & 1023) && unit < 6; bytes >>= 10)
		unit++;
	snprintf(text, SIZE_TEXT, unit ? "%" PRIu64 "%c" : "%" PRIu64, bytes,
		 units[unit]);
	return text;
}

static const char *number_text(uint64_t number, char text[SIZE_TEXT])
{
	if (number == MEMHP_NO_LIMIT)
		return "none";
	snprintf(text, SIZE_TEXT, "%" PRIu64, number);
	return text;
}

/* A document is one value and a newline. */

static struct writer begin(const struct look *look)
{
	return (struct writer){ .out = look->out, .human = look->human };
}

static void end(struct writer *w)
{
	fputc('\n', w->out);
}

/* A member of an array is a line of its own. */
static void next_member(struct writer *w, int place)
{
	fputs(place ? ",\n " : "\n ", w->out);
	w->more = false;
}

/* A document that is a list of objects, "each" bytes apart. */
static void write_list(const struct look *look, const void *at, int nr, size_t each,
		       void (*write)(struct writer *w, const void *object))
{
	struct writer w = begin(look);
	int i;

	json_open(&w, NULL, '[');
	for (i = 0; i < nr; i++) {
		next_member(&w, i);
		json_open(&w, NULL, '{');
		write(&w, (const char *)at + i * each);
		json_close(&w, '}');
	}
	if (nr)
		fputc('\n', w.out);
	json_close(&w, ']');
	end(&w);
}

/* Windows */

static void write_window(struct writer *w, const void *object)
{
	const struct memhp_window *win = object;

	json_address(w, "start", win->start);
	json_size(w, "size", win->size);
	if (win->node < 0)
		json_null(w, "node");
	else
		json_number(w, "node", win->node);
	json_text(w, "source", memhp_source_name(win->source));
	json_size(w, "limit", win->limit);
	json_size(w, "used", win->used);
	json_size(w, "block", win->block);
}

static void print_window(FILE *out, const struct memhp_window *w)
{
	char size[SIZE_TEXT], used[SIZE_TEXT], limit[SIZE_TEXT], node[16] = "?";

	if (w->node >= 0)
		snprintf(node, sizeof(node), "%d", w->node);
	fprintf(out, "%#-18" PRIx64 " %8s %8s %8s %4s  %s\n", w->start,
		size_text(w->size, size), size_text(w->used, used),
		size_text(w->limit, limit), node, memhp_source_name(w->source));
}

void show_windows(const struct look *look, const struct memhp_window *at, int nr)
{
	int i;

	if (look->json) {
		write_list(look, at, nr, sizeof(*at), write_window);
		return;
	}
	fprintf(look->out, "%-18s %8s %8s %8s %4s  %s\n", "START", "SIZE", "USED",
		"LIMIT", "NODE", "SOURCE");
	for (i = 0; i < nr; i++)
		print_window(look->out, &at[i]);
	if (nr && look->verbose) {
		char text[SIZE_TEXT];

		fprintf(look->out, "memory blocks of %s\n",
			size_text(at->block, text));
	}
}

/* Segments */

static void write_ranges(struct writer *w, const struct memhp_segment *s)
{
	uint32_t i;

	json_open(w, "ranges", '[');
	for (i = 0; i < s->nr_ranges; i++) {
		json_open(w, NULL, '{');
		json_address(w, "start", s->range[i].start);
		json_size(w, "size", s->range[i].size);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void write_blockers(struct writer *w, const struct memhp_segment *s)
{
	const struct memhp_blocker *b;

	json_open(w, "blockers", '[');
	for (b = s->blocker; b < s->blocker + s->nr_blockers; b++) {
		json_open(w, NULL, '{');
		json_address(w, "pfn", b->pfn);
		json_number(w, "refs", b->refs);
		json_text(w, "kind", memhp_blocker_name(b->kind));
		json_big(w, "memcg", b->memcg);
		json_big(w, "inode", b->inode);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void write_segment(struct writer *w, const void *object)
{
	const struct memhp_segment *s = object;
	json_uuid(w, "uuid", s->uuid);
	json_text(w, "owner", s->owner);
	json_text(w, "state", memhp_state_name(s->state));
	json_text(w, "usage", memhp_usage_name(s->usage));
	json_bool(w, "orphan", s->orphan);
	json_number(w, "node", s->node);
	json_size(w, "size", s->size);
	json_size(w, "done", s->done);
	write_ranges(w, s);
	json_text(w, "policy", memhp_policy_name(s->policy));
	json_text(w, "memmap", memhp_memmap_name(s->memmap));
	json_big(w, "cookie", s->cookie);
	json_number(w, "error", s->error);
	json_text(w, "text", s->text);
	write_blockers(w, s);
	json_big(w, "seq", s->seq);
}

void show_blockers(const struct memhp_segment *s, FILE *out)
{
	const struct memhp_blocker *b;

	for (b = s->blocker; b < s->blocker + s->nr_blockers; b++) {
		fprintf(out, "  blocker: page %#" PRIx64 " %s, %u references", b->pfn,
			memhp_blocker_name(b->kind), b->refs);
		if (b->memcg)
			fprintf(out, ", memcg %" PRIu64, b->memcg);
		if (b->inode)
			fprintf(out, ", inode %" PRIu64, b->inode);
		fputc('\n', out);
	}
}

static void print_ranges(const struct memhp_segment *s, FILE *out)
{
	uint32_t i;

	for (i = 0; i < s->nr_ranges; i++)
		fprintf(out, "%s%#" PRIx64 "-%#" PRIx64, i ? "," : "",
			s->range[i].start, s->range[i].start + s->range[i].size - 1);
}

static void print_owner(const struct memhp_segment *s, FILE *out)
{
	topo_put_plain(s->owner, out);
	fprintf(out, "%s%*s", s->orphan ? "*" : "",
		(int)(strlen(s->owner) + s->orphan < 12 ?
		      12 - strlen(s->owner) - s->orphan : 0), "");
}

static void print_segment(const struct look *look, const struct memhp_segment *s)
{
	char uuid[MEMHP_UUID_TEXT], size[SIZE_TEXT];

	memhp_uuid_text(s->uuid, uuid);
	fprintf(look->out, "%s ", uuid);
	print_owner(s, look->out);
	fprintf(look->out, " %-9s %-14s %4d %6s ", memhp_state_name(s->state),
		memhp_usage_name(s->usage), (int)s->node, size_text(s->size, size));
	print_ranges(s, look->out);
	fputc('\n', look->out);
	if (!look->verbose)
		return;
	fprintf(look->out, "  policy %s, page structs %s, cookie %#" PRIx64 "\n",
		memhp_policy_name(s->policy), memhp_memmap_name(s->memmap), s->cookie);
	if (s->error)
		fprintf(look->out, "  last: %s: %s\n", strerror(-s->error), s->text);
	show_blockers(s, look->out);
}

void show_segments(const struct look *look, const struct memhp_segment *at, int nr)
{
	bool orphans = false;
	int i;

	if (look->json) {
		write_list(look, at, nr, sizeof(*at), write_segment);
		return;
	}
	fprintf(look->out, "%-36s %-12s %-9s %-14s %4s %6s %s\n", "UUID", "OWNER",
		"STATE", "USAGE", "NODE", "SIZE", "RANGES");
	for (i = 0; i < nr; i++) {
		print_segment(look, &at[i]);
		orphans |= at[i].orphan;
	}
	if (orphans && look->verbose)
		fputs("*: no controller is behind it\n", look->out);
}

void show_segment(const struct look *look, const struct memhp_segment *s)
{
	struct writer w = begin(look);

	if (!look->json) {
		print_segment(look, s);
		return;
	}
	json_open(&w, NULL, '{');
	write_segment(&w, s);
	json_close(&w, '}');
	end(&w);
}

/* Events */

void show_news(const struct look *look, const struct memhp_news *news)
{
	const struct memhp_segment *s = &news->segment;
	struct writer w = begin(look);

	if (look->json) {
		json_open(&w, NULL, '{');
		json_text(&w, "event", memhp_event_name(news->event));
		write_segment(&w, s);
		json_close(&w, '}');
		end(&w);
		return;
	}
	fprintf(look->out, "%6" PRIu64 " %-9s ", s->seq, memhp_event_name(news->event));
	if (news->event == MEMHP_EVENT_PROGRESS && s->size)
		fprintf(look->out, "%3u%% ", (unsigned int)(100 * s->done / s->size));
	print_segment(look, s);
	if (s->error)
		fprintf(look->out, "       %s: %s\n", strerror(-s->error), s->text);
	if (!look->verbose)
		show_blockers(s, look->out);
}

void show_lost(const struct look *look)
{
	struct writer w = begin(look);

	if (!look->json) {
		fputs("events were lost; these are the segments now:\n", look->out);
		return;
	}
	json_open(&w, NULL, '{');
	json_text(&w, "event", "lost");
	json_close(&w, '}');
	end(&w);
}

/* Quotas */

static void write_limit(struct writer *w, const char *key, uint64_t limit)
{
	if (limit == MEMHP_NO_LIMIT)
		json_null(w, key);
	else
		json_big(w, key, limit);
}

static void write_limit_size(struct writer *w, const char *key, uint64_t limit)
{
	if (limit == MEMHP_NO_LIMIT)
		json_null(w, key);
	else
		json_size(w, key, limit);
}

static void write_quota(struct writer *w, const void *object)
{
	const struct memhp_quota *q = object;

	json_text(w, "owner", q->owner);
	write_limit_size(w, "bytes", q->bytes);
	write_limit(w, "segments", q->segments);
	write_limit(w, "pending", q->pending);
	write_limit_size(w, "metadata", q->metadata);
	json_size(w, "used_bytes", q->used_bytes);
	json_big(w, "used_segments", q->used_segments);
	json_big(w, "used_pending", q->used_pending);
	json_size(w, "used_metadata", q->used_metadata);
}

static void print_quota(FILE *out, const struct memhp_quota *q)
{
	char text[8][SIZE_TEXT];

	topo_put_plain(q->owner, out);
	fprintf(out, "%*s %9s of %-6s %5s of %-5s %4s of %-4s %7s of %s\n",
		(int)(strlen(q->owner) < 12 ? 12 - strlen(q->owner) : 0), "",
		size_text(q->used_bytes, text[0]), size_text(q->bytes, text[1]),
		number_text(q->used_segments, text[2]),
		number_text(q->segments, text[3]),
		number_text(q->used_pending, text[4]),
		number_text(q->pending, text[5]),
		size_text(q->used_metadata, text[6]), size_text(q->metadata, text[7]));
}

void show_quotas(const struct look *look, const struct memhp_quota *at, int nr)
{
	int i;

	if (look->json) {
		write_list(look, at, nr, sizeof(*at), write_quota);
		return;
	}
	fprintf(look->out, "%-12s %19s %14s %12s %s\n", "OWNER", "BYTES", "SEGMENTS",
		"PENDING", "      METADATA");
	for (i = 0; i < nr; i++)
		print_quota(look->out, &at[i]);
}

/* What boot reserved */

static void write_reservation(struct writer *w, const struct reservation *r)
{
	json_open(w, NULL, '{');
	json_address(w, "start", r->start);
	json_size(w, "size", r->last - r->start + 1);
	json_text(w, "kind", r->kind);
	json_text(w, "owner", r->owner);
	json_bool(w, "held", r->held);
	json_bool(w, "hotpluggable", r->hotpluggable);
	json_close(w, '}');
}

static void write_reservations(const struct look *look, const struct reservation *at,
			       int nr, const struct ledger_end *ledger)
{
	struct writer w = begin(look);
	int i;

	json_open(&w, NULL, '{');
	json_big(&w, "forgotten", ledger->forgotten);
	json_big(&w, "lost", ledger->lost);
	json_open(&w, "reservations", '[');
	for (i = 0; i < nr; i++) {
		next_member(&w, i);
		write_reservation(&w, &at[i]);
	}
	json_close(&w, ']');
	json_close(&w, '}');
	end(&w);
}

static void print_reservation(FILE *out, const struct reservation *r)
{
	char size[SIZE_TEXT];

	fprintf(out, "%#-18" PRIx64 " %10s  %-9s %-8s %-12s ", r->start,
		size_text(r->last - r->start + 1, size), r->kind,
		r->held ? "held" : "returned",
		r->hotpluggable ? "hotpluggable" : "fixed");
	topo_put_plain(r->owner, out);
	fputc('\n', out);
}

void show_reservations(const struct look *look, const struct reservation *at, int nr,
		       const struct ledger_end *ledger)
{
	int i;

	if (look->json) {
		write_reservations(look, at, nr, ledger);
		return;
	}
	fprintf(look->out, "%-18s %10s  %-9s %-8s %-12s %s\n", "START", "SIZE", "KIND",
		"STATE", "MEMORY", "OWNER");
	for (i = 0; i < nr; i++)
		print_reservation(look->out, &at[i]);
	if (ledger->lost)
		fprintf(look->out, "%" PRIu64 " more were not written down\n",
			ledger->lost);
}
