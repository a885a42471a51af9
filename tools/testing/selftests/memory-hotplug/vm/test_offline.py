# SPDX-License-Identifier: GPL-2.0-only
"""Memory goes offline: as a whole range, in time, and who is in the way is named.

Hidden RAM is added by the module memhp_range and used by the program keep; see
offlining.py. Stock runs beside where it has what is asked for.
"""

import os
import re
import time

import census
import seeds
from errno import EACCES, EBUSY, EINVAL, ENOENT, EPERM, ERANGE, ESRCH
from itertools import product
from machines import GIB
from memhp_vm.usage import in_movable, migrated, of_vmstat
from observe import expect_same
from offlining import (BLOCKERS, MEMORY, OWN_TIME, RETRIES, TIMEOUT, Keeper, Range,
                       block_by_block, cancel, check, machine, most, offline, report, timed)
from probe import FORM, NOBODY, RULE, Case, refuse_all
from ranges import do, set_state

MIB = 1 << 20
SEEDS = int(os.environ.get("MEMHP_ROUNDS", "100"))
FOLDER = "/sys/kernel/debug/memhp_range"
LOGGED = 20                 # failures in 10 s of which the log tells


# ---- OFFLINE-01

def evict(guest, area):
    """(pages in use, migrations) of offlining and removing a range."""
    used, before = in_movable(guest), migrated(guest)
    guest.check(f"echo {area.text()} > {FOLDER}/evict", timeout=300)
    return used, migrated(guest) - before


def part_used(ctx, tree, gib, mib):
    with machine(ctx, boot=2, hidden=gib, tree=tree) as guest:
        area = Range(guest, gib, boot=2)
        keeper = Keeper(guest, "idle", ctx.times(mib) * MIB)
        used, moved = evict(guest, area)
        ctx.note(f"{tree}: {gib} GiB, {used} pages in use, {moved} migrations: "
                 f"{moved / used:.3f} each; {keeper.end()}")
        return moved / used


def moved_once(ctx):
    # KASAN takes seconds for the shadow of each block
    for gib, mib in ((1, 700), (4, 1000), (8, 1200))[:3 if ctx.slowness == 1 else 1]:
        ratios = {tree: part_used(ctx, tree, gib, mib) for tree in ctx.trees}
        yield ratios[ctx.tree] <= 1.02, f"OFFLINE-01 {gib} GiB, {ctx.times(mib)} MiB of it in use"


THP = "/sys/kernel/mm/transparent_hugepage"
MEDIUM = 64                 # KiB of a folio of many


def users(guest, size, medium):
    """A program's memory in small pages, or in folios that are neither small nor huge."""
    if not medium:
        return Keeper(guest, "idle", size)
    guest.check(f"echo never > {THP}/hugepages-2048kB/enabled;"
                f" echo always > {THP}/hugepages-{MEDIUM}kB/enabled")
    keeper = Keeper(guest, "thp", size)
    guest.check(f"echo never > {THP}/hugepages-{MEDIUM}kB/enabled;"
                f" echo always > {THP}/hugepages-2048kB/enabled")
    return keeper


def large_first(ctx, medium):
    """Huge pages between smaller ones leave first, in however many tries."""
    size, patience = ctx.times(300) * MIB, 100 * ctx.slowness
    with machine(ctx, boot=2, hidden=2) as guest:
        if medium and guest.run(f"ls {THP}/hugepages-{MEDIUM}kB {THP}/hugepages-2048kB")[0]:
            ctx.skip(f"there are no folios of {MEDIUM} KiB beside those of 2 MiB")
        area = Range(guest, 2, boot=2)
        keepers = [users(guest, size, medium), Keeper(guest, "thp", 64 * MIB),
                   users(guest, size, medium)]
        huge = of_vmstat(guest, "thp_fault_alloc")
        if not huge:
            ctx.skip("64 MiB are less than a huge page")
        used, before = in_movable(guest), migrated(guest)
        error, tries = "ETIMEDOUT", 0
        while of_vmstat(guest, "thp_migration_success") < huge and error == "ETIMEDOUT":
            error, tries = offline(guest, f"{area.text()} {patience}")[0], tries + 1
        large = 64 * MIB // guest.page_size()
        moved, used = migrated(guest) - before - large, used - large
        ctx.note(f"{tries} tries of {patience} ms, {huge} huge pages and {moved} of {used} others"
                 f" had moved then: {error}; {of_vmstat(guest, 'thp_migration_split')} were split")
        for keeper in keepers:
            keeper.end()
    # by their addresses half of the others would have gone before
    assert moved < used * 0.4


BALLOON = 256 * MIB


def balloon(ctx):
    """Pages that a balloon has are a driver's, and can move."""
    with machine(ctx, hidden=2, qemu_args=["-device", "virtio-balloon-pci"]) as guest:
        area = Range(guest, 2)
        pages, wanted, before = BALLOON // guest.page_size(), 3 * GIB - BALLOON, migrated(guest)
        guest.qmp("balloon", value=wanted)
        end = time.monotonic() + 60 * ctx.slowness
        while guest.qmp("query-balloon")["actual"] > wanted:
            assert time.monotonic() < end, "the balloon does not grow"
            time.sleep(0.5)
        yield check(guest, area.text()) == "0", "OFFLINE-04 a balloon in it is not in the way"
        error, _ = offline(guest, area.text())
        ctx.note(f"{error}, {migrated(guest) - before} migrations: {report(guest)}")
        yield error == "0" and migrated(guest) - before >= pages * 0.9, \
            "OFFLINE-01 and moves elsewhere"


def shown(guest):
    """What must be as it was; the lists of each CPU come and go."""
    text = guest.check("cat /proc/zoneinfo")
    limits = re.findall(r"(?:high_min|high_max|batch):? +\d+", text)
    return census.everything(guest) | {"limits of lists": "\n".join(limits)}


def all_or_nothing(ctx):
    """A pinned page in the last place that is looked at: all blocks come back."""
    with machine(ctx) as guest:
        area = Range(guest, most(ctx))
        keepers = [Keeper(guest, "idle", 200 * MIB), Keeper(guest, "pin", 4096)]
        before = shown(guest)
        for command in (f"echo {area.text()} 500 > {MEMORY}/offline",
                        f"echo 500 > {TIMEOUT}; echo {area.text()} > {FOLDER}/evict & p=$!;"
                        f" sleep 1; echo {area.start:#x} > {MEMORY}/offline_cancel; wait $p"):
            error, _ = timed(guest, command)
            expect_same(before | {"module parameters": ""},
                        shown(guest) | {"module parameters": ""})
            # a driver that removes memory is told of no cancellation
            yield error in ("ETIMEDOUT", "EBUSY"), f"OFFLINE-01 all is as before: {error}"
        keepers[1].unpin()
        guest.check(f"echo {area.text()} > {FOLDER}/evict", timeout=60)
        for keeper in keepers:
            ctx.note(keeper.end())
        yield True, "OFFLINE-01 the range goes when nobody pins it"


def try_mixed(guest, area, first):
    """A kernel block and two movable ones, with one that is offline between them."""
    online = {first: "online_kernel", first + 1: "online_movable", first + 3: "online_movable"}
    steps = [f"echo {wanted} > {MEMORY}/memory{index}/state" for index, wanted in online.items()]
    # in one shell without another process: the kernel takes what it is given
    error, _ = timed(guest, " && ".join(steps) +
                     f"; echo {first * area.block:#x} {4 * area.block:#x} > {MEMORY}/offline")
    states = [guest.check(f"cat {MEMORY}/memory{index}/state").strip() for index in online]
    return error, states


def mixed(ctx):
    """Blocks of two zones, and some offline: those online go together, or none."""
    with machine(ctx) as guest:
        area, went = Range(guest, most(ctx), wanted=None), False
        first = area.start // area.block
        for index in range(first, first + area.size // area.block - 3, 4):
            error, states = try_mixed(guest, area, index)
            ctx.note(f"{index}: {error}, {states}, {report(guest)[1][:2]}")
            # the kernel may have been quick to use its block
            assert states == (["offline"] * 3 if error == "0" else ["online"] * 3), states
            went |= error == "0"
    assert went, "no kernel block was without a page of the kernel"


# ---- OFFLINE-02, OFFLINE-03

def pin_and_wait(guest, area, limit):
    """(error, seconds, what the file says, lines in the log)"""
    guest.check("dmesg -c > /dev/null")
    error, seconds = offline(guest, f"{area.text()} {limit}")
    return error, seconds, report(guest), int(guest.check("dmesg | wc -l"))


def stock_never(ctx):
    if not ctx.beside_stock:
        return
    with machine(ctx, tree="stock") as guest:
        area = Range(guest, 1)
        Keeper(guest, "pin", 700 * MIB)
        error, seconds = timed(guest, block_by_block(area, 5))
        lines = guest.check("dmesg | wc -l").strip()
        ctx.note(f"stock: {error} after {seconds:.2f} s and SIGINT, {lines} lines in the log")


def in_time(ctx):
    stock_never(ctx)
    with machine(ctx, **OWN_TIME) as guest:
        area = Range(guest, most(ctx))
        keeper = Keeper(guest, "pin", 64 * MIB)
        before = area.states()
        error, seconds, (keys, found), lines = pin_and_wait(guest, area, 1000)
        ctx.note(f"{error} after {seconds:.2f} s; {keys}; {found}; {lines} lines in the log")
        most_ms = 1100 * guest.slowness
        yield (error == "ETIMEDOUT" and keys["reason"] == "the deadline has passed"
               and seconds * 1000 <= most_ms >= int(keys["msec"])
               and area.states() == before), "OFFLINE-02 a deadline of 1 s is kept with a pinned page"
        ours = [b for b in found if b.pfn <= keeper.pfn < b.pfn + b.count]
        yield (len(ours) == 1 and ours[0].kind == "pinned" and ours[0].refs == 1
               and ours[0].owner == f"pid:{keeper.pid}:keep"), "OFFLINE-03 the page, its kind and owner are named"
        yield lines <= 6, "OFFLINE-03 the log is not flooded"
        yield from by_parameter(guest, area)
        yield from by_retries(guest, area)
        yield log_is_limited(guest, area)
        keeper.unpin()
        error, _ = offline(guest, f"{area.text()} 20000")
        yield error == "0", "OFFLINE-02 with the pin gone it goes in time"
        ctx.note(keeper.end())


def log_is_limited(guest, area):
    guest.check("dmesg -c > /dev/null")
    guest.check(f"for i in $(seq 40); do echo {area.text()} 1 > {MEMORY}/offline; done"
                " 2> /dev/null || true", timeout=120)
    lines = int(guest.check("dmesg | wc -l"))
    return 2 <= lines <= 2 * LOGGED, f"OFFLINE-03 40 failures in a row: {lines} lines in the log"


def by_parameter(guest, area):
    """The default deadline holds for the files of blocks, too."""
    guest.check(f"echo 300 > {TIMEOUT}")
    pfn = report(guest)[1][0].pfn
    block = pfn * guest.page_size() // area.block
    error, seconds = timed(guest, f"echo offline > {MEMORY}/memory{block}/state")
    yield (error == "ETIMEDOUT" and seconds <= 0.35 * guest.slowness
           ), "OFFLINE-02 the parameter's deadline holds for a block's file"
    guest.check(f"echo 0 > {TIMEOUT}")


def by_retries(guest, area):
    """So many passes that move nothing, and it gives up, with no deadline at all."""
    before, ends = area.states(), []
    for passes in (1, 4):
        guest.check(f"echo {passes} > {RETRIES}")
        error, _ = offline(guest, f"{area.text()} 0")
        keys, found = report(guest)
        # the first pass moves what can move; if nothing can, it counts
        ends.append((error, int(keys["passes"]) - passes in (0, 1), {b.kind for b in found}))
    guest.check(f"echo 0 > {RETRIES}")
    yield (ends == 2 * [("EBUSY", True, {"pinned"})] and area.states() == before
           ), f"OFFLINE-02 OFFLINE-03 after as many idle passes as it may take it names who is in the way: {ends}"


def seeded(ctx):
    """Each time all is back and somebody is named."""
    count = ctx.times(SEEDS)
    with machine(ctx, **OWN_TIME) as guest:
        found = list(seeds.played(guest, count))
        ctx.note("late: {}; wrong: {}".format(*(
            [(number, one.kind, one.wrong) for number, one in enumerate(found) if bad(one)]
            for bad in (lambda one: one.late, lambda one: one.wrong))))
        yield (not any(one.late for one in found)
               ), f"OFFLINE-02 {count} seeded blockers: all return by the deadline and 10 %"
        yield (not any(one.wrong for one in found)
               ), f"OFFLINE-03 {count} seeded blockers: all are named, and all is restored"


# ---- OFFLINE-04, OFFLINE-06

def glance(guest, area):
    return census.look(guest), migrated(guest), area.states()


def asked(ctx):
    with machine(ctx) as guest:
        area = Range(guest, 2)
        keeper = Keeper(guest, "idle", ctx.times(300) * MIB)
        first = glance(guest, area)
        yield check(guest, area.text()) == "0", "OFFLINE-04 nothing is in the way"
        movable, used = int(report(guest)[0]["movable"]), in_movable(guest)
        ctx.note(f"{movable} pages would move, {used} are in use")
        yield abs(movable - used) <= used // 50, "OFFLINE-04 it says how many pages would move"
        pin = Keeper(guest, "pin", 4096)
        yield check(guest, area.text()) == "EBUSY", "OFFLINE-04 a pinned page is in the way"
        found = report(guest)[1]
        yield ([(b.pfn, b.kind, b.owner) for b in found]
               == [(pin.pfn, "pinned", f"pid:{pin.pid}:keep")]), "OFFLINE-04 and is named"
        pin.end()
        second = glance(guest, area)
        yield first == second, "OFFLINE-04 nothing has changed, and no page has moved"
        yield check(guest, f"{GIB:#x} {area.block:#x}") == "EPERM", "OFFLINE-04 boot memory stays"
        moved = migrated(guest)
        assert offline(guest, area.text())[0] == "0"
        moved = migrated(guest) - moved
        ctx.note(f"{moved} have moved; {keeper.end()}")
        yield abs(moved - movable) <= movable // 50, "OFFLINE-04 as many pages move when it is done"
        yield check(guest, area.text()) == "0", "OFFLINE-04 what is offline has nothing in the way"


def removable(guest, pfn):
    block = pfn * guest.page_size() // guest.blocks()[0].size
    return guest.check(f"cat {MEMORY}/memory{block}/removable").strip()


def tells_truth(ctx):
    with machine(ctx) as guest:
        area = Range(guest, 1)
        first = area.start // guest.page_size()
        yield removable(guest, GIB // guest.page_size()) == "0", "OFFLINE-06 boot memory is not removable"
        yield removable(guest, first) == "1", "OFFLINE-06 movable memory is"
        keeper = Keeper(guest, "idle", ctx.times(600) * MIB)
        yield removable(guest, keeper.pfn) == "1", "OFFLINE-06 also if it is in use"
        keeper.end()
        pin = Keeper(guest, "pin", 4096)
        yield removable(guest, pin.pfn) == "0", "OFFLINE-06 a block with a pinned page is not"
        pin.unpin()
        yield removable(guest, pin.pfn) == "1", "OFFLINE-06 and is when the pin is gone"
        pin.end()
        set_state(guest, area.start, area.size, "offline")
        yield removable(guest, first) == "1", "OFFLINE-06 what is offline is"
        yield from kernel_memory(ctx, guest, area)


def kernel_memory(ctx, guest, area):
    """The file says of each block what trying to offline it says."""
    set_state(guest, area.start, area.size, "online_kernel")
    guest.check("mkdir /tmp/many; i=0; while [ $i -lt 40000 ]; do : > /tmp/many/$i;"
                " i=$((i+1)); done", timeout=300)
    blocks = [b for b in guest.blocks() if area.start <= b.start < area.start + area.size]
    says, truth, kinds, reasons = {}, {}, set(), set()
    for block in blocks:
        says[block.index] = block.removable == "1"
        truth[block.index] = guest.set_state(block, "offline") == 0
        keys, found = report(guest)
        kinds |= {(b.kind, b.owner) for b in found}
        reasons.add(keys["reason"])
    ctx.note(f"removable {says}; goes offline {truth}; {kinds}; {reasons}")
    yield says == truth and not all(truth.values()), "OFFLINE-06 of kernel memory it says what trying says"
    yield reasons <= {"-", "pages that cannot be moved are in it"}, "OFFLINE-03 and the reason is given"
    yield any(kind == "slab" and owner.startswith("cache:") for kind, owner in kinds
              ), "OFFLINE-03 the kernel's pages and their caches are named"


# ---- OFFLINE-05

def called_off(ctx):
    with machine(ctx, **OWN_TIME) as guest:
        area = Range(guest, 1)
        pin = Keeper(guest, "pin", 4096)
        before = area.states()
        yield cancel(guest, area.start) == "ESRCH", "OFFLINE-05 nothing is going on"
        job = f"(echo {area.text()} > {MEMORY}/offline) & p=$!; sleep 0.5; "
        error, seconds = timed(guest, f"{job} echo {GIB:#x} > {MEMORY}/offline_cancel;"
                               f" echo {area.start + area.size - 1:#x} > {MEMORY}/offline_cancel; wait $p")
        yield (error == "ECANCELED" and report(guest)[0]["reason"] == "it was called off"
               and seconds < guest.slowness and area.states() == before
               ), "OFFLINE-05 another process calls it off, and names an address in it"
        block = pin.pfn * guest.page_size() // area.block
        files = {"": f"echo {area.text()} > {MEMORY}/offline",
                 " for a block's file": f"echo offline > {MEMORY}/memory{block}/state"}
        signals = {"INT": 2, "TERM": 15, "KILL": 9}
        for (where, command), (signal, number) in product(files.items(), signals.items()):
            error, seconds = timed(guest, f"timeout -s {signal} 1 sh -c '{command}';"
                                   f" r=$?; [ $r = {128 + number} ] || [ $r = 1 ]")
            keys = report(guest)[0]
            yield (error == "0" and seconds < 1.2 * guest.slowness
                   and (keys["error"], keys["reason"]) == ("-4", "a signal came") and area.states() == before), f"OFFLINE-05 SIG{signal} ends it{where}"
        yield cancel(guest, area.start) == "ESRCH", "OFFLINE-05 nothing is going on any more"
        pin.end()
        yield offline(guest, area.text())[0] == "0", "OFFLINE-05 what was called off can be done"


# ---- bad input

BAD = {
    "an empty line": ("\n", EINVAL),
    "only blanks": ("  \t\n", EINVAL),
    "no number": ("memory\n", EINVAL),
    "a negative address": ("-{at}", EINVAL),
    "a sign": ("+{at}", EINVAL),
    "200 digits": ("9" * 200, EINVAL),
    "more than 64 bits": ("0x10000000080000000", ERANGE),
    "a NUL inside": ("{at}\0", EINVAL),
    "two lines": ("{at}\n{at}\n", EINVAL),
    "more than a page": ("{at}" + " " * 70000, EINVAL),
    "too many words": ("{at} {size} 1 1 1", EINVAL),
}
RANGES = {
    "no size": ("{at} 0", EINVAL),
    "half a block": ("{at} 0x1000", EINVAL),
    "an address off the block": ("{at:.8}1 {size}", EINVAL),
    "a range that wraps": ("0xfffffffff8000000 1G", EINVAL),
    "memory that is not there": ("0x7f0000000000 {size}", ENOENT),
    "a negative size": ("{at} -{size}", EINVAL),
}
LIMITS = {
    "a deadline that is no number": ("{at} {size} soon", EINVAL),
    "a negative deadline": ("{at} {size} -1", EINVAL),
    "a deadline with a unit": ("{at} {size} 1s", EINVAL),
    "a huge deadline": ("{at} {size} 99999999999", ERANGE),
}


def bad_cases(area):
    at, size = f"{area.start:#x}", f"{area.block:#x}"
    files = {"offline": BAD | RANGES | LIMITS, "offline_check": BAD | RANGES,
             "offline_cancel": BAD}
    for file, cases in files.items():
        for what, (text, error) in cases.items():
            # what is not there is said by the errno alone
            place = what in RANGES and what != "a negative size"
            quiet = file == "offline_check" and place
            says = RULE if place else FORM
            yield Case(what, file, text.format(at=at, size=size), error, lines=0 if quiet else 1,
                       says=says if error == EINVAL else "")
        yield Case("a writer without CAP_SYS_ADMIN", file, at, EPERM, "-c", says=NOBODY)
        yield Case("opened by another user", file, at, EACCES, "-o -u 1000", lines=0)
    yield Case("nothing is going on", "offline_cancel", at, ESRCH, lines=0)
    yield Case("two words", "offline_cancel", f"{at} {size}", EINVAL, says=FORM)
    yield Case("a deadline", "offline_check", f"{at} {size} 1", EINVAL, says=FORM)


def refused(ctx):
    with machine(ctx) as guest:
        area = Range(guest, 1)
        yield from refuse_all(ctx, guest, list(bad_cases(area)), "OFFLINE-02 OFFLINE-04 OFFLINE-05")
        for file, text in product((TIMEOUT, RETRIES), ("-1", "soon", "99999999999", "1.5", "")):
            status, _ = guest.run(f"echo '{text}' > {file}")
            yield (status != 0 and guest.check(f"cat {file}") == "0\n"
                   ), f"OFFLINE-02 {os.path.basename(file)} does not take '{text}'"
        for name in (BLOCKERS, f"{MEMORY}/offline"):
            status, _ = guest.run(f"su -s /bin/sh nobody -c 'cat {name}' 2>&1 ||"
                                  f" setpriv --reuid=1000 cat {name}")
            yield status != 0, f"OFFLINE-03 {os.path.basename(name)} is not for everybody to read"


SCENARIOS = [
    ("OFFLINE-01 a page moves once, however many blocks go", moved_once),
    ("OFFLINE-01 huge pages move before small ones take the room",
     lambda ctx: large_first(ctx, medium=False)),
    ("OFFLINE-01 huge pages move before folios that are large, too, but not as large",
     lambda ctx: large_first(ctx, medium=True)),
    ("OFFLINE-01 OFFLINE-04 a balloon's pages move", balloon),
    ("OFFLINE-01 a range that cannot go is as it was, all of it", all_or_nothing),
    ("OFFLINE-01 what is online of a range goes, in whatever zones", mixed),
    ("OFFLINE-02 OFFLINE-03 a pinned page, a deadline, and who it is", in_time),
    ("OFFLINE-02 OFFLINE-03 seeded blockers, all returned in time", seeded),
    ("OFFLINE-04 a range is looked at without touching it", asked),
    ("OFFLINE-05 it is called off, by a process or a signal", called_off),
    ("OFFLINE-06 removable is what is so", tells_truth),
    ("OFFLINE-02 OFFLINE-04 OFFLINE-05 bad input is refused", refused),
]
