#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A learner's mistakes: each gets one line that says what, one line of hint, and leaves nothing."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Lab, Skip, check, expect, expect_refusal, run_suite  # noqa: E402

KINDS = ["process", "container"] + (["vm"] if os.access("/dev/kvm", os.R_OK | os.W_OK) else [])


def test_unknown_command(lab):
    """an unknown command is refused, and the nearest one is named"""
    result = lab.isolab("crate", "container", "demo")
    expect_refusal(result, 2, "crate")
    check("create" in result.err, result)
    expect_refusal(lab.isolab("frobnicate"), 2, "frobnicate")


def test_unknown_kind(lab):
    """an unknown kind is refused, and the kinds or the nearest one are named"""
    for verb in (["run", "contaner"], ["create", "contaner", "demo"]):
        result = lab.isolab(*verb)
        expect_refusal(result, 2, "contaner")
        check("container" in result.err, result)


def test_forgotten_words(lab):
    """a verb without its words says what belongs there"""
    for words in (["create"], ["exec"], ["run"], ["stop"], ["logs"], ["rm"]):
        expect_refusal(lab.isolab(*words), 2, ".")


def test_no_such_sandbox(lab):
    """a name that is not there is refused with a hint, also when there is none at all"""
    expect_refusal(lab.isolab("stop", "nobody"), 125, "nobody")


def test_name_twice(lab):
    """a name used twice is refused with a hint, on every kind"""
    for kind in KINDS:
        expect(lab.isolab("create", kind, f"my{kind}", "--no-start"))
        expect_refusal(lab.isolab("create", kind, f"my{kind}"), 125, f"my{kind}")


def test_memory_zero(lab):
    """--memory 0 is refused on every kind"""
    for kind in KINDS:
        expect_refusal(lab.isolab("run", kind, "--memory", "0", "--", "true"), 2, "memory")


def test_memory_too_much(lab):
    """--memory 1T is refused on every kind when the host has less"""
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >= 1 << 40:
        raise Skip("this host has a terabyte")
    for kind in KINDS:
        for words in (["run", kind], ["create", kind, "demo"]):
            expect_refusal(lab.isolab(*words, "--memory", "1T", "--", "true"), 2, "memory")


def test_command_missing(lab):
    """a command that does not exist inside is named, and the exit status is 127"""
    for kind in KINDS:
        expect_refusal(lab.isolab("run", kind, "--", "htop"), 127, "htop")
        expect_refusal(lab.isolab("create", kind, "demo", "--", "htop"), 127, "htop")
        expect(lab.isolab("rm", "-f", "demo") if lab.row("demo") else lab.isolab("ps"))


def test_not_in_this_version(lab):
    """an option of a later version is refused by its name"""
    for words in (["--cpus", "2"], ["--volume", "/a:/b"], ["--user", "me"], ["--init"]):
        expect_refusal(lab.isolab("run", "vm", *words, "--", "true"), 2,
                       f"{words[0]}.*not in this version")
    for kind in ("process", "container"):
        expect_refusal(lab.isolab("run", kind, "--accel", "kvm", "--", "true"), 2, "accel")
    expect_refusal(lab.isolab("run", "vm", "--accel", "fast", "--", "true"), 2, "no such way")
    expect_refusal(lab.isolab("run", "vm", "--accel", "tcg", "--", "true"), 125,
                   "(?s)cannot run the tiny kernel.*hint: --kernel linux")


def test_wrong_wall(lab):
    """an option that only another wall has is refused with a hint"""
    expect_refusal(lab.isolab("run", "process", "--no-seccomp", "--", "true"), 2, "no-seccomp")
    expect_refusal(lab.isolab("run", "vm", "--no-ns", "pid", "--", "true"), 2, "no-ns")


def test_interrupt_during_boot(lab):
    """Ctrl-C at any moment of a boot ends it and leaves nothing"""
    for kind in KINDS:
        for patience_ms in (1, 2, 4, 8, 16):
            terminal = lab.terminal("run", kind, "--", "isolab-work", "spin")
            terminal.read(patience_ms / 1000)
            status = terminal.interrupt()
            check(status in (130, 137), kind, patience_ms, status, terminal.seen)


def test_interrupt_create(lab):
    """Ctrl-C during create leaves a whole sandbox or none"""
    for kind in KINDS:
        for patience_ms in (1, 2, 4, 8, 16):
            terminal = lab.terminal("create", kind, "demo")
            terminal.read(patience_ms / 1000)
            terminal.send("\x03")
            terminal.end()
            row = lab.row("demo")
            check(row is None or row["kind"] == kind, row)
            if row:
                expect(lab.isolab("rm", "-f", "demo"))


def test_end_of_file_at_prompt(lab):
    """end-of-file at the prompt leaves it with status 0, and takes its sandboxes along"""
    result = lab.isolab("shell", "--plain", input="create process demo\nps\n")
    expect(result, 0, out="demo")
    check(lab.row("demo") is None, lab.row("demo"))


def test_mistakes_at_prompt(lab):
    """a mistake at the prompt is told, and the prompt goes on"""
    result = lab.isolab("shell", "--plain", input="crate x\nstop nobody\necho \"open\nps\nexit\n")
    check("create" in result.out + result.err and "nobody" in result.out + result.err, result)


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
