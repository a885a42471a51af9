# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's injection of errors into memory notifiers, as modules for a guest.

Built outside of the tree from the files of the unpacked package, so that no
configuration needs them; modprobe finds them in the guest.
"""

import fcntl

from memhp_vm import modules, paths

SOURCES = paths.BUILD / "linux-source-6.12/lib"
NAMES = ("notifier-error-inject", "memory-notifier-error-inject")


def link_sources(place):
    place.mkdir(parents=True, exist_ok=True)
    for name in (f"{NAMES[0]}.h", *(f"{name}.c" for name in NAMES)):
        if not (place / name).is_symlink():
            (place / name).symlink_to(SOURCES / name)
    (place / "Kbuild").write_text("".join(f"obj-m += {name}.o\n" for name in NAMES))


def build(guest):
    """[paths of the modules] for the guest's kernel."""
    output = paths.kernel_output(guest.tree, guest.config)
    place = paths.BUILD / "modules" / f"notifier-{guest.tree}-{guest.config}"
    place.mkdir(parents=True, exist_ok=True)
    with open(place / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        link_sources(place)
        if not (output / "scripts/module.lds").exists():
            modules.make(output, "modules_prepare")
        modules.make(output, "KBUILD_MODPOST_WARN=1", f"M={place}", "modules")
    return [place / f"{name}.ko" for name in NAMES]


def install(guest):
    folder = f"/lib/modules/{guest.check('uname -r').strip()}"
    guest.check(f"mkdir -p {folder}; : > {folder}/modules.builtin; : > {folder}/modules.order")
    for module in build(guest):
        guest.put(f"{folder}/{module.name}", module.read_bytes())
    guest.check("/sbin/depmod")     # without the path it is busybox's, not kmod's
