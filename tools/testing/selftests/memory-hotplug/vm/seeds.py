# SPDX-License-Identifier: GPL-2.0-only
"""Users of memory at random, in the way of who takes it offline.

Owns what is chosen at random, and the verdict on each try. The same seeds for each
kernel; one that does not know of deadlines and ranges is asked block by block, and
sent a signal after twice the time.
"""

import random
from collections import namedtuple

from machines import GIB
from offlining import Keeper, Range, block_by_block, offline, report, timed
from ranges import set_state

MIB = 1 << 20
# "kernel": the kernel's data, and tables of pages that are movable
KINDS = ("pin", "mlock pin", "thp pin", "hugetlb", "kernel")
DEADLINE = 1000             # milliseconds, more on a slow kernel
LATE = DEADLINE * 1.1
TICK = 20                   # the shell's clock is one of hundredths, read twice

# What a try comes to. error and found: as offlining.py gives them, or None; restored: is
# all of the range in the state that it was in?
Answer = namedtuple("Answer", "late restored error found")
# wrong: "", or what is not as it must be; who gives no error is not judged
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


def is_late(guest, seconds):
    return seconds * 1000 > LATE * guest.slowness + TICK


def by_range(guest, area):
    """The Answer where ranges, deadlines and blockers are known."""
    before = area.states()
    error, seconds = offline(guest, f"{area.text()} {DEADLINE * guest.slowness}")
    keys, found = report(guest)
    late = int(keys["msec"]) > LATE * guest.slowness or is_late(guest, seconds)
    return Answer(late, area.states() == before, error, found)


def by_blocks(guest, area):
    """The Answer by the files of blocks alone, some of which may have gone."""
    _, seconds = timed(guest, block_by_block(area, 2 * DEADLINE // 1000) + " || true")
    return Answer(is_late(guest, seconds), False, None, None)


def is_named(kind, found, pfn):
    return any(b.kind == kind and b.pfn <= pfn < b.pfn + b.count for b in found)


def is_right(kind, answer, pfn, inside):
    """Is who is in the way named, and all as it was? pfn: a page of his, inside: is it there?"""
    error, found = answer.error, answer.found
    if kind == "hugetlb":   # there are no others to move to, unless one came free meanwhile
        return inside and (error == "0" or error in ("ETIMEDOUT", "EBUSY") and answer.restored
                           and is_named("hugetlb", found, pfn))
    if kind == "kernel":    # what can never move is said at once, tables and slabs by name
        return (error == "EBUSY" and {b.kind for b in found} >= {"page-table", "slab"}
                and answer.restored)
    return (error == "ETIMEDOUT" and answer.restored and
            is_named("pinned", found, pfn))


def keepers_of(guest, kind, size):
    if kind == "kernel":
        return [Keeper(guest, "idle", size)]
    if kind == "hugetlb":   # all of the pool
        guest.check("echo 8 > /proc/sys/vm/nr_hugepages")
        return [Keeper(guest, "hugetlb", 16 * MIB)]
    return [Keeper(guest, word, size) for word in kind.split()]


def one(place, ask, kind, size):
    """One try; all is online again after it."""
    guest, area = place.guest, place.kernels if kind == "kernel" else place.movable
    keepers = keepers_of(guest, kind, size)
    answer, pfn = ask(guest, area), keepers[-1].pfn
    inside = area.start <= pfn * guest.page_size() < area.start + area.size
    for keeper in keepers:
        keeper.end()
    if kind == "hugetlb":
        guest.check("echo 0 > /proc/sys/vm/nr_hugepages")
    if not answer.restored:
        place.online()
    fine = answer.error is None or is_right(kind, answer, pfn, inside)
    return Outcome(kind, answer.late, "" if fine else f"{answer.error} {answer.found}")


def played(guest, count, ask=by_range):
    """The Outcome of each try."""
    generator, place = random.Random(4), Place(guest)
    for _ in range(count):
        yield one(place, ask, generator.choice(KINDS), generator.randrange(1, 60) * MIB)
