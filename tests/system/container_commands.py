#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that cannot be run in a container, each refused with the file that hinders it, a hint,
and nothing left. By root, and with --user by an ordinary user."""
import os
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from container_processes import (IS_USER, expect_refused, image, make_lab,  # noqa: E402
                                 put, run)
from harness import IS_SANITISED, Skip, check, run_suite  # noqa: E402


def refused(lab, place, command, status, what):
    done = run(lab, command, options=["--image", place])
    expect_refused(done, status, what)
    check(not os.path.isdir(lab.directory()) or not os.listdir(lab.directory()), "left over")


def test_command_is_no_program(lab):
    """a directory, an empty file, a text, no x bit, a fifo: each is told as what it is"""
    place = image(lab)
    os.mkdir(os.path.join(place, "bin", "folder"))
    os.mkfifo(os.path.join(place, "bin", "fifo"), 0o755)
    put(lab, place, "bin/empty", "")
    put(lab, place, "bin/text", "echo hello\n")
    put(lab, place, "bin/closed", "#!/bin/sh\n", 0o644)
    put(lab, place, "bin/nobody", "#!\n")
    put(lab, place, "bin/damaged", b"\x7fELF" + bytes(60))
    for command, what in (("/bin/folder", "directory"), ("/bin/fifo", "no regular file"),
                          ("/bin/empty", "is empty"), ("/bin/text", "neither a program nor"),
                          ("/bin/closed", "may not be executed"), ("closed", "may not be executed"),
                          ("/bin/nobody", "names no interpreter"),
                          ("/bin/damaged", "processor|damaged"),
                          ("/etc", "directory"), ("text", "neither a program nor")):
        refused(lab, place, command, 126, what)
    refused(lab, place, "/bin/nowhere", 127, "not found")
    refused(lab, place, "nowhere", 127, "not found")
    refused(lab, place, "", 2, ".")


def test_interpreter_is_missing(lab):
    """a missing interpreter is named, also that of an interpreter, and a Windows line end"""
    place = image(lab)
    put(lab, place, "bin/lost", "#!/usr/bin/nowhere -x\n")
    put(lab, place, "bin/outer", "#!/bin/lost\n")
    put(lab, place, "bin/windows", "#!/bin/sh\r\necho hi\r\n")
    put(lab, place, "bin/plain", "#!/etc\n")
    put(lab, place, "bin/one", "#!/bin/two\n")
    put(lab, place, "bin/two", "#!/bin/one\n")
    for command, what in (("lost", "interpreter '/usr/bin/nowhere' is not there"),
                          ("outer", "interpreter '/usr/bin/nowhere' is not there"),
                          ("windows", "carriage return"), ("plain", "'/etc' is a directory"),
                          ("one", "scripts of each other")):
        refused(lab, place, command, 126, what)


def elf(machine, loader=b"", wide=True):
    """The head of a program that wants a loader."""
    identity = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    name = loader + b"\0"
    if wide:
        head = identity + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400000, 64, 0, 0, 64, 56,
                                      1, 0, 0, 0)
        return head + struct.pack("<IIQQQQQQ", 3, 4, 120, 120, 120, len(name), len(name), 1) + name
    head = identity + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0x8000000, 52, 0, 0, 52, 32,
                                  1, 0, 0, 0)
    return head + struct.pack("<IIIIIIII", 3, 84, 84, 84, len(name), len(name), 4, 1) + name


def test_loader_is_missing(lab):
    """a missing loader is named, for a program, an interpreter, one of 32 bits"""
    place = image(lab)
    put(lab, place, "bin/dynamic", elf(62, b"/lib64/ld-nowhere.so.2"))
    put(lab, place, "bin/script", "#!/bin/dynamic\n")
    put(lab, place, "bin/narrow", elf(3, b"/lib/ld-narrow.so.2", wide=False))
    refused(lab, place, "dynamic", 126, "loader '/lib64/ld-nowhere.so.2' is not there")
    refused(lab, place, "script", 126, "loader '/lib64/ld-nowhere.so.2' is not there")
    refused(lab, place, "narrow", 126, "ld-narrow.so.2' is not there|another processor")


def test_other_processor(lab):
    """a program of another processor is told as that, not as missing"""
    place = image(lab)
    put(lab, place, "bin/arm", elf(183, b"/lib/ld-linux-aarch64.so.1"))
    put(lab, place, "bin/riscv", elf(243))
    refused(lab, place, "arm", 126, "another processor .aarch64; this one is x86-64")
    refused(lab, place, "riscv", 126, "another processor .riscv")


def test_image_without_a_shell(lab):
    """an image without /bin/sh, or without the default command, says so"""
    place = image(lab)
    os.unlink(os.path.join(place, "bin", "sh"))
    refused(lab, place, "/bin/sh", 127, "'/bin/sh' not found")
    done = lab.isolab("run", "container", "--image", place)
    expect_refused(done, 127, "isolab-work")
    check("default command" in done.err, done)


def test_long_names(lab):
    """names of 4,096 bytes are refused in words, whole lines of them"""
    for name in ("x" * 4096, "/" + "x" * 4096, "/x" * 2048, "/" + "x" * 300):
        done = run(lab, name)
        check(done.status in (126, 127) and "hint: " in done.err, done)
        check(len(done.err) < 1200, done)
        expect_refused(run(lab, "id", options=["--user", name]), 2, "user")


NONSENSE = ["=:?/", "x" * 5000, "é\033[2J", "-1:", "99999999999999999999"]
MEANS_SOMETHING = {"--env": {"é\033[2J", "-1:", "99999999999999999999", "x" * 5000},
                   "--name": {"99999999999999999999"}, "--hostname": {"99999999999999999999"}}


def test_nonsense(lab):
    """each option that takes a value refuses nonsense by its name, with a hint; nothing is left"""
    told = lab.isolab("run", "--help").out
    options = re.findall(r"^ +(?:-\w, )?(--[a-z-]+) [A-Z]", told, re.MULTILINE)
    check(len(options) > 20, told)
    for option in options:
        for value in NONSENSE:
            if value in MEANS_SOMETHING.get(option, ()):
                continue
            done = run(lab, "true", options=[option, value])
            expect_refused(done, 125 if done.status == 125 else 2, "")
            check("\033" not in done.err and len(done.err) < 1200, option, done)
    check(not os.path.isdir(lab.directory()) or not os.listdir(lab.directory()), "left over")


def test_without_descriptors(lab):
    """out of descriptors: one noun, and the hint that names ulimit"""
    if IS_SANITISED:
        raise Skip("a sanitiser needs descriptors of its own")
    seen = set()
    for limit in range(4, 14):
        done = subprocess.run(
            ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh",
             *lab.command(["run", "container", "--", "true"])],
            env=lab.environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        if "too many open files" in done.stderr:
            seen.add(limit)
            check("ulimit -n" in done.stderr, done.stderr)
            first = done.stderr.splitlines()[0]
            parts = first.split(": ")
            check(len(parts) == len(set(parts)), first)
    check(seen, "no limit was reached")


def main():
    if IS_USER and os.geteuid() != 0:
        raise SystemExit(77)
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    run_suite(cases, make_lab, prefix="as an ordinary user: " if IS_USER else "")


if __name__ == "__main__":
    main()
