// SPDX-License-Identifier: GPL-2.0-only
/*
 * pin NODE [break]: holds a page of memory of a node by a pipe, so that it cannot be moved,
 * and says "PFN pid" until it is killed. With "break" it tells the kernel that the page is
 * broken instead, and gets a SIGBUS for it.
 */
#include "frame.h"

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

int main(int argc, char **argv)
{
	void *page;
	int ends[2];

	if (argc < 2)
		fail("pin NODE");
	page = page_of_node(atoi(argv[1]));
	if (!page)
		fail("mbind");
	if (argc == 2 && put_in_pipe(page, ends))
		fail("vmsplice");
	printf("%#llx %d\n", (unsigned long long)frame_of(page), getpid());
	fflush(stdout);
	if (argc > 2 && madvise(page, sysconf(_SC_PAGESIZE), MADV_HWPOISON))
		fail("madvise");
	pause();
	return 0;
}
