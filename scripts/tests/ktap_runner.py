# SPDX-License-Identifier: GPL-2.0-only
"""Runs unittest cases and writes KTAP; a test's name is its first doc line."""

import io
import time
import traceback
import unittest

from memhp_vm import ktap


class Result(unittest.TestResult):
    def __init__(self, writer):
        super().__init__()
        self.writer = writer

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def _report(self, test, outcome, note=""):
        name = test.shortDescription() or test.id()
        seconds = time.monotonic() - self.started
        self.writer.result(name, outcome, note or (f"{seconds:.1f} s" if seconds > 1 else ""))

    def addSuccess(self, test):
        super().addSuccess(test)
        self._report(test, ktap.PASS)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._report(test, ktap.SKIP, reason)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._fail(subtest, err)

    def _fail(self, test, err):
        text = io.StringIO()
        traceback.print_exception(*err, file=text)
        self.writer.diagnostic(text.getvalue())
        self._report(test, ktap.FAIL, f"after {time.monotonic() - self.started:.1f} s")


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


def run(suite, out):
    """Runs the suite; returns the exit status."""
    writer = ktap.Writer(out, suite.countTestCases())
    suite.run(Result(writer))
    writer.finish()
    return writer.exit_status()
