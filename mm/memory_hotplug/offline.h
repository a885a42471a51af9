/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_OFFLINE_H
#define _MM_MEMORY_HOTPLUG_OFFLINE_H
/*
 * The parts of offlining, and what they ask of one another:
 *
 *	offline.c	the transaction
 *	drain.c		isolation: what gets free in the range stays free
 *	evacuate.c	data moves elsewhere
 *	inspect.c	looks at pages: what would move, what stays
 *	owner.c		whose pages they are
 *	report.c	tells how it goes; cancelling
 *	blockers.c  patience.c		decide; pure
 */
#include <linux/list.h>
#include <linux/memhp.h>
#include <linux/memory.h>
#include <linux/nodemask.h>
#include <linux/types.h>

#include "blockers.h"
#include "patience.h"

struct folio;
struct memory_group;
struct page;
struct zone;

/**
 * struct mhp_run - pages on their way out of the page allocator
 * @pfn:          the first; begins a pageblock
 * @nr_pages:     how many; they end with a section
 * @memmap_pages: before them, hold their page structs
 * @round:        listeners are told of as many pages at once
 * @zone:         all of them are in it
 * @group:        their memory group, or NULL
 * @note:         what becomes of the node with this run, and those before it
 */
struct mhp_run {
	unsigned long pfn, nr_pages, memmap_pages, round;
	struct zone *zone;
	struct memory_group *group;
	struct memory_notify note;
};

/**
 * struct mhp_offlining - a range on its way offline
 * @start:       first physical address, bytes
 * @size:        bytes
 * @order:       what the caller wants of it
 * @runs:        what of it is online
 * @nr_runs:     how many these are
 * @isolated:    runs that are isolated, all of each
 * @told:        rounds of listeners that are through
 * @patience:    when to give up
 * @targets:     nodes that data may go to
 * @batch:       isolated folios, to be migrated together
 * @batch_pages: their pages
 * @found:       what stays, in this pass
 * @moved:       pages, in this pass
 * @total_moved: pages, in all passes
 * @passes:      how many
 * @huge_first:  range of hugetlb pages, in this pass: first page
 * @huge_end:    and the page behind the last
 * @now:         only folios of this order move now, of any if it is 0
 * @orders:      those that large folios have, one bit each
 * @turn:        others have no turn with the locks before that, nanoseconds
 * @done:        bytes of which it was told that they have moved
 * @full:        there was no room elsewhere
 * @poison_used: somebody can still get at a poisoned page, in this pass
 * @why:         it failed
 * @quiet:       and has done so too often lately to say it in the log
 */
struct mhp_offlining {
	u64 start, size;
	struct mhp_order *order;
	struct mhp_run *runs;
	unsigned int nr_runs, isolated, told;
	struct patience patience;
	nodemask_t targets;
	struct list_head batch;
	unsigned long batch_pages;
	struct blocker_list *found;
	unsigned long moved, total_moved, passes;
	u64 turn, done;
	unsigned long huge_first, huge_end;
	unsigned int now;
	unsigned long orders;
	bool full, poison_used, quiet;
	const char *why;
};

static inline unsigned long mhp_run_end(const struct mhp_run *run)
{
	return run->pfn + run->nr_pages;
}

static inline int mhp_offline_fail(struct mhp_offlining *op, int err,
				   const char *why)
{
	op->why = why;
	return err;
}

#define mhp_for_each_run(run, op)					\
	for ((run) = (op)->runs; (run) < (op)->runs + (op)->nr_runs; (run)++)

/* drain.c */

/* Nothing of the runs' zones waits in per-CPU lists, until mhp_lists_on(). */
void mhp_lists_off(struct mhp_offlining *op);
void mhp_lists_on(struct mhp_offlining *op);

/*
 * Others may have a turn with the lock of the lists, and with the memory hotplug lock, if it
 * is time for that; call it often, it costs a look at the clock. The batch is empty.
 */
void mhp_give_turn(struct mhp_offlining *op);
bool mhp_turn_is_due(const struct mhp_offlining *op);

/* Sleep for so long, or until a signal or a cancellation; all of that is others' turn. */
void mhp_rest(struct mhp_offlining *op, u64 nsec);

/* What slipped into the lists of zones whose lists cannot be off. */
void mhp_lists_drain(struct mhp_offlining *op);

/* All runs, or none: 0, -EBUSY, or why to give up. The lists are off. */
int mhp_isolate(struct mhp_offlining *op);

/* Pageblocks are again what they were. */
void mhp_isolate_undo(struct mhp_offlining *op);

/* Is each page of each run free, or poisoned? */
bool mhp_all_free(struct mhp_offlining *op);

/* Take a run out of the page allocator's lists; returns pages it had to manage. */
unsigned long mhp_take_free(const struct mhp_run *run);

/* evacuate.c */

/* Until all is free: 0, or why not, and @found says what stays. */
int mhp_evacuate(struct mhp_offlining *op);

/* Why to give up now, with @why set: -EINTR, -ECANCELED, -ETIMEDOUT, or 0. */
int mhp_give_up(struct mhp_offlining *op);

/* inspect.c */

/* What a range of pages is like. */
struct mhp_survey {
	struct blocker_list *found;	/* NULL: the first certain one is enough */
	u64 movable;			/* pages in use that can move */
	u64 blocked;			/* and that cannot */
	bool certain;			/* one of these is not just on its way */
	u64 until;			/* on the clock, nanoseconds; 0: no end */
	const struct mhp_order *order;	/* that may be called off, or NULL */
};

/* One look at each page, as many as there is time for. */
void mhp_survey_until(unsigned long pfn, unsigned long nr_pages,
		      struct mhp_survey *survey);

/*
 * The same, but what looks bad is looked at twice. No lock; pages that are not
 * online are passed over.
 */
void mhp_survey(unsigned long pfn, unsigned long nr_pages,
		struct mhp_survey *survey);

/* The same of all of an operation's range, by its deadline; what is found is reported. */
struct mhp_survey mhp_survey_op(struct mhp_offlining *op);

/* Notes a folio that should have moved; the caller has one reference. */
void mhp_note_stuck(struct blocker_list *found, struct folio *folio,
		    bool no_room);

/* Is it somebody's data, or may be? A look without a reference, which may be wrong. */
bool mhp_may_hold_data(struct page *page);

/* Notes a page that cannot be moved at all; the caller has @held references. */
void mhp_note_page(struct blocker_list *found, struct page *page, int held);

/* owner.c */

/* Sets @owner, one word, and @inode; the caller holds a reference to the folio. */
void mhp_owner(struct folio *folio, struct blocker *b);

/* Sets @owner of a page of slab; no reference is needed. */
void mhp_cache_owner(struct folio *folio, struct blocker *b);

/* report.c */

void mhp_report_begin(const struct mhp_offlining *op);
void mhp_report_pass(const struct mhp_offlining *op);
void mhp_report_end(const struct mhp_offlining *op, int err);
void mhp_report_check(u64 start, u64 size, const struct mhp_survey *survey,
		      int err);

/* Sleeps until then, a signal or a cancellation. */
void mhp_report_wait(const struct mhp_offlining *op, u64 nsec);

#endif /* _MM_MEMORY_HOTPLUG_OFFLINE_H */
