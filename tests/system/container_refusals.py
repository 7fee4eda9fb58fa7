#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the container's filter refuses is counted and told, and a flood of it hurts nobody else;
capabilities that are asked for, and what they open; the second lock breaks no ordinary program."""
import errno
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, ORDINARY_USER, Lab, check, expect, run_suite  # noqa: E402

FLOOD = os.path.join(BUILD, "tests", "system", "flood")
IDLE = ["--", "sh", "-c", "while :; do sleep 1; done"]


def make_lab():
    lab = Lab("container")
    if "--user" in sys.argv:
        lab.become_user()
    return lab


def run(lab, script, *options):
    return lab.isolab("run", "container", *options, "--", "sh", "-c", script)


def with_flood(lab):
    """The option by which the program that floods is inside, as /mnt/flood."""
    folder = os.path.join(lab.scratch, "tools")
    os.mkdir(folder)
    shutil.copy(FLOOD, folder)
    if lab.wrap:
        subprocess.run(["chown", "-R", f"{ORDINARY_USER}:{ORDINARY_USER}", folder], check=True)
    return ["--volume", f"{folder}:/mnt:ro"]


def denied(lab, name="demo"):
    told = expect(lab.isolab("inspect", name, "--json")).json()["denied"]
    return {sort["name"]: sort["count"] for sort in told}


def surface(lab, name="demo"):
    return expect(lab.isolab("explain", name, "--surface", "--json")).json()


def capability_sets(lab, *options, script="cat /proc/self/status"):
    told = expect(run(lab, script, *options)).out
    return {name: int(number, 16) for name, number in re.findall(r"Cap(\w+):\t(\w+)", told)}


def test_first(lab):
    """the first refused call of each sort is in the journal at once, with why"""
    lab.create("demo", *IDLE)
    lab.isolab("exec", "demo", "--", "chroot", "/tmp")
    lab.isolab("exec", "demo", "--", "unshare", "-U", "true")
    notes = [event for event in lab.events("demo") if event.get("name") == "denied"]
    check([note["detail"] for note in notes] == ["1 chroot", "1 unshare"], notes)
    check("change of root" in notes[0]["value"], notes)


def test_counts(lab):
    """inspect and explain --surface tell how often what was refused, programs of exec included"""
    lab.create("demo", *IDLE)
    for _ in range(3):
        lab.isolab("exec", "demo", "--", "chroot", "/tmp")
    sorts = {sort["name"]: sort["count"] for sort in surface(lab)["denied"]}
    check(sorts == {"chroot": 3}, sorts)
    check(denied(lab) == {"chroot": 3}, lab.events("demo"))
    text = expect(lab.isolab("inspect", "demo")).out
    check(re.search(r"refused +chroot 3", text), text)


def test_quiet(lab):
    """a foreground run says nothing of it on stderr, and the error is the usual one"""
    done = run(lab, "chroot /tmp true")
    check("isolab" not in done.err and "not permitted" in done.err, done)


def test_facts_are_not_counted(lab):
    """reading facts tries refused calls on purpose: they are not counted"""
    lab.create("demo", *IDLE)
    facts = expect(lab.isolab("inspect", "demo", "--json")).json()["facts"]
    check(facts["syscalls_allowed"]["value"].startswith("filtered, 0 of"), facts)
    check(not denied(lab) and not surface(lab)["denied"], denied(lab))


def test_flood(lab):
    """a flood of refused calls slows down who makes it: not the worker, not a neighbour"""
    lab.create("demo", *with_flood(lab), "--", "sh", "-c",
               "for i in 1 2 3; do /mnt/flood 60000 & done; wait")
    worker = lab.row("demo")["pid"]

    def worker_seconds():
        with open(f"/proc/{worker}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    begin, used = time.monotonic(), worker_seconds()
    for _ in range(3):
        before = time.monotonic()
        expect(lab.isolab("exec", "demo", "--", "true"))
        expect(lab.isolab("run", "container", "--", "true"))
        check(time.monotonic() - before < 5, "worker or neighbour are held up")
    time_used, time_passed = worker_seconds() - used, time.monotonic() - begin
    check(time_used < 0.1 + 0.6 * time_passed, time_used, time_passed)
    expect(lab.isolab("exec", "demo", "--", "touch", "/tmp/enough"))
    lab.isolab("wait", "demo")
    told = expect(lab.isolab("logs", "demo")).out
    numbers = [[int(n) for n in line.split()[1::2]] for line in told.split("\n") if line]
    total = sum(count for count, _, _ in numbers)
    check(len(numbers) == 3 and all(line[1:] == [errno.EPERM] * 2 for line in numbers), told)
    check(denied(lab)["chroot"] == total, denied(lab), told)
    notes = [event for event in lab.events("demo") if event.get("name") == "denied"]
    check(len(notes) < 12, notes)


def test_killed_worker(lab):
    """a worker that is killed in a flood leaves nobody hanging"""
    lab.create("demo", *with_flood(lab), "--no-ns", "pid", "--", "/mnt/flood", "60000")
    worker = lab.row("demo")["pid"]
    with open(f"/proc/{worker}/task/{worker}/children", encoding="ascii") as file:
        inside = os.pidfd_open(int(file.read().split()[0]))
    os.kill(worker, 9)
    import select  # pylint: disable=import-outside-toplevel
    ended = select.select([inside], [], [], 5)[0]
    os.close(inside)
    check(ended, "the program hangs in a refused call")
    expect(lab.isolab("rm", "-f", "demo"))


def test_capability_sets(lab):
    """--cap-add and --cap-drop decide over effective, permitted and bounding; the rest is empty"""
    usual, raw, clock = 0x421, 1 << 13, 1 << 25
    for options, wanted in (
            ([], usual), (["--cap-add", "NET_RAW"], usual | raw), (["--cap-drop", "ALL"], 0),
            (["--cap-drop", "CHOWN"], usual & ~1), (["--cap-drop", "all", "--cap-add", "sys_time"],
                                                    clock)):
        sets = capability_sets(lab, *options)
        # with no_new_privs the bounding set means nothing: it is cut for who asks for a set
        names = ("Eff", "Prm", "Bnd") if options else ("Eff", "Prm")
        check(all(sets[name] == wanted for name in names), options, sets)
        check(sets["Inh"] == sets["Amb"] == 0, options, sets)
    sets = capability_sets(lab, "--cap-add", "ALL", "--cap-drop", "SYS_ADMIN")
    check(bin(sets["Eff"]).count("1") >= 37 and not sets["Eff"] >> 21 & 1, sets)


def test_capability_of_a_user(lab):
    """another user than root has what --cap-add gives, and nothing else"""
    if lab.wrap:
        check(not capability_sets(lab)["Amb"])
        return
    sets = capability_sets(lab, "--user", "1000")
    check(sets["Eff"] == sets["Prm"] == sets["Inh"] == sets["Amb"] == 0, sets)
    sets = capability_sets(lab, "--user", "1000", "--cap-add", "NET_BIND_SERVICE")
    check(sets["Eff"] == sets["Amb"] == 1 << 10 and sets["Bnd"] == 0x421, sets)


def test_capabilities_of_exec(lab):
    """exec gives the same capabilities and the same filter"""
    lab.create("demo", "--cap-add", "SYS_TIME", "--cap-drop", "KILL", *IDLE)
    told = expect(lab.isolab("exec", "demo", "--", "cat", "/proc/self/status")).out
    first = expect(lab.isolab("exec", "demo", "--", "cat", "/proc/1/status")).out
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Seccomp", "NoNewPrivs"):
        mine, others = (re.search(rf"^{name}:\s*(\S+)", text, re.M)[1] for text in (told, first))
        check(mine == others, name, mine, others)


def test_capability_opens_its_calls(lab):
    """--cap-add SYS_ADMIN opens mounts, and nothing that belongs to others"""
    script = "mount -t tmpfs none /tmp && echo mounted; chroot /tmp; echo $?"
    done = expect(run(lab, script, "--cap-add", "SYS_ADMIN"))
    check("mounted\n1" in done.out and "Landlock is left out" in done.err, done)
    check("mounted" not in expect(run(lab, script)).out)
    lab.create("demo", "--cap-add", "SYS_ADMIN", *IDLE)
    told = surface(lab)
    groups = {group["name"]: group for group in told["groups"]}
    check(groups["other namespaces and mounts"]["is_open"], groups)
    check(not groups["other processes' memory"]["is_open"] and not told["landlock"], told)
    check("clone" not in [rule["call"] for rule in told["rules"]], told["rules"])


def test_filter_without_new_privileges_brick(lab):
    """without no_new_privs the filter is loaded all the same, for root and for another user"""
    for options in ([], [] if lab.wrap else ["--user", "1000"]):
        told = expect(run(lab, "cat /proc/self/status", "--no-nnp", *options)).out
        check("Seccomp:\t2" in told and "NoNewPrivs:\t0" in told, told)


def test_surface(lab):
    """explain --surface adds up: open calls by group, rules, what no filter leaves open"""
    lab.create("demo", *IDLE)
    told = surface(lab)
    open_calls = sum(group["calls"] for group in told["groups"] if group["is_open"])
    check(told["calls_open"] == open_calls < told["calls_known"], told)
    check(told["filter"] and told["counted"] and told["no_new_privs"], told)
    check(told["capabilities"] == "CHOWN KILL NET_BIND_SERVICE", told)
    check(all(group["why"] and group["names"] for group in told["groups"]), told)
    check({rule["call"] for rule in told["rules"]} ==
          {"clone", "ioctl", "personality", "prctl", "socket"}, told["rules"])
    text = expect(lab.isolab("explain", "demo", "--surface")).out
    check(re.search(rf"{open_calls} of the {told['calls_known']} that this kernel has", text), text)
    expect(lab.isolab("create", "container", "open", "--no-seccomp", *IDLE))
    told = surface(lab, "open")
    check(told["calls_open"] == told["calls_known"] and not told["filter"], told)


def test_surface_of_others(lab):
    """a plain process has no filter; of an ended sandbox nobody knows, and the error says so"""
    expect(lab.isolab("create", "process", "plain", *IDLE))
    told = surface(lab, "plain")
    check(not told["filter"] and told["calls_open"] == told["calls_known"], told)
    lab.create("demo", "--", "true")
    lab.isolab("wait", "demo")
    done = lab.isolab("explain", "demo", "--surface")
    check(done.status == 125 and "hint: " in done.err, done)


def test_landlock_breaks_nothing(lab):
    """files move and link between directories, sockets, locks, fifos, traps: as without Landlock"""
    script = """set -e; cd /tmp; mkdir a b; echo x > a/f; mv a/f b/; ln b/f a/g; mv a c; cat c/g
        mkfifo p; (echo y > p) & cat p; ln -s b d; rm -r c; echo z >> b/f; : > b/f; cat /proc/1/comm
        cat /proc/1/stat > /dev/null; ls -l /proc/1/exe > /dev/null; ls /proc/1/fd > /dev/null
        kill -0 1; echo > /dev/stdout; echo done"""
    done = expect(run(lab, script))
    check("x\ny\nsh\n" in done.out and done.out.endswith("done\n"), done)


def test_exec_looks_at_the_first_program(lab):
    """what exec starts sees the first program's namespaces and descriptors, as a teacher wants"""
    lab.create("demo", *IDLE)
    check("pid:[" in expect(lab.isolab("exec", "demo", "--", "readlink", "/proc/1/ns/pid")).out)
    check("busybox" in expect(lab.isolab("exec", "demo", "--", "readlink", "/proc/1/exe")).out)
    expect(lab.isolab("exec", "demo", "--", "ls", "/proc/1/fd"))
    expect(lab.isolab("exec", "demo", "--", "kill", "-0", "1"))


def main():
    if "--user" in sys.argv and os.geteuid() != 0:
        raise SystemExit(77)
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    run_suite(cases, make_lab, prefix="as an ordinary user: " if "--user" in sys.argv else "")


if __name__ == "__main__":
    main()
