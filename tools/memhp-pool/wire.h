/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What controller, agents and administrators say to one another, as text:
 *
 *	order session=S term=T n=N kind=attach segment=3 count=8 size=134217728 deadline=10000
 *
 * Owns:      words of messages, and which of them are valid; pure. Who may say what to
 *            whom is up to topics (see link.h).
 * Must not:  allocate, or trust what came: each field has a range, and a message that is
 *            not wholly understood is none.
 */
#ifndef _POOL_WIRE_H
#define _POOL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_MAX	512	/* bytes of a message, with the 0 */
#define WIRE_TEXT	200	/* bytes of words in it, with the 0 */
#define WIRE_NAME	16	/* of a guest or a pool, with the 0 */
#define WIRE_SEGMENTS	64	/* of a pool, at most: bits of "has" */
#define WIRE_UUID	16

enum wire_type {
	WIRE_CALL,		/* controller: all agents, say hello */
	WIRE_HELLO,		/* agent: ask me */
	WIRE_GONE,		/* broker, in the agent's name: it is not there any more */
	WIRE_ORDER,		/* controller to one agent */
	WIRE_ANSWER,		/* that agent, when it is done */
	WIRE_ASK,		/* administrator */
	WIRE_TOLD,		/* controller, what came of it */
	WIRE_TYPES,
};

enum wire_kind {
	WIRE_LOOK,		/* say what you have */
	WIRE_ATTACH,
	WIRE_DETACH,
	WIRE_KINDS,
};

struct wire {
	enum wire_type type;
	uint64_t session;	/* an agent's, from its start to its end; of ask and told: id */
	uint64_t term;		/* a controller's, the same; later ones have higher ones */
	uint64_t n;		/* of the order, in its term */
	enum wire_kind kind;
	uint32_t segment;
	uint32_t count;		/* of segments in the pool */
	uint64_t size;		/* of a segment, in bytes */
	uint32_t deadline;	/* ms */
	int error;		/* 0 or a negative errno */
	uint64_t has;		/* bit: the guest has that segment, or a part of it */
	char to[WIRE_NAME];	/* a guest, or "pool" */
	char text[WIRE_TEXT];	/* of an error, in words; comes last */
};

/**
 * wire_write() - a message as text
 *
 * Return: its length without the 0; what is in @w is valid.
 */
int wire_write(const struct wire *w, char text[WIRE_MAX]);

/**
 * wire_read() - the message that a text is
 * @text: need not end with a 0
 * @length: its bytes
 * @w: gets it; fields that the type does not have are 0
 *
 * Return: 0, -EBADMSG.
 */
int wire_read(const char *text, size_t length, struct wire *w);

/* Is a text a decimal number from @least to @most, and nothing else? */
bool wire_number(const char *text, uint64_t least, uint64_t most, uint64_t *number);

const char *wire_kind_name(enum wire_kind kind);

/* A name of a guest or a pool: letters, digits, "-" and "_", and not too long. */
bool wire_name_valid(const char *name);

/*
 * The uuid of a segment in each guest: always the same for a pool's name and a number,
 * so that no database is needed to know it again.
 */
void wire_uuid(const char *pool, uint32_t segment, uint8_t uuid[WIRE_UUID]);

/* What an agent remembers so that no order is obeyed late or twice. */
struct fence {
	uint64_t session, term, n;
};

/**
 * fence_pass() - is an order one to obey?
 * @f: the agent's; remembers the order if it is
 * @order: it
 *
 * Return: 0; -ESTALE: of an earlier term, or not later than one that was obeyed;
 * -ESRCH: for an agent that is no more.
 */
int fence_pass(struct fence *f, const struct wire *order);

#endif
