# SPDX-License-Identifier: GPL-2.0-only
"""Boot: what the kernel executes until start_kernel() has done its part."""

from memhp_vm import Guest, Node, Topology
from memhp_vm.counting import BUILD, symbols, windows_in

from . import Part
from .report import TREES

LIMIT = 1.01            # of stock's
POLICIES = ("", "movable_node")


def boot_instructions(library, tree, policy):
    (end,) = [address for address, name in symbols(tree) if name == "rest_init"]
    counts = BUILD / f"{tree}-boot.txt"
    nodes = [Node("1G", 1), Node("1G", 0, hotpluggable=True)]
    with Guest(tree=tree, topology=Topology(nodes=nodes), firmware="loader", icount=True,
               timeout=600, silence=600, cmdline=f"quiet loglevel=3 nokaslr rodata=on {policy}",
               qemu_args=["-plugin", f"{library},out={counts},boot={end:x}"]):
        pass
    ((_, numbers),) = windows_in(counts)
    return numbers["instructions"]


def measure(library, boots):
    return {(tree, policy): boot_instructions(library, tree, policy)
            for tree in TREES for policy in POLICIES}


def judge(numbers, report):
    for policy in POLICIES:
        ours, stock = (numbers[tree, policy] for tree in TREES)
        report.goal(f"boot to start_kernel()'s end, {policy or 'no movable_node'}:"
                    " 1 % more instructions than stock at most", ours <= LIMIT * stock,
                    ours, stock, f"{100 * (ours / stock - 1):+.2f} %")


PART = Part(measure, judge, len(POLICIES))
