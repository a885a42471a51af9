# SPDX-License-Identifier: GPL-2.0-only
"""Where things are in the repository and in build/."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
DEBS = BUILD / "debs"
RESULTS = BUILD / "results"
LOGS = BUILD / "logs"
GUEST_SOURCES = ROOT / "tools/testing/selftests/memory-hotplug"
VM_TESTS = GUEST_SOURCES / "vm"
GUEST_PROGRAMS = BUILD / "guest"
COMMAND_SOURCES = ROOT / "tools/memhp"
POOL_SOURCES = ROOT / "tools/memhp-pool"
COMMANDS = BUILD / "memhp"              # built for the guest

UEFI_CODE = Path(os.environ.get("MEMHP_UEFI", "/usr/share/AAVMF/AAVMF_CODE.fd"))
QEMU = os.environ.get("MEMHP_QEMU", "qemu-system-aarch64")


def kernel_output(tree, config):
    return BUILD / tree / f"out-{config}"


def kernel_image(tree, config):
    return kernel_output(tree, config) / "arch/arm64/boot/Image"
