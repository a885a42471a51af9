# SPDX-License-Identifier: GPL-2.0-only
"""QMP: commands and events, over a socket that the reader thread feeds."""

import json
import time

from .errors import HarnessError, QmpError
from .pulse import deadline


class Qmp:
    """One QMP session. feed() is called by the reader thread only."""

    def __init__(self, sock, pulse):
        self.sock, self.pulse = sock, pulse
        self.buffer = b""
        self.replies = {}
        self.events = []
        self.greeting = None
        self.last_id = 0
        self.closed = False         # set when QEMU is gone

    def feed(self, data):
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        with self.pulse:
            for line in lines:
                self._take(json.loads(line))
        self.pulse.beat()

    def _take(self, message):
        if "QMP" in message:
            self.greeting = message["QMP"]
        elif "event" in message:
            self.events.append(message)
        else:
            self.replies[message.get("id")] = message

    def open(self, timeout=30):
        if not self._await(lambda: self.greeting, timeout):
            raise HarnessError("QEMU does not answer on QMP")
        self.execute("qmp_capabilities")

    def execute(self, command, timeout=60, **arguments):
        """Runs one command and returns its "return" value.

        An underscore in an argument's name stands for a dash.
        """
        arguments = {k.replace("_", "-"): v for k, v in arguments.items()}
        with self.pulse:
            self.last_id += 1
            ident = self.last_id
        request = {"execute": command, "arguments": arguments, "id": ident}
        self.sock.sendall(json.dumps(request).encode() + b"\n")
        if not self._await(lambda: ident in self.replies, timeout):
            raise HarnessError(f"QEMU does not answer to {command}")
        reply = self.replies.pop(ident)
        if "error" in reply:
            raise QmpError(command, reply["error"])
        return reply["return"]

    def _await(self, done, timeout):
        """Waits past a death too: QEMU may well answer for a dead guest."""
        end = deadline(timeout)
        with self.pulse:
            while not done() and not self.closed:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.pulse.changed.wait(left)
            return done()

    def events_since(self, mark, *names):
        """Events after the first "mark" ones whose name is among names."""
        with self.pulse:
            return [e for e in self.events[mark:] if e["event"] in names]
