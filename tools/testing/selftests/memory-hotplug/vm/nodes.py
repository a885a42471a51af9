# SPDX-License-Identifier: GPL-2.0-only
"""What a guest says of its nodes: how many, how far, whose memory, and what the log says.

The same questions go to stock's kernel and to ours.
"""

import re

NODE = "/sys/devices/system/node"
MAP = "/sys/kernel/debug/node_map"
NONE = -1


def numbers(text):
    """"0-2,5" as [0, 1, 2, 5]."""
    found = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def online(guest):
    return numbers(guest.check(f"cat {NODE}/online"))


def possible(guest):
    return numbers(guest.check(f"cat {NODE}/possible"))


def distances(guest):
    """{node: its row}"""
    text = guest.check(f"cd {NODE} && grep -H . node*/distance")
    rows = re.findall(r"node(\d+)/distance:(.*)", text)
    return {int(node): [int(d) for d in row.split()] for node, row in rows}


def cpus(guest):
    text = guest.check(f"cd {NODE} && for n in node*; do echo $n:$(cat $n/cpulist); done")
    return {int(n): numbers(list_) for n, list_ in re.findall(r"node(\d+):(.*)", text)}


def mib(guest, node):
    """Memory that the node's zones have, in MiB, what boot keeps included."""
    zones = re.findall(rf"Node {node}, zone.*?present\s+(\d+)",
                       guest.check("cat /proc/zoneinfo"), re.S)
    # an ACPI table from the initrd takes a page of its own
    return -(-sum(map(int, zones)) * guest.page_size() >> 20)


def said(guest, *words):
    """Lines of the boot log with all of the words, the time cut off."""
    lines = [re.sub(r"^\[[\s\d.]*\] ", "", line) for line in guest.check("dmesg").splitlines()]
    return [line for line in lines if all(word in line for word in words)]


def ignored(guest):
    return [line for line in said(guest, "node_map: ", "ignored")]


def look_up(guest, addresses):
    """[(node that memory would join, target node)] of each address."""
    guest.check("dmesg -c > /dev/null")
    at = ",".join(f"{a:#x}" for a in addresses)
    status, out = guest.insmod("memhp_node", f"at={at}")
    assert status == 0, out
    text = guest.check("dmesg; rmmod memhp_node")
    found = dict((int(a, 16), (int(add), int(target))) for a, add, target in
                 re.findall(r"memhp_node: (0x\w+|0) add (-?\d+) target (-?\d+)", text))
    return [found[a] for a in addresses]


def claims(guest):
    """[(first, last, what)] as the map shows them."""
    return [(int(first, 16), int(last, 16), what) for first, last, what in
            re.findall(r"(0x\w+)-(0x\w+) (.*)", guest.check(f"cat {MAP}"))]
