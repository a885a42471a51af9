// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes at boot: what tables say is collected, and memory gets its nodes.
 *
 * Owns:      the mask of nodes that tables name.
 * Must not:  know how tables are made (srat.c and devicetree.c do).
 *
 * drivers/base/arch_numa.c asks for it: for ACPI's tables or the devicetree first,
 * and if that fails, for one node with all memory. It fails only if no memory is in
 * any table. Memory that is left out gets the node of the memory nearest to it.
 */
#define pr_fmt(fmt) "node_map: " fmt

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/memblock.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/numa_memblks.h>
#include <linux/printk.h>

#include <asm/numa.h>

#include "internal.h"

nodemask_t numa_nodes_parsed __initdata;

/* Memory that no table knows. */
struct left_over {
	u64 bytes, first, last;
	unsigned int ranges;
};

/* Claims */

static void __init say_ignored(const struct node_claim *claim,
			       enum node_verdict verdict,
			       const struct window *other)
{
	const char *source = node_map_source_name(claim->source);
	u64 last = claim->start + claim->size - 1;

	if (verdict == NODE_CONTRARY)
		pr_warn("%s: " NODE_MAP_RANGE " of node %d ignored: "
			NODE_MAP_RANGE " is node %d's\n", source, claim->start, last, claim->nid, other->start,
			other->end - 1, other->nid);
	else
		pr_warn("%s: " NODE_MAP_RANGE " of node %d ignored: %s\n", source,
			claim->start, last, claim->nid, node_verdict_text(verdict));
}

bool __init node_map_can_be(const struct node_claim *claim)
{
	struct window other;
	enum node_verdict verdict;

	verdict = node_claims_check(node_map_boot_claims(), claim, &other);
	if (verdict < NODE_EMPTY || verdict > NODE_BEYOND)
		return true;
	pr_warn("%s: " NODE_MAP_RANGE " ignored: %s\n",
		node_map_source_name(claim->source), claim->start,
		claim->start + claim->size - 1, node_verdict_text(verdict));
	return false;
}

bool __init node_map_claim(const struct node_claim *claim)
{
	enum node_verdict verdict;
	struct window other;

	verdict = node_claims_add(node_map_boot_claims(), claim, &other);
	if (verdict > NODE_TWICE) {
		say_ignored(claim, verdict, &other);
		return false;
	}
	node_set(claim->nid, numa_nodes_parsed);
	if (verdict == NODE_TAKEN && claim->source != NODE_FROM_ALONE)
		pr_info("%s: " NODE_MAP_RANGE " is node %d's%s\n",
			node_map_source_name(claim->source), claim->start,
			claim->start + claim->size - 1, claim->nid,
			claim->kind == NODE_WINDOW ? ", memory may come and go" : "");
	return true;
}

/**
 * numa_fill_memblks() - a window of CXL begins where other tables know a part of it
 * @start: first physical address
 * @end:   the address behind the last
 *
 * What of it is not known gets the node of what is, below it or else above.
 *
 * Context: boot.
 * Return: 0; %NUMA_NO_MEMBLK if nothing of it is known.
 */
int __init numa_fill_memblks(u64 start, u64 end)
{
	struct node_claims *c = node_map_boot_claims();
	struct node_claim claim = {
		.nid = NODE_UNKNOWN,
		.kind = NODE_WINDOW,
		.source = NODE_FROM_CXL,
	};
	u64 at, until;

	for (at = start; at < end; at = until) {
		until = min(end, node_claims_node_until(c, at));
		if (node_claims_find(c, at) != NODE_UNKNOWN)
			claim.nid = node_claims_find(c, at);
		else if (claim.nid == NODE_UNKNOWN && until < end)
			claim.nid = node_claims_find(c, until);
		if (claim.nid == NODE_UNKNOWN ||
		    node_claims_find(c, at) != NODE_UNKNOWN)
			continue;
		claim.start = at;
		claim.size = until - at;
		node_map_claim(&claim);
	}
	return claim.nid == NODE_UNKNOWN ? NUMA_NO_MEMBLK : 0;
}

/**
 * numa_add_memblk() - a range belongs to a node
 * @nid:   node
 * @start: first physical address
 * @end:   the address behind the last
 *
 * It is all memory of a machine without nodes.
 *
 * Context: boot.
 * Return: 0; -EINVAL, after a line in the log: the range or the node cannot be, or
 * a part of the range is another node's.
 */
int __init numa_add_memblk(int nid, u64 start, u64 end)
{
	const struct node_claim claim = {
		.start = start,
		.size = end - start,
		.nid = nid,
		.kind = NODE_MEMORY,
		.source = NODE_FROM_ALONE,
	};

	return node_map_claim(&claim) ? 0 : -EINVAL;
}

/* Memory gets its nodes */

static bool __init covers_memory(const struct node_claims *c)
{
	struct memblock_region *r;
	u64 at, end;

	for_each_mem_region(r) {
		end = r->base + r->size;
		if (memblock_is_nomap(r))
			continue;
		for (at = r->base; at < end; at = node_claims_node_until(c, at))
			if (node_claims_find(c, at) != NODE_UNKNOWN)
				return true;
	}
	return false;
}

/* The first region without a node that ends above an address, or NULL. */
static struct memblock_region *__init next_without_node(u64 at)
{
	struct memblock_region *r;

	for_each_mem_region(r)
		if (memblock_get_region_node(r) == NUMA_NO_NODE &&
		    r->base + r->size > at)
			return r;
	return NULL;
}

static void __init give(u64 start, u64 end, int nid)
{
	if (memblock_set_node(start, end - start, &memblock.memory, nid))
		pr_err(NODE_MAP_RANGE " does not get node %d: no memory to note it\n",
		       start, end - 1, nid);
}

/* Two nodes in a page: it is the first one's. */
static void __init give_claimed(const struct node_claims *c)
{
	struct memblock_region *r;
	u64 at = 0, end, until;
	int nid;

	while ((r = next_without_node(at))) {
		at = max_t(u64, at, r->base);
		end = r->base + r->size;
		until = node_claims_node_until(c, at);
		if (until < end)
			end = min(end, ALIGN(until, PAGE_SIZE));
		nid = node_claims_find(c, at);
		if (nid != NODE_UNKNOWN)
			give(at, end, nid);
		at = end;
	}
}

/* The node of the memory that is nearest, of two the lower. */
static int __init nearest_node(u64 start, u64 end)
{
	int nid = NUMA_NO_NODE, node;
	struct memblock_region *r;
	u64 nearest = U64_MAX, gap;

	for_each_mem_region(r) {
		node = memblock_get_region_node(r);
		if (node == NUMA_NO_NODE)
			continue;
		gap = r->base >= end ? r->base - end :
				       start - (r->base + r->size);
		if (gap < nearest) {
			nearest = gap;
			nid = node;
		}
	}
	return nid;
}

static void __init note_left_over(struct left_over *left, u64 start, u64 end)
{
	left->bytes += end - start;
	if (left->ranges++)
		return;
	left->first = start;
	left->last = end - 1;
}

static void __init give_left_over(struct node_claims *c)
{
	struct node_claim claim = {
		.kind = NODE_MEMORY,
		.source = NODE_FROM_NEIGHBOUR,
	};
	struct left_over ram = { }, nomap = { };
	struct memblock_region *r;
	struct window other;
	u64 at = 0;

	while ((r = next_without_node(at))) {
		claim.start = r->base;
		claim.size = r->size;
		at = r->base + r->size;
		claim.nid = nearest_node(r->base, at);
		note_left_over(memblock_is_nomap(r) ? &nomap : &ram, r->base, at);
		give(claim.start, at, claim.nid);
		node_claims_add(c, &claim, &other);
	}
	if (nomap.ranges)
		pr_info(NODE_MAP_RANGE " and so on, %llu KiB, are in no table, but firmware keeps them for itself\n",
			nomap.first, nomap.last, nomap.bytes >> 10);
	if (ram.ranges)
		pr_warn(NODE_MAP_RANGE " and so on, %llu KiB in %u ranges, are in no table: each gets the node of the memory nearest to it\n",
			ram.first, ram.last, ram.bytes >> 10, ram.ranges);
}

/* Marks of hot-pluggable memory: a node that the kernel already uses has none. */

static void __init note_used_nodes(nodemask_t *used)
{
	struct memblock_region *r;
	phys_addr_t start, end;
	u64 i;

	for_each_reserved_mem_range(i, &start, &end)
		for_each_mem_region(r)
			if (start < r->base + r->size && r->base < end)
				node_set(memblock_get_region_node(r), *used);
}

static struct memblock_region *__init next_marked(const nodemask_t *nodes, u64 at)
{
	struct memblock_region *r;

	for_each_mem_region(r)
		if (r->base + r->size > at && memblock_is_hotpluggable(r) &&
		    node_isset(memblock_get_region_node(r), *nodes))
			return r;
	return NULL;
}

static void __init unmark_used_nodes(void)
{
	nodemask_t used = NODE_MASK_NONE;
	struct memblock_region *r;
	u64 at = 0;

	note_used_nodes(&used);
	while ((r = next_marked(&used, at))) {
		at = r->base + r->size;
		memblock_clear_hotplug(r->base, r->size);
	}
}

/* Where there is one node only, everything is its. */
static void __init claim_rest_for_only_node(struct node_claims *c)
{
	struct node_claim claim = {
		.size = c->end,
		.nid = first_node(node_possible_map),
		.kind = NODE_WINDOW,
		.source = NODE_FROM_ALONE,
	};
	struct window other;

	if (num_possible_nodes() == 1)
		node_claims_add(c, &claim, &other);
}

/* Nodes that nobody names, kept for memory that comes at run time. */

static unsigned int spare_nodes __initdata;

static int __init read_spare_nodes(char *text)
{
	if (!text || kstrtouint(text, 0, &spare_nodes))
		pr_warn("spare_nodes=%s ignored: it has to be a number\n",
			text ?: "");
	return 0;
}
early_param("spare_nodes", read_spare_nodes);

/**
 * node_map_count_nodes() - setup_nr_node_ids(), after spare nodes are made possible
 *
 * Those are the first that no table names. They are not online, and have no
 * directory, until memory is added to them.
 *
 * Context: boot, once it is known which nodes there are.
 */
void __init node_map_count_nodes(void)
{
	unsigned int left = spare_nodes, nid;

	for (nid = 0; left && nid < MAX_NUMNODES; nid++) {
		if (node_possible(nid))
			continue;
		node_set(nid, node_possible_map);
		left--;
	}
	if (left)
		pr_warn("spare_nodes=%u: %u of them ignored, this kernel has %u nodes\n",
			spare_nodes, left, MAX_NUMNODES);
	setup_nr_node_ids();
}

static int __init collect(struct node_claims *c, int (*read_tables)(void))
{
	int ret;

	node_map_forget();
	nodes_clear(numa_nodes_parsed);
	numa_reset_distance();
	ret = read_tables();
	/* it is set also by whoever reads that there is one node only */
	if (!numa_off)
		node_map_claim_parameters();
	if (!covers_memory(c))
		return ret ?: -ENODATA;
	if (ret && (c->rank[NODE_RANK_MEMORY].nr || c->rank[NODE_RANK_WINDOW].nr))
		pr_warn("error %d while tables were read: what was read before counts\n",
			ret);
	return 0;
}

/**
 * numa_memblks_init() - memory gets the nodes that tables say
 * @init_func:                reads the tables
 * @memblock_force_top_down: memblock shall allocate from the top again
 *
 * Context: boot, while memblock allocates.
 * Return: 0; or, if no memory is in any table, what @init_func said or -ENODATA.
 */
int __init numa_memblks_init(int (*init_func)(void), bool memblock_force_top_down)
{
	struct node_claims *c = node_map_boot_claims();
	int ret = collect(c, init_func);

	if (ret)
		return ret;
	if (memblock_force_top_down)
		memblock_set_bottom_up(false);
	give(0, PHYS_ADDR_MAX, NUMA_NO_NODE);
	give_claimed(c);
	give_left_over(c);
	unmark_used_nodes();
	node_possible_map = numa_nodes_parsed;
	claim_rest_for_only_node(c);
	return 0;
}
