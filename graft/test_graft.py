# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the graft, on a small made-up source tree; scripts/test-build runs them."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from ctext import definitions

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build"
UNIFDEF_C = BUILD / "linux-source-6.12/scripts/unifdef.c"

# A made-up kernel: as odd as C may be for somebody who looks for functions.
STOCK = {
    "Makefile": "VERSION = 6\n",
    "mm/Kconfig": 'menu "memory"\n\nconfig A\n\tbool\n\nendmenu\n',
    "mm/core.c": """\
#include <linux/mm.h>

static const char *brace = "}{ grow(";

int grow(int pages);

/* grow() } is described here */
static int
grow(int pages)
{
	if (pages == '{') /* } */
		return shrink(pages);
	return pages + 1;
}
EXPORT_SYMBOL(grow);

int other(void) { return grow(3); }
""",
    "mm/plug.c": """\
int always(void)
{
	return 1;
}

#ifdef CONFIG_PLUG
int plug(void)
{
	return 2;
}
#endif

int between(void)
{
#ifdef CONFIG_PLUG
	plug();
#endif
	return 3;
}
""",
    "drivers/base/memory.c": "int blocks;\n",
    "tools/empty.h": "",
}
OURS = {"mm/ours/new.c": "int ours;\n", "mm/ours/Kconfig": "config OURS\n\tbool\n"}
MANIFEST = """\
overlay mm
append mm/Kconfig expect 1 line
	source "mm/ours/Kconfig"
pin mm/core.c grow
"""


def put(top, files):
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class GraftTest(unittest.TestCase):
    """A repository with a manifest, some files, and stock unpacked in build/."""

    def setUp(self):
        self.repo = Path(tempfile.mkdtemp(prefix="graft-test-"))
        self.addCleanup(shutil.rmtree, self.repo)
        self.stock = self.repo / "build/linux-source-6.12"
        self.tree = self.repo / "build/grafted"
        put(self.stock, STOCK)
        put(self.repo, OURS)
        self.package("6.12.1-1")
        self.manifest(MANIFEST)

    def package(self, version):
        (self.repo / "build/linux-source-6.12.version").write_text(version + "\n")

    def manifest(self, text):
        put(self.repo, {"graft/manifest": text})

    def graft(self, *options):
        """(exit status, everything printed)"""
        done = subprocess.run([sys.executable, HERE / "graft", "--repo", self.repo, *options],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def grafts(self, *options):
        status, said = self.graft(*options)
        self.assertEqual(status, 0, said)
        return said

    def stops(self, *words):
        """The graft gives up, naming all of the words; the text it gave."""
        status, said = self.graft()
        self.assertEqual(status, 1, said)
        self.assertNotIn("Traceback", said)
        for word in words:
            self.assertIn(word, said)
        return said

    def edit(self, file, old, new):
        path = self.stock / file
        text = path.read_text()
        self.assertEqual(text.count(old), 1, file)
        path.write_text(text.replace(old, new))

    def listing(self):
        """{path: (type, content or target, mtime)} of the whole tree"""
        return {str(p.relative_to(self.tree)):
                (os.readlink(p) if p.is_symlink() else p.read_text(), p.lstat().st_mtime_ns)
                for p in self.tree.rglob("*") if p.is_symlink() or p.is_file()}


class Tree(GraftTest):
    def test_tree(self):
        """GRAFT-01 the tree shows every stock file, our files, and what was appended"""
        self.grafts("--relock")
        for name, text in {**STOCK, **OURS}.items():
            if name != "mm/Kconfig":
                self.assertTrue((self.tree / name).is_symlink(), name)
                self.assertEqual((self.tree / name).read_text(), text)
        self.assertEqual((self.tree / "mm/Kconfig").read_text(),
                         STOCK["mm/Kconfig"] + '\nsource "mm/ours/Kconfig"\n')

    def test_stock_untouched(self):
        """GRAFT-01 grafting changes nothing in the unpacked package"""
        self.grafts("--relock")
        for name, text in STOCK.items():
            self.assertEqual((self.stock / name).read_text(), text)

    def test_twice(self):
        """GRAFT-01 a second graft changes nothing and says so"""
        self.grafts("--relock")
        before = self.listing()
        self.assertIn("nothing to do", self.grafts())
        self.assertEqual(self.listing(), before)

    def test_twice_without_stamp(self):
        """GRAFT-01 a tree whose stamp is lost is taken over as it is"""
        self.grafts("--relock")
        before = self.listing()
        (self.repo / "build/grafted.stamp").unlink()
        self.assertIn("nothing to do", self.grafts())
        self.assertEqual(self.listing(), before)

    def test_edit_seen(self):
        """GRAFT-01 an edit of a file of ours is in the tree without grafting again"""
        self.grafts("--relock")
        put(self.repo, {"mm/ours/new.c": "int edited;\n"})
        self.assertEqual((self.tree / "mm/ours/new.c").read_text(), "int edited;\n")

    def test_new_file(self):
        """GRAFT-01 a new file of ours is linked, all else stays as it is"""
        self.grafts("--relock")
        before = self.listing()
        put(self.repo, {"mm/ours/more.c": "int more;\n"})
        self.assertIn("1 changes", self.grafts())
        after = self.listing()
        self.assertEqual(after.pop("mm/ours/more.c")[0], "../../../../mm/ours/more.c")
        self.assertEqual(after, before)

    def test_removed_file(self):
        """GRAFT-01 a file of ours that is gone leaves no link and no directory behind"""
        put(self.repo, {"mm/extra/deep/x.c": "int x;\n"})
        self.grafts("--relock")
        shutil.rmtree(self.repo / "mm/extra")
        self.grafts()
        self.assertFalse((self.tree / "mm/extra").exists())
        self.assertTrue((self.tree / "mm/core.c").exists())

    def test_shadow(self):
        """GRAFT-01 a shadowed file is ours, and stock's again when ours is withdrawn"""
        put(self.repo, {"drivers/base/memory.c": "int our_blocks;\n"})
        self.manifest("overlay drivers/base\nshadow drivers/base/memory.c\n")
        self.grafts("--relock")
        seen = self.tree / "drivers/base/memory.c"
        self.assertEqual(seen.read_text(), "int our_blocks;\n")
        self.manifest(MANIFEST)
        self.grafts("--relock")
        self.assertEqual(seen.read_text(), STOCK["drivers/base/memory.c"])

    def test_omit(self):
        """GRAFT-01 a file that is left out cannot be compiled, and is stock's if withdrawn"""
        self.manifest("overlay mm\nomit mm/core.c\n")
        self.grafts("--relock")
        seen = self.tree / "mm/core.c"
        self.assertRegex(seen.read_text(), '^#error "mm/core.c is left out')
        self.manifest(MANIFEST)
        self.grafts("--relock")
        self.assertNotIn("#error", seen.read_text())

    def test_enter(self):
        """GRAFT-01 lines go to the start of the function that is named, and of no other"""
        self.manifest("overlay mm\nenter mm/core.c grow expect 2 lines\n\tint a;\n\tint b;\n"
                      "enter mm/core.c other expect 1 line\n\tint c;\n")
        self.grafts("--relock")
        stock, seen = STOCK["mm/core.c"], (self.tree / "mm/core.c").read_text()
        self.assertEqual(seen, stock.replace("pages)\n{", "pages)\n{\n\tint a;\n\tint b;")
                         .replace("other(void) {", "other(void) {\n\tint c;"))
        self.assertIn("nothing to do", self.grafts())

    def test_enter_nothing(self):
        """GRAFT-02 a function that is not there, or there twice, cannot be entered"""
        self.manifest("overlay mm\nenter mm/core.c missing expect 1 line\n\tint a;\n")
        self.stops("mm/core.c defines missing() 0 times, not once")
        good = "overlay mm\nenter mm/core.c grow expect 1 line\n\tint a;\n"
        self.manifest(good)
        self.grafts("--relock")
        self.manifest(good.replace("1 line", "2 lines"))
        self.stops("at the start of grow() in mm/core.c are 1 lines")

    def test_entered(self):
        """GRAFT-02 any change of a function that is entered stops the graft"""
        self.manifest("overlay mm\nenter mm/core.c grow expect 1 line\n\tint a;\n")
        self.grafts("--relock")
        self.edit("mm/core.c", "pages + 1", "pages + 2")
        self.stops("mm/core.c: grow: changed", "+\treturn pages + 2;")

    def test_append_withdrawn(self):
        """GRAFT-01 an edited file is stock's again when its manifest line is withdrawn"""
        self.grafts("--relock")
        self.manifest("overlay mm\npin mm/core.c grow\n")
        self.grafts("--relock")
        self.assertTrue((self.tree / "mm/Kconfig").is_symlink())

    def test_output_stays(self):
        """GRAFT-01 kernel output directories in the tree are left alone"""
        self.grafts("--relock")
        put(self.tree, {"out-base/.config": "CONFIG_A=y\n"})
        self.package("6.12.2-1")
        self.grafts()
        self.assertEqual((self.tree / "out-base/.config").read_text(), "CONFIG_A=y\n")

    def test_plain(self):
        """GRAFT-01 --plain makes a tree of stock, and takes over one made by cp -rs"""
        plain = self.repo / "build/stock"
        subprocess.run(["cp", "-rs", self.stock, plain], check=True)
        self.assertIn("nothing to do", self.grafts("--plain"))
        shutil.rmtree(plain)
        self.grafts("--plain")
        for name, text in STOCK.items():
            self.assertEqual((plain / name).read_text(), text)
        self.assertFalse((plain / "mm/ours").exists())

    def test_litter(self):
        """GRAFT-01 what editors and compilers leave behind is not grafted"""
        put(self.repo, {"mm/ours/new.c~": "", "mm/ours/new.o": "", "mm/ours/.new.c.swp": ""})
        self.grafts("--relock")
        self.assertEqual(sorted(os.listdir(self.tree / "mm/ours")), ["Kconfig", "new.c"])

    def test_edited_in_the_tree(self):
        """GRAFT-01 a file that somebody edited inside the tree is not overwritten"""
        self.grafts("--relock")
        seen = self.tree / "mm/ours/new.c"
        seen.unlink()
        seen.write_text("int precious;\n")
        self.stops("mm/ours/new.c", "is a file, not a link")
        self.assertEqual(seen.read_text(), "int precious;\n")


class Pins(GraftTest):
    def test_inside(self):
        """GRAFT-02 a change inside a pinned function stops the graft and is shown"""
        self.grafts("--relock")
        self.package("6.12.2-1")
        self.edit("mm/core.c", "return pages + 1;", "return pages + 2;")
        self.stops("mm/core.c", "grow: changed in 6.12.2-1", "(6.12.1-1)", "--relock",
                   "-\treturn pages + 1;", "+\treturn pages + 2;")

    def test_tree_stays_on_stop(self):
        """GRAFT-02 a graft that stops leaves the tree of before"""
        self.grafts("--relock")
        before = self.listing()
        self.edit("mm/core.c", "pages + 1;", "pages + 2;")
        put(self.repo, {"mm/ours/more.c": "int more;\n"})
        self.stops("grow: changed")
        self.assertEqual(self.listing(), before)

    def test_outside(self):
        """GRAFT-02 a point release that changed only what we do not touch is accepted"""
        self.grafts("--relock")
        self.package("6.12.2-1")
        self.edit("mm/core.c", "grow(3)", "grow(4)")
        self.edit("mm/Kconfig", "config A\n", "config A_NEW\n")
        put(self.stock, {"mm/another.c": "int another;\n"})
        (self.stock / "tools/empty.h").unlink()
        said = self.grafts()
        self.assertIn("stock is 6.12.2-1, locked is 6.12.1-1", said)
        self.assertIn("accepted", said)
        self.assertIn("config A_NEW", (self.tree / "mm/Kconfig").read_text())
        self.assertTrue((self.tree / "mm/another.c").exists())
        self.assertFalse(os.path.lexists(self.tree / "tools/empty.h"))

    def test_moved(self):
        """GRAFT-02 a pinned function that only moved within its file is accepted"""
        self.grafts("--relock")
        self.edit("mm/core.c", "#include <linux/mm.h>\n",
                  "#include <linux/mm.h>\n\nvoid first(void)\n{\n}\n")
        self.grafts()

    def test_renamed(self):
        """GRAFT-02 a pinned function that is gone stops the graft by file and name"""
        self.grafts("--relock")
        self.edit("mm/core.c", "static int\ngrow(", "static int\ngrow_more(")
        self.stops("graft/manifest:4", "mm/core.c defines grow() 0 times")

    def test_end_of_appended(self):
        """GRAFT-02 a change where we append stops the graft"""
        self.grafts("--relock")
        self.edit("mm/Kconfig", "endmenu\n", 'endmenu\n# end\n')
        self.stops("mm/Kconfig: end: changed", "+# end")

    def test_shadowed(self):
        """GRAFT-02 any change of a shadowed file stops the graft"""
        put(self.repo, {"drivers/base/memory.c": "int our_blocks;\n"})
        self.manifest("overlay drivers/base\nshadow drivers/base/memory.c\n")
        self.grafts("--relock")
        self.edit("drivers/base/memory.c", "int blocks;", "long blocks;")
        self.stops("drivers/base/memory.c: file: changed", "-int blocks;", "+long blocks;")

    def test_omitted(self):
        """GRAFT-02 any change of a file that is left out stops the graft"""
        self.manifest("overlay mm\nomit mm/core.c\n")
        self.grafts("--relock")
        path = self.stock / "mm/core.c"
        path.write_text(path.read_text() + "int later;\n")
        self.stops("mm/core.c: file: changed", "+int later;")

    def test_old_text_lost(self):
        """GRAFT-02 without the old text at hand the new one and the old version are shown"""
        self.grafts("--relock")
        shutil.rmtree(self.repo / "build/regions")
        self.edit("mm/core.c", "return pages + 1;", "return pages + 2;")
        self.stops("mm/core.c: grow: changed", "the old text is in package version 6.12.1-1",
                   "return pages + 2;")

    def test_relock(self):
        """GRAFT-02 after a review --relock accepts the change, with the new version"""
        self.grafts("--relock")
        self.package("6.12.2-1")
        self.edit("mm/core.c", "pages + 1;", "pages + 2;")
        self.stops("grow: changed")
        self.assertIn("written", self.grafts("--relock"))
        self.assertIn("nothing to do", self.grafts())
        self.assertIn("package 6.12.2-1\n", (self.repo / "graft/stock.lock").read_text())
        self.assertIn("unchanged", self.grafts("--relock"))

    def test_unlocked(self):
        """GRAFT-02 a region that is not in the lock stops the graft"""
        self.grafts("--relock")
        self.manifest(MANIFEST + "pin mm/core.c other\n")
        self.stops("mm/core.c: other: is not in graft/stock.lock")

    def test_superfluous(self):
        """GRAFT-02 a locked region that the manifest no longer names stops the graft"""
        self.grafts("--relock")
        self.manifest("overlay mm\n")
        self.stops("mm/core.c: grow: is locked, but")


class Manifest(GraftTest):
    def test_collision(self):
        """GRAFT-02 a file of ours where stock has one is an error unless it is shadowed"""
        self.grafts("--relock")
        put(self.repo, {"mm/plug.c": "int ours;\n"})
        self.stops("mm/plug.c is stock's too", "shadow mm/plug.c")

    def test_edit_of_ours(self):
        """GRAFT-02 a file cannot be ours and an edited one of stock's"""
        put(self.repo, {"mm/Kconfig": "ours\n"})
        status, said = self.graft("--relock")
        self.assertEqual(status, 1)
        self.assertIn("mm/Kconfig is ours, and the manifest edits stock's", said)
        self.assertFalse((self.repo / "graft/stock.lock").exists())

    def test_shadow_of_nothing(self):
        """GRAFT-02 a shadow needs a stock file and a file of ours"""
        self.manifest("shadow mm/nothing.c\n")
        self.stops("graft/manifest:1: stock has no mm/nothing.c")
        self.manifest("shadow mm/core.c\n")
        status, said = self.graft("--relock")
        self.assertEqual((status, "repository has no such file" in said), (1, True))

    def test_append_count(self):
        """GRAFT-02 a wrong number of appended lines is an error"""
        self.grafts("--relock")
        self.manifest(MANIFEST.replace("expect 1 line", "expect 2 lines"))
        self.stops("graft/manifest:2: appended to mm/Kconfig are 1 lines, "
                   "the manifest expects 2")

    def test_unknown_verb(self):
        """GRAFT-02 an unknown verb is an error with its line number"""
        self.manifest("overlay mm\nsed mm/core.c\n")
        self.stops("graft/manifest:2: no verb 'sed'", "unifdef")

    def test_malformed(self):
        """GRAFT-02 a line with too few words, no count or stray text is an error"""
        for line in ("pin mm/core.c", "append mm/Kconfig\n\tx", "overlay mm expect 3 lines",
                     "append mm/Kconfig expect 1 line", "overlay mm\n\tx",
                     "append mm/Kconfig expect some lines\n\tx", "\tx"):
            self.manifest(line + "\n")
            self.stops("graft/manifest:1: ")

    def test_empty_overlay(self):
        """GRAFT-02 an overlay directory without a file of ours is an error"""
        self.manifest("overlay drivers/base\n")
        self.stops("no file of ours below drivers/base")

    def test_twice_defined(self):
        """GRAFT-02 a function that is defined twice cannot be pinned"""
        self.edit("mm/core.c", "int other(void)", "int grow(void) { return 1; }\nint other(void)")
        self.stops("mm/core.c defines grow() 2 times, not once")

    def test_damaged_lock(self):
        """GRAFT-02 a lock that cannot be read is an error, not an empty lock"""
        put(self.repo, {"graft/stock.lock": "package 6.12.1-1\npin mm/core.c\n"})
        self.stops("graft/stock.lock: cannot read 'pin mm/core.c'")

    def test_no_source(self):
        """GRAFT-01 without the unpacked package the graft says which script gets it"""
        shutil.rmtree(self.stock)
        self.stops("scripts/source")


@unittest.skipUnless(UNIFDEF_C.exists(), "the source package is not unpacked")
class Unifdef(GraftTest):
    LINE = "unifdef mm/plug.c -UCONFIG_PLUG expect 9 lines removed\n"

    def setUp(self):
        super().setUp()
        put(self.stock, {"scripts/unifdef.c": UNIFDEF_C.read_text()})
        tool = BUILD / "tools/unifdef"
        if tool.exists():           # of the same source: spare the compiler
            (self.repo / "build/tools").mkdir()
            shutil.copy(tool, self.repo / "build/tools/unifdef")
        self.manifest(self.LINE)

    def test_removes(self):
        """GRAFT-02 unifdef takes out what the option holds, and no other line"""
        self.grafts("--relock")
        self.assertEqual((self.tree / "mm/plug.c").read_text(),
                         "int always(void)\n{\n\treturn 1;\n}\n\n\n"
                         "int between(void)\n{\n\treturn 3;\n}\n")

    def test_names(self):
        """GRAFT-02 each run of removed lines is a region named for its function"""
        self.grafts("--relock")
        lock = (self.repo / "graft/stock.lock").read_text()
        self.assertIn("unifdef mm/plug.c plug 6 ", lock)
        self.assertIn("unifdef mm/plug.c below:between 3 ", lock)

    def test_changed(self):
        """GRAFT-02 a change in removed lines stops the graft and is shown"""
        self.grafts("--relock")
        self.edit("mm/plug.c", "return 2;", "return 22;")
        self.stops("mm/plug.c: plug: changed", "-\treturn 2;", "+\treturn 22;")

    def test_more(self):
        """GRAFT-02 a further run of lines to remove stops the graft"""
        self.grafts("--relock")
        self.edit("mm/plug.c", "int between(void)\n",
                  "#ifdef CONFIG_PLUG\nint more;\n#endif\nint between(void)\n")
        self.stops("below:plug: is not in graft/stock.lock")

    def test_kept_lines_change(self):
        """GRAFT-02 a change in lines that stay is accepted and taken over"""
        self.grafts("--relock")
        self.edit("mm/plug.c", "return 3;", "return 33;")
        self.grafts()
        self.assertIn("return 33;", (self.tree / "mm/plug.c").read_text())

    def test_count(self):
        """GRAFT-02 a wrong number of removed lines is an error"""
        self.grafts("--relock")
        self.manifest(self.LINE.replace("9", "8"))
        self.stops("-UCONFIG_PLUG removes from mm/plug.c 9 lines, the manifest expects 8")

    def test_nothing_removed(self):
        """GRAFT-02 an option that the file does not know is an error"""
        self.manifest(self.LINE.replace("_PLUG", "_PLUGG"))
        status, said = self.graft("--relock")
        self.assertEqual((status, "0 lines, the manifest expects 9" in said), (1, True))

    def test_rewritten(self):
        """GRAFT-02 a line that unifdef would rewrite is refused"""
        self.edit("mm/plug.c", "int between",
                  "#ifdef CONFIG_PLUG\nint a;\n#elif defined(CONFIG_B)\nint b;\n"
                  "#endif\nint between")
        self.stops("unifdef rewrote line 15 of mm/plug.c")


class Functions(unittest.TestCase):
    def test_definition(self):
        """GRAFT-02 a function is found by its braces, not by calls, comments or strings"""
        text = STOCK["mm/core.c"]
        start, end = text.index("static int\ngrow"), text.index("EXPORT_SYMBOL")
        self.assertEqual(definitions(text, "grow"), [text[start:end]])
        self.assertEqual(definitions(text, "shrink"), [])

    def test_attributes(self):
        """GRAFT-02 attributes around a function's name are part of its text"""
        text = "int __ref f(int (*g)(void)) __must_hold(&l)\n{\n#define X }\n}\n"
        self.assertEqual(definitions("int a;\n" + text, "f"), [text])


@unittest.skipUnless(UNIFDEF_C.exists(), "the source package is not unpacked")
class Packaged(GraftTest):
    """The manifest and lock of this repository, on the stock files they name."""

    def setUp(self):
        super().setUp()
        repo = HERE.parent
        manifest = (repo / "graft/manifest").read_text()
        self.put_copies(repo, self.repo, ["graft/manifest", "graft/stock.lock"])
        overlays = [w[1] for w in map(str.split, manifest.splitlines()) if w[:1] == ["overlay"]]
        for directory in overlays:
            shutil.copytree(repo / directory, self.repo / directory, dirs_exist_ok=True)
        lock = (repo / "graft/stock.lock").read_text().splitlines()
        self.regions = [line.split() for line in lock if len(line.split()) == 5]
        source = UNIFDEF_C.parent.parent
        self.put_copies(source, self.stock, {"scripts/unifdef.c", *(r[1] for r in self.regions)})
        if (BUILD / "tools").exists():      # saves compiling unifdef again
            shutil.copytree(BUILD / "tools", self.repo / "build/tools", dirs_exist_ok=True)

    def put_copies(self, source, target, names):
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((source / name).read_bytes())

    def tampered(self, region):
        """The region with its last line but one (or its only one) changed"""
        *above, changed, last = ["", *region.split("\n")]
        if changed == "":
            return last + " /* tampered */"
        return "\n".join([*above[1:], changed + " /* tampered */", last])

    def tamper(self, file, name, lines, sha):
        """Changes a region in its file; the text that the file had"""
        path = self.stock / file
        text, region = path.read_text(), (self.repo / "build/regions" / sha).read_text()
        self.assertEqual(region.count("\n"), int(lines))
        before, found, after = text.rpartition(region.rstrip())
        self.assertTrue(found, f"{file}: {name}")
        path.write_text(before + self.tampered(found) + after)
        return text

    def test_every_region(self):
        """GRAFT-02 a changed line in any locked region of the package stops the graft"""
        self.grafts()
        self.assertGreater(len(self.regions), 10)
        files = {}
        for _, file, *region in self.regions:
            files.setdefault(file, []).append(region)
        # all complaints come at once: one region of each file at a time
        for one_of_each in itertools.zip_longest(*files.values()):
            changed = [(file, *region) for file, region in zip(files, one_of_each) if region]
            texts = {region[0]: self.tamper(*region) for region in changed}
            complaints = re.findall(r"^(?:graft: )?(.*: .*): changed in",
                                    self.stops("/* tampered */"), re.MULTILINE)
            self.assertEqual(sorted(complaints), sorted(f"{file}: {name}"
                                                        for file, name, *_ in changed))
            for file, text in texts.items():
                (self.stock / file).write_text(text)
        self.assertIn("nothing to do", self.grafts())

    def test_elsewhere(self):
        """GRAFT-02 a line added at the top of every file we hook is accepted"""
        self.grafts()
        for file in {r[1] for r in self.regions if r[0] not in ("shadow", "omit")}:
            path = self.stock / file
            path.write_text("\n" + path.read_text())
        self.grafts()
