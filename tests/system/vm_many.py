#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tiny VMs: fifty in a row (`./dev soak`: five hundred), a hundred at once, fronts that are
killed while they start: then nothing of any kind is left of them, nor a descriptor of ours."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ISOLAB_PATIENCE", "150")
from harness import IS_SANITISED, Lab, expect, run_suite  # noqa: E402
from many import Many, NothingLeft  # noqa: E402
from vm_lab import need_kvm  # noqa: E402

COUNT = int(os.environ.get("ISOLAB_COUNT", 50))
AT_ONCE = 25 if IS_SANITISED else 100
STANDING = 25
VMS = Many("vm", [[], ["--memory", "2M"], ["--memory", "256M"], ["--env", "A=b"], ["--pids", "3"]])


def test_many_in_a_row(lab):
    """nothing is left of fifty VMs in a row"""
    with NothingLeft(lab):
        VMS.in_a_row(lab, COUNT)


def test_many_at_once(lab):
    """a hundred that start at the same time all run, and nothing is left of them"""
    with NothingLeft(lab):
        VMS.at_once(lab, AT_ONCE)


def test_many_standing(lab):
    """twenty-five stand at the same time, each answers, and they go together"""
    with NothingLeft(lab):
        Many("vm", [["--memory", "2M"]]).standing(lab, STANDING, lambda name: expect(
            lab.isolab("exec", name, "--", "isolab-work", "exit", "5"), status=5))


def test_many_fronts_killed(lab):
    """nothing is left of sixteen killed by -9 while they start, after the next isolab"""
    with NothingLeft(lab):
        VMS.fronts_killed(lab)


if __name__ == "__main__":
    need_kvm()
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
