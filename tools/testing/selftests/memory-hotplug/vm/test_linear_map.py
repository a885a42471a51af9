# SPDX-License-Identifier: GPL-2.0-only
"""The linear map of memory that comes and goes: what holds while it changes.

Owns the scenarios that need more than a plain DIMM: a table that cannot be had,
hundreds of cycles, the removal of a part, a CPU that must not be stopped. Ranges
for the module memhp_range are RAM that "mem=" hides from the kernel.
"""

import re
import time

from memhp_vm import Node, Topology
from test_dimm import linear_offset, no_shortage, shortage, state, symbol_range

MIB = 1 << 20
GIB = 1 << 30
BLOCK = 128 * MIB
HIDDEN = 2 * GIB            # physical address in node 1, all of which is hidden
CYCLES = 200
LEVELS = ("PTE", "PMD", "PUD", "PGD")


# ---- what a guest shows

def mapped_rows(guest, start, size):
    """{kind: bytes} of what the page-table dump shows of a physical range."""
    base, found = linear_offset(guest), {}
    for line in guest.check("cat /sys/kernel/debug/kernel_page_tables").splitlines():
        match = re.match(r"0x(\w+)-0x(\w+)\s+\S+\s+(.*)", line)
        if not match or "AF" not in match[3].split():
            continue
        first, last = (int(x, 16) - base for x in match.groups()[:2])
        part = min(last, start + size) - max(first, start)
        if part > 0:
            words = match[3].split()
            kind = words[0] + ("+CON" if "CON" in words else "")
            found[kind] = found.get(kind, 0) + part
    return found


def mapped(guest, start, size):
    return sum(mapped_rows(guest, start, size).values())


def number(guest, name, path="/proc/meminfo"):
    for line in guest.check(f"cat {path}").splitlines():
        if line.split()[0].rstrip(":") == name:
            return int(line.split()[1])
    raise AssertionError(f"{path} has no {name}")


# One process that starts no other, at addresses that do not vary: what it needs
# itself is the same each time. Reading stat_refresh folds the CPUs' counts.
COUNT_TABLES = ("echo 0 > /proc/sys/kernel/randomize_va_space; exec sh -c '"
                "read x < /proc/sys/vm/stat_refresh; while read name value; do"
                " [ $name = nr_page_table_pages ] && echo $value;"
                " done < /proc/vmstat; true'")


def table_pages(guest):
    """nr_page_table_pages; the lowest of some, as what exits may still linger."""
    return min(int(guest.check(COUNT_TABLES)) for _ in range(5))


def same(before, after):
    for name, value in before.items():
        assert after[name] == value, difference(name, value, after[name])


def difference(name, old, new):
    if not isinstance(old, str):
        return f"{name}: {old} became {new}"
    gone = sorted(set(old.splitlines()) - set(new.splitlines()))
    more = sorted(set(new.splitlines()) - set(old.splitlines()))
    return f"{name} changed: -{gone[:5]} +{more[:5]}"


def full_state(guest):
    return dict(state(guest), tables=table_pages(guest))


# ---- ranges by the module

def hidden_ram(ctx, rodata="on", **options):
    nodes = [Node("512M", 1), Node("2560M", 1)]
    return ctx.guest(firmware="dt", topology=Topology(nodes=nodes),
                     cmdline=f"nokaslr rodata={rodata} mem=512M", **options)


def load_ranges(guest):
    status, out = guest.insmod("memhp_range", "nid=1")
    assert status == 0, out


def range_command(action, start, size):
    return f"echo {start:#x} {size:#x} > /sys/kernel/debug/memhp_range/{action}"


def do(guest, action, start, size):
    guest.check(range_command(action, start, size))


# ---- MAP-04

def machine(slots=4):
    return Topology(nodes=[Node("512M", 1), Node("256M", 1)], slots=slots, maxmem="16G",
                    cover_nomap=True)


def shortage_of_table(guest, k):
    """The k-th table that the page-table code asks for cannot be had; the next can."""
    shortage(guest, k, 1)
    start, end = symbol_range(guest, "kpgt_pool_fill")
    guest.check(f"cd /sys/kernel/debug/fail_page_alloc && echo {start} > require-start"
                f" && echo {end} > require-end")


def injected(guest):
    """Was the failure asked for one that happened?"""
    left = int(guest.check("cat /sys/kernel/debug/fail_page_alloc/times"))
    return left == 0


def said_so(guest, dimm):
    """One line that names range and error. (ACPI's own answer is "success" here:
    the kernel's ACPI code, which is not ours, drops the error of an insertion.)"""
    return re.search(rf"\[mem {dimm.start:#018x}-{dimm.end - 1:#018x}\] not added, error -12",
                     guest.console())


def take_away(guest, dimm):
    guest.unplug(dimm.id)
    guest.wait_blocks(dimm, gone=True)


def plug_without(guest, k, before):
    """True if the k-th table was missed: the DIMM is refused, nothing changed."""
    shortage_of_table(guest, k)
    dimm = guest.plug_dimm(f"k{k}", size="1G", node=1)
    guest.wait_taken(dimm.id)
    missed = injected(guest)
    no_shortage(guest)
    if missed:
        same(before, full_state(guest))
        assert said_so(guest, dimm), f"no word of table {k} on the console"
    else:
        guest.wait_blocks(dimm)
    take_away(guest, dimm)
    return missed


def retry(guest):
    dimm = guest.plug_dimm("retry", size="1G", node=1)
    guest.wait_blocks(dimm)
    assert mapped(guest, dimm.start, dimm.size) == GIB
    take_away(guest, dimm)


def every_table(ctx, rodata, ks, least):
    """Misses table k for each k, the last until a DIMM comes in spite of it."""
    with ctx.guest(firmware="uefi", topology=machine(),
                   cmdline=f"nokaslr rodata={rodata}") as guest:
        retry(guest)
        before, refused = full_state(guest), []
        for k in ks:
            if not plug_without(guest, k, before):
                break
            refused.append(k)
        else:
            raise AssertionError(f"still refused without table {ks[-1]}")
        retry(guest)
        same(before, full_state(guest))
    ctx.note(f"rodata={rodata}: refused and undone for k = {refused}; "
             f"table {k} is not needed")
    assert len(refused) >= least, refused


def no_table_blocks(ctx):
    every_table(ctx, "on", range(1, 40), 1)


def no_table_pages(ctx):
    every_table(ctx, "full", [1, 2, 3, 17, 257, 511, 512, *range(513, 550)], 8)


def stock_no_table(ctx):
    with ctx.guest(tree="stock", firmware="uefi", topology=machine(),
                   cmdline="rodata=full", expect_death=True) as guest:
        shortage(guest, 1, 1)
        guest.plug_dimm("d0", size="1G", node=1)
        reason = guest.wait_death(60)
    ctx.note(f"stock: {reason}")
    assert "BUG" in reason, reason


# ---- MAP-12, MAP-09

SLACK = {"free": 2048, "Slab": 1024}     # KiB: caches of the guest's own commands
CYCLES_TO_WARM_UP = 20


def settle(guest):
    guest.check("sync; echo 3 > /proc/sys/vm/drop_caches; sleep 0.5;"
                " echo 3 > /proc/sys/vm/drop_caches; sleep 0.5")


def amounts(guest):
    """In KiB. What is free includes the lists that each CPU keeps."""
    settle(guest)
    kept = sum(int(n) for n in re.findall(r"count:\s+(\d+)", guest.check("cat /proc/zoneinfo")))
    return {"free": number(guest, "MemFree") + kept * guest.page_size() // 1024,
            "Slab": number(guest, "Slab")}


def small_drift(ctx, what, first, later):
    drift = {name: later[name] - first[name] for name in SLACK}
    ctx.note(f"{what}: " + ", ".join(f"{name} {value:+d} KiB" for name, value in drift.items()))
    assert all(abs(drift[name]) <= SLACK[name] for name in SLACK), drift


def balance(guest):
    return amounts(guest), {"tables": table_pages(guest),
                    "sysfs": guest.check("ls /sys/devices/system/memory"
                                         " /sys/devices/system/node/node*"),
                    "iomem": guest.check("cat /proc/iomem")}


def cycles(guest, count):
    add, remove = (range_command(action, HIDDEN, GIB) for action in ("add", "remove"))
    guest.check(f"i=0; while [ $i -lt {count} ]; do {add} || exit 1; {remove} || exit 1;"
                " i=$((i+1)); done", timeout=500)


def many_cycles(ctx, rodata):
    with hidden_ram(ctx, rodata=rodata) as guest:
        load_ranges(guest)
        cycles(guest, CYCLES_TO_WARM_UP)
        first, exact = balance(guest)
        cycles(guest, CYCLES)
        later, exact_later = balance(guest)
        assert mapped(guest, HIDDEN, GIB) == 0
    ctx.note(f"page tables {exact['tables']} -> {exact_later['tables']}")
    same(exact, exact_later)
    small_drift(ctx, f"rodata={rodata}, {CYCLES} cycles", first, later)


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
    with ctx.guest(firmware="uefi", topology=machine(), cmdline="nokaslr rodata=full") as guest:
        dimm_cycle(guest, "first")
        before = full_state(guest)
        first = amounts(guest)
        for i in range(10):
            dimm_cycle(guest, f"d{i}")
        same(before, full_state(guest))
        later = amounts(guest)
    small_drift(ctx, "10 DIMMs", first, later)


# ---- MAP-08

HOLE = HIDDEN + 3 * BLOCK


LOW, HIGH = (HIDDEN, 3 * BLOCK), (HOLE + BLOCK, 4 * BLOCK)


def set_blocks(guest, part, state_name):
    start, size = part
    for index in range(start // BLOCK, (start + size) // BLOCK):
        guest.check(f"echo {state_name} > /sys/devices/system/memory/memory{index}/state")


def fill_alone(guest, part):
    """Fills a part to the last page, which takes that the node has no other."""
    set_blocks(guest, part, "online_movable")
    guest.check("memfill {:#x} {:#x} 1".format(*part), timeout=60)
    set_blocks(guest, part, "offline")


def expect_only_hole(guest):
    assert mapped(guest, HOLE, BLOCK) == 0
    assert mapped(guest, *LOW) == LOW[1] and mapped(guest, *HIGH) == HIGH[1]


def remove_part(ctx, rodata):
    with hidden_ram(ctx, rodata=rodata) as guest:
        load_ranges(guest)
        do(guest, "add", HIDDEN, GIB)
        do(guest, "remove", HOLE, BLOCK)
        expect_only_hole(guest)
        fill_alone(guest, LOW)
        fill_alone(guest, HIGH)
        for i in (5, 0, 7, 2, 4, 1, 6):
            do(guest, "evict", HIDDEN + i * BLOCK, BLOCK)
            assert mapped(guest, HIDDEN + i * BLOCK, BLOCK) == 0
        assert mapped(guest, HIDDEN, GIB) == 0
        do(guest, "add", HIDDEN, GIB)       # nothing is in the way
        assert mapped(guest, HIDDEN, GIB) == GIB


def remove_part_blocks(ctx):
    remove_part(ctx, "on")


def remove_part_pages(ctx):
    remove_part(ctx, "full")


def remove_while_used(ctx):
    """The neighbours are online when the part goes."""
    with hidden_ram(ctx) as guest:
        load_ranges(guest)
        do(guest, "add", HIDDEN, GIB)
        set_blocks(guest, (HIDDEN, GIB), "online_movable")
        guest.check(f"memfill {HIDDEN:#x} {GIB:#x} 1", timeout=60)
        do(guest, "evict", HOLE, BLOCK)
        expect_only_hole(guest)
        set_blocks(guest, HIGH, "offline")
        guest.check("memfill {:#x} {:#x} 1".format(*LOW), timeout=60)
        set_blocks(guest, LOW, "offline")
        fill_alone(guest, HIGH)
        expect_only_hole(guest)


def stock_remove_part(ctx):
    with hidden_ram(ctx, tree="stock", expect_death=True) as guest:
        load_ranges(guest)
        do(guest, "add", HIDDEN, GIB)
        whole = mapped(guest, HIDDEN, GIB)
        do(guest, "remove", HOLE, BLOCK)
        left = mapped(guest, HIDDEN, GIB)
        ctx.note(f"stock: of {whole // MIB} MiB, {left // MIB} stay mapped when 128 are removed")
        guest.run("echo online_movable > /sys/devices/system/memory/memory"
                  f"{HIDDEN // BLOCK}/state; memfill {HIDDEN:#x} {BLOCK:#x} 1", timeout=60)
        reason = guest.wait_death(60)
    ctx.note(f"stock: {reason}")
    assert left < GIB - BLOCK and reason, (left, reason)


# ---- MAP-01

SPIN = 6        # seconds


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
    job = guest.start(f"spin 1 {SPIN}")
    while "spinning" not in job.output:
        time.sleep(0.02)
    before = stops(guest)
    act()
    count = stops(guest) - before
    assert not job.done(), "it took longer than the spinner spun"
    out = job.check(60).splitlines()[-1]
    assert out.startswith("preempted"), out
    ctx.note(f"{name}: CPU 1 stopped {count} times; spinner: {out}")
    return count


def plug_and_wait(guest, ident):
    guest.plug_dimm(ident, size="1G", node=0)
    assert guest.wait_taken(ident) == 0


def nobody_is_stopped(ctx):
    topology = Topology(nodes=[Node("768M", 3)], slots=4, maxmem="16G")
    with ctx.guest(firmware="uefi", topology=topology, cmdline="rodata=full") as guest:
        guest.check("echo -1 > /proc/sys/kernel/sched_rt_runtime_us")
        idle = spin_during(ctx, guest, "idle", lambda: time.sleep(1))
        added = spin_during(ctx, guest, "DIMM added", lambda: plug_and_wait(guest, "d0"))
        # taking a CPU away stops the machine: that must show
        stopped = spin_during(ctx, guest, "CPU removed", lambda: guest.check(
            "echo 0 > /sys/devices/system/cpu/cpu2/online"))
    assert stopped > 0, "this cannot tell that a machine is stopped"
    assert idle == 0 and added == 0, (idle, added)


SCENARIOS = [
    ("MAP-04 the k-th page table that cannot be had refuses a DIMM and changes nothing,"
     " rodata=on", no_table_blocks),
    ("MAP-04 the k-th page table that cannot be had refuses a DIMM and changes nothing,"
     " rodata=full", no_table_pages),
    ("MAP-04 stock stops with a BUG there", stock_no_table),
    (f"MAP-12 {CYCLES} times 1 GiB added and removed leave nothing, rodata=on",
     many_cycles_blocks),
    (f"MAP-12 {CYCLES} times 1 GiB added and removed leave nothing, rodata=full",
     many_cycles_pages),
    ("MAP-09 MAP-12 ten DIMMs leave page tables, zones and sysfs as they were", ten_dimms),
    ("MAP-08 a part is removed, the rest stays mapped and usable, rodata=on",
     remove_part_blocks),
    ("MAP-08 a part is removed, the rest stays mapped and usable, rodata=full",
     remove_part_pages),
    ("MAP-08 a part is removed while its neighbours are in use", remove_while_used),
    ("MAP-08 stock unmaps the neighbours and dies of it", stock_remove_part),
    ("MAP-01 a CPU that spins ahead of all is not stopped while a DIMM is added",
     nobody_is_stopped),
]
