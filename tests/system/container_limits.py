#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits: each one holds, for containers and processes; what happens at them is told at once;
what cannot be had is said (container_update.py: they are changed). The same cases run on cgroup v1,
v2 and a mixture (the rig), as root and as users with and without a part of the trees.
"""
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import IS_SANITISED, Lab, Skip, check, expect, expect_refusal, run_suite  # noqa: E402
from world import cgroups, read  # noqa: E402

KINDS = ("container", "process")


class LimitsLab(Lab):
    """A lab after which no cgroup may be left."""

    def close(self):
        if os.path.isdir(self.directory()):
            self.isolab("rm", "-f", "--all")
        groups = cgroups(self) if os.path.isdir(self.directory()) else set()
        return [*super().close(), *groups]


def need(lab, *limits):
    """Skips where this user cannot have these limits; doctor knows."""
    told = {check["name"]: check for check in
            expect(lab.isolab("doctor", "--json")).json()["checks"]}["limits"]
    refused = told["found"] if told["status"] != "ok" else ""
    for limit in limits:
        if re.search(rf"\b{limit}\b", refused):
            raise Skip(f"this user cannot have it here: {refused}")


def stats(lab, name):
    told = expect(lab.isolab("stats", name, "--json")).json()["sandboxes"][0]
    return {**told["resources"], **(told["account"] or {})}


def processors():
    """The list of those that this machine has, and the last one."""
    there = sorted(os.sched_getaffinity(0))
    return there, str(there[-1])


def listen(lab, name):
    """`events -f` of a sandbox: a program whose lines are read as they come."""
    return lab.start("events", "-f", "--json", name)


def hear(program, pattern):
    """The next event whose value matches."""
    for line in program.stdout:
        if re.search(pattern, json.loads(line).get("value", "")):
            return json.loads(line)
    raise AssertionError(f"no event '{pattern}'")


# ---- they hold ----

def test_memory(lab):
    """--memory kills what takes more, and says so"""
    need(lab, "memory")
    for kind in KINDS:
        done = lab.isolab("run", kind, "--memory", "16M", "--", "isolab-work", "touch", "64M")
        expect(done, 137, err=r"out of memory: the kernel killed 1 process at the limit of "
                              r"--memory \(16 MiB\)")
        expect(lab.isolab("run", kind, "--memory", "64M", "--", "isolab-work", "touch", "4M"))


def test_memory_told_at_once(lab):
    """somebody killed for memory is on the timeline while the sandbox runs on"""
    need(lab, "memory")
    lab.create("demo", "--memory", "16M", "--", "sh")
    events = listen(lab, "demo")
    lab.isolab("exec", "demo", "--", "isolab-work", "touch", "64M")
    told = hear(events, "out of memory")
    check(told["kind"] == "note" and told["name"] == "limit", told)
    check(lab.row("demo")["state"] == "running", lab.row("demo"))
    check(stats(lab, "demo")["memory_kills"] == 1, stats(lab, "demo"))
    events.kill()


def test_pids(lab):
    """--pids refuses the next process, and says so"""
    need(lab, "processes")
    script = "sleep 9 & sleep 9 & sleep 9 & sleep 9 & true"
    for kind in KINDS:
        done = lab.isolab("run", kind, "--pids", "3", "--", "sh", "-c", script)
        check(re.search("fork", done.err) and done.status != 0, kind, done)
        check(re.search(r"--pids was reached \(3\): [1-9]\d* new process(es)? refused", done.err),
              kind, done)


def test_fork_bomb(lab):
    """a fork bomb is held, told at once, and told in few lines"""
    need(lab, "processes")
    bomb = "while :; do (while :; do :; done) & done 2>/dev/null"
    lab.create("demo", "--pids", "12", "--", "sh", "-c", f"read line; {bomb}")
    events = listen(lab, "demo")
    lab.isolab("attach", "demo", input="go\n")
    hear(events, "--pids was reached")
    check(stats(lab, "demo").get("pids_current", 0) <= 12, stats(lab, "demo"))
    expect(lab.isolab("rm", "-f", "demo"))
    lines = [line for line in events.stdout if "--pids was reached" in line]
    check(len(lines) < 20, len(lines))


def burn(lab, kind, turns, *limits):
    """Runs a burner; the processor time that it took, and the time that passed."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    expect(lab.isolab("run", kind, *limits, "--", "isolab-work", "burn", f"{turns}M"))
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begin
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def test_cpus(lab):
    """--cpus: a burner gets no more time than its part"""
    need(lab, "processor time")
    turns = 20
    while burn(lab, "process", turns)[0] < 0.4:
        turns *= 2
    for kind in KINDS:
        # what the worker needs for itself is not limited
        start = burn(lab, kind, 1)[0]
        used, wall = burn(lab, kind, turns, "--cpus", "0.2")
        # the first 20 ms of each 100 ms are its own, and it may have begun in the midst of one
        check(used - start - 0.06 < 0.2 * 1.35 * wall, kind,
              f"{used:.2f} s of {wall:.2f} s, {start:.2f} s for the start")


def test_throttling_is_counted(lab):
    """stats tell how often --cpus has made it wait"""
    need(lab, "processor time")
    lab.create("demo", "--cpus", "0.1", "--", "isolab-work", "spin")
    for _ in range(200):
        told = stats(lab, "demo")
        if told["cpu_throttled_periods"] >= 3:
            break
    check(told["cpu_throttled_periods"] >= 3 and told["cpu_throttled_ns"] > 0, told)
    check(told["cpu_limit_millis"] == 100, told)


def test_cpuset(lab):
    """--cpuset-cpus: it sees and gets no other processors"""
    need(lab, "which processors")
    there, last = processors()
    for kind in KINDS:
        done = expect(lab.isolab("run", kind, "--cpuset-cpus", last, "--", "sh", "-c",
                                 "grep Cpus_allowed_list /proc/self/status"))
        check(done.out.split()[-1] == last, kind, done)
    lab.create("demo", "--cpuset-cpus", last)
    done = expect(lab.isolab("inspect", "demo", "--json")).json()
    check(int(done["facts"]["cpu_count_seen"]["value"]) == 1 or len(there) == 1, done["facts"])


def test_swap(lab):
    """--memory-swap: with swap it survives where without it does not"""
    need(lab, "memory", "swap")
    if len(read("/proc/swaps").splitlines()) < 2:
        raise Skip("this machine has no swap")
    more = ("isolab-work", "touch", "24M")
    expect(lab.isolab("run", "container", "--memory", "16M", "--memory-swap", "16M", "--", *more),
           137)
    expect(lab.isolab("run", "container", "--memory", "16M", "--", *more), 137)
    expect(lab.isolab("run", "container", "--memory", "16M", "--memory-swap", "96M", "--", *more))


def disk_of(path):
    """The whole disk that a file is on, as /dev/NAME."""
    device = os.stat(path).st_dev
    place = os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    if os.path.exists(os.path.join(place, "partition")):
        place = os.path.dirname(place)
    name = "/dev/" + os.path.basename(place)
    if not os.path.isdir(place) or not os.path.exists(name):
        raise Skip(f"{path} is on no block device")
    return name


def file_on_disk(lab):
    """A place for a file that is on a disk, with the disk's name."""
    for folder in (lab.scratch, "/var/tmp", os.path.expanduser("~")):
        try:
            return disk_of(folder), os.path.join(folder, f"isolab-data-{os.getpid()}")
        except (Skip, OSError) as reason:
            skipped = reason
    raise skipped


def read_directly(lab, path, *limits):
    """Seconds that a process needs to read 2 MiB of a file past the cache."""
    begin = time.monotonic()
    done = expect(lab.isolab("run", "process", *limits, "--", "dd", f"if={path}", "of=/dev/null",
                             "bs=64k", "count=32", "iflag=direct"))
    check("no limit on devices" not in done.err, done)
    return time.monotonic() - begin


def test_devices(lab):
    """--device-read-bps: a disk is read no faster"""
    disk, path = file_on_disk(lab)
    done = lab.isolab("run", "process", "--device-read-bps", f"{disk}:1G", "--", "true")
    if "no limit on devices" in done.err:
        raise Skip(done.err.strip())
    expect(done)
    try:
        with open(path, "wb") as file:
            file.write(b"x" * (2 << 20))
            os.fsync(file.fileno())
        if read_directly(lab, path) > 0.7:
            raise Skip("this disk is slow by itself")
        check(read_directly(lab, path, "--device-read-bps", f"{disk}:1M") > 1, "not slowed")
        check(read_directly(lab, path, "--device-read-iops", f"{disk}:16") > 1, "not slowed")
    finally:
        os.unlink(path)


def test_never_before_the_limits(lab):
    """the first thing that a program does is counted already, ten times in a row"""
    need(lab, "memory", "processes", "processor time", "which processors")
    last = processors()[1]
    limits = ("--memory", "64M", "--pids", "9", "--cpus", "1", "--cpuset-cpus", last)
    for number in range(10):
        kind = ("container", "--no-ns", "cgroup") if number % 2 else ("process",)
        done = expect(lab.isolab("run", *kind, "--name", "demo", *limits, "--", "cat",
                                 "/proc/self/cgroup"))
        for line in done.out.splitlines():
            controllers = line.split(":")[1].split(",")
            if set(controllers) & {"memory", "pids", "cpu", "cpuset"}:
                check(line.endswith(".demo"), line, done)
        check(".demo" in done.out, done)


def test_exec_is_counted(lab):
    """an exec is under the limits from its first instruction on"""
    need(lab, "memory", "processes")
    lab.create("demo", "--memory", "64M", "--pids", "9", "--no-ns", "cgroup", "--", "isolab-work",
               "idle")
    done = expect(lab.isolab("exec", "demo", "--", "cat", "/proc/self/cgroup"))
    check(len(re.findall(r"\.demo$", done.out, re.M)) in (1, 2), done)


def test_own_view_of_cgroups(lab):
    """inside, the sandbox's own account is the root of all of them"""
    need(lab, "memory")
    done = expect(lab.isolab("run", "container", "--memory", "64M", "--", "cat",
                             "/proc/self/cgroup"))
    check(all(line.endswith(":/") or "memory" not in line and not line.startswith("0::")
              for line in done.out.splitlines()), done)


# ---- what cannot be ----

def test_nonsense(lab):
    """limits that make no sense are refused with a hint, and nothing is left"""
    for words, told in (
            (("--memory", "64M", "--memory-swap", "32M"), "less than --memory"),
            (("--memory-swap", "64M"), "without --memory"), (("--memory", "0"), "--memory 0"),
            (("--memory", "-5"), "not a size"), (("--cpus", "0"), "--cpus '0'"),
            (("--cpus", "-1"), "--cpus '-1'"), (("--cpus", "1e9"), "--cpus"),
            (("--cpuset-cpus", ""), "not a list"), (("--cpuset-cpus", "3-1"), "not a list"),
            (("--cpuset-cpus", "0,,1"), "not a list"), (("--cpuset-cpus", "all"), "not a list"),
            (("--pids", "0"), "--pids '0'"), (("--pids", "5000000"), "--pids"),
            (("--device-read-bps", "vda:1M"), "DEVICE:NUMBER"),
            (("--device-read-bps", "/dev/vda"), "DEVICE:NUMBER"),
            (("--device-read-bps", "/dev/vda:0"), "DEVICE:NUMBER")):
        for kind in KINDS:
            expect_refusal(lab.isolab("run", kind, *words, "--", "true"), 2, re.escape(told))


def test_what_is_not_there(lab):
    """processors and devices that this machine does not have are an error"""
    for words, told in (
            (("--cpuset-cpus", "8191"), "no such processor"),
            (("--device-read-bps", "/dev/nope:1M"), "no such file"),
            (("--device-write-iops", "/dev/null:9"), "not a block device"),
            (("--device-write-bps", "/:9"), "not a block device")):
        expect_refusal(lab.isolab("run", "container", *words, "--", "true"), 125, told)


def test_no_cgroup(lab):
    """--no-cgroup: no account, no limits; pause stops one process after the other, and says so"""
    for kind in KINDS:
        for limit in (("--memory", "64M"), ("--cpus", "1"), ("--cpuset-cpus", "0"),
                      ("--pids", "9"), ("--device-read-bps", "/dev/x:9")):
            expect_refusal(lab.isolab("run", kind, "--no-cgroup", *limit, "--", "true"), 2,
                           "--no-cgroup")
        expect(lab.isolab("create", kind, "demo", "--no-cgroup", "--", "isolab-work", "spin"))
        expect(lab.isolab("pause", "demo"))
        check(not cgroups(lab), cgroups(lab))
        told = [event["value"] for event in lab.events("demo") if event["kind"] == "note"]
        check(any("--no-cgroup" in text and "SIGSTOP" in text for text in told), told)
        expect_refusal(lab.isolab("update", "demo", "--pids", "9"), 2, "--no-cgroup")
        expect(lab.isolab("unpause", "demo"))
        expect(lab.isolab("rm", "-f", "demo"))


def test_stranger(lab):
    """a user who may not make cgroups gets what can be had without, and each limit is named"""
    if os.geteuid() != 0:
        raise Skip("only root can become another user")
    lab.become_user()
    last = processors()[1]
    for kind in KINDS:
        done = expect(lab.isolab(
            "run", kind, "--memory", "64M", "--cpus", "1", "--pids", "9", "--cpuset-cpus", last,
            "--", "grep", "Cpus_allowed_list", "/proc/self/status"))
        if done.err:
            for noun in ("memory", "processor time", "which processors", "processes"):
                check(re.search(rf"no limit on .*{noun}", done.err), noun, done)
            check("as root" in done.err, done)
        check(done.out.split()[-1] == last, "not even bound", done)


# ---- the end ----

def test_killed_worker(lab):
    """of a worker that was killed no cgroup is left, whatever its state"""
    need(lab, "memory", "processes")
    for paused in (False, True):
        lab.create("demo", "--pids", "20", "--memory", "32M", "--", "sh", "-c",
                   "isolab-work spin & isolab-work spin")
        if paused:
            expect(lab.isolab("pause", "demo"))
        os.kill(lab.row("demo")["pid"], signal.SIGKILL)
        lab.wait_dead("demo")
        for _ in range(100):
            expect(lab.isolab("ps"))
            if not cgroups(lab):
                break
        check(not cgroups(lab), paused, cgroups(lab))
        expect(lab.isolab("rm", "-f", "demo"))


def test_old_limits_do_not_hold_the_next(lab):
    """a cgroup that was left over gives its limits to nobody"""
    need(lab, "processes")
    lab.create("demo", "--pids", "5")
    group = next(iter(cgroups(lab)))
    expect(lab.isolab("rm", "-f", "demo"))
    os.mkdir(group)
    if os.path.exists(os.path.join(group, "cpu.max")):
        with open(os.path.join(group, "cpu.max"), "w", encoding="ascii") as limit:
            limit.write("1000 100000")
    lab.create("demo", "--pids", "7")
    told = stats(lab, "demo")
    check(told["pids_limit"] == 7 and "cpu_limit_millis" not in told, told)


def test_pressure(lab):
    """stats tell the pressure, of the sandbox where the kernel keeps it, else of the host"""
    if subprocess.run(["cat", "/proc/pressure/cpu"], capture_output=True, check=False).returncode:
        raise Skip("this kernel does not measure pressure (psi=1)")
    lab.create("demo", "--pids", "20")
    told = expect(lab.isolab("stats", "demo", "--json")).json()["sandboxes"][0]["pressure"]
    check(told["of"] in ("host", "sandbox") and 0 <= told["cpu"]["some_avg10_percent"] <= 100,
          told)
    expect(lab.isolab("stats", "demo"), out="pressure of" if cgroups(lab) else None)


if __name__ == "__main__":
    run_suite([case for name, case in globals().items() if name.startswith("test_")
               and not (IS_SANITISED and name in ("test_cpus", "test_throttling_is_counted"))],
              lambda: LimitsLab("container"))
