# SPDX-License-Identifier: GPL-2.0-only
"""Ranges that are used while they still go online, by a DIMM and in the background.

Stock has neither the progress nor the background: it is not asked.
"""

import re
from errno import EACCES, EINVAL

from census import everything
from machines import GIB
from memhp_vm import Node, Topology
from observe import expect_same
from offlining import MEMORY, machine
from probe import INPUT
from ranges import ask, command, do, load, set_state, state_file, valid

PROGRESS = f"{MEMORY}/online_progress"
BACKGROUND = "/sys/module/memory_hotplug/parameters/online_background"
POLICY = f"{MEMORY}/auto_online_blocks"
SURVEY = "/sys/kernel/debug/memhp_survey"
DIMM, HIDDEN = 16, 4            # GiB


def numbers(line):
    """(state, start, size, done)"""
    state, *rest = line.split()
    return (state, *(int(number, 0) for number in rest))


def progress(guest):
    return numbers(guest.check(f"cat {PROGRESS}"))


def total(guest):
    """MemTotal, bytes."""
    return int(guest.check("awk '/^MemTotal/ { print $2 }' /proc/meminfo")) << 10


# ---- a DIMM

def used_early(ctx):
    """(the DIMM, what was seen, pages that were had early, MemTotal's growth)"""
    topology = Topology(nodes=[Node("4G", 2)], slots=1, maxmem="32G", cover_nomap=True)
    with ctx.guest(firmware="uefi", topology=topology, cmdline="nokaslr rodata=on") as guest:
        assert progress(guest) == ("none", 0, 0, 0), progress(guest)
        guest.check(f"echo online_movable > {POLICY}")
        before = total(guest)
        job = guest.start(f"exec early {PROGRESS} > /tmp/early 2>&1")
        guest.check("until grep -q ready /tmp/early; do sleep 0.1; done")
        dimm = guest.plug_dimm("d0", size=f"{DIMM}G", node=0)
        status, _ = job.wait(200)
        said = guest.check("cat /tmp/early")
        assert status == 0, said
        guest.wait_blocks(dimm, timeout=120)
        assert progress(guest) == ("online", *progress(guest)[1:3], progress(guest)[2]), \
            progress(guest)
        seen = [int(value, 0) for value in re.findall(r"seen (\w+)", said)]
        pages = [(int(pfn, 0) * guest.page_size(), int(done, 0))
                 for pfn, done in re.findall(r"page (\w+) (\w+)", said)]
        return dimm, seen, pages, total(guest) - before


def while_it_comes(ctx):
    dimm, seen, pages, grown = used_early(ctx)
    ctx.note(f"seen of {DIMM} GiB: {[value >> 20 for value in seen]} MiB")
    yield seen == sorted(set(seen)) and len(seen) >= 2 and seen[-1] < dimm.size, \
        f"ONLINE-06 of {DIMM} GiB, progress was read {len(seen)} times between 0 and the whole"
    yield bool(pages) and dimm.start <= pages[0][0] < dimm.end and pages[0][1] < dimm.size, \
        f"ONLINE-06 a process had a page of the new zone before all of it was up: {pages}"
    yield 0.97 * dimm.size <= grown <= dimm.size, \
        f"ONLINE-06 and then all of it is: {grown >> 20} MiB more"


# ---- in the background

START, SIZE = 2 * GIB, HIDDEN * GIB


def add_and_look(guest, more=""):
    """What the progress is when the one who adds memory goes on."""
    return numbers(guest.check(f"{command('add', START, SIZE)} || exit 1; read p < {PROGRESS};"
                               f" echo $p; {more}", timeout=300).splitlines()[0])


def take_away(guest):
    set_state(guest, START, SIZE, "offline")
    do(guest, "remove", START, SIZE)


def states(guest):
    """Of its blocks."""
    return {b.state for b in guest.blocks() if START <= b.start < START + SIZE}


def bad_words(guest):
    """{(file, word): (errno, what it should be)} of words that are none."""
    found = {}
    for path, word, wanted in ((BACKGROUND, "2", {EINVAL}), (BACKGROUND, "maybe", {EINVAL}),
                               (BACKGROUND, "", {EINVAL}), (BACKGROUND, "-1", {EINVAL}),
                               (PROGRESS, "0", {EACCES, EINVAL}), (PROGRESS, "none", {EACCES, EINVAL})):
        guest.put(INPUT, f"{word}\n".encode())
        status, out = guest.run(f"onewrite {path} < {INPUT}")
        number = int(out) if out.strip().isdigit() else -1
        if number not in wanted:
            found[path, word] = status, out
    return found


def goes_on(guest):
    """With the parameter, the one who adds memory goes on; who wants to change it waits."""
    guest.check(f"echo Y > {BACKGROUND}")
    last = (START + SIZE) // guest.blocks()[0].size - 1
    state, start, size, done = add_and_look(
        guest, f"echo offline > {state_file(last)} || exit 1; cat {PROGRESS} > /tmp/then")
    then = numbers(guest.check("cat /tmp/then"))
    yield (state, start, size) == ("running", START, SIZE) and 0 < done < SIZE, \
        f"ONLINE-06 in the background: who adds memory goes on when {done >> 20} MiB are up"
    yield then == ("online", START, SIZE, SIZE) and \
        states(guest) == {"online", "offline"}, \
        f"ONLINE-06 in the background: who wants to offline a part waits until all is up: {then}"
    guest.check(f"echo online_movable > {state_file(last)}")
    take_away(guest)


def refused(guest):
    """Whoever refuses does so before any of it is up, and the one who asked is told."""
    before = everything(guest)
    guest.check(f"echo 1 > {SURVEY}/refuse")
    said = ask(guest, "add", START, SIZE)
    guest.check(f"echo 0 > {SURVEY}/refuse")
    yield said == "ECANCELED" and progress(guest) == ("failed", START, SIZE, 0), \
        f"ONLINE-06 in the background: a refusal reaches who asked: {said}, {progress(guest)}"
    expect_same(before, everything(guest))
    yield valid(guest, START, SIZE) == "none", \
        "ONLINE-06 in the background: nothing is there after a refusal"


def in_background(ctx):
    with machine(ctx, hidden=HIDDEN + 1) as guest:
        load(guest, 0)
        status, out = guest.insmod("memhp_survey")
        assert status == 0, out
        guest.check(f"echo online_movable > {POLICY}")
        wrong = bad_words(guest)
        yield not wrong and guest.check(f"cat {BACKGROUND}").strip() == "N", \
            f"ONLINE-06 words that are none are refused, and the default is no: {wrong}"
        found = add_and_look(guest)
        yield found == ("online", START, SIZE, SIZE) and \
            states(guest) == {"online"}, \
            f"ONLINE-06 without it, all is up when the one who adds it goes on: {found}"
        take_away(guest)
        yield from goes_on(guest)
        yield from refused(guest)
        found = add_and_look(guest)
        yield found[0] in ("running", "online"), f"ONLINE-06 then it works: {found}"
        take_away(guest)


SCENARIOS = [
    ("ONLINE-06 a DIMM is used while most of it still comes", while_it_comes),
    ("ONLINE-06 in the background, ranges go online after the one who asked has gone on",
     in_background),
]
