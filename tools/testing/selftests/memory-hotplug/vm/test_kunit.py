# SPDX-License-Identifier: GPL-2.0-only
"""The KUnit suites of memory hotplug, in kernels that were started differently.

They run at boot, before there is a process: they compare the number of page
tables of the whole machine, and every process that comes or goes has some.
Each case is a result of its own. It passed if it did in at least one boot and
failed in none; one that was skipped in every boot has failed.
"""

from dataclasses import dataclass

from memhp_vm import Node, Topology, ktap

SUITES = "memhp_*"         # that of hints in pageblocks is in kernels with DEBUG_VM
VISIBLE = "512M"
HIDDEN = 2 << 30            # physical address of 2 GiB behind what is visible
CASES = 39                  # there are at least


@dataclass
class Boot:
    name: str
    cmdline: str
    cpu: str = "max"
    ram: bool = True        # behind the range that the suite maps


BOOTS = [
    Boot("blocks", "nokaslr rodata=on"),
    Boot("pages", "nokaslr rodata=full"),
    # A CPU of few address bits leaves room to move the linear map at random:
    # it then begins at physical address 0, far from the start of its region.
    Boot("moved", "rodata=on", cpu="cortex-a76", ram=False),
]


def cmdline(boot):
    words = [f"kunit.enable=1 kunit.filter_glob={SUITES}", boot.cmdline, f"mem={VISIBLE}"]
    if boot.ram:
        words.append(f"linear_map_test.ram={HIDDEN:#x}")
    return " ".join(words)


def results(ctx, boot):
    """KTAP of one boot. A kernel that dies of the suite raises."""
    topology = Topology(nodes=[Node(VISIBLE, 2), Node("2560M", 2)])
    with ctx.guest(firmware="dt", topology=topology, cmdline=cmdline(boot), cpu=boot.cpu,
                   timeout=300) as guest:
        return guest.check("cat /sys/kernel/debug/kunit/*/results")


def run(ctx, boot):
    """{sentence: outcome} of one boot, all that were announced."""
    text = results(ctx, boot)
    lacking = ktap.missing_results(text)
    assert not lacking, f"{boot.name}: {lacking} results did not come"
    cases = ktap.parse_cases(text)
    assert len(cases) >= CASES, f"{boot.name}: only {len(cases)} cases"
    if any(case.outcome == ktap.FAIL for case in cases):
        ctx.note(text)
    for case in cases:
        if case.outcome == ktap.SKIP:
            ctx.note(f"{boot.name}: skipped: {case.name}: {case.note}")
    return {case.name: case.outcome for case in cases}


def judge(name, outcomes):
    """outcomes: {boot: outcome} of one case."""
    failed = [boot for boot, outcome in outcomes.items() if outcome == ktap.FAIL]
    passed = [boot for boot, outcome in outcomes.items() if outcome == ktap.PASS]
    if failed:
        return False, f"{name} (failed with {', '.join(failed)})"
    if not passed:
        return False, f"{name} (skipped in every boot)"
    return True, f"{name} ({', '.join(passed)})"


def all_suites(ctx):
    found = {boot.name: run(ctx, boot) for boot in BOOTS}
    names = dict.fromkeys(name for outcomes in found.values() for name in outcomes)
    return [judge(name, {boot: outcomes.get(name, ktap.FAIL)
                         for boot, outcomes in found.items()}) for name in names]


SCENARIOS = [
    ("MAP-05 MAP-06 MAP-08 MAP-09 MAP-11 MAP-12 SAFE-06 the KUnit suites", all_suites),
]
