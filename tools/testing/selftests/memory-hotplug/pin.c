// SPDX-License-Identifier: GPL-2.0-only
/*
 * pin NODE [break]: holds a page of memory of a node by a pipe, so that it cannot be moved,
 * and says "PFN pid" until it is killed. With "break" it tells the kernel that the page is
 * broken instead, and gets a SIGBUS for it.
 */
#define _GNU_SOURCE
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

#include "frame.h"

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

int main(int argc, char **argv)
{
	unsigned long mask = argc > 1 ? 1ul << atoi(argv[1]) : 0;
	long page = sysconf(_SC_PAGESIZE);
	struct iovec iov = { .iov_len = page };
	int ends[2];

	if (!mask || pipe(ends))
		fail("pin NODE");
	iov.iov_base = mmap(NULL, page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (iov.iov_base == MAP_FAILED ||
	    syscall(SYS_mbind, iov.iov_base, page, MPOL_BIND, &mask,
		    8 * sizeof(mask), 0))
		fail("mbind");
	memset(iov.iov_base, 0x5a, page);
	if (argc == 2 && vmsplice(ends[1], &iov, 1, 0) != page)
		fail("vmsplice");
	printf("%#llx %d\n", (unsigned long long)frame_of(iov.iov_base),
	       getpid());
	fflush(stdout);
	if (argc > 2 && madvise(iov.iov_base, page, MADV_HWPOISON))
		fail("madvise");
	pause();
	return 0;
}
