# SPDX-License-Identifier: GPL-2.0-only
"""Boot memory that firmware calls hotpluggable: kept free, told of, and able to leave.

Each of DT, ACPI, and DT with EFI, has a node that is hotpluggable from the start.
Stock runs beside.
"""

import re

import probe
import ssdt
from boot import (BOOTS, GIB, HOT, boot, held_at_boot, is_hot, machine, memblock, reservations,
                  said, zone_pages)
from load import Load
from memhp_vm import DtMemory, GuestDied, Node, Topology, acpi
from offlining import report
from ranges import load

MIB = 1 << 20
RANGE = "/sys/kernel/debug/memhp_range"
ALLOCATION = re.compile(r"memblock_(?:phys_)?alloc\w*: .*")


def movable_bytes(guest):
    """Of all nodes: a machine whose NUMA was dropped has one only."""
    nodes = guest.check("cat /sys/devices/system/node/possible").strip()
    last = int(nodes.rpartition("-")[2])
    pages = sum(zone_pages(guest, nid).get("Movable", 0) for nid in range(last + 1))
    return pages * guest.page_size()


def beside(ctx, firmware, **options):
    """What stock has to say, in a note."""
    if not ctx.beside_stock:
        return
    with boot(ctx, firmware, tree="stock", **options) as guest:
        held = held_at_boot(guest)
        marks = [r for r in memblock(guest, "memory") if "HOTPLUG" in r.rest]
        ctx.note(f"stock, {BOOTS[firmware]}: {len(held)} reservations in hotpluggable memory, "
                 f"{movable_bytes(guest) // MIB} MiB are ZONE_MOVABLE, {len(marks)} marks left")


# ---- three machines

def marked_first(guest):
    """Our line about what is kept free comes before the first allocation."""
    log = guest.console()
    line = re.search(rf"boot_memory: \[mem {HOT.start:#018x}-.*kept free", log)
    first = ALLOCATION.search(log)
    return line and first and line.start() < first.start()


def named(lines, region):
    """Does a line of the report name who holds a part of it?"""
    ends = re.findall(r"\[mem (0x\w+)-(0x\w+)\] in hotpluggable memory was (?:reserved|unmapped) "
                      r"by (\w+) and is still held", "\n".join(lines))
    return any(int(start, 16) <= region.end and region.start <= int(end, 16)
               for start, end, _ in ends)


def blocks_of(guest):
    """The memory blocks that were there at boot: (hotpluggable ones, others)."""
    blocks = guest.blocks()
    return ([b for b in blocks if b.start in HOT], [b for b in blocks if b.start not in HOT])


def removable(block):
    assert block.removable in ("0", "1"), block
    return block.removable == "1"


def is_held(block, held):
    return any(r.start < block.start + block.size and block.start <= r.end for r in held)


def leave_and_return(guest, blocks):
    """Offlines all of them, and onlines them again; returns what went wrong."""
    wrong = [guest.set_state(block, "offline") for block in blocks]
    gone = movable_bytes(guest)
    wrong += [guest.set_state(block, "online_movable") for block in blocks]
    return [w for w in wrong if w], gone


# What boot puts aside: for drivers, for a kernel that takes over when this one crashes, and
# for checks, if the kernel has them.
POOLS = "cma=48M swiotlb=16384,force crashkernel=64M kfence.sample_interval=100"
PUT_ASIDE = ["cma: Reserved 48 MiB", "software IO TLB: mapped", "crashkernel reserved: "]
CHECKS = {"debug": ["kasan: KernelAddressSanitizer initialized", "kfence: initialized"]}


def kept_free(ctx, firmware):
    name = BOOTS[firmware]
    beside(ctx, firmware)
    with boot(ctx, firmware, f"movable_node memblock=debug {POOLS}") as guest:
        guest.check("true")
        log = guest.console()
        missing = [what for what in PUT_ASIDE + CHECKS.get(ctx.config, []) if what not in log]
        assert not missing, missing
        yield marked_first(guest), f"BOOT-01 {name}: marked before the first allocation"

        ours = [r for r in reservations(guest) if is_hot(r) and r.state == "held"]
        held, lines = held_at_boot(guest), said(guest)
        left = [r for r in ours if r.kind == "allocated"]
        movable = movable_bytes(guest)
        ctx.note(f"ours, {name}: {len(left)} allocations and {len(ours) - len(left)} other "
                 f"reservations in hotpluggable memory, {movable // MIB} MiB are ZONE_MOVABLE")
        for line in lines:
            ctx.note("  " + line)
        yield not left, f"BOOT-02 {name}: no allocation of boot lies in hotpluggable memory"
        yield movable == len(HOT), f"BOOT-02 {name}: all of it is ZONE_MOVABLE"
        yield all(named(lines, r) for r in held), \
            f"BOOT-03 {name}: whatever memblock has reserved in it is named in the log"

        marks = [r for r in memblock(guest, "memory") if "HOTPLUG" in r.rest]
        yield sum(r.end + 1 - r.start for r in marks) == len(HOT) and all(map(is_hot, marks)), \
            f"BOOT-06 {name}: the marks are there after boot"
        hot, other = blocks_of(guest)
        clean = [b for b in hot if not is_held(b, ours)]
        yield clean and all(removable(b) == (b in clean) for b in hot + other), \
            f"BOOT-06 {name}: removable of every block says what is so"
        wrong, gone = leave_and_return(guest, clean)
        yield not wrong and movable_bytes(guest) == movable \
            and gone == movable - sum(b.size for b in clean), \
            f"BOOT-06 {name}: {len(clean)} of {len(hot)} hotpluggable blocks can be offlined"


def three(function):
    """A scenario that is run for each kind of firmware."""
    def run(ctx):
        for firmware in BOOTS:
            yield from function(ctx, firmware)
    return run


# ---- the ledger

def ledger(ctx):
    """The initrd is somebody's, and given back; the kernel is, and is not."""
    with boot(ctx, "loader", "") as guest:
        found = reservations(guest)
        kernel = int(re.search(r"([0-9a-f]+)-[0-9a-f]+ : Kernel code",
                               guest.check("cat /proc/iomem"))[1], 16)
        image = [r for r in found if r.state == "held" and r.start <= kernel <= r.end]
        assert [(r.kind, r.owner) for r in image] == [("reserved", "arm64_memblock_init")], image
        back = [r for r in found if r.state == "returned" and r.owner == "arm64_memblock_init"]
        assert back and sum(r.end + 1 - r.start for r in back) > MIB, back
        for region in memblock(guest, "reserved"):
            inside = [r for r in found if r.state == "held"
                      and r.start <= region.end and region.start <= r.end]
            assert inside, f"nobody asked for {region}"
        owners = {r.owner for r in found}
        assert {"early_pgtable_alloc", "pcpu_fc_alloc"} <= owners, owners
        assert any("hold" in line and "KiB" in line for line in said(guest)), said(guest)
        ctx.note(f"{len(found)} reservations by {len(owners)} functions")


def held_lines(guest):
    return [line for line in said(guest) if "is still held" in line]


def offender_is_caught(ctx):
    with boot(ctx, "uefi", "movable_node") as guest:
        before = held_lines(guest)
    with boot(ctx, "uefi", "movable_node boot_memory_offender=keep") as guest:
        added = held_lines(guest)
        file = [r for r in reservations(guest) if r.owner == "boot_memory_offend"]
    assert not any("boot_memory_offend" in line for line in before), before
    caught = [line for line in added if "boot_memory_offend" in line]
    assert len(caught) == 1 and "allocated" in caught[0], added
    assert len(file) == 1 and file[0].state == "held" and is_hot(file[0]), file
    ctx.note(caught[0])


def offender_that_returns(ctx):
    with boot(ctx, "uefi", "movable_node boot_memory_offender=return") as guest:
        file = [r for r in reservations(guest) if r.owner == "boot_memory_offend"]
        assert len(file) == 1 and file[0].state == "returned" and is_hot(file[0]), file
        assert not any("boot_memory_offend" in line for line in said(guest)), said(guest)
        block = next(b for b in guest.blocks() if file[0].start in range(b.start, b.start + b.size))
        assert removable(block)


# ---- range by range

def ranges(ctx, *memory, cmdline="nokaslr movable_node", **options):
    nodes = [Node("1G", 1), Node("1G", 1)]
    topology = Topology(nodes=nodes, dt_memory=[DtMemory(*m) for m in memory])
    return ctx.guest(firmware="loader", topology=topology, cmdline=cmdline, **options)


HALF = GIB // 2


def upper_half(ctx):
    """Half of a node is not hotpluggable, and boot uses it."""
    halves = ((GIB, GIB, 0), (2 * GIB, HALF, 1), (2 * GIB + HALF, HALF, 1, True))
    if ctx.beside_stock:
        with ranges(ctx, *halves, tree="stock") as guest:
            ctx.note(f"stock: {movable_bytes(guest) // MIB} MiB are ZONE_MOVABLE")
    with ranges(ctx, *halves) as guest:
        used = [r for r in held_at_boot(guest) if r.start < 2 * GIB + HALF]
        high = [r for r in held_at_boot(guest) if r.end >= 2 * GIB + HALF]
        assert used and not high, (used, high)
        assert movable_bytes(guest) == HALF


def lower_half(ctx):
    """Kept free too, but what is above it is the kernel's: it is not ZONE_MOVABLE."""
    halves = ((GIB, GIB, 0), (2 * GIB, HALF, 1, True), (2 * GIB + HALF, HALF, 1))
    with ranges(ctx, *halves) as guest:
        low = [r for r in held_at_boot(guest) if r.start < 2 * GIB + HALF]
        assert not low, low
        assert movable_bytes(guest) == 0
        assert "Normal" in zone_pages(guest, 1) or "DMA" in zone_pages(guest, 1)
        assert any("is not movable" in line for line in said(guest)), said(guest)


def kernel_inside(ctx):
    """All memory is hotpluggable, and the kernel has to be somewhere."""
    both = ((GIB, GIB, 0, True), (2 * GIB, GIB, 1, True))
    with ranges(ctx, *both) as guest:
        assert movable_bytes(guest) == GIB
        assert any("has the kernel in it" in line for line in said(guest)), said(guest)
        hot, other = blocks_of(guest)
        assert all(map(removable, hot)) and not any(map(removable, other))


def efi_says_so(ctx):
    """Only the EFI memory map calls memory hotpluggable; two entries of three do."""
    plain = [DtMemory(GIB, GIB, 0), DtMemory(2 * GIB, GIB, 1)]
    efi = [DtMemory(GIB, GIB), DtMemory(2 * GIB, HALF),
           DtMemory(2 * GIB + HALF, HALF // 2, None, True),
           DtMemory(2 * GIB + 3 * HALF // 2, HALF // 2, None, True)]
    topology = Topology(nodes=[Node("1G", 1), Node("1G", 1)], dt_memory=plain, efi_memory=efi)
    # an interrupt controller that needs memory for good asks the EFI stub for it
    options = {"firmware": "loader", "topology": topology, "machine_options": "its=off",
               "cmdline": "nokaslr movable_node efi=noruntime"}
    if ctx.beside_stock:
        with ctx.guest(tree="stock", **options) as guest:
            ctx.note(f"stock: {movable_bytes(guest) // MIB} MiB are ZONE_MOVABLE")
    with ctx.guest(**options) as guest:
        high = [r for r in held_at_boot(guest) if r.end >= 2 * GIB + HALF]
        assert not high, high
        assert movable_bytes(guest) == HALF
        assert sum("(EFI memory map)" in line for line in said(guest)) == 2, said(guest)


def no_other_memory(ctx):
    """A log buffer that is larger than all memory that is not hotpluggable."""
    small = ((GIB, 128 * MIB, 0), (2 * GIB, GIB, 1, True))
    with ranges(ctx, *small, cmdline="nokaslr movable_node log_buf_len=128M") as guest:
        lines = said(guest)
        assert any("boot has no other left" in line for line in lines), lines
        held = [r for r in reservations(guest) if is_hot(r) and r.state == "held"]
        assert {r.owner for r in held} == {"setup_log_buf"}, held
        assert any("by setup_log_buf and is still held" in line for line in lines), lines
        hot, _ = blocks_of(guest)
        assert [removable(b) for b in hot] == [not is_held(b, held) for b in hot]
        ctx.note([line for line in lines if "setup_log_buf" in line][0])


def crowded(ctx, **options):
    """Firmware reserves so much, here and there, that memblock's own array has to grow."""
    topology = machine("loader")
    topology.dt_reserved = [(GIB + 640 * MIB + i * 16384, 4096) for i in range(130)]
    return ctx.guest(firmware="loader", topology=topology,
                     cmdline="nokaslr movable_node memblock=debug", **options)


def grown(guest):
    """[(entries, range)] of the array of reservations."""
    guest.check("true")
    found = re.findall(r"reserved is doubled to (\d+) at \[0x(\w+)-0x(\w+)\]", guest.console())
    assert found
    return [(int(n), range(int(start, 16), int(end, 16))) for n, start, end in found]


def array_grows(ctx):
    if ctx.beside_stock:
        with crowded(ctx, tree="stock") as guest:
            ctx.note("stock: " + ", ".join(f"{n} at {at.start:#x}" for n, at in grown(guest)))
    with crowded(ctx) as guest:
        for entries, at in grown(guest):
            ctx.note(f"ours: {entries} at {at.start:#x}")
            assert at.stop <= HOT.start, at
        assert not [r for r in reservations(guest) if is_hot(r) and r.kind == "allocated"]
        assert movable_bytes(guest) == len(HOT)


# ---- leaving

def hot_ram(guest):
    """Bytes of the hotpluggable node that /proc/iomem calls System RAM."""
    lines = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM", guest.check("cat /proc/iomem"),
                       re.M)
    found = [range(int(a, 16), int(b, 16) + 1) for a, b in lines]
    return sum(len(r) for r in found if r.start in HOT)


def all_of_it_leaves(ctx, rodata):
    """Block by block, then all again as what a driver adds."""
    with boot(ctx, "loader", f"movable_node rodata={rodata}") as guest:
        load(guest)
        hot, other = blocks_of(guest)
        before = guest.check("grep MemTotal /proc/meminfo")
        for block in hot:
            guest.check(f"echo {block.start:#x} {block.size:#x} > {RANGE}/evict", timeout=60)
        after = guest.check("grep MemTotal /proc/meminfo")
        ctx.note(f"rodata={rodata}: {len(hot)} blocks left; {before.split()[1]} KiB, then "
                 f"{after.split()[1]} KiB")
        assert hot_ram(guest) == 0 and movable_bytes(guest) == 0
        assert blocks_of(guest) == ([], other)
        assert not [r for r in memblock(guest, "memory") if is_hot(r)]
        size = f"{HOT.start:#x} {len(HOT):#x}"
        guest.check(f"echo {size} > {RANGE}/add")
        again, _ = blocks_of(guest)
        assert [b.start for b in again] == [b.start for b in hot]
        for block in again:
            assert not guest.set_state(block, "online_movable")
        guest.check(f"memfill {size} 1", timeout=120)
        guest.check(f"echo {size} > {RANGE}/evict", timeout=60)


def leaves_by_pages(ctx):
    all_of_it_leaves(ctx, "full")


def leaves_by_blocks(ctx):
    all_of_it_leaves(ctx, "on")


def refused_with_reason(ctx):
    """A block with something of boot's in it, and one that is not hotpluggable."""
    with boot(ctx, "uefi", "movable_node boot_memory_offender=keep") as guest:
        load(guest)
        hot, other = blocks_of(guest)
        ours = [r for r in reservations(guest) if r.owner == "boot_memory_offend"]
        held = [b for b in hot if is_held(b, ours)]
        for block, why in ((held[0], "boot_memory_offend holds"), (other[0], "does not call it")):
            for action in (f"echo {block.start:#x} {block.size:#x} > {RANGE}/evict",
                           f"echo {block.start:#x} {block.size:#x} > {RANGE}/remove"):
                status, out = guest.run(action)
                line = guest.check("dmesg | grep 'boot_memory.*stays' | tail -n 1")
                assert status and why in line, (action, out, line)
        assert blocks_of(guest) == (hot, other)
        ctx.note(line)


# ---- firmware ejects it

FIXED = GIB + HALF                  # memory that is not hotpluggable


def with_ejectable():
    """A machine whose firmware has devices for boot memory: half of what is hotpluggable, and
    half of what is not."""
    topology = machine("uefi")
    devices = [ssdt.memory_device(segment, start, HALF, node, ssdt.ejects())
               for segment, start, node in ((b"MHB0", HOT.start, 1), (b"MHB1", FIXED, 0))]
    topology.acpi_tables = {"srat.aml": acpi.srat(acpi.srat_entries(topology)),
                            "ssdt.aml": ssdt.table(devices)}
    return topology


def eject(guest, segment, start):
    """Asks for it as firmware would, waits until it is gone or refused; lines of the log."""
    first = next(b for b in guest.blocks() if b.start == start)
    guest.check("dmesg -c > /dev/null")
    guest.check("for d in /sys/bus/acpi/devices/PNP0C80:*; do"
                f" [ $(cat $d/path) = '\\_SB_.{segment}' ] && echo 1 > $d/eject && exit 0;"
                " done; exit 1")
    guest.check("for i in $(seq 300); do dmesg | grep -q 'Offline failed' && exit 0;"
                f" [ -e {first.path} ] || exit 0;"
                " sleep .1; done; exit 1", timeout=90)
    return guest.check("sleep .2; dmesg").splitlines()


def bytes_there(guest, start):
    return sum(b.size for b in guest.blocks() if start <= b.start < start + HALF)


def eject_both(ctx, guest, tree):
    """[(bytes that are still there, the log)] of what is fixed, and of what is hotpluggable."""
    found = []
    for segment, start in (("MHB1", FIXED), ("MHB0", HOT.start)):
        assert bytes_there(guest, start) == HALF
        lines = eject(guest, segment, start)
        found.append((bytes_there(guest, start), "\n".join(lines)))
        ctx.note(f"{tree}: {found[-1][0] // MIB} MiB of {HALF // MIB} at {start:#x} are still there")
    return found


def ejected(ctx):
    machine_of = {"firmware": "uefi", "cmdline": "nokaslr movable_node"}
    if ctx.beside_stock:
        with ctx.guest(tree="stock", topology=with_ejectable(), **machine_of) as guest:
            eject_both(ctx, guest, "stock")
    with ctx.guest(topology=with_ejectable(), **machine_of) as guest:
        (fixed, why), (hot, log) = eject_both(ctx, guest, "ours")
        yield fixed == HALF and "stays, error -1: firmware does not call it hotpluggable" in why, \
            "BOOT-07 boot memory that is not hotpluggable is not ejected, and a line says why"
        yield hot == 0 and "Eject incomplete" not in log and hot_ram(guest) == len(HOT) - HALF, \
            "BOOT-07 boot memory that is hotpluggable is ejected, all of it"
        probe.good(guest, "probe", f"{HOT.start:#x} {HALF:#x}")
        yield bytes_there(guest, HOT.start) == HALF and hot_ram(guest) == len(HOT), \
            "BOOT-07 what was ejected can be added again"


def goes_under_load(ctx):
    """A page that a program has just got, and does not use yet, looks like the kernel's."""
    with ctx.guest(topology=machine("uefi"), firmware="uefi",
                   cmdline="nokaslr movable_node") as guest:
        load_of_it = Load(guest, 100)
        blocks = [b for b in guest.blocks() if b.start in HOT][:4]
        stayed = []
        for _ in range(ctx.times(10)):
            for block in blocks:
                if guest.set_state(block, "offline"):
                    keys, found = report(guest)
                    stayed.append((keys["error"], keys["reason"], found))
                else:
                    guest.check(f"echo online_movable > {block.path}/state")
        load_of_it.end()
    assert not stayed, f"{len(stayed)} times it did not: {stayed[:2]}"


# ---- wrong tables

def bad_srats():
    """{what is wrong with it: the table}; its sum is right, or firmware's would be used."""
    good = [acpi.gicc_affinity(0, 0), acpi.gicc_affinity(1, 1),
            acpi.memory_affinity(GIB, GIB, 0), acpi.memory_affinity(*acpi.NOMAP_FLASH, 0)]
    hot = acpi.memory_affinity(2 * GIB, GIB, 1, acpi.ENABLED | acpi.HOTPLUGGABLE)
    return {"an entry without a length": acpi.srat(good + [hot[:1] + b"\0" + hot[2:]]),
            "an entry that is cut off": acpi.srat(good + [hot[:20]]),
            "a range that wraps": acpi.srat(good + [acpi.memory_affinity(
                2 * GIB, (1 << 64) - GIB, 1, acpi.ENABLED | acpi.HOTPLUGGABLE)])}


def bad_tables(ctx):
    for what, table in bad_srats().items():
        topology = Topology(nodes=[Node("1G", 1), Node("1G", 1)], acpi_tables={"srat.aml": table})
        try:
            with ctx.guest(firmware="uefi", topology=topology,
                           cmdline="nokaslr movable_node") as guest:
                lines = said(guest)
                good = any("SRAT is not used" in line for line in lines) \
                    and not any("kept free" in line for line in lines)
                guest.check("true")
        except GuestDied as death:
            good, lines = False, [death.reason]
        if not good:
            ctx.note(lines)
        yield good, f"BOOT-01 SRAT with {what}: a line, and boot goes on"


# ---- without movable_node

def requests(guest):
    """What was asked of memblock and where it was found, without what differs by link."""
    log = re.sub(r"\r", "", guest.console())
    lines = re.findall(r"(memblock_(?:phys_)?alloc\w*: .*|memblock_reserve: .* memblock_alloc\w+)",
                       log)
    return [re.sub(r"\+0x\w+/0x\w+|\.(?:isra|constprop|part)\.\d+", "", line) for line in lines]


def differences(one, other):
    """The first that differ."""
    found = [(a, b) for a, b in zip(one, other) if a != b]
    return found[:4] + ([(len(one), len(other))] if len(one) != len(other) else [])


def as_stock(ctx, firmware):
    ctx.need_stock()
    seen = {}
    # stock loses both nodes there, and has nothing to allocate for the second
    nodes = "numa=off" if firmware == "uefi-dt" else ""
    for tree in ("stock", ctx.tree):
        with boot(ctx, firmware, f"memblock=debug {nodes}", tree=tree) as guest:
            seen[tree] = requests(guest)
    ctx.note(f"{BOOTS[firmware]}: {len(seen['stock'])} lines of stock, {len(seen[ctx.tree])} ours")
    wrong = differences(seen["stock"], seen[ctx.tree])
    for pair in wrong:
        ctx.note(f"stock {pair[0]}\nours  {pair[1]}")
    yield len(seen["stock"]) > 100 and not wrong, \
        f"BOOT-09 {BOOTS[firmware]}: without movable_node boot allocates as stock, " \
        "at the same addresses"


SCENARIOS = [
    ("BOOT-01 BOOT-02 BOOT-06 a node that is hotpluggable from the start is kept free",
     three(kept_free)),
    ("BOOT-03 who reserved what is written down, and what was returned", ledger),
    ("BOOT-05 BOOT-03 who allocates too early is caught by name", offender_is_caught),
    ("BOOT-04 who gives back what was allocated too early is not", offender_that_returns),
    ("BOOT-02 the upper half of a node is kept free, and the lower is used", upper_half),
    ("BOOT-02 the lower half of a node is kept free, but not ZONE_MOVABLE", lower_half),
    ("BOOT-02 BOOT-06 the range that the kernel is in stays, another may go", kernel_inside),
    ("BOOT-01 BOOT-02 what the EFI memory map calls hotpluggable is kept free", efi_says_so),
    ("BOOT-02 BOOT-03 boot that has no other memory takes some, and it is named",
     no_other_memory),
    ("BOOT-02 memblock's own array grows in memory that stays", array_grows),
    ("BOOT-07 boot memory that is clean leaves, and comes again, rodata=full", leaves_by_pages),
    ("BOOT-07 boot memory that is clean leaves, and comes again, rodata=on", leaves_by_blocks),
    ("BOOT-07 boot memory that is not stays, and a line says why", refused_with_reason),
    ("BOOT-07 boot memory leaves while programs begin and end in it", goes_under_load),
    ("BOOT-07 boot memory that firmware ejects leaves, or stays and a line says why", ejected),
    ("BOOT-01 wrong tables are passed over", bad_tables),
    ("BOOT-09 without movable_node boot allocates as stock does", three(as_stock)),
]
