# SPDX-License-Identifier: GPL-2.0-only
"""What udev is told of memory that comes and goes, beside what stock tells it."""

import re
import time

from machines import plain
from memhp_vm.pulse import deadline

PARAMETER = "/sys/module/memory_hotplug/parameters/one_uevent"
HEARD = "/tmp/heard"
MARK = "00000000-0000-4000-8000-000000000001"    # of events that are made by hand


class Ear:
    """What the kernel says of memory blocks, in the order in which it says it."""

    def __init__(self, guest):
        self.guest, self.takes = guest, 0
        # a line for each event: one process at a time, with the event in its environment
        guest.start(f"uevent sh -c 'env | sort | tr \"\\n\" \" \"; echo' > {HEARD}")
        self.take()

    def take(self):
        """[{name: value}] since the last time.

        An event of another kind, made until it is heard, tells that all before it were. It
        has a number: one that was made for the last take may be heard after it.
        """
        self.takes += 1
        self.guest.check(f"for i in $(seq 300); do echo change {MARK} TAKE={self.takes}"
                         " > /sys/module/kernel/uevent;"
                         f" grep -q 'SYNTH_ARG_TAKE={self.takes} ' {HEARD} && exit 0;"
                         " sleep 0.1; done; exit 1")
        lines = self.guest.check(f"cat {HEARD}; : > {HEARD}").splitlines()
        events = [dict(re.findall(r"([A-Z_]+)=(\S*)", line)) for line in lines]
        return [event for event in events if event.get("SUBSYSTEM") == "memory"]


def by_hand(guest):
    """A DIMM of some blocks comes, is onlined block by block, offlined, and goes."""
    dimm = guest.plug_dimm("d0", size="1G", node=1)
    for block in guest.wait_blocks(dimm):
        assert not guest.set_state(block, "online_movable")
    for block in guest.blocks(dimm):
        assert not guest.set_state(block, "offline")
    guest.unplug("d0")
    guest.wait_blocks(dimm, gone=True)
    return dimm


def plain_events(ctx, tree):
    with plain(ctx, "on", tree=tree, config=ctx.config) as guest:
        ear = Ear(guest)
        by_hand(guest)
        events = ear.take()
    for event in events:
        event.pop("SEQNUM", None)
    return events


def like_stock(ctx):
    ours, stock = plain_events(ctx, ctx.tree), plain_events(ctx, "stock")
    ctx.note(f"{len(stock)} events of stock, {len(ours)} of ours")
    assert stock and ours == stock, f"stock: {stock[:3]}..., ours: {ours[:3]}..."


def wait_online(guest, dimm, timeout=30):
    """Blocks are there before they are online."""
    end = deadline(timeout * guest.slowness)
    blocks = guest.wait_blocks(dimm)
    while not all(block.state == "online" for block in blocks):
        assert time.monotonic() < end, blocks
        time.sleep(0.2)
        blocks = guest.blocks(dimm)
    return blocks


def one_for_a_range(ctx):
    with plain(ctx, "on", config=ctx.config) as guest:
        guest.check(f"echo 1 > {PARAMETER};"
                    " echo online_movable > /sys/devices/system/memory/auto_online_blocks")
        ear = Ear(guest)
        dimm = guest.plug_dimm("d0", size="1G", node=1)
        blocks = wait_online(guest, dimm)
        came = ear.take()
        first = f"/devices/system/memory/memory{blocks[0].index}"
        yield [event["ACTION"] for event in came] == ["add", "online"], \
            "SYSFS-06 a DIMM that comes online by itself: one add, one online"
        yield all(event["DEVPATH"] == first and int(event["MEMORY_START"], 16) == dimm.start
                  and int(event["MEMORY_SIZE"], 16) == dimm.size for event in came), \
            "SYSFS-06 they come from its first block, and name the range"
        assert not guest.set_state(blocks[1], "offline")
        assert not guest.set_state(blocks[1], "online_movable")
        alone = ear.take()
        yield ([event["ACTION"] for event in alone] == ["offline", "online"]
               and not any("MEMORY_SIZE" in event for event in alone)), \
            "SYSFS-06 a block by itself says what it always did"
        guest.unplug("d0")
        guest.wait_blocks(dimm, gone=True)
        gone = [event["ACTION"] for event in ear.take()]
        ctx.note(f"while it went: {gone}")
        yield gone.count("remove") == 1, "SYSFS-06 a DIMM that goes: one remove"


SCENARIOS = [
    ("SYSFS-06 the events of a DIMM are those of stock", like_stock),
    ("SYSFS-06 with one_uevent a range sends one event of each kind", one_for_a_range),
]
