# SPDX-License-Identifier: GPL-2.0-only
"""What a guest's kernel says of the pages that are in use, and of those that moved."""

import re


def of_vmstat(guest, name):
    return int(guest.check(f"awk '$1 == \"{name}\" {{ print $2 }}' /proc/vmstat"))


def migrated(guest):
    return of_vmstat(guest, "pgmigrate_success")


def in_movable(guest):
    """Pages in use in movable zones."""
    text = guest.check("sed -n '/zone  *Movable/,/^Node/p' /proc/zoneinfo")
    free, managed = (sum(map(int, re.findall(rf"^\s+{word}\s+(\d+)", text, re.M)))
                     for word in ("pages free", "managed"))
    cached = sum(int(n) for n in re.findall(r"^\s+count:\s+(\d+)", text, re.M))
    return managed - free - cached
