// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolation of a range: what gets free in it stays free, and goes.
 *
 * Owns:      the isolated pageblocks of an operation, and what they were before.
 * Must not:  move data, or count pages: evacuate.c and offline.c do.
 * Locks:     the memory hotplug lock is held for writing. While the range is isolated
 *            and emptied, the per-CPU lists of the page allocator (one zone) are
 *            switched off, as those of the LRU (all zones) are by then: a page in
 *            one of them would be in use for no reason.
 *
 * Only one zone's lists can be off at a time, and that has a lock, which memory_failure()
 * and soft_offline_page() take. An error cannot wait until somebody unpins a page, nor
 * may the range wait for a page of whoever waits there: others have turns. With the
 * lists' lock the memory hotplug lock is let go, and with it that of CPUs that come and go,
 * who take the lists' lock inside of theirs: so the lists are on meanwhile. Nothing that
 * others look for may be in our hands then, no batch of isolated data.
 *
 * From the last look at whether all is free until all is taken there is no turn:
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
#include <linux/bits.h>
#include <linux/build_bug.h>
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

/*
 * Others have a turn with the locks after so long, or as long as the last one took: they
 * cannot keep a range from getting on.
 */
#define TURN_NSEC	(2 * PATIENCE_NSEC_PER_MSEC)

static unsigned long piece_end(unsigned long pfn, unsigned long end,
			       unsigned long pages)
{
	return min(end, ALIGN(pfn + 1, pages));
}

/* Turns with the locks */

void mhp_lists_off(struct mhp_offlining *op)
{
	zone_pcp_disable(op->runs->zone);
	op->turn = ktime_get_ns() + TURN_NSEC;
}

void mhp_lists_on(struct mhp_offlining *op)
{
	zone_pcp_enable(op->runs->zone);
}

/*
 * The driver of a dynamic group, virtio-mem's, holds a lock of its own from the first
 * notifier to the last, which it takes inside of ours.
 */
static bool driver_holds_lock(const struct mhp_offlining *op)
{
	const struct mhp_run *run;

	if (op->told)
		mhp_for_each_run(run, op)
			if (mhp_is_dynamic(run->group))
				return true;
	return false;
}

void mhp_rest(struct mhp_offlining *op, u64 nsec)
{
	bool let_in = !driver_holds_lock(op);
	u64 began = ktime_get_ns(), took;

	/* what is isolated does not get into the lists, and they are drained again */
	mhp_lists_on(op);
	if (let_in)
		mhp_let_readers_in();
	mhp_report_wait(op, nsec);
	if (let_in)
		mhp_shut_readers_out();
	zone_pcp_disable(op->runs->zone);
	took = ktime_get_ns() - began;
	op->turn = began + took + (nsec ? TURN_NSEC : max(took, TURN_NSEC));
}

bool mhp_turn_is_due(const struct mhp_offlining *op)
{
	return ktime_get_ns() >= op->turn;
}

void mhp_give_turn(struct mhp_offlining *op)
{
	if (mhp_turn_is_due(op))
		mhp_rest(op, 0);
	cond_resched();
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

/* What pageblocks were */

#define TYPE_BITS	2
#define TYPE_MASK	GENMASK(TYPE_BITS - 1, 0)
#define TYPES_PER_BYTE	(BITS_PER_BYTE / TYPE_BITS)

/*
 * Of the first pageblocks of a range, 32 GiB of those of 2 MiB; there is one operation at a
 * time. Not allocated: that might lie in the range itself.
 */
static u8 types[SZ_4K];

#define TYPES_KEPT	(sizeof(types) * TYPES_PER_BYTE)

/* the others are not isolated */
static_assert(MIGRATE_UNMOVABLE <= TYPE_MASK && MIGRATE_MOVABLE <= TYPE_MASK &&
	      MIGRATE_RECLAIMABLE <= TYPE_MASK && MIGRATE_HIGHATOMIC <= TYPE_MASK);

static unsigned long pageblock_index(const struct mhp_offlining *op,
				     unsigned long pfn)
{
	return (pfn - PHYS_PFN(op->start)) >> pageblock_order;
}

static void keep_type(const struct mhp_offlining *op, unsigned long pfn,
		      unsigned int type)
{
	unsigned long index = pageblock_index(op, pfn);
	unsigned int shift = index % TYPES_PER_BYTE * TYPE_BITS;
	u8 *byte;

	if (index >= TYPES_KEPT)
		return;
	byte = &types[index / TYPES_PER_BYTE];
	*byte = (*byte & ~(TYPE_MASK << shift)) | (type << shift);
}

static unsigned int type_kept(const struct mhp_offlining *op, unsigned long pfn)
{
	unsigned long index = pageblock_index(op, pfn);
	unsigned int shift = index % TYPES_PER_BYTE * TYPE_BITS;

	if (index >= TYPES_KEPT)
		return MIGRATE_MOVABLE;
	return (types[index / TYPES_PER_BYTE] >> shift) & TYPE_MASK;
}

/* Isolation */

static void isolate_undo(struct mhp_offlining *op, unsigned long pfn,
			 unsigned long end)
{
	for (; pfn < end; pfn += pageblock_nr_pages) {
		undo_isolate_page_range(pfn, pfn + pageblock_nr_pages,
					type_kept(op, pfn));
		if (IS_ALIGNED(pfn + pageblock_nr_pages, PIECE_PAGES))
			mhp_give_turn(op);
	}
}

/* Return: is it isolated now? Not if it was, or if it is of a contiguous area. */
static bool isolate_pageblock(const struct mhp_offlining *op, struct zone *zone,
			      unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	unsigned long flags;
	bool done = false;
	int type;

	spin_lock_irqsave(&zone->lock, flags);
	type = get_pageblock_migratetype(page);
	if (!is_migrate_isolate(type) && !is_migrate_cma(type) &&
	    move_freepages_block_isolate(zone, page, MIGRATE_ISOLATE)) {
		zone->nr_isolate_pageblock++;
		keep_type(op, pfn, type);
		done = true;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return done;
}

/* Return: where it ended, @end if all is isolated. */
static unsigned long isolate_piece(const struct mhp_offlining *op, struct zone *zone,
				   unsigned long pfn, unsigned long end)
{
	while (pfn < end && isolate_pageblock(op, zone, pfn))
		pfn += pageblock_nr_pages;
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
		*pfn = isolate_piece(op, run->zone, *pfn, next);
		if (*pfn < next)
			return mhp_offline_fail(op, -EBUSY,
						"somebody else allocates a contiguous part of it");
		mhp_give_turn(op);
	}
	return 0;
}

static int isolate_run(struct mhp_offlining *op, const struct mhp_run *run)
{
	unsigned long pfn = run->pfn;
	int err = isolate_all(op, run, &pfn);

	if (err)
		isolate_undo(op, run->pfn, pfn);
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

		isolate_undo(op, run->pfn, mhp_run_end(run));
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
