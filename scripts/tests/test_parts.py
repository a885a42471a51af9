# SPDX-License-Identifier: GPL-2.0-only
"""The parts of the harness that need no QEMU."""

import contextlib
import io
import json
import socket
import struct
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

import ktap_runner
from memhp_vm import (DtMemory, DtPmem, HarnessError, Node, Nvdimm, QmpError, Topology, acpi,
                      blocks, cpio, ktap, loader, ost)
from memhp_vm.agent import EXIT, HEADER, HELLO, MAGIC, OUTPUT, Agent
from memhp_vm.console import Console
from memhp_vm.pulse import Pulse
from memhp_vm.qmp import Qmp


def verdict(status, text):
    return ktap.judge(status, text).outcome


class Ktap(unittest.TestCase):
    def test_status(self):
        """ktap: a program without KTAP is judged by its status"""
        self.assertEqual(verdict(0, "fine"), ktap.PASS)
        self.assertEqual(verdict(1, "fine"), ktap.FAIL)
        self.assertEqual(verdict(None, ""), ktap.FAIL)
        self.assertEqual(verdict(4, ""), ktap.SKIP)

    def test_not_ok(self):
        """ktap: one case that is not ok fails a program that ends with status 0"""
        self.assertEqual(verdict(0, "TAP version 13\n1..2\nok 1 a\nnot ok 2 b\n"), ktap.FAIL)

    def test_truncated(self):
        """ktap: announced results that did not come are a failure"""
        self.assertEqual(verdict(0, "TAP version 13\n1..3\nok 1 a\nok 2 b\n"), ktap.FAIL)
        self.assertEqual(verdict(0, "KTAP version 1\n1..1\n"), ktap.FAIL)
        self.assertEqual(verdict(0, "KTAP version 1\n1..2\n  1..2\n  ok 1 a\nok 1 s\nok 2 t\n"),
                         ktap.FAIL)

    def test_plan_at_end(self):
        """ktap: results may be announced after they came, and all must have come"""
        self.assertEqual(verdict(0, "KTAP version 1\nok 1 a\nok 2 b\n1..2\n"), ktap.PASS)
        self.assertEqual(verdict(0, "KTAP version 1\nok 1 a\n1..2\n"), ktap.FAIL)

    def test_skip(self):
        """ktap: all skipped is no pass, some skipped is said"""
        self.assertEqual(verdict(0, "1..1\nok 1 a # SKIP no device\n"), ktap.SKIP)
        some = ktap.judge(0, "1..2\nok 1 a # SKIP no device\nok 2 b\n")
        self.assertEqual((some.outcome, some.note), (ktap.PASS, "1 of 2 cases skipped"))

    def test_nested(self):
        """ktap: the innermost results count, the line of their suite does not"""
        text = ("KTAP version 1\n1..2\n    1..2\n    ok 1 a\n    ok 2 b\nok 1 suite\n"
                "    1..1\n    not ok 1 c\nnot ok 2 other\n")
        self.assertEqual([(c.name, c.outcome) for c in ktap.parse_cases(text)],
                         [("a", ktap.PASS), ("b", ktap.PASS), ("c", ktap.FAIL)])

    def test_writer(self):
        """ktap: status 0 only when something ran and all of it passed"""
        for results, status in (([], 1), ([ktap.PASS], 0), ([ktap.PASS, ktap.FAIL], 1),
                                ([ktap.PASS, ktap.SKIP], 4)):
            writer = ktap.Writer(io.StringIO(), len(results))
            for outcome in results:
                writer.result("x", outcome)
            self.assertEqual(writer.exit_status(), status)


class Kept(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp.cleanup)
        self.path = Path(self.temp.name) / "a.ktap"

    def writing(self):
        """A result file of which the first lines are written; its text goes nowhere else."""
        stack = contextlib.ExitStack()
        with contextlib.redirect_stdout(io.StringIO()):
            out = stack.enter_context(ktap.kept(self.path))
        out.write("KTAP version 1\n")
        return stack, out

    def test_two(self):
        """ktap: of two runs at a time each leaves its own results, whole"""
        (first, one), (second, two) = self.writing(), self.writing()
        one.write("ok 1 first\n1..1\n")
        two.write("ok 1 second\n1..1\n")
        for stack, word in ((second, "second"), (first, "first")):
            stack.close()
            self.assertEqual(self.path.read_text(), f"KTAP version 1\nok 1 {word}\n1..1\n")
        self.assertEqual([path.name for path in self.path.parent.iterdir()], ["a.ktap"])

    def test_earlier(self):
        """ktap: while a run goes on there are no results, not even older ones"""
        self.path.write_text("old")
        stack, _ = self.writing()
        self.assertFalse(self.path.exists())
        stack.close()

    def test_raises(self):
        """ktap: what a run has said is kept when it raises"""
        with self.assertRaises(KeyboardInterrupt), contextlib.redirect_stdout(io.StringIO()):
            with ktap.kept(self.path) as out:
                out.write("1..2\n")
                raise KeyboardInterrupt
        self.assertEqual(self.path.read_text(), "1..2\n")


class Runner(unittest.TestCase):
    def run_tests(self, body):
        """{name: outcome} of the tests in a class, and the exit status."""
        out = io.StringIO()
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(
            type("Inner", (unittest.TestCase,), body))
        status = ktap_runner.run(suite, out)
        self.assertEqual(ktap.missing_results(out.getvalue()), 0)
        cases = ktap.parse_cases(out.getvalue())
        names = [case.name.split(" # ")[0].split(".")[-1] for case in cases]
        self.assertEqual(len(set(names)), len(names), "a test has two results")
        return dict(zip(names, (case.outcome for case in cases))), status

    def test_no_set_up(self):
        """runner: tests whose class cannot be set up fail under their own names"""
        def broken(_):
            raise OSError("no guest")
        found, status = self.run_tests({"setUpClass": classmethod(broken),
                                        "test_a": lambda self: None,
                                        "test_b": lambda self: None})
        self.assertEqual((found["test_a"], found["test_b"], status), (ktap.FAIL, ktap.FAIL, 1))

    def test_parts_of_one(self):
        """runner: a test of which two parts fail has failed once"""
        def parts(self):
            for i in range(3):
                with self.subTest(i=i):
                    self.assertEqual(i, 1)
        found, _ = self.run_tests({"test_a": parts, "test_b": lambda self: None})
        self.assertEqual(found, {"test_a": ktap.FAIL, "test_b": ktap.PASS})


# (kind of the report or None, the lines)
LINES = [
    ("panic", "[    1.2] Kernel panic - not syncing: sysrq triggered crash"),
    ("oops", "[    1.2] Unable to handle kernel NULL pointer dereference at virtual address 0"),
    ("oops", "[    1.2] Internal error: Oops: 0000000096000046 [#1] SMP"),
    ("oops", "[    1.2] kernel BUG at arch/arm64/mm/mmu.c:479!"),
    ("KASAN", "[    1.2] BUG: KASAN: slab-use-after-free in f+0x10/0x20"),
    ("KCSAN", "[    1.2] BUG: KCSAN: data-race in f / g"),
    ("UBSAN", "[    1.2] UBSAN: shift-out-of-bounds in mm/x.c:1:2"),
    ("lockdep", "[    1.2] WARNING: possible circular locking dependency detected"),
    ("lockdep", "[    1.2] WARNING: inconsistent lock state"),
    ("lockdep", "[    1.2] WARNING: suspicious RCU usage"),
    ("lockdep", "[    1.2] WARNING: possible recursive locking detected"),
    ("sleeping", "[    1.2] BUG: sleeping function called from invalid context at mm/x.c:1"),
    ("kmemleak", "[    1.2] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug)"),
    ("hung task", "[    1.2] INFO: task sh:52 blocked for more than 120 seconds."),
    ("lockup", "[    1.2] watchdog: BUG: soft lockup - CPU#0 stuck for 40s! [sh:50]"),
    ("lockup", "[    1.2] rcu: INFO: rcu_sched self-detected stall on CPU"),
    ("BUG", "[    1.2] BUG: Bad page state in process sh  pfn:80000"),
    ("WARNING", "[    1.2] WARNING: CPU: 0 PID: 1 at mm/memory_hotplug.c:1 f+0x1/0x2"),
    ("stack trace", "[    1.2] Call trace:"),
    (None, "[    1.2] Demotion targets for Node 0: null"),
    (None, "[    1.2] ACPI: SRAT: Node 1 PXM 1 [mem 0x60000000-0x6fffffff]"),
]


def watched(text, **options):
    console = Console(Pulse(), **options)
    console.feed(text.encode())
    return console


class Watch(unittest.TestCase):
    def test_kinds(self):
        """console: each kind of report is known by its line, other lines are none"""
        for kind, line in LINES:
            found = watched(line + "\n").found
            self.assertEqual([k for k, _ in found], [kind] if kind else [], line)

    def test_excused(self):
        """console: a trace that was asked for is no report, the next oops is"""
        for cause in ("FAULT_INJECTION: forcing a failure.", "sysrq: Show Blocked State",
                      "sh: page allocation failure: order:0, mode:0xcc0",
                      "sh: vmalloc error: size 16777216, failed to allocate pages"):
            self.assertEqual(watched(f"{cause}\nCall trace:\n f+0x1\n").found, [])
        found = watched("FAULT_INJECTION: x\nCall trace:\nkernel BUG at mm/x.c:1!\n").found
        self.assertEqual(found[0][0], "oops")

    def test_trace_once(self):
        """console: the trace of a report is no second report"""
        self.assertEqual(len(watched("WARNING: CPU: 0\nCall trace:\n f+0x1\n").found), 1)

    def test_pieces(self):
        """console: a line that comes in pieces is one line"""
        console = Console(Pulse())
        for piece in ("Kernel pan", "ic - not syn", "cing: x\r", "\nmore"):
            console.feed(piece.encode())
        self.assertEqual(console.found, [("panic", "Kernel panic - not syncing: x")])
        self.assertEqual(console.tail(1), "more")

    def test_ignore(self):
        """console: an ignored report is none, and its trace neither"""
        self.assertEqual(watched("WARNING: CPU: 0 PID: 1 at known\nCall trace:\n",
                                 ignore=["at known"]).found, [])


class Channels(unittest.TestCase):
    def test_qmp_error(self):
        """qmp: a refusal becomes an exception with QEMU's words"""
        ours, theirs = socket.socketpair()
        qmp = Qmp(ours, Pulse())
        qmp.feed(b'{"QMP": {}}\r\n{"id": 1, "error": {"class": "GenericError", "desc": "no"}}\n')
        with self.assertRaises(QmpError) as caught:
            qmp.execute("device_del", device_id="x")
        self.assertEqual(caught.exception.desc, "no")
        sent = json.loads(theirs.recv(1000))
        self.assertEqual(sent["arguments"], {"device-id": "x"})
        ours.close(), theirs.close()

    def test_qmp_pieces(self):
        """qmp: events that come in pieces are kept in their order"""
        qmp = Qmp(None, Pulse())
        text = b'{"event": "A", "data": {}}\n{"event": "B", "data": {}}\n{"event": "A"}\n'
        for at in range(len(text)):
            qmp.feed(text[at:at + 1])
        self.assertEqual([e["event"] for e in qmp.events], ["A", "B", "A"])
        self.assertEqual(len(qmp.events_since(1, "A")), 1)

    def frame(self, kind, ident, payload=b""):
        return HEADER.pack(MAGIC, kind, ident, len(payload)) + payload

    def test_agent(self):
        """agent: output in pieces and the status reach the right job"""
        ours, theirs = socket.socketpair()
        agent = Agent(ours, Pulse())
        first, second = agent.start("a"), agent.start("b")
        stream = (self.frame(HELLO, 0) + self.frame(OUTPUT, 2, b"two") + self.frame(OUTPUT, 1, b"o")
                  + self.frame(OUTPUT, 1, b"ne") + self.frame(EXIT, 1, struct.pack("<i", 3)))
        for at in range(len(stream)):
            agent.feed(stream[at:at + 1])
        self.assertEqual(first.wait(1), (3, "one"))
        self.assertFalse(second.done())
        self.assertEqual(second.output, "two")
        ours.close(), theirs.close()

    def test_out_of_step(self):
        """agent: garbage on the channel ends the guest with a reason"""
        pulse = Pulse()
        Agent(None, pulse).feed(b"x" * HEADER.size)
        self.assertIn("out of step", pulse.reason)

    def test_first_reason(self):
        """pulse: the first reason of a death stays"""
        pulse = Pulse()
        pulse.die("one")
        pulse.die("two")
        self.assertEqual(pulse.reason, "one")


def ost_event(source, status, device="d0", slot="0"):
    named = {"device": device} if device else {}
    return {"event": "ACPI_DEVICE_OST",
            "data": {"info": {**named, "source": source, "status": status, "slot": slot}}}


class Ost(unittest.TestCase):
    def test_ejection(self):
        """acpi: an ejection ends with an answer that is not "in progress" and not an insertion's"""
        said = ost.answers([ost_event(1, 0), ost_event(3, 0x84), {"event": "DEVICE_DELETED"},
                            ost_event(3, 0, device=None), ost_event(0x103, 0x82)])
        self.assertEqual([answer.last_of_ejection for answer in said],
                         [False, False, True, True])
        self.assertEqual([answer.refusal for answer in said], [None, None, None, "busy"])

    def test_story(self):
        """acpi: of a DIMM that did not come, its answers and the kernel's complaint are told"""
        said = ost.answers([ost_event(3, 0), ost_event(1, 0x99)])
        self.assertEqual(ost.story(said, "x\nMP00: Eject incomplete - status 0xf\ny\n"),
                         "its ACPI said ejection: success, insertion: _OST status 0x99; "
                         "MP00: Eject incomplete - status 0xf")
        self.assertEqual(ost.story([], ""), "its ACPI said nothing")


class Files(unittest.TestCase):
    def test_cpio(self):
        """cpio: the archive is what the format says, and the same every time"""
        def build():
            image = cpio.Archive()
            image.file("a/b/c", b"hello", 0o755)
            image.file("a/b/d", b"")
            return image.finish()
        data = build()
        self.assertEqual(data, build())
        self.assertEqual(len(data) % 512, 0)
        names, at = [], 0
        while not names or names[-1] != "TRAILER!!!":
            self.assertEqual(data[at:at + 6], b"070701")
            size, length = int(data[at + 54:at + 62], 16), int(data[at + 94:at + 102], 16)
            names.append(data[at + 110:at + 110 + length - 1].decode())
            body = at + -(-(110 + length) // 4) * 4
            if names[-1] == "a/b/c":
                self.assertEqual(data[body:body + size], b"hello")
            at = body + -(-size // 4) * 4
        self.assertEqual(names, ["a", "a/b", "a/b/c", "a/b/d", "TRAILER!!!"])

    def test_stub(self):
        """loader: the stub is the six instructions and two addresses it must be"""
        words = struct.unpack("<6I2Q", loader.stub(0x4A000000, 0x40200000))
        self.assertEqual(words, (0x580000C0,    # ldr x0, .+24
                                 0xAA1F03E1, 0xAA1F03E2, 0xAA1F03E3,    # mov x1-x3, xzr
                                 0x58000084,    # ldr x4, .+16
                                 0xD61F0080,    # br x4
                                 0x4A000000, 0x40200000))

    def test_no_image(self):
        """loader: a file that is no arm64 Image is refused"""
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(100))
            file.flush()
            with self.assertRaisesRegex(HarnessError, "no arm64 Image"):
                loader.place(file.name, Path(file.name))

    def test_loader_room(self):
        """loader: a devicetree without memory where the kernel goes is refused"""
        machine = SimpleNamespace(topology=Topology(dt_memory=[DtMemory("2G", "512M", 0)]))
        with self.assertRaisesRegex(HarnessError, "no memory node"):
            loader.check_room(machine, 0x42000000)

    def test_loader_pmem(self):
        """loader: a pmem region that is no RAM, or memory as well, is refused"""
        def check(start, memory):
            loader.check_pmem(Topology(nodes=[Node("2G", 1)], dt_memory=memory,
                                       dt_pmem=[DtPmem(start, "1G")]))

        check("2G", [DtMemory("1G", "1G", 0)])
        for start in ("512M", "2560M", "3G"):
            with self.assertRaisesRegex(HarnessError, "not in the RAM"):
                check(start, [DtMemory("1G", "1G", 0)])
        for memory in (None, [DtMemory("1G", "1026M", 0)], [DtMemory("3070M", "2M", 0)]):
            with self.assertRaisesRegex(HarnessError, "also memory"):
                check("2G", memory)

    def test_srat(self):
        """acpi: the SRAT adds up, covers the flash and marks what is hotpluggable"""
        machine = Topology(nodes=[Node("512M", 2), Node("256M", 0, hotpluggable=True)], slots=1,
                           nvdimm=[Nvdimm("1G", 1)], cover_nomap=True)
        data = acpi.tables(machine)["srat.aml"]
        self.assertEqual(sum(data) & 0xFF, 0)
        self.assertEqual(struct.unpack_from("<I", data, 4)[0], len(data))
        found, at = [], 48
        while at < len(data):
            if data[at] == 1:
                node, _, start, size, _, flags = struct.unpack_from("<IHQQII", data, at + 2)
                found.append((node, start, size, flags))
            at += data[at + 1]
        self.assertEqual(found[:4], [(0, 0x04000000, 0x04000000, 1), (0, 1 << 30, 512 << 20, 1),
                                     (1, 0x60000000, 256 << 20, 3), (1, 2 << 30, 1 << 30, 5)])
        self.assertEqual(found[4][3], 3)

    def test_no_table(self):
        """acpi: without a wish of ours the firmware's tables stay"""
        self.assertEqual(acpi.tables(Topology(nodes=[Node("512M", 1)])), {})


SYSFS = """size 8000000
memory8/state:online
memory9/state:offline
memory8/removable:1
memory9/removable:0
memory8/valid_zones:DMA
memory9/valid_zones:Normal Movable
memory8/phys_index:00000008
memory9/phys_index:00000009
/sys/devices/system/node/node1/memory9
/sys/devices/system/node/node0/memory8
"""


class Blocks(unittest.TestCase):
    def test_parse(self):
        """blocks: what sysfs says of each block is read to its fields"""
        first, second = blocks.parse(SYSFS)
        self.assertEqual((first.start, first.end, first.state, first.node),
                         (0x40000000, 0x48000000, "online", "0"))
        self.assertEqual((second.zones, second.removable, second.node),
                         ("Normal Movable", "0", "1"))

    def test_table(self):
        """blocks: only neighbours that are alike share a row"""
        def block(index, state):
            return blocks.Block(index, index << 27, 1 << 27, state, "1", "DMA", "0")
        found = [block(8, "online"), block(9, "online"), block(10, "offline"), block(12, "offline")]
        lines = blocks.table(found).splitlines()[1:]
        self.assertEqual([line.split()[2] for line in lines], ["8-9", "10", "12"])


if __name__ == "__main__":
    unittest.main()
