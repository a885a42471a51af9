// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the controller's database: what is saved, what is refused, and kill -9 at it.
 */
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state.h"
#include "tap.h"

#define SEGMENTS	8
#define KILLS		20

static char folder[64], path[96];

static void begin(void)
{
	strcpy(folder, "/tmp/memhp-pool-XXXXXX");
	if (!mkdtemp(folder))
		tap_fail("no folder");
	snprintf(path, sizeof(path), "%s/database", folder);
}

static void end(void)
{
	char journal[128];

	snprintf(journal, sizeof(journal), "%s-journal", path);
	unlink(journal);
	unlink(path);
	rmdir(folder);
}

static struct pool_shape shape(void)
{
	return (struct pool_shape){ "pool", SEGMENTS, 128 << 20, { "a", "b" }, 2 };
}

static struct state *open_good(struct pool_segment *segment)
{
	struct pool_shape s = shape();
	struct state *st;

	if (state_open(path, &s, &st)) {
		tap_fail("%s", state_text());
		return NULL;
	}
	if (state_load(st, segment))
		tap_fail("%s", state_text());
	return st;
}

static void expect_refusal(struct pool_shape s, int want, const char *word)
{
	struct state *st = NULL;
	int err = state_open(path, &s, &st);
	struct pool_segment segment[SEGMENTS];

	if (!err)
		err = state_load(st, segment);
	if (err != want || !strstr(state_text(), word))
		tap_fail("%d (%s), and %d (%s) is wanted", err, state_text(), want, word);
	state_close(st);
}

static void is_kept(void)
{
	const struct pool_segment wanted = { POOL_DRAINING, 1, 0 };
	struct pool_segment segment[SEGMENTS];
	uint64_t first = 0, second = 0;
	struct state *st;

	begin();
	st = open_good(segment);
	for (int i = 0; i < SEGMENTS; i++)
		if (segment[i].step != POOL_UNKNOWN)
			tap_fail("who has segment %d is known from nothing", i);
	if (state_save(st, 3, &wanted) || state_term(st, 100, &first))
		tap_fail("%s", state_text());
	state_close(st);
	st = open_good(segment);
	if (segment[3].step != POOL_DRAINING || segment[3].holder != 1 || segment[3].heir != 0)
		tap_fail("it is not what was saved");
	if (state_term(st, 50, &second) || first != 100 || second != 101)
		tap_fail("terms %d and %d", (int)first, (int)second);
	state_close(st);
	end();
}

static void other_pools(void)
{
	struct pool_segment segment[SEGMENTS];
	struct pool_shape s = shape();

	begin();
	state_close(open_good(segment));
	strcpy(s.name, "loop");
	expect_refusal(s, -EINVAL, "another pool");
	s = shape();
	s.count--;
	expect_refusal(s, -EINVAL, "another pool");
	s = shape();
	s.size *= 2;
	expect_refusal(s, -EINVAL, "another pool");
	end();
}

/* Guests keep their numbers, in whatever order they are named. */
static void guests(void)
{
	struct pool_shape s = { "pool", SEGMENTS, 128 << 20, { "c", "a" }, 2 };
	struct pool_segment segment[SEGMENTS];
	struct state *st;

	begin();
	state_close(open_good(segment));
	if (state_open(path, &s, &st) || s.guests != 3 || strcmp(s.guest[0], "a") ||
	    strcmp(s.guest[1], "b") || strcmp(s.guest[2], "c"))
		tap_fail("they are %s %s %s: %s", s.guest[0], s.guest[1], s.guest[2],
			 state_text());
	state_close(st);
	s = shape();
	s.guests = 6;
	for (int i = 0; i < s.guests; i++)
		sprintf(s.guest[i], "new%d", i);
	expect_refusal(s, -E2BIG, "guests");
	end();
}

static void only_one(void)
{
	struct pool_segment segment[SEGMENTS];
	struct state *st;

	begin();
	st = open_good(segment);
	expect_refusal(shape(), -EBUSY, "another controller");
	state_close(st);
	state_close(open_good(segment));
	end();
}

static void put_file(const char *text, size_t length)
{
	FILE *file = fopen(path, "w");

	fwrite(text, 1, length, file);
	fclose(file);
}

static void do_damage(const char *sql)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		tap_fail("it cannot be damaged: %s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void broken(void)
{
	struct pool_segment segment[SEGMENTS];
	static const char *const damage[] = {
		"UPDATE segment SET step = 'lost' WHERE id = 3",
		"UPDATE segment SET step = 'owned' WHERE id = 3",
		"UPDATE segment SET holder = 0 WHERE id = 3",
		"UPDATE segment SET step = 'owned', holder = 7 WHERE id = 3",
		"DELETE FROM segment WHERE id = 3",
		"DELETE FROM pool",
		"DROP TABLE segment",
		"UPDATE guest SET id = 5 WHERE id = 1",
		"PRAGMA user_version = 2",
		"PRAGMA application_id = 1",
	};

	begin();
	put_file("this is no database, however long it may be", 43);
	expect_refusal(shape(), -EBADMSG, "not of a pool");
	for (unsigned int i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		unlink(path);
		state_close(open_good(segment));
		tap_context("%s", damage[i]);
		do_damage(damage[i]);
		expect_refusal(shape(), -EBADMSG, i > 7 ? "version" : "damaged");
	}
	end();
}

/* Cut anywhere, and with its pages spoilt: refused, or what it was; never a crash. */
static void spoilt(void)
{
	static char whole[1 << 16];
	struct pool_segment segment[SEGMENTS];
	struct pool_shape s;
	struct state *st;
	size_t length;
	FILE *file;

	begin();
	state_close(open_good(segment));
	file = fopen(path, "r");
	length = fread(whole, 1, sizeof(whole), file);
	fclose(file);
	for (size_t at = 100; at < length && !tap_failed(); at += 397) {
		tap_context("cut at %zu", at);
		put_file(whole, at);
		expect_refusal(shape(), -EBADMSG, "");
		whole[at] ^= 0x5a;
		put_file(whole, length);
		whole[at] ^= 0x5a;
		s = shape();
		if (!state_open(path, &s, &st))
			state_load(st, segment);
		state_close(st);
	}
	end();
}

/* A child saves until it is killed; it says what it has saved in a pipe. */
static void save_for_ever(int told)
{
	struct pool_segment segment[SEGMENTS], next = { POOL_OWNED, 0, POOL_NOBODY };
	struct state *st = open_good(segment);

	for (char round = 0;; round = (round + 1) % (12 * SEGMENTS)) {
		next.holder = round / SEGMENTS & 1;
		if (state_save(st, round % SEGMENTS, &next) || write(told, &round, 1) != 1)
			_exit(1);
	}
}

static char last_of(int pipe)
{
	char said[1 << 12], last = -1;
	ssize_t got;

	while ((got = read(pipe, said, sizeof(said))) > 0)
		last = said[got - 1];
	return last;
}

static void kill_once(int ms)
{
	struct pool_segment segment[SEGMENTS];
	struct state *st;
	int ends[2];
	char last;
	pid_t pid;

	if (pipe(ends) || (pid = fork()) < 0) {
		tap_fail("no process");
		return;
	}
	if (!pid)
		save_for_ever(ends[1]);
	close(ends[1]);
	usleep(1000 * (30 + ms));
	kill(pid, SIGKILL);
	last = last_of(ends[0]);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	st = open_good(segment);
	tap_context("killed after %d", last);
	if (last >= 0 && segment[last % SEGMENTS].step != POOL_OWNED)
		tap_fail("what it said it had saved is lost");
	/* the one after it may be saved or not */
	if (last >= 0 && segment[last % SEGMENTS].holder != (last / SEGMENTS & 1))
		tap_fail("it has another holder");
	state_close(st);
}

static void killed(void)
{
	begin();
	for (int i = 0; i < KILLS && !tap_failed(); i++)
		kill_once(i);
	end();
}

static const struct tap_test tests[] = {
	{ "CTRL-10 the database keeps what is saved, and terms only grow", is_kept },
	{ "CTRL-10 the database of another pool is refused", other_pools },
	{ "CTRL-10 guests keep their numbers in the database", guests },
	{ "CTRL-10 two controllers cannot have one database", only_one },
	{ "CTRL-10 a damaged database is refused, and not believed", broken },
	{ "CTRL-10 a database that is cut or spoilt anywhere does no harm", spoilt },
	{ "CTRL-10 what was saved is there after kill -9", killed },
};

const TAP_SUITE(suite_pool_state, tests);
