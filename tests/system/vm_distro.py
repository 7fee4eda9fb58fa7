#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`--kernel distro`: what is refused; where there is time, and its disk in the cache, a whole
Debian from firmware to login (./dev soak, which makes the disk: isolab image build-distro)."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import PATIENCE, Lab, Skip, check, expect, run_suite  # noqa: E402

STEPS = ["disk", "qemu", "walls", "firmware", "bootloader", "kernel_entry", "init", "services"]


def the_disk(lab):
    """Of this machine, for everybody."""
    if PATIENCE < 300:
        raise Skip("takes minutes: ISOLAB_PATIENCE=900 says that there is time (./dev soak)")
    disks = [disk for disk in expect(lab.isolab("image", "list", "--json")).json()["disks"]
             if disk["is_chosen"]]
    if not disks:
        raise Skip("no disk here: isolab image build-distro makes it")
    if not shutil.which("qemu-system-x86_64"):
        raise Skip("no qemu-system-x86_64")
    return disks[0]


def test_no_disk(lab):
    """--kernel distro without a disk: one error, with the command that makes it"""
    lab.environment["XDG_CACHE_HOME"] = lab.scratch
    if expect(lab.isolab("image", "list", "--json")).json()["disks"]:
        raise Skip("this machine has one for everybody")
    ran = lab.isolab("run", "vm", "--kernel", "distro", "--", "true")
    check(ran.status == 125 and "isolab image build-distro" in ran.err, ran.status, ran.err)


def test_bad_disk(lab):
    """--kernel distro with a disk that nobody can boot, or too little memory, ends with a hint"""
    directory = os.path.join(lab.scratch, "cache", "isolab", "distro")
    lab.environment["XDG_CACHE_HOME"] = os.path.join(lab.scratch, "cache")
    os.makedirs(directory)
    with open(os.path.join(directory, "debian-test.img"), "wb") as file:
        file.truncate(3 << 20)
    ran = lab.isolab("run", "vm", "--kernel", "distro", "--memory", "64M", "--", "true")
    check(ran.status == 125 and "too little" in ran.err and "hint: " in ran.err, ran.err)
    program = lab.environment["PATH"]
    lab.environment["PATH"] = "/nowhere"
    ran = lab.isolab("run", "vm", "--kernel", "distro", "--", "true")
    lab.environment["PATH"] = program
    check("install qemu-system-x86" in ran.err and ran.status in (125, 127), ran.status, ran.err)


def test_boot(lab):
    """a whole Debian: each step of its boot is on the timeline, exec works, stop powers off"""
    disk = the_disk(lab)
    before = os.stat(disk["path"])
    command = ["sh", "-c", "echo I am $(ps -o comm= -p 1); exec sleep 1000"]
    expect(lab.isolab("create", "vm", "d", "--kernel", "distro", "--", *command))
    told = expect(lab.isolab("exec", "d", "--", "sh", "-c",
                             "hostname; cat /etc/debian_version; touch /left; systemctl is-active "
                             "multi-user.target; exit 3"), status=3).out.split()
    check(told[0] == "d" and told[2] == "active", told)
    check("I am systemd" in lab.isolab("logs", "d").out, lab.isolab("logs", "d").out[-2000:])
    row = lab.row("d")
    check(row["flavour"] == "distro" and row["accel"] in ("tcg", "kvm", "kvm-nested"), row)
    boot = expect(lab.isolab("timeline", "d", "--json")).json()["sandboxes"][0]["boot"]
    steps = [step["name"] for step in boot["steps"]]
    check([name for name in steps if name in STEPS] == STEPS, steps)
    check(steps[-1] == "ready" or "exec" in steps, steps)
    expect(lab.isolab("stop", "--time", "100", "d"))
    lab.wait_dead("d")
    after = os.stat(disk["path"])
    check((before.st_mtime_ns, before.st_blocks) == (after.st_mtime_ns, after.st_blocks),
          "the disk has changed")
    told = lab.isolab("logs", "d").out
    check("Power-Off" in told or "Power down" in told, "it did not power off", told[-800:])


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
