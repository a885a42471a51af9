/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_NODE_MAP_CLAIMS_H
#define _MM_NODE_MAP_CLAIMS_H
/*
 * Which node an address belongs to, by what firmware and people say of it.
 *
 * Each of them makes claims: this range is of that node. Claims have ranks. Those
 * of one rank never contradict one another: who comes second is refused. Where
 * claims of several ranks meet, the highest has the address. An address that
 * nobody claims has no node, and that is an answer.
 *
 * Addresses are told apart by units of 4 KiB, whatever the size of a page.
 *
 * Pure: it takes no lock and allocates nothing. The caller gives the arrays.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "../memory_hotplug/window_set.h"

#define NODE_UNKNOWN	(-1)
#define NODE_SEVERAL	WINDOW_NODES_DIFFER
#define NODE_UNIT_SHIFT	12
#define NODE_UNIT	BIT_ULL(NODE_UNIT_SHIFT)
#define NODE_RULES	4
/* Instead of a node, where rule 0 has the address; below it come the others. */
#define NODE_BY_RULE	(-2)

/**
 * enum node_kind - what is said to be in a range
 * @NODE_MEMORY: memory
 * @NODE_WINDOW: memory may come and go there
 * @NODE_RULE:   bits of the address name the node
 */
enum node_kind {
	NODE_MEMORY,
	NODE_WINDOW,
	NODE_RULE,
};

/**
 * enum node_source - who says so
 * @NODE_FROM_SRAT:      ACPI's SRAT
 * @NODE_FROM_DT:        a memory node of the devicetree
 * @NODE_FROM_CXL:       a window of ACPI's CEDT
 * @NODE_FROM_PARAMETER: the kernel's command line
 * @NODE_FROM_RUNTIME:   a driver or an administrator
 * @NODE_FROM_NEIGHBOUR: nobody: there is memory, and it got the node of other memory
 * @NODE_FROM_ALONE:     nobody: there is no other node
 */
enum node_source {
	NODE_FROM_SRAT,
	NODE_FROM_DT,
	NODE_FROM_CXL,
	NODE_FROM_PARAMETER,
	NODE_FROM_RUNTIME,
	NODE_FROM_NEIGHBOUR,
	NODE_FROM_ALONE,
};

/* The highest first. People come before firmware, memory before what may come. */
enum node_rank {
	NODE_RANK_RUNTIME,
	NODE_RANK_PARAMETER,
	NODE_RANK_MEMORY,
	NODE_RANK_WINDOW,
	NODE_RANK_RULE,
	NODE_RANKS,
};

/**
 * enum node_verdict - what became of a claim
 * @NODE_TAKEN:     it holds
 * @NODE_TWICE:     all of it was claimed before, for the same node; that is no fault
 * @NODE_EMPTY:     there is no whole unit in it
 * @NODE_WRAPS:     its end is below its start
 * @NODE_BEYOND:    it reaches beyond the last address
 * @NODE_NO_SUCH:   the number of the node is out of bounds
 * @NODE_CONTRARY:  a part of it was claimed before for another node
 * @NODE_FULL:      there is no room for it
 */
enum node_verdict {
	NODE_TAKEN,
	NODE_TWICE,
	NODE_EMPTY,
	NODE_WRAPS,
	NODE_BEYOND,
	NODE_NO_SUCH,
	NODE_CONTRARY,
	NODE_FULL,
};

/* How messages begin the reason; nothing is to be said of the first two. */
const char *node_verdict_text(enum node_verdict verdict);

/**
 * struct node_rule - bits of the address name the node
 * @shift: the lowest of these bits, %NODE_UNIT_SHIFT or more
 * @bits:  how many, 1 to 16
 * @first: node if they are all zero
 */
struct node_rule {
	unsigned int shift, bits;
	int first;
};

/**
 * node_rule_parse() - read a rule
 * @text:   "LOW-HIGH" or "LOW-HIGH+NODE", decimal: the lowest and the highest bit, and
 *          the node if all of them are zero, which is 0 if it is not given
 * @length: bytes
 * @rule:   the rule; it need not make sense
 *
 * Return: false if it is not written like that, or has a number above 65535, or the bits
 * are the wrong way round.
 */
bool node_rule_parse(const char *text, size_t length, struct node_rule *rule);

/* The node of an address by a rule; NODE_UNKNOWN if there can be no such node. */
static inline int node_rule_node(const struct node_rule *rule, u64 addr,
				 int nr_nodes)
{
	u64 field = addr >> rule->shift & ((1ULL << rule->bits) - 1);

	return field < (u64)(nr_nodes - rule->first) ? rule->first + (int)field :
						       NODE_UNKNOWN;
}

/**
 * struct node_claims - all claims
 * @rank:     the claims of each rank; the caller gives arrays and their room
 * @rule:     the rules; a claim of a rule has its index in the place of a node
 * @nr_rules: how many
 * @end:      the address behind the last that can be, a multiple of %NODE_UNIT
 * @nr_nodes: node numbers are below it
 */
struct node_claims {
	struct window_set rank[NODE_RANKS];
	struct node_rule rule[NODE_RULES];
	unsigned int nr_rules;
	u64 end;
	int nr_nodes;
};

/**
 * struct node_claim - a range, and the node it is said to belong to
 * @start:  first address, bytes; units that are not wholly in the range do not count
 * @size:   bytes
 * @nid:    node
 * @kind:   what is there
 * @source: who says so
 */
struct node_claim {
	u64 start, size;
	int nid;
	enum node_kind kind;
	enum node_source source;
};

/* What the sets have in the place of a source. */
static inline unsigned int node_tag(enum node_kind kind, enum node_source source)
{
	return source << 4 | kind;
}

static inline enum node_kind node_tag_kind(unsigned int tag)
{
	return tag & 0xf;
}

static inline enum node_source node_tag_source(unsigned int tag)
{
	return tag >> 4;
}

enum node_rank node_claim_rank(const struct node_claim *claim);

/* How much room in the set of its rank a claim takes at most. */
unsigned int node_claims_need(const struct node_claims *c,
			      const struct node_claim *claim);

/**
 * node_claims_check() - what would become of a claim?
 * @c:     claims
 * @claim: claim
 * @other: the claim that it contradicts, if the answer is %NODE_CONTRARY
 *
 * Return: verdict.
 */
enum node_verdict node_claims_check(const struct node_claims *c,
				    const struct node_claim *claim,
				    struct window *other);

/**
 * node_claims_add() - make a claim
 * @c:     claims
 * @claim: claim, not that of a rule
 * @other: as node_claims_check()
 *
 * Return: verdict; if it is none of the first two, nothing has changed.
 */
enum node_verdict node_claims_add(struct node_claims *c,
				  const struct node_claim *claim,
				  struct window *other);

/**
 * node_claims_add_rule() - from now on address bits name the node in a range
 * @c:      claims
 * @start:  first address
 * @size:   bytes
 * @rule:   rule
 * @source: who says so
 *
 * Return: verdict; %NODE_NO_SUCH also if the rule makes no sense.
 */
enum node_verdict node_claims_add_rule(struct node_claims *c, u64 start, u64 size,
				       const struct node_rule *rule,
				       enum node_source source);

/**
 * node_claims_drop() - take back what was claimed of a range
 * @c:    claims; the set of the rank has room for one more
 * @rank: of which rank
 * @start: first address, a multiple of %NODE_UNIT
 * @end:   the address behind the last, a multiple of %NODE_UNIT
 *
 * Return: 0 or -ENOMEM.
 */
int node_claims_drop(struct node_claims *c, enum node_rank rank, u64 start,
		     u64 end);

/* The node of an address, or NODE_UNKNOWN: right from the first claim on. */
int node_claims_find(const struct node_claims *c, u64 addr);

/* That of each address in [start, end), or NODE_SEVERAL: some have another, or none. */
int node_claims_find_range(const struct node_claims *c, u64 start, u64 end);

/* As node_claims_find(), but NODE_BY_RULE - index where a rule has the address. */
int node_claims_code(const struct node_claims *c, u64 addr);

/* Up to here, all addresses from @addr on have the same code; ~0 without end. */
u64 node_claims_same_until(const struct node_claims *c, u64 addr);

/* The same for nodes: a rule changes its answer by itself. */
u64 node_claims_node_until(const struct node_claims *c, u64 addr);

#endif /* _MM_NODE_MAP_CLAIMS_H */
