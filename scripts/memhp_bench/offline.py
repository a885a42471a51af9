# SPDX-License-Identifier: GPL-2.0-only
"""Going offline: 1 GiB and 56 GiB that nobody uses, and some of which a program uses a part.

free   as a range, by the files of the memory blocks, and offline_and_remove_memory() for
       all of it; both ways to map memory
used   what a page that moves costs, and how often it does
"""

import statistics
from itertools import product

from memhp_vm import counting
from memhp_vm.counting import BUILD, COLUMNS, LARGEST, booted, windows_in
from memhp_vm.usage import in_movable, migrated

from . import Part
from .report import TREES
from .rounds import REST

GIB = 1 << 30
START = 3 * GIB                 # RAM begins at 1 GiB, and Linux knows of two
FILES, REMOVE, EVICT, RANGE = 2, 3, 4, 5    # windows of memhp_bench_offline.c
NAMES = {FILES: "offline by blocks", REMOVE: "remove", EVICT: "offline and remove",
         RANGE: "offline as a range"}


def guest(library, tree, rodata, gib, counts, profile=None):
    """A guest whose new memory comes online."""
    return booted(library, tree, f"{gib + 2}G", "2G", counts,
                  f"rodata={rodata} memhp_default_state=online_movable", profile)


def load(machine, size, **options):
    words = " ".join(f"{name}={value}" for name, value in options.items())
    status, out = machine.insmod("memhp_bench_offline", f"start={START:#x} size={size:#x} rest={REST} {words}",
                                 timeout=600)
    if status:
        raise SystemExit(f"bench: {machine.tree}: {out}\n{machine.run('dmesg | tail -n 5')[1]}")


def counts_file(tree, rodata, what):
    return BUILD / f"offline-{tree}-{rodata}-{what}.txt"


def free(library, tree, rodata, gib, rounds, profile=None):
    """{window: {column: median}}, of all rounds but the first."""
    counts = counts_file(tree, rodata, f"free-{gib}")
    with guest(library, tree, rodata, gib, counts, profile) as machine:
        load(machine, gib * GIB, what="free", rounds=rounds)
    found = {}
    for window, numbers in windows_in(counts):
        found.setdefault(window, []).append(numbers)
    # stock has no range; that compares with what stock has
    found.setdefault(RANGE, found[FILES])
    return {window: {column: statistics.median_low([c[column] for c in all[rounds > 1:]])
                     for column in COLUMNS + LARGEST} for window, all in found.items()}


# GiB of the range: MiB of it that a program uses
USED = {1: 700, 4: 1000, 8: 1200}


def used(library, tree, rodata, gib):
    """(counts of the eviction, migrations, pages that were in use)"""
    counts = counts_file(tree, rodata, f"used-{gib}")
    with guest(library, tree, rodata, gib, counts) as machine:
        load(machine, gib * GIB, what="add")
        machine.start(f"exec keep idle {USED[gib] << 20:#x} 1 > /tmp/keep 2>&1")
        machine.check("until grep -q ready /tmp/keep; do sleep 1; done", timeout=600)
        pages, before = in_movable(machine), migrated(machine)
        machine.check("rmmod memhp_bench_offline")
        load(machine, gib * GIB, what="evict")
        moved = migrated(machine) - before
    return windows_in(counts)[-1][1], moved, pages


def profile(library):
    for tree in TREES:
        path = BUILD / f"offline-{tree}.profile"
        free(library, tree, "on", 1, 2, profile=path)
        counting.show_profile(tree, path, NAMES, "1 GiB")


# GiB: how many times
ROUNDS = {1: 3, 56: 1}
MODES = ("on", "full")

# (GiB, window): how many times fewer instructions than stock's, however it is mapped
TARGETS = {(1, RANGE): 20, (56, EVICT): 30}

# For each page table entry that a page leaves, asm/tlbflush.h has one of each, which is
# what stock's rmap uses and no part of ours: offline.rst. Of what is beyond that, for
# each page that moves, no more than this.
FEWER = 1 / 64
MOVES = 1.02                # of each page that is in use

# Instructions for which the memory hotplug lock may be held: of LARGEST GiB that are free, there
# is no turn from the look that finds it so until it is taken; of what is in use, a batch moves.
HOLD_FREE, HOLD_USED = 5_000_000, 10_000_000


def judge_free(report, rodata, gib, ours, stock):
    what = f"{gib} GiB, free, rodata={rodata}"
    for window, name in NAMES.items():
        theirs, own = stock[window], ours[window]
        print(f"{name} {what}: " + ", ".join(
            f"{column} {own[column]} (stock {theirs[column]})" for column in (*COLUMNS, "hold")))
    for (size, window), times in TARGETS.items():
        if size == gib:
            own, theirs = (found[window]["instructions"] for found in (ours, stock))
            report.goal(f"{NAMES[window]} {what}: {times} times fewer instructions",
                        own * times <= theirs, own, theirs, f"{theirs / own:.1f} times")
    if gib == max(ROUNDS):
        judge_hold(report, f"{NAMES[EVICT]} {what}", HOLD_FREE, ours[EVICT], stock[EVICT])


def judge_hold(report, what, most, ours, stock):
    report.goal(f"{what}: the memory hotplug lock is held for {most} instructions at a stretch"
                " at most", ours["hold"] <= most, ours["hold"], stock["hold"])


def judge_moves(report, rodata, gib, ours, stock):
    what = f"offline and remove {gib} GiB, {USED[gib]} MiB in use, rodata={rodata}"
    for name, (counts, moved, pages) in (("ours", ours), ("stock", stock)):
        each = ", ".join(f"{column} {counts[column] / moved:.3f}" for column in COLUMNS)
        print(f"{name}, {what}: {moved} migrations of {pages} pages; for each of them {each}")
    own, theirs = (moved / pages for _, moved, pages in (ours, stock))
    report.goal(f"{what}: {MOVES} migrations of a page in use at most", own <= MOVES,
                round(own, 3), round(theirs, 3))
    judge_hold(report, what, HOLD_USED, ours[0], stock[0])


def judge_used(report, rodata, ours, stock):
    what = f"offline and remove 1 GiB, {USED[1]} MiB in use, rodata={rodata}"
    own, theirs = (found[0]["instructions"] for found in (ours, stock))
    report.goal(f"{what}: no more instructions than stock", own <= theirs, own, theirs)
    for column in ("tlbi", "dsb"):
        beyond, stocks = (counts[column] / moved - 1 for counts, moved, _ in (ours, stock))
        report.goal(f"{what}: {column} for each page that moves, beyond the one that"
                    " asm/tlbflush.h has: 1/64 at most",
                    beyond <= FEWER, round(beyond, 4), round(stocks, 4))


def measure(library, boots):
    sizes = {(rodata, gib): [free(library, tree, rodata, gib, rounds) for tree in TREES]
             for rodata, (gib, rounds) in product(MODES, ROUNDS.items())}
    return sizes, {(rodata, gib): [used(library, tree, rodata, gib) for tree in TREES]
                   for rodata, gib in product(MODES, USED)}


def judge(numbers, report):
    sizes, in_use = numbers
    for (rodata, gib), found in sizes.items():
        judge_free(report, rodata, gib, *found)
    for (rodata, gib), found in in_use.items():
        judge_moves(report, rodata, gib, *found)
    for rodata in MODES:
        judge_used(report, rodata, *in_use[rodata, 1])


# of each mode: the targets, a hold, two of each size that is used, three of one of them
PART = Part(measure, judge, len(MODES) * (len(TARGETS) + 1 + 2 * len(USED) + 3), profile)
