// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that attach, detach and change memory. See commands.h.
 *
 * Owns:      the wait until it is over, and the progress shown meanwhile. A command that
 *            is killed closes its connection: the kernel undoes a detach then, and what
 *            it attached or changed goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

#define CLASS	"/sys/class/memhp"
#define BAR	"########################################"
#define WIDTH	40

static enum status refused(struct session *s, int err)
{
	return complain(command_name(s->o->command), err, memhp_text(s->m));
}

/* Progress, on standard error */

struct bar {
	bool terminal, shown;
};

static void draw(const struct memhp_segment *segment, void *arg)
{
	struct bar *bar = arg;
	uint64_t done = segment->done < segment->size ? segment->done : segment->size;
	int percent = segment->size ? (int)(100.0 * done / segment->size) : 0;
	int marks = percent * WIDTH / 100;

	if (bar->terminal)
		fprintf(stderr, "\r%-9s [%.*s%*s] %3d%%",
			memhp_state_name(segment->state), marks, BAR, WIDTH - marks, "",
			percent);
	else
		fprintf(stderr, "memhp: %s, %d%%\n", memhp_state_name(segment->state),
			percent);
	bar->shown = true;
}

/* Connections that ask and listen; what is asked for begins with @begin. */

typedef int (*begin_fn)(struct session *s);

static int wait_for_end(struct session *s, struct memhp *ear, const uint8_t *uuid,
			struct memhp_segment *end)
{
	struct bar bar = { .terminal = isatty(STDERR_FILENO) };
	bool show = bar.terminal || s->o->verbose;
	int err = memhp_wait(s->m, ear, uuid, show ? draw : NULL, &bar, end);

	if (bar.terminal && bar.shown)
		fputc('\n', stderr);
	return err;
}

static int listen_and_begin(struct session *s, struct memhp *ear, begin_fn begin,
			    const uint8_t *uuid, struct memhp_segment *end)
{
	int err = memhp_listen(ear, true);

	if (err)
		return err;
	err = begin(s);
	return err ? err : wait_for_end(s, ear, uuid, end);
}

static int do_and_wait(struct session *s, begin_fn begin, const uint8_t *uuid,
		       struct memhp_segment *end)
{
	struct memhp *ear;
	int err = memhp_open(&ear);

	memset(end, 0, sizeof(*end));
	if (err)
		return err;
	err = listen_and_begin(s, ear, begin, uuid, end);
	memhp_close(ear);
	return err;
}

/* A segment of a command that has ended is an orphan. Whose it is does not change. */
static int take_over(struct session *s, struct memhp_segment *segment)
{
	int err = memhp_segment(s->m, s->o->uuid, segment);

	if (err || !segment->orphan)
		return err;
	return memhp_reclaim(s->m, s->o->uuid, segment->owner, NULL, segment);
}

static enum status undone(struct session *s, int err, const struct memhp_segment *end)
{
	refused(s, err);
	show_blockers(end, stderr);
	return err == -ETIMEDOUT ? STATUS_UNDONE : STATUS_FAILED;
}

/* Attach */

static void fill_request(const struct options *o, struct memhp_attach_request *r)
{
	memhp_attach_init(r);
	r->owner = o->owner ? o->owner : DEFAULT_OWNER;
	r->cookie = o->cookie;
	r->window = o->window;
	r->range = o->range;
	r->nr_ranges = o->nr_ranges;
	r->node = o->node;
	if (o->policy >= 0)
		r->policy = o->policy;
	if (o->memmap >= 0)
		r->memmap = o->memmap;
}

static int ask_attach(struct session *s, const struct memhp_attach_request *r,
		      struct memhp_segment *segment)
{
	return memhp_attach_distances(s->m, r, s->o->distance, s->o->nr_distances,
				      segment);
}

/* The same again: the command that attached it has ended, so it is an orphan. */
static int attach_again(struct session *s, const struct memhp_attach_request *r,
			struct memhp_segment *segment)
{
	int err = memhp_segment(s->m, r->uuid, segment);

	if (!err && strcmp(segment->owner, r->owner))
		return ask_attach(s, r, segment);	/* to have it refused */
	if (!err)
		err = memhp_reclaim(s->m, r->uuid, r->owner, NULL, NULL);
	return err ? err : ask_attach(s, r, segment);
}

static int attach(struct session *s, const struct memhp_attach_request *r,
		  struct memhp *ear, struct memhp_segment *segment)
{
	int err = memhp_listen(ear, true);

	if (err) {
		complain("attach", err, memhp_text(ear));
		return err;
	}
	err = ask_attach(s, r, segment);
	if (err == -EOWNERDEAD)
		err = attach_again(s, r, segment);
	/* one that was there has perhaps an error of its own, of long ago */
	if (!err && !s->o->no_wait && segment->state != MEMHP_STATE_ATTACHED)
		err = wait_for_end(s, ear, r->uuid, segment);
	if (!err && segment->state == MEMHP_STATE_ABSENT)
		err = -EIO;
	if (err)
		refused(s, err);
	return err;
}

static enum status attach_named(struct session *s, const struct memhp_attach_request *r)
{
	struct memhp_segment segment;
	struct memhp *ear;
	int err = memhp_open(&ear);

	if (err)
		return refused(s, err);
	err = attach(s, r, ear, &segment);
	memhp_close(ear);
	if (err)
		return STATUS_FAILED;
	if (s->o->json)
		show_segment(&s->look, &segment);
	else
		show_segments(&s->look, &segment, 1);
	return STATUS_DONE;
}

enum status command_attach(struct session *s)
{
	struct memhp_attach_request r;
	int err = 0;

	fill_request(s->o, &r);
	memcpy(r.uuid, s->o->uuid, sizeof(r.uuid));
	if (!s->o->has_uuid)
		err = memhp_uuid_make(r.uuid);
	return err ? complain("attach: uuid", err, NULL) : attach_named(s, &r);
}

/* Detach */

static int begin_detach(struct session *s)
{
	return memhp_detach(s->m, s->o->uuid, s->o->has_part ? &s->o->part : NULL,
			    s->o->deadline_ms, 0);
}

/* Of a segment that is gone, who it was. */
static void remember(struct memhp_segment *end, const struct memhp_segment *was)
{
	memcpy(end->owner, was->owner, sizeof(end->owner));
	end->cookie = was->cookie;
	end->node = was->node;
	end->policy = was->policy;
	end->memmap = was->memmap;
}

static enum status finish(struct session *s, begin_fn begin)
{
	struct memhp_segment segment, end;
	int err = take_over(s, &segment);

	if (err)
		return refused(s, err);
	err = do_and_wait(s, begin, s->o->uuid, &end);
	if (err)
		return undone(s, err, &end);
	if (end.state == MEMHP_STATE_ABSENT)
		remember(&end, &segment);
	if (s->o->json)
		show_segment(&s->look, &end);
	else if (s->o->verbose)
		show_segments(&s->look, &end, 1);
	return STATUS_DONE;
}

enum status command_detach(struct session *s)
{
	return finish(s, begin_detach);
}

/* Policy */

static int begin_change(struct session *s)
{
	return memhp_change(s->m, s->o->uuid, s->o->policy, s->o->deadline_ms, 0);
}

enum status command_policy(struct session *s)
{
	struct memhp_segment segment;
	int err;

	if (s->o->policy >= 0)
		return finish(s, begin_change);
	err = memhp_segment(s->m, s->o->uuid, &segment);
	if (err)
		return refused(s, err);
	if (s->o->json)
		show_segment(&s->look, &segment);
	else
		printf("%s, is %s\n", memhp_policy_name(segment.policy),
		       memhp_usage_name(segment.usage));
	return STATUS_DONE;
}

/*
 * Abort: who has the segment is another program, and lives. Netlink would refuse; the
 * administrator's way is the file.
 */

static int write_word(const char *name, const char *word)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, word, strlen(word)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int begin_abort(struct session *s)
{
	char uuid[MEMHP_UUID_TEXT], name[sizeof(CLASS) + 64];

	memhp_uuid_text(s->o->uuid, uuid);
	snprintf(name, sizeof(name), CLASS "/segment-%s/state", uuid);
	return write_word(name, "abort");
}

/* Of an attach nothing is left then; of all else, the segment. */
static enum status called_off(struct session *s, bool attach, int err,
			      const struct memhp_segment *end)
{
	bool there = end->state == MEMHP_STATE_ATTACHED;

	if (err && err != -ECANCELED)
		return refused(s, err);
	if (err && attach && there)
		return complain("abort", -EBUSY,
				"it was called off, but a part of it is in use and stays: detach it");
	if (!err && (there || !attach))
		return complain("abort", -EALREADY,
				"it was done before it could be called off");
	return STATUS_DONE;
}

enum status command_abort(struct session *s)
{
	struct memhp_segment end = { .state = MEMHP_STATE_ABSENT };
	int err = memhp_segment(s->m, s->o->uuid, &end);
	bool attach = end.state == MEMHP_STATE_ATTACHING;

	if (!err && end.state == MEMHP_STATE_ATTACHED)
		return complain("abort", -EALREADY, "nothing is under way with it");
	if (!err)
		err = do_and_wait(s, begin_abort, s->o->uuid, &end);
	return called_off(s, attach, err, &end);
}
