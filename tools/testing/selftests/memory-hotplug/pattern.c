// SPDX-License-Identifier: GPL-2.0-only
/*
 * pattern write|verify FILE SIZE SEED [sync]: a pattern in a file, or in a device
 * that maps memory, by mmap alone.
 *
 * Every word of 64 bits depends on the seed and on its place, so that no two words
 * are alike: what was lost, moved or left over from another run shows. "sync" asks
 * for a mapping that only memory which is the storage itself can give (MAP_SYNC).
 *
 * A plain file is made as long as it has to be. Status 0 only if all of it was
 * written, or is as it was written with the same seed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP	0x9e3779b97f4a7c15ull	/* odd: no value comes twice */
#define SHOWN	4

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t *map(const char *path, size_t size, int writing, int flags)
{
	int fd = open(path, writing ? O_RDWR | O_CREAT : O_RDONLY, 0600);
	struct stat about;
	void *p;

	if (fd < 0 || fstat(fd, &about))
		fail(path);
	if (writing && S_ISREG(about.st_mode) && ftruncate(fd, size))
		fail("ftruncate");
	p = mmap(NULL, size, PROT_READ | (writing ? PROT_WRITE : 0), flags, fd, 0);
	if (p == MAP_FAILED)
		fail("mmap");
	close(fd);
	return p;
}

static void write_words(uint64_t *words, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		words[i] = (seed + i) * STEP;
	/* EINVAL: a device, which has nothing to write back to. */
	if (msync(words, count * sizeof(*words), MS_SYNC) && errno != EINVAL)
		fail("msync");
}

static size_t verify_words(const uint64_t *words, size_t count, uint64_t seed)
{
	size_t bad = 0;

	for (size_t i = 0; i < count; i++)
		if (words[i] != (seed + i) * STEP && bad++ < SHOWN)
			printf("pattern: 0x%llx at 0x%zx\n",
			       (unsigned long long)words[i], i * sizeof(*words));
	return bad;
}

int main(int argc, char **argv)
{
	int writing, flags = MAP_SHARED;
	size_t size, bad = 0;
	uint64_t *words, seed;

	if (argc != 5 && (argc != 6 || strcmp(argv[5], "sync"))) {
		fprintf(stderr, "usage: pattern write|verify FILE SIZE SEED [sync]\n");
		return 2;
	}
	writing = !strcmp(argv[1], "write");
	size = strtoull(argv[3], NULL, 0);
	seed = strtoull(argv[4], NULL, 0) << 40;
	if (argc == 6)
		flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	words = map(argv[2], size, writing, flags);
	if (writing)
		write_words(words, size / sizeof(*words), seed);
	else
		bad = verify_words(words, size / sizeof(*words), seed);
	printf("pattern: %zu bytes, %zu words bad\n", size, bad);
	return bad != 0;
}
