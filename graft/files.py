# SPDX-License-Identifier: GPL-2.0-only
"""Reading and writing the texts the graft works on, and how it gives up."""

import hashlib
from pathlib import Path


class Stop(Exception):
    """The graft cannot go on; the text says where, why and what to do."""


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def read(path):
    return Path(path).read_text(encoding="utf-8", errors="surrogateescape")


def write(path, text, mode=0o644):
    """Replaces a file as a whole, or leaves it as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".graft-new")
    new.unlink(missing_ok=True)
    new.write_text(text, encoding="utf-8", errors="surrogateescape")
    new.chmod(mode)
    new.replace(path)
