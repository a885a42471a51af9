/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MEMHP_FRAME_H
#define _MEMHP_FRAME_H
/*
 * Where memory of this process is, and how it is held there. Include it before all others.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The pfn of the page at an address, or 0 if none is there. Only root is told. */
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

/* A page in use that is memory of a node, or NULL. */
static inline void *page_of_node(int node)
{
	long size = sysconf(_SC_PAGESIZE);
	unsigned long nodes = 1ul << node;
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED ||
	    syscall(SYS_mbind, page, size, MPOL_BIND, &nodes, 8 * sizeof(nodes), 0))
		return NULL;
	return memset(page, 0x5a, size);
}

/* References that migration cannot explain, until the pipe is closed: 0, or -1. */
static inline int put_in_pipe(void *page, int ends[2])
{
	struct iovec io = { page, sysconf(_SC_PAGESIZE) };

	return pipe(ends) || vmsplice(ends[1], &io, 1, 0) != (ssize_t)io.iov_len ? -1 : 0;
}

#endif /* _MEMHP_FRAME_H */
