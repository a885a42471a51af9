/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MEMHP_MARKS_H
#define _MEMHP_MARKS_H
/*
 * Marks for the counting plugin (tools/bench/count.c): between them a window's work is.
 */

#define mark_begin(window)	asm volatile("hint %0" : : "i"(0x60 + (window)) : "memory")
#define mark_end()		asm volatile("hint 0x7f" : : : "memory")

#endif /* _MEMHP_MARKS_H */
