// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node map as it is now.
 *
 * Owns:      the claims and the fast map that is made from them.
 * Must not:  know of memory, nodes that are up, or tables of firmware.
 * Locks:     the claims lock guards the claims and lets one at a time publish a
 *            map; it is taken last. Readers of the fast map are under RCU.
 *
 * Until initcalls run there is one CPU, and claims are in arrays of init data, which
 * are searched. Then they move, and the fast map answers; it is made anew, and the
 * old one freed, whenever claims change.
 */
#define pr_fmt(fmt) "node_map: " fmt

#include <linux/acpi.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/numa_memblks.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "fast.h"
#include "internal.h"

/* Ranges of one rank that tables of firmware may have. */
#define BOOT_ROOM	1024
#define FEW		64

static struct window boot_parameters[FEW] __initdata;
static struct window boot_memory[BOOT_ROOM] __initdata;
static struct window boot_windows[BOOT_ROOM] __initdata;
static struct window boot_rules[FEW] __initdata;

static struct node_claims claims = {
	.end = BIT_ULL(NODE_ADDRESS_BITS),
	.nr_nodes = MAX_NUMNODES,
};

static DEFINE_MUTEX(claims_lock);

struct fast_map {
	struct node_fast fast;
	struct rcu_head rcu;
	union node_slot slot[];
};

static_assert(MAX_NUMNODES <= NODE_NODES_MAX);
static_assert(NODE_PAGE_SHIFT + NODE_CUT_SHIFT <= 64);

/*
 * While it is published, claims are searched: that is the answer of its one cell, to
 * which all pages lead.
 */
static union node_slot boot_map[NODE_PAGE_SLOTS + 1] = {
	[0 ... NODE_PAGE_SLOTS - 1] = {
		.page = { [0 ... 3] = NODE_WHOLE_PAGE(NODE_PAGE_SLOTS) },
	},
	[NODE_PAGE_SLOTS] = {
		.cell = NODE_CELL_SAME(NODE_BY_CLAIMS),
	},
};

/* The slots of a map. Alone in its section it takes one instruction less to reach. */
static union node_slot __rcu *published __read_mostly = RCU_INITIALIZER(boot_map);

const char *node_map_source_name(enum node_source source)
{
	static const char *const names[] = {
		[NODE_FROM_SRAT]	= "SRAT",
		[NODE_FROM_DT]		= "devicetree",
		[NODE_FROM_CXL]		= "CXL",
		[NODE_FROM_PARAMETER]	= "parameter",
		[NODE_FROM_RUNTIME]	= "run-time",
		[NODE_FROM_NEIGHBOUR]	= "neighbour",
		[NODE_FROM_ALONE]	= "alone",
	};

	return names[source];
}

/* Boot */

static void __init give_room(enum node_rank rank, struct window *at,
			     unsigned int room)
{
	claims.rank[rank] = (struct window_set){ .at = at, .room = room };
}

struct node_claims *__init node_map_boot_claims(void)
{
	if (!claims.rank[NODE_RANK_MEMORY].at) {
		give_room(NODE_RANK_PARAMETER, boot_parameters, FEW);
		give_room(NODE_RANK_MEMORY, boot_memory, BOOT_ROOM);
		give_room(NODE_RANK_WINDOW, boot_windows, BOOT_ROOM);
		give_room(NODE_RANK_RULE, boot_rules, FEW);
	}
	return &claims;
}

void __init node_map_forget(void)
{
	int rank;

	for (rank = 0; rank < NODE_RANKS; rank++)
		claims.rank[rank].nr = 0;
	claims.nr_rules = 0;
}

/* The fast map */

static struct fast_map *fast_map_with(const union node_slot *slot)
{
	return container_of(slot, struct fast_map, slot[0]);
}

static void fast_map_free(struct rcu_head *rcu)
{
	kvfree(container_of(rcu, struct fast_map, rcu));
}

/* NULL: no memory. */
static struct fast_map *fast_map_of(const struct node_claims *c)
{
	struct fast_map *map = NULL;
	struct node_fast fast;
	u64 *cuts;

	node_fast_start(&fast, c);
	cuts = kvmalloc(node_fast_cuts_size(&fast), GFP_KERNEL);
	if (cuts) {
		node_fast_plan(&fast, c, cuts);
		map = kvmalloc(sizeof(*map) + node_fast_size(&fast), GFP_KERNEL);
	}
	if (map) {
		node_fast_fill(&fast, map->slot);
		map->fast = fast;
	}
	kvfree(cuts);
	return map;
}

static void publish(struct fast_map *map)
{
	union node_slot *old;

	lockdep_assert_held(&claims_lock);
	old = rcu_replace_pointer(published, &map->slot[0],
				  lockdep_is_held(&claims_lock));
	if (old != boot_map)
		call_rcu(&fast_map_with(old)->rcu, fast_map_free);
}

static noinline int find_odd(u64 addr, const union node_slot *slot)
{
	switch (node_answer_code(node_fast_answer(slot, addr))) {
	case NODE_UNKNOWN:
		return NUMA_NO_NODE;
	case NODE_BY_CLAIMS:
		return node_claims_find(&claims, addr);
	default:
		return node_fast_odd(&fast_map_with(slot)->fast, addr);
	}
}

int node_map_find(u64 addr)
{
	const union node_slot *slot;
	u64 answer;

	guard(rcu)();
	/* pairs with rcu_replace_pointer() in publish() */
	slot = rcu_dereference(published);
	answer = node_fast_answer(slot, addr);
	return likely(node_answer_is_node(answer)) ? node_answer_node(answer) :
						     find_odd(addr, slot);
}
EXPORT_SYMBOL_GPL(node_map_find);

int node_map_find_range(u64 start, u64 size)
{
	guard(mutex)(&claims_lock);
	return node_claims_find_range(&claims, start, start + size);
}

/* Leaves init data; a set without a range needs no array. */
static bool __init set_moves(struct window_set *set)
{
	struct window *at = kmemdup_array(set->at, set->nr, sizeof(*at),
					  GFP_KERNEL);

	if (!at)
		return false;
	set->at = at;
	set->room = set->nr;
	return true;
}

static bool __init claims_move(void)
{
	struct window_set moved[NODE_RANKS];
	int rank;

	node_map_boot_claims();
	memcpy(moved, claims.rank, sizeof(moved));
	for (rank = 0; rank < NODE_RANKS; rank++) {
		if (set_moves(&moved[rank]))
			continue;
		while (rank--)
			kfree(moved[rank].at);
		return false;
	}
	memcpy(claims.rank, moved, sizeof(moved));
	return true;
}

static int __init node_map_publish(void)
{
	struct fast_map *map;

	guard(mutex)(&claims_lock);
	map = fast_map_of(&claims);
	if (map && claims_move()) {
		publish(map);
		return 0;
	}
	kvfree(map);
	memset(claims.rank, 0, sizeof(claims.rank));
	claims.nr_rules = 0;
	boot_map[NODE_PAGE_SLOTS].cell = NODE_CELL_SAME(NODE_UNKNOWN);
	pr_err("no memory for the map: the node of memory that is added has to be named\n");
	return 0;
}
early_initcall(node_map_publish);

/* Changes */

static int error_of(enum node_verdict verdict)
{
	switch (verdict) {
	case NODE_TAKEN:
	case NODE_TWICE:
		return 0;
	case NODE_CONTRARY:
		return -EEXIST;
	case NODE_FULL:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

/*
 * A copy of one rank's claims, which may change and be thrown away; those of the other
 * ranks are shared, as they stay.
 */
static int draft_begin(struct node_claims *draft, enum node_rank rank,
		       unsigned int more)
{
	const struct window_set *old = &claims.rank[rank];
	struct window_set *set = &draft->rank[rank];

	*draft = claims;
	*set = (struct window_set){ };
	if (window_set_room(set, old->nr + more))
		return -ENOMEM;
	memcpy(set->at, old->at, array_size(old->nr, sizeof(*old->at)));
	set->nr = old->nr;
	return 0;
}

static int draft_end(struct node_claims *draft, enum node_rank rank, int err)
{
	struct fast_map *map = err ? NULL : fast_map_of(draft);

	if (!map) {
		kfree(draft->rank[rank].at);
		return err ?: -ENOMEM;
	}
	kfree(claims.rank[rank].at);
	claims = *draft;
	publish(map);
	return 0;
}

int node_map_add_window(u64 start, u64 size, int nid)
{
	const struct node_claim claim = {
		.start = start,
		.size = size,
		.nid = nid,
		.kind = NODE_WINDOW,
		.source = NODE_FROM_RUNTIME,
	};
	struct node_claims draft;
	struct window other;
	int ret;

	if (!numa_valid_node(nid) || !node_possible(nid))
		return -EINVAL;
	guard(mutex)(&claims_lock);
	ret = draft_begin(&draft, NODE_RANK_RUNTIME,
			  node_claims_need(&claims, &claim));
	if (ret)
		return ret;
	return draft_end(&draft, NODE_RANK_RUNTIME,
			 error_of(node_claims_add(&draft, &claim, &other)));
}
EXPORT_SYMBOL_GPL(node_map_add_window);

int node_map_drop_window(u64 start, u64 size)
{
	struct node_claims draft;
	int ret;

	guard(mutex)(&claims_lock);
	if (!size || start + size - 1 < start || start + size > claims.end)
		return -EINVAL;
	ret = draft_begin(&draft, NODE_RANK_RUNTIME, 1);
	if (ret)
		return ret;
	return draft_end(&draft, NODE_RANK_RUNTIME,
			 node_claims_drop(&draft, NODE_RANK_RUNTIME, start,
					  start + size));
}
EXPORT_SYMBOL_GPL(node_map_drop_window);

/* An answer that cannot be would be found out only when memory comes. */
static bool rule_names_nodes(const struct node_rule *rule)
{
	int nid = rule->first, last;

	if (rule->bits > 16)
		return false;
	for (last = nid + (1 << rule->bits) - 1; nid <= last; nid++)
		if (nid >= MAX_NUMNODES || !node_possible(nid))
			return false;
	return true;
}

int node_map_set_rule(const struct node_rule *rule)
{
	struct node_claims draft;
	int ret;

	if (rule && (rule->shift < NODE_UNIT_SHIFT || rule->bits > 16 ||
		     rule->shift + rule->bits > MAX_PHYSMEM_BITS))
		return -ERANGE;
	if (rule && !rule_names_nodes(rule))
		return -EINVAL;
	guard(mutex)(&claims_lock);
	ret = draft_begin(&draft, NODE_RANK_RULE, 1);
	if (ret)
		return ret;
	draft.rank[NODE_RANK_RULE].nr = 0;
	draft.nr_rules = 0;
	if (rule)
		ret = error_of(node_claims_add_rule(&draft, 0, draft.end, rule,
						    NODE_FROM_RUNTIME));
	return draft_end(&draft, NODE_RANK_RULE, ret);
}

bool node_map_get_rule(struct node_rule *rule)
{
	guard(mutex)(&claims_lock);
	if (claims.nr_rules)
		*rule = claims.rule[0];
	return claims.nr_rules;
}

/* Those who add memory ask by names of stock's. */

/**
 * memory_add_physaddr_to_nid() - the node that memory at an address would join
 * @start: physical address
 *
 * Context: any.
 * Return: node; %NUMA_NO_NODE if it is not known, which is said in the log once.
 */
int memory_add_physaddr_to_nid(u64 start)
{
	int nid = node_map_find(start);

	if (nid == NUMA_NO_NODE)
		pr_warn_once("nobody knows the node of memory at %#018llx; \"node_map=FIRST-LAST@NODE\" on the command line names it\n",
			     start);
	return nid;
}
EXPORT_SYMBOL_GPL(memory_add_physaddr_to_nid);

/**
 * phys_to_target_node() - the node that memory at an address would join
 * @start: physical address
 *
 * Context: any.
 * Return: node, or %NUMA_NO_NODE if it is not known.
 */
int phys_to_target_node(u64 start)
{
	return node_map_find(start);
}
EXPORT_SYMBOL_GPL(phys_to_target_node);

int node_map_device_node(int number)
{
	if (!acpi_disabled)
		return pxm_to_node(number);
	return numa_valid_node(number) && node_possible(number) ? number :
								  NUMA_NO_NODE;
}
EXPORT_SYMBOL_GPL(node_map_device_node);

/* What there is, for people: a line for each range, the highest rank first. */

static void show_range(struct seq_file *out, const struct window *w)
{
	static const char *const kinds[] = {
		[NODE_MEMORY] = "memory", [NODE_WINDOW] = "window",
	};
	const struct node_rule *rule;

	seq_printf(out, "%#018llx-%#018llx ", w->start, w->end - 1);
	if (node_tag_kind(w->source) == NODE_RULE) {
		rule = &claims.rule[w->nid];
		seq_printf(out, "bits %u-%u, from node %d on", rule->shift,
			   rule->shift + rule->bits - 1, rule->first);
	} else {
		seq_printf(out, "node %d %s", w->nid,
			   kinds[node_tag_kind(w->source)]);
	}
	seq_printf(out, " %s\n", node_map_source_name(node_tag_source(w->source)));
}

static int node_map_show(struct seq_file *out, void *unused)
{
	const struct window_set *set;
	const struct window *w;
	int rank;

	guard(mutex)(&claims_lock);
	for (rank = 0; rank < NODE_RANKS; rank++) {
		set = &claims.rank[rank];
		for (w = set->at; w < set->at + set->nr; w++)
			show_range(out, w);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(node_map);

static int __init node_map_debugfs(void)
{
	debugfs_create_file("node_map", 0400, NULL, NULL, &node_map_fops);
	return 0;
}
device_initcall(node_map_debugfs);
