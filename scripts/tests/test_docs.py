# SPDX-License-Identifier: GPL-2.0-only
"""Whoever searches the documentation for what the kernel said finds it there."""

import re
import unittest

from memhp_vm import paths

FOLDERS = ("mm", "drivers", "arch")
STRING = r'"(?:[^"\\]|\\.)*"'
# Calls with a text that people see when something is refused or goes wrong.
CALL = re.compile(r"\b(?:(?:pr_(?:err|warn)\w*|mhp_not_\w+|not_onlined|mhp_offline_fail|refuse\w*)"
                  rf"\(|why = )(?:{STRING}|[^;\"])*;")
TEXT = re.compile(rf"{STRING}(?:\s*(?:[A-Z][A-Z_]+\s*)?{STRING})*")
CUT = re.compile(r'%[-#0-9.*]*(?:ll|l|z|h)*[a-zA-Z]+|\\.|"\s*[A-Z_]+\s*"')
WORDS = 3           # in a row, which are enough to find a message by


def pieces(text):
    """A message's words, in lists that nothing comes between."""
    joined = re.sub(r'"\s*"', "", text)[1:-1]
    return [piece.split() for piece in CUT.split(joined)]


def keys(text):
    """What one could search for."""
    return [" ".join(words[at:at + WORDS]) for words in pieces(text)
            for at in range(len(words) - WORDS + 1)]


def messages(source):
    for call in CALL.finditer(source):
        yield from (found[0] for found in TEXT.finditer(call[0]))


def plain(text):
    return " ".join(text.replace("`", "").split())


def unknown(source, documents):
    """Messages of which no words are in the documents."""
    return [text for text in messages(source)
            if keys(text) and not any(key in documents for key in keys(text))]


class Messages(unittest.TestCase):
    maxDiff = None

    def test_documented(self):
        """GRAFT-05 each message of ours that tells of a failure is in Documentation"""
        documents = plain(" ".join(path.read_text() for path in
                                   sorted((paths.ROOT / "Documentation").glob("*.rst"))))
        sources = [path for folder in FOLDERS for path in sorted((paths.ROOT / folder).rglob("*.c"))
                   if not path.name.endswith("_test.c")]
        found = {str(path.relative_to(paths.ROOT)): unknown(path.read_text(), documents)
                 for path in sources}
        self.assertGreater(sum(len(list(messages(path.read_text()))) for path in sources), 100)
        self.assertEqual({name: texts for name, texts in found.items() if texts}, {})

    def test_undocumented(self):
        """a message that is nowhere is noticed, one that is cut in the source is put together"""
        source = ('pr_warn(MHP_RANGE " is lost, error %d: none "\n\t"can see it\\n", start);\n'
                  'return mhp_not_added(start, size, -EINVAL,\n\t"it is (much) too blue");\n')
        self.assertEqual(len(list(messages(source))), 2)
        self.assertEqual(unknown(source, "none can see it; much too blue; it is too blue"),
                         ['"it is (much) too blue"'])
        self.assertEqual(len(unknown(source, "is lost, error 5")), 1)
        self.assertEqual(unknown(source, "lost. it is (much) more; none can see"), [])


if __name__ == "__main__":
    unittest.main()
