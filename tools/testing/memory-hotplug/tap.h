/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests as sentences, reported as KTAP.
 *
 * A test is a function that returns; it has failed if it called tap_fail().
 * Its description starts with the ids of the requirements it proves.
 */
#ifndef _MEMHP_TAP_H
#define _MEMHP_TAP_H

#include <stdbool.h>

struct geometry;

struct tap_test {
	const char *name;
	void (*run)(void);
	void (*each)(const struct geometry *g);	/* else; for WORLD_SUITE() */
};

struct tap_suite {
	const struct tap_test *tests;
	int nr;
	void (*run)(const struct tap_test *test);
};

#define TAP_SUITE_RUN_BY(suite, array, runner)				\
	const struct tap_suite suite = {				\
		array, sizeof(array) / sizeof((array)[0]), runner	\
	}
#define TAP_SUITE(suite, array)	TAP_SUITE_RUN_BY(suite, array, tap_run)

/* Calls test->run(). */
void tap_run(const struct tap_test *test);

/* The first call of a test is the one that is shown. */
void tap_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Fails, and shows where they begin to differ, unless both texts are the same. */
void tap_expect_text(const char *have, const char *want);

bool tap_failed(void);
const char *tap_reason(void);

/* What the test is busy with; shown when it fails. */
void tap_context(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Run all tests whose name contains @filter (NULL: all). Stops at the first
 * failure if @stop is set. Returns an exit status.
 */
int tap_main(const struct tap_suite *const *suites, const char *filter,
	     bool stop);

#endif
