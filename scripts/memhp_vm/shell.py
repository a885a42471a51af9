# SPDX-License-Identifier: GPL-2.0-only
"""An interactive shell in the guest, on its console.

The terminal is handed through byte by byte. Ctrl-] leads to a prompt of the
host for what the guest cannot do itself: plug and unplug memory.
"""

import os
import select
import shlex
import shutil
import sys
import termios
import tty

from .errors import GuestDied, HarnessError

ESCAPE = b"\x1d"
# A job leads its session, so the terminal that it opens first controls it.
START = "stty rows {} cols {} </dev/ttyAMA0; exec sh -il </dev/ttyAMA0 >/dev/ttyAMA0 2>&1"
HELP = """  plug ID SIZE [NODE]   hot-plug a DIMM
  unplug ID             take it out again
  dimms                 what is plugged in
  quit                  end the guest
  an empty line         back to the guest
"""


class RawTerminal:
    """The terminal without echo and line editing, while inside."""

    def __enter__(self):
        self.saved = termios.tcgetattr(0) if os.isatty(0) else None
        if self.saved:
            tty.setraw(0)
        return self

    def __exit__(self, *_):
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)


def show(dimm):
    print(f"{dimm.id}: [mem 0x{dimm.start:x}-0x{dimm.end - 1:x}] on node {dimm.node}")


def host_command(guest, words):
    if words[0] == "plug" and len(words) in (3, 4):
        node = int(words[3]) if len(words) == 4 else 0
        show(guest.plug_dimm(words[1], size=words[2], node=node))
    elif words[0] == "unplug" and len(words) == 2:
        guest.unplug(words[1])
    elif words[0] == "dimms":
        for dimm in guest.dimms().values():
            show(dimm)
    else:
        print(HELP, end="")


def host_prompt(guest):
    """False when the guest is to end."""
    while True:
        try:
            words = shlex.split(input("\nmemhp> "))
        except (EOFError, KeyboardInterrupt, ValueError):
            words = []
        if not words:
            return True
        if words[0] == "quit":
            return False
        try:
            host_command(guest, words)
        except GuestDied:
            raise
        except (HarnessError, ValueError) as error:
            print(error)


def hand_through(guest, job):
    """Until the shell ends (False), input ends (False), or the escape (True)."""
    while not job.done():
        if not select.select([0], [], [], 0.2)[0]:
            continue
        data = os.read(0, 1024)
        if not data:
            return False
        guest.type(data.split(ESCAPE)[0])
        if ESCAPE in data:
            return True
    return False


def interact(guest):
    print('A shell in the guest. "exit" ends it; Ctrl-] leads to the host.')
    guest.watch.tap = lambda data: (sys.stdout.buffer.write(data), sys.stdout.flush())
    size = shutil.get_terminal_size()
    job = guest.start(START.format(size.lines, size.columns))
    try:
        while True:
            with RawTerminal():
                escaped = hand_through(guest, job)
            if not escaped or not host_prompt(guest):
                return
            guest.type(b"\n")
    finally:
        guest.watch.tap = None
