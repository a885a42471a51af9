#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Break a file on purpose, one line at a time, and require its tests to fail.

Each mutant is a piece of text that must be found exactly once, what takes its
place, and a sentence. A mutant that the tests accept is a hole in the tests; a
text that is not found means that the file has moved on and the list must too.

    mutate.py path/to/kpgtable.c [--only WORD] -- COMPILER ARGUMENT...

prints KTAP. The compiler's arguments are all that the program of the tests is made of
but the file. With a word, only mutants whose sentence contains it are run.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from mutants import BY_FILE

TIMEOUT = 120


class Result(NamedTuple):
    """Whether a mutant was noticed, and how or why not."""

    noticed: bool
    why: str


def mutated(source, mutant):
    """The source with the mutant's text replaced, or None."""
    if source.count(mutant.old) != 1:
        return None
    return source.replace(mutant.old, mutant.new)


def build(text, name, where, command):
    """Compile and link a mutant; returns the program or an error."""
    (where / name).write_text(text)
    program = where / "test"
    done = subprocess.run([*command, "-w", "-o", program, where / name], capture_output=True,
                          text=True)
    if done.returncode:
        return None, done.stderr.strip().splitlines()[:1]
    return program, None


def first_failure(output):
    """The first failed test and its reason, from KTAP."""
    found = re.search(r"^# (.*)\nnot ok \d+ (.*)$", output, re.M)
    return f"{found[2]} ({found[1]})" if found else None


def run(program):
    """Run the tests until one fails."""
    try:
        done = subprocess.run([program, "-x"], capture_output=True, text=True,
                              timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return Result(True, f"the tests hang ({TIMEOUT} s)")
    if not done.returncode:
        return Result(False, "all tests passed")
    why = first_failure(done.stdout)
    if not why:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        why = f"the tests end with status {done.returncode}: {last}"
    return Result(True, why)


def try_mutant(mutant, code, command):
    """Build one mutant and see whether the tests notice."""
    source = code.read_text()
    text = mutated(source, mutant)
    if text is None:
        times = source.count(mutant.old)
        return Result(False, f"its text is there {times} times, not once: "
                             f"{mutant.old.strip()!r}")
    with tempfile.TemporaryDirectory() as where:
        program, error = build(text, code.name, pathlib.Path(where), command)
        if not program:
            return Result(False, f"does not compile: {error}")
        return run(program)


def report(number, mutant, result):
    """One KTAP line and its reason."""
    word = "ok" if result.noticed else "not ok"
    print(f"# {result.why}")
    print(f"{word} {number} {mutant.ids} the tests notice when "
          f"{mutant.sentence}", flush=True)
    return result.noticed


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("code", type=pathlib.Path)
    parser.add_argument("--only", metavar="WORD", default="")
    parser.add_argument("command", nargs="+", help="compiler and its arguments, after --")
    return parser.parse_args()


def main():
    """Run all mutants, two at a time."""
    args = arguments()
    mutants = [m for m in BY_FILE[args.code.name] if args.only in m.sentence]
    print(f"KTAP version 1\n1..{len(mutants)}", flush=True)
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda m: try_mutant(m, args.code, args.command), mutants)
        good = [report(n, m, r) for n, (m, r)
                in enumerate(zip(mutants, results), 1)]
    print(f"# {sum(good)} of {len(mutants)} mutants noticed")
    return 0 if mutants and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
