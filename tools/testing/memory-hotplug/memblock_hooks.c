// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger below stock's simulator of memblock. See memblock_hooks.h.
 *
 * When the program ends it says how often it was called, and fails if memblock
 * did not come by: then memblock without our hooks was tested.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/types.h>

#include "../../../mm/boot_memory/ledger.h"
#include "memblock_hooks.h"

#define ROOM	64

static struct ledger_entry entries[ROOM];
static struct ledger ledger = { .at = entries, .room = ROOM };
static unsigned long asker, asked, allocated, reserved, returned;

bool boot_memory_settled(void)
{
	return false;
}

void boot_memory_handover(void)
{
}

/* There are no marks to keep off. */
bool boot_memory_is_last_resort(void)
{
	return false;
}

u64 boot_memory_try(u64 size, u64 align, u64 start, u64 end, int nid,
		    bool exact_nid)
{
	(void)size, (void)align, (void)start, (void)end, (void)nid;
	(void)exact_nid;
	return 0;
}

bool boot_memory_ask(unsigned long caller)
{
	asked++;
	if (asker)
		return false;
	asker = caller;
	return true;
}

void boot_memory_end_asking(bool *outermost)
{
	if (*outermost)
		asker = 0;
}

void boot_memory_reserve(u64 base, u64 size, unsigned long caller)
{
	const struct ledger_entry e = {
		.start = base, .end = base + size, .owner = asker ?: caller,
		.kind = asker ? LEDGER_ALLOCATED : LEDGER_RESERVED,
	};

	*(asker ? &allocated : &reserved) += 1;
	asker = 0;
	ledger_reserve(&ledger, &e);
}

void boot_memory_return(u64 base, u64 size)
{
	returned++;
	ledger_return(&ledger, base, base + size, false);
}

void boot_memory_unmap(u64 base, u64 size, unsigned long caller)
{
	const struct ledger_entry e = {
		base, base + size, caller, LEDGER_UNMAPPED, false
	};

	ledger_reserve(&ledger, &e);
}

void boot_memory_map(u64 base, u64 size)
{
	ledger_return(&ledger, base, base + size, true);
}

static void __attribute__((destructor)) say(void)
{
	printf("hooks: %lu asked, %lu allocated, %lu reserved, %lu returned\n",
	       asked, allocated, reserved, returned);
	fflush(stdout);
	if (!allocated || !reserved || !returned || asker)
		_exit(99);
}
