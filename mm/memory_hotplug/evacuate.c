// SPDX-License-Identifier: GPL-2.0-only
/*
 * Evacuation: data in use moves out of an isolated range.
 *
 * Owns:      the passes over the range, and when they end.
 * Must not:  isolate pageblocks, or change what is online.
 * Locks:     the memory hotplug lock is held for writing. Folios are isolated
 *            from the LRU and locked by migration as usual.
 *
 * All of the range is isolated before the first folio moves: none moves twice. In
 * each pass each folio is tried once; between passes that moved nothing there is
 * a pause that gets longer. Before the first pass large folios move, the largest first:
 * they need free blocks of their size elsewhere, which smaller ones would take pieces of.
 */
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/ktime.h>
#include <linux/memhp.h>
#include <linux/memhp_block.h>
#include <linux/migrate.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>

#include "../internal.h"
#include "internal.h"
#include "offline.h"

/* Pages migrated together: enough to share a TLB flush, not long to undo. */
#define BATCH_PAGES	1024UL

/* Pages between two looks at the clock. */
#define STRIDE_PAGES	8192UL

/* What there is no room for is named, by the kind that blockers have for it. */
#define MOVE_GFP	(GFP_USER | __GFP_MOVABLE | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)
#define MOVE_GFP_SOON	(GFP_USER | __GFP_MOVABLE | __GFP_NOWARN | __GFP_NORETRY)

/* Reclaim for one page may take so long; when less is left it is not tried. */
#define RECLAIM_NSEC	(200 * PATIENCE_NSEC_PER_MSEC)

int mhp_give_up(struct mhp_offlining *op)
{
	int stop = READ_ONCE(op->order->stop);	/* set by mhp_order_stop() */

	if (signal_pending(current))
		return mhp_offline_fail(op, -EINTR, "a signal came");
	if (stop)
		return mhp_offline_fail(op, stop, "it was called off");
	if (patience_limited(&op->patience) &&
	    patience_over(&op->patience, ktime_get_ns()))
		return mhp_offline_fail(op, -ETIMEDOUT,
					"the deadline has passed");
	return 0;
}

/* Migration */

/* Other nodes are to take the data, unless there are none, or they are full. */
static void choose_targets(struct mhp_offlining *op, int nid)
{
	op->targets = node_states[N_MEMORY];
	if (op->full)
		return;
	node_clear(nid, op->targets);
	if (nodes_empty(op->targets))
		node_set(nid, op->targets);
}

static void give_back_batch(struct mhp_offlining *op)
{
	putback_movable_pages(&op->batch);
	op->batch_pages = 0;
}

struct target {
	struct migration_target_control control;
	struct mhp_offlining *op;
};

static bool time_left(const struct mhp_offlining *op, u64 nsec)
{
	return !patience_over(&op->patience, ktime_get_ns() + nsec);
}

/* Where there is no room, each page may take its time until others give up memory. */
static struct folio *room_for(struct folio *folio, unsigned long private)
{
	struct target *target = (struct target *)private;
	struct mhp_offlining *op = target->op;

	if (patience_limited(&op->patience)) {
		/* a large one would be split for want of room */
		if (!folio_test_large(folio) && mhp_give_up(op))
			return NULL;
		if (!time_left(op, RECLAIM_NSEC))
			target->control.gfp_mask &= ~__GFP_DIRECT_RECLAIM;
	}
	return alloc_migration_target(folio, (unsigned long)&target->control);
}

/*
 * With a deadline neither a folio's lock nor its write-back is waited for in the middle
 * of a batch. The next pass is the second try.
 */
static int migrate_folios(struct mhp_offlining *op, int nid)
{
	bool soon = patience_limited(&op->patience);
	struct target target = {
		.control = {
			.nid = nid,
			.nmask = &op->targets,
			.gfp_mask = soon ? MOVE_GFP_SOON : MOVE_GFP,
			.reason = MR_MEMORY_HOTPLUG,
		},
		.op = op,
	};
	unsigned int moved = 0;
	int ret;

	choose_targets(op, nid);
	ret = migrate_pages(&op->batch, room_for, NULL, (unsigned long)&target,
			    soon ? MIGRATE_ASYNC : MIGRATE_SYNC,
			    MR_MEMORY_HOTPLUG, &moved);
	op->moved += moved;
	return ret;
}

static void migrate_batch(struct mhp_offlining *op, int nid)
{
	struct folio *folio;
	bool no_room;

	if (list_empty(&op->batch))
		return;
	no_room = migrate_folios(op, nid) == -ENOMEM && !mhp_give_up(op);
	op->full |= no_room;
	list_for_each_entry(folio, &op->batch, lru)
		mhp_note_stuck(op->found, folio, no_room);
	give_back_batch(op);
}

/* Poisoned pages */

/* Kernel data: poisoned or not, nobody can take it away from its user. */
static bool is_kernel_data(const struct folio *folio)
{
	return page_has_type(&folio->page) && !folio_test_hugetlb(folio);
}

static bool is_single(const struct folio *folio)
{
	return !folio_test_large(folio) || folio_test_hugetlb(folio);
}

/*
 * A file or the swap cache keeps it so that who reads it gets an error. It goes when the
 * file or its user does.
 */
static bool is_kept(const struct folio *folio)
{
	return folio_test_swapcache(folio) ||
	       (folio->mapping && !folio_test_anon(folio));
}

/* Return: can nobody get at it? */
static bool cut_off_poisoned(struct folio *folio, unsigned long pfn)
{
	if (folio_mapped(folio) && unmap_poisoned_folio(folio, pfn, false))
		return false;
	if (is_kept(folio))
		return false;
	/* who has it besides the caller will not let it go to the pool */
	if (folio_test_hugetlb(folio))
		return folio_ref_count(folio) == 1;
	return !folio_test_lru(folio) || folio_isolate_lru(folio);
}

/* With a deadline, nobody else's lock is waited for. */
static bool lock_in_time(const struct mhp_offlining *op, struct folio *folio)
{
	if (patience_limited(&op->patience))
		return folio_trylock(folio);
	folio_lock(folio);
	return true;
}

/*
 * A folio with a poisoned page must not be read, so it cannot be migrated. When
 * nobody can get at it, test_pages_isolated() takes it for free; it does so as well when
 * somebody can. The reference from isolating it is kept: it shall not come back to
 * the LRU.
 */
static void retire_poisoned(struct mhp_offlining *op, struct folio *folio,
			    unsigned long pfn)
{
	bool done = false;

	if (is_kernel_data(folio)) {
		op->poison_used = true;
	} else if (lock_in_time(op, folio)) {
		if (is_single(folio)) {
			done = cut_off_poisoned(folio, pfn);
			op->poison_used |= !done;
		} else if (folio_test_lru(folio)) {
			/* its good pages can move when they are folios of their own */
			split_folio(folio);
		}
		folio_unlock(folio);
	}
	if (!done)
		mhp_note_page(op->found, pfn_to_page(pfn), 1);
}

/* A pass */

static void collect_folio(struct mhp_offlining *op, struct folio *folio,
			  unsigned long pfn)
{
	if (folio_contain_hwpoisoned_page(folio))
		retire_poisoned(op, folio, pfn);
	else if (isolate_folio_to_list(folio, &op->batch))
		op->batch_pages += folio_nr_pages(folio);
	else
		mhp_note_stuck(op->found, folio, false);
}

/*
 * Huge pages that are free are the last to go: all else may fail before. One that is
 * in use may move to one that is free, in the range as well, and leave a free one.
 */
static void note_huge(struct mhp_offlining *op, unsigned long pfn)
{
	if (!op->huge_end)
		op->huge_first = pfn;
	op->huge_end = pfn + 1;
}

/* Return: the pfn to go on with. */
static unsigned long visit_data(struct mhp_offlining *op, struct page *page,
				unsigned long pfn)
{
	struct folio *folio = page_folio(page);
	unsigned long next = pfn + 1;

	if (PageHuge(page))
		note_huge(op, pfn);
	if (!folio_try_get(folio))
		return next;
	if (page_folio(page) == folio) {
		next = folio_pfn(folio) + folio_nr_pages(folio);
		collect_folio(op, folio, pfn);
	}
	folio_put(folio);
	return next;
}

/*
 * Of a large folio, 0 of others; what is seen without a reference may be wrong. Huge pages of
 * the pool move to others of it, for which it does not matter when they do.
 */
static unsigned int large_order(struct page *page)
{
	unsigned int order;

	if (!PageHead(page) || !PageLRU(page) || PageHuge(page))
		return 0;
	order = compound_order(page);
	return order <= MAX_PAGE_ORDER ? order : 0;
}

/* Pages to pass over: a free block's, as far as one can tell without a lock. */
static unsigned long free_run(struct page *page)
{
	unsigned long order = PageBuddy(page) ? buddy_order_unsafe(page) : 0;

	return order <= MAX_PAGE_ORDER ? 1UL << order : 1;
}

/* Return: the pfn to go on with. */
static unsigned long visit_large(struct mhp_offlining *op, struct page *page,
				 unsigned long pfn)
{
	unsigned int order = large_order(page);

	op->orders |= BIT(order);
	if (order == op->now)
		return visit_data(op, page, pfn);
	return order ? pfn + BIT(order) : pfn + free_run(page);
}

static int visit_page(struct mhp_offlining *op, unsigned long pfn,
		      unsigned long *next)
{
	struct page *page = pfn_to_page(pfn);

	if (op->now) {
		*next = visit_large(op, page, pfn);
		return 0;
	}
	if (mhp_may_hold_data(page)) {
		*next = visit_data(op, page, pfn);
		return 0;
	}
	*next = pfn + free_run(page);
	/* its driver did not let go when it was told to: it never will */
	if (PageOffline(page) && page_count(page)) {
		mhp_note_page(op->found, page, 0);
		return mhp_offline_fail(op, -EBUSY,
					"a driver keeps pages of it");
	}
	return 0;
}

/*
 * What was visited, but for what has not moved. In later passes there is nothing to
 * tell: they visit what they visited before.
 */
static void tell_progress(struct mhp_offlining *op, unsigned long pfn)
{
	struct mhp_order *order = op->order;
	u64 visited = PFN_PHYS(pfn) - op->start;
	u64 stays = PFN_PHYS(op->batch_pages + op->found->pages);
	/* a huge page that stays may begin before the range */
	u64 done = op->now ? PFN_PHYS(op->total_moved + op->moved) :
			     visited - min(visited, stays);

	if (!order->progress || op->passes || done <= op->done)
		return;
	op->done = done;
	order->progress(order, done);
}

/* Some pages, then a look at the clock. */
static int move_stride(struct mhp_offlining *op, int nid, unsigned long *pfn,
		       unsigned long end)
{
	int err = mhp_give_up(op);

	while (*pfn < end && !err) {
		err = visit_page(op, *pfn, pfn);
		if (!err && op->batch_pages >= BATCH_PAGES) {
			migrate_batch(op, nid);
			mhp_give_turn(op);
			err = mhp_give_up(op);
		}
	}
	if (!err)
		tell_progress(op, min(*pfn, end));
	if (!err && mhp_turn_is_due(op)) {
		migrate_batch(op, nid);
		mhp_rest(op, 0);
	}
	cond_resched();
	return err;
}

/* Try once to move each folio of a run. */
static int move_run(struct mhp_offlining *op, const struct mhp_run *run)
{
	unsigned long pfn = run->pfn, end = mhp_run_end(run);
	int nid = zone_to_nid(run->zone), err = 0;

	while (pfn < end && !err)
		err = move_stride(op, nid, &pfn, min(end, pfn + STRIDE_PAGES));
	if (err) {
		give_back_batch(op);
	} else {
		migrate_batch(op, nid);
		tell_progress(op, end);
	}
	return err;
}

static int move_runs(struct mhp_offlining *op)
{
	const struct mhp_run *run;
	int err = 0;

	op->moved = 0;
	op->huge_end = 0;
	op->poison_used = false;
	blocker_list_clear(op->found);
	mhp_for_each_run(run, op) {
		err = move_run(op, run);
		if (err)
			break;
	}
	op->total_moved += op->moved;
	return err;
}

/* In the first of these passes it is seen which orders there are. */
static int move_orders(struct mhp_offlining *op)
{
	unsigned int order = MAX_PAGE_ORDER;
	int err = 0;

	op->orders = BIT(order);
	for (; order && !err; order--) {
		if (!(op->orders & BIT(order)))
			continue;
		op->now = order;
		/* for those of this order; a smaller one may find room */
		op->full = false;
		err = move_runs(op);
	}
	op->now = 0;
	return err;
}

/* What does not move is for the first pass to name, and to move to nodes that are full. */
static int move_large(struct mhp_offlining *op)
{
	int err = move_orders(op);

	op->full = false;
	if (!err)
		blocker_list_clear(op->found);
	mhp_report_pass(op);
	return err;
}

static int move_pass(struct mhp_offlining *op)
{
	int err = move_runs(op);

	op->passes++;
	/* a pass that was cut short knows less than the one before it */
	if (!err || op->found->nr)
		mhp_report_pass(op);
	return err;
}

/* Of a free one: it is nobody's, and its lock is not to be touched. */
static void note_free_huge(struct mhp_offlining *op, struct folio *folio)
{
	const struct blocker b = {
		.pfn = folio_pfn(folio),
		.count = folio_nr_pages(folio),
		.kind = BLOCKER_HUGETLB,
		.owner = "-",
	};

	blocker_list_add(op->found, &b);
	mhp_report_pass(op);
}

static int dissolve_one(struct mhp_offlining *op, struct folio *folio)
{
	int err = dissolve_free_hugetlb_folio(folio);

	/* in use again, or still: the next pass moves it */
	if (!err || (err == -EBUSY && folio_ref_count(folio)))
		return 0;
	note_free_huge(op, folio);
	return mhp_offline_fail(op, err,
				"a free huge page of the pool is reserved, or there is no memory to dissolve it");
}

static int dissolve_run(struct mhp_offlining *op, const struct mhp_run *run)
{
	unsigned long pfn = max(run->pfn, op->huge_first);
	unsigned long end = min(mhp_run_end(run), op->huge_end);
	struct page *page;
	int err = 0;

	while (pfn < end && !err) {
		page = pfn_to_page(pfn);
		if (PageHuge(page))
			err = mhp_give_up(op) ?: dissolve_one(op, page_folio(page));
		pfn += free_run(page);
		mhp_give_turn(op);
	}
	return err;
}

/* With no data in them, huge pages can be free pages like others. */
static int dissolve_huge(struct mhp_offlining *op)
{
	const struct mhp_run *run;
	int err = 0;

	if (op->found->nr || !op->huge_end)
		return 0;
	mhp_for_each_run(run, op) {
		err = dissolve_run(op, run);
		if (err)
			break;
	}
	return err;
}

/*
 * Nothing has moved, and nothing was in the way: it is no data. Before a zone's lists were
 * drained, somebody may have got a page out of them.
 */
static int look_for_others(struct mhp_offlining *op)
{
	struct mhp_survey survey = mhp_survey_op(op);

	return survey.certain ?
	       mhp_offline_fail(op, -EBUSY,
				"pages that cannot be moved are in it") : 0;
}

/* Between two passes. */
static int try_again(struct mhp_offlining *op)
{
	int err = op->moved || op->found->nr ? 0 : look_for_others(op);

	if (err)
		return err;
	if (patience_spent(&op->patience, op->moved))
		return mhp_offline_fail(op, -EBUSY,
					"nothing has moved in as many passes as offline_retries or the order allows");
	mhp_rest(op, patience_pause(&op->patience, ktime_get_ns(), op->moved));
	return 0;
}

static int is_poisoned(struct memory_block *mem, void *unused)
{
	return memory_block_is_poisoned(mem);
}

/*
 * What is all free need not be looked through; but poisoned pages count as free. What has
 * stayed in a pass may have been poisoned since: then the next one looks at it.
 */
static bool is_evacuated(struct mhp_offlining *op)
{
	return mhp_all_free(op) &&
	       ((op->passes && !op->found->nr) ||
		!walk_memory_blocks(op->start, op->size, NULL, is_poisoned));
}

int mhp_evacuate(struct mhp_offlining *op)
{
	int err;

	while (!is_evacuated(op)) {
		err = op->passes ? try_again(op) : move_large(op);
		if (err)
			return err;
		err = move_pass(op) ?: dissolve_huge(op);
		if (!err && op->poison_used)
			err = mhp_offline_fail(op, -EBUSY,
					       "a page with a memory error is still part of a file or of a process: delete that, or end it");
		if (err)
			return err;
		mhp_lists_drain(op);
	}
	return 0;
}
