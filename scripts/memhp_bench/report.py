# SPDX-License-Identifier: GPL-2.0-only
"""Results of a benchmark: KTAP, and the same numbers as JSON and as a picture."""

import json
from html import escape

from memhp_vm import ktap

TREES = ("grafted", "stock")
LINE, LEFT, WIDTH = 22, 560, 300        # of the picture: height of a line, bars from here


class Report(ktap.Writer):
    """KTAP of goals. What is compared with stock is kept for the other two."""

    def __init__(self, out, total):
        super().__init__(out, total)
        self.kept = []

    def goal(self, sentence, met, ours, stock, note=""):
        """One goal: met or not, our number, stock's (or None)."""
        self.kept.append({"what": sentence, "met": bool(met), "ours": ours, "stock": stock})
        theirs = "" if stock is None else f", stock {stock}"
        self.result(sentence, ktap.PASS if met else ktap.FAIL,
                    f"{ours}{theirs}" + (f", {note}" if note else ""))

    def write_json(self, path):
        path.write_text(json.dumps(self.kept, indent=1) + "\n")

    def write_svg(self, path):
        path.write_text(picture([row for row in self.kept if row["stock"]]))


def bar(y, row):
    """Our number as a part of stock's; what is more than stock's is cut off."""
    part = row["ours"] / row["stock"]
    colour = "#2a7" if row["met"] else "#c33"
    return (f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(row["what"])}</text>'
            f'<rect x="{LEFT}" y="{y + 3}" width="{WIDTH}" height="{LINE - 8}" fill="#ddd"/>'
            f'<rect x="{LEFT}" y="{y + 3}" width="{min(part, 1) * WIDTH:.1f}"'
            f' height="{LINE - 8}" fill="{colour}"/>'
            f'<text x="{LEFT + WIDTH + 8}" y="{y + 14}">{part:.3f}</text>')


def picture(rows):
    height = LINE * (len(rows) + 2)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 70}"'
             f' height="{height}" font-family="sans-serif" font-size="11">',
             f'<text x="{LEFT}" y="{LINE - 6}">ours as a part of stock (grey); red: goal missed</text>']
    lines += [bar(LINE * (place + 1), row) for place, row in enumerate(rows)]
    return "\n".join([*lines, "</svg>"]) + "\n"
