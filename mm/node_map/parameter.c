// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the command line says of nodes.
 *
 * node_map=FIRST-LAST@NODE	this range, both ends inclusive, is of that node
 * node_bits=LOW-HIGH[+NODE]	these bits of an address are the number of its node,
 *				where no table says another one; NODE is added to it
 *
 * Both may be given several times. Owns nothing once boot is over.
 */
#define pr_fmt(fmt) "node_map: " fmt

#include <linux/array_size.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <asm/numa.h>

#include "internal.h"

static struct node_claim ranges[32] __initdata;
static unsigned int nr_ranges __initdata;
static struct node_rule rules[NODE_RULES] __initdata;
static unsigned int nr_rules __initdata;

/* A number, and the character behind it, which is passed over; false: there is none. */
static bool __init number(char **text, u64 *value, char behind)
{
	char *end;

	*value = memparse(*text, &end);
	if (end == *text || *end != behind)
		return false;
	*text = behind ? end + 1 : end;
	return true;
}

static bool __init parse_range(char *text, struct node_claim *claim)
{
	u64 first, last, nid;

	if (!number(&text, &first, '-') || !number(&text, &last, '@') ||
	    !number(&text, &nid, 0) || nid > INT_MAX)
		return false;
	claim->start = first;
	/* what is the wrong way round wraps, and is refused with the others */
	claim->size = last - first + 1;
	claim->nid = nid;
	claim->kind = NODE_WINDOW;
	claim->source = NODE_FROM_PARAMETER;
	return true;
}

static int __init read_node_map(char *text)
{
	if (nr_ranges == ARRAY_SIZE(ranges))
		pr_warn("node_map=%s ignored: there are %u already\n", text,
			nr_ranges);
	else if (!text || !parse_range(text, &ranges[nr_ranges]))
		pr_warn("node_map=%s ignored: write FIRST-LAST@NODE, for example 4G-0x1ffffffff@1\n",
			text ?: "");
	else
		nr_ranges++;
	return 0;
}
early_param("node_map", read_node_map);

static bool __init parse_rule(char *text, struct node_rule *rule)
{
	bool adds = strchr(text, '+');
	u64 low, high, first = 0;

	if (!number(&text, &low, '-') || !number(&text, &high, adds ? '+' : 0) ||
	    (adds && !number(&text, &first, 0)))
		return false;
	if (low < NODE_UNIT_SHIFT || high < low || high >= MAX_PHYSMEM_BITS ||
	    high - low >= 16 || first >= MAX_NUMNODES)
		return false;
	rule->shift = low;
	rule->bits = high - low + 1;
	rule->first = first;
	return true;
}

static int __init read_node_bits(char *text)
{
	if (nr_rules == ARRAY_SIZE(rules))
		pr_warn("node_bits=%s ignored: there are %u already\n", text,
			nr_rules);
	else if (!text || !parse_rule(text, &rules[nr_rules]))
		pr_warn("node_bits=%s ignored: write LOW-HIGH or LOW-HIGH+NODE with bits from %d to %d, 16 at most, and a node up to %d\n",
			text ?: "", NODE_UNIT_SHIFT, MAX_PHYSMEM_BITS - 1,
			MAX_NUMNODES - 1);
	else
		nr_rules++;
	return 0;
}
early_param("node_bits", read_node_bits);

/* The nodes that a rule can name are there: memory may be added to them. */
static void __init note_nodes(const struct node_rule *rule)
{
	int last = min_t(int, rule->first + (1 << rule->bits), MAX_NUMNODES) - 1;
	int nid;

	for (nid = rule->first; nid <= last; nid++)
		node_set(nid, numa_nodes_parsed);
}

void __init node_map_claim_parameters(void)
{
	struct node_claims *c = node_map_boot_claims();
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		node_map_claim(&ranges[i]);
	for (i = 0; i < nr_rules; i++) {
		if (node_claims_add_rule(c, 0, c->end, &rules[i],
					 NODE_FROM_PARAMETER) == NODE_TAKEN)
			note_nodes(&rules[i]);
		else
			pr_warn("node_bits=%u-%u ignored: another rule has all addresses\n",
				rules[i].shift,
				rules[i].shift + rules[i].bits - 1);
	}
}
