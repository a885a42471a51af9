// SPDX-License-Identifier: GPL-2.0-only
/*
 * memhp COMMAND ...: memory that is attached and detached. See memhp.8.
 *
 * Owns:      which function a command is, and the connection of those that need one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "topology.h"

#ifndef MEMHP_VERSION
#error "the Makefile says which version this is"
#endif

enum status complain(const char *about, int err, const char *text)
{
	const char *name = strerrorname_np(-err);

	if (text && *text)
		fprintf(stderr, "memhp: %s: %s (%s)\n", about, text, name ? name : "?");
	else
		fprintf(stderr, "memhp: %s: %s\n", about, strerror(-err));
	return STATUS_FAILED;
}

static enum status (*const functions[NR_COMMANDS])(struct session *s) = {
	[COMMAND_WINDOWS] = command_windows,
	[COMMAND_LIST]	  = command_list,
	[COMMAND_ATTACH]  = command_attach,
	[COMMAND_DETACH]  = command_detach,
	[COMMAND_ABORT]	  = command_abort,
	[COMMAND_WATCH]	  = command_watch,
	[COMMAND_AUDIT]	  = command_audit,
	[COMMAND_POLICY]  = command_policy,
	[COMMAND_QUOTA]	  = command_quota,
};

static enum status run_topology(const struct options *o)
{
	char *words[64] = { "memhp topology" };
	int nr = 1;

	if (o->nr_rest > 60) {
		fprintf(stderr, "memhp: topology: too many words\n");
		return STATUS_USAGE;
	}
	if (o->json)
		words[nr++] = "--json";
	memcpy(&words[nr], o->rest, o->nr_rest * sizeof(*words));
	return topology_main(nr + o->nr_rest, words);
}

static const char no_family[] =
	"this kernel, or this network namespace, has no controllers";

static enum status run_connected(struct session *s)
{
	int err = memhp_open(&s->m);
	enum status status;

	if (err)
		return complain(command_name(s->o->command), err,
				err == -ENOENT ? no_family : NULL);
	status = functions[s->o->command](s);
	memhp_close(s->m);
	return status;
}

enum status run_command(const struct options *o)
{
	struct session s = {
		.o = o,
		.look = { stdout, o->json, o->human, o->verbose },
	};
	enum status status;

	if (o->command == COMMAND_TOPOLOGY)
		return run_topology(o);
	status = o->command == COMMAND_AUDIT ? command_audit(&s) : run_connected(&s);
	if (fflush(stdout) || ferror(stdout))
		return complain("standard output", -errno, NULL);
	return status;
}

int main(int argc, char **argv)
{
	struct options o;
	char why[256];

	if (parse_options(argc, argv, &o, why, sizeof(why))) {
		fprintf(stderr, "memhp: %s\n", why);
		put_usage(o.command, stderr);
		return STATUS_USAGE;
	}
	if (o.help)
		put_usage(o.command, stdout);
	else if (o.version)
		puts("memhp " MEMHP_VERSION);
	else
		return run_command(&o);
	return fflush(stdout) ? STATUS_FAILED : STATUS_DONE;
}
