# SPDX-License-Identifier: GPL-2.0-only
"""On which line of a TOML file a value begins.

Python's parser does not say. But it can be asked what ever longer beginnings of the
file hold: the first that holds a value ends with the line on which that begins.
Nothing here knows what TOML looks like, save that "]" ends an array.
"""

import bisect
import tomllib

# A beginning may end within an array, or within an array in an array.
ENDINGS = ("", "\n]", "\n]]")


def has(value, path):
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


class Lines:
    def __init__(self, text):
        self.lines = text.split("\n")
        self.known = {}

    def beginning(self, count):
        """What the first lines say, whole values only."""
        while count and self._parsed(count) is None:
            count -= 1
        return self._parsed(count) if count else {}

    def _parsed(self, count):
        if count not in self.known:
            text = "\n".join(self.lines[:count])
            self.known[count] = next(filter(None.__ne__, map(parse, (text + end
                                                                     for end in ENDINGS))), None)
        return self.known[count]

    def line_of(self, path):
        """Counted from 1. Of a path that is not there, what is there of it."""
        count, path = len(self.lines), tuple(path)
        while path and not has(self.beginning(count), path):
            path = path[:-1]
        return 1 + bisect.bisect_left(range(1, count), True,
                                      key=lambda n: has(self.beginning(n), path))


def parse(text):
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
