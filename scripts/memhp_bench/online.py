# SPDX-License-Identifier: GPL-2.0-only
"""Adding and onlining 1 GiB and 56 GiB: instructions."""

from memhp_vm.counting import BUILD, booted, windows_in

from . import Part
from .report import TREES
from .rounds import ONLINE, SIZE, measure, online_by_itself, run_module, show_profile

LARGE_START, LARGE_GIB = 0xc0000000, 56

# (rodata, GiB): so many times fewer instructions than stock, at least
# To ZONE_MOVABLE: with rodata=full blocks map it (MAP-06).
ONLINE_TARGETS = {("on", 1): 6, ("full", 1): 8, ("full", LARGE_GIB): 14}
GROWTH = 1.02       # of the cost of a GiB, from 1 to LARGE_GIB


def large_boot(library, tree, rodata):
    """Instructions for adding and onlining LARGE_GIB, after 1 GiB to warm up."""
    counts = BUILD / f"{tree}-{rodata}-large.txt"
    with booted(library, tree, f"{LARGE_GIB + 4}G", "2G", counts,
                f"rodata={rodata}") as guest:
        online_by_itself(guest)
        place = f"start={LARGE_START:#x} online=1"
        run_module(guest, f"{place} size={SIZE:#x} rounds=1")
        run_module(guest, f"{place} size={LARGE_GIB * SIZE:#x} rounds=1 keep=1")
    found = windows_in(counts)
    if [window for window, _ in found] != [2, 3, 2]:
        raise SystemExit(f"bench: {counts}: not the three windows that were expected")
    return found[2][1]["instructions"]


def judge_online(numbers, report):
    """numbers: {(tree, rodata, GiB): instructions for adding and onlining}"""
    print(f"\n{'add+online':<12}{'rodata':<8}{'ours':>14}{'stock':>14}{'fewer':>8}")
    for (rodata, gib), times in ONLINE_TARGETS.items():
        ours, stock = (numbers[tree, rodata, gib] for tree in TREES)
        print(f"{gib:>3} GiB     {rodata:<8}{ours:>14}{stock:>14}{stock / ours:>8.2f}")
    print()
    for (rodata, gib), times in ONLINE_TARGETS.items():
        ours, stock = (numbers[tree, rodata, gib] for tree in TREES)
        report.goal(f"ONLINE-05 add and online {gib} GiB, rodata={rodata}: {times} times"
                    " fewer instructions than stock at least", stock >= times * ours,
                    ours, stock, f"{stock / ours:.2f} times")
    each = {tree: numbers[tree, "full", LARGE_GIB] / LARGE_GIB / numbers[tree, "full", 1]
            for tree in TREES}
    report.goal(f"ONLINE-04 a GiB of {LARGE_GIB} costs what one alone costs, {GROWTH} times"
                " at most", each["grafted"] <= GROWTH, round(each["grafted"], 3),
                round(each["stock"], 3))


def measure_online(library, boots):
    numbers = {}
    for tree in TREES:
        for rodata in ("on", "full"):
            found = measure(library, tree, rodata, boots, windows=ONLINE)
            numbers[tree, rodata, 1] = found["add+online", "instructions"]
        numbers[tree, "full", LARGE_GIB] = large_boot(library, tree, "full")
    return numbers


def profile(library):
    for tree in TREES:
        for rodata in ("on", "full"):
            show_profile(library, tree, rodata, ONLINE)


PART = Part(measure_online, judge_online, len(ONLINE_TARGETS) + 1, profile)
