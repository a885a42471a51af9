# SPDX-License-Identifier: GPL-2.0-only
"""Those who look at page structs by number, while memory comes and goes.

All the time compaction runs on all zones, /proc/kpage*, pagetypeinfo, kcore and, where
the kernel has it, page_owner are read, and a CPU goes and comes back, while a memory
block is added, onlined, offlined and removed again and again. None of them may touch a
page struct that is gone, and each has to get on.

MEMHP_CYCLES cycles, 60 if it is not set; less on a kernel that is slow.
"""

import os
import re
import time

from machines import HIDDEN, hidden_ram
from memhp_vm import GuestDied
from observe import amounts, expect_same, small_drift, state

CYCLES = int(os.environ.get("MEMHP_CYCLES", "60"))
WARM_UP = 10

# Each counts in /tmp/walker.NAME.
WALKERS = {
    "compaction": "echo 1 > /proc/sys/vm/compact_memory",
    "kpageflags": "dd if=/proc/kpageflags of=/dev/null bs=64k skip={skip} count=8 2> /dev/null",
    "kpagecount": "dd if=/proc/kpagecount of=/dev/null bs=64k skip={skip} count=8 2> /dev/null",
    "kpagecgroup": "dd if=/proc/kpagecgroup of=/dev/null bs=64k skip={skip} count=8"
                   " 2> /dev/null",
    "pagetypeinfo": "cat /proc/pagetypeinfo > /dev/null",
    "kcore": "dd if=/proc/kcore of=/dev/null bs=64k count=64 2> /dev/null",
    "page_owner": "[ ! -e /sys/kernel/debug/page_owner ] ||"
                  " head -n 1000 /sys/kernel/debug/page_owner > /dev/null",
    "cpu": "echo 0 > /sys/devices/system/cpu/cpu1/online;"
           " echo 1 > /sys/devices/system/cpu/cpu1/online",
}
BLOCK = "/sys/devices/system/memory/memory"
CYCLE = ("echo {range} > /sys/kernel/debug/memhp_range/add"
         " && echo online_movable > {block}/state && echo offline > {block}/state"
         " && echo {range} > /sys/kernel/debug/memhp_range/remove || exit 1;")


def start_walkers(guest):
    skip = HIDDEN // guest.page_size() * 8 // 65536
    for name, command in WALKERS.items():
        guest.start(f"n=0; while [ ! -e /tmp/enough ]; do {command.format(skip=skip)};"
                    f" n=$((n+1)); echo $n > /tmp/new.{name};"
                    f" mv /tmp/new.{name} /tmp/walker.{name}; done")


def rounds_of_walkers(guest):
    text = guest.check("grep -H . /tmp/walker.* || true")
    return {name: int(count) for name, count in re.findall(r"walker\.(\w+):(\d+)", text)}


def cycle(guest, count, timeout):
    size = guest.blocks()[0].size
    block = f"{BLOCK}{HIDDEN // size}"
    command = CYCLE.format(range=f"{HIDDEN:#x} {size:#x}", block=block)
    guest.check(f"i=0; while [ $i -lt {count} ]; do {command} i=$((i+1)); done",
                timeout=timeout)


def stop_walkers(guest):
    guest.check("touch /tmp/enough; while pidof dd cat head > /dev/null; do sleep 0.1; done;"
                " sleep 1; rm -f /tmp/enough /tmp/walker.*")


def walk_and_cycle(guest, count):
    """(seconds, {walker: rounds})"""
    start_walkers(guest)
    began = time.monotonic()
    cycle(guest, count, 10 * count)
    seconds, done = time.monotonic() - began, rounds_of_walkers(guest)
    stop_walkers(guest)
    return seconds, done


def load_ranges(guest):
    status, out = guest.insmod("memhp_range", "nid=1")
    assert status == 0, out


def walkers_and_removal(ctx):
    count = ctx.times(CYCLES)
    with hidden_ram(ctx) as guest:
        load_ranges(guest)
        walk_and_cycle(guest, WARM_UP)
        first, before = amounts(guest), state(guest)
        seconds, done = walk_and_cycle(guest, count)
        later = amounts(guest)
        expect_same(before, state(guest))
    ctx.note(f"{count} cycles in {seconds:.0f} s, meanwhile " +
             ", ".join(f"{name} {count}" for name, count in done.items()))
    assert set(done) == set(WALKERS), f"these got nowhere: {set(WALKERS) - set(done)}"
    small_drift(ctx, f"{count} cycles", first, later)


def stock_beside(ctx):
    """Noted, not judged: stock dies of it sooner or later, or not at all."""
    ctx.need_stock()
    try:
        with hidden_ram(ctx, tree="stock") as guest:
            load_ranges(guest)
            _, done = walk_and_cycle(guest, CYCLES)
    except GuestDied as death:
        ctx.note(f"stock: {death.reason}")
    else:
        ctx.note(f"stock: survived, compaction {done.get('compaction')}")


SCENARIOS = [
    ("SAFE-06 no walker touches page structs that are gone while a block comes and goes",
     walkers_and_removal),
    ("SAFE-06 stock beside it", stock_beside),
]
