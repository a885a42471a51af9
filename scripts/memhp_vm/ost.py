# SPDX-License-Identifier: GPL-2.0-only
"""What the guest's ACPI says of its memory devices: _OST, as QEMU's events carry it.

An answer names the slot, and the device that is in the slot by then: after an
ejection there may be none, or the next one already.
"""

import re
from dataclasses import dataclass

EVENT = "ACPI_DEVICE_OST"
INSERTION = (0x1,)
EJECTION = (0x3, 0x103)
SUCCESS, IN_PROGRESS = 0x00, 0x84
STATUS = {SUCCESS: "success", 0x01: "it failed", 0x80: "not supported", 0x81: "in use",
          0x82: "busy", 0x83: "something it depends on is busy", IN_PROGRESS: "in progress"}

# What Linux prints when an insertion or an ejection goes wrong.
COMPLAINT = re.compile(r"Eject incomplete|Offline failed|not added, error|add_memory failed|"
                       r"acpi_memory_enable_device\(\) error|Block size .* unaligned")


@dataclass
class Answer:
    device: str | None
    slot: str
    source: int
    status: int

    @property
    def refusal(self):
        """Why the guest keeps a device that it was asked to eject, or None."""
        if self.source not in EJECTION or self.status in (SUCCESS, IN_PROGRESS):
            return None
        return self.meaning

    @property
    def last_of_ejection(self):
        return self.source in EJECTION and self.status != IN_PROGRESS

    @property
    def meaning(self):
        return STATUS.get(self.status, f"_OST status {self.status:#x}")

    def __str__(self):
        what = {**dict.fromkeys(INSERTION, "insertion"), **dict.fromkeys(EJECTION, "ejection")}
        return f"{what.get(self.source, f'event {self.source:#x}')}: {self.meaning}"


def answers(events):
    """The answers in QMP events."""
    found = (event["data"]["info"] for event in events if event["event"] == EVENT)
    return [Answer(info.get("device"), info["slot"], info["source"], info["status"])
            for info in found]


def story(said, console):
    """What answers and console tell of a device that did not come, for a message."""
    lines = [line for line in console.splitlines() if COMPLAINT.search(line)]
    return "; ".join(["its ACPI said " + (", ".join(map(str, said)) or "nothing"), *lines[-5:]])
