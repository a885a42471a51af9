# SPDX-License-Identifier: GPL-2.0-only
"""Which node memory belongs to: at boot, by each kind of firmware, and when it comes later.

Stock boots the same machines, and its answers are printed beside ours.
"""

from errno import EINVAL, EPERM

import nodes
import probe
import ranges
from machines import GIB, HIDDEN
from memhp_vm import Node, Topology
from memhp_vm.topology import DtMemory
from nodes import NONE

MIB = 1 << 20
BASE = GIB                  # where RAM begins
DATA = 160                  # MiB that are written to see where they go
UNKNOWN = 1 << 45           # an address of which nobody says anything


def two(**options):
    """512 MiB on node 0, 256 MiB on node 1, a CPU on each."""
    return Topology(nodes=[Node("512M", 1), Node("256M", 1)], **options)


def glance(guest):
    seen = nodes.online(guest)
    return {"distances": nodes.distances(guest), "cpus": nodes.cpus(guest),
            "MiB": {n: nodes.mib(guest, n) for n in seen}}


def seen_by(ctx, topology, what, **options):
    """What our kernel says of a machine, after a note of what stock says."""
    found = {}
    for tree in ctx.trees:
        with ctx.guest(tree=tree, topology=topology(), **options) as guest:
            found[tree] = what(guest)
            ctx.note(f"{tree}: {found[tree]}")
    return found[ctx.tree]


def expect_glance(found, distances, cpus, mib):
    assert found["distances"] == dict(enumerate(distances)), found
    assert found["cpus"] == dict(enumerate(cpus)), found
    assert found["MiB"] == mib, found


# ---- what firmware says

FLASH = 64                  # MiB that UEFI keeps for itself, which are in no table


def uefi_two_nodes(ctx):
    """Also: only the flash gets a node by its neighbour, without a warning."""
    def what(guest):
        found = glance(guest)
        dimm = guest.plug_dimm("d0", size="1G", node=1)
        guest.wait_taken("d0")
        found["DIMM of node 1"] = sorted({b.node for b in guest.wait_blocks(dimm)})
        found["left over"] = nodes.said(guest, "node_map", "in no table")
        return found

    found = seen_by(ctx, lambda: two(slots=2, maxmem="8G", distances={(0, 1): 40}), what,
                    firmware="uefi")
    expect_glance(found, [[10, 40], [40, 10]], [[0], [1]], {0: 512 + FLASH, 1: 256})
    assert found["DIMM of node 1"] == ["1"], found
    assert [line for line in found["left over"] if "for itself" in line] == found["left over"]
    assert len(found["left over"]) == 1, found


def uefi_devicetree(ctx):
    found = seen_by(ctx, lambda: two(distances={(0, 1): 40}), glance, firmware="uefi-dt")
    expect_glance(found, [[10, 40], [40, 10]], [[0], [1]], {0: 512 + FLASH, 1: 256})


def three_levels():
    return Topology(nodes=[Node("256M", 1), Node("256M", 1), Node("256M", 0), Node(0, 1)],
                    distances=[[10, 12, 80, 33], [14, 10, 81, 33], [80, 82, 10, 34],
                               [33, 33, 35, 10]], cover_nomap=False)


def asymmetric(ctx):
    for firmware in ("dt", "uefi"):
        found = seen_by(ctx, three_levels, glance, firmware=firmware)
        flash = FLASH if firmware == "uefi" else 0
        expect_glance(found, three_levels().distances, [[0], [1], [], [2]],
                      {0: 256 + flash, 1: 256, 2: 256, 3: 0})


def no_id(ctx):
    """Of three memory nodes of the devicetree the last has no numa-node-id."""
    memory = [DtMemory(BASE, 512 * MIB, 0), DtMemory(BASE + 512 * MIB, 128 * MIB, 1),
              DtMemory(BASE + 640 * MIB, 128 * MIB, None)]

    def what(guest):
        return {**glance(guest), "ignored": nodes.ignored(guest),
                "left over": nodes.said(guest, "node_map", "in no table")}

    found = seen_by(ctx, lambda: two(dt_memory=memory), what, firmware="loader")
    expect_glance(found, [[10, 20], [20, 10]], [[0], [1]], {0: 512, 1: 256})
    assert len(found["ignored"]) == 1 and "no numa-node-id" in found["ignored"][0], found
    assert len(found["left over"]) == 1 and "131072 KiB" in found["left over"][0], found


def only_in_distances(ctx):
    def machine():
        return Topology(nodes=[Node("512M", 1), Node("256M", 1), Node(0, 0)], slots=1,
                        distances={(0, 1): 30, (0, 2): 40, (1, 2): 50})

    found = seen_by(ctx, machine, glance, firmware="dt")
    expect_glance(found, [[10, 30, 40], [30, 10, 50], [40, 50, 10]], [[0], [1], []],
                  {0: 512, 1: 256, 2: 0})


def none(ctx):
    """Tables of one node need no word; that they are not to be used is one line, as stock's."""
    for topology, cmdline in ((lambda: Topology(nodes=[Node("512M", 2)]), ""),
                              (two, "numa=off")):
        def what(guest):
            lines = nodes.said(guest, "Faking a node")
            return {**glance(guest), "lines": len(lines), "ours": nodes.said(guest, "node_map")}

        for firmware in ("dt", "uefi"):
            found = seen_by(ctx, topology, what, firmware=firmware, cmdline=cmdline)
            assert found["lines"] == (1 if cmdline else 0), found
            assert set(found["MiB"]) == {0} and not [s for s in found["ours"] if "ignored" in s]


# ---- addresses

def windows(ctx):
    """Windows of hot-plug: who asks for memory that may come is told its node."""
    edge = two(slots=2, maxmem="8G").device_base
    at = [BASE, BASE + 512 * MIB, edge, UNKNOWN]

    def what(guest):
        return nodes.look_up(guest, at)

    found = seen_by(ctx, lambda: two(slots=2, maxmem="8G", cover_nomap=True), what, firmware="uefi")
    assert found == [(0, 0), (1, 1), (1, 1), (NONE, NONE)], found
    memory = [DtMemory(BASE, 512 * MIB, 0), DtMemory(BASE + 512 * MIB, 256 * MIB, 1),
              DtMemory(4 * GIB, GIB, 1, True)]
    at[2] = 4 * GIB + 512 * MIB
    found = seen_by(ctx, lambda: two(dt_memory=memory[:2]), what, firmware="loader")
    assert found == [(0, 0), (1, 1), (NONE, NONE), (NONE, NONE)], found


def only_one_node(ctx):
    found = seen_by(ctx, lambda: Topology(nodes=[Node("512M", 1)]),
                    lambda guest: nodes.look_up(guest, [BASE, UNKNOWN]), firmware="dt")
    assert found == [(0, 0), (0, 0)], found


def virtio_mem(ctx):
    """The device says its node by a proximity domain, and there is no ACPI."""
    def what(guest):
        for node in (0, 1):
            guest.qmp("qom-set", path=f"/machine/peripheral/vm{node}", property="requested-size",
                      value=512 * MIB)
        guest.check("for i in $(seq 100); do [ $(grep -c virtio_mem /proc/iomem) -ge 4 ] && exit 0;"
                    " sleep 0.1; done; exit 0", timeout=60)
        places = {ident: dimm.start for ident, dimm in guest.dimms().items()}
        return {ident: sorted({b.node for b in guest.blocks() if start <= b.start < start + GIB})
                for ident, start in places.items()}

    devices = [{"size": "1G", "node": node} for node in (0, 1)]
    found = seen_by(ctx, lambda: two(virtio_mem=devices), what, firmware="dt",
                    cmdline="memhp_default_state=online_movable")
    assert found == {"vm0": ["0"], "vm1": ["1"]}, found


def proximity_of_devices(ctx):
    """_PXM of a memory device comes before what SRAT says of its addresses."""
    topology = two(slots=4, maxmem="16G", cover_nomap=True)
    with ctx.guest(firmware="uefi", topology=topology) as guest:
        for node in (0, 1, 0):
            dimm = guest.plug_dimm("d0", size="1G", node=node)
            blocks = guest.wait_blocks(dimm)
            assert {b.node for b in blocks} == {str(node)}, (node, blocks)
            guest.unplug("d0")
            guest.wait_blocks(dimm, gone=True)


# ---- the command line

def named_by_people(ctx):
    """node_map= comes before firmware, and node_bits= after it."""
    cmdline = (f"node_map={4 * GIB:#x}-{5 * GIB - 1:#x}@0 node_map=64G-{65 * GIB - 1:#x}@3"
               " node_bits=44-45+1 node_map=1-2 node_map=5G-4G@1 node_map=6G-7G@99"
               " node_bits=3-5 node_bits=44-44+1")
    with ctx.guest(firmware="uefi", topology=two(slots=2, maxmem="8G"), cmdline=cmdline) as guest:
        lines = nodes.ignored(guest)        # looking up empties the log
        at = [BASE, 4 * GIB, 5 * GIB, 64 * GIB, 1 << 44, (2 << 44) + 5, (3 << 44) + GIB]
        found = nodes.look_up(guest, at)
        ctx.note(found)
        assert [add for add, _ in found] == [0, 0, 1, 3, 2, 3, 4], found
        ctx.note("\n".join(lines))
        assert len(lines) == 5, lines
        assert nodes.online(guest) == [0, 1, 2, 3, 4]


# ---- change

def torture(ctx):
    topology = Topology(nodes=[Node("512M", 4), Node("256M", 0)])
    with ctx.guest(firmware="dt", topology=topology) as guest:
        assert guest.insmod("memhp_node")[0] == 0
        guest.check("echo 0 8 > /sys/kernel/debug/memhp_node/torture", timeout=120)
        line = nodes.said(guest, "memhp_node:", "looks")[-1]
        ctx.note(line)
        assert int(line.split()[1]) > 10000 and line.endswith(" 0 wrong"), line


def run_time_windows(ctx):
    """What an administrator names is known to those who ask, and forgotten again."""
    start = 1 << 40
    with ctx.guest(firmware="dt", topology=two()) as guest:
        files = "/sys/devices/system/memory"
        assert nodes.look_up(guest, [start]) == [(NONE, NONE)]
        guest.check(f"echo {start:#x} {GIB:#x} 1 > {files}/window_add")
        assert nodes.look_up(guest, [start, start + GIB - 1, start + GIB]) \
            == [(1, 1), (1, 1), (NONE, NONE)]
        guest.check(f"echo {start:#x} {GIB // 2:#x} > {files}/window_remove")
        assert nodes.look_up(guest, [start, start + GIB - 1]) == [(NONE, NONE), (1, 1)]


# ---- edges of nodes inside of memory blocks

EDGE_BOOT, EDGE_HIDDEN = BASE + 448 * MIB, BASE + 1088 * MIB
NAMED = BASE + 1280 * MIB           # 192 MiB from here on


def edges(guest):
    """What is refused of hidden memory across nodes, and what is taken."""
    block = probe.block_size(guest)
    middle = EDGE_HIDDEN // block * block
    assert {(w.start, w.end, w.node) for w in probe.windows(guest)} == {
        (BASE + 768 * MIB, middle, 1), (middle + block, BASE + 1664 * MIB, 2)}
    cases = [("a block of two nodes", f"{middle:#x}"),
             ("the same, with the first one named", f"{middle:#x} {block:#x} 1"),
             ("the same, with the second one named", f"{middle:#x} {block:#x} 2"),
             ("from one node to another", f"{middle - block:#x} {3 * block:#x}")]
    yield from probe.refuse_all(None, guest, [
        probe.Case(what, "probe", text, EPERM) for what, text in cases], "NUMA-11")
    for start, node in ((middle - block, 1), (middle + block, 2)):
        probe.good(guest, "probe", f"{start:#x}")
        found = {b.node for b in guest.blocks() if b.start == start}
        yield found == {str(node)}, f"NUMA-11 a whole block beside the edge is node {node}'s"


def named_edges(guest):
    """What the command line gives to node 0 of memory that firmware says is node 2's."""
    whole, half = NAMED, NAMED + 128 * MIB
    yield from probe.refuse_all(None, guest, [
        probe.Case("half of a block is another node's by the command line", "probe",
                   f"{half:#x}", EINVAL),
        probe.Case("two blocks, and half of one is", "probe", f"{half:#x} {256 * MIB:#x}",
                   EINVAL)], "NUMA-11")
    for start, text, node in ((whole, "", 0), (half, f" {128 * MIB:#x} 2", 2)):
        probe.good(guest, "probe", f"{start:#x}{text}")
        found = {b.node for b in guest.blocks() if b.start == start}
        yield found == {str(node)}, f"NUMA-11 NUMA-06 a block that is named node {node}'s is its"


def edges_in_blocks(ctx):
    """Two nodes meet in the middle of a block: of boot memory, and of hidden memory."""
    topology = Topology(nodes=[Node("448M", 1), Node("640M", 1), Node("576M", 0)])
    with ctx.guest(firmware="dt", topology=topology,
                   cmdline="nokaslr mem=768M memory_block_size=128M"
                           f" node_map={NAMED:#x}-{NAMED + 192 * MIB - 1:#x}@0") as guest:
        found = {node: nodes.mib(guest, node) for node in (0, 1)}
        yield found == {0: 448, 1: 320}, "NUMA-11 each page of a boot block is its node's"
        name = f"memory{EDGE_BOOT // probe.block_size(guest)}"
        links = guest.check(f"cd {nodes.NODE} && ls -d node*/{name}").split()
        ctx.note(f"{name}: {links}, {guest.run(f'echo offline > {probe.MEMORY}/{name}/state')}")
        yield (guest.run(f"echo offline > {probe.MEMORY}/{name}/state")[0] != 0
               and nodes.mib(guest, 0) == 448), "NUMA-11 a block of two nodes stays as it is"
        yield from edges(guest)
        yield from named_edges(guest)
        at = [EDGE_BOOT - 1, EDGE_BOOT, EDGE_HIDDEN - 1, EDGE_HIDDEN]
        answers = [target for _, target in nodes.look_up(guest, at)]
        yield answers == [0, 1, 1, 2], "NUMA-11 NUMA-04 the node changes at the edge, not at a block"


# ---- allocation follows

def allocation_follows(ctx):
    with ctx.guest(firmware="uefi", root="tools", topology=two(slots=2, maxmem="8G")) as guest:
        assert guest.insmod("memhp_node")[0] == 0
        for node in (0, 1):
            dimm = guest.plug_dimm(f"d{node}", size="1G", node=node)
            for block in guest.wait_blocks(dimm):
                assert not guest.set_state(block, "online")
            before = nodes.mib(guest, node)
            assert before >= 1024 + 256, before
            guest.check(f"echo {node} 20000 > /sys/kernel/debug/memhp_node/alloc")
            free = free_mib(guest, node)
            guest.check(f"numactl --membind={node} dd if=/dev/zero of=/dev/shm/data bs=1M"
                        f" count={2 * DATA}", timeout=300)
            taken = free - free_mib(guest, node)
            ctx.note(f"node {node}: {before} MiB, {2 * DATA} MiB of files took {taken} MiB of it")
            assert abs(taken - 2 * DATA) <= 32, taken
            guest.check("rm /dev/shm/data")


# ---- nodes that firmware does not know

def threads(guest):
    return set(guest.check("cat /proc/[0-9]*/comm | grep -E '^(kswapd|kcompactd)' || true").split())


def made_and_gone(guest, node):
    """A node is made by adding memory to it, used, and goes with its memory."""
    ranges.do(guest, "add", HIDDEN, GIB)
    assert node in nodes.online(guest)
    for block in guest.blocks():
        if HIDDEN <= block.start < HIDDEN + GIB:
            assert block.node == str(node), block
            assert not guest.set_state(block, "online_movable")
    assert threads(guest) >= {f"kswapd{node}", f"kcompactd{node}"}
    assert nodes.mib(guest, node) == 1024 and len(nodes.distances(guest)[node]) == 3
    guest.check(f"mkdir -p /tmp/n && mount -t tmpfs -o mpol=bind:{node} tmpfs /tmp/n"
                f" && dd if=/dev/zero of=/tmp/n/data bs=1M count={DATA}", timeout=300)
    free = free_mib(guest, node)
    assert free <= 1024 - DATA, free
    guest.check("umount /tmp/n")
    ranges.do(guest, "evict", HIDDEN, GIB)


def spare_nodes(ctx):
    topology = Topology(nodes=[Node("512M", 1), Node("2560M", 1)])
    with ctx.guest(firmware="dt", topology=topology, cmdline="mem=512M spare_nodes=2") as guest:
        assert nodes.possible(guest) == [0, 1, 2, 3]
        before = nodes.online(guest), threads(guest)
        assert not {2, 3} & set(before[0]), before
        ranges.load(guest, nid=3)
        for _ in range(3):
            made_and_gone(guest, 3)
            assert (nodes.online(guest), threads(guest)) == before
    with ctx.guest(firmware="dt", topology=two(), cmdline="spare_nodes=99") as guest:
        assert nodes.possible(guest) == list(range(16)) and nodes.online(guest) == [0, 1]
        assert len(nodes.ignored(guest)) == 1, nodes.ignored(guest)


def free_mib(guest, node):
    text = guest.check(f"grep MemFree {nodes.NODE}/node{node}/meminfo")
    return int(text.split()[3]) >> 10


SCENARIOS = [
    ("NUMA-03 NUMA-02 UEFI and ACPI: flash in no table voids nothing, a DIMM joins its node",
     uefi_two_nodes),
    ("NUMA-03 UEFI and devicetree: nodes are those of the devicetree", uefi_devicetree),
    ("NUMA-01 NUMA-02 NUMA-10 distances are firmware's, asymmetric, with and without memory",
     asymmetric),
    ("NUMA-01 a memory node without numa-node-id loses only itself", no_id),
    ("NUMA-10 a node that is named in the distance map only has its distances", only_in_distances),
    ("NUMA-13 with tables of one node, or with numa=off, there is one node and no ado", none),
    ("NUMA-06 windows have nodes, and nobody guesses a node", windows),
    ("NUMA-06 where there is one node, it has all addresses", only_one_node),
    ("NUMA-06 NUMA-01 virtio-mem's memory joins the node that the device names", virtio_mem),
    ("NUMA-02 a DIMM joins the node that its _PXM names, window of another or not",
     proximity_of_devices),
    ("NUMA-07 NUMA-06 ranges and address bits on the command line name nodes", named_by_people),
    ("NUMA-05 NUMA-06 look-ups while windows come and go are right", torture),
    ("NUMA-06 a window of an administrator has its node as long as it is there",
     run_time_windows),
    ("NUMA-11 a memory block across two nodes is split at boot, and refused when it would come",
     edges_in_blocks),
    ("NUMA-12 devices, and tasks bound to a node, get memory that was added to it",
     allocation_follows),
    ("NUMA-08 a node that firmware did not know comes with its memory, works, and goes with it",
     spare_nodes),
]
