# SPDX-License-Identifier: GPL-2.0-only
"""A DIMM comes, is used, and goes; and what happens when a page is missing.

Through QMP and ACPI, with the tools of an administrator: nothing in here calls
into the kernel by another way than a user's.
"""

import shortage
from machines import GIB, plain
from observe import expect_same, mapped_by_kind, state


def cycle(guest, node=1):
    dimm = guest.plug_dimm("d0", size="1G", node=node)
    blocks = guest.wait_blocks(dimm)
    for block in blocks:
        assert not guest.set_state(block, "online_movable")
    guest.check(f"memfill {dimm.start:#x} {dimm.size:#x} {node}")
    for block in blocks:
        assert not guest.set_state(block, "offline")
    guest.unplug("d0")
    guest.wait_blocks(dimm, gone=True)


def used_and_gone(ctx, rodata):
    with plain(ctx, rodata) as guest:
        cycle(guest)                    # what is cached once and for all
        before = state(guest)
        for node in (0, 1, 1, 0, 1):
            cycle(guest, node)
        expect_same(before, state(guest))


def rodata_on(ctx):
    used_and_gone(ctx, "on")


def rodata_full(ctx):
    used_and_gone(ctx, "full")


def shapes(ctx, tree, rodata):
    """What maps a DIMM that is there, one that is movable, and one that is the kernel's."""
    found = []
    with plain(ctx, rodata, tree=tree) as guest:
        dimm = guest.plug_dimm("d0", size="1G", node=1)
        blocks = guest.wait_blocks(dimm)
        for wanted in ("offline", "online_movable", "online_kernel"):
            if found:
                assert not any(guest.set_state(block, wanted) for block in blocks)
            found.append(mapped_by_kind(guest, dimm.start, dimm.size))
            ctx.note(f"{tree} rodata={rodata} {wanted}: " + ", ".join(
                f"{size >> 20} MiB as {kind}" for kind, size in sorted(found[-1].items())))
            if len(found) == 2:
                assert not any(guest.set_state(block, "offline") for block in blocks)
    return found


def pages_where_needed(ctx):
    found = [shapes(ctx, tree, "full") for tree in ctx.trees]
    blocks = {LARGEST.get(ctx.config, "PMD+CON"): GIB}
    assert found[-1] == [blocks, blocks, {"PTE": GIB}], found[-1]


# As large as fits a memory block: 16 of 2 MiB in a group, or 32 MiB, or 512 MiB.
LARGEST = {"16k": "PMD", "64k": "PMD"}
# KFENCE's pool may come late, and takes single pages out of what the kernel uses.
IN_PAGES = ("debug",)


def blocks_elsewhere(ctx):
    found = [shapes(ctx, tree, "on") for tree in ctx.trees]
    blocks = {LARGEST.get(ctx.config, "PMD+CON"): GIB}
    kernels = {"PTE": GIB} if ctx.config in IN_PAGES else blocks
    assert found[-1] == [blocks, blocks, kernels], found[-1]


def refused(guest, dimm):
    """Did the guest refuse the DIMM? Waits until ACPI has dealt with it.

    What ACPI tells the host, the memory blocks and the line in the log have to agree.
    """
    status = guest.wait_taken(dimm.id)
    line = f"[mem {dimm.start:#018x}-{dimm.start + dimm.size - 1:#018x}] not added, error -12"
    said = int(guest.check(f"dmesg -c | grep -cF '{line}' || true"))
    present = bool(guest.blocks(dimm))
    assert said == bool(status) == (not present), \
        f"{said} lines in the log, ACPI says {status}, blocks: {present}"
    return not present


def plug_short_of_memory(guest, space, times, before):
    """True if the DIMM was refused; the state is then as before."""
    name = f"d{space}-{times + 1}"      # the guest's answers carry it
    shortage.begin(guest, space, times)
    dimm = guest.plug_dimm(name, size="1G", node=1)
    was_refused = refused(guest, dimm)
    shortage.end(guest)
    if was_refused:
        expect_same(before, state(guest))
    else:
        guest.wait_blocks(dimm)
    guest.unplug(name)
    return was_refused


def every_shortage(ctx, rodata, spaces):
    with plain(ctx, rodata) as guest:
        cycle(guest)
        before = state(guest)
        outcome = {(space, times): plug_short_of_memory(guest, space, times, before)
                   for space in spaces for times in (-1, 1)}
        cycle(guest)
        expect_same(before, state(guest))
    bad = sorted({space for (space, _), failed in outcome.items() if failed})
    ctx.note(f"rodata={rodata}: refused and undone with {bad} pages to be had, "
             f"{sum(not failed for failed in outcome.values())} of {len(outcome)} went well")
    assert outcome[spaces[0], -1] and not outcome[spaces[-1], -1], outcome


def shortage_with_blocks(ctx):
    blocks = range(1, 9)
    every_shortage(ctx, "on", [1, 2, 3] + [512 * n + k for n in blocks for k in (1, 2, 3)]
                   + [100000])


def shortage_with_pages(ctx):
    every_shortage(ctx, "full", [1, 2, 3, 513, 1026, 4610, 100000])


SCENARIOS = [
    ("MAP-09 MAP-12 a DIMM is used to the last page and leaves nothing, rodata=on",
     rodata_on),
    ("MAP-09 MAP-12 a DIMM is used to the last page and leaves nothing, rodata=full",
     rodata_full),
    ("MAP-05 MAP-06 pages map a DIMM where permissions of single pages may change, once a"
     " kernel zone has it", pages_where_needed),
    ("MAP-05 blocks in contiguous groups map a DIMM elsewhere", blocks_elsewhere),
    ("MAP-04 a page that cannot be had refuses a DIMM and changes nothing, rodata=on",
     shortage_with_blocks),
    ("MAP-04 a page that cannot be had refuses a DIMM and changes nothing, rodata=full",
     shortage_with_pages),
]
