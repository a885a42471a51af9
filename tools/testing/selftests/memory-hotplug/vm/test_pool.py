# SPDX-License-Identifier: GPL-2.0-only
"""A pool of host memory that two guests share, and everything that moves it killed.

MEMHP_KILLS says how many kills of controller and agents there are; each is at another
place. Stock cannot take part: it has no segments.
"""

import os
import random
from itertools import islice

from memhp_vm.pool import SEGMENT, START, Pool

KILLS = int(os.environ.get("MEMHP_KILLS", "6"))
# Where a program kills itself, in the order of a move from a to b.
CONTROLLER = ("saving draining", "saved draining", "ordering detach", "ordered detach",
              "saving zeroing", "saved zeroing", "zeroing segment", "zeroed segment",
              "saving attaching", "saved attaching", "ordering attach", "ordered attach",
              "saving owned", "saved owned")
GIVER = ("got detach", "begun detach", "done detach", "answered detach")
TAKER = ("got attach", "begun attach", "done attach", "answered attach")
PROGRAMS = [("controller", place) for place in CONTROLLER] \
    + [("giver", place) for place in GIVER] + [("taker", place) for place in TAKER]
# Its agent is killed there, and its QEMU right after.
MACHINES = [(f"{who}'s machine", place) for who, place in PROGRAMS if who != "controller"]


def good(answer):
    status, why = answer
    assert status == 0, why


def owners(pool):
    """{segment: guest}, as the kernels say; none may have two."""
    found = {}
    for name in pool.guests:
        for segment in pool.has(name):
            assert segment not in found, f"{found[segment]} and {name} have {segment}"
            found[segment] = name
    return found


def expect(pool, wanted):
    """The controller and the kernels say the same, and what is wanted."""
    rows = pool.wait_rest()
    told = {i: row.holder for i, row in enumerate(rows) if row.step == "owned"}
    assert told == owners(pool) == wanted, f"{told} {owners(pool)} {wanted}\n{pool.log()}"
    return rows


def fill(pool, name, segment):
    """Every page of a segment gets a pattern."""
    pool.guests[name].check(f"memfill {START + segment * SEGMENT:#x} {SEGMENT:#x} 1", 300)


def moves(pool):
    expect(pool, {})
    yield len(pool.rows()) == 8 and all(pool.is_zero(i) for i in range(8)), \
        "CTRL-10 a pool that nobody has is free and zero"
    good(pool.move(3, "a"))
    expect(pool, {3: "a"})
    fill(pool, "a", 3)
    yield not pool.is_zero(3), "CTRL-10 a guest uses its segment, which the host sees"
    good(pool.move(3, "b"))
    expect(pool, {3: "b"})
    yield pool.is_zero(3), "CTRL-10 it moves to the other guest, and nothing in it is left"
    fill(pool, "b", 3)
    good(pool.move(3, "a"))
    expect(pool, {3: "a"})
    yield pool.is_zero(3), "CTRL-10 and back, the same"
    good(pool.move(3, "a"))
    expect(pool, {3: "a"})
    yield True, "CTRL-10 to ask for what is does nothing, and goes well"


def refusals(pool):
    for what, words, text in (
            ("an unknown guest", ("move", 3, "c"), "no such"),
            ("an unknown segment", ("move", 8, "a"), "no such"),
            ("a segment that cannot be", ("move", 64, "a"), "usage"),
            ("no guest", ("move", 3), "usage"),
            ("an unknown command", ("drop", 3), "usage")):
        status, _, why = pool.command(*words, wait_ms=5000)
        yield status != 0 and text in why, f"CTRL-10 {what} is refused"
    status, _, why = pool.command("free", 3, user="a", wait_ms=1000)
    yield status == 1 and "no answer" in why, \
        "CTRL-10 a guest's user cannot ask for what administrators can"
    status, out = pool.guests["a"].run(pool.agent_words("a"))
    yield status == 1 and "another one runs" in out, "CTRL-10 a second agent is refused"
    expect(pool, {3: "a"})


def powerless(pool):
    """Root of another user namespace only."""
    pool.kill_agent("b")
    status, out = pool.guests["b"].run(f"busybox unshare -U -r {pool.agent_words('b')}")
    pool.start_agent("b")
    yield status == 1 and "the kernel refuses" in out and "CAP_SYS_ADMIN" in out, \
        "CTRL-10 an agent that may not ask the kernel says so and ends"
    pool.wait_rest()


def misplaced(pool):
    """An agent that looks for the pool where no window is does not get anything."""
    pool.kill_agent("b")
    pool.start_agent("b", address=START + SEGMENT)
    pool.wait(lambda: "no window has the whole pool" in pool.log(), "the agent's complaint")
    status, _ = pool.move(5, "b", wait_ms=1000)
    row = pool.rows()[5]
    yield (status, row.step, row.holder, pool.has("b")) == (1, "attaching", "b", []), \
        "CTRL-10 a guest without a window for the pool gets nothing"
    pool.kill_agent("b")
    pool.start_agent("b")
    expect(pool, {3: "a", 5: "b"})
    good(pool.move(5, None))
    yield True, "CTRL-10 and gets it when its agent knows where the pool is"


def in_the_way(pool):
    """A segment that cannot be given back stays, and its owner keeps it."""
    pin = pool.guests["a"].start("exec pin 1")
    pool.wait(lambda: "\n" in pin.output, "a pinned page")
    status, why = pool.move(3, "b", wait_ms=60000)
    expect(pool, {3: "a"})
    pin.kill()
    pin.wait(30)
    yield status == 1 and why, "CTRL-10 a segment with pages that stay is not given back"


def silent(pool):
    """An agent that never answers: nothing is zeroed or attached until it does."""
    fill(pool, "a", 3)
    pool.agents["a"].kill(19)
    status, why = pool.move(3, "b", wait_ms=2000)
    waiting = pool.rows()[3]
    yield (status, waiting.step, waiting.holder, pool.is_zero(3)) == \
        (1, "draining", "a", False) and "does not answer" in why, \
        "CTRL-10 a guest that does not answer keeps what it has, and who asked is told"
    pool.agents["a"].kill(18)
    expect(pool, {3: "b"})
    yield pool.is_zero(3), "CTRL-10 and the move goes on when it does"


# ---- kills

def places():
    """Each place once, then at random; if they are too many, some from end to end."""
    if KILLS < len(PROGRAMS):
        yield from (PROGRAMS[i * len(PROGRAMS) // KILLS] for i in range(KILLS))
        return
    yield from PROGRAMS + MACHINES
    chance = random.Random(10)
    while True:
        yield chance.choice(PROGRAMS + MACHINES)


def restart(pool, who, place):
    """The program that dies is started as one that will."""
    if who == "controller":
        pool.kill_controller()
        pool.start_controller(place)
    else:
        pool.kill_agent(who)
        pool.start_agent(who, place)


def dead(pool, who):
    if who == "controller":
        return pool.controller.poll() is not None
    return pool.agents[who].done()


def revive(pool, who, machine):
    if not machine:
        restart(pool, who, "")
        return
    pool.kill_guest(who)
    pool.start_guest(who)
    pool.start_agent(who)


def one_kill(pool, victim, place, giver, taker):
    who, _, machine = victim.partition("'s ")
    who = {"giver": giver, "taker": taker}.get(who, who)
    expect(pool, {3: giver})
    restart(pool, who, place)
    pool.wait_rest()
    # The answer may be lost with who gave it: asked again, it has to be good.
    pool.move(3, taker, wait_ms=1000)
    pool.wait(lambda: dead(pool, who), f"the end of the {victim} at {place}")
    owners(pool)
    revive(pool, who, machine)
    pool.wait_rest()
    good(pool.move(3, taker))
    expect(pool, {3: taker})


def kills(ctx, pool):
    giver, taker = "b", "a"
    pool.wait_rest()
    good(pool.move(3, giver))
    for victim, place in islice(places(), KILLS):
        one_kill(pool, victim, place, giver, taker)
        giver, taker = taker, giver
    ctx.note(f"{KILLS} kills")
    if giver != "b":
        good(pool.move(3, "b"))
    yield True, "CTRL-10 killed at any step, controller and agents lose nothing"


def machine_dies(pool):
    """kill -9 of QEMU: what the guest had is its own again, and zero."""
    fill(pool, "b", 3)
    good(pool.move(4, "a"))
    pool.kill_guest("b")
    pool.wait(lambda: pool.presence()["b"] == "away", "the end of b")
    row = pool.rows()[3]
    yield (row.step, row.holder) == ("owned", "b") and not pool.is_zero(3), \
        "CTRL-10 what a dead guest had is given to nobody"
    pool.start_guest("b")
    pool.start_agent("b")
    expect(pool, {3: "b", 4: "a"})
    yield pool.is_zero(3), "CTRL-10 a guest that begins anew has what it had, and it is zero"


def database_lost(pool):
    """A damaged one is refused; without one, all is found out from the guests."""
    pool.kill_controller()
    database = pool.folder / "database"
    database.write_bytes(b"not a database" * 100)
    pool.start_controller()
    refused = pool.controller.wait(20) == 1 and "Move it away" in pool.log()
    yield refused, "CTRL-10 a damaged database is refused, with what to do"
    database.unlink()
    pool.start_controller()
    expect(pool, {3: "b", 4: "a"})
    yield True, "CTRL-10 who has what is found out from the guests"


def session(ctx):
    if ctx.config == "64k":
        ctx.skip("a segment of 128 MiB is less than a memory block")
    with Pool(ctx.guest, deadline_ms=2000, slowness=ctx.slowness) as pool:
        yield from moves(pool)
        yield from refusals(pool)
        yield from powerless(pool)
        yield from misplaced(pool)
        yield from in_the_way(pool)
        yield from silent(pool)
        yield from kills(ctx, pool)
        yield from machine_dies(pool)
        yield from database_lost(pool)


SCENARIOS = [
    ("CTRL-10 memory moves between two guests, whichever side is killed when", session),
]
