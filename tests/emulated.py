# SPDX-License-Identifier: GPL-3.0-or-later
"""What suites of VMs in QEMU share: a kernel that is here, QEMU, and its process."""
import glob
import os
import select
import shutil
import sys
import time

from harness import check

QEMU = "qemu-system-x86_64"
PLACES = ("~/.cache/isolab/kernels", "/var/cache/isolab/kernels")


def find_kernel():
    """The newest kernel that `isolab kernel fetch` or the rig has unpacked; ends the suite, with
    the reason, where there is none."""
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    places = [os.environ.get("ISOLAB_RIG_CACHE", os.path.join(cache, "isolab", "rig")),
              *map(os.path.expanduser, PLACES)]
    found = [path for place in places
             for path in sorted(glob.glob(os.path.join(place, "*", "boot", "vmlinuz-*")))]
    lacking = None if found else "no kernel (isolab kernel fetch)"
    if not shutil.which(QEMU):
        lacking = f"no {QEMU} (package qemu-system-x86)"
    if lacking:
        print(f"1..0 # SKIP {lacking}")
        print(lacking, file=sys.stderr)
        sys.exit(77)
    return found[-1]


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def wait_gone(pid, seconds=10):
    """Waits until there is no such process, by its descriptor."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready = select.select([descriptor], [], [], seconds)[0]
    os.close(descriptor)
    check(ready, f"process {pid} is still there")


def qemu_of(lab, name):
    """QEMU's process, once it runs; and its worker's."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        row = lab.row(name)
        for child in children_of(row["pid"]) if row and row["pid"] else []:
            with open(f"/proc/{child}/comm", encoding="ascii") as file:
                if file.read().startswith("qemu"):
                    return child, row["pid"]
    raise AssertionError("QEMU does not run")
