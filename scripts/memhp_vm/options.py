# SPDX-License-Identifier: GPL-2.0-only
"""Command-line options that describe a guest, and the guest they make."""

import argparse

from . import topology_file
from .errors import TopologyError
from .machine import FIRMWARES
from .topology import Node, Nvdimm, Topology, VirtioMem


def fields(text, what, allowed):
    """"mem=512M,cpus=1" -> {"mem": "512M", "cpus": "1"}"""
    found = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if key not in allowed or not equals:
            raise TopologyError(f'{what} "{text}": "{part}" is none of '
                                + ", ".join(f"{a}=..." for a in allowed))
        if key in found:
            raise TopologyError(f'{what} "{text}": {key} is given twice')
        found[key] = value
    return found


def number(text, what):
    try:
        return int(text, 0)
    except ValueError:
        raise TopologyError(f'{what}: "{text}" is no number') from None


def node(text):
    given = fields(text, "--node", ("mem", "cpus", "hotpluggable"))
    return Node(mem=given.get("mem", "0"), cpus=number(given.get("cpus", "0"), "--node cpus"),
                hotpluggable=given.get("hotpluggable", "no") in ("yes", "on", "1"))


def nvdimm(text):
    given = fields(text, "--nvdimm", ("size", "node", "id", "label", "path"))
    return Nvdimm(size=given.get("size", "0"), node=number(given.get("node", "0"), "--nvdimm node"),
                  id=given.get("id"), label=given.get("label"), path=given.get("path"))


def virtio_mem(text):
    given = fields(text, "--virtio-mem", ("size", "node", "id", "requested", "block"))
    return VirtioMem(size=given.get("size", "0"), id=given.get("id"),
                     node=number(given.get("node", "0"), "--virtio-mem node"),
                     requested=given.get("requested", "0"), block=given.get("block"))


def distances(texts):
    found = {}
    for text in texts:
        pair, equals, value = text.partition("=")
        ends = pair.split(":")
        if len(ends) != 2 or not equals:
            raise TopologyError(f'--distance "{text}": write A:B=D, for example 0:1=20')
        key = tuple(number(end, "--distance") for end in ends)
        if key in found:
            raise TopologyError(f"--distance {pair} is given twice")
        found[key] = number(value, "--distance")
    return found


def add(parser):
    """The options; their names are those of Guest and Topology."""
    kernel = parser.add_argument_group("kernel")
    kernel.add_argument("--tree", default="grafted", help="grafted (default) or stock")
    kernel.add_argument("--config", default="base", help="base (default), debug, 16k, 64k ...")
    kernel.add_argument("--kernel", metavar="FILE", help="an Image from elsewhere")
    kernel.add_argument("--initrd", metavar="FILE", help="an initramfs from elsewhere")
    kernel.add_argument("--append", default="", metavar="TEXT", help="more kernel parameters")
    machine = parser.add_argument_group("machine")
    machine.add_argument("--firmware", default="dt", choices=FIRMWARES,
                         help="dt: devicetree, no firmware (default); uefi: UEFI with ACPI; "
                              "uefi-dt: UEFI with a devicetree; loader: our own devicetree")
    machine.add_argument("--cpu", default="max", help="QEMU's CPU model (default: max)")
    machine.add_argument("--icount", action="store_true", help="count instructions, no clock")
    machine.add_argument("--qemu", action="append", default=[], metavar="ARG",
                         help="one more argument for QEMU; may be repeated")
    machine.add_argument("--timeout", type=float, default=120, metavar="S",
                         help="seconds to boot, and for each program (default: 120)")
    memory = parser.add_argument_group("memory")
    memory.add_argument("--topology", metavar="FILE",
                        help="a topology file, see Documentation/topology.rst and topologies/; "
                             "in the place of all below but --cover-nomap")
    memory.add_argument("--node", action="append", default=[],
                        metavar="mem=SIZE,cpus=N[,hotpluggable=yes]",
                        help="a NUMA node; may be repeated (default: mem=512M,cpus=2)")
    memory.add_argument("--distance", action="append", default=[], metavar="A:B=D",
                        help="distance of two nodes, both ways unless B:A is given too")
    memory.add_argument("--slots", type=int, default=0, metavar="N", help="slots for DIMMs")
    memory.add_argument("--maxmem", metavar="SIZE", help="memory that QEMU makes room for")
    memory.add_argument("--nvdimm", action="append", default=[],
                        metavar="size=SIZE[,node=N][,id=ID][,label=SIZE]", help="an NVDIMM")
    memory.add_argument("--virtio-mem", action="append", default=[],
                        metavar="size=SIZE[,node=N][,id=ID][,requested=SIZE][,block=SIZE]",
                        help="a virtio-mem device")
    memory.add_argument("--cover-nomap", action="store_true",
                        help="replace SRAT so that it covers UEFI's flash too: stock Linux "
                             "drops NUMA without it")


# What a topology file says itself.
IN_FILES = ("node", "distance", "slots", "maxmem", "nvdimm", "virtio_mem")


def from_file(args):
    given = [f"--{name.replace('_', '-')}" for name in IN_FILES if getattr(args, name)]
    if given:
        raise TopologyError(f"{' and '.join(given)} with --topology: write it into the file")
    return topology_file.load(args.topology, args.firmware, cover_nomap=args.cover_nomap)


def topology(args):
    if args.topology:
        return from_file(args)
    nodes = [node(text) for text in args.node] or [Node("512M", 2)]
    return Topology(nodes=nodes, distances=distances(args.distance), maxmem=args.maxmem,
                    slots=args.slots, nvdimm=[nvdimm(t) for t in args.nvdimm],
                    virtio_mem=[virtio_mem(t) for t in args.virtio_mem],
                    cover_nomap=args.cover_nomap)


def guest_arguments(args):
    """Keyword arguments of Guest."""
    return {"tree": args.tree, "config": args.config, "kernel": args.kernel,
            "initrd": args.initrd, "cmdline": args.append, "firmware": args.firmware,
            "cpu": args.cpu, "icount": args.icount, "qemu_args": args.qemu,
            "timeout": args.timeout, "topology": topology(args)}


def parser(description, epilog):
    made = argparse.ArgumentParser(description=description, epilog=epilog,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    add(made)
    return made
