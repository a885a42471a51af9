// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of boot memory: what memblock reserved, for whom, and what is left.
 *
 * Owns:     the ledger; the file boot_memory/reservations in debugfs; the report
 *           after boot.
 * Must not: allocate before memory is the page allocator's.
 * Locks:    ledger_lock, for the ledger: memory is returned after boot too, when
 *           other CPUs are there. The asker needs none: only boot allocates.
 */
#define pr_fmt(fmt) "boot_memory: " fmt

#include <linux/boot_memory.h>
#include <linux/debugfs.h>
#include <linux/initrd.h>
#include <linux/memory_hotplug.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <asm/sections.h>

#include "internal.h"
#include "ledger.h"

#define BOOT_ROOM	2048

/* After boot memory is only returned; a part of an entry makes new ones. */
#define SPARE_ROOM	64

static struct ledger_entry boot_entries[BOOT_ROOM] __initdata;

/* Its entries move to memory of its own before those of boot go. */
static struct ledger ledger __refdata = {
	.at = boot_entries,
	.room = BOOT_ROOM,
};

static DEFINE_RAW_SPINLOCK(ledger_lock);

/* Who called memblock for an allocation; 0 outside of one. */
static unsigned long asker;

bool boot_memory_ask(unsigned long caller)
{
	if (asker)
		return false;
	asker = caller;
	return true;
}

void boot_memory_asked(void)
{
	asker = 0;
}

static void note(u64 base, u64 size, unsigned long caller, enum ledger_kind kind)
{
	const struct ledger_entry e = {
		.start = base,
		.end = base + size,
		.owner = caller - (unsigned long)_text,
		.kind = kind,
	};

	guard(raw_spinlock_irqsave)(&ledger_lock);
	ledger_reserve(&ledger, &e);
}

void boot_memory_reserve(u64 base, u64 size, unsigned long caller)
{
	if (!asker)
		return note(base, size, caller, LEDGER_RESERVED);
	note(base, size, asker, LEDGER_ALLOCATED);
	/* should memblock's own array grow now, that is not the asker's doing */
	asker = 0;
}

void boot_memory_unmap(u64 base, u64 size, unsigned long caller)
{
	note(base, size, caller, LEDGER_UNMAPPED);
}

void boot_memory_return(u64 base, u64 size)
{
	guard(raw_spinlock_irqsave)(&ledger_lock);
	ledger_return(&ledger, base, base + size, false);
}

void boot_memory_map(u64 base, u64 size)
{
	guard(raw_spinlock_irqsave)(&ledger_lock);
	ledger_return(&ledger, base, base + size, true);
}

static void *owner(const struct ledger_entry *e)
{
	return _text + e->owner;
}

static const char *kind_word(const struct ledger_entry *e)
{
	static const char *const words[] = {
		[LEDGER_RESERVED] = "reserved",
		[LEDGER_ALLOCATED] = "allocated",
		[LEDGER_UNMAPPED] = "unmapped",
	};

	return words[e->kind];
}

bool boot_is_held(u64 start, u64 size, void **held_by)
{
	const struct ledger_entry *e;
	unsigned int at = 0;

	*held_by = NULL;
	guard(raw_spinlock_irqsave)(&ledger_lock);
	e = ledger_next(&ledger, &at, start, start + size);
	if (e)
		*held_by = owner(e);
	return e || ledger.lost || !ledger.room;
}

/* A copy, for those who print: that takes long. NULL: no memory. */
static struct ledger *snapshot(void)
{
	const size_t size = READ_ONCE(ledger.room) * sizeof(*ledger.at);
	struct ledger *copy = kvzalloc(sizeof(*copy) + size, GFP_KERNEL);

	if (!copy)
		return NULL;
	scoped_guard(raw_spinlock_irqsave, &ledger_lock) {
		*copy = ledger;
		copy->at = (struct ledger_entry *)(copy + 1);
		memcpy(copy->at, ledger.at, copy->nr * sizeof(*copy->at));
	}
	return copy;
}

/* The file */

static bool touches_hotpluggable(const struct ledger_entry *e)
{
	return window_set_overlaps(&boot_hotpluggable, e->start, e->end);
}

static int reservations_show(struct seq_file *m, void *unused)
{
	const struct ledger_entry *e;
	struct ledger *copy = snapshot();

	if (!copy)
		return -ENOMEM;
	seq_puts(m, "# start end kind state memory owner\n");
	for (e = copy->at; e < copy->at + copy->nr; e++)
		seq_printf(m, "%#018llx %#018llx %s %s %s %ps\n", e->start,
			   e->end - 1, kind_word(e),
			   e->returned ? "returned" : "held",
			   touches_hotpluggable(e) ? "hotpluggable" : "fixed",
			   owner(e));
	seq_printf(m, "# forgotten %u lost %u\n", copy->forgotten, copy->lost);
	kvfree(copy);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(reservations);

/* The report */

struct tally {
	unsigned int count;
	u64 bytes;
};

static void count_offender(const struct ledger_entry *e, u64 start, u64 end,
			   struct tally *tally)
{
	tally->count++;
	tally->bytes += end - start;
	/* without "movable_node" everybody may, and there would be no end */
	if (movable_node_is_enabled())
		pr_warn(BOOT_RANGE " in hotpluggable memory was %s by %ps and is still held\n",
			start, end - 1, kind_word(e), owner(e));
}

static void find_offenders(const struct ledger *copy, const struct window *w,
			   struct tally *tally)
{
	const struct ledger_entry *e;
	unsigned int at = 0;

	while ((e = ledger_next(copy, &at, w->start, w->end)))
		count_offender(e, max(e->start, w->start), min(e->end, w->end),
			       tally);
}

static void report(const struct ledger *copy)
{
	const struct window_set *set = &boot_hotpluggable;
	struct tally tally = { };
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		find_offenders(copy, &set->at[i], &tally);
	if (tally.count)
		pr_info("%u reservations of boot hold %llu KiB of hotpluggable memory\n",
			tally.count, tally.bytes >> 10);
	else
		pr_info("no reservation of boot is left in hotpluggable memory\n");
	if (copy->lost)
		pr_warn("%u reservations were not written down: no room for more than %d\n",
			copy->lost, BOOT_ROOM);
}

/* What boot gives back last is the initrd. */
static void report_after_boot(struct work_struct *unused)
{
	struct ledger *copy;

	wait_for_initramfs();
	copy = snapshot();
	if (!copy) {
		pr_warn("no memory to tell who holds hotpluggable memory: see boot_memory/reservations in debugfs\n");
		return;
	}
	report(copy);
	kvfree(copy);
}
static DECLARE_WORK(report_work, report_after_boot);

/* Boot's own entries go with the rest of what only boot needs. */
static int __init move_ledger(void)
{
	unsigned int room = READ_ONCE(ledger.nr) + SPARE_ROOM;
	struct ledger_entry *at = kvcalloc(room, sizeof(*at), GFP_KERNEL);

	scoped_guard(raw_spinlock_irqsave, &ledger_lock) {
		if (!at)
			room = 0;
		ledger.nr = min(ledger.nr, room);
		memcpy(at, ledger.at, ledger.nr * sizeof(*at));
		ledger.at = at;
		ledger.room = room;
	}
	if (!at) {
		pr_warn("no memory to keep the list of boot's reservations\n");
		return -ENOMEM;
	}
	debugfs_create_file("reservations", 0400,
			    debugfs_create_dir("boot_memory", NULL), NULL,
			    &reservations_fops);
	queue_work(system_unbound_wq, &report_work);
	return 0;
}
late_initcall(move_ledger);
