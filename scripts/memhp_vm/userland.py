# SPDX-License-Identifier: GPL-2.0-only
"""Debian's own programs in the guest, and the libraries that they need.

Comes from the arm64 packages in build/debs, which scripts/deps keeps there. What
is chosen lies unpacked in build/userland, and is unpacked again only when the
packages or this choice have changed.
"""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile

from . import elf, paths
from .errors import HarnessError

PROGRAMS = "bash bc chmem daxctl kmod lsmem mke2fs ndctl numactl".split()
# Other names by which a program goes, and where mount's table is.
NAMES = {"bin/depmod": "kmod", "bin/modprobe": "kmod", "bin/mkfs.ext4": "mke2fs",
         "etc/mtab": "../proc/mounts"}
SETTINGS = ("etc/mke2fs.conf",)

FOLDERS = ("bin/", "usr/bin/", "sbin/", "usr/sbin/")
LIBRARIES = ("lib/aarch64-linux-gnu/", "usr/lib/aarch64-linux-gnu/", "lib/", "usr/lib/")
RETRY = "run scripts/deps test"


class Packages:
    """All files of all packages, found by path or by a library's name."""

    def __init__(self, debs):
        self.members = {}           # path: (archive, member)
        for deb in debs:
            tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True,
                                 stdout=subprocess.PIPE).stdout
            archive = tarfile.open(fileobj=io.BytesIO(tar))
            for member in archive:
                self.members[member.name.removeprefix("./")] = (archive, member)

    def read(self, path):
        """The contents of a file; a link is followed. None if there is none."""
        while path in self.members:
            archive, member = self.members[path]
            if not member.issym():
                return archive.extractfile(member).read()
            path = self.target(path, member.linkname)
        return None

    @staticmethod
    def target(path, link):
        if link.startswith("/"):
            return link.lstrip("/")
        parts = path.split("/")[:-1]
        for part in link.split("/"):
            parts = parts[:-1] if part == ".." else [*parts, part]
        return "/".join(parts)

    def find(self, name, folders):
        """What one of the folders has under this name, or None."""
        contents = (self.read(folder + name) for folder in folders)
        return next((data for data in contents if data is not None), None)


def chosen(packages, who, name, folders):
    data = packages.find(name, folders)
    if data is None:
        raise HarnessError(f"{who}: no package in {paths.DEBS.name} has {name}: {RETRY}")
    return data


def places_of(data):
    """{path in the guest: name} of what a program or library needs."""
    loader, names = elf.wants(data)
    places = {LIBRARIES[0] + name: name for name in names}
    if loader:
        places[loader.lstrip("/")] = loader.rpartition("/")[2]
    return places


def closure(packages, programs):
    """{path in the guest: contents} of the programs and all they need."""
    return with_libraries(packages, {f"bin/{name}": chosen(packages, "the guest", name, FOLDERS)
                                     for name in programs})


def with_libraries(packages, found):
    """The same of programs that are given as {path in the guest: contents}."""
    waiting = list(found.items())
    while waiting:
        user, data = waiting.pop()
        for place, name in places_of(data).items():
            if place not in found:
                found[place] = chosen(packages, user, name, LIBRARIES)
                waiting.append((place, found[place]))
    return found


def kept_debs():
    return sorted(paths.DEBS.glob("*_arm64.deb"))


def found_in(debs):
    """{path in the guest: contents} of all that is chosen."""
    packages = Packages(debs)
    found = closure(packages, PROGRAMS)
    for path in SETTINGS:
        found[path] = packages.read(path)
    return found


def unpack(found, folder):
    """Writes files below a new folder, and a list of them."""
    for path, data in found.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    (folder / "list").write_text(json.dumps(sorted(found)))


def key(debs):
    """What the unpacked files depend on. A package's name tells its version."""
    total = hashlib.sha256(open(__file__, "rb").read())
    for deb in debs:
        total.update(f"{deb.name} {deb.stat().st_size}\n".encode())
    return total.hexdigest()


def kept(folder, now, find):
    """{path in the guest: (contents, mode)} of what find() gives.

    It lies in a folder, and is looked for again when what it depends on, now, has
    changed. For a caller that holds a lock.
    """
    stamp = folder.with_name(folder.name + ".digest")
    if not stamp.exists() or stamp.read_text() != now:
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        unpack(find(), folder)
        stamp.write_text(now)
    found = {}
    for path in json.loads((folder / "list").read_text()):
        data = (folder / path).read_bytes()
        found[path] = (data, 0o755 if elf.is_elf(data) else 0o644)
    return found


def libraries_of(program, name, folder):
    """The same of the libraries of Debian's that a program of ours needs."""
    debs = kept_debs()
    now = key(debs) + hashlib.sha256(program).hexdigest()

    def find():
        found = with_libraries(Packages(debs), {name: program})
        del found[name]
        return found
    return kept(folder, now, find)


def files():
    """({path in the guest: (contents, mode)}, {path: target} of the links)"""
    debs = kept_debs()
    return kept(paths.BUILD / "userland", key(debs), lambda: found_in(debs)), NAMES
