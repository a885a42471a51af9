# SPDX-License-Identifier: GPL-2.0-only
"""What a kernel's symbol tables say: which symbols there are, and what is exported."""

import os
import subprocess

from memhp_vm import paths
from memhp_vm.errors import HarnessError


def tool(name, *arguments):
    prefix = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
    return subprocess.run([prefix + name, *arguments], check=True,
                          stdout=subprocess.PIPE).stdout


def built(tree, config, name):
    path = paths.kernel_output(tree, config) / name
    if not path.exists():
        raise HarnessError(f"no {name} of {tree}, configuration {config}: build it first")
    return path


def everything(path):
    """[(type letter, name)] of what a file defines."""
    lines = tool("nm", "--defined-only", str(path)).decode().splitlines()
    return [tuple(line.split()[-2:]) for line in lines]


def defined_globals(path):
    """{name: type letter}"""
    return {name: kind for kind, name in everything(path) if kind.isupper()}


MARK = "__export_symbol_"


def exported_by(path):
    """Names that an object file exports."""
    return {name.removeprefix(MARK) for _, name in everything(path)
            if name.startswith(MARK)}


def exports(tree, config):
    """{name: (class, namespace)} of the kernel proper."""
    found = {}
    for line in built(tree, config, "vmlinux.symvers").read_text().splitlines():
        _, name, _, kind, *rest = line.split("\t")
        found[name] = kind, (rest or [""])[0]
    return found


def sections(path):
    """Names of an object file's sections."""
    lines = tool("objdump", "-h", str(path)).decode().splitlines()
    return [line.split()[1] for line in lines if line.strip()[:1].isdigit()]


def boot_options(path):
    """The words of a kernel's command line that an object file reads, as bytes."""
    names = [name for name in sections(path) if name.startswith(".init.rodata")]
    text = b"".join(tool("objcopy", "-O", "binary", "-j", name, str(path), "/dev/stdout")
                    for name in names)
    return {word for word in text.split(b"\0") if word.isascii() and len(word) > 3}
