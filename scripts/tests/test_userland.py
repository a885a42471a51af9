# SPDX-License-Identifier: GPL-2.0-only
"""How programs of Debian's and their libraries get into the guest, with made-up packages."""

import struct
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from memhp_vm import HarnessError, elf, initramfs, package, userland


def program(libraries, loader=None, machine=elf.ARM64):
    """An arm64 program that does nothing but want these."""
    strings, places = b"\0", []
    for name in libraries:
        places.append(len(strings))
        strings += name.encode() + b"\0"
    head = elf.HEADER.size + 3 * elf.SEGMENT.size
    path = (loader or "").encode() + b"\0"
    at = head + len(path)
    base = 0x10000
    dynamic = [(elf.STRINGS, base + at), *((elf.NEEDED, p) for p in places), (elf.END, 0)]
    body = path + strings + b"".join(elf.ENTRY.pack(*entry) for entry in dynamic)
    table = [(elf.LOAD, 0, base, head + len(body)),
             (elf.DYNAMIC, at + len(strings), base + at + len(strings), 16 * len(dynamic)),
             (elf.INTERPRETER if loader else 0, head, base + head, len(path))]
    header = elf.HEADER.pack(elf.MAGIC, 3, machine, 1, 0, elf.HEADER.size, 0, 0,
                             elf.HEADER.size, elf.SEGMENT.size, len(table), 0, 0, 0)
    return header + b"".join(elf.SEGMENT.pack(kind, 4, offset, address, 0, length, length, 8)
                             for kind, offset, address, length in table) + body


class Elf(unittest.TestCase):
    def test_wants(self):
        """elf: the loader and the libraries of a program are found"""
        self.assertEqual(elf.wants(program(["liba.so.1", "libc.so.6"], "/lib/ld.so.1")),
                         ("/lib/ld.so.1", ["liba.so.1", "libc.so.6"]))

    def test_wants_nothing(self):
        """elf: a library without needs has none, and no loader"""
        self.assertEqual(elf.wants(program([])), (None, []))

    def test_other_machine(self):
        """elf: a program for another machine, and what is none, are refused"""
        for data in (program([], machine=62), b"#!/bin/sh\n" + bytes(64)):
            with self.assertRaisesRegex(HarnessError, "no arm64 program"):
                elf.wants(data)

    def test_not_loaded(self):
        """elf: names that lie outside of all that is loaded are an error"""
        data = program(["libc.so.6"]).replace(struct.pack("<qQ", elf.STRINGS, 0x100E9),
                                              struct.pack("<qQ", elf.STRINGS, 0x900E9))
        with self.assertRaisesRegex(HarnessError, "0x900e9"):
            elf.wants(data)


LOADER = "/lib/ld-linux-aarch64.so.1"
LIBS = "usr/lib/aarch64-linux-gnu"


class Userland(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.folder = Path(temp.name)
        self.debs = self.folder / "debs"
        self.debs.mkdir()
        for name, value in (("BUILD", self.folder), ("DEBS", self.debs)):
            patch = mock.patch.object(userland.paths, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        patch = mock.patch.multiple(userland, PROGRAMS=["tool"], SETTINGS=("etc/tool.conf",))
        patch.start()
        self.addCleanup(patch.stop)

    def package(self, name, files, links=()):
        """A package of one version, with these files and links."""
        root = self.folder / f"{name}-root"
        (root / "DEBIAN").mkdir(parents=True)
        (root / "DEBIAN/control").write_text(f"Package: {name}\nVersion: 1\nMaintainer: x\n"
                                             "Architecture: arm64\nDescription: x\n")
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        for path, target in links:
            (root / path).symlink_to(target)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", root,
                        self.debs / f"{name}_1_arm64.deb"], check=True, capture_output=True)

    def tool(self):
        self.package("tool", {"usr/sbin/tool": program(["liba.so.1"], LOADER),
                              "etc/tool.conf": b"x"})

    def libraries(self):
        self.package("libs", {f"{LIBS}/liba.so.1.2": program(["libb.so.2"]),
                              f"{LIBS}/libb.so.2": program([]),
                              f"{LIBS}/libunused.so.3": program([]),
                              f"{LIBS}/ld.so": program([])},
                     [(f"{LIBS}/liba.so.1", "liba.so.1.2"),
                      ("usr/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu/ld.so")])

    def test_closure(self):
        """userland: a program comes with its loader and all libraries, and no others"""
        self.tool()
        self.libraries()
        files, _ = userland.files()
        self.assertEqual({path: mode for path, (_, mode) in files.items()},
                         {"bin/tool": 0o755, "etc/tool.conf": 0o644,
                          "lib/aarch64-linux-gnu/liba.so.1": 0o755,
                          "lib/aarch64-linux-gnu/libb.so.2": 0o755,
                          "lib/ld-linux-aarch64.so.1": 0o755})

    def test_program_of_ours(self):
        """userland: a program of ours gets its libraries, those of now"""
        self.libraries()
        tool, folder = program(["liba.so.1"], LOADER), self.folder / "kept"
        names = {"liba.so.1", "libb.so.2", "ld-linux-aarch64.so.1"}
        for _ in range(2):          # looked for, and kept
            found = userland.libraries_of(tool, "tool", folder)
            self.assertEqual({path.rpartition("/")[2] for path in found}, names)
        found = userland.libraries_of(program(["libunused.so.3"]), "tool", folder)
        self.assertEqual(list(found), ["lib/aarch64-linux-gnu/libunused.so.3"])

    def test_no_library(self):
        """userland: a library that no package has is an error that says who needs it"""
        self.tool()
        with self.assertRaisesRegex(HarnessError, r"bin/tool: .* liba.so.1: run scripts/deps"):
            userland.files()

    def test_no_program(self):
        """userland: a program that no package has is an error"""
        self.libraries()
        with self.assertRaisesRegex(HarnessError, "has tool: run scripts/deps"):
            userland.files()

    def test_cached(self):
        """userland: packages are unpacked again only when they have changed"""
        self.tool()
        self.libraries()
        first, _ = userland.files()
        with mock.patch.object(userland, "unpack") as unpack:
            self.assertEqual(userland.files()[0], first)
            unpack.assert_not_called()
        self.package("more", {})
        with mock.patch.object(userland, "unpack", wraps=userland.unpack) as unpack:
            userland.files()
            unpack.assert_called_once()

    def test_failure_is_not_cached(self):
        """userland: what could not be unpacked is tried again"""
        self.tool()
        for _ in range(2):
            with self.assertRaises(HarnessError):
                userland.files()
        self.libraries()
        self.assertIn("bin/tool", userland.files()[0])

    def test_only_in_tools(self):
        """userland: the root of the other tests has no packages but busybox in it"""
        guest = {"init": (b"", 0o755), "bin/tool": (b"ours", 0o755)}
        more = ({"bin/tool": (b"theirs", 0o755), "bin/x": (b"x", 0o755)}, {"bin/y": "x"})
        own = ({"usr/sbin/z": (b"z", 0o755)}, {"bin/z": "../usr/sbin/z"})
        with mock.patch.object(initramfs, "guest_files", return_value=guest), \
                mock.patch.object(initramfs, "kernel_source"), \
                mock.patch.object(package, "files", return_value=own) as package_files, \
                mock.patch.object(userland, "files", return_value=more) as files:
            self.assertEqual(initramfs.contents("base")[0], guest)
            files.assert_not_called()
            package_files.assert_not_called()
            found, links = initramfs.contents("tools")
        self.assertEqual((found["bin/tool"][0], found["bin/x"][0], links["bin/y"]),
                         (b"ours", b"x", "x"))
        self.assertEqual((found["usr/sbin/z"][0], links["bin/z"]), (b"z", "../usr/sbin/z"))
