# SPDX-License-Identifier: GPL-2.0-only
"""What can go wrong with a guest, one exception per kind of trouble."""


class HarnessError(Exception):
    """Anything the harness reports; its text is meant to be read."""


class TopologyError(HarnessError):
    """A machine that cannot be, said before QEMU is started."""


class QmpError(HarnessError):
    """QEMU refused a command."""

    def __init__(self, command, error):
        self.command = command
        self.kind = error.get("class", "GenericError")
        self.desc = error.get("desc", "")
        super().__init__(f"{command}: {self.desc}")


class UnplugError(HarnessError):
    """The guest kept a device, or did not let it go in time."""


class CommandFailed(HarnessError):
    """A guest command ended with a status other than 0."""

    def __init__(self, text, status, out):
        self.text, self.status, self.out = text, status, out
        super().__init__(f"status {status} from: {text}\n{out}")


class CommandTimeout(HarnessError):
    """A guest command did not end in time; it was killed, the guest lives."""

    def __init__(self, text, timeout, out):
        self.text, self.timeout, self.out = text, timeout, out
        super().__init__(f"no end after {timeout:g} s: {text}\n{out}")


class GuestDied(HarnessError):
    """Panic, oops, sanitizer report, hang, or QEMU gone."""

    def __init__(self, reason, tail=""):
        self.reason, self.tail = reason, tail
        super().__init__(f"{reason}\n--- end of the console ---\n{tail}")
