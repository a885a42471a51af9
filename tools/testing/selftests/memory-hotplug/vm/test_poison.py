# SPDX-License-Identifier: GPL-2.0-only
"""A memory error in hot-added memory costs one page, and the memory can still leave.

The error is injected by a program that has the page (keep.c). Stock runs beside.
"""

import errno
import re

from observe import expect_same, state
from offlining import MEMORY, Keeper, Range, block_by_block, machine, offline, report
from ranges import ask, do, errno_name, set_state, state_file

MIB = 1 << 20
POISONED = 1 << 19          # of /proc/kpageflags
WORD = 8
INJECT = "/sys/kernel/debug/hwpoison"


def corrupted(guest):
    """Bytes that are lost, as the kernel counts them."""
    return int(re.search(r"HardwareCorrupted:\s+(\d+)", guest.check("cat /proc/meminfo"))[1]) << 10


def poisoned(guest, area):
    """The pfns in a range that are."""
    page = guest.page_size()
    first, count = area.start // page, area.size // page
    words = guest.check(f"dd if=/proc/kpageflags bs={WORD} skip={first} count={count} 2> /dev/null"
                        f" | od -A n -v -t u8 -w{WORD}").split()
    return {first + i for i, flags in enumerate(words) if int(flags) & POISONED}


def fault(guest, area, size=MIB, file=""):
    """A page of the range that has an error from now on."""
    out = guest.check(f"keep fault {size:#x} 1 {file}")
    pfn = int(re.search(r"ready (\w+)", out)[1], 0)
    assert area.start <= pfn * guest.page_size() < area.start + area.size, out
    return pfn


def one_error(ctx, tree):
    """{what: so it was}"""
    with machine(ctx, hidden=1, tree=tree) as guest:
        area, seen = Range(guest, 1, wanted=None), {}
        before = state(guest)
        set_state(guest, area.start, area.size, "online_movable")
        neighbour = Keeper(guest, "anon", 64 * MIB)
        pfn = fault(guest, area)
        block = pfn * guest.page_size() // area.block
        seen["that page is poisoned, and no other"] = poisoned(guest, area) == {pfn} \
            and corrupted(guest) == guest.page_size()
        again = Keeper(guest, "anon", 64 * MIB)
        seen["what others have is whole"] = all(
            keeper.end().endswith(" 0 words bad") for keeper in (neighbour, again))
        status, out = guest.run(f"echo offline > {state_file(block)}")
        seen["its block can go offline"] = status == 0
        seen["and not come back before it was removed"] = errno_name(*guest.run(
            f"echo online_movable > {state_file(block)} 2>&1")) not in ("0", None)
        for other in guest.blocks():
            if area.has(other) and other.index != block:
                set_state(guest, other.start, other.size, "offline")
        expect_same(before, state(guest))
        seen["all of it can be removed"] = ask(guest, "remove", area.start, area.size) == "0"
        seen["and is not counted any more"] = corrupted(guest) == 0
        do(guest, "add", area.start, area.size)
        set_state(guest, area.start, area.size, "online_movable")
        seen["added again, it is as new"] = not poisoned(guest, area)
        ctx.note(f"{tree}: " + ", ".join(f"{what}: {so}" for what, so in seen.items()))
        return seen


def error(ctx):
    for tree in ctx.trees:
        seen = one_error(ctx, tree)
    for what, so in seen.items():
        yield so, f"SAFE-05 {what}"


# What keeps a page so that who reads it gets an error: (bytes, does the page go with the file?)
KEEPERS = {
    "tmpfs": (16 * MIB, True),
    "hugetlbfs": (2 * MIB, False),      # the kernel has a reference for good
}


def in_file(ctx, name):
    """As long as there is the file somebody may get at the page: so long it stays."""
    size, goes = KEEPERS[name]
    with machine(ctx, hidden=1) as guest:
        area = Range(guest, 1, wanted="online_movable")
        guest.check("echo 4 > /proc/sys/vm/nr_hugepages; mkdir /tmp/at"
                    f" && mount -t {name} none /tmp/at")
        pfn = fault(guest, area, size, "/tmp/at/file")
        before = area.states()
        error, _ = offline(guest, area.text())
        seen = report(guest)[1]
        yield error == "EBUSY" and area.states() == before, \
            f"SAFE-05 a page of {name} with an error stays while the file is there"
        yield [(b.kind, b.pfn <= pfn < b.pfn + b.count) for b in seen] == [("poison", True)], \
            f"SAFE-05 OFFLINE-03 {name}: it is named"
        status, _ = guest.run("cat /tmp/at/file > /dev/null")
        guest.check("rm /tmp/at/file; umount /tmp/at; echo 0 > /proc/sys/vm/nr_hugepages")
        error, _ = offline(guest, area.text())
        ctx.note(f"{name}: reading gives {status}; then {error}; {report(guest)}")
        yield status != 0, f"SAFE-05 {name}: who reads gets an error"
        yield (error == "0" and ask(guest, "remove", area.start, area.size) == "0") if goes \
            else error == "EBUSY", \
            f"SAFE-05 {name}: without the file it {'can be removed' if goes else 'stays, at once'}"


def in_files(ctx):
    for name in KEEPERS:
        yield from in_file(ctx, name)


def inject(guest, area, options=""):
    """The name of the error of the debugfs file, for a page of the range."""
    pfn = area.start // guest.page_size() + 777
    number = int(guest.check(f"echo {pfn:#x} | onewrite {options} {INJECT}/corrupt-pfn"))
    return errno.errorcode.get(number, number)


def injector(ctx):
    """Page structs of what is not online are not looked at, with its filter or without."""
    with machine(ctx, hidden=1) as guest:
        area = Range(guest, 1, wanted=None)
        for state_now in ("offline", "gone"):
            if state_now == "gone":
                do(guest, "remove", area.start, area.size)
            for on in (0, 1):
                guest.check(f"echo {on} > {INJECT}/corrupt-filter-enable")
                name = f"a page that is {state_now}, filter {'on' if on else 'off'}"
                yield inject(guest, area) == "ENXIO", f"SAFE-05 SAFE-06 {name}: ENXIO"
                yield inject(guest, area, "-c") == "EPERM", \
                    f"SAFE-05 {name}, without CAP_SYS_ADMIN: EPERM"
        yield corrupted(guest) == 0, "SAFE-05 nothing was poisoned"


IN_SWAP = 1 << 62            # of /proc/PID/pagemap: an entry that is no mapping
TYPE_BITS = 5               # of such an entry; the rest is the pfn, if it is a poisoned page's


def entries(guest, pid):
    """The pfns of a process's poisoned pages, by /proc/PID/pagemap."""
    page, found = guest.page_size(), set()
    for first, end in re.findall(r"^(\w+)-(\w+) ", guest.check(f"cat /proc/{pid}/maps"), re.M):
        first, count = int(first, 16) // page, (int(end, 16) - int(first, 16)) // page
        words = guest.check(f"dd if=/proc/{pid}/pagemap bs={WORD} skip={first} count={count}"
                            f" 2> /dev/null | od -A n -v -t u8 -w{WORD}").split()
        found |= {(word & ((1 << 55) - 1)) >> TYPE_BITS for word in map(int, words)
                  if word & IN_SWAP}
    return found


def entry_outlives(ctx):
    """A process that never looks again has the entry of the page, and there is no page."""
    with machine(ctx, hidden=1) as guest:
        area = Range(guest, 1)
        keeper = Keeper(guest, "idle", MIB)
        address = keeper.pfn * guest.page_size()
        assert area.start <= address < area.start + area.size, hex(address)
        guest.check(f"echo {address:#x} > {MEMORY}/hard_offline_page")
        yield entries(guest, keeper.pid) == {keeper.pfn}, \
            "SAFE-05 who has a page with an error keeps an entry of it"
        error, _ = offline(guest, area.text())
        yield error == "0", "SAFE-05 the block can go offline meanwhile"
        yield entries(guest, keeper.pid) == {keeper.pfn}, "SAFE-06 pagemap of an offline page"
        yield ask(guest, "remove", area.start, area.size) == "0", "SAFE-05 and be removed"
        yield entries(guest, keeper.pid) == {keeper.pfn}, "SAFE-06 pagemap of a page that is gone"
        status, _ = guest.run(f"cd /proc/{keeper.pid} && cat smaps smaps_rollup > /tmp/smaps"
                              " && grep -q Rss: /tmp/smaps")
        yield status == 0, "SAFE-06 smaps of a page that is gone"
        guest.check(f"kill -KILL {keeper.pid}")
        keeper.job.wait(60)


ENDED = "for i in $(seq 100); do [ -s {0} ] && break; sleep 0.1; done; cat {0} 2> /dev/null || true"


def while_it_lasts(guest, area, keeper):
    """({what: status, or "" for what waits}, did the offline last, its status at the end)

    A page of the range is pinned until the others have had ten seconds.
    """
    going = guest.start(block_by_block(area, 30 * guest.slowness))
    guest.check("sleep 1")
    # an error that is expected, in memory of boot's, and one that has come
    commands = {"soft": f"echo {area.start - MIB:#x} > {MEMORY}/soft_offline_page",
                "hard": f"keep fault {MIB:#x} 1"}
    jobs = []
    for name, command in commands.items():
        jobs.append(guest.start(f"({command}); echo $? > /tmp/{name}"))
        guest.check("sleep 1")
    said = {name: guest.check(ENDED.format(f"/tmp/{name}")).strip() for name in commands}
    lasted = not going.done()
    keeper.unpin()
    status, _ = going.wait()
    for job in jobs:
        job.wait(60)
    return said, lasted, status


def beside_an_offline(ctx):
    """Who sees to errors has a page, and a lock that others with a page wait for."""
    for tree in ctx.trees:
        with machine(ctx, tree=tree) as guest:
            area = Range(guest, 1)
            keeper = Keeper(guest, "pin", 64 * MIB)
            said, lasted, status = while_it_lasts(guest, area, keeper)
            ctx.note(f"{tree}: {said}, the offline {'went on' if lasted else 'ended'},"
                     f" then {status}")
    yield lasted and said["hard"] == "0", "SAFE-05 an error is seen to while a block goes offline"
    yield said["soft"] != "", "SAFE-05 so is one that is expected"
    yield status == 0, "SAFE-05 OFFLINE-02 nor does the block wait for them"


SCENARIOS = [
    ("SAFE-05 a memory error in memory that was added", error),
    ("SAFE-05 a memory error in a page that is part of a file", in_files),
    ("SAFE-05 an error is said to be in memory that is not online", injector),
    ("SAFE-05 the entry of a page with an error outlives the page", entry_outlives),
    ("SAFE-05 an error while memory goes offline", beside_an_offline),
]
