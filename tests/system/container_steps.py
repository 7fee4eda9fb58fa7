#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a container is built: each brick can be taken out, and what that exposes is seen inside; the
calls that build it are written down, told in order with their reasons, also after the end, and
cost nothing that counts. With --user as an ordinary user.
"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import IS_SANITISED, Lab, Skip, check, expect, expect_refusal, run_suite  # noqa: E402

# An option, the fact that changes with it, and the verdict that it then has. It has another one
# when all bricks stand.
BRICKS = [
    (["--no-ns", "pid"], "pid_count", "shared"),
    (["--no-ns", "ipc"], "ipc_objects", "shared"),
    (["--no-ns", "cgroup"], "cgroup_root", "shared"),
    (["--no-ns", "time"], "clock_monotonic", "shared"),
    (["--no-ns", "mount"], "root_filesystem", "shared"),
    (["--no-ns", "uts"], "hostname", "shared"),
    (["--no-ns", "network"], "network_interfaces", "shared"),
    (["--no-masks"], "proc_masks", "shared"),
    (["--no-nnp"], "no_new_privs", "shared"),
    (["--no-seccomp"], "seccomp_mode", "shared"),
]
IN_ORDER = ["clone3", "move_mount", "setresuid", "mount", "pivot_root", "umount2", "sethostname",
            "capset", "prctl", "seccomp", "execve"]
CALLS_MAX, ANONYMOUS_MAX_KIB = 150, 64


def make_lab():
    lab = Lab("container")
    if "--user" in sys.argv:
        lab.become_user()
    else:  # without mounts of its own, a nobody looks for the programs on the host
        lab.open_programs()
    return lab


def need_root(lab):
    if lab.wrap:
        raise Skip("only root can do without a user namespace")


def inspect(lab, name):
    return expect(lab.isolab("inspect", name, "--json")).json()


def explain(lab, name):
    return expect(lab.isolab("explain", name, "--json")).json()


def calls_of(told):
    return [call for step in told["steps"] for call in step["calls"]]


def names_of(told):
    return [call["name"] for call in calls_of(told)]


def step_of(told, name):
    return next((step for step in told["steps"] if step["name"] == name), None)


def verdict_of(told, fact):
    return told["facts"].get(fact, {}).get("verdict")


def test_each_brick_shows(lab):
    """a brick taken out is named, with what that exposes and the fact, read inside, showing it"""
    lab.create("whole")
    whole = inspect(lab, "whole")
    check(whole["left_out"] == [], whole["left_out"])
    for options, fact, verdict in BRICKS:
        check(verdict_of(whole, fact) not in (verdict, None), fact, whole["facts"].get(fact))
        lab.create("without", *options)
        told = inspect(lab, "without")
        check(verdict_of(told, fact) == verdict, options, told["facts"].get(fact))
        entry = next((each for each in told["left_out"] if each["fact"] == fact), None)
        check(entry and entry["option"] == " ".join(options) and entry["exposes"] and
              entry["verdict"] == verdict, told["left_out"])
        expect(lab.isolab("rm", "-f", "without"))


def test_user_namespace_shows(lab):
    """without a user namespace root inside is who started it"""
    need_root(lab)
    lab.create("demo", "--no-ns", "user")
    told = inspect(lab, "demo")
    check(told["facts"]["uid_root_maps_to"]["value"] == "uid 0", told["facts"])
    check(verdict_of(told, "uid_root_maps_to") == "shared", told["facts"])


def test_capabilities_show(lab):
    """without the cut of capabilities root inside has all of them"""
    lab.create("demo", "--no-caps")
    count = int(inspect(lab, "demo")["facts"]["capabilities"]["value"].split()[0])
    check(count > 30, count)


def test_proc_shows(lab):
    """without an own /proc it is an empty directory"""
    done = expect(lab.isolab("run", "container", "--no-proc", "--", "ls", "/proc"))
    check(done.out == "", done)
    lab.create("demo", "--no-proc")
    told = inspect(lab, "demo")
    check(told["facts"]["pid_one"]["value"] is None, told["facts"]["pid_one"])


def test_chroot_is_no_wall(lab):
    """without pivot_root the host's tree is there: whoever may chroot climbs out into it"""
    open_to = ["--no-caps", "--no-seccomp"]
    lab.create("chroot", "--no-pivot", *open_to)
    lab.create("pivot", *open_to)
    lab.create("usual", "--no-pivot")
    told = inspect(lab, "chroot")
    check(verdict_of(told, "root_filesystem") == "own", told["facts"]["root_filesystem"])
    if lab.wrap:  # a user of the host may not try it there, so there is no identity to compare
        check(told["facts"]["root_escape"]["value"], told["facts"])
    else:
        check(verdict_of(told, "root_escape") == "shared", told["facts"]["root_escape"])
    check(verdict_of(inspect(lab, "pivot"), "root_escape") == "own")
    check(verdict_of(inspect(lab, "usual"), "root_escape") in ("hidden", "none"))
    for name in ("chroot", "usual"):
        done = expect(lab.isolab("exec", name, "--", "ls", "/"))
        check("boot" not in done.out.split(), "exec does not follow process 1 into its root", done)


def test_compare_tells(lab):
    """compare tells the same below its facts, and in its JSON"""
    lab.create("open", "--no-seccomp")
    done = expect(lab.isolab("compare", "open"))
    text = " ".join(done.out.split())
    check("left out of open --no-seccomp: every system call of the kernel is open" in text and
          "seen inside: seccomp filter: no filter (shared)" in text, done)
    told = expect(lab.isolab("compare", "open", "--json")).json()["sandboxes"][0]
    check([each["option"] for each in told["left_out"]] == ["--no-seccomp"], told["left_out"])


def test_empty_options(lab):
    """an option that means nothing without its brick is refused, with why"""
    for options, option in ((["--no-ns", "uts", "--hostname", "x"], "--hostname"),
                            (["--no-ns", "mount", "--volume", "/tmp:/mnt"], "--volume"),
                            (["--no-ns", "mount", "--tmpfs", "/x"], "--tmpfs"),
                            (["--no-ns", "mount", "--overlay"], "--overlay"),
                            (["--no-ns", "mount", "--image", "/"], "--image"),
                            (["--no-caps", "--cap-add", "NET_RAW"], "--cap-add"),
                            (["--no-caps", "--cap-drop", "KILL"], "--cap-drop")):
        done = lab.isolab("run", "container", *options, "--", "true")
        expect_refusal(done, 2, f"{option}: not with --no-")


def test_all_bricks_out(lab):
    """with every brick out that can be, alone and together, it still runs"""
    flags = ["--no-pivot", "--no-proc", "--no-masks", "--no-caps", "--no-nnp", "--no-seccomp",
             "--no-landlock", "--no-cgroup"]
    for flag in flags:
        done = expect(lab.isolab("run", "container", flag, "--", "sh", "-c", "echo $((6*7))"))
        check(done.out == "42\n", flag, done)
    spaces = [word for name in ("pid", "mount", "network", "uts", "ipc", "cgroup", "time")
              for word in ("--no-ns", name)]
    for options in (flags, spaces, flags + spaces):
        done = expect(lab.isolab("run", "container", *options, "--", "sh", "-c", "echo $((6*7))"))
        check(done.out == "42\n", options, done)


def test_explain_order(lab):
    """explain tells the calls in the order in which they were made, by step, each with why"""
    lab.create("demo")
    told = explain(lab, "demo")
    check(told["call_count"] == len(calls_of(told)) and told["lost"] == 0, told["call_count"])
    names, at = names_of(told), 0
    for name in IN_ORDER:
        check(name in names[at:], name, names)
        at = names.index(name, at) + 1
    for step in told["steps"]:
        starts = [call["start_ns"] for call in step["calls"]]
        check(starts == sorted(starts), step)
        check(step["why"] and all(call["why"] for call in step["calls"]), step)
        check(step["by"] in ("worker", "child") and step["is_done"], step)
    starts = [step["start_ns"] for step in told["steps"]]
    check(starts == sorted(starts), starts)


def test_explain_arguments(lab):
    """arguments are readable: names of flags, quoted paths, the error of a call that failed"""
    lab.create("demo", "--hostname", "web")
    calls = calls_of(explain(lab, "demo"))
    told = [f'{call["name"]}({call["arguments"]})' for call in calls]
    wanted = ['sethostname("web", 3)', 'pivot_root(".", ".")', 'umount2(".", MNT_DETACH)',
              "capset(CAP_CHOWN|CAP_KILL|CAP_NET_BIND_SERVICE)", "prctl(PR_SET_NO_NEW_PRIVS, 1)",
              'mount("proc", "proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)']
    for each in wanted:
        check(each in told, each, *told)
    clone = next(call for call in calls if call["name"] == "clone3")
    check("CLONE_NEWUSER|CLONE_NEWPID" in clone["arguments"] and clone["result"] > 1, clone)
    check(all(("error" in call) == ("result" not in call) for call in calls), calls)


def test_explain_text(lab):
    """the text says the same, and which step an option left out, where it would have been"""
    lab.create("demo", "--no-seccomp", "--no-pivot")
    done = expect(lab.isolab("explain", "demo"))
    text = " ".join(done.out.split())
    check("seccomp left out by --no-seccomp: every system call of the kernel is open" in text, done)
    check(re.search(r"pivot \(--no-pivot\) child, .*?: chroot only points elsewhere", text), done)
    check('chroot(".") = 0' in text and "pivot_root(" not in text and " seccomp(" not in text, done)
    told = explain(lab, "demo")
    check(not step_of(told, "seccomp")["is_done"], told)
    check(step_of(told, "seccomp")["left_out_by"] == "--no-seccomp", told)
    names = [step["name"] for step in told["steps"]]
    check(names.index("seccomp") > names.index("caps"), names)


def test_explain_after_the_end(lab):
    """explain works after the end, and after the next start tells of that one"""
    expect(lab.isolab("create", "container", "demo", "--", "true"))
    lab.wait_dead("demo")
    first = explain(lab, "demo")
    check("pivot_root" in names_of(first), first)
    expect(lab.isolab("start", "demo"))
    lab.wait_dead("demo")
    second = explain(lab, "demo")
    check(second["steps"][0]["start_ns"] > first["steps"][-1]["start_ns"], second)


def test_explain_a_failure(lab):
    """of a start that failed it tells the calls up to the one that did"""
    done = lab.isolab("create", "container", "demo", "--", "/no/such/program")
    check(done.status == 127, done)
    lab.wait_dead("demo")
    told = explain(lab, "demo")
    last = calls_of(told)[-1]
    check(last["name"] == "execve" and '"/no/such/program"' in last["arguments"], last)


def test_explain_process(lab):
    """a plain process is little more than fork and exec"""
    expect(lab.isolab("create", "process", "demo"))
    names = set(names_of(explain(lab, "demo")))
    check({"clone3", "execve"} <= names, names)
    check(not names & {"mount", "unshare", "pivot_root", "capset", "seccomp", "setresuid"}, names)


def test_explain_without_a_record(lab):
    """where nothing is known it says why, and what to do"""
    expect(lab.isolab("create", "container", "demo", "--no-start"))
    expect_refusal(lab.isolab("explain", "demo"), 125, "how 'demo' was built is not known")
    expect_refusal(lab.isolab("explain", "none"), 125, "no sandbox 'none'")


def test_explain_a_vm(lab):
    """of a vm it tells the boot steps, and that its monitor's calls are not written down"""
    if lab.isolab("create", "vm", "demo", "--accel", "kvm").status != 0:
        raise Skip("no vm can be made here")
    done = expect(lab.isolab("explain", "demo"))
    check("kvm_open" in done.out and "not written down" in done.out, done)
    told = explain(lab, "demo")
    check(step_of(told, "kernel_entry") and not calls_of(told), told)


def test_explain_hostile_record(lab):
    """a record that is cut, damaged or hostile is told as far as it goes, and moves no cursor"""
    expect(lab.isolab("create", "container", "demo", "--", "true"))
    lab.wait_dead("demo")
    explain(lab, "demo")
    path = os.path.join(lab.directory("demo"), "calls")
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    evil = {"step": "\x1b[2J", "by": "child", "start_ns": 1 << 62, "why": "\x9b31m\n\x07"}
    for text in (whole[:len(whole) // 2], "", "\n" * 9999, "[]\n{}\n\0\n" + whole,
                 json.dumps(evil) + "\n" + "x" * 100000 + "\n"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = expect(lab.isolab("explain", "demo"))
        check(not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.out), repr(done.out))
        expect(lab.isolab("explain", "demo", "--json")).json()
    os.unlink(path)
    os.mkfifo(path)
    expect_refusal(lab.isolab("explain", "demo"), 125, "'calls' is no list of calls")
    os.unlink(path)


def test_few_system_calls(lab):
    """a whole `isolab run container -- true` makes no more than 150 system calls"""
    if IS_SANITISED or not shutil.which("strace"):
        raise Skip("sanitisers make calls of their own" if IS_SANITISED else "no strace here")
    if lab.wrap:
        raise Skip("an ordinary user's maps are written by newuidmap, a program of its own")
    expect(lab.isolab("run", "container", "--", "true"))
    counts = []
    for _ in range(3):
        path = os.path.join(lab.scratch, "strace")
        done = subprocess.run(["strace", "-f", "-c", "-o", path, *lab.command(["run", "container",
                               "--", "true"])], env=lab.environment, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False)
        with open(path, encoding="utf-8") as file:
            summary = file.read()
        total = re.search(r"^100\.00\s+\S+\s+\S*?\s+(\d+)\s+(\d+\s+)?total$", summary, re.M)
        if done.returncode != 0 or not total:
            raise Skip("strace may not look here")
        counts.append(int(total.group(1)))
    check(min(counts) <= CALLS_MAX, counts)


def test_small_worker(lab):
    """the worker of a running container has no more than 64 KiB of its own"""
    if IS_SANITISED:
        raise Skip("sanitisers need memory of their own")
    lab.create("demo")
    with open(f"/proc/{lab.row('demo')['pid']}/smaps_rollup", encoding="ascii") as file:
        anonymous = int(re.search(r"^Anonymous:\s+(\d+)", file.read(), re.M).group(1))
    check(anonymous <= ANONYMOUS_MAX_KIB, f"{anonymous} KiB")


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")],
              make_lab)
