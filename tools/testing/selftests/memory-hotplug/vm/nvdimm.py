# SPDX-License-Identifier: GPL-2.0-only
"""NVDIMMs of a guest and what Debian's ndctl and daxctl make of them.

Owns the machine, the namespaces and the ways to their memory; knows no test.
"""

import json

from memhp_vm import DtMemory, DtPmem, Node, Nvdimm, Topology, paths

MIB, GIB = 1 << 20, 1 << 30
OWN_NODE, SHARED_NODE = 2, 1        # of region 0 and region 1
SIZES = ("4G", "3G")


def machine(ctx, tree, files=(None, None), **options):
    """An NVDIMM on a node that has nothing else, and one beside RAM and a CPU."""
    devices = [Nvdimm(size, node=node, label="2M", path=path) for size, node, path
               in zip(SIZES, (OWN_NODE, SHARED_NODE), files)]
    topology = Topology(nodes=[Node("768M", 1), Node("512M", 1), Node(0, 0)],
                        nvdimm=devices, cover_nomap=True)
    return ctx.guest(tree=tree, root="tools", firmware="uefi", topology=topology,
                     cmdline="nokaslr rodata=on", **options)


# (start, size, volatile) of regions that a devicetree names; what the kernel calls that.
TREE_REGIONS = [(3 * GIB, GIB, False), (4 * GIB, GIB, True)]
DOMAINS = {False: "memory_controller", True: "unknown"}


def devicetree_machine(ctx, tree):
    """TREE_REGIONS, beside RAM and a CPU."""
    topology = Topology(
        nodes=[Node("1G", 1), Node("3G", 1)],
        dt_memory=[DtMemory("1G", "1G", 0), DtMemory("2G", "512M", SHARED_NODE)],
        dt_pmem=[DtPmem(start, size, SHARED_NODE, volatile=volatile)
                 for start, size, volatile in TREE_REGIONS])
    return ctx.guest(tree=tree, root="tools", firmware="loader", topology=topology,
                     cmdline="nokaslr rodata=on")


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


def small(guest):
    """The option for a namespace whose memory begins at some 2 MiB, whatever the pages."""
    page = guest.page_size()
    return f"-a {'2M' if page == 4096 else page}"


def create(guest, region, mode, where, mib, options=""):
    """A namespace with its memmap in RAM ("mem") or on the device ("dev")."""
    if guest.page_size() == 65536 and not options:
        options = small(guest)  # else all are multiples of 512 MiB
    return created(guest, f"-r region{region} -m {mode} -M {where} -s {mib}M {options}")


def create_whole(guest, region, mode, where):
    """The same of all of a region that has no labels: it is there, but raw."""
    return created(guest, f"-f -e namespace{region}.0 -m {mode} -M {where}")


def created(guest, options):
    out = guest.check(f"ndctl create-namespace {options}")
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


def to_map(guest, path, mib):
    """So many bytes, or more, as a device is mapped by whole blocks of its own."""
    unit = 1
    if path.startswith("/dev/dax"):
        unit = int(guest.check(f"cat /sys/bus/dax/devices/{path[5:]}/align"))
    return -(-mib * MIB // unit) * unit


def write(guest, path, mib, seed):
    guest.check(f"pattern write {path} {to_map(guest, path, mib)} {seed} sync")


def verify(guest, path, mib, seed):
    guest.check(f"pattern verify {path} {to_map(guest, path, mib)} {seed} sync")


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
