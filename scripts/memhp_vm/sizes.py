# SPDX-License-Identifier: GPL-2.0-only
"""Sizes as people write them: 512M, 1G, 0x40000000."""

import re

from .errors import TopologyError

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
MIB, GIB = 1 << 20, 1 << 30


def parse_size(text, what="size"):
    if isinstance(text, int):
        return text
    match = re.fullmatch(r"(0x[0-9a-fA-F]+|\d+)([KMGT]?)i?B?", str(text).strip())
    if not match:
        raise TopologyError(f'{what}: "{text}" is no size; write for example 512M or 1G')
    return int(match[1], 0) * UNITS[match[2]]


def format_size(size):
    for unit in ("T", "G", "M", "K"):
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return str(size)
