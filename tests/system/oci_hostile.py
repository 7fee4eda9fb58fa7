#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""isolab-oci and what is wrong, hostile or cut short: bundles, roots, states, kill -9, users.
"""
import copy
import json
import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from oci_lab import CONFIG, GROUP, MOUNTS, OciLab, with_cgroup  # noqa: E402
from harness import Skip, check, expect, expect_refusal, run_suite  # noqa: E402

TEXT = json.dumps(CONFIG)


def put(path, value):
    """A change that sets config[a][b]… = value."""
    def change(config):
        for key in path[:-1]:
            config = config[key]
        config[path[-1]] = value
    return change


# what is changed, and where the error says it is
WRONG = [
    (put(["ociVersion"], "invalid"), "ociVersion: 'invalid' is no version"),
    (put(["ociVersion"], "2.0.0"), "ociVersion: version '2.0.0' is unknown"),
    (put(["ociVersion"], 1), "ociVersion: it must be a string"),
    (put(["root"], {}), "root: path is missing"),
    (put(["root", "path"], "nowhere"), "root.path: open 'nowhere'"),
    (put(["root", "path"], "/"), "the host's own root"),
    (put(["root", "readonly"], "yes"), "root.readonly: it must be true or false"),
    (put(["process", "args"], []), "process: args is missing"),
    (put(["process", "args"], ["a", 1]), r"process.args\[1\]: it must be a string"),
    (put(["process", "cwd"], "tmp"), "process.cwd: 'tmp' must be an absolute path"),
    (put(["process", "env"], ["novalue"]), r"process.env\[0\]: 'novalue' is not NAME=VALUE"),
    (put(["process", "user", "uid"], -1), "process.user.uid: it must be a whole number"),
    (put(["process", "user", "uid"], 1.5), "process.user.uid: it must be a whole number"),
    (put(["process", "capabilities", "bounding"], ["CAP_TEST"]),
     r"process.capabilities.bounding\[0\]: there is no capability 'CAP_TEST'"),
    (put(["process", "rlimits"], [{"type": "RLIMIT_X", "soft": 1, "hard": 1}]),
     r"process.rlimits\[0\].type: there is no limit 'RLIMIT_X'"),
    (put(["process", "rlimits"], [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]),
     "soft is greater than hard"),
    (put(["process", "scheduler"], {"policy": "SCHED_FIFO"}), "process.scheduler: this runtime"),
    (put(["mounts"], {}), "mounts: it must be an array"),
    (put(["mounts", 0], {"destination": "/proc"}), r"mounts\[0\]: type is missing"),
    (put(["mounts", 0], {"destination": "/x", "type": "nofs"}), r"mounts\[0\].*type 'nofs'"),
    (put(["mounts", 0], {"destination": "/x", "type": "tmpfs", "options": ["size=x"]}),
     r"mounts\[0\].*option 'size=x' of tmpfs"),
    (put(["mounts", 0], {"destination": "/x", "type": "bind", "source": "/no/such"}),
     r"mounts\[0\]: bind '/no/such'"),
    (put(["mounts", 0], {"destination": "/..", "type": "tmpfs"}), "the root itself"),
    (put(["hooks"], {"prestart": [{"path": "bin/x"}]}), r"hooks.prestart\[0\].path: 'bin/x' must"),
    (put(["linux", "namespaces"], [{"type": "nothing"}]),
     r"linux.namespaces\[0\]: type: there is no namespace 'nothing'"),
    (put(["linux", "namespaces"], [{"type": "pid"}, {"type": "pid"}]), "a second namespace"),
    (put(["linux", "namespaces", 0, "path"], "/proc/self/ns/net"), "no namespace of type 'pid'"),
    (put(["linux", "namespaces", 0, "path"], "/etc/passwd"), "is no namespace"),
    (put(["linux", "namespaces"], [{"type": "mount"}]), "hostname: it would be the host's"),
    (put(["linux", "maskedPaths"], ["proc"]), r"linux.maskedPaths\[0\]: 'proc' must be"),
    (put(["linux", "sysctl"], {"kernel.panic": "1"}), "'kernel.panic' is the whole machine's"),
    (put(["linux", "sysctl"], {"net.ipv4.nothing": "1"}), "net.ipv4.nothing"),
    (put(["linux", "devices"], [{"path": "/dev/x", "type": "c"}]), "it needs major and minor"),
    (put(["linux", "uidMappings"], [{"containerID": 0, "hostID": 0, "size": 1}]),
     "without a namespace of type 'user'"),
    (put(["linux", "resources"], {"memory": {"limit": "1G"}}), "resources.memory.limit: it must"),
    (put(["linux", "resources"], {"unified": {"../x.y": "1"}}), "is no file of a cgroup"),
    (put(["linux", "resources"], {"unified": {"cgroup.procs": "1"}}), "belongs to the runtime"),
    (put(["linux", "resources"], {"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]}),
     "hugepageLimits"),
    (put(["linux", "seccomp"], {"defaultAction": "SCMP_ACT_NO"}), "no action 'SCMP_ACT_NO'"),
    (put(["linux", "intelRdt"], {"closID": "x"}), "linux.intelRdt: this runtime has nothing"),
]


def test_wrong_values(lab):
    """Each wrong value in config.json is an error that names its place, and nothing is left."""
    bundle = lab.bundle()
    for change, what in WRONG:
        config = copy.deepcopy(CONFIG)
        change(config)
        lab.write(bundle, config)
        expect_refusal(expect(lab.oci("create", "-b", bundle, "wrong"), 1, out="^$"), 1, what)
        check(not lab.left_states(), what, lab.left_states())
    check(not lab.left_over(), lab.left_over())


def test_wrong_texts(lab):
    """A config.json that is cut, deep, huge, or no JSON is one line of error; nothing is left."""
    bundle = lab.bundle()
    for text, what in [
            (TEXT[:len(TEXT) // 2], "line 1, column"),
            ("", "line 1, column"),
            ("[" * 100000, "nest deeper than 64"),
            ('{"a":' * 70 + "1" + "}" * 70, "nest deeper than 64"),
            (TEXT + " " * (10 << 20), "larger than 4 MiB"),
            ('{"ociVersion":"1.0.2",' + TEXT[1:], "duplicate"),
            (TEXT.replace("rootfs", "root\\u0000fs"), "line 1, column"),
            (TEXT.encode() + b"\0", "line 1, column"),
            (b"\xff\xfe" + TEXT.encode("utf-16-le"), "line 1, column"),
            ("null", "line 1, column"), ("7", "line 1, column"), ("[]", "it must be an object")]:
        lab.write(bundle, text)
        result = lab.oci("create", "-b", bundle, "wrong")
        expect_refusal(result, 1, what)
        check(len(result.err) < 1000, result)
        check(not lab.left_over(), what, lab.left_over())
    os.remove(bundle + "/config.json")
    expect_refusal(lab.oci("create", "-b", bundle, "wrong"), 1, "open 'config.json'")
    os.mkfifo(bundle + "/config.json")  # nobody will ever write to it
    expect(lab.oci("create", "-b", bundle, "wrong"), 1)
    expect_refusal(lab.oci("create", "-b", "/no/such", "wrong"), 1, "open the bundle '/no/such'")


def test_wrong_words(lab):
    """Commands, options and ids that do not exist are told with a hint."""
    bundle = lab.bundle()
    expect_refusal(lab.oci("crate"), 2, "unknown command 'crate'")
    expect_refusal(lab.oci("create", "--nothing", "x"), 1, "unknown option '--nothing'")
    expect_refusal(lab.oci("--systemd-cgroup", "create", "x"), 2, "does not ask systemd")
    expect(lab.oci("--log-format", "xml", "list"), 2, err="text or json")
    expect_refusal(lab.oci("create", "--no-pivot", "x"), 1, "no --no-pivot")
    for name in ("", "..", "../x", "a/b", "-x", ".x", "a b", "x" * 256, "é"):
        expect(lab.oci("create", "-b", bundle, "--", name), 1, err="cannot be the id|which")
    expect(lab.oci("create"), 1, err="which container")
    log = os.path.join(lab.scratch, "log")
    expect(lab.oci("--log", log, "--log-format", "json", "state", "nobody"), 1)
    with open(log, encoding="utf-8") as file:
        entry = json.loads(file.read())
    check(entry["level"] == "error" and "nobody" in entry["msg"], entry)


def test_hostile_root(lab):
    """Links in an image lead nowhere but into the image; /proc and /sys must be real."""
    outside = os.path.join(lab.scratch, "outside")
    os.mkdir(outside)
    bundle = lab.bundle()
    root = bundle + "/rootfs"
    for name in ("proc", "sys"):
        os.rmdir(f"{root}/{name}")
        os.symlink(outside, f"{root}/{name}")
        expect(lab.oci("create", "-b", bundle, "link"), 1, err="no symbolic link")
        os.remove(f"{root}/{name}")
        os.mkdir(f"{root}/{name}")

    def change(config):
        config["mounts"] = MOUNTS + [
            {"destination": "/link/deep", "type": "tmpfs", "source": "tmpfs"},
            {"destination": "/up/x", "type": "tmpfs", "source": "tmpfs"}]
        config["linux"]["maskedPaths"] = masked
        config["linux"]["devices"] = [{"path": "/link/null", "type": "c", "major": 1, "minor": 3}]

    open(outside + "/secret", "w", encoding="utf-8").close()
    for masked, status in ((["/link/secret"], 0), (["/magic"], 1)):
        bundle = lab.bundle("cat", "/proc/mounts", change=change)
        root = bundle + "/rootfs"
        os.symlink(outside, root + "/link")
        os.symlink("../../../../../../.." + outside, root + "/up")
        os.symlink("/proc/self/root", root + "/magic")
        expect(lab.oci("run", "-b", bundle, "link"), status,
               out="" if status else f"{outside}/deep tmpfs",
               err="maskedPaths.*'/magic'" if status else None)
    check(os.listdir(outside) == ["secret"], os.listdir(outside))
    check(os.path.isdir(root + outside + "/deep"), "not made inside the image")


def test_hostile_dev(lab):
    """An image's own /dev/null, ptmx or stdin is replaced, never followed or trusted."""
    victim = os.path.join(lab.scratch, "victim")
    with open(victim, "w", encoding="utf-8") as file:
        file.write("kept")

    def change(config):
        config["mounts"] = [MOUNTS[0]]
        config["linux"]["maskedPaths"] = ["/secret"]

    bundle = lab.bundle("sh", "-c", "echo x > /dev/null; ls -l /dev/null /dev/zero; wc -c /secret",
                        change=change)
    root = bundle + "/rootfs"
    for name in ("null", "zero", "ptmx", "stdin"):
        os.symlink(victim, f"{root}/dev/{name}")
    with open(root + "/secret", "w", encoding="utf-8") as file:
        file.write("secret")
    expect(lab.oci("run", "-b", bundle, "dev"), out="(?s)1, +3 .*1, +5 .*0 /secret")
    with open(victim, encoding="utf-8") as file:
        check(file.read() == "kept", "the host's file was written")


def test_own_program(lab):
    """The first process, still our program, cannot be overwritten through /proc/PID/exe."""
    bundle = lab.bundle()
    expect(lab.oci("create", "-b", bundle, "exe"))
    pid = lab.state("exe")["pid"]
    # "text file busy" would last only as long as the process
    check(os.statvfs(f"/proc/{pid}/exe").f_flag & os.ST_RDONLY, "its mount can be written to")
    try:
        os.close(os.open(f"/proc/{pid}/exe", os.O_WRONLY))
        check(False, "could be opened for writing")
    except OSError:
        pass


def test_killed_create(lab):
    """create killed in the middle leaves no process, and delete clears the rest."""
    def change(config):
        config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": [
            "sh", "-c", "echo > " + lab.scratch + "/reached; read x < " + lab.scratch + "/fifo"]}]}
        with_cgroup(config, GROUP, pids={"limit": 50})

    os.mkfifo(lab.scratch + "/fifo")
    os.mkfifo(lab.scratch + "/reached")
    bundle = lab.bundle("sleep", "60", change=change)
    program = subprocess.Popen(lab.words("create", "-b", bundle, "killed"), env=lab.environment,
                               stderr=subprocess.DEVNULL)
    with open(lab.scratch + "/reached", encoding="utf-8") as reached:
        reached.read()  # who leaves before the hook has written lets it die of SIGPIPE
    check(lab.state("killed")["status"] == "creating")
    program.kill()
    program.communicate()
    fifo = os.open(lab.scratch + "/fifo", os.O_RDWR)  # which waits for nobody
    os.write(fifo, b"\n")  # the hook may end, if it lives
    lab.reap()
    os.close(fifo)
    check(lab.state("killed")["status"] == "stopped")
    expect(lab.oci("start", "killed"), 1, err="it is stopped")
    expect(lab.oci("delete", "killed"))
    check(not lab.left_over(), lab.left_over())


def start_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return int(file.read().rpartition(")")[2].split()[19])


def test_pid_reuse(lab):
    """A pid that was given to another process is not taken for the container's."""
    bundle = lab.bundle("sleep", "60")
    expect(lab.oci("run", "-d", "-b", bundle, "reuse"))
    path = os.path.join(lab.states, "reuse", "state.json")
    with open(path, encoding="utf-8") as file:
        state = json.load(file)
    while True:  # the kernel tells a start in hundredths of a second: not in the same one
        other = subprocess.Popen(["sleep", "60"])
        if start_ticks(other.pid) != state["startTicks"]:
            break
        other.kill()
        other.wait()
    changed = dict(state, pid=other.pid)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(changed, file)
    check(lab.state("reuse")["status"] == "stopped")
    expect(lab.oci("kill", "reuse", "KILL"), 1, err="it is stopped")
    check(other.poll() is None, "somebody else's process was killed")
    other.kill()
    other.wait()
    with open(path, "w", encoding="utf-8") as file:
        json.dump(state, file)


def test_gate(lab):
    """Who comes to the gate and leaves again has started nothing."""
    bundle = lab.bundle("touch", "/tmp/ran")
    expect(lab.oci("create", "-b", bundle, "gate"))
    for word in (None, b"no", b"go"):  # "go" without a page for errors is none
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as gate:
            gate.connect(os.path.join(lab.states, "gate", "gate"))
            if word:
                gate.send(word)
    check(lab.state("gate")["status"] == "created", lab.state("gate"))
    expect(lab.oci("start", "gate"))
    lab.wait_stopped("gate")
    check(os.path.exists(bundle + "/rootfs/tmp/ran"), "the program did not run")


def test_writable_states(lab):
    """A directory of states that others may write to is refused."""
    os.mkdir(lab.states, 0o777)
    os.chmod(lab.states, 0o777)
    expect_refusal(lab.oci("create", "-b", lab.bundle(), "x"), 1, "can be written by others")


def test_user_namespace(lab):
    """A root that belongs to nobody inside is mapped: its files are root's there, and stay so."""
    def change(config):
        config["linux"]["namespaces"].append({"type": "user"})
        for key in ("uidMappings", "gidMappings"):
            config["linux"][key] = [{"containerID": 0, "hostID": 200000, "size": 1000}]

    bundle = lab.bundle("sh", "-c", "id -u; cat /proc/self/uid_map; ls -ldn /etc; touch /tmp/new; "
                                    "echo x > /dev/null && echo null", change=change)
    result = lab.oci("run", "-b", bundle, "user")
    if "has no idmapped mounts" in result.err:
        raise Skip("the file system of " + lab.scratch + " has no idmapped mounts")
    expect(result, out=r"(?s)^0\n +0 +200000 +1000\n.* 0 +0 .*/etc\nnull\n")
    check(os.stat(bundle + "/rootfs/tmp/new").st_uid == 0, "the file belongs to somebody else")


def test_ordinary_user(lab):
    """An ordinary user runs the bundle that `spec --rootless` describes, and is told what lacks."""
    lab.become_user()
    bundle = lab.bundle()
    os.remove(bundle + "/config.json")
    expect(lab.oci("spec", "--rootless", "-b", bundle))
    expect_refusal(lab.oci("spec", "-b", bundle), 1, "config.json")
    with open(bundle + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    config["process"].update(terminal=False, args=["sh", "-c", "id -u; hostname; echo > /dev/null; "
                                                   "cat /proc/self/setgroups; ls /dev"])
    config["linux"]["resources"] = {"memory": {"limit": 1 << 26}}
    lab.write(bundle, config)
    result = lab.oci("run", "-b", bundle, "rootless")
    if result.status and "forbids user namespaces" in result.err:
        raise Skip("ordinary users may make no user namespaces here")
    expect(result, out="^0\nisolab\ndeny\n")
    del config["linux"]["resources"]
    config["linux"]["namespaces"] = [{"type": "pid"}, {"type": "uts"}]
    for key in ("uidMappings", "gidMappings"):
        del config["linux"][key]
    lab.write(bundle, config)
    expect_refusal(lab.oci("run", "-b", bundle, "plain"), 1, "new namespaces")


CASES = [test_wrong_values, test_wrong_texts, test_wrong_words, test_hostile_root,
         test_hostile_dev, test_own_program, test_killed_create, test_pid_reuse, test_gate,
         test_writable_states, test_user_namespace, test_ordinary_user]

if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root", file=sys.stderr)
        sys.exit(77)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    run_suite(CASES, OciLab)
