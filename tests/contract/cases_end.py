# SPDX-License-Identifier: GPL-3.0-or-later
"""How it ends, and that the journal tells all of it afterwards."""
import os
import signal
import subprocess

from harness import PATIENCE, Skip, check, expect, expect_refusal
from kind import HAS_SHELL, KIND, WORK, only


def test_wait(lab):
    """wait waits for the end and tells the status"""
    lab.create("demo")
    waiting = lab.start("wait", "demo")
    terminal = lab.terminal("attach", "demo")
    terminal.send("exit 5\r")
    out, err = waiting.communicate(timeout=PATIENCE)
    check(waiting.returncode == 5 or out.strip() == "5", waiting.returncode, out, err)
    result = lab.isolab("wait", "demo")
    check(result.status == 5 or result.out.strip() == "5", "waiting afterwards", result)


def test_stop(lab):
    """stop ends it, twice is no error, and the state is stopped"""
    lab.create("demo", "--", WORK, "idle")
    expect(lab.isolab("stop", "--time", "2", "demo"))
    lab.wait_dead("demo")
    check(lab.row("demo")["state"] == "stopped", lab.row("demo"))
    result = expect(lab.isolab("stop", "demo"))
    check("not running" in result.out + result.err, result)


def test_stop_signal(lab):
    """stop --signal sends another one; the exit tells which"""
    lab.create("demo", "--", WORK, "idle")
    expect(lab.isolab("stop", "--signal", "KILL", "--time", "1", "demo"))
    lab.wait_dead("demo")
    result = lab.isolab("wait", "demo")
    check("137" in result.out or result.status == 137, result)


def test_stop_timeout(lab):
    """stop kills what does not want to end when its time is over"""
    lab.create("demo", "--", "sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"
               ) if HAS_SHELL else lab.create("demo", "--", WORK, "spin")
    if HAS_SHELL:
        follow_logs(lab, "demo", "deaf")
    expect(lab.isolab("stop", "--time", "1", "demo"))
    lab.wait_dead("demo")
    check(lab.row("demo")["state"] == "stopped", lab.row("demo"))
    told = expect(lab.isolab("timeline", "demo", "--json")).json()
    steps = {step["name"]: step["duration_ns"] for step in told["sandboxes"][0]["end"]["steps"]}
    check(list(steps)[:2] == ["stop_signal", "stop_wait"], steps)
    if HAS_SHELL:  # the others' program is not deaf
        check("stop_kill" in steps and 9e8 < steps["stop_wait"] < 9e9, steps)


def follow_logs(lab, name, text):
    """Waits until the console has printed the text (attach shows what was kept)."""
    terminal = lab.terminal("attach", name)
    terminal.until(text)
    terminal.send("\x10\x11")
    check(terminal.end() == 0, terminal.seen)


def test_kill(lab):
    """kill ends it at once, by SIGKILL"""
    lab.create("demo", "--", WORK, "spin")
    expect(lab.isolab("kill", "demo"))
    lab.wait_dead("demo")
    exits = [event for event in lab.events("demo") if event["kind"] == "exit"]
    check(exits and exits[-1]["value"] in ("9", "137"), exits)
    result = expect(lab.isolab("kill", "demo"))
    check("not running" in result.out + result.err, result)


def test_worker_killed(lab):
    """a worker killed by -9 takes all inside along; ps says failed, rm removes"""
    lab.create("demo", "--", WORK, "tick", "1000")
    os.kill(lab.row("demo")["pid"], signal.SIGKILL)
    lab.wait_dead("demo")
    check(lab.row("demo")["state"] == "failed", lab.row("demo"))
    expect(lab.isolab("logs", "demo"))
    expect(lab.isolab("rm", "demo"))


@only("process", "container", "vm")
def test_front_killed(lab):
    """a front killed by -9 takes what it leased along, and leaves no directory"""
    front = lab.start("shell", "--plain", stdin=subprocess.PIPE)
    front.stdin.write(" ".join(["create", KIND, "demo", *lab.options]) + "\n")
    front.stdin.flush()
    while lab.row("demo") is None or lab.row("demo")["state"] != "running":
        check(front.poll() is None, "the shell has ended")
    front.kill()
    front.wait()
    if os.path.isdir(lab.directory("demo")):
        lab.wait_dead("demo")
    check(lab.row("demo") is None, lab.row("demo"))


def test_detached_survives(lab):
    """what the command line created outlives it"""
    lab.create("demo")
    expect(lab.isolab("exec", "demo", "--", "true"))


def test_remove(lab):
    """rm refuses what runs, rm -f removes it, rm --all all that is stopped"""
    lab.create("one")
    lab.create("two", "--", "true")
    lab.wait_dead("two")
    expect_refusal(lab.isolab("rm", "one"), 125, "one.*running|running")
    expect(lab.isolab("rm", "-f", "one"))
    check(lab.row("one") is None and lab.row("two") is not None, "only one should be gone")
    expect(lab.isolab("rm", "--all"))
    check(os.listdir(lab.directory()) == [], os.listdir(lab.directory()))


def test_create_rm(lab):
    """create --rm removes itself at the end of its command"""
    lab.create("demo", "--rm", "--", WORK, "sleep", "50ms")
    if os.path.isdir(lab.directory("demo")):
        lab.wait_dead("demo")
    check(lab.row("demo") is None, lab.row("demo"))


def test_pause(lab):
    """pause holds everything inside, unpause lets it go on"""
    lab.create("demo")
    expect(lab.isolab("pause", "demo"))
    check(lab.row("demo")["state"] == "paused", lab.row("demo"))
    expect(lab.isolab("unpause", "demo"))
    check(lab.row("demo")["state"] == "running", lab.row("demo"))
    expect(lab.isolab("exec", "demo", "--", "true"))


def test_paused_can_end(lab):
    """what is paused can be stopped and killed"""
    for name, verb in (("one", ["stop", "--time", "1"]), ("two", ["kill"])):
        lab.create(name, "--", WORK, "idle")
        expect(lab.isolab("pause", name))
        expect(lab.isolab(*verb, name))
        lab.wait_dead(name)


def test_fault(lab):
    """a program that touches memory that is not there ends by SIGSEGV, and only that"""
    lab.create("demo", "--", WORK, "idle")
    expect(lab.isolab("exec", "demo", "--", WORK, "fault"), 139)
    expect(lab.isolab("exec", "demo", "--", "true"))
    expect(lab.isolab("run", KIND, "--", WORK, "fault"), 139)


def test_read_after_end(lab):
    """logs, timeline, events, inspect, ps and wait work after the end"""
    lab.create("demo", "--", WORK, "echo", "last", "words")
    lab.wait_dead("demo")
    expect(lab.isolab("logs", "demo"), out="last words")
    steps = expect(lab.isolab("timeline", "demo", "--json")).json()
    check("request" in str(steps) and "ready" in str(steps), steps)
    expect(lab.isolab("timeline", "demo"), out="request")
    expect(lab.isolab("inspect", "demo"))
    check(lab.row("demo")["state"] == "stopped", lab.row("demo"))


def test_journal_lines(lab):
    """every line of the journal has stamp, name and kind; the boot's steps are in order"""
    lab.create("demo", "--", WORK, "echo", "x")
    lab.wait_dead("demo")
    events = lab.events("demo")
    check(all(event["t_ns"] > 0 and event["sandbox"] == "demo" and event["kind"]
              for event in events), events)
    stamps = {event["name"]: event["t_ns"] for event in events if event["kind"] == "step"}
    ready = next(event["t_ns"] for event in events if event["kind"] == "ready")
    check(stamps["request"] <= stamps["worker"] <= stamps["exec"] <= ready, stamps, ready)
    check("first_output" in stamps, stamps)
    states = [event["name"] for event in events if event["kind"] == "state"]
    check(states[-1] == "stopped" and "running" in states, states)


def test_stats(lab):
    """stats --json shows memory and processor time, taken from outside"""
    lab.create("demo", "--", WORK, "spin")
    told = str(expect(lab.isolab("stats", "demo", "--json")).json())
    check("memory_bytes" in told and "cpu_ns" in told, told)


def test_update(lab):
    """update changes limits while it runs and says so in the journal, or says why not"""
    lab.create("demo", "--", WORK, "idle")
    result = lab.isolab("update", "demo", "--pids", "50")
    check(lab.row("demo")["state"] == "running", result)
    if result.status != 0:
        expect_refusal(result, 125, "while it runs|no limit on processes")
    else:
        check(any(event.get("name") == "update" for event in lab.events("demo")), "no event")
    lab.isolab("kill", "demo")
    lab.wait_dead("demo")
    expect(lab.isolab("update", "demo", "--pids", "51"))
    with open(os.path.join(lab.directory("demo"), "spec"), "rb") as spec:
        check(b"--pids\x0051\x00" in spec.read(), "not saved")


def test_events(lab):
    """events --json prints one JSON object for each line of the journal"""
    lab.create("demo", "--", "true")
    lab.wait_dead("demo")
    following = lab.start("events", "--json")
    line = following.stdout.readline()
    following.terminate()
    check(line.startswith("{") and '"demo"' in line, line)


@only("container", "tiny")
def test_group(lab):
    """create both makes a group, and a verb on its name acts on all of it"""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise Skip("this user may not use /dev/kvm")
    expect(lab.isolab("create", "both", "demo"))
    check(lab.row("demo-container")["state"] == lab.row("demo-vm")["state"] == "running",
          lab.row("demo-vm"))
    expect(lab.isolab("stop", "--time", "1", "demo"))
    expect(lab.isolab("rm", "demo"))
    check(lab.row("demo-vm") is None, lab.row("demo-vm"))
