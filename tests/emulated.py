# SPDX-License-Identifier: GPL-3.0-or-later
"""What suites of emulated VMs share: a kernel that is here, and QEMU."""
import glob
import os
import shutil
import sys

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
