# SPDX-License-Identifier: GPL-2.0-only
"""Guests that crash, hang, fail or refuse, and that the harness says so.

Each test boots a guest of its own: what is tested is mostly how it ends.
"""

import os
import pty
import select
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from memhp_vm import (CommandFailed, CommandTimeout, DtMemory, DtPmem, Guest, GuestDied,
                      HarnessError, Node, QmpError, Topology, UnplugError, initramfs)
from memhp_vm.paths import BUILD, ROOT

KERNEL = {"tree": os.environ.get("MEMHP_TEST_TREE", "grafted"),
          "config": os.environ.get("MEMHP_TEST_CONFIG", "base")}
PANIC = "echo c > /proc/sysrq-trigger"


def small(**options):
    return Guest(**KERNEL, **options)


def two_nodes(**options):
    topology = Topology(nodes=[Node("512M", 1), Node("256M", 1)], slots=2, maxmem="4G",
                        cover_nomap=True)
    return Guest(**KERNEL, firmware="uefi", topology=topology, **options)


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Deaths(unittest.TestCase):
    def dies(self, text, reason, **options):
        with self.assertRaises(GuestDied) as caught, small(**options) as guest:
            pid = guest.process.pid
            guest.run(text)
        self.assertRegex(caught.exception.reason, reason)
        self.assertTrue(gone(pid), "QEMU still runs")
        return caught.exception

    def test_panic(self):
        """guest: a panic is reported with the end of the console"""
        death = self.dies(PANIC, "Kernel panic - not syncing: sysrq")
        self.assertIn("sysrq: Trigger a crash", death.tail)

    def test_init_missing(self):
        """guest: a panic while booting is reported, not waited for"""
        start = time.monotonic()
        with self.assertRaises(GuestDied) as caught, small(cmdline="rdinit=/no/such init=/no"):
            pass
        self.assertIn("Kernel panic", caught.exception.reason)
        self.assertLess(time.monotonic() - start, 60)

    def crash(self, how, reason, **options):
        with self.assertRaises(GuestDied) as caught, small(**options) as guest:
            guest.insmod("memhp_crash", f"how={how}")
        self.assertRegex(caught.exception.reason, reason)
        return caught.exception

    def test_oops(self):
        """guest: an oops is reported with its trace"""
        self.assertIn("oops+0x", self.crash("oops", "Unable to handle kernel").tail)

    def test_bug(self):
        """guest: a BUG is reported"""
        self.crash("bug", "Kernel BUG at|Oops - BUG")

    def test_warning(self):
        """guest: a warning that nobody waited for is reported at the end"""
        self.assertIn("a warning on purpose", self.crash("warn", "WARNING: ").tail)

    def test_kept_going(self):
        """guest: with keep_going a warning is in reports() and ends nothing"""
        with small(keep_going=True) as guest:
            self.assertEqual(guest.insmod("memhp_crash", "how=warn")[0], 0)
            time.sleep(3)
            self.assertEqual(guest.check("echo alive"), "alive\n")
            self.assertEqual([kind for kind, _ in guest.reports()], ["WARNING"])

    def test_hang(self):
        """guest: CPUs that spin with interrupts off are a hang, and shown"""
        death = self.crash("spin", "hang: the guest is silent", silence=15)
        self.assertIn("CPU 0: pc ", death.tail)

    def test_hang_at_boot(self):
        """guest: a guest that never boots is a hang"""
        with self.assertRaisesRegex(GuestDied, "hang: not booted"):
            with small(qemu_args=["-S"], timeout=5):
                pass

    def test_killed(self):
        """guest: QEMU killed by someone else is reported"""
        with self.assertRaisesRegex(GuestDied, "QEMU ended|QEMU closed"):
            with small() as guest:
                os.kill(guest.process.pid, signal.SIGKILL)
                guest.run("sleep 60")

    def test_powered_off(self):
        """guest: a guest that turns itself off is reported"""
        self.dies("poweroff -f; sleep 60", "QEMU ended|QEMU closed")

    def test_expected(self):
        """guest: an expected death is no failure and gives its reason"""
        with small(expect_death=True) as guest:
            self.assertEqual(guest.run(PANIC)[0], None)
            self.assertIn("Kernel panic", guest.wait_death())

    def test_not_expected(self):
        """guest: an expected death that does not come is a failure"""
        with small(expect_death=True) as guest:
            with self.assertRaisesRegex(HarnessError, "the guest lives"):
                guest.wait_death(3)

    def test_bad_argument(self):
        """guest: what QEMU does not take is reported in its words"""
        with self.assertRaisesRegex(HarnessError, "did not start.*no-such-device"):
            with small(qemu_args=["-device", "no-such-device"]):
                pass

    def test_no_kernel(self):
        """guest: a kernel that is not there is said to be so"""
        with self.assertRaisesRegex(HarnessError, "no kernel at"):
            with Guest(tree="no-such-tree"):
                pass


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.guest = small(topology=Topology(nodes=[Node("512M", 2)]))
        cls.guest.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.guest.__exit__(None, None, None)

    def test_status(self):
        """guest: status and output of a program come back, both streams"""
        self.assertEqual(self.guest.run("echo out; echo err >&2; exit 7"), (7, "out\nerr\n"))
        self.assertEqual(self.guest.run("kill -9 $$")[0], 137)

    def test_check(self):
        """guest: check() raises with the output of a program that fails"""
        with self.assertRaises(CommandFailed) as caught:
            self.guest.check("echo why; false")
        self.assertEqual((caught.exception.status, caught.exception.out), (1, "why\n"))

    def test_endless(self):
        """guest: a program without an end is killed with what it started, the guest lives"""
        with self.assertRaises(CommandTimeout) as caught:
            self.guest.run("echo begun; sleep 1234 & sleep 1234", timeout=2)
        self.assertEqual(caught.exception.out, "begun\n")
        self.assertNotIn("sleep 1234", self.guest.check("ps"))

    def test_large(self):
        """guest: 8 MiB of output and an 8 MiB file come through unchanged"""
        out = self.guest.check("yes 0123456789abcde | head -c 8388608")
        self.assertEqual(out, "0123456789abcde\n" * (1 << 19))
        self.guest.put("/tmp/large", out.encode())
        self.assertEqual(self.guest.check("wc -c < /tmp/large; rm /tmp/large").strip(), "8388608")

    def test_many(self):
        """guest: 40 background programs run at once, each with its own output"""
        jobs = [self.guest.start(f"sleep 1; echo {n}") for n in range(40)]
        self.assertEqual([job.wait(60) for job in jobs], [(0, f"{n}\n") for n in range(40)])

    def test_too_many(self):
        """guest: more programs than the agent takes are refused, not lost"""
        jobs = [self.guest.start("sleep 3") for _ in range(70)]
        statuses = [job.wait(60)[0] for job in jobs]
        self.assertEqual((statuses.count(0), statuses.count(126)), (64, 6))

    def test_kill(self):
        """guest: a background program can be killed"""
        job = self.guest.start("sleep 1000")
        self.assertFalse(job.done())
        job.kill()
        self.assertEqual(job.wait(30)[0], 137)

    def test_qmp_refusal(self):
        """guest: what QEMU refuses on QMP raises with its words"""
        with self.assertRaisesRegex(QmpError, "not found"):
            self.guest.unplug("nothing")

    def test_no_dimm(self):
        """guest: a DIMM that cannot be plugged leaves no backend behind"""
        with self.assertRaises(QmpError):
            self.guest.plug_dimm("d0")
        self.assertEqual([m["id"] for m in self.guest.qmp("query-memdev")], ["ram0"])

    def test_file_nowhere(self):
        """guest: a file that cannot be written raises with the errno"""
        with self.assertRaises(OSError):
            self.guest.put("/no/such/place", b"x")


class Memory(unittest.TestCase):
    def test_two_nodes(self):
        """guest: under UEFI and ACPI it sees two nodes, and a DIMM comes and goes on the second"""
        with two_nodes() as guest:
            before = guest.blocks()
            self.assertEqual({b.node for b in before}, {"0", "1"})
            dimm = guest.plug_dimm("d0", size="512M", node=1)
            self.assertEqual({b.node for b in guest.wait_blocks(dimm)}, {"1"})
            guest.unplug("d0")
            self.assertEqual(guest.wait_blocks(dimm, gone=True), [])
            self.assertEqual(guest.blocks(), before)

    def test_no_pause(self):
        """guest: a DIMM that is plugged as soon as the last one is gone is always seen"""
        with two_nodes() as guest:
            for _ in range(30):
                dimm = guest.plug_dimm("d0", size="256M", node=1)
                guest.wait_blocks(dimm, timeout=30)
                guest.unplug("d0")

    def test_no_pause_before(self):
        """guest: a DIMM that is unplugged before the guest has seen it goes, each time"""
        with two_nodes() as guest:
            for _ in range(30):
                dimm = guest.plug_dimm("d0", size="256M", node=1)
                guest.unplug("d0", timeout=30)
                self.assertEqual(guest.blocks(dimm), [])

    def test_no_pause_not_added(self):
        """guest: a DIMM that the guest cannot add goes, and the next one is always seen"""
        with two_nodes() as guest:
            for number in range(15):
                small_one = guest.plug_dimm("less-than-a-block", size="64M", node=1)
                guest.unplug(small_one.id, timeout=30)
                dimm = guest.plug_dimm(f"d{number}", size="256M", node=1)
                self.assertEqual(dimm.slot, small_one.slot)
                guest.wait_blocks(dimm, timeout=30)
                guest.unplug(dimm.id)

    def test_not_added(self):
        """guest: waiting for a DIMM that the guest could not add ends, with the guest's words"""
        with two_nodes() as guest:
            dimm = guest.plug_dimm("d0", size="64M", node=1)
            with self.assertRaisesRegex(HarnessError, "0 of 64 MiB and is through with it.*"
                                                      "insertion: .*error -22: start and size"):
                guest.wait_blocks(dimm)

    def test_refused(self):
        """guest: an unplug that the guest refuses raises, and the DIMM is still there"""
        with two_nodes() as guest:
            dimm = guest.plug_dimm("d0", size="256M", node=1)
            for block in guest.wait_blocks(dimm):
                self.assertEqual(guest.set_state(block, "online_kernel"), 0)
            # Stacks of processes are kernel memory that does not move.
            guest.start("taskset 2 sh -c 'for i in $(seq 400); do sleep 1000 & done; wait'")
            guest.check("until [ $(pidof sleep | wc -w) -ge 400 ]; do sleep 1; done")
            with self.assertRaisesRegex(UnplugError, "the guest refused"):
                guest.unplug("d0", timeout=120)
            self.assertIn("d0", guest.dimms())

    def test_memfill_misses(self):
        """guest: memfill fails when a block is not in use, and when one word is wrong"""
        with two_nodes() as guest:
            size = 2 * guest.blocks()[0].size
            dimm = guest.plug_dimm("d0", size=f"{size >> 20}M", node=1)
            first, _ = guest.wait_blocks(dimm)
            self.assertEqual(guest.set_state(first, "online_movable"), 0)
            fill = f"memfill {dimm.start} {{}} 1"
            pages = size // guest.page_size()
            status, out = guest.run(fill.format(dimm.size), timeout=300)
            self.assertEqual(status, 1, out)
            self.assertIn(f"covered {pages // 2} of {pages} pages", out)
            status, out = guest.run(fill.format(first.size), timeout=300)
            self.assertEqual(status, 0, out)
            status, out = guest.run(fill.format(first.size) + " spoil", timeout=300)
            self.assertEqual((status, "1 bad" in out), (1, True), out)

    def test_loader(self):
        """guest: with the loader stub the devicetree's memory nodes are ours"""
        topology = Topology(nodes=[Node("512M", 1), Node("512M", 1)],
                            dt_memory=[DtMemory("1G", "512M", 0),
                                       DtMemory(0x60000000, "256M", 1, hotpluggable=True)])
        with Guest(**KERNEL, firmware="loader", topology=topology) as guest:
            names = guest.check("cd /proc/device-tree; ls -d memory*/hotpluggable memory*")
            self.assertEqual(names.split(), ["memory@40000000", "memory@60000000",
                                             "memory@60000000/hotpluggable"])
            total = int(guest.check("awk '/MemTotal/ { print $2 }' /proc/meminfo"))
            self.assertLess(total, 768 << 10)
            self.assertEqual(guest.check("nproc").strip(), "2")

    def test_reset(self):
        """guest: after a reset it boots anew, and RAM that it does not know is as it was"""
        topology = Topology(nodes=[Node("1G", 1)], dt_memory=[DtMemory("1G", "512M")],
                            dt_pmem=[DtPmem("1536M", "512M")])
        with Guest(**KERNEL, firmware="loader", topology=topology) as guest:
            guest.check("echo kept > /dev/pmem0; sync; echo gone > /tmp/gone")
            boot = guest.check("cat /proc/sys/kernel/random/boot_id")
            guest.reset()
            self.assertEqual(guest.check("head -n 1 /dev/pmem0"), "kept\n")
            self.assertNotEqual(guest.check("cat /proc/sys/kernel/random/boot_id"), boot)
            self.assertFalse(guest.check("ls /tmp"))

    def test_uefi_devicetree(self):
        """guest: UEFI with a devicetree boots without ACPI"""
        with Guest(**KERNEL, firmware="uefi-dt") as guest:
            guest.check("ls /sys/firmware/efi/ && ls -d /proc/device-tree/cpus")
            self.assertNotEqual(guest.run("ls /sys/firmware/acpi/tables")[0], 0)


class Initramfs(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.file = Path(self.temp.name) / "file"
        self.file.write_text("one")

    def tearDown(self):
        self.temp.cleanup()
        for made in BUILD.glob("initramfs-selftest.*"):
            made.unlink()

    def build(self):
        return initramfs.build("selftest", [(self.file, "/etc/file")])

    def test_rebuilt(self):
        """initramfs: it is written again when a file in it changed, and only then"""
        self.build()
        self.assertFalse(self.build()[1])
        self.file.write_text("two")
        self.assertTrue(self.build()[1])

    def test_extra(self):
        """initramfs: an extra file is in the guest where it was asked for"""
        with small(initrd=self.build()[0]) as guest:
            self.assertEqual(guest.check("cat /etc/file"), "one")

    def test_missing(self):
        """initramfs: an extra file that is not there is said to be missing"""
        self.file.unlink()
        with self.assertRaisesRegex(HarnessError, "no such file"):
            self.build()


class CommandLine(unittest.TestCase):
    def boot(self, *arguments):
        done = subprocess.run([ROOT / "scripts/boot", "--tree", KERNEL["tree"], "--config",
                               KERNEL["config"], *arguments], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def test_pass(self):
        """boot: status 0 when every program passed"""
        status, out, _ = self.boot("--run", "true", "--run", "uname -m")
        self.assertEqual(status, 0, out)
        self.assertIn("ok 2 uname -m\n", out)

    def test_fail(self):
        """boot: a program that fails is not ok, those after it still run"""
        status, out, _ = self.boot("--run", "false", "--run", "true")
        self.assertEqual(status, 1)
        self.assertIn("not ok 1 false # exit status 1\nok 2 true\n", out)

    def test_skip(self):
        """boot: a program that skips itself is no pass"""
        status, out, _ = self.boot("--run", "exit 4")
        self.assertEqual(status, 4)
        self.assertIn("ok 1 exit 4 # SKIP", out)

    def test_case(self):
        """boot: a case that is not ok fails its program whatever its status"""
        status, out, _ = self.boot("--run", "printf '1..1\\nnot ok 1 x\\n'")
        self.assertEqual(status, 1)
        self.assertIn("# 1 of 1 cases failed", out)

    def test_panic(self):
        """boot: after a panic all that did not run has failed, the console is shown"""
        status, out, _ = self.boot("--run", PANIC, "--run", "true")
        self.assertEqual(status, 1)
        self.assertIn("not ok 2 true # Kernel panic", out)
        self.assertIn("sysrq: Trigger a crash", out)
        self.assertIn("1..3\n", out)
        self.assertIn("not ok 3 the guest survives", out)

    def test_bad_machine(self):
        """boot: a machine that cannot be has status 2 and one line"""
        status, _, err = self.boot("--node", "mem=512M,cpus=0", "--run", "true")
        self.assertEqual((status, err.count("\n")), (2, 1))
        self.assertIn("no node has a CPU", err)

    def test_shell(self):
        """boot: a shell answers on the console, and the host's prompt behind Ctrl-]"""
        child, terminal = pty.fork()
        if not child:
            os.execv(ROOT / "scripts/boot", ["boot", "--tree", KERNEL["tree"], "--config",
                                             KERNEL["config"], "--shell"])
        for keys, answer in ((b"", b"/ #"), (b"echo sum $((20+3))\n", b"sum 23"),
                             (b"\x1d", b"memhp> "), (b"dimmz\n", b"an empty line"),
                             (b"quit\n", None)):
            os.write(terminal, keys)
            self.read_until(terminal, answer)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def read_until(self, terminal, answer):
        """Reads until the answer comes, or to the end if there is none to come."""
        seen, end = b"", time.monotonic() + 60
        while time.monotonic() < end and (answer is None or answer not in seen):
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                seen += os.read(terminal, 4096)
            except OSError:
                break
        if answer is not None:
            self.assertIn(answer, seen)

    def test_interrupted(self):
        """boot: killed without a chance to clean up, it leaves no QEMU behind"""
        child = subprocess.Popen([ROOT / "scripts/boot", "--tree", KERNEL["tree"], "--config",
                                  KERNEL["config"], "--run", "echo up; sleep 1000"],
                                 stdout=subprocess.DEVNULL)
        qemu = wait_for_child(child.pid)
        child.kill()
        child.wait()
        for _ in range(100):
            if gone(qemu):
                break
            time.sleep(0.1)
        self.assertTrue(gone(qemu))


def wait_for_child(parent):
    """The process that a process starts."""
    for _ in range(300):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for child in children:
            if "qemu" in os.path.basename(os.readlink(f"/proc/{child}/exe")):
                return int(child)
        time.sleep(0.1)
    raise AssertionError("no QEMU was started")


if __name__ == "__main__":
    unittest.main()
