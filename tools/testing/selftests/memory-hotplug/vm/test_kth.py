# SPDX-License-Identifier: GPL-2.0-only
"""The k-th allocation fails, for each k, in each operation on memory: all or nothing.

Operations on hidden RAM of a node that has no other memory, so that bringing up
the node and taking it down are part of them. What is refused is ENOMEM and leaves no
trace, what is done all the same is whole, and a second try works.
"""

from dataclasses import dataclass

import kth
import shortage
from census import everything
from machines import GIB, HIDDEN
from memhp_vm.errors import HarnessError
from memhp_vm.usage import migrated
from observe import amounts, expect_same, small_drift
from ranges import ask, command, hidden_ram, load, state_file


class Place:
    """Some blocks of hidden RAM, and the shell commands that act on them."""

    def __init__(self, guest, count, step=1):
        load(guest)
        kth.prepare(guest)
        block = guest.blocks()[0].size
        files = [state_file(HIDDEN // block + index) for index in range(count)]
        self.guest, self.range, self.step = guest, (HIDDEN, count * block), step
        self.files = files
        self.add, self.remove, self.evict, self.valid = (
            command(action, *self.range) for action in ("add", "remove", "evict", "valid"))
        self.online, self.offline = (
            " && ".join(f"echo {state} > {file}" for file in files)
            for state in ("online_movable", "offline"))
        # What boot left of a node without CPU and memory does not come again.
        guest.check(f"{self.add} && {self.online} && {self.offline} && {self.remove}")

    def fail(self, act, undo, before="true", after="true"):
        """Makes act fail, in the state that "before" makes and "after" ends."""
        self.guest.check(before)
        loop = kth.run(self.guest, act, undo, self.valid, self.step)
        if loop.status == 0:
            self.guest.check(after)
        return loop


def failing_add(place):
    return place.fail(place.add, place.remove)


def failing_online(place):
    return place.fail(place.online, place.offline, before=place.add, after=place.remove)


def failing_kernel_online(place):
    """Each time anew: the linear map is in blocks before, and in pages after."""
    online = place.online.replace("online_movable", "online_kernel")
    return place.fail(online, f"{place.offline} && {place.remove} && {place.add}",
                      before=place.add, after=place.remove)


def failing_offline(place):
    return place.fail(place.offline, place.online,
                      before=f"{place.add} && {place.online}",
                      after=f"{place.offline} && {place.remove}")


def failing_offline_of_parts(place):
    """Blocks of two zones by one write: its parts have to be noted somewhere."""
    start, size = place.range
    act = f"echo {start:#x} {size:#x} > /sys/devices/system/memory/offline"
    online = " && ".join(f"echo {state} > {file}" for state, file in
                         zip(("online_kernel", "online_movable"), place.files))
    return place.fail(act, online, before=f"{place.add} && {online}",
                      after=f"{act} && {place.remove}")


# A file in memory that the block alone has: huge pages if there are any, and small ones.
DATA_KIB = 2048 + 256
FILE, SEED = "/tmp/moving/file", "/tmp/seed"
FOLDER = "mkdir -p /tmp/moving && mount -t tmpfs -o mpol=bind:1,huge=within_size moving /tmp/moving"


def failing_evacuation(place):
    """Data moves out each time, is compared, and written anew where it was."""
    write = (f"truncate -s {DATA_KIB}k {FILE} && dd if={SEED} of={FILE} bs=1M conv=notrunc"
             " 2> /dev/null")
    place.guest.check(f"dd if=/dev/urandom of={SEED} bs=1k count={DATA_KIB} 2> /dev/null")
    loop = place.fail(
        place.offline, f"cmp {SEED} {FILE} && rm {FILE} && {place.online} && {write}",
        before=f"{place.add} && {place.online} && {FOLDER} && {write}",
        after=f"{place.offline} && cmp {SEED} {FILE} && {place.remove} && umount /tmp/moving"
              f" && rm {SEED}")
    moved = migrated(place.guest)
    assert moved >= len(loop.tries) * DATA_KIB * 1024 // place.guest.page_size(), moved
    return loop


def failing_remove(place):
    return place.fail(place.remove, place.add, before=place.add, after=place.remove)


def failing_evict(place):
    online = f"{place.add} && {place.online}"
    return place.fail(place.evict, online, before=online, after=place.evict)


POLICY = "/sys/devices/system/memory/auto_online_blocks"


def failing_add_online(place):
    return place.fail(place.add, place.evict, before=f"echo online_movable > {POLICY}",
                      after=f"echo offline > {POLICY}")


def verdicts(loop, name, step):
    """Results of one operation."""
    each = ("every allocation" if step == 1 else
            f"each of the first {kth.EACH} allocations and every {step}th after")
    yield loop.settled, f"SAFE-01 {name}: done and undone once, it is as before"
    yield loop.through, f"SAFE-01 {name}: {each} was made to fail, one at a time"
    yield not loop.wrong_errno(), f"CORE-09 {name}: what is refused is -ENOMEM"
    yield not loop.changed(), f"CORE-01 VALID-02 {name}: what is refused changes nothing"
    yield not loop.half_done(), f"CORE-01 CORE-08 {name}: what is not refused is whole"
    yield loop.ended and not loop.stuck(), f"CORE-01 {name}: then it works and leaves nothing"


def note(ctx, tree, name, loop):
    ctx.note(f"{tree}: {name}: {loop.summary()}")
    if loop.status:
        ctx.note("\n".join(loop.text.splitlines()[-3:]) + f"\nstatus {loop.status}")


def stock_fails(ctx, operation):
    """What stock makes of it; the scenario does not depend on that."""
    with hidden_ram(ctx, operation.rodata, operation.bare, tree="stock",
                    expect_death=True, keep_going=True) as guest:
        try:
            loop = operation.act(Place(guest, operation.blocks, operation.step))
            note(ctx, "stock", operation.name, loop)
        except HarnessError as error:
            ctx.note(f"stock: {operation.name}: {str(error).splitlines()[0]}")
        if guest.pulse.reason:
            ctx.note(f"stock: {operation.name}: {guest.pulse.reason}")


def every_allocation(ctx, operation):
    if ctx.beside_stock:
        stock_fails(ctx, operation)
    name = operation.name
    with hidden_ram(ctx, operation.rodata, operation.bare) as guest:
        step = max(ctx.step, operation.step)
        place = Place(guest, operation.blocks, step)
        before, first = everything(guest), amounts(guest)
        loop = operation.act(place)
        note(ctx, ctx.tree, name, loop)
        yield from verdicts(loop, name, step)
        yield not loop.untold(), f"CORE-09 {name}: the log says why it is refused"
        expect_same(before, everything(guest))
        small_drift(ctx, name, first, amounts(guest))
        yield True, f"CORE-01 SAFE-01 {name}: state and free memory are as before"


BACKGROUND = "/sys/module/memory_hotplug/parameters/online_background"
WORKER = "do_job"           # of background.c


def short_of(place, kind, space):
    """A worker onlines what is added, and gets no page, or object, after so much: (errno, was one
    refused?)"""
    shortage.begin(place.guest, space, 1, caller=WORKER, kind=kind)
    error = ask(place.guest, "add", *place.range)
    came = shortage.came(place.guest, kind)
    shortage.end(place.guest, kind)
    return error, came


def each_refused(place, kind, step):
    """What becomes of it, with one refused after the other."""
    before, errors = everything(place.guest), []
    for nth in range(kth.LIMIT):
        error, came = short_of(place, kind, nth * step)
        if error == "0":
            place.guest.check(place.evict)
        if not came:
            return errors + [error] * (error != "0")
        expect_same(before, everything(place.guest))
        errors.append(error)


def in_background(ctx):
    """A worker's allocations are no task's that could ask for the k-th to fail."""
    with hidden_ram(ctx, bare=True) as guest:
        # more than a piece of a GiB
        place = Place(guest, 2 * GIB // guest.blocks()[0].size)
        guest.check(f"echo online_movable > {POLICY}; echo Y > {BACKGROUND}")
        guest.check(f"{place.add} && {place.evict}")
        errors = {"pages": each_refused(place, shortage.PAGES, 1),
                  "objects": each_refused(place, shortage.OBJECTS, 32)}
        ctx.note(f"refused: {errors}")
        yield ("ENOMEM" in errors["objects"] and {*errors["objects"], *errors["pages"]} <= {"0", "ENOMEM"}
               ), "SAFE-01 ONLINE-06 a worker that gets no memory refuses, and all is as before"


@dataclass
class Operation:
    name: str
    blocks: int
    act: object
    rodata: str = "on"
    bare: bool = False      # the node is not up before
    step: int = 1           # of those that are all alike, so many are passed over


OPERATIONS = [
    Operation("add of two blocks", 2, failing_add),
    Operation("add of two blocks that come online by themselves", 2, failing_add_online),
    Operation("add of a block that brings its node up", 1, failing_add, bare=True),
    Operation("online of a block", 1, failing_online),
    Operation("online of the first block of a bare node", 1, failing_online, bare=True),
    Operation("online of a block in a kernel zone, which pages have to map", 1,
              failing_kernel_online, "full", bare=True, step=12),     # tables, mostly
    Operation("offline of a block", 1, failing_offline),
    Operation("offline of two blocks, in two zones, as a range", 2, failing_offline_of_parts,
              bare=True),
    Operation("offline of a block with data in it", 1, failing_evacuation, bare=True, step=4),
    Operation("remove of two blocks", 2, failing_remove),
    Operation("offline and removal of two blocks in one", 2, failing_evict),
]

SCENARIOS = [
    ("CORE-01 CORE-08 CORE-09 SAFE-01 the k-th allocation fails, all or nothing: "
     + operation.name, lambda ctx, operation=operation: every_allocation(ctx, operation))
    for operation in OPERATIONS
] + [
    ("SAFE-01 ONLINE-06 an allocation fails while memory comes online in the background",
     in_background),
]
