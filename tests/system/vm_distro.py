#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`--kernel distro`: what is refused; where there is time, and its disk in the cache, a whole
Debian from firmware to login (./dev soak, which makes the disk: isolab image build-distro)."""
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from emulated import qemu_of, wait_gone  # noqa: E402
from harness import PATIENCE, Lab, Skip, check, expect, run_suite  # noqa: E402
from vm_lab import status_of  # noqa: E402

STEPS = ["disk", "qemu", "walls", "enter", "firmware", "bootloader", "kernel_entry", "init",
         "services"]


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


def until(lab, name, pattern, seconds=60):
    """Waits until the sandbox's log has it; returns the log."""
    with lab.start("logs", "--follow", name) as follower:
        timer = threading.Timer(seconds, follower.kill)
        timer.start()
        seen = ""
        for line in follower.stdout:
            seen += line
            if re.search(pattern, seen):
                break
        timer.cancel()
        follower.kill()
    check(re.search(pattern, seen), f"'{pattern}' expected in the log", seen[-2000:])
    return seen


def check_inside(lab):
    """What every other wall offers: exec, its terminal and user, attach, pause."""
    told = expect(lab.isolab("exec", "d", "--", "sh", "-c",
                             "hostname; cat /etc/debian_version; touch /left; systemctl is-active "
                             "multi-user.target; exit 3"), status=3).out.split()
    check(told[0] == "d" and told[2] == "active", told)
    terminal = lab.terminal("exec", "-it", "d", "--", "sh", "-c", "tty; read word; echo $word.")
    terminal.until("/dev/pts/", 60)
    terminal.send("typed\r")
    terminal.until(r"typed\.", 60)
    check(terminal.end(60) == 0)
    expect(lab.isolab("exec", "--user", "nobody", "d", "--", "id", "-un"), 0, "^nobody$")
    expect(lab.isolab("pause", "d"))
    check(lab.row("d")["state"] == "paused")
    expect(lab.isolab("unpause", "d"))
    expect(lab.isolab("exec", "-i", "d", "--", "cat", input="piped"), 0, "^piped$")


# What a PC begins with: says what lies behind it on the serial line, and switches the machine off.
FIRST_SECTOR = bytes.fromhex(
    "fc31c08ed8be1d7cbaf803ac84c07403eeebf8ba0406b80020eff4ebfd") + b"Welcome to a sector\r\n\0"


def test_first_sector(lab):
    """the disk's first sector is run; a machine that is off before its agent speaks is an error"""
    directory = os.path.join(lab.scratch, "cache", "isolab", "distro")
    lab.environment["XDG_CACHE_HOME"] = os.path.join(lab.scratch, "cache")
    os.makedirs(directory)
    with open(os.path.join(directory, "debian-test.img"), "wb") as file:
        file.write(FIRST_SECTOR.ljust(510, b"\0") + b"\x55\xaa")
        file.truncate(3 << 20)
    if not shutil.which("qemu-system-x86_64"):
        raise Skip("no qemu-system-x86_64")
    accel = os.environ.get("ISOLAB_ACCEL", "tcg")  # the rig's QEMU has KVM alone
    ran = lab.isolab("run", "vm", "--kernel", "distro", "--accel", accel, "--", "true")
    check(ran.status == 125 and "Welcome to a sector" in ran.err, ran.status, ran.err)
    check("hint: " in ran.err and "off before it was up" in ran.err, ran.err)
    check("host's files in sight" not in ran.err, ran.err)


def test_boot(lab):
    """a whole Debian: each step of its boot is on the timeline, exec works, stop powers off"""
    disk = the_disk(lab)
    before = os.stat(disk["path"])
    command = ["sh", "-c", "echo I am $(ps -o comm= -p 1); exec cat"]
    expect(lab.isolab("create", "vm", "d", "-i", "--kernel", "distro", "--", *command))
    check_inside(lab)
    until(lab, "d", "I am systemd")
    attached = lab.start("attach", "d", stdin=subprocess.PIPE)
    attached.stdin.write("echoed\n")
    attached.stdin.flush()
    until(lab, "d", "^echoed|\necho")
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


def check_walls(qemu):
    """QEMU is nobody, alone, and sees programs and what it was given."""
    status = status_of(qemu)
    check(status["CapEff"] == "0" * 16 and status["NoNewPrivs"] == "1", status)
    check(status["Seccomp"] == "2" and status["NSpid"].split()[-1] == "1", status)
    check(not os.path.exists(f"/proc/{qemu}/root/root"), "the host's files are in sight")
    check(os.readlink(f"/proc/{qemu}/ns/net") != os.readlink("/proc/self/ns/net"), "our network")


def test_user_and_kill(lab):
    """an ordinary user's distro has the same walls; kill -9 of its worker leaves nothing"""
    the_disk(lab)
    if os.geteuid() == 0:
        lab.become_user()
        lab.environment["HOME"] = lab.runtime
    run = lab.start("run", "vm", "--name", "d", "--kernel", "distro")
    qemu, worker = qemu_of(lab, "d")
    until(lab, "d", "GRUB: loading Linux")
    check_walls(qemu)
    os.kill(worker, signal.SIGKILL)
    wait_gone(qemu)
    run.communicate(timeout=20)
    expect(lab.isolab("ps"))
    check(lab.row("d") is None or lab.row("d")["state"] in ("failed", "stopped"), lab.row("d"))


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
