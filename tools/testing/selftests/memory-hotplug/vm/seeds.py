# SPDX-License-Identifier: GPL-2.0-only
"""Users of memory at random, in the way of who takes it offline.

Owns what is chosen at random, and the verdict on each try. The same seeds for each
kernel; one that does not know of deadlines and ranges is asked block by block, and
sent a signal after twice the time.
"""

import random
from collections import namedtuple

from machines import GIB
from offlining import MEMORY, Keeper, Range, offline, report, timed
from ranges import set_state

MIB = 1 << 20
# "kernel": the kernel's data, and tables of pages that are movable
KINDS = ("pin", "mlock pin", "thp pin", "hugetlb", "kernel")
DEADLINE = 1000             # milliseconds
LATE = DEADLINE * 1.1
TICK = 20                   # the shell's clock is one of hundredths, read twice

# wrong: "", or what is not as it must be
Outcome = namedtuple("Outcome", "kind late wrong")


class Place:
    """Movable memory, and some that is the kernel's."""

    def __init__(self, guest):
        self.guest = guest
        hidden = Range(guest, 4, wanted=None)
        # the kernel takes memory from above 4 GiB first
        self.movable, self.kernels = hidden.part(0, 2 * GIB), hidden.part(2 * GIB, GIB)
        self.online()

    def online(self):
        """What has gone, or not come yet."""
        for block in self.guest.blocks():
            for area, wanted in ((self.movable, "online_movable"), (self.kernels, "online_kernel")):
                if area.has(block) and block.state == "offline":
                    set_state(self.guest, block.start, block.size, wanted)


class Knows:
    """What a try comes to where ranges, deadlines and blockers are known."""

    def attempt(self, guest, area):
        self.area, self.before = area, area.states()
        self.error, seconds = offline(guest, f"{area.text()} {DEADLINE}")
        keys, self.found = report(guest)
        self.late = int(keys["msec"]) > LATE or seconds * 1000 > LATE + TICK

    def wrong(self, fine):
        return "" if fine and self.restored() else f"{self.error} {self.found}"

    def restored(self):
        return self.error == "0" or self.area.states() == self.before

    def pinned(self, page):
        return self.wrong(self.error == "ETIMEDOUT" and any(
            b.kind == "pinned" and b.pfn <= page.pfn < b.pfn + b.count for b in self.found))

    def kernel(self):
        """What can never move is said at once, tables and slabs by their names."""
        return self.wrong(self.error == "EBUSY" and
                          {b.kind for b in self.found} >= {"page-table", "slab"})

    def huge(self, inside):
        """All of the pool is in use: there are no others to move to."""
        return self.wrong(inside and (self.error == "0" or self.found and
                                      self.error in ("ETIMEDOUT", "EBUSY")))


class Waits:
    """What it comes to by the files of blocks alone: only whether it ends in time."""

    def attempt(self, guest, area):
        blocks = range(area.start // area.block, (area.start + area.size) // area.block)
        files = " ".join(f"{MEMORY}/memory{block}/state" for block in blocks)
        _, seconds = timed(guest, f"timeout -s INT {2 * DEADLINE // 1000} sh -c 'for file in {files};"
                                  " do echo offline > $file || exit; done' || true")
        self.late = seconds * 1000 > LATE + TICK

    def pinned(self, page):
        return ""

    def kernel(self):
        return ""

    def huge(self, inside):
        return ""


def seed_pin(place, result, kinds, size):
    keepers = [Keeper(place.guest, kind, size) for kind in kinds]
    result.attempt(place.guest, place.movable)
    wrong = result.pinned(keepers[-1])
    for keeper in keepers:
        keeper.end()
    return wrong


def seed_kernel(place, result, size):
    keeper = Keeper(place.guest, "idle", size)
    result.attempt(place.guest, place.kernels)
    wrong = result.kernel()
    keeper.end()
    return wrong


def seed_huge(place, result):
    guest, area = place.guest, place.movable
    guest.check("echo 8 > /proc/sys/vm/nr_hugepages")
    keeper = Keeper(guest, "hugetlb", 16 * MIB)
    result.attempt(guest, area)
    wrong = result.huge(area.start <= keeper.pfn * guest.page_size() < area.start + area.size)
    keeper.end()
    guest.check("echo 0 > /proc/sys/vm/nr_hugepages")
    return wrong


def one(place, result, kind, size):
    if kind == "hugetlb":
        return seed_huge(place, result)
    if kind == "kernel":
        return seed_kernel(place, result, size)
    return seed_pin(place, result, kind.split(), size)


def played(guest, count, judge=Knows):
    """The Outcome of each try; all is online again after it."""
    generator, place = random.Random(4), Place(guest)
    for _ in range(count):
        kind, size = generator.choice(KINDS), generator.randrange(1, 60) * MIB
        result = judge()
        wrong = one(place, result, kind, size)
        place.online()
        yield Outcome(kind, result.late, wrong)
