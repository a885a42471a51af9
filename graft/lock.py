# SPDX-License-Identifier: GPL-2.0-only
"""graft/stock.lock, and the texts behind its hashes in build/regions."""

import difflib
from collections import namedtuple

from files import Stop, read, sha256, write

Region = namedtuple("Region", "verb file name text")
Locked = namedtuple("Locked", "lines sha")


class Lock:
    """graft/stock.lock: which stock our code was reviewed against."""

    HEAD = ("# SPDX-License-Identifier: GPL-2.0-only\n"
            "# The regions of stock that graft/manifest touches or relies on.\n"
            "# Written by graft/graft --relock; fields: verb file region lines sha256\n")

    def __init__(self, path, build):
        self.path, self.store = path, build / "regions"
        self.version, self.locked = None, {}
        if path.exists():
            self.parse()

    def parse(self):
        for line in read(self.path).splitlines():
            words = line.split()
            if line.startswith("#") or not words:
                continue
            if words[0] == "package" and len(words) == 2:
                self.version = words[1]
            elif len(words) == 5:
                self.locked[tuple(words[:3])] = Locked(int(words[3]), words[4])
            else:
                raise Stop(f"graft/stock.lock: cannot read '{line}'")

    def keep(self, region):
        """Keeps a region's text, so that a later change of it can be shown."""
        path = self.store / sha256(region.text)
        if not path.exists():
            write(path, region.text)

    def check(self, regions, version):
        """Stops unless stock's regions are those that were locked."""
        found = {r[:3]: r for r in regions}
        complaints = [self.complaint(key, found.get(key), version)
                      for key in [*self.locked, *(k for k in found if k not in self.locked)]]
        complaints = [c for c in complaints if c]
        if complaints:
            raise Stop("\n".join(complaints) + "\ngraft/stock.lock pins what our code was "
                       "reviewed against. Review the above,\nadapt our code, then: "
                       "graft/graft --relock")
        for region in regions:
            self.keep(region)

    def complaint(self, key, region, version):
        verb, file, name = key
        if key not in self.locked:
            return f"{file}: {name}: is not in graft/stock.lock ({verb})"
        if region is None:
            return f"{file}: {name}: is locked, but {version} or the manifest has no such region"
        if self.locked[key].sha == sha256(region.text):
            return None
        return f"{file}: {name}: changed in {version}\n{self.diff(key, region, version)}"

    def diff(self, key, region, version):
        old = self.store / self.locked[key].sha
        label = f"{key[1]}: {key[2]}"
        if old.exists():
            lines = difflib.unified_diff(
                read(old).splitlines(), region.text.splitlines(),
                f"{label} ({self.version})", f"{label} ({version})", lineterm="")
            return "\n".join(lines)
        return (f"(the old text is in package version {self.version}, not at hand; "
                f"it had {self.locked[key].lines} lines; now it is)\n{region.text}")

    def rewrite(self, regions, version):
        """Locks the regions as they are now; says whether that is news."""
        text = self.HEAD + f"package {version}\n" + "".join(
            f"{r.verb} {r.file} {r.name} {r.text.count(chr(10))} {sha256(r.text)}\n"
            for r in regions)
        for region in regions:
            self.keep(region)
        self.version = version
        if self.path.exists() and read(self.path) == text:
            return False
        write(self.path, text)
        return True
