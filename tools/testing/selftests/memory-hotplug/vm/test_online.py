# SPDX-License-Identifier: GPL-2.0-only
"""Onlining ranges: zones, page structs and listeners, beside stock where it can run it.

The module memhp_survey looks at them from inside. The memory is RAM that "mem=" hides
from the kernel, on a node that has no CPU and no other memory, so that nobody takes a
page of it before it was looked at.
"""

import errno
import re
from contextlib import contextmanager

import policies
import progress
from census import everything
from machines import HIDDEN
from observe import expect_same
from ranges import ask, do, hidden_ram, load, set_state, valid

SURVEY = "/sys/kernel/debug/memhp_survey"
POLICY = "/sys/devices/system/memory/auto_online_blocks"
PARAMETERS = "/sys/module/memory_hotplug/parameters"


class Site:
    """Some blocks of the hidden RAM; the first was added once, and is gone."""

    def __init__(self, guest, count):
        load(guest)
        status, out = guest.insmod("memhp_survey")
        assert status == 0, out
        self.guest, self.block = guest, guest.blocks()[0].size
        self.start, self.size = HIDDEN, count * self.block
        # what boot left of a node without CPU and memory does not come again
        do(guest, "add", self.start, self.block)
        set_state(guest, self.start, self.block, "online_movable")
        set_state(guest, self.start, self.block, "offline")
        do(guest, "remove", self.start, self.block)
        self.events()

    def set(self, index, wanted):
        set_state(self.guest, self.start + index * self.block, self.block, wanted)

    def policy(self, wanted):
        self.guest.check(f"echo {wanted} > {POLICY}")

    def events(self):
        """{(event, blocks): times} since the last look."""
        found = {}
        for line in self.guest.check(f"cat {SURVEY}/events").splitlines():
            event, times, pages = line.split()
            blocks = int(pages) * self.guest.page_size() // self.block
            found[event, blocks] = int(times)
        return found

    def contiguous(self):
        """{(node, zone): (what its flag says, what looking says)}"""
        lines = self.guest.check(f"cat {SURVEY}/zones").splitlines()
        return {(line.split()[0], line.split()[1]): tuple(line.split()[2:]) for line in lines}

    def look(self, file):
        self.guest.check(f"echo {self.start:#x} {self.size:#x} > {SURVEY}/range")
        return self.guest.check(f"cat {SURVEY}/{file}", timeout=120)

    def pages(self):
        return self.look("pages")

    def lists(self):
        """(the largest free blocks of its zone, those that follow on a neighbour of theirs)"""
        return tuple(map(int, self.look("lists").split()))

    def flags(self):
        """What /proc/kpageflags shows of the range."""
        page = self.guest.page_size()
        return self.guest.check(f"dd if=/proc/kpageflags bs=8 skip={self.start // page}"
                                f" count={self.size // page} 2>/dev/null | busybox md5sum")

    def zones(self):
        """The counts of the node's zones."""
        text = self.guest.check("sed -n '/^Node 1/,$p' /proc/zoneinfo")
        wanted = r"Node 1, zone|nr_free_pages|spanned|present|managed|start_pfn"
        return [line.strip() for line in text.splitlines() if re.search(wanted, line)]

    def places(self):
        """The zone of each block."""
        return [block.zones for block in self.guest.blocks()
                if block.start >= self.start and block.end <= self.start + self.size]


@contextmanager
def site(ctx, count, bare=True, cmdline="", **options):
    with hidden_ram(ctx, bare=bare, more=cmdline, **options) as guest:
        yield Site(guest, count)


def beside(ctx, run):
    """[(tree, what run gives)], ours last."""
    return [(tree, run(tree)) for tree in ctx.trees]


# ---- ONLINE-04

ORDERS = {
    "from the middle": [3, 1, 5, 0, 4, 2],
    "from both ends": [0, 5, 1, 4, 2, 3],
}


def wrong(found):
    """Zones whose flag is not what looking says."""
    return [name for name, (flag, looks) in found.items() if flag != looks]


def any_order(ctx, tree, order):
    """(steps at which a flag was wrong, {(flag of the movable zone)} seen)"""
    mistakes, seen = [], set()
    with site(ctx, len(order), tree=tree) as place:
        do(place.guest, "add", place.start, place.size)

        def step(index, wanted):
            place.set(index, wanted)
            found = place.contiguous()
            mistakes.extend((index, wanted, name) for name in wrong(found))
            seen.update(flag for (node, zone), (flag, _) in found.items()
                        if (node, zone) == ("1", "Movable"))

        for index in order:
            step(index, "online_movable")
        for index in order[::2]:
            step(index, "offline")
        # two zones, one inside the other
        for index in order[::2]:
            step(index, "online_kernel")
        for index in order[1::2]:
            step(index, "offline")
    return mistakes, seen


def contiguity(ctx, name):
    for tree, (mistakes, seen) in beside(ctx, lambda tree: any_order(ctx, tree, ORDERS[name])):
        if tree == "stock":
            ctx.note(f"stock: wrong {len(mistakes)} times: {mistakes[:3]}")
    yield not mistakes, (f"ONLINE-04 in an order {name}, each zone is called contiguous when"
                         f" it is, and only then: {mistakes}")
    yield seen == {"0", "1"}, f"ONLINE-04 in an order {name}, it was so and was not so: {seen}"


# ---- ONLINE-05

def fresh_pages(ctx, tree, wanted, cmdline=""):
    """What is to be seen of a range that came online, at first and again."""
    with site(ctx, 4, cmdline=cmdline, tree=tree) as place:
        do(place.guest, "add", place.start, place.size)
        set_state(place.guest, place.start, place.size, wanted)
        first = place.pages(), place.flags(), place.zones()
        if wanted == "online_movable":
            place.guest.check(f"memfill {place.start:#x} {place.size:#x} 1", timeout=240)
            place.guest.check("echo 3 > /proc/sys/vm/drop_caches")
            set_state(place.guest, place.start, place.size, "offline")
            set_state(place.guest, place.start, place.size, wanted)
        return first, (place.pages(), place.flags(), place.zones())


def free_pages(text):
    """Pages of the range in free blocks."""
    return sum(int(nr) << int(order) for order, nr in re.findall(r"order (\d+): (\d+)", text))


def contents(seen):
    """All but what is in the pages: stock and ours may have been used differently."""
    pages, flags, zones = seen
    return re.sub(r"not zero: \d+", "", pages), flags, zones


# What looks at each page that gets free: {the option: the one configuration that has it, or None}
WATCHED = {
    "": None,
    "init_on_free=1": None,
    "page_owner=on page_table_check=on": "shuffle",
    "debug_pagealloc=on page_poison=1": "shuffle",
}


def same_pages(ctx, wanted, watched):
    ctx.need_stock()
    if WATCHED[watched] not in (None, ctx.config):
        ctx.skip(f"a kernel of the configuration {WATCHED[watched]} knows {watched}")
    (_, stock), (_, ours) = beside(ctx, lambda tree: fresh_pages(ctx, tree, wanted, watched))
    ctx.note(stock[0][0])
    how = f"{wanted} {watched}".strip()
    names = ("page structs and free blocks", "/proc/kpageflags", "the zones' counts")
    for when, theirs, mine in zip(("first", "again"), stock, ours):
        for name, a, b in zip(names, contents(theirs), contents(mine)):
            if a != b:
                ctx.note(f"stock {name}: {a}\nours {name}: {b}")
            yield a == b, f"ONLINE-05 {how}, {when}: {name} are as stock's"
        yield free_pages(mine[0]) > 0, f"ONLINE-05 {how}, {when}: there are free pages"


def zeroed(ctx):
    """Memory that is to be zero when it is free is, and is not without the option."""
    _, (pages, *_) = fresh_pages(ctx, ctx.tree, "online_movable", "init_on_free=1")
    _, (plain, *_) = fresh_pages(ctx, ctx.tree, "online_movable")
    left, plain = (int(re.search(r"not zero: (\d+)", text)[1]) for text in (pages, plain))
    ctx.note(f"not zero: {left} with init_on_free=1, {plain} without")
    assert left == 0, f"{left} free pages have old contents in them"
    assert plain, "nothing was left in the pages anyway"


def lists_of(ctx, tree):
    with site(ctx, 4, tree=tree) as place:
        do(place.guest, "add", place.start, place.size)
        set_state(place.guest, place.start, place.size, "online_movable")
        asked = place.guest.check("cat /sys/module/page_alloc/parameters/shuffle || echo N")
        return asked.strip() == "Y", place.lists()


def shuffled(ctx):
    """Free blocks are in random order where that is asked for, and not elsewhere."""
    for tree, (asked, (blocks, after)) in beside(ctx, lambda tree: lists_of(ctx, tree)):
        ctx.note(f"{tree}: {after} of {blocks} follow on a neighbour, shuffled: {asked}")
    assert blocks > 30, "there are hardly any free blocks"
    assert asked == (ctx.config == "shuffle"), "the kernel does not do what the test expects"
    assert after < blocks // 4 if asked else after > blocks // 2, "that is not its order"


def written_by(ctx, cpus):
    """What is to be seen of some GiB that came online in one operation."""
    with site(ctx, 20, cmdline=f"memory_hotplug.online_cpus={cpus}") as place:
        place.policy("online_movable")
        do(place.guest, "add", place.start, place.size)
        seen = place.pages(), place.flags(), place.zones()
        if cpus > 1:
            place.guest.check(f"memfill {place.start:#x} {place.size:#x} 1", timeout=400)
        return seen


def shared(ctx):
    one, two = written_by(ctx, 1), written_by(ctx, 2)
    ctx.note(two[0])
    for name, a, b in zip(("page structs", "/proc/kpageflags", "counts"), one, two):
        assert a == b, f"{name}: {a} by one CPU, {b} by two"


# ---- ONLINE-03

def one_operation(ctx, tree):
    with site(ctx, 4, tree=tree) as place:
        place.policy("online_movable")
        place.guest.check("dmesg -c > /dev/null")
        do(place.guest, "add", place.start, place.size)
        seen, states = place.events(), place.places()
        built = int(place.guest.check("dmesg | grep -c 'Built .* zonelists' || true"))
        place.guest.check(f"memfill {place.start:#x} {place.size:#x} 1", timeout=240)
        return seen, states, built


def one_round(ctx):
    for tree, (seen, places, built) in beside(ctx, lambda tree: one_operation(ctx, tree)):
        if tree == "stock":
            ctx.note(f"stock: {seen}, zonelists built {built} times")
    blocks = 1 if ctx.config == "debug" else 4
    want = {("going-online", blocks): 4 // blocks, ("online", blocks): 4 // blocks}
    rounds = {key: times for key, times in seen.items() if key[0] in ("going-online", "online")}
    yield rounds == want, f"ONLINE-03 listeners are told of a range once: {seen}"
    yield places == ["Movable"] * 4, f"ONLINE-03 all of it is online and usable: {places}"
    # once when the node comes, as it had no memory before
    yield built == 1 + 1, f"ONLINE-03 zonelists are built once for all of a zone: {built}"


def refused(ctx):
    """A listener refuses: nothing of it stays, whichever part it was told of."""
    with site(ctx, 4) as place:
        place.policy("online_movable")
        before = everything(place.guest)
        for nth in (1, 3) if ctx.config == "debug" else (1,):
            place.guest.check(f"echo {nth} > {SURVEY}/refuse")
            said = ask(place.guest, "add", place.start, place.size)
            told = place.events()
            place.guest.check(f"echo 0 > {SURVEY}/refuse")
            yield said == "ECANCELED", f"ONLINE-03 it says what the listener said: {said}"
            why = place.guest.check("dmesg | grep -o 'not onlined, error.*' | tail -n 1").strip()
            yield why == f"not onlined, error -{errno.ECANCELED}: a listener refused", \
                f"ONLINE-03 CORE-09 the log says why: {why}"
            cancelled = [times for (event, _), times in told.items()
                         if event == "cancel-online"]
            yield cancelled == [nth], f"ONLINE-03 who was told is told that it is off: {told}"
            expect_same(before, everything(place.guest))
            yield valid(place.guest, place.start, place.size) == "none", \
                "ONLINE-03 VALID-02 nothing of it is there"
        do(place.guest, "add", place.start, place.size)
        yield place.places() == ["Movable"] * 4, "ONLINE-03 then it works"


def by_policy(ctx, tree, ratio, aware="N"):
    """Where the auto-movable policy puts eight blocks, if it may not have all movable."""
    with site(ctx, 8, tree=tree) as place:
        place.guest.check(f"echo auto-movable > {PARAMETERS}/online_policy;"
                          f" echo {ratio} > {PARAMETERS}/auto_movable_ratio;"
                          f" echo {aware} > {PARAMETERS}/auto_movable_numa_aware")
        place.policy("online")
        do(place.guest, "add", place.start, place.size)
        return place.places()


def policy(ctx):
    ctx.need_stock()
    mixed = False
    for ratio in (50, 101, 151, 301):
        (_, stock), (_, ours) = beside(ctx, lambda tree, r=ratio: by_policy(ctx, tree, r))
        ctx.note(f"ratio {ratio}: {' '.join(ours)}")
        yield ours == stock, f"ONLINE-01 ONLINE-03 ratio {ratio}: zones are stock's: {stock}"
        mixed = mixed or len(set(ours)) == 2
    # the machine has enough for the kernel, their node has nothing yet
    (_, stock), (_, aware) = beside(ctx, lambda tree: by_policy(ctx, tree, ratio, "Y"))
    ctx.note(f"ratio {ratio}, of the node too: {' '.join(aware)}")
    yield aware == stock != ours, "ONLINE-01 numa_aware: the node's ratio counts, as with stock"
    yield mixed, "ONLINE-01 ONLINE-03 at one of them the range went to two zones"


SCENARIOS = [
    ("ONLINE-04 contiguous zones, blocks in an order " + name,
     lambda ctx, name=name: contiguity(ctx, name)) for name in ORDERS
] + [
    (f"ONLINE-05 fresh pages are as stock's: {wanted} {watched}".strip(),
     lambda ctx, wanted=wanted, watched=watched: same_pages(ctx, wanted, watched))
    for wanted in ("online_movable", "online_kernel") for watched in WATCHED
] + [
    ("ONLINE-05 with init_on_free=1 memory that comes online is zero", zeroed),
    ("ONLINE-05 free blocks are in random order where that is asked for", shuffled),
    ("ONLINE-05 two CPUs write the page structs that one would", shared),
    ("ONLINE-03 a range is onlined in one operation", one_round),
    ("ONLINE-03 a listener that refuses has all of the range undone", refused),
    ("ONLINE-01 ONLINE-03 a range goes where its blocks would go one by one", policy),
    ("ONLINE-02 nodes have policies of their own, the machine's is for the others",
     policies.of_nodes),
] + progress.SCENARIOS
