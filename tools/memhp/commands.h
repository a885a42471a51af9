/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands of memhp do.
 *
 * Owns:      the status to end with, and what is said of errors.
 */
#ifndef _MEMHP_COMMANDS_H
#define _MEMHP_COMMANDS_H

#include "options.h"
#include "show.h"

enum status {
	STATUS_DONE,
	STATUS_FAILED,			/* refused, or it went wrong */
	STATUS_USAGE,			/* the command line is wrong */
	STATUS_UNDONE,			/* not done by the deadline, and undone */
};

struct session {
	const struct options *o;
	struct look look;
	struct memhp *m;		/* asks; NULL for a command that does not */
};

enum status run_command(const struct options *o);

/* Says what is wrong, in these words if there are any. Returns STATUS_FAILED. */
enum status complain(const char *about, int err, const char *text);

enum status command_list(struct session *s);
enum status command_windows(struct session *s);
enum status command_quota(struct session *s);
enum status command_attach(struct session *s);
enum status command_detach(struct session *s);
enum status command_policy(struct session *s);
enum status command_abort(struct session *s);
enum status command_watch(struct session *s);
enum status command_audit(struct session *s);

#endif
