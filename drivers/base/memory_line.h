/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRIVERS_BASE_MEMORY_LINE_H
#define _DRIVERS_BASE_MEMORY_LINE_H
/*
 * Files in /sys/devices/system/memory in which ranges are written, a line for each:
 *
 *	[offline] ADDR [SIZE [NUMBER]]
 *
 * ADDR and SIZE are numbers as C has them, perhaps with one of K, M, G, T behind;
 * NUMBER is decimal. Blanks and tabs may be several; there may be one newline, at
 * the end.
 */
#include <linux/device.h>
#include <linux/types.h>

/**
 * struct memory_line - what a line says
 * @start:    ADDR
 * @size:     SIZE; a memory block if the line has none
 * @number:   NUMBER, if there is one
 * @numbered: is there one?
 * @offline:  does it begin with "offline"?
 */
struct memory_line {
	u64 start, size;
	unsigned int number;
	bool numbered, offline;
};

/**
 * struct memory_line_file - a file that takes such lines
 * @attr:    its name and mode; stored by memory_line_store()
 * @form:    what a line is like, for those who got it wrong
 * @least:   words that a line has at least
 * @most:    and at most, the word "offline" not counted
 * @offline: that word may come first
 * @permit:  who may write, besides having CAP_SYS_ADMIN: 0, or an error after a line
 *	     in the log; or NULL
 * @act:     does what the file is for
 */
struct memory_line_file {
	struct device_attribute attr;
	const char *form;
	unsigned int least, most;
	bool offline;
	int (*permit)(const char *file);
	int (*act)(const struct memory_line *line);
};

/*
 * May the task write this file? The owner of an open file may be anyone, so who writes
 * counts, not who opened it. 0, or an error after a line in the log.
 */
int memory_line_permit(const char *file);

/* Refuses, after a line in the log: an error, a wrong line, or what @act says. */
ssize_t memory_line_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count);

#endif /* _DRIVERS_BASE_MEMORY_LINE_H */
