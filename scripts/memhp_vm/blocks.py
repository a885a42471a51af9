# SPDX-License-Identifier: GPL-2.0-only
"""Memory blocks of a guest, as its sysfs shows them, and a table of them."""

import re
from dataclasses import dataclass

from .sizes import format_size

# One process reads everything: there may be hundreds of blocks.
READ = r"""
cd /sys/devices/system/memory
echo "size $(cat block_size_bytes)"
grep -H . memory*/state memory*/removable memory*/valid_zones memory*/phys_index 2>/dev/null
for n in /sys/devices/system/node/node*/memory[0-9]*; do
	[ -e "$n" ] && echo "$n"
done
true
"""


@dataclass
class Block:
    index: int
    start: int
    size: int
    state: str = "?"
    removable: str = "?"
    zones: str = "?"
    node: str = "-"

    @property
    def end(self):
        return self.start + self.size

    @property
    def path(self):
        return f"/sys/devices/system/memory/memory{self.index}"


FILES = {"state": "state", "removable": "removable", "valid_zones": "zones"}


def parse(text):
    """The blocks in the output of READ, sorted by address."""
    size = int(re.search(r"^size ([0-9a-f]+)", text, re.M)[1], 16)
    blocks = {}
    for index in sorted({int(i) for i in re.findall(r"^memory(\d+)/", text, re.M)}):
        blocks[index] = Block(index, index * size, size)
    for index, name, value in re.findall(r"^memory(\d+)/(\w+):(.*)$", text, re.M):
        if name in FILES:
            setattr(blocks[int(index)], FILES[name], value.strip())
    for node, index in re.findall(r"/node(\d+)/memory(\d+)$", text, re.M):
        if int(index) in blocks:
            blocks[int(index)].node = node
    return list(blocks.values())


def overlapping(blocks, start, size):
    return [b for b in blocks if b.start < start + size and start < b.end]


def rows(blocks):
    """Neighbours that are alike in all but the address become one row."""
    merged = []
    for block in blocks:
        kind = (block.state, block.node, block.zones, block.removable)
        if merged and merged[-1][3] == kind and merged[-1][1] == block.start:
            start, _, first, _, _ = merged[-1]
            merged[-1] = (start, block.end, first, kind, block.index)
        else:
            merged.append((block.start, block.end, block.index, kind, block.index))
    return merged


def table(blocks):
    lines = [f"{'RANGE':<37} {'SIZE':>6} {'BLOCK':>9} {'STATE':<8} {'NODE':>4} "
             f"{'REMOVABLE':>9} ZONES"]
    for start, end, first, (state, node, zones, removable), last in rows(blocks):
        span = str(first) if first == last else f"{first}-{last}"
        lines.append(f"0x{start:016x}-0x{end - 1:016x} {format_size(end - start):>6} "
                     f"{span:>9} {state:<8} {node:>4} {removable:>9} {zones}")
    return "\n".join(lines)
