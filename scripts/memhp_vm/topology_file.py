# SPDX-License-Identifier: GPL-2.0-only
"""Topology files: TOML in, a Topology out, or all that is wrong, line by line.

Owns the keys of the file, their types, and what "auto" means. What a machine has to
be like beyond that is in topology_rules.py. The format: Documentation/topology.rst.
"""

import difflib
import re
import tomllib
from pathlib import Path

from . import topology_rules as rules
from .errors import TopologyError
from .lines import Lines
from .sizes import format_size
from .topology import Node, Nvdimm, Topology, VirtioMem, Window
from .topology_rules import Problem

AUTO = "auto"
LARGEST_FILE = 1 << 20
CPU_LIST = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
BITS = re.compile(r"(\d+)-(\d+)")


# ---- types: each says what is wrong with a value, or nothing

def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def a_size(value):
    if not isinstance(value, str) and not is_number(value):
        return 'must be a size, for example "512M"'


def a_size_or_auto(value):
    return a_size(value) and 'must be a size, for example "512M", or "auto"'


def a_number(value):
    if not is_number(value):
        return "must be a number"


def a_number_or_auto(value):
    if not is_number(value) and value != AUTO:
        return 'must be a number or "auto"'


def a_text(value):
    if not isinstance(value, str) or not value:
        return "must be text"


def a_flag(value):
    if not isinstance(value, bool):
        return "must be true or false"


def some_cpus(value):
    if is_number(value) or value == AUTO:
        return None
    if not isinstance(value, str) or not CPU_LIST.fullmatch(value):
        return 'must be how many, which ("0-3,8"), or "auto"'
    for first, last in cpu_runs(value):
        if last < first:
            return f"has {first}-{last}, which goes backwards"
        if last >= rules.MAX_CPUS:
            return f"has CPU {last}: QEMU's virt takes {rules.MAX_CPUS} at most"


def some_bits(value):
    if not isinstance(value, str) or not BITS.fullmatch(value):
        return 'must be the lowest and the highest bit, for example "27-29"'


def a_table_or_auto(value):
    if value != AUTO and not isinstance(value, list):
        return 'must be a table, [[10, 20], [20, 10]], or "auto"'


# ---- keys: {name: (type, must it be there?)}

TOP = {"title": (a_text, False), "total": (a_size, False), "cpus": (a_number, False),
       "distances": (a_table_or_auto, False), "maxmem": (a_size, False),
       "slots": (a_number, False), "node_bits": (some_bits, False)}
TABLES = {
    "node": {"id": (a_number, True), "memory": (a_size_or_auto, True),
             "cpus": (some_cpus, True), "host": (a_number_or_auto, False),
             "hotpluggable": (a_flag, False)},
    "nvdimm": {"size": (a_size, True), "node": (a_number, True), "id": (a_text, False),
               "label": (a_size, False), "path": (a_text, False)},
    "virtio_mem": {"size": (a_size, True), "node": (a_number, True), "id": (a_text, False),
                   "requested": (a_size, False), "block": (a_size, False)},
    "window": {"start": (a_size, True), "size": (a_size, True), "node": (a_number, True)},
}
DEVICE_NAMES = {"nvdimm": "nv", "virtio_mem": "vm"}


def near_miss(key, known):
    """What to write instead of a key that is not known here."""
    if key in TOP and known is not TOP:
        return ": it belongs to the top, above the first [[...]]"
    names = [*known, *TABLES] if known is TOP else [*known]
    found = difflib.get_close_matches(key, names, 1, 0.5)
    return f'; did you mean "{found[0]}"?' if found else f"; there are {', '.join(names)}"


def cpu_runs(text):
    """[(first, last)] of "0-3,8"."""
    ends = (part.split("-") for part in text.split(","))
    return [(int(end[0]), int(end[-1])) for end in ends]


def cpus_of(value):
    """What Node takes, of anything but "auto"."""
    if not isinstance(value, str):
        return value
    return [cpu for first, last in cpu_runs(value) for cpu in range(first, last + 1)]


class Reader:
    """One file; fills problems."""

    def __init__(self, data):
        self.data, self.problems = data, []
        self.index_of = {}              # node: its place among the file's [[node]]

    def say(self, where, text):
        self.problems.append(Problem(where, text))

    # ---- keys and types

    def values(self, where, who, given, keys):
        """{key: value} with None where the value is wrong."""
        found = {}
        for key, value in given.items():
            if key not in keys:
                self.say((*where, key), f'{who}unknown key "{key}"' + near_miss(key, keys))
                continue
            wrong = keys[key][0](value)
            if wrong:
                self.say((*where, key), f"{who}{key} {wrong}")
            found[key] = None if wrong else value
        for key, (_, needed) in keys.items():
            if needed and key not in given:
                self.say(where, f"{who}{key} is missing")
                found[key] = None
        return found

    def tables(self, kind):
        """[{key: value}] of all tables of a kind."""
        given = self.data.get(kind, [])
        if not isinstance(given, list) or not all(isinstance(t, dict) for t in given):
            self.say((kind,), f"{kind} must be tables: write [[{kind}]] above each")
            return []
        return [self.values((kind, i), f"{self.name(kind, i, t)}: ", t, TABLES[kind])
                for i, t in enumerate(given)]

    @staticmethod
    def name(kind, index, table):
        if kind == "node":
            return f"node {table['id']}" if is_number(table.get("id")) else f"[[node]] {index + 1}"
        if kind == "window":
            return f"window {index}"
        return table["id"] if isinstance(table.get("id"), str) else f"{DEVICE_NAMES[kind]}{index}"

    # ---- nodes

    def nodes(self, tables):
        """[table] by node; what is missing or there twice is a table of None."""
        by_id, whole = {}, True
        for index, table in enumerate(tables):
            if self.node_id(index, table["id"], by_id):
                by_id[table["id"]] = (index, table)
            else:
                whole = False
        count = max(by_id, default=-1) + 1
        for nid in sorted(set(range(count)) - set(by_id)):
            whole = False
            self.say(("node",), f"node {nid} is missing: nodes are numbered from 0 without a gap")
        self.index_of = {nid: index for nid, (index, _) in by_id.items()}
        nothing = (None, {"memory": None, "cpus": None})
        ordered = [by_id.get(nid, nothing)[1] for nid in range(count)]
        return ordered, whole

    def node_id(self, index, nid, by_id):
        where = ("node", index, "id")
        if nid is None:
            return False
        if nid in by_id:
            self.say(where, f"node {nid} is there twice")
            return False
        if not 0 <= nid < rules.MAX_NODES:
            self.say(where, f"node {nid}: must be within 0 and {rules.MAX_NODES - 1}")
            return False
        return True

    # ---- "auto"

    def place_memory(self, tables, total):
        """Shares what is left of the total among the nodes that ask for it."""
        asking = [nid for nid, t in enumerate(tables) if t["memory"] == AUTO]
        if not asking:
            return
        left = self.left(("total",), "total", rules.size_of(total), asking,
                         [rules.size_of(t["memory"]) for t in tables if t["memory"] != AUTO])
        share = left // rules.GRANULE // len(asking) * rules.GRANULE if left else None
        for place, nid in enumerate(asking):
            more = left - share * len(asking) if left and not place else 0
            tables[nid]["memory"] = share and share + more
        if left and not share:
            self.say(("total",), f"total: {format_size(left)} is too little to be shared by nodes "
                                 + in_words(asking))

    def place_cpus(self, tables, total):
        asking = [nid for nid, t in enumerate(tables) if t["cpus"] == AUTO]
        if not asking:
            return
        left = self.left(("cpus",), "cpus", total, asking,
                         [rules.cpu_count(Node(cpus=cpus_of(t["cpus"])))
                          for t in tables if t["cpus"] != AUTO])
        for place, nid in enumerate(asking):
            tables[nid]["cpus"] = (None if left is None
                                   else left // len(asking) + (place < left % len(asking)))

    def left(self, where, key, total, asking, others):
        """What others leave, or None if that is not known, or nothing."""
        if key not in self.data:
            for nid in asking:
                what = "memory" if key == "total" else "cpus"
                self.say(("node", self.index_of.get(nid, 0), what),
                         f'node {nid}: {what} = "auto" shares out what "{key}" says, '
                         "which is missing")
            return None
        taken = rules.total_of(others)
        if total is None or taken is None:
            return None
        if total <= taken:
            self.say(where, f"{key}: the other nodes leave nothing for "
                            f"{'nodes' if len(asking) > 1 else 'node'} {in_words(asking)}")
            return None
        return total - taken

    @staticmethod
    def place_hosts(tables):
        """One node of the host after the other."""
        there = sorted(rules.host_nodes())
        asking = [t for t in tables if t.get("host") == AUTO]
        for place, table in enumerate(asking):
            table["host"] = there[place % len(there)]

    # ---- distances

    def distances(self, value, count):
        if value is None and "distances" not in self.data and count > 1:
            self.say((), 'distances is missing: write a table, or "auto" for 10 and 20')
        if value is None or value == AUTO:
            return None
        return [self.distance_row(a, row) for a, row in enumerate(value)]

    def distance_row(self, a, row):
        if not isinstance(row, list):
            self.say(("distances", a), f"distances: row {a} must be a list of numbers")
            return None
        for b, value in enumerate(row):
            if not is_number(value):
                self.say(("distances", a, b), f"distance {a}:{b} must be a number")
        return [value if is_number(value) else None for value in row]

    # ---- all of it

    def topology(self):
        """What the file says; with problems, there may be None in it."""
        top = self.values((), "", {key: value for key, value in self.data.items()
                                   if key not in TABLES}, TOP)
        tables, whole = self.nodes(self.tables("node"))
        self.place_memory(tables, top.get("total"))
        self.place_cpus(tables, top.get("cpus"))
        self.place_hosts(tables)
        nodes = [make_node(table) for table in tables]
        devices = {kind: self.tables(kind) for kind in TABLES if kind != "node"}
        distances = self.distances(top.get("distances"), len(nodes))
        if not whole:
            self.forget(nodes, [t for some in devices.values() for t in some])
        return Topology(
            nodes=nodes, distances=distances if whole else None,
            maxmem=top.get("maxmem"), slots=top.get("slots", 0),
            nvdimm=[Nvdimm(**table) for table in devices["nvdimm"]],
            virtio_mem=[VirtioMem(**table) for table in devices["virtio_mem"]],
            windows=[Window(**table) for table in devices["window"]],
            total=top.get("total"), cpu_total=top.get("cpus"),
            node_bits=bits_of(top.get("node_bits")))

    @staticmethod
    def forget(nodes, devices):
        """What cannot be judged while it is not clear which nodes there are."""
        for device in devices:
            device["node"] = None
        if nodes:
            nodes[-1].mem = nodes[-1].cpus = None

    def place_of(self, where):
        """A problem's place in the file: nodes stand there in any order."""
        if where[:1] != ("node",) or len(where) < 2:
            return where
        index = self.index_of.get(where[1])
        return ("node",) if index is None else ("node", index, *where[2:])


def make_node(table):
    return Node(mem=table["memory"], cpus=cpus_of(table["cpus"]),
                hotpluggable=bool(table.get("hotpluggable")), host=table.get("host"))


def bits_of(text):
    return tuple(map(int, BITS.fullmatch(text).groups())) if text else None


def in_words(numbers):
    return ", ".join(map(str, numbers))


# ---- files

def read_text(path):
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise TopologyError(f"{path}: {error.strerror}") from None
    if len(data) > LARGEST_FILE:
        raise TopologyError(f"{path}: too large for a topology file")
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b"\n") + 1
        raise TopologyError(f"{path}:{line}: not UTF-8") from None


def parse(path, text):
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = said[2] or text.rstrip("\n").count("\n") + 1
        raise TopologyError(f"{path}:{line}: not TOML: {said[1]}") from None


def load(path, firmware, **more):
    """The Topology of a file, checked for a firmware. "more" is for Topology.

    Raises TopologyError whose text has a line for each thing that is wrong.
    """
    text = read_text(path)
    data = parse(path, text)
    if not data:
        raise TopologyError(f"{path}:1: says nothing: it needs one [[node]] at least")
    reader = Reader(data)
    topology = reader.topology()
    for name, value in more.items():
        setattr(topology, name, value)
    found = reader.problems + [Problem(reader.place_of(p.where), p.text)
                               for p in topology.problems(firmware)]
    if found:
        lines = Lines(text)
        said = sorted({(lines.line_of(p.where), p.text) for p in found})
        raise TopologyError("\n".join(f"{path}:{line}: {text}" for line, text in said))
    return topology
