// SPDX-License-Identifier: GPL-2.0-only
/* JSON, written as it goes. See writer.h. */
#include <inttypes.h>

#include "quote.h"
#include "show.h"
#include "writer.h"

static void begin(struct writer *w, const char *key)
{
	if (w->more)
		fputs(", ", w->out);
	if (key) {
		quote(key, w->out);
		fputs(": ", w->out);
	}
	w->more = true;
}

void json_open(struct writer *w, const char *key, char bracket)
{
	begin(w, key);
	fputc(bracket, w->out);
	w->more = false;
}

void json_close(struct writer *w, char bracket)
{
	fputc(bracket, w->out);
	w->more = true;
}

void json_text(struct writer *w, const char *key, const char *text)
{
	begin(w, key);
	quote(text, w->out);
}

void json_number(struct writer *w, const char *key, int64_t number)
{
	begin(w, key);
	fprintf(w->out, "%" PRId64, number);
}

void json_big(struct writer *w, const char *key, uint64_t number)
{
	begin(w, key);
	fprintf(w->out, "%" PRIu64, number);
}

void json_bool(struct writer *w, const char *key, bool value)
{
	begin(w, key);
	fputs(value ? "true" : "false", w->out);
}

void json_null(struct writer *w, const char *key)
{
	begin(w, key);
	fputs("null", w->out);
}

void json_size(struct writer *w, const char *key, uint64_t bytes)
{
	char text[SIZE_TEXT];

	if (w->human)
		json_text(w, key, size_text(bytes, text));
	else
		json_big(w, key, bytes);
}

void json_address(struct writer *w, const char *key, uint64_t address)
{
	char text[SIZE_TEXT];

	if (!w->human) {
		json_big(w, key, address);
		return;
	}
	snprintf(text, sizeof(text), "%#" PRIx64, address);
	json_text(w, key, text);
}

void json_uuid(struct writer *w, const char *key, const uint8_t *uuid)
{
	char text[MEMHP_UUID_TEXT];

	memhp_uuid_text(uuid, text);
	json_text(w, key, text);
}
