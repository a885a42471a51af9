// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of numbers, sizes and uuids. See libmemhp.h.
 *
 * Owns:      how they are written. The names are those of /sys/class/memhp.
 * Must not:  speak to the kernel, but for chance.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "libmemhp.h"

#define NAME(array, number)						\
	((number) < sizeof(array) / sizeof(*(array)) ? (array)[number] : "unknown")

static const char *const states[] = {
	[MEMHP_STATE_ABSENT]	= "absent",
	[MEMHP_STATE_ATTACHING]	= "attaching",
	[MEMHP_STATE_ATTACHED]	= "attached",
	[MEMHP_STATE_CHANGING]	= "changing",
	[MEMHP_STATE_DRAINING]	= "draining",
	[MEMHP_STATE_ABORTING]	= "aborting",
};

static const char *const usages[] = {
	[MEMHP_USAGE_OFFLINE]		= "offline",
	[MEMHP_USAGE_ONLINE_KERNEL]	= "online_kernel",
	[MEMHP_USAGE_ONLINE_MOVABLE]	= "online_movable",
	[MEMHP_USAGE_MIXED]		= "mixed",
};

static const char *const policies[] = {
	[MEMHP_POLICY_OFFLINE]		= "offline",
	[MEMHP_POLICY_ONLINE]		= "online",
	[MEMHP_POLICY_ONLINE_KERNEL]	= "online_kernel",
	[MEMHP_POLICY_ONLINE_MOVABLE]	= "online_movable",
};

static const char *const memmaps[] = {
	[MEMHP_MEMMAP_ANY]	= "any",
	[MEMHP_MEMMAP_OUTSIDE]	= "outside",
	[MEMHP_MEMMAP_INSIDE]	= "inside",
};

static const char *const sources[] = {
	[MEMHP_SOURCE_SRAT]		= "srat",
	[MEMHP_SOURCE_DEVICETREE]	= "devicetree",
	[MEMHP_SOURCE_CUT_OFF]		= "cut-off",
	[MEMHP_SOURCE_DRIVER]		= "driver",
	[MEMHP_SOURCE_ADMINISTRATOR]	= "administrator",
};

static const char *const blockers[] = {
	[MEMHP_BLOCKER_KIND_UNKNOWN]	= "unknown",
	[MEMHP_BLOCKER_KIND_PINNED]	= "pinned",
	[MEMHP_BLOCKER_KIND_KERNEL]	= "kernel",
	[MEMHP_BLOCKER_KIND_SLAB]	= "slab",
	[MEMHP_BLOCKER_KIND_PAGE_TABLE]	= "page-table",
	[MEMHP_BLOCKER_KIND_HUGETLB]	= "hugetlb",
	[MEMHP_BLOCKER_KIND_POISONED]	= "poisoned",
	[MEMHP_BLOCKER_KIND_OFFLINE]	= "offline",
};

static const char *const events[] = {
	[MEMHP_EVENT_ATTACHED]	= "attached",
	[MEMHP_EVENT_USAGE]	= "usage",
	[MEMHP_EVENT_PROGRESS]	= "progress",
	[MEMHP_EVENT_BLOCKED]	= "blocked",
	[MEMHP_EVENT_DETACHED]	= "detached",
	[MEMHP_EVENT_FAILED]	= "failed",
	[MEMHP_EVENT_POISONED]	= "poisoned",
	[MEMHP_EVENT_ORPHANED]	= "orphaned",
	[MEMHP_EVENT_RECLAIMED]	= "reclaimed",
};

const char *memhp_state_name(uint32_t state)
{
	return NAME(states, state);
}

const char *memhp_usage_name(uint32_t usage)
{
	return NAME(usages, usage);
}

const char *memhp_policy_name(uint32_t policy)
{
	return NAME(policies, policy);
}

const char *memhp_memmap_name(uint32_t memmap)
{
	return NAME(memmaps, memmap);
}

const char *memhp_source_name(uint32_t source)
{
	return NAME(sources, source);
}

const char *memhp_blocker_name(uint32_t kind)
{
	return NAME(blockers, kind);
}

const char *memhp_event_name(uint32_t event)
{
	return NAME(events, event);
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(*a == '-' && *b == '_'))
			return false;
	return *a == *b;
}

static int find_name(const char *name, const char *const *names, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (same_name(name, names[i]))
			return i;
	return -EINVAL;
}

int memhp_policy_parse(const char *name)
{
	return find_name(name, policies, sizeof(policies) / sizeof(*policies));
}

int memhp_memmap_parse(const char *name)
{
	return find_name(name, memmaps, sizeof(memmaps) / sizeof(*memmaps));
}

/* Sizes */

static int digit_of(char c, int base)
{
	int value = isdigit((unsigned char)c) ? c - '0' :
		    isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 :
		    base;

	return value < base ? value : -1;
}

static int take_digits(const char **text, uint64_t *value)
{
	bool hex = (*text)[0] == '0' && tolower((unsigned char)(*text)[1]) == 'x';
	int base = hex ? 16 : 10, digit;

	*text += hex ? 2 : 0;
	*value = 0;
	if (digit_of(**text, base) < 0)
		return -EINVAL;
	for (; (digit = digit_of(**text, base)) >= 0; ++*text)
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, digit, value))
			return -ERANGE;
	return 0;
}

int memhp_size_parse(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGTPE";
	const char *unit;
	uint64_t value;
	int err = take_digits(&text, &value), shift;

	if (err)
		return err;
	unit = *text ? strchr(units, toupper((unsigned char)*text)) : NULL;
	shift = unit ? 10 * (unit - units + 1) : 0;
	text += !!unit;
	if (*text && (!unit || strcmp(text, "iB")))
		return -EINVAL;
	if (shift && value >> (64 - shift))
		return -ERANGE;
	*bytes = value << shift;
	return 0;
}

/* Uuids: bytes in the order in which they are written */

static bool dash_before(int byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int memhp_uuid_parse(const char *text, uint8_t uuid[MEMHP_UUID_LEN])
{
	uint8_t found[MEMHP_UUID_LEN];
	int i, high, low;

	for (i = 0; i < MEMHP_UUID_LEN; i++) {
		if (dash_before(i) && *text++ != '-')
			return -EINVAL;
		high = digit_of(text[0], 16);
		low = high < 0 ? -1 : digit_of(text[1], 16);
		if (low < 0)
			return -EINVAL;
		found[i] = high << 4 | low;
		text += 2;
	}
	if (*text)
		return -EINVAL;
	memcpy(uuid, found, sizeof(found));
	return 0;
}

void memhp_uuid_text(const uint8_t uuid[MEMHP_UUID_LEN],
		     char text[MEMHP_UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = 0; i < MEMHP_UUID_LEN; i++) {
		if (dash_before(i))
			*text++ = '-';
		*text++ = digits[uuid[i] >> 4];
		*text++ = digits[uuid[i] & 15];
	}
	*text = '\0';
}

int memhp_uuid_make(uint8_t uuid[MEMHP_UUID_LEN])
{
	if (getrandom(uuid, MEMHP_UUID_LEN, 0) != MEMHP_UUID_LEN)
		return -errno;
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
	return 0;
}
