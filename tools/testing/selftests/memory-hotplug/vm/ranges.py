# SPDX-License-Identifier: GPL-2.0-only
"""Ranges of hidden RAM that the module memhp_range adds and removes."""

import errno
import os

from memhp_vm import Node, Topology

FOLDER = "/sys/kernel/debug/memhp_range"
# for who waits for readers many times
HASTE = "rcupdate.rcu_expedited=1"
NAMES = {os.strerror(number): name for number, name in errno.errorcode.items()}


def hidden_ram(ctx, rodata="on", bare=False, more="", **options):
    """A guest that does not know any RAM of node 1: ten blocks, however large they are.

    A bare node has no CPU either, and is not up before memory comes.
    """
    nodes = [Node("512M", 2 if bare else 1), Node("6G", 0 if bare else 1)]
    return ctx.guest(firmware="dt", topology=Topology(nodes=nodes),
                     cmdline=f"nokaslr rodata={rodata} mem=512M {more}", **options)


def load(guest, nid=1):
    """The memory is of node nid; of 0, if the kernel knows no nodes."""
    known = guest.run("[ -d /sys/devices/system/node ]")[0] == 0
    status, out = guest.insmod("memhp_range", f"nid={nid if known else 0}")
    assert status == 0, out


def command(action, start, size):
    return f"echo {start:#x} {size:#x} > {FOLDER}/{action}"


def errno_name(status, out):
    """"0", the name of the error that a shell's last line ends with, or that line.

    None if the guest died of it.
    """
    if not status:
        return None if status is None else "0"
    last = (out.strip().splitlines() or ["no word"])[-1]
    return NAMES.get(last.rsplit(": ", 1)[-1], last)


def ask(guest, action, start, size):
    return errno_name(*guest.run(command(action, start, size)))


def do(guest, action, start, size):
    guest.check(command(action, start, size))


def state_file(block):
    return f"/sys/devices/system/memory/memory{block}/state"


def set_state(guest, start, size, wanted):
    """All blocks of a range become online_movable, offline and so on."""
    block = guest.blocks()[0].size
    for index in range(start // block, (start + size) // block):
        guest.check(f"echo {wanted} > {state_file(index)}")


def names(expected):
    return expected if isinstance(expected, tuple) else (expected,)


def valid(guest, start, size):
    """What each CPU says of the pfns of a range: "all", "none" or "some" are valid."""
    words = {"0": "all", "ENXIO": "none", "EUCLEAN": "some"}
    cpus = int(guest.check("nproc"))
    found = {words[errno_name(*guest.run(f"taskset {1 << cpu:x} sh -c "
                                         f"'{command('valid', start, size)}'"))]
             for cpu in range(cpus)}
    return found.pop() if len(found) == 1 else f"not the same on each CPU: {found}"
