# SPDX-License-Identifier: GPL-2.0-only
"""What a guest shows of its memory, and whether it is as it was.

Owns the difference between what has to be the same to the last digit (state()) and
what may vary by the guest's own commands (amounts()).
"""

import re
import time

from machines import GIB

LEVELS = ("PTE", "PMD", "PUD", "PGD")
# of configurations that have pages or addresses of their own; 48 elsewhere
VA_BITS = {"16k": 48, "64k": 52, "va39": 39, "va52": 52}
SLACK = {"free": 2048, "Slab": 1024}            # KiB


# ---- the linear map

def va_bits(guest):
    """Of a guest, or of the guests of a scenario."""
    return VA_BITS.get(guest.config, 48)


def linear_bytes(guest):
    """How much the linear map has room for: half of all addresses, or all but the last
    47 bits, if a kernel for 52 bits has to run where there are 48, too."""
    bits = va_bits(guest)
    return (1 << 52) - (1 << 47) if bits == 52 else 1 << (bits - 1)


def linear_offset(guest):
    """Virtual minus physical in the linear map, without KASLR."""
    first = min(block.start for block in guest.blocks()) & ~(GIB - 1)
    return (1 << 64) - (1 << va_bits(guest)) - first


def mapped_by_kind(guest, start, size):
    """{kind: bytes} of what the page-table dump shows of a physical range."""
    base, found = linear_offset(guest), {}
    for line in guest.check("cat /sys/kernel/debug/kernel_page_tables").splitlines():
        match = re.match(r"0x(\w+)-0x(\w+)\s+\S+\s+(.*)", line)
        if not match or "AF" not in match[3].split():
            continue
        first, last = (int(x, 16) - base for x in match.groups()[:2])
        part = min(last, start + size) - max(first, start)
        if part > 0:
            words = match[3].split()
            kind = words[0] + ("+CON" if "CON" in words else "")
            found[kind] = found.get(kind, 0) + part
    return found


def mapped(guest, start, size):
    return sum(mapped_by_kind(guest, start, size).values())


# ---- what has to be the same

# One process that starts no other, at addresses that do not vary: what it needs
# itself is the same each time. Reading stat_refresh folds the CPUs' counts.
COUNT_TABLES = ("echo 0 > /proc/sys/kernel/randomize_va_space; exec awk 'BEGIN {"
                " getline < \"/proc/sys/vm/stat_refresh\";"
                " while ((getline < \"/proc/vmstat\") > 0)"
                " if ($1 == \"nr_page_table_pages\") print $2 }'")


def table_pages(guest):
    """nr_page_table_pages; the lowest of some, as what exits may still linger."""
    return min(int(guest.check(COUNT_TABLES)) for _ in range(5))


def state(guest):
    """What has to be as it was, once memory is gone or was refused."""
    return {
        "tables": table_pages(guest),
        "iomem": guest.check("cat /proc/iomem"),
        "sysfs": guest.check("cd /sys/devices/system; ls memory; [ ! -d node ] || ls node/node*"),
        "zones": guest.check("grep -E 'Node|spanned|present|managed' /proc/zoneinfo"),
        "dump": guest.check("cat /sys/kernel/debug/kernel_page_tables"
                            " | sed -n '/Linear/,/Linear Mapping end/p;"
                            "/vmemmap start/,/vmemmap end/p'"),
    }


def expect_same(before, after):
    for name, value in before.items():
        assert after[name] == value, difference(name, value, after[name])


def difference(name, old, new):
    if not isinstance(old, str):
        return f"{name}: {old} became {new}"
    gone = sorted(set(old.splitlines()) - set(new.splitlines()))
    more = sorted(set(new.splitlines()) - set(old.splitlines()))
    return f"{name} changed: -{gone[:5]} +{more[:5]}"


# ---- what may vary a little

# KASAN keeps back what was freed, up to 1/32 of all memory, but not of a cache that is
# shrunk. Kernels without such checks have no such files, nor anything to keep.
SHRINK = ("for cache in /sys/kernel/slab/*; do [ -L $cache ] || [ ! -e $cache/shrink ] ||"
          " echo 1 > $cache/shrink; done")


# KASAN and page owner keep each way into the page allocator that they have seen, for good.
STACKS = "/sys/kernel/debug/stackdepot/stats"


def look(guest):
    """{name: KiB}. What is free includes the lists that each CPU keeps, and what checks keep."""
    # what was looked at of late is spared once or twice
    text = guest.check("for i in 1 2 3; do echo 3 > /proc/sys/vm/drop_caches; done;"
                       f" cat /proc/zoneinfo /proc/meminfo; [ ! -e {STACKS} ] || cat {STACKS}")
    kept = sum(int(n) for n in re.findall(r"^ +count: +(\d+)$", text, re.M)) * guest.page_size()
    kept += sum(int(n) for n in re.findall(r"^persistent_bytes: (\d+)", text, re.M))
    free, slab = (int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])
                  for name in ("MemFree", "Slab"))
    return {"free": free + kept // 1024, "Slab": slab}


# Prints what nothing points to any more, if the kernel keeps account of that.
LEAKS = ("f=/sys/kernel/debug/kmemleak; [ ! -e $f ] ||"
         " { echo scan > $f && cat $f; }")


def amounts(guest):
    """What look() shows once it stays the same: much is freed a while later."""
    guest.check(f"sync; {SHRINK}")
    leaks = guest.check(LEAKS)
    assert not leaks, leaks
    seen = look(guest)
    for _ in range(40):
        time.sleep(0.5)
        last, seen = seen, look(guest)
        if all(abs(seen[name] - last[name]) <= SLACK[name] / 8 for name in SLACK):
            return seen
    raise AssertionError(f"free memory does not come to rest: {last}, {seen}")


def drift(first, later):
    return {name: later[name] - first[name] for name in SLACK}


def in_words(drifts):
    return ", ".join(f"{name} {value:+d} KiB" for name, value in drifts.items())


def small_drift(ctx, what, first, later):
    drifts = drift(first, later)
    ctx.note(f"{what}: {in_words(drifts)}")
    assert all(abs(drifts[name]) <= SLACK[name] for name in SLACK), drifts
