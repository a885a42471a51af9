/* SPDX-License-Identifier: GPL-2.0-only */
/* The name is libFuzzer's. Aborts when kpgtable.c and the reference differ. */
#ifndef _MEMHP_FUZZ_KPGTABLE_H
#define _MEMHP_FUZZ_KPGTABLE_H

#include <linux/types.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#endif
