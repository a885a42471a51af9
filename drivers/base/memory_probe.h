/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRIVERS_BASE_MEMORY_PROBE_H
#define _DRIVERS_BASE_MEMORY_PROBE_H
/* The files by which memory is added and removed by hand, of the memory bus. */

#ifdef CONFIG_MEMHP_PROBE
extern const struct attribute_group memory_probe_group;
#define MEMORY_PROBE_GROUP	(&memory_probe_group)
#else
#define MEMORY_PROBE_GROUP	NULL
#endif

#endif /* _DRIVERS_BASE_MEMORY_PROBE_H */
