# SPDX-License-Identifier: GPL-2.0-only
"""What controllers add to memory hotplug: attaching and detaching beside the bare
transactions of the same ranges, and events. Ours alone: stock has no controllers.

A guest has one CPU: what listeners do falls into the same window as what they hear. The
CPU is on the other node, so that nobody uses the memory that is attached.
"""

from contextlib import contextmanager

from memhp_vm import counting
from memhp_vm.counting import BUILD, booted, windows_in

from . import Part
from .rounds import ONLINE, online_by_itself, run_module

MIB = 1 << 20
NODE = 0x1c0000000              # where the memory of node 1 begins
START = NODE + 128 * MIB        # before it is some that stays, so that the node does
SIZES = {"128 MiB": 128 * MIB, "1 GiB": 1024 * MIB, "4 GiB": 4096 * MIB}
ROUNDS = 9
SETTLE = 100                    # ms of rest before a window
LIMIT = 50_000                  # instructions more than the bare transaction
MOVABLE = 3                     # policy

LISTENERS, EVENTS = 10, 1000
CORE = 10 ** 9                  # instructions a second, of one core
PER_SECOND = 10_000
END = "mark -1"


def ctl(guest, *requests):
    out = guest.check("ctl " + " -- ".join(requests) + " > /tmp/said; cat /tmp/said", timeout=600)
    errors = [line for line in out.splitlines() if line[0].isdigit() and line[0] != "0"]
    if errors:
        raise SystemExit(f"bench: ctl: {errors}\n{guest.tail(5)}")
    return out


def attach(size, start=START, uuid=1):
    return (f"attach uuid={uuid} owner=bench range={start:#x}+{size:#x} node=1"
            f" policy={MOVABLE} wait=10000")


def come_and_go(guest, size, rounds):
    """The bare transactions and ours in turn. Programs have run before each, and what they
    leave to RCU is gone; the controller lives, and has spoken before."""
    rest = f"sleep {SETTLE}"
    for _ in range(rounds):
        run_module(guest, f"start={START:#x} size={size:#x} rounds=1 online=1 node=1"
                          f" settle={SETTLE}")
        ctl(guest, "get uuid=2", rest, "mark 0", attach(size), END,
            rest, "mark 1", "detach uuid=1 wait=10000", END)


def of_size(guest, counts, size):
    """{operation: (ours, bare)}: instructions, the fewest of the rounds but the first: a tick
    of the timer, which falls into some windows, is no part of either."""
    before = len(windows_in(counts))
    come_and_go(guest, size, ROUNDS)
    windows = windows_in(counts)[before:]
    if [window for window, _ in windows] != ROUNDS * [2, 3, 0, 1]:
        raise SystemExit(f"bench: {counts}: not the windows that were expected")

    def fewest(window):
        return min([n["instructions"] for w, n in windows if w == window][1:])
    return {"attach": (fewest(0), fewest(2)), "detach": (fewest(1), fewest(3))}


def events(guest, counts, listeners):
    """Instructions of an event: asking for it, sending it, and each listener's reading."""
    guest.check("rm -f /tmp/ear*; " + "".join(
        f"ctl join events -- count 5000 > /tmp/ear{n} & " for n in range(listeners)) + "sleep 2")
    ctl(guest, attach(SIZES["128 MiB"]).replace(f"policy={MOVABLE}", "policy=0"),
        "times 10 reclaim uuid=1 owner=bench", "mark 2",
        f"times {EVENTS} reclaim uuid=1 owner=bench", END, "detach uuid=1 wait=10000")
    guest.check("wait; sleep 6")
    heard = guest.check("cat /tmp/ear* 2> /dev/null | grep -v joined || true").splitlines()
    if len(heard) != listeners or any(" 0 missing, 0 overruns" not in line for line in heard):
        raise SystemExit(f"bench: events were lost: {heard}")
    return windows_in(counts)[-1][1]["instructions"] / EVENTS


@contextmanager
def machine(library, counts, profile=None):
    with booted(library, "grafted", "6G", "1G", counts, "rodata=on", profile, nodes=2) as guest:
        online_by_itself(guest)
        ctl(guest, attach(SIZES["128 MiB"], NODE, 2))
        yield guest


def profile(library):
    path = BUILD / "grafted-attach.profile"
    with machine(library, BUILD / "grafted-attach.txt", path) as guest:
        come_and_go(guest, SIZES["4 GiB"], 2)
    counting.show_profile("grafted", path, dict(enumerate(("attach", "detach", *ONLINE))), "4 GiB")


def measure(library, boots):
    counts = BUILD / "grafted-attach.txt"
    with machine(library, counts) as guest:
        sizes = {name: of_size(guest, counts, size) for name, size in SIZES.items()}
        return sizes, {n: events(guest, counts, n) for n in (0, LISTENERS)}


def judge(measured, report):
    sizes, told = measured
    for name, found in sizes.items():
        for operation, (ours, bare) in found.items():
            report.goal(f"CTRL-02 {operation} {name}, free and online: {LIMIT} instructions"
                        " more than the bare transaction at most", ours - bare <= LIMIT,
                        ours - bare, None, f"{ours} of {bare}")
    each = (told[LISTENERS] - told[0]) / LISTENERS
    report.goal(f"CTRL-05 {PER_SECOND} events a second to {LISTENERS} listeners are no more"
                f" than a core does at 10^9 instructions a second",
                told[LISTENERS] * PER_SECOND <= CORE, round(told[LISTENERS]), None,
                f"instructions of an event; {told[0]:.0f} without listeners, {each:.0f} for each")


PART = Part(measure, judge, 2 * len(SIZES) + 1, profile)
