# SPDX-License-Identifier: GPL-2.0-only
"""The virtio-mem driver, which knows nothing of us: memory that a host grows and shrinks.

The driver has two modes. With blocks of the device smaller than a memory block it
plugs parts of memory blocks and takes pages out of them (sub-block mode); otherwise,
or when it is told to, it adds and removes whole memory blocks (big-block mode). Each
scenario runs on stock, too.
"""

import re
import time

from controller import Pin
from machines import GIB
from memhp_vm import Node, Topology
from memhp_vm.pulse import deadline
from observe import amounts, expect_same, small_drift, state
from offlining import MEMORY
from ranges import errno_name

MIB = 1 << 20
DATA = 320                  # MiB that are in use while memory goes away

# What the host asks for in turn, in MiB; the last three while DATA is in use.
SUB_BLOCKS = [512, 544, 2048, 992, 416, 0]
BIG_BLOCKS = [512, 1280, 2048, 1024, 512, 0]
FORCED = [512, 1152, 2048, 896, 384, 0]
LARGEST_UNIT = 512          # MiB of a memory block, and of the smallest part, with 64K pages

SUB, BIG = "subblock size", "big block size"


def machine(ctx, tree, block, cmdline):
    nodes = [Node("512M", 1), Node("512M", 1)]
    devices = [{"size": "2G", "node": node, "block": block} for node in (0, 1)]
    topology = Topology(nodes=nodes, virtio_mem=devices, cover_nomap=True)
    return ctx.guest(tree=tree, root="tools", firmware="uefi", topology=topology,
                     cmdline=f"nokaslr rodata=on memhp_default_state=online_movable {cmdline}")


# ---- the device

def request(guest, node, mib):
    guest.qmp("qom-set", path=f"/machine/peripheral/vm{node}", property="requested-size",
              value=mib * MIB)


def plugged(guest, node):
    size = guest.qmp("qom-get", path=f"/machine/peripheral/vm{node}", property="size")
    return size // MIB


def node_total(guest, node):
    """KiB that the node's pages make, as its zones count them."""
    text = guest.check(f"cat /sys/devices/system/node/node{node}/meminfo")
    return int(re.search(r"MemTotal:\s+(\d+)", text)[1])


def wait_size(guest, node, mib, base):
    """Until the device has this size, and the node as much more than "base" KiB."""
    request(guest, node, mib)
    end = deadline(60 * guest.slowness)
    while True:
        now = plugged(guest, node), (node_total(guest, node) - base) / 1024
        if now == (mib, mib):
            return
        assert time.monotonic() < end, f"{mib} MiB wanted; device and node have {now}"
        time.sleep(0.1)


def wait_gone(guest, node):
    """Blocks of which all is unplugged; those that cannot go at once, the driver tries later."""
    end = deadline(120 * guest.slowness)
    start, size = range_of(guest, node)
    while left := [b for b in guest.blocks() if start <= b.start < start + size]:
        assert time.monotonic() < end, f"nothing is plugged, and these are there: {left}"
        time.sleep(0.1)


def range_of(guest, node):
    """Where the device's memory is."""
    dimm = guest.dimms()[f"vm{node}"]
    return dimm.start, 2 * GIB


def online_blocks(guest, node):
    start, size = range_of(guest, node)
    return [b for b in guest.blocks() if start <= b.start < start + size and b.state == "online"]


def expect_on_node(guest, node, mib):
    """Whole blocks, as few as hold that much, all movable and on the right node."""
    blocks = online_blocks(guest, node)
    assert len(blocks) == -(-mib * MIB // blocks[0].size), (mib, blocks)
    assert {(b.node, b.zones) for b in blocks} == {(str(node), "Movable")}, blocks
    resources = guest.check("cat /proc/iomem")
    assert "System RAM (virtio_mem)" in resources, resources


# ---- use

def fill(guest, node):
    """Writes data into memory of the node."""
    guest.check(f"numactl --preferred={node} pattern write /dev/shm/data {DATA * MIB} {node}")
    moved = node_shmem(guest, node)
    assert moved >= DATA - 64, f"only {moved} MiB of the data are on node {node}"


def node_shmem(guest, node):
    text = guest.check(f"cat /sys/devices/system/node/node{node}/meminfo")
    return int(re.search(r"Shmem:\s+(\d+)", text)[1]) // 1024


def churn(guest, node):
    """Pages come and go on the node until /tmp/stop is there."""
    return guest.start(f"rm -f /tmp/stop; while [ ! -e /tmp/stop ]; do numactl"
                       f" --preferred={node} head -c 24m /dev/zero > /dev/shm/churn; done;"
                       " rm /dev/shm/churn")


def onlookers(guest):
    """Somebody asks of each page who uses it: the driver's must not change by that."""
    return guest.start(f"while [ ! -e /tmp/stop ]; do cat {MEMORY}/memory*/removable > /dev/null;"
                       " done 2> /dev/null; true")


def cycle(guest, node, sizes):
    """Grows and shrinks; the data that is in the memory survives all of it."""
    base = node_total(guest, node)
    for mib in sizes[:3]:
        wait_size(guest, node, mib, base)
        expect_on_node(guest, node, mib)
        if mib == sizes[0]:             # from the start on, and no other movable memory
            guest.check(f"memfill {range_of(guest, node)[0]:#x} {mib * MIB:#x} {node}")
    fill(guest, node)
    jobs = churn(guest, node), onlookers(guest)
    for mib in sizes[3:]:
        wait_size(guest, node, mib, base)
    guest.check("touch /tmp/stop")
    for job in jobs:
        job.check()
    guest.check(f"pattern verify /dev/shm/data {DATA * MIB} {node} && rm /dev/shm/data")
    wait_gone(guest, node)


def expect_mode(guest, wanted):
    """The mode that the driver says it works in; 64K pages leave it no choice."""
    mode = re.search(rf"virtio_mem.*({SUB}|{BIG}): (\w+)", guest.console())
    assert mode[1] == (BIG if guest.page_size() == 65536 else wanted), mode[0]
    return mode[1]


def suited(guest, sizes):
    unit = LARGEST_UNIT if guest.page_size() == 65536 else 1
    return [-(-size // unit) * unit for size in sizes]


def grows_and_shrinks(ctx, tree, block, cmdline, sizes, wanted):
    with machine(ctx, tree, block, cmdline) as guest:
        mode, sizes = expect_mode(guest, wanted), suited(guest, sizes)
        for node in (0, 1):             # what is made once and for all
            base = node_total(guest, node)
            for mib in (2048, 0):
                wait_size(guest, node, mib, base)
            wait_gone(guest, node)
        before, first = state(guest), amounts(guest)
        begun = time.monotonic()
        for node in (1, 0):
            cycle(guest, node, sizes)
        took = time.monotonic() - begun
        expect_same(before, state(guest))
        small_drift(ctx, f"{tree}, {mode}, {took:.1f} s", first, amounts(guest))


def both(ctx, *how):
    for tree in ctx.trees:
        grows_and_shrinks(ctx, tree, *how)


def sub_blocks(ctx):
    both(ctx, None, "", SUB_BLOCKS, SUB)


def big_blocks(ctx):
    both(ctx, "256M", "", BIG_BLOCKS, BIG)


def forced_blocks(ctx):
    both(ctx, None, "virtio_mem.force_bbm=1", FORCED, BIG)


# ---- several blocks of the device at once

def take_offline(guest, blocks, limit=0):
    first, size = blocks[0].start, blocks[0].size * len(blocks)
    return errno_name(*guest.run(f"echo {first:#x} {size:#x} {limit} > {MEMORY}/offline",
                                 timeout=60))


def by_file(ctx, block):
    """The driver can be told of one of its units at a time: they go in turn."""
    with machine(ctx, ctx.tree, block, "") as guest:
        base = node_total(guest, 1)
        wait_size(guest, 1, 1024, base)
        blocks = online_blocks(guest, 1)
        yield take_offline(guest, blocks) == "0" and not online_blocks(guest, 1), \
            f"OFFLINE-01 {len(blocks)} blocks of the device go offline by one write"
        for one in blocks:
            assert not guest.set_state(one, "online_movable")
        pin = Pin(guest)
        error = take_offline(guest, blocks, 500)
        yield error == "ETIMEDOUT" and len(online_blocks(guest, 1)) == len(blocks), \
            f"OFFLINE-01 OFFLINE-02 if one stays, all are as they were: {error}"
        pin.release()
        wait_size(guest, 1, 0, base)
        wait_gone(guest, 1)
        yield True, "CORE-04 the driver goes on as before"


def sub_blocks_by_file(ctx):
    yield from by_file(ctx, None)


def big_blocks_by_file(ctx):
    yield from by_file(ctx, "512M")


def hole_in_big_block(ctx):
    """It goes in two parts, as a memory block between them is offline."""
    with machine(ctx, ctx.tree, "1G", "") as guest:
        base = node_total(guest, 1)
        wait_size(guest, 1, 1024, base)
        blocks = online_blocks(guest, 1)
        assert not guest.set_state(blocks[len(blocks) // 2], "offline")
        request(guest, 1, 0)
        wait_gone(guest, 1)
        yield plugged(guest, 1) == 0, "CORE-04 the driver takes a big block with a hole away"


SCENARIOS = [
    ("CORE-04 virtio-mem grows and shrinks by parts of memory blocks, on both nodes, in use",
     sub_blocks),
    ("CORE-04 virtio-mem grows and shrinks by big blocks of its own, on both nodes, in use",
     big_blocks),
    ("CORE-04 virtio-mem grows and shrinks by memory blocks when told to, on both nodes, in use",
     forced_blocks),
    ("OFFLINE-01 CORE-04 memory blocks of virtio-mem go offline as a range", sub_blocks_by_file),
    ("OFFLINE-01 CORE-04 big blocks of virtio-mem go offline as a range", big_blocks_by_file),
    ("CORE-04 a big block of virtio-mem goes in two parts", hole_in_big_block),
]
