// SPDX-License-Identifier: GPL-2.0-only
/* memhp-topology, also as "memhp topology". See topology.h. */
#include <getopt.h>
#include <string.h>

#include "topo.h"
#include "topology.h"

typedef void (*picture)(const struct topo *topo, FILE *out);

static const char usage[] =
	"usage: memhp-topology [--text | --json | --svg] [--root DIR]\n"
	"\n"
	"Shows the nodes of this machine as the kernel sees them: ranges of memory,\n"
	"CPUs, distances, windows, policy. As root, as others do not see addresses.\n"
	"\n"
	"  --text      a table (default)\n"
	"  --json      for programs\n"
	"  --svg       a picture\n"
	"  --root DIR  look at DIR/sys and DIR/proc\n";

static picture picture_of(int option)
{
	return option == 'j' ? topo_json : option == 's' ? topo_svg : topo_text;
}

static void put_complaints(const struct topo *topo)
{
	int i;

	for (i = 0; i < topo->nr_complaints; i++) {
		fputs("memhp-topology: ", stderr);
		topo_put_plain(topo->complaint[i], stderr);
		fputc('\n', stderr);
	}
}

static int show(const char *root, picture draw)
{
	struct topo topo = { 0 };
	int err = topo_read(&topo, root);
	int status;

	if (err) {
		fprintf(stderr, "memhp-topology: %s: %s\n", root, strerror(-err));
		return 1;
	}
	draw(&topo, stdout);
	put_complaints(&topo);
	status = topo.nr_complaints > 0;
	topo_free(&topo);
	if (fflush(stdout) || ferror(stdout)) {
		perror("memhp-topology: standard output");
		return 1;
	}
	return status;
}

int topology_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "text", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "svg", no_argument, NULL, 's' },
		{ "root", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *root = "/";
	picture draw = topo_text;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 't':
		case 'j':
		case 's':
			draw = picture_of(option);
			break;
		case 'r':
			root = optarg;
			break;
		case 'h':
			return fputs(usage, stdout) < 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	return show(root, draw);
}
