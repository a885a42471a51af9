/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's nodes as the kernel sees them: a command of its own, and one of memhp. */
#ifndef _MEMHP_TOPOLOGY_H
#define _MEMHP_TOPOLOGY_H

/**
 * topology_main() - what memhp-topology(8) does
 * @argc: number of words, the program's name first
 * @argv: words; their order may change
 *
 * Return: the status to end with: 0 if all could be read, 1 if something is missing, 2
 * if the command line is wrong.
 */
int topology_main(int argc, char **argv);

#endif
