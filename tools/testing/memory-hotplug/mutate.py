#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Break kpgtable.c on purpose, one line at a time, and require the tests to fail.

Each mutant is a piece of text that must be found exactly once, what takes its
place, and a sentence. A mutant that the tests accept is a hole in the tests; a
text that is not found means that kpgtable.c has moved on and the list must too.

    mutate.py --kpgtable path/to/kpgtable.c --objects build/host-tests/plain [word]

prints KTAP. With a word, only mutants whose sentence contains it are run.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from mutants import MUTANTS

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 120
CFLAGS = ["-std=gnu11", "-O1"]


class Result(NamedTuple):
    """Whether a mutant was noticed, and how or why not."""

    noticed: bool
    why: str


def mutated(source, mutant):
    """The source with the mutant's text replaced, or None."""
    if source.count(mutant.old) != 1:
        return None
    return source.replace(mutant.old, mutant.new)


def build(text, where, objects, include):
    """Compile and link a mutant; returns the program or an error."""
    (where / "kpgtable.c").write_text(text)
    program = where / "test"
    command = ["gcc", *CFLAGS, f"-I{HERE}/include", f"-I{include}", "-w",
               "-o", str(program), str(where / "kpgtable.c"), *objects]
    done = subprocess.run(command, capture_output=True, text=True)
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


def try_mutant(mutant, source, objects, include):
    """Build one mutant and see whether the tests notice."""
    text = mutated(source, mutant)
    if text is None:
        times = source.count(mutant.old)
        return Result(False, f"its text is there {times} times, not once: "
                             f"{mutant.old.strip()!r}")
    with tempfile.TemporaryDirectory() as where:
        program, error = build(text, pathlib.Path(where), objects, include)
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
    parser.add_argument("--kpgtable", required=True, type=pathlib.Path)
    parser.add_argument("--objects", required=True, type=pathlib.Path)
    parser.add_argument("word", nargs="?", default="")
    return parser.parse_args()


def main():
    """Run all mutants, two at a time."""
    args = arguments()
    source = args.kpgtable.read_text()
    include = HERE.parents[2] / "arch/arm64/mm"
    objects = sorted(str(o) for o in args.objects.glob("*.o"))
    mutants = [m for m in MUTANTS if args.word in m.sentence]
    print(f"KTAP version 1\n1..{len(mutants)}", flush=True)
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(
            lambda m: try_mutant(m, source, objects, include), mutants)
        good = [report(n, m, r) for n, (m, r)
                in enumerate(zip(mutants, results), 1)]
    print(f"# {sum(good)} of {len(mutants)} mutants noticed")
    return 0 if mutants and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
