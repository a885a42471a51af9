# SPDX-License-Identifier: GPL-2.0-only
"""ACPI tables that replace the firmware's, from the initrd.

Linux takes a table from kernel/firmware/acpi/ of an uncompressed archive ahead
of the initramfs when its ids are those of the firmware's table and its revision
is larger. Used for SRAT: to cover the flash that UEFI reports as memory, to
mark boot memory hotpluggable, to give windows nodes of their own, and to try tables that are wrong.
"""

import struct

from .cpio import Archive
from .sizes import parse_size

HEADER = struct.Struct("<4sIBB6s8sI4sI")
OEM = (b"BOCHS ", b"BXPC    ")      # QEMU's, to be matched
REVISION = 0x100                    # QEMU's is 1
CREATOR = (b"MEHP", 1)

ENABLED, HOTPLUGGABLE, NON_VOLATILE = 1, 2, 4

# The second flash bank holds UEFI's variables; UEFI reports it as runtime
# memory, Linux keeps it as memory that must not be mapped, and finds no node.
NOMAP_FLASH = (0x04000000, 0x04000000)


def table(signature, revision, body):
    """A whole table: header, body, and the checksum set."""
    head = HEADER.pack(signature, HEADER.size + len(body), revision, 0, *OEM, REVISION,
                       *CREATOR)
    data = bytearray(head + body)
    data[9] = -sum(data) & 0xFF
    return bytes(data)


def cut_off(whole, count):
    """The same table, its last bytes cut off, and the checksum right again."""
    data = bytearray(whole[:-count])
    struct.pack_into("<I", data, 4, len(data))
    data[9] = 0
    data[9] = -sum(data) & 0xFF
    return bytes(data)


def memory_affinity(start, size, node, flags=ENABLED):
    return struct.pack("<BBIHQQIIQ", 1, 40, node, 0, start, size, 0, flags, 0)


def gicc_affinity(cpu, node):
    return struct.pack("<BBIIII", 3, 18, node, cpu, ENABLED, 0)


def srat(entries):
    return table(b"SRAT", 3, struct.pack("<IQ", 1, 0) + b"".join(entries))


def srat_entries(topology):
    """What QEMU would say of this machine, and what it leaves out."""
    entries = [gicc_affinity(cpu, nid) for cpu, nid in enumerate(topology.cpu_nodes())]
    if topology.cover_nomap:
        entries.append(memory_affinity(*NOMAP_FLASH, 0))
    for nid, start, size in topology.ram_ranges():
        flags = ENABLED | (HOTPLUGGABLE if topology.nodes[nid].hotpluggable else 0)
        entries.append(memory_affinity(start, size, nid, flags))
    for device, start, size in topology.nvdimm_ranges():
        entries.append(memory_affinity(start, size, device.node, ENABLED | NON_VOLATILE))
    for start, size, nid in plug_ranges(topology):
        entries.append(memory_affinity(start, size, nid, ENABLED | HOTPLUGGABLE))
    return entries


def plug_ranges(topology):
    """[(start, size, node)] where memory may be plugged: the windows, or all on the last node."""
    if topology.windows:
        return [(parse_size(w.start), parse_size(w.size), w.node) for w in topology.windows]
    if topology.max_bytes:
        return [(topology.device_base, topology.device_room, len(topology.nodes) - 1)]
    return []


def tables(topology):
    """{file name: bytes} of the tables to replace."""
    if topology.acpi_tables is not None:
        return topology.acpi_tables
    if (topology.cover_nomap or topology.windows
            or any(n.hotpluggable for n in topology.nodes)):
        return {"srat.aml": srat(srat_entries(topology))}
    return {}


def archive(found):
    image = Archive()
    for name, data in found.items():
        image.file(f"kernel/firmware/acpi/{name}", data)
    return image.finish()
