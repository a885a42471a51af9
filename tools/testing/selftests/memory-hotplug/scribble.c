// SPDX-License-Identifier: GPL-2.0-only
/*
 * scribble COUNT SEED FILE ...: writes nonsense to files, some of which may come and go:
 * words that they know, such words with a wrong byte, numbers, and bytes of any kind. Says
 * "TAKEN REFUSED MISSING"; those to a file that was not there do not count. What is
 * onlined is movable, so that it can leave again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

static const char *const words[] = {
	"offline", "online_movable", "unplug", "abort", "draining", "absent", "none", "",
	"0", "1", "-1", "4096", "60000", "0x8000000", "0x7fffffff", "4294967295",
	"18446744073709551615", "18446744073709551616", "1k", " 1", "0x",
};

static uint64_t seed;

static unsigned int draw(unsigned int below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

/* No byte is 0: what ends early might be a word that is not meant. */
static int fill(char *text, int length)
{
	for (int i = 0; i < length; i++)
		text[i] = 1 + draw(255);
	return length;
}

static int compose(char *text, int room)
{
	const char *word = words[draw(COUNT(words))];
	int length = strlen(word), kind = draw(8);

	if (kind == 0)
		return fill(text, draw(64));
	if (kind == 1 && !draw(16))
		return fill(text, room);
	memcpy(text, word, length);
	if (kind < 4 && length)
		text[draw(length)] = 1 + draw(255);
	if (draw(2))
		text[length++] = '\n';
	return length;
}

/* 0: taken, 1: refused, 2: there is no such file. */
static int scribble(const char *name)
{
	static char text[8192];
	int length = compose(text, sizeof(text));
	int fd = open(name, O_WRONLY), ret;

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 2 : 1;
	ret = write(fd, text, length) < 0;
	close(fd);
	return ret;
}

int main(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[1]) : 0, found[3] = { 0 };

	if (count <= 0) {
		fprintf(stderr, "scribble COUNT SEED FILE ...\n");
		return 2;
	}
	seed = atoi(argv[2]);
	while (found[0] + found[1] < count)
		found[scribble(argv[3 + draw(argc - 3)])]++;
	printf("%d %d %d\n", found[0], found[1], found[2]);
	return 0;
}
