// SPDX-License-Identifier: GPL-2.0-only
/*
 * early FILE
 *
 * Looks at FILE (online_progress) while a range goes online, and takes memory as soon
 * as a part of the range is up. Prints
 *
 *	seen DONE	for each value between 0 and the whole
 *	page PFN DONE	once it has a page of the range: DONE is what FILE says
 *			afterwards, and not all of it
 *
 * and ends when the range is online. Status 0 only if that comes within two minutes.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGES	256
#define SECONDS	120

struct progress {
	char state[16];
	unsigned long long start, size, done;
};

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static struct progress look(const char *path)
{
	struct progress p = { .state = "" };
	FILE *file = fopen(path, "r");

	if (!file)
		fail(path);
	if (fscanf(file, "%15s %lli %lli %lli", p.state, (long long *)&p.start,
		   (long long *)&p.size, (long long *)&p.done) != 4) {
		fprintf(stderr, "%s: not four words\n", path);
		exit(2);
	}
	fclose(file);
	return p;
}

static int is(const struct progress *p, const char *state)
{
	return !strcmp(p->state, state);
}

static int is_partly_up(const struct progress *p)
{
	return is(p, "running") && p->done > 0 && p->done < p->size;
}

/* The first page frame of some new pages that lies in the part that is up, or 0. */
static uint64_t take_page(const struct progress *p)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t pfns[PAGES], pfn = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);
	char *at = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (fd < 0 || at == MAP_FAILED ||
	    pread(fd, pfns, sizeof(pfns), (uintptr_t)at / page * 8) != sizeof(pfns))
		fail("pages");
	for (int i = 0; i < PAGES && !pfn; i++) {
		pfns[i] &= (1ull << 55) - 1;
		if (pfns[i] * page - p->start < p->done)
			pfn = pfns[i];
	}
	close(fd);
	return pfn;
}

int main(int argc, char **argv)
{
	unsigned long long last = 0;
	time_t end = time(NULL) + SECONDS;
	int has_page = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: early FILE\n");
		return 2;
	}
	printf("ready\n");
	fflush(stdout);
	while (time(NULL) < end) {
		struct progress p = look(argv[1]);
		uint64_t pfn;

		if (is(&p, "online"))
			return 0;
		if (!is_partly_up(&p))
			continue;
		if (p.done != last)
			printf("seen %#llx\n", last = p.done);
		pfn = has_page ? 0 : take_page(&p);
		p = look(argv[1]);
		if (pfn && is_partly_up(&p)) {
			printf("page %#llx %#llx\n", (unsigned long long)pfn, p.done);
			has_page = 1;
		}
	}
	fprintf(stderr, "early: the range is not online after %d s\n", SECONDS);
	return 1;
}
