# SPDX-License-Identifier: GPL-2.0-only
"""The node of an address: instructions of a look-up."""

import statistics

from memhp_vm.counting import BUILD, booted, windows_in

from . import Part
from .report import TREES
from .rounds import run_module

# (name, ranges that are added, bytes of each): look-ups that have to be quick
FIND = (("2 ranges", 0, 0), ("1000 ranges", 1000, 1 << 30),
        ("1000 ranges with odd ends", 1000, (1 << 30) + 4096))
FIND_LIMIT = 20


def look_ups(counts, found):
    """[instructions] of look-ups, the return included; an interrupt is none of them."""
    if not found or [window for window, _ in found] != [0, 1] * (len(found) // 2):
        raise SystemExit(f"bench: {counts}: not the windows that were expected")
    empty = min(numbers["instructions"] for window, numbers in found if window)
    return [numbers["instructions"] - empty + 1 for window, numbers in found if not window]


def measure_find(library, boots):
    """{(tree, name): the median and the largest of 256 look-ups, the warm ones}"""
    found = {}
    for tree in TREES:
        counts = BUILD / f"{tree}-find.txt"
        with booted(library, tree, "256M", "512M", counts, "rodata=on", nodes=2) as guest:
            for name, ranges, step in FIND[:len(FIND) if tree == "grafted" else 1]:
                before = len(windows_in(counts))
                run_module(guest, f"ranges={ranges} step={step}", "memhp_bench_find")
                taken = sorted(look_ups(counts, windows_in(counts)[before:]))
                # a timer may fall into one or two
                found[tree, name] = statistics.median_low(taken), taken[-len(taken) // 16]
    return found


def judge_find(found, report):
    stock = found["stock", FIND[0][0]][0]
    for name, _, _ in FIND:
        median, most = found["grafted", name]
        print(f"# the node of an address, {name}: {median} instructions, {most} at most,"
              f" stock with 2 ranges {stock}")
    for name, _, _ in FIND:
        median, most = found["grafted", name]
        report.goal(f"NUMA-05 the node of an address is found in {FIND_LIMIT} instructions"
                    f" at most, with {name}", most <= FIND_LIMIT, most,
                    stock if name == FIND[0][0] else None, f"{median} mostly")


PART = Part(measure_find, judge_find, len(FIND))
