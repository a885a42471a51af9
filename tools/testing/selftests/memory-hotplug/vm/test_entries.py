# SPDX-License-Identifier: GPL-2.0-only
"""The ways by which memory comes: each says truly what became of it, and undoes it.

ACPI memory devices, virtio-mem and dax/kmem, none of which knows of us. What each
allocates fails in turn (kth.py, workers.py); whose memory a range is decides what
ACPI is told. Stock runs beside.
"""

import os
import time

import kth
import nvdimm
import ssdt
import test_kth
import test_virtio_mem
import workers
from census import everything
from machines import GIB, plain, two_nodes
from memhp_vm import Node, Topology, acpi
from memhp_vm.errors import HarnessError
from observe import amounts, expect_same, small_drift
from ranges import command, hidden_ram, load

MIB = 1 << 20
TIERS = "grep -s . /sys/devices/virtual/memory_tiering/memory_tier*/nodelist"


def on_stock(ctx, what, act, **options):
    """What stock makes of it; the scenario does not depend on that."""
    try:
        act("stock", dict(options, expect_death=True, keep_going=True))
    except (AssertionError, HarnessError) as error:
        ctx.note(f"stock: {what}: {str(error).splitlines()[0]}")


# ---- CORE-03: whose memory is it?

def bound(guest, dimm):
    """Blocks that are a firmware device's."""
    return [block.index for block in guest.blocks(dimm)
            if not guest.run(f"test -e {block.path}/firmware_node")[0]]


def plug_onto(guest, ident, start):
    """(status of ACPI's answer, what changed in the guest, blocks that the device has)"""
    before = everything(guest)
    dimm = guest.plug_dimm(ident, size="1G", node=1, addr=start)
    status = guest.wait_taken(ident)
    changed = [name for name, value in everything(guest).items() if value != before[name]]
    return status, changed, bound(guest, dimm)


def taken_parts(guest, start):
    """{what: (command that takes it, command that gives it back)} of a DIMM's place."""
    block = guest.blocks()[0].size
    parts = {"first block": (start, block), "last block": (start + GIB - block, block),
             "all": (start, GIB)}
    return {what: (command("add", *part), command("remove", *part))
            for what, part in parts.items()}


def use_and_unplug(guest, ident, start):
    dimm = guest.plug_dimm(ident, size="1G", node=1, addr=start)
    assert guest.wait_taken(ident) == 0
    blocks = guest.wait_blocks(dimm)
    assert len(bound(guest, dimm)) == len(blocks)
    for block in blocks:
        assert not guest.set_state(block, "online_movable")
    guest.check(f"memfill {start:#x} {GIB:#x} 1")
    guest.unplug(ident)         # takes it offline as well
    guest.wait_blocks(dimm, gone=True)


def somebody_elses(ctx, tree, options):
    start = two_nodes().device_base
    with plain(ctx, "on", tree=tree, **options) as guest:
        load(guest)
        if tree != "stock":
            use_and_unplug(guest, "first", start)       # what is made once and for all
        for number, (what, (take, give)) in enumerate(taken_parts(guest, start).items()):
            before = everything(guest)
            guest.check(take)
            ident = f"d{number}"
            status, changed, blocks = plug_onto(guest, ident, start)
            ctx.note(f"{tree}: {what} is taken: ACPI says {status}, "
                     f"changed: {', '.join(changed) or 'nothing'}; blocks bound: {blocks}")
            if tree == "stock":
                return
            assert status and not changed and not blocks
            guest.unplug(ident)
            guest.check(give)
            expect_same(before, everything(guest))
            use_and_unplug(guest, f"again{number}", start)
            expect_same(before, everything(guest))


def taken_by_module(ctx):
    on_stock(ctx, "a range that is taken", lambda *how: somebody_elses(ctx, *how))
    somebody_elses(ctx, ctx.tree, {})


def taken_by_hand(ctx):
    start = two_nodes().device_base
    with plain(ctx, "on") as guest:
        folder = "/sys/devices/system/memory"
        guest.check(f"echo {start:#x} {GIB:#x} > {folder}/probe")
        status, changed, blocks = plug_onto(guest, "d0", start)
        assert status and not changed and not blocks, (status, changed, blocks)
        guest.unplug("d0")
        guest.check(f"echo {start:#x} {GIB:#x} > {folder}/remove")
        use_and_unplug(guest, "d1", start)


# ---- CORE-03: memory that has been there since boot

def with_devices(config):
    """A machine whose firmware has two memory devices more, and their ranges.

    One is boot memory; of the other's two blocks, one is, and one is not there.
    """
    block = (512 if config == "64k" else 128) * MIB
    topology = Topology(nodes=[Node("512M", 1), Node("1G", 1)], slots=2, maxmem="8G",
                        cover_nomap=True)
    first, end = GIB + 512 * MIB, 2 * GIB + 512 * MIB
    ranges = [(first, block), (end - block, 2 * block)]
    devices = [ssdt.memory_device(b"MHB%d" % number, *place, 1)
               for number, place in enumerate(ranges)]
    topology.acpi_tables = {"srat.aml": acpi.srat(acpi.srat_entries(topology)),
                            "ssdt.aml": ssdt.table(devices)}
    return topology, [at // block for at in (first, end - block)]


def owner(guest, block):
    """The firmware device that a memory block belongs to, or None."""
    status, out = guest.run(f"cat /sys/devices/system/memory/memory{block}/firmware_node/path")
    return None if status else out.strip()


def boot_memory_on(ctx, tree, options):
    topology, blocks = with_devices(ctx.config if tree != "stock" else "base")
    with ctx.guest(tree=tree, firmware="uefi", topology=topology, cmdline="nokaslr rodata=on",
                   **options) as guest:
        owners = [owner(guest, block) for block in blocks]
        refused = guest.check("dmesg | grep -c 'acpi_memory_enable_device() error' || true")
    ctx.note(f"{tree}: boot memory belongs to {owners[0]}, what is half there to {owners[1]}; "
             f"{refused.strip()} devices without driver")
    return owners, int(refused)


def boot_memory(ctx):
    on_stock(ctx, "boot memory", lambda *how: boot_memory_on(ctx, *how))
    owners, refused = boot_memory_on(ctx, ctx.tree, {})
    assert owners == ["\\_SB_.MHB0", None] and refused == 1, (owners, refused)


COLD = ["-object", "memory-backend-ram,id=mem-cold,size=1G,reserve=off",
        "-device", "pc-dimm,id=cold,memdev=mem-cold,node=1"]


def there_at_boot(ctx):
    with plain(ctx, "on", qemu_args=COLD) as guest:
        dimm = guest.dimms()["cold"]
        blocks = guest.wait_blocks(dimm)
        assert len(bound(guest, dimm)) == len(blocks)
        for block in blocks:
            assert not guest.set_state(block, "online_movable")
        guest.check(f"memfill {dimm.start:#x} {dimm.size:#x} 1")
        guest.unplug("cold")
        guest.wait_blocks(dimm, gone=True)
        use_and_unplug(guest, "hot", dimm.start)


# ---- CORE-08: a memory tier that the node does not share

def failing_tier(ctx, tree, options):
    name = "online of the first block of a node with a tier of its own"
    with hidden_ram(ctx, "on", True, tree=tree, **options) as guest:
        status, out = guest.insmod("memhp_tier", "nid=1")
        assert status == 0, out
        place = test_kth.Place(guest, 1)
        before, first = everything(guest), amounts(guest)
        loop = test_kth.failing_online(place)
        test_kth.note(ctx, tree, name, loop)
        if tree == "stock":
            return
        yield from test_kth.verdicts(loop, name, 1)
        guest.check(f"{place.add} && {place.online}")
        tiers = guest.check(TIERS).split()
        yield len(tiers) == 2, "CORE-08 the node has a memory tier of its own"
        guest.check(f"{place.offline} && {place.remove}")
        expect_same(before, everything(guest))
        small_drift(ctx, name, first, amounts(guest))
        yield True, f"CORE-01 SAFE-01 {name}: state and free memory are as before"


def own_tier(ctx):
    on_stock(ctx, "a tier", lambda *how: list(failing_tier(ctx, *how)))
    yield from failing_tier(ctx, ctx.tree, {})


# ---- SAFE-01 through ACPI and virtio-mem

# ACPI's interpreter makes most allocations, the first ones: every 23rd of them fails,
# and of the last 140, which are memory hotplug's, every third. MEMHP_EVERY_K=1: each.
ACPI_SAMPLE = {"rare": 23, "last": 140, "often": 3}


class Outcomes:
    """What became of each k, of an entry where a kernel thread does the work."""

    def __init__(self, total, start):
        self.total, self.start = total, start       # checksums before the first
        self.refused, self.done, self.missed, self.wrong = [], [], [], {}

    def add(self, k, there, reached, **wrong):
        """Not reached: this time there were fewer allocations, so none failed."""
        (self.missed if not reached else self.done if there else self.refused).append(k)
        for what, is_so in wrong.items():
            if is_so:
                self.wrong.setdefault(what, []).append(k)

    def faults(self):
        """{what is wrong: [k]}; a few that were not reached are no fault."""
        tried = len(self.refused) + len(self.done)
        too_many = {"not_reached": self.missed} if len(self.missed) * 20 > tried else {}
        return self.wrong | too_many

    def summary(self):
        tried = len(self.refused) + len(self.done)
        bad = "; ".join(f"{what.replace('_', ' ')} {ks}" for what, ks in self.faults().items())
        return (f"{tried} of {self.total} allocations failed, one at a time: "
                f"{len(self.refused)} refused, {len(self.done)} done all the same, "
                f"{len(self.missed)} not reached; "
                f"{bad or 'all clean'}")


def shown(guest):
    """Checksums of what files show and of page tables."""
    return guest.check("sh /tmp/shown", timeout=60)


def put_shown(guest):
    parts = kth.SCRIPT.split("# one task")[0]
    guest.put("/tmp/shown", f"VALID=true\n{parts}\nshown; mapped\n".encode())


def plug_failing(guest, ident, k):
    """(Count, ACPI's answer, checksums, any blocks) with the k-th allocation failing."""
    while True:
        workers.begin(guest, k)
        dimm = guest.plug_dimm(ident, size="256M", node=2)
        status = guest.wait_taken(ident)
        count = workers.end(guest, k)
        if count.known:
            return count, status, shown(guest), bool(guest.blocks(dimm))
        guest.unplug(ident)


def learn_acpi(guest):
    """(allocations of an insertion, checksums without and with the DIMM)"""
    for ident in ("once", "again", "whole"):
        start = shown(guest)        # what is made once and for all comes first
        count, status, done, _ = plug_failing(guest, ident, workers.MANY)
        assert not status
        guest.unplug(ident)
    return count.used, start, done


def whole(sums, start, done, there):
    """Small pages may map what large ones cannot, for lack of memory: that counts as done."""
    if there:
        return sums.split()[0] == done.split()[0]
    return sums == start


def acpi_tries(guest):
    total, start, done = learn_acpi(guest)
    found = Outcomes(total, start)
    for k in workers.sample(total, **ACPI_SAMPLE):
        now, status, sums, there = plug_failing(guest, f"k{k}", k)
        guest.unplug(f"k{k}")
        found.add(k, there, now.reached,
                  half_done=not whole(sums, start, done, there),
                  ACPI_is_told_a_lie=there != (not status),
                  left_something=shown(guest) != start)
        if found.wrong.get("left_something"):
            break
    return found


def three_nodes():
    """The third has nothing, so that it comes up with a DIMM."""
    return Topology(nodes=[Node("512M", 1), Node("256M", 1), Node(0, 0)], slots=4,
                    maxmem="16G", cover_nomap=True)


def failing_acpi(ctx, tree, options):
    with ctx.guest(tree=tree, firmware="uefi", topology=three_nodes(),
                   cmdline="nokaslr rodata=on", **options) as guest:
        workers.prepare(guest, "acpi_memory_device_add")
        put_shown(guest)
        guest.check(f"echo online_movable > {test_kth.POLICY}")
        learn_acpi(guest)
        before, first = everything(guest), amounts(guest)
        found = acpi_tries(guest)
        ctx.note(f"{tree}: ACPI: {found.summary()}")
        if tree == "stock":
            return
        assert not found.faults() and found.refused, found.faults()
        expect_same(before, everything(guest))
        small_drift(ctx, "ACPI", first, amounts(guest))


def acpi_short(ctx):
    on_stock(ctx, "ACPI", lambda *how: failing_acpi(ctx, *how))
    failing_acpi(ctx, ctx.tree, {})


# A host's request of two memory blocks; more than half of the tries are of the driver.
VIRTIO_SAMPLE = {"rare": 3, "last": 0, "often": 1}


def virtio_machine(ctx, tree, options):
    """A device on a node that has nothing else; it has two memory blocks at least."""
    topology = Topology(nodes=[Node("512M", 1), Node("256M", 1), Node(0, 0)],
                        virtio_mem=[{"size": "2G", "node": 2}], cover_nomap=True)
    return ctx.guest(tree=tree, firmware="uefi", topology=topology, cmdline="nokaslr"
                     " rodata=on memhp_default_state=online_movable", **options)


def grow(guest, mib, came=lambda: False, timeout=20):
    """True if the device got the size; else "came" was true before."""
    test_virtio_mem.request(guest, 0, mib)
    end = time.monotonic() + timeout * guest.slowness
    while test_virtio_mem.plugged(guest, 0) != mib:
        if came():
            return False
        assert time.monotonic() < end, f"{mib} MiB wanted, there are no more"
        time.sleep(0.05)
    return True


def back_to(guest, start, timeout=20):
    """The device gives all back; does the guest come to look as it did?"""
    grow(guest, 0)
    end = time.monotonic() + timeout * guest.slowness
    while shown(guest) != start:
        if time.monotonic() > end:
            return False
    return True


def grow_failing(guest, mib, k):
    """(Count, whether all of it came) with the k-th allocation failing."""
    workers.begin(guest, k)
    grown = grow(guest, mib, lambda: workers.look(guest, k).reached)
    count = workers.end(guest, k)
    # what fails may not matter to the driver, which then goes on
    time.sleep(0 if grown else 0.2 * guest.slowness)
    return count, test_virtio_mem.plugged(guest, 0) == mib


def learn_virtio(guest, mib):
    """(allocations that growing takes, checksums of an empty device)"""
    for _ in range(3):              # what is made once and for all comes first
        start = shown(guest)
        count, grown = grow_failing(guest, mib, workers.MANY)
        assert grown and count.known
        grow(guest, 0)
        time.sleep(guest.slowness)
    assert back_to(guest, start)
    return count.used, start


def virtio_tries(guest, mib):
    total, start = learn_virtio(guest, mib)
    found = Outcomes(total, start)
    for k in workers.sample(total, **VIRTIO_SAMPLE):
        now, grown = grow_failing(guest, mib, k)
        found.add(k, grown, now.reached,
                  left_something=not back_to(guest, start))
        if found.wrong.get("left_something"):
            break
    return found


def failing_virtio(ctx, tree, options):
    with virtio_machine(ctx, tree, options) as guest:
        workers.prepare(guest, "virtio_mem_run_wq")
        put_shown(guest)
        mib = 2 * guest.blocks()[0].size // MIB
        learn_virtio(guest, mib)
        before, first = everything(guest), amounts(guest)
        found = virtio_tries(guest, mib)
        ctx.note(f"{tree}: virtio-mem: {found.summary()}")
        if tree == "stock":
            return
        assert not found.faults() and found.refused, found.faults()
        grow(guest, mib)
        assert len(test_virtio_mem.online_blocks(guest, 0)) == 2
        assert back_to(guest, found.start)
        expect_same(before, everything(guest))
        small_drift(ctx, "virtio-mem", first, amounts(guest))


def virtio_short(ctx):
    on_stock(ctx, "virtio-mem", lambda *how: failing_virtio(ctx, *how))
    failing_virtio(ctx, ctx.tree, {})


# ---- SAFE-01 through dax/kmem

KMEM_STEP = 1 if os.environ.get("MEMHP_EVERY_K") else 5
KMEM = "/sys/bus/dax/drivers/kmem"


def kmem_device(guest):
    """A device that its driver makes RAM of, on a node that has nothing else."""
    nvdimm.install_modules(guest)
    nvdimm.label(guest)
    name = nvdimm.chardev(nvdimm.create(guest, 0, "devdax", "mem", 320))
    guest.check(f"echo online_movable > {test_kth.POLICY};"
                f" echo {name} > /sys/bus/dax/drivers/device_dax/unbind;"
                f" echo {name} > {KMEM}/new_id")
    return name


def offline_all(guest, name):
    start, size = nvdimm.resource(guest, "System RAM (kmem)")
    block = guest.blocks()[0].size
    return " && ".join(f"echo offline > /sys/devices/system/memory/memory{index}/state"
                       for index in range(start // block, (start + size) // block))


def failing_kmem(ctx, tree, options):
    with nvdimm.machine(ctx, tree, **options) as guest:
        name = kmem_device(guest)
        bind = f"echo {name} > {KMEM}/bind"
        unbind = f"{offline_all(guest, name)} && echo {name} > {KMEM}/unbind"
        guest.check(f"{unbind} && {bind} && {unbind}")
        kth.prepare(guest)
        before, first = everything(guest), amounts(guest)
        loop = kth.run(guest, bind, unbind, "true", step=KMEM_STEP)
        test_kth.note(ctx, tree, "kmem", loop)
        if tree == "stock":
            return
        # the driver calls it -EBUSY if it cannot note its own resource
        busy = [k for k, error in loop.wrong_errno().items() if error == "EBUSY"]
        for passed, sentence in test_kth.verdicts(loop, "kmem", KMEM_STEP):
            if sentence.startswith("CORE-09"):
                passed = len(busy) == len(loop.wrong_errno()) <= 2
                sentence += ", or the driver's -EBUSY for its own resource"
            yield passed, sentence
        expect_same(before, everything(guest))
        small_drift(ctx, "kmem", first, amounts(guest))
        yield True, "SAFE-01 kmem: state and free memory are as before"


def kmem_short(ctx):
    on_stock(ctx, "kmem", lambda *how: list(failing_kmem(ctx, *how)))
    yield from failing_kmem(ctx, ctx.tree, {})


SCENARIOS = [
    ("CORE-03 ACPI is told of a DIMM whose place somebody else has, and nothing changes",
     taken_by_module),
    ("CORE-03 ACPI is told of a DIMM whose place was taken by hand", taken_by_hand),
    ("CORE-03 memory that firmware has had since boot is its device's, half of it is not",
     boot_memory),
    ("CORE-04 a DIMM that is there at boot is used and goes, and another comes",
     there_at_boot),
    ("CORE-08 SAFE-01 the k-th allocation fails where a node needs a memory tier of its own",
     own_tier),
    ("SAFE-01 CORE-03 CORE-08 the k-th allocation fails in ACPI's insertion of a DIMM that"
     " brings its node up and comes online", acpi_short),
    ("SAFE-01 CORE-04 the k-th allocation fails while virtio-mem grows", virtio_short),
    ("SAFE-01 CORE-08 the k-th allocation fails while kmem makes RAM of a device of a node"
     " and tier of its own", kmem_short),
]
