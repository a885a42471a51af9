# SPDX-License-Identifier: GPL-2.0-only
"""The only ZONE_MOVABLE block of a node comes and goes while memory is allocated.

Each time the node's only zone gets its first page and loses its last one, under
those who are choosing a zone at that moment. MEMHP_FLIPS times, 100 if it is not set;
25 000 is what it has to stand.
"""

import os
import time

import ranges
from load import Load
from memhp_vm import GuestDied
from memhp_vm.usage import migrated
from observe import amounts, expect_same, small_drift, state

AT = 2 << 30
FLIPS = int(os.environ.get("MEMHP_FLIPS", "100"))
AT_ONCE = 50                # so that who watches sees that it goes on
FILE_MIB = 4                # of each CPU; more takes longer to move, and shows no more
STOCK_FROM = 1000           # times: stock falls once in about 8 000


def flip(guest, count):
    """The block has to leave although its pages are in use."""
    file = ranges.state_file(AT // guest.blocks()[0].size)
    guest.check(f"i=0; while [ $i -lt {count} ]; do echo online_movable > {file} &&"
                f" echo offline > {file} || exit 1; i=$((i+1)); done", timeout=6 * count + 60)


def flip_under_load(ctx, guest, count):
    """Seconds that it took."""
    load, began = Load(guest, FILE_MIB), time.monotonic()
    for done in ctx.rounds(count, AT_ONCE):
        flip(guest, min(AT_ONCE, count - done))
    seconds = time.monotonic() - began
    load.end()
    return seconds


def begin(guest):
    ranges.load(guest)
    ranges.do(guest, "add", AT, guest.blocks()[0].size)


def stock_beside(ctx, count):
    """Noted, not judged: how long stock stands it is chance."""
    if not ctx.beside_stock or count < STOCK_FROM:
        return
    try:
        with ranges.hidden_ram(ctx, more=ranges.HASTE, tree="stock") as guest:
            begin(guest)
            seconds = flip_under_load(ctx, guest, count)
    except GuestDied as death:
        ctx.note(f"stock: {death.reason}")
    else:
        ctx.note(f"stock: {count} times in {seconds:.0f} s")


def flipped(ctx):
    count = ctx.times(FLIPS)
    stock_beside(ctx, count)
    with ranges.hidden_ram(ctx, more=ranges.HASTE) as guest:
        begin(guest)
        flip_under_load(ctx, guest, 10)
        first, before, moved = amounts(guest), state(guest), migrated(guest)
        seconds = flip_under_load(ctx, guest, count)
        moved = migrated(guest) - moved
        expect_same(before, state(guest))
        later = amounts(guest)
    ctx.note(f"{count} times in {seconds:.0f} s, {moved} pages moved")
    assert moved > count, "the block was hardly used while it was there"
    small_drift(ctx, f"{count} times on and off", first, later)


def from_an_entry(ctx, tree):
    """{how: the zone that the kernel gets pages of} while an entry of a zonelist is written."""
    with ranges.hidden_ram(ctx, tree=tree) as guest:
        begin(guest)
        ranges.set_state(guest, AT, guest.blocks()[0].size, "online_movable")
        status, out = guest.insmod("memhp_zonelist", "nid=1")
        assert status == 0, out
        lines = guest.check("cat /sys/kernel/debug/memhp_zonelist").splitlines()
        return dict(line.split(": ") for line in lines)


def half_written(ctx):
    for tree in ctx.trees:
        zones = from_an_entry(ctx, tree)
        ctx.note(f"{tree}: {zones}")
    for how, zone in zones.items():
        yield zone not in ("Movable", "nothing"), \
            f"SAFE-07 pages for the kernel, {how}, while a zonelist is written: {zone}"


SCENARIOS = [
    ("SAFE-07 the only movable block of a node goes on and off under load", flipped),
    ("SAFE-07 the kernel gets no movable memory from a zonelist that is being written",
     half_written),
]
