/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: the C library has the same functions. */
#ifndef _HOST_LINUX_STRING_H
#define _HOST_LINUX_STRING_H

#include <string.h>

#endif
