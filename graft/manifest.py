# SPDX-License-Identifier: GPL-2.0-only
"""The manifest: its lines, and what they make of stock. Changes no file."""

import fnmatch
import os
import re
import subprocess
from collections import namedtuple

from ctext import masked, name_run, spans
from files import Stop, read
from lock import Region

# What editors, compilers and checkers leave behind is no part of an overlay.
LITTER = ("*~", ".*.sw?", "*.o", "*.pyc", ".*.cmd", ".checkpatch-*")

Step = namedtuple("Step", "where verb words expect text")


def parse_manifest(path):
    """[Step]; a line that starts with a tab is text of the step above it."""
    steps = []
    for number, line in enumerate(read(path).splitlines(), 1):
        where = f"graft/manifest:{number}"
        if line.startswith("\t"):
            if not steps:
                raise Stop(f"{where}: text without a step above it")
            steps[-1].text.append(line[1:])
        elif line.strip() and not line.startswith("#"):
            head, _, expect = line.partition(" expect ")
            count = re.match(r"(\d+) lines?\b", expect)
            if expect and not count:
                raise Stop(f"{where}: write 'expect N lines', not 'expect {expect}'")
            verb, *words = head.split()
            steps.append(Step(where, verb, words, int(count[1]) if count else None, []))
    return steps


class Plan:
    """What the manifest makes of stock: links to ours, texts, regions, complaints."""

    # verb: (words it takes, whether it says how many lines it is about)
    VERBS = {"overlay": (1, False), "shadow": (1, False), "unifdef": (2, True),
             "append": (1, True), "pin": (2, False), "omit": (1, False),
             "enter": (2, True)}
    WITH_TEXT = ("append", "enter")

    def __init__(self, repo, build, stock):
        self.repo, self.build, self.stock = repo, build, stock
        self.links, self.texts, self.regions, self.wrong = {}, {}, [], []
        self.shadows = set()

    def follow(self, steps):
        for step in steps:
            if step.verb not in self.VERBS:
                raise Stop(f"{step.where}: no verb '{step.verb}' "
                           f"(there are {', '.join(self.VERBS)})")
            words, counted = self.VERBS[step.verb]
            if len(step.words) != words or counted != (step.expect is not None) \
                    or bool(step.text) != (step.verb in self.WITH_TEXT):
                raise Stop(f"{step.where}: '{step.verb}' is not written like this, "
                           "see the top of the manifest")
            getattr(self, step.verb)(step, *step.words)
        self.find_collisions()

    def stock_text(self, step, file):
        if file in self.texts:
            return self.texts[file]
        if not (self.stock / file).is_file():
            raise Stop(f"{step.where}: stock has no {file}")
        return read(self.stock / file)

    def expect(self, step, count, what):
        if count != step.expect:
            self.wrong.append(f"{step.where}: {what} {count} lines, "
                              f"the manifest expects {step.expect}")

    def overlay(self, step, directory):
        files = []
        for path in sorted((self.repo / directory).rglob("*")):
            litter = any(fnmatch.fnmatch(path.name, pattern) for pattern in LITTER)
            if path.is_file() and not litter:
                files.append((str(path.relative_to(self.repo)), path))
        self.links.update(files)
        if not files:
            raise Stop(f"{step.where}: no file of ours below {directory}")

    def shadow(self, step, file):
        self.shadows.add(file)
        self.regions.append(Region("shadow", file, "file", self.stock_text(step, file)))

    def omit(self, step, file):
        """Whoever still compiles it is told."""
        self.regions.append(Region("omit", file, "file", self.stock_text(step, file)))
        self.texts[file] = f'#error "{file} is left out, see graft/manifest"\n'

    def unifdef(self, step, file, option):
        """Takes lines out; what unifdef says is believed only line by line."""
        lines = self.stock_text(step, file).splitlines(keepends=True)
        kept = self.kept_lines(step, file, option, lines)
        code, taken, start = masked("".join(lines)), {}, 0
        for end in kept + [len(lines)]:
            if end > start:
                name = name_run(code, lines, start, end, taken)
                self.regions.append(Region("unifdef", file, name, "".join(lines[start:end])))
            start = end + 1
        self.expect(step, len(lines) - len(kept), f"{option} removes from {file}")
        self.texts[file] = "".join(lines[i] for i in kept)

    def kept_lines(self, step, file, option, lines):
        tool = subprocess.run([self.unifdef_tool(), "-n", option], input="".join(lines),
                              capture_output=True, encoding="utf-8", errors="surrogateescape")
        if tool.returncode > 1:
            raise Stop(f"{step.where}: unifdef {file}: {tool.stderr.strip()}")
        kept, number = [], 0
        for line in tool.stdout.splitlines(keepends=True):
            jump = re.fullmatch(r"#line (\d+)\s*", line)
            if jump:
                number = int(jump[1]) - 1
                continue
            if number >= len(lines) or lines[number] != line:
                raise Stop(f"{step.where}: unifdef rewrote line {number + 1} of {file}")
            kept.append(number)
            number += 1
        return kept

    def unifdef_tool(self):
        """The kernel's own, built with the host's compiler."""
        source, tool = self.stock / "scripts/unifdef.c", self.build / "tools/unifdef"
        if not tool.exists() or tool.stat().st_mtime < source.stat().st_mtime:
            tool.parent.mkdir(parents=True, exist_ok=True)
            cc = subprocess.run(["cc", "-O2", "-w", "-o", tool, source],
                                capture_output=True, text=True)
            if cc.returncode:
                raise Stop(f"scripts/unifdef.c does not build:\n{cc.stderr}")
        return tool

    def append(self, step, file):
        """Our lines follow stock's last paragraph, so that one is pinned."""
        text = self.stock_text(step, file)
        last = read(self.stock / file).strip().rsplit("\n\n", 1)[-1] + "\n"
        self.regions.append(Region("append", file, "end", last))
        self.expect(step, len(step.text), f"appended to {file} are")
        self.texts[file] = text.rstrip("\n") + "\n\n" + "\n".join(step.text) + "\n"

    def function(self, step, file, name):
        """(text of the file, offsets of its only definition of the function)"""
        text = self.stock_text(step, file)
        found = spans(text, name)
        if len(found) != 1:
            raise Stop(f"{step.where}: {file} defines {name}() {len(found)} times, not once")
        return text, found[0]

    def pin(self, step, file, name):
        text, (start, _, end) = self.function(step, file, name)
        self.regions.append(Region("pin", file, name, text[start:end] + "\n"))

    def enter(self, step, file, name):
        text, (start, body, end) = self.function(step, file, name)
        self.regions.append(Region("enter", file, name, text[start:end] + "\n"))
        self.expect(step, len(step.text), f"at the start of {name}() in {file} are")
        self.texts[file] = text[:body] + "".join(f"\n\t{line}" for line in step.text) + text[body:]

    def find_collisions(self):
        for file in self.links:
            if file in self.texts:
                self.wrong.append(f"{file} is ours, and the manifest edits stock's")
            elif file not in self.shadows and os.path.lexists(self.stock / file):
                self.wrong.append(f"{file} is stock's too: rename ours, or write "
                                  f"'shadow {file}' in the manifest")
        for file in self.shadows - set(self.links):
            self.wrong.append(f"shadow {file}: the repository has no such file")
