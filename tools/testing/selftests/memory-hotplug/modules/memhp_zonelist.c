// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel gets from a zonelist whose entry is just being written: reading
 * <debugfs>/memhp_zonelist gives the zones of pages that were allocated while the index
 * of ZONE_MOVABLE's entry was that of a lower zone, one line for each way to allocate.
 *
 * For test guests only, where nobody else allocates on that node meanwhile.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>

static int nid = 1;
module_param(nid, int, 0400);
MODULE_PARM_DESC(nid, "a node whose first zone is ZONE_MOVABLE");

static struct dentry *file;

#define NR	8

static void tell(struct seq_file *m, const char *how, struct page *page)
{
	seq_printf(m, "%s: %s\n", how,
		   page ? page_zone(page)->name : "nothing");
}

/* Pages that the kernel wants for itself. */
static void allocate(struct seq_file *m)
{
	struct page *one, *some, *bulk[NR] = { };
	unsigned long nr, i;

	one = alloc_pages_node(nid, GFP_NOWAIT, 0);
	tell(m, "one", one);
	if (one)
		__free_page(one);
	some = alloc_pages_node(nid, GFP_NOWAIT, 3);
	tell(m, "eight", some);
	if (some)
		__free_pages(some, 3);
	nr = alloc_pages_bulk_array_node(GFP_NOWAIT, nid, NR, bulk);
	tell(m, "bulk", nr ? bulk[0] : NULL);
	for (i = 0; i < nr; i++)
		__free_page(bulk[i]);
}

static int zonelist_show(struct seq_file *m, void *unused)
{
	struct zoneref *ref = NODE_DATA(nid)->node_zonelists[ZONELIST_FALLBACK]._zonerefs;

	if (!ref->zone || zone_idx(ref->zone) != ZONE_MOVABLE)
		return -ENXIO;
	preempt_disable();
	WRITE_ONCE(ref->zone_idx, 0);
	allocate(m);
	WRITE_ONCE(ref->zone_idx, ZONE_MOVABLE);
	preempt_enable();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zonelist);

static int __init memhp_zonelist_init(void)
{
	if (!node_online(nid))
		return -ENODEV;
	file = debugfs_create_file("memhp_zonelist", 0400, NULL, NULL, &zonelist_fops);
	return 0;
}

static void __exit memhp_zonelist_exit(void)
{
	debugfs_remove(file);
}

module_init(memhp_zonelist_init);
module_exit(memhp_zonelist_exit);
MODULE_DESCRIPTION("Allocates from a zonelist that is being written, in a test guest");
MODULE_LICENSE("GPL");
