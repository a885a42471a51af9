# SPDX-License-Identifier: GPL-2.0-only
"""Large DIMMs in small guests: their page structs and tables lie in themselves.

Through QMP and ACPI, without a boot parameter. Stock runs beside: it panics, or loses
hundreds of MiB for good.
"""

import re
from errno import EBUSY

import shortage
from machines import GIB, hidden_ram
from memhp_vm import GuestDied, Node, Topology
from memhp_vm.usage import migrated
from observe import amounts, drift, expect_same, in_words, mapped_by_kind, state, table_pages
from probe import CMDLINE, EDGE, MEMORY, good, write
from ranges import load

LARGE = 64
KIB_PER_GIB = 64            # of old memory, at most


def small_guest(ctx, rodata, **options):
    topology = Topology(nodes=[Node("384M", 1), Node("128M", 1)], slots=4, maxmem="200G",
                        cover_nomap=True)
    return ctx.guest(firmware="uefi", topology=topology, timeout=300,
                     cmdline=f"nokaslr rodata={rodata}", **options)


def plug(guest, ident, gib):
    """The DIMM, once the guest is through with it."""
    dimm = guest.plug_dimm(ident, size=f"{gib}G", node=1)
    guest.wait_taken(ident, timeout=120)
    return dimm


def usable(guest, dimm):
    return sum(block.size for block in guest.blocks(dimm))


def unplug(guest, dimm):
    guest.unplug(dimm.id, timeout=120)
    guest.wait_blocks(dimm, timeout=120, gone=True)


def use(guest, dimm):
    """Two blocks of it, to the last page: the first that can be used, and the last."""
    blocks = guest.blocks(dimm)
    for block in (blocks[0], blocks[-1]):
        assert not guest.set_state(block, "online_movable")
        guest.check(f"memfill {block.start:#x} {block.size:#x} 1", timeout=120)
        assert not guest.set_state(block, "offline")


def large_dimm(ctx, rodata):
    with small_guest(ctx, rodata) as guest:
        unplug(guest, plug(guest, "warm", 1))
        first, before = amounts(guest), state(guest)
        dimm = plug(guest, "large", LARGE)
        there, taken = usable(guest, dimm), drift(first, amounts(guest))
        kinds = mapped_by_kind(guest, dimm.start, dimm.size)
        ctx.note(f"rodata={rodata}: {there >> 20} of {LARGE << 10} MiB are usable, "
                 f"{in_words(taken)}, mapped: {kinds}")
        assert there > LARGE * GIB * 15 // 16
        assert -taken["free"] <= LARGE * KIB_PER_GIB, taken
        use(guest, dimm)
        unplug(guest, dimm)
        expect_same(before, state(guest))
        left = drift(first, amounts(guest))
        ctx.note(f"after it went: {in_words(left)}")
        assert abs(left["free"]) <= 2048, left


def large_dimm_pages(ctx):
    large_dimm(ctx, "full")


def large_dimm_blocks(ctx):
    large_dimm(ctx, "on")


def any_order(ctx):
    """Three DIMMs side by side; the first and the middle one go first."""
    with small_guest(ctx, "full") as guest:
        unplug(guest, plug(guest, "warm", 1))
        before = state(guest)
        dimms = [plug(guest, f"d{i}", 32) for i in range(3)]
        for dimm in dimms:
            assert usable(guest, dimm) >= 30 * GIB, f"{dimm.id}: {usable(guest, dimm)}"
        for gone in (1, 0, 2):
            unplug(guest, dimms[gone])
            for dimm in dimms[:3]:
                if dimm.id in guest.dimms():
                    use(guest, dimm)
        expect_same(before, state(guest))
        tables_from_front(guest)


def tables_from_front(guest):
    """A block goes to a kernel zone, and no table is taken elsewhere."""
    block = guest.blocks(plug(guest, "kernel", 32))[-1]
    before = table_pages(guest)
    assert not guest.set_state(block, "online_kernel")
    kinds, taken = mapped_by_kind(guest, block.start, block.size), table_pages(guest) - before
    assert kinds == {"PTE": block.size}, kinds
    # the zone is new, and what each CPU has of it may need some for vmalloc
    assert taken <= 4, f"{taken} tables were taken elsewhere"


def refused_once(guest, space, before):
    """True if a page that cannot be had refused the DIMM; all is then as before."""
    shortage.begin(guest, space, 1, caller="add_memory_resource")
    dimm = plug(guest, f"d{space}", 16)
    missed = shortage.came(guest)
    shortage.end(guest)
    there = bool(guest.blocks(dimm))
    assert there or missed, "refused for no reason"
    if not there:
        expect_same(before, state(guest))
    unplug(guest, dimm)
    return not there


def leave_only(guest, size):
    """Fills a file in memory until about so much is left."""
    free = int(guest.check("awk '/MemFree/ { print $2 }' /proc/meminfo")) << 10
    if free > size:
        guest.check("mkdir /tmp/eat && mount -t tmpfs -o size=1G tmpfs /tmp/eat"
                    f" && head -c {free - size} /dev/zero > /tmp/eat/all")


def page_is_missing(ctx):
    """Each page of old memory that hosting takes is not there once."""
    with small_guest(ctx, "full") as guest:
        leave_only(guest, 100 << 20)    # else page structs of 16 GiB fit elsewhere
        unplug(guest, plug(guest, "warm", 16))
        before = state(guest)
        spaces = [1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 32, 64, 128, 256]
        refused = [space for space in spaces if refused_once(guest, space, before)]
        expect_same(before, state(guest))
    ctx.note(f"refused and undone without page {refused} of {spaces}")
    # with 64K pages, tables that boot made are enough
    assert (refused or ctx.config == "64k") and spaces[-1] not in refused, refused


def small_still_elsewhere(ctx):
    """What fits into old memory goes there, and all of the DIMM is usable."""
    with small_guest(ctx, "full") as guest:
        dimm = plug(guest, "d0", 1)
        assert usable(guest, dimm) == GIB


def too_dear(ctx):
    """A driver that cannot have its range host itself is told the price."""
    with hidden_ram(ctx, rodata="full") as guest:
        load(guest)
        leave_only(guest, LARGE * GIB // guest.page_size() * 64 // 2)
        before, start = state(guest), 128 * GIB
        status, out = guest.run(f"echo {start:#x} {LARGE * GIB:#x} >"
                                " /sys/kernel/debug/memhp_range/add")
        assert status and "Cannot allocate memory" in out, (status, out)
        said = guest.check("dmesg | grep 'not added' | tail -n 1").strip()
        expect_same(before, state(guest))
    ctx.note(said)
    assert re.search(rf"\[mem {start:#018x}-.* it takes \d+ KiB of memory in use", said), said


def part_stays(ctx):
    """By hand: a part of what hosts itself is refused before a page of it has moved."""
    with ctx.guest(firmware="dt", cmdline=CMDLINE,
                   topology=Topology(nodes=[Node("8G", 1)])) as guest:
        guest.check(f"echo online_movable > {MEMORY}/auto_online_blocks")
        good(guest, "probe", f"{EDGE:#x} {6 * GIB:#x}")
        guest.check("mkdir /tmp/full && mount -t tmpfs tmpfs /tmp/full &&"
                    " dd if=/dev/zero of=/tmp/full/file bs=1M count=64")
        blocks, moved = guest.blocks(), migrated(guest)
        first = min(b.start for b in blocks if b.start >= EDGE)
        assert first > EDGE, "it does not host itself"
        error = write(guest, "remove", f"offline {first:#x} {EDGE + 6 * GIB - first:#x}")
        yield error == EBUSY and guest.blocks() == blocks and migrated(guest) == moved, \
            f"MAP-10 a part is refused, {migrated(guest) - moved} pages have moved"
        good(guest, "remove", f"offline {EDGE:#x} {6 * GIB:#x}")
        yield migrated(guest) > moved, "MAP-10 the whole goes, and its data stays"


def stock_large(ctx):
    """Noted, not judged."""
    ctx.need_stock()
    try:
        with small_guest(ctx, "full", tree="stock") as guest:
            dimm = guest.plug_dimm("large", size=f"{LARGE}G", node=1)
            guest.wait_taken("large", timeout=120)
            ctx.note(f"stock: {usable(guest, dimm) >> 20} MiB are usable")
    except GuestDied as death:
        ctx.note(f"stock: {death.reason}")


SCENARIOS = [
    (f"MAP-10 CORE-02 {LARGE} GiB come to a guest of 512 MiB, work, and go, rodata=full",
     large_dimm_pages),
    (f"MAP-10 CORE-02 {LARGE} GiB come to a guest of 512 MiB, work, and go, rodata=on",
     large_dimm_blocks),
    ("MAP-10 MAP-06 DIMMs that host themselves go in any order, and have their own tables",
     any_order),
    ("MAP-10 MAP-04 SAFE-01 a page that hosting lacks refuses a DIMM and changes nothing",
     page_is_missing),
    ("MAP-10 a DIMM whose page structs fit elsewhere is usable whole", small_still_elsewhere),
    ("CORE-02 CORE-09 what cannot be paid for is refused with its price", too_dear),
    ("MAP-10 a part of what hosts itself cannot go alone", part_stays),
    ("MAP-10 stock beside it", stock_large),
]
