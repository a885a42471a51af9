# SPDX-License-Identifier: GPL-2.0-only
"""Archives that the kernel unpacks as its first root ("newc" cpio).

The same input gives the same bytes: no times, no owners, no inode numbers of
the host.
"""

import stat

MAGIC = "070701"


class Archive:
    def __init__(self):
        self.parts = []
        self.made = set()
        self.inode = 0

    def directory(self, path):
        """Makes the directory and those above it, once."""
        path = path.strip("/")
        if not path or path in self.made:
            return
        self.directory(path.rpartition("/")[0])
        self.made.add(path)
        self._entry(path, stat.S_IFDIR | 0o755, b"")

    def file(self, path, data, mode=0o644):
        self.directory(path.strip("/").rpartition("/")[0])
        self._entry(path.strip("/"), stat.S_IFREG | mode, data)

    def symlink(self, path, target):
        self.directory(path.strip("/").rpartition("/")[0])
        self._entry(path.strip("/"), stat.S_IFLNK | 0o777, target.encode())

    def chardev(self, path, major, minor):
        self.directory(path.strip("/").rpartition("/")[0])
        self._entry(path.strip("/"), stat.S_IFCHR | 0o600, b"", (major, minor))

    def finish(self):
        self._entry("TRAILER!!!", 0, b"")
        data = b"".join(self.parts)
        return data + bytes(-len(data) % 512)

    def _entry(self, name, mode, data, rdev=(0, 0)):
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name) + 1, 0]
        head = (MAGIC + "".join(f"{f:08x}" for f in fields) + name + "\0").encode()
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]
