# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench writes down of its goals, as KTAP, JSON and SVG."""

import io
import json
import tempfile
import unittest
import xml.dom.minidom
from pathlib import Path

from memhp_bench.report import WIDTH, Report


class Written(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = Path(temp.name)
        self.out = io.StringIO()
        self.report = Report(self.out, total=3)
        self.report.goal("half <at> most", True, 50, 200, "4 times")
        self.report.goal("no more", False, 300, 200)
        self.report.goal("ours alone", True, 7, None)
        self.report.finish()

    def test_ktap(self):
        """bench: a goal that is missed fails, and both numbers are shown"""
        text = self.out.getvalue()
        self.assertIn("ok 1 half <at> most # 50, stock 200, 4 times", text)
        self.assertIn("not ok 2 no more # 300, stock 200", text)
        self.assertIn("ok 3 ours alone # 7", text)
        self.assertEqual(self.report.exit_status(), 1)

    def test_json(self):
        """bench: every goal is in the JSON, met or not"""
        path = self.folder / "bench.json"
        self.report.write_json(path)
        self.assertEqual([(row["what"], row["met"], row["ours"], row["stock"])
                          for row in json.loads(path.read_text())],
                         [("half <at> most", True, 50, 200), ("no more", False, 300, 200),
                          ("ours alone", True, 7, None)])

    def test_svg(self):
        """bench: the picture has a bar for each number of stock's, none longer than stock's"""
        path = self.folder / "bench.svg"
        self.report.write_svg(path)
        bars = [rect for rect in
                xml.dom.minidom.parse(str(path)).getElementsByTagName("rect")
                if rect.getAttribute("fill") != "#ddd"]
        self.assertEqual([(float(bar.getAttribute("width")), bar.getAttribute("fill"))
                          for bar in bars], [(WIDTH / 4, "#2a7"), (WIDTH, "#c33")])


if __name__ == "__main__":
    unittest.main()
