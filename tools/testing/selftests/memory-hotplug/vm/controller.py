# SPDX-License-Identifier: GPL-2.0-only
"""A controller in a guest, as a test uses one: the program ctl, and what it prints."""

import re
import time
from dataclasses import dataclass, field
from errno import errorcode

from machines import GIB

CLASS = "/sys/class/memhp"
STATES = ("absent", "attaching", "attached", "changing", "draining", "aborting")
USAGES = ("offline", "online-kernel", "online-movable", "mixed")
EVENTS = ("attached", "usage", "progress", "blocked", "detached", "failed", "poisoned",
          "orphaned", "reclaimed")
OFFLINE, ONLINE, KERNEL, MOVABLE = range(4)             # policies


@dataclass
class Answer:
    """What came of one request."""
    error: int
    text: str
    objects: list = field(default_factory=list)

    def __str__(self):
        return f"{errorcode.get(self.error, self.error)} '{self.text}' {self.objects}"


def fields(line):
    """{name: text} of an object; what may be there several times is a list."""
    found = {"ranges": [], "blockers": []}
    for name, quoted, plain in re.findall(r"([\w-]+)=(?:'([^']*)'|(\S*))", line):
        if name in ("range", "blocker"):
            found[name + "s"].append(plain)
        else:
            found[name] = quoted or plain
    return found


def parse(out):
    """[Answer]; events are answers of "hear", in their order."""
    answers, objects = [], []
    for line in out.splitlines():
        head, _, rest = line.partition(" ")
        if head in ("object", "event", "interrupted", "overrun"):
            objects.append({"line": head, **fields(line)})
        elif head.isdigit():
            answers.append(Answer(int(head), rest, objects))
            objects = []
        else:
            raise AssertionError(f"ctl says: {line}")
    return answers


def ctl(guest, *requests):
    """One socket for all requests, closed at the end."""
    text = " -- ".join(requests)
    status, out = guest.run(f"ctl {text}")
    assert status == 0, out
    return parse(out)


def ask(guest, request):
    return ctl(guest, request)[-1]


def segments(guest):
    """{uuid: fields} by a dump."""
    return {int(s["uuid"]): s for s in ask(guest, "segments").objects}


def segment(guest, uuid):
    answer = ask(guest, f"get uuid={uuid}")
    return answer.objects[0] if not answer.error else None


def sysfs(uuid):
    return f"{CLASS}/segment-00000000-0000-0000-0000-{uuid:012x}"


class Owner:
    """A controller that lives until it is killed; its socket stays open."""

    def __init__(self, guest, *requests):
        self.guest = guest
        words = " -- ".join(requests)
        self.job = guest.start(f"exec ctl {words} -- sleep 1000000")
        self.wanted = len(requests)

    def answers(self, timeout=60):
        """Once all requests have an answer."""
        end = time.monotonic() + timeout * self.guest.slowness
        while time.monotonic() < end:
            answers = parse(whole_lines(self.job.output))
            if len(answers) >= self.wanted:
                return answers
            assert not self.job.done(), self.job.output
            time.sleep(0.05)
        raise AssertionError(f"no answer: {self.job.output}")

    def good(self):
        for answer in self.answers():
            assert not answer.error, answer
        return self

    def die(self):
        """kill -9, and nothing of it is left."""
        self.job.kill()
        self.job.wait(30)


class Pin:
    """A page of node 1 that nobody can move."""

    def __init__(self, guest):
        self.job = guest.start("exec pin 1")
        end = time.monotonic() + 20
        while "\n" not in self.job.output and time.monotonic() < end:
            time.sleep(0.05)
        self.pfn = int(self.job.output.split()[0], 16)

    def release(self):
        self.job.kill()
        self.job.wait(20)


def whole_lines(text):
    return text[:text.rfind("\n") + 1]


def wait_state(guest, uuid, wanted, timeout=60):
    """Polls until the segment is in a state; None: until there is none."""
    end = time.monotonic() + timeout * guest.slowness
    while time.monotonic() < end:
        seg = segment(guest, uuid)
        state = STATES[int(seg["state"])] if seg else None
        if state == wanted:
            return seg
        time.sleep(0.05)
    raise AssertionError(f"segment {uuid} is {state}, not {wanted}")


def settled(guest, timeout=60):
    """The segments, once nothing is under way with any of them."""
    end = time.monotonic() + timeout * guest.slowness
    while time.monotonic() < end:
        found = segments(guest)
        if all(STATES[int(s["state"])] == "attached" for s in found.values()):
            return found
        time.sleep(0.05)
    raise AssertionError(f"something is under way after {timeout} s: {found}")


def attach(uuid, start=None, size=GIB // 8, owner="test", wait=10000, **more):
    """The words of a request."""
    place = f"{start:#x}" if start is not None else ""
    rest = "".join(f" {name}={value}" for name, value in more.items())
    return f"attach uuid={uuid} owner={owner} range={place}+{size:#x} wait={wait}{rest}"
