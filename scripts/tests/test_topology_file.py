# SPDX-License-Identifier: GPL-2.0-only
"""Topology files: what they make, and what is said of wrong ones, line by line."""

import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from memhp_vm import Node, Nvdimm, TopologyError, VirtioMem, Window, acpi, topology_file
from memhp_vm import topology_rules as rules
from memhp_vm.lines import Lines
from memhp_vm.paths import ROOT

SHIPPED = sorted((ROOT / "topologies").glob("*.toml"))

GOOD = """\
title = "a machine to spoil"
total = "1G"
cpus = 4
distances = [
	[10, 20, 30],
	[21, 10, 40],  # not what it is the other way
	[31, 41, 10],
]
slots = 2
maxmem = "16G"

[[node]]
id = 0
memory = "512M"
cpus = "0,2"

[[node]]
id = 1
memory = "512M"
cpus = 2

[[node]]
id = 2
memory = 0
cpus = 0

[[nvdimm]]
size = "1G"
node = 1

[[virtio_mem]]
size = "1G"
node = 2
requested = "256M"

[[window]]
start = "4G"
size = "1G"
node = 2
"""

MEMORY_0, CPUS_0, CPUS_1 = 'memory = "512M"\ncpus = "0,2"', 'cpus = "0,2"', "cpus = 2"
NODE_1 = "[[node]]\nid = 1"
WINDOW = 'start = "4G"\nsize = "1G"'

# (what, text to replace, what by, [(line, part of what is said of it)]): all that is said
BAD = [
    # not TOML
    ("a line that is no TOML", "slots = 2", "slots 2", [(9, "not TOML: Expected '='")]),
    ("a key twice", "slots = 2", "slots = 2\nslots = 3", [(10, "not TOML: Cannot overwrite")]),
    ("an array without end", "[31, 41, 10],\n]", "[31, 41, 10],", [(8, "not TOML: ")]),
    ("text without end", 'title = "a machine', 'title = """a machine', [(39, "not TOML: ")]),
    # keys
    ("a key that is nearly right", "maxmem", "maxmen",
     [(10, 'unknown key "maxmen"; did you mean "maxmem"?')]),
    ("a key of a node that is nearly right", MEMORY_0, f'memry = "512M"\n{CPUS_0}',
     [(12, "node 0: memory is missing"),
      (14, 'node 0: unknown key "memry"; did you mean "memory"?')]),
    ("a key like no other", "slots = 2", "colour = 2\nslots = 2",
     [(9, 'unknown key "colour"; there are title, total')]),
    ("a key of the top below a node", CPUS_1, "cpus = 2\nslots = 4",
     [(21, 'node 1: unknown key "slots": it belongs to the top')]),
    ("a kind of table that is nearly right", "[[virtio_mem]]", "[[virtio_men]]",
     [(31, 'unknown key "virtio_men"; did you mean "virtio_mem"?')]),
    ("a table where tables are due", "[[window]]", "[window]",
     [(36, "window must be tables: write [[window]] above each")]),
    ("a node without its number", NODE_1, "[[node]]",
     [(12, "node 1 is missing"), (17, "[[node]] 2: id is missing")]),
    ("a node without CPUs being said", CPUS_1, "", [(17, "node 1: cpus is missing")]),
    ("distances that are not said", GOOD[GOOD.index("distances"):GOOD.index("slots")], "",
     [(1, 'distances is missing: write a table, or "auto"')]),
    # types
    ("a number that is text", "slots = 2", 'slots = "2"', [(9, "slots must be a number")]),
    ("a size that is true", MEMORY_0, f"memory = true\n{CPUS_0}",
     [(14, "node 0: memory must be a size")]),
    ("a flag that is a number", CPUS_1, "cpus = 2\nhotpluggable = 1",
     [(21, "node 1: hotpluggable must be true or false")]),
    ("a title that is a number", '"a machine to spoil"', "7", [(1, "title must be text")]),
    ("CPUs that are no list", CPUS_0, 'cpus = "0-"', [(15, "node 0: cpus must be how many")]),
    ("CPUs backwards", CPUS_0, 'cpus = "2-0"', [(15, "has 2-0, which goes backwards")]),
    ("a CPU far beyond all", CPUS_0, 'cpus = "0-4000000000"',
     [(15, "has CPU 4000000000: QEMU's virt takes 512")]),
    ("a distance that is text", "[31, 41, 10]", '[31, "far", 10]',
     [(7, "distance 2:1 must be a number")]),
    ("a row of distances that is none", "\t[31, 41, 10],\n", "\t31,\n",
     [(7, "distances: row 2 must be a list of numbers")]),
    ("distances that are a word", GOOD[GOOD.index("distances"):GOOD.index("slots")],
     'distances = "near"\n', [(4, "distances must be a table")]),
    ("address bits that are a number", "slots = 2", "node_bits = 30\nslots = 2",
     [(9, "node_bits must be the lowest and the highest bit")]),
    # sizes
    ("a size that is none", MEMORY_0, f'memory = "lots"\n{CPUS_0}',
     [(14, 'node 0: "lots" is no size')]),
    ("a negative size", MEMORY_0, f"memory = -536870912\n{CPUS_0}",
     [(2, "total is 1G, but"), (12, "0 of memory in all"), (14, "is negative")]),
    ("a size of half a page", 'total = "1G"', 'total = "1048578K"',
     [(2, "total is 1048578K, but"), (2, "no multiple of 2M")]),
    ("sizes that do not add up", 'total = "1G"', 'total = "2G"',
     [(2, "total is 2G, but the memory of the nodes adds up to 1G")]),
    ("too little memory", GOOD, 'cpus = 1\n[[node]]\nid = 0\nmemory = "64M"\ncpus = 1\n',
     [(2, "64M of memory in all: Linux needs 128M")]),
    # nodes
    ("a node twice", "id = 2", "id = 1", [(23, "node 1 is there twice")]),
    ("a gap in the nodes", "id = 2", "id = 3", [(12, "node 2 is missing")]),
    ("a negative node", "id = 2", "id = -1", [(23, "node -1: must be within 0 and 127")]),
    ("a node far beyond all", "id = 2", "id = 1000000000",
     [(23, "node 1000000000: must be within 0 and 127")]),
    ("a node that is nothing", GOOD, 'distances = "auto"\n[[node]]\nid = 0\nmemory = "1G"\n'
     'cpus = 1\n[[node]]\nid = 1\nmemory = 0\ncpus = 0\n',
     [(6, "node 1 has neither memory nor CPU")]),
    ("no node", GOOD, 'title = "nothing"\n', [(1, "no node: a machine needs one")]),
    ("a node of the host that is not there", CPUS_1, "cpus = 2\nhost = 7",
     [(21, "node 1: this host has no memory on a node 7; it has on 0, 1")]),
    # CPUs
    ("a CPU in two nodes", CPUS_1, 'cpus = "2-3"',
     [(20, "node 1: CPU 2 is in node 0 already")]),
    ("a CPU twice in a node", CPUS_0, 'cpus = "0,0"', [(15, "node 0: CPU 0 is there twice")]),
    ("a CPU out of range", CPUS_0, 'cpus = "0,4"',
     [(15, "node 0: CPU 4 is out of range: there are 4, 0 to 3")]),
    ("CPUs that do not add up", CPUS_1, "cpus = 3",
     [(3, "cpus is 4, but the nodes have 5 in all")]),
    ("a negative number of CPUs", CPUS_1, "cpus = -2",
     [(3, "cpus is 4, but the nodes have 0"), (12, "no node has a CPU"),
      (20, "node 1: cpus=-2 is negative")]),
    ("no CPU", GOOD, '[[node]]\nid = 0\nmemory = "1G"\ncpus = 0\n', [(1, "no node has a CPU")]),
    # distances
    ("a table with a row too few", "\t[31, 41, 10],\n", "", [(4, "2 rows for 3 nodes")]),
    ("a table with a short row", "[21, 10, 40]", "[21, 10]", [(6, "row 1 has 2 entries for 3")]),
    ("a table with a long row", "[31, 41, 10]", "[31, 41, 10, 20]", [(7, "row 2 has 4 entries")]),
    ("a distance that is too small", "[10, 20, 30]", "[10, 9, 30]",
     [(5, "distance 0:1=9: must be within 11 and 254")]),
    ("a distance that is too large", "[10, 20, 30]", "[10, 20, 255]",
     [(5, "distance 0:2=255: must be within 11 and 254")]),
    ("a node that is as near as itself", "[10, 20, 30]", "[10, 10, 30]",
     [(5, "distance 0:1=10: must be within")]),
    ("a node away from itself", "[31, 41, 10]", "[31, 41, 11]",
     [(7, "distance 2:2=11: a node is at 10 from itself")]),
    ("a row over several lines", "[31, 41, 10]", "[31,\n 300,\n 8]",
     [(8, "distance 2:1=300"), (9, "distance 2:2=8")]),
    # devices
    ("a device on an unknown node", 'size = "1G"\nnode = 1', 'size = "1G"\nnode = 3',
     [(29, "nv0: node 3 is unknown; there are nodes 0 to 2")]),
    ("a virtio-mem that is to give more than it has", '"256M"', '"2G"',
     [(34, "vm0: requested=2G is more than its size, 1G")]),
    ("a request that is no size", '"256M"', '"some"', [(34, 'vm0: requested: "some" is no size')]),
    ("two devices of one name", "requested", 'id = "nv0"\nrequested',
     [(34, "nv0: two devices have this id")]),
    ("a maxmem below the nodes", 'maxmem = "16G"', 'maxmem = "1G"',
     [(10, "maxmem=1G leaves no room"), (36, "window 0, ")]),
    ("too many slots", "slots = 2", "slots = 257", [(9, "slots=257: must be within 0 and 256")]),
    # windows
    ("windows that overlap", "[[window]]", '[[window]]\nstart = "4608M"\nsize = "1G"\nnode = 1\n'
     "[[window]]", [(40, "window 1, 0x100000000-0x13fffffff, overlaps window 0, 0x120000000-")]),
    ("a window over memory", WINDOW, 'start = "1G"\nsize = "1G"',
     [(36, "is not where QEMU plugs memory"), (36, "overlaps the memory of node 0"),
      (36, "overlaps the memory of node 1")]),
    ("a window beyond all that can be plugged", WINDOW, 'start = "1T"\nsize = "1G"',
     [(36, "window 0, 0x10000000000-0x1003fffffff, is not where QEMU plugs memory: 0x80000000-")]),
    ("a window of an unknown node", f"{WINDOW}\nnode = 2", f"{WINDOW}\nnode = -1",
     [(39, "window 0: node -1 is unknown")]),
    # address bits
    ("address bits that say another node", "slots = 2", 'node_bits = "29-30"\nslots = 2',
     [(15, "the address bits 29-30 of its memory, 0x40000000-0x5fffffff, say node 2"),
      (20, "say node 3")]),
    ("address bits that differ within a node", "slots = 2", 'node_bits = "28-29"\nslots = 2',
     [(15, "differs within itself in the bits 28-29"), (20, "differs within itself")]),
    ("address bits the wrong way round", "slots = 2", 'node_bits = "30-28"\nslots = 2',
     [(9, "node_bits 30-28: must be bits from low to high")]),
    ("too few address bits", "slots = 2", 'node_bits = "29-29"\nslots = 2',
     [(9, "node_bits 29-29 name 2 nodes, there are 3")]),
    # "auto"
    ("memory to be shared out of no total", GOOD, '[[node]]\nid = 0\nmemory = "auto"\ncpus = 1\n',
     [(3, 'memory = "auto" shares out what "total" says, which is missing')]),
    ("CPUs to be shared out of no number", GOOD, '[[node]]\nid = 0\nmemory = "1G"\n'
     'cpus = "auto"\n', [(4, 'cpus = "auto" shares out what "cpus" says, which is missing')]),
    ("memory of which nothing is left", "memory = 0", 'memory = "auto"',
     [(2, "total: the other nodes leave nothing for node 2")]),
    ("CPUs of which nothing is left", "cpus = 0", 'cpus = "auto"',
     [(3, "cpus: the other nodes leave nothing for node 2")]),
]


def write(folder, text):
    path = Path(folder) / "machine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def load(text, firmware="uefi", **more):
    with tempfile.TemporaryDirectory() as folder:
        return topology_file.load(write(folder, text), firmware, **more)


class HostOfTwoNodes(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object(rules, "host_nodes", return_value={0, 1})
        patch.start()
        self.addCleanup(patch.stop)

    def complaints(self, text, firmware="uefi"):
        """[(line, what is said of it)]"""
        with self.assertRaises(TopologyError) as caught:
            load(text, firmware)
        lines = str(caught.exception).splitlines()
        found = [line.partition("machine.toml:")[2].partition(": ") for line in lines]
        return [(int(number), said) for number, _, said in found]


class BadFiles(HostOfTwoNodes):
    """One test a row of BAD, made below."""

    def test_everything(self):
        """VNUMA-02 all that is wrong is said, in the order of the lines"""
        text = (GOOD.replace("slots = 2", "slot = 2").replace("[21, 10, 40]", "[21, 11]")
                .replace(CPUS_1, 'cpus = "2,9"').replace('total = "1G"', 'total = "none"')
                .replace("node = 1", "node = 9"))
        said = self.complaints(text)
        self.assertEqual([line for line, _ in said], [2, 6, 6, 9, 20, 20, 29])

    def test_empty(self):
        """VNUMA-02 a file that says nothing is refused"""
        for text in ("", "\n\n", "# nothing\n"):
            self.assertEqual(self.complaints(text),
                             [(1, "says nothing: it needs one [[node]] at least")])

    def test_not_text(self):
        """VNUMA-02 a file that is no text is refused, with the line"""
        self.assertEqual(self.complaints(b"slots = 1\ntitle = \"\xff\"\n"), [(2, "not UTF-8")])

    def test_no_file(self):
        """VNUMA-02 a file that cannot be read is named with the reason"""
        for path, reason in (("/no/such.toml", "No such file"), ("/", "Is a directory")):
            with self.assertRaisesRegex(TopologyError, f"{path}: {reason}"):
                topology_file.load(path, "dt")

    def test_too_large(self):
        """VNUMA-02 a file that is too large is refused unread"""
        with self.assertRaisesRegex(TopologyError, "too large"):
            load("#" * (topology_file.LARGEST_FILE + 1))

    def test_firmware(self):
        """VNUMA-02 what a firmware cannot tell Linux is refused with the line"""
        text = GOOD.replace(CPUS_1, "cpus = 2\nhotpluggable = true")
        self.assertEqual([(line, said.split(":")[0]) for line, said in self.complaints(text, "dt")],
                         [(21, "node 1"), (28, "NVDIMMs are described by ACPI"),
                          (37, "windows are told by ACPI's SRAT")])

    def test_order(self):
        """VNUMA-02 nodes may stand in any order, what is wrong has its line"""
        a, b = GOOD.index("[[node]]"), GOOD.index("[[node]]\nid = 1")
        text = GOOD[:a] + GOOD[b:] + GOOD[a:b].replace("512M", "511K")
        self.assertEqual([line for line, _ in self.complaints(text)], [2, 37])

    def test_command(self):
        """VNUMA-02 scripts/boot prints what is wrong, with status 2, and starts nothing"""
        with tempfile.TemporaryDirectory() as folder:
            path = write(folder, GOOD.replace("[10, 20, 30]", "[10, 20, 3]").replace("slots", "slot"))
            done = subprocess.run([sys.executable, ROOT / "scripts/boot", "--firmware", "uefi",
                                   "--topology", path, "--run", "true"],
                                  capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual([line.removeprefix(f"{path}:").split(":")[0]
                          for line in done.stderr.splitlines()], ["5", "9"])


VALUES = ["-1", "0", "true", '"auto"', '"0-3"', "[]", "[[10]]", "{}", '"x"', "1e9", "nan", '""',
          "99999999999999999999", '"512M"', "[1, 2]", "1979-05-27", '"1T"', '"0x10G"']


def spoilt(seed):
    """The good file after some changes to some of its lines."""
    dice, lines = random.Random(seed), GOOD.splitlines()
    for _ in range(dice.randint(1, 6)):
        place, how = dice.randrange(len(lines)), dice.randrange(10)
        if how < 3:
            del lines[place]
        elif how < 8:
            lines[place] = lines[place].split("=")[0] + "= " + dice.choice(VALUES)
        elif how < 9:
            lines.insert(place, dice.choice(lines))
        else:
            lines[place], lines[0] = lines[0], lines[place]
    return "\n".join(lines)


class RandomFiles(HostOfTwoNodes):
    def test_random(self):
        """VNUMA-02 of files spoilt at random, each is a machine or is refused with its lines"""
        outcomes = {True: 0, False: 0}
        for seed in range(500):
            with self.subTest(seed):
                outcomes[self.is_machine(spoilt(seed))] += 1
        self.assertGreater(outcomes[False], 400)
        self.assertGreater(outcomes[True], 0)

    def is_machine(self, text):
        try:
            load(text).qemu_args()
            return True
        except TopologyError as error:
            for line in str(error).splitlines():
                number = line.partition("machine.toml:")[2].partition(":")[0]
                self.assertIn(int(number), range(1, text.count("\n") + 2), line)
            return False


def refused(old, new, expected):
    def test(self):
        text = new if old == GOOD else GOOD.replace(old, new, 1)
        self.assertNotEqual(text, GOOD)
        said = self.complaints(text)
        self.assertEqual([line for line, _ in said], [line for line, _ in expected], said)
        for (_, have), (_, part) in zip(said, expected):
            self.assertIn(part, have)
    return test


for number, (what, *row) in enumerate(BAD):
    method = refused(*row)
    method.__doc__ = f"VNUMA-02 {what} is answered with its line and the reason"
    setattr(BadFiles, f"test_{number:02}", method)


class GoodFiles(HostOfTwoNodes):
    def test_good(self):
        """topology file: nodes, distances, devices and windows are what was written"""
        machine = load(GOOD)
        self.assertEqual(machine.nodes, [Node("512M", [0, 2]), Node("512M", 2), Node(0, 0)])
        self.assertEqual(machine.node_cpus(), [[0, 2], [1, 3], []])
        self.assertEqual(machine.cpu_nodes(), [0, 1, 0, 1])
        self.assertEqual(machine.matrix(), [[10, 20, 30], [21, 10, 40], [31, 41, 10]])
        self.assertEqual(machine.nvdimm, [Nvdimm("1G", 1, "nv0")])
        self.assertEqual(machine.virtio_mem, [VirtioMem("1G", 2, "vm0", "256M")])
        self.assertEqual(machine.windows, [Window("4G", "1G", 2)])

    def test_qemu(self):
        """topology file: QEMU is told the CPUs one by one where they are dealt out"""
        args = " ".join(load(GOOD).qemu_args())
        for part in ("nodeid=0,memdev=ram0,cpus=0-0,cpus=2-2", "nodeid=2 ",
                     "src=1,dst=2,val=40", "src=2,dst=1,val=41", "slots=2"):
            self.assertIn(part, args)
        self.assertNotIn("memdev=ram2", args)

    def test_node_bits(self):
        """topology file: bits that name the node are told to the kernel"""
        machine = load('distances = "auto"\nnode_bits = "30-31"\n'
                       '[[node]]\nid = 0\nmemory = 0\ncpus = 1\n'
                       '[[node]]\nid = 1\nmemory = "256M"\ncpus = 0\n')
        self.assertEqual((machine.cmdline(), load(GOOD).cmdline()), ("node_bits=30-31", ""))

    def test_windows(self):
        """topology file: SRAT has each window with its node, in the place of one for all"""
        entries = acpi.srat_entries(load(GOOD))
        window = acpi.memory_affinity(4 << 30, 1 << 30, 2, acpi.ENABLED | acpi.HOTPLUGGABLE)
        self.assertEqual([e for e in entries if e[0] == 1 and e[28] & acpi.HOTPLUGGABLE], [window])
        self.assertIn("srat.aml", acpi.tables(load(GOOD)))

    def test_auto(self):
        """VNUMA-02 what is "auto" is shared out evenly, the first get what is over"""
        machine = load('total = "1G"\ncpus = 8\ndistances = "auto"\n' + "".join(
            f"[[node]]\nid = {nid}\nmemory = {memory}\ncpus = {cpus}\nhost = {host}\n"
            for nid, memory, cpus, host in ((0, '"auto"', '"auto"', '"auto"'),
                                            (1, '"502M"', '"0-1"', 1),
                                            (2, '"auto"', '"auto"', '"auto"'),
                                            (3, '"auto"', '"auto"', '"auto"'),
                                            (4, '"auto"', '"auto"', '"auto"'))))
        self.assertEqual([node.size >> 20 for node in machine.nodes], [132, 502, 130, 130, 130])
        self.assertEqual(machine.node_cpus(), [[2, 3], [0, 1], [4, 5], [6], [7]])
        self.assertEqual([node.host for node in machine.nodes], [0, 1, 1, 0, 1])
        self.assertNotIn("dist,", " ".join(machine.qemu_args()))

    def test_host(self):
        """topology file: memory of a node with a host node is bound there, devices' too"""
        machine = load(GOOD.replace(CPUS_1, "cpus = 2\nhost = 1"))
        bound = [arg.split(",")[1] for arg in machine.qemu_args() if "host-nodes=1,policy=bind" in arg]
        self.assertEqual(bound, ["id=ram1", "id=mem-nv0"])
        self.assertEqual([machine.host_of(nid) for nid in (-1, 0, 1, 3)], [None, None, 1, None])

    def test_options(self):
        """options: a file and options that say the same do not go together"""
        done = subprocess.run([sys.executable, ROOT / "scripts/boot", "--topology", SHIPPED[0],
                               "--slots", "2", "--node", "mem=1G,cpus=1", "--check"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--node and --slots with --topology: write it into the file", done.stderr)

    def test_shipped(self):
        """topology file: those that come with the project are right, for DT and for ACPI"""
        self.assertGreaterEqual(len(SHIPPED), 6)
        for path in SHIPPED:
            for firmware in ("dt", "uefi"):
                topology_file.load(path, firmware)


class HostNodes(unittest.TestCase):
    def test_list(self):
        """topology file: the host's nodes are those that have memory, node 0 without NUMA"""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "has_memory"
            with mock.patch.object(rules, "HOST_NODES", path):
                self.assertEqual(rules.host_nodes(), {0})
                for text, nodes in (("0\n", {0}), ("0-2,5\n", {0, 1, 2, 5}), ("\n", {0})):
                    path.write_text(text)
                    self.assertEqual(rules.host_nodes(), nodes)


class LineNumbers(unittest.TestCase):
    TEXT = ("a = 1\n\n# b = 1\nb = [\n 1,\n [2, # ]\n\n  3],\n]\n[c]\nd.e = '''\nx = 1\n[c]\n'''\n"
            "[[f]]\ng = { h = 1 }\n[[f]]\ng = 2\n")

    def test_lines(self):
        """lines: each value is found on the line that it begins on"""
        lines = Lines(self.TEXT)
        for path, line in ((("a",), 1), (("b",), 4), (("b", 0), 5), (("b", 1), 6), (("b", 1, 1), 8),
                           (("c",), 10), (("c", "d", "e"), 14), (("f", 0), 15),
                           (("f", 0, "g", "h"), 16), (("f", 1), 17), (("f", 1, "g"), 18)):
            self.assertEqual(lines.line_of(path), line, path)

    def test_nearest(self):
        """lines: of what is not there, the nearest that is"""
        lines = Lines(self.TEXT)
        self.assertEqual([lines.line_of(p) for p in ((), ("z",), ("f", 1, "h"), ("b", 7))],
                         [1, 1, 17, 4])
