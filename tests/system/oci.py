#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""isolab-oci as an engine uses it: the life of containers, hooks, terminals, signals, limits."""
import json
import os
import select
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from oci_lab import GROUP, OciLab, with_cgroup  # noqa: E402
from harness import Skip, check, expect, expect_refusal, run_suite  # noqa: E402


def test_life(lab):
    """A container is created, started, stopped and deleted, and state says which."""
    bundle = lab.bundle("sh", "-c", "echo ran > /tmp/ran; exec sleep 60")
    ran = os.path.join(bundle, "rootfs/tmp/ran")
    expect(lab.oci("create", "-b", bundle, "--pid-file", bundle + "/pid", "life"))
    state = lab.state("life")
    check(state["status"] == "created" and state["bundle"] == bundle, state)
    with open(bundle + "/pid", encoding="ascii") as file:
        check(int(file.read()) == state["pid"], "pid file and state differ")
    check(not os.path.exists(ran), "the program ran before start")
    expect_refusal(lab.oci("delete", "life"), 1, "it is created")
    expect(lab.oci("start", "life"))
    check(lab.state("life")["status"] == "running")
    expect_refusal(lab.oci("start", "life"), 1, "it is running")
    expect_refusal(lab.oci("create", "-b", bundle, "life"), 1, "exists already")
    expect(lab.oci("kill", "life", "KILL"))
    lab.wait_stopped("life")
    state = lab.state("life")
    check(state["status"] == "stopped" and "pid" not in state, state)
    expect(lab.oci("kill", "life", "KILL"), 1, err="it is stopped")
    expect(lab.oci("delete", "life"))
    expect_refusal(lab.oci("state", "life"), 1, "no container 'life'")
    check(not lab.left_over(), lab.left_over())


def test_hooks(lab):
    """Hooks run in the order of the specification, with the state on their standard input."""
    log = os.path.join(lab.scratch, "hooks")

    def change(config):
        # startContainer's path is the container's, all others the runtime's
        script = "read -r s; echo \"%s $s\" >> " + log
        config["hooks"] = {kind: [{"path": "/bin/sh", "args": ["sh", "-c", script % f"{kind}{i}"]}
                                  for i in (1, 2)]
                           for kind in ("prestart", "createRuntime", "createContainer",
                                        "poststart", "poststop")}
        config["hooks"]["startContainer"] = [{"path": "/bin/sh", "args": [
            "sh", "-c", "read -r s; echo \"startContainer1 $s\" > /tmp/hook"]}]
        config["annotations"] = {"org.x": "y"}

    bundle = lab.bundle("sh", "-c", "cat /tmp/hook", change=change)
    expect(lab.oci("create", "-b", bundle, "hooks"))
    started = expect(lab.oci("start", "hooks"))
    check(not started.err, started)
    lab.wait_stopped("hooks")
    expect(lab.oci("delete", "hooks"))
    with open(log, encoding="utf-8") as file:
        told = [line.split(" ", 1) for line in file.read().splitlines()]
    names = [name for name, _ in told]
    check(names == [f"{kind}{i}" for kind in ("createRuntime", "createContainer", "prestart",
                                              "poststart", "poststop") for i in (1, 2)], names)
    statuses = [json.loads(state)["status"] for _, state in told[::2]]
    check(statuses == ["creating", "creating", "created", "running", "stopped"], statuses)
    state = json.loads(told[0][1])
    check(state["id"] == "hooks" and state["pid"] > 0 and state["bundle"] == bundle and
          state["annotations"] == {"org.x": "y"}, state)


def test_hook_failures(lab):
    """A hook that fails or hangs ends creation or start, leaves nothing; poststart only warns."""
    def hook(kind, *command, **more):
        def change(config):
            config["hooks"] = {kind: [{"path": command[0], "args": list(command), **more}]}
        return lab.bundle("sleep", "60", change=change)

    expect(lab.oci("create", "-b", hook("createRuntime", "/bin/false"), "h"), 1,
           err=r"hook createRuntime\[0\]: '/bin/false' ended with status 1")
    expect(lab.oci("create", "-b", hook("createContainer", "/no/such"), "h"), 1,
           err=r"hook createContainer\[0\]: '/no/such' cannot be run")
    expect(lab.oci("create", "-b", hook("createRuntime", "/bin/sleep", "60", timeout=1), "h"), 1,
           err="did not end in 1 s")
    check(not lab.left_over(), lab.left_over())
    expect(lab.oci("create", "-b", hook("prestart", "/bin/false"), "h"))
    expect(lab.oci("start", "h"), 1, err=r"hook prestart\[0\]")
    expect(lab.oci("state", "h"), 1)
    check(not lab.left_over(), lab.left_over())
    expect(lab.oci("create", "-b", hook("poststart", "/bin/false"), "h"))
    expect(lab.oci("start", "h"), err="warning: hook poststart")
    check(lab.state("h")["status"] == "running")


def test_console_socket(lab):
    """create sends the terminal to --console-socket; it is the container's controlling one."""
    def change(config):
        config["process"].update(terminal=True, consoleSize={"height": 11, "width": 77})

    bundle = lab.bundle("sh", "-c", "stty size; ls -l /dev/console; read x; echo got $x",
                        change=change)
    path = os.path.join(lab.scratch, "console")
    expect_refusal(lab.oci("create", "-b", bundle, "tty"), 1, "no --console-socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        expect(lab.oci("create", "-b", bundle, "--console-socket", path, "tty"))
        connection, _ = listener.accept()
    _, fds, _, _ = socket.recv_fds(connection, 100, 1)
    connection.close()
    expect(lab.oci("start", "tty"))
    seen = b""
    os.write(fds[0], b"hello\n")
    while b"got hello" not in seen:
        check(select.select([fds[0]], [], [], 10)[0], seen)
        seen += os.read(fds[0], 4096)
    check(b"11 77" in seen and b"/dev/console" in seen and seen.count(b"c") > 1, seen)
    os.close(fds[0])


def test_terminal(lab):
    """run relays a terminal of its own: input, output, Ctrl-C and the exit status."""
    def change(config):
        config["process"]["terminal"] = True

    bundle = lab.bundle("sh", "-c", "trap 'exit 9' INT; echo ready; read x; echo got $x; "
                                    "while :; do sleep 60; done", change=change)
    terminal = lab.on_terminal("run", "-b", bundle, "term")
    terminal.until("ready")
    terminal.send("abc\n")
    terminal.until("got abc")
    check(terminal.interrupt() == 9, terminal.seen)


def test_exit_status(lab):
    """run ends as its program does: with its status, or 128 and the signal."""
    expect(lab.oci("run", "-b", lab.bundle("sh", "-c", "exit 7"), "a"), 7)
    expect(lab.oci("run", "-b", lab.bundle("sh", "-c", "kill -9 $$; sleep 1"), "b"))
    bundle = lab.bundle("sleep", "60")
    expect(lab.oci("run", "-d", "-b", bundle, "c"))
    expect(lab.oci("exec", "c", "sh", "-c", "kill -9 $$"), 137)
    expect_refusal(lab.oci("run", "-b", lab.bundle("/no/such"), "d"), 1, "/no/such")
    check(lab.left_over() == ["state c"], lab.left_over())


def test_two(lab):
    """Two containers know nothing of each other; list shows both."""
    for name in ("one", "two"):
        bundle = lab.bundle("sleep", "60", change=lambda c, n=name: c.update(hostname=n))
        expect(lab.oci("run", "-d", "-b", bundle, name))
    expect(lab.oci("list"), out="(?s)one .*running.*two .*running|two.*one")
    check(sorted(expect(lab.oci("list", "-q")).out.split()) == ["one", "two"])
    check({c["status"] for c in expect(lab.oci("list", "-f", "json")).json()} == {"running"})
    expect(lab.oci("exec", "one", "hostname"), out="^one$")
    expect(lab.oci("exec", "two", "sh", "-c", "ls /proc | grep -c '^[0-9]'"), out="^[34]$")
    expect(lab.oci("delete", "--force", "one"))
    check(lab.state("two")["status"] == "running")


def test_kill(lab):
    """kill takes names and numbers, and the program gets just that signal."""
    bundle = lab.bundle("sh", "-c", "trap 'echo usr1 > /tmp/s' USR1; trap 'exit 0' TERM; "
                                    "echo up > /tmp/up; while :; do sleep 0.1; done")
    expect(lab.oci("run", "-d", "-b", bundle, "k"))
    expect_refusal(lab.oci("kill", "k", "NOSUCH"), 1, "no signal 'NOSUCH'")
    expect_refusal(lab.oci("kill", "k", "0"), 1, "no signal '0'")
    pid = lab.state("k")["pid"]
    # handlers are in place once SigCgt says so
    while not int(open(f"/proc/{pid}/status").read().split("SigCgt:")[1].split()[0], 16) & (
            1 << (signal.SIGTERM - 1)):
        select.select([], [], [], 0.01)
    for word in ("SIGUSR1", "usr1", str(int(signal.SIGUSR1))):
        expect(lab.oci("kill", "k", word))
    expect(lab.oci("kill", "k"))
    lab.wait_stopped("k")
    check(os.path.exists(os.path.join(bundle, "rootfs/tmp/s")), "USR1 was not heard")
    check(lab.state("k")["status"] == "stopped")


def test_kill_all(lab):
    """kill --all without a cgroup reaches everybody in the container, and nobody else."""
    bundle = lab.bundle("sh", "-c", "trap : USR1; sh /bin/ears a & sh /bin/ears b & wait; wait")
    with open(bundle + "/rootfs/bin/ears", "w", encoding="ascii") as file:
        file.write("trap 'echo $1 >> /tmp/heard; exit 0' USR1\n: > /tmp/up$1\n"
                   "while :; do sleep 0.1; done\n")
    expect(lab.oci("run", "-d", "-b", bundle, "all"))
    up = [f"{bundle}/rootfs/tmp/up{name}" for name in "ab"]
    while not all(map(os.path.exists, up)):
        select.select([], [], [], 0.01)
    with subprocess.Popen(["sleep", "60"]) as other:
        expect(lab.oci("kill", "--all", "all", "USR1"))
        check(other.poll() is None, "somebody else's process was killed")
        other.kill()
    lab.wait_stopped("all")
    with open(bundle + "/rootfs/tmp/heard", encoding="utf-8") as file:
        check(sorted(file.read().split()) == ["a", "b"], "not everybody was reached")


def test_exec(lab):
    """exec joins the container: names, processes, root, user, directory, environment, rights."""
    bundle = lab.bundle("sleep", "60")
    expect(lab.oci("run", "-d", "-b", bundle, "e"))
    expect(lab.oci("exec", "-e", "A=b", "-e", "TERM=dumb", "--cwd", "/etc", "e", "sh", "-c",
                   "hostname; pwd; echo $A $TERM; readlink /proc/1/exe; exit 3"), 3,
           out="^inside\n/etc\nb dumb\n/bin/busybox\n")
    expect(lab.oci("exec", "-u", "5:6", "e", "id"), out="uid=5 gid=6")
    status = expect(lab.oci("exec", "e", "cat", "/proc/self/status")).out
    check("NoNewPrivs:\t1" in status and "CapEff:\t0000000000000421" in status, status)
    for user in ("root", "0x0", "-1", "1:", ":1", "4294967295", "1:2:3", ""):
        expect(lab.oci("exec", "-u", user, "e", "id"), 1, err="is not UID or UID:GID")
    process = {"args": ["id", "-u"], "cwd": "/", "user": {"uid": 9, "gid": 9}, "env": ["PATH=/bin"]}
    path = os.path.join(lab.scratch, "process.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(process, file)
    os.chmod(path, 0o644)
    expect(lab.oci("exec", "-p", path, "e"), out="^9$")
    expect(lab.oci("exec", "e", "/no/such"), 1, err="/no/such")
    terminal = lab.on_terminal("exec", "-t", "e", "sh", "-c", "stty size; exit 4")
    terminal.until("24 80")
    check(terminal.end() == 4)
    expect(lab.oci("exec", "-d", "--pid-file", bundle + "/xpid", "e", "sleep", "50"))
    check(os.path.exists(bundle + "/xpid"))
    expect(lab.oci("exec", "nobody", "id"), 1, err="no container")


def test_limits(lab):
    """Limits hold in cgroups below our own, and are gone with the container."""
    def change(config):
        with_cgroup(config, f"/{GROUP}/a", memory={"limit": 64 << 20}, pids={"limit": 5})

    many = "sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 60 & done'; exec sleep 60"
    bundle = lab.bundle("sh", "-c", many, change=change)
    made = lab.oci("create", "-b", bundle, "limits")
    if made.status and "cgroup" in made.err:
        raise Skip("no cgroup with memory and pids can be made here: " + made.err.strip())
    expect(made)
    groups = [path for path in lab.cgroups() if os.path.exists(path + "/a/pids.max")]
    check(groups, "no cgroup was made")
    with open(groups[0] + "/a/pids.max", encoding="ascii") as file:
        check(file.read().strip() == "5")
    expect(lab.oci("start", "limits"))
    with open(groups[0] + "/a/cgroup.procs", encoding="ascii") as file:
        check(1 <= len(file.read().split()) <= 5, "more processes than the limit")
    expect(lab.oci("delete", "--force", "limits"))
    check(not lab.left_over(), lab.left_over())
    bundle = lab.bundle(change=lambda c: with_cgroup(c, f"/../{GROUP}", pids={"limit": 5}))
    expect(lab.oci("create", "-b", bundle, "up"), 1, err="cgroupsPath.*is no path of a cgroup")


def test_devices(lab):
    """Devices that the list does not allow cannot be opened, though their nodes are there."""
    def change(config):
        config["linux"]["devices"] = [
            {"path": f"/dev/{name}", "type": "c", "major": 1, "minor": minor, "fileMode": 0o666}
            for name, minor in (("log", 11), ("none", 5))]
        for names in config["process"]["capabilities"].values():
            names.append("CAP_SYSLOG")  # /dev/kmsg asks for it, too
        if rules:
            with_cgroup(config, GROUP, devices=rules)

    for rules, seen in (([], "log\nnone\n"),
                        ([{"allow": False, "access": "rwm"}], "none\n"),
                        ([{"allow": False, "access": "rwm"},
                          {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}],
                         "log\nnone\n"),
                        ([{"allow": False, "type": "c", "major": 1, "minor": 11, "access": "r"}],
                         "none\n")):
        bundle = lab.bundle("sh", "-c", "cd /dev; for d in log none; do "
                                        "head -c 1 $d > null && echo $d; done", change=change)
        result = lab.oci("run", "-b", bundle, "devices")
        check(result.out == seen, rules, result)


def test_seccomp(lab):
    """A profile in config.json is compiled and loaded; without privileges last of all."""
    def change(config):
        config["linux"]["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{"names": ["mkdir", "mkdirat", "no_such_call"],
                          "action": "SCMP_ACT_ERRNO", "errnoRet": 99},
                         {"names": ["kill"], "action": "SCMP_ACT_ERRNO",
                          "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}]}
        config["process"]["noNewPrivileges"] = new_privileges

    for new_privileges in (True, False):
        bundle = lab.bundle("sh", "-c", "grep Seccomp: /proc/self/status; mkdir /tmp/x; "
                                        "kill -USR1 $$ || echo kept; kill -WINCH $$ && echo sent",
                            change=change)
        expect(lab.oci("run", "-b", bundle, "filter"), out="Seccomp:\\s2\nkept\nsent",
               err="Cannot assign requested address")


def test_descriptors(lab):
    """Inside are descriptors 0 to 2 and those of --preserve-fds, no others."""
    with open("/proc/version", "rb") as three, open("/proc/version", "rb") as four:
        os.dup2(three.fileno(), 10)
        os.dup2(four.fileno(), 11)
        fds = {"pass_fds": (10, 11)}
        listing = lab.oci("run", "-b", lab.bundle("ls", "/proc/self/fd"), "fds", **fds)
        check(expect(listing).out.split() == ["0", "1", "2", "3"], listing)  # 3 is ls's own
        refused = lab.oci("run", "--preserve-fds", "2", "-b", lab.bundle(), "fds", **fds)
        expect(refused, 1, err="descriptor 3 is not open")
    os.close(10)
    os.close(11)


CASES = [test_life, test_hooks, test_hook_failures, test_console_socket, test_terminal,
         test_exit_status, test_two, test_kill, test_kill_all, test_exec, test_limits,
         test_devices, test_seccomp, test_descriptors]

if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root", file=sys.stderr)
        sys.exit(77)
    run_suite(CASES, OciLab)
