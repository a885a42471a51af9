# SPDX-License-Identifier: GPL-2.0-only
"""Makes the k-th allocation of work fail that a kernel thread does for an event.

Owns which thread that is: any of the kernel's workers may take the work, so all of
them are told to fail their k-th allocation, below the function that is named only.
Who has counted down is who did it. A worker that was made meanwhile does not know of
it; then the try is none, and has to be made again.
"""

import os
from dataclasses import dataclass

import kth

# One line: the numbers of all workers that still have to fail an allocation.
LOOK = ("cd /proc; for at in [0-9]*; do read name < $at/comm; case $name in kworker*)"
        " read left < $at/fail-nth; {}; esac; done 2>/dev/null; echo")
SET = LOOK.format("echo {} > $at/fail-nth")
READ = LOOK.format("echo -n \"$left \"")
MANY = 1 << 20


@dataclass
class Count:
    """What became of k: "reached" if the k-th allocation happened, and failed."""
    known: bool             # did one of the workers do it that were told to?
    reached: bool
    used: int               # allocations


def prepare(guest, caller):
    kth.prepare(guest, caller)


def begin(guest, k):
    guest.check(SET.replace("{}", str(k)))


def look(guest, k):
    fewest = min(int(word) for word in guest.check(READ).split())
    return Count(fewest < k, fewest == 0, k - fewest)


def end(guest, k):
    count = look(guest, k)
    guest.check(SET.replace("{}", "0"))
    return count


def sample(total, rare, last, often):
    """Which k of so many: 1 to 10, every so many, and more of the last ones."""
    if os.environ.get("MEMHP_EVERY_K"):
        return list(range(1, total + 1))
    return [k for k in range(1, total + 1) if k <= 10 or k % rare == 0
            or k > total - last and (total - k) % often == 0]
