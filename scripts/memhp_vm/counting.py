# SPDX-License-Identifier: GPL-2.0-only
"""Guests whose work is counted, by the QEMU plugin tools/bench/count.c and -icount.

A counts file has a line for each window that a test module marked: its number, how many
there were of each of COLUMNS (stores: into page tables), and the LARGEST: what the busiest
CPU did, and the longest stretch for which the memory hotplug lock was held, both in
instructions; then those of each CPU. A profile has a line for each address.
"""

import bisect
import functools
import subprocess
import sys

from . import paths
from .package import CROSS
from .topology import Node, Topology
from .vm import Guest

BUILD = paths.BUILD / "bench"
COLUMNS = ("instructions", "stores", "tlbi", "dsb")
LARGEST = ("most", "hold")
# what writes page tables when memory comes and goes; stock has the first two of them
TABLE_WRITERS = ("arch/arm64/mm/mmu.o", "mm/sparse-vmemmap.o", "arch/arm64/mm/kpgtable.o",
                 "arch/arm64/mm/kernel_tree.o", "arch/arm64/mm/linear_map.o",
                 "arch/arm64/mm/vmemmap.o")
LOCK = ("mem_hotplug_begin", "mem_hotplug_done", "mhp_let_readers_in")  # stock has two


def plugin():
    source, library = paths.ROOT / "tools/bench/count.c", BUILD / "count.so"
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC",
                    "-o", library, source], check=True)
    return library


def lock_functions(tree):
    """Where the lock is taken, dropped and passed on, as the plugin wants it."""
    places = {name: f"{address:x}" for address, name in symbols(tree)}
    return ":".join(places[name] for name in LOCK if name in places)


@functools.cache
def table_writers(tree):
    """A file of the functions that write page tables, as the plugin wants it."""
    output, path = paths.kernel_output(tree, "base"), BUILD / f"tables-{tree}.txt"
    objects = [output / name for name in TABLE_WRITERS if (output / name).exists()]
    names = {name for _, _, _, name in functions(*objects)}
    path.write_text("".join(f"{int(at, 16):x} {int(at, 16) + int(size, 16):x}\n"
                            for at, size, _, name in functions(output / "vmlinux")
                            if name in names))
    return path


def functions(*files):
    """(address, size, kind, name) of what has a size in the text of objects, as nm has it."""
    out = subprocess.run([CROSS + "nm", "-S", *files], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    return [words for words in map(str.split, out.splitlines())
            if len(words) == 4 and words[2] in "tT"]


def booted(library, tree, memory, known, counts, options, profile=None, nodes=1, cpus=1):
    """A guest that knows a part of its memory and counts into a file. Each node has as
    much memory, and as many CPUs as a list says; or the first has all. CPUs take turns."""
    into = (f"{library},out={counts},hold={lock_functions(tree)},"
            f"tables={table_writers(tree)}")
    into += f",profile={profile}" if profile else ""
    each = cpus if isinstance(cpus, list) else [cpus] + [0] * (nodes - 1)
    topology = Topology(nodes=[Node(memory, count) for count in each])
    return Guest(tree=tree, topology=topology, icount=True,
                 timeout=600, silence=600,
                 cmdline=f"mem={known} quiet loglevel=3 nokaslr {options}",
                 qemu_args=["-plugin", into])


def windows_in(counts):
    """[(window, {column: count})]; "cpus" are the instructions of each, {CPU: count}"""
    return [window_in(line.split()) for line in counts.read_text().splitlines()]


def window_in(words):
    columns = COLUMNS + LARGEST
    numbers = map(int, words[1:len(columns) + 1])
    each = (map(int, word.split(":")) for word in words[len(columns) + 1:])
    return int(words[0]), dict(zip(columns, numbers), cpus=dict(each))


def symbols(tree):
    """[(address, name)] of the kernel, sorted."""
    lines = (paths.kernel_output(tree, "base") / "System.map").read_text().splitlines()
    return sorted((int(a, 16), name) for a, kind, name in map(str.split, lines)
                  if kind in "tTwW")


def show_profile(tree, path, names, what, rows=40):
    """Where instructions went, by function. names: {window: name}"""
    table = symbols(tree)
    starts = [address for address, _ in table]
    counts = {window: {} for window in names}
    for line in path.read_text().splitlines():
        window, address, count = line.split()
        name = table[bisect.bisect_right(starts, int(address, 16)) - 1][1]
        functions = counts[int(window)]
        functions[name] = functions.get(name, 0) + int(count)
    for window, functions in counts.items():
        if not functions:
            continue
        print(f"\n{tree} {names[window]} {what}, two rounds, the first of them cold")
        for name, count in sorted(functions.items(), key=lambda x: -x[1])[:rows]:
            print(f"{count:>12} {name}")


class Both:
    """Standard output and a file."""

    def __init__(self, file):
        self.file = file

    def write(self, text):
        sys.stdout.write(text)
        self.file.write(text)

    def flush(self):
        sys.stdout.flush()
        self.file.flush()
