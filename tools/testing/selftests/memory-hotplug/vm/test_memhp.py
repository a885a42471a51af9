# SPDX-License-Identifier: GPL-2.0-only
"""memhp and libmemhp as users get them: from their package, with libraries, in one guest.

What memhp says is compared with what the kernel shows elsewhere: its files, debugfs, and
the netlink dump of the program ctl, which shares no code with the library.
"""

import json
import re
import shlex
import signal
import tempfile
import time
from collections import namedtuple
from pathlib import Path

import notifier
from controller import CLASS, OFFLINE, Pin, attach, ctl, segments, sysfs, wait_state
from machines import GIB
from memhp_vm import package, paths
from observe import expect_same, state
from probe import EDGE, MIB, TOP, two_hidden, windows

CMDLINE = "nokaslr rodata=on mem=512M spare_nodes=1"
HIDDEN = GIB + 512 * MIB
BLOCK = 128 * MIB
BIG = "00000000-0000-0000-0000-000000000001"
SMALL = "00000000-0000-0000-0000-000000000002"
NOBODY = "00000000-0000-0000-0000-0000000000ff"
AT = f"{EDGE:#x}+1G"

# who has no name has no rights
AS_USER = "busybox start-stop-daemon -S -c user -x /usr/sbin/memhp --"
CUT = "=====cut====="            # between what was said and what went wrong
Said = namedtuple("Said", "status out err")


def run(guest, words, program="memhp", timeout=120):
    """memhp with these words."""
    script = f"{program} {words} > /tmp/out 2> /tmp/err; echo $?; cat /tmp/out; echo {CUT}"
    head, _, err = guest.check(script + "; cat /tmp/err", timeout).partition(CUT + "\n")
    status, _, out = head.partition("\n")
    return Said(int(status), out, err)


def good(guest, words):
    said = run(guest, words)
    assert said.status == 0, (words, said)
    return said.out


def shown(guest, words):
    return json.loads(good(guest, words + " --json"))


def is_refused(ctx, said, status, *words):
    """The status, one line for people, and nothing for programs."""
    first = said.err.splitlines()[0] if said.err else ""
    fine = (said.status == status and not said.out and first.startswith("memhp: ")
            and all(word in said.err for word in words))
    if not fine:
        ctx.note(f"{status} {words} is wanted: {said}")
    return fine


# ---- what there is

def looks(guest):
    found = [(w["start"], w["size"], w["node"]) for w in shown(guest, "windows")]
    assert found == [(w.start, w.end - w.start, w.node) for w in windows(guest)], found
    text = good(guest, "windows -v")
    assert re.search(rf"{EDGE:#x} +2G +0 +2G +1 ", text) and "blocks of 128M" in text, text
    yield True, "CTRL-09 windows are those of debugfs, as a table and as JSON"
    assert shown(guest, "list") == [] and good(guest, "list").startswith("UUID ")
    assert shown(guest, "topology")["windows"][1]["start"] == EDGE
    assert json.loads(good(guest, "-j topology"))["block_size"] == BLOCK
    assert run(guest, "topology --xml").status == 2
    yield True, "CTRL-09 topology is that of memhp-topology"
    ledger = guest.check("cat /sys/kernel/debug/boot_memory/reservations").splitlines()[1:-1]
    rows = shown(guest, "audit --all")["reservations"]
    mine = [(r["start"], r["start"] + r["size"] - 1, r["kind"], r["owner"]) for r in rows]
    want = [(int(w[0], 16), int(w[1], 16), w[2], w[5]) for w in map(str.split, ledger)]
    assert mine == want and len(mine) > 9, (mine, want)
    held = shown(guest, "audit")["reservations"]
    assert held == [r for r in rows if r["held"] and r["hotpluggable"]], held
    yield True, "CTRL-09 audit shows boot's ledger, all of it or what is in the way"


def attaches(ctx, guest):
    made = shown(guest, f"attach -o demo -p online_movable --uuid {BIG} --cookie 42 {AT}")
    assert (made["uuid"], made["state"], made["usage"], made["node"], made["cookie"]) == \
        (BIG, "attached", "online_movable", 1, 42), made
    assert made["ranges"] == [{"start": EDGE, "size": GIB}], made
    assert "System RAM (memhp)" in guest.check("cat /proc/iomem")
    yield True, "CTRL-09 attach waits until the memory is there, and shows the segment"
    seg, = shown(guest, "list")
    theirs = segments(guest)[1]
    assert (seg["owner"], str(seg["cookie"]), str(seg["size"]), str(seg["seq"])) == \
        (theirs["owner"], theirs["cookie"], theirs["size"], theirs["seq"]), (seg, theirs)
    assert seg["orphan"] and guest.check(f"cat {sysfs(1)}/orphan") == "1\n"
    assert shown(guest, f"list {BIG}") == [seg] and shown(guest, "list -o nobody") == []
    human = shown(guest, "list --human")[0]
    assert (human["size"], human["ranges"][0]) == ("1G", {"start": f"{EDGE:#x}", "size": "1G"})
    row = good(guest, "list").splitlines()[1].split()
    assert row == [BIG, "demo*", "attached", "online_movable", "1", "1G",
                   f"{EDGE:#x}-{EDGE + GIB - 1:#x}"], row
    assert "cookie 0x2a" in good(guest, "list -v")
    yield True, "CTRL-09 list agrees with a dump of another program, as text, JSON and human JSON"
    drawn = shown(guest, "topology")["segments"]
    assert drawn == [{"start": EDGE, "size": GIB, "node": 1, "uuid": BIG, "owner": "demo",
                      "state": "online_movable"}], drawn
    assert f"<title>segment {BIG}<" in good(guest, "topology --svg")
    yield True, "CTRL-09 topology shows it, as JSON and in a picture"
    again = shown(guest, f"attach -o demo -p online_movable --uuid {BIG} --cookie 42 {AT}")
    assert again["ranges"] == made["ranges"] and len(segments(guest)) == 1, again
    yield True, "CTRL-09 attach again, of the orphan that it was, changes nothing"
    made = shown(guest, f"attach -o demo -p offline -w {HIDDEN:#x} --no-wait 256M")
    assert made["ranges"][0]["start"] == HIDDEN and made["uuid"] != BIG, made
    ctx.note(f"a uuid by chance: {made['uuid']}")
    guest.check(f"for i in $(seq 100); do memhp list {made['uuid']} | grep -q ' attached ' && exit;"
                " sleep 0.1; done; exit 1")
    yield True, "CTRL-09 attach makes up a uuid, and any place will do"
    left = shown(guest, f"detach -r {HIDDEN:#x}+128M {made['uuid']}")
    assert left["ranges"] == [{"start": HIDDEN + BLOCK, "size": BLOCK}], left
    gone = shown(guest, f"detach {made['uuid']}")
    assert (gone["state"], gone["ranges"], gone["owner"]) == ("absent", [], "demo"), gone
    yield True, "CTRL-09 detach takes a part away, and then the rest"


def policies(guest):
    assert good(guest, f"policy {BIG}") == "online_movable, is online_movable\n"
    for word, seen in (("offline", "offline"), ("online-movable", "online_movable")):
        assert shown(guest, f"policy {BIG} {word}")["usage"] == seen
        assert guest.check(f"cat {sysfs(1)}/state") == seen + "\n"
    yield True, "CTRL-09 policy shows, and takes all of a segment off- and online"


def quotas(guest):
    q, = shown(guest, "quota demo --bytes 1152M --segments none")
    assert (q["bytes"], q["segments"], q["used_bytes"], q["used_segments"]) == \
        (1152 * MIB, None, GIB, 1), q
    assert good(guest, "quota").splitlines()[1].split()[:6] == \
        ["demo", "1G", "of", "1152M", "1", "of"]
    yield True, "CTRL-09 quota sets and shows limits and what is used"


def far_away(guest):
    at = f"--uuid {SMALL} {EDGE + GIB:#x}+128M"
    words = f"attach -o demo -n 2 --distance 0:40 --distance 1:60:50 -p online_movable {at}"
    assert shown(guest, words)["node"] == 2
    rows = {node["id"]: node["distances"] for node in shown(guest, "topology")["nodes"]}
    assert rows == {0: {"0": 10, "1": 20, "2": 40}, 1: {"0": 20, "1": 10, "2": 50},
                    2: {"0": 40, "1": 60, "2": 10}}, rows
    good(guest, f"detach {SMALL}")
    yield True, "CTRL-09 CTRL-02 attach makes a new node, as far away as it is told"


# ---- events

def hears(ctx, guest):
    ear = guest.start("exec memhp watch --json -c 5 -t 60s 2>&1")
    people = guest.start(f"exec memhp watch --progress -t {5 * ctx.slowness}s 2>&1")
    # until both are in the group: the kernel sends to those who listen
    guest.check("for i in $(seq 100); do [ $(pidof memhp | wc -w) = 2 ] && break; sleep 0.1;"
                " done; sleep 0.5")
    good(guest, f"attach -o demo -p offline --uuid {SMALL} {EDGE + GIB:#x}+128M")
    good(guest, f"detach {SMALL}")
    heard = [json.loads(line) for line in ear.check(90).splitlines()]
    ctx.note([(e["event"], e["seq"]) for e in heard])
    yield [(e["event"], e["uuid"]) for e in heard] == \
        [(word, SMALL) for word in ("attached", "orphaned", "reclaimed", "usage", "detached")], \
        "CTRL-09 watch shows events, a line of JSON each, and ends after as many as it shall"
    first = heard[0]["seq"]
    yield [e["seq"] for e in heard] == list(range(first, first + 5)), \
        "CTRL-09 with their numbers"
    said = people.check(60)
    ctx.note(said)
    yield re.search(rf"{first} attached +{SMALL}", said) and " progress  100% " in said, \
        "CTRL-09 watch is for people, too, and ends when nothing comes any more"


def misses(ctx, guest):
    """Who does not read for a while is told once that events were lost, and of what is."""
    ear = guest.start(f"exec memhp watch --json -t {8 * ctx.slowness}s 2>&1")
    guest.check("for i in $(seq 100); do pidof memhp && break; sleep 0.1; done; sleep 0.5")
    ear.kill(signal.SIGSTOP)
    made, many = ctl(guest, attach(3, EDGE + GIB, owner="demo", policy=OFFLINE),
                     "times 3000 reclaim uuid=3 owner=demo")
    assert not made.error and not many.error, many
    ear.kill(signal.SIGCONT)
    end = time.monotonic() + 30 * ctx.slowness
    while '"lost"' not in ear.output and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(ctx.slowness)
    for answer in ctl(guest, "reclaim uuid=3 owner=demo", "detach uuid=3 wait=10000"):
        assert not answer.error, answer
    heard = [json.loads(line) for line in ear.check(90).splitlines()]
    words = [e.get("event", "segment") for e in heard]
    ctx.note(words)
    assert words[-1] == "detached", words
    yield words.count("lost") == 1, "CTRL-09 watch tells once that events were lost"


# ---- what cannot be done

INJECT = "/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error"


def fails_late(ctx, guest):
    """The memory is there already when a listener refuses that it goes online."""
    for module in notifier.build(guest):
        guest.put(f"/tmp/{module.name}", module.read_bytes())
        guest.check(f"insmod /tmp/{module.name}")
    guest.check(f"echo -12 > {INJECT}")
    said = run(guest, f"attach -o demo -p online_movable {EDGE + GIB:#x}+128M")
    guest.check(f"echo 0 > {INJECT}")
    yield is_refused(ctx, said, 1, "(ENOMEM)", "onlined"), \
        "CTRL-09 attach that fails when it is under way: status 1, and why"
    yield list(segments(guest)) == [1], "CTRL-09 and there is no such segment"


def expect_blockers(ctx, guest, pin):
    begun = float(guest.check("cat /proc/uptime").split()[0])
    said = run(guest, f"detach -d {1500 * ctx.slowness}ms {BIG}")
    took = float(guest.check("cat /proc/uptime").split()[0]) - begun
    ctx.note(f"{took:.1f} s: {said.err}")
    yield is_refused(ctx, said, 3, "by the deadline (ETIMEDOUT)", f"page {pin.pfn:#x} "), \
        "CTRL-09 detach of a pinned page: status 3, with the page named"
    seg, = shown(guest, "list")
    assert (seg["orphan"], seg["state"], seg["usage"], seg["owner"]) == \
        (True, "attached", "online_movable", "demo"), seg
    assert pin.pfn in [b["pfn"] for b in seg["blockers"]] and seg["error"] == -110, seg
    assert f"page {pin.pfn:#x}" in good(guest, "list -v")
    yield True, "CTRL-09 it is as it was, and list tells what was in the way"


def draining(guest):
    job = guest.start(f"exec memhp detach -d 10m {BIG} 2>&1")
    wait_state(guest, 1, "draining")
    return job


def aborts(ctx, guest):
    job = draining(guest)
    assert run(guest, f"detach {BIG}").status == 1
    good(guest, f"abort {BIG}")
    status, out = job.wait(60)
    yield status == 1 and "canceled" in out.lower(), \
        "CTRL-09 abort calls off the detach of another memhp, which says so"
    assert is_refused(ctx, run(guest, f"abort {BIG}"), 1, "nothing is under way")
    job = draining(guest)
    job.kill()
    job.wait(30)
    seg = wait_state(guest, 1, "attached")
    yield (seg["usage"], seg["orphan"]) == ("2", "1"), \
        "CTRL-09 a detach whose memhp is killed is undone"
    again = shown(guest, f"attach -o demo -p online_movable --uuid {BIG} --cookie 42 {AT}")
    yield (again["state"], again["error"]) == ("attached", -125), \
        "CTRL-09 an error of long ago is none of an attach that is done again"


REFUSE = "/sys/module/memhp_refuse/parameters"
ATTACH_SMALL = f"attach -o demo -p online_movable --uuid {SMALL} {EDGE + GIB:#x}+128M"


def called_off_late(guest, command, number):
    """(status, text) of abort and of the command, which is about to be done by then."""
    status, out = guest.insmod("memhp_refuse", "agree=Y")
    assert status == 0, out
    good(guest, ATTACH_SMALL)       # the first one to come online does not wait
    good(guest, f"detach {SMALL}")
    job = guest.start(f"exec memhp {command} 2>&1")
    guest.check(f"until grep -q Y {REFUSE}/waiting; do sleep .1; done", timeout=60)
    abort = guest.start(f"exec memhp abort {(BIG, SMALL)[number - 1]} 2>&1")
    wait_state(guest, number, "aborting")
    guest.check(f"echo Y > {REFUSE}/go")
    said = abort.wait(60), job.wait(60)
    guest.check("rmmod memhp_refuse")
    return said


def aborts_late(ctx, guest):
    (status, text), (undone, why) = called_off_late(guest, ATTACH_SMALL, 2)
    ctx.note((status, text, undone, why))
    yield status == 0 and undone == 1 and list(segments(guest)) == [1], \
        "CTRL-09 abort of an attach whose memory is all but there: nothing is left of it"
    good(guest, f"policy {BIG} offline")
    (status, text), (done, why) = called_off_late(guest, f"policy {BIG} online_movable", 1)
    ctx.note((status, text, done, why))
    yield status == 1 and "done before" in text and done == 0, \
        "CTRL-09 abort of what is done nevertheless: status 1, and that it was"
    assert shown(guest, "list")[0]["usage"] == "online_movable"


def wrong_words():
    """(what, words, status, what it has to say)"""
    tiny = f"{EDGE + GIB:#x}+128M"
    many = " ".join(["128M"] * 17)
    return [
        ("no command", "", 2, "name a command"),
        ("an unknown command", "atach 1G", 2, "no such command"),
        ("an unknown option", "list --josn", 2, "no such option"),
        ("an unknown letter", "list -x", 2, "no such option"),
        ("an option of another command", "list --bytes 1G", 2, "not for this command"),
        ("an option without its value", "attach 128M --node", 2, "value is missing"),
        ("a value that is not wanted", "list --json=yes", 2, "takes no value"),
        ("attach without a size", "attach -o demo", 2, "SIZE is missing"),
        ("a size that is none", "attach 128X", 2, "SIZE"),
        ("a size of nothing", "attach 0", 2, "SIZE"),
        ("a size of more than 64 bits", "attach 16E", 2, "SIZE"),
        ("a range backwards", "attach 0x2000-0x1000", 2, "FIRST-LAST"),
        ("too many ranges", f"attach {many}", 2, "16 ranges"),
        ("a negative node", "attach -n -1 128M", 2, "number is wanted"),
        ("distances of no node", "attach --distance 0:30 128M", 2, "--node"),
        ("a distance that is none", "attach -n 1 --distance 30 128M", 2, "NODE:TO"),
        ("an unknown policy", "attach -p movable 128M", 2, "online_movable"),
        ("an unknown place of page structs", "attach --memmap here 128M", 2, "inside"),
        ("an empty owner", "attach -o '' 128M", 2, "name of 1 to 31"),
        ("an owner that is too long", f"attach -o {40 * 'o'} 128M", 2, "name of 1 to 31"),
        ("a uuid that is none", "detach 1", 2, "no uuid"),
        ("no uuid", "detach", 2, "uuid"),
        ("two uuids", f"abort {BIG} {SMALL}", 2, "one uuid"),
        ("a deadline of zero", f"detach -d 0 {BIG}", 2, "time is wanted"),
        ("a deadline in weeks", f"detach -d 1w {BIG}", 2, "time is wanted"),
        ("a range without a place", f"detach -r 128M {BIG}", 2, "ADDRESS+SIZE"),
        ("one word too many", "windows all", 2, "too many"),
        ("limits of nobody", "quota --bytes 1G", 2, "OWNER"),
        ("a limit that is none", "quota demo --bytes much", 2, "size is wanted"),
        ("a uuid of zeroes", f"list {BIG[:-1]}0", 1, "zeroes"),
        ("an unknown segment", f"list {NOBODY}", 1, "no segment"),
        ("... to detach", f"detach {NOBODY}", 1, "no segment"),
        ("... to abort", f"abort {NOBODY}", 1, "no segment"),
        ("... to change", f"policy {NOBODY} offline", 1, "no segment"),
        ("an unknown owner", "quota nobody", 1, "no owner"),
        ("more than the quota", f"attach -o demo {EDGE + GIB:#x}+256M", 1, "quota"),
        ("outside of windows", f"attach {TOP:#x}+128M", 1, "window"),
        ("boot memory", f"attach {GIB:#x}+128M", 1, "window"),
        ("memory that is there", f"attach {AT}", 1, "segment has"),
        ("half a block", "attach 64M", 1, "memory block"),
        ("an unaligned place", f"attach {EDGE + GIB + 4096:#x}+128M", 1, "block"),
        ("more than is free", "attach 64G", 1, "no window"),
        ("no such window", "attach -w 4096 128M", 1, "window"),
        ("no such node", f"attach -n 99 {tiny}", 1, "node"),
        ("a distance that cannot be", f"attach -n 1 --distance 0:10 {tiny}", 1, "11 or more"),
        ("other distances of a node that has memory", f"attach -n 1 --distance 0:30 {tiny}", 1,
         "has memory"),
        ("page structs inside, which this boot cannot", f"attach --memmap inside {tiny}", 1,
         "memmap_on_memory"),
        ("the uuid of another owner", f"attach -o other --uuid {BIG} {AT}", 1, ""),
        ("the uuid of other ranges", f"attach -o demo --uuid {BIG} {tiny}", 1, "uuid"),
        ("a part that is not there", f"detach -r {tiny} {BIG}", 1, "range"),
        ("nothing to abort", f"abort {BIG}", 1, "nothing is under way"),
        ("a file that is not there", "audit -f /none", 1, "No such file"),
        ("a file that is no ledger", "audit -f /etc/passwd", 1, "line 1"),
    ]


def refusals(ctx, guest):
    guest.check("echo user:x:1000:1000::/tmp:/bin/sh >> /etc/passwd")
    before = state(guest)
    for what, words, status, text in wrong_words():
        yield is_refused(ctx, run(guest, words), status, text), \
            f"CTRL-09 {what}: status {status}, and why"
    for words in ("windows", "list", "quota", "attach 128M", f"detach {BIG}", f"abort {BIG}",
                  f"policy {BIG} offline", "quota demo --bytes 1", "watch -t 1s"):
        said = run(guest, words, AS_USER)
        yield is_refused(ctx, said, 1, "CAP_SYS_ADMIN"), f"CTRL-09 not root: {words.split()[0]}"
    yield (said := run(guest, "audit", AS_USER)).status == 1 and \
        "Permission denied" in said.err, "CTRL-09 not root: audit"
    said = run(guest, "list", "busybox unshare -n memhp")
    yield is_refused(ctx, said, 1, "no controllers"), "CTRL-09 in another network namespace"
    said = run(guest, "list", "busybox unshare -U -r memhp")
    yield is_refused(ctx, said, 1, "CAP_SYS_ADMIN"), "CTRL-09 root of another user namespace"
    full = guest.run("memhp list > /dev/full 2>/tmp/err")[0]
    yield full == 1 and "No space" in guest.check("cat /tmp/err"), \
        "CTRL-09 standard output that is full: status 1"
    expect_same(before, state(guest))
    seg, = shown(guest, "list")
    yield (seg["uuid"], seg["owner"], seg["size"], seg["usage"], seg["orphan"]) == \
        (BIG, "demo", GIB, "online_movable", True), "CTRL-09 after all of that it is as it was"
    yield shown(guest, "quota demo")[0]["bytes"] == 1152 * MIB, "CTRL-09 as are quotas"


# ---- shells and programs

def completions(guest):
    guest.put("/tmp/complete", b"""
        . /usr/share/bash-completion/completions/memhp
        COMP_WORDS=(memhp "$@"); COMP_CWORD=$#
        _memhp
        echo ${COMPREPLY[*]}
    """)

    def complete(*words):
        return guest.check("bash /tmp/complete " + shlex.join(words)).split()
    assert complete("a") == ["attach", "abort", "audit"], complete("a")
    assert complete("detach", "") == [BIG]
    assert complete("policy", BIG, "online_") == ["online_kernel", "online_movable"]
    assert complete("attach", "--policy", "off") == ["offline"]
    assert complete("quota", "") == ["demo"]
    assert complete("attach", "--no") == ["--node", "--no-wait"]
    assert complete("attach", "-w", "") == [str(HIDDEN), str(EDGE)]
    yield True, "CTRL-09 bash completes commands, options, uuids, owners and windows"


def example_source():
    """The program of memhp.rst, as who reads it would copy it."""
    text = (paths.ROOT / "Documentation/memhp.rst").read_text()
    block = text.split(".. code-block:: c\n\n")[1]
    lines = []
    for line in block.splitlines():
        if line and not line.startswith("\t"):
            break
        lines.append(line.removeprefix("\t"))
    return "\n".join(lines).strip() + "\n"


def build_example(guest):
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "example.c", Path(folder) / "example"
        source.write_text(example_source())
        package.compile_with_library(source, program)
        guest.put("/tmp/example", program.read_bytes(), executable=True)


def examples(guest):
    build_example(guest)
    out = guest.check("/tmp/example 128M < /dev/null")
    assert out == f"{BLOCK:#x} bytes at {HIDDEN:#x}, online_movable\ngiven back\n", out
    job = guest.start("exec /tmp/example 128M < /dev/console")
    end = wait_for_output(guest, job)
    job.kill()
    job.wait(30)
    left = [s for s in shown(guest, "list") if s["owner"] == "example"]
    assert len(left) == 1 and left[0]["orphan"], left
    assert guest.check("/tmp/example 128M < /dev/null").startswith(end), end
    assert not [s for s in shown(guest, "list") if s["owner"] == "example"]
    yield True, "CTRL-09 the controller of memhp.rst attaches, is killed, reclaims, gives back"
    assert guest.run("/tmp/example 64M < /dev/null 2>/tmp/err")[0] == 1
    yield "memory block" in guest.check("cat /tmp/err"), \
        "CTRL-09 and has the kernel's words for a refusal"


def wait_for_output(guest, job):
    guest.check("for i in $(seq 100); do memhp list -o example | grep -q example && break;"
                " sleep 0.1; done; sleep 0.5")
    assert job.output, "the example says nothing"
    return job.output


def leaves(ctx, guest):
    text = guest.check(f"memhp detach -v {BIG} 2>&1")
    ctx.note(text)
    assert re.search(r"^memhp: draining, \d+%$", text, re.M), text
    assert re.search(rf"^{BIG} .* absent ", text, re.M), text
    assert shown(guest, "list") == [] and not guest.run(f"[ ! -e {sysfs(1)} ]")[0]
    assert "memhp" not in guest.check("cat /proc/iomem")
    assert guest.check(f"ls {CLASS}").split() == [f"window-{HIDDEN:x}", f"window-{EDGE:x}"]
    yield True, "CTRL-09 detach shows its progress, and then nothing is left"


def session(ctx):
    with ctx.guest(firmware="dt", topology=two_hidden(), cmdline=CMDLINE, root="tools") as guest:
        yield from looks(guest)
        yield from attaches(ctx, guest)
        yield from policies(guest)
        yield from quotas(guest)
        yield from far_away(guest)
        yield from hears(ctx, guest)
        yield from misses(ctx, guest)
        yield from fails_late(ctx, guest)
        pin = Pin(guest)
        yield from expect_blockers(ctx, guest, pin)
        yield from aborts(ctx, guest)
        pin.release()
        yield from aborts_late(ctx, guest)
        yield from refusals(ctx, guest)
        yield from completions(guest)
        yield from examples(guest)
        yield from leaves(ctx, guest)


SCENARIOS = [
    ("CTRL-09 memhp and libmemhp do what controllers do", session),
]
