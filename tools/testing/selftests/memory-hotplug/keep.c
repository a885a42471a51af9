// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep KIND SIZE SEED [FILE]
 *
 * Uses memory in one of the ways in which programs do, and looks after it: it has a
 * pattern in each word, which is verified and written anew, with another seed, until
 * SIGTERM comes. KIND is
 *
 *	anon	anonymous memory, as small pages
 *	thp	the same, as huge pages where the kernel has them
 *	mlock	the same as anon, locked
 *	hugetlb	huge pages of the pool
 *	loose	small pages that may be made huge, and are small again in each round
 *	alike	small pages that are all the same in each round, for KSM to find
 *	file	FILE, by a shared mapping: tmpfs or the page cache
 *	idle	as anon, but written once and verified at the end
 *	pin	as idle, and its first page is in a pipe (vmsplice) until SIGUSR1
 *		comes. Only such pages have references that migration cannot explain
 *	fault	as idle, or as file if there is a FILE, but the kernel is told that the
 *		first page has an error, and asked whether it sees to it that nobody
 *		reads that: ends at once, with status 0 if it does
 *
 * Prints "ready PFN", PFN being that of the first page, when the pattern is there for
 * the first time, and at the end how often it was verified and how many words were
 * wrong. Status 0 only if none was.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "frame.h"

#define STEP	0x9e3779b97f4a7c15ull	/* odd: no value comes twice */
#define THP	(2ul << 20)
#define PAUSE	200000			/* microseconds */

static volatile sig_atomic_t enough, unpin;
static int in_pipe[2] = { -1, -1 };

static void on_signal(int number)
{
	if (number == SIGTERM)
		enough = 1;
	else
		unpin = 1;
}

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static int is(const char *kind, const char *name)
{
	return !strcmp(kind, name);
}

static uint64_t *map_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	void *p;

	if (fd < 0 || ftruncate(fd, size))
		fail(path);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p;
}

static uint64_t *map(const char *kind, size_t size, const char *path)
{
	int huge, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	char *p;

	if (path)
		return map_file(path, size);
	if (is(kind, "hugetlb"))
		flags |= MAP_HUGETLB;
	huge = is(kind, "thp") || is(kind, "loose");
	p = mmap(NULL, size + (huge ? THP : 0), PROT_READ | PROT_WRITE, flags, -1, 0);
	if (p == MAP_FAILED || is(kind, "hugetlb"))
		return (uint64_t *)p;
	if (huge)
		p = (char *)(((uintptr_t)p + THP - 1) & ~(THP - 1));
	madvise(p, size, is(kind, "thp") ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (is(kind, "alike") && madvise(p, size, MADV_MERGEABLE))
		fail("MADV_MERGEABLE");
	return (uint64_t *)p;
}

/* Of the number of a word: the pattern begins again with each page, or never. */
static size_t mask = SIZE_MAX;

static void write_words(uint64_t *words, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		words[i] = (seed + (i & mask)) * STEP;
}

static size_t verify_words(const volatile uint64_t *words, size_t count,
			   uint64_t seed)
{
	size_t bad = 0;

	for (size_t i = 0; i < count; i++)
		bad += words[i] != (seed + (i & mask)) * STEP;
	return bad;
}

static void on_bus_error(int number)
{
	(void)number;
	_exit(0);
}

/* Return: only if the error is not noticed. */
static int read_error(volatile uint64_t *words)
{
	signal(SIGBUS, on_bus_error);
	if (madvise((void *)words, sysconf(_SC_PAGESIZE), MADV_HWPOISON))
		fail("MADV_HWPOISON");
	fprintf(stderr, "read %#llx, where an error is\n",
		(unsigned long long)words[0]);
	return 1;
}

static void unpin_page(void)
{
	close(in_pipe[0]);
	close(in_pipe[1]);
	unpin = 0;
}

/* Written as small pages, which the kernel may then put together. */
static void write_loose(uint64_t *words, size_t count, uint64_t seed)
{
	size_t size = count * sizeof(*words);

	madvise(words, size, MADV_NOHUGEPAGE);
	madvise(words, size, MADV_DONTNEED);
	write_words(words, count, seed);
	madvise(words, size, MADV_HUGEPAGE);
}

/* Return: words that were wrong. */
static size_t look_after(const char *kind, uint64_t *words, size_t count,
			 uint64_t seed, unsigned long *rounds)
{
	int idle = is(kind, "pin") || is(kind, "idle");
	size_t bad = 0;

	while (!enough) {
		if (unpin)
			unpin_page();
		if (idle) {
			usleep(10000);
			continue;
		}
		bad += verify_words(words, count, seed);
		seed += 1ull << 40;
		if (is(kind, "loose"))
			write_loose(words, count, seed);
		else
			write_words(words, count, seed);
		++*rounds;
		usleep(PAUSE);		/* others need the CPU, too */
	}
	++*rounds;
	return bad + verify_words(words, count, seed);
}

int main(int argc, char **argv)
{
	unsigned long rounds = 0;
	uint64_t *words, seed;
	size_t size, bad;

	if (argc < 4 || argc > 5 || (argc == 4 && is(argv[1], "file"))) {
		fprintf(stderr, "usage: keep KIND SIZE SEED [FILE]\n");
		return 2;
	}
	signal(SIGTERM, on_signal);
	signal(SIGUSR1, on_signal);
	size = strtoull(argv[2], NULL, 0);
	seed = strtoull(argv[3], NULL, 0) << 32;
	if (is(argv[1], "alike"))
		mask = sysconf(_SC_PAGESIZE) / sizeof(*words) - 1;
	words = map(argv[1], size, argv[4]);
	if (words == MAP_FAILED)
		fail("mmap");
	write_words(words, size / sizeof(*words), seed);
	if (is(argv[1], "mlock") && mlock(words, size))
		fail("mlock");
	if (is(argv[1], "pin") && put_in_pipe(words, in_pipe))
		fail("vmsplice");
	printf("ready %#llx\n", (unsigned long long)frame_of(words));
	fflush(stdout);
	if (is(argv[1], "fault"))
		return read_error(words);
	bad = look_after(argv[1], words, size / sizeof(*words), seed, &rounds);
	printf("keep: verified %lu times, %zu words bad\n", rounds, bad);
	return bad != 0;
}
