// SPDX-License-Identifier: GPL-2.0-only
/*
 * onewrite [-c] [-o] [-u UID] [-n K] FILE: opens FILE, writes what comes on standard
 * input by one write(), and prints the error number of that, or of the open; 0 if
 * all went well. Shells write in pieces of their own choice, and hide what went
 * wrong.
 *
 *	-c	give up CAP_SYS_ADMIN, once the file is open
 *	-u	become another user, once the file is open
 *	-o	give up or become it before the file is opened
 *	-n	the K-th request for memory of the write fails, by fault injection;
 *		a number before says whether there were as many
 *
 * Status 0 unless standard input or the options are to blame.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "capability.h"

static char data[1 << 17];
static size_t length;

static int drop_cap, before;
static long uid = -1, nth;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static void become_less(void)
{
	if (drop_cap && drop_capability(CAP_SYS_ADMIN))
		fail("capset");
	if (uid >= 0 && (setgid(uid) || setuid(uid)))
		fail("setuid");
}

static void read_input(void)
{
	ssize_t got;

	while ((got = read(0, data + length, sizeof(data) - length)) > 0)
		length += got;
	if (got < 0)
		fail("standard input");
}

static int open_nth(void)
{
	int fd = nth ? open("/proc/thread-self/fail-nth", O_RDWR) : -1;

	if (nth && fd < 0)
		fail("fail-nth");
	return fd;
}

/* From here on requests count. */
static void arm(int fd)
{
	if (fd >= 0 && dprintf(fd, "%ld", nth) < 0)
		fail("fail-nth");
}

/* Was there a K-th request? What is left to count says so. */
static void disarm(int fd)
{
	char left[16] = "";

	if (fd < 0)
		return;
	if (pread(fd, left, sizeof(left) - 1, 0) < 0 || pwrite(fd, "0", 1, 0) < 0)
		fail("fail-nth");
	printf("%d ", atol(left) == 0);
}

static int write_once(const char *path)
{
	int fd, error, counter = open_nth();
	ssize_t wrote;

	if (before)
		become_less();
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	if (!before)
		become_less();
	arm(counter);
	wrote = write(fd, data, length);
	error = errno;
	disarm(counter);
	if (wrote < 0)
		return error;
	return (size_t)wrote == length ? 0 : EIO;
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "cou:n:")) != -1) {
		if (option == 'c')
			drop_cap = 1;
		else if (option == 'o')
			before = 1;
		else if (option == 'u')
			uid = atol(optarg);
		else if (option == 'n')
			nth = atol(optarg);
		else
			return 2;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: onewrite [-c] [-o] [-u UID] [-n K] FILE\n");
		return 2;
	}
	read_input();
	printf("%d\n", write_once(argv[optind]));
	return 0;
}
