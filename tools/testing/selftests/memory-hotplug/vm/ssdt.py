# SPDX-License-Identifier: GPL-2.0-only
"""ACPI memory devices of a test's own: an SSDT for the guest's initrd.

Owns as much of the machine language of ACPI as such a device takes.
"""

import struct

from memhp_vm import acpi

NAME, BUFFER, BYTE, DWORD, METHOD, STORE, ZERO = 0x08, 0x11, 0x0A, 0x0C, 0x14, 0x70, 0x00
PRESENT_AND_WORKS = 0x0F
SCOPE, DEVICE = b"\x10", b"\x5b\x82"
PNP0C80 = bytes.fromhex("41d00c80")
FIXED, CACHEABLE_WRITABLE = 0x0C, 0x03


def package(opcode, body):
    """A term that says how long it is; its length counts itself."""
    if len(body) + 1 < 0x40:
        return opcode + bytes([len(body) + 1]) + body
    length = len(body) + 2
    return opcode + bytes([0x40 | (length & 0xF), length >> 4]) + body


def name(what, value):
    return bytes([NAME]) + what + value


def range_of(start, size):
    """A resource template with one range of memory."""
    item = struct.pack("<BHBBBQQQQQ", 0x8A, 43, 0, FIXED, CACHEABLE_WRITABLE, 0, start,
                       start + size - 1, 0, size)
    template = item + b"\x79\x00"
    return package(bytes([BUFFER]), bytes([BYTE, len(template)]) + template)


def ejects():
    """A method _EJ0 of one argument: the device is not there any more."""
    return package(bytes([METHOD]), b"_EJ0" + bytes([1, STORE, ZERO]) + b"_STA")


def memory_device(segment, start, size, node, more=b""):
    return package(DEVICE, segment + name(b"_HID", bytes([DWORD]) + PNP0C80)
                   + name(b"_UID", bytes([BYTE]) + segment[-1:])
                   + name(b"_STA", bytes([BYTE, PRESENT_AND_WORKS]))
                   + name(b"_PXM", bytes([BYTE, node]))
                   + name(b"_CRS", range_of(start, size)) + more)


def table(devices):
    return acpi.table(b"SSDT", 2, package(SCOPE, b"\\_SB_" + b"".join(devices)))
