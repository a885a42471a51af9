// SPDX-License-Identifier: GPL-2.0-only
/*
 * again COUNT PAUSE read FILE OFFSET BYTES
 * again COUNT PAUSE write FILE TEXT [FILE TEXT]
 *
 * Does the same until /tmp/enough is there, with a pause of so many milliseconds
 * after each round. It is open(), one transfer, close(), without a process of its
 * own as a shell's loop has, which takes most of the time on a slow machine. What
 * the kernel answers does not matter. The file COUNT has the number of rounds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENOUGH	"/tmp/enough"

static void read_once(const char *path, off_t offset, size_t bytes)
{
	static char *buffer;
	int fd = open(path, O_RDONLY);

	if (!buffer)
		buffer = malloc(bytes);
	if (fd < 0)
		return;
	/* a hole, memory that is gone: no matter */
	if (buffer && pread(fd, buffer, bytes, offset) < 0)
		usleep(1000);
	close(fd);
}

static void write_once(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		usleep(1000);
	close(fd);
}

static void once(int argc, char **argv)
{
	if (!strcmp(argv[0], "read") && argc == 4)
		read_once(argv[1], strtoull(argv[2], NULL, 0),
			  strtoull(argv[3], NULL, 0));
	else
		for (int i = 1; i + 1 < argc; i += 2)
			write_once(argv[i], argv[i + 1]);
}

static void note(int fd, unsigned long rounds)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%lu\n", rounds);

	if (pwrite(fd, text, length, 0) != length)
		exit(1);
}

int main(int argc, char **argv)
{
	unsigned long rounds = 0;
	int fd;

	if (argc < 6)
		return 2;
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	while (fd >= 0 && access(ENOUGH, F_OK)) {
		once(argc - 3, argv + 3);
		note(fd, ++rounds);
		usleep(1000 * strtoul(argv[2], NULL, 0));
	}
	return fd < 0;
}
