/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMHP_CTRL_DISTANCE_H
#define _MM_MEMHP_CTRL_DISTANCE_H
/*
 * Distances that a node gets with its first segment.
 */
#include <linux/errno.h>
#include <uapi/linux/memhp.h>

/* Of another node: from the segment's node to it, and back. */
struct memhp_distance {
	int node, to, from;
};

struct memhp_distances {
	unsigned int nr;
	struct memhp_distance at[MEMHP_MAX_DISTANCES];
};

#ifdef CONFIG_MEMHP_DISTANCES

/**
 * distances_check() - may a node get these distances?
 * @nid: node, any number
 * @d:   distances, any numbers
 * @why: set if not: the reason, and what to change
 *
 * A node with memory that is online keeps those that it has.
 *
 * Context: any.
 * Return: 0; -EINVAL: there can be no such node, a node is named twice, or a node is not
 * at 10 from itself; -ERANGE: another node is not at 11 to 255; -EEXIST: the node has
 * memory, and other distances.
 */
int distances_check(int nid, const struct memhp_distances *d, const char **why);

/* What the distances of a node to the nodes of @d are now. */
void distances_now(int nid, const struct memhp_distances *d,
		   struct memhp_distances *now);

/**
 * distances_set() - a node gets distances
 * @nid: node
 * @d:   distances that distances_check() allows; none: nothing is done
 *
 * Context: as mhp_node_set_distances().
 * Return: 0 or -ENOMEM, after a line in the log; nothing has changed then.
 */
int distances_set(int nid, const struct memhp_distances *d);

#else

static inline int distances_check(int nid, const struct memhp_distances *d,
				  const char **why)
{
	*why = "nodes of this kernel keep their distances, leave them out";
	return -EOPNOTSUPP;
}

static inline void distances_now(int nid, const struct memhp_distances *d,
				 struct memhp_distances *now)
{
}

static inline int distances_set(int nid, const struct memhp_distances *d)
{
	return 0;
}

#endif /* CONFIG_MEMHP_DISTANCES */

#endif /* _MM_MEMHP_CTRL_DISTANCE_H */
