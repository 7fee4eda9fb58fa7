# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sandbox could leave behind: processes, mounts, cgroups, network interfaces, sockets,
files, sandboxes' directories. Looked at before and after, by the suites that start many or kill."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import check, expect, wait_children  # noqa: E402


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def cgroups(lab):
    """All cgroups that could be this lab's, wherever a controller is mounted: those that name its
    directory by inode, or none. Somebody else's sandboxes may come and go beside it."""
    place = lab.directory()
    own = f".{os.stat(place).st_ino:x}." if os.path.isdir(place) else "isolab.none"
    return {os.path.join(folder, name) for mount in read("/proc/self/mounts").splitlines()
            if mount.split()[2] in ("cgroup", "cgroup2")
            for folder, names, _ in os.walk(mount.split()[1]) for name in names
            if "isolab" in name and not name.startswith("isolab-validate.")
            and (own in name or not re.match(r"isolab\.\d+\.\w+\.", name))}


def the_world(lab):
    """What a sandbox could leave behind, as sets of names."""
    return {
        # those of others come and go, too
        "mounts": {line for line in read("/proc/self/mountinfo").splitlines()
                   if lab.scratch in line or "isolab" in line},
        "cgroups": cgroups(lab),
        "interfaces": set(os.listdir("/sys/class/net")),
        "sockets": {line.split()[-1] for line in read("/proc/net/unix").splitlines()
                    if lab.scratch in line},
        "files": set(os.listdir(lab.scratch) + glob.glob("/dev/shm/*isolab*")) - {"isolab"},
        "sandboxes": set(os.listdir(lab.directory())) if os.path.isdir(lab.directory()) else set(),
    }


def check_nothing_new(lab, before):
    """The suite is the subreaper of all it starts, so no process escapes it."""
    left = wait_children()
    check(not left, "processes are left", *left)
    after = the_world(lab)
    for what, names in after.items():
        check(not names - before[what], f"{what} are left", *(names - before[what]))


def sweep(lab):
    """The next isolab sweeps what the dead could not."""
    expect(lab.isolab("ps"))
    expect(lab.isolab("rm", "-f", "--all"))
