# SPDX-License-Identifier: GPL-2.0-only
"""Adding and removing 1 GiB: instructions, stores, TLB invalidations and DSBs."""

from memhp_vm.counting import COLUMNS

from . import Part
from .report import TREES
from .rounds import WINDOWS, measure, show_profile

RODATA = ("on", "full")

# (rodata, operation, column): (sentence, limit as a function of stock's number)
TARGETS = {
    ("on", "add", "tlbi"): ("no TLB invalidation", lambda stock: 0),
    ("on", "add", "dsb"): ("20 DSB at most", lambda stock: 20),
    ("on", "add", "instructions"): ("no more instructions than stock", lambda stock: stock),
    ("full", "add", "tlbi"): ("no TLB invalidation", lambda stock: 0),
    ("full", "add", "dsb"): ("20 DSB at most", lambda stock: 20),
    ("full", "add", "instructions"): ("half of stock's instructions at most",
                                      lambda stock: stock / 2),
    ("on", "remove", "tlbi"): ("4 TLB invalidations at most", lambda stock: 4),
    ("full", "remove", "tlbi"): ("4 TLB invalidations at most", lambda stock: 4),
    ("full", "remove", "instructions"): ("a tenth of stock's instructions at most",
                                         lambda stock: stock / 10),
}

LARGE_BLOCKS = "memory_block_size=1G"


def judge_large_blocks(large, small, report):
    """What machines with more memory pay: one memory block instead of eight."""
    for operation in WINDOWS:
        ours, stock = (found[operation, "instructions"] for found in (large, small))
        report.goal(f"{operation} 1 GiB, rodata=on, {LARGE_BLOCKS}: half of stock's"
                    " instructions at most", ours <= stock / 2, ours, stock)


def judge_targets(numbers, report):
    """Print the table; one result for each target."""
    print(f"\n{'1 GiB':<8}{'rodata':<8}{'':<14}{'ours':>12}{'stock':>12}{'ratio':>8}")
    for rodata in ("on", "full"):
        for operation in WINDOWS:
            for column in COLUMNS:
                ours, stock = (numbers[tree, rodata][operation, column]
                               for tree in ("grafted", "stock"))
                ratio = f"{ours / stock:.3f}" if stock else "-"
                print(f"{operation:<8}{rodata:<8}{column:<14}{ours:>12}{stock:>12}{ratio:>8}")
    print()
    for (rodata, operation, column), (sentence, limit) in TARGETS.items():
        ours, stock = (numbers[tree, rodata][operation, column]
                       for tree in ("grafted", "stock"))
        report.goal(f"{operation} 1 GiB, rodata={rodata}: {sentence}", ours <= limit(stock),
                    ours, stock)


def measure_all(library, boots):
    numbers = {(tree, rodata): measure(library, tree, rodata, boots)
               for tree in TREES for rodata in RODATA}
    return numbers, measure(library, "grafted", "on", boots, LARGE_BLOCKS)


def judge(measured, report):
    numbers, large = measured
    judge_targets(numbers, report)
    judge_large_blocks(large, numbers["stock", "on"], report)


def profile(library):
    for tree in TREES:
        for rodata in RODATA:
            show_profile(library, tree, rodata, WINDOWS)


PART = Part(measure_all, judge, len(TARGETS) + len(WINDOWS), profile)
