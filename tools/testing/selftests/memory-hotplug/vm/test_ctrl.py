# SPDX-License-Identifier: GPL-2.0-only
"""Controllers: segments of memory that programs attach and detach, by netlink and files.

RAM that "mem=" hides stands for memory behind a fabric. Stock has nothing of the kind:
what it does beside is to have no such family.
"""

import os
import signal
import time
from errno import (E2BIG, EALREADY, EBUSY, ECANCELED, EDQUOT, EEXIST, EINVAL, ENOENT, ENOMEM,
                   ENOSPC, EOPNOTSUPP, EOWNERDEAD, EPERM, EPROTONOSUPPORT, ERANGE, ETIMEDOUT,
                   errorcode)

import notifier
from controller import (CLASS, EVENTS, MOVABLE, OFFLINE, STATES, USAGES, Owner, Pin, ask, attach,
                        ctl, parse, segment, segments, settled, sysfs, wait_state)
from machines import GIB
from memhp_vm import Node, Topology
from memhp_vm.usage import migrated
from observe import amounts, expect_same, small_drift, state
from probe import CMDLINE, EDGE, MIB, TOP, two_hidden, windows, write

HIDDEN = GIB + 512 * MIB            # the first address that mem=512M hides
BLOCK = 128 * MIB
POISONED = 6                        # a kind of blocker
EHWPOISON = 133                     # Python has no name for it
FUZZ = int(os.environ.get("MEMHP_FUZZ", "4000"))
OPERATIONS = int(os.environ.get("MEMHP_CYCLES", "80"))
PAIRS = 10 * int(os.environ.get("MEMHP_CYCLES", "4"))
BURST = 10 * int(os.environ.get("MEMHP_CYCLES", "100"))


def machine(ctx, **options):
    options.setdefault("cmdline", CMDLINE)
    return ctx.guest(firmware="dt", topology=two_hidden(), **options)


def good(answer):
    assert not answer.error, answer
    return answer


def refused(answer, number, *words):
    assert answer.error == number, f"{errorcode[number]} is wanted: {answer}"
    for word in words:
        assert word in answer.text, answer


def warm(guest):
    """What is cached once and for all is not counted: one cycle before the first look."""
    for answer in ctl(guest, attach(99, EDGE, policy=MOVABLE), "detach uuid=99 wait=10000"):
        good(answer)


# ---- windows

def windows_agree(ctx):
    with machine(ctx) as guest:
        dump = [(int(w["1"]), int(w["2"]), int(w["3"])) for w in ask(guest, "windows").objects]
        assert dump == [(w.start, w.end - w.start, w.node) for w in windows(guest)], dump
        assert len(dump) == 2, dump
        shown = guest.check(f"cd {CLASS}; cat window-*/start window-*/size window-*/used").split()
        assert [int(v, 16) for v in shown] == [HIDDEN, EDGE, 512 * MIB, 2 * GIB, 0, 0], shown
        far = 64 * GIB
        assert not write(guest, "window_add", f"{far:#x} 1G 0")
        guest.check(f"grep -x administrator {CLASS}/window-{far:x}/source")
        assert not write(guest, "window_remove", f"{far:#x} {BLOCK:#x}")
        guest.check(f"[ ! -e {CLASS}/window-{far:x} ] && [ -e {CLASS}/window-{far + BLOCK:x} ]")
        assert not write(guest, "window_remove", f"{far + BLOCK:#x} {GIB - BLOCK:#x}")
        guest.check(f"[ ! -e {CLASS}/window-{far + BLOCK:x} ]")


def limits_of_parts(ctx):
    """What was allowed in a window is not more when it has other ends."""
    with machine(ctx) as guest:
        far = 64 * GIB

        def limits(*blocks):
            return [guest.check(f"cat {CLASS}/window-{far + n * BLOCK:x}/limit").strip()
                    for n in blocks]
        assert not write(guest, "window_add", f"{far + BLOCK:#x} 1G 0")
        guest.check(f"echo {BLOCK:#x} > {CLASS}/window-{far + BLOCK:x}/limit")
        assert not write(guest, "window_add", f"{far:#x} {BLOCK:#x} 0")
        yield limits(0) == [f"{BLOCK:#x}"], "CTRL-01 a window that begins lower has the limit still"
        assert not write(guest, "window_remove", f"{far + 3 * BLOCK:#x} {BLOCK:#x}")
        yield limits(0, 4) == 2 * [f"{BLOCK:#x}"], "CTRL-01 so have the two that are left of it"
        guest.check(f"echo {2 * BLOCK:#x} > {CLASS}/window-{far:x}/limit")
        assert not write(guest, "window_add", f"{far + 3 * BLOCK:#x} {BLOCK:#x} 0")
        yield limits(0) == [f"{BLOCK:#x}"], "CTRL-01 when they join, the lower one holds"


def window_limits(ctx):
    with machine(ctx) as guest:
        limit = f"{CLASS}/window-{EDGE:x}/limit"
        guest.check(f"grep -x none {limit}; echo {2 * BLOCK:#x} > {limit}")
        one, two, over, other = ctl(guest, attach(1, EDGE, 2 * BLOCK, policy=OFFLINE),
                                    attach(1, EDGE, 2 * BLOCK, policy=OFFLINE),
                                    attach(2, EDGE + GIB, policy=OFFLINE),
                                    attach(3, HIDDEN, policy=OFFLINE))
        good(one), good(two), good(other)
        refused(over, ENOSPC, "limit")
        assert ask(guest, attach(4, window=EDGE, policy=OFFLINE)).error == ENOSPC
        guest.check(f"echo none > {limit}")
        good(ask(guest, attach(4, window=EDGE, policy=OFFLINE)))
        assert guest.run(f"echo -1 > {limit}")[0] and guest.run(f"echo 1x > {limit}")[0]


# ---- attach and detach

def there_and_back(ctx):
    with machine(ctx) as guest:
        def cycle(fill):
            owner = Owner(guest, attach(7, EDGE, GIB, policy=MOVABLE, cookie=42, node=1)).good()
            seg = segment(guest, 7)
            assert (STATES[int(seg["state"])], USAGES[int(seg["usage"])], seg["cookie"]) == \
                ("attached", "online-movable", "42"), seg
            assert "System RAM (memhp)" in guest.check("cat /proc/iomem")
            if fill:
                guest.check(f"memfill {EDGE:#x} {GIB:#x} 1")
            owner.die()
            last = ctl(guest, "reclaim uuid=7 owner=test", "detach uuid=7 wait=10000",
                       "get uuid=7")
            good(last[0]), good(last[1])
            refused(last[2], ENOENT, "uuid")
        cycle(False)
        before = state(guest)
        cycle(True)
        expect_same(before, state(guest))


def idempotent(ctx):
    with machine(ctx) as guest:
        first, again, later, other, node, place = ctl(
            guest, attach(1, EDGE, policy=OFFLINE), attach(1, EDGE, policy=OFFLINE),
            attach(1, EDGE, policy=OFFLINE, cookie=9), attach(1, EDGE + BLOCK),
            attach(1, EDGE, node=0), attach(1))
        for answer in (first, again, later, place):
            good(answer)
            assert answer.objects[0]["ranges"] == [f"{EDGE:#x}+{BLOCK:#x}"], answer
        refused(other, EEXIST, "uuid"), refused(node, EEXIST, "uuid")
        assert len(segments(guest)) == 1
        refused(ask(guest, attach(1, EDGE, policy=OFFLINE)), EOWNERDEAD, "reclaim")


def any_place(ctx):
    with machine(ctx) as guest:
        low, high, in_node, fits, full = ctl(
            guest, attach(1, policy=OFFLINE), attach(2, window=EDGE, policy=OFFLINE),
            attach(3, node=1, policy=OFFLINE), attach(4, None, 512 * MIB, policy=OFFLINE),
            attach(5, None, 2 * GIB, policy=OFFLINE))
        starts = [int(a.objects[0]["ranges"][0].split("+")[0], 16)
                  for a in (low, high, in_node, fits)]
        assert starts == [HIDDEN, EDGE, EDGE + BLOCK, EDGE + 2 * BLOCK], starts
        refused(full, ENOSPC, "free")


def several_ranges(ctx):
    """Ranges that touch stay ranges, and go one by one, in part, and as a whole."""
    with machine(ctx) as guest:
        warm(guest)
        before = state(guest)
        ranges = f"range={EDGE:#x}+{BLOCK:#x} range={EDGE + BLOCK:#x}+{2 * BLOCK:#x}"
        owner = (f"attach uuid=1 owner=o {ranges} range=+{BLOCK:#x} window={EDGE} policy={MOVABLE}"
                 " wait=10000")
        made, _, part, mid, outside, rest = ctl(
            guest, owner, owner,
            f"detach uuid=1 range={EDGE + BLOCK:#x}+{BLOCK:#x} wait=10000",
            f"detach uuid=1 range={EDGE:#x}+{2 * BLOCK:#x} wait=10000",
            f"detach uuid=1 range={EDGE + GIB:#x}+{BLOCK:#x} wait=10000",
            "detach uuid=1 wait=10000")
        assert len(good(made).objects[0]["ranges"]) == 3, made
        good(part), good(rest)
        refused(mid, ENOENT, "range"), refused(outside, ENOENT, "range")
        assert segments(guest) == {}
        expect_same(before, state(guest))


def across_a_step(ctx):
    """Blocks are looked at 64 at a time: a segment lies on both sides of a step."""
    first = 63
    with ctx.guest(firmware="dt", cmdline=CMDLINE,
                   topology=Topology(nodes=[Node("8G", 1)])) as guest:
        Owner(guest, attach(1, first * BLOCK, 2 * BLOCK, policy=OFFLINE)).good()
        for index in (first, first + 1):
            at = f"/sys/devices/system/memory/memory{index}/state"
            guest.check(f"echo online_movable > {at}; grep -x mixed {sysfs(1)}/state")
            assert USAGES[int(segment(guest, 1)["usage"])] == "mixed"
            guest.check(f"echo offline > {at}; grep -x offline {sysfs(1)}/state")


def own_page_structs(ctx):
    """They are in front, where no memory blocks are: no part goes without the rest."""
    with ctx.guest(firmware="dt", cmdline=CMDLINE,
                   topology=Topology(nodes=[Node("8G", 1)])) as guest:
        good(ask(guest, attach(1, EDGE, 6 * GIB, policy=OFFLINE)))
        front = min(b.start for b in guest.blocks() if b.start >= EDGE) - EDGE
        assert front, "it has no front"
        parts = [(EDGE, front), (EDGE, BLOCK), (EDGE + front, BLOCK), (EDGE, 2 * front)]
        taken, *answers, seen, gone = ctl(guest, "reclaim uuid=1 owner=test", *(
            f"detach uuid=1 range={at:#x}+{size:#x} wait=10000" for at, size in parts),
            "get uuid=1", "detach uuid=1 wait=10000")
        good(taken)
        for answer in answers:
            refused(answer, EBUSY, "as a whole")
        assert seen.objects[0]["size"] == str(6 * GIB), seen
        good(gone)
        assert segments(guest) == {} and not [b for b in guest.blocks() if b.start >= EDGE]
        # in use it is refused just as well, and no page of it has been moved for that
        good(ask(guest, attach(2, EDGE, 6 * GIB, policy=MOVABLE)))
        guest.check("mkdir /tmp/full && mount -t tmpfs tmpfs /tmp/full &&"
                    " dd if=/dev/zero of=/tmp/full/file bs=1M count=64")
        before, moved = guest.blocks(), migrated(guest)
        answer = ctl(guest, "reclaim uuid=2 owner=test",
                     f"detach uuid=2 range={EDGE + front:#x}+{6 * GIB - front:#x} wait=10000")[1]
        refused(answer, EBUSY, "as a whole")
        assert migrated(guest) == moved, f"{migrated(guest) - moved} pages were moved for nothing"
        assert guest.blocks() == before
        good(ctl(guest, "reclaim uuid=2 owner=test", "detach uuid=2 wait=10000")[1])
        assert migrated(guest) > moved, "there was nothing to be moved"


INJECT = "/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error"


def all_or_nothing(ctx):
    """Memory is there already when a listener refuses that it goes online."""
    with machine(ctx) as guest:
        warm(guest)
        for module in notifier.build(guest):
            guest.put(f"/tmp/{module.name}", module.read_bytes())
            guest.check(f"insmod /tmp/{module.name}")
        before = state(guest)
        request = (f"attach uuid=2 owner=o range={EDGE + GIB:#x}+{2 * BLOCK:#x}"
                   f" range={EDGE:#x}+{BLOCK:#x} policy={MOVABLE} wait=10000")
        guest.check(f"echo -12 > {INJECT}")
        refused(ask(guest, request), ENOMEM, "onlined")
        assert segments(guest) == {} and not guest.run(f"[ ! -e {sysfs(2)} ]")[0]
        q = ask(guest, "quota owner=o").objects[0]
        assert (q["6"], q["7"], q["8"], q["9"]) == ("0", "0", "0", "0"), q
        expect_same(before, state(guest))
        guest.check(f"echo 0 > {INJECT}")
        good(ask(guest, request))


# ---- bad input

def bad_requests():
    """(what, request, errno, a word of the text)"""
    ok = f"uuid=5 owner=o range={EDGE:#x}+{BLOCK:#x}"
    many = " ".join(f"range={EDGE + i * BLOCK:#x}+{BLOCK:#x}" for i in range(17))
    far = 1 << 52
    return [
        ("an unknown uuid", "get uuid=99", ENOENT, "uuid"),
        ("an unknown uuid to detach", "detach uuid=99", ENOENT, "uuid"),
        ("an unknown uuid to abort", "abort uuid=99", ENOENT, "uuid"),
        ("an unknown uuid to change", "change uuid=99 policy=0", ENOENT, "uuid"),
        ("an unknown uuid to reclaim", "reclaim uuid=99 owner=o", ENOENT, "uuid"),
        ("a uuid of zeroes", "get uuid=0", EINVAL, "zeroes"),
        ("no uuid", "detach deadline=5", EINVAL, "uuid"),
        ("no owner", f"attach uuid=5 range={EDGE:#x}+{BLOCK:#x}", EINVAL, "owner"),
        ("an empty owner", f"attach {ok.replace('owner=o', 'owner=')}", EINVAL, "owner"),
        ("an owner that is too long", f"attach {ok.replace('owner=o', 'owner=' + 40 * 'o')}",
         EINVAL, ""),
        ("no range", "attach uuid=5 owner=o", EINVAL, "range"),
        ("a range without size", f"attach uuid=5 owner=o range={EDGE:#x}", EINVAL, "size"),
        ("a size twice", f"attach uuid=5 owner=o range=+{BLOCK:#x}+{BLOCK:#x}", EINVAL, "twice"),
        ("a size of zero", f"attach uuid=5 owner=o range={EDGE:#x}+0", EINVAL, "size"),
        ("an overlapping range", f"attach uuid=5 owner=o range={EDGE + GIB:#x}+{GIB:#x}", EEXIST,
         "segment"),
        ("ranges that overlap", f"attach {ok} range={EDGE:#x}+{BLOCK:#x}", EEXIST, "segment"),
        ("boot memory", f"attach uuid=5 owner=o range={GIB:#x}+{BLOCK:#x}", EPERM, "window"),
        ("outside a window", f"attach uuid=5 owner=o range={TOP:#x}+{BLOCK:#x}", EPERM, "window"),
        ("half outside", f"attach uuid=5 owner=o range={TOP - BLOCK:#x}+{2 * BLOCK:#x}", EPERM,
         "window"),
        ("not in the window that is named", f"attach {ok} window={HIDDEN}", EPERM, "window"),
        ("no such window", f"attach {ok} window=4096", EPERM, "window"),
        ("any place in no such window", f"attach uuid=5 owner=o range=+{BLOCK:#x} window=4096",
         ENOSPC, "window"),
        ("beyond the linear map", f"attach uuid=5 owner=o range={far:#x}+{BLOCK:#x}", E2BIG,
         "linear map"),
        ("a range that wraps", f"attach uuid=5 owner=o range={2**64 - BLOCK:#x}+{2 * BLOCK:#x}",
         EINVAL, "block"),
        ("an unaligned start", f"attach uuid=5 owner=o range={EDGE + 4096:#x}+{BLOCK:#x}", EINVAL,
         "block"),
        ("an unaligned size", f"attach uuid=5 owner=o range={EDGE:#x}+{BLOCK + 4096:#x}", EINVAL,
         "block"),
        ("any place for an unaligned size", "attach uuid=5 owner=o range=+4096", EINVAL, "block"),
        ("a range of two nodes, and none is named",
         f"attach uuid=5 owner=o range={EDGE - BLOCK:#x}+{2 * BLOCK:#x}", EINVAL, "several nodes"),
        ("a node over the limit", f"attach {ok} node=9", EINVAL, "node"),
        ("a node far over the limit", f"attach {ok} node=4294967295", EINVAL, "node"),
        ("distances, and no node", f"attach {ok} distance=0:30", EINVAL, "node is missing"),
        ("another node at 9", f"attach {ok} node=1 distance=0:9", ERANGE, "11 or more"),
        ("another node at 10", f"attach {ok} node=1 distance=0:10", ERANGE, "11 or more"),
        ("a way back of 10", f"attach {ok} node=1 distance=0:30:10", ERANGE, "11 or more"),
        ("a distance of 256", f"attach {ok} node=1 distance=0:256", ERANGE, "255"),
        ("a distance of 32 bits", f"attach {ok} node=1 distance=0:4294967295", ERANGE, "255"),
        ("a node at 11 from itself", f"attach {ok} node=1 distance=1:11", EINVAL, "itself"),
        ("a distance to a node over the limit", f"attach {ok} node=1 distance=9:30", EINVAL,
         "possible"),
        ("a distance to a node far over it", f"attach {ok} node=1 distance=4294967295:30",
         EINVAL, "possible"),
        ("a distance of a node over the limit", f"attach {ok} node=9 distance=0:30", EINVAL,
         "possible"),
        ("a distance twice", f"attach {ok} node=1 distance=0:30 distance=0:30", EINVAL, "twice"),
        ("too many distances", f"attach {ok} node=1{17 * ' distance=0:30'}", E2BIG, "16"),
        ("a distance to nowhere", f"attach {ok} node=1 distance=:30", EINVAL, "needed"),
        ("a node without its distance", f"attach {ok} node=1 distance=0", EINVAL, "needed"),
        ("more in a distance than there is", f"attach {ok} node=1 distance=0:30:30:30", EINVAL,
         ""),
        ("other distances of a node that has memory", f"attach {ok} node=0 distance=1:30",
         EEXIST, "has memory"),
        ("a policy that there is not", f"attach {ok} policy=4", ERANGE, ""),
        ("a memmap that there is not", f"attach {ok} memmap=3", ERANGE, ""),
        ("page structs inside, which this boot cannot", f"attach {ok} memmap=2", EOPNOTSUPP,
         "memmap_on_memory"),
        ("too many ranges", f"attach uuid=5 owner=o {many}", E2BIG, "16"),
        ("waiting too long", f"attach {ok} wait=10001", ERANGE, "wait"),
        ("an attribute twice", f"attach {ok} node=1 node=1", EINVAL, "twice"),
        ("a uuid twice", "get uuid=1 uuid=1", EINVAL, "twice"),
        ("an owner twice", "quota owner=o owner=o", EINVAL, "twice"),
        ("an attribute of another request", "get uuid=1 policy=1", EINVAL, ""),
        ("a truncated message", "get uuid=1 cut=4", EINVAL, ""),
        ("a message cut in its uuid", "get uuid=1 cut=15", EINVAL, ""),
        ("a wrong version", "get uuid=1 version=2", EPROTONOSUPPORT, "version"),
        ("version 0 of a dump", "segments version=0", EPROTONOSUPPORT, "version"),
        ("a deadline of zero", "detach uuid=1 deadline=0", EINVAL, "deadline"),
        ("a deadline beyond an hour", "detach uuid=1 deadline=3600001", ERANGE, "3600000"),
        ("a detach of half a block", f"detach uuid=1 range={EDGE + GIB:#x}+4096", EINVAL, "block"),
        ("a detach of any place", f"detach uuid=1 range=+{BLOCK:#x}", EINVAL, "start"),
        ("a change into nothing", "change uuid=1", EINVAL, "policy"),
        ("nothing to abort", "abort uuid=1", EALREADY, "nothing"),
        ("a quota of nobody", "quota-set bytes=1", EINVAL, "owner"),
        ("an unknown owner", "quota owner=nobody", ENOENT, "owner"),
    ]


def bad_input(ctx):
    with machine(ctx) as guest:
        before = None
        for what, request, number, word in bad_requests():
            # the segment of the same socket is its own: nothing but the words is wrong
            mine = attach(1, EDGE + GIB, policy=OFFLINE)
            if before is None:
                Owner(guest, mine).good().die()
                before = state(guest)
            took, answer = ctl(guest, "reclaim uuid=1 owner=test", request)
            wrong = (took.error or answer.error != number or not answer.text
                     or word not in answer.text)
            if wrong:
                ctx.note(f"{what}: {answer}")
            yield not wrong, f"CTRL-02 {what}: {errorcode[number]}, with a text"
        expect_same(before, state(guest))
        yield set(segments(guest)) == {1}, "CTRL-02 after all of it there is what there was"


# ---- files

def gone(guest, uuid):
    """The device goes right after the memory."""
    guest.check(f"for i in $(seq 50); do [ -e {sysfs(uuid)} ] || exit 0; sleep 0.1; done; exit 1")


def files(ctx):
    with machine(ctx) as guest:
        Owner(guest, attach(0x12, EDGE, 2 * BLOCK, policy=OFFLINE, cookie=255, memmap=1)).good()
        at = sysfs(0x12)
        shown = dict(line.split(":", 1) for line in guest.check(
            f"cd {at}; grep . owner orphan cookie node policy memmap size ranges progress error"
            " deadline_ms state uuid").splitlines())
        assert shown == {
            "owner": "test", "orphan": "0", "cookie": "0xff", "node": "1", "policy": "offline",
            "memmap": "outside", "size": f"{2 * BLOCK:#x}", "progress": "100", "error": "0",
            "ranges": f"{EDGE:#x}-{EDGE + 2 * BLOCK - 1:#x}", "deadline_ms": "60000",
            "state": "offline", "uuid": "00000000-0000-0000-0000-000000000012"}, shown
        modes = guest.check(f"cd {at}; stat -c '%n %a' blockers ranges state").split()
        assert modes == ["blockers", "400", "ranges", "444", "state", "644"], modes
        for word, seen in (("online_movable", "online_movable"), ("offline", "offline"),
                           ("online_movable", "online_movable"), ("online", "online_movable")):
            guest.check(f"echo {word} > {at}/state; grep -x {seen} {at}/state")
            blocks = {b.state for b in guest.blocks() if EDGE <= b.start < EDGE + 2 * BLOCK}
            assert blocks == {"offline" if seen == "offline" else "online"}, blocks
        index = EDGE // BLOCK
        guest.check(f"echo offline > /sys/devices/system/memory/memory{index}/state;"
                    f" grep -x mixed {at}/state")
        for word in ("nonsense", "", "absent", "abort"):
            assert guest.run(f"echo '{word}' > {at}/state")[0], word
        for wrong in (0, 3600001, 1 << 32):
            assert guest.run(f"echo {wrong} > {at}/deadline_ms")[0], wrong
        guest.check(f"echo unplug > {at}/state")
        gone(guest, 0x12)
        assert segments(guest) == {} and "memhp" not in guest.check("cat /proc/iomem")
        # what the kernel has taken for itself may never leave, so this is the last
        Owner(guest, attach(0x13, EDGE, policy=OFFLINE)).good()
        guest.check(f"echo online_kernel > {sysfs(0x13)}/state;"
                    f" grep -x online_kernel {sysfs(0x13)}/state")


def uevents(ctx):
    with machine(ctx) as guest:
        guest.start("uevent sh -c '[ \"$SUBSYSTEM\" != memhp ] ||"
                    " echo $ACTION $DEVTYPE $MEMHP_EVENT $MEMHP_STATE $MEMHP_UUID'"
                    " > /tmp/heard")
        time.sleep(1)
        owner = Owner(guest, attach(0xabcdef, EDGE, policy=MOVABLE)).good()
        owner.die()
        at = sysfs(0xabcdef)
        guest.check(f"echo offline > {at}/state; echo unplug > {at}/state")
        time.sleep(2)
        heard = guest.check("cat /tmp/heard").splitlines()
        ctx.note(heard)
        words = [line.split() for line in heard]
        assert words[0][:3] == ["add", "segment", "online_movable"], heard
        assert {w[-1] for w in words} == {"00000000-0000-0000-0000-000000abcdef"}, heard
        assert [w[2] for w in words[1:-1]] == ["orphaned", "usage", "usage", "usage", "detached"], heard
        assert words[-1][:2] == ["remove", "segment"], heard


# ---- deadlines

def told_in_full(ctx):
    """No message about a segment has more words than this one's."""
    name = 31 * "o"
    ranges = "".join(f" range={EDGE + i * BLOCK:#x}+{BLOCK:#x}" for i in range(16))
    with machine(ctx) as guest:
        Owner(guest, f"attach uuid=1 owner={name} policy={MOVABLE} wait=10000{ranges}").good().die()
        pin = Pin(guest)
        answers = ctl(guest, "join events", f"reclaim uuid=1 owner={name}",
                      f"detach uuid=1 deadline={500 * ctx.slowness} wait=10000", "get uuid=1",
                      "hear 500")
        pin.release()
        told = [o for answer in answers for o in answer.objects]
        events = [EVENTS[int(o["event"])] for o in told if o["line"] == "event"]
        assert events == ["reclaimed", "usage", "blocked"] and len(told) == 5, told
        assert all(o["owner"] == name and len(o["ranges"]) == 16 for o in told), told
        end = [o for o in told if int(o["error"])]
        assert len(end) == 2 and all(o["text"] and o["blockers"] for o in end), told


def deadline(ctx):
    with machine(ctx) as guest:
        msec = 1500 * ctx.slowness
        Owner(guest, attach(1, EDGE, GIB, policy=MOVABLE)).good().die()
        pin = Pin(guest)
        before = state(guest)
        script = (f"ctl reclaim uuid=1 owner=test -- detach uuid=1 deadline={msec} wait=10000;"
                  " cat /proc/uptime")
        begun = float(guest.check("cat /proc/uptime").split()[0])
        out = guest.check(script).splitlines()
        took = 1000 * (float(out[-1].split()[0]) - begun)
        ctx.note(f"a deadline of {msec} ms: {took:.0f} ms; {out[-2]}")
        yield out[-2].startswith(f"{ETIMEDOUT} "), "CTRL-04 a pinned page: ETIMEDOUT, with a text"
        yield msec <= took <= 1.1 * msec + 400 * ctx.slowness, "CTRL-04 the deadline is kept"
        seg = wait_state(guest, 1, "attached")
        named = [b.split(":") for b in seg["blockers"]]
        ctx.note(f"pinned {pin.pfn:#x}, blockers {named}")
        yield (pin.pfn in [int(b[0], 16) for b in named] and len(named) <= 16), \
            "CTRL-04 the pinned page is among the blockers"
        yield all(int(b[1]) > 0 for b in named if int(b[0], 16) == pin.pfn), \
            "CTRL-04 with the references that nothing explains"
        guest.check(f"grep -q '^{pin.pfn:#x} ' {sysfs(1)}/blockers;"
                    f" grep -x -- -{ETIMEDOUT} {sysfs(1)}/error")
        yield USAGES[int(seg["usage"])] == "online-movable", "CTRL-04 all is online as before"
        expect_same(before, state(guest))
        pin.release()
        good(ctl(guest, "reclaim uuid=1 owner=test", "detach uuid=1 wait=10000")[1])
        yield segments(guest) == {}, "CTRL-04 once it is not pinned any more, it goes"


def abort(ctx):
    with machine(ctx) as guest:
        Owner(guest, attach(1, EDGE, GIB, policy=MOVABLE)).good().die()
        pin = Pin(guest)
        job = guest.start("ctl reclaim uuid=1 owner=test -- detach uuid=1 deadline=600000"
                          " -- get uuid=1 -- sleep 1000 -- abort uuid=1 wait=10000 -- get uuid=1")
        out = job.check(60)
        ctx.note(out)
        states = [line.split(" state=")[1].split()[0] for line in out.splitlines() if " state=" in line]
        assert states[1:] == [str(STATES.index("draining")), str(STATES.index("attached"))], out
        assert USAGES[int(segment(guest, 1)["usage"])] == "online-movable"
        change, early, last, seg = ctl(
            guest, "reclaim uuid=1 owner=test", f"change uuid=1 policy={OFFLINE} deadline=600000",
            "abort uuid=1 wait=10000", "abort uuid=1 wait=10000", "get uuid=1")[1:]
        good(change), good(early), refused(last, EALREADY, "nothing")
        assert USAGES[int(seg.objects[0]["usage"])] == "online-movable", seg
        # by files, too: the writer is told, and so is another one
        writer = guest.start(f"echo unplug > {sysfs(1)}/state")
        wait_state(guest, 1, "draining")
        assert 0 <= int(guest.check(f"cat {sysfs(1)}/progress")) < 100
        guest.check(f"grep -x draining {sysfs(1)}/state; echo abort > {sysfs(1)}/state")
        assert writer.wait(30)[0], "an unplug that was called off went well"
        wait_state(guest, 1, "attached")
        pin.release()
        guest.check(f"echo unplug > {sysfs(1)}/state")
        gone(guest, 1)


# ---- events

LISTENERS = 10


def burst(ctx, guest):
    """A reclaim by who has it changes nothing, and is an event."""
    count = max(ctx.times(BURST), 100)
    guest.check("".join(f"ctl large -- join events -- count 6000 > /tmp/ear{n} & "
                        for n in range(LISTENERS)) + "sleep 2")
    begun = float(guest.check("cat /proc/uptime").split()[0])
    done = ctl(guest, attach(4, EDGE + GIB, policy=OFFLINE),
               f"times {count} reclaim uuid=4 owner=test", "detach uuid=4 wait=10000")
    took = float(guest.check("cat /proc/uptime").split()[0]) - begun
    for answer in done:
        good(answer)
    heard = guest.check("sleep 7; cat /tmp/ear* | grep -v joined").splitlines()
    ctx.note(f"{count} events in {took:.1f} s of an emulated machine; {sorted(set(heard))}")
    # and attached, draining, detached
    yield heard == LISTENERS * [f"0 {count + 3} events, 0 missing, 0 overruns"], \
        f"CTRL-05 {LISTENERS} listeners hear each event of a burst"


def events(ctx):
    with machine(ctx) as guest:
        ear = guest.start("exec ctl join events -- join progress -- hear 6000")
        time.sleep(1)
        parts = "".join(f" range={EDGE + i * BLOCK:#x}+{BLOCK:#x}" for i in range(8))
        ctl(guest, f"attach uuid=1 owner=o policy={OFFLINE} wait=10000{parts}", f"change uuid=1 policy={MOVABLE} wait=10000",
            f"attach uuid=2 owner=o range={EDGE:#x}+{BLOCK:#x}", "detach uuid=1 wait=10000",
            attach(3, EDGE, policy=OFFLINE))
        guest.check(f"echo offline > /sys/devices/system/memory/auto_online_blocks;"
                    f" echo online > /sys/devices/system/memory/memory{EDGE // BLOCK}/state")
        time.sleep(1)
        ctl(guest, "reclaim uuid=3 owner=test")
        heard = parse(ear.check(90))[-1].objects
        named = [(EVENTS[int(e["event"])], int(e["uuid"]), int(e["seq"])) for e in heard]
        ctx.note(named)
        main = [(name, uuid) for name, uuid, _ in named if name != "progress"]
        yield main == [("attached", 1), ("usage", 1), ("usage", 1), ("usage", 1), ("detached", 1),
                       ("attached", 3), ("orphaned", 3), ("usage", 3), ("reclaimed", 3),
                       ("orphaned", 3)], "CTRL-05 what happens is told, in order"
        numbers = [seq for name, _, seq in named if name != "progress"]
        yield numbers == list(range(numbers[0], numbers[0] + len(numbers))), \
            "CTRL-05 events are numbered without a gap"
        steps = [seq for name, _, seq in named if name == "progress"]
        yield len(steps) > 4 and steps == list(range(steps[0], steps[0] + len(steps))), \
            "CTRL-05 progress has numbers of its own"
        yield from burst(ctx, guest)


HARD = "/sys/devices/system/memory/hard_offline_page"


def breaks(guest, node):
    """A page of a node breaks that a program uses; its number."""
    killed = 128 + signal.SIGBUS
    return int(guest.check(f"pin {node} break || [ $? = {killed} ]").split()[0], 16)


def poison(ctx):
    """Pages break: one that is free, one in use, and one that is in no segment."""
    with machine(ctx) as guest:
        Owner(guest, attach(1, EDGE, policy=MOVABLE), attach(2, EDGE + BLOCK, policy=OFFLINE)
              ).good().die()
        ear = guest.start("exec ctl join events -- hear 4000")
        time.sleep(1)
        free = (EDGE + BLOCK // 2) // guest.page_size()
        guest.check(f"echo {free * guest.page_size():#x} > {HARD}")
        pages = [free, breaks(guest, 1)]
        ctx.note(f"pages {[hex(p) for p in pages]}, and {breaks(guest, 0):#x} of boot memory")
        heard = parse(ear.check(60))[-1].objects
        ctx.note(heard)
        told = [(EVENTS[int(e["event"])], int(e["uuid"]), e["blockers"]) for e in heard]
        yield told == [("poisoned", 1, [f"{pfn:#x}:0:{POISONED}:0:0"]) for pfn in pages], \
            "CTRL-05 a page that breaks is told, whoever has it, and no other page is"
        numbers = [int(e["seq"]) for e in heard]
        yield numbers == [numbers[0], numbers[0] + 1] and \
            int(segment(guest, 1)["seq"]) == numbers[1], "CTRL-05 with the numbers of events"
        yield guest.check(f"cat {sysfs(1)}/blockers") == f"{pages[1]:#x} 0 poisoned 0 0\n", \
            "CTRL-05 the last one is in the segment's file"
        before, moved = guest.blocks(), migrated(guest)
        kernel, same = ctl(guest, "reclaim uuid=1 owner=test", "change uuid=1 policy=2 wait=10000",
                           f"change uuid=1 policy={MOVABLE} wait=10000")[1:]
        yield kernel.error == EHWPOISON and "poisoned" in kernel.text, \
            "CTRL-04 memory with broken pages cannot change its zone: EHWPOISON"
        yield guest.blocks() == before and migrated(guest) == moved, \
            "CTRL-04 and nothing of it went offline for that"
        yield same.error == 0, "CTRL-04 to ask for what it is goes well"
        good(ctl(guest, "reclaim uuid=1 owner=test", "detach uuid=1 wait=10000")[-1])
        yield set(segments(guest)) == {2}, "CTRL-04 memory with broken pages leaves"


def overrun(ctx):
    with machine(ctx) as guest:
        ear = guest.start("exec ctl small -- join events -- sleep 8000 -- segments -- hear 500")
        time.sleep(1)
        requests = []
        for uuid in range(1, 9):
            requests += [attach(uuid, EDGE, policy=OFFLINE), f"detach uuid={uuid} wait=10000"]
        for answer in ctl(guest, *requests, attach(50, EDGE, policy=OFFLINE)):
            good(answer)
        out = ear.check(60)
        ctx.note(out[-600:])
        lines = out.splitlines()
        assert "overrun" in lines, "the listener was not told that it missed something"
        dump = lines[lines.index("overrun"):]
        level = [line for line in dump if line.startswith("object ") and "uuid=50" in line]
        assert level and int(level[0].split(" seq=")[1].split()[0]) >= 18, level


# ---- quotas

def quotas(ctx):
    with machine(ctx) as guest:
        def case(limit, *requests):
            return ctl(guest, f"quota-set owner=q {limit}", *requests)[-1]
        off = {"owner": "q", "policy": OFFLINE}
        yield case(f"bytes={BLOCK}", attach(1, EDGE, 2 * BLOCK, **off)).error == EDQUOT, \
            "CTRL-06 too many bytes: EDQUOT"
        first = case(f"bytes={4 * BLOCK} segments=1", attach(1, EDGE, **off))
        yield first.error == 0, "CTRL-06 what is within goes well"
        second = case("segments=1", attach(2, EDGE + BLOCK, **off))
        yield second.error == EDQUOT and "segments" in second.text, \
            "CTRL-06 one more than the segments it may have, an orphan counted: EDQUOT"
        page = guest.page_size()
        structs = BLOCK // page * 64
        low = case(f"segments=9 metadata={2 * structs - 1}", attach(2, EDGE + BLOCK, **off))
        yield low.error == EDQUOT and "page structs" in low.text, "CTRL-06 page structs: EDQUOT"
        good(case(f"metadata={2 * structs}", attach(2, EDGE + BLOCK, **off)))
        none = case("pending=0", "reclaim uuid=1 owner=q", "detach uuid=1")
        yield none.error == EDQUOT and "under way" in none.text, "CTRL-06 operations: EDQUOT"
        q = ask(guest, "quota owner=q").objects[0]
        yield (q["6"], q["7"], q["8"], q["9"]) == (str(2 * BLOCK), "2", "0", str(2 * structs)), \
            "CTRL-06 what is used is counted"
        good(ctl(guest, "quota-set owner=q pending=4", "reclaim uuid=1 owner=q",
                 "detach uuid=1 wait=10000")[-1])
        moved = ctl(guest, "quota-set owner=r bytes=1", "reclaim uuid=2 owner=r")[-1]
        yield moved.error == EDQUOT, "CTRL-06 an orphan that is too large for who wants it: EDQUOT"
        good(ctl(guest, "reclaim uuid=2 owner=q", "detach uuid=2 wait=10000")[-1])
        q = ask(guest, "quota owner=q").objects[0]
        yield (q["6"], q["7"], q["8"], q["9"]) == ("0", "0", "0", "0"), \
            "CTRL-06 all of it is given back"
        owner = Owner(guest, attach(3, EDGE, **off)).good()
        before = ask(guest, "quotas").objects
        refused(ask(guest, "reclaim uuid=3 owner=stranger"), EBUSY, "lives")
        yield before and ask(guest, "quotas").objects == before, \
            "CTRL-06 who was refused what is another's is no owner by that"
        owner.die()


# ---- death

def deaths(ctx):
    """kill -9 of the controller while its segment is in each state."""
    with machine(ctx) as guest:
        def orphan(uuid, timeout=60):
            seg = wait_state(guest, uuid, "attached", timeout)
            assert seg["orphan"] == "1", seg
            return seg
        # attaching, or just done: nothing waits
        for wait in (0, 0, 0):
            owner = Owner(guest, attach(1, EDGE, GIB, policy=MOVABLE, wait=wait))
            owner.answers()
            owner.die()
            orphan(1)
            refused(ask(guest, "detach uuid=1"), EOWNERDEAD, "reclaim")
            good(ctl(guest, "reclaim uuid=1 owner=test", "detach uuid=1 wait=10000")[1])
        yield True, "CTRL-07 killed while attaching: an orphan, that is reclaimed"
        Owner(guest, attach(1, EDGE, GIB, policy=MOVABLE)).good().die()
        yield orphan(1)["usage"] == "2", "CTRL-07 killed when attached: an orphan, in use"
        pin = Pin(guest)
        owner = Owner(guest, "reclaim uuid=1 owner=test", "detach uuid=1 deadline=600000").good()
        wait_state(guest, 1, "draining")
        refused(ask(guest, "reclaim uuid=1 owner=thief"), EBUSY, "lives")
        refused(ask(guest, "abort uuid=1"), EPERM, "another")
        owner.die()
        seg = orphan(1)
        yield (seg["usage"] == "2" and -int(seg["error"]) in (-ECANCELED, ECANCELED)), \
            "CTRL-07 killed while draining: restored, an orphan, never unplugged"
        owner = Owner(guest, "reclaim uuid=1 owner=test", f"change uuid=1 policy={OFFLINE}"
                      " deadline=3000").good()
        wait_state(guest, 1, "changing")
        owner.die()
        orphan(1)
        yield True, "CTRL-07 killed while changing: it goes on, an orphan"
        owner = Owner(guest, "reclaim uuid=1 owner=test", "detach uuid=1 deadline=600000",
                      "abort uuid=1").good()
        owner.die()
        orphan(1)
        yield True, "CTRL-07 killed while aborting: restored, an orphan"
        pin.release()
        good(ctl(guest, "reclaim uuid=1 owner=next cookie=5", "detach uuid=1 wait=10000")[1])
        yield segments(guest) == {}, "CTRL-07 the next controller takes it over, and away"


# ---- who may

ASKED = (attach(1, EDGE), "segments", "windows", "quotas", "get uuid=1", "quota owner=o",
         "quota-set owner=o bytes=1",
         "detach uuid=1", "change uuid=1 policy=0", "abort uuid=1", "reclaim uuid=1 owner=o")
LISTENED = ("join events", "join progress")


def nothing_is_allowed(ctx, guest, drop, words=ASKED + LISTENED):
    numbers = [answer.error for answer in ctl(guest, drop, *words)][-len(words):]
    ctx.note(f"{drop}: {numbers}")
    assert numbers == [EPERM] * len(words)


def client(ctx):
    """A life by the C client that the kernel's generator makes of the specification."""
    with machine(ctx) as guest:
        warm(guest)
        before = state(guest)
        lines = guest.check(f"generated {EDGE:x}").splitlines()
        ctx.note("\n".join(lines))
        # usage: a change begins and ends, and a detach begins
        steps = [tuple(line.split(" ", 2)) for line in lines if not line.startswith("windows")]
        yield any(line.startswith(f"windows 0 {EDGE:#x} ") for line in lines), \
            "CTRL-01 the generated client lists windows"
        refused = [step for step in steps if step[1] != "0"]
        yield [(name, int(error)) for name, error, _ in refused] == [
            ("attach", EINVAL), ("detach", ENOENT)] and all("Kernel" in s[2] for s in refused), \
            f"CTRL-03 it gets errors, and the kernel's words: {refused}"
        good = [" ".join(step) for step in steps if step[1] == "0"]
        yield good == ["join 0", "attach 0 attached generated", "change 0",
                       "segments 0 generated attached online-movable 1", "detach 0",
                       "event 0 attached", *3 * ["event 0 usage"], "event 0 detached"], \
            f"CTRL-02 CTRL-04 CTRL-05 it attaches, changes, detaches, and hears of it: {good}"
        expect_same(before, state(guest))


def nobody(ctx):
    with machine(ctx) as guest:
        warm(guest)
        before = state(guest)
        nothing_is_allowed(ctx, guest, "nocap")
        expect_same(before, state(guest))
        yield True, "CTRL-08 root without CAP_SYS_ADMIN: EPERM, also for listeners"
        nothing_is_allowed(ctx, guest, "nonet", ASKED)
        expect_same(before, state(guest))
        yield True, "CTRL-08 root without CAP_NET_ADMIN: EPERM for whoever asks"
        limit = f"{CLASS}/window-{EDGE:x}/limit"
        yield (int(guest.check(f"echo 0x8000000 | onewrite -c {limit}")) == EPERM
               and guest.check(f"cat {limit}") == "none\n"), \
            "CTRL-08 files need it, too, whoever opened them"
        good(ask(guest, attach(1, EDGE, policy=OFFLINE)))
        yield (int(guest.check(f"echo unplug | onewrite -c {sysfs(1)}/state")) == EPERM
               and set(segments(guest)) == {1}), "CTRL-08 as does the state of a segment"


def need_namespace(ctx, guest, kind):
    if guest.run(f"[ -e /proc/self/ns/{kind} ]")[0]:
        ctx.skip(f"this kernel has no namespaces of the kind {kind}")


def other_user(ctx):
    with machine(ctx) as guest:
        need_namespace(ctx, guest, "user")
        nothing_is_allowed(ctx, guest, "userns")


def other_network(ctx):
    with machine(ctx) as guest:
        need_namespace(ctx, guest, "net")
        assert ctl(guest, "netns")[0].error == ENOENT


def locked_down(ctx):
    with machine(ctx, cmdline=CMDLINE + " lockdown=integrity") as guest:
        refused(ask(guest, attach(1, EDGE)), EPERM, "locked down")
        assert segments(guest) == {}


FILES = ("state", "deadline_ms", "uuid", "ranges", "blockers")
FUZZED = [1000, 1001, 1002, 1003]       # uuids that "ctl fuzz" makes
KEPT = [2000, 2001]                     # segments that are made again when they went


def fuzz(ctx):
    """By messages and by files, at the same time: segments come and go under the files."""
    with machine(ctx) as guest:
        count = max(ctx.times(FUZZ), 100)
        files = [f"{sysfs(uuid)}/{name}" for uuid in FUZZED + KEPT for name in FILES]
        limits = [f"{CLASS}/window-{start:x}/limit" for start in (HIDDEN, EDGE)]
        again = " -- ".join(attach(uuid, HIDDEN + BLOCK * i, policy=MOVABLE)
                            for i, uuid in enumerate(KEPT))
        keeper = guest.start(f"while :; do ctl {again} > /tmp/kept; sleep 0.05; done")
        begun = time.monotonic()
        writer = guest.start(f"scribble {count} 1 {' '.join(files + limits)}")
        for seed in range(4):
            out = guest.check(f"ctl fuzz {count // 4} {seed + 1}", timeout=3600)
            assert out.split() == ["0", str(count // 4)], out
        taken, refused_, missing = map(int, writer.check(3600).split())
        keeper.kill()
        keeper.wait(30)
        ctx.note(f"{count} messages; writes: {taken} taken, {refused_} refused, {missing} more to a"
                 f" segment that was not there; {time.monotonic() - begun:.0f} s")
        assert taken > count / 50 and taken + refused_ == count
        for uuid, seg in settled(guest).items():    # by name: nonsense may have set quotas
            good(ctl(guest, f"reclaim uuid={uuid} owner={seg['owner']}",
                     f"detach uuid={uuid} wait=10000")[1])
        guest.check(f"echo none | tee {' '.join(limits)}")
        good(ask(guest, attach(1, EDGE, policy=MOVABLE)))
        guest.check(f"echo unplug > {sysfs(1)}/state")


def whole(dump):
    """Is each segment whole, and alone where it is? {uuid: segment}"""
    found, ranges = {}, []
    for seg in dump.objects:
        sizes = [tuple(int(n, 16) for n in text.split("+")) for text in seg["ranges"]]
        assert seg["uuid"] not in found, f"twice: {seg}"
        assert sum(size for _, size in sizes) == int(seg["size"]), seg
        assert int(seg["done"]) <= int(seg["size"]) and seg["error"] == "0", seg
        found[seg["uuid"]] = seg
        ranges += [(start, start + size) for start, size in sizes]
    ranges.sort()
    assert all(a[1] <= b[0] for a, b in zip(ranges, ranges[1:])), f"they overlap: {ranges}"
    return found


def watch(guest, jobs):
    """Looks at all segments as long as the jobs run: how many were seen in each state."""
    seen = {}
    while not all(job.done() for job in jobs):
        for seg in whole(ask(guest, "segments")).values():
            name = STATES[int(seg["state"])]
            seen[name] = seen.get(name, 0) + 1
    return seen


def last_event(guest):
    """Its number, as a segment is told that has come; two more follow, as it goes."""
    return int(ctl(guest, attach(98, EDGE, policy=OFFLINE), "get uuid=98",
                   "detach uuid=98 wait=10000")[1].objects[0]["seq"])


def four(ctx):
    """Four controllers attach and detach in one window."""
    with machine(ctx) as guest:
        rounds = max(ctx.times(OPERATIONS) // 8, 2)
        one = " -- ".join(f"{attach('$n', policy=MOVABLE, window=EDGE)} -- detach uuid=$n wait=9999"
                          for _ in range(rounds))
        warm(guest)
        before, free, number = state(guest), amounts(guest), last_event(guest)
        jobs = [guest.start(f"n={n}; ctl {one}") for n in (1, 2, 3, 4)]
        ctx.note(watch(guest, jobs))
        for job in jobs:
            out = job.check(3600)
            numbers = [int(l.split()[0]) for l in out.splitlines() if l[0].isdigit()]
            assert len(numbers) == 2 * rounds and set(numbers) == {0}, out[-300:]
        yield True, f"CTRL-02 CTRL-04 {8 * rounds} operations of four controllers, all answered"
        told = last_event(guest) - number
        # attached, draining, detached; and once of those segments that ask for the number
        yield told == 3 * (4 * rounds + 1), "CTRL-05 each of their events has a number"
        yield segments(guest) == {}, "CTRL-04 nothing of theirs is left"
        expect_same(before, state(guest))
        small_drift(ctx, f"after {8 * rounds} operations", free, amounts(guest))
        yield True, "CTRL-02 CTRL-04 and no memory of the kernel"
        yield from pairs(ctx, guest)


def pairs(ctx, guest):
    """One controller attaches and detaches, many times."""
    words = f"times 1 {attach(1, EDGE, policy=MOVABLE)} -- times 1 detach uuid=1 wait=10000"
    rounds = max(ctx.times(PAIRS) // 20, 1)
    again = f"i=0; while [ $i -lt {rounds} ]; do ctl {' -- '.join(20 * [words])}" \
            " | grep -v ^0; i=$((i + 1)); done"
    before, free = state(guest), amounts(guest)
    wrong = guest.check(again, timeout=3600)
    assert not wrong, wrong[-300:]
    expect_same(before, state(guest))
    small_drift(ctx, f"after {20 * rounds} times attach and detach", free, amounts(guest))
    yield True, f"CTRL-02 CTRL-04 attached and detached {20 * rounds} times, nothing has grown"


def stock(ctx):
    ctx.need_stock()
    with machine(ctx, tree="stock") as guest:
        assert guest.run("ctl segments")[0] == 1, "stock has the family"
        ctx.note("stock: no family memhp")


SCENARIOS = [
    ("CTRL-02 CTRL-04 CTRL-05 the client that is generated", client),
    ("CTRL-01 windows: dump, files and debugfs agree, and follow the administrator",
     windows_agree),
    ("CTRL-01 a window's limit is kept", window_limits),
    ("CTRL-01 a limit stays when a window has other ends", limits_of_parts),
    ("CTRL-02 CTRL-04 1 GiB is attached, used and detached, and all is as before", there_and_back),
    ("CTRL-02 attach is idempotent by uuid", idempotent),
    ("CTRL-02 any place in a window or node will do", any_place),
    ("CTRL-02 CTRL-04 a segment of several ranges, detached in parts", several_ranges),
    ("CTRL-04 MAP-10 a segment with its own page structs goes as a whole", own_page_structs),
    ("CTRL-03 a segment's state is that of all its blocks", across_a_step),
    ("CTRL-02 memory that cannot be onlined is taken away again", all_or_nothing),
    ("CTRL-02 bad input is refused with a text, and nothing changes", bad_input),
    ("CTRL-03 a segment's files show it and act on all of it", files),
    ("CTRL-03 udev hears of segments", uevents),
    ("CTRL-04 a segment of 16 ranges that cannot leave is told in full", told_in_full),
    ("CTRL-04 a deadline ends a detach, with blockers named", deadline),
    ("CTRL-04 a detach is called off, and a change", abort),
    ("CTRL-05 events", events),
    ("CTRL-05 memory that breaks", poison),
    ("CTRL-05 an overrun is told, and a dump brings the listener level", overrun),
    ("CTRL-06 quotas", quotas),
    ("CTRL-07 kill -9 of the controller in every state", deaths),
    ("CTRL-08 who may not", nobody),
    ("CTRL-08 root of another user namespace is not allowed anything", other_user),
    ("CTRL-08 in another network namespace there is no such family", other_network),
    ("CTRL-08 integrity lockdown", locked_down),
    ("CTRL-08 messages and files made of nonsense do no harm", fuzz),
    ("CTRL-02 CTRL-04 four controllers at once", four),
    ("stock has no controllers", stock),
]
