/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host stand-in for the kernel's header of this name: integer types only, as
 * much as the pure files need and no more.
 */
#ifndef _HOST_LINUX_TYPES_H
#define _HOST_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

#endif
