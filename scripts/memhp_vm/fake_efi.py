# SPDX-License-Identifier: GPL-2.0-only
"""An EFI memory map of ours, with firmware="loader".

No firmware that QEMU runs says EFI_MEMORY_HOT_PLUGGABLE. So the devicetree tells
Linux, as its EFI stub would, of a system table and a memory map, which are put in
RAM. There are no runtime services: boot with "efi=noruntime".
"""

import struct

from .sizes import MIB
from .topology import RAM_BASE

PLACE = RAM_BASE + MIB + MIB // 16       # between the stub and the Image
MAP_OFFSET = 0x1000
CONVENTIONAL, WRITE_BACK, HOT_PLUGGABLE = 7, 8, 1 << 20
DESCRIPTOR = struct.Struct("<IIQQQQ")
SIGNATURE = 0x5453595320494249
REVISION = 2 << 16 | 100


def descriptor(memory):
    attribute = WRITE_BACK | (HOT_PLUGGABLE if memory.hotpluggable else 0)
    return DESCRIPTOR.pack(CONVENTIONAL, 0, memory.start_bytes, 0,
                           memory.size_bytes >> 12, attribute)


def system_table():
    """With one configuration table, which nobody knows."""
    vendor, tables = PLACE + 0x200, PLACE + 0x300
    table = struct.pack("<QIIII", SIGNATURE, REVISION, 120, 0, 0)
    table += struct.pack("<QII6Q", vendor, 1, 0, *[0] * 6)
    table += struct.pack("<QQQQ", 0, 0, 1, tables)
    blob = bytearray(MAP_OFFSET)
    blob[:len(table)] = table
    blob[0x200:0x20c] = "memhp\0".encode("utf-16-le")
    blob[0x300:0x318] = bytes(range(24))
    return bytes(blob)


def blob(topology):
    return system_table() + b"".join(map(descriptor, topology.efi_memory))


def properties(topology):
    """{name: cells} for /chosen."""
    size = DESCRIPTOR.size * len(topology.efi_memory)
    return {"linux,uefi-system-table": [PLACE >> 32, PLACE & 0xFFFFFFFF],
            "linux,uefi-mmap-start": [0, PLACE + MAP_OFFSET],
            "linux,uefi-mmap-size": [size],
            "linux,uefi-mmap-desc-size": [DESCRIPTOR.size],
            "linux,uefi-mmap-desc-ver": [1],
            "linux,uefi-secure-boot": [0]}
