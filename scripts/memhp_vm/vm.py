# SPDX-License-Identifier: GPL-2.0-only
"""A guest: starts QEMU, owns its channels, and ends it in every case.

One reader thread feeds the console, QMP and the agent; callers wait on the
pulse. A report on the console, a silent guest or the end of QEMU makes every
call raise GuestDied. Nothing here prints.
"""

import os
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from . import initramfs, modules, paths
from .agent import Agent
from .console import FATAL, Console, reason_of
from .errors import CommandFailed, GuestDied, HarnessError
from .hotplug import Hotplug
from .machine import Machine
from .pulse import Pulse
from .qmp import Qmp
from .topology import Topology

QEMU_ENDED = "QEMU ended"
# A kernel that checks everything needs this much more time for the same.
SLOWNESS = {"debug": 6, "kcsan": 6}
# What it does only when it is told to.
TOLD = {"debug": "page_owner=on page_table_check=on ", "shuffle": "page_alloc.shuffle=1 "}
# Races that are stock's and have nothing to do with memory that comes and goes: jiffies
# are read and written without a mark in the one, the word that poll() is woken by in the
# next; and the interrupt of a virtqueue asks whether there is more, as who takes it does.
KNOWN_RACES = {"kcsan": ("flush_memcg_stats_dwork", "pollwake", "virtqueue_get_buf_ctx")}
SETTLE_LIMIT = 10.0         # seconds for a report to be printed whole


def sweep():
    """Removes what processes that were killed left behind."""
    for left in Path(tempfile.gettempdir()).glob("memhp-*-*"):
        pid = left.name.split("-")[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)


class Guest(Hotplug):
    """See scripts/boot --help for the options' meaning on the command line.

    ignore     regular expressions; console lines that match are no report
    keep_going reports other than a panic, an oops or a hang do not end the
               guest; the caller looks at reports()
    silence    seconds without an answer of the agent that make a hang
    timeout    seconds for it to boot; all times are for a kernel without checks,
               one with them (see SLOWNESS) is given more
    log        file that gets a copy of the console
    root       name of the initramfs: "base", or "tools" with programs of Debian's
    """

    def __init__(self, tree="grafted", config="base", firmware="dt", topology=None,
                 cmdline="", cpu="max", icount=False, qemu_args=(), timeout=120,
                 expect_death=False, keep_going=False, ignore=(), log=None, silence=90,
                 kernel=None, initrd=None, machine_options="", root="base"):
        self.tree, self.config, self.root = tree, config, root
        self.slowness = SLOWNESS.get(config, 1)
        self.expect_death, self.keep_going = expect_death, keep_going
        self.timeout, self.silence = timeout * self.slowness, silence * self.slowness
        self.pulse = Pulse()
        super().__init__()
        self.process = None
        self.sockets = []
        sweep()
        self.temp = tempfile.TemporaryDirectory(prefix=f"memhp-{os.getpid()}-")
        self.workdir = Path(self.temp.name)
        self.log = open(log, "wb") if log else None
        self.watch = Console(self.pulse, ignore, self.log)
        self.machine = Machine(
            kernel=Path(kernel) if kernel else paths.kernel_image(tree, config),
            initramfs=Path(initrd) if initrd else None,
            topology=topology or Topology(), workdir=self.workdir, firmware=firmware,
            cmdline=TOLD.get(config, "") + cmdline, cpu=cpu, icount=icount, qemu_args=list(qemu_args),
            machine_options=machine_options)

    # ---- life

    def __enter__(self):
        try:
            self.start_machine()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, exc_type, *_):
        self.close()
        if exc_type is None:
            self._raise_if_dead(at_end=True)

    def start_machine(self):
        """Starts QEMU and returns when the guest's agent answers."""
        self.machine.check()
        if not self.machine.initramfs:
            self.machine.initramfs = initramfs.build(self.root)[0]
        self._spawn()
        self._open_qmp()
        self._wait_ready()

    def _wait_ready(self):
        if not self.agent.wait(lambda: self.agent.ready, self.timeout):
            if not self.pulse.reason:
                self.pulse.die(f"hang: not booted after {self.timeout:g} s")
        self._raise_if_dead()
        for function in KNOWN_RACES.get(self.config, ()):
            self.check(f"echo '!{function}' > /sys/kernel/debug/kcsan")

    def reset(self):
        """Boots again at once, as if a button was pressed; RAM keeps what is in it.

        With firmware="loader" QEMU puts the kernel, the initramfs and the devicetree
        where they were. Nothing may run in the guest.
        """
        self.qmp("set-action", reboot="reset")
        self.agent.restart()
        self.qmp("system_reset")
        self._wait_ready()
        self.qmp("set-action", reboot="shutdown")

    def _open_qmp(self):
        try:
            self.qmp_channel.open()
        except (HarnessError, OSError) as error:
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                raise error from None
            raise HarnessError("QEMU did not start" + self._last_words()) from None

    def _spawn(self):
        ends = {name: socket.socketpair() for name in ("console", "qmp", "agent")}
        self.sockets = [ours for ours, _ in ends.values()]
        fds = {name: theirs.fileno() for name, (_, theirs) in ends.items()}
        self.stderr_path = self.workdir / "stderr"
        try:
            with open(self.stderr_path, "wb") as stderr:
                # QEMU must not outlive us, even if we are killed.
                self.process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", *self.machine.args(fds)],
                    pass_fds=list(fds.values()), stdin=subprocess.DEVNULL,
                    stdout=stderr, stderr=stderr)
        finally:
            for _, theirs in ends.values():
                theirs.close()
        self.qmp_channel = Qmp(ends["qmp"][0], self.pulse)
        self.agent = Agent(ends["agent"][0], self.pulse, self.silence)
        feeds = {ends["console"][0]: self.watch.feed, ends["qmp"][0]: self.qmp_channel.feed,
                 ends["agent"][0]: self.agent.feed}
        self.reader = threading.Thread(target=self._read, args=(feeds,), daemon=True)
        self.reader.start()

    def close(self):
        """Ends QEMU: politely (plugins write their results), then not."""
        self.ended_by_us = bool(self.process) and self.process.poll() is None
        if self.ended_by_us:
            self._quit()
        if self.process:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            self.reader.join(10)
        for sock in self.sockets:
            sock.close()
        if self.log:
            self.log.close()
        self.temp.cleanup()

    def _quit(self):
        try:
            self.qmp_channel.sock.sendall(b'{"execute": "quit"}\n')
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            pass

    # ---- the reader thread

    def _read(self, feeds):
        with selectors.DefaultSelector() as selector:
            for sock, feed in feeds.items():
                selector.register(sock, selectors.EVENT_READ, feed)
            while selector.get_map():
                for key, _ in selector.select(0.5):
                    self._read_one(selector, key)
                self._judge(ended=False)
        with self.pulse:
            self.qmp_channel.closed = True
        self._judge(ended=True)

    def _read_one(self, selector, key):
        try:
            data = key.fileobj.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            selector.unregister(key.fileobj)
            return
        try:
            key.data(data)
        except Exception as error:      # the reader must live: say it and go on
            self.pulse.die(f"harness: {type(error).__name__}: {error}")

    def _judge(self, ended):
        """Turns a report that is printed whole, or QEMU's end, into a death."""
        with self.pulse:
            report = self._deadly_report()
            if report and (ended or self.watch.settled(SETTLE_LIMIT)):
                self.pulse.die(reason_of(*report))
            elif ended:
                self.pulse.die(QEMU_ENDED + self._last_words())

    def _deadly_report(self):
        for kind, line in self.watch.found:
            if kind in FATAL or not self.keep_going:
                return kind, line
        return None

    def _last_words(self):
        text = self.stderr_path.read_text(errors="replace").strip()
        return f": {text}" if text else " without a report"

    def _raise_if_dead(self, at_end=False):
        if self.expect_death:
            return
        reason = self.pulse.reason
        if at_end and self.ended_by_us and reason and reason.startswith(QEMU_ENDED):
            return
        if reason:
            raise GuestDied(reason, self.tail(60) + self._where(reason))

    def _where(self, reason):
        """After a hang: where the CPUs are, if QEMU still says so."""
        if not reason.startswith("hang") or self.process.poll() is not None:
            return ""
        try:
            text = self.qmp_channel.execute("human-monitor-command", timeout=5,
                                            command_line="info registers -a")
        except (HarnessError, OSError):
            return ""
        cpus = zip(*(re.findall(rf"\b{name}=([0-9a-f]+)", text) for name in ("PC", "X30")))
        return "\n--- the CPUs ---" + "".join(f"\nCPU {number}: pc {pc} lr {lr}"
                                             for number, (pc, lr) in enumerate(cpus))

    # ---- commands

    def start(self, text):
        """Starts a shell command; the handle has wait(timeout), kill(), output."""
        self._raise_if_dead()
        return GuestJob(self, self.agent.start(text))

    def run(self, text, timeout=120):
        """Returns (status, output); the status is None if the guest died of it."""
        return self.start(text).wait(timeout)

    def check(self, text, timeout=120):
        status, out = self.run(text, timeout)
        if status != 0:
            raise CommandFailed(text, status, out)
        return out

    def put(self, path, data, executable=False):
        """Writes a file in the guest."""
        self._raise_if_dead()
        self.agent.put(path, data, executable)
        self._raise_if_dead()

    def insmod(self, name, parameters="", timeout=120):
        """Loads a test module, built for this kernel; returns (status, output)."""
        built = modules.build(self.tree, self.config)
        if name not in built:
            raise HarnessError(f"there is no test module {name}; there are " + ", ".join(built))
        self.put(f"/lib/modules/{name}.ko", built[name].read_bytes())
        return self.run(f"insmod /lib/modules/{name}.ko {parameters}", timeout)

    # ---- QMP

    def qmp(self, command, **arguments):
        """One QMP command; underscores in names of arguments become dashes."""
        self._raise_if_dead()
        try:
            return self.qmp_channel.execute(command, **arguments)
        except HarnessError:
            self._raise_if_dead()
            raise

    def placement(self, node):
        """Where the host takes memory of a node from, as a backend's properties."""
        host = self.machine.topology.host_of(node)
        return {} if host is None else {"host_nodes": [host], "policy": "bind"}

    def _wait(self, done, timeout):
        met = self.agent.wait(done, timeout)
        self._raise_if_dead()
        return met

    def page_size(self):
        """Of the guest's kernel, in bytes."""
        text = self.check("awk '/^KernelPageSize:/ { print $2; exit }' /proc/self/smaps")
        return int(text) * 1024

    # ---- console

    def console(self):
        return self.watch.all()

    def tail(self, lines=40):
        return self.watch.tail(lines)

    def type(self, data):
        """Sends bytes to the console's keyboard."""
        self.sockets[0].sendall(data)

    def reports(self):
        """[(kind, line)] of oopses, sanitizer reports and the like so far."""
        with self.pulse:
            return list(self.watch.found)

    def wait_death(self, timeout=60):
        """The reason, with expect_death; raises if the guest lives on."""
        timeout *= self.slowness
        self.agent.wait(lambda: self.pulse.reason, timeout)
        if not self.pulse.reason:
            raise HarnessError(f"the guest lives after {timeout:g} s\n{self.tail()}")
        return self.pulse.reason


class GuestJob:
    """A background command of a guest; see Guest.start()."""

    def __init__(self, guest, job):
        self.guest, self.job = guest, job

    def wait(self, timeout=120):
        result = self.job.wait(timeout * self.guest.slowness)
        self.guest._raise_if_dead()
        return result

    def check(self, timeout=120):
        """Like wait(), and raises unless the status is 0."""
        status, out = self.wait(timeout)
        if status != 0:
            raise CommandFailed(self.job.text, status, out)
        return out

    def kill(self, signal=9):
        self.job.kill(signal)

    def done(self):
        self.guest._raise_if_dead()
        return self.job.done()

    @property
    def output(self):
        return self.job.output
