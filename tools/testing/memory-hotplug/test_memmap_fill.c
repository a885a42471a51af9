// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of memmap_fill.c: each word is the model's, and nothing around them is
 * touched. The arrays are as long as they have to be, so that the address
 * sanitizer sees a read or a write beyond them.
 */
#include <stdlib.h>
#include <string.h>

#include "../../../mm/memory_hotplug/memmap_fill.h"
#include "tap.h"

#define UNTOUCHED	0xdeadbeefdeadbeefUL

static unsigned long model_word(unsigned int i)
{
	return (i + 1) * 0x9e3779b97f4a7c15UL;
}

static unsigned long *new_words(unsigned long nr)
{
	unsigned long *words = malloc(nr * sizeof(*words));
	unsigned long i;

	if (!words)
		abort();
	for (i = 0; i < nr; i++)
		words[i] = UNTOUCHED;
	return words;
}

static void check(const unsigned long *at, unsigned int words, unsigned long nr)
{
	unsigned long i;

	if (at[0] != UNTOUCHED || at[1 + words * nr] != UNTOUCHED)
		tap_fail("%lu times %u words: something else was written", nr,
			 words);
	for (i = 0; i < words * nr; i++)
		if (at[1 + i] != model_word(i % words)) {
			tap_fail("%lu times %u words: word %lu is wrong", nr,
				 words, i);
			return;
		}
}

static void fill_and_check(unsigned int words, unsigned long nr)
{
	unsigned long *at = new_words(words * nr + 2);
	unsigned long *model = new_words(words);
	unsigned int i;

	for (i = 0; i < words; i++)
		model[i] = model_word(i);
	memmap_fill(at + 1, model, words, nr);
	check(at, words, nr);
	free(model);
	free(at);
}

/* Sizes that struct page has, and some that it has not; any number of them. */
static void each_struct_is_the_model(void)
{
	unsigned int words;
	unsigned long nr;

	for (words = 1; words <= 12; words++)
		for (nr = 0; nr <= 70; nr++)
			fill_and_check(words, nr);
	fill_and_check(8, 32768);
}

static const struct tap_test tests[] = {
	{ "ONLINE-05 every page struct is as its model, and nothing else is written",
	  each_struct_is_the_model },
};

TAP_SUITE(suite_memmap_fill, tests);
