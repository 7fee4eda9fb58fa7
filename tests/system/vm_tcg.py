#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM whose processor QEMU emulates: the same sandbox, marked as emulated, walled in, and gone
with its worker whatever ends it. A boot takes seconds, so one serves many claims."""
import fcntl
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from emulated import find_kernel, qemu_of, wait_gone  # noqa: E402
from harness import Lab, Skip, check, expect, expect_refusal, run_suite  # noqa: E402
from vm_lab import status_of  # noqa: E402

FAILED = 125
TUN = "/dev/net/tun"
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
    much = "typed " * 300000
    check(lab.isolab("exec", "-i", "box", "--", "cat", input=much).out == much, "cat's output")
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


def has_child(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return bool(file.read())
    except OSError:
        return False


def test_kill_worker_early(lab):
    """kill -9 of the worker while QEMU's walls are built leaves nothing either"""
    for number in range(40):
        run = lab.start("run", "vm", "--name", f"early{number}", *TCG, "--", "true")
        while run.poll() is None and not has_child(run.pid):
            pass
        try:
            run.wait(number / 200)
        except subprocess.TimeoutExpired:
            run.kill()
        run.communicate()
    expect(lab.isolab("ps"))  # the harness tells which child is left


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


def make_image(lab, size=8 << 20):
    """A raw image: its first bytes say so, the rest is zeros."""
    path = os.path.join(lab.scratch, "image.raw")
    with open(path, "wb") as file:
        file.write(b"as it was made")
        file.truncate(size)
    return path


def test_disks(lab):
    """a disk is read, and written all over, without its image changing; :ro is not written"""
    path = make_image(lab)
    before = os.stat(path)
    script = """
        cat /sys/block/vda/size /sys/block/vda/serial; echo; cat /sys/block/vdb/ro
        head -c 14 /dev/vda; echo; head -c 14 /dev/vdb; echo
        tr '\\0' x </dev/zero | dd of=/dev/vda bs=1M 2>/dev/null
        sync; echo 3 >/proc/sys/vm/drop_caches
        tr -d x </dev/vda | wc -c; printf new | dd of=/dev/vdb 2>/dev/null || echo refused"""
    result = expect(lab.isolab("run", "vm", *TCG, "--disk", path, "--disk", path + ":ro", "--",
                               "sh", "-c", script))
    check(result.out.split("\n") == ["16384", "isolab-0", "1", "as it was made", "as it was made",
                                     "0", "refused", ""], result)
    after = os.stat(path)
    check((before.st_mtime_ns, before.st_blocks) == (after.st_mtime_ns, after.st_blocks),
          "the image has changed")


def test_bad_disks(lab):
    """an image that is none is refused as with KVM, before anything is started"""
    small, other = os.path.join(lab.scratch, "small"), os.path.join(lab.scratch, "other.qcow2")
    with open(small, "w", encoding="ascii") as file:
        file.write("a text\n")
    with open(other, "wb") as file:
        file.write(b"QFI\xfb" + bytes(1020))
    held = make_image(lab)
    for path, words in (("/nonexistent/x", "open it"), (small, "not one sector"),
                        (lab.scratch, "neither a file nor a block device"), (other, "qcow2")):
        expect_refusal(lab.isolab("run", "vm", *TCG, "--disk", path, "--", "true"), FAILED,
                       f"(?s)the disk '{path}'.*{words}")
    with open(held, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        expect_refusal(lab.isolab("run", "vm", *TCG, "--disk", held, "--", "true"), FAILED,
                       "another program holds it")


def test_volumes(lab):
    """a directory, or a file, of the host is seen inside; what is written there is on the host"""
    share, fixed = os.path.join(lab.scratch, "share"), os.path.join(lab.scratch, "fixed")
    for place in (share, fixed):
        os.mkdir(place)
        with open(os.path.join(place, "file"), "w", encoding="ascii") as file:
            file.write("from outside\n")
    result = lab.isolab("run", "vm", *TCG, "--volume", share + ":/work", "--volume",
                        fixed + ":/fixed:ro", "--", "sh", "-c",
                        "cat /work/file /fixed/file; echo from inside >/work/new; "
                        "touch /fixed/new 2>&1 || true")
    expect(result, 0, "^from outside\nfrom outside\n.*Read-only file system")
    told = [line for line in result.err.splitlines() if "host's root's" in line]
    check(len(told) == (os.geteuid() == 0) and all("'/work'" in line for line in told), told)
    with open(os.path.join(share, "new"), encoding="ascii") as file:
        check(file.read() == "from inside\n")
    check(os.listdir(fixed) == ["file"], os.listdir(fixed))
    file = os.path.join(fixed, "file")
    expect(lab.isolab("run", "vm", *TCG, "--volume", file + ":/etc/given", "--", "sh", "-c",
                      "cat /etc/given; echo changed >/etc/given"), 0, "^from outside\n$")
    with open(file, encoding="ascii") as changed:
        check(changed.read() == "changed\n")
    expect_refusal(lab.isolab("run", "vm", *TCG, "--volume", "/nonexistent:/x", "--", "true"),
                   FAILED, "--volume: open '/nonexistent'")
    expect(lab.isolab("run", "vm", *TCG, "--volume", share + "/file:/tmp", "--", "true"), FAILED,
           err="(?s)at '/tmp': there is a directory in the file's place\nhint: another place")


def test_volume_copies(lab):
    """without virtiofsd a directory and a file are seen as they are at the start"""
    places = [place for place in ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd",
                                  "/usr/lib/virtiofsd", "/usr/bin/virtiofsd",
                                  "/usr/local/bin/virtiofsd") if os.path.exists(place)]
    if os.geteuid() != 0 and places:
        raise Skip("only root can hide virtiofsd")
    covers = "".join(f"mount --bind /dev/null {place}; " for place in places)
    lab.wrap = ["unshare", "-m", "sh", "-c", covers + 'exec "$@"', "-"]
    share, single = os.path.join(lab.scratch, "share"), os.path.join(lab.scratch, "single")
    os.mkdir(share)
    for place in (os.path.join(share, "file"), single):
        with open(place, "w", encoding="ascii") as file:
            file.write("from outside\n")
    result = lab.isolab("run", "vm", *TCG, "--volume", share + ":/work", "--volume",
                        single + ":/etc/single:ro", "--", "sh", "-c",
                        "cat /work/file /etc/single; echo from inside >/work/file; "
                        "cat /work/file; touch /etc/single 2>&1 || true; ls -A /work")
    expect(result, 0, "^from outside\nfrom outside\nfrom inside\n.*Read-only file system\nfile\n$",
           "'/work' is a copy")
    with open(os.path.join(share, "file"), encoding="ascii") as file:
        check(file.read() == "from outside\n")


def open_tun(lab):
    """A machine's cable is a tap: where its device is closed to all but root, the lab gets one of
    its own, in a mount namespace of its own."""
    if os.path.exists(TUN) and os.stat(TUN).st_mode & 0o6 == 0o6:
        return
    if os.geteuid() != 0 or not os.path.exists(TUN):
        raise Skip(f"{TUN} is closed to this user")
    own = os.path.join(lab.scratch, "tun")
    os.mknod(own, 0o600 | stat.S_IFCHR, os.stat(TUN).st_rdev)
    os.chmod(own, 0o666)
    lab.wrap = ["unshare", "-m", "sh", "-c", f'mount --bind {own} {TUN}; exec "$@"', "-"]


def test_lab(lab):
    """two machines and a container in the lab reach each other by name"""
    open_tun(lab)
    expect(lab.isolab("create", "container", "box", "--network", "lab", "--", "sleep", "1000"))
    lab.create("one", *TCG, "--network", "lab", "--", "sleep", "1000")
    lab.create("two", *TCG, "--network", "lab", "--", "sleep", "1000")
    for here, there in (("one", "two"), ("two", "box"), ("box", "one")):
        expect(lab.isolab("exec", here, "--", "ping", "-c", "2", there), 0, "(?i)2.*[^0-9]0% packet"
               "|2 answered")
    qemu, _ = qemu_of(lab, "one")
    check(os.readlink(f"/proc/{qemu}/ns/net") != os.readlink("/proc/self/ns/net"), "our network")
    check(not os.path.exists(f"/proc/{qemu}/root/dev"), "a device is in sight")


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
    expect_refusal(lab.isolab(*few, "--vsock", "--", "true"), FAILED,
                   "--vsock is not in this version")
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
