# SPDX-License-Identifier: GPL-2.0-only
"""The kernel log of a guest, and the watch for reports in it.

A report is a line that no healthy kernel prints. A stack trace alone is one
too, unless a line above it says that it was asked for (fault injection, an
allocation that may fail, sysrq).
"""

import re
import time

REPORTS = [
    ("panic", r"Kernel panic - not syncing"),
    ("oops", r"Internal error: "),
    ("oops", r"Unable to handle kernel "),
    ("oops", r"[kK]ernel BUG at "),
    ("KASAN", r"BUG: KASAN: "),
    ("KCSAN", r"BUG: KCSAN: "),
    ("KFENCE", r"BUG: KFENCE: "),
    ("UBSAN", r"UBSAN: "),
    ("lockdep", r"possible (circular|irq|recursive) lock|inconsistent lock state"),
    ("lockdep", r"(HARDIRQ|SOFTIRQ)-safe -> .*unsafe lock order"),
    ("lockdep", r"(suspicious RCU usage|held lock freed|bad unlock balance"
                r"|still holding|INFO: trying to register non-static key"
                r"|Invalid wait context|MAX_LOCKDEP\w+ too low"
                r"|MAX_LOCK_DEPTH too low)"),
    ("sleeping", r"BUG: (sleeping function|scheduling while atomic)"),
    ("kmemleak", r"kmemleak: \d+ new suspected memory leaks"),
    ("hung task", r"INFO: task .* blocked for more than"),
    ("lockup", r"(soft|hard) lockup|rcu: INFO: .*(stall|Stall)"),
    ("BUG", r"BUG: "),
    ("WARNING", r"WARNING: "),
    ("stack trace", r"Call trace:"),
]
REPORTS = [(kind, re.compile(rx)) for kind, rx in REPORTS]

# Lines that excuse a stack trace (only a trace) in the lines below them.
EXCUSES = re.compile(r"FAULT_INJECTION: |page allocation failure: |vmalloc error: |sysrq: "
                     r"|invoked oom-killer|page_owner ")
EXCUSED_LINES = 60
FATAL = ("panic", "oops")
QUIET = 1.5                 # seconds without a line: a report is at its end

STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")


def reason_of(kind, line):
    """A report as the reason of a death; many lines name their kind already."""
    return line if kind.lower() in line.lower() else f"{kind}: {line}"


def classify(line):
    """The kind of report that a line begins, or None."""
    for kind, rx in REPORTS:
        if rx.search(line):
            return kind
    return None


class Console:
    """Lines so far. feed() is called by the reader thread only."""

    def __init__(self, pulse, ignore=(), log=None):
        self.pulse, self.log = pulse, log
        self.ignore = [re.compile(rx) for rx in ignore]
        self.text = []              # whole lines
        self.partial = ""
        self.found = []             # (kind, line)
        self.found_at = 0.0         # when the first of them came
        self.heard = time.monotonic()
        self.trace_excused_until = -1
        self.tap = None             # copy of the raw bytes, for --shell

    def feed(self, data):
        if self.log:
            self.log.write(data)
            self.log.flush()
        if self.tap:
            self.tap(data)
        with self.pulse:
            self.heard = time.monotonic()
            self.partial += data.decode(errors="replace").replace("\r", "")
            *lines, self.partial = self.partial.split("\n")
            for line in lines:
                self._take(line)
        self.pulse.beat()

    def _take(self, line):
        self.text.append(line)
        if EXCUSES.search(line):
            self.trace_excused_until = len(self.text) + EXCUSED_LINES
            return
        kind = classify(line)
        if kind is None or any(rx.search(line) for rx in self.ignore):
            if kind:
                self.trace_excused_until = len(self.text) + EXCUSED_LINES
            return
        if kind == "stack trace" and len(self.text) < self.trace_excused_until:
            return
        self.found_at = self.found_at or time.monotonic()
        self.found.append((kind, STAMP.sub("", line)))
        self.trace_excused_until = len(self.text) + EXCUSED_LINES

    def settled(self, limit):
        """No more of the last report is to be expected, or it took too long."""
        now = time.monotonic()
        return now - self.heard > QUIET or now - self.found_at > limit

    def tail(self, lines=40):
        with self.pulse:
            return "\n".join((self.text + [self.partial])[-lines:])

    def all(self):
        with self.pulse:
            return "\n".join(self.text + [self.partial])
