# SPDX-License-Identifier: GPL-2.0-only
"""The first and the last physical address that the linear map has a place for.

DIMMs lie as far away as it reaches, and further, where the virtual MMU walks what was
written: an address of 52 bits is spread over an entry in another way for each size of
pages. Each configuration with pages or addresses of its own runs it; what all of them
together show is MAP-07.
"""

from errno import E2BIG

from machines import GIB
from memhp_vm import DtMemory, Node, Topology, paths
from observe import VA_BITS, expect_same, linear_bytes, mapped, state, va_bits
from probe import Case, refuse_all
from ranges import FOLDER, do, load, set_state

MIB = 1 << 20
ROOM = 64 * GIB             # for QEMU, which leaves gaps


def machine(ctx, reach):
    """Half a GiB on each node; DIMMs may be at any address up to the reach, and behind it.

    QEMU has DIMMs only where there is firmware, even if nobody asks it: the module
    memhp_range adds them, as ACPI would.
    """
    topology = Topology(nodes=[Node("512M", 1), Node("512M", 1)], slots=4,
                        maxmem=f"{(reach + ROOM) // MIB}M",
                        dt_memory=[DtMemory(GIB, GIB // 2, 0), DtMemory(GIB * 3 // 2, GIB // 2, 1)])
    return ctx.guest(firmware="loader", topology=topology, cmdline="nokaslr", qemu_args=[
        "-drive", f"if=pflash,format=raw,readonly=on,file={paths.UEFI_CODE}"])


def used(guest, at):
    """A DIMM at an address: what is written to each of its pages is there."""
    dimm = guest.plug_dimm(f"d{at:x}", node=1, addr=at)
    assert (dimm.start, dimm.size) == (at, GIB), dimm
    before = state(guest)
    do(guest, "add", at, GIB)
    assert mapped(guest, at, GIB) == GIB
    set_state(guest, at, GIB, "online_movable")
    guest.check(f"memfill {at:#x} {GIB:#x} 1")
    set_state(guest, at, GIB, "offline")
    do(guest, "remove", at, GIB)
    expect_same(before, state(guest))


def ends(ctx):
    row = "MAP-07 MAP-11" if ctx.config in VA_BITS else "MAP-11"
    with machine(ctx, linear_bytes(ctx)) as guest:
        load(guest)
        bits = va_bits(ctx)
        end = GIB + linear_bytes(ctx)       # it begins with the first GiB of RAM
        for at in (1 << (bits - 2), end - GIB):
            used(guest, at)
            yield True, f"{row} {bits} bits: memory at {at:#x} is used to the last page"
        size = guest.blocks()[0].size
        cases = [Case(what, "add", f"{at:#x} {size:#x}", E2BIG, folder=FOLDER) for what, at in (
            ("a range behind the linear map", end),
            ("the last of all addresses", (1 << 52) - size))]
        yield from refuse_all(ctx, guest, cases, row)


SCENARIOS = [
    ("MAP-11 memory at the first and the last address that can be mapped", ends),
]
