/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_NODE_MAP_INTERNAL_H
#define _MM_NODE_MAP_INTERNAL_H
/*
 * The node map: which node a physical address belongs to, and how far nodes are
 * from one another.
 *
 *	firmware	srat.c  devicetree.c  parameter.c
 *	by hand		files.c  policy.c
 *	at boot		boot.c
 *	state		live.c  distance.c
 *	decisions	claims.c  fast.c  distances.c
 *
 * A call goes down only.
 */
#include <linux/init.h>
#include <linux/node_map.h>
#include <linux/types.h>

#include "claims.h"
#include "distances.h"

struct attribute_group;
struct kobject;

/* In messages: both ends are inclusive. */
#define NODE_MAP_RANGE	"[mem %#018llx-%#018llx]"

/* How sources are called in messages. */
const char *node_map_source_name(enum node_source source);

/* live.c */

/* At boot, before initcalls: they are nobody else's, and no lock is needed. */
struct node_claims *node_map_boot_claims(void) __init;

/* All claims are forgotten, for somebody else to make them. */
void node_map_forget(void) __init;

/**
 * node_map_set_rule() - bits of an address name its node, where nobody else does
 * @rule: takes the place of the one that there is; NULL: there is none from now on
 *
 * Context: process context, may sleep.
 * Return: 0; -ERANGE: there are no such bits, or more than 16; -EINVAL: a node can come
 * of it that there cannot be; -ENOMEM. On failure nothing has changed.
 */
int node_map_set_rule(const struct node_rule *rule);

/* Is there a rule? Which? */
bool node_map_get_rule(struct node_rule *rule);

/* boot.c */

/**
 * node_map_claim() - firmware or a person says which node a range belongs to
 * @claim: what it says
 *
 * What is wrong is left out, with a line in the log.
 *
 * Return: true if it holds; then the node is one that there is.
 */
bool node_map_claim(const struct node_claim *claim) __init;

/* Is it a range that there can be, whatever its node? If not, that is a line in the log. */
bool node_map_can_be(const struct node_claim *claim) __init;

/* distance.c */

/* The table becomes one for as many nodes: false without memory, after a line. */
bool node_map_distances_room(unsigned int nr) __init;
struct node_distances *node_map_distances(void) __init;

/* Says in one line what of a table was left out. */
void node_map_report(const struct node_distance_report *report,
		     const char *table) __init;

/* The distances of all nodes from a node, or of a node from all, as a line. */
int node_map_show_distances(int nid, bool from, char *page);

/* files.c */

/* The node of a directory nodeN. */
int node_map_dir_node(struct kobject *kobj);

/* Who writes has CAP_SYS_ADMIN: 0, or -EPERM after a line in the log. */
int node_map_permit_admin(const char *dir, const char *file);

/* policy.c */

extern const struct attribute_group node_map_policy_group;

/* parameter.c */

/* What "node_map=" and "node_bits=" say becomes claims. */
void node_map_claim_parameters(void) __init;

#endif /* _MM_NODE_MAP_INTERNAL_H */
