# SPDX-License-Identifier: GPL-3.0-or-later
"""Many sandboxes of one kind, in a row and at once, for the suites that look whether anything is
left of them: what world.py sees, or a descriptor of our own."""
import os
import subprocess

from harness import PATIENCE, check, expect
from world import check_nothing_new, sweep, the_world

KILLED_FRONTS = 16


class Many:
    """`forms`: lists of options, which take turns. Each is told by what it leaves behind, should it
    leave something behind."""

    def __init__(self, kind, forms):
        self.kind, self.forms = kind, forms

    def form(self, number):
        return self.forms[number % len(self.forms)]

    def start(self, lab, number, *command):
        return lab.start("run", self.kind, *self.form(number), "--", "isolab-work", *command)

    def in_a_row(self, lab, count):
        for number in range(count):
            told = lab.isolab("run", self.kind, *self.form(number), "--", "isolab-work", "exit",
                              "7")
            check(told.status == 7, f"start {number} ended with 7", told)

    def at_once(self, lab, count):
        fronts = [self.start(lab, number, "echo", f"this is {number}") for number in range(count)]
        for number, front in enumerate(fronts):
            out, err = front.communicate(timeout=PATIENCE)
            check(front.returncode == 0 and out == f"this is {number}\n",
                  f"start {number} {self.form(number)} → {front.returncode}: {out!r} {err!r}")

    def standing(self, lab, count, check_one):
        """All stand; `check_one(name)` is called for the first, the middle and the last."""
        made = [lab.start("create", self.kind, f"many{number}", *self.form(number))
                for number in range(count)]
        for number, front in enumerate(made):
            err = front.communicate(timeout=PATIENCE)[1]
            check(front.returncode == 0, f"create many{number} {self.form(number)}: {err}")
        rows = expect(lab.isolab("ps", "--json")).json()
        check(len(rows) == count and all(row["state"] == "running" for row in rows), rows)
        for number in (0, count // 2, count - 1):
            check_one(f"many{number}")
        expect(lab.isolab("rm", "-f", "--all"))

    def fronts_killed(self, lab):
        """By -9 while they start, each a little later; what they leave the next isolab sweeps."""
        fronts = [self.start(lab, number, "idle") for number in range(KILLED_FRONTS)]
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


def descriptors():
    return set(os.listdir("/proc/self/fd"))


class NothingLeft:
    """with NothingLeft(lab): … — then the world is as it was."""

    def __init__(self, lab):
        self.lab = lab

    def __enter__(self):
        self.before, self.opened = the_world(self.lab), descriptors()

    def __exit__(self, kind, value, trace):
        if kind:
            return
        for program in self.lab.started:
            if program.poll() is not None:
                program.communicate()
        check_nothing_new(self.lab, self.before)
        check(len(descriptors()) <= len(self.opened), "descriptors are left",
              descriptors() - self.opened)
