/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MEMHP_FRAME_H
#define _MEMHP_FRAME_H
/*
 * Where memory of this process is. What is wrong ends the program: it has to be root.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The pfn of the page at an address, or 0 if none is there. */
static inline uint64_t frame_of(const void *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	off_t place = (uintptr_t)at / sysconf(_SC_PAGESIZE) * sizeof(uint64_t);
	uint64_t entry = 0;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), place) != sizeof(entry)) {
		perror("/proc/self/pagemap");
		exit(2);
	}
	close(fd);
	return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

#endif /* _MEMHP_FRAME_H */
