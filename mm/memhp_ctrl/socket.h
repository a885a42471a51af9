/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MEMHP_CTRL_SOCKET_H
#define _MM_MEMHP_CTRL_SOCKET_H

/**
 * struct memhp_socket - what the netlink family keeps of an open socket
 * @segments: how many segments it stands behind
 *
 * It is the controller, as far as the kernel is concerned: when it is closed, its
 * segments are orphans.
 */
struct memhp_socket {
	unsigned int segments;
};

#endif /* _MM_MEMHP_CTRL_SOCKET_H */
