// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolation of a range: what gets free in it stays free, and goes.
 *
 * Owns:      the isolated pageblocks of an operation.
 * Must not:  move data, or count pages: evacuate.c and offline.c do.
 * Locks:     the memory hotplug lock is held for writing. While the range is
 *            emptied, the per-CPU lists of the page allocator (one zone) are
 *            switched off, as those of the LRU (all zones) are by then: a page in
 *            one of them would be in use for no reason.
 *
 * Only one zone's lists can be off at a time, and that has a lock, which memory_failure()
 * and soft_offline_page() take. An error cannot wait until somebody unpins a page, nor
 * may the range wait for a page of whoever waits there: the lists are lent from time
 * to time. So is the memory hotplug lock, and with it that of CPUs that come and go,
 * who take the lists' lock inside of theirs: only when the lists are on.
 *
 * From the last look at whether all is free until all is taken nothing is lent:
 * memory_failure() may take a page that is free out of the buddy lists.
 *
 * A range that is in several zones is rare; there the others' lists are drained before
 * each look, which is as good: a page may slip in once, between a look at its pageblock
 * and the isolation of it.
 *
 * Work is done in pieces, so that neither the zone's lock is held nor the CPU kept
 * for as long as a large range takes.
 *
 * start_isolate_page_range() looks at each page of a movable zone, three quarters
 * of what offlining free memory would cost. Here a pageblock is isolated by what
 * that calls in the end, and whatever cannot move is found by one who looks at free
 * blocks by their order (inspect.c), where anything can be found at all: in
 * ZONE_MOVABLE, hot-added memory has nothing but data, and pages of drivers.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "../internal.h"
#include "internal.h"
#include "offline.h"

#define PIECE_PAGES	PAGES_PER_SECTION

/* Others get the memory hotplug lock for reading after so much that is not in use. */
#define TURN_PAGES	(SZ_1G >> PAGE_SHIFT)

/* Who waits for a lock has it after one such time, or after the next. */
#define LEND_NSEC	(10 * PATIENCE_NSEC_PER_MSEC)

static unsigned long piece_end(unsigned long pfn, unsigned long end,
			       unsigned long pages)
{
	return min(end, ALIGN(pfn + 1, pages));
}

/*
 * A driver that takes what comes (set_online_page_callback()) holds a lock of its own from
 * the beginning of a round to its end, which it takes inside of ours.
 */
static void let_readers_in(void)
{
	if (!mhp_pages_are_taken())
		mhp_let_readers_in();
}

/* The lists are on. */
static void piece_is_done(unsigned long pfn)
{
	if (IS_ALIGNED(pfn, TURN_PAGES))
		let_readers_in();
	cond_resched();
}

/* Per-CPU lists */

void mhp_lists_off(struct mhp_offlining *op)
{
	zone_pcp_disable(op->runs->zone);
	op->lent = ktime_get_ns();
}

void mhp_lists_on(struct mhp_offlining *op)
{
	zone_pcp_enable(op->runs->zone);
}

void mhp_lists_lend(struct mhp_offlining *op)
{
	struct zone *zone = op->runs->zone;

	if (ktime_get_ns() - op->lent < LEND_NSEC)
		return;
	/* what is isolated does not get into them, and they are drained again */
	zone_pcp_enable(zone);
	let_readers_in();
	zone_pcp_disable(zone);
	op->lent = ktime_get_ns();
}

void mhp_lists_drain(struct mhp_offlining *op)
{
	struct zone *last = op->runs->zone;
	struct mhp_run *run;

	mhp_for_each_run(run, op) {
		if (run->zone == last || run->zone == op->runs->zone)
			continue;
		last = run->zone;
		drain_all_pages(last);
	}
}

/* Isolation */

static void isolate_undo(unsigned long pfn, unsigned long end)
{
	unsigned long next;

	for (; pfn < end; pfn = next) {
		next = piece_end(pfn, end, PIECE_PAGES);
		undo_isolate_page_range(pfn, next, MIGRATE_MOVABLE);
		piece_is_done(next);
	}
}

/* Return: is it isolated now? Not if it was, or if it is of a contiguous area. */
static bool isolate_pageblock(struct zone *zone, struct page *page)
{
	unsigned long flags;
	bool done = false;
	int type;

	spin_lock_irqsave(&zone->lock, flags);
	type = get_pageblock_migratetype(page);
	if (!is_migrate_isolate(type) && !is_migrate_cma(type) &&
	    move_freepages_block_isolate(zone, page, MIGRATE_ISOLATE)) {
		zone->nr_isolate_pageblock++;
		done = true;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return done;
}

/* Return: where it ended, @end if all is isolated. */
static unsigned long isolate_piece(const struct mhp_run *run,
				   unsigned long pfn, unsigned long end)
{
	while (pfn < end && isolate_pageblock(run->zone, pfn_to_page(pfn)))
		pfn += pageblock_nr_pages;
	piece_is_done(pfn);
	return pfn;
}

static int isolate_all(struct mhp_offlining *op, const struct mhp_run *run,
		       unsigned long *pfn)
{
	unsigned long end = mhp_run_end(run), next;
	int err;

	while (*pfn < end) {
		err = mhp_give_up(op);
		if (err)
			return err;
		next = piece_end(*pfn, end, PIECE_PAGES);
		*pfn = isolate_piece(run, *pfn, next);
		if (*pfn < next)
			return mhp_offline_fail(op, -EBUSY,
						"somebody else allocates a contiguous part of it");
	}
	return 0;
}

static int isolate_run(struct mhp_offlining *op, const struct mhp_run *run)
{
	unsigned long pfn = run->pfn;
	int err = isolate_all(op, run, &pfn);

	if (err)
		isolate_undo(run->pfn, pfn);
	return err;
}

int mhp_isolate(struct mhp_offlining *op)
{
	int err;

	for (; op->isolated < op->nr_runs; op->isolated++) {
		err = isolate_run(op, &op->runs[op->isolated]);
		if (err) {
			mhp_isolate_undo(op);
			return err;
		}
	}
	return 0;
}

void mhp_isolate_undo(struct mhp_offlining *op)
{
	while (op->isolated) {
		const struct mhp_run *run = &op->runs[--op->isolated];

		isolate_undo(run->pfn, mhp_run_end(run));
	}
}

/* Free pages */

static bool run_is_free(const struct mhp_run *run)
{
	unsigned long pfn = run->pfn, end = mhp_run_end(run), next;

	for (; pfn < end; pfn = next) {
		next = piece_end(pfn, end, PIECE_PAGES);
		if (test_pages_isolated(pfn, next, MEMORY_OFFLINE))
			return false;
		cond_resched();
	}
	return true;
}

bool mhp_all_free(struct mhp_offlining *op)
{
	const struct mhp_run *run;

	mhp_for_each_run(run, op)
		if (!run_is_free(run))
			return false;
	return true;
}

unsigned long mhp_take_free(const struct mhp_run *run)
{
	unsigned long pfn = run->pfn, end = mhp_run_end(run), next;
	unsigned long managed = 0;

	/* whole free blocks, by their order: none is larger than a section */
	for (; pfn < end; pfn = next) {
		next = piece_end(pfn, end, PIECE_PAGES);
		managed += __offline_isolated_pages(pfn, next);
		cond_resched();
	}
	return managed;
}
