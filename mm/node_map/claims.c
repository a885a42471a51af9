// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims: who says which node a range belongs to. Pure; see claims.h.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "claims.h"

const char *node_verdict_text(enum node_verdict verdict)
{
	static const char *const text[] = {
		[NODE_EMPTY]	= "it is empty",
		[NODE_WRAPS]	= "it wraps",
		[NODE_BEYOND]	= "it reaches beyond the last address that can be",
		[NODE_NO_SUCH]	= "this kernel has no such node",
		[NODE_CONTRARY]	= "a part of it belongs to another node",
		[NODE_FULL]	= "there are too many ranges",
	};

	return verdict > NODE_TWICE ? text[verdict] : "";
}

enum node_rank node_claim_rank(const struct node_claim *claim)
{
	if (claim->kind == NODE_RULE)
		return NODE_RANK_RULE;
	if (claim->source == NODE_FROM_RUNTIME)
		return NODE_RANK_RUNTIME;
	if (claim->source == NODE_FROM_PARAMETER)
		return NODE_RANK_PARAMETER;
	return claim->kind == NODE_MEMORY ? NODE_RANK_MEMORY : NODE_RANK_WINDOW;
}

/* The whole units of a claim; none if it is refused for its range. */
static enum node_verdict units_of(const struct node_claims *c,
				  const struct node_claim *claim, u64 *start,
				  u64 *end)
{
	u64 last = claim->start + claim->size - 1;

	*start = *end = 0;
	if (!claim->size)
		return NODE_EMPTY;
	if (last < claim->start)
		return NODE_WRAPS;
	if (last >= c->end)
		return NODE_BEYOND;
	*start = ALIGN(claim->start, NODE_UNIT);
	*end = ALIGN_DOWN(last + 1, NODE_UNIT);
	return *start < *end ? NODE_TAKEN : NODE_EMPTY;
}

/* The first range in [start, end) that is another node's, or NULL. */
static const struct window *contrary(const struct window_set *set, u64 start,
				     u64 end, int nid)
{
	const struct window *w = window_set_above(set, start);

	for (; w && w < set->at + set->nr && w->start < end; w++)
		if (w->nid != nid)
			return w;
	return NULL;
}

unsigned int node_claims_need(const struct node_claims *c,
			      const struct node_claim *claim)
{
	const struct window_set *set = &c->rank[node_claim_rank(claim)];
	unsigned int gaps = 0;
	u64 start, end, from, to;

	if (units_of(c, claim, &start, &end) != NODE_TAKEN)
		return 0;
	from = start;
	to = end;
	while (window_set_gap(set, &from, &to)) {
		gaps++;
		from = to;
		to = end;
	}
	return gaps;
}

static bool node_is_possible(const struct node_claims *c,
			     const struct node_claim *claim)
{
	int limit = claim->kind == NODE_RULE ? NODE_RULES : c->nr_nodes;

	return claim->nid >= 0 && claim->nid < limit;
}

enum node_verdict node_claims_check(const struct node_claims *c,
				    const struct node_claim *claim,
				    struct window *other)
{
	const struct window_set *set = &c->rank[node_claim_rank(claim)];
	enum node_verdict verdict;
	const struct window *found;
	unsigned int need;
	u64 start, end;

	verdict = units_of(c, claim, &start, &end);
	if (verdict != NODE_TAKEN)
		return verdict;
	if (!node_is_possible(c, claim))
		return NODE_NO_SUCH;
	found = contrary(set, start, end, claim->nid);
	if (found) {
		*other = *found;
		return NODE_CONTRARY;
	}
	need = node_claims_need(c, claim);
	if (!need)
		return NODE_TWICE;
	return need <= set->room - set->nr ? NODE_TAKEN : NODE_FULL;
}

enum node_verdict node_claims_add(struct node_claims *c,
				  const struct node_claim *claim,
				  struct window *other)
{
	struct window_set *set = &c->rank[node_claim_rank(claim)];
	enum node_verdict verdict = node_claims_check(c, claim, other);
	struct window part = {
		.nid = claim->nid,
		.source = node_tag(claim->kind, claim->source),
	};
	u64 start, end, from, to;

	if (verdict != NODE_TAKEN)
		return verdict;
	units_of(c, claim, &start, &end);
	from = start;
	to = end;
	while (window_set_gap(set, &from, &to)) {
		part.start = from;
		part.end = to;
		/* the room was counted, and nothing is in a gap */
		window_set_insert(set, &part);
		from = to;
		to = end;
	}
	return NODE_TAKEN;
}

/* From *text on, which is passed over; *text is @end or behind the number then. */
static bool parse_number(const char **text, const char *end, unsigned int *value)
{
	const char *at = *text;

	for (*value = 0; at < end && *at >= '0' && *at <= '9'; at++) {
		*value = 10 * *value + (*at - '0');
		if (*value > U16_MAX)
			return false;
	}
	if (at == *text)
		return false;
	*text = at;
	return true;
}

static bool parse_sign(const char **text, const char *end, char sign)
{
	return *text < end && *(*text)++ == sign;
}

bool node_rule_parse(const char *text, size_t length, struct node_rule *rule)
{
	unsigned int low, high, first = 0;
	const char *end = text + length;

	if (!parse_number(&text, end, &low) || !parse_sign(&text, end, '-') ||
	    !parse_number(&text, end, &high) || high < low)
		return false;
	if (text < end && !(parse_sign(&text, end, '+') &&
			    parse_number(&text, end, &first)))
		return false;
	*rule = (struct node_rule){ low, high - low + 1, first };
	return text == end;
}

static bool rule_makes_sense(const struct node_claims *c,
			     const struct node_rule *rule)
{
	return rule->shift >= NODE_UNIT_SHIFT && rule->bits >= 1 &&
	       rule->bits <= 16 && rule->shift + rule->bits <= 64 &&
	       rule->first >= 0 && rule->first < c->nr_nodes;
}

enum node_verdict node_claims_add_rule(struct node_claims *c, u64 start, u64 size,
				       const struct node_rule *rule,
				       enum node_source source)
{
	const struct node_claim claim = {
		.start = start,
		.size = size,
		.nid = c->nr_rules,
		.kind = NODE_RULE,
		.source = source,
	};
	enum node_verdict verdict;
	struct window other;

	if (!rule_makes_sense(c, rule))
		return NODE_NO_SUCH;
	if (c->nr_rules == NODE_RULES)
		return NODE_FULL;
	verdict = node_claims_add(c, &claim, &other);
	if (verdict == NODE_TAKEN)
		c->rule[c->nr_rules++] = *rule;
	return verdict;
}

int node_claims_drop(struct node_claims *c, enum node_rank rank, u64 start,
		     u64 end)
{
	return window_set_cut(&c->rank[rank], start, end);
}

int node_claims_code(const struct node_claims *c, u64 addr)
{
	const struct window *w;
	int rank;

	for (rank = 0; rank < NODE_RANKS; rank++) {
		w = window_set_above(&c->rank[rank], addr);
		if (!w || w->start > addr)
			continue;
		return rank == NODE_RANK_RULE ? NODE_BY_RULE - w->nid : w->nid;
	}
	return NODE_UNKNOWN;
}

int node_claims_find(const struct node_claims *c, u64 addr)
{
	int code = node_claims_code(c, addr);

	return code > NODE_BY_RULE ? code :
	       node_rule_node(&c->rule[NODE_BY_RULE - code], addr, c->nr_nodes);
}

/* The next address at which a claim of any rank begins or ends. */
static u64 next_edge(const struct node_claims *c, u64 addr)
{
	const struct window *w;
	u64 next = U64_MAX;
	int rank;

	for (rank = 0; rank < NODE_RANKS; rank++) {
		w = window_set_above(&c->rank[rank], addr);
		if (w)
			next = min(next, w->start > addr ? w->start : w->end);
	}
	return next;
}

u64 node_claims_same_until(const struct node_claims *c, u64 addr)
{
	int code = node_claims_code(c, addr);

	do {
		addr = next_edge(c, addr);
	} while (addr != U64_MAX && node_claims_code(c, addr) == code);
	return addr;
}

u64 node_claims_node_until(const struct node_claims *c, u64 addr)
{
	u64 until = node_claims_same_until(c, addr);
	int code = node_claims_code(c, addr);
	u64 step;

	if (code > NODE_BY_RULE)
		return until;
	step = 1ULL << c->rule[NODE_BY_RULE - code].shift;
	return min(until, ALIGN_DOWN(addr, step) + step);
}

int node_claims_find_range(const struct node_claims *c, u64 start, u64 end)
{
	int nid = node_claims_find(c, start);
	u64 at;

	for (at = node_claims_node_until(c, start); at < end;
	     at = node_claims_node_until(c, at))
		if (node_claims_find(c, at) != nid)
			return NODE_SEVERAL;
	return nid;
}
