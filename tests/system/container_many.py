#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many containers: a hundred starts in a row (`./dev soak`: a thousand), sixty-four at once, made
of all that a container can have: then nothing of any kind is left of them."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ISOLAB_PATIENCE", "150")
from harness import IS_SANITISED, Lab, expect, run_suite  # noqa: E402
from many import Many, NothingLeft  # noqa: E402

COUNT = int(os.environ.get("ISOLAB_COUNT", 100))
AT_ONCE = 64
CONTAINERS = Many("container", [
    [],
    ["--memory", "64M", "--pids", "50", "--cpus", "0.5"],
    ["--overlay", "--tmpfs", "/scratch:1M"],
    ["--volume", "/usr:/mnt:ro", "--user", "7:7", "--workdir", "/tmp"],
    ["--init", "--ulimit", "nofile=64"],
    ["--network", "lab"],
    ["--network", "lab", "--memory", "64M", "--cpus", "1", "--overlay", "--init", "--user", "7:7"],
    ["--no-ns", "pid", "--no-seccomp"],
])


def test_many_in_a_row(lab):
    """nothing is left of a hundred starts in a row, with limits, volumes, overlays, a network"""
    with NothingLeft(lab):
        CONTAINERS.in_a_row(lab, COUNT)


def test_many_at_once(lab):
    """sixty-four that start at the same time all run, and nothing is left of them"""
    with NothingLeft(lab):
        CONTAINERS.at_once(lab, AT_ONCE)


def test_many_standing(lab):
    """sixty-four stand at the same time, each with its own name, and go together"""
    count = AT_ONCE // 4 if IS_SANITISED else AT_ONCE
    with NothingLeft(lab):
        CONTAINERS.standing(lab, count, lambda name: expect(
            lab.isolab("exec", name, "--", "hostname"), out=rf"^{name}\b"))


def test_many_fronts_killed(lab):
    """nothing is left of sixteen fronts killed by -9 while they start, after the next isolab"""
    with NothingLeft(lab):
        CONTAINERS.fronts_killed(lab)


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
