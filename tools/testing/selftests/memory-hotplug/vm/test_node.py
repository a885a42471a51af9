# SPDX-License-Identifier: GPL-2.0-only
"""A node without CPUs that comes up with its memory, goes with it, and comes again.

Its zones have per-CPU lists for good: both are used each time, at once.
"""

import re

from machines import GIB, HIDDEN
from observe import amounts, expect_same, small_drift, state
from ranges import do, hidden_ram, load, set_state

MIB = 96            # of files in each zone


def online(guest):
    return guest.check("cat /sys/devices/system/node/online").strip()


def lists(guest):
    """{zone: [(count, high) of each CPU]} of node 1."""
    found, zone = {}, None
    for line in guest.check("cat /proc/zoneinfo").splitlines():
        head = re.match(r"Node (\d+), zone\s+(\w+)", line)
        if head:
            zone = head[2] if head[1] == "1" else None
        count = re.match(r"\s+(high):\s+(\d+)", line)
        if zone and count:
            found.setdefault(zone, []).append(int(count[2]))
    return found


def use_both(guest):
    """Kernel memory and files, on node 1 alone, by all CPUs, again and again."""
    guest.check("mkdir -p /tmp/n1 && mount -t tmpfs -o mpol=bind:1 tmpfs /tmp/n1")
    for _ in range(3):
        guest.check(f"for i in 1 2 3 4; do head -c {MIB >> 2}m /dev/zero > /tmp/n1/$i & done;"
                    " wait; for d in $(seq 200); do mkdir /tmp/n1/d$d; done;"
                    " cat /tmp/n1/[1-4] > /dev/null; rm -r /tmp/n1/*", timeout=120)
    guest.check("umount /tmp/n1")


def up_and_down(guest):
    size = guest.blocks()[0].size
    guest.check(f"echo {HIDDEN:#x} {GIB:#x} > /sys/kernel/debug/memhp_range/add")
    assert online(guest) == "0-1"
    blocks = [f"/sys/devices/system/memory/memory{(HIDDEN // size) + i}" for i in (0, 1)]
    for block, kind in zip(blocks, ("kernel", "movable")):
        guest.check(f"echo online_{kind} > {block}/state")
    seen = lists(guest)
    assert set(seen) >= {"Normal", "Movable"}, seen
    guest.check(f"echo offline > {blocks[1]}/state && echo online_movable > {blocks[1]}/state")
    use_both(guest)
    for block in reversed(blocks):
        guest.check(f"echo offline > {block}/state", timeout=120)
    guest.check(f"echo {HIDDEN:#x} {GIB:#x} > /sys/kernel/debug/memhp_range/remove")
    assert online(guest) == "0"
    return seen


def comes_again(ctx):
    with hidden_ram(ctx, "on", True) as guest:
        load(guest)
        seen = [up_and_down(guest) for _ in range(2)]
        first, before = amounts(guest), state(guest)
        seen += [up_and_down(guest) for _ in range(3)]
        expect_same(before, state(guest))
        small_drift(ctx, "3 times", first, amounts(guest))
    ctx.note(f"per-CPU lists: {seen[0]}, later {seen[-1]}")


def blamed(ctx, tree):
    """What the OOM killer says kept a program from memory, once node 1 has none any more."""
    with hidden_ram(ctx, bare=True, tree=tree) as guest:
        load(guest)
        block = HIDDEN, guest.blocks()[0].size
        do(guest, "add", *block)
        set_state(guest, *block, "online_movable")
        set_state(guest, *block, "offline")
        do(guest, "remove", *block)
        # the kernel only asks whether a cpuset is in the way where there are some
        guest.check("mkdir /tmp/cgroup && mount -t cgroup2 none /tmp/cgroup"
                    " && echo +cpuset > /tmp/cgroup/cgroup.subtree_control"
                    " && mkdir /tmp/cgroup/some && echo 1 > /proc/sys/vm/overcommit_memory")
        guest.check("keep idle 0x40000000 1 || true", timeout=240)
        return guest.check("dmesg | sed -n 's/.*oom-kill:constraint=\\([A-Z_]*\\).*/\\1/p'").split()


def not_by_a_cpuset(ctx):
    for tree in ctx.trees:
        found = blamed(ctx, tree)
        ctx.note(f"{tree}: {found}")
    assert found and set(found) == {"CONSTRAINT_NONE"}, found


SCENARIOS = [
    ("CORE-01 MAP-12 a node comes up with its memory, goes with it, and comes again",
     comes_again),
    ("CORE-08 memory of a node that has gone was not kept from anybody by a cpuset",
     not_by_a_cpuset),
]
