/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: <linux/array_size.h> needs it in the kernel, and nothing of it here. */
