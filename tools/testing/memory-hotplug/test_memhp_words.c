// SPDX-License-Identifier: GPL-2.0-only
/* Sizes, uuids and names, as libmemhp reads and writes them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libmemhp.h"
#include "tap.h"

static void sizes(void)
{
	static const struct {
		const char *text;
		int err;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0, 0 }, { "1", 0, 1 }, { "0x8000000", 0, 1 << 27 },
		{ "0X8000000", 0, 1 << 27 }, { "0xAbC", 0, 0xabc },
		{ "128M", 0, 1 << 27 }, { "128m", 0, 1 << 27 }, { "128MiB", 0, 1 << 27 },
		{ "1K", 0, 1024 }, { "3G", 0, 3ull << 30 }, { "2T", 0, 2ull << 40 },
		{ "1P", 0, 1ull << 50 }, { "15E", 0, 15ull << 60 },
		{ "0x10K", 0, 16384 }, { "010", 0, 10 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 }, { "16E", -ERANGE, 0 },
		{ "0x10000000000000000", -ERANGE, 0 }, { "18014398509481984K", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "M", -EINVAL, 0 }, { "0x", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 }, { " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 }, { "1X", -EINVAL, 0 }, { "1MB", -EINVAL, 0 },
		{ "1iB", -EINVAL, 0 }, { "1M1", -EINVAL, 0 }, { "1.5G", -EINVAL, 0 },
		{ "12a", -EINVAL, 0 }, { "\xff", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t bytes = 77;
		int err = memhp_size_parse(cases[i].text, &bytes);

		tap_context("\"%s\"", cases[i].text);
		if (err != cases[i].err || bytes != (err ? 77 : cases[i].bytes))
			tap_fail("%d, %llu", err, (unsigned long long)bytes);
	}
}

#define WHOLE	"0123abCD-4567-89ef-0011-2233445566ff"

static void uuids(void)
{
	static const uint8_t want[] = { 0x01, 0x23, 0xab, 0xcd, 0x45, 0x67, 0x89, 0xef,
					0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0xff };
	uint8_t uuid[MEMHP_UUID_LEN] = { 0 };
	char text[MEMHP_UUID_TEXT];

	if (memhp_uuid_parse(WHOLE, uuid) || memcmp(uuid, want, sizeof(want)))
		tap_fail("not read");
	memhp_uuid_text(uuid, text);
	if (strcmp(text, "0123abcd-4567-89ef-0011-2233445566ff"))
		tap_fail("written as %s", text);
}

/* Each character once another one, and the text cut behind each; on the heap for ASan. */
static void bad_uuids(void)
{
	static const char others[] = "g-x \xff";
	uint8_t uuid[MEMHP_UUID_LEN] = { 9 };

	for (size_t i = 0; i < strlen(WHOLE); i++) {
		char *part = strndup(WHOLE, i);

		tap_context("place %zu", i);
		if (memhp_uuid_parse(part, uuid) != -EINVAL)
			tap_fail("cut, and taken");
		free(part);
		for (const char *c = others; *c; c++) {
			char text[] = WHOLE;

			if (*c == '-' && text[i] == '-')
				continue;
			text[i] = *c;
			if (memhp_uuid_parse(text, uuid) != -EINVAL)
				tap_fail("%s is taken", text);
		}
	}
	if (memhp_uuid_parse(WHOLE "0", uuid) != -EINVAL || uuid[0] != 9)
		tap_fail("longer, and taken; or something was written");
}

static void chance(void)
{
	uint8_t a[MEMHP_UUID_LEN], b[MEMHP_UUID_LEN];

	if (memhp_uuid_make(a) || memhp_uuid_make(b))
		tap_fail("no chance");
	if (!memcmp(a, b, sizeof(a)))
		tap_fail("twice the same");
	if (a[6] >> 4 != 4 || a[8] >> 6 != 2)
		tap_fail("not of version 4");
}

static void names(void)
{
	int i;

	for (i = 0; i <= MEMHP_POLICY_ONLINE_MOVABLE; i++)
		if (memhp_policy_parse(memhp_policy_name(i)) != i)
			tap_fail("policy %d", i);
	for (i = 0; i <= MEMHP_MEMMAP_INSIDE; i++)
		if (memhp_memmap_parse(memhp_memmap_name(i)) != i)
			tap_fail("memmap %d", i);
	if (memhp_policy_parse("online-movable") != MEMHP_POLICY_ONLINE_MOVABLE ||
	    memhp_policy_parse("online_") != -EINVAL || memhp_policy_parse("") != -EINVAL ||
	    memhp_policy_parse("unknown") != -EINVAL)
		tap_fail("a policy that there is not");
	if (strcmp(memhp_state_name(MEMHP_STATE_DRAINING), "draining") ||
	    strcmp(memhp_event_name(MEMHP_EVENT_RECLAIMED), "reclaimed") ||
	    strcmp(memhp_usage_name(MEMHP_USAGE_MIXED), "mixed") ||
	    strcmp(memhp_source_name(MEMHP_SOURCE_CUT_OFF), "cut-off") ||
	    strcmp(memhp_blocker_name(MEMHP_BLOCKER_KIND_PAGE_TABLE), "page-table"))
		tap_fail("another name");
}

static void no_names(void)
{
	static const char *(*const functions[])(uint32_t) = {
		memhp_state_name, memhp_usage_name, memhp_policy_name, memhp_memmap_name,
		memhp_source_name, memhp_blocker_name, memhp_event_name,
	};
	static const uint32_t numbers[] = { 9, 64, 1u << 31, UINT32_MAX };

	for (size_t f = 0; f < sizeof(functions) / sizeof(*functions); f++)
		for (int i = 0; i < 4; i++)
			if (strcmp(functions[f](numbers[i]), "unknown"))
				tap_fail("function %zu knows %u", f, numbers[i]);
}

static const struct tap_test tests[] = {
	{ "CTRL-09 sizes are read with their units, and nothing else is a size", sizes },
	{ "CTRL-09 a uuid is read and written", uuids },
	{ "CTRL-09 a uuid with a wrong character, or cut, is none", bad_uuids },
	{ "CTRL-09 a uuid by chance is of version 4, and another each time", chance },
	{ "CTRL-09 names are those of the files, and can be read back", names },
	{ "CTRL-09 a number without a name has one, too", no_names },
};

TAP_SUITE(suite_memhp_words, tests);
