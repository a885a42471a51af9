// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that look at what there is. See commands.h.
 *
 * Must not:  change anything but quotas.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "reservations.h"

#define LEDGER	"/sys/kernel/debug/boot_memory/reservations"

static enum status refused(struct session *s, int err)
{
	return complain(command_name(s->o->command), err, memhp_text(s->m));
}

enum status command_windows(struct session *s)
{
	struct memhp_window *list;
	int nr = memhp_windows(s->m, &list);

	if (nr < 0)
		return refused(s, nr);
	show_windows(&s->look, list, nr);
	free(list);
	return STATUS_DONE;
}

static enum status list_one(struct session *s)
{
	struct memhp_segment segment;
	int err = memhp_segment(s->m, s->o->uuid, &segment);

	if (err)
		return refused(s, err);
	show_segments(&s->look, &segment, 1);
	return STATUS_DONE;
}

/* Returns how many are left. */
static int keep_owner(struct memhp_segment *list, int nr, const char *owner)
{
	int i, kept = 0;

	for (i = 0; i < nr; i++)
		if (!owner || !strcmp(list[i].owner, owner))
			list[kept++] = list[i];
	return kept;
}

enum status command_list(struct session *s)
{
	struct memhp_segment *list;
	int nr;

	if (s->o->has_uuid)
		return list_one(s);
	nr = memhp_segments(s->m, &list);
	if (nr < 0)
		return refused(s, nr);
	show_segments(&s->look, list, keep_owner(list, nr, s->o->owner));
	free(list);
	return STATUS_DONE;
}

static enum status one_quota(struct session *s)
{
	struct memhp_quota quota;
	int err = memhp_quota(s->m, s->o->owner, &quota);

	if (err)
		return refused(s, err);
	show_quotas(&s->look, &quota, 1);
	return STATUS_DONE;
}

enum status command_quota(struct session *s)
{
	const struct memhp_quota_change *c = &s->o->change;
	struct memhp_quota *list;
	int nr;

	if (c->bytes || c->segments || c->pending || c->metadata) {
		nr = memhp_set_quota(s->m, s->o->owner, c);
		return nr ? refused(s, nr) : one_quota(s);
	}
	if (s->o->owner)
		return one_quota(s);
	nr = memhp_quotas(s->m, &list);
	if (nr < 0)
		return refused(s, nr);
	show_quotas(&s->look, list, nr);
	free(list);
	return STATUS_DONE;
}

/* Events */

/* Lost events are made up for by what there is. */
static enum status show_level(struct session *s)
{
	struct memhp_segment *list;
	int nr = memhp_segments(s->m, &list), i;

	if (nr < 0)
		return refused(s, nr);
	show_lost(&s->look);
	for (i = 0; i < nr; i++)
		show_segment(&s->look, &list[i]);
	free(list);
	return STATUS_DONE;
}

/* Is a number missing before this event? Progress has numbers of its own. */
static bool skipped(const struct memhp_news *news, uint64_t last[2])
{
	uint64_t *before = &last[news->event == MEMHP_EVENT_PROGRESS];
	bool gap = *before && news->segment.seq != *before + 1;

	*before = news->segment.seq;
	return gap;
}

static enum status watch(struct session *s, struct memhp *ear)
{
	enum status status = STATUS_DONE;
	uint64_t last[2] = { 0, 0 }, shown = 0;
	struct memhp_news news;
	int got = 1;

	while (!status && !ferror(stdout) && (!s->o->count || shown < s->o->count)) {
		got = memhp_next(ear, s->o->timeout_ms, &news);
		if (!got)
			break;
		if (got == -ENOBUFS)	/* the gap before the next one is told with it */
			memset(last, 0, sizeof(last));
		if (got == -ENOBUFS || (got > 0 && skipped(&news, last)))
			status = show_level(s);
		else if (got < 0)
			status = complain("watch", got, memhp_text(ear));
		if (got > 0)
			show_news(&s->look, &news);
		shown += got > 0;
		fflush(stdout);
	}
	return status;
}

enum status command_watch(struct session *s)
{
	struct memhp *ear;
	enum status status;
	int err = memhp_open(&ear);

	if (err)
		return complain("watch", err, NULL);
	err = memhp_listen(ear, s->o->progress);
	status = err ? complain("watch", err, memhp_text(ear)) : watch(s, ear);
	memhp_close(ear);
	return status;
}

/* The ledger of boot */

static int read_all(int fd, char **text)
{
	size_t length = 0, room = 1 << 16;
	ssize_t got;
	char *more;

	for (*text = NULL;; length += got) {
		more = realloc(*text, length + room);
		if (!more)
			return -ENOMEM;
		*text = more;
		got = read(fd, more + length, room - 1);
		if (got < 0)
			return -errno;
		more[length + got] = '\0';
		if (!got)
			return 0;
	}
}

static int read_file(const char *name, char **text)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC), err;

	*text = NULL;
	if (fd < 0)
		return -errno;
	err = read_all(fd, text);
	close(fd);
	return err;
}

static enum status show_ledger(struct session *s, const char *name, const char *text)
{
	struct reservation *list;
	struct ledger_end end;
	int line, nr = parse_reservations(text, s->o->all, &list, &end, &line);

	if (nr < 0) {
		fprintf(stderr, "memhp: audit: %s: line %d is not what a kernel writes\n",
			name, line);
		return STATUS_FAILED;
	}
	show_reservations(&s->look, list, nr, &end);
	free(list);
	return STATUS_DONE;
}

enum status command_audit(struct session *s)
{
	const char *name = s->o->file ? s->o->file : LEDGER;
	char *text;
	int err = read_file(name, &text);
	enum status status;

	status = err ? complain(name, err, NULL) : show_ledger(s, name, text);
	free(text);
	return status;
}
