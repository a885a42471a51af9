# SPDX-License-Identifier: GPL-2.0-only
"""Nodes with policies of their own for new memory, and the machine's for the others.

RAM that "mem=" hides is added by hand, DIMMs come by ACPI, and virtio-mem grows; nodes 0
and 1 are firmware's, node 2 is a spare one. Stock has none of the files.
"""

import re
import time
from errno import EACCES, EINVAL, ENOENT, EPERM, ERANGE

import controller
from machines import GIB
from memhp_vm.pulse import deadline
from probe import EDGE, INPUT, MEMORY, MIB, Case, good, refuse_all, two_hidden

ROOT = "/sys/kernel/mm/node_map"
PARAMETERS = "/sys/module/memory_hotplug/parameters"
BLOCK = 128 * MIB
HIDDEN = GIB + 512 * MIB            # of node 0; nodes 1 and 2 get parts of what is behind EDGE
NAMES = ("online_type", "movable_ratio", "movable_limit")

# What the command line says: three nodes, and what is to be ignored.
ITEMS = ["1:online_movable:limit=256M", "2:online_kernel:ratio=50"]
BAD_ITEMS = ["0:movable", "3:online", "1", "online", "0:limit=8388608T", "0:online:online",
             "0:ratio=-1", ""]
CMDLINE = ("nokaslr rodata=on mem=512M spare_nodes=1 memory_block_size=128M"
           f" memory_hotplug.node_policy={','.join(ITEMS[:1] + BAD_ITEMS[:-1])},"
           f" memory_hotplug.node_policy={ITEMS[1]}")


def machine(ctx):
    topology = two_hidden(cover_nomap=True, slots=4, maxmem="8G",
                          virtio_mem=[{"size": "512M", "node": 1, "block": "128M"}])
    return ctx.guest(firmware="uefi", topology=topology, cmdline=CMDLINE)


# ---- what is seen and done

def seen(guest, node):
    """What the node's files say."""
    files = " ".join(f"{ROOT}/node{node}/{name}" for name in NAMES)
    return guest.check(f"cat {files}").split()


def put(guest, path, text):
    guest.put(INPUT, text.encode())
    number = int(guest.check(f"onewrite {path} < {INPUT}"))
    assert not number, f"{path}: error {number}\n{guest.tail(3)}"


def settle(guest, node, **parts):
    for name, value in parts.items():
        put(guest, f"{ROOT}/node{node}/{name}", f"{value}\n")


def parameter(guest, name, value):
    put(guest, f"{PARAMETERS}/{name}", f"{value}\n")


def kind(zone):
    """Which kernel zone it is depends on the address."""
    return zone if zone == "Movable" else "kernel"


def places(guest, start, size):
    """[what each block of a range is in: a kind of zone, or "offline"]"""
    return [kind(b.zones) if b.state == "online" else b.state for b in guest.blocks()
            if start <= b.start < start + size]


def probe(guest, node, first, count, base=EDGE):
    """What blocks of a node are in that are added by hand. The kernel uses some at once."""
    start, size = base + first * BLOCK, count * BLOCK
    good(guest, "probe", f"{start:#x} {size:#x} {node}")
    return places(guest, start, size)


def dimm(guest, ident, node, size="256M"):
    """The zones of a DIMM's blocks."""
    place = guest.plug_dimm(ident, size=size, node=node)
    guest.wait_taken(ident)
    guest.wait_blocks(place)
    return places(guest, place.start, place.size)


def block_at(guest, start):
    return next(b for b in guest.blocks() if b.start == start)


# ---- boot

def ignored(guest):
    return re.findall(r"memory_hotplug: node_policy=(\S*) ignored: ", guest.check("dmesg"))


def at_boot(ctx, guest):
    found = ignored(guest)
    ctx.note(f"ignored: {found}")
    yield found == BAD_ITEMS, "ONLINE-02 each bad item of the command line has a line"
    files = {node: seen(guest, node) for node in range(3)}
    ctx.note(files)
    yield files == {0: ["default"] * 3, 1: ["online_movable", "default", str(256 * MIB)],
                    2: ["online_kernel", "50", "default"]}, \
        "ONLINE-02 the command line gives policies to nodes that are not there yet"


def two_nodes(guest):
    """Neither node has memory before; node 0 has no policy, and the machine's is offline."""
    found = [probe(guest, 0, 0, 1, HIDDEN), probe(guest, 1, 0, 4), probe(guest, 2, 4, 1)]
    yield found[0] == ["offline"], f"ONLINE-02 node 0 has the machine's policy: {found[0]}"
    yield found[1] == ["Movable"] * 2 + ["kernel"] * 2, \
        f"ONLINE-02 node 1 has movable memory up to its limit: {found[1]}"
    yield found[2] == ["kernel"], f"ONLINE-02 node 2 has kernel memory: {found[2]}"
    settle(guest, 1, online_type="offline")
    found = [probe(guest, 1, 5, 1)]
    assert not guest.set_state(block_at(guest, EDGE + 5 * BLOCK), "online_movable")
    found.append(places(guest, EDGE + 5 * BLOCK, BLOCK))
    yield found == [["offline"], ["Movable"]], \
        f"ONLINE-02 who names a zone gets it, beyond the limit too: {found}"


# ---- run time

def fallback(guest):
    """What a node has not of its own is the machine's, whichever part it is."""
    put(guest, f"{MEMORY}/auto_online_blocks", "online_kernel")
    found = probe(guest, 0, 1, 1, HIDDEN)
    yield found == ["kernel"], f"ONLINE-02 node 0 follows auto_online_blocks: {found}"
    put(guest, f"{MEMORY}/auto_online_blocks", "online_movable")
    parameter(guest, "movable_limit", "128M")
    settle(guest, 1, online_type="default", movable_limit="512M")
    settle(guest, 2, online_type="default")
    found = probe(guest, 2, 6, 2), probe(guest, 1, 8, 2)
    yield found == (["Movable", "kernel"], ["Movable", "kernel"]), \
        f"ONLINE-02 node 2 has the machine's limit, node 1 its own: {found}"
    parameter(guest, "movable_limit", "none")
    put(guest, f"{MEMORY}/auto_online_blocks", "offline")


def by_acpi(guest):
    """A DIMM is all of a kind, so a limit has room for all of it, or for nothing of it."""
    settle(guest, 0, online_type="online_movable", movable_limit="none")
    settle(guest, 1, online_type="online_movable", movable_limit="896M")
    found = [dimm(guest, "d0", 0), dimm(guest, "d1", 1), dimm(guest, "d2", 1)]
    yield found[0] == ["Movable"] * 2, f"ONLINE-02 node 0 changed at run time: {found[0]}"
    yield found[1] == ["Movable"] * 2, f"ONLINE-02 a DIMM that fits into the limit: {found[1]}"
    yield found[2] == ["kernel"] * 2, f"ONLINE-02 a DIMM of which a half would fit: {found[2]}"


def by_virtio(guest):
    """Of 384 MiB, 128 fit into the limit."""
    start = guest.dimms()["vm0"].start
    guest.qmp("qom-set", path="/machine/peripheral/vm0", property="requested-size",
              value=384 * MIB)
    end = deadline(60 * guest.slowness)
    while len(found := places(guest, start, 512 * MIB)) < 3 or "offline" in found:
        assert time.monotonic() < end, f"{found}\n{guest.tail(5)}"
        time.sleep(0.1)
    yield found == ["Movable", "kernel", "kernel"], \
        f"ONLINE-02 virtio-mem goes by the policy: {found}"


def by_controller(guest):
    settle(guest, 1, online_type="online_kernel")
    start = EDGE + 10 * BLOCK
    answer = controller.ask(guest, controller.attach(7, start, 2 * BLOCK,
                                                     policy=controller.ONLINE))
    found = places(guest, start, 2 * BLOCK)
    assert not answer.error, answer
    yield found == ["kernel"] * 2, \
        f"ONLINE-02 \"online\" of a controller is what the node has: {found}"


def by_ratio(guest):
    """The zone that "online" would have is the first that an offline block shows."""
    block = block_at(guest, HIDDEN)

    def first():
        return kind(block_at(guest, HIDDEN).zones.split()[0])

    assert first() == "kernel", "the machine's policy goes by contiguity"
    found = []
    for ratio in (0, 1000, 1, "default"):
        settle(guest, 0, movable_ratio=ratio)
        found.append(first())
    yield found == ["kernel", "Movable", "kernel", "kernel"], \
        f"ONLINE-02 0, 1000, 1 percent, none of its own: {found}"
    settle(guest, 0, movable_ratio=1000)
    assert not guest.set_state(block, "online")
    yield places(guest, HIDDEN, BLOCK) == ["Movable"], "ONLINE-02 \"online\" goes by the ratio"
    assert not guest.set_state(block, "offline")
    settle(guest, 0, movable_limit=0)
    yield first() == "kernel", "ONLINE-02 and by the limit before it"
    parameter(guest, "online_policy", "auto-movable")
    parameter(guest, "auto_movable_ratio", 0)
    settle(guest, 0, movable_limit="default")
    yield first() == "Movable", "ONLINE-02 a node's ratio comes before the machine's"
    settle(guest, 0, movable_ratio="default")
    yield first() == "kernel", "ONLINE-02 a node without one has the machine's"


# ---- what is refused

def case(name, text, error, what="", who="memory_hotplug", **options):
    return Case(what or repr(text)[:40], f"node1/{name}", text, error, who=who, folder=ROOT,
                **options)


def bad_texts():
    """{file: {text: error}}"""
    return {
        "online_type": dict.fromkeys(
            ["\n", "Online", "on", "online_movables", "online online", " online",
             "online\n\n", "online\0", "3", "none", "offline " * 1000], EINVAL),
        "movable_ratio": {"\n": EINVAL, "-1": EINVAL, "+1": EINVAL, "0x10": EINVAL, "1.5": EINVAL,
                          "200%": EINVAL, "none": EINVAL, "1 2": EINVAL, "1\0": EINVAL,
                          "4294967296": ERANGE, "9" * 40: ERANGE},
        "movable_limit": {"\n": EINVAL, "-1": EINVAL, "G": EINVAL, "4GB": EINVAL, "4 G": EINVAL,
                          "4P": EINVAL, "0x10": EINVAL, "None": EINVAL, "1G\n2G": EINVAL,
                          "8388608T": ERANGE, str(2 ** 63 - 1): ERANGE, "9" * 40: ERANGE},
    }


def bad_writes():
    found = [case(name, text, error) for name, texts in bad_texts().items()
             for text, error in texts.items()]
    for name, text in zip(NAMES, ("offline", "7", "1G")):
        found += [case(name, text, EPERM, "without CAP_SYS_ADMIN", "node_map", options="-c -o"),
                  case(name, text, EPERM, "another user writes", "node_map", options="-u 1000"),
                  case(name, text, EACCES, "another user opens it", options="-o -u 1000", lines=0)]
    found.append(Case("a node that cannot be", "node3/online_type", "online", ENOENT, lines=0,
                      folder=ROOT))
    return found + [Case(repr(text), "movable_limit", text, error, folder=PARAMETERS)
                    for text, error in (("default", EINVAL), ("x", EINVAL), ("9999999T", ERANGE))]


# ---- all of it, in one guest

def of_nodes(ctx):
    with machine(ctx) as guest:
        yield from at_boot(ctx, guest)
        for step in (two_nodes, fallback, by_acpi, by_virtio, by_ratio, by_controller):
            yield from step(guest)
        before = [seen(guest, node) for node in range(3)]
        yield from refuse_all(ctx, guest, bad_writes(), "ONLINE-02")
        kept = guest.check(f"cat {PARAMETERS}/movable_limit").strip()
        yield [seen(guest, node) for node in range(3)] == before and kept == "none", \
            "ONLINE-02 after all that each node has the policy that it had"
