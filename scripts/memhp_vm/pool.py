# SPDX-License-Identifier: GPL-2.0-only
"""A pool of memory that guests share: broker, controller, guests with agents.

The broker is Debian's mosquitto, on a port of this host's loopback that guests reach by
QEMU's user network; each guest has a user of its own, which may say and hear only what
concerns that guest. All ends with this process. Nothing here prints.
"""

import getpass
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import package
from .errors import HarnessError
from .topology import Node, Topology
from .topology_rules import RAM_BASE

MIB = 1 << 20
NAME = "test"
OWN = 512 * MIB                     # memory of a guest beside the pool
START = RAM_BASE + OWN              # where guests have the pool
SIZE = 1024 * MIB
SEGMENT = 128 * MIB
HOST = "10.0.2.2"                   # this host, as guests see it
AT_REST = ("owned", "free")
STEPS = ("unknown", *AT_REST, "zeroing", "attaching", "draining")
BROKER = ("/usr/sbin/mosquitto", "/usr/bin/mosquitto_passwd")

ACL = """user controller
topic readwrite memhp-pool/#
pattern read memhp-pool/+/call
pattern read memhp-pool/+/to/%u
pattern write memhp-pool/+/from/%u
"""


@dataclass
class Row:
    """A segment, as the controller shows it. Nobody is None."""
    step: str
    holder: str
    heir: str


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def start(words, **options):
    """A program that does not outlive this one."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, words)],
                            stdin=subprocess.DEVNULL, **options)


def stop(process):
    if process and process.poll() is None:
        process.kill()
    if process:
        process.wait()


class Broker:
    def __init__(self, folder, users):
        for program in BROKER:
            if not Path(program).exists():
                raise HarnessError(f"there is no {program}: run scripts/deps test")
        self.folder, self.port, self.process = folder, free_port(), None
        self.password = {user: secrets.token_hex(16) for user in users}
        self._write()

    def _write(self):
        (self.folder / "acl").write_text(ACL)
        (self.folder / "broker.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npersistence false\n"
            f"password_file {self.folder}/passwords\nacl_file {self.folder}/acl\n"
            f"user {getpass.getuser()}\n")
        (self.folder / "passwords").touch(mode=0o600)
        for user, password in self.password.items():
            subprocess.run([BROKER[1], "-b", self.folder / "passwords", user, password],
                           check=True)
            (self.folder / f"password-{user}").write_text(password + "\n")

    def start(self):
        with open(self.folder / "broker.log", "ab") as log:
            self.process = start([BROKER[0], "-c", self.folder / "broker.conf"], stdout=log,
                                 stderr=log)
        for _ in range(100):
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise HarnessError("the broker does not start: "
                           + (self.folder / "broker.log").read_text())

    def stop(self):
        stop(self.process)


class Pool:
    """new_guest makes a Guest of keyword arguments; names are those of the guests.

    slowness   how much longer all takes than with a kernel without checks
    """

    def __init__(self, new_guest, names=("a", "b"), deadline_ms=10000, slowness=1):
        self.new_guest, self.names, self.slowness = new_guest, names, slowness
        self.deadline_ms = deadline_ms * slowness
        shared = Path("/dev/shm")
        self.temp = tempfile.TemporaryDirectory(
            prefix=f"memhp-{os.getpid()}-", dir=shared if self._roomy(shared) else None)
        self.folder = Path(self.temp.name)
        self.file = self.folder / "pool"
        with open(self.file, "wb") as file:
            file.truncate(SIZE)
        self.programs = package.build_pool()
        self.broker = Broker(self.folder, ("controller", *names))
        self.guests, self.agents, self.controller = {}, {}, None

    @staticmethod
    def _roomy(folder):
        return folder.is_dir() and shutil.disk_usage(folder).free > 2 * SIZE

    # ---- life

    def __enter__(self):
        try:
            self.broker.start()
            self.start_controller()
            for name in self.names:
                self.start_guest(name)
                self.start_agent(name)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, *_):
        self.close(check=kind is None)

    def close(self, check=False):
        try:
            for name in list(self.guests):
                self.stop_guest(name, check)
        finally:
            for guest in self.guests.values():
                guest.close()
            stop(self.controller)
            self.broker.stop()
            self.temp.cleanup()

    def start_guest(self, name):
        network = ["-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,romfile="]
        guest = self.new_guest(
            firmware="dt", root="pool", cmdline=f"nokaslr mem={OWN // MIB}M", qemu_args=network,
            topology=Topology(nodes=[Node(OWN, 1), Node(SIZE, 0, path=str(self.file))]))
        self.guests[name] = guest
        guest.__enter__()
        guest.put("/tmp/password", (self.broker.password[name] + "\n").encode())
        guest.check("busybox ip link set lo up; busybox ip link set eth0 up &&"
                    " busybox ip addr add 10.0.2.15/24 dev eth0")

    def stop_guest(self, name, check=True):
        guest = self.guests.pop(name)
        guest.__exit__(None if check else HarnessError, None, None)

    def kill_guest(self, name):
        """kill -9 of QEMU."""
        guest = self.guests.pop(name)
        guest.expect_death = True
        guest.process.send_signal(signal.SIGKILL)
        guest.process.wait()
        guest.close()

    def agent_words(self, name, address=START):
        return (f"memhp-pool-agent -p {NAME} -n {name} -a {address:#x} -H {HOST}"
                f" -P {self.broker.port} -U {name} -W /tmp/password 2>&1")

    def start_agent(self, name, crash="", address=START):
        self.agents[name] = self.guests[name].start(
            f"MEMHP_POOL_CRASH='{crash}' exec {self.agent_words(name, address)}")

    def start_controller(self, crash="", words=()):
        before = self._terms() if self.controller else []
        with open(self.folder / "controller.log", "ab") as log:
            self.controller = start(
                [self.programs / "memhp-pool-controller", *self._link("controller"),
                 "-f", self.file, "-d", self.folder / "database", "-s", SEGMENT // MIB,
                 "-t", self.deadline_ms, *words, *self.names],
                stdout=log, stderr=log, env={**os.environ, "MEMHP_POOL_CRASH": crash})

        self.wait(lambda: self._terms() != before or self.controller.poll() is not None,
                  "the controller's start")

    def _terms(self):
        return re.findall(r"^term (\d+)$", self.log(), re.M)

    def kill_controller(self):
        stop(self.controller)

    def kill_agent(self, name):
        self.agents[name].kill()
        self.agents[name].wait(30)

    def log(self):
        return (self.folder / "controller.log").read_text(errors="replace")

    def _link(self, user):
        return ["-p", NAME, "-H", "127.0.0.1", "-P", str(self.broker.port), "-U", user,
                "-W", str(self.folder / f"password-{user}")]

    # ---- asking

    def command(self, *words, wait_ms=30000, user="controller"):
        """(status, standard output, standard error) of memhp-pool."""
        done = subprocess.run(
            [self.programs / "memhp-pool", *self._link(user), "-t",
             str(wait_ms * self.slowness),
             *map(str, words)], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def move(self, segment, to, wait_ms=30000):
        """Waits until the guest has it; to=None gives it back."""
        words = ("free", segment) if to is None else ("move", segment, to)
        status, _, why = self.command(*words, wait_ms=wait_ms)
        return status, why

    def table(self):
        """As the controller that runs now shows it, not one before."""
        wanted, found = f"term {self._terms()[-1]}\n", [""]

        def shown():
            found[0] = self.command("list")[1]
            return wanted in found[0]
        self.wait(shown, "a table")
        return found[0]

    def rows(self):
        """[Row] as the controller shows them."""
        table = self.table()
        found = re.findall(rf"^\d+ +\d+ +({'|'.join(STEPS)}) +(\S+) +(\S+)", table, re.M)
        return [Row(step, *(None if name == "-" else name for name in names))
                for step, *names in found]

    def presence(self):
        """{guest: here, busy, late or away}"""
        return dict(re.findall(r"^(\S+) +(here|busy|late|away) +\d+$", self.table(), re.M))

    def wait(self, done, what, timeout=60):
        end = time.monotonic() + timeout * self.slowness
        while time.monotonic() < end:
            if done():
                return
            time.sleep(0.1)
        raise HarnessError(f"{what} does not come after {timeout} s\n{self.log()}")

    def wait_rest(self, timeout=60):
        """Until all guests are here and no segment is on its way; returns the rows."""
        def rests():
            return (set(self.presence().values()) == {"here"}
                    and all(row.step in AT_REST for row in self.rows()))
        self.wait(rests, "rest", timeout)
        return self.rows()

    # ---- looking

    def has(self, name):
        """Numbers of the segments that a guest's kernel has."""
        listed = json.loads(self.guests[name].check("memhp list --json"))
        starts = [r["start"] for s in listed for r in s["ranges"]]
        return sorted((start - START) // SEGMENT for start in starts)

    def is_zero(self, segment):
        """As the host sees it. What the file has no memory for is zero."""
        start = segment * SEGMENT
        with open(self.file, "rb") as file:
            try:
                first = os.lseek(file.fileno(), start, os.SEEK_DATA)
            except OSError:         # ENXIO: none from there on
                return True
            if first >= start + SEGMENT:
                return True
            return not os.pread(file.fileno(), SEGMENT, start).strip(b"\0")
