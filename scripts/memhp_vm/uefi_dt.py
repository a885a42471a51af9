# SPDX-License-Identifier: GPL-2.0-only
"""firmware="uefi-dt" with hotpluggable nodes: UEFI, and a devicetree that says so.

QEMU rewrites the memory nodes of a devicetree that it is given, and knows them by
their name. What it wrote itself stays; beside it stands, for each hotpluggable node
of the machine, a node of another name with the same range and the property.
"""

from . import loader
from .topology import DtMemory


def put_hotpluggable(path, nid, start, size):
    node = loader.put_range(path, "ram", DtMemory(start, size, nid))
    loader.call("fdtput", "-t", "s", path, node, "device_type", "memory")
    loader.call("fdtput", path, node, "hotpluggable")


def args(machine):
    """["-dtb", FILE], or nothing if QEMU's own devicetree does."""
    topology = machine.topology
    if not any(node.hotpluggable for node in topology.nodes):
        return []
    path = machine.workdir / "machine.dtb"
    command = machine.base_args()
    command[command.index("-machine") + 1] += f",dumpdtb={path}"
    loader.call(*command)
    for nid, start, size in topology.ram_ranges():
        if topology.nodes[nid].hotpluggable:
            put_hotpluggable(path, nid, start, size)
    return ["-dtb", str(path)]
