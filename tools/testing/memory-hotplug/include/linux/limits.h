/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdint.h>

#define U64_MAX UINT64_MAX
#define U16_MAX UINT16_MAX
