/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRIVERS_BASE_MEMORY_LINE_H
#define _DRIVERS_BASE_MEMORY_LINE_H
/*
 * Lines that are written to files in /sys/devices/system/memory: words with
 * blanks between them.
 */
#include <linux/types.h>

#define MEMORY_LINE_WORDS	4
#define MEMORY_LINE_SIZE	128

/**
 * struct memory_line - a line, taken apart
 * @text: its bytes, each word ended by a NUL
 * @word: the words
 * @nr:   how many they are
 */
struct memory_line {
	char text[MEMORY_LINE_SIZE];
	char *word[MEMORY_LINE_WORDS];
	unsigned int nr;
};

/*
 * Has the writer CAP_SYS_ADMIN? The owner of an open file may be anyone, so who
 * writes counts, not who opened it. 0, or -EPERM after a line in the log.
 */
int memory_line_permit(const char *file);

/**
 * memory_line_split() - take a line apart
 * @line:  becomes the words
 * @buf:   what was written
 * @count: bytes of it
 *
 * Blanks and tabs may be several; there may be one newline, at the end.
 *
 * Return: 0; -EINVAL: no word, too many, a NUL, a second line, or too long.
 */
int memory_line_split(struct memory_line *line, const char *buf, size_t count);

/**
 * memory_line_bytes() - a number of bytes
 * @word:  as C has it, perhaps with one of K, M, G, T behind it; is changed
 * @bytes: the number
 *
 * Return: 0; -EINVAL: it is none; -ERANGE: it does not fit.
 */
int memory_line_bytes(char *word, u64 *bytes);

#endif /* _DRIVERS_BASE_MEMORY_LINE_H */
