# SPDX-License-Identifier: GPL-2.0-only
"""Tests of scripts/deps, source, kernel and rows, with a made-up machine around them."""

import errno
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

SCRIPTS = Path(__file__).resolve().parent.parent
TOOLS = "dirname awk tr sed grep cat mkdir rm mv rmdir env sh tar xz".split()


def module(name):
    """A script without .py, as a module."""
    loader = importlib.machinery.SourceFileLoader(f"script_{name}", str(SCRIPTS / name))
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(made)
    return made


class Machine(unittest.TestCase):
    """A repository with copies of two scripts, and a PATH of our making."""

    def setUp(self):
        self.repo = Path(tempfile.mkdtemp(prefix="deps-test-"))
        self.addCleanup(shutil.rmtree, self.repo)
        self.bin = self.repo / "bin"
        self.bin.mkdir()
        (self.repo / "scripts").mkdir()
        for script in ("deps", "source"):
            shutil.copy(SCRIPTS / script, self.repo / "scripts")
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.command("id", "echo 0")
        self.command("df", "echo head; echo / 99999999 0 99999999 0% /")
        self.command("dpkg", "echo arm64")
        self.installed("gcc", "libc6-dev", "make", "python3")

    def command(self, name, text):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def installed(self, *packages):
        self.command("dpkg-query", "\n".join(f"echo installed {p}" for p in packages))

    def script(self, name, *arguments):
        done = subprocess.run(["/bin/sh", self.repo / "scripts" / name, *arguments],
                              env={"PATH": str(self.bin)}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def fails(self, *words):
        status, said = self.script("deps", "run")
        self.assertEqual(status, 1, said)
        for word in words:
            self.assertIn(word, said)
        return said


class Deps(Machine):
    def test_nothing_missing(self):
        """deps: with nothing missing neither network nor root is asked for"""
        self.command("id", "echo 1000")
        status, said = self.script("deps", "check")
        self.assertEqual((status, said), (0, "packages: nothing missing\n"))

    def test_no_root(self):
        """deps: without root and sudo it says what root has to install"""
        self.command("id", "echo 1000")
        said = self.fails("neither root nor sudo", "dpkg --add-architecture arm64",
                          "apt-get install", "linux-source-6.12", "qemu-system-arm")
        # what would take the place of the host's own
        self.assertNotIn(":arm64", said.partition("As root")[2])

    def test_guest_packages_without_root(self):
        """deps: when only what the guest needs is missing, it is fetched without root"""
        self.command("id", "echo 1000")
        self.command("dpkg-query", 'for p; do echo "installed $p"; done')
        self.command("apt-get", f'echo "$@" >>{self.repo}/asked; : >busybox-static_1_arm64.deb')
        status, said = self.script("deps", "run")
        self.assertEqual(status, 0, said)
        self.assertNotIn("install", (self.repo / "asked").read_text())

    def test_no_network(self):
        """deps: without network it says so and what is missing"""
        self.command("apt-get", "echo no route to host; exit 100")
        self.fails("no route to host", "without network", "linux-source-6.12")

    def test_no_space(self):
        """deps: without space on disk it says how much is needed"""
        self.command("df", "echo head; echo / 9999999 0 3145728 70% /")
        self.fails("only 3 GiB are free", "need 8")

    def test_installed_in_vain(self):
        """deps: a package that is still missing after apt-get is an error"""
        self.command("apt-get", "exit 0")
        self.fails("still missing", "linux-source-6.12")

    def test_installs_only_missing(self):
        """deps: what is there is not installed again"""
        self.command("apt-get", f'echo "$@" >>{self.repo}/asked')
        self.fails("still missing")
        asked = (self.repo / "asked").read_text()
        self.assertIn(" install ", asked)
        self.assertNotIn(" make ", asked)
        self.assertIn("download busybox-static:arm64", asked)

    def test_tools_of_guest(self):
        """deps: the tools of the tests in guests are fetched for tests only, and once"""
        self.command("apt-get", f'echo "$@" >>{self.repo}/asked')
        debs = self.repo / "build/debs"
        debs.mkdir(parents=True)
        (debs / "ndctl_76.1-1_arm64.deb").touch()
        for job, wanted in (("run", False), ("test", True)):
            self.script("deps", job)
            asked = (self.repo / "asked").read_text()
            self.assertIn("busybox-static:arm64", asked)
            self.assertEqual(" daxctl:arm64" in asked, wanted, asked)
            self.assertNotIn("ndctl:arm64 ", asked.replace("libndctl6:arm64", ""))

    def test_unknown_job(self):
        """deps: an unknown job is an error that names those there are"""
        status, said = self.script("deps", "everything")
        self.assertEqual((status, "run, check, test, bench" in said), (1, True))


class Source(Machine):
    def test_not_installed(self):
        """GRAFT-01 without the source package one is told how to get it"""
        self.command("dpkg-query", "exit 1")
        status, said = self.script("source")
        self.assertEqual((status, "run scripts/deps" in said), (1, True))

    def test_there_already(self):
        """GRAFT-01 an unpacked source of the same version is left alone"""
        self.command("dpkg-query", "printf 6.12.1-1")
        build = self.repo / "build"
        (build / "linux-source-6.12").mkdir(parents=True)
        (build / "linux-source-6.12.version").write_text("6.12.1-1\n")
        self.assertEqual(self.script("source"), (0, "source: 6.12.1-1, nothing to do\n"))

    def test_unpacks(self):
        """GRAFT-01 a newer source package takes the place of the old one"""
        self.command("dpkg-query", "printf 6.12.2-1")
        old, new = self.repo / "build/linux-source-6.12", self.repo / "linux-source-6.12"
        for place in (old, new):
            place.mkdir(parents=True)
        (old / "gone.c").touch()
        (new / "new.c").touch()
        os.utime(new / "new.c", (1, 1))
        archive = self.repo / "source.tar.xz"
        subprocess.run(["tar", "-cJf", archive, "-C", self.repo, new.name], check=True)
        text = (self.repo / "scripts/source").read_text()
        (self.repo / "scripts/source").write_text(
            text.replace("/usr/src/$name.tar.xz", str(archive)))
        status, said = self.script("source")
        self.assertEqual(status, 0, said)
        self.assertEqual([p.name for p in old.iterdir()], ["new.c"])
        self.assertGreater((old / "new.c").stat().st_mtime, 1e9)
        self.assertEqual((self.repo / "build/linux-source-6.12.version").read_text(), "6.12.2-1\n")


class Kernel(unittest.TestCase):
    def setUp(self):
        self.kernel = module("kernel")
        self.build = Path(tempfile.mkdtemp(prefix="kernel-test-"))
        self.addCleanup(shutil.rmtree, self.build)
        self.kernel.BUILD = self.build
        self.kernel.REPO = self.build / "repo"
        self.configs({"base": "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_N=4\n"})

    def configs(self, files):
        (self.kernel.REPO / "configs").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (self.kernel.REPO / "configs" / name).write_text(text)

    def a_kernel(self, config="base", make="exit 0"):
        """A Kernel whose make is a shell command."""
        made = self.kernel.Kernel("grafted", config, [])
        made.ours = {"mm/ours.c", "tools/test.c"}
        (self.build / "grafted/mm").mkdir(parents=True, exist_ok=True)
        for file in ("grafted/mm/ours.c", "linux-source-6.12.version"):
            if not (self.build / file).exists():
                (self.build / file).touch()
        made.lock()
        made.command = lambda: ["/bin/sh", "-c", make]
        (made.out / ".config").write_text("CONFIG_A=y\nCONFIG_N=4\n")
        return made

    def failure(self, action):
        with self.assertRaises(self.kernel.BuildFailed) as caught:
            action()
        return str(caught.exception)

    def test_last_wins(self):
        """kernel: a configuration's lines override those of base"""
        self.configs({"more": "CONFIG_B=y\nCONFIG_N=8\n"})
        self.assertEqual(self.kernel.requested("more", "grafted"),
                         {"CONFIG_A": "y", "CONFIG_B": "y", "CONFIG_N": "8"})

    def test_refused(self):
        """kernel: an option that does not come out as asked fails the build by name"""
        self.configs({"more": "CONFIG_B=y\nCONFIG_N=8\n"})
        said = self.failure(self.a_kernel("more").configure)
        self.assertIn("CONFIG_B=y came out as n", said)
        self.assertIn("CONFIG_N=8 came out as 4", said)
        self.assertNotIn("CONFIG_A", said)

    def test_configured_once(self):
        """kernel: a configuration is made again only when what it is made of changed"""
        made = self.a_kernel()
        made.ours.add("mm/Kconfig")
        self.assertFalse(made.configured())
        made.configure()
        self.assertTrue(made.configured())
        (self.build / "grafted/mm/Kconfig").touch()
        self.assertFalse(made.configured())
        made.configure()
        made.wanted["CONFIG_N"] = "5"
        self.assertFalse(made.configured())

    def test_own_options(self):
        """kernel: options that we declare are not asked of stock"""
        self.configs({"base": "CONFIG_A=y\nCONFIG_OURS=y\n"})
        kconfig = self.kernel.REPO / "mm/Kconfig.ours"
        kconfig.parent.mkdir()
        kconfig.write_text("config OURS\n\tbool\n")
        self.assertEqual(self.kernel.requested("base", "stock"), {"CONFIG_A": "y"})
        self.assertIn("CONFIG_OURS", self.kernel.requested("base", "grafted"))

    def test_bad_fragment(self):
        """kernel: a line in a fragment that is no option is an error"""
        self.configs({"base": "CONFIG_A = y\n"})
        self.assertIn("cannot read 'CONFIG_A = y'",
                      self.failure(lambda: self.kernel.requested("base", "grafted")))

    def test_no_such_config(self):
        """kernel: an unknown configuration is an error that names those there are"""
        self.assertIn("no configs/none (there are base)",
                      self.failure(lambda: self.kernel.requested("none", "grafted")))

    def test_compiler_error(self):
        """kernel: a failed make shows the compiler's words, not the steps"""
        made = self.a_kernel(make="echo '  CC      mm/ours.o'; echo 'ours.c:1: error: no'; exit 2")
        said = self.failure(made.build)
        self.assertIn("ours.c:1: error: no", said)
        self.assertNotIn("CC  ", said)
        self.assertIn("error: no", made.log.read_text())

    def test_no_space(self):
        """kernel: a disk that gets full is said in a line"""
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "build/logs/x")
        with mock.patch.object(self.kernel.Kernel, "run", side_effect=full), \
                mock.patch.object(sys, "argv", ["kernel", "grafted", "base"]), \
                self.assertRaises(SystemExit) as end:
            self.kernel.main()
        self.assertIn("No space left on device: 'build/logs/x'", end.exception.code)

    def test_our_warning(self):
        """kernel: a warning in a file of ours fails this and the next build"""
        noisy = "echo '../mm/ours.c:3:1: warning: odd'; echo '../mm/stock.c:4:1: warning: old'"
        said = self.failure(self.a_kernel(make=noisy).build)
        self.assertIn("mm/ours.c:3:1: warning: odd", said)
        self.assertNotIn("stock.c", said)
        self.assertIn("warning: odd", self.failure(self.a_kernel().build))

    def test_warning_gone(self):
        """kernel: a warning is forgotten when its file has changed"""
        self.failure(self.a_kernel(make="echo '../mm/ours.c:3:1: warning: odd'").build)
        os.utime(self.build / "grafted/mm/ours.c", (5, 5))
        self.a_kernel().build()

    def test_edited_meanwhile(self):
        """kernel: what was edited during a build is built again"""
        self.kernel.CROSS = ""
        touch = f"touch {self.build}/grafted/mm/ours.c"
        made = self.a_kernel()
        made.graft = made.configure = made.lock = lambda: None
        for make, current in (("exit 0", True), (touch, False)):
            made.command = lambda make=make: ["/bin/sh", "-c", make]
            made.run(config_only=False, always=True)
            self.assertEqual(made.up_to_date(), current, make)

    def test_up_to_date(self):
        """kernel: make is left out exactly while nothing that goes in has changed"""
        made = self.a_kernel()
        made.command = lambda: ["make"]
        self.kernel.CROSS = ""
        self.assertFalse(made.up_to_date())
        made.stamp.write_text(made.identity())
        self.assertTrue(made.up_to_date())
        for path in ("grafted/mm/ours.c", "linux-source-6.12.version",
                     "grafted/out-base/.config"):
            before = (self.build / path).stat().st_mtime_ns
            os.utime(self.build / path, ns=(1, 1))
            self.assertFalse(made.up_to_date(), path)
            os.utime(self.build / path, ns=(before, before))
            self.assertTrue(made.up_to_date(), path)
        (self.build / "grafted/tools").mkdir()
        (self.build / "grafted/tools/test.c").touch()
        self.assertTrue(made.up_to_date(), "tools")
        made.wanted["CONFIG_A"] = "n"
        self.assertFalse(made.up_to_date())


class Rows(unittest.TestCase):
    FEATURES = "- MAP-01: one\n- MAP-02: two\n- SAFE-01: three\n"

    def rows(self, text, *options):
        """(exit status, what scripts/rows prints) for one result file"""
        with tempfile.TemporaryDirectory() as name:
            top = Path(name)
            (top / "features.rst").write_text(self.FEATURES)
            (top / "a.ktap").write_text(text)
            done = subprocess.run([sys.executable, SCRIPTS / "rows", *options, "--features",
                                   top / "features.rst", top / "a.ktap"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def ends(self, text, status, *lines):
        got, said = self.rows(text)
        self.assertEqual((got, said.splitlines()[-len(lines):]), (status, list(lines)))

    def test_proven(self):
        """rows: a row is proven by a test that passed"""
        self.ends("1..2\nok 1 MAP-01 SAFE-01 a\nok 2 other\n", 0,
                  "rows: 2 proven, 1 not yet", "2 passed, 0 failed")

    def test_failed(self):
        """rows: one failed test takes a row back"""
        self.ends("1..2\nok 1 MAP-01 a\nnot ok 2 MAP-01 b\n", 1,
                  "rows: 0 proven, 3 not yet", "1 passed, 1 failed")

    def test_skipped(self):
        """rows: a skipped test is shown and proves nothing"""
        status, said = self.rows("1..2\nok 1 MAP-01 a # SKIP no QEMU\nok 2 MAP-02 b\n")
        self.assertEqual(status, 0)
        self.assertIn("skipped  a: MAP-01 a: no QEMU", said)
        self.assertTrue(said.endswith("rows: 1 proven, 2 not yet\n1 passed, 0 failed\n"))

    def test_nested(self):
        """rows: of nested results the innermost count, C names name rows too"""
        self.ends("1..1\n    1..2\n    ok 1 map_01_safe_01_x\n    ok 2 map_02_y\nok 1 suite\n",
                  0, "rows: 3 proven, 0 not yet", "2 passed, 0 failed")

    def test_cut_short(self):
        """rows: results that were announced and did not come are a failure"""
        self.ends("1..3\nok 1 MAP-01 a\n", 1, "rows: 1 proven, 2 not yet", "1 passed, 1 failed")

    def test_no_plan(self):
        """rows: results that nobody announced, before or after, are no complete result"""
        self.ends("KTAP version 1\nok 1 MAP-01 a\n", 1,
                  "rows: 1 proven, 2 not yet", "1 passed, 1 failed")

    def test_nothing_ran(self):
        """rows: an empty result file and only skipped tests are failures"""
        self.assertEqual(self.rows("")[0], 1)
        self.assertEqual(self.rows("1..1\nok 1 MAP-01 a # SKIP none\n")[0], 1)

    def test_unknown_row(self):
        """rows: a test that names a row which is not in the list is a failure"""
        self.ends("1..1\nok 1 MAP-99 a\n", 1, "rows: 0 proven, 3 not yet", "1 passed, 1 failed")

    def test_list(self):
        """rows: --list shows the state of every row"""
        _, said = self.rows("1..2\nok 1 MAP-01 a\nnot ok 2 MAP-02 b\n", "--list")
        self.assertEqual([line.split()[:2] for line in said.splitlines()[:2]],
                         [["proven", "MAP-01"], ["FAILED", "MAP-02"]])
        self.assertTrue(said.splitlines()[2].startswith("not yet  SAFE-01"))
