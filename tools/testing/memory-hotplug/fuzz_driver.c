// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds files of hexadecimal bytes to the fuzzer's entry, without a fuzzer.
 *
 *	kpgtable-corpus corpus_kpgtable/x.hex ...
 *
 * A failure aborts; the input that did it is the one after the last "ok".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_LEN	16384

static size_t read_hex(const char *path, uint8_t *data)
{
	FILE *f = fopen(path, "r");
	size_t len = 0;
	unsigned int byte;

	if (!f) {
		perror(path);
		exit(2);
	}
	while (len < MAX_LEN && fscanf(f, "%2x", &byte) == 1)
		data[len++] = byte;
	fclose(f);
	return len;
}

int main(int argc, char **argv)
{
	static uint8_t data[MAX_LEN];
	const char *name;
	size_t len;
	int i;

	printf("KTAP version 1\n1..%d\n", argc - 1);
	for (i = 1; i < argc; i++) {
		len = read_hex(argv[i], data);
		name = strrchr(argv[i], '/');
		name = name ? name + 1 : argv[i];
		if (len)
			LLVMFuzzerTestOneInput(data, len);
		printf("%sok %d ", len ? "" : "not ", i);
		printf(fuzz_claim, name);
		putchar('\n');
		fflush(stdout);
		if (!len)
			return 1;
	}
	return argc < 2;
}
