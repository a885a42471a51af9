# SPDX-License-Identifier: GPL-2.0-only
"""Memory that comes and goes while a guest runs: DIMMs, and the guest's memory blocks.

Owns what QEMU and the guest's ACPI have to say to each other before a slot may be
used again. Starts and ends nothing.
"""

import time
from dataclasses import dataclass

from . import blocks, ost
from .errors import HarnessError, QmpError, UnplugError
from .pulse import deadline
from .sizes import parse_size

UNPLUG_REFUSED = ("MEM_UNPLUG_ERROR", "DEVICE_UNPLUG_GUEST_ERROR")
# What sleeps and takes no signal, and the workers of ACPI's queues, with their stacks.
WHO_WAITS = """dmesg | tail -n 15; cd /proc
for task in [0-9]*; do
	name=$(cat $task/comm 2> /dev/null)
	case "$name $(grep State: $task/status 2> /dev/null)" in
	*kacpi*|*"D (disk"*) echo "-- $task $name"; grep State: $task/status; cat $task/stack $task/syscall;;
	esac
done 2> /dev/null"""


@dataclass
class Dimm:
    """A memory device as QEMU shows it."""
    id: str
    start: int
    size: int
    node: int
    slot: int

    @property
    def end(self):
        return self.start + self.size


class Hotplug:
    """The part of a Guest that plugs; needs its qmp(), check(), run(), _wait(), slowness.

    And placement(node): properties of a backend for memory of this node.
    """

    def __init__(self):
        self.plugged = {}           # id: number of the events that came before

    def plug_dimm(self, ident, size="1G", node=0, model="pc-dimm", **properties):
        """Hot-plugs a DIMM and returns what QEMU made of it.

        The guest takes it in its own time: see wait_taken() and wait_blocks().
        """
        self.qmp("object-add", qom_type="memory-backend-ram", id=f"mem-{ident}",
                 size=parse_size(size), reserve=False, **self.placement(node))
        mark = len(self.qmp_channel.events)
        try:
            self.qmp("device_add", driver=model, id=ident, memdev=f"mem-{ident}",
                     node=node, **properties)
        except QmpError:
            self.qmp("object-del", id=f"mem-{ident}")
            raise
        self.plugged[ident] = mark
        return self.dimms()[ident]

    def wait_taken(self, ident, timeout=60):
        """Waits until the guest has dealt with a DIMM's insertion, well or not.

        Returns the status that its ACPI gave. Stock says 0 even where its memory
        driver refused the DIMM: what counts there is blocks().
        """
        timeout *= self.slowness
        if not self._wait(lambda: self._taken(ident), timeout):
            raise HarnessError(f"{ident}: the guest did not deal with the insertion in "
                               f"{timeout:g} s; {self._story(ident)}")
        return self._taken(ident)[0].status

    def _taken(self, ident):
        """The guest's answers to the insertion of a DIMM; none if it was there at boot."""
        mark = self.plugged.get(ident)
        return [] if mark is None else [answer for answer in self._answers(ident, mark)
                                        if answer.source in ost.INSERTION]

    def unplug(self, ident, timeout=60):
        """Unplugs a device, and raises UnplugError if the guest keeps it.

        When this returns, the slot may be used again at once. Two races are kept
        out, which lose an event for good:

        - QEMU's ACPI code looks once at a slot for each interrupt, and for a removal
          only where there is no insertion: a request that comes before the guest
          has seen the insertion waits for the next interrupt.
        - QEMU deletes a DIMM in the middle of the guest's work: Linux then asks the
          slot if it is empty. A DIMM that is plugged in between answers for the old
          one ("Eject incomplete"), and Linux takes it for one that it has.
        """
        timeout *= self.slowness
        if ident in self.plugged and not self._wait(lambda: self._taken(ident), timeout):
            raise UnplugError(f"{ident}: the guest did not deal with the insertion in "
                              f"{timeout:g} s")
        mark = len(self.qmp_channel.events)
        dimm = self.dimms().get(ident)
        self.qmp("device_del", id=ident)
        self._wait(lambda: self._unplugged(mark, ident), timeout)
        outcome = self._unplugged(mark, ident)
        if outcome is None:
            raise UnplugError(f"{ident}: the guest did not answer in {timeout:g} s; "
                              + self._who_waits())
        if outcome != "gone":
            raise UnplugError(f"{ident}: the guest refused ({outcome})")
        self.plugged.pop(ident, None)
        self._wait_ejected(mark, dimm, timeout)
        if any(m.get("id") == f"mem-{ident}" for m in self.qmp("query-memdev")):
            self.qmp("object-del", id=f"mem-{ident}")

    def _who_waits(self):
        """What the guest's kernel waits for, and where its ACPI is, if it still says so."""
        try:
            return self.run(WHO_WAITS, timeout=30)[1]
        except HarnessError as error:
            return f"nor does it say who waits there: {error}"

    def _unplugged(self, mark, ident):
        """"gone", the reason of a refusal, or None as long as nothing was said."""
        for event in self.qmp_channel.events_since(mark, "DEVICE_DELETED", *UNPLUG_REFUSED):
            if event["data"].get("device") == ident:
                return ("gone" if event["event"] == "DEVICE_DELETED"
                        else f"{event['event']} {event['data'].get('msg', '')}".strip())
        refusals = (answer.refusal for answer in self._answers(ident, mark))
        return next(filter(None, refusals), None)

    def _wait_ejected(self, mark, dimm, timeout):
        """The guest's last word on an ejection: it names the slot, the device is gone."""
        if not dimm or dimm.slot is None:
            return
        if not self._wait(lambda: any(answer.last_of_ejection and answer.slot == str(dimm.slot)
                                      for answer in self._answers(None, mark)), timeout):
            raise UnplugError(f"{dimm.id}: gone, but the guest did not say that it is done "
                              f"in {timeout:g} s")

    def _answers(self, ident, mark=0):
        """What the guest's ACPI said of a device, or of all."""
        said = ost.answers(self.qmp_channel.events_since(mark, ost.EVENT))
        return [answer for answer in said if ident in (None, answer.device)]

    def _story(self, ident):
        return ost.story(self._answers(ident, self.plugged.get(ident, 0)), self.tail(200))

    def dimms(self):
        """{id: Dimm} of the memory devices."""
        found = {}
        for device in self.qmp("query-memory-devices"):
            data = device["data"]
            found[data["id"]] = Dimm(data["id"], data.get("addr", data.get("memaddr")),
                                     data["size"], data.get("node"), data.get("slot"))
        return found

    # ---- memory blocks

    def blocks(self, device=None):
        """The guest's memory blocks, or those of a Dimm."""
        found = blocks.parse(self.check(blocks.READ))
        return blocks.overlapping(found, device.start, device.size) if device else found

    def wait_blocks(self, device, timeout=60, gone=False):
        """Waits until the guest shows every block of a device (or none).

        An insertion that the guest is through with brings no more blocks.
        """
        timeout *= self.slowness
        end = deadline(timeout)
        while True:
            through = not gone and bool(self._taken(device.id))     # before the look
            found = self.blocks(device)
            have = sum(b.size for b in found)
            if (not have) if gone else have == device.size:
                return found
            if through or time.monotonic() > end:
                when = "and is through with it" if through else f"after {timeout:g} s"
                raise HarnessError(f"{device.id}: the guest shows {have >> 20} of "
                                   f"{device.size >> 20} MiB {when}; {self._story(device.id)}")
            time.sleep(0.1)

    def set_state(self, block, state):
        """Returns 0, or the errno text that the guest's shell gives."""
        status, out = self.run(f"echo {state} > {block.path}/state")
        return 0 if status == 0 else out.strip()
