#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes in a container: init, users, limits, terminals, and how they end. By root, and
with --user by an ordinary user."""
import fcntl
import os
import re
import shutil
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import (BUILD, ORDINARY_USER, PATIENCE, Lab, Skip, check,  # noqa: E402
                     expect, expect_refusal, run_suite)

IS_USER = "--user" in sys.argv
LOOP = "while :; do sleep 1; done"
GO = "sh -c 'echo g\"\"o; exec sleep 100'\r"  # says go once it is the job in front


def make_lab():
    """A lab as root, or, with --user, as somebody else."""
    lab = Lab("container")
    if IS_USER:
        lab.become_user()
    return lab


def run(lab, *words, options=(), **more):
    return lab.isolab("run", "container", *options, "--", *words, **more)


def shell(lab, script, options=(), **more):
    return run(lab, "sh", "-c", script, options=options, **more)


def need_many_ids(lab):
    """Other users than root need a range of ids; the rig has an ordinary user with one."""
    if run(lab, "true", options=["--user", "1"]).status:
        raise Skip("this user has no range of ids (/etc/subuid)")


def expect_refused(result, status, what):
    """One line and a hint, but for honest notes that come before."""
    result.err = "".join(line for line in result.err.splitlines(True)
                         if not line.startswith("isolab: note: "))
    expect_refusal(result, status, what)


def image(lab):
    """An image of the test's own, all of it the user's; its path."""
    place = os.path.join(lab.scratch, "image")
    for folder in ("bin", "proc", "sys", "dev", "tmp", "run", "etc"):
        os.makedirs(os.path.join(place, folder))
    shutil.copy(os.path.join(BUILD, "images", "base", "bin", "busybox"), os.path.join(place, "bin"))
    os.symlink("busybox", os.path.join(place, "bin", "sh"))
    os.chmod(lab.scratch, 0o755)
    give(lab, place)
    return place


def give(lab, path):
    if lab.wrap:
        subprocess.run(["chown", "-hR", f"{ORDINARY_USER}:{ORDINARY_USER}", path], check=True)


def put(lab, place, path, content, mode=0o755):
    """A file in the image."""
    full = os.path.join(place, path)
    with open(full, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(full, mode)
    give(lab, full)


# ---- init ----

def test_init_is_process_1(lab):
    """with --init process 1 is isolab-init, small, without descriptors; the command is its child"""
    told = expect(shell(lab, "cat /proc/1/comm; echo $$ $PPID; grep RssAnon /proc/1/status; "
                        "ls /proc/1/fd | wc -l; cat /proc/1/cmdline | tr '\\0' ' '",
                        options=["--init"])).out
    check(told.startswith("isolab-init\n2 1\n") and told.endswith("isolab-init 2 "), told)
    check(int(re.search(r"RssAnon:\s*(\d+)", told).group(1)) <= 32, told)


def test_init_cannot_be_read(lab):
    """nobody inside reads, traces or replaces the program of init"""
    told = shell(lab, "cat /proc/1/exe >/dev/null; cat /proc/1/environ; cat /proc/1/maps; "
                 "ls -l /proc/1/cwd; : >>/proc/1/exe", options=["--init"])
    check(told.status != 0 and told.err.lower().count("ermission denied") >= 4, told)


def test_init_status(lab):
    """with --init the status is the command's, or 128 and its signal"""
    for script, status in (("exit 7", 7), ("exit 0", 0), ("exit 255", 255), ("kill -9 $$", 137),
                           ("kill -SEGV $$", 139), ("kill -TERM $$", 143)):
        expect(shell(lab, script, options=["--init"]), status)
    expect_refused(run(lab, "nowhere", options=["--init"]), 127, "nowhere")
    expect_refused(run(lab, "/etc", options=["--init"]), 126, "directory")


def test_init_buries(lab):
    """with --init orphans leave no zombies"""
    script = ("for i in 1 2 3 4 5; do (sleep 0.0$i &) ; done; sleep 0.3; "
              "grep -l 'State:.Z' /proc/[0-9]*/status; echo counted")
    check(expect(shell(lab, script, options=["--init"])).out == "counted\n")


def test_init_stops_at_once(lab):
    """with --init SIGTERM ends a command without a handler, without it stands on the timeline"""
    lab.create("hears", "--init", "--", "sh", "-c", LOOP)
    began = time.monotonic()
    expect(lab.isolab("stop", "hears"))
    check(time.monotonic() - began < 9, "it took long")  # the patience is 10
    end = expect(lab.isolab("timeline", "hears", "--json")).json()["sandboxes"][0]["end"]["steps"]
    check([step["name"] for step in end] == ["stop_signal", "stop_wait"], end)
    check(lab.events("hears")[-2]["value"] == "143", lab.events("hears")[-2])


def test_stop_of_the_deaf(lab):
    """the trap of process 1 is told: signal sent, dropped, patience, killed, with durations"""
    lab.create("deaf", "--", "sh", "-c", LOOP)
    expect(lab.isolab("stop", "--time", "2", "deaf"), out="process 1 .* SIGTERM: the kernel drops")
    end = expect(lab.isolab("timeline", "deaf", "--json")).json()["sandboxes"][0]["end"]["steps"]
    check([step["name"] for step in end] == ["stop_signal", "stop_wait", "stop_kill"], end)
    check(19e8 < end[1]["duration_ns"] < 5e9 and end[2]["duration_ns"] > 0, end)
    shown = expect(lab.isolab("timeline", "deaf")).out
    check("deaf, the end" in shown and "nobody inside hears it" in shown, shown)


def test_stop_of_one_who_waits(lab):
    """who takes signals by sigwait(3) is not called deaf"""
    lab.create("waits", "--init", "--", "sh", "-c", LOOP)
    expect(lab.isolab("kill", "--signal", "USR1", "waits"))
    lab.wait_dead("waits")
    notes = [event for event in lab.events("waits") if event["kind"] == "note"]
    check(not notes, notes)


def test_timeout_ends_a_run(lab):
    """`timeout 1 isolab run` ends at once, though process 1 is deaf to SIGTERM"""
    for options in ((), ("--init",)):
        program = lab.start("run", "container", *options, "--", "sh", "-c", "echo up; " + LOOP)
        check(program.stdout.read(3) == "up\n", "it did not start")
        began = time.monotonic()
        program.terminate()
        out, err = program.communicate(timeout=PATIENCE)
        check(time.monotonic() - began < 8, out, err)
        check(program.returncode == (143 if options else 137), program.returncode, err)


def test_slow_reader_is_no_hindrance(lab):
    """a run whose program has ended, but whose reader is slow, is killed at once"""
    program = lab.start("run", "container", "--name", "slow", "--", "sh", "-c",
                        "yes | head -c 300000")
    check(program.stdout.read(1) == "y", "it did not start")
    deadline = time.monotonic() + 10
    while len(lab.row("slow") or "") and time.monotonic() < deadline:  # until all inside has ended
        worker = lab.row("slow")["pid"]
        with open(f"/proc/{worker}/task/{worker}/children", encoding="ascii") as inside:
            if not inside.read().split():
                break
    began = time.monotonic()
    expect(lab.isolab("rm", "-f", "slow"))
    check(time.monotonic() - began < 9, "it took long")  # the patience is 10
    program.communicate(timeout=PATIENCE)


# ---- users ----

def test_user_by_name_and_number(lab):
    """--user takes names of the image and numbers; HOME, group and capabilities follow"""
    need_many_ids(lab)
    told = expect(shell(lab, "id; echo $HOME; grep -E '^(Cap|Groups)' /proc/self/status",
                        options=["--user", "nobody"])).out
    check("uid=65534(nobody) gid=65534" in told and "\n/\n" in told, told)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        check(f"{name}:\t0000000000000000" in told, name, told)
    told = expect(run(lab, "id", options=["--user", "1000:5"])).out
    check("uid=1000 gid=5(tty)" in told, told)
    told = expect(run(lab, "id", options=["--user", "4242"])).out
    check("uid=4242 gid=4242" in told, told)
    expect(shell(lab, "echo $HOME", options=["--user", "nobody", "--env", "HOME=/x"]), out="^/x$")


def test_user_groups(lab):
    """a user has the groups that the image's /etc/group lists it in, unless one is named"""
    need_many_ids(lab)
    place = image(lab)
    put(lab, place, "etc/passwd", "root:x:0:0::/:/bin/sh\nann:x:7:8:Ann:/home/ann:/bin/sh\n", 0o644)
    put(lab, place, "etc/group", "eight:x:8:\nnine:x:9:bob,ann\nten:x:10:ann\n", 0o644)
    told = expect(shell(lab, "busybox id; echo $HOME", ["--image", place, "--user", "ann"])).out
    check("uid=7(ann) gid=8(eight) groups=8(eight),9(nine),10(ten)" in told, told)
    check("/home/ann" in told, told)
    told = expect(shell(lab, "busybox id", ["--image", place, "--user", "ann:ten"])).out
    check("gid=10(ten)" in told and "nine" not in told, told)


def test_user_that_is_not_there(lab):
    """an unknown, unmapped or damaged user is refused with a hint, and nobody becomes root"""
    place = image(lab)
    put(lab, place, "etc/passwd", "bob:x:zero:0::/:/bin/sh\nann:x:7:8::/:/bin/sh\n", 0o644)
    for user, what in (("eve", "no user 'eve'"), ("bob", "damaged"), ("4000000000", "4000000000"),
                       ("ann:nogroup", "no group 'nogroup'|no /etc/group")):
        done = run(lab, "sh", "-c", "echo alive", options=["--image", place, "--user", user])
        expect_refused(done, 125, what)
        check("alive" not in done.out, done)
    for user in ("-1", "4294967295", "a b", ":", "5:", "../x"):
        expect_refused(run(lab, "id", options=["--user", user]), 2, "not a user")


def test_user_files_of_an_enemy(lab):
    """an image whose passwd is a fifo, a link to the host, or huge is refused, not waited for"""
    place = image(lab)
    path = os.path.join(place, "etc", "passwd")
    for make in (lambda: os.mkfifo(path), lambda: os.mkdir(path),
                 lambda: os.symlink("/proc/self/fd/0", path),
                 lambda: put(lab, place, "etc/passwd", "x" * (2 << 20))):
        make()
        done = run(lab, "sh", "-c", "echo alive", options=["--image", place, "--user", "ann"])
        check(done.status == 125 and "alive" not in done.out and "hint: " in done.err, done)
        os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
    os.symlink("/etc/passwd-of-the-host", path)
    expect_refused(run(lab, "sh", options=["--image", place, "--user", "daemon"]), 125, "passwd")


def test_user_of_a_process(lab):
    """only root may run a plain process as another user"""
    done = lab.isolab("run", "process", "--user", "65534", "--", "id", "-u")
    if IS_USER or os.geteuid() != 0:
        expect_refused(done, 125, "only root")
        own = str(ORDINARY_USER if IS_USER else os.geteuid())
        told = lab.isolab("run", "process", "--user", own, "--", "id", "-u")
        check(expect(told).out == own + "\n", told)
    else:
        check(expect(done).out.strip() == "65534", done)


def test_user_owns_the_console(lab):
    """a user may open its own terminal and /dev/stdout again"""
    need_many_ids(lab)
    for options in (["-t"], []):
        told = expect(shell(lab, "echo again >/dev/stdout", ["--user", "nobody", *options]))
        check("again" in told.out, told)


# ---- limits, directories, environment ----

def test_ulimits(lab):
    """--ulimit holds for the command and for exec; what cannot be raised is lowered, and told"""
    told = expect(shell(lab, "ulimit -Sn; ulimit -Hn; ulimit -c",
                        ["--ulimit", "nofile=64:128", "--ulimit", "core=0"]))
    check(told.out == "64\n128\n0\n", told)
    lab.create("demo", "--ulimit", "nofile=77", "--init")
    check(lab.isolab("exec", "demo", "--", "sh", "-c", "ulimit -n").out == "77\n")
    done = expect(run(lab, "true", options=["--ulimit", "nofile=1000000000"]))
    check("note: --ulimit nofile=1000000000: nobody inside may raise" in done.err, done)
    done = expect(run(lab, "true", options=["--ulimit", "nofile=-1"]))
    check("note: --ulimit nofile=-1: nobody inside may raise the hard limit" in done.err, done)
    done = run(lab, "true", options=["--ulimit", "as=1000"])
    check(done.status == 139 and "is --ulimit as, data or stack too small" in done.err, done)


def test_workdir(lab):
    """--workdir is entered; made where the root can be written; else refused with the reason"""
    check(expect(run(lab, "pwd", options=["--workdir", "/etc"])).out == "/etc\n")
    check(expect(run(lab, "pwd", options=["--workdir", "/tmp/a/b"])).out == "/tmp/a/b\n")
    expect_refused(run(lab, "pwd", options=["--workdir", "/new"]), 127, "'/new'")
    expect_refused(run(lab, "pwd", options=["--workdir", "/etc/passwd"]), 126, "not a directory")
    expect_refused(run(lab, "pwd", options=["--workdir", "/" + "x" * 4000]), 126, "too long")
    lab.create("demo")
    check(lab.isolab("exec", "--workdir", "/bin", "demo", "--", "pwd").out == "/bin\n")
    expect_refused(lab.isolab("exec", "-w", "/no", "demo", "--", "pwd"), 127, "'/no'")


def test_environment(lab):
    """--env of exec: K=V, K alone as it is here, nothing else of ours"""
    lab.create("demo", "--env", "A=sandbox")
    lab.environment["SECRET"] = "1"
    lab.environment["B"] = "ours"
    told = lab.isolab("exec", "-e", "C=1", "-e", "B", "demo", "--", "env").out
    check("A=sandbox" in told and "B=ours" in told and "C=1" in told, told)
    check("SECRET" not in told and "XDG_RUNTIME_DIR" not in told, told)
    expect_refused(lab.isolab("exec", "-e", "=x", "demo", "--", "env"), 2, "without a name")


def test_large_environment(lab):
    """an environment of a megabyte and thousands of words work, or are refused in words"""
    words = [f"word{number}" for number in range(3900)]
    told = run(lab, "sh", "-c", "echo $#", "sh", *words)
    check(told.out == "3900\n", told)
    many = [word for number in range(9) for word in ("--env", f"V{number}=" + "x" * 100000)]
    told = run(lab, "sh", "-c", "echo $V8 | wc -c", options=many)
    check(told.out == "100001\n" or (told.status in (2, 125, 126) and "hint: " in told.err), told)
    expect_refused(run(lab, "true", options=[*many, "--ulimit", "stack=65536"]), 126, "too long")
    lab.create("demo")
    told = lab.isolab("exec", "demo", "--", "sh", "-c", "echo $#", "sh", *words)
    check(told.out == "3900\n", told)
    done = lab.isolab("exec", "demo", "--", "echo", *["x" * 30000] * 4)
    check(done.status in (2, 125) and "hint: " in done.err, done)


# ---- terminals ----


def test_run_terminal(lab):
    """run -t has a terminal of its own, with and without init: size, resize, Ctrl-C, Ctrl-Z"""
    for options in ((), ("--init",)):
        terminal = lab.terminal("run", "container", *options, "-it", "--", "sh", rows=33,
                                columns=91)
        terminal.until("[#$] ")
        terminal.send("tty; stty size\r")
        terminal.until(r"/dev/pts/0\r\n33 91")
        fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 111, 0, 0))
        terminal.send("sleep 0.2; stty size\r")
        terminal.until("44 111")
        terminal.send(GO)
        terminal.until("\ngo\r\n")
        terminal.send("\x1a")
        terminal.until("Stopped")
        terminal.send("kill -KILL %1; wait; echo g\"\"one\r")
        terminal.until("\r\ngone\r\n")
        terminal.send(GO)
        terminal.until("\ngo\r\n")
        terminal.send("\x03")
        terminal.until("[#$] ")
        terminal.send("exit 6\r")
        check(terminal.end() == 6, terminal.seen)


def test_interrupt_overtakes(lab):
    """Ctrl-C is heard behind much pasted input that nobody reads"""
    terminal = lab.terminal("run", "container", "-it", "--", "sh", "-c",
                            "trap 'exit 7' INT; stty -echo; echo up; " + LOOP)
    terminal.until("up\r\n")
    for _ in range(40):
        terminal.send("pasted line\r" * 80)
    terminal.send("\x03")
    check(terminal.end() == 7, terminal.seen)


# ---- how it ends ----

def test_signals_are_told_faithfully(lab):
    """the status is the command's; a signal is 128 and its number, and stands in the journal"""
    for status in (0, 1, 125, 126, 127, 128, 255):
        expect(shell(lab, f"exit {status}"), status)
    # a process 1 cannot kill itself; what it started can be killed, and tells by its shell
    expect(shell(lab, "sh -c 'kill -SEGV $$'; exit $?"), 139)
    lab.create("demo")
    expect(lab.isolab("kill", "demo"))
    lab.wait_dead("demo")
    last = [event for event in lab.events("demo") if event["kind"] == "exit"][-1]
    check(last["name"] == "signal" and last["value"] == "9", last)
    lab.create("fault", "--", "isolab-work", "fault")
    lab.wait_dead("fault")
    last = [event for event in lab.events("fault") if event["kind"] == "exit"][-1]
    check(last["name"] == "signal" and last["value"] == "11", last)


def main():
    if IS_USER and os.geteuid() != 0:
        raise SystemExit(77)
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    run_suite(cases, make_lab, prefix="as an ordinary user: " if IS_USER else "")


if __name__ == "__main__":
    main()
