// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer's entry for which node is where: the first byte says whether the rest is
 * changes of claims, a table of distances, or what people write into files.
 *
 * The reference of claims is a journal: who was the last to say something of an
 * address, rank by rank. It knows nothing of sorted ranges, cells and cuts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../mm/node_map/claims.h"
#include "../../../mm/node_map/distances.h"
#include "../../../mm/node_map/fast.h"
#include "fuzz.h"

const char fuzz_claim[] =
	"NUMA-04 NUMA-13 SAFE-04 the fuzz input %s agrees with the journal";

#define NODES	16
#define ROOM	24		/* so that there may be none left */
#define EVENTS	48
#define END	(1ULL << 52)
#define MOST	(64 << 10)	/* bytes of a map */

struct event {
	enum node_rank rank;
	u64 start, end;
	int code;		/* a node, the number of a rule, or NODE_UNKNOWN */
};

static struct event journal[EVENTS];
static unsigned int nr_events;
static struct window arrays[NODE_RANKS][ROOM];
static struct node_claims claims;

static void expect(s64 have, s64 want, const char *what, u64 where)
{
	if (have == want)
		return;
	fprintf(stderr, "# %s, %#llx: %lld, not %lld\n", what, where,
		(long long)have, (long long)want);
	abort();
}

/* ---- the journal ---- */

static void note(enum node_rank rank, u64 start, u64 end, int code)
{
	journal[nr_events++] = (struct event){ rank, start, end, code };
}

static int last_said(enum node_rank rank, u64 addr)
{
	unsigned int i = nr_events;

	while (i--)
		if (journal[i].rank == rank && journal[i].start <= addr &&
		    addr < journal[i].end)
			return journal[i].code;
	return NODE_UNKNOWN;
}

static int journal_node(u64 addr)
{
	const struct node_rule *rule;
	int rank, code;
	u64 node;

	for (rank = 0; rank < NODE_RANK_RULE; rank++) {
		code = last_said(rank, addr);
		if (code != NODE_UNKNOWN)
			return code;
	}
	code = last_said(NODE_RANK_RULE, addr);
	if (code == NODE_UNKNOWN)
		return code;
	rule = &claims.rule[code];
	node = rule->first + (addr >> rule->shift) % (1ULL << rule->bits);
	return node < NODES ? (int)node : NODE_UNKNOWN;
}

/* Is all of it, or any of it, said to be something else than @code? */
static bool differs(enum node_rank rank, u64 start, u64 end, int code, bool unknown)
{
	unsigned int i;
	int said;
	u64 at;

	for (i = 0; i < 2 * nr_events + 1; i++) {
		at = i == 0 ? start : i & 1 ? journal[i / 2].start :
					      journal[i / 2 - 1].end;
		if (at < start || at >= end)
			continue;
		said = last_said(rank, at);
		if (said != code && (unknown || said != NODE_UNKNOWN))
			return true;
	}
	return false;
}

/* ---- changes ---- */

/* On an edge of something, or a byte beside it. */
static u64 take_number(struct fuzz_input *in)
{
	static const u8 shift[] = { 0, 12, 16, 21, 27, 30, 36, 40 };
	u64 kind = fuzz_take(in, 1);
	u64 number = kind & 0x80 ? fuzz_take(in, 8) :
				   fuzz_take(in, 2) << shift[kind & 7];

	return number + (kind >> 3 & 1) - (kind >> 4 & 1);
}

static enum node_verdict range_verdict(u64 start, u64 size)
{
	if (!size)
		return NODE_EMPTY;
	if (start + (size - 1) < start)
		return NODE_WRAPS;
	return start + (size - 1) >= END ? NODE_BEYOND : NODE_TAKEN;
}

static enum node_verdict wanted(enum node_rank rank, u64 start, u64 size, int code,
				bool possible, u64 *from, u64 *to)
{
	enum node_verdict verdict = range_verdict(start, size);

	if (verdict != NODE_TAKEN)
		return verdict;
	*from = (start + NODE_UNIT - 1) / NODE_UNIT * NODE_UNIT;
	*to = (start + size) / NODE_UNIT * NODE_UNIT;
	if (*from >= *to)
		return NODE_EMPTY;
	if (!possible)
		return NODE_NO_SUCH;
	if (differs(rank, *from, *to, code, false))
		return NODE_CONTRARY;
	return differs(rank, *from, *to, code, true) ? NODE_TAKEN : NODE_TWICE;
}

/* What the journal cannot know is how many ranges there are; the room is small. */
static void judge(enum node_rank rank, u64 from, u64 to, int code,
		  enum node_verdict want, enum node_verdict got)
{
	const struct window_set *set = &claims.rank[rank];

	if (got == NODE_FULL && want == NODE_TAKEN && 2 * set->nr >= ROOM / 2)
		return;
	expect(got, want, "verdict", from);
	if (got == NODE_TAKEN)
		note(rank, from, to, code);
}

static void claim(struct fuzz_input *in)
{
	static const enum node_source source[] = {
		NODE_FROM_SRAT, NODE_FROM_CXL, NODE_FROM_RUNTIME,
		NODE_FROM_PARAMETER,
	};
	u64 how = fuzz_take(in, 1), from = 0, to = 0;
	struct node_claim c = {
		.start = take_number(in),
		.size = take_number(in),
		.nid = (int)(fuzz_take(in, 1) % (NODES + 2)) - 1,
		.kind = how & 1 ? NODE_WINDOW : NODE_MEMORY,
		.source = source[how >> 1 & 3],
	};
	enum node_rank rank = node_claim_rank(&c);
	enum node_verdict want;
	struct window other;

	want = wanted(rank, c.start, c.size, c.nid, c.nid >= 0 && c.nid < NODES,
		      &from, &to);
	judge(rank, from, to, c.nid, want, node_claims_add(&claims, &c, &other));
}

static void add_rule(struct fuzz_input *in)
{
	struct node_rule rule = {
		fuzz_take(in, 1) & 63, fuzz_take(in, 1) % 19,
		(int)(fuzz_take(in, 1) % (NODES + 2)) - 1,
	};
	u64 start = take_number(in), size = take_number(in), from = 0, to = 0;
	bool sense = rule.shift >= NODE_UNIT_SHIFT && rule.bits >= 1 &&
		     rule.bits <= 16 && rule.shift + rule.bits <= 64 &&
		     rule.first >= 0 && rule.first < NODES;
	unsigned int number = claims.nr_rules;
	enum node_verdict want = NODE_NO_SUCH;

	if (sense)
		want = number == NODE_RULES ? NODE_FULL :
		       wanted(NODE_RANK_RULE, start, size, number, true, &from,
			      &to);
	judge(NODE_RANK_RULE, from, to, number, want,
	      node_claims_add_rule(&claims, start, size, &rule,
				   NODE_FROM_PARAMETER));
}

static void drop(struct fuzz_input *in)
{
	enum node_rank rank = fuzz_take(in, 1) % NODE_RANK_RULE;
	u64 start = take_number(in) % END / NODE_UNIT * NODE_UNIT;
	u64 end = take_number(in) % END / NODE_UNIT * NODE_UNIT;
	int err = node_claims_drop(&claims, rank, start, end);

	if (err)
		expect(claims.rank[rank].nr, ROOM, "refused with room", start);
	else if (start < end)
		note(rank, start, end, NODE_UNKNOWN);
}

/* ---- answers ---- */

static struct node_fast fast;

/* In memory of exactly the size that was asked for. */
static void make_fast(void)
{
	u64 *cuts;

	node_fast_start(&fast, &claims);
	cuts = malloc(node_fast_cuts_size(&fast));
	node_fast_plan(&fast, &claims, cuts);
	expect(node_fast_size(&fast) > MOST, 0, "bytes", node_fast_size(&fast));
	node_fast_fill(&fast, malloc(node_fast_size(&fast)));
	free(cuts);
}

static void drop_fast(void)
{
	free(fast.slot);
}

static void check(u64 addr)
{
	int want = journal_node(addr);
	u64 until;

	expect(node_claims_find(&claims, addr), want, "claims", addr);
	expect(node_fast_find(&fast, addr), want, "map", addr);
	if (addr >= END)
		return;
	until = node_claims_node_until(&claims, addr);
	expect(until > addr, 1, "no end of a node's range", addr);
	expect(journal_node(until - 1), want, "same node until", until);
	expect(node_claims_find_range(&claims, addr, until), want, "range", addr);
}

static void check_around(u64 addr)
{
	check(addr - 1);
	check(addr);
	check(addr + 1);
	check(addr + NODE_UNIT);
}

static void compare(void)
{
	unsigned int i;

	make_fast();
	check_around(0);
	check_around(END);
	for (i = 0; i < nr_events; i++) {
		check_around(journal[i].start);
		check_around(journal[i].end);
		check_around(journal[i].start / 2 + journal[i].end / 2);
	}
	drop_fast();
}

static void begin(void)
{
	int rank;

	nr_events = 0;
	claims = (struct node_claims){ .end = END, .nr_nodes = NODES };
	for (rank = 0; rank < NODE_RANKS; rank++)
		claims.rank[rank] = (struct window_set){ arrays[rank], 0, ROOM };
}

static void fuzz_claims(struct fuzz_input *in)
{
	static void (*const step[])(struct fuzz_input *in) = {
		claim, claim, claim, drop, add_rule,
	};

	begin();
	while (!fuzz_dry(in) && nr_events < EVENTS)
		step[fuzz_take(in, 1) % 5](in);
	compare();
}

/* ---- distances ---- */

#define ROWS	8

static int row_node[ROWS];

static int node_of(u64 row)
{
	return row < ROWS ? row_node[row] : NODE_UNKNOWN;
}

static void check_table(const struct node_distances *d)
{
	unsigned int from, to;

	for (from = 0; from < d->nr; from++)
		for (to = 0; to < d->nr; to++)
			expect(node_distance_check(from, to,
						   node_distances_get(d, from, to),
						   d->nr),
			       NODE_DISTANCE_FINE, "distance", from << 8 | to);
}

static void read_matrix(struct node_distances *d, struct fuzz_input *in)
{
	struct node_distance_report report;
	unsigned int i;
	u64 rows;

	for (i = 0; i < ROWS; i++)
		row_node[i] = (int)(fuzz_take(in, 1) % (ROWS + 1)) - 1;
	rows = take_number(in);
	node_distances_from_matrix(d, in->at, in->end - in->at, rows, node_of, ROWS,
				   &report);
	expect(report.left_out > ROWS * ROWS, 0, "left out", report.left_out);
}

static void read_triples(struct node_distances *d, struct fuzz_input *in)
{
	unsigned int nr = (in->end - in->at) / 2, i;
	struct node_distance_report report;
	u32 *cells = malloc(nr * sizeof(*cells) + 1);

	for (i = 0; i < nr; i++)
		cells[i] = (s16)fuzz_take(in, 2);
	expect(node_distances_reach(cells, nr, ROWS) > ROWS, 0, "reach", nr);
	node_distances_from_triples(d, cells, nr, ROWS, &report);
	expect(report.left_out > (nr + 2) / 3, 0, "left out", report.left_out);
	free(cells);
}

static void fuzz_distances(struct fuzz_input *in)
{
	static const struct node_distances nothing;
	struct node_distances d = { .nr = ROWS };
	bool matrix = fuzz_take(in, 1) & 1;

	d.at = malloc(ROWS * ROWS);
	node_distances_fill(&d, &nothing);
	if (matrix)
		read_matrix(&d, in);
	else
		read_triples(&d, in);
	check_table(&d);
	free(d.at);
}

/* ---- text ---- */

/* What was read is written, and is read again. */
static void rule_again(const struct node_rule *rule)
{
	struct node_rule again;
	char text[64];
	int length = snprintf(text, sizeof(text), "%u-%u+%d", rule->shift,
			      rule->shift + rule->bits - 1, rule->first);

	expect(node_rule_parse(text, length, &again), true, "rule", length);
	expect(memcmp(rule, &again, sizeof(again)), 0, "another rule", length);
}

static void row_again(const int *values, int nr)
{
	char text[8 * ROWS];
	int again[ROWS], i, length = 0;

	for (i = 0; i < nr; i++) {
		expect(values[i] < 0 || values[i] > NODE_FARTHEST + 1, 0, "value",
		       i);
		length += snprintf(text + length, sizeof(text) - length, "%d ",
				   values[i]);
	}
	expect(node_distances_parse(text, length, again, ROWS), nr, "row", nr);
	expect(memcmp(values, again, nr * sizeof(*again)), 0, "another row", nr);
}

static void fuzz_text(struct fuzz_input *in)
{
	size_t length = in->end - in->at;
	struct node_rule rule;
	int values[ROWS], nr;
	char *text = malloc(length + !length);

	memcpy(text, in->at, length);
	if (node_rule_parse(text, length, &rule))
		rule_again(&rule);
	nr = node_distances_parse(text, length, values, ROWS);
	expect(nr > ROWS + 1, 0, "numbers", nr);
	if (nr >= 0 && nr <= ROWS)
		row_again(values, nr);
	free(text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct fuzz_input in = { data, data + len };

	switch (fuzz_take(&in, 1) % 4) {
	case 0:
		fuzz_distances(&in);
		break;
	case 1:
		fuzz_text(&in);
		break;
	default:
		fuzz_claims(&in);
	}
	return 0;
}
