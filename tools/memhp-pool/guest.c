// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's side of a pool. See guest.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "wire.h"

static int complain(struct guest *g, int err, const char *what)
{
	const char *text = g->m ? memhp_text(g->m) : "";

	snprintf(g->text, sizeof(g->text), "%s: %s", what, *text ? text : strerror(-err));
	return err;
}

int guest_open(struct guest *g)
{
	struct memhp_segment *list = NULL;
	int err = memhp_open(&g->m);

	snprintf(g->owner, sizeof(g->owner), "pool-%s", g->pool);
	if (err)
		return complain(g, err, "the kernel has no controllers");
	/* who may not ask is to know it now, and not when the first order comes */
	err = memhp_segments(g->m, &list);
	free(list);
	return err == -EPERM ? complain(g, err, "the kernel refuses") : 0;
}

/* Window */

static bool has_pool(const struct memhp_window *w, const struct guest *g)
{
	uint64_t before = g->start - w->start;

	return w->start <= g->start && before <= w->size &&
	       g->count * g->size <= w->size - before;
}

int guest_shape(struct guest *g, uint64_t size, uint32_t count)
{
	struct memhp_window *list = NULL;
	int nr = memhp_windows(g->m, &list), err = -ERANGE;

	g->size = size;
	g->count = count;
	for (int i = 0; i < nr; i++)
		if (has_pool(&list[i], g))
			err = size % list[i].block ? -EINVAL : 0;
	free(list);
	if (nr < 0)
		return complain(g, nr, "windows");
	if (err == -ERANGE)
		snprintf(g->text, sizeof(g->text), "no window has the whole pool at %#llx",
			 (unsigned long long)g->start);
	else if (err)
		snprintf(g->text, sizeof(g->text), "a segment is not whole memory blocks");
	return err;
}

/* The bits of the pool's segments of which @s has a part. */
static uint64_t bits_of(const struct guest *g, const struct memhp_segment *s)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < g->count; i++) {
		uint64_t start = g->start + i * g->size;

		for (uint32_t r = 0; r < s->nr_ranges; r++)
			if (s->range[r].start < start + g->size &&
			    start < s->range[r].start + s->range[r].size)
				bits |= 1ull << i;
	}
	return bits;
}

/* Waiting */

/* Begins something, and waits until it is over. */
typedef int (*begin_fn)(struct guest *g, const void *arg);

static int begin_and_wait(struct guest *g, const uint8_t *uuid, begin_fn begin,
			  const void *arg, void (*begun)(void),
			  struct memhp_segment *end)
{
	struct memhp *ear;
	int err = memhp_open(&ear);

	if (!err)
		err = memhp_listen(ear, false);
	if (!err && begin)
		err = begin(g, arg);
	if (!err && begun)
		begun();
	if (!err)
		err = memhp_wait(g->m, ear, uuid, NULL, NULL, end);
	if (err)
		complain(g, err, "segment");
	memhp_close(ear);
	return err;
}

static bool is_ours(const struct guest *g, const struct memhp_segment *s)
{
	return !strcmp(s->owner, g->owner);
}

static int settle_one(struct guest *g, const struct memhp_segment *s)
{
	struct memhp_segment end;
	int err = 0;

	if (s->orphan && is_ours(g, s))
		err = memhp_reclaim(g->m, s->uuid, g->owner, NULL, NULL);
	if (err && err != -ENOENT)
		return complain(g, err, "reclaim");
	/* What came of it is seen by looking. */
	if (s->state != MEMHP_STATE_ATTACHED)
		begin_and_wait(g, s->uuid, NULL, NULL, NULL, &end);
	return 0;
}

int guest_settle(struct guest *g)
{
	struct memhp_segment *list = NULL;
	int nr = memhp_segments(g->m, &list), err = 0;

	for (int i = 0; i < nr && !err; i++)
		if (bits_of(g, &list[i]))
			err = settle_one(g, &list[i]);
	free(list);
	return nr < 0 ? complain(g, nr, "segments") : err;
}

int guest_has(struct guest *g, uint64_t *has)
{
	struct memhp_segment *list = NULL;
	int nr = memhp_segments(g->m, &list);

	*has = 0;
	for (int i = 0; i < nr; i++)
		*has |= bits_of(g, &list[i]);
	free(list);
	return nr < 0 ? complain(g, nr, "segments") : 0;
}

/* Attach, detach */

static int begin_attach(struct guest *g, const void *arg)
{
	return memhp_attach(g->m, arg, NULL);
}

int guest_attach(struct guest *g, uint32_t segment, void (*begun)(void))
{
	struct memhp_range range = { g->start + segment * g->size, g->size };
	struct memhp_attach_request request;
	struct memhp_segment end;
	int err;

	memhp_attach_init(&request);
	wire_uuid(g->pool, segment, request.uuid);
	request.owner = g->owner;
	request.cookie = segment;
	request.range = &range;
	request.nr_ranges = 1;
	request.policy = MEMHP_POLICY_ONLINE_MOVABLE;
	/* What describes the segment's pages must not leave with them. */
	request.memmap = MEMHP_MEMMAP_OUTSIDE;
	err = begin_and_wait(g, request.uuid, begin_attach, &request, begun, &end);
	if (err || end.state == MEMHP_STATE_ATTACHED)
		return err;
	snprintf(g->text, sizeof(g->text), "it could not be attached: see the kernel's log");
	return -EIO;
}

struct detaching {
	const uint8_t *uuid;
	uint32_t deadline_ms;
};

static int begin_detach(struct guest *g, const void *arg)
{
	const struct detaching *what = arg;

	return memhp_detach(g->m, what->uuid, NULL, what->deadline_ms, 0);
}

int guest_detach(struct guest *g, uint32_t segment, uint32_t deadline_ms,
		 void (*begun)(void))
{
	uint8_t uuid[WIRE_UUID];
	struct detaching what = { uuid, deadline_ms };
	struct memhp_segment end;
	int err;

	wire_uuid(g->pool, segment, uuid);
	err = begin_and_wait(g, uuid, begin_detach, &what, begun, &end);
	return err == -ENOENT ? 0 : err;
}
