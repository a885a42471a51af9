/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MEMHP_CAPABILITY_H
#define _MEMHP_CAPABILITY_H
/*
 * Programs that are to be refused something.
 */
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Gives up a capability, and what a program that is run next would have of it: 0, or -1. */
static inline int drop_capability(int which)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps))
		return -1;
	caps[0].effective &= ~(1u << which);
	caps[0].permitted &= ~(1u << which);
	caps[0].inheritable &= ~(1u << which);
	return syscall(SYS_capset, &head, caps);
}

#endif /* _MEMHP_CAPABILITY_H */
