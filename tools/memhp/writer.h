/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON, written as it goes.
 *
 * Owns:      commas, quotation marks, and units if people are to read it.
 */
#ifndef _MEMHP_WRITER_H
#define _MEMHP_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct writer {
	FILE *out;
	bool human;		/* sizes and addresses are strings */
	bool more;		/* a value stands before the next one */
};

/* @key: NULL in an array; @bracket: '{' or '[', and '}' or ']' */
void json_open(struct writer *w, const char *key, char bracket);
void json_close(struct writer *w, char bracket);

void json_text(struct writer *w, const char *key, const char *text);
void json_number(struct writer *w, const char *key, int64_t number);
void json_big(struct writer *w, const char *key, uint64_t number);
void json_bool(struct writer *w, const char *key, bool value);
void json_null(struct writer *w, const char *key);
void json_size(struct writer *w, const char *key, uint64_t bytes);
void json_address(struct writer *w, const char *key, uint64_t address);
void json_uuid(struct writer *w, const char *key, const uint8_t *uuid);

#endif
