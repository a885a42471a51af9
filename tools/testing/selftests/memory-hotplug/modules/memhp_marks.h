/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MEMHP_MARKS_H
#define _MEMHP_MARKS_H
/*
 * Marks for the counting plugin (tools/bench/count.c): between them a window's work is.
 */

#define begin(window)	asm volatile("hint %0" : : "i"(0x60 + (window)) : "memory")
#define end()		asm volatile("hint 0x7f" : : : "memory")

#endif /* _MEMHP_MARKS_H */
