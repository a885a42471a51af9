# SPDX-License-Identifier: GPL-2.0-only
"""Data in use survives while the memory that it is in goes, and comes back.

Programs write patterns to memory of each kind and verify them, all the time, while the
range goes offline, is removed, added and onlined again. Others that move pages, take them
for themselves or report errors in them go on, too: compaction, khugepaged, KSM, CMA, a CPU
that comes and goes, soft offline, memory errors, the OOM killer. Each has to get on.

MEMHP_CYCLES cycles, 10 if it is not set; less on a kernel that is slow.
"""

import os
import time

from load import Again, in_words
from memhp_vm import DtMemory, DtPmem, Node, Topology
from memhp_vm.usage import migrated, of_vmstat
from offlining import MEMORY, Keeper, Range, report
from machines import GIB
from ranges import FOLDER, HASTE

MIB = 1 << 20
CYCLES = int(os.environ.get("MEMHP_CYCLES", "10"))
BOOT, HIDDEN, DISK = 2, 2, 256      # GiB of RAM, GiB of the range, MiB of a disk in RAM
HUGE_PAGES = 12

TMPFS, DISK_AT = "/tmp/shm", "/mnt"
USERS = {
    "anonymous": ("anon", 8, ""),
    "THP": ("thp", 8, ""),
    "collapsed": ("loose", 8, ""),
    "mlocked": ("mlock", 4, ""),
    "alike": ("alike", 8, ""),
    "hugetlb": ("hugetlb", 6, ""),
    "tmpfs": ("file", 8, f"{TMPFS}/data"),
    "page cache": ("file", 8, f"{DISK_AT}/data"),
}
THP = "/sys/kernel/mm/transparent_hugepage"
KSM = "/sys/kernel/mm/ksm"
CMA = "/sys/kernel/debug/cma/reserved"
CGROUP = "/tmp/cgroup"
FAULTS = "/tmp/faults"      # what could not be injected, or was not noticed
CPU = "/sys/devices/system/cpu/cpu2/online"
PREPARE = [
    f"mkdir -p {TMPFS} && mount -t tmpfs none {TMPFS}",
    f"mkdir -p {DISK_AT} && mkfs.ext4 -q /dev/pmem0 && mount -t ext4 /dev/pmem0 {DISK_AT}",
    f"echo {HUGE_PAGES} > /proc/sys/vm/nr_hugepages",
    f"for f in scan alloc; do echo 10 > {THP}/khugepaged/${{f}}_sleep_millisecs; done",
    f"echo 2000 > {KSM}/pages_to_scan && echo 1 > {KSM}/run",
    f"mkdir {CGROUP} && mount -t cgroup2 none {CGROUP}"
    f" && echo +memory > {CGROUP}/cgroup.subtree_control"
    f" && mkdir {CGROUP}/small && echo 4M > {CGROUP}/small/memory.max",
    "dmesg -n 4",               # who reports errors says much
]
# (pause in milliseconds, what to do)
FILES = {
    "compaction": (100, "write /proc/sys/vm/compact_memory 1"),
    "cma": (50, f"write {CMA}/alloc 512 {CMA}/free 512"),
    "cpu": (1000, f"write {CPU} 0 {CPU} 1"),
    "soft_offline": (500, f"write {MEMORY}/soft_offline_page {{address:#x}}"
                          " /sys/kernel/debug/hwpoison/unpoison-pfn {pfn:#x}"),
}
# (pause in seconds, command)
COMMANDS = {
    "oom": (1, f"(echo 0 > {CGROUP}/small/cgroup.procs; exec keep anon 0x1000000 1)"),
    "fault": (2, f"out=$(keep fault 0x10000 1 2>&1) || echo $? $out >> {FAULTS}"),
}


def machine(ctx):
    """Hidden memory, and a disk behind it, so that there is a page cache."""
    memory = [DtMemory(GIB, BOOT * GIB)]
    disk = DtPmem((1 + BOOT + HIDDEN) * GIB, DISK * MIB, 0)
    topology = Topology(nodes=[Node(f"{(BOOT + HIDDEN) * 1024 + DISK}M", 3)],
                        dt_memory=memory, dt_pmem=[disk])
    return ctx.guest(firmware="loader", root="tools", topology=topology,
                     cmdline=f"nokaslr cma=32M {HASTE}")


class Cycles:
    """The range, and what a cycle asks for."""

    def __init__(self, ctx, guest):
        self.ctx, self.guest = ctx, guest
        self.area = area = Range(guest, HIDDEN, boot=BOOT)
        blocks = range(area.start // area.block, (area.start + area.size) // area.block)
        self.online = (f"for b in {' '.join(map(str, blocks))}; do"
                       f" echo online_movable > {MEMORY}/memory$b/state; done")
        self.offline = f"echo {area.text()} 60000 > {MEMORY}/offline"
        self.again = " && ".join(f"echo {area.text()} > {FOLDER}/{what}"
                                 for what in ("remove", "add"))
        self.refused = 0

    def one(self):
        # what has moved away stays there, so there is something new each time
        fresh = Keeper(self.guest, "anon", 16 * MIB)
        status, out = self.guest.run(f"{self.offline} && {self.again} && {self.online}",
                                     timeout=120)
        fresh.end()
        if status:
            assert "timed out" in out or "busy" in out, out
            self.refused += 1
            self.ctx.note(f"{out.strip()}: {report(self.guest)}")
            self.guest.check(f"({self.online}) 2> /dev/null || true")   # those that are not
        # a huge page can only move to one that is free elsewhere
        self.guest.check(f"echo {HUGE_PAGES} > /proc/sys/vm/nr_hugepages")


def own_work(guest):
    """{who works by himself: how much he has done}: pages put together, and pages shared"""
    return {"khugepaged": of_vmstat(guest, "thp_collapse_alloc"),
            "ksm": of_vmstat(guest, "cow_ksm")}


def noticed(ctx, guest, count):
    """Whoever is moving a page just then makes its injection fail, and nothing else does."""
    failed = guest.check(f"cat {FAULTS} 2> /dev/null || true").splitlines()
    if failed:
        ctx.note("\n".join(failed))
    assert all(line.endswith("Device or resource busy") for line in failed), failed
    assert len(failed) <= 1 + count // 100, failed


def survives(ctx):
    count = ctx.times(CYCLES)
    with machine(ctx) as guest:
        cycles = Cycles(ctx, guest)
        for command in PREPARE:
            guest.check(command)
        keepers = {name: Keeper(guest, kind, size * MIB, path)
                   for name, (kind, size, path) in USERS.items()}
        address = cycles.area.start + cycles.area.size // 2
        where = {"address": address, "pfn": address // guest.page_size()}
        going = Again(guest, {name: (pause, what.format(**where))
                              for name, (pause, what) in FILES.items()}, COMMANDS)
        before = own_work(guest)
        moved = migrated(guest)
        began = time.monotonic()
        for _ in ctx.rounds(count):
            cycles.one()
        seconds = time.monotonic() - began
        moved = migrated(guest) - moved
        done = going.end() | {name: work - before[name] for name, work in
                              own_work(guest).items() if work > before[name]}
        killed = int(guest.check(f"awk '/^oom_kill / {{ print $2 }}' {CGROUP}/small/memory.events"))
        said = [f"{name}: {keeper.end()}" for name, keeper in keepers.items()]
        ctx.note(f"{count} cycles in {seconds:.0f} s, {cycles.refused} refused, {moved} migrations,"
                 f" {killed} killed; {in_words(done, [*FILES, *COMMANDS, *before])}")
        ctx.note("\n".join(said))
        noticed(ctx, guest, count)
        assert cycles.refused <= max(1, count // 100) and moved > count * 1000 and killed


SCENARIOS = [
    ("OFFLINE-07 data in use survives while its memory comes and goes", survives),
]
