# SPDX-License-Identifier: GPL-2.0-only
"""The linear map of memory that comes and goes: what holds while it changes.

Owns the scenarios that need more than a plain DIMM: a table that cannot be had,
hundreds of cycles, the removal of a part, a CPU that must not be stopped. Ranges
for the module memhp_range are RAM that "mem=" hides from the kernel.
"""

import os
import re
import time

import ranges
import shortage
from load import Load
from machines import GIB, HIDDEN, hidden_ram, plain
from memhp_vm import Node, Topology
from observe import amounts, expect_same, mapped, mapped_by_kind, small_drift, state
from ranges import errno_name, set_state

CYCLES = int(os.environ.get("MEMHP_CYCLES", "200"))


# ---- ranges by the module

def range_command(action, start, size):
    return f"echo {start:#x} {size:#x} > /sys/kernel/debug/memhp_range/{action}"


def do(guest, action, start, size):
    guest.check(range_command(action, start, size))


# ---- MAP-04

def said_so(guest, dimm):
    """One line that names range and error. (ACPI's own answer is "success" here:
    the kernel's ACPI code, which is not ours, drops the error of an insertion.)"""
    return re.search(rf"\[mem {dimm.start:#018x}-{dimm.end - 1:#018x}\] not added, error -12",
                     guest.console())


def take_away(guest, dimm):
    guest.unplug(dimm.id)
    guest.wait_blocks(dimm, gone=True)


# Without the k-th page: the DIMM is refused and nothing changed, or it comes, as no
# table was to be in the page, or because so many pages are not asked for.
REFUSED, SPARED, ENOUGH = "refused", "spared", "enough"

# Below each request of a page these keep accounts of pages, in pages of their own.
ACCOUNTS = ("debug",)


def plug_without(guest, k, before):
    shortage.of_table(guest, k)
    dimm = guest.plug_dimm(f"k{k}", size="1G", node=1)
    guest.wait_taken(dimm.id)
    missed = shortage.came(guest)
    shortage.end(guest)
    if missed and not (guest.config in ACCOUNTS and guest.blocks(dimm)):
        outcome = REFUSED
        expect_same(before, state(guest))
        assert said_so(guest, dimm), f"no word of table {k} on the console"
    else:
        outcome = SPARED if missed else ENOUGH
        guest.wait_blocks(dimm)
    take_away(guest, dimm)
    return outcome


def retry(guest):
    dimm = guest.plug_dimm("retry", size="1G", node=1)
    guest.wait_blocks(dimm)
    assert mapped(guest, dimm.start, dimm.size) == GIB
    take_away(guest, dimm)


def every_table(ctx, rodata, needed):
    """Misses one table after the other until a DIMM comes in spite of it.

    needed(guest) says how many tables there are at least; not each of many is missed.
    """
    with plain(ctx, rodata) as guest:
        retry(guest)
        before, least, found = state(guest), needed(guest), {}
        some = {k for k in (1, 2, 3, 17, least // 2, least - 1, least) if 0 < k <= least}
        for k in [*sorted(some), *range(least + 1, least + 40)]:
            found[k] = plug_without(guest, k, before)
            if found[k] == ENOUGH:
                break
        else:
            raise AssertionError(f"still refused without table {k}")
        retry(guest)
        expect_same(before, state(guest))
    refused, spared = ([k for k in found if found[k] == how] for how in (REFUSED, SPARED))
    ctx.note(f"rodata={rodata}: refused and undone for k = {refused}; "
             f"table {k} is not needed" + f", no table for k = {spared}" * bool(spared))
    assert not least or refused[-1] >= least, refused


def tables_of_blocks(guest):
    """With larger pages, tables that boot made have room for the blocks of a DIMM."""
    return int(guest.page_size() == 4096)


def no_table(ctx):
    every_table(ctx, "full", tables_of_blocks)


def stock_no_table(ctx):
    ctx.need_stock()
    with plain(ctx, "full", tree="stock", expect_death=True) as guest:
        shortage.begin(guest, 1, 1)
        guest.plug_dimm("d0", size="1G", node=1)
        reason = guest.wait_death(60)
    ctx.note(f"stock: {reason}")
    assert "BUG" in reason, reason


# ---- MAP-12, MAP-09

CYCLES_TO_WARM_UP = 20


def cycles(guest, count):
    add, remove = (range_command(action, HIDDEN, GIB) for action in ("add", "remove"))
    guest.check(f"i=0; while [ $i -lt {count} ]; do {add} || exit 1; {remove} || exit 1;"
                " i=$((i+1)); done", timeout=500)


def many_cycles(ctx, rodata):
    with hidden_ram(ctx, rodata=rodata) as guest:
        ranges.load(guest)
        cycles(guest, CYCLES_TO_WARM_UP)
        first, before = amounts(guest), state(guest)
        count = ctx.times(CYCLES)
        cycles(guest, count)
        later, after = amounts(guest), state(guest)
        assert mapped(guest, HIDDEN, GIB) == 0
    ctx.note(f"page tables {before['tables']} -> {after['tables']}")
    expect_same(before, after)
    small_drift(ctx, f"rodata={rodata}, {count} cycles", first, later)


def many_cycles_blocks(ctx):
    many_cycles(ctx, "on")


def many_cycles_pages(ctx):
    many_cycles(ctx, "full")


def dimm_cycle(guest, ident):
    dimm = guest.plug_dimm(ident, size="1G", node=1)
    for block in guest.wait_blocks(dimm):
        assert not guest.set_state(block, "online_movable")
    for block in guest.blocks(dimm):
        assert not guest.set_state(block, "offline")
    take_away(guest, dimm)


def ten_dimms(ctx):
    with plain(ctx, "full") as guest:
        dimm_cycle(guest, "first")
        before = state(guest)
        first = amounts(guest)
        for i in range(10):
            dimm_cycle(guest, f"d{i}")
        expect_same(before, state(guest))
        later = amounts(guest)
    small_drift(ctx, "10 DIMMs", first, later)


LOAD_MIB = 80           # of either CPU, more than a block has
DIMMS = int(os.environ.get("MEMHP_CYCLES", "10"))


def set_all(guest, blocks, state):
    files = " ".join(f"{block.path}/state" for block in blocks)
    guest.check(f"for file in {files}; do echo {state} > $file || exit 1; done")


def cycle_under_load(guest, ident):
    dimm = guest.plug_dimm(ident, size="512M", node=1)
    blocks = guest.wait_blocks(dimm)
    set_all(guest, blocks, "online_movable")
    set_all(guest, blocks, "offline")
    take_away(guest, dimm)


def run_loaded(ctx, guest, name, count):
    load = Load(guest, LOAD_MIB)
    for i in ctx.rounds(count):
        cycle_under_load(guest, f"{name}{i}")
    load.end()


def dimms_under_load(ctx):
    count = ctx.times(DIMMS)
    with plain(ctx, "full") as guest:
        run_loaded(ctx, guest, "warm", 2)
        first, before = amounts(guest), state(guest)
        run_loaded(ctx, guest, "d", count)
        expect_same(before, state(guest))
        later = amounts(guest)
    small_drift(ctx, f"{count} DIMMs under load", first, later)


# ---- MAP-08

class Row:
    """Memory blocks in hidden RAM, added as one range, of which one is to go first."""

    def __init__(self, guest):
        ranges.load(guest)
        self.guest = guest
        self.block = guest.blocks()[0].size
        self.count = max(GIB // self.block, 4)
        self.whole = (HIDDEN, self.count * self.block)
        gap = self.count // 2 - 1
        self.low, self.hole = self.part(0, gap), self.part(gap, 1)
        self.high = self.part(gap + 1, self.count - gap - 1)
        do(guest, "add", *self.whole)

    def part(self, first, count):
        """(start, size) of that many blocks."""
        return HIDDEN + first * self.block, count * self.block

    def others(self):
        """All blocks but the one that goes first; neighbours are seldom adjacent."""
        parts = [self.part(index, 1) for index in range(self.count)]
        parts.remove(self.hole)
        return parts[1::2] + parts[::2]

    def mapped(self, part):
        return mapped(self.guest, *part)

    def set(self, part, wanted):
        start, size = part
        for index in range(start // self.block, (start + size) // self.block):
            self.guest.check(f"echo {wanted} > /sys/devices/system/memory/memory{index}/state")

    def fill(self, part):
        self.guest.check("memfill {:#x} {:#x} 1".format(*part), timeout=120)

    def fill_alone(self, part):
        """Fills a part to the last page, which takes that the node has no other."""
        self.set(part, "online_movable")
        self.fill(part)
        self.set(part, "offline")

    def expect_only_hole(self):
        assert self.mapped(self.hole) == 0
        for part in (self.low, self.high):
            assert self.mapped(part) == part[1]


def remove_part(ctx, rodata):
    with hidden_ram(ctx, rodata=rodata) as guest:
        row = Row(guest)
        do(guest, "remove", *row.hole)
        row.expect_only_hole()
        row.fill_alone(row.low)
        row.fill_alone(row.high)
        for part in row.others():
            do(guest, "evict", *part)
            assert row.mapped(part) == 0
        assert row.mapped(row.whole) == 0
        do(guest, "add", *row.whole)        # nothing is in the way
        assert row.mapped(row.whole) == row.whole[1]


def remove_part_blocks(ctx):
    remove_part(ctx, "on")


def remove_part_pages(ctx):
    remove_part(ctx, "full")


def remove_while_used(ctx):
    """The neighbours are online when the part goes."""
    with hidden_ram(ctx) as guest:
        row = Row(guest)
        row.set(row.whole, "online_movable")
        row.fill(row.whole)
        do(guest, "evict", *row.hole)
        row.expect_only_hole()
        row.set(row.high, "offline")
        row.fill(row.low)
        row.set(row.low, "offline")
        row.fill_alone(row.high)
        row.expect_only_hole()


def stock_remove_part(ctx):
    ctx.need_stock()
    with hidden_ram(ctx, tree="stock", expect_death=True) as guest:
        row = Row(guest)
        whole, block = row.whole[1], row.block
        do(guest, "remove", *row.hole)
        left = row.mapped(row.whole)
        ctx.note(f"stock: of {whole >> 20} MiB, {left >> 20} stay mapped when"
                 f" {block >> 20} are removed")
        guest.run(f"echo online_movable > /sys/devices/system/memory/memory{HIDDEN // block}"
                  f"/state; memfill {HIDDEN:#x} {block:#x} 1", timeout=60)
        reason = guest.wait_death(60)
    ctx.note(f"stock: {reason}")
    assert left < whole - block and reason, (left, reason)


# ---- MAP-06

DIRECT = ("set_direct_map_invalid_noflush", "set_direct_map_default_noflush")
POLICY = "/sys/devices/system/memory/auto_online_blocks"
TRIED = (1, 2, 33)          # tables that cannot be had, of those that a block takes


class Paged:
    """Four memory blocks of hidden RAM, in a guest with rodata=full."""

    def __init__(self, guest):
        ranges.load(guest)
        addresses = [shortage.symbol_range(guest, name)[0] for name in DIRECT]
        status, out = guest.insmod(
            "memhp_direct", "invalid={:#x} restore={:#x}".format(*addresses))
        assert status == 0, out
        status, out = guest.insmod("memhp_survey")
        assert status == 0, out
        self.guest, self.block = guest, guest.blocks()[0].size
        self.size = 4 * self.block
        self.tables = self.block // (guest.page_size() ** 2 // 8)

    def at(self, index):
        return HIDDEN + index * self.block

    def set(self, index, wanted, count=1):
        set_state(self.guest, self.at(index), count * self.block, wanted)

    def ask(self, index, wanted):
        file = f"/sys/devices/system/memory/memory{self.at(index) // self.block}/state"
        return errno_name(*self.guest.run(f"echo {wanted} > {file}"))

    def kinds(self, index, count=1):
        """"pages", "blocks", or what it is a mixture of."""
        found = mapped_by_kind(self.guest, self.at(index), count * self.block)
        assert sum(found.values()) == count * self.block, found
        if set(found) == {"PTE"}:
            return "pages"
        return found if "PTE" in found or "PTE+CON" in found else "blocks"

    def change(self, name, index):
        """What a caller is told who makes a page invalid, or valid again."""
        return errno_name(*self.guest.run(
            f"echo {self.at(index) + 5 * self.guest.page_size():#x}"
            f" > /sys/kernel/debug/memhp_direct/{name}"))

    def invalid(self):
        """Ranges of entries that hold an address and translate nothing."""
        return int(self.guest.check(
            "grep -cE ' PTE +F ' /sys/kernel/debug/kernel_page_tables || true"))

    def said(self, text):
        return int(self.guest.check(f"dmesg -c | grep -c '{text}' || true"))


def by_zone(place):
    do(place.guest, "add", HIDDEN, place.size)
    yield place.kinds(0, 4) == "blocks", "MAP-06 memory that is added is mapped with blocks"
    place.set(0, "online_movable", 2)
    yield place.kinds(0, 4) == "blocks", "MAP-06 it is while it is movable"
    place.said("")
    told = [place.change(name, index) for index in (0, 3) for name in ("invalid", "restore")]
    lines = place.said("permissions not changed")
    yield told == ["EINVAL"] * 4 and lines == 4, \
        f"MAP-06 who takes a page of it out of the linear map is told: {told}, {lines} lines"
    yield place.kinds(0, 4) == "blocks", "MAP-06 and not obeyed"
    place.guest.check(f"memfill {place.at(0):#x} {2 * place.block:#x} 1", timeout=120)
    place.set(0, "offline", 2)


def back_and_forth(place):
    place.set(0, "online_kernel")
    yield place.kinds(0) == "pages" and place.kinds(1, 3) == "blocks", \
        "MAP-06 a block that goes to a kernel zone is mapped with pages, its neighbours are not"
    place.set(0, "offline")
    before = state(place.guest)
    told = [place.change("invalid", 0), place.invalid(), place.change("restore", 0),
            place.invalid()]
    yield told == ["0", 1, "0", 0], \
        f"MAP-06 a page of it can be taken out of the linear map: {told}"
    place.set(0, "online_kernel")
    place.set(0, "offline")
    expect_same(before, state(place.guest))
    place.set(0, "online_movable", 2)
    place.guest.check(f"memfill {place.at(0):#x} {2 * place.block:#x} 1", timeout=120)
    place.set(0, "offline", 2)
    yield True, "MAP-06 offline it stays so, and every page of it is the right one"


def missing_tables(place):
    """Block 1 is in blocks still. Each refusal leaves it so, whoever refused."""
    before, told, lines = state(place.guest), [], 0
    for k in sorted({k for k in (*TRIED, place.tables) if k <= place.tables}):
        shortage.of_table(place.guest, k)
        told.append(place.ask(1, "online_kernel"))
        shortage.end(place.guest)
        lines += place.said("not onlined, error -12: no memory for page tables")
        expect_same(before, state(place.guest))
    yield set(told) == {"ENOMEM"} and lines == len(told), \
        f"MAP-06 MAP-04 a table that is missing leaves it offline, in blocks: {told}, {lines} lines"
    place.guest.check("echo 1 > /sys/kernel/debug/memhp_survey/refuse")
    told = place.ask(1, "online_kernel")
    place.guest.check("echo 0 > /sys/kernel/debug/memhp_survey/refuse")
    expect_same(before, state(place.guest))
    yield told == "ECANCELED", f"MAP-06 so does a listener that refuses: {told}"


def by_range(place):
    place.guest.check(f"echo online_kernel > {POLICY}")
    do(place.guest, "remove", HIDDEN, place.size)
    do(place.guest, "add", HIDDEN, place.size)
    zones = {block.zones for block in place.guest.blocks() if block.start >= HIDDEN}
    yield place.kinds(0, 4) == "pages" and zones == {"Normal"}, \
        f"MAP-06 a range that is onlined as one is mapped with pages: {zones}"
    do(place.guest, "evict", HIDDEN, place.size)
    place.guest.check(f"echo offline > {POLICY}")


def blocks_and_pages(ctx):
    # nobody but the test uses memory of a bare node
    with ranges.hidden_ram(ctx, "full", bare=True) as guest:
        place = Paged(guest)
        do(guest, "add", HIDDEN, place.size)
        for wanted in ("online_kernel", "offline", "online_movable", "offline"):
            place.set(0, wanted)                    # what is made once, and stays
        do(guest, "remove", HIDDEN, place.size)
        before = state(guest)
        yield from by_zone(place)
        yield from back_and_forth(place)
        yield from missing_tables(place)
        yield from by_range(place)
        expect_same(before, state(guest))
        yield True, "MAP-06 MAP-09 when it is gone, nothing is left of it"


# ---- MAP-01

SPIN = 120      # seconds, if nobody ends it


def stops(guest, cpu=1):
    """How often the task ran that stops a CPU (stop_machine() and its kin)."""
    text = guest.check(f"for t in /proc/[0-9]*; do grep -q '^migration/{cpu}$' $t/comm"
                       " && cat $t/status; done; true")
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])


def spin_during(ctx, guest, name, act):
    """How often CPU 1 was stopped while act() ran and a spinner had the CPU.

    Its own count of preemptions holds the share that the kernel keeps for tasks
    without real-time priority as well, so that is noted and not judged.
    """
    job = guest.start(f"exec spin 1 {SPIN}")
    while "spinning" not in job.output:
        time.sleep(0.02)
    before = stops(guest)
    act()
    count = stops(guest) - before
    assert not job.done(), "it took longer than the spinner spun"
    job.kill(15)
    out = job.check(60).splitlines()[-1]
    assert out.startswith("preempted"), out
    ctx.note(f"{name}: CPU 1 stopped {count} times; spinner: {out}")
    return count


def plug_and_wait(guest, ident):
    guest.plug_dimm(ident, size="1G", node=0)
    assert guest.wait_taken(ident) == 0


def nobody_is_stopped(ctx):
    topology = Topology(nodes=[Node("768M", 3)], slots=4, maxmem="16G")
    # the scheduler stops a CPU, too, to take tasks from it, but not from one that is isolated
    with ctx.guest(firmware="uefi", topology=topology,
                   cmdline="rodata=full isolcpus=1") as guest:
        guest.check("echo -1 > /proc/sys/kernel/sched_rt_runtime_us")
        idle = spin_during(ctx, guest, "idle", lambda: time.sleep(1))
        added = spin_during(ctx, guest, "DIMM added", lambda: plug_and_wait(guest, "d0"))
        # taking a CPU away stops the machine: that must show
        stopped = spin_during(ctx, guest, "CPU removed", lambda: guest.check(
            "echo 0 > /sys/devices/system/cpu/cpu2/online"))
    assert stopped > 0, "this cannot tell that a machine is stopped"
    assert idle == 0 and added == 0, (idle, added)


SCENARIOS = [
    ("MAP-04 the k-th page table that cannot be had refuses a DIMM and changes nothing",
     no_table),
    ("MAP-04 stock stops with a BUG there", stock_no_table),
    ("MAP-12 1 GiB added and removed again and again leaves nothing, rodata=on",
     many_cycles_blocks),
    ("MAP-12 1 GiB added and removed again and again leaves nothing, rodata=full",
     many_cycles_pages),
    ("MAP-09 MAP-12 ten DIMMs leave page tables, zones and sysfs as they were", ten_dimms),
    ("MAP-12 SAFE-03 DIMMs come and go while memory is taken and given back", dimms_under_load),
    ("MAP-08 a part is removed, the rest stays mapped and usable, rodata=on",
     remove_part_blocks),
    ("MAP-08 a part is removed, the rest stays mapped and usable, rodata=full",
     remove_part_pages),
    ("MAP-08 a part is removed while its neighbours are in use", remove_while_used),
    ("MAP-08 stock unmaps the neighbours and dies of it", stock_remove_part),
    ("MAP-06 rodata=full: blocks map what is movable, pages what is in a kernel zone",
     blocks_and_pages),
    ("MAP-01 a CPU that spins ahead of all is not stopped while a DIMM is added",
     nobody_is_stopped),
]
