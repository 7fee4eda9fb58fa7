#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""After two hundred sandboxes, and after twenty kill -9 of fronts and workers: nothing is left.

Looked at are processes (the suite is the subreaper of all it starts), mounts, cgroups, network
interfaces, sockets and files, before and after.
"""
import os
import random
import select
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import (IS_SANITISED, PATIENCE, Lab, check, children, describe, expect,  # noqa: E402
                     run_suite, wait_children)
from world import check_nothing_new, read, sweep, the_world  # noqa: E402

COUNT = int(os.environ.get("ISOLAB_COUNT", 60 if IS_SANITISED else 200))
KILLS = 20
KINDS = ["process", "container"] + (["vm"] if os.access("/dev/kvm", os.R_OK | os.W_OK) else [])


def test_two_hundred(lab):
    """nothing is left of two hundred sandboxes, one after the other"""
    before = the_world(lab)
    for number in range(COUNT):
        limits = ["--pids", "50"] if number % 10 == 0 else []
        expect(lab.isolab("run", KINDS[number % len(KINDS)], *limits, "--", "true"))
    check_nothing_new(lab, before)


def test_crowd(lab):
    """nothing is left of twelve that stood at the same time and were removed together"""
    before = the_world(lab)
    for number in range(12):
        lab.kind = KINDS[number % len(KINDS)]
        lab.create(f"crowd{number}")
    expect(lab.isolab("rm", "-f", "--all"))
    check_nothing_new(lab, before)


def random_descendant(pid):
    """The pid or one of its descendants: front, worker, or what runs inside."""
    family = [pid]
    for parent in family:
        try:
            family += map(int, read(f"/proc/{parent}/task/{parent}/children").split())
        except OSError:
            pass
    return random.choice(family)


def test_kill_fronts(lab):
    """nothing is left of twenty fronts and workers killed by -9 at any moment of their lives"""
    before, seed = the_world(lab), random.randrange(1 << 30)
    random.seed(seed)
    print(f"# seed {seed}")
    for number in range(KILLS):
        kind = KINDS[number % len(KINDS)]
        limits = ["--memory", "64M"] if number % 4 == 0 else []
        front = lab.start("run", kind, *limits, "--", "isolab-work", "tick", "100",
                          stdin=subprocess.PIPE)
        if number % 3:
            front.stdout.read(1)
        else:
            try:
                front.wait(random.random() / 50)
            except subprocess.TimeoutExpired:
                pass
        os.kill(random_descendant(front.pid), signal.SIGKILL)
        front.communicate(timeout=PATIENCE)
    sweep(lab)
    check_nothing_new(lab, before)


def test_kill_shells(lab):
    """nothing is left of prompts killed by -9 with their sandboxes standing"""
    before = the_world(lab)
    for kind in KINDS:
        shell = lab.start("shell", "--plain", stdin=subprocess.PIPE)
        shell.stdin.write(f"create {kind} demo\nexec demo -- isolab-work echo up\n")
        shell.stdin.flush()
        while "up" not in (line := shell.stdout.readline()):
            check(line, "the prompt has ended")
        shell.kill()
        shell.communicate()
        wait_for_workers()
    sweep(lab)
    check_nothing_new(lab, before)


def test_zombie_front(lab):
    """a failed sandbox goes when its front has ended, also where nobody waits for that front"""
    shell = lab.start("shell", "--plain", stdin=subprocess.PIPE)
    shell.stdin.write("create process demo\nexec demo -- isolab-work echo up\n")
    shell.stdin.flush()
    while "up" not in (line := shell.stdout.readline()):
        check(line, "the prompt has ended")
    worker = next(int(pid) for pid in read(f"/proc/{shell.pid}/task/{shell.pid}/children").split()
                  if "--worker" in read(f"/proc/{pid}/cmdline"))
    ended = os.pidfd_open(worker)
    os.kill(worker, signal.SIGKILL)
    check(select.select([ended], [], [], 20)[0], "the worker lives")
    os.close(ended)
    check("failed" in expect(lab.isolab("ps")).out, "its front lives: it is shown")
    os.kill(shell.pid, signal.SIGKILL)
    os.waitid(os.P_PID, shell.pid, os.WEXITED | os.WNOWAIT)
    check("demo" not in expect(lab.isolab("ps")).out, "it stays for ever")
    shell.communicate()
    wait_for_workers()


def wait_for_workers():
    """A worker notices that its lease is gone; give each that is ours its time."""
    left = wait_children()
    check(not left, "a worker outlives its front", *left, *map(describe, children()))


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
