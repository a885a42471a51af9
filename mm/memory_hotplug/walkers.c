// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walkers: those who look at page structs by number. See memmap_walk.h.
 */
#include <linux/memmap_walk.h>

#include "internal.h"

DEFINE_SRCU(memmap_walkers);

void mhp_wait_for_walkers(void)
{
	synchronize_srcu_expedited(&memmap_walkers);
}
