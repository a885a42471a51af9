# SPDX-License-Identifier: GPL-2.0-only
"""What a dynamically linked arm64 program asks for: its loader and its libraries.

Reads the program headers only, as the loader does; sections may be stripped.
"""

import struct

from .errors import HarnessError

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
ENTRY = struct.Struct("<qQ")

MAGIC = b"\x7fELF\x02\x01"          # 64 bits, little-endian
ARM64 = 183
LOAD, DYNAMIC, INTERPRETER = 1, 2, 3
END, NEEDED, STRINGS = 0, 1, 5


def is_elf(data):
    return data[:len(MAGIC)] == MAGIC


def segments(data):
    """[(type, offset, address, bytes in the file)]"""
    fields = HEADER.unpack_from(data)
    if not is_elf(data) or fields[2] != ARM64:
        raise HarnessError("no arm64 program")
    table, size, count = fields[5], fields[9], fields[10]
    found = (SEGMENT.unpack_from(data, table + size * i) for i in range(count))
    return [(kind, offset, address, length) for kind, _, offset, address, _, length, _, _ in found]


def offset_of(address, parts):
    """Where in the file an address of the program is."""
    for kind, offset, start, length in parts:
        if kind == LOAD and start <= address < start + length:
            return offset + address - start
    raise HarnessError(f"no part of the program is loaded at {address:#x}")


def text_at(data, at):
    return data[at:data.index(b"\0", at)].decode()


def dynamic_entries(data, at, length):
    for place in range(at, at + length, ENTRY.size):
        tag, value = ENTRY.unpack_from(data, place)
        if tag == END:
            return
        yield tag, value


def wants(data):
    """(path of the loader or None, [names of libraries]); a static program wants nothing."""
    parts, loader, names = segments(data), None, []
    for kind, offset, _, length in parts:
        if kind == INTERPRETER:
            loader = text_at(data, offset)
        elif kind == DYNAMIC:
            entries = list(dynamic_entries(data, offset, length))
            strings = [offset_of(value, parts) for tag, value in entries if tag == STRINGS]
            names = [text_at(data, strings[0] + value) for tag, value in entries
                     if tag == NEEDED]
    return loader, names
