# SPDX-License-Identifier: GPL-2.0-only
"""Kernel modules of the tests, built for the kernel that a guest runs.

The sources stand in modules/ beside the guest programs; build/modules/ gets
links to them and the results, one directory per kernel.
"""

import fcntl
import os
import subprocess

from . import paths
from .errors import HarnessError

SOURCES = paths.GUEST_SOURCES / "modules"


def make(output, *arguments):
    done = subprocess.run(
        ["make", "-s", "-C", str(output), "ARCH=arm64",
         f"CROSS_COMPILE={os.environ.get('CROSS_COMPILE', 'aarch64-linux-gnu-')}",
         *arguments], capture_output=True, text=True)
    if done.returncode:
        raise HarnessError(f"the test modules do not build:\n{done.stdout}{done.stderr}")


def prepare(place):
    """Links to the sources, and the Kbuild that names them."""
    place.mkdir(parents=True, exist_ok=True)
    sources = sorted(SOURCES.glob("*.c"))
    for source in (*sources, *SOURCES.glob("*.h")):
        link = place / source.name
        if not link.is_symlink():
            link.symlink_to(source)
    text = "".join(f"obj-m += {source.stem}.o\n" for source in sources)
    kbuild = place / "Kbuild"
    if not kbuild.exists() or kbuild.read_text() != text:
        kbuild.write_text(text)
    return [source.stem for source in sources]


def build(tree, config):
    """{name: path} of the modules, built if they are out of date."""
    output = paths.kernel_output(tree, config)
    if not (output / ".config").exists():
        raise HarnessError(f"no {tree} kernel of configuration {config}: build it first")
    place = paths.BUILD / "modules" / f"{tree}-{config}"
    place.mkdir(parents=True, exist_ok=True)
    with open(place / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        names = prepare(place)
        if not (output / "scripts/module.lds").exists():
            make(output, "modules_prepare")
        # Without versions of symbols, a missing list of them is no harm.
        make(output, "KBUILD_MODPOST_WARN=1", f"M={place}", "modules")
    return {name: place / f"{name}.ko" for name in names}
