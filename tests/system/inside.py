#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs inside a sandbox: the two programs without libc, the image, the initrd of the VM."""
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, PATIENCE, ROOT, Lab, Skip, check, run_suite  # noqa: E402

INSIDE = os.path.join(BUILD, "engine", "inside")
IMAGE = os.path.join(BUILD, "images", "base")
FACTS = """kernel_release kernel_identity hostname pid_count pid_one uid_root_maps_to mounts
root_filesystem network_interfaces ipc_objects clock_monotonic clock_realtime cpu_count_seen
memory_seen devices syscalls_allowed capabilities host_dmesg sysctl_write module_load
hypervisor_seen seccomp_mode no_new_privs proc_masks cgroup_root root_escape""".split()


def work(*words, **options):
    return subprocess.run([os.path.join(INSIDE, "isolab-work"), *words], capture_output=True,
                          text=True, timeout=PATIENCE, check=False, **options)


def program_headers(path):
    """(type, flags, offset, address, size in file, size in memory) of each, and the file's type."""
    with open(path, "rb") as file:
        data = file.read()
    offset, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    headers = []
    for number in range(count):
        kind, flags, at, address, _, in_file, in_memory, _ = struct.unpack_from(
            "<IIQQQQQQ", data, offset + 56 * number)
        headers.append((kind, flags, at, address, in_file, in_memory))
    return struct.unpack_from("<H", data, 16)[0], headers, len(data)


def test_one_segment(_):
    """each program is small, static, and one segment without writable data"""
    for name in ("isolab-work", "isolab-probe"):
        kind, headers, size = program_headers(os.path.join(INSIDE, name))
        loads = [header for header in headers if header[0] == 1]
        check(kind == 2 and len(loads) == 1 and size < 20 * 1024, name, kind, headers, size)
        _, flags, at, address, in_file, in_memory = loads[0]
        check(flags == 5 and at == 0 and address % 4096 == 0 and in_file == in_memory, headers)
        check(all(header[0] in (1, 0x6474e551) for header in headers), headers)


def test_work_commands(_):
    """isolab-work does what its help says and tells misuse by its status"""
    check(work("true").returncode == 0 and work("false").returncode == 1)
    check(work("exit", "7").returncode == 7)
    check(re.match(r"loop  1000000 turns  \d+ ns  \d+\.\d{3} ns/turn\n$",
                   work("burn", "1M").stdout))
    check(re.match(r"touch  256 pages  \d+ ns  \d+\.\d{3} ns/page\n$", work("touch", "1M").stdout))
    check(work("print", "3").stdout.count("\n") == 3)
    check(work("echo", "a", "b").stdout == "a b\n")
    check(work("env", env={"A": "1"}).stdout == "A=1\n")
    check([line.split()[0] for line in work("compare").stdout.splitlines()] ==
          ["loop", "touch", "syscall"])
    check(work("burn", "soon").returncode == 2 and work("nonsense").returncode == 127)
    check(work("cat", "/nowhere").returncode == 1)
    check(work("fault").returncode == -11)


def test_work_reads_lines(_):
    """without a terminal isolab-work reads commands in silence, to the end of its input"""
    result = work(input="echo one\n\n   echo two\r\nnonsense\necho " + "x" * 2000 + "\nfalse\n")
    lines = result.stdout.splitlines()
    check(lines[:2] == ["one", "two"] and "hint: type help" in lines, result.stdout)
    check(result.returncode == 1, result)
    check(work(input="exit 9\necho never\n").returncode == 9)


def test_work_prompts_on_a_terminal(_):
    """on a terminal isolab-work shows which kernel answers, and a prompt"""
    script = subprocess.run(["script", "-qec", os.path.join(INSIDE, "isolab-work"), "/dev/null"],
                            input="exit 4\n", capture_output=True, text=True, timeout=PATIENCE,
                            check=False)
    check("Linux" in script.stdout and "work> " in script.stdout, script)
    check(script.returncode == 4, script)


def test_probe(_):
    """the probe reads every fact once, in a few milliseconds, each with identity or reason"""
    probe = os.path.join(INSIDE, "isolab-probe")
    spent = []
    for _ in range(5):
        start = time.monotonic()
        text = subprocess.run([probe], capture_output=True, text=True, check=True).stdout
        spent.append(time.monotonic() - start)
    lines = [line.split(" ", 1) for line in text.splitlines()]
    check(sorted(name for name, _ in lines) == sorted(FACTS), text)
    for name, value in lines:
        check(value.startswith("!") or len(value.split("\t")) == 2, name, value)
    check(min(spent) < 0.02, spent)


def test_probe_changes_nothing(_):
    """the calls that the probe tries are refused, whoever asks"""
    trace = os.path.join("/tmp", f"isolab-probe-{os.getpid()}.trace")
    if not shutil.which("strace"):
        raise Skip("strace is not installed")
    if subprocess.run(["strace", "-o", trace, os.path.join(INSIDE, "isolab-probe")],
                      capture_output=True, check=False).returncode:
        raise Skip("nothing can be traced here")
    with open(trace, encoding="utf-8") as file:
        calls = file.read()
    os.unlink(trace)
    for name in ("mount", "umount2", "pivot_root", "swapon", "swapoff", "reboot", "sethostname",
                 "init_module", "finit_module", "delete_module", "kexec_load", "settimeofday",
                 "clock_settime", "bpf", "acct", "unshare", "setns", "ptrace", "iopl"):
        tried = re.findall(rf"(?m)^{name}\(.*= (-?\d+)", calls)
        check(tried and all(int(result) < 0 for result in tried), name, tried)


def test_image(_):
    """the image holds busybox under its names, our programs, and nothing that is not needed"""
    check(os.path.samefile(os.path.join(IMAGE, "bin/true"), os.path.join(IMAGE, "bin/isolab-work")))
    check(os.path.samefile(os.path.join(IMAGE, "bin/false"),
                           os.path.join(IMAGE, "bin/isolab-work")))
    check(os.readlink(os.path.join(IMAGE, "bin/sh")) == "busybox")
    for folder in ("proc", "sys", "dev", "dev/pts", "tmp", "run", "root", "home", "var"):
        check(stat.S_ISDIR(os.lstat(os.path.join(IMAGE, folder)).st_mode), folder)
    check(stat.S_IMODE(os.stat(os.path.join(IMAGE, "tmp")).st_mode) == 0o1777)
    with open(os.path.join(IMAGE, "etc/os-release"), encoding="utf-8") as file:
        check('NAME="isolab base"' in file.read())
    for base, _, names in os.walk(IMAGE):
        for name in names:
            mode = os.lstat(os.path.join(base, name)).st_mode
            check(not mode & (stat.S_ISUID | stat.S_ISGID) or stat.S_ISLNK(mode), base, name)


def read_archive(data):
    """Yields (name, offset of the data, data) of a newc archive."""
    at = 0
    while True:
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 110 + fields[11]].split(b"\0")[0].decode()
        begin = (at + 110 + fields[11] + 3) & ~3
        if name == "TRAILER!!!":
            return
        yield name, begin, data[begin:begin + fields[6]]
        at = (begin + fields[6] + 3) & ~3


def test_initrd(lab):
    """the initrd holds the same programs, each on a page boundary, and is made alike every time"""
    with open(os.path.join(BUILD, "tiny-initrd.cpio"), "rb") as file:
        data = file.read()
    files = {name: (begin, content) for name, begin, content in read_archive(data) if content}
    check(sorted(files) == ["bin/false", "bin/isolab-probe", "bin/isolab-work", "bin/true"])
    for name, (begin, content) in files.items():
        source = "isolab-probe" if name.endswith("probe") else "isolab-work"
        with open(os.path.join(INSIDE, source), "rb") as file:
            check(begin % 4096 == 0 and content == file.read(), name, begin)
    again = os.path.join(lab.scratch, "again.cpio")
    subprocess.run([os.path.join(ROOT, "engine/inside/make-initrd.py"), again] +
                   [f"{name}={os.path.join(INSIDE, 'isolab-work')}" if "probe" not in name else
                    f"{name}={os.path.join(INSIDE, 'isolab-probe')}" for name in
                    ("bin/isolab-work", "bin/isolab-probe", "bin/true", "bin/false")], check=True)
    with open(again, "rb") as file:
        check(file.read() == data, "another archive of the same programs")


CASES = [value for name, value in list(globals().items()) if name.startswith("test_")]

if __name__ == "__main__":
    run_suite(CASES, Lab)
