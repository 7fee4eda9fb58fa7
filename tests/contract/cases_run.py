# SPDX-License-Identifier: GPL-3.0-or-later
"""run: make, start, attach, wait, remove."""
import os
import signal

from harness import PATIENCE, check, expect, expect_refusal
from kind import IS_TINY, KIND, WORK, only


def test_run_status(lab):
    """run exits with the command's own status"""
    expect(lab.isolab("run", KIND, "--", "true"), 0, out="^$")
    expect(lab.isolab("run", KIND, "--", "false"), 1)
    expect(lab.isolab("run", KIND, "--", WORK, "exit", "7"), 7)


def test_run_output(lab):
    """run prints what the command prints, and nothing else"""
    result = expect(lab.isolab("run", KIND, "--", WORK, "echo", "hello", "there"))
    check(result.out == "hello there\n" and result.err == "", result)


def test_run_input(lab):
    """run -i passes stdin on, to its end"""
    result = expect(lab.isolab("run", KIND, "-i", "--", WORK, input="echo one\nexit 5\n"), 5)
    check("one\n" in result.out, result)


def test_run_options_first(lab):
    """run takes options before the kind as well as behind it"""
    result = expect(lab.isolab("run", "-i", KIND, "--", WORK, input="echo one\nexit 5\n"), 5)
    check("one\n" in result.out, result)
    expect_refusal(lab.isolab("run", "--bogus", KIND, "--", "true"), 2, "--bogus")


def test_run_no_input(lab):
    """run without -i gives the command an empty stdin"""
    expect(lab.isolab("run", KIND, "--", WORK, input="exit 5\n"), 0)


def test_run_long_output(lab):
    """run loses nothing of a long output, and keeps its order"""
    result = expect(lab.isolab("run", KIND, "--", WORK, "print", "20000"))
    lines = result.out.splitlines()
    check(len(lines) == 20000 and len(set(lines)) == 20000, len(lines), lines[-1:])


def test_run_reader_gone(lab):
    """run ends when nobody reads its output any more"""
    program = lab.start("run", KIND, "--", WORK, "flood")
    program.stdout.read(1000)
    program.stdout.close()
    check(program.wait(PATIENCE) != 0, "a flood without a reader should not end well")


def test_run_terminal(lab):
    """run -it gives the command a terminal, which echoes and passes lines on"""
    terminal = lab.terminal("run", KIND, "-it", "--", WORK)
    terminal.until("work> ")
    terminal.send("echo a$b\r")
    terminal.until(r"echo a\$b\r\n")
    terminal.until(r"a\$b\r\n")
    terminal.send("exit 3\r")
    check(terminal.end() == 3, terminal.seen)


@only("process", "container", "linux")
def test_run_terminal_size(lab):
    """run -it gives a terminal of the user's size from the first moment"""
    terminal = lab.terminal("run", KIND, "-it", "--", "stty", "size", rows=31, columns=97)
    check(terminal.end() == 0 and "31 97" in terminal.seen, terminal.seen)


@only("process", "container", "vm")
def test_run_interrupt_alike(lab):
    """Ctrl-C ends isolab-work alike on every wall, also while it floods"""
    terminal = lab.terminal("run", KIND, "-it", "--", WORK, "flood")
    terminal.until("flood: no reader")
    terminal.send("\x03")
    check(terminal.end() == 130, terminal.seen[-200:])


@only("process", "container", "fake", "linux")
def test_run_signal(lab):
    """a signal to run reaches the command, which may answer it"""
    script = "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done"
    program = lab.start("run", KIND, "--", "sh", "-c", script)
    program.stdout.readline()
    program.send_signal(signal.SIGTERM)
    check(program.wait(PATIENCE) == 9, program.returncode)


def test_run_interrupt(lab):
    """Ctrl-C twice ends every command, also one that is deaf to the first as a process 1 is"""
    terminal = lab.terminal("run", KIND, "--", WORK, "tick", "1000")
    terminal.until("1")
    check(terminal.interrupt(3) in (130, 137), terminal.status, terminal.seen)


def test_run_killed(lab):
    """run killed by -9 leaves no process behind"""
    program = lab.start("run", KIND, "--name", "x", "--", WORK, "tick", "1000")
    program.stdout.read(1)
    program.kill()
    program.wait(PATIENCE)


def test_run_leaves_nothing(lab):
    """run removes its sandbox"""
    expect(lab.isolab("run", KIND, "--name", "gone", "--", "true"))
    check(not os.path.exists(lab.directory("gone")), "the directory is still there")


def test_run_not_found(lab):
    """a command that does not exist inside: 127, one line, one hint"""
    expect_refusal(lab.isolab("run", KIND, "--", "/bin/nowhere"), 127, "nowhere")


def test_run_not_invoked(lab):
    """a command that is no program: 126, one line, one hint"""
    status = 127 if IS_TINY else 126  # the tiny guest's initrd holds programs only
    expect_refusal(lab.isolab("run", KIND, "--", "/etc/passwd"), status, "passwd")


def test_environment(lab):
    """--env reaches the command"""
    expect(lab.isolab("run", KIND, "--env", "COLOUR=green", "--", WORK, "env"), 0,
           out="COLOUR=green")
