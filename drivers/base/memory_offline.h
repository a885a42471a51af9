/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRIVERS_BASE_MEMORY_OFFLINE_H
#define _DRIVERS_BASE_MEMORY_OFFLINE_H
/* Offlining ranges by files, for memory.c. */

struct attribute_group;

extern const struct attribute_group memory_offline_group;

/* For a list of groups; a NULL ends it. */
#ifdef CONFIG_MEMORY_HOTREMOVE
#define MEMORY_OFFLINE_GROUP	(&memory_offline_group)
#else
#define MEMORY_OFFLINE_GROUP	NULL
#endif

#endif /* _DRIVERS_BASE_MEMORY_OFFLINE_H */
