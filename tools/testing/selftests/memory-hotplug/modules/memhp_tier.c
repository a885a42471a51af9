// SPDX-License-Identifier: GPL-2.0-only
/*
 * Says how far away the memory of a node is, as firmware's HMAT would, so that the
 * node needs a memory tier of its own; nodes share it. For test guests only.
 */
#include <linux/memory-tiers.h>
#include <linux/module.h>
#include <linux/notifier.h>

static int nid[4];
static int nr;
module_param_array(nid, int, &nr, 0400);
MODULE_PARM_DESC(nid, "the nodes");

static int distance = 4 * MEMTIER_ADISTANCE_DRAM;
module_param(distance, int, 0400);
MODULE_PARM_DESC(distance, "abstract distance of its memory");

static int say_distance(struct notifier_block *self, unsigned long node,
			void *answer)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (node != nid[i])
			continue;
		*(int *)answer = distance;
		return NOTIFY_STOP;
	}
	return NOTIFY_OK;
}

static struct notifier_block algorithm = {
	.notifier_call	= say_distance,
	.priority	= 100,
};

static int __init memhp_tier_init(void)
{
	return register_mt_adistance_algorithm(&algorithm);
}

static void __exit memhp_tier_exit(void)
{
	unregister_mt_adistance_algorithm(&algorithm);
}

module_init(memhp_tier_init);
module_exit(memhp_tier_exit);
MODULE_DESCRIPTION("Gives a node of a test guest a memory tier of its own");
MODULE_LICENSE("GPL");
