# SPDX-License-Identifier: GPL-2.0-only
"""Removal waits for a walker that is inside, and whoever waits may be killed.

A walker stands still in the middle: it needs the lock of a page of old memory that a
module holds (memhp_lock). What is removed meanwhile is offline, and nobody has anything
to do with it, but that cannot be known of a walker.
"""

import time

from controller import MOVABLE, STATES, ask, attach, ctl, parse, segments
from errno import ETIMEDOUT
from memhp_vm import CommandFailed
from memhp_vm.pulse import deadline
from probe import CMDLINE, EDGE, MEMORY, two_hidden
from ranges import command, do, hidden_ram, load, set_state, state_file
from machines import GIB, HIDDEN
from observe import expect_same, state

DEBUG = "/sys/kernel/debug"
FILE = "/tmp/held/file"
PARAMETER = "/sys/module/memhp_lock/parameters/pfn"
HUGE = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
STILL = 3                       # seconds in which what can be done is done

# What needs the lock of the page {pfn}, at {address}.
WALKERS = {
    "memory_failure": f"echo {{pfn:#x}} > {DEBUG}/hwpoison/corrupt-pfn",
    "soft_offline_page": f"echo {{address:#x}} > {MEMORY}/soft_offline_page",
}


class Held:
    """A walker that does not come out until release()."""

    def __init__(self, guest, name):
        self.guest, self.name = guest, name
        size = int(guest.check(f"cat {HUGE}"))
        guest.check("mkdir -p /tmp/held && mount -t tmpfs -o huge=always tmpfs /tmp/held"
                    f" && dd if=/dev/zero of={FILE} bs={size} count=1 2> /dev/null")
        status, out = guest.insmod("memhp_lock", f"path={FILE}")
        assert status == 0, out
        self.pfn = int(guest.check(f"cat {PARAMETER}"))
        text = WALKERS[name].format(pfn=self.pfn, address=self.pfn * guest.page_size())
        self.job = guest.start(text)
        time.sleep(1)
        assert not self.job.done(), f"{name} did not need the lock: {self.job.output}"

    def release(self):
        self.guest.check("rmmod memhp_lock")
        self.job.wait(60)
        self.guest.check(f"echo {self.pfn:#x} > {DEBUG}/hwpoison/unpoison-pfn || true;"
                         " umount /tmp/held")


def stays(guest, job, block):
    """Is the job still waiting, and is the memory there?"""
    time.sleep(STILL)
    status, _ = guest.run(f"test -e {state_file(block)}")
    return not job.done() and status == 0


def removal_waits(guest, name):
    size = guest.blocks()[0].size
    do(guest, "add", HIDDEN, size)
    held = Held(guest, name)
    job = guest.start(command("remove", HIDDEN, size))
    waited = stays(guest, job, HIDDEN // size)
    held.release()
    assert waited, f"memory went while {name} was inside"
    job.check()
    assert guest.run(f"test -e {state_file(HIDDEN // size)}")[0] != 0


def each_is_waited_for(ctx):
    with hidden_ram(ctx) as guest:
        load(guest)
        before = state(guest)
        for name in WALKERS:
            removal_waits(guest, name)
            yield True, f"SAFE-06 removal waits for {name}()"
        expect_same(before, state(guest))


def states(guest, first):
    return guest.check(f"cat {state_file(first)} {state_file(first + 1)}").split()


def wait_offline(guest, job, first):
    """Both blocks; the job has come to where it waits, or is about to."""
    end = deadline(60 * guest.slowness)
    while states(guest, first) != ["offline"] * 2:
        assert time.monotonic() < end and not job.done(), states(guest, first)
        time.sleep(0.1)


def zone_of(guest, block):
    return guest.check(f"cat {MEMORY}/memory{block}/valid_zones").strip()


def killed(guest, job, text):
    """The job ends at once, with a line in the log."""
    job.kill()
    job.wait(20)
    assert job.done(), "it was killed, and waits"
    line = guest.check(f"dmesg | grep 'not removed, error -4' | tail -n 1; dmesg -c > /dev/null")
    assert text in line, line


def evict_can_be_killed(guest, size):
    """It offlines, waits, is killed: all is online again, in the same zones."""
    first = HIDDEN // size
    held = Held(guest, "memory_failure")        # in old memory
    do(guest, "add", HIDDEN, 2 * size)
    set_state(guest, HIDDEN, 2 * size, "online_movable")
    zones = [zone_of(guest, first + i) for i in range(2)]
    job = guest.start(command("evict", HIDDEN, 2 * size))
    wait_offline(guest, job, first)
    assert stays(guest, job, first)
    before = guest.check("cat /proc/iomem")
    killed(guest, job, f"{HIDDEN:#018x}")
    assert guest.check("cat /proc/iomem") == before
    later = [zone_of(guest, first + i) for i in range(2)]
    assert later == zones, f"{zones} became {later}"
    assert states(guest, first) == ["online"] * 2
    # the next one does not take the answer to the one before
    job = guest.start(command("evict", HIDDEN, 2 * size))
    assert stays(guest, job, first)
    held.release()
    job.check()


def driver_cannot_be_killed(guest, size):
    """A driver's removal goes on waiting: it has no second try."""
    do(guest, "add", HIDDEN, size)
    held = Held(guest, "memory_failure")
    job = guest.start(command("remove", HIDDEN, size))
    assert stays(guest, job, HIDDEN // size)
    job.kill()
    time.sleep(1)
    assert guest.run(f"test -e {state_file(HIDDEN // size)}")[0] == 0
    held.release()
    try:
        job.wait(60)
    except CommandFailed:
        pass
    assert guest.run(f"test -e {state_file(HIDDEN // size)}")[0] != 0


def by_hand_can_be_killed(guest, size):
    """What is offline already is removed by hand, and that is killed."""
    guest.check(f"echo {HIDDEN:#x} {size:#x} 1 > {MEMORY}/probe")
    held = Held(guest, "memory_failure")
    text = f"echo {HIDDEN:#x} {size:#x} > {MEMORY}/remove"
    job = guest.start(text)
    assert stays(guest, job, HIDDEN // size)
    killed(guest, job, f"{HIDDEN:#018x}")
    assert guest.run(f"test -e {state_file(HIDDEN // size)}")[0] == 0
    held.release()
    guest.check(text)


def the_waiting_may_be_killed(ctx):
    with hidden_ram(ctx) as guest:
        load(guest)
        guest.check("dmesg -c > /dev/null")
        size, before = guest.blocks()[0].size, state(guest)
        assert size < GIB
        for step, sentence in ((evict_can_be_killed, "offline_and_remove_memory()"),
                               (by_hand_can_be_killed, "a removal by hand"),
                               (driver_cannot_be_killed, "remove_memory() cannot, and goes on")):
            step(guest, size)
            yield True, f"SAFE-06 killed while it waits for a walker: {sentence}"
        expect_same(before, state(guest))


def as_before(guest, before):
    """The segment is attached, and all of it online as it was."""
    found = segments(guest)[1]
    return (STATES[int(found["state"])] == "attached"
            and [b.state for b in guest.blocks() if b.start >= EDGE] == before)


def a_controller_gives_up(ctx):
    with ctx.guest(firmware="dt", topology=two_hidden(), cmdline=CMDLINE) as guest:
        held = Held(guest, "memory_failure")
        assert not ask(guest, attach(1, EDGE, policy=MOVABLE)).error
        before = [b.state for b in guest.blocks() if b.start >= EDGE]
        late = ctl(guest, "reclaim uuid=1 owner=test", "detach uuid=1 deadline=2000 wait=10000")[-1]
        yield late.error == ETIMEDOUT and as_before(guest, before), \
            f"CTRL-04 SAFE-06 the deadline ends a detach that waits for a walker: {late}"
        job = guest.start("ctl reclaim uuid=1 owner=test -- detach uuid=1 deadline=600000"
                          f" -- sleep {STILL * 1000} -- abort uuid=1 wait=10000")
        job.wait(60)
        stopped = parse(job.output)[-1]
        yield stopped.error == 0 and as_before(guest, before), \
            f"CTRL-04 SAFE-06 so does abort: {stopped}"
        held.release()
        gone = ctl(guest, "reclaim uuid=1 owner=test", "detach uuid=1 deadline=10000 wait=10000")[-1]
        yield not gone.error and not [b for b in guest.blocks() if b.start >= EDGE], \
            f"CTRL-04 when the walker has left it goes: {gone}"


SCENARIOS = [
    ("CTRL-04 SAFE-06 a controller's detach does not wait for a walker longer than it may",
     a_controller_gives_up),
    ("SAFE-06 removal waits for a walker that stands still", each_is_waited_for),
    ("SAFE-06 who waits for a walker may be killed", the_waiting_may_be_killed),
]
