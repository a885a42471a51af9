# SPDX-License-Identifier: GPL-2.0-only
"""Machines that cannot be are refused with what is wrong with them."""

import unittest

from memhp_vm import DtMemory, DtPmem, Node, Nvdimm, Topology, TopologyError, VirtioMem, options

GIB = 1 << 30
TWO = [Node("512M", 1), Node("256M", 1)]

# (what, firmware, arguments of Topology, part of the message)
BAD = [
    ("no node", "dt", {"nodes": []}, "no node"),
    ("too many nodes", "dt", {"nodes": [Node("2M", 1)] * 129}, "129 nodes"),
    ("a size that is no size", "dt", {"nodes": [Node("many", 1)]}, '"many" is no size'),
    ("a size of half a page", "dt", {"nodes": [Node("512M", 1), Node("100K", 1)]},
     "node 1: size 100K is no multiple of 2M"),
    ("a negative size", "dt", {"nodes": [Node(-2 << 20, 1)]}, "node 0: size"),
    ("no memory at all", "dt", {"nodes": [Node(0, 1)]}, "Linux needs 128M"),
    ("no CPU at all", "dt", {"nodes": [Node("512M", 0), Node("256M", 0)]}, "no node has a CPU"),
    ("a negative number of CPUs", "dt", {"nodes": [Node("512M", -1)]}, "cpus=-1 is negative"),
    ("too many CPUs", "dt", {"nodes": [Node("512M", 513)]}, "513 CPUs"),
    ("a distance to an unknown node", "dt", {"nodes": TWO, "distances": {(0, 2): 20}},
     "node 2 is unknown; there are nodes 0 to 1"),
    ("a distance that is too small", "dt", {"nodes": TWO, "distances": {(0, 1): 9}},
     "must be within 11 and 254"),
    ("a distance that is too large", "dt", {"nodes": TWO, "distances": {(0, 1): 255}},
     "must be within 11 and 254"),
    ("a node away from itself", "dt", {"nodes": TWO, "distances": {(1, 1): 20}},
     "a node is at 10 from itself"),
    ("a table of distances with a row too few", "dt", {"nodes": TWO, "distances": [[10, 20]]},
     "1 rows for 2 nodes"),
    ("a table of distances with a short row", "dt",
     {"nodes": TWO, "distances": [[10, 20], [20]]}, "row 1 has 1 entries"),
    ("maxmem below the memory of the nodes", "uefi",
     {"nodes": TWO, "maxmem": "512M", "slots": 1}, "leaves no room"),
    ("maxmem that nothing can use", "uefi", {"nodes": TWO, "maxmem": "4G"}, "without slots"),
    ("too many slots", "uefi", {"nodes": TWO, "maxmem": "4G", "slots": 257}, "slots=257"),
    ("devices that do not fit below maxmem", "uefi",
     {"nodes": TWO, "maxmem": "1G", "nvdimm": [Nvdimm("1G")]}, "do not fit"),
    ("an NVDIMM on an unknown node", "uefi", {"nodes": TWO, "nvdimm": [Nvdimm("1G", 2)]},
     "nv0: node 2 is unknown"),
    ("an NVDIMM of no size", "uefi", {"nodes": TWO, "nvdimm": [Nvdimm(0)]}, "nv0: size is 0"),
    ("an NVDIMM without ACPI", "dt", {"nodes": TWO, "nvdimm": [Nvdimm("1G")]},
     "need firmware=uefi"),
    ("two devices of one name", "uefi",
     {"nodes": TWO, "nvdimm": [Nvdimm("1G", id="x"), Nvdimm("1G", id="x")]},
     "two devices have this id"),
    ("a virtio-mem that is to give more than it has", "dt",
     {"nodes": TWO, "virtio_mem": [VirtioMem("1G", requested="2G")]}, "more than its size"),
    ("a covered flash without ACPI", "dt", {"nodes": TWO, "cover_nomap": True}, "firmware=uefi"),
    ("an edited devicetree without the loader", "uefi",
     {"nodes": TWO, "dt_memory": [DtMemory("1G", "512M")]}, "firmware=loader"),
    ("a devicetree's pmem region without the loader", "dt",
     {"nodes": TWO, "dt_pmem": [DtPmem("1G", "512M")]}, "firmware=loader"),
    ("what a devicetree reserves without the loader", "uefi",
     {"nodes": TWO, "dt_reserved": [(1 << 30, 4096)]}, "firmware=loader"),
    ("a hotpluggable node that nothing can tell of", "dt",
     {"nodes": [Node("512M", 1, hotpluggable=True)]}, "hotpluggable needs"),
]

BAD_OPTIONS = [
    (options.node, "mem=512M,cpu=1", '"cpu=1" is none of'),
    (options.node, "mem=512M,mem=1G", "mem is given twice"),
    (options.node, "mem=512M,cpus=one", '"one" is no number'),
    (options.node, "512M", '"512M" is none of'),
    (options.nvdimm, "size", '"size" is none of'),
    (options.distances, ["0:1"], "write A:B=D"),
    (options.distances, ["0-1=20"], "write A:B=D"),
    (options.distances, ["0:1=20", "0:1=30"], "0:1 is given twice"),
]


class BadTopologies(unittest.TestCase):
    """One test a row, made below."""


def refused(firmware, arguments, message):
    def test(self):
        with self.assertRaises(TopologyError) as caught:
            Topology(**arguments).check(firmware)
        self.assertIn(message, str(caught.exception))
    return test


for number, (what, *row) in enumerate(BAD):
    method = refused(*row)
    method.__doc__ = f"topology: {what} is refused with the reason"
    setattr(BadTopologies, f"test_{number:02}", method)


class Options(unittest.TestCase):
    def test_bad(self):
        """options: wrong ones are refused with the part that is wrong"""
        for parse, text, message in BAD_OPTIONS:
            with self.assertRaises(TopologyError) as caught:
                parse(text)
            self.assertIn(message, str(caught.exception))

    def test_good(self):
        """options: a node, a distance and an NVDIMM are what was written"""
        self.assertEqual(options.node("mem=1G,cpus=0x2"), Node("1G", 2))
        self.assertEqual(options.distances(["0:1=20", "1:0=30"]), {(0, 1): 20, (1, 0): 30})
        self.assertEqual(options.nvdimm("size=1G,node=1,label=128K,path=a/b"),
                         Nvdimm("1G", 1, label="128K", path="a/b"))


class GoodTopologies(unittest.TestCase):
    def test_distance_both_ways(self):
        """topology: a distance given one way counts both ways, others are 20"""
        three = Topology(nodes=[Node("512M", 1)] * 3,
                         distances={(0, 1): 30, (1, 2): 40, (2, 1): 50})
        three.check("dt")
        self.assertEqual(three.matrix(), [[10, 30, 20], [30, 10, 40], [20, 50, 10]])

    def test_ranges(self):
        """topology: boot memory lies in the order of the nodes, devices above it at a GiB"""
        machine = Topology(nodes=[Node("512M", 1), Node(0, 1), Node("256M", 0)],
                           nvdimm=[Nvdimm("1G"), Nvdimm("2G")])
        machine.check("uefi")
        self.assertEqual(machine.ram_ranges(), [(0, GIB, GIB // 2), (2, GIB * 3 // 2, GIB // 4)])
        self.assertEqual([start for _, start, _ in machine.nvdimm_ranges()], [2 * GIB, 3 * GIB])
        self.assertEqual(machine.cpu_nodes(), [0, 1])

    def expect_file(self, machine, ident):
        """The first such memory is QEMU's own, the second one is a file."""
        backends = [arg for arg in machine.qemu_args() if ident in arg]
        self.assertEqual([backend.split(",")[0] for backend in backends],
                         ["memory-backend-ram", "memory-backend-file"])
        self.assertIn("mem-path=a,,b,share=on", backends[1])

    def test_kept(self):
        """topology: an NVDIMM may be a file, and QEMU is told its name whatever is in it"""
        machine = Topology(nodes=[Node("512M")], nvdimm=[Nvdimm("1G"), Nvdimm("1G", path="a,b")])
        self.expect_file(machine, "id=mem-nv")

    def test_shared(self):
        """topology: memory of a node may be a file that others map, too"""
        machine = Topology(nodes=[Node("512M", 1), Node("1G", 0, path="a,b")])
        self.expect_file(machine, "id=ram")

    def test_room(self):
        """topology: without maxmem there is room for the devices that were named"""
        machine = Topology(nodes=TWO, virtio_mem=[VirtioMem("3G", requested="1G")])
        machine.check("dt")
        self.assertGreaterEqual(machine.max_bytes - machine.ram, 3 * GIB)
        self.assertEqual(Topology(nodes=TWO).max_bytes, 0)

    def test_arguments(self):
        """topology: QEMU is given every node, its CPUs and every pair of distances"""
        machine = Topology(nodes=TWO, distances={(0, 1): 25}, slots=2, maxmem="4G")
        args = " ".join(machine.qemu_args())
        for part in ("size=768M,maxmem=4096M,slots=2", "-smp 2", "nodeid=0,memdev=ram0,cpus=0-0",
                     "nodeid=1,memdev=ram1,cpus=1-1", "src=0,dst=1,val=25", "src=1,dst=0,val=25",
                     "src=0,dst=0,val=10", "reserve=off"):
            self.assertIn(part, args)


if __name__ == "__main__":
    unittest.main()
