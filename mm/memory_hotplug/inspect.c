// SPDX-License-Identifier: GPL-2.0-only
/*
 * A look at pages: which of them could move, and what stays, for which reason.
 *
 * Owns:      nothing.
 * Must not:  change a page, isolate it or wait for it. It takes a reference to data for
 *            as long as it looks, and to nothing else: who gives or keeps pages that
 *            are not data may rely on how many there are (__free_pages_core(), drivers
 *            that have taken pages offline).
 * Locks:     none; the one who only looks is a walker (memmap_walk.h), so that
 *            page structs stay. What it says is of the moment.
 */
#include <linux/boot_memory.h>
#include <linux/delay.h>
#include <linux/hugetlb.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/memmap_walk.h>
#include <linux/memhp_block.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "../internal.h"
#include "internal.h"
#include "offline.h"

/* Who has taken a page from the LRU for a moment has put it back by then. */
#define MOMENT_MSEC	20

/* Facts */

static bool is_data(const struct folio *folio)
{
	return folio_test_lru(folio) || folio_test_hugetlb(folio) ||
	       __folio_test_movable(folio);
}

static bool is_immovable_huge(struct folio *folio)
{
	struct hstate *h;

	if (!folio_test_hugetlb(folio))
		return false;
	/* may be freed to the page allocator meanwhile, and is no huge page then */
	h = size_to_hstate(folio_size(folio));
	return h && !hugepage_migration_supported(h);
}

/* References that nothing explains; page types have a count of their own. */
static int strange_refs(const struct folio *folio, int held)
{
	if (page_has_type(&folio->page) && !folio_test_hugetlb(folio))
		return 0;
	return folio_ref_count(folio) - folio_expected_ref_count(folio) - held;
}

static struct blocker_facts look_at(struct folio *folio, int held)
{
	struct page *page = &folio->page;

	return (struct blocker_facts){
		.poisoned = folio_contain_hwpoisoned_page(folio),
		.table = PageTable(page),
		.slab = folio_test_slab(folio),
		.driver = PageOffline(page),
		.reserved = PageReserved(page),
		.data = is_data(folio),
		.hugetlb = folio_test_hugetlb(folio),
		.immovable = is_immovable_huge(folio),
		.writeback = folio_test_writeback(folio),
		.locked = folio_test_locked(folio),
		.refs = strange_refs(folio, held),
	};
}

/* Notes */

static u64 cgroup_of(struct folio *folio)
{
#ifdef CONFIG_MEMCG
	if (!page_has_type(&folio->page) || folio_test_hugetlb(folio))
		return page_cgroup_ino(&folio->page);
#endif
	return 0;
}

/* Without a reference, only a cache is named: it is not looked for in the page. */
static void name_owner(struct folio *folio, const struct blocker_facts *facts,
		       bool held, struct blocker *b)
{
	if (facts->slab)
		mhp_cache_owner(folio, b);
	else if (held)
		mhp_owner(folio, b);
}

/* @b says where. */
static void note(struct blocker_list *found, struct folio *folio,
		 const struct blocker_facts *facts, bool held, struct blocker b)
{
	b.kind = blocker_kind_of(facts);
	b.refs = max(facts->refs, 0);
	strscpy(b.owner, "-");
	/* for those that will only be counted it is not worth it */
	if (found->nr < BLOCKERS_KEPT) {
		b.cgroup = cgroup_of(folio);
		b.dma = folio_maybe_dma_pinned(folio);
		name_owner(folio, facts, held, &b);
	}
	blocker_list_add(found, &b);
}

static void note_folio(struct blocker_list *found, struct folio *folio,
		       const struct blocker_facts *facts, bool held)
{
	note(found, folio, facts, held, (struct blocker){
		.pfn = folio_pfn(folio),
		.count = folio_nr_pages(folio),
	});
}

void mhp_note_stuck(struct blocker_list *found, struct folio *folio,
		    bool no_room)
{
	struct blocker_facts facts = look_at(folio, 1);

	/* off the LRU, as it is isolated */
	facts.data = !page_has_type(&folio->page) || facts.hugetlb;
	facts.stuck = true;
	facts.no_room = no_room;
	note_folio(found, folio, &facts, true);
}

void mhp_note_page(struct blocker_list *found, struct page *page, int held)
{
	struct folio *folio = page_folio(page);
	struct blocker_facts facts = look_at(folio, held);

	note_folio(found, folio, &facts, held);
}

bool mhp_may_hold_data(struct page *page)
{
	return PageLRU(page) || PageHuge(page) || PageHWPoison(page) ||
	       __folio_test_movable(page_folio(page));
}

/* Survey */

/*
 * A driver is asked when it is done, and most let go then. Poisoned data is given
 * up, and its users with it.
 */
static bool will_let_go(const struct folio *folio,
			const struct blocker_facts *facts)
{
	if (page_has_type(&folio->page) && !facts->hugetlb)
		return facts->driver;
	return facts->poisoned;
}

/* Data that gets on the LRU next, or is pinned for a moment, has no type. */
static bool is_certain(const struct folio *folio,
		       const struct blocker_facts *facts)
{
	return facts->reserved || facts->immovable ||
	       (page_has_type(&folio->page) && !facts->hugetlb);
}

/*
 * The block's own page structs go with it. The flag has other meanings for data, in the
 * swap cache and of file systems.
 */
static bool is_memmap(struct page *page)
{
	const struct folio *folio = page_folio(page);

	return PageVmemmapSelfHosted(page) && !folio_test_large(folio) &&
	       !folio_test_lru(folio) && !folio_test_swapbacked(folio) &&
	       !folio->mapping;
}

/* Return: pages of the folio that are in the range, from @pfn on. */
static unsigned long survey_folio(struct mhp_survey *s, struct folio *folio,
				  unsigned long pfn, unsigned long end)
{
	unsigned long next = min(end, folio_pfn(folio) + folio_nr_pages(folio));
	struct blocker_facts facts = look_at(folio, 1);

	if (blocker_kind_of(&facts) == BLOCKER_NONE) {
		s->movable += next - pfn;
		return next - pfn;
	}
	if (will_let_go(folio, &facts))
		return next - pfn;
	s->blocked += next - pfn;
	s->certain |= is_certain(folio, &facts);
	if (s->found)
		note_folio(s->found, folio, &facts, true);
	return next - pfn;
}

/* What is seen of a page that nobody keeps from changing meanwhile. */
static struct blocker_facts glance_at(const struct page *page)
{
	const struct page *head = &page_folio(page)->page;

	return (struct blocker_facts){
		.table = PageTable(head),
		.slab = PageSlab(head),
		.driver = PageOffline(page),
		.reserved = PageReserved(head),
		.refs = page_has_type(head) ? 0 : page_count(head),
	};
}

/* The kernel's, or on its way to the LRU. One page after the other: its size may change. */
static void survey_other(struct mhp_survey *s, struct page *page)
{
	struct blocker_facts facts = glance_at(page);
	struct folio *folio = page_folio(page);

	if (will_let_go(folio, &facts))
		return;
	s->blocked++;
	s->certain |= is_certain(folio, &facts);
	if (s->found)
		note(s->found, folio, &facts, false, (struct blocker){
			.pfn = page_to_pfn(page),
			.count = 1,
		});
}

static unsigned long survey_data(struct mhp_survey *s, struct page *page,
				 unsigned long pfn, unsigned long end)
{
	struct folio *folio = page_folio(page);
	unsigned long pages = 1;

	if (!folio_try_get(folio))
		return 1;
	if (page_folio(page) == folio)
		pages = survey_folio(s, folio, pfn, end);
	folio_put(folio);
	return pages;
}

static unsigned long survey_page(struct mhp_survey *s, struct page *page,
				 unsigned long pfn, unsigned long end)
{
	unsigned long order;

	if (PageBuddy(page)) {
		order = buddy_order_unsafe(page);
		return order <= MAX_PAGE_ORDER ? 1UL << order : 1;
	}
	if (is_memmap(page))
		return 1;
	/* nobody's: in a per-CPU list, a free huge page, on its way */
	if (!page_count(page) && !PageTail(page))
		return 1;
	if (mhp_may_hold_data(page) && !PageOffline(page))
		return survey_data(s, page, pfn, end);
	survey_other(s, page);
	return 1;
}

/* mhp_give_up() says the same, and which it is. */
static bool called_off(const struct mhp_order *order)
{
	return order && (signal_pending(current) || READ_ONCE(order->stop));
}

static bool seen_enough(const struct mhp_survey *s)
{
	return (!s->found && s->certain) || fatal_signal_pending(current) ||
	       called_off(s->order) ||
	       (s->until && ktime_get_ns() > s->until);
}

static void survey_section(struct mhp_survey *s, unsigned long pfn,
			   unsigned long end)
{
	struct page *page;

	guard(memmap_walk)();
	page = pfn_to_online_page(pfn);
	while (page && pfn < end && !seen_enough(s))
		pfn += survey_page(s, pfn_to_page(pfn), pfn, end);
}

void mhp_survey_until(unsigned long pfn, unsigned long nr_pages,
		      struct mhp_survey *s)
{
	unsigned long end = pfn + nr_pages, next;

	s->movable = 0;
	s->blocked = 0;
	s->certain = false;
	if (s->found)
		blocker_list_clear(s->found);
	for (; pfn < end && !seen_enough(s); pfn = next) {
		next = min(end, ALIGN(pfn + 1, PAGES_PER_SECTION));
		survey_section(s, pfn, next);
		cond_resched();
	}
}

static bool moment_left(const struct mhp_survey *s)
{
	return !s->until ||
	       ktime_get_ns() + MOMENT_MSEC * NSEC_PER_MSEC < s->until;
}

/*
 * A page that waits in a list of some CPU to get on the LRU, or that reclaim has
 * taken from there, looks like one that cannot move. So what looks bad is looked
 * at twice, unless one page that is certain is enough.
 */
void mhp_survey(unsigned long pfn, unsigned long nr_pages,
		struct mhp_survey *survey)
{
	mhp_survey_until(pfn, nr_pages, survey);
	if (!survey->blocked || seen_enough(survey) || !moment_left(survey))
		return;
	lru_add_drain_all();
	msleep_interruptible(MOMENT_MSEC);
	mhp_survey_until(pfn, nr_pages, survey);
}

struct mhp_survey mhp_survey_op(struct mhp_offlining *op)
{
	struct mhp_survey survey = { .found = op->found, .order = op->order };

	if (patience_limited(&op->patience))
		survey.until = op->patience.end;
	mhp_survey(PHYS_PFN(op->start), PHYS_PFN(op->size), &survey);
	if (op->found->nr)
		mhp_report_pass(op);
	return survey;
}

bool mhp_block_removable(struct memory_block *mem)
{
	unsigned long memmap = memory_block_memmap(mem);
	struct mhp_survey survey = { };

	if (!boot_memory_may_go(memory_block_start(mem),
				memory_block_size_bytes()))
		return false;
	if (READ_ONCE(mem->state) == MEM_OFFLINE)
		return true;
	if (!READ_ONCE(mem->zone))
		return false;
	mhp_survey(memory_block_pfn(mem) + memmap,
		   memory_block_pages() - memmap, &survey);
	return !survey.blocked;
}

/* Blocks of a range, for who wants to know. */
struct block_check {
	unsigned long blocks;
	struct blocker_list *found;
	int err;
};

static int check_block(struct memory_block *mem, void *arg)
{
	struct block_check *c = arg;
	struct blocker boot = {
		.pfn = memory_block_pfn(mem),
		.count = memory_block_pages(),
		.kind = BLOCKER_BOOT,
		.owner = "-",
	};

	c->blocks++;
	if (mem->state == MEM_OFFLINE)
		return 0;
	if (!boot_memory_may_go(memory_block_start(mem),
				memory_block_size_bytes())) {
		blocker_list_add(c->found, &boot);
		c->err = -EPERM;
	} else if (!mem->zone && !c->err) {
		c->err = -EINVAL;
	}
	return 0;
}

int mhp_offline_check(u64 start, u64 size)
{
	static struct blocker_list found;	/* device hotplug lock */
	struct mhp_survey survey = { .found = &found };
	struct block_check c = { .found = &found };

	if (mhp_check_range(start, size))
		return -EINVAL;
	blocker_list_clear(&found);
	walk_memory_blocks(start, size, &c, check_block);
	if (!c.blocks)
		return -ENOENT;
	if (!c.err) {
		mhp_survey(PHYS_PFN(start), PHYS_PFN(size), &survey);
		c.err = survey.blocked ? -EBUSY : 0;
	}
	mhp_report_check(start, size, &survey, c.err);
	return fatal_signal_pending(current) ? -EINTR : c.err;
}
