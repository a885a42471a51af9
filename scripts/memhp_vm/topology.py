# SPDX-License-Identifier: GPL-2.0-only
"""The machine a test asks for, checked, and QEMU's arguments for it."""

from dataclasses import dataclass, field
from typing import Optional

from .errors import TopologyError
from .sizes import GIB, MIB, format_size, parse_size

MAX_NODES = 128             # QEMU's
MAX_CPUS = 512              # of GICv3 on "virt"
MAX_SLOTS = 256
GRANULE = 2 * MIB
SMALLEST_GUEST = 128 * MIB
RAM_BASE = GIB              # of QEMU's virt
LOCAL, REMOTE, UNREACHABLE = 10, 20, 255


@dataclass
class Node:
    """A NUMA node. mem=0 makes a node without memory, cpus=0 one without CPU."""
    mem: object = "512M"
    cpus: int = 1
    hotpluggable: bool = False      # marked so in SRAT (override) or DT (loader)

    @property
    def size(self):
        return parse_size(self.mem)


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
    # Replace SRAT from the initrd with one that also covers the flash that
    # UEFI reports as memory not to be mapped; without it Linux drops NUMA.
    cover_nomap: bool = False
    dt_memory: Optional[list] = None
    dt_pmem: list = field(default_factory=list)
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
        return sum(node.cpus for node in self.nodes)

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
        return -(-(RAM_BASE + self.ram) // GIB) * GIB

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

    def cpu_nodes(self):
        """The node of each CPU."""
        return [nid for nid, node in enumerate(self.nodes) for _ in range(node.cpus)]

    def matrix(self):
        """Distances, whole; a pair given one way counts both ways."""
        count = len(self.nodes)
        table = [[LOCAL if a == b else REMOTE for b in range(count)] for a in range(count)]
        given = _pairs(self.distances)
        for (a, b), distance in given.items():
            table[a][b] = distance
            if (b, a) not in given:
                table[b][a] = distance
        return table

    # ---- checks

    def check(self, firmware):
        self._check_nodes()
        self._check_distances()
        self._check_devices()
        self._check_firmware(firmware)

    def _check_nodes(self):
        if not self.nodes:
            raise TopologyError("no node: a machine needs one at least")
        if len(self.nodes) > MAX_NODES:
            raise TopologyError(f"{len(self.nodes)} nodes: QEMU takes {MAX_NODES} at most")
        for nid, node in enumerate(self.nodes):
            _check_size(f"node {nid}", parse_size(node.mem, f"node {nid}"), zero=True)
            if node.cpus < 0:
                raise TopologyError(f"node {nid}: cpus={node.cpus} is negative")
        if not self.cpus:
            raise TopologyError("no node has a CPU: give one of them cpus=1")
        if self.cpus > MAX_CPUS:
            raise TopologyError(f"{self.cpus} CPUs: QEMU's virt takes {MAX_CPUS} at most")
        if self.ram < SMALLEST_GUEST:
            raise TopologyError(f"{format_size(self.ram)} of memory in all: Linux needs "
                                f"{format_size(SMALLEST_GUEST)} to boot here")

    def _check_distances(self):
        if isinstance(self.distances, (list, tuple)):
            self._check_matrix()
        for (a, b), distance in _pairs(self.distances).items():
            self._need_node(f"distance {a}:{b}", a)
            self._need_node(f"distance {a}:{b}", b)
            if a == b and distance != LOCAL:
                raise TopologyError(f"distance {a}:{b}={distance}: a node is at "
                                    f"{LOCAL} from itself")
            if a != b and not LOCAL < distance <= UNREACHABLE:
                raise TopologyError(f"distance {a}:{b}={distance}: must be within "
                                    f"{LOCAL + 1} and {UNREACHABLE}")

    def _check_matrix(self):
        count = len(self.nodes)
        if len(self.distances) != count:
            raise TopologyError(f"distances: {len(self.distances)} rows for {count} nodes")
        for a, row in enumerate(self.distances):
            if len(row) != count:
                raise TopologyError(f"distances: row {a} has {len(row)} entries "
                                    f"for {count} nodes")

    def _check_devices(self):
        seen = set()
        for device in self.nvdimm + self.virtio_mem:
            _check_size(device.id, parse_size(device.size, device.id))
            self._need_node(device.id, device.node)
            if device.id in seen:
                raise TopologyError(f"{device.id}: two devices have this id")
            seen.add(device.id)
        for device in self.virtio_mem:
            if parse_size(device.requested) > parse_size(device.size):
                raise TopologyError(f"{device.id}: requested={device.requested} is more "
                                    f"than its size, {device.size}")
        self._check_room()

    def _check_room(self):
        if not 0 <= self.slots <= MAX_SLOTS:
            raise TopologyError(f"slots={self.slots}: must be within 0 and {MAX_SLOTS}")
        if self.maxmem is None:
            return
        room = self.max_bytes - self.ram
        if room <= 0:
            raise TopologyError(f"maxmem={self.maxmem} leaves no room above the "
                                f"{format_size(self.ram)} of the nodes")
        if self.device_bytes > room:
            raise TopologyError(f"devices of {format_size(self.device_bytes)} in all do not "
                                f"fit below maxmem={self.maxmem}")
        if not self.slots and not self.nvdimm and not self.virtio_mem:
            raise TopologyError(f"maxmem={self.maxmem} without slots: no device could use it")

    def _check_firmware(self, firmware):
        acpi = firmware == "uefi"
        if self.nvdimm and not acpi:
            raise TopologyError("NVDIMMs are described by ACPI: they need firmware=uefi")
        if self.cover_nomap and not acpi:
            raise TopologyError("cover_nomap replaces an ACPI table: it needs firmware=uefi")
        if self.acpi_tables is not None and not acpi:
            raise TopologyError("acpi_tables are looked at only with firmware=uefi")
        if (self.dt_memory is not None or self.dt_pmem) and firmware != "loader":
            raise TopologyError("dt_memory and dt_pmem edit the devicetree: they need "
                                "firmware=loader")
        if any(n.hotpluggable for n in self.nodes) and firmware not in ("uefi", "loader"):
            raise TopologyError("a node marked hotpluggable needs firmware=uefi (SRAT) or "
                                "loader (devicetree)")

    def _need_node(self, who, nid):
        if not isinstance(nid, int) or not 0 <= nid < len(self.nodes):
            last = len(self.nodes) - 1
            raise TopologyError(f"{who}: node {nid} is unknown; there are nodes 0 to {last}"
                                if last else f"{who}: node {nid} is unknown; there is node 0 only")

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
        args, cpu = [], 0
        for nid, node in enumerate(self.nodes):
            numa = f"node,nodeid={nid}"
            if node.size:
                args += ["-object", backend(f"ram{nid}", node.size)]
                numa += f",memdev=ram{nid}"
            if node.cpus:
                numa += f",cpus={cpu}-{cpu + node.cpus - 1}"
                cpu += node.cpus
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
            args += ["-object", backend(f"mem-{device.id}", size, device.path),
                     "-device", f"nvdimm,id={device.id},memdev=mem-{device.id},"
                                f"node={device.node},addr={start:#x}{label}"]
        return args

    def _virtio_mem_args(self):
        args = []
        for device in self.virtio_mem:
            block = f",block-size={device.block}" if device.block else ""
            args += ["-object", backend(f"mem-{device.id}", parse_size(device.size)),
                     "-device", f"virtio-mem-pci,id={device.id},memdev=mem-{device.id},"
                                f"node={device.node},"
                                f"requested-size={parse_size(device.requested)}{block}"]
        return args


def backend(ident, size, path=None):
    """Memory of QEMU's own, or a file, which is made if there is none."""
    if path:
        name = str(path).replace(",", ",,")
        return f"memory-backend-file,id={ident},size={size},mem-path={name},share=on"
    return f"memory-backend-ram,id={ident},size={size},reserve=off"


def _pairs(distances):
    if isinstance(distances, (list, tuple)):
        return {(a, b): d for a, row in enumerate(distances) for b, d in enumerate(row)}
    return distances or {}


def _check_size(who, size, zero=False):
    if size == 0 and not zero:
        raise TopologyError(f"{who}: size is 0")
    if size < 0 or size % GRANULE:
        raise TopologyError(f"{who}: size {format_size(size)} is no multiple of "
                            f"{format_size(GRANULE)}")
