# SPDX-License-Identifier: GPL-2.0-only
"""NVDIMMs: memory that is mapped without being RAM, and that may become RAM.

By Debian's ndctl and daxctl, in a guest with UEFI and NFIT, or with a devicetree that
names regions of persistent memory. The memmap of a namespace
is in RAM or on the device itself. Each scenario runs on stock, too.
"""

import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import nvdimm
from memhp_vm import paths
from observe import amounts, expect_same, small_drift, state

CYCLES = int(os.environ.get("MEMHP_CYCLES", "100"))
STOCK_CYCLES = 10           # enough to see that they leave as little
USED = 24                   # MiB of each namespace that a pattern is written to
KINDS = [("fsdax", "dev", 512), ("fsdax", "mem", 256), ("devdax", "dev", 640),
         ("devdax", "mem", 256)]


def create_all(guest):
    nvdimm.install_modules(guest)
    nvdimm.label(guest)
    for mode, where, mib in KINDS:
        nvdimm.create(guest, 0, mode, where, mib)


def each(guest, act, seed, make=False):
    """Writes or verifies in a namespace of each kind."""
    found = nvdimm.namespaces(guest)
    assert len(found) == len(KINDS), sorted(found)
    for place, (mode, where, _) in enumerate(KINDS):
        (space,) = found[mode, where]
        act(guest, nvdimm.data_of(guest, space, make), USED, seed + place)


# ---- PMEM-01

def boot(ctx, tree, files, seed, known):
    """Verifies what the last boot wrote, and writes something else."""
    with nvdimm.machine(ctx, tree, files) as guest:
        if known is None:
            create_all(guest)
        else:
            each(guest, nvdimm.verify, known)
        each(guest, nvdimm.write, seed, make=known is None)
        each(guest, nvdimm.verify, seed)
        nvdimm.unmount(guest)
    return seed


def kept(ctx):
    """The kernels take turns: what one has written the other can read."""
    paths.BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=paths.BUILD, prefix="nvdimm-"))
    try:
        files, known = [folder / "0", folder / "1"], None
        first, last = ctx.trees[0], ctx.trees[-1]
        for number, tree in enumerate((first, last, last, first, last)):
            known = boot(ctx, tree, files, 10 * number, known)
    finally:
        shutil.rmtree(folder)


# What is made of the regions of a devicetree, in turn.
WHOLE = [("fsdax", "dev"), ("devdax", "mem")]


def regions_of_tree(guest):
    """Numbers of the regions, lowest address first; each is what the devicetree says."""
    found = []
    buses = json.loads(guest.check("ndctl list -B -R -v"))
    for region in (region for bus in buses for region in bus["regions"]):
        number = region["dev"].removeprefix("region")
        place = nvdimm.resource(guest, f"namespace{number}.0")
        found.append((*place, region["persistence_domain"], region["numa_node"], number))
    found.sort()
    wanted = [(start, size, nvdimm.DOMAINS[volatile], nvdimm.SHARED_NODE)
              for start, size, volatile in nvdimm.TREE_REGIONS]
    assert [row[:-1] for row in found] == wanted, found
    return [row[-1] for row in found]


def each_whole(guest, act, seed, make=False):
    found = nvdimm.namespaces(guest)
    assert set(found) == set(WHOLE), found
    for place, kind in enumerate(WHOLE):
        (space,) = found[kind]
        act(guest, nvdimm.data_of(guest, space, make), USED, seed + place)
    nvdimm.unmount(guest)


def named_by_tree(ctx, tree):
    with nvdimm.devicetree_machine(ctx, tree) as guest:
        nvdimm.install_modules(guest)
        for number, kind in zip(regions_of_tree(guest), WHOLE):
            nvdimm.create_whole(guest, number, *kind)
        each_whole(guest, nvdimm.write, 1, make=True)
        for known, seed in ((1, 3), (3, 5)):
            guest.reset()
            nvdimm.install_modules(guest)
            each_whole(guest, nvdimm.verify, known)
            each_whole(guest, nvdimm.write, seed)
            each_whole(guest, nvdimm.verify, seed)
        (space,) = nvdimm.namespaces(guest)[WHOLE[1]]
        to_ram_and_back(guest, nvdimm.chardev(space), nvdimm.SHARED_NODE, use=False)
        nvdimm.destroy(guest)


def devicetree(ctx):
    for tree in ctx.trees:
        named_by_tree(ctx, tree)


# ---- PMEM-02

def rebind(guest, times):
    """Every namespace loses its driver and gets it back, so many times."""
    guest.check(f"for i in $(seq {times}); do ndctl disable-namespace all &&"
                " ndctl enable-namespace all || exit 1; done", timeout=30 + 10 * times)


def rebinds(ctx, tree):
    with nvdimm.machine(ctx, tree) as guest:
        create_all(guest)
        each(guest, nvdimm.write, 1, make=True)
        nvdimm.unmount(guest)
        rebind(guest, 2)
        before, first, begun = state(guest), amounts(guest), time.monotonic()
        count = STOCK_CYCLES if tree == "stock" else ctx.times(CYCLES)
        rebind(guest, count)
        took = time.monotonic() - begun
        expect_same(before, state(guest))
        small_drift(ctx, f"{tree}, {count} cycles in {took:.1f} s", first, amounts(guest))
        each(guest, nvdimm.verify, 1)
        nvdimm.unmount(guest)


def rebound_and_nothing_lost(ctx):
    for tree in ctx.trees:
        rebinds(ctx, tree)


# With 4K pages, nd_pfn leaves 4 MiB for the memmap of these 160 MiB, which needs 2.5.
# A kernel that wants to map it by 2 MiB has no room for it all.
TIGHT = 160


def of_use(guest, space):
    path = nvdimm.data_of(guest, space)
    return guest.run(f"pattern write {path} {nvdimm.to_map(guest, path, 4)} 1")[0] == 0


def tight(ctx, tree):
    """Tries a namespace with a tight memmap, and then another one in its place.

    Returns the reports of the kernel, and whether the other one works.
    """
    with nvdimm.machine(ctx, tree, keep_going=True) as guest:
        nvdimm.install_modules(guest)
        nvdimm.label(guest)
        for where, mib in (("mem", TIGHT), ("dev", 64)):    # what is made once and for all
            nvdimm.create(guest, 0, "devdax", where, mib)
            nvdimm.destroy(guest)
        before = state(guest)
        space = nvdimm.create(guest, 0, "devdax", "dev", TIGHT)
        fits = of_use(guest, space)
        nvdimm.destroy(guest)
        after, reports = state(guest), guest.reports()
        space = nvdimm.create(guest, 0, "devdax", "mem", TIGHT)
        again = of_use(guest, space)
    ctx.note(f"{tree}: the device {'works' if fits else 'has no driver'}, {len(reports)} "
             f"reports; another one in its place {'works' if again else 'does not work'}")
    if tree != "stock":
        expect_same(before, after)
    return reports, again


def refused_without_trace(ctx):
    for tree in ctx.trees:
        reports, again = tight(ctx, tree)
    assert again and not reports, reports       # of the last, ours


# ---- PMEM-03

def expect_ram(guest, name, node):
    """All that whole blocks can hold is online and movable, on the device's node."""
    start, size = nvdimm.resource(guest, name)
    blocks = [b for b in guest.blocks() if start <= b.start < start + size]
    assert blocks and sum(b.size for b in blocks) == size, (start, size, blocks)
    assert {(b.state, b.node, b.zones) for b in blocks} == {("online", str(node), "Movable")}, \
        blocks
    inner = nvdimm.resource(guest, "System RAM (kmem)")
    assert inner == (start, size), (inner, start, size)
    return start, size


def to_ram_and_back(guest, name, node, use):
    made = nvdimm.daxctl(guest, f"reconfigure-device --mode=system-ram {name}")
    assert (made["mode"], made["target_node"]) == ("system-ram", node), made
    assert made["online_memblocks"] == made["total_memblocks"] > 0, made
    start, size = expect_ram(guest, name, node)
    if use:
        guest.check(f"memfill {start:#x} {size:#x} {node}")
    made = nvdimm.daxctl(guest, f"reconfigure-device --mode=devdax --force {name}")
    assert made["mode"] == "devdax", made
    assert not [b for b in guest.blocks() if start <= b.start < start + size]


# (memmap, MiB): some blocks of memory and a part of one, which stays unused.
RAM_KINDS = {False: (("dev", 512), ("mem", 448)), True: (("dev", 1536), ("mem", 1344))}


def as_ram(ctx, tree, times=2):
    with nvdimm.machine(ctx, tree) as guest:
        nvdimm.install_modules(guest)
        nvdimm.label(guest)
        spaces = [(nvdimm.create(guest, region, "devdax", where, mib), node)
                  for region, node in ((0, nvdimm.OWN_NODE), (1, nvdimm.SHARED_NODE))
                  for where, mib in RAM_KINDS[guest.page_size() == 65536]]
        for space, node in spaces:
            to_ram_and_back(guest, nvdimm.chardev(space), node, use=False)
        before, first, begun = state(guest), amounts(guest), time.monotonic()
        for turn in range(times):
            for space, node in spaces:
                to_ram_and_back(guest, nvdimm.chardev(space), node, use=not turn)
        took = time.monotonic() - begun
        expect_same(before, state(guest))
        small_drift(ctx, f"{tree}, {times} times 4 devices in {took:.1f} s", first,
                    amounts(guest))
        for place, (space, _) in enumerate(spaces):     # devices they are again
            nvdimm.write(guest, f"/dev/{nvdimm.chardev(space)}", USED, place)


def ram_and_back(ctx):
    for tree in ctx.trees:
        as_ram(ctx, tree)


# ---- PMEM-04

# One section (128 MiB, or 512 with 64K pages) has all of these. ndctl wants each to
# begin at a multiple of 16 MiB; their memory begins 2 MiB or more after that.
NEIGHBOURS = [("devdax", "dev", 16), ("devdax", "mem", 32), ("fsdax", "mem", 34)]


def allow_small(guest, region):
    guest.check(f"ndctl disable-region region{region}"
                f" && echo 0x200000 > /sys/bus/nd/devices/region{region}/align"
                f" && ndctl enable-region region{region}")


def create_neighbours(guest):
    spaces = [nvdimm.create(guest, 1, mode, where, mib, nvdimm.small(guest))
              for mode, where, mib in NEIGHBOURS]
    at = [nvdimm.resource(guest, space["dev"])[0] for space in spaces]
    assert len({start >> 27 for start in at}) == 1, [hex(start) for start in at]
    for place, space in enumerate(spaces):
        nvdimm.write(guest, nvdimm.data_of(guest, space, make=True), 8, place)
    nvdimm.unmount(guest)
    return spaces


def without(guest, spaces, gone):
    """While one namespace has no driver the others are as they were; then it is back."""
    guest.check(f"ndctl disable-namespace {spaces[gone]['dev']}")
    for place, space in enumerate(spaces):
        if place != gone:
            nvdimm.verify(guest, nvdimm.data_of(guest, space), 8, place)
    nvdimm.unmount(guest)
    guest.check(f"ndctl enable-namespace {spaces[gone]['dev']}")


def one_section(ctx, tree):
    with nvdimm.machine(ctx, tree) as guest:
        nvdimm.install_modules(guest)
        nvdimm.label(guest)
        allow_small(guest, 1)
        create_neighbours(guest)
        nvdimm.destroy(guest)           # what is made once and for all
        empty = state(guest)
        spaces = create_neighbours(guest)
        full = state(guest)
        for gone in range(len(spaces)):
            without(guest, spaces, gone)
        expect_same(full, state(guest))
        nvdimm.destroy(guest)
        expect_same(empty, state(guest))


def neighbours(ctx):
    for tree in ctx.trees:
        one_section(ctx, tree)


SCENARIOS = [
    ("PMEM-01 what is in fsdax and devdax namespaces survives reboots, ours or stock's", kept),
    ("PMEM-01 PMEM-03 a devicetree's regions give namespaces, what is in them survives a"
     " reset, and daxctl makes RAM of one", devicetree),
    ("PMEM-02 namespaces with memmap in RAM and on the device lose and get their drivers, and"
     " nothing leaks", rebound_and_nothing_lost),
    ("PMEM-02 a namespace whose memmap has no room leaves nothing, and its place is of use",
     refused_without_trace),
    ("PMEM-03 daxctl makes RAM of a device on the node it is for, and a device again",
     ram_and_back),
    ("PMEM-04 namespaces of some MiB share a section, and go without hurting each other",
     neighbours),
]
