# SPDX-License-Identifier: GPL-2.0-only
"""The files by which memory is added and removed by hand, as a test uses them.

Owns what it means that a write was refused as it should be: the error number, one
line in the log, and nothing that changed.
"""

import errno
import re
from collections import namedtuple
from dataclasses import dataclass

from memhp_vm import Node, Topology
from machines import GIB

MEMORY = "/sys/devices/system/memory"
WINDOWS = "/sys/kernel/debug/memory_hotplug/windows"
INPUT = "/tmp/input"
MIB = 1 << 20
EDGE = 2 * GIB              # where the memory of node 1 begins in two_hidden()
TOP = 4 * GIB               # ... and ends
CMDLINE = "nokaslr rodata=on mem=512M"      # hides most of that machine's memory

# What the line in the log has to say of an error, so that who reads it knows what to do; by
# file and error, if the case does not say it.
FORM = "write ADDR"                         # and what else there is
RULE = "must be multiples of "
NOBODY = "CAP_SYS_ADMIN is needed"
SAYS = {
    ("probe", errno.E2BIG): "beyond the end of the linear map",
    ("probe", errno.EEXIST): "a part of it is there already, see /proc/iomem",
    ("probe", errno.EPERM): "not inside of a window, see memory_hotplug/windows",
    ("probe", errno.ERANGE): FORM,
    ("remove", errno.ENOENT): "no memory is there",
    ("remove", errno.EPERM): "a part of it was not added by hand",
    ("remove", errno.EBUSY): "a part of it is online",
    ("remove", errno.ERANGE): "write [offline] ADDR",
    ("window_add", errno.EEXIST): "a part of it is in a window already",
    ("window_add", errno.E2BIG): "the linear map does not reach there",
    ("window_add", errno.EBUSY): "a part of it is taken, see /proc/iomem",
    ("window_add", errno.ERANGE): FORM,
    ("window_remove", errno.ENOENT): "not wholly in windows of this kind",
    ("window_remove", errno.EBUSY): "in use, remove its memory first",
    ("window_remove", errno.ERANGE): FORM,
    ("offline", errno.ENOENT): "a part of it is not there, see /proc/iomem",
    ("offline", errno.ERANGE): FORM,
    ("offline_check", errno.ERANGE): FORM,
    ("offline_cancel", errno.ERANGE): FORM,
}

Window = namedtuple("Window", "start end source node")

# What a refusal must not change, as far as it is quick to see.
GLANCE = (f"cat /proc/iomem {WINDOWS}; grep . {MEMORY}/memory*/state"
          " /sys/devices/system/node/online; grep -E 'spanned|present' /proc/zoneinfo;"
          " grep -s . /sys/devices/system/node/node*/distance /sys/kernel/mm/node_map/*"
          " /sys/kernel/mm/node_map/node*/* 2> /dev/null")


def two_hidden(**options):
    """1 GiB on node 0, 2 GiB on node 1; meant for CMDLINE, which hides most of it."""
    return Topology(nodes=[Node("1G", 1), Node("2G", 1, options.pop("hotpluggable", False))],
                    **options)


def windows(guest):
    found = re.findall(r"0x(\w+)-0x(\w+) (\S+) (-?\d+)", guest.check(f"cat {WINDOWS}"))
    return [Window(int(first, 16), int(last, 16) + 1, source, int(node))
            for first, last, source, node in found]


def block_size(guest):
    return int(guest.check(f"cat {MEMORY}/block_size_bytes"), 16)


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def write(guest, name, text, options=""):
    """The error number of one write() to a file, 0 if it went well."""
    guest.put(INPUT, as_bytes(text))
    return int(guest.check(f"onewrite {options} {MEMORY}/{name} < {INPUT}"))


def good(guest, name, text):
    number = write(guest, name, text)
    assert not number, f"{name} {text}: {errno.errorcode[number]}\n{guest.tail(3)}"


@dataclass
class Case:
    """A write that has to be refused."""
    what: str
    file: str
    text: object
    error: int
    options: str = ""       # of onewrite
    lines: int = 1          # in the log; the kernel says nothing of a file's mode
    folder: str = MEMORY
    who: str = "memory_hotplug"     # begins the line
    says: str = ""          # that line

    def __post_init__(self):
        self.says = self.says or SAYS.get((self.file, self.error), "")

    def sentence(self, ids):
        return f"{ids} {self.file}: {self.what}: {errno.errorcode[self.error]}"


@dataclass
class Answer:
    """What a write led to."""
    number: int             # the error's, or 0
    lines: list             # ours of the log
    same: bool              # did nothing change?
    missed: bool            # with -n: was there a request that failed?


def glance(guest):
    """What try_case() compares with, and an empty log."""
    guest.check(f"({GLANCE}) > /tmp/before; dmesg -c > /tmp/old")


def try_case(guest, case):
    guest.put(INPUT, as_bytes(case.text))
    out = guest.check(f"onewrite {case.options} {case.folder}/{case.file} < {INPUT};"
                      f" ({GLANCE}) > /tmp/after; cmp /tmp/before /tmp/after > /tmp/differs;"
                      f" echo $?; dmesg -c | sed -n 's/^.*] {case.who}: /{case.who}: /p'")
    numbers, differs, *lines = out.splitlines()
    missed, _, number = numbers.rpartition(" ")
    return Answer(int(number), lines, differs == "0", missed == "1")


def judge(case, answer):
    """What is wrong with the answer, or None."""
    if answer.number != case.error:
        return f"errno {answer.number} {errno.errorcode.get(answer.number)}"
    if len(answer.lines) != case.lines:
        return f"{len(answer.lines)} lines in the log"
    if answer.lines and f"error -{case.error}: " not in answer.lines[0]:
        return "the line does not name the error"
    if answer.lines and case.says not in answer.lines[0]:
        return f"the line does not say: {case.says}"
    return None if answer.same else "something changed"


def refuse_all(ctx, guest, cases, ids):
    """Yields a result for each case."""
    glance(guest)
    for case in cases:
        answer = try_case(guest, case)
        wrong = judge(case, answer)
        if wrong:
            ctx.note(f"{case.what}: {wrong}; the log: {answer.lines}")
        yield not wrong, case.sentence(ids)
