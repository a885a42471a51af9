// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool's memory. See backing.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backing.h"

int backing_open(const char *path, uint64_t *size)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	/* released when the controller ends, in whatever way */
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -EBUSY;
	}
	*size = st.st_size;
	return fd;
}

static int write_zeroes(int fd, uint64_t start, uint64_t size)
{
	static const char zeroes[1 << 16];

	while (size) {
		ssize_t done = pwrite(fd, zeroes,
				      size < sizeof(zeroes) ? size : sizeof(zeroes), start);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		start += done;
		size -= done;
	}
	return 0;
}

int backing_zero(int fd, uint64_t start, uint64_t size)
{
	if (!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, size))
		return 0;
	return errno == EOPNOTSUPP ? write_zeroes(fd, start, size) : -errno;
}
