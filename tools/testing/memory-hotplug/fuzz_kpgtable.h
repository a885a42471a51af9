/* SPDX-License-Identifier: GPL-2.0-only */
/* The name is libFuzzer's. Aborts when what it tests is not as it should be. */
#ifndef _MEMHP_FUZZ_KPGTABLE_H
#define _MEMHP_FUZZ_KPGTABLE_H

#include <linux/types.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/* What holds if it returns, with %s for the name of the input. */
extern const char fuzz_claim[];

#endif
