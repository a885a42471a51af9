# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/test makes of scenarios that pass, fail, or end in the middle.

Needs no guest: the scenarios in here boot none.
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from memhp_vm import ktap

PROGRAM = Path(__file__).resolve().parent.parent / "test"

SCENARIOS = """
import os, time
def fine(ctx): ctx.note("1..9")
def bad(ctx): raise ValueError("broken")
def two(ctx): return [(True, "MAP-02 one"), (False, "MAP-03 other")]
def cut(ctx):
    yield True, "MAP-04 one"
    raise ValueError("broken")
def left(ctx): ctx.skip("no reason")
def beside(ctx): ctx.need_stock()
def part(ctx):
    yield True, "MAP-05 one"
    ctx.skip("no reason")
def empty(ctx): return []
def late(ctx): time.sleep(0.2)
def ended(ctx): os._exit(3)
def stopped(ctx): raise KeyboardInterrupt
SCENARIOS = [("MAP-01 " + f.__name__, f) for f in ({})]
"""


def program():
    """scripts/test as a module: its name has no suffix."""
    loader = importlib.machinery.SourceFileLoader("scenario_runner", str(PROGRAM))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Scenarios(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp.cleanup)
        self.folder = Path(self.temp.name)
        self.program = program()
        self.jobs = 1

    def run_text(self, text, config="base"):
        """(tally, the result file) of a module with this text."""
        module = self.folder / "test_made.py"
        module.write_text(text)
        with mock.patch.object(self.program.paths, "RESULTS", self.folder), \
                contextlib.redirect_stdout(io.StringIO()):
            try:
                tally, _ = self.program.run([module], "grafted", config, jobs=self.jobs)
            except KeyboardInterrupt:
                tally = None
        return tally, (self.folder / f"guest-made-{config}.ktap").read_text()

    def results(self, *names, config="base"):
        """(tally, [(name, outcome)]) of these scenarios, none of them missing."""
        tally, text = self.run_text(SCENARIOS.replace("{}", ", ".join(names) + ","), config)
        self.assertEqual(ktap.missing_results(text), 0, text)
        return tally, [(c.name, c.outcome) for c in ktap.parse_cases(text)]

    def test_plain(self):
        """test: a scenario passes once, and one that raises fails once"""
        self.assertEqual(self.results("fine", "bad", "fine"), (
            (2, 1, 0), [("MAP-01 fine", ktap.PASS), ("MAP-01 bad", ktap.FAIL),
                     ("MAP-01 fine", ktap.PASS)]))

    def test_own_results(self):
        """test: results of a scenario's own count, the line that sums them up does not"""
        self.assertEqual(self.results("two", "fine"), (
            (2, 1, 0), [("MAP-02 one", ktap.PASS), ("MAP-03 other", ktap.FAIL),
                     ("MAP-01 fine", ktap.PASS)]))

    def test_cut(self):
        """test: a scenario that raises midway keeps its results, the rest fails once"""
        self.assertEqual(self.results("fine", "cut", "fine"), (
            (3, 1, 0), [("MAP-01 fine", ktap.PASS), ("MAP-04 one", ktap.PASS),
                     ("MAP-01 cut", ktap.FAIL), ("MAP-01 fine", ktap.PASS)]))

    def test_skipped(self):
        """test: a scenario that is skipped neither passes nor fails, what it gave counts"""
        self.assertEqual(self.results("left", "part", "bad"), (
            (1, 1, 2), [("MAP-01 left", ktap.SKIP), ("MAP-05 one", ktap.PASS),
                        ("MAP-01 part", ktap.SKIP), ("MAP-01 bad", ktap.FAIL)]))

    def test_beside_stock(self):
        """test: what needs stock runs in its configuration, and is skipped in others"""
        self.assertEqual(self.results("beside"), ((1, 0, 0), [("MAP-01 beside", ktap.PASS)]))
        self.assertEqual(self.results("beside", config="debug"),
                         ((0, 0, 1), [("MAP-01 beside", ktap.SKIP)]))

    def test_empty(self):
        """test: a scenario that promises results and gives none has failed"""
        self.assertEqual(self.results("empty"), ((0, 1, 0), [("MAP-01 empty", ktap.FAIL)]))

    def test_stopped(self):
        """test: a run that is stopped lacks the results of what did not run"""
        tally, text = self.run_text(SCENARIOS.replace("{}", "fine, stopped, fine"))
        self.assertEqual((tally, ktap.missing_results(text)), (None, 2))

    def test_order(self):
        """test: scenarios that run at the same time report in their order"""
        self.jobs = 3
        self.assertEqual(self.results("late", "two", "late", "fine"), (
            (4, 1, 0), [("MAP-01 late", ktap.PASS), ("MAP-02 one", ktap.PASS),
                        ("MAP-03 other", ktap.FAIL), ("MAP-01 late", ktap.PASS),
                        ("MAP-01 fine", ktap.PASS)]))

    def test_ended(self):
        """test: a scenario whose process ends has failed, the others go on"""
        self.assertEqual(self.results("ended", "fine"), (
            (1, 1, 0), [("MAP-01 ended", ktap.FAIL), ("MAP-01 fine", ktap.PASS)]))

    def test_not_loaded(self):
        """test: a module that cannot be loaded is a failure with its name"""
        tally, text = self.run_text("import no_such_module")
        self.assertEqual(tally, (0, 1, 0))
        self.assertIn("not ok 1 test_made.py can be loaded", text)
        self.assertIn("no_such_module", text)

    def test_rounds(self):
        """test: who repeats something does it all, and says at times how far it is"""
        scenario, said = self.program.Scenario("grafted", "base", None), io.StringIO()
        scenario.sentence = "MAP-01 long"
        with contextlib.redirect_stderr(said), \
                mock.patch.object(self.program, "TOLD_EVERY", -1):
            self.assertEqual(list(scenario.rounds(5, 2)), [0, 2, 4])
        self.assertEqual([line.split(":")[0] for line in said.getvalue().splitlines()],
                         [f"  {done} of 5 in 0 min" for done in (2, 4, 5)])


if __name__ == "__main__":
    unittest.main()
