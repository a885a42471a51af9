/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_ONLINE_MEMS_H
#define _LINUX_ONLINE_MEMS_H
/*
 * guard(online_mems)() keeps memory as it is for the rest of a function that may sleep: as
 * get_online_mems() and put_online_mems(). For files of stock, with -include.
 */
#include <linux/cleanup.h>
#include <linux/memory_hotplug.h>

DEFINE_LOCK_GUARD_0(online_mems, get_online_mems(), put_online_mems())

#endif /* _LINUX_ONLINE_MEMS_H */
