#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM whose processor QEMU emulates: the same sandbox, marked as emulated, walled in, and gone
with its worker whatever ends it. A boot takes seconds, so one serves many claims."""
import os
import re
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from emulated import find_kernel, qemu_of, wait_gone  # noqa: E402
from harness import Lab, check, expect, expect_refusal, run_suite  # noqa: E402
from vm_lab import status_of  # noqa: E402

FAILED = 125
KERNEL = find_kernel()
TCG = ("--kernel", KERNEL, "--accel", "tcg", "--memory", "256M")


def make_lab():
    return Lab("vm")


def test_command_and_status(lab):
    """a command runs, its streams stay apart, its status comes back, and it is said once"""
    result = expect(lab.isolab("run", "vm", *TCG, "--", "sh", "-c",
                               "uname -s; echo wrong >&2; exit 7"), 7, r"^Linux\n$", "^wrong\n$")
    check("emulat" not in result.err, "asked for by name, it needs no note", result)


def check_figures(lab):
    """Everywhere its figures are shown they are marked."""
    document = expect(lab.isolab("inspect", "box", "--json")).json()
    check(document["accel"] == "tcg" and document["flavour"] == "linux", document)
    check(document["facts"]["kernel_identity"], document)
    expect(lab.isolab("ps"), 0, r"box +vm \(emulated\)")
    expect(lab.isolab("timeline", "box"), 0, r"(?s)emulated.*no verdict.*qemu.*kernel_ready")
    expect(lab.isolab("stats", "box"), 0, r"tcg \(emulated\).*—\n")
    expect(lab.isolab("compare", "box"), 0, r"(?s)tcg \(emulated\).*~ tcg")


def test_sandbox_as_others_are(lab):
    """exec, facts, figures, pause, stop: as on every other wall"""
    lab.create("box", *TCG, "--env", "GREETING=hello", "--", "sh", "-c",
               "echo $GREETING from; hostname; exec sleep 1000")
    expect(lab.isolab("exec", "box", "--", "sh", "-c", "echo out; echo err >&2; exit 3"), 3,
           "^out\n$", "^err\n$")
    end = time.monotonic() + 20
    while time.monotonic() < end and "box\n" not in lab.isolab("logs", "box").out:
        pass
    expect(lab.isolab("logs", "box"), 0, "hello from\nbox")
    expect(lab.isolab("exec", "-i", "box", "--", "cat", input="typed"), 0, "^typed$")
    expect(lab.isolab("exec", "box", "--", "no-such-program"), 127)
    check_figures(lab)
    expect(lab.isolab("pause", "box"))
    check(lab.row("box")["state"] == "paused")
    expect(lab.isolab("unpause", "box"))
    expect(lab.isolab("exec", "box", "--", "true"))
    qemu, _ = qemu_of(lab, "box")
    status = status_of(qemu)
    check(status["CapEff"] == "0" * 16 and status["NoNewPrivs"] == "1", status)
    check(status["Seccomp"] == "2" and status["NSpid"].split()[-1] == "1", status)
    check(sorted(os.listdir(f"/proc/{qemu}/root")) != sorted(os.listdir("/")), "the host's root")
    check(not os.path.exists(f"/proc/{qemu}/root/root"), "the host's files are in sight")
    expect(lab.isolab("stop", "--time", "5", "box"))
    wait_gone(qemu)


def test_kill_worker(lab):
    """kill -9 of the worker takes QEMU with it, while it boots, and leaves nothing"""
    lab.start("run", "vm", "--name", "gone", *TCG, "--", "sleep", "1000")
    qemu, worker = qemu_of(lab, "gone")
    os.kill(worker, signal.SIGKILL)
    wait_gone(qemu)
    expect(lab.isolab("ps"))
    check(lab.row("gone") is None or lab.row("gone")["state"] in ("failed", "stopped"))


def test_kill_qemu(lab):
    """QEMU that is killed is a clear end of its sandbox"""
    run = lab.start("run", "vm", "--name", "shot", *TCG, "--", "sleep", "1000")
    os.kill(qemu_of(lab, "shot")[0], signal.SIGKILL)
    _, err = run.communicate(timeout=20)
    check(run.returncode == FAILED and re.search("(?s)QEMU has ended.*hint:", err), err)


def test_interrupt_during_boot(lab):
    """Ctrl-C while the guest boots ends it at once"""
    terminal = lab.terminal("run", "vm", "--name", "early", *TCG, "--", "sleep", "1000")
    qemu, _ = qemu_of(lab, "early")
    terminal.send("\x03")
    wait_gone(qemu)
    check(terminal.end(10) == 130, "status 130 expected")


def test_power_off(lab):
    """a guest that switches itself off ends well"""
    expect(lab.isolab("run", "vm", *TCG, "--", "sh", "-c", "poweroff -f; sleep 100"))


def test_panic(lab):
    """a guest whose kernel panics fails with its last words"""
    result = lab.isolab("run", "vm", *TCG, "--", "sh", "-c",
                        "echo c >/proc/sysrq-trigger; sleep 100")
    expect(result, FAILED, err="(?s)sysrq triggered crash.*reset the machine.*hint:")


def test_ordinary_user(lab):
    """an ordinary user has it, and its walls, as root has"""
    if os.geteuid() != 0:
        return
    lab.become_user()
    lab.environment["HOME"] = lab.runtime
    kernel = os.path.join(lab.scratch, "vmlinuz")
    shutil.copy(KERNEL, kernel)
    result = lab.isolab("run", "vm", "--kernel", kernel, "--accel", "tcg", "--", "sh", "-c",
                        "id -u; exit 4")
    expect(result, 4, "^0\n$")
    check("host's files in sight" not in result.err, result)


def test_refusals(lab):
    """too little memory, no kernel, no QEMU, the tiny kernel: a line and a hint, at once"""
    few = ("run", "vm", "--kernel", KERNEL, "--accel", "tcg")
    expect_refusal(lab.isolab(*few, "--memory", "1M", "--", "true"), FAILED, "too little")
    expect_refusal(lab.isolab("run", "vm", "--kernel", "/etc/passwd", "--accel", "tcg", "--",
                              "true"), FAILED, "no Linux kernel")
    expect_refusal(lab.isolab("run", "vm", "--accel", "tcg", "--", "true"), FAILED,
                   "cannot run the tiny kernel")
    lab.environment["PATH"] = "/nonexistent"
    expect_refusal(lab.isolab(*few, "--", "true"), FAILED, "qemu-system-x86_64 is not installed")


def test_auto(lab):
    """without a KVM, auto takes the emulation and says so in one line; kvm stays an error"""
    if os.path.exists("/dev/kvm"):
        return
    run = lab.start("run", "vm", "--name", "auto", "--kernel", KERNEL, "--", "true")
    _, err = run.communicate(timeout=60)
    check(run.returncode == 0, err)
    check(re.fullmatch("isolab: note: .*/dev/kvm.*QEMU emulates .*real machine\n", err), err)
    expect_refusal(lab.isolab("run", "vm", "--kernel", KERNEL, "--accel", "kvm", "--", "true"),
                   FAILED, "(?s)/dev/kvm.*--accel tcg")


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")],
              make_lab)
