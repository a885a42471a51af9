# SPDX-License-Identifier: GPL-2.0-only
"""Test guests: an arm64 kernel of ours in QEMU, with any memory topology."""

from .errors import (CommandFailed, CommandTimeout, GuestDied, HarnessError, QmpError,
                     TopologyError, UnplugError)
from .topology import DtMemory, DtPmem, Node, Nvdimm, Topology, VirtioMem, Window
from .hotplug import Dimm
from .vm import Guest

__all__ = ["CommandFailed", "CommandTimeout", "Dimm", "DtMemory", "DtPmem", "Guest",
           "GuestDied", "HarnessError", "Node", "Nvdimm", "QmpError", "Topology", "TopologyError",
           "UnplugError", "VirtioMem", "Window"]
