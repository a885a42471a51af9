# SPDX-License-Identifier: GPL-2.0-only
"""The machines that scenarios share."""

from memhp_vm import Node, Topology

GIB = 1 << 30
HIDDEN = 2 * GIB            # physical address in node 1, all of which is hidden


def two_nodes(slots=4):
    """A CPU and some memory on each, room for DIMMs; ACPI knows both."""
    return Topology(nodes=[Node("512M", 1), Node("256M", 1)], slots=slots, maxmem="16G",
                    cover_nomap=True)


def plain(ctx, rodata, **options):
    """A guest with two nodes, whose linear map begins where it always does."""
    return ctx.guest(firmware="uefi", topology=two_nodes(),
                     cmdline=f"nokaslr rodata={rodata}", **options)


def hidden_ram(ctx, rodata="on", **options):
    """A guest that does not know most of its RAM, which a module may then add."""
    nodes = [Node("512M", 1), Node("2560M", 1)]
    return ctx.guest(firmware="dt", topology=Topology(nodes=nodes),
                     cmdline=f"nokaslr rodata={rodata} mem=512M", **options)
