# SPDX-License-Identifier: GPL-2.0-only
"""What a page frame is: instructions of pfn_valid() and pfn_is_map_memory()."""

from memhp_vm.counting import BUILD, booted, windows_in

from . import Part
from .report import TREES
from .rounds import SIZE, START, run_module

BOOT_RAM = 0x48000000
PLACES = {"boot memory": BOOT_RAM, "memory that was added": START + SIZE // 2,
          "no memory": 0x1000}
QUESTIONS = ("pfn_valid", "pfn_is_map_memory")      # windows 0 and 1
TIMES, ROUNDS = 1000, 5


def page_frames(library, tree):
    """{(place, window): instructions of a question}; a loop and a call are in each."""
    counts = BUILD / f"{tree}-pages.txt"
    with booted(library, tree, "4G", "1G", counts, "rodata=on") as guest:
        run_module(guest, f"start={START:#x} size={SIZE:#x} rounds=1 keep=1")
        places = ",".join(f"{address:#x}" for address in PLACES.values())
        run_module(guest, f"at={places} times={TIMES} rounds={ROUNDS}", "memhp_bench_pfn")
    windows = windows_in(counts)[1:]        # the first one added the memory
    asked = [(place, window) for place in PLACES for window in range(len(QUESTIONS))]
    if [window for window, _ in windows] != ROUNDS * [window for _, window in asked]:
        raise SystemExit(f"bench: {counts}: not the windows that were expected")
    found = {}
    for question, (_, numbers) in zip(asked * ROUNDS, windows):
        each = numbers["instructions"] / TIMES
        found[question] = min(each, found.get(question, each))
    return found


def measure(library, boots):
    return {tree: page_frames(library, tree) for tree in TREES}


def judge(numbers, report):
    """numbers: {tree: page_frames()}"""
    print(f"\n{'a question of':<24}{'':<20}{'ours':>8}{'stock':>8}")
    for place, window in numbers["stock"]:
        ours, stock = (numbers[tree][place, window] for tree in TREES)
        print(f"{place:<24}{QUESTIONS[window]:<20}{ours:>8.1f}{stock:>8.1f}")
    print()
    for place in PLACES:
        limit = numbers["stock"][place, 0]
        for window, name in enumerate(QUESTIONS):
            ours = numbers["grafted"][place, window]
            report.goal(f"VALID-03 {name}() of {place}: no more instructions than stock's"
                        " pfn_valid()", ours <= limit + 0.5, round(ours, 1), round(limit, 1))


PART = Part(measure, judge, len(QUESTIONS) * len(PLACES))
