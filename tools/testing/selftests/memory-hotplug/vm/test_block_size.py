# SPDX-License-Identifier: GPL-2.0-only
"""How large memory blocks are: by the machine, or as the command line says."""

import re

from memhp_vm import Node, Topology
from probe import MEMORY, block_size

MIB, GIB = 1 << 20, 1 << 30
SMALL = 128 * MIB           # a section, with 4K and 16K pages


def machine(mem, maxmem):
    """Its nodes meet, and its window begins, at multiples of 2 GiB."""
    return Topology(nodes=[Node("1G", 1), Node(mem, 1)], slots=4, maxmem=maxmem,
                    cover_nomap=True)


def boot(ctx, maxmem, cmdline="", mem="2G", **options):
    return ctx.guest(firmware="uefi", topology=machine(mem, maxmem),
                     cmdline=f"nokaslr {cmdline}", **options)


def section(guest):
    return 512 * MIB if guest.page_size() == 65536 else SMALL


def lines_about(guest, word):
    return re.findall(rf"memory_hotplug: (.*{word}.*)", guest.console())


def blocks_there(guest):
    return int(guest.check(f"ls -d {MEMORY}/memory* | wc -l"))


# Memory of node 1, and all that may be there at most.
MACHINES = [("2G", "16G", SMALL), ("2G", "1100G", SMALL), ("66G", "80G", 256 * MIB)]


def by_machine(ctx):
    for mem, maxmem, size in MACHINES:
        with boot(ctx, maxmem, mem=mem, timeout=300) as guest:
            found, count = block_size(guest), blocks_there(guest)
            ctx.note(f"{mem}, {maxmem} at most: {count} blocks of {found // MIB} MiB")
            yield found == max(size, section(guest)), \
                f"SYSFS-05 {mem}, {maxmem} at most: blocks of {size // MIB} MiB"


# What the command line says: (word, bytes or None if it is ignored)
WORDS = [("256M", 256 * MIB), ("0x40000000", GIB), ("2G", 2 * GIB), ("0", None),
         ("3G", None), ("64M", None), ("4G", None), ("1T", None), ("-1", None),
         ("2Gx", None), ("one", None), ("", None), ("99999999999999999999G", None)]


def by_command_line(ctx):
    for word, size in WORDS:
        with boot(ctx, "16G", f"memory_block_size={word}") as guest:
            smallest, ignored = section(guest), lines_about(guest, "ignored")
            good = size is not None and size >= smallest
            yield (block_size(guest) == (size if good else smallest)
                   and len(ignored) == (not good)), \
                f"SYSFS-05 memory_block_size={word} is {'heeded' if good else 'ignored, with a line'}"


def large_blocks_work(ctx):
    """Added, used to the last page, offlined and removed, by blocks of 1 GiB."""
    with boot(ctx, "16G", "memory_block_size=1G rodata=on") as guest:
        dimm = guest.plug_dimm("d0", size="2G", node=1)
        blocks = guest.wait_blocks(dimm)
        assert [block.size for block in blocks] == [GIB, GIB]
        for block in blocks:
            assert not guest.set_state(block, "online_movable")
        guest.check(f"memfill {dimm.start:#x} {dimm.size:#x} 1", timeout=120)
        guest.unplug("d0", timeout=60)
        guest.wait_blocks(dimm, gone=True)


def too_small_a_dimm(ctx):
    """It is refused, and a line says what would help."""
    with boot(ctx, "16G", "memory_block_size=1G") as guest:
        before = guest.check("cat /proc/iomem")
        dimm = guest.plug_dimm("d0", size="512M", node=1)
        guest.wait_taken("d0")
        assert not guest.blocks(dimm)
        said = lines_about(guest, "not added")
        assert len(said) == 1 and "error -22" in said[0] and "memory_block_size=" in said[0], said
        assert guest.check("cat /proc/iomem") == before


def a_tebibyte(ctx):
    with boot(ctx, "1100G", "rodata=on memory_block_size=2G", timeout=300) as guest:
        before = blocks_there(guest)
        dimm = guest.plug_dimm("d0", size="1T", node=1)
        guest.wait_taken("d0", timeout=240)
        made = blocks_there(guest) - before
        ctx.note(f"1 TiB: {made} block devices; stock makes 8192")
        assert 0 < made <= 512, made
        last = guest.blocks(dimm)[-1]
        assert not guest.set_state(last, "online_movable")
        guest.check(f"memfill {last.start:#x} {last.size:#x} 1", timeout=240)
        assert not guest.set_state(last, "offline")
        guest.unplug("d0", timeout=240)
        guest.wait_blocks(dimm, timeout=240, gone=True)
        assert blocks_there(guest) == before


SCENARIOS = [
    ("SYSFS-05 the block size goes by what memory there can be", by_machine),
    ("SYSFS-05 the command line settles the block size", by_command_line),
    ("SYSFS-05 CORE-04 memory comes and goes by blocks of 1 GiB", large_blocks_work),
    ("SYSFS-05 CORE-09 a DIMM smaller than a block is refused, and told why", too_small_a_dimm),
    ("SYSFS-05 1 TiB is 512 block devices at most", a_tebibyte),
]
