/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host stand-in: the few error numbers that pure files return. It cannot
 * include the C library's header, which comes back to this name on Linux.
 */
#ifndef _HOST_LINUX_ERRNO_H
#define _HOST_LINUX_ERRNO_H

#define EPERM	1
#define ENOENT	2
#define EIO	5
#define ENOMEM	12
#define EBUSY	16
#define EEXIST	17
#define EINVAL	22
#define E2BIG	7
#define ERANGE	34
#define EALREADY	114
#define EDQUOT	122
#define EOWNERDEAD	130

#endif
