# SPDX-License-Identifier: GPL-2.0-only
"""Memory comes online, is used at once, and then the rest of it is refused, or called off.

What was online goes again; what cannot, stays and is named. The module memhp_refuse waits
before it refuses, so that there is time to use what is online by then. An undo that waited
for somebody's page would wait for ever, with every lock of hotplug.
"""

import time
from errno import EALREADY, EBUSY, ECANCELED, EINPROGRESS, ENOENT

from controller import (MOVABLE, OFFLINE, Owner, Pin, attach, ctl, parse, segment, segments,
                        settled, whole_lines)
from memhp_vm import Node, Topology
from observe import expect_same, state
from probe import CMDLINE, EDGE, MEMORY, MIB, two_hidden, write

BLOCK = 128 * MIB
MODULE = "/sys/module/memhp_refuse/parameters"
ENOUGH = 30                 # seconds for an undo; it takes less than one


def load(guest, parameters=""):
    status, out = guest.insmod("memhp_refuse", parameters)
    assert status == 0, out


class Refused:
    """Something that is under way, with its first part online, and waits for a refusal."""

    def __init__(self, guest, command, parameters=""):
        self.guest = guest
        load(guest, parameters)
        self.job = guest.start(command)
        guest.check(f"until grep -q Y {MODULE}/waiting; do sleep .1; done", timeout=60)

    def go(self):
        """Refuses it; what the command has printed."""
        self.guest.check(f"echo Y > {MODULE}/go")
        began = time.monotonic()
        self.job.wait(ENOUGH)
        self.guest.check("rmmod memhp_refuse")
        return self.job.output, time.monotonic() - began


def machine(ctx, more=""):
    return ctx.guest(firmware="dt", topology=two_hidden(), cmdline=f"{CMDLINE} {more}")


def online(guest):
    """The blocks of node 1 that are online, by their first addresses."""
    return [b.start for b in guest.blocks() if b.start >= EDGE and b.state == "online"]


def warm(guest):
    """What is there once and for all: of the node, its zone, and where modules are."""
    load(guest)
    guest.check("rmmod memhp_refuse")
    assert not write(guest, "probe", f"{EDGE:#x}")
    assert not write(guest, "offline", f"{EDGE:#x}")
    assert not write(guest, "remove", f"{EDGE:#x}")


# ---- two blocks that hold their own page structs: each comes online by itself

def probing(guest):
    guest.check(f"echo online_movable > {MEMORY}/auto_online_blocks")
    warm(guest)
    before = state(guest)
    guest.put("/tmp/two", f"{EDGE:#x} {2 * BLOCK:#x}".encode())
    return Refused(guest, f"exec onewrite {MEMORY}/probe < /tmp/two"), before


def add_is_undone(ctx):
    with machine(ctx, "memory_hotplug.memmap_on_memory=1") as guest:
        add, before = probing(guest)
        assert online(guest) == [EDGE]
        out, _ = add.go()
        assert int(out) == ECANCELED, out
        expect_same(before, state(guest))


def add_is_undone_for_the_dying(ctx):
    """Who is to end does not leave half of it behind, and takes it for a success."""
    with machine(ctx, "memory_hotplug.memmap_on_memory=1") as guest:
        add, before = probing(guest)
        guest.check("kill -TERM $(pidof onewrite)")
        add.go()
        assert not [b for b in guest.blocks() if b.start >= EDGE]
        expect_same(before, state(guest))


NODES = ("cat /sys/devices/system/node/online;"
         " ls /sys/devices/system/node /sys/devices/system/node/node1")


def node_stays_up(ctx):
    """The tables name it, so that it is up from boot on, without memory or CPUs."""
    topology = Topology(nodes=[Node("1G", 2), Node("2G", 0)])
    with ctx.guest(firmware="dt", topology=topology,
                   cmdline=f"{CMDLINE} memory_hotplug.memmap_on_memory=1") as guest:
        before = guest.check(NODES)
        assert before.splitlines()[0] == "0-1", f"node 1 is not up since boot: {before}"
        guest.check(f"echo online_movable > {MEMORY}/auto_online_blocks")
        guest.put("/tmp/two", f"{EDGE:#x} {2 * BLOCK:#x}".encode())
        out, _ = Refused(guest, f"exec onewrite {MEMORY}/probe < /tmp/two").go()
        assert int(out) == ECANCELED, out
        assert not [b for b in guest.blocks() if b.start >= EDGE]
        assert guest.check(NODES) == before


HELD = "/tmp/held"


class Locked:
    """A page of node 1 that is in a file, and whose lock nobody gets."""

    def __init__(self, guest):
        self.guest = guest
        guest.check(f"mkdir {HELD} && mount -t tmpfs -o mpol=bind:1 tmpfs {HELD}"
                    f" && echo held > {HELD}/file")
        status, out = guest.insmod("memhp_lock", f"path={HELD}/file")
        assert status == 0, out

    def release(self):
        self.guest.check(f"rmmod memhp_lock; umount {HELD}")


def stays(ctx, holder):
    """What somebody holds a page of stays; the rest of what was added with it is offline."""
    with machine(ctx, "memory_hotplug.memmap_on_memory=1") as guest:
        add, _ = probing(guest)
        held = holder(guest)
        out, seconds = add.go()
        ctx.note(f"{seconds:.1f} s; {guest.check('dmesg | grep part | tail -n 1').strip()}")
        assert out and int(out) == 0, out
        assert [b.start for b in guest.blocks() if b.start >= EDGE] == [EDGE, EDGE + BLOCK]
        assert online(guest) == [EDGE]
        guest.check("dmesg | grep -q 'is there, but a part of it is offline, error -125'")
        held.release()
        assert not write(guest, "offline", f"{EDGE:#x}")
        assert not write(guest, "remove", f"{EDGE:#x} {2 * BLOCK:#x}")


def add_stays(ctx):
    stays(ctx, Pin)


def add_stays_for_a_lock(ctx):
    """As with reading from a server that does not answer: its page stays locked for so long."""
    stays(ctx, Locked)


# ---- a segment of two ranges

TWO = attach(1, EDGE, policy=MOVABLE).replace(
    f"+{BLOCK:#x}", f"+{BLOCK:#x} range={EDGE + 4 * BLOCK:#x}+{BLOCK:#x}")


def attach_stays(ctx):
    with machine(ctx) as guest:
        one = Refused(guest, f"exec ctl {TWO}")
        pin = Pin(guest)
        out, seconds = one.go()
        answer = parse(out)[0]
        assert answer.error == ECANCELED, answer
        seg = settled(guest)[1]
        ctx.note(f"{seconds:.1f} s; {answer}; {seg}")
        assert online(guest) == [EDGE] and seg["error"] != "0", seg
        pin.release()
        mine, again, last = ctl(guest, "reclaim uuid=1 owner=test", TWO,
                                "detach uuid=1 wait=10000")
        assert again.error == ECANCELED and "detach" in again.text, again
        assert not mine.error and not last.error, last
        assert segment(guest, 1) is None and not [b for b in guest.blocks() if b.start >= EDGE]


# ---- called off while its last range comes online, which nobody refuses

NOW = TWO.replace("wait=10000", "wait=0")


class CalledOff(Refused):
    """By the next controller: that of before does not wait, and dies."""

    def __init__(self, guest, command):
        super().__init__(guest, f"exec ctl {command}", "agree=Y")

    def answers(self):
        """Of all aborts; the last one is the only one that sees the end."""
        heir = self.guest.start("exec ctl reclaim uuid=1 owner=test -- abort uuid=1 wait=0"
                                " -- abort uuid=1 wait=200 -- abort uuid=1 wait=10000")
        end = time.monotonic() + ENOUGH * self.guest.slowness
        while len(parse(whole_lines(heir.output))) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        self.go()
        mine, *aborts = parse(heir.check(ENOUGH))
        assert not mine.error, mine
        return aborts


def attach_called_off(ctx):
    with machine(ctx) as guest:
        load(guest)
        guest.check("rmmod memhp_refuse")
        assert not ctl(guest, TWO, "detach uuid=1 wait=10000")[1].error
        before = state(guest)
        at_once, early, last = CalledOff(guest, NOW).answers()
        ctx.note(f"{at_once}; {early}; {last}")
        yield at_once.error == 0, "CTRL-04 an abort that does not wait: 0"
        yield early.error == EINPROGRESS and "event" in early.text, \
            "CTRL-04 an abort that waits less than it takes: EINPROGRESS"
        yield last.error == 0 and segments(guest) == {}, \
            "CTRL-04 an attach is called off in its last range: 0, and no segment"
        yield not [b for b in guest.blocks() if b.start >= EDGE], "CTRL-04 nor memory of it"
        expect_same(before, state(guest))
        yield ctl(guest, "abort uuid=1 wait=0")[0].error == ENOENT, \
            "CTRL-04 then there is nothing to abort"


def attach_called_off_in_use(ctx):
    with machine(ctx) as guest:
        off = CalledOff(guest, NOW)
        pin = Pin(guest)
        last = off.answers()[-1]
        seg = settled(guest)[1]
        ctx.note(f"{last}; {seg}")
        assert last.error == EBUSY and "detach" in last.text, last
        assert -int(seg["error"]) in (ECANCELED, -ECANCELED), seg
        pin.release()
        assert not ctl(guest, "reclaim uuid=1 owner=test", "detach uuid=1 wait=10000")[1].error


def change_called_off_too_late(ctx):
    """It was in its last range: nothing looks again, and all of it is as was asked for."""
    with machine(ctx) as guest:
        Owner(guest, TWO.replace(f"policy={MOVABLE}", f"policy={OFFLINE}")).good().die()
        change = f"reclaim uuid=1 owner=test -- change uuid=1 policy={MOVABLE} deadline=600000"
        last = CalledOff(guest, change).answers()[-1]
        ctx.note(last)
        assert last.error == EALREADY and "done before" in last.text, last
        seg = settled(guest)[1]
        assert (seg["usage"], seg["error"]) == ("2", "0"), seg


SCENARIOS = [
    ("CORE-01 what is online when the rest is refused goes again", add_is_undone),
    ("CORE-01 it goes again when the one who adds it is about to end",
     add_is_undone_for_the_dying),
    ("CORE-01 a node that was up before the refused add stays up", node_stays_up),
    ("CORE-01 what is in use when the rest is refused stays, and is not waited for", add_stays),
    ("CORE-01 nor is somebody's lock waited for when the rest is refused", add_stays_for_a_lock),
    ("CTRL-02 an attach that fails ends, also when somebody has got a page of it",
     attach_stays),
    ("CTRL-02 CTRL-04 an attach is called off, and nothing of it is left", attach_called_off),
    ("CTRL-02 CTRL-04 an attach is called off, and a part of it is in use",
     attach_called_off_in_use),
    ("CTRL-04 a change is called off when it is all but done", change_called_off_too_late),
]
