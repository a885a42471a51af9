# SPDX-License-Identifier: GPL-2.0-only
"""The machine a test asks for, and QEMU's arguments for it.

What a machine has to be like is in topology_rules.py, how a file says it in
topology_file.py. Where a file was wrong there may be None: only problems() may be
called then.
"""

from dataclasses import dataclass, field
from typing import Optional

from . import topology_rules
from .errors import TopologyError
from .sizes import GIB, MIB, parse_size
from .topology_rules import LOCAL, RAM_BASE, REMOTE


@dataclass
class Node:
    """A NUMA node. mem=0 makes a node without memory, cpus=0 one without CPU.

    cpus   a number of CPUs, which take the first places that are free, or a list
           of the places themselves
    host   the node of the host that its memory comes from, hot-added memory too;
           without it, the host's kernel chooses
    path   of a file of the host that is its memory, for who else maps it
    """
    mem: object = "512M"
    cpus: object = 1
    hotpluggable: bool = False      # marked so in SRAT (override) or DT (loader, uefi-dt)
    host: Optional[int] = None
    path: Optional[str] = None

    @property
    def size(self):
        return parse_size(self.mem)

    @property
    def cpu_count(self):
        return self.cpus if isinstance(self.cpus, int) else len(self.cpus)


@dataclass
class Nvdimm:
    size: object
    node: int = 0
    id: Optional[str] = None
    label: Optional[str] = None     # size of the label area, for namespaces
    path: Optional[str] = None      # of a file that keeps what is written


@dataclass
class VirtioMem:
    size: object
    node: int = 0
    id: Optional[str] = None
    requested: object = 0
    block: Optional[str] = None


@dataclass
class Window:
    """Where firmware says that memory of a node may be plugged (SRAT, firmware="uefi")."""
    start: object
    size: object
    node: int = 0


@dataclass
class DtMemory:
    """A memory node of the devicetree, with firmware="loader"."""
    start: object
    size: object
    node: Optional[int] = None      # None: no numa-node-id
    hotpluggable: bool = False

    @property
    def start_bytes(self):
        return parse_size(self.start, "dt_memory")

    @property
    def size_bytes(self):
        return parse_size(self.size, "dt_memory")


@dataclass
class DtPmem(DtMemory):
    """A pmem-region node of the devicetree, with firmware="loader".

    It lies in memory of the nodes that no memory node of dt_memory covers.
    """
    volatile: bool = False


@dataclass
class Topology:
    nodes: list = field(default_factory=lambda: [Node()])
    distances: object = None        # {(a, b): d} or a square matrix
    maxmem: object = None
    slots: int = 0
    nvdimm: list = field(default_factory=list)
    virtio_mem: list = field(default_factory=list)
    # Without any, SRAT gives all that can be plugged to the last node.
    windows: list = field(default_factory=list)
    total: object = None            # what the nodes' memory and CPUs must add up to
    cpu_total: Optional[int] = None
    node_bits: Optional[tuple] = None   # (first, last) bit of addresses that name the node
    # Replace SRAT from the initrd with one that also covers the flash that
    # UEFI reports as memory not to be mapped; without it Linux drops NUMA.
    cover_nomap: bool = False
    dt_memory: Optional[list] = None
    dt_pmem: list = field(default_factory=list)
    # [(start, bytes)] that the devicetree says are not to be used.
    dt_reserved: list = field(default_factory=list)
    # [DtMemory], for firmware="loader": an EFI memory map; see fake_efi.py.
    efi_memory: Optional[list] = None
    # Whole ACPI tables for the initrd, {"srat.aml": bytes}; see acpi.py.
    acpi_tables: Optional[dict] = None

    def __post_init__(self):
        self.nvdimm = [n if isinstance(n, Nvdimm) else Nvdimm(**n) for n in self.nvdimm]
        self.virtio_mem = [v if isinstance(v, VirtioMem) else VirtioMem(**v)
                           for v in self.virtio_mem]
        for prefix, devices in (("nv", self.nvdimm), ("vm", self.virtio_mem)):
            for index, device in enumerate(devices):
                device.id = device.id or f"{prefix}{index}"

    # ---- figures

    @property
    def ram(self):
        return sum(node.size for node in self.nodes)

    @property
    def cpus(self):
        return sum(node.cpu_count for node in self.nodes)

    @property
    def device_bytes(self):
        return sum(parse_size(d.size) for d in self.nvdimm + self.virtio_mem)

    @property
    def max_bytes(self):
        """Size limit for -m, 0 without hot-plug; enough for the devices named."""
        if self.maxmem is not None:
            return parse_size(self.maxmem, "maxmem")
        devices = len(self.nvdimm) + len(self.virtio_mem) + self.slots
        if not devices:
            return 0
        whole = (self.ram + self.device_bytes + GIB - 1) // GIB
        return (whole + devices) * GIB

    @property
    def all_slots(self):
        return max(self.slots, len(self.nvdimm))

    @property
    def device_base(self):
        """Where QEMU's virt begins to place DIMMs and other memory devices."""
        return topology_rules.device_base(self.ram)

    @property
    def device_room(self):
        """Bytes from there on; each slot may waste a GiB on alignment."""
        return self.max_bytes - self.ram + self.all_slots * GIB

    def ram_ranges(self):
        """[(node, start, size)] of the memory that is there at boot."""
        ranges, start = [], RAM_BASE
        for nid, node in enumerate(self.nodes):
            if node.size:
                ranges.append((nid, start, node.size))
            start += node.size
        return ranges

    def nvdimm_ranges(self):
        ranges, start = [], self.device_base
        for device in self.nvdimm:
            ranges.append((device, start, parse_size(device.size)))
            start += parse_size(device.size)
        return ranges

    def node_cpus(self):
        """The CPUs of each node: those it names, or the first that nobody names."""
        named = {cpu for node in self.nodes if not isinstance(node.cpus, int)
                 for cpu in node.cpus}
        free = (cpu for cpu in range(self.cpus) if cpu not in named)
        return [[next(free) for _ in range(node.cpus)] if isinstance(node.cpus, int)
                else sorted(node.cpus) for node in self.nodes]

    def cpu_nodes(self):
        """The node of each CPU."""
        found = {cpu: nid for nid, cpus in enumerate(self.node_cpus()) for cpu in cpus}
        return [found[cpu] for cpu in range(self.cpus)]

    def host_of(self, nid):
        """The host's node for memory of a node, or None."""
        return self.nodes[nid].host if 0 <= nid < len(self.nodes) else None

    def matrix(self):
        """Distances, whole; a pair given one way counts both ways."""
        count = len(self.nodes)
        table = [[LOCAL if a == b else REMOTE for b in range(count)] for a in range(count)]
        given = topology_rules.pairs(self.distances)
        for (a, b), distance in given.items():
            table[a][b] = distance
            if (b, a) not in given:
                table[b][a] = distance
        return table

    def cmdline(self):
        """What the kernel is told besides what firmware tells it."""
        return "node_bits={}-{}".format(*self.node_bits) if self.node_bits else ""

    # ---- checks

    def problems(self, firmware):
        """[Problem] of all that is wrong with this machine."""
        return list(topology_rules.problems(self, firmware))

    def check(self, firmware):
        found = self.problems(firmware)
        if found:
            raise TopologyError("\n".join(problem.text for problem in found))

    # ---- QEMU

    def qemu_args(self):
        return (self._memory_args() + self._node_args() + self._distance_args()
                + self._nvdimm_args() + self._virtio_mem_args())

    def _memory_args(self):
        memory = f"size={self.ram // MIB}M"
        if self.max_bytes:
            memory += f",maxmem={self.max_bytes // MIB}M"
            if self.all_slots:
                memory += f",slots={self.all_slots}"
        return ["-m", memory, "-smp", str(self.cpus)]

    def _node_args(self):
        args = []
        for nid, (node, cpus) in enumerate(zip(self.nodes, self.node_cpus())):
            numa = f"node,nodeid={nid}"
            if node.size:
                args += ["-object", backend(f"ram{nid}", node.size, node.path, node.host)]
                numa += f",memdev=ram{nid}"
            numa += "".join(f",cpus={first}-{last}" for first, last in runs(cpus))
            args += ["-numa", numa]
        return args

    def _distance_args(self):
        if len(self.nodes) < 2 or not self.distances:
            return []
        return [arg for a, row in enumerate(self.matrix()) for b, distance in enumerate(row)
                for arg in ("-numa", f"dist,src={a},dst={b},val={distance}")]

    def _nvdimm_args(self):
        args = []
        for device, start, size in self.nvdimm_ranges():
            label = f",label-size={device.label}" if device.label else ""
            args += ["-object", backend(f"mem-{device.id}", size, device.path,
                                        self.host_of(device.node)),
                     "-device", f"nvdimm,id={device.id},memdev=mem-{device.id},"
                                f"node={device.node},addr={start:#x}{label}"]
        return args

    def _virtio_mem_args(self):
        args = []
        for device in self.virtio_mem:
            block = f",block-size={device.block}" if device.block else ""
            args += ["-object", backend(f"mem-{device.id}", parse_size(device.size),
                                        host=self.host_of(device.node)),
                     "-device", f"virtio-mem-pci,id={device.id},memdev=mem-{device.id},"
                                f"node={device.node},"
                                f"requested-size={parse_size(device.requested)}{block}"]
        return args


def backend(ident, size, path=None, host=None):
    """Memory of QEMU's own, or a file, which is made if there is none."""
    bound = "" if host is None else f",host-nodes={host},policy=bind"
    if path:
        name = str(path).replace(",", ",,")
        return f"memory-backend-file,id={ident},size={size},mem-path={name},share=on{bound}"
    return f"memory-backend-ram,id={ident},size={size},reserve=off{bound}"


def runs(numbers):
    """[(first, last)] of neighbours in a sorted list."""
    found = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
