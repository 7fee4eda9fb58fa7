#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits are changed: while a sandbox runs, paused or not, with an account and without one; all of
a change holds, or none; the next start has them.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from container_limits import KINDS, LimitsLab, need, processors, stats  # noqa: E402
from harness import Skip, check, expect, expect_refusal, run_suite  # noqa: E402
from world import cgroups, read  # noqa: E402


def allowed(lab, name, pid=1):
    """Where a process inside may run."""
    done = expect(lab.isolab("exec", name, "--", "grep", "Cpus_allowed_list",
                             f"/proc/{pid}/status"))
    return done.out.split()[-1]


def test_update(lab):
    """update changes limits of what runs, and stats show it"""
    need(lab, "memory", "processes", "processor time", "which processors")
    last = processors()[1]
    lab.create("demo", "--memory", "32M", "--pids", "20", "--", "sh")
    expect(lab.isolab("update", "demo", "--memory", "48M", "--pids=30", "--cpus", "0.5",
                      "--cpuset-cpus", last))
    told = stats(lab, "demo")
    check((told["memory_limit_bytes"], told["pids_limit"], told["cpu_limit_millis"]) ==
          (48 << 20, 30, 500), told)
    check(allowed(lab, "demo") == last, "process 1 may run elsewhere")
    expect(lab.isolab("update", "demo", "--memory", "max", "--cpus", "max", "--cpuset-cpus",
                      "max"))
    told = stats(lab, "demo")
    check("memory_limit_bytes" not in told and "cpu_limit_millis" not in told, told)
    check(told["pids_limit"] == 30, told)


def test_update_holds(lab):
    """a limit that was lowered while it runs refuses, one that was raised lets in"""
    need(lab, "processes")
    lab.create("demo", "--pids", "20", "--", "sh")
    more = ("exec", "demo", "--", "sh", "-c", "true & true & true & true & wait; echo up")
    expect(lab.isolab(*more), out="up")
    expect(lab.isolab("update", "demo", "--pids", "3"))
    check("up" not in lab.isolab(*more).out, "four more than three")
    expect(lab.isolab("update", "demo", "--pids", "20"))
    expect(lab.isolab(*more), out="up")


def test_update_without_account(lab):
    """update of a sandbox without limits makes an account and puts all in"""
    need(lab, "memory", "processes")
    for kind in KINDS:
        expect(lab.isolab("create", kind, "demo", "--", "sh", "-c", "sleep 1000 & sleep 1000"))
        check(not cgroups(lab), "an account without limits")
        check(expect(lab.isolab("stats", "demo", "--json")).json()["sandboxes"][0]["account"]
              is None, "an account is shown")
        expect(lab.isolab("update", "demo", "--pids", "9", "--memory", "32M"))
        members = {pid for group in cgroups(lab)
                   for pid in read(os.path.join(group, "cgroup.procs")).split()}
        check(len(members) >= 2, kind, members)
        check(stats(lab, "demo")["pids_limit"] == 9, kind)
        expect(lab.isolab("rm", "-f", "demo"))


def test_update_below_use(lab):
    """update below what is in use is refused, changes nothing, kills nobody"""
    need(lab, "memory")
    lab.create("demo", "--memory", "96M", "--", "isolab-work", "touch", "48M", "1000")
    for _ in range(500):
        if stats(lab, "demo")["memory_current_bytes"] > 48 << 20:
            break
    done = lab.isolab("update", "demo", "--pids", "99", "--memory", "8M")
    expect_refusal(done, 125, r"update 'demo': .*--memory 8 MiB: .* in use")
    told = stats(lab, "demo")
    check(told["memory_limit_bytes"] == 96 << 20 and "pids_limit" not in told, told)
    check(lab.row("demo")["state"] == "running", lab.row("demo"))
    check(len(cgroups(lab)) == 1, "made for nothing", cgroups(lab))


def test_update_is_saved(lab):
    """limits that were changed, running or stopped, are those of the next start"""
    need(lab, "processes")
    lab.create("demo", "--pids", "20", "--", "sh")
    expect(lab.isolab("update", "demo", "--pids", "21"))
    expect(lab.isolab("stop", "--time", "0", "demo"))
    expect(lab.isolab("start", "demo"))
    check(stats(lab, "demo")["pids_limit"] == 21, stats(lab, "demo"))
    expect(lab.isolab("stop", "--time", "0", "demo"))
    expect(lab.isolab("update", "demo", "--pids", "22"))
    expect(lab.isolab("start", "demo"))
    check(stats(lab, "demo")["pids_limit"] == 22, stats(lab, "demo"))


def test_update_of_a_group(lab):
    """update acts on all of a group"""
    need(lab, "processes")
    for kind in KINDS:
        expect(lab.isolab("create", kind, f"demo-{kind}"))
    expect(lab.isolab("update", "demo", "--pids", "17"))
    for kind in KINDS:
        check(stats(lab, f"demo-{kind}")["pids_limit"] == 17, kind)


def test_update_while_paused(lab):
    """a sandbox that is paused takes other limits, and stays paused"""
    need(lab, "processes", "memory")
    lab.create("demo", "--pids", "20", "--", "isolab-work", "spin")
    expect(lab.isolab("pause", "demo"))
    expect(lab.isolab("update", "demo", "--pids", "21", "--memory", "32M"))
    check(lab.row("demo")["state"] == "paused", lab.row("demo"))
    expect(lab.isolab("unpause", "demo"))
    check(stats(lab, "demo")["memory_limit_bytes"] == 32 << 20, stats(lab, "demo"))


def test_update_mistakes(lab):
    """update says what cannot be changed, and how it is used"""
    lab.create("demo")
    expect_refusal(lab.isolab("update"), 2, "which sandbox")
    expect_refusal(lab.isolab("update", "--pids", "3"), 2, "which sandbox")
    expect_refusal(lab.isolab("update", "demo"), 2, "change what")
    expect_refusal(lab.isolab("update", "dmo", "--pids", "3"), 125, "no sandbox 'dmo'")
    for words in (("--env", "A=1"), ("--no-seccomp",), ("--image", "/"), ("-it",)):
        expect_refusal(lab.isolab("update", "demo", *words), 2, "cannot be changed")
    expect_refusal(lab.isolab("update", "demo", "--memroy", "3M"), 2,
                   "unknown option '--memroy'")
    expect_refusal(lab.isolab("update", "demo", "--memory", "-1"), 2, "not a size")
    expect_refusal(lab.isolab("update", "demo", "--memory"), 2, "needs a value")
    expect_refusal(lab.isolab("update", "demo", "--memory-swap", "64M"), 2, "without --memory")
    expect(lab.isolab("update", "--help"), out="--cpuset-cpus")
    check("--env" not in lab.isolab("update", "--help").out, "an option that is no limit")


def test_stranger_update(lab):
    """update says why a limit cannot be had, and how to get it; nothing is changed"""
    if os.geteuid() != 0:
        raise Skip("only root can become another user")
    lab.become_user()
    lab.create("demo", "--", "isolab-work", "idle")
    done = lab.isolab("update", "demo", "--memory", "64M")
    if done.status == 0:
        raise Skip("this machine lets everybody make cgroups")
    expect_refusal(done, 125, "no limit on memory")
    check("--memory" not in read(os.path.join(lab.directory("demo"), "spec")), "saved")


def test_update_of_a_vm(lab):
    """a vm's memory is given at its start: update says so, and changes that of the next one"""
    done = lab.isolab("create", "vm", "demo", "--memory", "32M", "--", "isolab-work", "idle")
    if done.status != 0:
        raise Skip("no vm on this machine: " + done.err.splitlines()[0])
    expect_refusal(lab.isolab("update", "demo", "--memory", "64M"), 125, "while it runs")
    expect(lab.isolab("kill", "demo"))
    lab.wait_dead("demo")
    expect(lab.isolab("update", "demo", "--memory", "64M"))
    check("--memory\x0067108864" in read(os.path.join(lab.directory("demo"), "spec")), "not saved")


if __name__ == "__main__":
    run_suite([case for name, case in globals().items() if name.startswith("test_")],
              lambda: LimitsLab("container"))
