# SPDX-License-Identifier: GPL-2.0-only
"""NVDIMMs of a guest and what Debian's ndctl and daxctl make of them.

Owns the machine, the namespaces and the ways to their memory; knows no test.
"""

import json

from memhp_vm import Node, Nvdimm, Topology, paths

MIB = 1 << 20
OWN_NODE, SHARED_NODE = 2, 1        # of region 0 and region 1
SIZES = ("2G", "1G")


def machine(ctx, tree, files=(None, None), **options):
    """An NVDIMM on a node that has nothing else, and one beside RAM and a CPU."""
    devices = [Nvdimm(size, node=node, label="2M", path=path) for size, node, path
               in zip(SIZES, (OWN_NODE, SHARED_NODE), files)]
    topology = Topology(nodes=[Node("768M", 1), Node("512M", 1), Node(0, 0)],
                        nvdimm=devices, cover_nomap=True)
    return ctx.guest(tree=tree, root="tools", firmware="uefi", topology=topology,
                     cmdline="nokaslr rodata=on", **options)


def install_modules(guest):
    """kmod has to see that drivers are built in, or daxctl does not go on."""
    folder = f"/lib/modules/{guest.check('uname -r').strip()}"
    output = paths.kernel_output(guest.tree, guest.config)
    guest.check(f"mkdir -p {folder}; : > {folder}/modules.order")
    for name in ("modules.builtin", "modules.builtin.modinfo"):
        data = (output / name).read_bytes() if (output / name).exists() else b""
        guest.put(f"{folder}/{name}", data)
    guest.check("/sbin/depmod")     # without the path it is busybox's, not kmod's


def label(guest):
    """Empties the label areas: from then on regions may be divided."""
    guest.check("ndctl disable-region all && ndctl init-labels -f all &&"
                " ndctl enable-region all")


def create(guest, region, mode, where, mib, options=""):
    """A namespace with its memmap in RAM ("mem") or on the device ("dev")."""
    out = guest.check(f"ndctl create-namespace -r region{region} -m {mode} -M {where}"
                      f" -s {mib}M {options}")
    return json.loads(out[out.index("{"):])


def namespaces(guest):
    """{(mode, map): [namespace]} of those that are there, by name."""
    found = {}
    listed = json.loads(guest.check("ndctl list -N") or "[]")
    for space in sorted(listed, key=lambda one: one["dev"]):
        found.setdefault((space["mode"], space["map"]), []).append(space)
    return found


def destroy(guest):
    guest.check("ndctl destroy-namespace --force all")


def chardev(space):
    return space["chardev"] if "chardev" in space else \
        space["daxregion"]["devices"][0]["chardev"]


def data_of(guest, space, make=False):
    """The file or device whose pages are the namespace's memory."""
    if space["mode"] == "devdax":
        return f"/dev/{chardev(space)}"
    device = space["blockdev"]
    if make:
        guest.check(f"mkfs.ext4 -q -b {guest.page_size()} /dev/{device}")
    guest.check(f"mkdir -p /mnt/{device}; grep -q ' /mnt/{device} ' /proc/mounts ||"
                f" mount -t ext4 -o dax /dev/{device} /mnt/{device}")
    return f"/mnt/{device}/data"


def unmount(guest):
    guest.check("for at in /mnt/*; do ! grep -q \" $at \" /proc/mounts || umount $at"
                " || exit 1; done; sync")


def write(guest, path, mib, seed):
    guest.check(f"pattern write {path} {mib * MIB} {seed} sync")


def verify(guest, path, mib, seed):
    guest.check(f"pattern verify {path} {mib * MIB} {seed} sync")


def daxctl(guest, arguments):
    """The device that daxctl says it has dealt with."""
    out = guest.check(f"daxctl {arguments}")
    return json.loads(out[out.index("["):out.rindex("]") + 1])[0]


def resource(guest, name):
    """(start, size) of what /proc/iomem calls by this name."""
    for line in guest.check("cat /proc/iomem").splitlines():
        span, _, what = line.strip().partition(" : ")
        if what == name:
            start, last = (int(x, 16) for x in span.split("-"))
            return start, last + 1 - start
    raise AssertionError(f"no {name} in /proc/iomem")
