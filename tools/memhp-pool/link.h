/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection to the broker, by MQTT (libmosquitto).
 *
 *	memhp-pool/POOL/call		controller to all agents
 *	memhp-pool/POOL/to/GUEST	controller to one
 *	memhp-pool/POOL/from/GUEST	that one to the controller
 *	memhp-pool/POOL/ask		administrators to the controller
 *	memhp-pool/POOL/told		what came of it
 *	memhp-pool/POOL/state		a table, for people; retained
 *
 * Owns:      the connection, made again whenever it is lost. The broker delivers each
 *            message at least once (QoS 1) while a connection lasts; what is said while
 *            there is none may be lost. Who is told what may come twice, or late.
 * Must not:  look into messages.
 */
#ifndef _POOL_LINK_H
#define _POOL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;

struct link_options {
	const char *host, *user, *password_file;	/* user NULL: without a password */
	int port;
	const char *pool;
};

/* Letters and help of the options that fill a struct link_options, for getopt(). */
#define LINK_OPTIONS	"H:P:U:W:p:"
#define LINK_USAGE \
	"  -p POOL   name of the pool\n" \
	"  -H HOST   where the broker is (default: localhost)\n" \
	"  -P PORT   its port (default: 1883)\n" \
	"  -U USER   user at the broker (default: none)\n" \
	"  -W FILE   file with the user's password\n"

/**
 * link_option() - one option of LINK_OPTIONS
 *
 * Return: 0; -EINVAL: it is none of them, or its value is none.
 */
int link_option(struct link_options *options, int letter, const char *value);

struct link_ears {
	/* Connected, perhaps not for the first time: say who you are. */
	void (*connected)(void *arg);
	/* @topic without what all of them begin with; @text does not end with a 0. */
	void (*heard)(void *arg, const char *topic, const char *text, size_t length);
	void *arg;
};

struct link_words {
	const char *topic, *text;
	bool keep;			/* who comes later hears it too */
};

/**
 * link_open() - begin to connect
 * @options: to what
 * @ears: called by link_turn() only
 * @topics: to hear, without what all begin with; ends with NULL
 * @last: what the broker says when this connection is lost, or NULL
 * @link: gets it; link_close() when done
 *
 * Return: 0, -EINVAL, -ENOMEM, -EACCES: the password cannot be read.
 */
int link_open(const struct link_options *options, const struct link_ears *ears,
	      const char *const *topics, const struct link_words *last,
	      struct link **link);

void link_close(struct link *link);

/* Milliseconds of a clock that nobody sets. */
uint64_t link_now(void);

/**
 * link_turn() - hear and say what there is, connect if need be
 * @link: connection
 * @ms: how long to wait for something to hear, at most
 */
void link_turn(struct link *link, int ms);

/**
 * link_say() - say something
 * @link: connection
 * @topic: where, without what all begin with
 * @text: what
 * @keep: who comes later hears it too
 *
 * It is lost if there is no connection; whoever has to know it asks again.
 */
void link_say(struct link *link, const char *topic, const char *text, bool keep);

/* Has all that was said arrived at the broker? */
bool link_idle(const struct link *link);

/* Did the broker refuse us (user, password)? It will, the next time, too. */
bool link_refused(const struct link *link);

#endif
