# SPDX-License-Identifier: GPL-2.0-only
"""KTAP: writing results, and judging the output of programs that write it.

A case that was skipped did not pass. A program that announced more cases than
it reported, or none at all, failed.
"""

import io
import os
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass

PASS, FAIL, SKIP = "pass", "fail", "skip"
STATUS_SKIP = 4             # exit status of a kselftest that could not run

RESULT = re.compile(r"^(\s*)(not ok|ok)\b\s*\d*\s*-?\s*(.*)$")
PLAN = re.compile(r"^([ \t]*)1\.\.(\d+)", re.M)
VERSION = re.compile(r"^[ \t]*(KTAP|TAP) version \d+", re.M)
DIRECTIVE = re.compile(r"#\s*(SKIP|TODO|XFAIL|TIMEOUT|ERROR)\b", re.I)


@dataclass
class Case:
    name: str
    outcome: str
    note: str = ""


@dataclass
class Verdict:
    """What the output and the exit status of a program amount to."""
    outcome: str
    note: str
    cases: list


def parse_cases(text):
    """The innermost results: a suite's own line counts by its cases."""
    cases, deepest = [], None
    for line in text.splitlines():
        match = RESULT.match(line)
        if not match:
            continue
        indent, word, rest = match.groups()
        if deepest is not None and len(indent) < deepest:
            deepest = len(indent)       # the line that sums up the ones above
            if word == "ok" or any(c.outcome == FAIL for c in cases):
                continue
        deepest = len(indent)
        cases.append(_case(word, rest))
    return cases


def _case(word, rest):
    directive = DIRECTIVE.search(rest)
    name = rest[:directive.start()].strip() if directive else rest.strip()
    if word == "not ok":
        return Case(name, FAIL, rest[directive.start():] if directive else "")
    if directive and directive[1].upper() == "SKIP":
        return Case(name, SKIP, rest[directive.end():].strip())
    if directive and directive[1].upper() in ("TIMEOUT", "ERROR"):
        return Case(name, FAIL, directive[1])
    return Case(name, PASS)


def missing_results(text):
    """How many results were announced but did not come, at any depth."""
    lacking, planned, seen = 0, {}, {}

    def close(depth):
        return max(0, planned.pop(depth, 0) - seen.pop(depth, 0))

    for line in text.splitlines():
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan:
            depth = len(plan[1])
            if depth in planned:        # the next suite begins
                lacking += close(depth)
            planned[depth] = int(plan[2])       # before its results, or after them
        elif result:
            depth = len(result[1])
            lacking += sum(close(deeper) for deeper in [*planned] if deeper > depth)
            seen[depth] = seen.get(depth, 0) + 1
    return lacking + sum(close(depth) for depth in [*planned])


def judge(status, text):
    """The verdict on a program that ended with this status and output."""
    cases = parse_cases(text) if VERSION.search(text) or PLAN.search(text) else []
    failed = [c for c in cases if c.outcome == FAIL]
    skipped = [c for c in cases if c.outcome == SKIP]
    lacking = missing_results(text) if cases or PLAN.search(text) else 0
    if status not in (0, STATUS_SKIP):
        return Verdict(FAIL, f"exit status {status}", cases)
    if failed:
        return Verdict(FAIL, f"{len(failed)} of {len(cases)} cases failed", cases)
    if lacking:
        return Verdict(FAIL, f"{lacking} results announced but missing", cases)
    if status == STATUS_SKIP or (cases and len(skipped) == len(cases)):
        return Verdict(SKIP, skipped[0].note if skipped else "the program skipped itself", cases)
    if skipped:
        return Verdict(PASS, f"{len(skipped)} of {len(cases)} cases skipped", cases)
    return Verdict(PASS, "", cases)


class Writer:
    """Prints one KTAP document, line by line as results come in."""

    def __init__(self, out, total=None):
        self.out, self.count = out, 0
        self.tally = {PASS: 0, FAIL: 0, SKIP: 0}
        self._line("KTAP version 1")
        if total is not None:
            self._line(f"1..{total}")

    def _line(self, text):
        print(text, file=self.out, flush=True)

    def diagnostic(self, text):
        for line in text.splitlines():
            self._line(f"# {line}")

    def nested(self, text):
        """Output of a test, set in so that it is no result of ours."""
        for line in text.splitlines():
            self._line(f"  {line}")

    def result(self, name, outcome, note=""):
        self.count += 1
        self.tally[outcome] += 1
        word = "not ok" if outcome == FAIL else "ok"
        if outcome == SKIP:
            note = f"SKIP {note}".strip()
        self._line(f"{word} {self.count} {name}" + (f" # {note}" if note else ""))

    def finish(self, plan_at_end=False):
        if plan_at_end:
            self._line(f"1..{self.count}")
        self._line(f"# {self.tally[PASS]} passed, {self.tally[FAIL]} failed, "
                   f"{self.tally[SKIP]} skipped")

    def exit_status(self):
        """0 only when something ran and all of it passed."""
        if self.tally[FAIL] or not self.count:
            return 1
        return STATUS_SKIP if self.tally[SKIP] else 0


class Tee:
    """Writes to several files."""

    def __init__(self, *files):
        self.files = files

    def write(self, text):
        for file in self.files:
            file.write(text)

    def flush(self):
        for file in self.files:
            file.flush()


@contextmanager
def kept(path):
    """Standard output, whose text becomes the file "path" at the end, whatever happens.

    Until then there is no such file, not even the one of an earlier run. Two runs at
    the same time do not write into one file: the last to end leaves its own.
    """
    path.unlink(missing_ok=True)
    text = io.StringIO()
    try:
        yield Tee(sys.stdout, text)
    finally:
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(text.getvalue())
        part.replace(path)
