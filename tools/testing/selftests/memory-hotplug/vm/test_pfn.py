# SPDX-License-Identifier: GPL-2.0-only
"""What a page frame is: RAM, firmware's, a hole, a device, nothing.

Owns the comparison of pfn_is_map_memory() with memblock, page by page, in a guest whose
memory has all of these, and the race of look-ups with memory that comes and goes. The
module memhp_pfn asks; what memblock holds is read from its debugfs file while nothing
changes.
"""

import os
import re

import shortage
from machines import GIB
from memhp_vm import Node, Topology
from ranges import ask, do, load, set_state

FOLDER = "/sys/kernel/debug/memhp_pfn"
MIB = 1 << 20
SUBSECTION = 2 * MIB
MOVING, STEADY = 2 * GIB, 3 * GIB       # in RAM that mem= hides, on node 1
LIMIT = 4 * GIB + GIB // 2              # above it is nothing but what PCI may have
# 64 MiB of flash count, too: the end is 1 MiB and a page into a subsection.
KNOWN = (512 + 64 + 65) * 1024 + 4
LOOKS = int(os.environ.get("MEMHP_LOOKS", "500000"))    # of each CPU
ROUNDS = 24
CALLED = ("valid_phys_addr_range", "memblock_is_region_memory", "memblock_is_map_memory",
          "memblock_is_memory", "pfn_state_is_one_kind")


def machine(ctx, tree):
    topology = Topology(nodes=[Node("512M", 1), Node("2560M", 1)], cover_nomap=True)
    return ctx.guest(tree=tree, firmware="uefi", topology=topology,
                     cmdline=f"nokaslr rodata=on mem={KNOWN}K")


class Site:
    """The guest with its modules, and what both sides say."""

    def __init__(self, guest):
        self.guest, self.page = guest, guest.page_size()
        self.block = int(guest.check("cat /sys/devices/system/memory/block_size_bytes"), 16)
        self.never = STEADY + self.block
        load(guest)
        status, out = guest.insmod("memhp_pfn", f"nid=1 limit={LIMIT} steady={GIB + MIB}"
                                   f" never={self.never} {self.addresses()}")
        assert status == 0, out

    def addresses(self):
        text = self.guest.check(f"grep -E ' [tT] ({'|'.join(CALLED)})$' /proc/kallsyms")
        found = [line.split() for line in text.splitlines()]
        return " ".join(f"{name}=0x{at}" for at, _, name in found)

    def memblock(self):
        """[(start, end, is NOMAP)], in bytes."""
        text = self.guest.check("cat /sys/kernel/debug/memblock/memory")
        found = [(int(first, 16), int(last, 16) + 1, "NOMAP" in flags) for first, last, flags
                 in re.findall(r"(0x\w+)\.\.(0x\w+)(.*)", text)]
        assert found, text
        return found

    def runs(self):
        """[(first, last, valid, ram)] as the module finds them, in page frames."""
        lines = self.guest.check(f"cat {FOLDER}/runs", timeout=300).splitlines()
        return [(int(first, 16), int(last, 16), valid == "1", ram == "1")
                for first, last, valid, ram in map(str.split, lines)]

    def ram_by_memblock(self):
        pages = [(-(-start // self.page), -(-end // self.page) - 1)
                 for start, end, nomap in self.memblock() if not nomap]
        return joined(pages)

    def edges(self):
        return tuple(map(int, self.guest.check(f"cat {FOLDER}/edges", timeout=300).split()))

    def device(self, start, size):
        self.guest.check(f"echo {start:#x} {size:#x} > {FOLDER}/device")

    def race(self, looks):
        self.guest.check(f"echo {self.never} > /sys/module/memhp_pfn/parameters/never;"
                         f"echo {STEADY} > /sys/module/memhp_pfn/parameters/steady;"
                         f"echo {MOVING:#x} {self.block:#x} {ROUNDS} {looks} > {FOLDER}/race",
                         timeout=300)
        return tuple(map(int, self.guest.check(f"cat {FOLDER}/race").split()))


def joined(runs):
    """Runs of numbers, those that touch as one."""
    found = []
    for first, last in sorted(runs):
        if found and first <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], last)
        elif first <= last:
            found.append([first, last])
    return [tuple(run) for run in found]


def ram_of(runs):
    return joined([(first, last) for first, last, _, ram in runs if ram])


def pages_in(runs, start, size, page, kind):
    """How many pages of a range are of a kind, (valid, ram)."""
    low, high = start // page, (start + size) // page - 1
    return sum(max(0, min(last, high) - max(first, low) + 1)
               for first, last, *seen in runs if tuple(seen) == kind)


DEVICE, RAM = (True, False), (True, True)


def as_memblock_says(site, moment):
    """A result, and the runs. Where RAM is, pages are valid."""
    runs, wanted = site.runs(), site.ram_by_memblock()
    found = ram_of(runs)
    good = found == wanted and all(valid for _, _, valid, ram in runs if ram)
    pages = sum(last - first + 1 for first, last in found)
    return (good, f"VALID-03 {moment}: {pages} pages in {len(found)} runs are RAM, the others"
            f" of {LIMIT // site.page} and beyond are not; memblock has the same"
            + ("" if good else f": {found}, not {wanted}")), runs


def whole(site, runs, start, size, kind):
    return pages_in(runs, start, size, site.page, kind) == size // site.page


def boot_memory(site):
    result, runs = as_memblock_says(site, "boot")
    yield result
    nomap = [(start, end) for start, end, no in site.memblock() if no]
    assert nomap, "no firmware in this machine"
    yield all(not pages_in(runs, start, end - start, site.page, RAM) for start, end in nomap), \
        f"VALID-03 no page of {len(nomap)} ranges of firmware is RAM"


def end_of_ram(site):
    """Where mem= has cut, in the middle of a subsection."""
    return max(end for start, end, nomap in site.memblock() if start < MOVING and not nomap)


def devices(site):
    before, end = site.runs(), end_of_ram(site)
    assert end % SUBSECTION, f"{end:#x}: no hole in a subsection"
    hole = -(-end // SUBSECTION) * SUBSECTION
    for what, start, size in (("in the rest of a section of boot's", hole, SUBSECTION),
                              ("with a section of its own", MOVING, site.block)):
        site.device(start, size)
        runs = site.runs()
        yield (whole(site, runs, start, size, DEVICE) and ram_of(runs) == ram_of(before),
               f"VALID-03 a device {what} has pages, and none is RAM")
        site.device(0, 0)
        yield site.runs() == before, f"VALID-03 a device {what} has gone"


def hot_added(site):
    guest, size = site.guest, 2 * site.block
    before = site.runs()
    do(guest, "add", MOVING, size)
    for moment, state in (("added", None), ("half online", "online_movable"),
                          ("offline", "offline")):
        if state:
            set_state(guest, MOVING, site.block, state)
        result, runs = as_memblock_says(site, moment)
        yield result
        yield whole(site, runs, MOVING, size, RAM), f"VALID-03 {moment}: all of it is RAM"
    do(guest, "remove", MOVING, site.block)
    runs = site.runs()
    yield (whole(site, runs, MOVING + site.block, site.block, RAM) and
           pages_in(runs, MOVING, site.block, site.page, RAM) == 0,
           "VALID-03 half of it is removed, and at once no RAM")
    do(guest, "remove", MOVING + site.block, site.block)
    yield site.runs() == before, "VALID-03 removed: all is as it was"


def refused(site):
    before, seen = site.runs(), set()
    for pages in (0, 40):
        shortage.begin(site.guest, pages, -1)
        said = ask(site.guest, "add", MOVING, site.block)
        shortage.end(site.guest)
        seen.add(said)
        if said == "0":
            do(site.guest, "remove", MOVING, site.block)
        yield (said in ("0", "ENOMEM") and site.runs() == before,
               f"VALID-03 an add that gets {pages} pages and no more, {said}: no RAM is left of it")
    assert "ENOMEM" in seen, seen


WRONG = ("RAM that stays", "nothing", "a device", "what is there", "what is gone")


def racing(site, looks):
    """(results, words): wrong answers while memory and devices come and go."""
    do(site.guest, "add", STEADY, site.block)
    total, *wrong, rounds = site.race(looks)
    words = ", ".join(f"{number} for {what}" for what, number in zip(WRONG, wrong))
    assert total >= looks and rounds >= ROUNDS
    return not any(wrong), f"{total} look-ups during {rounds} rounds, wrong answers: {words}"


def ranges(site):
    count, wrong_ram, wrong_kind, across = site.edges()
    assert count > 500, count
    return not wrong_ram + wrong_kind, (f"{count} ranges at edges: {wrong_ram} for /dev/mem and"
                                        f" {wrong_kind} for ACPI are not what memblock says;"
                                        f" {across} are in regions that touch")


def look_ups(ctx):
    if ctx.beside_stock:
        with machine(ctx, "stock") as guest:
            ctx.note(f"stock: {racing(Site(guest), LOOKS)[1]}")
    with machine(ctx, ctx.tree) as guest:
        good, words = racing(Site(guest), ctx.times(LOOKS))
        yield good, f"VALID-03 {words}"


def every_page(ctx):
    with machine(ctx, ctx.tree) as guest:
        site = Site(guest)
        yield from boot_memory(site)
        good, words = ranges(site)
        yield good, f"VALID-03 boot: {words}"
        yield from devices(site)
        yield from hot_added(site)
        yield from refused(site)
        do(guest, "add", STEADY, site.block)
        good, words = ranges(site)
        yield good, f"VALID-03 with memory that came later: {words}"


SCENARIOS = [
    ("VALID-03 every page frame is what it is", every_page),
    ("VALID-03 look-ups while memory comes and goes are right", look_ups),
]
