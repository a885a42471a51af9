// SPDX-License-Identifier: GPL-2.0-only
/* Tests as sentences, reported as KTAP. See tap.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

static char context[256], reason[512];
static bool failed;

void tap_fail(const char *fmt, ...)
{
	va_list args;

	if (failed)
		return;
	failed = true;
	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
}

void tap_expect_text(const char *have, const char *want)
{
	size_t same = 0;

	while (have[same] && have[same] == want[same])
		same++;
	if (have[same] || want[same])
		tap_fail("differs from here on: \"%.60s\", not \"%.60s\"", have + same,
			 want + same);
}

bool tap_failed(void)
{
	return failed;
}

const char *tap_reason(void)
{
	return reason;
}

void tap_context(const char *fmt, ...)
{
	va_list args;

	if (failed)
		return;
	va_start(args, fmt);
	vsnprintf(context, sizeof(context), fmt, args);
	va_end(args);
}

static bool selected(const struct tap_test *test, const char *filter)
{
	return !filter || strstr(test->name, filter);
}

static int count(const struct tap_suite *const *suites, const char *filter)
{
	int i, n = 0;

	for (; *suites; suites++)
		for (i = 0; i < (*suites)->nr; i++)
			n += selected(&(*suites)->tests[i], filter);
	return n;
}

void tap_run(const struct tap_test *test)
{
	test->run();
}

static bool run_one(const struct tap_suite *suite, const struct tap_test *test,
		    int nr)
{
	failed = false;
	context[0] = 0;
	suite->run(test);
	if (failed)
		printf("# %s: %s\n", context, reason);
	printf("%sok %d %s\n", failed ? "not " : "", nr, test->name);
	fflush(stdout);
	return !failed;
}

int tap_main(const struct tap_suite *const *suites, const char *filter,
	     bool stop)
{
	int i, nr = 0, bad = 0, total = count(suites, filter);

	printf("KTAP version 1\n1..%d\n", total);
	for (; *suites; suites++) {
		for (i = 0; i < (*suites)->nr; i++) {
			if (!selected(&(*suites)->tests[i], filter))
				continue;
			bad += !run_one(*suites, &(*suites)->tests[i], ++nr);
			if (bad && stop)
				return 1;
		}
	}
	if (!total)
		printf("# no test matches\n");
	printf("# %d passed, %d failed\n", nr - bad, bad);
	return bad || !total;
}
