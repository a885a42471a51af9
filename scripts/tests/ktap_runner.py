# SPDX-License-Identifier: GPL-2.0-only
"""Runs unittest cases and writes KTAP; a test's name is its first doc line."""

import io
import time
import traceback
import unittest

from memhp_vm import ktap


class Result(unittest.TestResult):
    """Reports each test once, also those that never began."""

    def __init__(self, writer, tests):
        super().__init__()
        self.writer = writer
        self.waiting = {test.id(): test for test in tests}
        self.reported = set()
        self.started = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def _report(self, test, outcome, note=""):
        if test.id() in self.reported:
            return
        self.reported.add(test.id())
        self.waiting.pop(test.id(), None)
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
            self._fail(test, err)

    def fail_waiting(self):
        """What has no result by the end: its class could not be set up, or ^C."""
        for test in [*self.waiting.values()]:
            self._report(test, ktap.FAIL, "did not run to its end")

    def _fail(self, test, err):
        text = io.StringIO()
        traceback.print_exception(*err, file=text)
        self.writer.diagnostic(text.getvalue())
        self._report(test, ktap.FAIL, f"after {time.monotonic() - self.started:.1f} s")


def tests_of(suite):
    """Every test of a suite; a suite forgets them as it runs them."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


def run(suite, out):
    """Runs the suite; returns the exit status."""
    writer = ktap.Writer(out)
    result = Result(writer, tests_of(suite))
    try:
        suite.run(result)
    finally:
        result.fail_waiting()
        writer.finish(plan_at_end=True)
    return writer.exit_status()
