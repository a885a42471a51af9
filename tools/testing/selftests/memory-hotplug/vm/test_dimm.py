# SPDX-License-Identifier: GPL-2.0-only
"""A DIMM comes, is used, and goes; and what happens when a page is missing.

Through QMP and ACPI, with the tools of an administrator: nothing in here calls
into the kernel by another way than a user's.
"""

import re

from memhp_vm import Node, Topology

GIB = 1 << 30


def two_nodes():
    return Topology(nodes=[Node("512M", 1), Node("256M", 1)], slots=4, maxmem="16G",
                    cover_nomap=True)


def state(guest):
    """What has to be as it was, once a DIMM is gone or was refused."""
    tables = settled_tables(guest)
    return {
        "iomem": guest.check("cat /proc/iomem"),
        "blocks": guest.check("ls /sys/devices/system/memory"),
        "zones": guest.check("grep -E 'Node|spanned|present|managed' /proc/zoneinfo"),
        "tables": tables,
        "dump": guest.check("cat /sys/kernel/debug/kernel_page_tables"
                            " | sed -n '/Linear/,/Linear Mapping end/p;"
                            "/vmemmap start/,/vmemmap end/p'"),
    }


USER_TABLES = 64    # more than the few processes of the guest come and go with


def settled_tables(guest):
    """nr_page_table_pages, with the per-CPU differences folded in."""
    guest.check("cat /proc/sys/vm/stat_refresh; true")
    return int(guest.check("grep nr_page_table_pages /proc/vmstat").split()[1])


def expect_same(before, after):
    before, after = dict(before), dict(after)
    tables = before.pop("tables"), after.pop("tables")
    assert abs(tables[0] - tables[1]) < USER_TABLES, f"page tables: {tables}"
    for name, value in before.items():
        if after[name] != value:
            gone = set(value.splitlines()) - set(after[name].splitlines())
            new = set(after[name].splitlines()) - set(value.splitlines())
            raise AssertionError(f"{name} changed: -{sorted(gone)[:5]} +{sorted(new)[:5]}")


def linear_rows(guest, dimm):
    """Lines of the page-table dump that map the DIMM, as [(size, words)]."""
    text = guest.check("cat /sys/kernel/debug/kernel_page_tables")
    base = linear_offset(guest)
    rows = []
    for line in text.splitlines():
        match = re.match(r"0x(\w+)-0x(\w+)\s+\S+\s+(.*)", line)
        if not match:
            continue
        start, end = (int(x, 16) - base for x in match.groups()[:2])
        if start < dimm.start + dimm.size and end > dimm.start:
            rows.append((min(end, dimm.start + dimm.size) - max(start, dimm.start),
                         match[3]))
    return rows


VA_BITS = {4096: 48, 16384: 48, 65536: 52}      # of configs/base, 16k and 64k


def linear_offset(guest):
    """Virtual minus physical in the linear map, without KASLR."""
    first = min(block.start for block in guest.blocks()) & ~(GIB - 1)
    return (1 << 64) - (1 << VA_BITS[guest.page_size()]) - first


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
    with ctx.guest(firmware="uefi", topology=two_nodes(),
                   cmdline=f"rodata={rodata}") as guest:
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
    with ctx.guest(tree=tree, firmware="uefi", topology=two_nodes(),
                   cmdline=f"nokaslr rodata={rodata}") as guest:
        dimm = guest.plug_dimm("d0", size="1G", node=1)
        guest.wait_blocks(dimm)
        rows = linear_rows(guest, dimm)
    mapped = {}
    for size, words in rows:
        level = next((w for w in ("PTE", "PMD", "PUD", "PGD") if w in words.split()), None)
        if level and "F" in words.split() or level and "AF" in words.split():
            key = level + ("+CON" if "CON" in words.split() else "")
            mapped[key] = mapped.get(key, 0) + size
    ctx.note(f"{tree} rodata={rodata}: " +
             ", ".join(f"{v >> 20} MiB as {k}" for k, v in sorted(mapped.items())))
    return mapped


def pages_where_needed(ctx):
    shapes(ctx, "stock", "full")
    assert shapes(ctx, "grafted", "full") == {"PTE": GIB}


def blocks_elsewhere(ctx):
    shapes(ctx, "stock", "on")
    assert shapes(ctx, "grafted", "on") == {"PMD+CON": GIB}


def symbol_range(guest, name):
    lines = guest.check("cat /proc/kallsyms").splitlines()
    addresses = sorted(int(line.split()[0], 16) for line in lines)
    start = next(int(line.split()[0], 16) for line in lines if line.split()[2] == name)
    return start, next(a for a in addresses if a > start)


def shortage(guest, space, times):
    """Below arch_add_memory(), after that many pages there are no more.

    With times=1 only the next request fails, with -1 all that follow.
    """
    start, end = symbol_range(guest, "arch_add_memory")
    settings = {"probability": 0, "require-start": start, "require-end": end,
                "stacktrace-depth": 32, "ignore-gfp-wait": "N",
                "ignore-gfp-highmem": "N", "min-order": 0, "verbose": 0,
                "interval": 1, "space": space, "times": times, "probability ": 100}
    guest.check("cd /sys/kernel/debug/fail_page_alloc; " + "; ".join(
        f"echo {value} > {name.strip()}" for name, value in settings.items()))


def no_shortage(guest):
    guest.check("echo 0 > /sys/kernel/debug/fail_page_alloc/probability")


def refused(guest, dimm):
    """Did the guest refuse the DIMM? Waits until ACPI has dealt with it.

    ACPI tells the host that all went well even when the memory driver did not,
    so what counts is the memory blocks and the line in the log.
    """
    guest.wait_taken(dimm.id)
    line = f"[mem {dimm.start:#018x}-{dimm.start + dimm.size - 1:#018x}] not added, error -12"
    said = int(guest.check(f"dmesg -c | grep -cF '{line}' || true"))
    present = bool(guest.blocks(dimm))
    assert said == (not present), f"{said} lines in the log, blocks: {present}"
    return not present


def plug_short_of_memory(guest, space, times, before):
    """True if the DIMM was refused; the state is then as before."""
    name = f"d{space}-{times + 1}"      # the guest's answers carry it
    shortage(guest, space, times)
    dimm = guest.plug_dimm(name, size="1G", node=1)
    was_refused = refused(guest, dimm)
    no_shortage(guest)
    if was_refused:
        expect_same(before, state(guest))
    else:
        guest.wait_blocks(dimm)
    guest.unplug(name)
    return was_refused


def every_shortage(ctx, rodata, spaces):
    with ctx.guest(firmware="uefi", topology=two_nodes(),
                   cmdline=f"rodata={rodata}") as guest:
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
    every_shortage(ctx, "full", [1, 2, 3, 17, 257, 512, 513, 514, 515, 1026, 2050, 4610,
                                 100000])


SCENARIOS = [
    ("MAP-09 MAP-12 a DIMM is used to the last page and leaves nothing, rodata=on",
     rodata_on),
    ("MAP-09 MAP-12 a DIMM is used to the last page and leaves nothing, rodata=full",
     rodata_full),
    ("MAP-05 pages map a DIMM where permissions of single pages may change",
     pages_where_needed),
    ("MAP-05 blocks in contiguous groups map a DIMM elsewhere", blocks_elsewhere),
    ("MAP-04 a page that cannot be had refuses a DIMM and changes nothing, rodata=on",
     shortage_with_blocks),
    ("MAP-04 a page that cannot be had refuses a DIMM and changes nothing, rodata=full",
     shortage_with_pages),
]
