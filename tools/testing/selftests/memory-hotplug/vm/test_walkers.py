# SPDX-License-Identifier: GPL-2.0-only
"""Those who look at page structs by number, while memory comes and goes.

All the time compaction runs on all zones, /proc/kpage*, pagetypeinfo, kcore and, where
the kernel has it, page_owner are read, huge pages are split, a page is soft-offlined and
unpoisoned, a CPU goes and comes back, and the linear map is copied for a kernel that is
loaded, while a memory block is added, onlined, offlined and removed again and again. None
of them may touch a page struct or a table that is gone, and each has to get on.

MEMHP_CYCLES cycles, 60 if it is not set; less on a kernel that is slow.
"""

import os
import time

from load import Again, in_words
from machines import GIB, HIDDEN, hidden_ram
from memhp_vm import GuestDied
from observe import amounts, expect_same, small_drift, state
from ranges import load

CYCLES = int(os.environ.get("MEMHP_CYCLES", "60"))
WARM_UP = 10
AT_ONCE = 50                # so that who watches sees that it goes on

# Removal waits until who is inside has left, so that those who stay long come seldom:
# (pause in milliseconds, what to do).
# On a kernel that is slow they come as much more seldom, and each pauses a little, so that
# the cycles have a CPU, too.
SYSTEM = "/sys/devices/system"
BREATH = 25                 # milliseconds
WALKERS = {
    "compaction": (0, "write /proc/sys/vm/compact_memory 1"),
    "kpageflags": (1000, "read /proc/kpageflags {entry} 65536"),
    "kpagecount": (1000, "read /proc/kpagecount {entry} 65536"),
    "kpagecgroup": (1000, "read /proc/kpagecgroup {entry} 65536"),
    "pagetypeinfo": (1000, "read /proc/pagetypeinfo 0 65536"),
    "kcore": (200, "read /proc/kcore {linear} 65536"),
    "page_owner": (200, "read /sys/kernel/debug/page_owner {pfn} 65536"),
    "split": (10000, "write /sys/kernel/debug/split_huge_pages 1"),
    "poison": (200, f"write {SYSTEM}/memory/soft_offline_page {{address:#x}}"
                   " /sys/kernel/debug/hwpoison/unpoison-pfn {unpoison:#x}"),
    "cpu": (2000, f"write {SYSTEM}/cpu/cpu1/online 0 {SYSTEM}/cpu/cpu1/online 1"),
}
# (pause in seconds, command); without success it is not counted
COMMANDS = {"kexec": (0.2, "kexec || { sleep 1; continue; }")}
BLOCK = "/sys/devices/system/memory/memory"
CYCLE = ("echo {range} > /sys/kernel/debug/memhp_range/add"
         " && echo online_movable > {block}/state && echo offline > {block}/state"
         " && echo {range} > /sys/kernel/debug/memhp_range/remove || exit 1;")


def walkers(guest):
    pfn = HIDDEN // guest.page_size() + 777
    # Page owner counts a page in use that is soft-offlined, and unpoisoned later, as freed
    # twice, and warns of it. It never sees one that is not poisoned at all.
    owners = guest.run("[ -e /sys/kernel/debug/page_owner ]")[0] == 0
    address = pfn * guest.page_size()
    # the linear map begins with the first GiB of RAM, and kcore with that
    where = {"entry": pfn * 8, "pfn": pfn, "address": address, "linear": address - GIB,
             "unpoison": pfn + owners}
    slow = guest.slowness > 1
    return Again(guest, {name: (max(pause * guest.slowness, BREATH * slow), what.format(**where))
                         for name, (pause, what) in WALKERS.items()},
                 {name: (pause * guest.slowness, what)
                  for name, (pause, what) in COMMANDS.items()})


def cycle(guest, count, timeout):
    size = guest.blocks()[0].size
    block = f"{BLOCK}{HIDDEN // size}"
    command = CYCLE.format(range=f"{HIDDEN:#x} {size:#x}", block=block)
    guest.check(f"i=0; while [ $i -lt {count} ]; do {command} i=$((i+1)); done",
                timeout=timeout)


def walk_and_cycle(ctx, guest, count):
    """(seconds, {walker: rounds})"""
    going = walkers(guest)
    began = time.monotonic()
    for done in ctx.rounds(count, AT_ONCE):
        cycle(guest, min(AT_ONCE, count - done), 60 * AT_ONCE)
    return time.monotonic() - began, going.end()


def walkers_and_removal(ctx):
    count = ctx.times(CYCLES)
    # debug objects, of which page structs have none, are looked for in each page that is freed:
    # a third of a cycle
    with hidden_ram(ctx, "on page_owner=on no_debug_objects") as guest:
        load(guest)
        walk_and_cycle(ctx, guest, WARM_UP)
        first, before = amounts(guest), state(guest)
        seconds, done = walk_and_cycle(ctx, guest, count)
        later = amounts(guest)
        expect_same(before, state(guest))
    ctx.note(f"{count} cycles in {seconds:.0f} s, meanwhile {in_words(done, [*WALKERS, *COMMANDS])}")
    small_drift(ctx, f"{count} cycles", first, later)


def stock_beside(ctx):
    """Noted, not judged: stock dies of it sooner or later, or not at all."""
    ctx.need_stock()
    try:
        with hidden_ram(ctx, tree="stock") as guest:
            load(guest)
            _, done = walk_and_cycle(ctx, guest, CYCLES)
    except GuestDied as death:
        ctx.note(f"stock: {death.reason}")
    else:
        ctx.note(f"stock: survived, compaction {done.get('compaction')}")


SCENARIOS = [
    ("SAFE-06 no walker touches page structs that are gone while a block comes and goes",
     walkers_and_removal),
    ("SAFE-06 stock beside it", stock_beside),
]
