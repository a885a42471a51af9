// SPDX-License-Identifier: GPL-2.0-only
/* Text in JSON. See quote.h. */
#include "quote.h"

void quote(const char *text, FILE *out)
{
	unsigned char c;

	fputc('"', out);
	while ((c = *text++)) {
		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c > '~')
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}
