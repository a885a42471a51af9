// SPDX-License-Identifier: GPL-2.0-only
/*
 * memhp-topology [--json | --svg] [--root DIR]: the machine's nodes as the kernel
 * sees them. See memhp-topology.8.
 */
#include "topology.h"

int main(int argc, char **argv)
{
	return topology_main(argc, argv);
}
