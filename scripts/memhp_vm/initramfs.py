# SPDX-License-Identifier: GPL-2.0-only
"""The guest's root: busybox, /init, the control agent, the test programs, our commands.

The root "tools" has programs of Debian's in it, too; see userland.py; and what the
package of our own commands has; see package.py. The root "pool" has that package and
the agent of a pool.
build/initramfs-<name>.cpio.gz is written only when something that goes into it
has changed; the digest of its input stands beside it.
"""

import fcntl
import gzip
import hashlib
import os
import subprocess
from pathlib import Path

from . import package, paths, userland
from .cpio import Archive
from .errors import HarnessError

APPLETS = """awk basename cat chmod chown cmp cp cut date dd df diff dirname dmesg du echo env
expr false find free grep gzip head hexdump hostname id insmod ionice kill killall ln ls lsmod
mkdir mkfifo mknod mktemp modprobe more mount mv nproc od paste pidof poweroff printf ps pwd
readlink reboot renice reset rm rmdir rmmod sed seq setsid sh sleep sort stat stty swapoff
swapon sync sysctl tail tar taskset tee test time timeout top touch tr true truncate tty umount
uname uniq uptime usleep vi wc which xargs xxd yes zcat""".split()

COMMANDS = ("memhp-topology",)

DIRECTORIES = "proc sys dev tmp run root mnt etc lib/modules".split()


def busybox():
    """The guest's busybox, out of the Debian package in build/debs."""
    debs = sorted(paths.DEBS.glob("busybox-static_*_arm64.deb"))
    if not debs:
        raise HarnessError(f"no busybox-static for arm64 in {paths.DEBS}: run scripts/deps")
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", debs[-1]], check=True,
                         stdout=subprocess.PIPE).stdout
    for name in ("./bin/busybox", "./usr/bin/busybox"):
        out = subprocess.run(["tar", "-xO", name], input=tar, capture_output=True)
        if out.returncode == 0:
            return out.stdout
    raise HarnessError(f"{debs[-1].name} holds no busybox")


def kernel_source():
    """Where kselftest_harness.h is: the grafted tree, or the unpacked source."""
    for tree in ("grafted", "linux-source-6.12"):
        found = paths.BUILD / tree
        if (found / "tools/testing/selftests/kselftest_harness.h").exists():
            return found
    raise HarnessError("no kernel source in build/: run scripts/source")


def build_programs(output=paths.GUEST_PROGRAMS):
    """Compiles what is out of date; returns {name: path} of the programs."""
    package.make("the guest programs", paths.GUEST_SOURCES, f"OUTPUT={output}",
         f"SELFTESTS={kernel_source()}/tools/testing/selftests")
    names = sorted(p.stem for p in paths.GUEST_SOURCES.glob("*.c"))
    return {name: Path(output) / name for name in names}


def build_commands(output=paths.COMMANDS):
    """The same for the commands that users get, as far as they need no library."""
    package.make("the commands", paths.COMMAND_SOURCES, f"OUTPUT={output}",
                 f"CROSS_COMPILE={package.CROSS}", "topology")
    return {name: Path(output) / name for name in COMMANDS}


def guest_files(extra=()):
    """{path in the guest: (bytes, mode)} of everything but the links."""
    files = {"init": ((paths.GUEST_SOURCES / "init").read_bytes(), 0o755),
             "bin/busybox": (busybox(), 0o755),
             "etc/passwd": (b"root:x:0:0:root:/root:/bin/sh\n", 0o644),
             "etc/group": (b"root:x:0:\n", 0o644)}
    for name, path in build_programs().items():
        place = "bin/memhp-agent" if name == "agent" else f"tests/{name}"
        files[place] = (path.read_bytes(), 0o755)
    for name, path in build_commands().items():
        files[f"bin/{name}"] = (path.read_bytes(), 0o755)
    for script in sorted(paths.GUEST_SOURCES.glob("*.sh")):
        files[f"tests/{script.name}"] = (script.read_bytes(), 0o755)
    for host, guest in extra:
        host = Path(host)
        if not host.is_file():
            raise HarnessError(f"{host}: no such file to put into the initramfs")
        mode = 0o755 if os.access(host, os.X_OK) else 0o644
        files[guest.strip("/")] = (host.read_bytes(), mode)
    return files


def more_contents(name):
    """What a root has besides the base."""
    if name == "tools":
        return userland.files(), package.files(kernel_source())
    if name == "pool":
        return package.pool_files(kernel_source()),
    return ()


def contents(name, extra=()):
    """({path: (bytes, mode)}, {path: target of the link}) of a root."""
    links = {f"bin/{applet}": "busybox" for applet in APPLETS} | {"sbin": "bin"}
    files = guest_files(extra)
    for more, names in more_contents(name):
        files, links = more | files, links | names
    return files, links


def digest(files, links):
    total = hashlib.sha256(Path(__file__).read_bytes())
    total.update(repr(sorted(links.items())).encode())
    for path, (data, mode) in sorted(files.items()):
        total.update(f"{path}\0{mode:o}\0{len(data)}\0".encode())
        total.update(data)
    return total.hexdigest()


def archive(files, links):
    image = Archive()
    for path in DIRECTORIES:
        image.directory(path)
    image.chardev("dev/console", 5, 1)
    image.chardev("dev/null", 1, 3)
    for path, target in sorted(links.items()):
        image.symlink(path, target)
    for path, (data, mode) in sorted(files.items()):
        image.file(path, data, mode)
    return gzip.compress(image.finish(), compresslevel=6, mtime=0)


def build(name="base", extra=(), force=False):
    """Returns (path, rebuilt) of build/initramfs-<name>.cpio.gz."""
    try:
        return _build(name, extra, force)
    except OSError as error:
        raise HarnessError(f"no initramfs: {error}") from error


def _build(name, extra, force):
    target = paths.BUILD / f"initramfs-{name}.cpio.gz"
    stamp = paths.BUILD / f"initramfs-{name}.digest"
    paths.BUILD.mkdir(exist_ok=True)
    with open(paths.BUILD / f"initramfs-{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        files, links = contents(name, extra)
        now = digest(files, links)
        if not force and target.exists() and stamp.exists() and stamp.read_text() == now:
            return target, False
        fresh = target.with_suffix(".tmp")
        fresh.write_bytes(archive(files, links))
        fresh.rename(target)
        stamp.write_text(now)
    return target, True
