#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many containers: a hundred starts in a row (`./dev soak`: a thousand), sixty-four at once, made
of all that a container can have: then nothing of any kind is left of them."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ISOLAB_PATIENCE", "150")
from harness import IS_SANITISED, PATIENCE, Lab, check, expect, run_suite  # noqa: E402
from world import check_nothing_new, sweep, the_world  # noqa: E402

COUNT = int(os.environ.get("ISOLAB_COUNT", 100))
AT_ONCE = 64
# What takes turns. Each is told by what it leaves behind, should it leave something behind.
FORMS = [
    [],
    ["--memory", "64M", "--pids", "50", "--cpus", "0.5"],
    ["--overlay", "--tmpfs", "/scratch:1M"],
    ["--volume", "/usr:/mnt:ro", "--user", "7:7", "--workdir", "/tmp"],
    ["--init", "--ulimit", "nofile=64"],
    ["--network", "lab"],
    ["--network", "lab", "--memory", "64M", "--cpus", "1", "--overlay", "--init", "--user", "7:7"],
    ["--no-ns", "pid", "--no-seccomp"],
]


def form(number):
    return FORMS[number % len(FORMS)]


def test_many_in_a_row(lab):
    """nothing is left of a hundred starts in a row, with limits, volumes, overlays, a network"""
    before = the_world(lab)
    for number in range(COUNT):
        told = lab.isolab("run", "container", *form(number), "--", "isolab-work", "exit", "7")
        check(told.status == 7, f"start {number} ended with 7", told)
    check_nothing_new(lab, before)


def test_many_at_once(lab):
    """sixty-four that start at the same time all run, and nothing is left of them"""
    before = the_world(lab)
    fronts = [lab.start("run", "container", *form(number), "--", "isolab-work", "echo",
                        f"this is {number}") for number in range(AT_ONCE)]
    for number, front in enumerate(fronts):
        out, err = front.communicate(timeout=PATIENCE)
        check(front.returncode == 0 and out == f"this is {number}\n",
              f"start {number} {form(number)} → {front.returncode}: {out!r} {err!r}")
    check_nothing_new(lab, before)


def test_many_standing(lab):
    """sixty-four stand at the same time, each with its own name, and go together"""
    before = the_world(lab)
    count = AT_ONCE // 4 if IS_SANITISED else AT_ONCE
    made = [lab.start("create", "container", f"many{number}", *form(number))
            for number in range(count)]
    for number, front in enumerate(made):
        err = front.communicate(timeout=PATIENCE)[1]
        check(front.returncode == 0, f"create many{number} {form(number)}: {err}")
    rows = expect(lab.isolab("ps", "--json")).json()
    check(len(rows) == count and all(row["state"] == "running" for row in rows), rows)
    for number in (0, count // 2, count - 1):
        expect(lab.isolab("exec", f"many{number}", "--", "hostname"), out=rf"^many{number}\b")
    expect(lab.isolab("rm", "-f", "--all"))
    check_nothing_new(lab, before)


def test_many_fronts_killed(lab):
    """nothing is left of sixteen fronts killed by -9 while they start, after the next isolab"""
    before = the_world(lab)
    fronts = [lab.start("run", "container", *form(number), "--", "isolab-work", "idle")
              for number in range(16)]
    for number, front in enumerate(fronts):
        if number % 2:
            try:
                front.wait(number / 400)
            except subprocess.TimeoutExpired:
                pass
        front.kill()
    for front in fronts:
        front.communicate(timeout=PATIENCE)
    sweep(lab)
    check_nothing_new(lab, before)


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
