# SPDX-License-Identifier: GPL-2.0-only
"""Going offline: 1 GiB and 56 GiB that nobody uses, and 1 GiB that is used.

free   as a range, by the files of the memory blocks, and offline_and_remove_memory() for
       all of it
used   1 GiB of which a program uses 700 MiB: what a page that moves costs
"""

import statistics

from memhp_vm import counting
from memhp_vm.counting import BUILD, COLUMNS, LARGEST, booted, windows_in

from . import Part
from .report import TREES

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
    status, out = machine.insmod("memhp_bench_offline", f"start={START:#x} size={size:#x} {words}")
    if status:
        raise SystemExit(f"bench: {out}\n{machine.tail(5)}")


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


MIGRATED = "awk '$1 == \"pgmigrate_success\" { print $2 }' /proc/vmstat"


def used(library, tree, rodata):
    """(counts of the eviction, pages that were in use, migrations)"""
    counts = counts_file(tree, rodata, "used")
    with guest(library, tree, rodata, 1, counts) as machine:
        load(machine, GIB, what="add")
        machine.start("exec keep idle 0x2bc00000 1 > /tmp/keep 2>&1")
        machine.check("until grep -q ready /tmp/keep; do sleep 1; done", timeout=600)
        before = int(machine.check(MIGRATED))
        load_again(machine)
        moved = int(machine.check(MIGRATED)) - before
    return windows_in(counts)[-1][1], moved


def load_again(machine):
    machine.check("rmmod memhp_bench_offline")
    load(machine, GIB, what="evict")


def profile(library):
    for tree in TREES:
        path = BUILD / f"offline-{tree}.profile"
        free(library, tree, "on", 1, 2, profile=path)
        counting.show_profile(tree, path, NAMES, "1 GiB")


# (GiB, window): how many times fewer instructions than stock's, rodata=on
TARGETS = {(1, RANGE): 20, (56, EVICT): 30}

# For each page table entry that a page leaves, asm/tlbflush.h has one of each, which is
# what stock's rmap uses and no part of ours: offline.rst. Of what is beyond that, for
# each page that moves, no more than this.
FEWER = 1 / 64


def judge_free(report, gib, ours, stock):
    for window, name in NAMES.items():
        theirs, own = stock[window], ours[window]
        print(f"{name} {gib} GiB, free: " + ", ".join(
            f"{column} {own[column]} (stock {theirs[column]})" for column in (*COLUMNS, "hold")))
    for (size, window), times in TARGETS.items():
        if size == gib:
            own, theirs = (found[window]["instructions"] for found in (ours, stock))
            report.goal(f"{NAMES[window]} {gib} GiB, free: {times} times fewer instructions",
                        own * times <= theirs, own, theirs, f"{theirs / own:.1f} times")


def judge_used(report, ours, stock):
    for name, (counts, moved) in (("ours", ours), ("stock", stock)):
        each = ", ".join(f"{column} {counts[column] / moved:.3f}" for column in COLUMNS)
        print(f"{name}: {moved} migrations; for each of them {each}")
    own, theirs = (found[0]["instructions"] for found in (ours, stock))
    report.goal("offline and remove 1 GiB, 700 MiB in use: no more instructions than stock",
                own <= theirs, own, theirs)
    for column in ("tlbi", "dsb"):
        beyond, stocks = (counts[column] / moved - 1 for counts, moved in (ours, stock))
        report.goal(f"offline and remove 1 GiB, 700 MiB in use: {column} for each page that"
                    " moves, beyond the one that asm/tlbflush.h has: 1/64 at most",
                    beyond <= FEWER, round(beyond, 4), round(stocks, 4))


ROUNDS = {1: 3, 56: 1}      # GiB: how many times


def measure(library, boots):
    sizes = {gib: [free(library, tree, "on", gib, rounds) for tree in TREES]
             for gib, rounds in ROUNDS.items()}
    return sizes, [used(library, tree, "on") for tree in TREES]


def judge(numbers, report):
    sizes, in_use = numbers
    for gib, found in sizes.items():
        judge_free(report, gib, *found)
    judge_used(report, *in_use)


PART = Part(measure, judge, len(TARGETS) + 3, profile)
