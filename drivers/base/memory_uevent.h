/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DRIVERS_BASE_MEMORY_UEVENT_H
#define _DRIVERS_BASE_MEMORY_UEVENT_H
/* Events of memory blocks, for memory.c. */
#include <linux/kobject.h>

struct device;
struct memory_block;

/*
 * The block is about to send an event. If it is one of a range that is to send
 * one only, and that was sent already, it keeps silent.
 */
void memory_uevent_prepare(struct memory_block *mem, enum kobject_action action);

/* What the bus adds to an event. */
int memory_uevent(const struct device *dev, struct kobj_uevent_env *env);

#endif /* _DRIVERS_BASE_MEMORY_UEVENT_H */
