# SPDX-License-Identifier: GPL-2.0-only
"""The host's end of the control channel: frames, jobs, signs of life.

The other end is agent.c among the guest programs; the frame is described there.
"""

import struct
import threading
import time

from .errors import CommandTimeout
from .pulse import TIME_SCALE

MAGIC = 0x5048454D
HEADER = struct.Struct("<IIII")
RUN, KILL, PING, FILE = 1, 2, 3, 4
HELLO, OUTPUT, EXIT, PONG = 16, 17, 18, 19

PING_PERIOD = 5.0


class Job:
    """A command that runs in the guest."""

    def __init__(self, agent, ident, text):
        self.agent, self.ident, self.text = agent, ident, text
        self.pieces = []
        self.status = None

    @property
    def output(self):
        return b"".join(self.pieces).decode(errors="replace")

    def done(self):
        return self.status is not None

    def wait(self, timeout=120):
        """Returns (status, output); a command that does not end is killed."""
        if self.agent.wait(self.done, timeout):
            return self.status, self.output
        if self.agent.pulse.reason:
            return None, self.output
        self.kill()
        self.agent.wait(self.done, 20)
        raise CommandTimeout(self.text, timeout * TIME_SCALE, self.output)

    def kill(self, signal=9):
        self.agent.send(KILL, self.ident, bytes([signal]))


class Agent:
    """The channel. feed() is called by the reader thread only."""

    def __init__(self, sock, pulse, silence=90.0):
        self.sock, self.pulse = sock, pulse
        self.silence = silence * TIME_SCALE     # this long without a word: a hang
        self.sending = threading.Lock()
        self.buffer = bytearray()
        self.jobs = {}
        self.last_id = 0
        self.ready = False
        self.heard = self.pinged = time.monotonic()

    def feed(self, data):
        self.heard = time.monotonic()
        self.buffer += data
        with self.pulse:
            while self._take_frame():
                pass
        self.pulse.beat()

    def _take_frame(self):
        if len(self.buffer) < HEADER.size:
            return False
        magic, kind, ident, length = HEADER.unpack_from(self.buffer)
        if magic != MAGIC:
            self.pulse.die("the control channel is out of step")
            return False
        if len(self.buffer) < HEADER.size + length:
            return False
        payload = bytes(self.buffer[HEADER.size:HEADER.size + length])
        del self.buffer[:HEADER.size + length]
        self._handle(kind, ident, payload)
        return True

    def _handle(self, kind, ident, payload):
        if kind == HELLO:
            self.ready = True
        elif kind == OUTPUT:
            self.jobs[ident].pieces.append(payload)
        elif kind == EXIT:
            self.jobs.pop(ident).status = struct.unpack("<i", payload)[0]

    def restart(self):
        """The guest begins anew: its agent will say hello, what ran will not end."""
        with self.pulse:
            self.ready = False
            self.jobs.clear()
            del self.buffer[:]

    def send(self, kind, ident, payload=b""):
        try:
            with self.sending:
                self.sock.sendall(HEADER.pack(MAGIC, kind, ident, len(payload)))
                self.sock.sendall(payload)
        except OSError:
            self.pulse.die("QEMU closed the control channel")

    def request(self, kind, payload, text):
        with self.pulse:
            self.last_id += 1
            job = Job(self, self.last_id, text)
            self.jobs[job.ident] = job
        self.send(kind, job.ident, payload)
        return job

    def start(self, text):
        return self.request(RUN, text.encode(), text)

    def put(self, path, data, executable=False):
        head = bytes([executable]) + path.encode() + b"\0"
        status, _ = self.request(FILE, head + data, f"put {path}").wait()
        if status:
            raise OSError(status, f"guest: cannot write {path}")

    def wait(self, done, timeout):
        self.heard = max(self.heard, time.monotonic() - self.silence / 2)
        return self.pulse.wait(done, timeout, idle=self._check_life)

    def _check_life(self):
        now = time.monotonic()
        if not self.ready:
            return
        if now - self.heard > self.silence:
            self.pulse.die(f"hang: the guest is silent for {self.silence:g} s")
        elif now - self.pinged > PING_PERIOD:
            self.pinged = now
            self.send(PING, 0)
