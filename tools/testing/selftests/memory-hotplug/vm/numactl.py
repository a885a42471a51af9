# SPDX-License-Identifier: GPL-2.0-only
"""What Debian's numactl says of a guest, and where that differs from a topology.

Owns how much less than all of its memory a node may show: what the kernel keeps back.
"""

import re
from dataclasses import dataclass, field

MIB = 1 << 20

# What a node may lack: 1/64 are page structs, its own data and tables a bit more. What
# boot keeps once (the kernel, UEFI) lies in one node or another. A kernel that checks
# everything has shadows of its memory and larger page structs.
SHARE, CHECKED_SHARE = 40, 5
ONCE, CHECKED_ONCE = 40 * MIB, 64 * MIB


def may_lack(size, checked):
    if not size:
        return 0
    return size // CHECKED_SHARE + CHECKED_ONCE if checked else size // SHARE + ONCE


@dataclass
class Hardware:
    """numactl --hardware"""
    cpus: dict = field(default_factory=dict)        # {node: [CPU]}
    sizes: dict = field(default_factory=dict)       # {node: MiB}
    distances: dict = field(default_factory=dict)   # {node: [distance to each node]}


def parse(text):
    found = Hardware()
    for node, cpus in re.findall(r"^node (\d+) cpus:(.*)$", text, re.M):
        found.cpus[int(node)] = [int(cpu) for cpu in cpus.split()]
    for node, size in re.findall(r"^node (\d+) size: (\d+) MB$", text, re.M):
        found.sizes[int(node)] = int(size)
    for node, row in re.findall(r"^\s+(\d+):((?:\s+\d+)+)\s*$", text, re.M):
        found.distances[int(node)] = [int(distance) for distance in row.split()]
    return found


def hardware(guest):
    return parse(guest.check("numactl --hardware"))


def differences(topology, seen, checked=False):
    """What is not as in the topology, in words."""
    cpus = dict(enumerate(topology.node_cpus()))
    distances = dict(enumerate(topology.matrix()))
    found = []
    if seen.cpus != cpus:
        found.append(f"CPUs {seen.cpus}, not {cpus}")
    if seen.distances != distances:
        found.append(f"distances {seen.distances}, not {distances}")
    return found + size_differences(topology, seen, checked)


def size_differences(topology, seen, checked):
    sizes = {nid: node.size for nid, node in enumerate(topology.nodes)}
    if set(seen.sizes) != set(sizes):
        return [f"sizes of nodes {sorted(seen.sizes)}, not {sorted(sizes)}"]
    lacking = {nid: size - seen.sizes[nid] * MIB for nid, size in sizes.items()}
    found = [f"node {nid} has {seen.sizes[nid]} of {size // MIB} MiB"
             for nid, size in sizes.items() if not 0 <= lacking[nid] <= may_lack(size, checked)]
    allowed = may_lack(topology.ram, checked)
    if sum(lacking.values()) > allowed:
        found.append(f"{sum(lacking.values()) // MIB} MiB are missing in all, more than "
                     f"{allowed // MIB}")
    return found
