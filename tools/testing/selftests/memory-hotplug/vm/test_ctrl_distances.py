# SPDX-License-Identifier: GPL-2.0-only
"""A controller attaches memory to a node that there was not, and says how far it is.

RAM that "mem=" hides stands for memory behind a fabric; nodes 2 and 3 are spare ones. That
distances cannot be set so is seen on stock: it has no such node, nor the netlink family.
"""

from errno import EEXIST, ENOMEM

import nodes
import notifier
from controller import MOVABLE, OFFLINE, Owner, ask, attach, ctl, segments
from machines import GIB
from observe import expect_same, state
from probe import EDGE, MIB, two_hidden
from test_ctrl import CMDLINE, INJECT, good, refused

BLOCK = 128 * MIB
SPARE = 2
FAR = "distance=0:30:35 distance=1:40"
FILES = "grep . /sys/kernel/mm/node_map/node*/distance_*"


def machine(ctx, **options):
    return ctx.guest(firmware="dt", topology=two_hidden(), cmdline=f"{CMDLINE} spare_nodes=2",
                     **options)


def new(uuid, start, words=FAR, policy=MOVABLE):
    return f"{attach(uuid, start, node=SPARE, policy=policy)} {words}"


def leave(*uuids):
    """What the socket before this one attached goes."""
    return [request for uuid in uuids
            for request in (f"reclaim uuid={uuid} owner=test", f"detach uuid={uuid} wait=10000")]


def comes_and_goes(guest):
    at_boot = guest.check(FILES)
    first, again = ctl(guest, new(1, EDGE), new(1, EDGE))
    assert good(first).objects[0]["node"] == str(SPARE), first
    good(again)
    found = nodes.distances(guest)
    assert found == {0: [10, 20, 35], 1: [20, 10, 40], 2: [30, 40, 10]}, found
    assert nodes.mib(guest, SPARE) == 128, nodes.mib(guest, SPARE)
    yield True, "CTRL-02 NUMA-08 a node that there was not has memory, and the distances"
    near = ctl(guest, new(2, EDGE + BLOCK), new(3, EDGE + GIB, "distance=0:30:35"),
               new(4, EDGE + 2 * BLOCK, ""))
    other = ask(guest, new(5, EDGE + 3 * BLOCK, "distance=0:31"))
    yield not any(a.error for a in near), \
        "CTRL-02 more memory for it, with the same distances, some of them, or none"
    refused(other, EEXIST, "has memory")
    yield nodes.distances(guest) == found, \
        "CTRL-02 other distances of a node that has memory: EEXIST, and they stay"
    for answer in ctl(guest, *leave(1, 2, 3, 4)):
        good(answer)
    assert nodes.online(guest) == [0, 1], nodes.online(guest)
    kept = guest.check(FILES)
    yield kept != at_boot and "node2/distance_to:30 40 10 20" in kept, \
        "CTRL-02 its memory goes, and so does the node; how far it was is remembered"


def is_undone(ctx, guest):
    """A listener refuses that memory goes online: it is there then, and so are distances."""
    for module in notifier.build(guest):
        guest.put(f"/tmp/{module.name}", module.read_bytes())
        guest.check(f"insmod /tmp/{module.name}")
    distances, before = guest.check(FILES), state(guest)
    guest.check(f"echo -12 > {INJECT}; dmesg -c > /tmp/old")
    refused(ask(guest, new(1, EDGE, "distance=0:50 distance=1:60:70")), ENOMEM, "onlined")
    guest.check(f"echo 0 > {INJECT}")
    said = [line for line in guest.check("dmesg").splitlines()
            if f"distances of node {SPARE} changed" in line]
    ctx.note(said)
    assert len(said) == 2, "they were never set: nothing was undone"
    assert segments(guest) == {} and guest.check(FILES) == distances
    expect_same(before, state(guest))
    yield True, "CTRL-02 memory that cannot be attached: the distances are as before"


def in_turn(guest):
    """Two ask for one new node at once, each with distances of its own: one of them has it."""
    first, second = ctl(guest, new(1, EDGE, "distance=0:80").replace("wait=10000", "wait=0"),
                        new(2, EDGE + BLOCK, "distance=0:90"))
    good(first)
    refused(second, EEXIST, "has memory")
    row = nodes.distances(guest)[SPARE]
    assert row[0] == 80 and list(segments(guest)) == [1], row
    good(ctl(guest, *leave(1))[-1])
    yield True, "CTRL-02 who comes second to a new node is held to its distances"


def offline_memory(guest):
    """As long as nothing is online, distances are anyone's to change."""
    owner = Owner(guest, new(1, EDGE, "distance=0:50", OFFLINE),
                  new(2, EDGE + BLOCK, "distance=0:60", OFFLINE)).good()
    assert "node2/distance_to:60 " in guest.check(FILES)
    owner.die()
    for answer in ctl(guest, *leave(1, 2)):
        good(answer)
    yield True, "CTRL-02 a node whose memory is offline gets other distances"


def session(ctx):
    with machine(ctx) as guest:
        yield from comes_and_goes(guest)
        yield from is_undone(ctx, guest)
        yield from in_turn(guest)
        yield from offline_memory(guest)


SCENARIOS = [
    ("CTRL-02 NUMA-08 NUMA-09 a new node with distances, by a controller", session),
]
