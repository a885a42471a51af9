# SPDX-License-Identifier: GPL-2.0-only
"""Machines whose second node is hotpluggable from the start, and what is seen there."""

import re
from collections import namedtuple

from memhp_vm import Node, Topology

GIB = 1 << 30
DEBUG = "/sys/kernel/debug"

# What firmware describes the machine, and how it says that memory is hotpluggable.
BOOTS = {"loader": "DT", "uefi": "ACPI", "uefi-dt": "DT and EFI"}

Reservation = namedtuple("Reservation", "start end kind state memory owner")
Region = namedtuple("Region", "start end rest")     # the end is inclusive


def machine(firmware, hotpluggable=True):
    """512 MiB, and 1 GiB of node 1, which begins with a memory block of any size."""
    nodes = [Node("1G", 1), Node("1G", 1, hotpluggable)]
    return Topology(nodes=nodes, cover_nomap=firmware == "uefi")


def boot(ctx, firmware, cmdline="movable_node", hotpluggable=True, **options):
    return ctx.guest(firmware=firmware, topology=machine(firmware, hotpluggable),
                     cmdline=f"nokaslr {cmdline}", **options)


HOT = range(2 * GIB, 3 * GIB)       # of node 1


def is_hot(region):
    return region.start < HOT.stop and HOT.start <= region.end


def memblock(guest, kind):
    """[Region] of memblock's "memory" or "reserved", as debugfs shows them."""
    lines = guest.check(f"cat {DEBUG}/memblock/{kind}").splitlines()
    found = [re.match(r"\s*\d+: 0x(\w+)\.\.0x(\w+)\s*(.*)", line) for line in lines]
    return [Region(int(m[1], 16), int(m[2], 16), m[3]) for m in found if m]


def held_at_boot(guest):
    """What memblock still has reserved in the hotpluggable node, on any kernel."""
    return [region for region in memblock(guest, "reserved") if is_hot(region)]


def reservations(guest):
    """[Reservation] of the ledger; a line that is no such thing fails."""
    head, *lines, tail = guest.check(f"cat {DEBUG}/boot_memory/reservations").splitlines()
    assert head == "# start end kind state memory owner", head
    assert tail == "# forgotten 0 lost 0", tail
    found = []
    for line in lines:
        start, end, kind, state, memory, owner = line.split()
        assert kind in ("allocated", "reserved", "unmapped"), line
        assert state in ("held", "returned") and memory in ("hotpluggable", "fixed"), line
        found.append(Reservation(int(start, 16), int(end, 16), kind, state, memory, owner))
    return found


def zone_pages(guest, nid):
    """{zone: pages present} of a node."""
    found, zone = {}, None
    for line in guest.check("cat /proc/zoneinfo").splitlines():
        head = re.match(r"Node (\d+), zone\s+(\w+)", line)
        if head:
            zone = head[2] if int(head[1]) == nid else None
        count = re.match(r"\s+present\s+(\d+)", line)
        if zone and count:
            found[zone] = found.get(zone, 0) + int(count[1])
    return {name: pages for name, pages in found.items() if pages}


def said(guest):
    """Our lines of the log, without what is before the colon."""
    guest.check("true")
    return re.findall(r"boot_memory: (.*?)\r?$", guest.console(), re.M)
