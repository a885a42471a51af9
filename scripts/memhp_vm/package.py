# SPDX-License-Identifier: GPL-2.0-only
"""Our own commands, built for the guest and put into it: the package of tools/memhp, and
the agent of tools/memhp-pool.

Needs packages of arm64 with libraries, which scripts/deps keeps in build/debs; they are
unpacked in build/sysroot, and not installed.
"""

import os
import shutil
import subprocess

from . import elf, paths
from .errors import HarnessError
from .userland import RETRY, Packages, libraries_of

CROSS = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
SYSROOT = paths.BUILD / "sysroot"
OUTPUT = paths.BUILD / "memhp-package"
ROOT = OUTPUT / "root"                      # what is in the package
LIBRARIES = "usr/lib/aarch64-linux-gnu"
WANTED = ("libmnl0", "libmnl-dev", "libmosquitto1", "libmosquitto-dev", "libssl3")
POOL = paths.BUILD / "pool"                 # built of tools/memhp-pool
AGENT = POOL / "memhp-pool-agent"
# Of no use in a guest.
LEFT_OUT = ("usr/share/man/", "usr/include/")
# The guest's PATH is short.
NAMES = {"bin/memhp": "../usr/sbin/memhp"}


def make(what, folder, *words):
    done = subprocess.run(["make", "-s", "-C", folder, *words], capture_output=True, text=True)
    if done.returncode:
        raise HarnessError(f"{what} do not build:\n{done.stdout}{done.stderr}")


def debs():
    found = [sorted(paths.DEBS.glob(f"{name}_*_arm64.deb")) for name in WANTED]
    if not all(found):
        raise HarnessError(f"no {' or '.join(WANTED)} for arm64 in {paths.DEBS.name}: {RETRY}")
    return [each[-1] for each in found]


def sysroot():
    """The folder with the libraries, unpacked again when its packages have changed."""
    now, stamp = " ".join(deb.name for deb in debs()), SYSROOT / "stamp"
    if not stamp.exists() or stamp.read_text() != now:
        shutil.rmtree(SYSROOT, ignore_errors=True)
        for deb in debs():
            subprocess.run(["dpkg-deb", "-x", deb, SYSROOT], check=True)
        stamp.write_text(now)
    return SYSROOT


def build(kernel):
    """The package, built if it is out of date; the source of a kernel has the generator."""
    make("memhp and its library", paths.COMMAND_SOURCES, f"OUTPUT={OUTPUT}",
         f"CROSS_COMPILE={CROSS}", f"MNL={sysroot()}", f"KERNEL={kernel}", "deb")
    return sorted(OUTPUT.glob("memhp_*_arm64.deb"))[-1]


def files(kernel):
    """({path in the guest: (contents, mode)}, {path: target} of the links)

    For a caller that holds a lock.
    """
    found, links = {}, dict(NAMES)
    for path, (archive, member) in Packages([build(kernel)]).members.items():
        if member.issym():
            links[path] = member.linkname
        elif member.isfile() and not path.startswith(LEFT_OUT):
            found[path] = (archive.extractfile(member).read(), member.mode & 0o777)
    mnl = sysroot() / LIBRARIES / "libmnl.so.0"
    found[f"{LIBRARIES}/libmnl.so.0"] = (mnl.read_bytes(), 0o644)
    return found, links


def pool_files(kernel):
    """The same for the agent of a pool and the libraries that it needs, and memhp."""
    found, links = files(kernel)
    make("the agent of a pool", paths.POOL_SOURCES, f"OUTPUT={POOL}", f"CROSS_COMPILE={CROSS}",
         f"SYSROOT={sysroot()}", f"MEMHP={OUTPUT}", "agent")
    agent = AGENT.read_bytes()
    found["bin/" + AGENT.name] = (agent, 0o755)
    return libraries_of(agent, AGENT.name, POOL / "libraries") | found, links


def build_pool():
    """The controller and the command, for the host; the folder with them."""
    make("the controller of a pool", paths.POOL_SOURCES, f"OUTPUT={POOL}", "host")
    return POOL


def compile_with_library(source, program):
    """A user's program, with the package's library; compiled as libmemhp.pc says."""
    flags = (ROOT / LIBRARIES / "pkgconfig/libmemhp.pc").read_text()
    assert "-lmemhp" in flags and "-I${includedir}/libmemhp" in flags, flags
    subprocess.run([CROSS + "gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", program,
                    f"-I{ROOT}/usr/include/libmemhp", source, f"-L{ROOT}/{LIBRARIES}", "-lmemhp",
                    f"-Wl,-rpath-link,{sysroot()}/{LIBRARIES}"], check=True)
    if not elf.is_elf(program.read_bytes()):
        raise HarnessError(f"{program.name} is no program for arm64")
