# SPDX-License-Identifier: GPL-2.0-only
"""What a machine has to be like, rule by rule, and all that is wrong with one.

Owns the limits. Each rule yields the problems that it sees; "where" of a problem is
the place in a topology file ("node", 1, "memory"), whether there is a file or not.
A value that is None was wrong already: no rule says anything that rests on it.
"""

from dataclasses import dataclass
from pathlib import Path

from .errors import TopologyError
from .sizes import GIB, MIB, format_size, parse_size

MAX_NODES = 128             # QEMU's
MAX_CPUS = 512              # of GICv3 on "virt"
MAX_SLOTS = 256
MAX_NODE_BIT = 51
GRANULE = 2 * MIB
SMALLEST_GUEST = 128 * MIB
RAM_BASE = GIB              # of QEMU's virt
LOCAL, REMOTE, FARTHEST = 10, 20, 254

HOST_NODES = Path("/sys/devices/system/node/has_memory")


@dataclass(frozen=True)
class Problem:
    where: tuple
    text: str


# ---- values

def size_of(value):
    """Bytes, or None if that cannot be said."""
    try:
        return None if value is None else parse_size(value)
    except TopologyError:
        return None


def total_of(values):
    values = list(values)
    return None if None in values else sum(values)


def ram_of(topology):
    return total_of(size_of(node.mem) for node in topology.nodes)


def cpu_count(node):
    return len(node.cpus) if isinstance(node.cpus, (list, tuple)) else node.cpus


def pairs(distances):
    """{(a, b): distance} of a table, or of what is such a thing already."""
    if isinstance(distances, (list, tuple)):
        return {(a, b): d for a, row in enumerate(distances)
                for b, d in enumerate(row or ())}
    return distances or {}


def device_base(ram):
    return -(-(RAM_BASE + ram) // GIB) * GIB


def ranges_of(topology):
    """[(node, start, end)] of boot memory as far as the sizes are known."""
    found, start = [], RAM_BASE
    for nid, node in enumerate(topology.nodes):
        size = size_of(node.mem)
        if size is None:
            break
        if size > 0:
            found.append((nid, start, start + size))
        start += size
    return found


def devices_of(topology):
    """[(where, device)] of NVDIMMs and virtio-mem devices."""
    return ([(("nvdimm", i), d) for i, d in enumerate(topology.nvdimm)]
            + [(("virtio_mem", i), d) for i, d in enumerate(topology.virtio_mem)])


def host_nodes():
    """The host's nodes that have memory; a host without NUMA has node 0."""
    try:
        text = HOST_NODES.read_text().strip()
    except OSError:
        return {0}
    found = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found or {0}


# ---- sizes and nodes

def size_problem(where, who, value, zero=False):
    """At most one problem of a size that must be made of whole granules."""
    if value is None:
        return
    try:
        size = parse_size(value, who)
    except TopologyError as error:
        yield Problem(where, str(error))
        return
    if size < 0:
        yield Problem(where, f"{who}: size {value} is negative")
    elif size == 0 and not zero:
        yield Problem(where, f"{who}: size is 0")
    elif size % GRANULE:
        yield Problem(where, f"{who}: size {format_size(size)} is no multiple of "
                             f"{format_size(GRANULE)}")


def node_sizes(topology):
    for nid, node in enumerate(topology.nodes):
        yield from size_problem(("node", nid, "memory"), f"node {nid}", node.mem, zero=True)


def node_numbers(topology):
    count = len(topology.nodes)
    if not count:
        yield Problem((), "no node: a machine needs one at least")
    if count > MAX_NODES:
        yield Problem(("node", MAX_NODES), f"{count} nodes: QEMU takes {MAX_NODES} at most")


def nodes_in_use(topology):
    """A node of nothing would not show in the guest."""
    named = {device.node for _, device in devices_of(topology)}
    named |= {window.node for window in topology.windows}
    for nid, node in enumerate(topology.nodes):
        if size_of(node.mem) == 0 and cpu_count(node) == 0 and topology.slots == 0 \
                and not named & {nid, None}:
            yield Problem(("node", nid), f"node {nid} has neither memory nor CPU, and nothing "
                                         "can be plugged into it")


def amount_of_memory(topology):
    ram, total = ram_of(topology), size_of(topology.total)
    if ram is None or not topology.nodes:
        return
    if 0 <= ram < SMALLEST_GUEST:
        yield Problem(("node",), f"{format_size(ram)} of memory in all: Linux needs "
                                 f"{format_size(SMALLEST_GUEST)} to boot here")
    if total is not None and total != ram:
        yield Problem(("total",), f"total is {format_size(total)}, but the memory of the nodes "
                                  f"adds up to {format_size(ram)}")


def total_size(topology):
    yield from size_problem(("total",), "total", topology.total)


def host_map(topology):
    there = host_nodes()
    for nid, node in enumerate(topology.nodes):
        if node.host is not None and node.host not in there:
            yield Problem(("node", nid, "host"),
                          f"node {nid}: this host has no memory on a node {node.host}; it has on "
                          + ", ".join(map(str, sorted(there))))


# ---- CPUs

def cpu_numbers(topology):
    for nid, node in enumerate(topology.nodes):
        if isinstance(node.cpus, int) and node.cpus < 0:
            yield Problem(("node", nid, "cpus"), f"node {nid}: cpus={node.cpus} is negative")


def cpu_amount(topology):
    count = total_of(cpu_count(node) for node in topology.nodes)
    if count is None or not topology.nodes:
        return
    if count == 0:
        yield Problem(("node",), "no node has a CPU: give one of them cpus=1")
    if count > MAX_CPUS:
        yield Problem(("node",), f"{count} CPUs: QEMU's virt takes {MAX_CPUS} at most")
    if topology.cpu_total is not None and topology.cpu_total != count:
        yield Problem(("cpus",), f"cpus is {topology.cpu_total}, but the nodes have {count} in all")


def cpu_places(topology):
    """A CPU has one node, and numbers go from 0 without a gap."""
    count = total_of(cpu_count(node) for node in topology.nodes)
    limit, owner = topology.cpu_total if topology.cpu_total is not None else count, {}
    for nid, node in enumerate(topology.nodes):
        where = ("node", nid, "cpus")
        for cpu in node.cpus if isinstance(node.cpus, (list, tuple)) else ():
            if cpu in owner:
                yield Problem(where, f"node {nid}: CPU {cpu} is in node {owner[cpu]} already"
                              if owner[cpu] != nid else f"node {nid}: CPU {cpu} is there twice")
            elif limit is not None and not 0 <= cpu < limit:
                yield Problem(where, f"node {nid}: CPU {cpu} is out of range: there are {limit}, "
                                     f"0 to {limit - 1}")
            owner.setdefault(cpu, nid)


# ---- distances

def distance_table(topology):
    table, count = topology.distances, len(topology.nodes)
    if not isinstance(table, (list, tuple)):
        return
    if len(table) != count:
        yield Problem(("distances",), f"distances: {len(table)} rows for {count} nodes")
    for a, row in enumerate(table):
        if row is not None and len(row) != count:
            yield Problem(("distances", a), f"distances: row {a} has {len(row)} entries "
                                            f"for {count} nodes")


def distance_values(topology):
    table = isinstance(topology.distances, (list, tuple))
    for (a, b), distance in pairs(topology.distances).items():
        where, who = ("distances", a, b), f"distance {a}:{b}={distance}"
        if not table:
            yield from known_node(topology, where, f"distance {a}:{b}", a)
            yield from known_node(topology, where, f"distance {a}:{b}", b)
        if distance is None:
            continue
        if a == b and distance != LOCAL:
            yield Problem(where, f"{who}: a node is at {LOCAL} from itself")
        if a != b and not LOCAL < distance <= FARTHEST:
            yield Problem(where, f"{who}: must be within {LOCAL + 1} and {FARTHEST}")


def known_node(topology, where, who, nid):
    if nid is None or isinstance(nid, int) and 0 <= nid < len(topology.nodes):
        return
    last = len(topology.nodes) - 1
    yield Problem(where, f"{who}: node {nid} is unknown; there are nodes 0 to {last}"
                  if last > 0 else f"{who}: node {nid} is unknown; there is node 0 only")


# ---- devices and room for them

def device_values(topology):
    seen = set()
    for where, device in devices_of(topology):
        yield from size_problem((*where, "size"), device.id, device.size)
        yield from known_node(topology, (*where, "node"), device.id, device.node)
        if device.id in seen:
            yield Problem((*where, "id"), f"{device.id}: two devices have this id")
        seen.add(device.id)


def plain_size(where, who, value):
    """For what is no memory by itself, and need not be of granules."""
    try:
        if value is not None and parse_size(value, who) < 0:
            yield Problem(where, f"{who}: {value} is negative")
    except TopologyError as error:
        yield Problem(where, str(error))


def lesser_sizes(topology):
    for index, device in enumerate(topology.nvdimm):
        yield from plain_size(("nvdimm", index, "label"), f"{device.id}: label", device.label)
    for index, device in enumerate(topology.virtio_mem):
        for key in ("requested", "block"):
            yield from plain_size(("virtio_mem", index, key), f"{device.id}: {key}",
                                  getattr(device, key))


def virtio_mem_request(topology):
    for index, device in enumerate(topology.virtio_mem):
        requested, size = size_of(device.requested), size_of(device.size)
        if requested is None or size is None:
            continue
        if requested > size:
            yield Problem(("virtio_mem", index, "requested"),
                          f"{device.id}: requested={device.requested} is more than its size, "
                          f"{device.size}")


def slot_number(topology):
    if topology.slots is not None and not 0 <= topology.slots <= MAX_SLOTS:
        yield Problem(("slots",), f"slots={topology.slots}: must be within 0 and {MAX_SLOTS}")


def room(topology):
    ram, limit = ram_of(topology), size_of(topology.maxmem)
    if ram is None or limit is None:
        return
    devices = total_of(size_of(d.size) for _, d in devices_of(topology))
    if limit - ram <= 0:
        yield Problem(("maxmem",), f"maxmem={topology.maxmem} leaves no room above the "
                                   f"{format_size(ram)} of the nodes")
    elif devices is not None and devices > limit - ram:
        yield Problem(("maxmem",), f"devices of {format_size(devices)} in all do not fit below "
                                   f"maxmem={topology.maxmem}")
    if topology.slots == 0 and not devices_of(topology):
        yield Problem(("maxmem",), f"maxmem={topology.maxmem} without slots: no device could "
                                   "use it")


def maxmem_size(topology):
    yield from size_problem(("maxmem",), "maxmem", topology.maxmem)


# ---- windows

def span(start, end):
    return f"0x{start:x}-0x{end - 1:x}"


def window_ranges(topology):
    """[(index, window, start, end)] of the windows whose place is known."""
    found = []
    for index, window in enumerate(topology.windows):
        start, size = size_of(window.start), size_of(window.size)
        if start is not None and size:
            found.append((index, window, start, start + size))
    return found


def window_values(topology):
    for index, window in enumerate(topology.windows):
        who = f"window {index}"
        yield from size_problem(("window", index, "start"), f"{who}: start", window.start)
        yield from size_problem(("window", index, "size"), who, window.size)
        yield from known_node(topology, ("window", index, "node"), who, window.node)


def window_overlaps(topology):
    taken = [(f"the memory of node {nid}", start, end) for nid, start, end in ranges_of(topology)]
    for index, _, start, end in window_ranges(topology):
        for who, other, other_end in taken:
            if start < other_end and other < end:
                yield Problem(("window", index), f"window {index}, {span(start, end)}, overlaps "
                                                 f"{who}, {span(other, other_end)}")
        taken.append((f"window {index}", start, end))


def window_room(topology):
    """QEMU has to be able to plug something into it."""
    ram = ram_of(topology)
    if ram is None or not topology.windows or known_room(topology) is None:
        return
    base = device_base(ram)
    end_of_room = base + known_room(topology)
    for index, _, start, end in window_ranges(topology):
        if start < base or end > end_of_room:
            yield Problem(("window", index), f"window {index}, {span(start, end)}, is not where "
                          f"QEMU plugs memory: {span(base, end_of_room)}"
                          if end_of_room > base else f"window {index}: nothing can be plugged "
                          "without maxmem and slots")


def known_room(topology):
    """Bytes from device_base() on, or None where a size is wrong."""
    values = [topology.maxmem] if topology.maxmem is not None else []
    values += [device.size for _, device in devices_of(topology)]
    if topology.slots is None or None in map(size_of, values):
        return None
    return topology.device_room if topology.max_bytes else 0


# ---- address bits

def address_rule(topology):
    """What the bits say of an address is the node that has it."""
    if topology.node_bits is None:
        return
    first, last = topology.node_bits
    count, where = len(topology.nodes), ("node_bits",)
    if not 0 <= first <= last <= MAX_NODE_BIT:
        yield Problem(where, f"node_bits {first}-{last}: must be bits from low to high, within "
                             f"0 and {MAX_NODE_BIT}")
        return
    if count > 2 << (last - first):
        yield Problem(where, f"node_bits {first}-{last} name {2 << (last - first)} nodes, "
                             f"there are {count}")
    for nid, start, end in ranges_of(topology):
        said = bits_of(start, first, last)
        if (end - 1) >> first != start >> first:
            yield Problem(("node", nid, "memory"), f"node {nid}: its memory, {span(start, end)}, "
                          f"differs within itself in the bits {first}-{last} of the address")
        elif said != nid:
            yield Problem(("node", nid, "memory"), f"node {nid}: the address bits {first}-{last} "
                          f"of its memory, {span(start, end)}, say node {said}")


def bits_of(address, first, last):
    return address >> first & (2 << (last - first)) - 1


# ---- firmware

def firmware_rules(topology, firmware):
    acpi = firmware == "uefi"
    if topology.nvdimm and not acpi:
        yield Problem(("nvdimm",), "NVDIMMs are described by ACPI: they need firmware=uefi")
    if topology.windows and not acpi:
        yield Problem(("window",), "windows are told by ACPI's SRAT: they need firmware=uefi")
    if topology.cover_nomap and not acpi:
        yield Problem((), "cover_nomap replaces an ACPI table: it needs firmware=uefi")
    if topology.acpi_tables is not None and not acpi:
        yield Problem((), "acpi_tables are looked at only with firmware=uefi")
    if (topology.dt_memory is not None or topology.dt_pmem or topology.dt_reserved) \
            and firmware != "loader":
        yield Problem((), "dt_memory, dt_pmem and dt_reserved edit the devicetree: they need"
                      " firmware=loader")
    if firmware == "dt":
        for nid, node in enumerate(topology.nodes):
            if node.hotpluggable:
                yield Problem(("node", nid, "hotpluggable"),
                              f"node {nid}: a node marked hotpluggable needs firmware=uefi"
                              " (SRAT), or loader or uefi-dt (devicetree)")


RULES = (
    node_numbers, node_sizes, total_size, amount_of_memory, nodes_in_use, host_map,
    cpu_numbers, cpu_amount, cpu_places, distance_table, distance_values,
    device_values, lesser_sizes, virtio_mem_request, slot_number, maxmem_size, room,
    window_values, window_overlaps, window_room, address_rule,
)


def problems(topology, firmware):
    for rule in RULES:
        yield from rule(topology)
    yield from firmware_rules(topology, firmware)
