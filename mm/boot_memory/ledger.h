/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_BOOT_MEMORY_LEDGER_H
#define _MM_BOOT_MEMORY_LEDGER_H
/*
 * Who reserved which boot memory, and what was given back.
 *
 * Pure: it takes no lock and allocates nothing; the caller gives the array. What
 * one caller takes piece by piece, each next to the one before, is one entry, or
 * page tables would fill it. Entries are in the order in which they were asked for.
 */
#include <linux/types.h>

/**
 * enum ledger_kind - how memory was had
 * @LEDGER_RESERVED:  by its address: it was in use, or firmware or the command
 *                    line said where
 * @LEDGER_ALLOCATED: memblock chose the address
 * @LEDGER_UNMAPPED:  it is memory, but firmware's, and must not be mapped
 */
enum ledger_kind {
	LEDGER_RESERVED,
	LEDGER_ALLOCATED,
	LEDGER_UNMAPPED,
};

/**
 * struct ledger_entry - a reservation
 * @start:    first physical address
 * @end:      the address behind the last
 * @owner:    who asked; a number to this file
 * @kind:     an enum ledger_kind
 * @returned: it was given back
 */
struct ledger_entry {
	u64 start, end;
	u32 owner;
	u8 kind;
	bool returned;
};

/**
 * struct ledger - reservations, oldest first
 * @at:        array
 * @nr:        how many there are
 * @room:      how many fit
 * @forgotten: returned ones that had to make room
 * @lost:      ones that could not be written down, or not in all their parts
 */
struct ledger {
	struct ledger_entry *at;
	unsigned int nr, room;
	unsigned int forgotten, lost;
};

/**
 * ledger_reserve() - somebody has reserved memory
 * @ledger: ledger
 * @e:      what, who and how; an empty range is no reservation
 *
 * Reservations may overlap: each one who asked is remembered. If the ledger is
 * full, the oldest one that was returned is forgotten.
 */
void ledger_reserve(struct ledger *ledger, const struct ledger_entry *e);

/**
 * ledger_return() - memory is reserved no more
 * @ledger:   ledger
 * @start:    first address
 * @end:      the address behind the last
 * @unmapped: it may be mapped now; what is reserved in it stays so
 *
 * Of a reservation that is returned in part, each part is an entry from now on.
 */
void ledger_return(struct ledger *ledger, u64 start, u64 end, bool unmapped);

/**
 * ledger_next() - the next reservation that is still held in a range
 * @ledger: ledger
 * @at:     where to go on; 0 at first
 * @start:  first address
 * @end:    the address behind the last
 *
 * Return: an entry; NULL after the last one.
 */
const struct ledger_entry *ledger_next(const struct ledger *ledger,
				       unsigned int *at, u64 start, u64 end);

#endif /* _MM_BOOT_MEMORY_LEDGER_H */
