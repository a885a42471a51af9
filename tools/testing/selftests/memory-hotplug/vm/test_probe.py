# SPDX-License-Identifier: GPL-2.0-only
"""Memory that is added and removed by hand: good ways, and many bad ones.

RAM that "mem=" hides stands for memory that no firmware event announces. Reserved
ranges are put into QEMU's own devicetree. See probe.py for what a refusal is.
"""

from errno import (E2BIG, EACCES, EBUSY, EEXIST, EINVAL, ENOENT, ENOMEM, EPERM, ERANGE)

from machines import GIB
from memhp_vm import DtMemory
from memhp_vm.loader import call, cells64, put_cells
from observe import expect_same, state
from probe import (CMDLINE, EDGE, FORM, MEMORY, MIB, NOBODY, RULE, TOP, Case, Window, block_size,
                   glance, good, judge, refuse_all, try_case, two_hidden, windows, write)

HIDDEN = GIB + 512 * MIB            # the first address that mem=512M hides
NOMAP, RESERVED = 0xE8000000, 0xF0000000
PCI_LOW, PCI_HIGH, ECAM = 0x20000000, 0x8000000000, 0x4000000000


# ---- machines

def with_tree(ctx, edit, **options):
    """A guest whose devicetree is QEMU's for the machine, with a change."""
    guest = ctx.guest(firmware="dt", topology=two_hidden(), **options)
    path = guest.workdir / "edited.dtb"
    args = guest.machine.base_args()
    args[args.index("-machine") + 1] += f",dumpdtb={path}"
    call(*args)
    edit(path)
    guest.machine.qemu_args += ["-dtb", str(path)]
    return guest


def reserve(path):
    """A range that must not be mapped, and one that may be, in what mem= hides."""
    top = "/reserved-memory"
    call("fdtput", "-c", path, top)
    put_cells(path, top, "#address-cells", [2])
    put_cells(path, top, "#size-cells", [2])
    call("fdtput", path, top, "ranges")
    for name, start in (("secret", NOMAP), ("shared", RESERVED)):
        node = f"{top}/{name}@{start:x}"
        call("fdtput", "-c", path, node)
        put_cells(path, node, "reg", cells64(start) + cells64(2 * MIB))
        if start == NOMAP:
            call("fdtput", path, node, "no-map")


def with_reserved(ctx):
    return with_tree(ctx, reserve, cmdline=CMDLINE)


def be_crash_kernel(path):
    """What a kernel that saves another one's memory finds."""
    put_cells(path, "/chosen", "linux,usable-memory-range", cells64(GIB) + cells64(512 * MIB))


def uefi(ctx, **options):
    return ctx.guest(firmware="uefi", cmdline=CMDLINE,
                     topology=two_hidden(cover_nomap=True, **options))


# ---- good ways

def online(guest, start, size):
    for block in guest.blocks():
        if start <= block.start < start + size:
            assert not guest.set_state(block, "online_movable")


def use(guest, start, size, fill):
    """memfill has a node to itself, and that is node 1."""
    online(guest, start, size)
    if fill:
        guest.check(f"memfill {start:#x} {size:#x} 1")


def one_block(guest, fill, start=EDGE, node=1):
    block = block_size(guest)
    good(guest, "probe", f"{start:#x}\n")
    assert {b.node for b in guest.blocks() if b.start == start} == {str(node)}
    use(guest, start, block, fill and node == 1)
    good(guest, "remove", f"offline {start:#x}\n")


def one_gib(guest, fill, start=EDGE):
    good(guest, "probe", f"{start:#x} 1G 1\n")
    use(guest, start, GIB, fill)
    good(guest, "remove", f"offline {start >> 20}M {GIB}\n")


def there_and_back(guest, *ways):
    """Each way twice: what is cached once and for all is not counted."""
    for way in ways:
        way(guest, False)
    before = state(guest)
    for way in ways:
        way(guest, True)
    expect_same(before, state(guest))


def to_node_0(guest, fill):
    one_block(guest, fill, HIDDEN, 0)


def under_dt(ctx):
    with with_reserved(ctx) as guest:
        block = block_size(guest)
        assert windows(guest) == windows_but(block, NOMAP, RESERVED), windows(guest)
        there_and_back(guest, one_block, one_gib, to_node_0)


def windows_but(block, *reserved):
    """What mem= hides, without the blocks in which something is reserved."""
    edges, found = [EDGE], [Window(HIDDEN, EDGE, "cut-off", 0)]
    for start in sorted({at // block * block for at in reserved}):
        edges += [start, start + block]
    edges.append(TOP)
    found += [Window(start, end, "cut-off", 1)
              for start, end in zip(edges[::2], edges[1::2]) if start < end]
    return found


def under_acpi(ctx):
    with uefi(ctx) as guest:
        assert Window(EDGE, TOP, "cut-off", 1) in windows(guest), windows(guest)
        there_and_back(guest, one_block, one_gib)


def hotplug_window(guest, source):
    found = [w for w in windows(guest) if w.start < TOP and w.end > EDGE]
    assert found == [Window(EDGE, TOP, source, 1)], found
    there_and_back(guest, one_block)


def marked_by_srat(ctx):
    with uefi(ctx, hotpluggable=True) as guest:
        hotplug_window(guest, "SRAT")


def marked_by_dt(ctx):
    memory = [DtMemory(GIB, GIB, 0), DtMemory(EDGE, 2 * GIB, 1, hotpluggable=True)]
    with ctx.guest(firmware="loader", topology=two_hidden(dt_memory=memory),
                   cmdline=CMDLINE) as guest:
        hotplug_window(guest, "devicetree")


def beside_a_dimm(ctx):
    """A DIMM lies in a window, and is ACPI's all the same."""
    with uefi(ctx, slots=2, maxmem="16G") as guest:
        dimm = guest.plug_dimm("d0", size="1G", node=1)
        guest.wait_blocks(dimm)
        inside = [w for w in windows(guest) if w.start <= dimm.start < w.end]
        assert inside and inside[0].source == "SRAT", windows(guest)
        yield from refuse_all(ctx, guest, [
            Case("a DIMM is there", "probe", f"{dimm.start:#x} 1G 1", EEXIST),
            Case("a DIMM's memory is not to be removed by hand", "remove",
                 f"{dimm.start:#x} 1G", EPERM),
            Case("nor after offlining it", "remove", f"offline {dimm.start:#x} 1G", EPERM),
        ], "SYSFS-03 SYSFS-07")
        guest.unplug("d0")
        guest.wait_blocks(dimm, gone=True)


def administrators(ctx):
    """In a crash kernel: RAM is there that no window is in."""
    with with_tree(ctx, be_crash_kernel, cmdline="nokaslr rodata=on") as guest:
        assert windows(guest) == [], windows(guest)
        block = block_size(guest)
        assert write(guest, "probe", f"{EDGE:#x}") == EPERM
        good(guest, "window_add", f"{EDGE:#x} 1G 1\n")
        good(guest, "window_add", f"{EDGE + GIB:#x} {block:#x} 1\n")
        assert windows(guest) == [Window(EDGE, EDGE + GIB + block, "administrator", 1)]
        there_and_back(guest, one_block, one_gib)
        good(guest, "window_remove", f"{EDGE + block:#x} {block:#x}\n")
        assert [w.start for w in windows(guest)] == [EDGE, EDGE + 2 * block]
        good(guest, "window_remove", f"{EDGE:#x} {block:#x}\n")
        good(guest, "window_remove", f"{EDGE + 2 * block:#x} {GIB - block:#x}\n")
        assert windows(guest) == [] and write(guest, "probe", f"{EDGE:#x}") == EPERM


def parts(ctx):
    """What was added at once leaves in parts, and the other way round."""
    with with_reserved(ctx) as guest:
        block = block_size(guest)
        before = state(guest)
        good(guest, "probe", f"  {EDGE:#x}\t{2 * block:#x}  1 \n")
        good(guest, "probe", f"{EDGE + 2 * block:#x}")
        good(guest, "remove", f"{EDGE + block:#x} {2 * block:#x}")
        good(guest, "remove", f"{EDGE:#x}")
        expect_same(before, state(guest))


# ---- bad ways

# Text, with the address {at}, the size {size} of a block and a whole {line} of both.
NO_LINE = {
    "an empty line": "\n",
    "only blanks": " \t  \n",
    "no number": "memory\n",
    "a prefix without digits": "0x {size}",
    "a negative address": "-{at} {size}",
    "a sign": "+{at} {size}",
    "letters behind the address": "{at}x {size}",
    "a comma": "{at},{size}",
    "too many words": "{line} 1 1",
    "far too many words": "1 " * 40,
    "a unit that there is not": "{at} 128Q",
    "two units": "{at} 128MM",
    "a unit without number": "{at} M",
    "a negative size": "{at} -{size}",
    "two lines": "{line}\n{line}\n",
    "a NUL at the end": "{line}\0",
    "a NUL inside": "{at}\0 {size}",
    "200 digits": "9" * 200,
    "more than a page": "{line}" + " " * 70000,
}


def not_understood(block, form=FORM):
    """(what, text, errno, what the log says of it) that no file takes."""
    at, size = f"{EDGE:#x}", f"{block:#x}"
    bad = [(what, text.format(at=at, size=size, line=f"{at} {size}"), EINVAL, form)
           for what, text in NO_LINE.items()]
    return bad + [
        ("bytes that are no text", b"\xff\xfe\x80\x00", EINVAL, form),
        ("an address of more than 64 bits", f"0x1{EDGE:016x} {size}", ERANGE),
        ("a size of more than 64 bits", f"{at} 16777216T", ERANGE),
        ("no size", f"{at} 0", EINVAL, RULE),
        ("an address off the block by one", f"{EDGE + 1:#x} {size}", EINVAL, RULE),
        ("an address in the middle of a block", f"{EDGE + block // 2:#x} {size}", EINVAL, RULE),
        ("half a block", f"{at} {block // 2:#x}", EINVAL, RULE),
        ("a block and 4096 bytes", f"{at} {block + 4096:#x}", EINVAL, RULE),
        ("a range that wraps", f"{2 ** 64 - block:#x} {2 * block:#x}", EINVAL, RULE),
    ]


NO_NODE = "there can be no such node, see /sys/devices/system/node/possible"


def bad_nodes(block):
    line = f"{EDGE:#x} {block:#x} "
    return [
        ("a node that is no number", line + "node1", EINVAL, FORM),
        ("a negative node", line + "-1", EINVAL, FORM),
        ("a node with a unit", line + "1K", EINVAL, FORM),
        ("a node in hexadecimal", line + "0x1", EINVAL, FORM),
        ("a node beyond all numbers", line + "99999999999", ERANGE),
        ("a node that was not possible at boot", line + "9", EINVAL, NO_NODE),
        ("a node that no kernel has", line + "4294967295", EINVAL, NO_NODE),
    ]


def bad_places(block):
    """For probe: understood, but no place for memory."""
    secret, shared = NOMAP // block * block, RESERVED // block * block
    return [
        ("beyond the end of the linear map", f"{1 << 52:#x}", E2BIG),
        ("the last block of all addresses", f"{2 ** 64 - block:#x}", E2BIG),
        ("from a window to beyond the linear map", f"{EDGE:#x} {1 << 52:#x}", E2BIG),
        ("the kernel's own memory", f"{GIB:#x} {block:#x}", EEXIST),
        ("half boot memory, half window", f"{HIDDEN - block:#x} {2 * block:#x}", EEXIST),
        ("everything", f"0 {TOP:#x}", EEXIST),
        ("flash", f"0 {block:#x}", EPERM),
        ("the interrupt controller and the serial line",
         f"{0x08000000 // block * block:#x} {block:#x}", EPERM),
        ("the low window of PCI", f"{PCI_LOW:#x} {block:#x}", EPERM),
        ("the high window of PCI", f"{PCI_HIGH:#x} 1G", EPERM),
        ("the configuration space of PCI", f"{ECAM:#x} 1G", EPERM),
        ("memory that must not be mapped", f"{secret:#x}", EPERM),
        ("memory that is reserved", f"{shared:#x}", EPERM),
        ("window and what must not be mapped", f"{secret - block:#x} {2 * block:#x}", EPERM),
        ("a hole", f"{TOP + GIB:#x}", EPERM),
        ("from a window into a hole", f"{TOP - block:#x} {2 * block:#x}", EPERM),
        ("windows of two nodes", f"{EDGE - block:#x} {2 * block:#x}", EINVAL,
         "it is of several nodes, name one or add less"),
    ]


def cases_of(name, rows):
    return [Case(what, name, text, error, says="".join(says))
            for what, text, error, *says in rows]


def probe_cases(block):
    return cases_of("probe", not_understood(block) + bad_nodes(block) + bad_places(block))


def remove_cases(block):
    form = "write [offline] ADDR [SIZE]"
    too_many = [("a node", f"{EDGE:#x} {block:#x} 1", EINVAL, form)]
    words = [("only the word", "offline", EINVAL, form),
             ("another word", f"online {EDGE:#x}", EINVAL, form),
             ("the word twice", f"offline offline {EDGE:#x}", EINVAL, form),
             ("the word last", f"{EDGE:#x} offline", EINVAL, form)]
    places = [("boot memory", f"{GIB:#x}", EPERM),
              ("boot memory, after offlining it", f"offline {GIB:#x}", EPERM),
              ("all boot memory", f"offline {GIB:#x} 512M", EPERM),
              ("memory that is not there", f"{EDGE:#x}", ENOENT),
              ("devices", f"offline {PCI_LOW:#x}", ENOENT),
              ("the last block of all addresses", f"{2 ** 64 - block:#x}", ENOENT)]
    return cases_of("remove", not_understood(block, form) + too_many + words + places)


def window_add_cases(block):
    far, reserved = 64 * GIB, RESERVED // block * block
    places = [("without a size", f"{far:#x}", EINVAL, FORM),
              ("over boot memory", f"{GIB:#x} {block:#x}", EBUSY),
              ("over a window of firmware", f"{EDGE:#x} {block:#x}", EEXIST),
              ("over a part of one", f"{TOP - block:#x} {2 * block:#x}", EEXIST),
              ("over the window of PCI", f"{PCI_HIGH:#x} 1G", EBUSY),
              ("over what firmware reserves", f"{reserved:#x} {block:#x}", EBUSY,
               "firmware reserves a part of it, choose another range"),
              ("over devices below the linear map", f"{PCI_LOW:#x} {block:#x}", E2BIG),
              ("beyond the end of the linear map", f"{1 << 52:#x} {block:#x}", E2BIG)]
    return cases_of("window_add", not_understood(block) + bad_nodes(block) + places)


def window_remove_cases(block):
    far = 64 * GIB
    gone = [("without a size", f"{far:#x}", EINVAL, FORM),
            ("a window of firmware", f"{EDGE:#x} {block:#x}", ENOENT),
            ("no window at all", f"{far:#x} {block:#x}", ENOENT),
            ("a node", f"{far:#x} {block:#x} 1", EINVAL, FORM)]
    return cases_of("window_remove", not_understood(block) + gone)


def good_lines(block):
    """What the files would take."""
    return {"probe": f"{EDGE:#x}", "remove": f"{EDGE:#x}", "window_add": f"64G {block:#x} 0",
            "window_remove": f"64G {block:#x}"}


WITHOUT = {
    "root without CAP_SYS_ADMIN": "-c -o",
    "who opened it has CAP_SYS_ADMIN, who writes has not": "-c",
    "root opened it, another user writes": "-u 1000",
}


def by_nobody(name, text):
    """A good line by those who may open the file, and must not write it."""
    return [Case(what, name, text, EPERM, options, says=NOBODY)
            for what, options in WITHOUT.items()]


def nobody_cases(name, block):
    """A good line by those who must not write it."""
    text = good_lines(block)[name]
    return by_nobody(name, text) + [Case("another user opens it", name, text, EACCES,
                                         "-o -u 1000", lines=0)]


def stock_files(ctx):
    """The files that stock has, too, which does not ask who writes."""
    with ctx.guest(firmware="dt", topology=two_hidden(), cmdline=CMDLINE) as guest:
        good(guest, "probe", f"{EDGE:#x}")
        state_of = f"memory{EDGE // block_size(guest)}/state"
        policy = guest.check(f"cat {MEMORY}/auto_online_blocks")
        yield from refuse_all(ctx, guest, by_nobody("auto_online_blocks", "online_movable"),
                              "SYSFS-04")
        yield guest.check(f"cat {MEMORY}/auto_online_blocks") == policy, \
            "SYSFS-04 auto_online_blocks is as before"
        yield from refuse_all(ctx, guest, by_nobody(state_of, "online_movable"), "SYSFS-04")
        good(guest, state_of, "online_movable")
        yield from refuse_all(ctx, guest, by_nobody(state_of, "offline"), "SYSFS-04")
        good(guest, state_of, "offline")


def bad_input(ctx):
    with with_reserved(ctx) as guest:
        block = block_size(guest)
        good(guest, "probe", f"{EDGE:#x}")
        good(guest, "remove", f"{EDGE:#x}")
        before = state(guest)
        for name, cases in (("probe", probe_cases), ("remove", remove_cases),
                            ("window_add", window_add_cases),
                            ("window_remove", window_remove_cases)):
            yield from refuse_all(ctx, guest, cases(block), "SYSFS-03")
            # of their lines the log takes 10 in 5 seconds
            guest.check("sleep 5")
            yield from refuse_all(ctx, guest, nobody_cases(name, block),
                                  "SYSFS-03 SYSFS-07")
        expect_same(before, state(guest))
        yield True, "SYSFS-03 after all of them the machine is as it was"


def in_use(ctx):
    """What memory that was added keeps from being done."""
    with with_reserved(ctx) as guest:
        block = block_size(guest)
        second = f"{EDGE + block:#x}"
        good(guest, "probe", f"{EDGE:#x} {2 * block:#x}")
        online(guest, EDGE + block, block)
        before = state(guest)
        yield from refuse_all(ctx, guest, [
            Case("added before", "probe", f"{EDGE:#x}", EEXIST),
            Case("a part was added before", "probe", f"{second} {2 * block:#x}", EEXIST),
            Case("it is online", "remove", second, EBUSY),
            Case("a part is online", "remove", f"{EDGE:#x} {2 * block:#x}", EBUSY),
            Case("a part is not there", "remove", f"{second} {2 * block:#x}", EPERM),
            Case("a part is not there, after offlining it", "remove",
                 f"offline {second} {2 * block:#x}", EPERM),
        ], "SYSFS-02 SYSFS-03")
        good(guest, "remove", f"offline {EDGE:#x} {2 * block:#x}")
        yield True, "SYSFS-02 a range of which a part is online leaves after offlining it"
        yield before != state(guest), "SYSFS-02 that is seen (the test of the test)"


def unknown_node(ctx):
    """An administrator's window over nothing: memory there is never touched."""
    with with_reserved(ctx) as guest:
        block, far = block_size(guest), 64 * GIB
        good(guest, "window_add", f"{far:#x} {2 * block:#x}")
        yield from refuse_all(ctx, guest, [
            Case("nobody knows the node", "probe", f"{far:#x}", EINVAL,
                 says="nobody knows its node, name one"),
            Case("a window is there", "window_add", f"{far + block:#x} {2 * block:#x}", EEXIST),
            Case("more than the window", "window_remove", f"{far:#x} {3 * block:#x}", ENOENT),
        ], "SYSFS-03 SYSFS-07")
        good(guest, "probe", f"{far:#x} {block:#x} 1")
        yield from refuse_all(ctx, guest, [
            Case("memory is in it", "window_remove", f"{far:#x} {2 * block:#x}", EBUSY),
        ], "SYSFS-03 SYSFS-07")
        good(guest, "window_remove", f"{far + block:#x} {block:#x}")
        good(guest, "remove", f"{far:#x}")
        good(guest, "window_remove", f"{far:#x} {block:#x}")
        yield all(w.end <= TOP for w in windows(guest)), "SYSFS-07 a window can go in parts"


def locked_down(ctx):
    """Once locked down it stays so: a guest of its own."""
    with with_reserved(ctx) as guest:
        block = block_size(guest)
        good(guest, "probe", f"{EDGE:#x}")
        guest.check("echo integrity > /sys/kernel/security/lockdown")
        yield from refuse_all(ctx, guest, [
            Case("integrity lockdown", name, text, EPERM, says="the kernel is locked down")
            for name, text in good_lines(block).items()], "SYSFS-03 SYSFS-07")


# ---- no memory

ROOM = 16               # of the set of windows at first

FAULTS = ("for d in failslab fail_page_alloc; do cd /sys/kernel/debug/$d || exit 1;"
          " echo N > ignore-gfp-wait; echo 0 > verbose; done;"
          " echo 0 > min-order; echo N > ignore-gfp-highmem")


def miss_each(guest, name, text, undo):
    """[k] of the requests of memory without which a write is refused.

    The first is for the text itself, before anything of ours runs: no line then. A
    request that the kernel can do without refuses nothing.
    """
    refused = []
    glance(guest)
    for k in range(1, 200):
        case = Case(f"request {k}", name, text, ENOMEM, f"-n {k}", lines=int(k > 1))
        answer = try_case(guest, case)
        if answer.number:
            wrong = judge(case, answer)
            assert not wrong, f"{name}, request {k}: {wrong}; {answer.lines}"
            refused.append(k)
        elif answer.missed:
            good(guest, *undo)
        else:
            return refused
    raise AssertionError(f"{name} is refused for ever: {refused}")


def fill_windows(guest):
    """So many that there is no room for one more, which has to be made then."""
    block = block_size(guest)
    for i in range(len(windows(guest)), ROOM):
        good(guest, "window_add", f"{(65 << 30) + 2 * i * block:#x} {block:#x} {i % 2}")
    assert len(windows(guest)) == ROOM


def no_memory(ctx):
    with with_reserved(ctx) as guest:
        window, memory = f"64G {block_size(guest):#x}", f"{EDGE:#x}"
        ways = {"window_add": (window, "window_remove"), "probe": (memory, "remove"),
                "remove": ("offline " + memory, "probe"),
                "window_remove": (window, "window_add")}
        guest.check(FAULTS)
        good(guest, "probe", memory)
        good(guest, "remove", memory)
        fill_windows(guest)
        before = state(guest)
        for name, (text, undo) in ways.items():
            refused = miss_each(guest, name, text,
                                (undo, memory if text.endswith(memory) else text))
            yield bool(refused), f"SYSFS-03 {name} without memory is refused, or goes well"
            ctx.note(f"{name}: refused without request {refused}")
            assert name != "window_add" or refused == [1, 2], "room was not made"
        expect_same(before, state(guest))
        yield True, "SYSFS-03 after all of them the machine is as it was"


SCENARIOS = [
    ("SYSFS-04 state and auto_online_blocks ask who writes", stock_files),
    ("SYSFS-01 SYSFS-02 SYSFS-07 a block, and 1 GiB at once, come, are used and go: mem=, DT",
     under_dt),
    ("SYSFS-01 SYSFS-02 SYSFS-07 a block, and 1 GiB at once, come, are used and go: mem=, ACPI",
     under_acpi),
    ("SYSFS-07 memory that SRAT calls hot-pluggable is a window", marked_by_srat),
    ("SYSFS-07 memory that the devicetree calls hotpluggable is a window", marked_by_dt),
    ("SYSFS-07 a DIMM in a window is not to be had by hand", beside_a_dimm),
    ("SYSFS-01 SYSFS-07 the administrator makes a window, in a kernel that firmware gives none",
     administrators),
    ("SYSFS-02 what was added at once leaves in parts, and what came in parts at once", parts),
    ("SYSFS-03 bad input is refused with one line, and nothing changes", bad_input),
    ("SYSFS-02 SYSFS-03 memory in use is refused", in_use),
    ("SYSFS-03 SYSFS-07 windows of unknown node, and in use", unknown_node),
    ("SYSFS-03 SYSFS-07 integrity lockdown refuses all files", locked_down),
    ("SYSFS-03 the k-th request of memory that fails changes nothing, k = 1, 2, 3 ...",
     no_memory),
]
