/* SPDX-License-Identifier: GPL-2.0-only */
/* Text in JSON. Must not: print anything but the string. */
#ifndef _MEMHP_QUOTE_H
#define _MEMHP_QUOTE_H

#include <stdio.h>

/**
 * quote() - a string, in quotation marks
 * @text: bytes; those beyond ASCII, of whatever coding, go through as one character each
 */
void quote(const char *text, FILE *out);

#endif
