# SPDX-License-Identifier: GPL-2.0-only
"""Adding and onlining 1 GiB and 56 GiB: instructions, how long the lock is held, and what
several CPUs make of it; and whether all that came online can be taken and used."""

from memhp_vm.counting import BUILD, booted, windows_in

from . import Part
from .report import TREES
from .rounds import ONLINE, REST, SIZE, measure, online_by_itself, run_module, show_profile

LARGE_START, LARGE_GIB = 0x100000000, 56

# (rodata, GiB): so many times fewer instructions than stock, at least
# To ZONE_MOVABLE: with rodata=full blocks map it (MAP-06).
ONLINE_TARGETS = {("on", 1): 6, ("full", 1): 8, ("full", LARGE_GIB): 14}
GROWTH = 1.02       # of the cost of a GiB, from 1 to LARGE_GIB
HOLD = 2_000_000    # instructions for which the memory hotplug lock may be held

# Large blocks, as a machine with so much memory chooses at boot: to make a block is
# nothing that several CPUs could share.
SHARED_GIB, CPUS, GAIN = 32, 4, 3.2
SHARED_BLOCKS = "memory_block_size=2G"
MODES = ("on", "full")      # rodata
# Two nodes with two CPUs each: of one that gets so much, its CPUs write it, both of them.
NODE_GIB, NODE_CPUS, NODE_MASK = 16, {2, 3}, "c"
FOREIGN, BUSIEST = 0.05, 0.65       # of all instructions, at most: other nodes' CPUs, one CPU
# What came online is taken by a module, 1 GiB page by page. That others use so many page frames
# is fine.
TAKE = "memhp_bench_take"
PARAMETERS = f"/sys/module/{TAKE}/parameters"
RAM, PAGE = 1 << 30, 4096   # where it begins; bytes, with configs/base
LARGEST_ORDER = 10
IN_USE = 64

# A CPU that a tick wakes late leaves one of its parts to another one: the best of so many.
SHARED_BOOTS = 3


def large_boot(library, tree, name, gib, options, warm=SIZE, cpus=1):
    """What adding and onlining some GiB takes, after less to warm up: {column: count}"""
    counts = BUILD / f"{tree}-{name}.txt"
    with booted(library, tree, f"{gib + 4}G", "2G", counts, options, cpus=cpus) as guest:
        online_by_itself(guest)
        place = f"start={LARGE_START:#x} online=1 rest={REST}"
        run_module(guest, f"{place} size={warm:#x} rounds=1")
        run_module(guest, f"{place} size={gib * SIZE:#x} rounds=1 keep=1")
    found = windows_in(counts)
    if [window for window, _ in found] != [2, 3, 2]:
        raise SystemExit(f"bench: {counts}: not the three windows that were expected")
    return found[2][1]


def frames(library, tree, rodata, gib):
    """Of a node of some GiB that came online: how many page frames can be taken, and how many
    others use. What is neither is an error."""
    start = RAM + (gib + 2) * SIZE      # that is in the first node
    place = f"start={start:#x} size={gib * SIZE:#x} node=1"
    small = gib == 1
    with booted(library, tree, f"{gib + 2}G", "2G", BUILD / f"{tree}-take.txt",
                f"rodata={rodata}", nodes=2) as guest:
        online_by_itself(guest)
        run_module(guest, f"{place} rounds=1 online=1 keep=1")
        how = f"order={0 if small else LARGEST_ORDER} words={int(small)}"
        status, out = guest.insmod(TAKE, f"{place} {how}", timeout=600)
        if status:
            raise SystemExit(f"bench: {tree}: {TAKE}: {out}")
        return tuple(map(int, guest.check(f"cd {PARAMETERS}; cat taken used").split()))


def shared(library, rodata, workers):
    """The same for SHARED_GIB, written by some of CPUS."""
    return large_boot(library, "grafted", f"shared-{workers}", SHARED_GIB,
                      f"rodata={rodata} {SHARED_BLOCKS} memory_hotplug.online_cpus={workers}",
                      warm=2 * SIZE, cpus=CPUS)


def on_node(library):
    """What each CPU has to do for memory of a node that has some of them: {CPU: instructions}"""
    counts = BUILD / "grafted-node.txt"
    gib = NODE_GIB + 4
    start = RAM + (gib + 1) * SIZE      # in the second node, and where a block begins
    with booted(library, "grafted", f"{gib}G", "2G", counts,
                f"{SHARED_BLOCKS} memory_hotplug.online_cpus={len(NODE_CPUS)}", nodes=2,
                cpus=[CPUS - len(NODE_CPUS), len(NODE_CPUS)]) as guest:
        online_by_itself(guest)
        place = f"node=1 online=1 rounds=1 keep=1 rest={REST}"
        run_module(guest, f"{place} start={start:#x} size={2 * SIZE:#x}")
        guest.check(f"taskset {NODE_MASK} insmod /lib/modules/memhp_bench.ko {place}"
                    f" start={start + 2 * SIZE:#x} size={NODE_GIB * SIZE:#x}", timeout=600)
    return windows_in(counts)[-1][1]["cpus"]


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
    hold = {tree: numbers[tree, "hold"] for tree in TREES}
    report.goal(f"ONLINE-06 adding and onlining {LARGE_GIB} GiB, the memory hotplug lock is held"
                f" for {HOLD} instructions at a stretch at most", hold["grafted"] <= HOLD,
                hold["grafted"], hold["stock"])
    judge_frames(numbers, report)
    judge_shared(numbers, report)
    judge_node(numbers["node"], report)


def judge_frames(numbers, report):
    for rodata, gib in ONLINE_TARGETS:
        how = "written and read, page by page" if gib == 1 else f"in blocks of order {LARGEST_ORDER}"
        (taken, used), (theirs, _) = (numbers[tree, rodata, gib, "frames"] for tree in TREES)
        all_of_it = gib * SIZE // PAGE
        report.goal(f"ONLINE-05 {gib} GiB that came online, rodata={rodata}: each page frame can be"
                    f" taken, {how}, once, or is in use by a program",
                    taken + used == all_of_it and used <= IN_USE, taken, theirs,
                    f"{used} in use, of {all_of_it}")


def judge_shared(numbers, report):
    for rodata in MODES:
        one, several = (numbers["shared", rodata, workers]["most"] for workers in (1, CPUS))
        total = [numbers["shared", rodata, workers]["instructions"] for workers in (1, CPUS)]
        print(f"# {SHARED_GIB} GiB, rodata={rodata}: the busiest of {CPUS} CPUs has {one}"
              f" instructions when one writes, {several} when all do; together {total[0]} and"
              f" {total[1]}")
        report.goal(f"ONLINE-05 adding and onlining {SHARED_GIB} GiB, {SHARED_BLOCKS},"
                    f" rodata={rodata}: the busiest of {CPUS} CPUs has {GAIN} times fewer"
                    " instructions than one alone, at least", one >= GAIN * several, several,
                    None, f"one alone {one}, {one / several:.2f} times")


def judge_node(cpus, report):
    total = sum(cpus.values())
    foreign = sum(count for cpu, count in cpus.items() if cpu not in NODE_CPUS)
    most = max(cpus.values())
    report.goal(f"ONLINE-05 {NODE_GIB} GiB of a node are written by its CPUs: others have"
                f" {FOREIGN:.0%} of the instructions at most, none has more than {BUSIEST:.0%}",
                foreign <= FOREIGN * total and most <= BUSIEST * total,
                round(foreign / total, 4), None,
                ", ".join(f"CPU {cpu}: {count}" for cpu, count in sorted(cpus.items())))


def measure_shared(library):
    numbers = {}
    for rodata in MODES:
        for workers in (1, CPUS):
            each = [shared(library, rodata, workers) for _ in range(SHARED_BOOTS)]
            numbers["shared", rodata, workers] = min(each, key=lambda found: found["most"])
    # as above: the best of them
    numbers["node"] = min((on_node(library) for _ in range(SHARED_BOOTS)),
                          key=lambda cpus: max(cpus.values()))
    return numbers


def measure_online(library, boots):
    numbers = measure_shared(library)
    for tree in TREES:
        for rodata in MODES:
            found = measure(library, tree, rodata, boots, windows=ONLINE)
            numbers[tree, rodata, 1] = found["add+online", "instructions"]
        large = large_boot(library, tree, "full-large", LARGE_GIB, "rodata=full")
        numbers[tree, "full", LARGE_GIB] = large["instructions"]
        numbers[tree, "hold"] = large["hold"]
        for rodata, gib in ONLINE_TARGETS:
            numbers[tree, rodata, gib, "frames"] = frames(library, tree, rodata, gib)
    return numbers


def profile(library):
    for tree in TREES:
        for rodata in MODES:
            show_profile(library, tree, rodata, ONLINE)


PART = Part(measure_online, judge_online, 2 * len(ONLINE_TARGETS) + len(MODES) + 3, profile)
