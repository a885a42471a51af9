# SPDX-License-Identifier: GPL-2.0-only
"""What an administrator sees of memory, beside what stock shows on the same machine."""

import re

from census import differences, grown, look, zones
from machines import plain

MOMENTS = ("at boot", "with a DIMM, half of it online", "after the DIMM")


def half_online(guest):
    dimm = guest.plug_dimm("d0", size="1G", node=1)
    blocks = guest.wait_blocks(dimm)
    for block in blocks[:max(1, len(blocks) // 2)]:
        assert not guest.set_state(block, "online_movable")
    return dimm


def take_away(guest, dimm):
    for block in guest.blocks(dimm):
        if block.state != "offline":
            assert not guest.set_state(block, "offline")
    guest.unplug(dimm.id)
    guest.wait_blocks(dimm, gone=True)


def moments(ctx, tree):
    """[{what: [lines]}], one for each of MOMENTS."""
    with plain(ctx, "on", tree=tree, config=ctx.config) as guest:
        first = zones(guest)

        def now():
            return look(guest) | {"zone counters": grown(first, zones(guest))}

        seen = [now()]
        dimm = half_online(guest)
        seen.append(now())
        take_away(guest, dimm)
        return [*seen, now()]


ROWS = {"/proc/iomem": "CORE-06", "zone counters": "CORE-06",
        "/sys/firmware/memmap": "CORE-06", "module parameters": "CORE-07"}
SHOW_A_DIMM = ("files, modes and links", "contents of files", "/proc/iomem", "zone counters")


# Documentation/ABI/ and core.rst; what they do is in test_probe.py, test_offline.py,
# test_uevent.py and test_online.py. What stock says of "removable" is always the same:
# see test_boot.py.
OURS = re.compile(r"/sys/devices/system/memory/(probe|remove|window_add|window_remove|"
                  r"offline|offline_check|offline_cancel|online_progress)\b|"
                  r"/sys/module/memory_hotplug/parameters/(one_uevent|online_cpus|online_background|"
                  r"offline_timeout_ms|offline_retries|movable_limit)\b|"
                  r"/memory\d+/removable:")


def like_stock(ctx):
    """One result for each kind of file and each moment."""
    ctx.need_stock()
    theirs, ours = moments(ctx, "stock"), moments(ctx, ctx.tree)
    assert all(theirs[0][what] != theirs[1][what] for what in SHOW_A_DIMM), "seen too little"
    for moment, stock, own in zip(MOMENTS, theirs, ours):
        for what in stock:
            found = differences(*([line for line in lines[what] if not OURS.search(line)]
                                  for lines in (stock, own)))
            sentence = f"SYSFS-04 {ROWS.get(what, '')} {what} like stock's {moment}"
            if found:
                ctx.note(f"{what} {moment}, stock - and ours +:\n" + "\n".join(found))
            assert stock[what], f"nothing to compare: {what}"
            yield not found, " ".join(sentence.split())
    ctx.note(", ".join(f"{len(lines)} lines of {what}" for what, lines in theirs[1].items()))


SCENARIOS = [
    ("SYSFS-04 what files show of memory agrees with stock on the same machine", like_stock),
]
