# SPDX-License-Identifier: GPL-2.0-only
"""Pages, and objects of slab caches, that a guest cannot have, by the kernel's fault injection."""

PAGES, OBJECTS = "/sys/kernel/debug/fail_page_alloc", "/sys/kernel/debug/failslab"


def begin(guest, space, times, caller="arch_add_memory", kind=PAGES):
    """Below a function, after that many pages, or bytes of objects, there are no more.

    With times=1 only the next request fails, with -1 all that follow.
    """
    start, end = symbol_range(guest, caller)
    settings = [("probability", 0), ("require-start", start), ("require-end", end),
                ("stacktrace-depth", 32), ("ignore-gfp-wait", "N"), ("verbose", 0),
                ("interval", 1), ("space", space), ("times", times)]
    if kind == PAGES:
        settings += [("ignore-gfp-highmem", "N"), ("min-order", 0)]
    guest.check(f"cd {kind}; " + "; ".join(
        f"echo {value} > {name}" for name, value in [*settings, ("probability", 100)]))


def of_table(guest, k):
    """The k-th table that the page-table code asks for cannot be had; the next can."""
    begin(guest, k, 1, caller="kpgt_pool_fill")


def came(guest, kind=PAGES):
    """Was the failure that was asked for one that happened?"""
    return int(guest.check(f"cat {kind}/times")) == 0


def end(guest, kind=PAGES):
    guest.check(f"echo 0 > {kind}/probability")


def symbol_range(guest, name):
    lines = [line.split() for line in guest.check("cat /proc/kallsyms").splitlines()]
    start = next(int(words[0], 16) for words in lines if words[2] == name)
    return start, min(at for at in (int(words[0], 16) for words in lines) if at > start)
