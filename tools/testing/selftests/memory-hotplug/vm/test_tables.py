# SPDX-License-Identifier: GPL-2.0-only
"""Tables beside SRAT and SLIT that name nodes: HMAT, which says how fast memory is, and CEDT,
which says where memory of CXL may come.

Stock boots the same tables.
"""

import re
import struct

import nodes
from machines import GIB
from memhp_vm import Node, Topology, acpi
from memhp_vm.acpi import ENABLED, HOTPLUGGABLE

ATTRIBUTES = ("read_latency", "write_latency", "read_bandwidth", "write_bandwidth")


def as_stock(ctx, machine, look, **options):
    """What our kernel says of a machine, and whether stock says the same; both are noted."""
    found = {}
    for tree in ctx.trees:
        with ctx.guest(tree=tree, firmware="uefi", topology=machine(), **options) as guest:
            found[tree] = look(guest)
            ctx.note(f"{tree}: {found[tree]}")
    ours = found.pop(ctx.tree)
    return ours, all(other == ours for other in found.values())


# ---- HMAT

def speed_seen(guest):
    """{node: what HMAT gives it}: the numbers of access0, and who is nearest to it."""
    text = guest.check(f"cd {nodes.NODE} && grep -H . node*/access0/initiators/*_*")
    found = {}
    for node, name, value in re.findall(r"node(\d+)/.*/(\w+):(\d+)", text):
        found.setdefault(int(node), {})[name] = int(value)
    near = guest.check(f"cd {nodes.NODE} && ls -d node*/access0/initiators/node*").split()
    for node, other in re.findall(r"node(\d+)/\S*/node(\d+)", " ".join(near)):
        found[int(node)].setdefault("near", []).append(int(other))
    return found


def speed(latency, bandwidth, *near):
    return dict(zip(ATTRIBUTES, (latency, latency, bandwidth, bandwidth)), near=list(near))


# QEMU's own table, in nanoseconds and MB/s: {(initiator, target): (latency, bandwidth)}
SPEED = {(0, 0): (5, 20480), (0, 1): (30, 10240), (1, 0): (33, 9216), (1, 1): (7, 19456)}


def qemu_hmat():
    found = []
    for (initiator, target), (latency, bandwidth) in SPEED.items():
        where = f"hmat-lb,initiator={initiator},target={target},hierarchy=memory"
        found += ["-numa", f"{where},data-type=access-latency,latency={latency}",
                  "-numa", f"{where},data-type=access-bandwidth,bandwidth={bandwidth}M"]
    return found


def two_nodes():
    return Topology(nodes=[Node("512M", 1), Node("256M", 1)], cover_nomap=True)


# A table of ours: domains are no node numbers, and one has no CPU.
DOMAINS = (3, 7, 9)
MACHINE = ("512M", 1), ("256M", 1), ("256M", 0)
SLOW = {(3, 3): (10, 9000), (3, 7): (60, 4000), (3, 9): (90, 2000),
        (7, 3): (61, 4001), (7, 7): (11, 9001), (7, 9): (70, 3000)}
READ_LATENCY, WRITE_LATENCY, READ_BANDWIDTH, WRITE_BANDWIDTH = 1, 2, 4, 5
CACHE = 64 << 20


def structure(kind, body):
    return struct.pack("<HHI", kind, 0, 8 + len(body)) + body


def locality(kind, unit, which, initiators=(3, 7), targets=DOMAINS):
    cells = [SLOW[i, t][which] if (i, t) in SLOW else 0xFFFF for i in initiators for t in targets]
    head = struct.pack("<BBBBIIIQ", 0, kind, 0, 0, len(initiators), len(targets), 0, unit)
    return structure(1, head + struct.pack(f"<{len(initiators) + len(targets)}I", *initiators,
                                           *targets) + struct.pack(f"<{len(cells)}H", *cells))


def all_speeds(**options):
    return b"".join(locality(kind, unit, which, **options) for kind, unit, which in (
        (READ_LATENCY, 1000, 0), (WRITE_LATENCY, 1000, 0),
        (READ_BANDWIDTH, 1, 1), (WRITE_BANDWIDTH, 1, 1)))


def nearest(memory, cpu):
    """The address range structure: memory is closest to the CPUs of a domain."""
    return structure(0, struct.pack("<HHIIIQQ", 1, 0, cpu, memory, 0, 0, 0))


def side_cache(domain):
    """Of one level, mapped directly, written back, with lines of 64 bytes."""
    return structure(2, struct.pack("<IIQIHH", domain, 0, CACHE, 1 | 1 << 4 | 1 << 8 | 1 << 12
                                    | 64 << 16, 0, 0))


def hmat(*structures):
    return acpi.table(b"HMAT", 2, bytes(4) + b"".join(structures))


def in_domains():
    """SRAT of the machine, with domains for node numbers, and none in order."""
    machine = Topology(nodes=[Node(*node) for node in MACHINE])
    memory = [acpi.memory_affinity(start, size, DOMAINS[nid])
              for nid, start, size in machine.ram_ranges()]
    cpus = [acpi.gicc_affinity(cpu, DOMAINS[nid]) for cpu, nid in enumerate(machine.cpu_nodes())]
    return acpi.srat(cpus + [acpi.memory_affinity(*acpi.NOMAP_FLASH, DOMAINS[0])] + memory[::-1])


def of_domains(*tables):
    """A machine by such an SRAT, and by {name: table} more."""
    found = {"srat.aml": in_domains()}
    for table in tables:
        found[f"{table[:4].decode().lower()}.aml"] = table
    return lambda: Topology(nodes=[Node(*node) for node in MACHINE], acpi_tables=found)


def caches_seen(guest):
    text = guest.check(f"cd {nodes.NODE} && grep -H . node*/memory_side_cache/index1/size")
    return {int(node): int(size) for node, size in re.findall(r"node(\d+)/.*:(\d+)", text)}


def hmat_of_domains(ctx):
    table = hmat(nearest(9, 7), side_cache(9), all_speeds())
    found, same = as_stock(ctx, of_domains(table),
                           lambda guest: (speed_seen(guest), caches_seen(guest)))
    yield same, "NUMA-02 HMAT of domains that are no node numbers is as with stock"
    want = {0: speed(10, 9000, 0), 1: speed(11, 9001, 1), 2: speed(70, 3000, 1)}
    yield found == (want, {2: CACHE}), \
        "NUMA-02 HMAT's domains have the nodes that SRAT's have, one without CPUs too"


def broken_hmats():
    whole, unknown = all_speeds(), all_speeds(targets=(40, 41, 300))
    stuck = struct.pack("<HHI", 1, 0, 0)
    return {"of domains that are in no other table, and that is cut off":
            acpi.cut_off(hmat(unknown, whole), 6),
            "with a structure on which a reader is stuck": hmat(stuck, whole)}


def broken_hmat(ctx):
    def look(guest):
        return nodes.online(guest), {n: nodes.mib(guest, n) for n in (0, 1, 2)}

    for sentence, table in broken_hmats().items():
        found, same = as_stock(ctx, of_domains(table), look)
        yield same and found == ([0, 1, 2], {0: 512 + 64, 1: 256, 2: 256}), \
            f"NUMA-02 NUMA-13 an HMAT {sentence} does no harm to nodes"


# ---- CEDT

FIXED = 36                  # bytes of a window ahead of its host bridges
KNOWN = 128 * GIB           # SRAT knows the first GiB of a window there


def window(start, size, length=FIXED + 4):
    """A window of CXL (CFMWS) with one host bridge."""
    return struct.pack("<BBHIQQBBHIHHI", 1, 0, length, 0, start, size, 0, 0, 0, 0, 6, 0, 7)


def cedt(*entries):
    return acpi.table(b"CEDT", 1, b"".join(entries))


def with_cedt(table):
    srat = acpi.srat(acpi.srat_entries(two_nodes())
                     + [acpi.memory_affinity(KNOWN, GIB, 1, ENABLED | HOTPLUGGABLE)])
    return lambda: Topology(nodes=two_nodes().nodes,
                            acpi_tables={"srat.aml": srat, "cedt.aml": table})


def cxl_seen(guest):
    """Nodes, claims by CEDT, what of it is ignored, and the nodes of some addresses."""
    known = nodes.claims(guest) if not guest.run(f"test -e {nodes.MAP}")[0] else []
    return {"nodes": nodes.possible(guest), "ignored": nodes.said(guest, "node_map: C", "ignored"),
            "windows": [claim for claim in known if claim[2].endswith("CXL")],
            "look-up": nodes.look_up(guest, AT)}


NEW = 64 * GIB              # no other table knows anything of it
AT = (GIB, NEW, NEW + 4 * GIB - 1, KNOWN + GIB - 1, KNOWN + GIB, KNOWN + 4 * GIB)
BRIDGE = struct.pack("<BBHIIIQQ", 0, 0, 32, 7, 1, 0, 0x43000000, 0x10000)


def cxl(ctx, table):
    """What ours says of the table; what stock says is noted."""
    return as_stock(ctx, with_cedt(table), cxl_seen)[0]


def both_tables(ctx):
    """HMAT as QEMU makes it, and windows of CXL beside."""
    table = cedt(BRIDGE, window(NEW, 4 * GIB), window(KNOWN, 4 * GIB))
    options = {"machine_options": "hmat=on", "qemu_args": qemu_hmat()}
    speeds = {}

    def look(guest):
        speeds[guest.tree] = speed_seen(guest)
        return cxl_seen(guest)

    found = as_stock(ctx, with_cedt(table), look, **options)[0]
    ctx.note(speeds)
    yield all(one == speeds[ctx.tree] for one in speeds.values()), \
        "NUMA-02 HMAT of QEMU's: latency and bandwidth of nodes are as with stock"
    yield speeds[ctx.tree] == {n: speed(*SPEED[n, n], n) for n in (0, 1)}, \
        "NUMA-02 HMAT of QEMU's: latency and bandwidth are those of the command line"
    yield (found["look-up"][1:3] == [(2, 2), (2, 2)] and found["nodes"] == [0, 1, 2],
           "NUMA-06 a window of CXL that no other table knows has a node of its own")
    yield found["look-up"][3:] == [(1, 1), (1, 1), (-1, -1)], \
        "NUMA-06 a window of CXL that SRAT knows in part has its node, as far as it goes"
    yield found["windows"] == [(NEW, NEW + 4 * GIB - 1, "node 2 window CXL"),
                               (KNOWN + GIB, KNOWN + 4 * GIB - 1, "node 1 window CXL")], \
        "NUMA-06 the map shows windows of CXL and who named them"


# What is wrong, the window, and words of the line that says so.
WINDOWS = [
    ("that has no size", window(80 * GIB, 0), ("1400000000-", "it is empty")),
    ("that wraps", window((1 << 64) - GIB, 4 * GIB), ("ffffffffc0000000-", "it wraps")),
    ("that reaches beyond the last address", window(1 << 47, 1 << 60), ("-", "beyond")),
    ("that is cut short", window(84 * GIB, GIB, 8)[:8], ("it has 8 bytes", "36 are needed")),
]
ROOM = 16                   # nodes of this configuration


def broken_cedt(ctx):
    more = [window((256 + i) * GIB, GIB) for i in range(ROOM - 2)]
    found = cxl(ctx, cedt(*(entry for _, entry, _ in WINDOWS), window(NEW, 4 * GIB), *more))
    for sentence, _, words in WINDOWS:
        yield (sum(all(word in line for word in words) for line in found["ignored"]) == 1,
               f"NUMA-13 NUMA-06 a window of CXL {sentence} is ignored, in one line")
    last = (256 + ROOM - 3) * GIB
    yield (sum(f"{last:x}-" in line and "16 nodes" in line for line in found["ignored"]) == 1
           and len(found["ignored"]) == len(WINDOWS) + 1,
           "NUMA-13 NUMA-06 a window of CXL for which there is no node is ignored, in one line")
    yield (found["look-up"][1] == (2, 2) and found["nodes"] == list(range(ROOM)),
           "NUMA-13 NUMA-06 wrong windows take no node, and good ones behind them have theirs")

    found = cxl(ctx, acpi.cut_off(cedt(window(NEW, 4 * GIB), window(KNOWN, 4 * GIB)), 20))
    yield (found["look-up"][1] == (2, 2) and found["look-up"][4] == (-1, -1)
           and len(found["ignored"]) == 1 and "it has 20 bytes" in found["ignored"][0]), \
        "NUMA-13 NUMA-06 a CEDT that is cut off counts to there"


SCENARIOS = [
    ("NUMA-02 NUMA-06 HMAT of QEMU's, and windows of CXL", both_tables),
    ("NUMA-02 HMAT of a machine whose domains are no node numbers", hmat_of_domains),
    ("NUMA-02 NUMA-13 HMAT that is wrong", broken_hmat),
    ("NUMA-13 NUMA-06 CEDT that is wrong", broken_cedt),
]
