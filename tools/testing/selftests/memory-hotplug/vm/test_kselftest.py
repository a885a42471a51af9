# SPDX-License-Identifier: GPL-2.0-only
"""The kselftest of this directory, in a machine that has all it asks for.

Each of its tests is a result; one that is skipped there has failed.
"""

from memhp_vm import ktap
from offlining import Range, machine

PROGRAM = "/tests/block_files"


def judged(case):
    """The name without its fixture begins with the rows."""
    return case.outcome == ktap.PASS, case.name.partition(".")[2]


def block_files(ctx):
    with machine(ctx, hidden=1) as guest:
        Range(guest, 1)
        status, out = guest.run(PROGRAM, timeout=240)
    verdict = ktap.judge(status, out)
    if verdict.outcome != ktap.PASS or verdict.note:
        ctx.note(f"{verdict.note}\n{out}")
    assert verdict.cases, "no results"
    yield not ktap.missing_results(out), "all results that were announced have come"
    for case in verdict.cases:
        yield judged(case)


SCENARIOS = [
    ("SYSFS-04 OFFLINE-02 what the files of blocks promise to one program", block_files),
]
