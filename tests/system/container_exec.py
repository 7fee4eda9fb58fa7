#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""exec into a container: what it shares with the first program, what it inherits, its streams and
terminal, what is refused. By root, and with --user by an ordinary user."""
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from container_defences import has_hooks  # noqa: E402
from container_processes import (GO, IS_USER, LOOP, expect_refused, make_lab,  # noqa: E402
                                 need_many_ids)
from harness import PATIENCE, Skip, check, expect, run_suite  # noqa: E402


# ---- exec ----

def test_exec_like_the_first(lab):
    """exec has the same namespaces, capabilities, filter, no_new_privs as the command"""
    lab.create("demo", "--", "sh", "-c", "cat; " + LOOP)
    script = ("for ns in mnt pid net uts ipc user cgroup time; do readlink /proc/%s/ns/$ns; done; "
              "grep -E '^(Cap|Seccomp|NoNewPrivs|Uid|Gid|Groups)' /proc/%s/status")
    told = {who: expect(lab.isolab("exec", "demo", "--", "sh", "-c", script % (who, who))).out
            for who in ("1", "self")}
    check(told["1"] == told["self"], told["1"], told["self"])


def test_exec_inherits_nothing(lab):
    """exec passes three descriptors, no environment, no directory of ours"""
    lab.create("demo")
    with open("/etc/passwd", encoding="utf-8") as secret:
        os.set_inheritable(secret.fileno(), True)
        words = ["exec", "demo", "--", "sh", "-c", "ls /proc/self/fd; pwd"]
        done = subprocess.run(lab.command(words),
                              env=lab.environment, pass_fds=[secret.fileno()],
                              capture_output=True, text=True, check=False)
    check(done.stdout == "0\n1\n2\n3\n/\n", done)  # 3 is the directory that ls reads


def test_exec_as_a_user(lab):
    """exec --user is another user, with no capability; a wrong one is refused"""
    need_many_ids(lab)
    lab.create("demo", "--user", "1000:5")
    check("uid=1000 gid=5(tty)" in lab.isolab("exec", "demo", "--", "id").out)
    told = lab.isolab("exec", "--user", "nobody", "demo", "--", "sh", "-c",
                      "id; echo $HOME; grep CapEff /proc/self/status").out
    check("uid=65534(nobody)" in told and "CapEff:\t0000000000000000" in told, told)
    check("uid=0(root)" in lab.isolab("exec", "-u", "root", "demo", "--", "id").out)
    expect_refused(lab.isolab("exec", "-u", "eve", "demo", "--", "id"), 125, "no user 'eve'")
    expect_refused(lab.isolab("exec", "-u", "0:", "demo", "--", "id"), 2, "not a user")


def test_exec_keeps_streams_apart(lab):
    """exec -i without -t keeps stdout and stderr apart, and passes stdin"""
    lab.create("demo")
    done = lab.isolab("exec", "-i", "demo", "--", "sh", "-c", "cat; echo bad >&2", input="good\n")
    check(done.out == "good\n" and done.err == "bad\n", done)
    done = lab.isolab("exec", "demo", "--", "cat", input="never\n")
    check(done.out == "", done)


def test_exec_passes_files_as_pipes(lab):
    """a file as stdin or stdout is never inside: its contents are, all of them"""
    lab.create("demo")
    path = os.path.join(lab.scratch, "file")
    with open(path, "wb") as file:
        file.write(b"0123456789" * 50000)
    with open(path, "rb") as read, open(path + ".out", "wb") as write:
        lab.isolab("exec", "-i", "demo", "--", "sh", "-c",
                   "cat; for fd in 0 1; do readlink /proc/self/fd/$fd >&2; done",
                   stdin=read, stdout=write, stderr=subprocess.PIPE)
    check(os.path.getsize(path + ".out") == 500000, os.path.getsize(path + ".out"))
    with open(path, "rb") as read:
        told = lab.isolab("exec", "-i", "demo", "--", "sh", "-c", "readlink /proc/self/fd/0",
                          stdin=read)
    check(told.out.startswith("pipe:"), told)
    with open(path, "rb") as read:
        expect(lab.isolab("exec", "-i", "demo", "--", "true", stdin=read))


def test_exec_refuses_a_directory(lab):
    """a directory or an O_PATH descriptor as stdin is refused"""
    lab.create("demo")
    for flags in (os.O_RDONLY | os.O_DIRECTORY, os.O_PATH):
        directory = os.open("/", flags)
        done = lab.isolab("exec", "-i", "demo", "--", "ls", "/proc/self/fd/0/", stdin=directory)
        os.close(directory)
        expect_refused(done, 125, "directory")


def exec_over_the_wire(lab, name, fds, words):
    """WIRE_EXEC by hand: what another front could send."""
    body = b"\0\0" + b"".join(word.encode() + b"\0" for word in words)
    packet = struct.pack("<IIIIII", 0x31626f69, 11, len(words), 0, len(body), 0) + body
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        here = os.open(".", os.O_RDONLY)
        os.chdir(lab.directory(name))
        line.connect("sock")
        os.chdir(here)
        os.close(here)
        socket.send_fds(line, [packet], fds)
        answer = line.recv(65536)
        if struct.unpack("<I", answer[4:8])[0] == 64:
            line.recv(65536)  # closing before its end would end it
    return struct.unpack("<IIIIII", answer[:24])[1:3], answer[24:]


def test_worker_refuses_what_leads_out(lab):
    """the worker itself takes no directory, file or device from a front"""
    if IS_USER:
        raise Skip("its socket listens to its owner; the same code as root's")
    lab.create("demo")
    read, write = os.pipe()
    for path, flags in (("/", os.O_RDONLY), ("/", os.O_PATH), ("/etc/passwd", os.O_RDONLY),
                        ("/etc/passwd", os.O_PATH), ("/dev/tty0", os.O_PATH)):
        if not os.path.exists(path):
            continue
        fd = os.open(path, flags)
        kind, told = exec_over_the_wire(lab, "demo", [fd, write, write], ["true"])
        check(kind[0] == 65 and b"way out" in told, path, kind, told)
        os.close(fd)
    kind, told = exec_over_the_wire(lab, "demo", [read, write, write], ["true"])
    check(kind[0] == 64, kind, told)
    os.close(read)
    os.close(write)


def reads_the_host(lab, name):
    """True if a directory of the host, given as stdin, is a way to its files."""
    place = os.path.join(lab.scratch, "host")
    os.makedirs(place, exist_ok=True)
    os.chmod(lab.scratch, 0o755)
    with open(os.path.join(place, "secret"), "w", encoding="ascii") as file:
        file.write("of the host")
    directory, (read, write) = os.open(place, os.O_RDONLY), os.pipe()
    exec_over_the_wire(lab, name, [directory, write, write], ["cat", "/proc/self/fd/0/secret"])
    os.close(directory)
    os.close(write)
    with os.fdopen(read) as told:
        return told.read() == "of the host"


def test_without_the_refusal(lab):
    """a directory of a front's is a way to the host's files, once the worker takes it"""
    if IS_USER:
        raise Skip("its socket listens to its owner; the same code as root's")
    lab.create("demo")
    check(not reads_the_host(lab, "demo"))
    if not has_hooks():
        raise Skip("needs a build with meson -Dhooks=true")
    lab.environment["ISOLAB_TEST_WITHOUT"] = "exec-descriptors"
    lab.create("open")
    check(reads_the_host(lab, "open"))


def test_exec_terminal(lab):
    """exec -t has a terminal of the container's: tty, its size, a resize, job control"""
    lab.create("demo")
    terminal = lab.terminal("exec", "-it", "demo", "--", "sh", rows=31, columns=97)
    terminal.until("[#$] ")
    terminal.send("tty; stty size\r")
    terminal.until(r"/dev/pts/\d+\r\n31 97")
    fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    terminal.send("sleep 0.2; stty size\r")
    terminal.until("40 120")
    terminal.send(GO)
    terminal.until("\ngo\r\n")
    terminal.send("\x1a")
    terminal.until("Stopped")
    terminal.send("bg; jobs; kill %1; wait\r")
    terminal.until("Running")
    terminal.send(GO)
    terminal.until("\ngo\r\n")
    terminal.send("\x03")
    terminal.until("[#$] ")
    terminal.send("exit 5\r")
    check(terminal.end() == 5, terminal.seen)


def is_connected(pid):
    """True once a process has a socket."""
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
                   for fd in os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:  # one was just closed
        return False


def test_exec_of_a_stopped_worker(lab):
    """a worker that does not answer does not hold exec: SIGTERM ends it"""
    lab.create("demo")
    worker = lab.row("demo")["pid"]
    os.kill(worker, signal.SIGSTOP)
    try:
        program = lab.start("exec", "demo", "--", "sleep", "100")
        while not is_connected(program.pid):  # the kernel answers for who has stopped
            select.select([], [], [], 0.01)
        program.terminate()
        check(program.wait(timeout=PATIENCE) in (143, -15), program.returncode)
    finally:
        os.kill(worker, signal.SIGCONT)


def test_exec_signals(lab):
    """a signal to exec is passed to its program, whose status is told"""
    lab.create("demo")
    program = lab.start("exec", "demo", "--", "sh", "-c",
                        "trap 'echo heard; exit 9' TERM; echo up; " + LOOP)
    check(program.stdout.readline() == "up\n", "it did not start")
    program.terminate()
    out, _ = program.communicate(timeout=PATIENCE)
    check(out == "heard\n" and program.returncode == 9, out, program.returncode)


def main():
    if IS_USER and os.geteuid() != 0:
        raise SystemExit(77)
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    run_suite(cases, make_lab, prefix="as an ordinary user: " if IS_USER else "")


if __name__ == "__main__":
    main()
