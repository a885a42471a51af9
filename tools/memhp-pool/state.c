// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the controller knows, in SQLite. See state.h.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define VERSION	1
#define KIND	0x6d68706c	/* "mhpl": the application id of the file */

struct state {
	sqlite3 *db;
	sqlite3_stmt *save;
	struct pool_shape shape;
};

static char why[256];

static int complain(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return err;
}

const char *state_text(void)
{
	return why;
}

/* What SQLite says, as an error number. */
static int trouble(sqlite3 *db, int result)
{
	switch (result & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return complain(-EBUSY, "another controller has the database");
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_CONSTRAINT:
	case SQLITE_ERROR:
		return complain(-EBADMSG, "damaged, or not of a pool (%s)", sqlite3_errmsg(db));
	default:
		return complain(-EIO, "%s", sqlite3_errmsg(db));
	}
}

static int execute(sqlite3 *db, const char *sql)
{
	int result = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return result == SQLITE_OK ? 0 : trouble(db, result);
}

/* Calls @row for each row of a query that is not below 0 yet. */
typedef int (*row_fn)(sqlite3_stmt *row, void *arg);

static int query(sqlite3 *db, const char *sql, row_fn row, void *arg)
{
	sqlite3_stmt *statement;
	int err = 0, result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (result != SQLITE_OK)
		return trouble(db, result);
	while (!err && (result = sqlite3_step(statement)) == SQLITE_ROW)
		err = row(statement, arg);
	if (!err && result != SQLITE_DONE)
		err = trouble(db, result);
	sqlite3_finalize(statement);
	return err;
}

static int number_row(sqlite3_stmt *row, void *arg)
{
	*(int64_t *)arg = sqlite3_column_int64(row, 0);
	return 0;
}

static int number(sqlite3 *db, const char *sql, int64_t *value)
{
	*value = 0;
	return query(db, sql, number_row, value);
}

/* A new database */

static const char tables[] =
	"CREATE TABLE pool (name TEXT NOT NULL, segments INTEGER NOT NULL,"
	" size INTEGER NOT NULL, term INTEGER NOT NULL);"
	"CREATE TABLE guest (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE segment (id INTEGER PRIMARY KEY, step TEXT NOT NULL,"
	" holder INTEGER REFERENCES guest(id), heir INTEGER REFERENCES guest(id));";

static int fill(sqlite3 *db, const struct pool_shape *shape)
{
	char *sql = sqlite3_mprintf(
		"PRAGMA application_id = %d; PRAGMA user_version = %d;"
		"INSERT INTO pool VALUES (%Q, %u, %lld, 0);"
		"WITH RECURSIVE n(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n"
		" WHERE id + 1 < %u)"
		"INSERT INTO segment SELECT id, 'unknown', NULL, NULL FROM n;",
		KIND, VERSION, shape->name, shape->count, (long long)shape->size,
		shape->count);
	int err = sql ? execute(db, sql) : complain(-EIO, "no memory");

	sqlite3_free(sql);
	return err;
}

static int create(sqlite3 *db, const struct pool_shape *shape)
{
	int err = execute(db, "BEGIN EXCLUSIVE");

	if (!err)
		err = execute(db, tables);
	if (!err)
		err = fill(db, shape);
	return err ? err : execute(db, "COMMIT");
}

/* An old one */

static int sound_row(sqlite3_stmt *row, void *arg)
{
	const char *text = (const char *)sqlite3_column_text(row, 0);

	(void)arg;
	if (text && !strcmp(text, "ok"))
		return 0;
	return complain(-EBADMSG, "damaged (%s)", text ? text : "?");
}

static int shape_row(sqlite3_stmt *row, void *arg)
{
	const struct pool_shape *shape = arg;
	const char *name = (const char *)sqlite3_column_text(row, 0);

	if (name && !strcmp(name, shape->name) &&
	    sqlite3_column_int64(row, 1) == shape->count &&
	    (uint64_t)sqlite3_column_int64(row, 2) == shape->size)
		return 0;
	return complain(-EINVAL, "of another pool: %s, %lld segments of %lld bytes",
			name ? name : "?", sqlite3_column_int64(row, 1),
			sqlite3_column_int64(row, 2));
}

static int check(sqlite3 *db, struct pool_shape *shape)
{
	int64_t kind, version, rows, segments;
	int err = query(db, "PRAGMA quick_check(1)", sound_row, NULL);

	err = err ? err : number(db, "PRAGMA application_id", &kind);
	err = err ? err : number(db, "PRAGMA user_version", &version);
	if (!err && (kind != KIND || version != VERSION))
		err = complain(-EBADMSG, "not a database of a pool, or of another version");
	err = err ? err : number(db, "SELECT count(*) FROM pool", &rows);
	err = err ? err : number(db, "SELECT count(*) FROM segment", &segments);
	if (!err && rows != 1)
		err = complain(-EBADMSG, "damaged: %lld pools", (long long)rows);
	err = err ? err : query(db, "SELECT name, segments, size FROM pool", shape_row, shape);
	if (!err && segments != shape->count)
		err = complain(-EBADMSG, "damaged: segments are missing");
	return err;
}

static int create_or_check(sqlite3 *db, struct pool_shape *shape)
{
	int64_t there;
	int err = number(db, "SELECT count(*) FROM sqlite_master", &there);

	if (err)
		return err;
	return there ? check(db, shape) : create(db, shape);
}

/* Guests: those that it knows keep their numbers. */

static int guest_row(sqlite3_stmt *row, void *arg)
{
	struct pool_shape *known = arg;
	const char *name = (const char *)sqlite3_column_text(row, 1);

	if (!name || !wire_name_valid(name) || known->guests == POOL_GUESTS ||
	    sqlite3_column_int(row, 0) != known->guests)
		return complain(-EBADMSG, "damaged: the list of guests");
	strcpy(known->guest[known->guests++], name);
	return 0;
}

static bool knows(const struct pool_shape *shape, const char *name)
{
	for (int i = 0; i < shape->guests; i++)
		if (!strcmp(shape->guest[i], name))
			return true;
	return false;
}

static int add_guest(sqlite3 *db, struct pool_shape *known, const char *name)
{
	char *sql;
	int err;

	if (known->guests == POOL_GUESTS)
		return complain(-E2BIG, "more than %d guests, with those of before",
				POOL_GUESTS);
	sql = sqlite3_mprintf("INSERT INTO guest VALUES (%d, %Q)", known->guests, name);
	err = sql ? execute(db, sql) : complain(-EIO, "no memory");
	sqlite3_free(sql);
	if (!err)
		strcpy(known->guest[known->guests++], name);
	return err;
}

static int merge_guests(sqlite3 *db, struct pool_shape *shape)
{
	struct pool_shape known = *shape;
	int err;

	known.guests = 0;
	err = query(db, "SELECT id, name FROM guest ORDER BY id", guest_row, &known);
	for (int i = 0; !err && i < shape->guests; i++)
		if (!knows(&known, shape->guest[i]))
			err = add_guest(db, &known, shape->guest[i]);
	if (!err)
		*shape = known;
	return err;
}

/* Open, close */

static const char settings[] =
	"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE;"
	"PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	"BEGIN EXCLUSIVE; COMMIT;";

static const char save_sql[] =
	"UPDATE segment SET step = ?2, holder = ?3, heir = ?4 WHERE id = ?1";

static int prepare(struct state *st, const char *path)
{
	int result = sqlite3_open(path, &st->db), err;

	if (result != SQLITE_OK)
		return trouble(st->db, result);
	err = execute(st->db, settings);
	err = err ? err : create_or_check(st->db, &st->shape);
	err = err ? err : merge_guests(st->db, &st->shape);
	if (err)
		return err;
	result = sqlite3_prepare_v2(st->db, save_sql, -1, &st->save, NULL);
	return result == SQLITE_OK ? 0 : trouble(st->db, result);
}

int state_open(const char *path, struct pool_shape *shape, struct state **st)
{
	int err;

	*st = calloc(1, sizeof(**st));
	if (!*st)
		return complain(-EIO, "no memory");
	(*st)->shape = *shape;
	err = prepare(*st, path);
	*shape = (*st)->shape;
	if (err) {
		state_close(*st);
		*st = NULL;
	}
	return err;
}

void state_close(struct state *st)
{
	if (!st)
		return;
	sqlite3_finalize(st->save);
	sqlite3_close(st->db);
	free(st);
}

int state_term(struct state *st, uint64_t least, uint64_t *term)
{
	int64_t now;
	char *sql = sqlite3_mprintf("UPDATE pool SET term = max(term + 1, %lld)",
				    (long long)least);
	int err = sql ? execute(st->db, sql) : complain(-EIO, "no memory");

	sqlite3_free(sql);
	err = err ? err : number(st->db, "SELECT term FROM pool", &now);
	*term = now;
	return err;
}

/* Segments */

struct loading {
	const struct state *st;
	struct pool_segment *segment;
	uint32_t next;
};

static int guest_column(sqlite3_stmt *row, int column)
{
	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return POOL_NOBODY;
	return sqlite3_column_int(row, column);
}

static int segment_row(sqlite3_stmt *row, void *arg)
{
	struct loading *loading = arg;
	const char *step = (const char *)sqlite3_column_text(row, 1);
	struct pool_segment s = {
		.step = step ? pool_step_parse(step) : POOL_STEPS,
		.holder = guest_column(row, 2),
		.heir = guest_column(row, 3),
	};

	if (sqlite3_column_int64(row, 0) != loading->next ||
	    loading->next >= loading->st->shape.count ||
	    !pool_segment_valid(&s, loading->st->shape.guests))
		return complain(-EBADMSG, "damaged: segment %lld",
				sqlite3_column_int64(row, 0));
	loading->segment[loading->next++] = s;
	return 0;
}

int state_load(struct state *st, struct pool_segment *segment)
{
	struct loading loading = { st, segment, 0 };

	return query(st->db, "SELECT id, step, holder, heir FROM segment ORDER BY id",
		     segment_row, &loading);
}

static void bind_guest(sqlite3_stmt *statement, int place, int guest)
{
	if (guest == POOL_NOBODY)
		sqlite3_bind_null(statement, place);
	else
		sqlite3_bind_int(statement, place, guest);
}

int state_save(struct state *st, uint32_t index, const struct pool_segment *segment)
{
	int result;

	sqlite3_bind_int64(st->save, 1, index);
	sqlite3_bind_text(st->save, 2, pool_step_name(segment->step), -1, SQLITE_STATIC);
	bind_guest(st->save, 3, segment->holder);
	bind_guest(st->save, 4, segment->heir);
	result = sqlite3_step(st->save);
	sqlite3_reset(st->save);
	return result == SQLITE_DONE ? 0 : complain(-EIO, "%s", sqlite3_errmsg(st->db));
}
