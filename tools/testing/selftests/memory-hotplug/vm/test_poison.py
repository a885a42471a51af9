# SPDX-License-Identifier: GPL-2.0-only
"""A memory error in hot-added memory costs one page, and the memory can still leave.

The error is injected by a program that has the page (keep.c). Stock runs beside.
"""

import re

from observe import expect_same, state
from offlining import Keeper, Range, machine
from ranges import ask, do, errno_name, set_state, state_file

MIB = 1 << 20
POISONED = 1 << 19          # of /proc/kpageflags
WORD = 8


def corrupted(guest):
    """Bytes that are lost, as the kernel counts them."""
    return int(re.search(r"HardwareCorrupted:\s+(\d+)", guest.check("cat /proc/meminfo"))[1]) << 10


def poisoned(guest, area):
    """The pfns in a range that are."""
    page = guest.page_size()
    first, count = area.start // page, area.size // page
    words = guest.check(f"dd if=/proc/kpageflags bs={WORD} skip={first} count={count} 2> /dev/null"
                        f" | od -A n -v -t u8 -w{WORD}").split()
    return {first + i for i, flags in enumerate(words) if int(flags) & POISONED}


def fault(guest, area):
    """A page of the range that has an error from now on."""
    out = guest.check("keep fault 0x100000 1")
    pfn = int(re.search(r"ready (\w+)", out)[1], 0)
    assert area.start <= pfn * guest.page_size() < area.start + area.size, out
    return pfn


def one_error(ctx, tree):
    """{what: so it was}"""
    with machine(ctx, hidden=1, tree=tree) as guest:
        area, seen = Range(guest, 1, wanted=None), {}
        before = state(guest)
        set_state(guest, area.start, area.size, "online_movable")
        neighbour = Keeper(guest, "anon", 64 * MIB)
        pfn = fault(guest, area)
        block = pfn * guest.page_size() // area.block
        seen["that page is poisoned, and no other"] = poisoned(guest, area) == {pfn} \
            and corrupted(guest) == guest.page_size()
        again = Keeper(guest, "anon", 64 * MIB)
        seen["what others have is whole"] = all(
            keeper.end().endswith(" 0 words bad") for keeper in (neighbour, again))
        status, out = guest.run(f"echo offline > {state_file(block)}")
        seen["its block can go offline"] = status == 0
        seen["and not come back before it was removed"] = errno_name(*guest.run(
            f"echo online_movable > {state_file(block)} 2>&1")) not in ("0", None)
        for other in guest.blocks():
            if area.has(other) and other.index != block:
                set_state(guest, other.start, other.size, "offline")
        expect_same(before, state(guest))
        seen["all of it can be removed"] = ask(guest, "remove", area.start, area.size) == "0"
        seen["and is not counted any more"] = corrupted(guest) == 0
        do(guest, "add", area.start, area.size)
        set_state(guest, area.start, area.size, "online_movable")
        seen["added again, it is as new"] = not poisoned(guest, area)
        ctx.note(f"{tree}: " + ", ".join(f"{what}: {so}" for what, so in seen.items()))
        return seen


def error(ctx):
    for tree in ctx.trees:
        seen = one_error(ctx, tree)
    for what, so in seen.items():
        yield so, f"SAFE-05 {what}"


SCENARIOS = [
    ("SAFE-05 a memory error in memory that was added", error),
]
