# SPDX-License-Identifier: GPL-2.0-only
"""Guests that topology files describe, and what is seen of them from inside.

What is in the file has to be what Debian's numactl shows, what our own command shows,
and where on the host the memory comes from.
"""

import json
import re
import subprocess
import textwrap
import xml.etree.ElementTree
from pathlib import Path

import numactl
from machines import GIB
from memhp_vm import GuestDied, Node, Topology, Window, initramfs, topology_file
from memhp_vm.paths import ROOT
from probe import windows

FILES = sorted((ROOT / "topologies").glob("*.toml"))
MIB = 1 << 20

def machine(ctx, tree, topology, firmware, cmdline=""):
    return ctx.guest(tree=tree, root="tools", firmware=firmware, topology=topology,
                     cmdline=f"nokaslr {cmdline}")


# ---- numactl equals the file

PRESENT = ("awk '/^Node/ { node = $2 + 0 } / present / { n[node] += $2 }"
           " END { for (node in n) print node, n[node] }' /proc/zoneinfo")


def present(guest):
    """{node: bytes of memory in its zones, used by the kernel or not}"""
    pages = (line.split() for line in guest.check(PRESENT).splitlines())
    return {int(node): int(count) * guest.page_size() for node, count in pages}


def differs(ctx, tree, path, firmware):
    """([what is not as in the file], {node: MiB as numactl has it})"""
    topology = topology_file.load(path, firmware)
    with machine(ctx, tree, topology, firmware) as guest:
        seen, there = numactl.hardware(guest), present(guest)
    found = numactl.differences(topology, seen, checked=ctx.slowness > 1)
    sizes = {nid: node.size for nid, node in enumerate(topology.nodes)}
    # UEFI keeps a page for itself here and there, and shows its flash as memory
    if firmware == "dt" and there != sizes:
        found.append(f"{there} bytes are present, not {sizes}")
    return found, seen.sizes


def beside(ctx, path, firmware):
    """What stock makes of the same file; noted, not judged."""
    if not ctx.beside_stock:
        return
    try:
        found, sizes = differs(ctx, "stock", path, firmware)
        ctx.note(f"stock: {'; '.join(found) or f'as in the file, sizes {sizes}'}")
    except GuestDied as death:
        ctx.note(f"stock: {death.reason}")


# A kernel that checks everything, with more CPUs than that on a host with few, takes its
# own slowness for a lockup.
CHECKED_CPUS = 4


def equals_file(path, firmware):
    def scenario(ctx):
        if ctx.slowness > 1 and topology_file.load(path, firmware).cpus > CHECKED_CPUS:
            ctx.skip(f"more than {CHECKED_CPUS} CPUs are too many for this kernel")
        found, sizes = differs(ctx, ctx.tree, path, firmware)
        ctx.note(f"sizes {sizes}")
        beside(ctx, path, firmware)
        assert not found, "; ".join(found)
    return scenario


def command(ctx):
    """From the command line to numactl in the guest."""
    path, firmware = ROOT / "topologies/cpus-only.toml", "dt"
    root, _ = initramfs.build("tools")
    done = subprocess.run([ROOT / "scripts/boot", "--tree", ctx.tree, "--config", ctx.config,
                           "--topology", path, "--firmware", firmware, "--initrd", root,
                           "--run", "numactl --hardware"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = numactl.parse(textwrap.dedent("".join(
        line + "\n" for line in done.stdout.splitlines() if line.startswith("  "))))
    found = numactl.differences(topology_file.load(path, firmware), seen, checked=ctx.slowness > 1)
    assert not found, found


# ---- the host's nodes

def bound_bytes(guest):
    """How much of QEMU's memory is bound to node 0 of the host."""
    process = Path(f"/proc/{guest.process.pid}")
    sizes = {first: int(last, 16) - int(first, 16) for first, last in re.findall(
        r"^([0-9a-f]+)-([0-9a-f]+) ", (process / "maps").read_text(), re.M)}
    bound = re.findall(r"^([0-9a-f]+) bind:0\b", (process / "numa_maps").read_text(), re.M)
    return sum(sizes[start] for start in bound)


def backends(guest):
    """{id: (policy, [node of the host])}"""
    return {m["id"]: (m["policy"], m["host-nodes"]) for m in guest.qmp("query-memdev")}


HERE, ANYWHERE = ("bind", [0]), ("default", [])


def host_map(ctx):
    """Only node 1 is bound; what is plugged into it is, too, and what goes into node 0 is not."""
    if not Path("/proc/self/numa_maps").exists():
        ctx.skip("the host's kernel knows no nodes")
    topology = Topology(nodes=[Node("512M", 1), Node("256M", 1, host=0)], slots=4,
                        maxmem="16G", virtio_mem=[{"size": "1G", "node": 1}])
    with machine(ctx, ctx.tree, topology, "uefi") as guest:
        assert bound_bytes(guest) == 256 * MIB + GIB, bound_bytes(guest)
        for ident, node in (("d0", 0), ("d1", 1)):
            guest.wait_blocks(guest.plug_dimm(ident, size="512M", node=node))
        seen = backends(guest)
        ctx.note(seen)
        assert seen == {"ram0": ANYWHERE, "ram1": HERE, "mem-vm0": HERE, "mem-d0": ANYWHERE,
                        "mem-d1": HERE}, seen
        assert bound_bytes(guest) == 256 * MIB + GIB + 512 * MIB, bound_bytes(guest)


# ---- windows

def windows_of_file(ctx):
    """Firmware's windows have the nodes that the topology gives them."""
    given = [Window("4G", "2G", 0), Window("6G", "1G", 1), Window("8G", "512M", 0)]
    topology = Topology(nodes=[Node("512M", 1), Node("256M", 1)], slots=4, maxmem="16G",
                        windows=given)
    with machine(ctx, ctx.tree, topology, "uefi") as guest:
        seen = [(w.start // MIB, w.end // MIB, w.node) for w in windows(guest)
                if w.start >= 4 * GIB]
    ctx.note(f"MiB and node: {seen}")
    assert seen == [(4096, 6144, 0), (6144, 7168, 1), (8192, 8704, 0)], seen


# ---- our command

def shown(guest):
    """What memhp-topology says as JSON, in which nothing may be lacking."""
    found = json.loads(guest.check("memhp-topology --json"))
    assert not found["complaints"], found["complaints"]
    return found


def as_hardware(found):
    """The same as numactl would say."""
    nodes = found["nodes"]
    return numactl.Hardware(
        cpus={node["id"]: node["cpus"] for node in nodes},
        sizes={node["id"]: node["total"] // MIB for node in nodes},
        distances={node["id"]: [*node["distances"].values()] for node in nodes})


def in_range(found, node, start):
    return next(r for r in found["nodes"][node]["ranges"]
                if r["start"] <= start < r["start"] + r["size"])


def ranges_of(found):
    """{node: bytes of its memory blocks}, but for UEFI's flash"""
    return {node["id"]: sum(r["size"] for r in node["ranges"] if r["start"] >= GIB)
            for node in found["nodes"]}


def agrees(guest, topology):
    """With numactl and with the topology; text and SVG with each other."""
    found = shown(guest)
    assert as_hardware(found) == numactl.hardware(guest), found
    assert ranges_of(found) == {n: node.size for n, node in enumerate(topology.nodes)}, found
    text = guest.check("memhp-topology")
    svg = xml.etree.ElementTree.fromstring(guest.check("memhp-topology --svg"))
    heads = [e.text for e in svg.iter("{http://www.w3.org/2000/svg}text")
             if (e.text or "").startswith("node ")]
    assert heads == re.findall(r"^(node \d+):", text, re.M) == \
        [f"node {n}" for n in range(len(topology.nodes))], (heads, text)
    return text


def shelf(**options):
    """A node without CPUs, and room for more; blocks of 512M fit, as with 64K pages."""
    return Topology(nodes=[Node("512M", [0, 2]), Node("512M", 1), Node("512M", 0)], slots=2,
                    maxmem="8G", distances=[[10, 20, 17], [21, 10, 28], [17, 28, 10]],
                    **options)


def dump(ctx, tree):
    topology = shelf(cover_nomap=tree == "stock")       # which would lose its nodes
    with machine(ctx, tree, topology, "uefi") as guest:
        ctx.note(agrees(guest, topology))
        dimm = guest.plug_dimm("d0", size="512M", node=2)
        guest.wait_blocks(dimm)
        states = [in_range(shown(guest), 2, dimm.start)]
        for block in guest.blocks(dimm):
            assert not guest.set_state(block, "online_movable")
        found = shown(guest)
        states.append(in_range(found, 2, dimm.start))
        policy = guest.check("cat /sys/devices/system/memory/auto_online_blocks").strip()
        assert found["policy"]["auto_online_blocks"] == policy, found["policy"]
        assert found["policy"]["online_policy"], found["policy"]
        agree = as_hardware(found) == numactl.hardware(guest)
        guest.unplug("d0")
        guest.wait_blocks(dimm, gone=True)
        assert ranges_of(shown(guest))[2] == 512 * MIB
    assert [(s["start"], s["size"], s["state"], s["source"]) for s in states] == \
        [(dimm.start, 512 * MIB, state, "System RAM") for state in ("offline", "online")], states
    assert states[1]["zones"] == "Movable" and agree, states
    return found


def dump_ours(ctx):
    found = dump(ctx, ctx.tree)
    ctx.note(f"windows {found['windows']}, node map {found['node_map']}")
    assert any(w["source"] and w["size"] >= GIB for w in found["windows"]), found
    said = {c["start"]: c["says"] for c in found["node_map"]}
    assert [said.get(start * GIB // 2, "") for start in (2, 3, 4)] == \
        [f"node {node} memory SRAT" for node in (0, 1, 2)], said


def bits(ctx):
    """Where firmware says nothing, the bits that the file names do."""
    topology = topology_file.load(ROOT / "topologies/eight-nodes.toml", "dt")
    with machine(ctx, ctx.tree, topology, "dt") as guest:
        last = shown(guest)["node_map"][-1]
        assert not re.search("node_bits=.* ignored", guest.console()), guest.tail()
    assert last["says"].startswith("bits 27-29, from node 0 on"), last


def dump_stock(ctx):
    ctx.need_stock()
    dump(ctx, "stock")


def dump_of_little(ctx):
    """Without rights, files, room or arguments that it knows, it says what is wrong."""
    with machine(ctx, ctx.tree, Topology(), "dt") as guest:
        guest.check("echo user:x:1:1::/:/bin/sh >> /etc/passwd")
        for options, status, said in (("", 1, "addresses are for root only"),
                                      ("--root /nowhere", 1, "/nowhere: No such file"),
                                      ("--xml", 2, "usage: memhp-topology"),
                                      ("more", 2, "usage: memhp-topology"),
                                      ("--json > /dev/full", 1, "No space left on device")):
            command = f"memhp-topology 2>&1 {options}"
            if not options:
                command = f"busybox su -s /bin/sh user -c '{command}'"
            got, out = guest.run(command)
            assert got == status and said in out, (options, got, out)


SCENARIOS = [
    *[(f"VNUMA-01 {path.name}, {'ACPI' if firmware == 'uefi' else 'DT'}: numactl --hardware "
       "shows what is in the file", equals_file(path, firmware))
      for path in FILES for firmware in ("dt", "uefi")],
    ("VNUMA-01 scripts/boot --topology makes the guest of a file", command),
    ("VNUMA-03 memory of a node is bound to its node of the host, plugged later or not", host_map),
    ("VNUMA-01 windows of a topology are those that the kernel sees, with their nodes",
     windows_of_file),
    ("VNUMA-01 NUMA-07 address bits of a topology are a rule of the kernel's node map", bits),
    ("VNUMA-04 memhp-topology shows what numactl shows, and a DIMM as it comes and goes",
     dump_ours),
    ("VNUMA-04 memhp-topology works on stock", dump_stock),
    ("VNUMA-04 memhp-topology says what it could not read, with a status", dump_of_little),
]
