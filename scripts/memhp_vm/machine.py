# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's command line: the machine, the firmware, the channels.

It describes; vm.py starts. The three channels (console, qmp, agent) are sockets
that QEMU inherits, so that nothing is left in the file system.
"""

from dataclasses import dataclass, field
from pathlib import Path

from . import acpi, loader, paths, uefi_dt
from .errors import HarnessError

FIRMWARES = ("dt", "uefi", "uefi-dt", "loader")
CMDLINE = ("console=ttyAMA0 earlycon=pl011,0x9000000 panic=-1 "
           "rcupdate.rcu_cpu_stall_timeout=120 watchdog_thresh=60")


@dataclass
class Machine:
    kernel: Path
    initramfs: Path
    topology: object
    workdir: Path               # for files that live as long as the guest
    firmware: str = "dt"
    cmdline: str = ""
    cpu: str = "max"
    icount: bool = False
    machine_options: str = ""
    qemu_args: list = field(default_factory=list)

    def check(self):
        if self.firmware not in FIRMWARES:
            raise HarnessError(f'firmware "{self.firmware}" is unknown; there are '
                               + ", ".join(FIRMWARES))
        self.topology.check(self.firmware)
        if not self.kernel.exists():
            raise HarnessError(f"no kernel at {self.kernel.relative_to(paths.ROOT)}: "
                               "build it first (make kernel)"
                               if self.kernel.is_relative_to(paths.ROOT)
                               else f"no kernel at {self.kernel}")

    def args(self, fds):
        """The whole command; fds maps console, qmp and agent to descriptors."""
        return (self.base_args() + self.channel_args(fds) + self.firmware_args()
                + self.icount_args() + list(self.qemu_args))

    def base_args(self):
        machine = "virt,gic-version=3"
        if self.topology.nvdimm:
            machine += ",nvdimm=on"
        if self.firmware == "uefi-dt":
            machine += ",acpi=off"
        if self.machine_options:
            machine += "," + self.machine_options
        return [paths.QEMU, "-machine", machine, "-cpu", self.cpu, "-nodefaults",
                "-no-user-config", "-display", "none", "-no-reboot",
                *self.topology.qemu_args()]

    def channel_args(self, fds):
        args = []
        for name, fd in fds.items():
            args += ["-chardev", f"socket,id={name},fd={fd}"]
        return args + ["-serial", "chardev:console", "-mon", "chardev=qmp,mode=control",
                       "-device", "virtio-serial-pci",
                       "-device", "virtserialport,chardev=agent,name=memhp"]

    def firmware_args(self):
        if self.firmware == "loader":
            return loader.args(self)
        args = ["-kernel", str(self.kernel), "-initrd", str(self.whole_initrd()),
                "-append", self.whole_cmdline()]
        if self.firmware.startswith("uefi"):
            if not paths.UEFI_CODE.exists():
                raise HarnessError(f"no UEFI firmware at {paths.UEFI_CODE}: "
                                   "install qemu-efi-aarch64 (scripts/deps)")
            args += ["-drive", f"if=pflash,format=raw,readonly=on,file={paths.UEFI_CODE}"]
        if self.firmware == "uefi-dt":
            args += uefi_dt.args(self)
        return args

    def whole_cmdline(self):
        parts = (CMDLINE, self.topology.cmdline(), self.cmdline)
        return " ".join(part for part in parts if part).strip()

    def whole_initrd(self):
        """The initramfs, behind ACPI tables that replace the firmware's."""
        tables = acpi.tables(self.topology)
        if not tables:
            return self.initramfs
        joined = self.workdir / "initrd"
        joined.write_bytes(acpi.archive(tables) + self.initramfs.read_bytes())
        return joined

    def icount_args(self):
        return ["-icount", "shift=0,sleep=off,align=off"] if self.icount else []
