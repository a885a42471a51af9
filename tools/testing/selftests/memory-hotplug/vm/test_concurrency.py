# SPDX-License-Identifier: GPL-2.0-only
"""DIMMs come and go on two nodes while everybody else uses the kernel's tables.

Owns the rounds of MAP-03. On the other CPUs the module memhp_churn works (vmalloc,
set_memory_* on module memory, mappings that need tables of every level), the
page-table dump and the check of permissions are read, and a module is loaded and
unloaded, all the time. The DIMMs lie side by side, so that they share tables, and one
holds a file while the other comes and goes. Every load has to get on in every round,
nothing may be reported, and in the end all is as it was.

MEMHP_ROUNDS rounds, 6 if it is not set; less on a kernel that is slow.
"""

import os
import re
import time

from memhp_vm import Node, Topology, modules
from memhp_vm.pulse import deadline
from observe import SLACK, amounts, drift, expect_same, in_words, state
from ranges import HASTE

ROUNDS = int(os.environ.get("MEMHP_ROUNDS", "6"))
WARM_UP = 2
FILE_MIB = 8                # what lies in a DIMM while another comes and goes; less if slow
FAR = 200                   # mappings far away, over all rounds

SYMBOLS = ("set_memory_ro", "set_memory_rw", "set_memory_x", "set_memory_nx",
           "get_vm_area", "vm_area_map_pages", "vm_area_unmap_pages")

# What loads take the time that a round leaves, on all CPUs, so that it is not their number
# that makes a round long. A dump is not among them, as others wait for it.
NICE = "renice -n 19 -p $$ > /dev/null;"

# Each load counts in /tmp/load.NAME, and ends only by a failure. Who changes memory waits
# for a dump that has begun: without a pause between them, every step of a round would.
# The slower the kernel, the longer it is.
LOADS = {
    "ptdump": "cat /sys/kernel/debug/*page_tables* > /tmp/dump && grep -q Linear /tmp/dump"
              " && grep -q SUCCESS /sys/kernel/debug/check_wx_pages && sleep $pause",
    "modules": "insmod /lib/modules/memhp_range.ko && rmmod memhp_range",
}


class Rounds:
    """A guest under load, and what its loads have done so far."""

    def __init__(self, guest):
        self.guest, self.mib = guest, max(2, FILE_MIB // guest.slowness)
        self.jobs, self.total, self.asked = {}, {}, 0
        self.least = {}

    # ---- the load

    def prepare(self):
        """Modules and files in place, a console that is not filled by each dump."""
        built = modules.build(self.guest.tree, self.guest.config)
        self.guest.put("/lib/modules/memhp_range.ko", built["memhp_range"].read_bytes())
        self.guest.check("dmesg -n 5")
        self.guest.check("head -c 1048576 /dev/urandom > /tmp/mib; for i in $(seq "
                         f"{self.mib}); do cat /tmp/mib; done > /tmp/seed")
        for node in (0, 1):     # files there are memory of that node alone
            self.guest.check(f"mkdir /tmp/node{node} && mount -t tmpfs -o mpol=bind:{node}"
                             f" tmpfs /tmp/node{node}")
        self.size = self.guest.blocks()[0].size
        self.addresses = addresses(self.guest)

    def parameters(self):
        return " ".join(f"{name}=0x{at}" for name, at in self.addresses.items())

    def begin(self):
        status, out = self.guest.insmod("memhp_churn", self.parameters())
        assert status == 0, out
        for name, command in LOADS.items():
            self.jobs[name] = self.guest.start(
                f"{'' if name == 'ptdump' else NICE} pause={self.guest.slowness}; n=0;"
                f" while [ ! -e /tmp/enough ]; do {command} || exit 1; n=$((n+1));"
                f" echo $n > /tmp/load.{name}.new; mv /tmp/load.{name}.new /tmp/load.{name};"
                " done")
        self.wait_moved({}, "at the start")

    def end(self):
        self.guest.check("touch /tmp/enough")
        for job in self.jobs.values():
            job.check(60)
        self.guest.check("rmmod memhp_churn && rm -f /tmp/enough /tmp/load.* /tmp/dump",
                         timeout=60)
        self.jobs, self.asked = {}, 0

    def counts(self):
        """{name: how often} of each load; a load that failed ends the test."""
        for name, job in self.jobs.items():
            assert not job.done(), f"{name} failed: {job.output}"
        text = self.guest.check("cd /sys/kernel/debug/memhp_churn; grep . *;"
                                " cd /tmp; grep -H . load.*[a-z] || true",
                                timeout=60)
        found = {name: int(n) for name, n in re.findall(r"^(?:load\.)?(\w+):(\d+)$", text, re.M)}
        assert found.pop("errors") == 0, "the module has seen errors"
        found.pop("goal")
        self.tops = found.pop("tops", 0)
        return found

    def more_far_away(self, count):
        """Lets the module map that much more where no tables are."""
        self.asked += count
        self.guest.check(f"echo {self.asked} > /sys/kernel/debug/memhp_churn/goal")

    def stuck(self, before, now):
        """The loads that have done nothing since."""
        names = set(LOADS) | set(now)
        if not self.asked:
            names.discard("sparse")
        return sorted(name for name in names if now.get(name, 0) <= before.get(name, 0))

    def wait_moved(self, before, when):
        end = deadline(60 * self.guest.slowness)
        while stuck := self.stuck(before, self.counts()):
            assert time.monotonic() < end, f"{when} these got nowhere: {stuck}"
            time.sleep(0.2)

    # ---- a round

    def set_blocks(self, dimm, wanted):
        for block in self.guest.blocks(dimm):
            error = self.guest.set_state(block, wanted)
            assert not error, f"{dimm.id}: {wanted}: {error}"

    def gone(self, dimm):
        self.guest.unplug(dimm.id, timeout=60)
        self.guest.wait_blocks(dimm, timeout=60, gone=True)

    def plug(self, node):
        return self.guest.plug_dimm(f"d{node}", size=f"{self.size >> 20}M", node=node)

    def online(self, dimm):
        self.guest.wait_blocks(dimm, timeout=60)
        self.set_blocks(dimm, "online_movable")

    def use(self, node):
        """A file in the node's DIMM, compared again and again until /tmp/through is there."""
        self.guest.check(f"rm -f /tmp/through; cp /tmp/seed /tmp/node{node}/file",
                         timeout=60)
        used = movable_in_use(self.guest, node)
        # each CPU may hold back what it counted of some pages
        assert used >= self.mib << 19, f"the file is not in the DIMM: {used} bytes used"
        return self.guest.start(f"{NICE} file=/tmp/node{node}/file;"
                                " while cmp /tmp/seed $file || exit 1; do"
                                " [ -e /tmp/through ] && break; done; rm $file")

    def play(self, number):
        """A DIMM on each node; one is in use while the other comes, goes, and comes."""
        node, other = number % 2, 1 - number % 2
        first, second = self.plug(node), self.plug(other)
        self.online(first)
        user = self.use(node)
        self.guest.wait_blocks(second, timeout=60)
        self.gone(second)
        second = self.plug(other)
        self.online(second)
        self.set_blocks(first, "offline")
        self.gone(first)
        self.set_blocks(second, "offline")
        self.gone(second)
        self.guest.check("touch /tmp/through")
        user.check(60)

    def round(self, number, far):
        before = self.counts()
        self.more_far_away(far)
        self.play(number)
        now = self.counts()
        stuck = self.stuck(before, now)
        assert not stuck, f"in round {number} these got nowhere: {stuck}"
        for name, value in now.items():
            moved = value - before.get(name, 0)
            self.total[name] = self.total.get(name, 0) + moved
            self.least[name] = min(self.least.get(name, moved), moved)

    def all(self, numbers, far):
        self.begin()
        for number in numbers:
            self.round(number, far)
        self.end()


def addresses(guest):
    """{function: address}, the address as hexadecimal digits."""
    wanted = "|".join(SYMBOLS)
    text = guest.check(f"grep -E ' T ({wanted})$' /proc/kallsyms")
    found = {name: at for at, _, name in (line.split() for line in text.splitlines())}
    assert set(found) == set(SYMBOLS), found
    return found


def movable_in_use(guest, node):
    """Bytes of the node's ZONE_MOVABLE that are not free."""
    text = guest.check("cat /proc/zoneinfo")
    zone = re.search(rf"^Node {node}, zone +Movable\n(.*?)(?=^Node|\Z)", text, re.M | re.S)[1]
    free, managed = (int(re.search(rf"^ +(?:pages )?{name} +(\d+)$", zone, re.M)[1])
                     for name in ("free", "managed"))
    return (managed - free) * guest.page_size()


def machine():
    return Topology(nodes=[Node("768M", 2), Node("512M", 2)], slots=4, maxmem="16G",
                    cover_nomap=True)


def far_tables(guest, tops, steps, earlier):
    """(middle, last): new tables for addresses far away, which the kernel never frees.

    It counts those of the middle levels, two with 4K pages, else one, as page tables.
    """
    middle = 2 if guest.page_size() == 4096 else 1
    return (middle * (min(tops, steps) - earlier), steps - earlier) if tops else (0, 0)


def same_but_for_tables(ctx, guest, before, after, tables):
    """The state is as it was, and nothing is gone but these tables."""
    middle, last = tables
    page = guest.page_size() // 1024
    drifts = drift(before, after)
    drifts["free"] += (middle + last) * page
    grown = after["tables"] - before["tables"]
    ctx.note(f"page tables {grown:+d}, {middle} of them far away; besides, " +
             in_words(drifts))
    assert grown == middle, f"page tables: {before['tables']} became {after['tables']}"
    for name, value in drifts.items():
        allowed = max(SLACK[name], 32 * page)
        assert abs(value) <= allowed, f"{name}: {value:+d} KiB"
    expect_same({name: before[name] for name in ("iomem", "sysfs", "zones", "dump")}, after)


def whole_state(guest):
    return {**amounts(guest), **state(guest)}


def rounds(ctx, rodata):
    count = ctx.times(ROUNDS)
    far = max(2, FAR // ROUNDS)
    with ctx.guest(firmware="uefi", topology=machine(),
                   cmdline=f"rodata={rodata} {HASTE if ctx.slowness > 1 else ''}") as guest:
        test = Rounds(guest)
        test.prepare()
        test.all(range(WARM_UP), 1)    # what is cached once and for all
        test.total, test.least = {}, {}
        before, began = whole_state(guest), time.monotonic()
        test.all(ctx.rounds(count), far)
        ctx.note(f"rodata={rodata}: {count} rounds in {time.monotonic() - began:.0f} s; "
                 "done in all (in the laziest round): " + ", ".join(
                     f"{name} {test.total[name]} ({test.least[name]})" for name in test.total))
        tables = far_tables(guest, test.tops, steps=count * far, earlier=WARM_UP)
        same_but_for_tables(ctx, guest, before, whole_state(guest), tables)


def rounds_with_blocks(ctx):
    rounds(ctx, "on")


def rounds_with_pages(ctx):
    rounds(ctx, "full")


def load_notices(ctx):
    """Memory that is said to be read-only and is not: the load must see it."""
    with ctx.guest(firmware="uefi", topology=machine(), expect_death=True) as guest:
        test = Rounds(guest)
        test.prepare()
        test.addresses["set_memory_ro"] = test.addresses["set_memory_rw"]
        guest.insmod("memhp_churn", test.parameters())
        reason = guest.wait_death(60)
    ctx.note(reason)
    assert "WARNING" in reason, reason
    assert "memhp_churn: module memory is not read-only" in guest.console()


APART = 3       # a CPU that the scheduler does not balance, for which it would stop it


def stops(guest):
    """How often the task has run that stops that CPU, and is part of stopping all."""
    text = guest.check(f"cat $(dirname $(grep -lx migration/{APART} /proc/[0-9]*/comm"
                       " 2> /dev/null))/status")
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])


def stops_during(guest, act, *args):
    before = stops(guest)
    act(*args)
    return stops(guest) - before


def nobody_is_stopped(ctx):
    """Once is chance: a thread that changes CPUs. What is needed shows each time."""
    count = ctx.times(ROUNDS)
    with ctx.guest(firmware="uefi", topology=machine(),
                   cmdline=f"rodata=full isolcpus={APART}") as guest:
        test = Rounds(guest)
        test.size, added, removed = guest.blocks()[0].size, [], []
        for number in range(count):
            added.append(stops_during(guest, lambda: guest.wait_blocks(test.plug(number % 2))))
            dimm = guest.dimms()[f"d{number % 2}"]
            removed.append(stops_during(guest, test.gone, dimm))
        control = stops_during(guest, guest.check,
                               "echo 0 > /sys/devices/system/cpu/cpu1/online")
    ctx.note(f"CPU {APART} stopped {sum(added)} times by {count} DIMMs that come, "
             f"{sum(removed)} by those that go, {control} when a CPU is taken away")
    assert control > 0, "this cannot tell that the CPUs are stopped"
    assert min(added) == 0 and min(removed) == 0, (added, removed)


SCENARIOS = [
    ("MAP-03 the load reports memory that is not as it was made", load_notices),
    ("MAP-03 vmalloc, dumps, set_memory and modules run on through rounds of DIMMs"
     " on two nodes, rodata=on", rounds_with_blocks),
    ("MAP-03 vmalloc, dumps, set_memory and modules run on through rounds of DIMMs"
     " on two nodes, rodata=full", rounds_with_pages),
    ("MAP-03 no CPU is stopped while DIMMs come and go", nobody_is_stopped),
]
