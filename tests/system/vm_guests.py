#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that do wrong: each is a clear end of its own sandbox, with cause and hint, never a hang.

Each case runs `isolab run vm` with another kernel in place of the teaching kernel: the programs of
the build are copied to a folder of their own, where the worker finds the kernel beside itself.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, Skip, check, expect, expect_refusal, run_suite  # noqa: E402
from vm_lab import VmLab, need_kvm, status_of  # noqa: E402

FAILED = 125


def test_triple_fault(lab):
    """a triple fault ends with the place where it was, if the processor tells"""
    expect_refusal(lab.run_guest("triple_fault"), FAILED,
                   r"triple fault.*(rip 0xffffffff80050000|this processor does not keep)")


def test_unknown_port(lab):
    """a port that nobody has ends with its number"""
    expect_refusal(lab.run_guest("unknown_port"), FAILED, r"wrote to port 0x3f8.*no device")


def test_no_memory(lab):
    """a write to memory that was not given ends with the address"""
    expect_refusal(lab.run_guest("no_memory"), FAILED, r"0x40000000, where there is no memory")


def test_terabyte(lab):
    """a guest that wants a page at 1 TB ends with that address"""
    expect_refusal(lab.run_guest("terabyte"), FAILED, r"0xe8d4a00000, where there is no memory")


def test_tables_in_mmio(lab):
    """page tables among a device's registers end the VM, or keep it busy; kill ends it"""
    program = lab.start_guest("tables_in_mmio")
    lab.isolab("kill", "bad")
    status = program.wait(10)
    check(status in (FAILED, 128 + signal.SIGKILL), status, program.stderr.read())


def test_tables_of_nothing(lab):
    """page tables outside of memory end the VM"""
    expect_refusal(lab.run_guest("tables_of_nothing"), FAILED, r"guest|KVM")


def test_halt(lab):
    """a processor that is stopped for ever is noticed at once"""
    expect_refusal(lab.run_guest("halt"), FAILED, r"stopped its processor for ever")


def test_breakpoint(lab):
    """what this KVM cannot run is told as such, or is the guest's fault"""
    expect_refusal(lab.run_guest("breakpoint"), FAILED, r"this host's KVM cannot run|triple fault")


def test_panic(lab):
    """a panic's text reaches the user, without control characters and without end"""
    result = lab.run_guest("panic")
    expect_refusal(result, FAILED, r"panicked:.*the llamas are loose")
    check("\033" not in result.err and len(result.err) < 1000, result)


def test_panic_nowhere(lab):
    """a panic whose report lies outside memory is still a clear end"""
    expect_refusal(lab.run_guest("panic_nowhere"), FAILED, r"panicked: it did not say why")


def test_lie(lab):
    """an answer that nobody asked for ends the VM"""
    expect_refusal(lab.run_guest("lie"), FAILED, r"answered 0x2030000, which nobody asked")


def test_packet_nowhere(lab):
    """a console packet over foreign memory is refused with EFAULT, and the VM goes on"""
    expect(lab.run_guest("packet_nowhere"), status=14, out="^$")


def test_early_end(lab):
    """a guest that switches off before it is up ends with its status"""
    expect(lab.run_guest("early_end"), status=7)


def test_endless(lab):
    """a boot that never ends is ended by stop or kill"""
    program = lab.start_guest("endless")
    expect(lab.isolab("stop", "--time", "0", "bad"))
    check(program.wait(10) == 128 + signal.SIGKILL, program.returncode)
    program = lab.start_guest("endless")
    expect(lab.isolab("kill", "bad"))
    check(program.wait(10) == 128 + signal.SIGKILL, program.returncode)


def test_flood(lab):
    """a guest that prints for ever fills no disk, and is still heard and ended"""
    program = lab.start_guest("flood", stdout=os.open("/dev/null", os.O_WRONLY))
    expect(lab.isolab("ps"))
    time.sleep(0.3)
    sizes = [os.path.getsize(lab.directory("bad/" + name)) for name in ("console", "events")]
    check(sum(sizes) < 5 << 20, sizes)
    expect(lab.isolab("kill", "bad"))
    program.wait(10)


def test_flood_into_a_closed_pipe(lab):
    """a guest that floods a pipe whose reader went away ends like a program would"""
    program = lab.start_guest("flood")
    check(len(program.stdout.read(100000)) == 100000, "no output")
    program.stdout.close()
    program.stdout = None
    program.wait(10)


def test_flood_into_a_pipe_that_nobody_empties(lab):
    """a foreground run whose reader has stopped reading is ended by kill and stop all the same"""
    for request in (("kill", "bad"), ("stop", "--time", "1", "bad")):
        program = lab.start_guest("flood", stderr=subprocess.STDOUT)
        time.sleep(0.2)
        expect(lab.isolab(*request))
        check(program.wait(5) == 128 + signal.SIGKILL, program.returncode)
        program.stdout.close()
        program.stdout = None


def heard_and_ended(lab, program, *requests):
    """How long the slowest of some requests took, and the end by kill."""
    slowest = 0
    for request in [*requests, "kill"]:
        start = time.monotonic()
        expect(lab.isolab(request, "bad"))
        slowest = max(slowest, time.monotonic() - start)
    program.wait(10)
    return slowest


def test_everything(lab):
    """a packet of all memory, many times over, does not keep the monitor from its socket"""
    program = lab.start_guest("everything", stdout=os.open("/dev/null", os.O_WRONLY))
    time.sleep(0.2)
    slowest = heard_and_ended(lab, program, "pause", "unpause", "pause", "unpause")
    check(slowest < 1, f"{slowest} s")


def test_marks(lab):
    """a boot that marks its steps for ever fills no disk, and is still heard and ended"""
    program = lab.start_guest("marks")
    time.sleep(0.5)
    size = os.path.getsize(lab.directory("bad/events"))
    slowest = heard_and_ended(lab, program)
    check(size < 5 << 20 and slowest < 1, f"{size} bytes, {slowest} s")


def test_devicetree(lab):
    """inspect --devicetree tells a running machine as source"""
    lab.use_kernel(os.path.join(BUILD, "tiny-kernel"))
    expect(lab.isolab("create", "vm", "m", "--memory", "32M", "--pids", "7"))
    told = expect(lab.isolab("inspect", "--devicetree", "m"), out=r'compatible = "isolab,tiny";')
    check(r"reg = <0x0 0x0 0x0 0x2000000>;" in told.out, told.out)
    check("isolab,pids-max = <0x7>;" in told.out, told.out)
    check(told.out.count("{") == told.out.count("};"), told.out)
    if shutil.which("dtc"):
        made = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=told.out.encode(),
                              capture_output=True, timeout=10, check=False)
        check(made.returncode == 0, made.stderr)
    expect(lab.isolab("stop", "m"))
    expect_refusal(lab.isolab("inspect", "--devicetree", "m"), 125, "is not running")
    expect(lab.isolab("rm", "m"))


def test_walls(lab):
    """while its guest runs the monitor has no rights, no files, no /dev/kvm, few descriptors"""
    program = lab.start_guest("hammer")
    status = status_of(program.pid)
    check(status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", status)
    rights = [int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")]
    check(not any(rights), status)
    folder = f"/proc/{program.pid}"
    opened = [os.readlink(f"{folder}/fd/{name}") for name in os.listdir(f"{folder}/fd")]
    check("/dev/kvm" not in opened and len(opened) < 20, opened)
    check(not [path for path in opened if path.startswith(lab.scratch) and
               path in (lab.directory().rstrip("/"), lab.directory("bad"))], opened)
    if os.readlink(f"{folder}/ns/user") != os.readlink("/proc/self/ns/user"):
        check(not os.listdir(f"{folder}/root"), "its root is not empty")
        for name in ("mnt", "ipc", "uts"):
            check(os.readlink(f"{folder}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"), name)
    expect(lab.isolab("kill", "bad"))
    program.wait(10)


# A /dev/kvm that everybody may open, seen by this process only.
OPEN_KVM = """
mount -t tmpfs none /mnt && mknod /mnt/kvm c 10 232 && chmod 666 /mnt/kvm &&
mount --bind /mnt/kvm /dev/kvm &&
exec /usr/bin/setpriv --reuid 12345 --regid 12345 --clear-groups "$@"
"""


def test_ordinary_user(lab):
    """an ordinary user who may open /dev/kvm has VMs, walled in like root's"""
    if os.geteuid() != 0:
        raise Skip("not root: every other case here runs as an ordinary user")
    for path in (lab.scratch, lab.folder):
        os.chown(path, 12345, 12345)
    lab.wrap = ["unshare", "-m", "sh", "-c", OPEN_KVM, "sh"]
    expect(lab.isolab("run", "vm", "--", "isolab-work", "uname"), out="isolab-tiny")
    lab.use_guest("early_end")
    expect(lab.isolab("run", "vm", "--", "true"), status=7)


# A user namespace in which no more namespaces may be made.
NO_NAMESPACES = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'


def test_without_namespaces(lab):
    """where no namespaces are to be had a VM runs all the same, and says what it lacks"""
    lab.wrap = ["unshare", "-U", "-r", "sh", "-c", NO_NAMESPACES, "sh"]
    told = lab.isolab("run", "vm", "--", "isolab-work", "uname")
    if "unshare failed" in told.err or "Permission denied" in told.err:
        raise Skip("no user namespaces here at all")
    expect(told, out="isolab-tiny", err="keeps the host's file names in sight")


def test_terminal(lab):
    """on a terminal lines are echoed, edited and read; Ctrl-C interrupts, Ctrl-D ends"""
    terminal = lab.terminal("run", "vm", "-it")
    terminal.until("work> ")
    terminal.send("echo helly\x7fo\r")
    terminal.until(r"hello\r\n")
    terminal.send("\x04")
    check(terminal.end() == 0, terminal.status)
    terminal = lab.terminal("run", "vm", "-it")
    terminal.until("work> ")
    terminal.send("spin\r\x03")
    check(terminal.end() == 128 + signal.SIGINT, terminal.status)


def kernel_bytes(lab):
    with open(os.path.join(lab.folder, "tiny-kernel"), "rb") as file:
        return file.read()


def test_bad_kernel_files(lab):
    """a kernel that is a text, for another machine, cut off or gone: one line each, and a hint"""
    kernel = kernel_bytes(lab)
    arm = bytearray(kernel)
    arm[18] = 183
    for data, why in ((b"a text\n", "not an ELF file"), (bytes(arm), "another architecture"),
                      (kernel[:80], "cut off"), (b"", "not an ELF file")):
        lab.put("tiny-kernel", data)
        expect_refusal(lab.isolab("run", "vm", "--", "true"), FAILED, why)
    os.unlink(os.path.join(lab.folder, "tiny-kernel"))
    expect_refusal(lab.isolab("run", "vm", "--", "true"), FAILED, "tiny-kernel.*no such file")


def test_kernel_cut_in_half(lab):
    """a kernel whose file ends too soon is told before it runs"""
    lab.put("tiny-kernel", kernel_bytes(lab)[:8192])
    expect_refusal(lab.isolab("run", "vm", "--", "true"), FAILED, "tiny-kernel.*cut off")


def test_bad_initrd(lab):
    """an initrd that is no archive, or larger than memory, is told"""
    lab.put("tiny-initrd.cpio", b"x" * 5000)
    expect_refusal(lab.isolab("run", "vm", "--", "true"), FAILED, "newc archive")
    lab.put("tiny-initrd.cpio", b"070701" + b"0" * (8 << 20))
    expect_refusal(lab.isolab("run", "vm", "--memory", "4M", "--", "true"), FAILED, "memory")


def main():
    need_kvm()
    cases = [value for name, value in globals().items() if name.startswith("test_")]
    run_suite(cases, VmLab)


main()
