# SPDX-License-Identifier: GPL-2.0-only
"""firmware="loader": the Image, our devicetree and a stub, put in RAM by QEMU.

With -kernel QEMU writes the memory nodes of the devicetree itself. Here the
devicetree is QEMU's own for the same machine, with its memory nodes taken out
and ours put in, so that they may carry any property. The stub is where the
first CPU starts; it does what the arm64 boot protocol asks of a boot loader.
"""

import struct
import subprocess

from . import fake_efi
from .errors import HarnessError
from .sizes import MIB
from .topology import RAM_BASE, DtMemory

STUB = RAM_BASE + 1 * MIB           # QEMU keeps its own devicetree in the first
IMAGE = RAM_BASE + 2 * MIB
ALIGN = 2 * MIB
IMAGE_SIZE_OFFSET = 16              # in the header of an arm64 Image
MAGIC_OFFSET, MAGIC = 56, b"ARM\x64"


def ldr_literal(reg, offset):
    """ldr x<reg>, [pc + offset]"""
    return 0x58000000 | (offset // 4) << 5 | reg


def clear(reg):
    """mov x<reg>, xzr"""
    return 0xAA1F03E0 | reg


def branch(reg):
    """br x<reg>"""
    return 0xD61F0000 | reg << 5


def stub(dtb, image):
    """x0 = devicetree, x1..x3 = 0, on to the Image; the two addresses follow."""
    code = [ldr_literal(0, 24), clear(1), clear(2), clear(3), ldr_literal(4, 16), branch(4)]
    return struct.pack("<6I2Q", *code, dtb, image)


def place(kernel, initramfs):
    """Addresses of the devicetree and the initramfs, above the Image."""
    with open(kernel, "rb") as image:
        head = image.read(64)
    if head[MAGIC_OFFSET:MAGIC_OFFSET + 4] != MAGIC:
        raise HarnessError(f"{kernel} is no arm64 Image")
    size = struct.unpack_from("<Q", head, IMAGE_SIZE_OFFSET)[0]
    dtb = -(-(IMAGE + size) // ALIGN) * ALIGN
    return dtb, dtb + ALIGN, dtb + ALIGN + initramfs.stat().st_size


def memory_nodes(topology):
    if topology.dt_memory is not None:
        return topology.dt_memory
    return [DtMemory(start, size, nid, topology.nodes[nid].hotpluggable)
            for nid, start, size in topology.ram_ranges()]


def call(*command):
    """Runs a program; its words are the error when it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise HarnessError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout


def put_cells(path, node, name, values):
    call("fdtput", "-t", "x", path, node, name, *[f"{v:x}" for v in values])


def cells64(value):
    return [value >> 32, value & 0xFFFFFFFF]


def put_range(path, name, memory):
    """A node for a range; returns its path."""
    node = f"/{name}@{memory.start_bytes:x}"
    call("fdtput", "-c", path, node)
    put_cells(path, node, "reg", cells64(memory.start_bytes) + cells64(memory.size_bytes))
    if memory.node is not None:
        put_cells(path, node, "numa-node-id", [memory.node])
    return node


def put_memory(path, memory):
    node = put_range(path, "memory", memory)
    call("fdtput", "-t", "s", path, node, "device_type", "memory")
    if memory.hotpluggable:
        call("fdtput", path, node, "hotpluggable")


def put_pmem(path, memory):
    node = put_range(path, "pmem", memory)
    call("fdtput", "-t", "s", path, node, "compatible", "pmem-region")
    if memory.volatile:
        call("fdtput", path, node, "volatile")


def reserve(path, ranges):
    """Puts ranges in the devicetree's memory reservation block, which fdtput cannot."""
    version, source = call("dtc", "-q", "-I", "dtb", "-O", "dts", path).split("\n", 1)
    lines = [f"/memreserve/ {start:#x} {size:#x};" for start, size in ranges]
    text = path.with_suffix(".dts")
    text.write_text("\n".join([version, *lines, source]))
    call("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", path, text)


def devicetree(machine, initrd_start, initrd_end):
    """QEMU's devicetree for this machine, with our memory and our /chosen."""
    path = machine.workdir / "machine.dtb"
    args = machine.base_args() + list(machine.qemu_args)
    args[args.index("-machine") + 1] += f",dumpdtb={path}"
    call(*args)
    for node in call("fdtget", "-l", path, "/").split():
        if node.startswith("memory@") or node == "memory":
            call("fdtput", "-r", path, f"/{node}")
    for memory in memory_nodes(machine.topology):
        put_memory(path, memory)
    for memory in machine.topology.dt_pmem:
        put_pmem(path, memory)
    call("fdtput", "-t", "s", path, "/chosen", "bootargs", machine.whole_cmdline())
    put_cells(path, "/chosen", "linux,initrd-start", cells64(initrd_start))
    put_cells(path, "/chosen", "linux,initrd-end", cells64(initrd_end))
    if machine.topology.efi_memory:
        for name, cells in fake_efi.properties(machine.topology).items():
            put_cells(path, "/chosen", name, cells)
    if machine.topology.dt_reserved:
        reserve(path, machine.topology.dt_reserved)
    return path


def check_room(machine, end):
    """What we load must lie in memory that the kernel is told of."""
    for memory in memory_nodes(machine.topology):
        if memory.start_bytes <= STUB and end <= memory.start_bytes + memory.size_bytes:
            return
    raise HarnessError(f"no memory node of the devicetree covers 0x{STUB:x}-0x{end - 1:x}, "
                       "where the kernel and its initramfs are loaded")


def overlap(one, other):
    return (one.start_bytes < other.start_bytes + other.size_bytes
            and other.start_bytes < one.start_bytes + one.size_bytes)


def check_pmem(topology):
    """What is to be persistent memory must be RAM that is nothing else."""
    for pmem in topology.dt_pmem:
        end = pmem.start_bytes + pmem.size_bytes
        if pmem.start_bytes < RAM_BASE or end > RAM_BASE + topology.ram:
            raise HarnessError(f"the pmem region 0x{pmem.start_bytes:x}-0x{end - 1:x} is not "
                               "in the RAM of the nodes")
        if any(overlap(pmem, memory) for memory in memory_nodes(topology)):
            raise HarnessError(f"the pmem region 0x{pmem.start_bytes:x}-0x{end - 1:x} is also "
                               "memory: keep it out of dt_memory")


def args(machine):
    check_pmem(machine.topology)
    dtb, initrd, end = place(machine.kernel, machine.initramfs)
    check_room(machine, end)
    tree = devicetree(machine, initrd, end)
    code = machine.workdir / "stub"
    code.write_bytes(stub(dtb, IMAGE))
    loads = [(code, STUB), (machine.kernel, IMAGE), (tree, dtb), (machine.initramfs, initrd)]
    if machine.topology.efi_memory:
        efi = machine.workdir / "efi"
        efi.write_bytes(fake_efi.blob(machine.topology))
        loads.append((efi, fake_efi.PLACE))
    return ([arg for path, address in loads
             for arg in ("-device", f"loader,file={path},addr=0x{address:x},force-raw=on")]
            + ["-device", f"loader,addr=0x{STUB:x},cpu-num=0"])
