/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMORY_HOTPLUG_MEMMAP_FILL_H
#define _MM_MEMORY_HOTPLUG_MEMMAP_FILL_H
/*
 * Page structs that are all alike, written by a model of one.
 *
 * Pure: words in, words out.
 */
#include <linux/types.h>

/**
 * memmap_fill() - write the same words again and again
 * @to:    where; @words times @nr words
 * @model: the words, somewhere else
 * @words: how many they are, at least 1
 * @nr:    how many times
 *
 * Each word of @to is written once, none is read. The order of the writes is not
 * defined.
 *
 * Context: any.
 */
void memmap_fill(unsigned long *to, const unsigned long *model,
		 unsigned int words, unsigned long nr);

#endif /* _MM_MEMORY_HOTPLUG_MEMMAP_FILL_H */
