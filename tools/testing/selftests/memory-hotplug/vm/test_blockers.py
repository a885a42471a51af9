# SPDX-License-Identifier: GPL-2.0-only
"""Each kind of page that keeps memory from going offline is told by its name, and goes with
the memory when nobody is in the way any more.

Pinned pages, the kernel's and huge pages are in test_offline, poisoned ones in test_poison.
"""

import shortage
from machines import GIB
from offlining import RETRIES, Keeper, Range, check, machine, offline, report
from ranges import set_state

MIB = 1 << 20
FOLDER, FILE = "/tmp/held", "/tmp/held/file"
DEADLINE = 2000             # milliseconds, more on a slow kernel; enough for a pass beside others
TOO_LATE, A_DRIVER = "the deadline has passed", "a driver keeps pages of it"
IDLE = "nothing has moved in as many passes as offline_retries or the order allows"


class Held:
    """A page that a module holds, of a file or its own: "of" is the module and its parameters."""

    def __init__(self, guest, of):
        self.guest, (self.name, *parameters) = guest, of.split()
        guest.check(f"mkdir -p {FOLDER} && mount -t tmpfs held {FOLDER}"
                    f" && dd if=/dev/zero of={FILE} bs=64k count=1 2> /dev/null")
        status, out = guest.insmod(self.name, " ".join(parameters))
        assert status == 0, out
        self.pfn = int(guest.check(f"cat /sys/module/{self.name}/parameters/pfn"))

    def release(self):
        self.guest.check(f"rmmod {self.name}; umount {FOLDER}")


# kind: (who holds the page, errno, reason)
HOLDERS = {
    "locked": (f"memhp_lock path={FILE}", "ETIMEDOUT", TOO_LATE),
    "writeback": (f"memhp_lock path={FILE} writeback=1", "ETIMEDOUT", TOO_LATE),
    "driver": ("memhp_driver", "EBUSY", A_DRIVER),
}


def said(guest, area, order):
    """(errno, reason, blockers) of a try that changes nothing"""
    before = area.states()
    error, _ = offline(guest, f"{area.text()} {order}")
    assert area.states() == before, f"{error}, and some of it is offline"
    keys, found = report(guest)
    return error, keys["reason"], found


def held(ctx):
    with machine(ctx) as guest:
        area = Range(guest, 1)
        for kind, (of, *expected) in HOLDERS.items():
            one = Held(guest, of)
            # what cannot be waited for is said at once, however long that takes
            limit = DEADLINE * guest.slowness if expected[0] == "ETIMEDOUT" else 0
            error, reason, found = said(guest, area, limit)
            named = [b for b in found if b.pfn <= one.pfn < b.pfn + b.count]
            ctx.note(f"{kind}: {error}, {reason}: {found}")
            one.release()
            yield ([error, reason] == expected and [b.kind for b in named] == [kind]
                   ), f"OFFLINE-03 a page that stays because of \"{kind}\" is named so"
        error, _ = offline(guest, f"{area.text()} 20000")
        yield error == "0", "OFFLINE-03 with all of them gone it goes"


def full(ctx):
    """No page that data could move to can be had."""
    with machine(ctx) as guest:
        area = Range(guest, 1)
        keeper = Keeper(guest, "idle", 200 * MIB)
        shortage.begin(guest, 0, -1, caller="room_for")     # of evacuate.c
        guest.check(f"echo 3 > {RETRIES}")
        error, reason, found = said(guest, area, 0)
        shortage.end(guest)
        ctx.note(f"{error}, {reason}: {len(found)} of {({b.kind for b in found})}")
        yield ((error, reason) == ("EBUSY", IDLE) and {b.kind for b in found} == {"no-memory"}
               ), "OFFLINE-03 pages that there is no room for are named so"
        error, _ = offline(guest, f"{area.text()} 20000")
        yield error == "0", "OFFLINE-03 it goes when there is room"
        ctx.note(keeper.end())


NEVER = "pages that cannot be moved are in it"


def kernels_pageblocks(guest):
    """How many pageblocks are for pages of the kernel's that cannot move."""
    text = guest.check("cat /proc/pagetypeinfo").partition("Number of blocks type")[2]
    lines = text.partition("Number of mixed")[0].strip().splitlines()
    assert lines[0].split()[0] == "Unmovable", lines
    return sum(int(line.split()[4]) for line in lines[1:])


def pageblock(guest):
    """Bytes."""
    pages = guest.check("cat /proc/pagetypeinfo").partition("Pages per block:")[2].split()[0]
    return int(pages) * guest.page_size()


def kinds_found(guest, area):
    """What is in the way, as far as a look tells."""
    check(guest, area.text())
    return {b.kind for b in report(guest)[1]}


def anonymous(ctx):
    """Pages of the kernel's that nothing tells from data on its way are seen too late to refuse
    at once: what was isolated by then is as it was."""
    with machine(ctx) as guest:
        # of a zone where nothing else is
        area = Range(guest, 4, wanted=None).part(2 * GIB, 2 * GIB)
        set_state(guest, area.start, area.size, "online_kernel")
        # one of these memory blocks it fills
        one = Held(guest, f"memhp_driver blocks={5 * area.block // 2 // pageblock(guest)}")
        parts = [area.part(at, area.block) for at in range(0, area.size, area.block)]
        block = parts[[kinds_found(guest, part) for part in parts].index({"kernel"})]
        before = kernels_pageblocks(guest)
        error, reason, found = said(guest, block, "")
        after = kernels_pageblocks(guest)
        ctx.note(f"{error}, {reason}: {len(found)} of {({b.kind for b in found})}")
        ctx.note(f"{before} pageblocks are the kernel's, then {after}")
        yield ((error, reason) == ("EBUSY", NEVER) and {b.kind for b in found} == {"kernel"}
               ), "OFFLINE-03 pages of nobody known are named so"
        # it may have wanted some more meanwhile
        yield before <= after, \
            "OFFLINE-01 pageblocks are what they were after an offline that failed"
        one.release()


SCENARIOS = [
    ("OFFLINE-03 a page that is locked, written back or a driver's is in the way, and is named so",
     held),
    ("OFFLINE-03 there is no room for what is in a range, and that is said", full),
    ("OFFLINE-01 pageblocks of the kernel's stay so when they cannot go offline", anonymous),
]
