# SPDX-License-Identifier: GPL-2.0-only
"""The tree of links, and the file beside it that says what is special in it."""

import json
import os
from pathlib import Path

from files import Stop, read, write


class Farm:
    """A tree of links. Owns everything in it but the out-* directories on top."""

    def __init__(self, tree, stock, version):
        self.tree, self.stock = tree, stock
        self.stamp = tree.with_name(tree.name + ".stamp")
        self.version, self.changes = version, 0

    def make(self, links, texts):
        """Brings the tree into the wanted state; returns how much had to change."""
        special = sorted([*links, *texts])
        wanted = {"stock": self.version, "files": special}
        have = json.loads(read(self.stamp)) if self.stamp.exists() else None
        if have != wanted:
            self.stamp.unlink(missing_ok=True)
        if have and have["stock"] == self.version and self.tree.is_dir():
            for file in set(have["files"]) - set(special):
                self.restore(file)
        else:
            parents = {str(p) for file in special for p in Path(file).parents}
            self.sync("", set(special), parents)
        for file, target in links.items():
            self.link(self.tree / file, target)
        for file, text in texts.items():
            self.text(self.tree / file, text)
        if have != wanted:
            write(self.stamp, json.dumps(wanted, indent=0) + "\n")
        return self.changes

    def sync(self, directory, special, parents):
        """Makes every stock file of a directory appear in the tree, and no other."""
        here, there = self.tree / directory, self.stock / directory
        here.mkdir(parents=True, exist_ok=True)
        present = {entry.name: entry for entry in os.scandir(here)}
        prefix = os.path.relpath(there, here)
        stock = {entry.name: entry for entry in os.scandir(there)} if there.is_dir() else {}
        for name, entry in stock.items():
            file = os.path.join(directory, name)
            if entry.is_dir(follow_symlinks=False):
                self.sync(file, special, parents)
            elif file not in special:
                self.link_stock(here, name, f"{prefix}/{name}", present.get(name))
        for name in present.keys() - stock.keys():
            self.stranger(os.path.join(directory, name), special, parents)

    def link_stock(self, here, name, target, present):
        path = f"{here}/{name}"
        if present is None:
            os.symlink(target, path)
            self.changes += 1
        elif not present.is_symlink() or os.readlink(path) != target:
            self.link(Path(path), Path(os.path.normpath(f"{here}/{target}")))

    def stranger(self, file, special, parents):
        """What stock does not have: a link that served its time, or none of ours."""
        path = self.tree / file
        if path.is_symlink():
            if file not in special:
                path.unlink()
                self.changes += 1
        elif path.is_dir() and not (path.parent == self.tree and path.name.startswith("out-")):
            self.sync(file, special, parents)
            if file not in parents and not any(path.iterdir()):
                path.rmdir()

    def restore(self, file):
        """A file that is no longer ours is stock's again, or gone."""
        path, stock = self.tree / file, self.stock / file
        if os.path.lexists(stock):
            self.link(path, stock)
            return
        path.unlink(missing_ok=True)
        self.changes += 1
        for parent in path.parents:
            if any(parent.iterdir()) or (self.stock / parent.relative_to(self.tree)).is_dir():
                break
            parent.rmdir()

    def link(self, path, target):
        if path.is_symlink():
            if os.path.normpath(path.parent / os.readlink(path)) == str(target):
                return
        elif path.exists() and path.stat().st_mode & 0o222:
            raise Stop(f"{path} is a file, not a link: somebody edited it there. "
                       "Move it to the repository, or remove it")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(os.path.relpath(target, path.parent))
        self.changes += 1

    def text(self, path, text):
        """A generated file; read-only, because an edit of it would be lost."""
        if path.is_symlink() or not path.exists() or read(path) != text:
            path.unlink(missing_ok=True)
            write(path, text, 0o444)
            self.changes += 1
