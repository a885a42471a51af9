# SPDX-License-Identifier: GPL-2.0-only
"""Tables that are wrong: the guest boots, says in one line what it ignored, and no more.

SRAT and SLIT come from the guest's initrd, the devicetree is edited before it is loaded.
Entries that are wrong independently of one another are tried in one boot. Stock boots the
same tables, and how many nodes it then knows is printed.
"""

import struct
from contextlib import contextmanager

import nodes
from machines import GIB
from memhp_vm import Node, Topology, acpi, loader
from memhp_vm.acpi import ENABLED, HOTPLUGGABLE
from memhp_vm.errors import GuestDied
from memhp_vm.topology import DtMemory

MIB = 1 << 20
BASE, SECOND, TOP = GIB, GIB + 512 * MIB, GIB + 768 * MIB
DISTANCES = {(0, 1): 40}
FLASH = 64


def two(**options):
    return Topology(nodes=[Node("512M", 1), Node("256M", 1)], distances=DISTANCES, **options)


# ---- ACPI

GOOD = [acpi.gicc_affinity(0, 0), acpi.gicc_affinity(1, 1),
        acpi.memory_affinity(BASE, 512 * MIB, 0), acpi.memory_affinity(SECOND, 256 * MIB, 1)]


def srat_with(*more):
    return {"srat.aml": acpi.srat(GOOD + list(more))}


def beside(ctx, **options):
    """What stock says of the same machine, if it boots, goes into a note."""
    if not ctx.beside_stock:
        return
    try:
        with ctx.guest(tree="stock", **options) as guest:
            ctx.note(f"stock: distances {nodes.distances(guest)}")
    except GuestDied as died:
        ctx.note(f"stock: {str(died).splitlines()[0]}")


def boot(ctx, tables, what, distances=True):
    """What our kernel says with these tables."""
    machine = {"firmware": "uefi", "topology": two(acpi_tables=tables)}
    beside(ctx, **machine)
    with ctx.guest(**machine) as guest:
        found = what(guest)
        seen = found["distances"]
    ctx.note(f"ours: distances {seen}")
    ctx.note("\n".join(found["ignored"]))
    if distances:
        assert seen == {0: [10, 40], 1: [40, 10]}, seen
    return found


def report(guest):
    return {"ignored": nodes.ignored(guest), "online": nodes.online(guest),
            "left over": nodes.said(guest, "node_map", "in no table: "),
            "MiB": {n: nodes.mib(guest, n) for n in nodes.online(guest)},
            "cpus": nodes.cpus(guest), "distances": nodes.distances(guest)}


RIGHT = {0: 512 + FLASH, 1: 256}


def once(lines, *words):
    return sum(all(word in line for word in words) for line in lines) == 1


# What is wrong, the entry, and words of the line that says so.
ENTRIES = [
    ("has no length", acpi.memory_affinity(8 * GIB, 0, 1), ("0200000000-", "it is empty")),
    ("is smaller than a page", acpi.memory_affinity(9 * GIB, 512, 1),
     ("0240000000-", "it is empty")),
    ("wraps", acpi.memory_affinity((1 << 64) - GIB, 4 * GIB, 1), ("ffffffffc0000000-", "wraps")),
    ("wraps and has all of memory in it", acpi.memory_affinity(GIB // 2, (1 << 64) - 1, 1),
     ("0020000000-", "wraps")),
    ("reaches beyond the last address", acpi.memory_affinity(10 * GIB, 1 << 60, 0),
     ("0280000000-", "beyond")),
    ("begins beyond the last address", acpi.memory_affinity(1 << 56, GIB, 0),
     ("0100000000000000-", "beyond")),
    ("names memory of another node", acpi.memory_affinity(BASE, 512 * MIB, 1),
     ("40000000-", "of node 1 ignored", "is node 0's")),
    ("reaches from one node's memory into another's",
     acpi.memory_affinity(SECOND - 128 * MIB, 256 * MIB, 0),
     ("58000000-", "of node 0 ignored", "is node 1's")),
    ("has the whole space in it", acpi.memory_affinity(0, 1 << 47, 0),
     ("[mem 0x0000000000000000-", "of node 0 ignored", "is node 1's")),
    ("names a proximity domain over the limit", acpi.memory_affinity(12 * GIB, GIB, 0)[:2]
     + struct.pack("<I", 300) + acpi.memory_affinity(12 * GIB, GIB, 0)[6:], ("domain 300 ",)),
    ("names the last proximity domain that a number can",
     acpi.memory_affinity(13 * GIB, GIB, 0)[:2] + b"\xff" * 4
     + acpi.memory_affinity(13 * GIB, GIB, 0)[6:], ("domain 4294967295 ",)),
    ("is a memory entry that is too short", bytes([1, 16]) + bytes(14),
     ("type 1 ", "16 bytes", "40 are needed")),
    ("is a CPU entry that is too short", bytes([3, 8]) + bytes(6),
     ("type 3 ", "8 bytes", "18 are needed")),
    ("is a CPU entry with a proximity domain over the limit",
     struct.pack("<BBIIII", 3, 18, 999, 77, ENABLED, 0), ("domain 999 ",)),
    ("is a window in the window of another node",
     acpi.memory_affinity(65 * GIB, GIB, 0, ENABLED | HOTPLUGGABLE),
     ("1040000000-", "of node 0 ignored", "is node 1's")),
]
WINDOW = acpi.memory_affinity(64 * GIB, 4 * GIB, 1, ENABLED | HOTPLUGGABLE)
# Right, or nothing to do with nodes.
HARMLESS = [
    acpi.memory_affinity(BASE, 512 * MIB, 0), acpi.memory_affinity(SECOND, MIB, 1),
    acpi.memory_affinity(BASE, (1 << 64) - 1, 77, 0), bytes([200, 12]) + bytes(10),
    acpi.gicc_affinity(99, 1),
]


def wrong_entries(ctx):
    tables = srat_with(WINDOW, *(entry for _, entry, _ in ENTRIES), *HARMLESS)
    found = boot(ctx, tables, report)
    for sentence, _, words in ENTRIES:
        yield once(found["ignored"], *words), f"NUMA-13 NUMA-02 an SRAT entry that {sentence} is " \
            "ignored, in one line"
    yield len(found["ignored"]) == len(ENTRIES), \
        "NUMA-13 NUMA-03 entries that come twice, that are disabled or of another kind are no fault"
    yield (found["MiB"] == RIGHT and not found["left over"],
           "NUMA-13 good entries between wrong ones count, and memory has its nodes")


def too_many_domains(ctx):
    more = [acpi.memory_affinity((64 + i) * GIB, GIB, 2 + i) for i in range(20)]
    found = boot(ctx, srat_with(*more), report, distances=False)
    room = 16                   # nodes of this configuration
    yield len(found["ignored"]) == 22 - room, \
        "NUMA-13 domains for which there is no node lose themselves, with a line each"
    yield found["online"] == list(range(room)) and found["MiB"][1] == 256, \
        "NUMA-13 domains for which there is a node have it"


def damaged(ctx):
    stuck = acpi.srat(GOOD + [bytes([1, 0]) + bytes(38), acpi.memory_affinity(8 * GIB, GIB, 1)])
    found = boot(ctx, {"srat.aml": stuck}, report)
    yield found["MiB"] == RIGHT, \
        "NUMA-13 an SRAT with an entry on which a reader is stuck counts up to there"
    found = boot(ctx, {"srat.aml": acpi.cut_off(acpi.srat(GOOD), 30)}, report)
    yield found["MiB"] == {0: 512 + FLASH + 256, 1: 0} and len(found["left over"]) == 1, \
        "NUMA-13 NUMA-03 an SRAT that is cut off counts to there, the rest is a neighbour's"


def nothing_left(ctx):
    cases = [("without memory in it", GOOD[:2]),
             ("with nothing in it", []),
             ("that knows memory elsewhere only",
              GOOD[:2] + [acpi.memory_affinity(16 * GIB, GIB, 1)])]
    for sentence, entries in cases:
        found = boot(ctx, {"srat.aml": acpi.srat(entries)}, report, distances=False)
        yield found["online"] == [0] and found["cpus"] == {0: [0, 1]}, \
            f"NUMA-13 an SRAT {sentence} leaves one node"
    found = boot(ctx, {"srat.aml": acpi.srat(GOOD[2:])}, report)
    yield found["MiB"] == RIGHT and found["cpus"] == {0: [0, 1], 1: []}, \
        "NUMA-13 an SRAT without CPUs has its memory on its nodes"


# What is wrong with SLIT: count of rows, cells, words of the line, distances then.
SLITS = [
    ("is made of tens", 2, [10] * 4, ("SLIT: 2 distances ignored", "11 or more"), [20, 20]),
    ("has a node far from itself", 2, [10, 40, 50, 20], ("1 distances", "10 from itself"),
     [40, 50]),
    ("has a zero in it", 2, [10, 0, 50, 10], ("1 distances", "is 0 from 0 to 1"), [20, 50]),
    ("is cut off", 2, [10, 40], ("2 distances ignored", "ends before"), [40, 20]),
    ("says that it has many more rows", 1 << 63, [10, 40, 30, 10], ("ends before",), None),
    ("has no cell", 2, [], ("4 distances ignored", "ends before"), [20, 20]),
]


def wrong_distances(ctx):
    for sentence, rows, cells, words, want in SLITS:
        slit = acpi.table(b"SLIT", 1, struct.pack("<Q", rows) + bytes(cells))
        found = boot(ctx, {"slit.aml": slit}, report, distances=False)
        seen = [found["distances"][0][1], found["distances"][1][0]]
        yield (once(found["ignored"], *words) and len(found["ignored"]) == 1
               and found["MiB"] == RIGHT and (want is None or seen == want)), \
            f"NUMA-13 a SLIT that {sentence} loses what is wrong, in one line"


# ---- devicetree

@contextmanager
def edited(*commands):
    """What is done to the devicetree of the next guest: arguments of fdtput."""
    make = loader.devicetree

    def make_and_edit(machine, *places):
        path = make(machine, *places)
        for tool, *words in commands:
            loader.call(tool, *[path if w is None else w for w in words])
        return path

    loader.devicetree = make_and_edit
    try:
        yield
    finally:
        loader.devicetree = make


def put(node, name, *cells):
    return "fdtput", "-t", "x", None, node, name, *[f"{c:x}" for c in cells]


MAP = "/distance-map"
THIRD = SECOND + 128 * MIB
MEMORY = [DtMemory(BASE, 512 * MIB, 0), DtMemory(SECOND, 128 * MIB, 1)]
REST = DtMemory(THIRD, 128 * MIB, 1)

# What is wrong, the last memory node, edits, words of the line, the distance then.
TREES = [
    ("with a distance-matrix that is cut off", REST, [put(MAP, "distance-matrix", 0, 1, 40, 1)],
     ("1 distances", "ends before"), 40),
    ("with a distance-matrix of bytes", REST,
     [("fdtput", "-t", "bx", None, MAP, "distance-matrix", "0", "1", "2")],
     ("distance-matrix",), 20),
    ("without a distance-matrix", REST, [("fdtput", "-d", None, MAP, "distance-matrix")],
     ("no distance-matrix",), 20),
    ("with the distance of a node over the limit", REST,
     [put(MAP, "distance-matrix", 0, 99, 50, 0, 1, 40)], ("1 distances", "50 from 0 to 99"), 40),
    ("with a distance of 10", REST, [put(MAP, "distance-matrix", 0, 1, 10)], ("11 or more",), 20),
    ("with a distance of 256", REST, [put(MAP, "distance-matrix", 0, 1, 256)],
     ("255 at most",), 20),
    ("with a node far from itself", REST, [put(MAP, "distance-matrix", 0, 0, 20, 0, 1, 40)],
     ("10 from itself",), 40),
    ("with memory of a node over the limit", DtMemory(THIRD, 128 * MIB, 99), [],
     ("memory@68000000", "numa-node-id is 99"), 40),
    ("with a CPU of a node over the limit", REST, [put("/cpus/cpu@1", "numa-node-id", 4096)],
     ("cpu@1", "numa-node-id is 4096"), 40),
    ("with memory of one node in that of another", DtMemory(BASE + 64 * MIB, 64 * MIB, 1), [],
     ("devicetree", "ignored", "'s"), 40),
    ("with memory whose reg is cut off", REST,
     [put(f"/memory@{THIRD:x}", "reg", 0, THIRD, 0)], ("memory@68000000", "reg"), 40),
]


def wrong_trees(ctx):
    for sentence, last, edits, words, distance in TREES:
        machine = {"firmware": "loader", "topology": two(dt_memory=MEMORY + [last])}
        with edited(*edits):
            beside(ctx, **machine)
            with ctx.guest(**machine) as guest:
                found = report(guest)
        ctx.note(f"ours: distances {found['distances']}")
        ctx.note("\n".join(found["ignored"]))
        yield (once(found["ignored"], *words) and len(found["ignored"]) == 1
               and found["online"] == [0, 1] and found["distances"][0][1] == distance), \
            f"NUMA-13 NUMA-01 a devicetree {sentence} loses what is wrong, in one line"


SCENARIOS = [
    ("NUMA-13 entries of SRAT that are wrong are ignored one by one", wrong_entries),
    ("NUMA-13 SRAT with more domains than there are nodes", too_many_domains),
    ("NUMA-13 SRAT that is damaged", damaged),
    ("NUMA-13 SRAT from which nothing is left", nothing_left),
    ("NUMA-13 SLIT that is wrong", wrong_distances),
    ("NUMA-13 devicetrees that are wrong", wrong_trees),
]
