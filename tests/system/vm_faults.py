#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kill -9` of a VM's worker at every step of its start, and when it runs: nothing is left of it
after the next isolab, and whoever waits for it is told.

The steps are read from the tables of the tiny machine (vm/start.c) and of the one for Linux
(vm/linux/machine.c), so that a new one cannot be forgotten. The worker is one that dies at the step
that ISOLAB_TEST_KILL_AT names (engine/base/hooks.h): the program of the build, linked with the
hooks. ISOLAB_LINUX names a kernel for the second machine.
"""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ISOLAB_PATIENCE", "60")
from harness import ROOT, Skip, check, expect, run_suite  # noqa: E402
from vm_lab import HOOKED, VmLab, need_kvm  # noqa: E402
from world import check_nothing_new, read, sweep, the_world  # noqa: E402

KILLED = 128 + signal.SIGKILL
LINUX = os.environ.get("ISOLAB_LINUX", "")
TABLES = {"tiny": ("start.c", []),
          "linux": ("linux/machine.c", ["--kernel", LINUX, "--memory", "128M"])}


def steps(machine):
    table = read(os.path.join(ROOT, "vm", TABLES[machine][0]))
    listed = re.search(r"struct start_step \w+_steps\[\] = \{(.*?)\n\};", table, re.DOTALL).group(1)
    return re.findall(r'^    \{"(\w+)"', listed, re.MULTILINE)


def die(lab, machine, name):
    if machine == "linux" and not LINUX:
        raise Skip("no kernel (ISOLAB_LINUX)")
    options = TABLES[machine][1]
    before = the_world(lab)
    lab.environment["ISOLAB_TEST_KILL_AT"] = f"worker:{name}"
    told = lab.isolab("run", "vm", *options, "--", "true")
    check(told.status == KILLED, "the worker is killed, so it cannot speak", told)
    made = lab.isolab("create", "vm", "fault", *options)
    del lab.environment["ISOLAB_TEST_KILL_AT"]
    check(made.status == 125 and "worker" in made.err and "hint:" in made.err,
          "the front tells what became of the worker", made)
    sweep(lab)
    check_nothing_new(lab, before)


def case_of(machine, name):
    def case(lab):
        die(lab, machine, name)
    case.__name__ = f"test_{machine}_{name}"
    case.__doc__ = f"nothing is left when the {machine} VM's worker is killed at '{name}'"
    return case


def test_killed_while_it_runs(lab):
    """nothing is left when the worker is killed while its guest runs; who waits is told"""
    before = the_world(lab)
    expect(lab.isolab("create", "vm", "fault", "--", "isolab-work", "spin"))
    waiting = lab.start("wait", "fault")
    os.kill(lab.row("fault")["pid"], signal.SIGKILL)
    waiting.communicate(timeout=20)
    check(waiting.returncode != 0, waiting.returncode)
    sweep(lab)
    check_nothing_new(lab, before)


def make_lab():
    lab = VmLab()
    lab.replace("isolab-vm", HOOKED)
    lab.add_others()
    return lab


if __name__ == "__main__":
    need_kvm()
    if not os.path.exists(HOOKED):
        print("1..0 # SKIP no worker with hooks in this build")
        sys.exit(77)
    run_suite([*(case_of(machine, name) for machine in TABLES for name in steps(machine)),
               test_killed_while_it_runs], make_lab)
