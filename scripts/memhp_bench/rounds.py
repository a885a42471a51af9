# SPDX-License-Identifier: GPL-2.0-only
"""Rounds of adding, onlining, offlining and removing 1 GiB, counted.

Each number is the median of all rounds of some boots but the first of each, which warms
up: a timer that falls into a round does not count. The memory is RAM that Linux was told
not to use (mem=). Windows that come online, or go offline, end with a rest of REST ms, so that
they are charged with what they leave to others.
"""

import statistics

from memhp_vm import counting
from memhp_vm.counting import BUILD, COLUMNS, booted, windows_in

START, SIZE = 0x80000000, 1 << 30
WINDOWS = ("add", "remove")
ONLINE = ("add+online", "offline+remove")   # windows 2 and 3
REST = 100


def run_module(guest, parameters, name="memhp_bench"):
    status, out = guest.insmod(name, parameters, timeout=600)
    if status:
        raise SystemExit(f"bench: {guest.tree}: {parameters}: {out}")
    guest.check(f"rmmod {name}")


def online_by_itself(guest):
    guest.check("echo online_movable > /sys/devices/system/memory/auto_online_blocks")


def rounds_in(counts, windows, expected):
    """[{operation: {column: count}}] of the rounds but the first."""
    found = windows_in(counts)
    if len(found) != expected:
        raise SystemExit(f"bench: {counts}: {len(found)} windows instead of {expected}")
    names = (WINDOWS + ONLINE)
    return [{names[window]: numbers for window, numbers in found[at:at + len(windows)]}
            for at in range(len(windows), len(found), len(windows))]


def one_boot(library, tree, rodata, rounds=5, profile=None, options="", windows=WINDOWS):
    counts = BUILD / f"{tree}-{rodata}.txt"
    with booted(library, tree, "4G", "1G", counts, f"rodata={rodata} {options}",
                profile) as guest:
        if windows == ONLINE:
            online_by_itself(guest)
        run_module(guest, f"start={START:#x} size={SIZE:#x} rounds={rounds}"
                          + (f" online=1 rest={REST}" if windows == ONLINE else ""))
    return rounds_in(counts, windows, rounds * len(windows))


def measure(library, tree, rodata, boots, options="", windows=WINDOWS):
    runs = [run for _ in range(boots)
            for run in one_boot(library, tree, rodata, options=options, windows=windows)]
    result = {}
    for operation in windows:
        for column in COLUMNS:
            values = [run[operation][column] for run in runs]
            result[operation, column] = statistics.median_low(values)
            if column == "instructions":
                spread = (max(values) - min(values)) / max(values)
                print(f"# {tree} rodata={rodata} {options} {operation}: spread of "
                      f"{len(runs)} rounds {spread * 100:.2f} %", flush=True)
    return result


def show_profile(library, tree, rodata, windows):
    """Where the instructions of two rounds go, by function."""
    path = BUILD / f"{tree}-{rodata}.profile"
    one_boot(library, tree, rodata, rounds=2, profile=path, windows=windows)
    counting.show_profile(tree, path, dict(enumerate(WINDOWS + ONLINE)), f"rodata={rodata}")
