#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The teaching kernel from outside: what it grants, what it refuses, and that its tasks are apart.

The programs of the build are copied to a folder of their own with another initrd beside them, which
holds guest_program (see there), programs whose files are hostile, and isolab-work.
"""
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, ROOT, Lab, check, expect, run_suite

PROGRAMS = ["isolab", "isolab-vm", "isolab-cli", "tiny-kernel"]
MAKE_INITRD = os.path.join(ROOT, "engine", "inside", "make-initrd.py")
WORK = os.path.join(BUILD, "engine", "inside", "isolab-work")
GUEST_PROGRAM = os.path.join(BUILD, "tests", "system", "guest_program")
SEGV, ILL, FPE, TRAP, KILL = (128 + number for number in (
    signal.SIGSEGV, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGKILL))

# What ends a program, how, and what the kernel says.
ENDS = [
    ("null", SEGV, "write to 0x0, where nothing is mapped"),
    ("text", SEGV, "write to 0x400000, which it may not"),
    ("kernel", SEGV, "read of 0xffffffff80050000, which it may not"),
    ("jump", SEGV, "jump to 0xffffffff80050000, which it may not"),
    ("stack", SEGV, "jump to 0x3f[cd][0-9a-f]*, which it may not"),
    ("gate-write", SEGV, "write to 0x3fc00000, which it may not"),
    ("gate-forged", SEGV, "jump to 0x0"),
    ("noncanonical", SEGV, "may not use"),
    ("hlt", SEGV, "may not use"),
    ("cli", SEGV, "may not use"),
    ("port", SEGV, "may not use"),
    ("cr3", SEGV, "may not use"),
    ("ud2", ILL, "invalid instruction"),
    ("divide", FPE, "divided by zero"),
    ("breakpoint", TRAP, "breakpoint"),
    ("recursion", SEGV, "write to 0x3fc"),
    ("kill", KILL, None),
]


def elf(segments, entry=0x401000, kind=2, size=0x2000):
    """A file with such program headers: (type, flags, offset, address, file bytes, bytes)."""
    data = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", kind, 62, 1, entry, 64, 0, 0,
                       64, 56, len(segments), 0, 0, 0)
    for segment in segments:
        what, flags, offset, address, file_bytes, memory_bytes = segment
        data += struct.pack("<IIQQQQQQ", what, flags, offset, address, 0, file_bytes,
                            memory_bytes, 4096)
    data = data.ljust(0x1000, b"\0")
    # mov $231, %eax; mov $7, %edi; syscall: exit_group(7)
    code = b"\xb8\xe7\x00\x00\x00\xbf\x07\x00\x00\x00\x0f\x05"
    return (data + code).ljust(size, b"\0")


TEXT = (1, 5, 0x1000, 0x401000, 0x100, 0x100)
GOOD = elf([TEXT, (1, 6, 0, 0x500000, 0, 0x3000)])
HOSTILE = {
    "over-kernel": elf([TEXT, (1, 6, 0, 0xffffffff80050000, 0, 0x1000)]),
    "over-gate": elf([TEXT, (1, 7, 0, 0x3fc00000, 0, 0x1000)]),
    "over-stack": elf([TEXT, (1, 6, 0, 0x3fdf0000, 0, 0x20000)]),
    "at-null": elf([(1, 6, 0, 0, 0, 0x1000), TEXT]),
    "wraps": elf([TEXT, (1, 6, 0, 0x500000, 0, 2**64 - 0x1000)]),
    "overlaps": elf([TEXT, (1, 7, 0x1000, 0x401000, 0x100, 0x100)]),
    "descends": elf([(1, 6, 0, 0x500000, 0, 0x1000), TEXT]),
    "behind-file": elf([TEXT, (1, 4, 0x100000, 0x500000, 0x1000, 0x1000)]),
    "too-large": elf([TEXT, (1, 6, 0, 0x500000, 0, 0x3f000000)]),
    "no-entry": elf([TEXT], entry=0x900000),
    "nothing": elf([(4, 4, 0, 0, 0, 0)]),
}


class GuestLab(Lab):
    """A lab whose VMs run with our initrd."""

    def __init__(self):
        super().__init__("vm")
        self.folder = os.path.join(self.scratch, "programs")
        os.mkdir(self.folder)
        for name in PROGRAMS:
            shutil.copy(os.path.join(BUILD, name), self.folder)
        self.isolab_path = os.path.join(self.folder, "isolab")
        files = [f"bin/isolab-work={WORK}", f"bin/guest_program={GUEST_PROGRAM}"]
        for name, data in {"good": GOOD, **HOSTILE}.items():
            path = os.path.join(self.scratch, name)
            with open(path, "wb") as file:
                file.write(data)
            files.append(f"bin/{name}={path}")
        initrd = os.path.join(self.folder, "tiny-initrd.cpio")
        subprocess.run([sys.executable, MAKE_INITRD, initrd, *files], check=True)

    def run(self, *words, options=(), **more):
        return self.isolab("run", *options, "vm", "--", *words, **more)

    def tasks(self):
        """The tasks of the sandbox `box`, as its /proc/tasks has them: a list of name, turns."""
        out = expect(self.isolab("exec", "box", "--", "isolab-work", "cat", "/proc/tasks")).out
        rows = [line.split() for line in out.splitlines()[1:]]
        return [(row[4], int(row[2])) for row in rows]


def test_calls(lab):
    """system calls do what Linux's do, and refuse what they must"""
    result = lab.run("guest_program", "calls")
    wrong = [line for line in result.out.splitlines() if not line.startswith("ok ")]
    expect(result)
    check(not wrong and result.out.count("ok ") > 40, result)


def test_ends(lab):
    """every forbidden act ends the program with its signal and a sentence"""
    for word, status, said in ENDS:
        result = expect(lab.run("guest_program", word), status)
        if said:
            check(re.search(f"isolab-tiny: guest_program: .*{said}", result.err), word, result)


def test_deep_stack(lab):
    """a stack grows to a megabyte by itself"""
    expect(lab.run("guest_program", "deep"))


def test_good_program(lab):
    """a program of two segments runs, with memory that no file has"""
    expect(lab.run("good"), 7)


def test_hostile_programs(lab):
    """a hostile program's file is refused, and a running machine goes on"""
    lab.create("box", "--", "isolab-work", "idle")
    for name in HOSTILE:
        result = lab.isolab("exec", "box", "--", name)
        check(result.status in (125, 126), name, result)
        expect(lab.isolab("exec", "box", "--", "good"), 7)


def test_fault_of_a_guest_program_is_its_own(lab):
    """a task that faults takes no other with it"""
    lab.create("box", "--", "isolab-work", "idle")
    result = lab.isolab("exec", "box", "--", "guest_program", "null")
    expect(result, SEGV, err="segmentation fault")
    check([name for name, _ in lab.tasks()].count("isolab-work") == 2)


def test_many_execs(lab):
    """a hundred programs one after the other leave no memory behind"""
    lab.create("box", "--", "isolab-work", "idle")

    def free():
        out = lab.isolab("exec", "box", "--", "isolab-work", "cat", "/proc/meminfo").out
        return int(re.search(r"MemFree: *(\d+)", out).group(1))
    before = free()
    for _ in range(100):
        expect(lab.isolab("exec", "box", "--", "guest_program", "deep"))
    check(free() == before, before, free())


def test_eight_tasks(lab):
    """a ninth task is refused, and there is room again after one has ended"""
    lab.create("box", "--", "isolab-work", "idle")
    running = []
    # Beside the main one. Some may be refused, as long as the one that tries has its place.
    while (result := lab.isolab("exec", "box", "--", "good")).status == 7:
        running = [program for program in running if program.poll() is None]
        running += [lab.start("exec", "box", "--", "isolab-work", "idle")
                    for _ in range(7 - len(running))]
    check(result.status in (125, 126), result)
    running = [program for program in running if program.poll() is None]
    check(running, "all were refused")
    running[0].terminate()
    running[0].wait()
    while lab.isolab("exec", "box", "--", "good").status != 7:
        time.sleep(0.01)


def test_turns_and_registers(lab):
    """two programs that only compute take turns, and never see each other's registers"""
    lab.create("box", "--", "isolab-work", "idle")
    before = time.monotonic()
    pair = [lab.start("exec", "box", "--", "guest_program", "vectors", str(number), "10000")
            for number in (111, 222)]
    turns = []
    while any(program.poll() is None for program in pair):
        turns = [count for name, count in lab.tasks() if name == "guest_program"] or turns
    took = time.monotonic() - before
    check([program.wait() for program in pair] == [0, 0], "registers were mixed")
    check(turns and max(turns) > 3, turns, took)


def test_signals(lab):
    """signals without a meaning here are ignored, others end the main program"""
    lab.create("box", "--", "isolab-work", "idle")
    expect(lab.isolab("kill", "--signal", "WINCH", "box"))
    check([name for name, _ in lab.tasks()].count("isolab-work") == 2)
    expect(lab.isolab("stop", "--signal", "TERM", "box"))
    expect(lab.isolab("wait", "box"), 128 + signal.SIGTERM)


def break_kernel(lab, symbol, code):
    """Overwrites the code of a function of the kernel."""
    path = os.path.join(lab.folder, "tiny-kernel")
    names = subprocess.run(["nm", path], check=True, capture_output=True, text=True).stdout
    address = int(re.search(rf"^([0-9a-f]+) [Tt] {symbol}$", names, re.M).group(1), 16)
    with open(path, "r+b") as file:
        data = file.read()
        headers = struct.unpack_from("<Q", data, 32)[0]
        for i in range(struct.unpack_from("<H", data, 56)[0]):
            offset, start, _, size = struct.unpack_from("<QQQQ", data, headers + 56 * i + 8)
            if start <= address < start + size:
                file.seek(offset + address - start)
                file.write(code)


def test_panic_of_the_kernel(lab):
    """a fault of the kernel itself is a panic that says where, and ends the sandbox"""
    break_kernel(lab, "calls_serve", b"\x0f\x0b")  # ud2
    result = expect(lab.run("guest_program", "calls"), 125)
    check(re.search(r"guest kernel.*vector (0x)?6", result.err, re.S), result)


def test_fault_at_ring_0(lab):
    """so is a fault of its few instructions at ring 0"""
    break_kernel(lab, "service_resume", b"\x0f\x0b")
    result = expect(lab.run("guest_program", "calls"), 125)
    check(re.search(r"guest", result.err), result)


def main():
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("1..0 # SKIP no access to /dev/kvm")
        print("no access to /dev/kvm", file=sys.stderr)
        sys.exit(77)
    run_suite([value for name, value in globals().items() if name.startswith("test_")], GuestLab)


if __name__ == "__main__":
    main()
