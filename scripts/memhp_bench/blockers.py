# SPDX-License-Identifier: GPL-2.0-only
"""Memory in use that cannot go offline: does who asks get an answer in time?

The seeds of the guest tests (seeds.py), on both kernels. The guest's clock counts
instructions, so that nothing is timed by the host's.
"""

import sys
from types import SimpleNamespace

from memhp_vm import Guest, paths

from . import Part
from .report import TREES

# stock takes its time with each: the first of the same
SEEDS = {"grafted": 100, "stock": 20}


def measure(library, boots):
    """{tree: [Outcome]}"""
    sys.path.insert(0, str(paths.VM_TESTS))
    import offlining
    import seeds
    ask, found = {"grafted": seeds.by_range, "stock": seeds.by_blocks}, {}
    for tree in TREES:
        with offlining.machine(SimpleNamespace(guest=Guest), tree=tree,
                               **offlining.OWN_TIME) as guest:
            found[tree] = list(seeds.played(guest, SEEDS[tree], ask[tree]))
    return found


def late_of(outcomes, kinds):
    """(how many of these kinds are late, how many there are)"""
    late = [one.late for one in outcomes if one.kind in kinds]
    return sum(late), len(late)


def judge(found, report):
    ours, stock = found["grafted"], found["stock"]
    kinds = sorted({one.kind for one in ours})
    for kind in kinds:
        print(f"# {kind}: late " + ", on stock ".join(
            "{} of {}".format(*late_of(outcomes, [kind])) for outcomes in (ours, stock)))
    part, part_there = (late / tries for late, tries in
                        (late_of(outcomes, kinds) for outcomes in (ours, stock)))
    what = f"{len(ours)} seeded blockers"
    report.goal(f"{what}: the part of them that returns later than the deadline and 10 %: none",
                part == 0, part, part_there)
    wrong = sum(bool(one.wrong) for one in ours)
    report.goal(f"{what}: those that are not named, or where something is not restored: none",
                wrong == 0, wrong, None)


PART = Part(measure, judge, 2)
