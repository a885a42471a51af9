#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fuzz inputs: one line of hexadecimal bytes a file here, binary for a fuzzer.

    corpus.py unpack corpus_nodes DIRECTORY    *.hex to binary files
    corpus.py pack DIRECTORY corpus_nodes      binary files to *.hex, named by hash
"""

import hashlib
import pathlib
import sys


def unpack(source, target):
    """Write each *.hex of source as a binary file."""
    for path in sorted(source.glob("*.hex")):
        data = bytes.fromhex(path.read_text())
        (target / path.stem).write_bytes(data)


def pack(source, target):
    """Write each file of source as *.hex."""
    for path in sorted(p for p in source.iterdir() if p.is_file()):
        data = path.read_bytes()
        name = hashlib.sha256(data).hexdigest()[:12]
        (target / f"{name}.hex").write_text(data.hex() + "\n")


def main(args):
    """Run what the command line says."""
    if len(args) != 3 or args[0] not in ("unpack", "pack"):
        sys.exit(__doc__)
    source, target = pathlib.Path(args[1]), pathlib.Path(args[2])
    target.mkdir(parents=True, exist_ok=True)
    {"unpack": unpack, "pack": pack}[args[0]](source, target)


if __name__ == "__main__":
    main(sys.argv[1:])
