/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's side of a pool: its kernel, by libmemhp.
 *
 * Owns:      the connection that makes the agent the controller, as the kernel sees it, of
 *            the pool's segments in this guest.
 * Must not:  know messages. What it says of segments comes from the kernel each time.
 */
#ifndef _POOL_GUEST_H
#define _POOL_GUEST_H

#include <libmemhp.h>
#include <stdint.h>

struct guest {
	struct memhp *m;
	const char *pool;
	char owner[MEMHP_OWNER_LEN + 1];
	uint64_t start;			/* physical address of the pool's first byte */
	uint64_t size;			/* of a segment, in bytes */
	uint32_t count;			/* of segments */
	char text[256];			/* why the last call failed */
};

/**
 * guest_open() - connect to the kernel
 * @g: pool and start are set
 *
 * Return: 0; what memhp_open() says; -EPERM: a capability is missing. g->text has it in
 * words.
 */
int guest_open(struct guest *g);

/**
 * guest_shape() - what the pool is like
 * @g: guest
 * @size: of a segment, in bytes
 * @count: of segments
 *
 * Return: 0; -ERANGE: there is no window that has all of it; -EINVAL: a segment is not a
 * multiple of a memory block; what memhp_windows() says.
 */
int guest_shape(struct guest *g, uint64_t size, uint32_t count);

/**
 * guest_settle() - wait until nothing is under way, and take over what a dead agent left
 * @g: guest
 *
 * Return: 0, what memhp_segments() and memhp_reclaim() say.
 */
int guest_settle(struct guest *g);

/**
 * guest_attach() - attach a segment; once it is attached, do nothing
 * @g: guest, settled
 * @segment: its number
 * @begun: called when the kernel was told, and before it is done
 *
 * Return: 0, or an error: it is not attached then.
 */
int guest_attach(struct guest *g, uint32_t segment, void (*begun)(void));

/**
 * guest_detach() - detach a segment; once it is gone, do nothing
 * @g: guest, settled
 * @segment: its number
 * @deadline_ms: undone if it takes longer
 * @begun: called when the kernel was told, and before it is done
 *
 * Return: 0, or an error: it is there as it was then.
 */
int guest_detach(struct guest *g, uint32_t segment, uint32_t deadline_ms,
		 void (*begun)(void));

/**
 * guest_has() - which segments there are, or parts of them, whoever attached them
 * @g: guest
 * @has: gets a bit for each
 *
 * Return: 0, or what memhp_segments() says.
 */
int guest_has(struct guest *g, uint64_t *has);

#endif
