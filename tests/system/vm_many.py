#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tiny VMs: fifty in a row (`./dev soak`: five hundred), a hundred at once, fronts that are
killed while they start: then nothing of any kind is left of them, nor a descriptor of ours."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ISOLAB_PATIENCE", "150")
from harness import IS_SANITISED, PATIENCE, Lab, check, expect, run_suite  # noqa: E402
from vm_lab import need_kvm  # noqa: E402
from world import check_nothing_new, sweep, the_world  # noqa: E402

COUNT = int(os.environ.get("ISOLAB_COUNT", 50))
AT_ONCE = 25 if IS_SANITISED else 100
STANDING = 25
# What takes turns.
FORMS = [[], ["--memory", "2M"], ["--memory", "256M"], ["--env", "A=b"], ["--pids", "3"]]


def form(number):
    return FORMS[number % len(FORMS)]


def descriptors():
    return set(os.listdir("/proc/self/fd"))


def check_all_gone(lab, before, opened):
    for program in lab.started:
        if program.poll() is not None:
            program.communicate()
    check_nothing_new(lab, before)
    check(len(descriptors()) <= len(opened), "descriptors are left", descriptors() - opened)


def test_many_in_a_row(lab):
    """nothing is left of fifty VMs in a row"""
    before, opened = the_world(lab), descriptors()
    for number in range(COUNT):
        told = lab.isolab("run", "vm", *form(number), "--", "isolab-work", "exit", "7")
        check(told.status == 7, f"start {number} ended with 7", told)
    check_all_gone(lab, before, opened)


def test_many_at_once(lab):
    """a hundred that start at the same time all run, and nothing is left of them"""
    before, opened = the_world(lab), descriptors()
    fronts = [lab.start("run", "vm", *form(number), "--", "isolab-work", "echo",
                        f"this is {number}") for number in range(AT_ONCE)]
    for number, front in enumerate(fronts):
        out, err = front.communicate(timeout=PATIENCE)
        check(front.returncode == 0 and out == f"this is {number}\n",
              f"start {number} {form(number)} → {front.returncode}: {out!r} {err!r}")
    check_all_gone(lab, before, opened)


def test_many_standing(lab):
    """twenty-five stand at the same time, each answers, and they go together"""
    before, opened = the_world(lab), descriptors()
    made = [lab.start("create", "vm", f"many{number}", "--memory", "2M")
            for number in range(STANDING)]
    for number, front in enumerate(made):
        err = front.communicate(timeout=PATIENCE)[1]
        check(front.returncode == 0, f"create many{number}: {err}")
    rows = expect(lab.isolab("ps", "--json")).json()
    check(len(rows) == STANDING and all(row["state"] == "running" for row in rows), rows)
    for number in (0, STANDING // 2, STANDING - 1):
        expect(lab.isolab("exec", f"many{number}", "--", "isolab-work", "exit", "5"), status=5)
    expect(lab.isolab("rm", "-f", "--all"))
    check_all_gone(lab, before, opened)


def test_many_fronts_killed(lab):
    """nothing is left of sixteen killed by -9 while they start, after the next isolab"""
    before, opened = the_world(lab), descriptors()
    fronts = [lab.start("run", "vm", *form(number), "--", "isolab-work", "idle")
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
    check_all_gone(lab, before, opened)


if __name__ == "__main__":
    need_kvm()
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
