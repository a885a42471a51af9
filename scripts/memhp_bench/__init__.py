# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench measures, a part in each module: PART says how.

A part measures ours and stock's in the same run, prints a table, and gives a result
for each goal.
"""

from collections import namedtuple

# measure(library, boots) gives numbers; judge(numbers, report) makes "results" of them;
# profile(library) shows where instructions go, or is None
Part = namedtuple("Part", "measure judge results profile", defaults=[None])
