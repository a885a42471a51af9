# SPDX-License-Identifier: GPL-2.0-only
"""Memory in use that is to go offline: who uses it, and what the files say of it."""

import re
from collections import namedtuple
from copy import copy
from itertools import count

from machines import GIB
from memhp_vm import Node, Topology
from ranges import do, errno_name, load, set_state, state_file

MEMORY = "/sys/devices/system/memory"
BLOCKERS = "/sys/kernel/debug/memory_hotplug/blockers"
TIMEOUT = "/sys/module/memory_hotplug/parameters/offline_timeout_ms"
RETRIES = "/sys/module/memory_hotplug/parameters/offline_retries"

# The clock counts instructions, and does not go on when others use the host.
OWN_TIME = {"icount": True, "cpus": 1}

Blocker = namedtuple("Blocker", "pfn count kind refs cgroup owner")


def machine(ctx, boot=1, hidden=4, cpus=2, extra="", **options):
    """One node; the memory above the first GiB or two is hidden, and movable when added."""
    return ctx.guest(firmware="dt", topology=Topology(nodes=[Node(f"{boot + hidden}G", cpus)]),
                     cmdline=f"nokaslr mem={boot}G {extra}", **options)


def most(ctx):
    """GiB of the hidden memory; less where KASAN's shadow of it has to fit into boot's."""
    return 4 if ctx.slowness == 1 else 2


class Range:
    """Hidden memory of a machine() that is added and online."""

    def __init__(self, guest, gib, boot=1, wanted="online_movable"):
        load(guest, 0)
        self.guest, self.block = guest, guest.blocks()[0].size
        self.start, self.size = GIB + boot * GIB, gib * GIB
        do(guest, "add", self.start, self.size)
        if wanted:
            set_state(guest, self.start, self.size, wanted)

    def has(self, block):
        return self.start <= block.start < self.start + self.size

    def states(self):
        """[(state, zones)] of its blocks."""
        return [(b.state, b.zones) for b in self.guest.blocks() if self.has(b)]

    def part(self, offset, size):
        """A range within it, bytes from its start."""
        found = copy(self)
        found.start, found.size = self.start + offset, size
        return found

    def text(self, blocks=None):
        return f"{self.start:#x} {blocks * self.block if blocks else self.size:#x}"


# ---- who uses it

class Keeper:
    """A program that uses memory (keep.c)."""
    numbers = count()

    def __init__(self, guest, kind, size, file="", before=""):
        self.guest, self.kind = guest, kind
        self.out = f"/tmp/keep.{next(self.numbers)}"
        words = f"keep {kind} {size:#x} {next(self.numbers) + 1} {file}"
        self.job = guest.start(f"{before} exec {words} > {self.out} 2>&1 & echo $! > {self.out}.pid;"
                               f" wait $!")
        guest.check(f"until [ -s {self.out}.pid ]; do sleep 0.1; done; p=$(cat {self.out}.pid);"
                    f" until grep -q ready {self.out}; do sleep 0.1;"
                    f" [ -d /proc/$p ] || {{ cat {self.out}; exit 1; }}; done", timeout=120)
        self.pid = int(guest.check(f"cat {self.out}.pid"))
        self.pfn = int(re.search(r"ready (\w+)", guest.check(f"cat {self.out}"))[1], 0)

    def unpin(self):
        self.guest.check(f"kill -USR1 {self.pid}; sleep 0.2")

    def end(self):
        """What it says at its end; it fails if a word was lost."""
        self.guest.check(f"kill {self.pid}")
        status, _ = self.job.wait(120)
        said = self.guest.check(f"cat {self.out}").splitlines()[-1]
        assert status == 0, f"{self.kind}: {said}"
        return said


# ---- what is asked for, and what is said

def timed(guest, command, timeout=60):
    """(name of the error or "0", seconds) of a shell command."""
    status, out = guest.run(f"read a b < /proc/uptime; ({command}); s=$?;"
                            " read c d < /proc/uptime; echo; echo $s $a $c", timeout=timeout)
    assert status == 0, out
    *said, numbers = out.rstrip().splitlines()
    failed, begin, end = numbers.split()
    return errno_name(int(failed), "\n".join(said)), float(end) - float(begin)


def offline(guest, text, timeout=60):
    return timed(guest, f"echo {text} > {MEMORY}/offline", timeout)


def block_by_block(area, seconds):
    """A command that takes a range offline by the files of its blocks; SIGINT ends it in time."""
    blocks = range(area.start // area.block, (area.start + area.size) // area.block)
    files = " ".join(map(state_file, blocks))
    return (f"timeout -s INT {seconds} sh -c 'for file in {files};"
            " do echo offline > $file || exit; done'")


def check(guest, text):
    return timed(guest, f"echo {text} > {MEMORY}/offline_check")[0]


def cancel(guest, address):
    return timed(guest, f"echo {address:#x} > {MEMORY}/offline_cancel")[0]


def report(guest):
    """({key: text}, [Blocker]) of the file."""
    keys, found = {}, []
    for line in guest.check(f"cat {BLOCKERS}").splitlines():
        key, _, text = line.partition(" ")
        if key == "blocker":
            pfn, pages, kind, refs, cgroup, owner = text.split()
            found.append(Blocker(int(pfn, 0), int(pages), kind, int(refs), int(cgroup), owner))
        else:
            keys[key] = text
    return keys, found
