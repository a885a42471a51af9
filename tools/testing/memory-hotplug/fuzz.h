/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The name is libFuzzer's. Aborts when what it tests is not as it should be.
 *
 * For inputs that are sequences of choices there is a reader: zeroes follow the end.
 */
#ifndef _MEMHP_FUZZ_H
#define _MEMHP_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What holds if it returns, with %s for the name of the input. */
extern const char fuzz_claim[];

struct fuzz_input {
	const uint8_t *at, *end;
};

static inline unsigned long long fuzz_take(struct fuzz_input *in, unsigned int bytes)
{
	unsigned long long value = 0;

	while (bytes--)
		value = value << 8 | (in->at < in->end ? *in->at++ : 0);
	return value;
}

static inline bool fuzz_dry(const struct fuzz_input *in)
{
	return in->at == in->end;
}

#endif
