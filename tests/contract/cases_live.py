# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox that runs: create, start, ps, inspect, console, exec, facts."""
import os

from harness import PATIENCE, check, expect, expect_refusal
from kind import KIND, WORK, only


def test_create_runs(lab):
    """create makes and starts; ps shows it running, with its worker's pid"""
    lab.create("demo")
    row = lab.row("demo")
    check(row and row["kind"] == KIND and row["state"] == "running" and row["pid"] > 1, row)
    os.kill(row["pid"], 0)


def test_create_only(lab):
    """create --no-start only makes; start starts; start again says so and is no error"""
    lab.create("demo", "--no-start")
    check(lab.row("demo")["state"] == "created", lab.row("demo"))
    expect(lab.isolab("start", "demo"))
    check(lab.row("demo")["state"] == "running", lab.row("demo"))
    result = expect(lab.isolab("start", "demo"))
    check("already running" in result.out + result.err, result)


def test_start_again(lab):
    """what has stopped can be started again, and has a new boot in its timeline"""
    lab.create("demo", "--", WORK, "exit", "4")
    lab.wait_dead("demo")
    check(lab.row("demo")["state"] == "stopped", lab.row("demo"))
    expect(lab.isolab("start", "demo"))
    lab.wait_dead("demo")
    requests = [event for event in lab.events("demo") if event.get("name") == "request"]
    check(len(requests) == 2, requests)


def test_name_clash(lab):
    """a name that is taken is refused with a hint, and the first one lives on"""
    lab.create("demo")
    expect_refusal(lab.isolab("create", KIND, "demo"), 125, "demo.*already|already.*demo|exists")
    expect_refusal(lab.isolab("run", KIND, "--name", "demo", "--", "true"), 125, "demo")
    check(lab.row("demo")["state"] == "running", lab.row("demo"))


def test_bad_specs(lab):
    """a bad option or value is a usage error: 2, one line, one hint, nothing made"""
    for words in (["--memory", "0"], ["--memory", "lots"], ["--memory", "100T"], ["--pids", "0"],
                  ["--nmae", "x"], ["--env", "=x"], ["--network", "moon"], ["--cpus", "x"],
                  ["--volume", "a:b"], ["--hostname", "a b"]):
        expect_refusal(lab.isolab("create", KIND, "demo", *words), 2, ".")
        expect_refusal(lab.isolab("run", KIND, *words, "--", "true"), 2, ".")
    for name in ("a/b", "..", "-x", "", "x" * 64):
        expect_refusal(lab.isolab("create", KIND, name), 2, ".")
    made = os.listdir(lab.directory()) if os.path.exists(lab.directory()) else []
    check(made == [], made)


def test_ps_shape(lab):
    """ps --json is a document with the keys that scripts rely on"""
    check(expect(lab.isolab("ps", "--json")).json() == [], "nothing is running yet")
    lab.create("demo")
    row = lab.row("demo")
    check({"name", "kind", "state", "pid"} <= set(row), row)
    expect(lab.isolab("ps"), out="demo")


def test_inspect(lab):
    """inspect --json tells kind, state and the command"""
    lab.create("demo", "--", WORK, "idle")
    told = expect(lab.isolab("inspect", "demo", "--json")).json()
    check(told["name"] == "demo" and told["kind"] == KIND, told)
    check("idle" in str(told), told)


def test_inspect_devicetree(lab):
    """inspect --devicetree tells the machine of a VM; a wall without a machine says so"""
    lab.create("demo")
    result = lab.isolab("inspect", "demo", "--devicetree")
    if KIND == "vm":
        expect(result, out="^/dts-v1/;")
    else:
        expect_refusal(result, 125, "has nothing to tell about 'devicetree'")


def test_no_such_sandbox(lab):
    """every verb refuses a name that is not there, naming the nearest"""
    lab.create("demo", "--no-start")
    for verb in ("start", "stop", "kill", "wait", "logs", "inspect", "rm", "pause", "timeline",
                 "attach"):
        result = lab.isolab(verb, "dmeo")
        expect_refusal(result, 125, "dmeo")
        check("demo" in result.err, result)
    expect_refusal(lab.isolab("exec", "dmeo", "--", "true"), 125, "dmeo")


def test_console_both_ways(lab):
    """attach passes the console both ways; the detach keys leave it running"""
    lab.create("demo")
    terminal = lab.terminal("attach", "demo")
    terminal.send("echo over\r")
    terminal.until(r"\nover\r\n")
    terminal.send("\x10\x11")
    check(terminal.end() == 0, terminal.seen)
    check(lab.row("demo")["state"] == "running", lab.row("demo"))


def test_attach_to_the_end(lab):
    """attach stays to the end of the command and exits with its status"""
    lab.create("demo")
    terminal = lab.terminal("attach", "demo")
    terminal.send("echo ready\r")
    terminal.until(r"\nready\r\n")
    terminal.send("exit 6\r")
    check(terminal.end() == 6, terminal.seen)


def test_two_attached(lab):
    """two who are attached both see the console"""
    lab.create("demo")
    first, second = lab.terminal("attach", "demo"), lab.terminal("attach", "demo")
    second.until("work> ")
    first.send("echo both\r")
    first.until(r"\nboth\r\n")
    second.until(r"\nboth\r\n")


def test_exec(lab):
    """exec runs a program inside, with its output and status"""
    lab.create("demo")
    result = expect(lab.isolab("exec", "demo", "--", WORK, "echo", "inside"))
    check(result.out == "inside\n", result)
    expect(lab.isolab("exec", "demo", "--", WORK, "exit", "9"), 9)
    expect_refusal(lab.isolab("exec", "demo", "--", "/bin/nowhere"), 127, "nowhere")
    check(lab.row("demo")["state"] == "running", lab.row("demo"))


def test_exec_on_a_terminal(lab):
    """exec -it gives a terminal of its own; without -t the user's own one never gets inside"""
    lab.create("demo")
    terminal = lab.terminal("exec", "-it", "demo", "--", WORK)
    terminal.until("work> ")  # it only prompts on a terminal
    terminal.send("exit 3\r")
    check(terminal.end() == 3, terminal.seen)
    terminal = lab.terminal("exec", "-i", "demo", "--", WORK)
    terminal.send("echo piped\r")
    terminal.until(r"\npiped\r\n")
    terminal.send("exit 4\r")
    check(terminal.end() == 4 and "work> " not in str(terminal.seen), terminal.seen)
    expect_refusal(lab.isolab("exec", "-it", "demo", "--", WORK), 125, "stdin is no terminal")


def test_exec_many(lab):
    """several execs run at the same time and do not mix their outputs"""
    lab.create("demo")
    programs = [lab.start("exec", "demo", "--", WORK, "echo", f"number{n}") for n in range(3)]
    for number, program in enumerate(programs):
        out, err = program.communicate(timeout=PATIENCE)
        check(program.returncode == 0 and out == f"number{number}\n", out, err)


def test_exec_ends_with_its_front(lab):
    """an exec whose front is killed ends; the sandbox lives on"""
    lab.create("demo")
    program = lab.start("exec", "demo", "--", WORK, "tick", "1000")
    program.stdout.read(1)
    program.kill()
    program.wait()
    expect(lab.isolab("exec", "demo", "--", "true"))
    check(lab.row("demo")["state"] == "running", lab.row("demo"))


def test_exec_environment(lab):
    """exec --env K=V reaches the program, K alone has the value that it has here"""
    lab.create("demo")
    lab.environment["LEARNER"] = "ann"
    told = expect(lab.isolab("exec", "-e", "A=1", "--env", "LEARNER", "demo", "--", WORK, "env"))
    check("A=1" in told.out and "LEARNER=ann" in told.out, told)
    expect_refusal(lab.isolab("exec", "--env", "=1", "demo", "--", WORK, "env"), 2, "name")


def test_exec_streams(lab):
    """exec passes files on whole, and refuses a directory as its input"""
    lab.create("demo")
    path = os.path.join(lab.scratch, "words")
    with open(path, "w", encoding="ascii") as file:
        file.write("echo one\necho two\n")
    with open(path, encoding="ascii") as read, open(path + ".out", "wb") as write:
        done = lab.isolab("exec", "-i", "demo", "--", WORK, stdin=read, stdout=write)
    with open(path + ".out", encoding="ascii") as told:
        check(told.read() == "one\ntwo\n", done)
    directory = os.open("/", os.O_RDONLY)
    expect_refusal(lab.isolab("exec", "-i", "demo", "--", WORK, stdin=directory), 125, "directory")
    os.close(directory)


@only("tiny")
def test_exec_without_users(lab):
    """who asks for a user where there are none is refused, not root"""
    lab.create("demo")
    expect_refusal(lab.isolab("exec", "--user", "1000", "demo", "--", WORK, "env"), 125, "user")


def test_exec_not_running(lab):
    """exec into a stopped sandbox is refused with a hint"""
    lab.create("demo", "--", "true")
    lab.wait_dead("demo")
    expect_refusal(lab.isolab("exec", "demo", "--", "true"), 125, "demo")


def test_facts(lab):
    """compare reads at least 15 facts inside, each with a verdict"""
    lab.create("demo")
    told = expect(lab.isolab("compare", "demo", "--json")).json()
    facts = told["sandboxes"][0]["facts"]
    read = [name for name, fact in facts.items()
            if fact["verdict"] in ("own", "shared", "hidden", "none")]
    check(len(read) >= 15, f"{len(read)} facts", facts)
    check(len(told["host"]["facts"]) >= 15, told["host"])
