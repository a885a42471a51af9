# SPDX-License-Identifier: GPL-2.0-only
"""Nodes get other distances while the system runs, and what is made by distances follows.

The machine has CPUs on nodes 0, 1 and 2, memory on 0 and 1. Nodes 4 and 5 are spare ones;
RAM of node 3, which "mem=" hides, is given to them by hand. Stock has none of the files.
"""

import re
from errno import EACCES, EINVAL, ENOENT, ENOMEM, EPERM, ERANGE

import nodes
import numactl
import probe
from machines import GIB
from memhp_vm import Node, Topology
from probe import MIB, Case, glance, judge, refuse_all, try_case
from test_probe import FAULTS

ROOT = "/sys/kernel/mm/node_map"
MODULE = "/sys/kernel/debug/memhp_node"
CMDLINE = "nokaslr rodata=on mem=768M spare_nodes=2 memory_block_size=128M"
HIDDEN = GIB + 768 * MIB
EACH = 256 * MIB                    # of the two spare nodes
START = {4: HIDDEN, 5: HIDDEN + EACH}
NODES = 6
DATA = 32                           # MiB that are written to see where they go


def machine(ctx):
    topology = Topology(nodes=[Node("512M", 1), Node("256M", 1), Node(0, 1), Node("1280M", 0)],
                        distances={(0, 2): 25, (1, 2): 35})
    return ctx.guest(firmware="dt", root="tools", topology=topology, cmdline=CMDLINE)


def at_boot():
    """What firmware says, and the usual distances of those it does not know."""
    table = [[10 if a == b else 20 for b in range(NODES)] for a in range(NODES)]
    for a, b, distance in ((0, 2, 25), (1, 2, 35)):
        table[a][b] = table[b][a] = distance
    return table


# ---- what is seen

def expect_seen(guest, table):
    """The files of both kinds, and Debian's numactl, say the same."""
    up = nodes.online(guest)
    text = guest.check(f"cd {ROOT} && grep . node*/distance_to node*/distance_from")
    found = {(int(node), way): [int(d) for d in row.split()] for node, way, row in
             re.findall(r"node(\d+)/distance_(\w+):(.*)", text)}
    assert len(found) == 2 * NODES, found
    for node in range(NODES):
        assert found[node, "to"] == table[node], (node, found)
        assert found[node, "from"] == [row[node] for row in table], (node, found)
    assert numactl.hardware(guest).distances == {a: [table[a][b] for b in up] for a in up}
    return up


def last(guest, pattern):
    """{node: what the log said last of it}"""
    return {int(node): text.strip() for node, text in re.findall(pattern, guest.check("dmesg"))}


def order(guest, node):
    return [int(n) for n in last(guest, r"Fallback order for Node (\d+): (.*)")[node].split()]


def demotion(guest, node):
    return last(guest, r"Demotion targets for Node (\d+): preferred: ([\d,-]*),")[node]


def free(guest):
    text = guest.check(f"grep -h MemFree {nodes.NODE}/node*/meminfo")
    return {int(node): int(kib) for node, kib in re.findall(r"Node (\d+) MemFree:\s+(\d+)", text)}


def gets_from(guest, cpu):
    """The node that files come from which this CPU writes."""
    before = free(guest)
    guest.check(f"taskset {1 << cpu:x} dd if=/dev/zero of=/dev/shm/data bs=1M count={DATA}")
    after = free(guest)
    guest.check("rm /dev/shm/data")
    taken = {n: (before[n] - after[n]) >> 10 for n in before}
    most = max(taken, key=taken.get)
    assert taken[most] > DATA // 2, taken     # CPUs keep some pages at hand
    return most


def hops(guest, node):
    """[CPUs] that the scheduler finds, one level after the other."""
    guest.check("dmesg -c > /tmp/old")
    guest.run(f"for i in $(seq 0 20); do echo {node} $i > {MODULE}/hops || exit; done")
    return [nodes.numbers(cpus) for cpus in
            re.findall(rf"node {node}, \d+ hops: CPUs (.*)", guest.check("dmesg"))]


def expected_hops(table, node):
    """By CPUs 0, 1, 2 on nodes of the same numbers."""
    levels = sorted({table[a][b] for a in range(3) for b in range(3)})
    return [[b for b in range(3) if table[node][b] <= level] for level in levels]


# ---- what is done

def line(numbers):
    return " ".join(map(str, numbers)) + "\n"


def case(what, text, error, file="node4/distance_to", **options):
    return Case(what, file, text, error, who="node_map", folder=ROOT, **options)


def put(guest, file, text):
    guest.put(probe.INPUT, text.encode())
    number = int(guest.check(f"onewrite {ROOT}/{file} < {probe.INPUT}"))
    assert not number, f"{file}: error {number}\n{guest.tail(3)}"


def write(guest, node, way, numbers):
    put(guest, f"node{node}/distance_{way}", line(numbers))


def change(guest, table, node, way, **distances):
    """Distances to or from n0, n1 ... change, in the guest and in the table."""
    for name, distance in distances.items():
        other = int(name[1:])
        a, b = (node, other) if way == "to" else (other, node)
        table[a][b] = distance
    numbers = table[node] if way == "to" else [row[node] for row in table]
    write(guest, node, way, numbers)


def add(guest, node):
    probe.good(guest, "probe", f"{START[node]:#x} {EACH:#x} {node}")
    for block in guest.blocks():
        if START[node] <= block.start < START[node] + EACH:
            assert not guest.set_state(block, "online_movable")


def remove(guest, node):
    probe.good(guest, "remove", f"offline {START[node]:#x} {EACH:#x}")


# ---- zonelists, the scheduler, demotion

def without_memory(guest, table):
    """Node 2 has a CPU and no memory: what its CPU gets is the nearest node's."""
    expect_seen(guest, table)
    assert order(guest, 2) == [0, 1] and gets_from(guest, 2) == 0
    assert hops(guest, 2) == expected_hops(table, 2), hops(guest, 2)
    change(guest, table, 2, "to", n0=50)
    expect_seen(guest, table)
    levels = "the scheduler has 5 levels of nodes"
    assert nodes.said(guest, "memory_hotplug: distances of node 2", levels), guest.tail(5)
    assert order(guest, 2) == [1, 0] and gets_from(guest, 2) == 1
    for node in range(3):
        found = hops(guest, node)
        assert found == expected_hops(table, node), (node, found)


def before_memory(guest, table):
    """A spare node has distances before it is there: it comes with them."""
    change(guest, table, 4, "to", n0=30, n1=90, n2=60, n5=40)
    change(guest, table, 4, "from", n0=31, n1=91, n2=62, n5=200)
    assert expect_seen(guest, table) == [0, 1, 2, 3]
    for node in (4, 5):
        add(guest, node)
    assert expect_seen(guest, table) == [0, 1, 2, 3, 4, 5]
    assert order(guest, 4) == [4, 0, 5, 1], order(guest, 4)
    # two are as near as one another
    assert order(guest, 5)[0] == 5 and order(guest, 5)[3] == 4, order(guest, 5)


def with_memory(guest, table):
    """And other ones while it has memory."""
    change(guest, table, 4, "to", n0=200, n1=11, n5=255)
    expect_seen(guest, table)
    assert order(guest, 4) == [4, 1, 0, 5], order(guest, 4)


CGROUP = "/tmp/cgroup"


def demoted_to(guest):
    """The node that takes what is demoted from node 0."""
    guest.check(f"mkdir {CGROUP}/x && echo $$ > {CGROUP}/x/cgroup.procs && taskset 1"
                f" dd if=/dev/zero of=/dev/shm/data bs=1M count={DATA};"
                f" echo $$ > {CGROUP}/cgroup.procs")
    # it may say that it could not have as much as that
    guest.run(f"echo {DATA // 2}M > {CGROUP}/x/memory.reclaim")
    text = guest.check(f"grep '^shmem ' {CGROUP}/x/memory.numa_stat;"
                       f" rm /dev/shm/data; rmdir {CGROUP}/x")
    amounts = {int(n): int(b) >> 20 for n, b in re.findall(r"N(\d+)=(\d+)", text)}
    assert amounts[4] + amounts[5] >= DATA // 4, amounts
    return 4 if amounts[4] > amounts[5] else 5


def demotion_follows(guest, table):
    """Nodes 4 and 5 are in a lower tier than the others."""
    guest.check("echo 1 > /sys/kernel/mm/numa/demotion_enabled;"
                f" mkdir {CGROUP}; mount -t cgroup2 none {CGROUP} &&"
                f" echo +memory > {CGROUP}/cgroup.subtree_control")
    for near, far in ((4, 5), (5, 4)):
        change(guest, table, 0, "to", **{f"n{near}": 30, f"n{far}": 60})
        assert demotion(guest, 0) == str(near), demotion(guest, 0)
        assert demoted_to(guest) == near
    expect_seen(guest, table)


def goes_and_comes(guest, table):
    for node in (4, 5):
        remove(guest, node)
    assert expect_seen(guest, table) == [0, 1, 2, 3]
    add(guest, 4)
    assert expect_seen(guest, table) == [0, 1, 2, 3, 4] and order(guest, 4) == [4, 1, 0]
    remove(guest, 4)


def never_half(guest, table):
    """Who reads a line while it changes reads the one or the other."""
    rows = [20, 21, 22, 23, 10, 24], [120, 121, 122, 123, 10, 124]
    reader = guest.start(f"while [ ! -e /tmp/done ]; do cat {ROOT}/node4/distance_to; done"
                         " | sort | uniq -c")
    for i in range(16):
        write(guest, 4, "to", rows[i % 2])
    guest.check("touch /tmp/done")
    seen = {tuple(map(int, text.split()[1:])) for text in reader.check(60).splitlines()}
    seen -= {tuple(table[4])}
    write(guest, 4, "to", table[4])
    assert seen == set(map(tuple, rows)), seen


# ---- what is refused

def bad_lines():
    good = "20 20 20 20 10 20"
    texts = {
        "an empty line": "\n", "only blanks": " \t \n", "no number": "near\n",
        "too few numbers": "20 20 20 20 10", "too many numbers": good + " 20",
        "far too many numbers": "20 " * 1000, "garbage behind the last": good + " x",
        "garbage behind a number": good + "x", "a negative number": "-20 20 20 20 10 20",
        "a sign": "+20 20 20 20 10 20", "hexadecimal": "0x14 20 20 20 10 20",
        "commas": good.replace(" ", ","), "a point": "20.5 20 20 20 10 20",
        "two lines": f"{good}\n{good}\n", "a newline in the middle": "20 20\n20 20 10 20",
        "a NUL at the end": good + "\0", "a NUL inside": "20 20 20\0 20 10 20",
        "bytes that are no text": b"\xff\xfe\x80\x00", "more than a page": good + " " * 70000,
        "11 to itself": "20 20 20 20 11 20", "20 to itself": "20 20 20 20 20 20",
        "300 to itself": "20 20 20 20 300 20",
    }
    return [case(what, text, EINVAL) for what, text in texts.items()]


def bad_numbers():
    found = [case(f"{number} to another node", f"{number} 20 20 20 10 20", ERANGE)
             for number in (0, 9, 10, 256, 1000, 2 ** 32 + 20, 10 ** 30)]
    return found + [
        case("a wrong last number", "20 20 20 20 10 9", ERANGE),
        case("9 from another node", "20 9 20 20 10 20", ERANGE, "node4/distance_from"),
        case("too few numbers", "20 20", EINVAL, "node4/distance_from"),
        case("11 from itself", "10 20 20 20 11 20", ERANGE, "node4/distance_from")]


def bad_nodes():
    """By the function that drivers call; a file there is for nodes that can be."""
    found = [Case(f"node {text.split()[0]}", "apart", text, EINVAL, who="node_map", folder=MODULE)
             for text in ("-1 30", "6 30", "15 30", "16 30", "-2147483648 30")]
    found += [Case(f"{text.split()[1]}", "apart", text, ERANGE, who="node_map", folder=MODULE)
              for text in ("4 10", "4 256", "4 -2")]
    return found + [case("a node that cannot be", line([20] * NODES), ENOENT, "node6/distance_to",
                         lines=0)]


def nobody():
    text = line([77, 20, 20, 20, 10, 20])
    return [case("root without CAP_SYS_ADMIN", text, EPERM, options="-c -o"),
            case("who opened it has CAP_SYS_ADMIN, who writes has not", text, EPERM, options="-c"),
            case("root opened it, another user writes", text, EPERM, options="-u 1000"),
            case("another user opens it", text, EACCES, options="-o -u 1000", lines=0)]


def miss_each(guest, file, text, undo):
    """[k] of the requests without which a change is refused, and about how many there are.

    The first ones are ours; of the many that the scheduler can do without, some will do.
    """
    refused = []
    glance(guest)
    for k in [*range(1, 12), *range(12, 400, 31)]:
        tried = case(f"request {k}", text, ENOMEM, file, options=f"-n {k}", lines=int(k > 1))
        answer = try_case(guest, tried)
        if answer.number:
            wrong = judge(tried, answer)
            assert not wrong, f"{file}, request {k}: {wrong}; {answer.lines}"
            refused.append(k)
            continue
        put(guest, file, undo)
        guest.check("dmesg -c > /tmp/old")
        if not answer.missed:
            return refused, k - 1
    raise AssertionError(f"{file} is refused for ever: {refused}")


def no_memory(ctx, guest, table):
    """A change is refused whole, or made; the scheduler is right again after the next."""
    other = [table[4][0] + 1, *table[4][1:]]
    refused, of = miss_each(guest, "node4/distance_to", line(other), line(table[4]))
    ctx.note(f"distances: refused without request {refused}, {of} requests in all")
    assert refused == [1, 2, 3], refused
    return hops(guest, 2) == expected_hops(table, 2)


# ---- the rule of address bits

def rule(guest):
    return guest.check(f"cat {ROOT}/node_bits").strip()


def bits_name_nodes(ctx, guest):
    at = [1 << 44, (2 << 44) + 5, (3 << 44) + GIB, 1 << 46, GIB]
    for text, shown, answers in (("44-45+2", "44-45+2", [3, 4, 5, 2, 0]),
                                 ("46-46\n", "46-46+0", [0, 0, 0, 1, 0]),
                                 ("none\n", "none", [nodes.NONE] * 4 + [0])):
        put(guest, "node_bits", text)
        assert rule(guest) == shown, rule(guest)
        found = [target for _, target in nodes.look_up(guest, at)]
        yield found == answers, f"NUMA-07 the rule of address bits becomes {shown} at run time"
    put(guest, "node_bits", "44-45+2")
    bad = {"\n": EINVAL, "None": EINVAL, "nonesuch": EINVAL, "44": EINVAL,
           "44-45+": EINVAL, "45-44": EINVAL, "44-45+2x": EINVAL, "44 - 45": EINVAL,
           "0x2c-45": EINVAL, "44-45\n44-45": EINVAL, "44-45\0": EINVAL, "-1-45": EINVAL,
           "44-45+3": EINVAL, "44-46": EINVAL, "44-45+65535": EINVAL, "11-12": ERANGE,
           "12-28": ERANGE, "52-53": ERANGE, "44-99999": EINVAL, "44-60000": ERANGE}
    yield from refuse_all(ctx, guest, [case(repr(text), text, error, "node_bits")
                                       for text, error in bad.items()]
                          + [case("root without CAP_SYS_ADMIN", "none", EPERM, "node_bits",
                                  options="-c -o")], "NUMA-07")
    refused, of = miss_each(guest, "node_bits", "none", "44-45+2")
    ctx.note(f"address bits: refused without request {refused}, {of} requests in all")
    # what is written, room for cuts, the map
    yield rule(guest) == "44-45+2" and refused == [1, 2, 3], "NUMA-07 SAFE-01 or the rule stays"
    put(guest, "node_bits", "none")


# ---- all of it, in one guest

def run_time(ctx):
    table = at_boot()
    with machine(ctx) as guest:
        assert nodes.possible(guest) == list(range(NODES))
        for name, parameters in (("memhp_node", ""), ("memhp_tier", "nid=4,5")):
            status, out = guest.insmod(name, parameters)
            assert status == 0, out
        without_memory(guest, table)
        yield True, ("NUMA-09 zonelists, numactl and the scheduler follow at once, asymmetric,"
                     " several levels")
        before_memory(guest, table)
        yield True, "NUMA-09 NUMA-08 NUMA-10 a spare node comes with the distances it was given"
        with_memory(guest, table)
        yield True, "NUMA-09 NUMA-08 a spare node with memory gets other distances"
        demotion_follows(guest, table)
        yield True, "NUMA-09 what is demoted goes to the node that is nearest now"
        goes_and_comes(guest, table)
        yield True, "NUMA-09 NUMA-08 distances outlive the node's memory"
        never_half(guest, table)
        yield True, "NUMA-09 who reads distances while they change reads old ones or new ones"
        yield from refuse_all(ctx, guest, bad_lines() + bad_numbers() + bad_nodes() + nobody(),
                              "NUMA-09")
        guest.check(FAULTS)
        yield no_memory(ctx, guest, table), "NUMA-09 SAFE-01 without memory nothing changes, or all"
        guest.check("rmmod memhp_node")
        yield from bits_name_nodes(ctx, guest)
        expect_seen(guest, table)
        guest.check("echo integrity > /sys/kernel/security/lockdown")
        yield from refuse_all(ctx, guest, [
            case("integrity lockdown", line([77, 20, 20, 20, 10, 20]), EPERM)], "NUMA-09")


SCENARIOS = [
    ("NUMA-09 NUMA-07 nodes get other distances while the system runs, and all follow", run_time),
]
