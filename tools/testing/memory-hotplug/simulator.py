#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Stock's own tests of memblock, run on memblock as the graft makes it.

They are in the kernel's source (tools/testing/memblock), and need the header files
of liburcu. Without source or header they are skipped, and KTAP says so. What our
hooks call is memblock_hooks.c, with the kernel's ledger behind it.

    simulator.py --grafted build/grafted --out build/host-tests/simulator
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[2]
GRAFTED, SOURCE = REPO / "build/grafted", REPO / "build/linux-source-6.12"
TESTS = "tools/testing/memblock"
PARTS = ("tools/include", "tools/lib", "tools/arch", "tools/testing/selftests", "include")
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

# What make is told, and what the program is told.
BUILDS = [(), ("NUMA=1",)]
PROGRAMS = [(), ("-m",)]
# Tests that the program runs at least, or it did not run them.
LEAST = 100


def named(make, program):
    words = " ".join(make + program)
    return "BOOT-08 stock's tests of memblock pass on memblock with our hooks" \
           + (f", {words}" if words else "")


def lacking(grafted):
    """Why the tests cannot run, or None. Brings the tree of this repository up to date."""
    if grafted == GRAFTED and SOURCE.exists():
        subprocess.run([REPO / "graft/graft"], check=True, stdout=subprocess.DEVNULL)
    if not (grafted / TESTS / "Makefile").exists():
        return "no source to graft (make source)"
    probe = subprocess.run(["gcc", "-E", "-x", "c", "-"], input="#include <urcu.h>\n",
                           capture_output=True, text=True)
    return None if probe.returncode == 0 else "no liburcu (apt-get install liburcu-dev)"


def lay_out(grafted, out):
    """A tree with the tests copied, because they build where they are."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(grafted / TESTS, out / TESTS)
    (out / "mm").mkdir()
    (out / "mm/memblock.c").symlink_to((grafted / "mm/memblock.c").absolute())
    for part in PARTS:
        (out / part).symlink_to((grafted / part).absolute(), target_is_directory=True)


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    return done.returncode, done.stdout


def hooks(out):
    """The objects behind the hooks; they are in the command line of the linker."""
    objects = []
    for source in (HERE / "memblock_hooks.c", REPO / "mm/boot_memory/ledger.c"):
        objects.append(str(out / f"{source.stem}.o"))
        subprocess.run(["gcc", "-O1", "-g", "-Wall", "-Werror", *SANITIZE,
                        f"-I{HERE / 'include'}", "-c", "-o", objects[-1], str(source)],
                       check=True)
    return objects


def build(grafted, out, make):
    """What make said if it failed, or None."""
    lay_out(grafted, out)
    flags = {"CFLAGS": f"-include {HERE / 'memblock_hooks.h'}",
             "LDLIBS": " ".join(hooks(out))}
    status, said = run(["make", "-C", str(out / TESTS), *make], env=os.environ | flags)
    return said if status else None


def attempt(out, program):
    """(passed, what it said)"""
    status, said = run([str(out / TESTS / "main"), "-v", *program])
    tests = re.findall(r"^ok \d+", said, re.M)
    wrong = re.findall(r"^not ok.*", said, re.M)
    words = re.findall(r"^hooks: .*", said, re.M)
    if status or wrong or len(tests) < LEAST or not words:
        return False, said[-3000:]
    return True, f"{len(tests)} tests; {words[0]}"


def attempts(grafted, out):
    """(sentence, passed, what it said) of each."""
    for make in BUILDS:
        trouble = build(grafted, out, make)
        for program in PROGRAMS:
            yield named(make, program), *((False, trouble) if trouble
                                          else attempt(out, program))


def skipped(why):
    for make in BUILDS:
        for program in PROGRAMS:
            yield f"{named(make, program)} # SKIP {why}", True, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grafted", type=Path, default=GRAFTED)
    parser.add_argument("--out", type=Path, default=REPO / "build/host-tests/simulator")
    args = parser.parse_args()
    out = args.out.resolve()        # make works elsewhere
    why, failed = lacking(args.grafted), 0
    print(f"KTAP version 1\n1..{len(BUILDS) * len(PROGRAMS)}", flush=True)
    results = skipped(why) if why else attempts(args.grafted, out)
    for number, (sentence, passed, said) in enumerate(results, 1):
        print("".join(f"# {line}\n" for line in said.splitlines()), end="")
        print(f"{'' if passed else 'not '}ok {number} {sentence}", flush=True)
        failed += not passed
    return 1 if failed else 4 if why else 0


if __name__ == "__main__":
    sys.exit(main())
