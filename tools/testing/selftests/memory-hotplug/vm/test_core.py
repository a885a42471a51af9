# SPDX-License-Identifier: GPL-2.0-only
"""Adding and removing memory happens whole or not at all, and says what was wrong.

Owns what the core of memory hotplug promises its callers: the errno of each request
that cannot be met, and that nothing has changed then. The requests come from the
module memhp_range, for RAM that "mem=" hides from the kernel. What happens when the
k-th allocation fails is in test_kth.py.
"""

import errno
import re
from contextlib import contextmanager

import census
import symbols
from machines import HIDDEN
from memhp_vm.errors import CommandFailed
from observe import expect_same, mapped
from ranges import ask, do, hidden_ram, load, names, set_state, valid

NAME = "System RAM (memhp test)"
PAST = {"add": "added", "remove": "removed"}


# ---- requests that are refused

def tells_why(log, action, said):
    """Is there one line of ours, with the range, the error and a reason?"""
    ours = [line for line in log if " memory_hotplug: " in line]
    number = getattr(errno, said, None)
    why = rf"\[mem 0x\w+-0x\w+\] not {PAST[action]}, error -{number}: \w+ \w+ \w+"
    return len(ours) == 1 and bool(re.search(why, ours[0]))


class Site:
    """A guest with a range of four blocks in the middle of its hidden RAM."""

    def __init__(self, guest):
        load(guest)
        self.guest, self.block = guest, guest.blocks()[0].size
        self.boot = guest.blocks()[0].start
        self.boot_end = guest.blocks()[-1].end
        self.start, self.size = HIDDEN + 2 * self.block, 4 * self.block

    def part(self, first, count):
        """(start, size) of blocks, counted from the first one of the range."""
        return self.start + first * self.block, count * self.block

    def refusals(self, action, cases):
        """Asks for each (sentence, expected errno, (start, size)); yields results."""
        before = census.everything(self.guest)
        for sentence, expected, what in cases:
            self.guest.check("dmesg -c > /tmp/old")
            said = ask(self.guest, action, *what)
            log = self.guest.check("dmesg -c").splitlines()
            passed = said in names(expected)
            expect_same(before, census.everything(self.guest))
            yield passed, f"{sentence}: {said}"
            yield tells_why(log, action, said), f"{sentence}: {said}, and the log says why, once"

    def usable(self):
        """Every page of the range holds what is written to it; it must be online."""
        self.guest.check(f"memfill {self.start:#x} {self.size:#x} 1", timeout=120)


def stock_says(ctx, action, cases, prepare):
    """Notes stock's answers to the same requests until it dies of one."""
    if not ctx.beside_stock:
        return
    with hidden_ram(ctx, tree="stock", expect_death=True) as guest:
        site = Site(guest)
        prepare(site)
        before = census.everything(guest)
        for sentence, _, what in cases(site):
            said = ask(guest, action, *what)
            after = said and census_of_the_living(guest)
            if not after:
                ctx.note(f"stock: {sentence}: {said}, {guest.wait_death(60)}")
                return
            changed = [name for name in before if before[name] != after[name]]
            ctx.note(f"stock: {sentence}: {said}, changed: {', '.join(changed) or 'nothing'}")
            before = after


def census_of_the_living(guest):
    """None if the guest dies of it."""
    try:
        return census.everything(guest)
    except CommandFailed as error:
        if error.status is None:
            return None
        raise


# ---- CORE-03

def added(site):
    do(site.guest, "add", site.start, site.size)


def online(site):
    set_state(site.guest, site.start, site.size, "online_movable")


def gone(site):
    do(site.guest, "remove", site.start, site.size)


@contextmanager
def of_use_and_gone(ctx):
    """A site whose range must be online in the end: it is of use, goes, and leaves nothing."""
    with hidden_ram(ctx) as guest:
        site, before = Site(guest), census.everything(guest)
        yield site
        site.usable()
        set_state(guest, site.start, site.size, "offline")
        gone(site)
        expect_same(before, census.everything(guest))
        do(guest, "add", *site.part(-2, 8))             # nothing is in the way


def adds_in_the_way(site):
    """Requests for memory some of which is there already."""
    return [
        ("CORE-03 CORE-09 the same range again", "EEXIST", site.part(0, 4)),
        ("CORE-03 CORE-09 its lower half and what is below", "EEXIST", site.part(-2, 4)),
        ("CORE-03 CORE-09 its upper half and what is above", "EEXIST", site.part(2, 4)),
        ("CORE-03 CORE-09 a block inside", "EEXIST", site.part(1, 1)),
        ("CORE-03 CORE-09 a range around it", "EEXIST", site.part(-1, 6)),
        ("CORE-03 CORE-09 a block of boot memory", "EEXIST", (site.boot, site.block)),
        ("CORE-03 CORE-09 the end of boot memory and what is above", "EEXIST",
         (site.boot_end - site.block, 2 * site.block)),
    ]


def add_again(ctx):
    stock_says(ctx, "add", adds_in_the_way, added)
    with of_use_and_gone(ctx) as site:
        added(site)
        yield from site.refusals("add", adds_in_the_way(site))
        online(site)
        yield from ((passed, f"{sentence}, while it is online") for passed, sentence
                    in site.refusals("add", adds_in_the_way(site)[:5]))
    yield True, "CORE-03 the range is usable, goes, and leaves nothing in the way"


def malformed(site):
    """Requests that make no sense, of add and remove alike."""
    far = 1 << 56
    return [
        ("an unaligned start", "EINVAL", (site.start + 65536, site.block)),
        ("an unaligned size", "EINVAL", (site.start, site.block + 65536)),
        ("less than a block", "EINVAL", (site.start, site.block // 2)),
        ("a range that wraps", "EINVAL", (2 ** 64 - site.block, 2 * site.block)),
        ("a range that ends where the numbers do", ("EINVAL", "ERANGE", "E2BIG"),
         (2 ** 64 - site.block, site.block)),
        ("an address that no arm64 machine has", ("EINVAL", "ERANGE", "E2BIG"),
         (far, site.block)),
        ("no byte", "EINVAL", (site.start, 0)),
    ]


def with_row(rows, cases):
    return [(f"{rows} {sentence}", *rest) for sentence, *rest in cases]


def adds_malformed(site):
    return with_row("CORE-09 adding", malformed(site))


def add_malformed(ctx):
    stock_says(ctx, "add", adds_malformed, lambda site: None)
    with hidden_ram(ctx) as guest:
        site = Site(guest)
        yield from site.refusals("add", adds_malformed(site))
        added(site)
        online(site)
        site.usable()
        yield True, "CORE-09 the range they meant can be added after all that"


# ---- CORE-05

def half_online(site):
    added(site)
    set_state(site.guest, *site.part(0, 2), "online_movable")


def removes_in_use(site):
    """With the lower half of the range online."""
    return [
        ("CORE-05 a range whose lower half is online", "EBUSY", site.part(0, 4)),
        ("CORE-05 a block that is online", "EBUSY", site.part(0, 1)),
        ("CORE-05 a block that is online and one that is not", "EBUSY", site.part(1, 2)),
        ("CORE-05 a block of boot memory", "EBUSY", (site.boot, site.block)),
        ("CORE-05 all of boot memory", "EBUSY", (site.boot, site.boot_end - site.boot)),
    ]


def remove_in_use(ctx):
    stock_says(ctx, "remove", removes_in_use, half_online)
    with of_use_and_gone(ctx) as site:
        half_online(site)
        yield from site.refusals("remove", removes_in_use(site))
        set_state(site.guest, *site.part(2, 2), "online_movable")
        yield from site.refusals("remove", [
            ("CORE-05 a range that is online", "EBUSY", site.part(0, 4)),
            ("CORE-05 a block inside it", "EBUSY", site.part(1, 1))])
    yield True, "CORE-05 the range is usable, and goes once it is offline"


# What is not there cannot be busy; "no such address" and its kin all say so.
NOTHING_THERE = ("ENXIO", "ENOENT", "ENODEV", "EINVAL")


def removes_of_nothing(site):
    return with_row("CORE-05", [
        ("a range that was never added", NOTHING_THERE, site.part(6, 2)),
        ("a range whose upper half was never added", NOTHING_THERE, site.part(2, 4)),
        ("a range whose lower half was never added", NOTHING_THERE, site.part(-2, 4)),
        ("a range that has such memory in the middle only", NOTHING_THERE, site.part(-1, 6)),
    ])


def removes_malformed(site):
    return with_row("CORE-05 CORE-09 removing", malformed(site))


def remove_malformed(ctx):
    stock_says(ctx, "remove", removes_malformed, added)
    with hidden_ram(ctx) as guest:
        site = Site(guest)
        added(site)
        yield from site.refusals("remove", removes_malformed(site))
        assert mapped(guest, site.start, site.size) == site.size


def remove_nothing(ctx):
    stock_says(ctx, "remove", removes_of_nothing, added)
    with hidden_ram(ctx) as guest:
        site = Site(guest)
        before = census.everything(guest)
        added(site)
        yield from site.refusals("remove", removes_of_nothing(site))
        assert mapped(guest, site.start, site.size) == site.size
        gone(site)
        yield from site.refusals("remove", [
            ("CORE-05 a range that was removed already", NOTHING_THERE, site.part(0, 4))])
        expect_same(before, census.everything(guest))
        yield True, "CORE-05 the range goes, once, and leaves nothing"


# ---- CORE-06

def counters(guest):
    """[lines] of what an administrator may count on: resources, nodes and zones."""
    nodes = "/sys/devices/system/node"
    text = guest.check(
        f"grep . {nodes}/has_memory {nodes}/has_normal_memory {nodes}/online;"
        f"grep -o 'MemTotal: *[0-9]*' {nodes}/node1/meminfo; ls {nodes}/node1;"
        "grep -E '^[0-9a-f]+-[0-9a-f]+ : System RAM' /proc/iomem")
    pages = [f"{zone}: {counts}" for zone, counts in census.zones(guest).items()
             if zone.startswith("Node 1")]
    return text.splitlines() + pages


def state_of(first, count, wanted):
    """What brings that many blocks of a site's range into a state."""
    return lambda site: set_state(site.guest, *site.part(first, count), wanted)


# The kernel keeps what it takes of the blocks that are not movable: the range comes
# twice, and goes only the first time.
GONE = "removed"
STEPS = {
    "added": added,
    "its upper half online_movable": state_of(2, 2, "online_movable"),
    "its first block too": state_of(0, 1, "online_movable"),
    "its last block offline again": state_of(3, 1, "offline"),
    "its first block offline too": state_of(0, 1, "offline"),
    "all offline": state_of(2, 1, "offline"),
    GONE: gone,
    "added again": added,
    "its first block online_kernel": state_of(0, 1, "online_kernel"),
    "its last block online_movable": state_of(3, 1, "online_movable"),
    "the two between them online, as the kernel likes": state_of(1, 2, "online"),
}


def life(ctx, tree):
    """({step: [lines]}, the whole state before, and after), of a range's life."""
    with hidden_ram(ctx, tree=tree, config=ctx.config) as guest:
        site, seen = Site(guest), {}
        before = after = census.everything(guest)
        for step, act in STEPS.items():
            act(site)
            seen[step] = counters(guest)
            if step == GONE:
                after = census.everything(guest)
        return seen, before, after


def counted(seen):
    """What has to be there whatever stock does."""
    whole = next(line for line in seen["added"] if NAME in line)
    upper = next(line for line in seen["its upper half online_movable"] if "Movable" in line)
    assert not any("'present': 0" not in line for line in seen["added"] if "zone" in line)
    assert "'present': 0" not in upper, upper
    return whole


def like_stock(ctx):
    ours, before, after = life(ctx, ctx.tree)
    ctx.note(counted(ours))
    theirs = life(ctx, "stock")[0] if ctx.beside_stock else {}
    for step in theirs:
        found = census.differences(theirs[step], ours[step])
        if found:
            ctx.note(f"{step}, stock - and ours +:\n" + "\n".join(found))
        yield not found, f"CORE-06 nodes, zones and resources like stock's: {step}"
    expect_same(before, after)
    yield True, "CORE-06 all of it is as before once the range is gone"


# ---- CORE-07, without a guest

STOCK_CONFIG = "base"       # of which all of stock is built
MMU = "arch/arm64/mm/mmu.o"
OBJECTS = ("mm/memory_hotplug.o", "drivers/base/memory.o", MMU)
# what stock's mmu.o gives to those who add and remove memory
HOTPLUG_HALF = {"arch_add_memory", "arch_remove_memory", "arch_get_mappable_range",
                "vmemmap_populate", "vmemmap_free"}


WEAK = "W"                  # a default, which somebody else may give instead


def of_stock(ctx, name):
    """An object of stock's: of the other configurations these are all that is built."""
    return symbols.built("stock", ctx.config, name)


def differences(name, kind, wanted, ours):
    """A line for each of the wanted that we have not, or in another way."""
    return [f"{name}: {kind} {symbol} is {how} in stock, {ours.get(symbol)} in ours"
            for symbol, how in wanted.items() if ours.get(symbol) != how]


def same_symbols(ctx, name):
    """True if every global symbol of a stock object is in our kernel, of its type."""
    ours = symbols.defined_globals(symbols.built(ctx.tree, ctx.config, "vmlinux"))
    wanted = {symbol: ours.get(symbol) or how if how == WEAK else how
              for symbol, how in symbols.defined_globals(of_stock(ctx, name)).items()}
    wrong = differences(name, "symbol", wanted, ours)
    ctx.note("\n".join([f"{len(wanted)} symbols of stock's {name}", *wrong]))
    return bool(wanted) and not wrong


def same_exports(ctx, name):
    """True if what a stock object exports is exported the same by our kernel."""
    theirs, ours = symbols.exports("stock", STOCK_CONFIG), symbols.exports(ctx.tree, ctx.config)
    wanted = {symbol: theirs.get(symbol) for symbol in symbols.exported_by(of_stock(ctx, name))}
    wrong = differences(name, "export", wanted, ours)
    ctx.note("\n".join([f"{len(wanted)} exports of stock's {name}", *wrong]))
    return bool(wanted) and not wrong


def no_export_lost(ctx):
    """True if modules find in our kernel all that they find in stock."""
    theirs, ours = (symbols.exports(tree, ctx.config) for tree in ("stock", ctx.tree))
    ctx.note("\n".join(census.differences([f"{name} {how}" for name, how in theirs.items()],
                                          [f"{name} {how}" for name, how in ours.items()])))
    return len(theirs) > 1000 and not set(theirs.items()) - set(ours.items())


def same_options(ctx):
    """True if our kernel has the words of the command line that stock's objects read."""
    words = set()
    for name in OBJECTS:
        words |= symbols.boot_options(of_stock(ctx, name))
    image = symbols.built(ctx.tree, ctx.config, "vmlinux").read_bytes()
    lost = [word.decode() for word in words if b"\0" + word + b"\0" not in image]
    ctx.note(f"command line: {sorted(word.decode() for word in words)}, lost: {lost}")
    return bool(words) and not lost


def without_half(ctx):
    """True if the half of mmu.c that is about hotplug is in stock's object only."""
    theirs, ours = ({name for _, name in symbols.everything(path)} for path in
                    (of_stock(ctx, MMU), symbols.built(ctx.tree, ctx.config, MMU)))
    ctx.note(f"in stock's {MMU} only: {', '.join(sorted(theirs - ours))}")
    return HOTPLUG_HALF <= theirs - ours


def symbol_tables(ctx):
    yield without_half(ctx), f"CORE-07 MAP-01 stock's half of {MMU} is gone"
    for name in OBJECTS:
        yield same_symbols(ctx, name), f"CORE-07 global symbols of {name}"
        yield same_exports(ctx, name), f"CORE-07 exports of {name}"
    yield same_options(ctx), "CORE-07 words of the command line"
    if ctx.beside_stock:
        yield no_export_lost(ctx), "CORE-07 every export of stock's kernel"


# ---- VALID

FLAGS_NOPAGE = 1 << 20      # of /proc/kpageflags: no page that anybody may look at


def frames(guest, start, size):
    """{flags: count} of all pages of a range, as /proc/kpageflags shows them."""
    page = guest.page_size()
    first, count = start // page * 8, size // page * 8
    text = guest.check(f"dd if=/proc/kpageflags bs=4096 skip={first // 4096}"
                       f" count={count // 4096} 2>/dev/null | od -A n -v -w8 -t x8"
                       " | sort | uniq -c")
    pairs = (line.split() for line in text.splitlines() if line.strip())
    return {int(flags, 16): int(number) for number, flags in pairs}


def seen_frames(guest, start, size):
    """"all", "none" or "some" of the pages may be looked at; and the same of mapcounts."""
    found = frames(guest, start, size)
    hidden = sum(number for flags, number in found.items() if flags & FLAGS_NOPAGE)
    if hidden == sum(found.values()):       # also where /proc/kpageflags ends below
        return "none"
    return "some" if hidden or sum(found.values()) * guest.page_size() != size else "all"


def pages_of(site, moment, exist, looked_at):
    """A result: the pages of the range, and those of the block above, which never come."""
    guest, above = site.guest, valid(site.guest, *site.part(4, 1))
    found = (valid(guest, *site.part(0, 4)), seen_frames(guest, *site.part(0, 4)))
    return ((*found, above) == (exist, looked_at, "none"),
            f"VALID-01 VALID-02 {moment}: pfns {found[0]} valid, {found[1]} online;"
            f" above: {above} valid")


def pages_come_and_go(ctx):
    with hidden_ram(ctx) as guest:
        site = Site(guest)
        yield pages_of(site, "before", "none", "none")
        added(site)
        yield pages_of(site, "added", "all", "none")
        set_state(guest, *site.part(0, 2), "online_movable")
        yield pages_of(site, "half online", "all", "some")
        set_state(guest, *site.part(2, 2), "online_movable")
        yield pages_of(site, "online", "all", "all")
        set_state(guest, *site.part(0, 4), "offline")
        yield pages_of(site, "offline", "all", "none")
        do(guest, "remove", *site.part(0, 4))
        yield pages_of(site, "removed", "none", "none")


def only_these_pages(ctx):
    with hidden_ram(ctx) as guest:
        site = Site(guest)
        added(site)
        do(guest, "remove", *site.part(1, 2))
        found = [valid(guest, *site.part(index, 1)) for index in range(4)]
        yield found == ["all", "none", "none", "all"], \
            f"VALID-02 the middle of a range is removed: its blocks are valid {found}"
        said = ask(guest, "add", *site.part(1, 3))
        found = [valid(guest, *site.part(index, 1)) for index in range(4)]
        yield (said, found) == ("EEXIST", ["all", "none", "none", "all"]), \
            f"VALID-02 an add that is refused, {said}, makes no page valid: {found}"
        do(guest, "add", *site.part(1, 2))
        yield valid(guest, *site.part(0, 4)) == "all", "VALID-01 the middle comes again"


SCENARIOS = [
    ("CORE-03 CORE-09 what is there already cannot be added, and nothing changes", add_again),
    ("CORE-09 an add that makes no sense is -EINVAL, and nothing changes", add_malformed),
    ("CORE-05 what is online cannot be removed, and nothing changes", remove_in_use),
    ("CORE-05 CORE-09 a remove that makes no sense is -EINVAL, without a BUG",
     remove_malformed),
    ("CORE-05 CORE-09 what is not there cannot be removed, and nothing changes",
     remove_nothing),
    ("CORE-06 nodes, zones and resources show a range as stock shows it", like_stock),
    ("CORE-07 symbols, exports and boot options of stock's objects are ours", symbol_tables),
    ("VALID-01 VALID-02 pfns are valid as long as the memory is there, on each CPU",
     pages_come_and_go),
    ("VALID-01 VALID-02 pfns of a part are valid by themselves", only_these_pages),
]
