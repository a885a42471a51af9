# SPDX-License-Identifier: GPL-2.0-only
"""Tools that know nothing of us: util-linux's lsmem and chmem, and the kernel's kselftest.

Run as Debian ships them, on stock and on ours, with a DIMM that both kernels get in
the same place. What they say of it has to be the same.
"""

import json
import re

import notifier
from machines import two_nodes
from memhp_vm import paths

COLUMNS = "RANGE,SIZE,STATE,REMOVABLE,BLOCK,NODE,ZONES"
KSELFTEST = paths.BUILD / ("linux-source-6.12/tools/testing/selftests/memory-hotplug/"
                           "mem-on-off-test.sh")

BLOCKS = 8                  # of the DIMM

# What is done in turn, the status that it ends with, and the blocks of the DIMM that
# are online then, counted from its first. chmem takes by size from the lowest block
# up, and gives back from the highest down.
STEPS = [
    ("chmem -v -e -b {block}-{second}", 0, [0, 1]),
    ("chmem -v -e -b {block}", 0, [0, 1]),
    ("chmem -v -e {four}M", 0, [0, 1, 2, 3, 4, 5]),
    ("chmem -v -d {two}M", 0, [0, 1, 2, 3]),
    ("chmem -v -d {start:#x}-{half:#x}", 0, []),
    ("chmem -v -d -b {block}", 0, []),
    ("chmem -v -z Movable -e {start:#x}-{last:#x}", 0, list(range(8))),
    ("chmem -e {start:#x}-{odd:#x}", 1, list(range(8))),
    ("chmem -e 129M", 1, list(range(8))),
    ("chmem -z Nowhere -e {two}M", 1, list(range(8))),
    ("chmem -v -d {start:#x}-{last:#x}", 0, []),
    ("chmem -v -e {twelve}M", 64, list(range(8))),
    ("chmem -v -d {eight}M", 0, []),
]


def machine(ctx, tree, cmdline=""):
    return ctx.guest(tree=tree, root="tools", firmware="uefi", topology=two_nodes(),
                     cmdline=f"nokaslr rodata=on {cmdline}")


def with_dimm(guest):
    size = guest.blocks()[0].size
    dimm = guest.plug_dimm("d0", size=BLOCKS * size, node=1)
    guest.wait_blocks(dimm)
    return dimm


# ---- lsmem and chmem

def command(template, dimm, size):
    block, mib = dimm.start // size, size >> 20
    return template.format(block=block, second=block + 1, start=dimm.start,
                           half=dimm.start + BLOCKS // 2 * size - 1, last=dimm.end - 1,
                           odd=dimm.end - 4097, two=2 * mib, four=4 * mib, eight=8 * mib,
                           twelve=12 * mib)


def listed(guest):
    """{block: what lsmem says of it}"""
    text = guest.check(f"lsmem -a -b -J -o {COLUMNS}")
    return {int(row["block"]): row for row in json.loads(text)["memory"]}


def expect_agreement(rows, blocks):
    """lsmem shows what the files of sysfs say."""
    assert sorted(rows) == [block.index for block in blocks], (sorted(rows), blocks)
    for block in blocks:
        row = rows[block.index]
        shown = (row["range"], row["size"], row["state"], row["node"],
                 re.split("[ /]", row["zones"]))
        assert shown == (f"0x{block.start:016x}-0x{block.end - 1:016x}", block.size,
                         block.state, int(block.node), block.zones.split()), (row, block)
        if block.state == "online":
            assert row["removable"] == (block.removable == "1"), (row, block)


def step(guest, dimm, template, wanted, online):
    """One command; returns what was said, for a comparison of the kernels."""
    blocks = guest.blocks(dimm)
    text = command(template, dimm, blocks[0].size)
    status, out = guest.run(text)
    assert status == wanted, f"{text}: status {status}: {out}"
    expect_agreement(listed(guest), guest.blocks())
    blocks = guest.blocks(dimm)
    now = [place for place, block in enumerate(blocks) if block.state == "online"]
    assert now == online, f"{text}: blocks {now} are online: {out}"
    return f"$ {text}\n{out}" + "".join(f"{b.index} {b.state} {b.zones}\n" for b in blocks)


def chmem_session(ctx, tree):
    with machine(ctx, tree) as guest:
        dimm = with_dimm(guest)
        said = [step(guest, dimm, *row) for row in STEPS]
        guest.unplug("d0")
        guest.wait_blocks(dimm, gone=True)
        expect_agreement(listed(guest), guest.blocks())
    return said


def chmem(ctx):
    ours = chmem_session(ctx, ctx.tree)
    if not ctx.beside_stock:
        return
    stock = chmem_session(ctx, "stock")
    for theirs, mine in zip(stock, ours):
        assert theirs == mine, f"stock:\n{theirs}ours:\n{mine}"
    ctx.note(f"{len(ours)} commands, and what they said was the same on stock and ours")


# ---- what else is told of a DIMM

def counters(guest):
    """{(node, zone, name): pages} and {(node, name): KiB}"""
    found, zone = {}, None
    for line in guest.check("cat /proc/zoneinfo").splitlines():
        head = re.match(r"Node (\d+), zone\s+(\w+)", line)
        count = re.match(r"\s+(spanned|present|managed)\s+(\d+)", line)
        if head:
            zone = head.groups()
        elif count:
            found[(*zone, count[1])] = int(count[2])
    text = guest.check("cat /sys/devices/system/node/node*/meminfo")
    for node, value in re.findall(r"Node (\d+) MemTotal:\s+(\d+)", text):
        found[(node, "MemTotal")] = int(value)
    return found


def grown(before, after):
    return {name: after[name] - before.get(name, 0) for name in sorted(after, key=str)
            if after[name] != before.get(name, 0)}


def told(guest, dimm, before):
    """All there is to be read of a DIMM, but the state of its blocks."""
    ram = guest.check("cat /proc/iomem; ls /sys/firmware/memmap 2>/dev/null | wc -l")
    folder = guest.blocks(dimm)[0].path
    # stock always says that a block is removable; ours looks: test_offline.py
    files = guest.check(f"cd {folder}; for f in $(find . -type f ! -name removable | sort);"
                        " do echo $f; cat $f 2>/dev/null; done; true")
    return {"counters": grown(before, counters(guest)),
            "nodes": guest.check("cd /sys/devices/system/node; grep -H . has_* online possible"),
            "files": files,
            "iomem": [line for line in ram.splitlines() if f"{dimm.start:x}-" in line],
            "firmware": ram.splitlines()[-1]}


def set_all(guest, dimm, state):
    for block in guest.blocks(dimm):
        error = guest.set_state(block, state)
        assert not error, f"block {block.index}, {state}: {error}"


def told_of_dimm(ctx, tree):
    stages = {}
    with machine(ctx, tree) as guest:
        before = counters(guest)
        dimm = with_dimm(guest)
        stages["added"] = told(guest, dimm, before)
        for state in ("online_movable", "offline"):
            set_all(guest, dimm, state)
            stages[state] = told(guest, dimm, before)
        guest.unplug("d0")
        guest.wait_blocks(dimm, gone=True)
        after = guest.check("cat /proc/iomem")
        assert f"{dimm.start:x}-" not in after, after
        stages["gone"] = grown(before, counters(guest))
        dimm = with_dimm(guest)
        set_all(guest, dimm, "online_kernel")       # from which there may be no way back
        stages["online_kernel"] = told(guest, dimm, before)
    return stages


def same_as_stock(ctx):
    ours = told_of_dimm(ctx, ctx.tree)
    ctx.note(f"online as movable: {ours['online_movable']['counters']}")
    stock = told_of_dimm(ctx, "stock") if ctx.beside_stock else {}
    for stage, value in stock.items():
        assert ours[stage] == value, f"{stage}:\nstock: {value}\nours: {ours[stage]}"
    assert not ours["gone"], ours["gone"]


# ---- mem-on-off-test.sh

def on_off(ctx, tree):
    """The output of the kernel's own test, on all that may be taken offline."""
    with machine(ctx, tree, "movable_node") as guest:   # "online" is then "online_movable"
        dimm = with_dimm(guest)
        notifier.install(guest)
        guest.put("/tests/mem-on-off-test.sh", KSELFTEST.read_bytes(), executable=True)
        # Boot memory stays online on arm64, and comes first: its share is refused.
        status, out = guest.run("mem-on-off-test.sh -r 40", timeout=150)
        blocks = guest.blocks(dimm)
    ctx.note(f"{tree}: status {status}, {out.count('-> Success')} blocks taken offline, "
             f"{out.count('-> Failure')} refused")
    assert status == 0, out
    assert "skip" not in out, out
    assert out.count("-> Success") >= 3 and out.count("offline->online") >= 8, out
    assert all(block.state == "online" for block in blocks), blocks


def kselftest_ours(ctx):
    on_off(ctx, ctx.tree)


def kselftest_stock(ctx):
    ctx.need_stock()
    on_off(ctx, "stock")


SCENARIOS = [
    ("CORE-04 chmem takes memory and gives it back as on stock, lsmem shows each step", chmem),
    ("CORE-06 resources, zones, nodes and files tell of a DIMM what they do on stock",
     same_as_stock),
    ("CORE-04 the kernel's own mem-on-off-test.sh passes, with errors from a notifier",
     kselftest_ours),
    ("CORE-04 the kernel's own mem-on-off-test.sh passes on stock as it is run here",
     kselftest_stock),
]
