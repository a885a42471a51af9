// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own tree: what struct kpgt_ops means on the machine.
 *
 * Tables are written through the linear map, not through the fixmap: nothing
 * has to be mapped and unmapped for it, so adding costs no TLB invalidation.
 * The root alone is read-only there and keeps its own way in.
 */
#include <linux/gfp.h>
#include <linux/memhp.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include <asm/barrier.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>

#include "kernel_tree.h"

/*
 * A table that cannot be had is an errno for the caller: try hard, but let
 * nobody be killed for it and print no backtrace.
 */
#define KERNEL_TREE_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Counting, page type and split lock differ by level; see <linux/mm.h>. */
static bool table_ctor(struct ptdesc *pt, int level)
{
	switch (level) {
	case 3:
		return pagetable_pte_ctor(pt);
	case 2:
		return pagetable_pmd_ctor(pt);
	default:
		pagetable_pud_ctor(pt);
		return true;
	}
}

static void table_dtor(struct ptdesc *pt, int level)
{
	switch (level) {
	case 3:
		pagetable_pte_dtor(pt);
		break;
	case 2:
		pagetable_pmd_dtor(pt);
		break;
	default:
		pagetable_pud_dtor(pt);
		break;
	}
}

void kernel_tree_set_front(struct kernel_tree *tree, struct mhp_front *front,
			   u64 end)
{
	tree->front = front;
	tree->front_level = IS_ALIGNED(end, PUD_SIZE) ? KPGT_PAGE - 1 :
							KPGT_PAGE;
}

static bool in_front(const struct kernel_tree *tree, const u64 *table)
{
	const struct mhp_front *front = tree->front;
	u64 pa = __pa(table);

	return front && pa >= front->tables && pa < front->start + front->size;
}

/* Nobody counts such a table: once it was in use it goes with the range. */
static u64 *table_of_front(struct mhp_front *front)
{
	u64 pa = front->spare;

	if (pa) {
		front->spare = *(u64 *)phys_to_virt(pa);
		return phys_to_virt(pa);
	}
	pa = front->next;
	if (pa + PAGE_SIZE > front->start + front->size)
		return NULL;
	front->next = pa + PAGE_SIZE;
	return phys_to_virt(pa);
}

static void return_to_front(struct mhp_front *front, u64 *table)
{
	*table = front->spare;
	front->spare = __pa(table);
}

u64 *kernel_tree_table_alloc(struct kpgt *t, int level)
{
	struct kernel_tree *tree = to_kernel_tree(t);
	u64 *table = NULL;
	struct page *page;

	if (tree->front && level >= tree->front_level)
		table = table_of_front(tree->front);
	if (table)
		return table;
	page = alloc_pages_node(tree->nid, KERNEL_TREE_GFP, 0);
	if (!page)
		return NULL;
	if (!table_ctor(page_ptdesc(page), level)) {
		__free_page(page);
		return NULL;
	}
	return page_address(page);
}

void kernel_tree_free_pages(struct page *page, unsigned int order)
{
	unsigned long i;

	if (!PageReserved(page)) {
		__free_pages(page, order);
		return;
	}
	for (i = 0; i < 1UL << order; i++)
		free_reserved_page(page + i);
}

/* Tables that boot made have no constructor to undo. */
static struct page *retire_table(u64 *table, int level)
{
	struct page *page = phys_to_page(__pa(table));

	if (PageTable(page))
		table_dtor(page_ptdesc(page), level);
	return page;
}

void kernel_tree_table_free(struct kpgt *t, u64 *table, int level)
{
	struct kernel_tree *tree = to_kernel_tree(t);

	if (in_front(tree, table))
		return_to_front(tree->front, table);
	else
		kernel_tree_free_pages(retire_table(table, level), 0);
}

u64 kernel_tree_table_pa(struct kpgt *t, const u64 *table)
{
	return virt_to_phys(table);
}

u64 *kernel_tree_table_va(struct kpgt *t, u64 pa)
{
	return phys_to_virt(pa);
}

void kernel_tree_set(struct kpgt *t, u64 *entry, u64 val)
{
	if (in_swapper_pgdir(entry))
		set_swapper_pgd((pgd_t *)entry, __pgd(val));
	else
		WRITE_ONCE(*entry, val);
}

/* Pairs with the address dependency in the table walk of every CPU. */
void kernel_tree_order(struct kpgt *t)
{
	dmb(ishst);
}

/*
 * An absent entry is never cached (Arm ARM D8.16.5), so nothing is invalidated;
 * the ISB is for this CPU, which may have walked ahead speculatively.
 */
void kernel_tree_publish(struct kpgt *t)
{
	dsb(ishst);
	isb();
}

/* Without range instructions, one for all is cheaper than one for each page. */
static bool flush_by_range(unsigned long pages)
{
	if (system_supports_tlb_range())
		return pages <= MAX_TLBI_RANGE_PAGES;
	return pages <= MAX_DVM_OPS;
}

/*
 * For every ASID: with KPTI the kernel's entries are not global, and each task
 * has its own.
 */
void kernel_tree_flush(struct kpgt *t, u64 start, u64 end, bool tables)
{
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	unsigned long va = start;

	if (!flush_by_range(pages)) {
		flush_tlb_all();
		return;
	}
	dsb(ishst);
	if (tables)
		__flush_tlb_range_op(vaae1is, va, pages, PAGE_SIZE, 0,
				     TLBI_TTL_UNKNOWN, false, lpa2_is_enabled());
	else
		__flush_tlb_range_op(vaale1is, va, pages, PAGE_SIZE, 0,
				     TLBI_TTL_UNKNOWN, false, lpa2_is_enabled());
	__tlbi_sync_s1ish();
	isb();
}

/*
 * The descriptor goes now, as its list pointers are in use by the page type
 * until then; the contents stay for walkers that are still in them.
 */
void kernel_tree_gather_table(struct kpgt *t, u64 *table, int level)
{
	struct kernel_tree *tree = to_kernel_tree(t);
	struct page *page;

	if (in_front(tree, table))
		return;
	page = retire_table(table, level);
	list_add(&page->lru, &tree->tables);
}

void kernel_tree_release_tables(struct kpgt *t)
{
	struct kernel_tree *tree = to_kernel_tree(t);
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &tree->tables, lru)
		kernel_tree_free_pages(page, 0);
	INIT_LIST_HEAD(&tree->tables);
}

/* vmalloc and ioremap link tables into init_mm under this lock as well. */
void kernel_tree_lock(struct kpgt *t)
{
	spin_lock(&init_mm.page_table_lock);
}

void kernel_tree_unlock(struct kpgt *t)
{
	spin_unlock(&init_mm.page_table_lock);
}

/*
 * Where the top levels are folded at run time, because the CPU resolves fewer
 * bits than the kernel was built for, the root is the table of a lower level.
 * With 64K pages nothing folds: the root only has unused entries.
 */
static unsigned int tree_va_bits(void)
{
	if (IS_ENABLED(CONFIG_ARM64_64K_PAGES))
		return VA_BITS;
	return vabits_actual;
}

/*
 * 64K pages keep the high address bits where a CPU with fewer ignores zeroes.
 * The others keep them in the shareability field, if the CPU was told so.
 */
static enum kpgt_oa tree_oa(void)
{
	if (IS_ENABLED(CONFIG_ARM64_64K_PAGES))
		return IS_ENABLED(CONFIG_ARM64_PA_BITS_52) ? KPGT_OA_64K :
							     KPGT_OA_48;
	return lpa2_is_enabled() ? KPGT_OA_LPA2 : KPGT_OA_48;
}

void kernel_tree_init(struct kernel_tree *tree, const struct kpgt_ops *ops,
		      unsigned long start, unsigned long end, int nid)
{
	const struct kpgt_geom geom = {
		.page_shift = PAGE_SHIFT,
		.va_bits = tree_va_bits(),
		.oa = tree_oa(),
	};

	kpgt_init(&tree->kpgt, &geom, ops, (u64 *)swapper_pg_dir, start, end);
	tree->kpgt.table_attrs = PUD_TABLE_PXN | PUD_TABLE_UXN;
	tree->nid = nid;
	tree->altmap = NULL;
	tree->altmap_blocks = NULL;
	kernel_tree_set_front(tree, NULL, 0);
	INIT_LIST_HEAD(&tree->blocks);
	INIT_LIST_HEAD(&tree->tables);
}
