# SPDX-License-Identifier: GPL-2.0-only
"""What the scenarios of topologies take for a difference from the file."""

import importlib.util
import unittest

from memhp_vm import Node, Topology
from memhp_vm.paths import GUEST_SOURCES

MACHINE = Topology(nodes=[Node("512M", [0, 2]), Node(0, 1), Node("256M", 0)],
                   distances=[[10, 20, 30], [21, 10, 40], [31, 41, 10]])
SHOWN = """\
available: 3 nodes (0-2)
node 0 cpus: 0 2
node 0 size: 480 MB
node 0 free: 401 MB
node 1 cpus: 1
node 1 size: 0 MB
node 1 free: 0 MB
node 2 cpus:
node 2 size: 249 MB
node 2 free: 240 MB
node distances:
node   0   1   2\x20
  0:  10  20  30\x20
  1:  21  10  40\x20
  2:  31  41  10\x20
"""


def program():
    path = GUEST_SOURCES / "vm/numactl.py"
    spec = importlib.util.spec_from_file_location("numactl", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Differences(unittest.TestCase):
    def setUp(self):
        self.numactl = program()

    def found(self, old="", new=""):
        self.assertIn(old, SHOWN)
        return self.numactl.differences(MACHINE, self.numactl.parse(SHOWN.replace(old, new, 1)))

    def test_none(self):
        """numactl: what is as in the topology is no difference"""
        self.assertEqual(self.found(), [])

    def test_each(self):
        """numactl: a CPU, a size, a distance or a node that is another is a difference"""
        for old, new, what in (
                ("cpus: 0 2", "cpus: 0", "CPUs {0: [0]"),
                ("node 1 cpus: 1\n", "node 1 cpus:\n", "CPUs"),
                ("node 2 cpus:\n", "", "CPUs"),
                ("  1:  21  10  40", "  1:  20  10  40", "distances"),
                ("  2:  31  41  10 \n", "", "distances"),
                ("size: 480", "size: 513", "node 0 has 513 of 512 MiB"),
                ("size: 480", "size: 450", "node 0 has 450 of 512 MiB"),
                ("size: 0", "size: 1", "node 1 has 1 of 0 MiB"),
                ("node 2 size: 249 MB\n", "", "sizes of nodes [0, 1]"),
                ("size: 249", "size: 205", "node 2 has 205 of 256 MiB")):
            self.assertTrue(any(what in d for d in self.found(old, new)), (old, new))

    def test_sum(self):
        """numactl: what may be missing of one node may not be missing of each"""
        shown = SHOWN.replace("480", "462").replace("249", "212")
        self.assertEqual([d.split(" in all")[0] for d in self.numactl.differences(
            MACHINE, self.numactl.parse(shown))], ["94 MiB are missing"])

    def test_checked(self):
        """numactl: a kernel that checks everything may keep more, but not any amount"""
        for size, count in (("385", 0), ("340", 1)):
            seen = self.numactl.parse(SHOWN.replace("480", size))
            self.assertEqual(len(self.numactl.differences(MACHINE, seen, checked=True)), count)

    def test_one_node(self):
        """numactl: a guest that lost its nodes differs in everything"""
        shown = ("available: 1 nodes (0)\nnode 0 cpus: 0 1 2\nnode 0 size: 700 MB\n"
                 "node distances:\nnode   0\n  0:  10\n")
        self.assertEqual(len(self.numactl.differences(MACHINE, self.numactl.parse(shown))), 3)
