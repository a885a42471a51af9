/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: bit and mask constants. */
#ifndef _HOST_LINUX_BITS_H
#define _HOST_LINUX_BITS_H

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK_ULL(hi, lo)	\
	((~0ULL >> (63 - (hi))) & (~0ULL << (lo)))

#endif
