# SPDX-License-Identifier: GPL-2.0-only
"""Every file that shows memory to an administrator: names, modes, links, contents.

Owns what of them may differ between two kernels on the same machine. What one
kernel has to show the same before and after is in observe.py; everything() joins
both.
"""

import re

from observe import state

ROOTS = "/sys/devices/system/memory /sys/devices/system/node"
PARAMETERS = "/sys/module/memory_hotplug/parameters"
# These change from one moment to the next; online_progress is of what was tried last.
VARYING = ("! -name vmstat ! -name meminfo ! -name numastat ! -name online_progress"
           " ! -path '*/power/*'")

FILES = "find {} | sort | xargs stat -c '%A %N'"
CONTENTS = "find {} -type f " + VARYING + " | sort | xargs grep -H '' 2>&1 || true"
LOOKS = {
    "files, modes and links": FILES.format(ROOTS),
    "contents of files": CONTENTS.format(ROOTS),
    "module parameters": f"{FILES.format(PARAMETERS)}; {CONTENTS.format(PARAMETERS)}",
    # Where the kernel lies and what it keeps from boot is its own.
    "/proc/iomem": "grep -vE 'Kernel (code|data)|reserved' /proc/iomem",
    "/sys/firmware/memmap": "find /sys/firmware/memmap | sort | xargs grep -H '' 2>&1 || true",
}
MEMBLOCK = "cat /sys/kernel/debug/memblock/memory"


def look(guest):
    """{what: [lines]}"""
    return {name: guest.check(text).splitlines() for name, text in LOOKS.items()}


def zones(guest):
    """{"Node 1, zone Movable": {"spanned": pages, "present": pages, "managed": pages}}"""
    found = {}
    for line in guest.check("cat /proc/zoneinfo").splitlines():
        head = re.match(r"Node (\d+), zone\s+(\w+)", line)
        if head:
            current = found.setdefault(f"Node {head[1]}, zone {head[2]}", {})
        count = re.match(r"\s+(spanned|present|managed)\s+(\d+)", line)
        if count:
            current[count[1]] = int(count[2])
    return found


def grown(before, after):
    """Lines; "managed" since the first look, as kernels are not of the same size."""
    return [f"{zone}: spanned {now['spanned']}, present {now['present']}, "
            f"managed {now['managed'] - before[zone]['managed']:+d}"
            for zone, now in after.items()]


def differences(theirs, ours):
    """Lines that only one of two lists has; "-" stock's, "+" ours."""
    return ([f"- {line}" for line in theirs if line not in set(ours)] +
            [f"+ {line}" for line in ours if line not in set(theirs)])


def everything(guest):
    """For observe.expect_same(): what has to be as it was, to the last digit."""
    seen = {name: "\n".join(lines) for name, lines in look(guest).items()}
    return seen | {"memblock": guest.check(MEMBLOCK)} | state(guest)
