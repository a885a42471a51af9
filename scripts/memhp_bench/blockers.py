# SPDX-License-Identifier: GPL-2.0-only
"""Memory in use that cannot go offline: does who asks get an answer in time?

The seeds of the guest tests (seeds.py), on both kernels. The guest's clock counts
instructions, so that nothing is timed by the host's.
"""

import sys

from memhp_vm import Guest, paths

from . import Part
from .report import TREES

# stock takes its time with each: the first of the same
SEEDS = {"grafted": 100, "stock": 20}


class Machines:
    """What a guest test has to ask for a guest."""

    @staticmethod
    def guest(**options):
        return Guest(config="base", **options)


def measure(library, boots):
    """{tree: [Outcome]}"""
    sys.path.insert(0, str(paths.VM_TESTS))
    import offlining
    import seeds
    judges, found = {"grafted": seeds.Knows, "stock": seeds.Waits}, {}
    for tree in TREES:
        with offlining.machine(Machines, tree=tree, **offlining.OWN_TIME) as guest:
            found[tree] = list(seeds.played(guest, SEEDS[tree], judges[tree]))
    return found


def late_of(outcomes):
    return sum(one.late for one in outcomes) / len(outcomes)


def judge(found, report):
    ours, stock = found["grafted"], found["stock"]
    for kind in sorted({one.kind for one in ours}):
        print(f"# {kind}: late " + ", ".join(
            f"{sum(one.late for one in outcomes if one.kind == kind)} of"
            f" {sum(one.kind == kind for one in outcomes)}{name}"
            for name, outcomes in (("", ours), (" on stock", stock))))
    what = f"{len(ours)} seeded blockers"
    report.goal(f"{what}: the part of them that returns later than the deadline and 10 %: none",
                late_of(ours) == 0, late_of(ours), late_of(stock))
    wrong = sum(bool(one.wrong) for one in ours)
    report.goal(f"{what}: those that are not named, or where something is not restored: none",
                wrong == 0, wrong, None)


PART = Part(measure, judge, 2)
