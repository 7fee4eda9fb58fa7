#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds container and process do beyond the contract of all walls: limits and what is told
when they are hit or cannot be had, what a missing brick leaves, the order of the steps, exec.
"""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Lab, Skip, check, children, expect, run_suite  # noqa: E402
from world import cgroups  # noqa: E402

STEPS = ["clone", "idmap", "mounts", "pivot", "network", "caps", "seccomp", "exec"]


def need_limits(lab):
    told = expect(lab.isolab("doctor", "--json")).json()["checks"]
    if not any(check["name"] == "limits" and check["status"] == "ok" for check in told):
        raise Skip("this user cannot make control groups here")


def notes(lab, name):
    return " ".join(event.get("value", "") for event in lab.events(name)
                    if event["kind"] == "note")


def steps(lab, name):
    return [event for event in lab.events(name) if event["kind"] == "step"]


def test_step_order(lab):
    """the steps of a container are stamped in their order, each with its reason"""
    lab.create("demo")
    told = [step for step in steps(lab, "demo") if step["name"] in STEPS]
    check([step["name"] for step in told] == STEPS, told)
    starts = [step["t_ns"] for step in told]
    check(starts == sorted(starts) and all(step["detail"] for step in told), told)


def test_process_steps(lab):
    """a process has none of the wall's steps"""
    expect(lab.isolab("create", "process", "demo"))
    names = {step["name"] for step in steps(lab, "demo")}
    check(not names & set(STEPS) - {"clone", "exec"} and "exec" in names, names)


def test_missing_brick_has_no_step(lab):
    """a brick that was left out is no step"""
    lab.create("demo", "--no-seccomp", "--no-ns", "net")
    names = {step["name"] for step in steps(lab, "demo")}
    check(not names & {"seccomp", "network"} and "pivot" in names, names)


def test_memory_limit(lab):
    """--memory kills what takes more; the journal tells from the kernel's counter"""
    need_limits(lab)
    for kind in ("container", "process"):
        done = lab.isolab("run", kind, "--memory", "16M", "--", "isolab-work", "touch", "64M")
        check(done.status == 137 and "out of memory" in done.err, kind, done)
        check(not cgroups(lab), cgroups(lab))


def test_pids_limit(lab):
    """--pids refuses the next process; the journal tells"""
    need_limits(lab)
    for kind in ("container", "process"):
        script = "sleep 9 & sleep 9 & sleep 9 & sleep 9 & true"
        done = lab.isolab("run", kind, "--pids", "3", "--", "sh", "-c", script)
        check("--pids was reached" in done.err, kind, done)
        check(not cgroups(lab), cgroups(lab))


def test_limits_hold_first(lab):
    """when the command runs, it is already counted, and an exec is, too"""
    need_limits(lab)
    lab.create("demo", "--pids", "20", "--", "sh", "-c", "sleep 1000 & wait")
    folders = cgroups(lab)
    check(folders, "no cgroup was made")
    program = lab.start("exec", "demo", "--", "sh", "-c", "echo up; sleep 1000; true")
    program.stdout.readline()
    for folder in folders:
        with open(os.path.join(folder, "cgroup.procs"), encoding="ascii") as procs:
            check(len(procs.read().split()) >= 2, folder)
    program.kill()
    expect(lab.isolab("rm", "-f", "demo"))
    check(not cgroups(lab), cgroups(lab))


def test_limit_that_cannot_be_had(lab):
    """a limit that this user cannot have is left out, and told"""
    if os.geteuid() != 0:
        raise Skip("only root can become another user")
    lab.become_user()
    done = expect(lab.isolab("run", "container", "--memory", "64M", "--", "true"))
    check("no limit on memory" in done.err or not done.err, done)


def test_freezer(lab):
    """pause freezes what runs, with what it has started"""
    lab.create("demo", "--", "sh", "-c", "isolab-work spin & isolab-work spin")
    expect(lab.isolab("pause", "demo"))
    before = cpu_ticks(lab, "demo")
    expect(lab.isolab("run", "process", "--", "isolab-work", "burn", "20000000"))
    check(cpu_ticks(lab, "demo") - before <= 1, "it ran while it was paused")
    expect(lab.isolab("unpause", "demo"))


def cpu_ticks(lab, name):
    """CPU time of all that the main program and its children have used so far."""
    total, pids = 0, [lab.row(name)["pid"]]
    while pids:
        pid = pids.pop()
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                pids += [int(word) for word in file.read().split()]
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            if pid != lab.row(name)["pid"]:
                total += int(fields[11]) + int(fields[12])
        except FileNotFoundError:
            pass
    return total


def test_process_one(lab):
    """the trap of process 1: without a handler it does not notice SIGTERM, and that is told"""
    lab.create("demo", "--", "isolab-work", "spin")
    expect(lab.isolab("stop", "--time", "1", "demo"))
    check("process 1" in notes(lab, "demo"), notes(lab, "demo"))


def test_exec_is_inside(lab):
    """exec stands behind the same wall: namespaces, capabilities, filter, descriptors"""
    lab.create("demo")
    script = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; hostname"
    told = expect(lab.isolab("exec", "demo", "--", "sh", "-c", script)).out
    value = int(re.search(r"CapEff:\s*(\w+)", told).group(1), 16)
    check(bin(value).count("1") <= 3, told)
    check(re.search(r"NoNewPrivs:\s*1", told) and re.search(r"Seccomp:\s*2", told), told)
    check(told.split()[-1] == "demo", told)
    script = "for file in /proc/{}/ns/*; do readlink $file; done"
    one, mine = (expect(lab.isolab("exec", "demo", "--", "sh", "-c", script.format(pid))).out
                 for pid in ("1", "self"))
    check(one == mine, one, mine)
    host = {os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    check(not host & set(mine.split()), mine)


def test_clean_environment(lab):
    """nothing of the caller's environment is inside, but what --env says"""
    lab.environment["SECRET"] = "42"
    told = expect(lab.isolab("run", "container", "--env", "A=b", "--", "env")).out
    check("SECRET" not in told and "A=b" in told and "PATH=/bin:" in told, told)


def test_orphans(lab):
    """what outlives a killed worker without a pid namespace is found by the next sweep"""
    for kind in (["process"], ["container", "--no-ns", "pid"]):
        script = "setsid sleep 1000 & echo started; wait"
        expect(lab.isolab("create", kind[0], "demo", *kind[1:], "--", "sh", "-c", script))
        program = lab.start("logs", "-f", "demo")
        program.stdout.readline()
        program.kill()
        os.kill(lab.row("demo")["pid"], signal.SIGKILL)
        lab.wait_dead("demo")
        expect(lab.isolab("ps"))
        expect(lab.isolab("rm", "-f", "demo"))
        for pid in children():
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                check(b"sleep" not in file.read(), kind)


def in_mounts(lab, script):
    if os.geteuid() != 0:
        raise Skip("only root can make this machine")
    lab.wrap = ["unshare", "--mount", "--propagation", "private", "sh", "-ec",
                script + "\n" + 'exec "$@"', "sh"]


def test_inside_another_container(lab):
    """inside a container that covers a part of /proc, the host's is bound read-only, and told"""
    in_mounts(lab, "mount -t tmpfs none /proc/irq")
    done = expect(lab.isolab("run", "container", "--", "sh", "-c", "grep ' /proc ' /proc/mounts"))
    if not done.err and " rw," in done.out:
        raise Skip("another whole /proc is mounted on this machine, so an own one is allowed")
    check(" ro,nosuid,nodev,noexec" in done.out and "/proc is the host's" in done.err, done)


def test_workdir(lab):
    """a plain process stays where it was started, a container starts in /"""
    done = expect(lab.isolab("run", "process", "--", "pwd", cwd="/var"))
    check(done.out.strip() == "/var", done)
    done = expect(lab.isolab("run", "container", "--", "pwd", cwd="/var"))
    check(done.out.strip() == "/", done)


if __name__ == "__main__":
    run_suite([case for name, case in globals().items() if name.startswith("test_")],
              lambda: Lab("container"))
