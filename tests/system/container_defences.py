#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each defence of the container, and the attack that succeeds once it is taken out.

A defence that works cannot be seen working. So every line of the table below is tried twice: with
the whole wall, where the attack must fail, and without what the line names, where it must succeed.
What has an option (--no-…) is taken out by that; the rest by the hooks of a build for tests
(engine/base/hooks.h, meson -Dhooks=true): elsewhere those lines only see the wall hold.

Where two defences hold alone, the other one is out in both tries (`given`), and has its own line.
"""
import contextlib
import ctypes
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import (BUILD, IS_SANITISED, ORDINARY_USER, Lab, Skip, check,  # noqa: E402
                     expect, run_suite)

ATTACK = os.path.join(BUILD, "tests", "system", "attack")
AS_USER = "--user" in sys.argv
NO_LANDLOCK = ["--no-landlock"]
OPEN_MOUNTS = ["--no-seccomp", "--no-caps"]


def has_hooks():
    """Whether the build under test can take defences out by name."""
    options = os.path.join(BUILD, "meson-info", "intro-buildoptions.json")
    if not os.path.exists(options):
        return False
    with open(options, encoding="utf-8") as file:
        return '"name": "hooks", "value": true' in file.read()


def landlock_version():
    version = ctypes.CDLL(None).syscall(444, None, 0, 1)
    return max(version, 0)


class Defence:
    """One line: what it is, the attack on it, what takes it out, what else must be out of the way.

    `hooks` and `without` are the two ways to take it out. `env` is for the attack inside.
    `users`: by whom it is tried; `needs` raises Skip where the machine cannot show it."""

    def __init__(self, claim, attack, *, hooks=(), without=(), given=(), given_hooks=(),
                 users="both", needs=None, options=()):
        self.claim, self.attack, self.hooks, self.without = claim, attack, hooks, list(without)
        self.given, self.given_hooks, self.users = list(given), given_hooks, users
        self.needs, self.options = needs, list(options)


def need_type():
    """TIOCSTI is off on most kernels since 6.2, whoever asks."""
    with contextlib.suppress(OSError):
        with open("/proc/sys/dev/tty/legacy_tiocsti", encoding="ascii") as setting:
            if setting.read().strip() == "0":
                raise Skip("this kernel refuses TIOCSTI to everybody (dev.tty.legacy_tiocsti 0)")


def need_scopes():
    if landlock_version() < 6:
        raise Skip("Landlock has no scopes before Linux 6.12")


def need_landlock():
    if landlock_version() < 2:
        raise Skip("this kernel has no Landlock with the right to move files (5.19)")


def need_i386():
    done = subprocess.run([ATTACK, "i386"], capture_output=True, text=True, check=False)
    if "held" in done.stdout:
        raise Skip("this kernel has no calls for 32-bit programs")


def need_x32():
    done = subprocess.run([ATTACK, "x32"], capture_output=True, text=True, check=False)
    if "held" in done.stdout:
        raise Skip("this kernel has no x32")


def need_cgroup_v1():
    if not os.path.exists("/sys/fs/cgroup/pids/release_agent"):
        raise Skip("this machine has no cgroup v1 tree with pids")


def on_calls(attack, claim, needs=None, options=()):
    return Defence(claim, attack, without=["--no-seccomp"], needs=needs, options=options)


DEFENCES = [
    # ---- the filter of system calls
    on_calls("keyctl", "the filter keeps keyrings away"),
    on_calls("bpf", "the filter keeps programs for the kernel away"),
    on_calls("io_uring", "the filter keeps io_uring away"),
    on_calls("userfaultfd", "the filter keeps userfaultfd away"),
    on_calls("packet", "the filter knows the families of sockets"),
    on_calls("death-signal", "the filter keeps the death signal from being cancelled"),
    on_calls("ptrace", "the filter keeps debugging away"),
    on_calls("random", "the filter keeps addresses unguessable"),
    on_calls("user-namespace", "the filter keeps new user namespaces away"),
    on_calls("i386", "the filter knows no calls of the i386", needs=need_i386),
    on_calls("x32", "the filter knows no calls of the x32", needs=need_x32),
    on_calls("type", "the filter keeps TIOCSTI away, however its number is written "
             "(CVE-2017-5226)", needs=need_type, options=["-t"]),
    Defence("the filter keeps the root from being changed", "chroot", without=["--no-seccomp"],
            given=["--no-caps"]),
    Defence("the filter keeps mounts away", "mount", without=["--no-seccomp"],
            given=["--no-caps", "--no-landlock"]),
    # ---- capabilities
    Defence("mounts need a capability that is not there", "mount", without=["--no-caps"],
            given=["--no-seccomp", "--no-landlock"]),
    Defence("three capabilities at most", "effective", without=["--no-caps"]),
    Defence("no capability is regained", "regain", without=["--no-caps"]),
    Defence("the bounding set is cut where it means something", "bounding",
            hooks=["bounding-set"], options=["--no-nnp"]),
    Defence("nothing is inheritable (CVE-2022-27650)", "inheritable", hooks=["inheritable-empty"]),
    Defence("no_new_privs is set", "new-privileges", without=["--no-nnp"]),
    # ---- Landlock, the second lock
    Defence("Landlock keeps mounts away, too", "mount", without=NO_LANDLOCK, given=OPEN_MOUNTS,
            needs=need_landlock),
    Defence("Landlock keeps abstract sockets of the host away (CVE-2020-15257)",
            "abstract-socket", without=NO_LANDLOCK, options=["--network", "host"],
            needs=need_scopes),
    Defence("Landlock keeps signals inside, where there is no pid namespace", "signal",
            without=NO_LANDLOCK, options=["--no-ns", "pid"], users="user", needs=need_scopes),
    # ---- what the host must not lend
    Defence("groups of who started it stay outside", "groups", hooks=["groups"], users="root"),
    Defence("keys of who started it stay outside", "keyring", hooks=["keyring"],
            given=["--no-seccomp"]),
    Defence("descriptors of who started it are swept, twice", "descriptors",
            hooks=["worker-sweep", "descriptor-sweep"]),
    Defence("settings of the kernel are covered", "sysctl", without=["--no-masks"],
            given=["--cap-add", "NET_ADMIN"]),
    # ---- root outside
    Defence("the host's release_agent needs a user of the host (CVE-2022-0492)", "release-agent",
            without=["--no-ns", "user"], given=[*OPEN_MOUNTS, "--no-landlock"], users="root",
            needs=need_cgroup_v1),
    Defence("the host's release_agent needs a capability (CVE-2022-0492)", "release-agent",
            without=["--no-caps"], given=["--no-ns", "user", "--no-seccomp", "--no-landlock"],
            users="root", needs=need_cgroup_v1),
    Defence("a disk's node needs a user of the host", "device", without=["--no-ns", "user"],
            given=["--no-caps", "--no-landlock"], users="root"),
    Defence("Landlock keeps devices from being made, too", "device", without=NO_LANDLOCK,
            given=["--no-caps", "--no-ns", "user"], users="root", needs=need_landlock),
]

# What cannot be taken out, or not be seen, and why.
NOT_SHOWN = {
    "names of sandboxes": "checked where they are typed, before anything is made: "
                          "tests/unit/test_str.c, tests/system/mistakes.py",
    "setgroups denied before gid_map": "the kernel itself refuses the map without it",
    "writing to the worker's program": "the kernel refuses it (ETXTBSY) as long as the worker "
                                       "runs, which outlives all inside",
    "nosuid on the image": "no_new_privs does the same; either holds alone",
    "/proc/keys covered": "keys of users without a name inside are not shown there anyway",
    "own session and pty": "nothing of the user's terminal is inside that could be attacked: "
                           "container_security.py, test_terminal",
}


def make_lab():
    lab = Lab("container")
    if AS_USER:
        lab.become_user()
    return lab


def own_image(lab):
    """An image of the user's own with the program that attacks."""
    place = os.path.join(lab.scratch, "own")
    image = os.path.join(place, "images", "base")
    for folder in ("bin", "proc", "sys", "dev", "tmp", "run", "etc"):
        os.makedirs(os.path.join(image, folder))
    for program in ("isolab", "isolab-container", "isolab-cli"):
        shutil.copy(os.path.join(os.path.dirname(lab.isolab_path), program), place)
    shutil.copy(ATTACK, os.path.join(image, "bin", "attack"))
    shutil.copy(os.path.join(BUILD, "images", "base", "bin", "busybox"), os.path.join(image, "bin"))
    os.symlink("busybox", os.path.join(image, "bin", "sh"))
    if lab.wrap:
        owner = f"{ORDINARY_USER}:{ORDINARY_USER}"
        subprocess.run(["chown", "-R", owner, place], check=True)
    lab.isolab_path = os.path.join(place, "isolab")
    return image


def join_session_keyring():
    """A keyring of this process and its children, with the key that an attack looks for."""
    libc = ctypes.CDLL(None)
    join, add, session = 250, 248, -3
    if libc.syscall(join, 1, None) < 0:
        raise Skip("this kernel has no keyrings, or a filter around us keeps them away")
    secret = b"isolab-test-secret"
    key = libc.syscall(add, b"user", secret, b"x", 1, session)
    check(key > 0, "a key cannot be made")
    # whoever possesses the keyring may see it, whatever the user
    libc.syscall(join, 5, key, ctypes.c_uint(0x3f3f3f3f))


class World:
    """What lies outside and must not be reached: a socket, a process, a key, a descriptor."""

    def __init__(self, lab):
        self.lab = lab
        self.socket = socket.socket(socket.AF_UNIX)
        self.name = f"isolab-test-{os.getpid()}"
        self.socket.bind("\0" + self.name)
        self.socket.listen()
        self.victim = subprocess.Popen([*lab.wrap, "sleep", "600"])
        self.leak = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        os.set_inheritable(self.leak.fileno(), True)

    def attack(self, defence, options, hooks):
        """Runs the attack inside. True: it succeeded."""
        words = ["run", *defence.options, *options, "--env", f"ATTACK_SOCKET={self.name}",
                 "--env", f"ATTACK_PID={self.victim.pid}", "container", "--", "attack",
                 defence.attack]
        wrap = self.lab.wrap or ["setpriv", "--groups", "4321"]
        done = subprocess.run([*wrap, self.lab.isolab_path, *words],
                              env={**self.lab.environment, "ISOLAB_TEST_WITHOUT": ",".join(hooks)},
                              pass_fds=[self.leak.fileno()], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        told = f"{' '.join(words)} without {hooks}: {done.returncode}\n{done.stdout}{done.stderr}"
        check(f"{defence.attack}: " in done.stdout, told)
        return "BROKEN" in done.stdout, told

    def close(self):
        self.victim.kill()
        self.victim.wait()
        self.socket.close()
        self.leak.close()


def make_case(defence):
    def case(lab):
        if defence.needs:
            defence.needs()
        own_image(lab)
        world = World(lab)
        try:
            broken, told = world.attack(defence, defence.given, defence.given_hooks)
            check(not broken, "with the whole wall", told)
            if defence.hooks and not has_hooks():
                return
            broken, told = world.attack(defence, defence.given + defence.without,
                                        [*defence.given_hooks, *defence.hooks])
            check(broken, "the attack fails although the defence is out: what shows that it "
                          "defends?", told)
        finally:
            world.close()
    out = ", ".join([*defence.without, *defence.hooks])
    case.__doc__ = f"{defence.claim}; without it ({out}) the attack succeeds"
    case.__name__ = f"test_{defence.attack.replace('-', '_')}"
    return case


# ---- defences whose attack is more than a command inside


def need_hooks():
    if not has_hooks():
        raise Skip("only a build with -Dhooks=true can take this defence out")


def run_without(lab, hooks, *words):
    environment = {**lab.environment, "ISOLAB_TEST_WITHOUT": ",".join(hooks)}
    return lab.isolab(*words, env=environment)


def leads_outside(lab, hooks):
    """Whether a descriptor of the builder leads outside as a working directory."""
    inside = expect(lab.isolab("run", "container", "--", "ls", "/")).out
    for fd in range(3, 24):
        # root outside could enter its own directory only as root inside
        given = [] if AS_USER else ["--no-ns", "user"]
        done = run_without(lab, hooks, "run", *given, "--workdir", f"/proc/self/fd/{fd}",
                           "container", "--", "ls")
        if done.status == 0 and done.out != inside:
            return True
    return False


def test_working_directory(lab):
    """no descriptor of the builder leads outside (CVE-2024-21626); without the sweep one does"""
    check(not leads_outside(lab, []))
    need_hooks()
    check(leads_outside(lab, ["descriptor-sweep", "workdir"]))


def worker_of(lab, name):
    return lab.row(name)["pid"]


def outlives_worker(lab, hooks):
    """Whether the program goes on when its worker is killed."""
    expect(run_without(lab, hooks, "create", "container", "demo", "--", "sh", "-c",
                       "while :; do sleep 1; done"))
    worker = worker_of(lab, "demo")
    with open(f"/proc/{worker}/task/{worker}/children", encoding="ascii") as file:
        inside = os.pidfd_open(int(file.read().split()[0]))
    os.kill(worker, 9)
    with contextlib.closing(os.fdopen(inside)):
        import select  # pylint: disable=import-outside-toplevel
        lives = not select.select([inside], [], [], 1)[0]
        if lives:
            import signal  # pylint: disable=import-outside-toplevel
            signal.pidfd_send_signal(inside, signal.SIGKILL)
    expect(lab.isolab("rm", "-f", "demo"))
    return lives


def test_death(lab):
    """the program dies with its worker; without the death signal it goes on"""
    check(not outlives_worker(lab, []))
    need_hooks()
    check(outlives_worker(lab, ["death-signal"]))


def mode_after_attack(lab, hooks, *options):
    """The mode of the worker's program after somebody inside has tried to change it."""
    program = os.path.join(os.path.dirname(lab.isolab_path), "isolab-container")
    os.chmod(program, 0o755)
    done = run_without(lab, hooks, "run", "--no-seccomp", *options, "container", "--",
                       "/proc/self/exe", "run", "process", "--", "/bin/attack", "chmod-builder")
    return stat.S_IMODE(os.stat(program).st_mode), done


def test_own_program(lab):
    """nobody inside runs and changes the worker's program (CVE-2019-5736): two locks, each alone"""
    if IS_SANITISED:
        raise Skip("a sanitised program is not static: it cannot run inside")
    own_image(lab)
    mode, done = mode_after_attack(lab, [], "--no-landlock")
    check(mode == 0o755 and (done.status == 126) == AS_USER, done)
    if landlock_version() >= 2:
        mode, done = mode_after_attack(lab, ["own-program"])
        check(mode == 0o755 and done.status == 126, done)
    need_hooks()
    # root inside is not the owner of root's program: then the user namespace holds, too
    mode, done = mode_after_attack(lab, ["own-program"], "--no-landlock")
    check(mode == (0o777 if AS_USER else 0o755), oct(mode), done)


def test_script_of_own_program(lab):
    """nor as the interpreter of a script that exec is led to"""
    if IS_SANITISED:
        raise Skip("a sanitised program is not static: it cannot run inside")
    image = own_image(lab)
    path = os.path.join(image, "bin", "trap")
    with open(path, "w", encoding="ascii") as script:
        script.write("#!/proc/self/exe run process -- /bin/attack\n")
    os.chmod(path, 0o755)
    lab.create("demo", "--", "sh", "-c", "while :; do sleep 1; done")
    done = lab.isolab("exec", "demo", "--", "trap")
    refused = done.status == 126 and "isolab's own program" in done.err
    check(refused == AS_USER, done)  # of root's program nobody inside is the owner


def is_builder_seen(lab, hooks, seconds):
    """Whether somebody inside gets hold of a process that is about to become a program."""
    environment = {**lab.environment, "ISOLAB_TEST_WITHOUT": ",".join(hooks)}
    expect(lab.isolab("create", "container", "demo", "--no-landlock", "--", "attack",
                      "look-at-builder", env=environment))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and lab.row("demo")["state"] == "running":
        lab.isolab("exec", "demo", "--", "sh", "-c", ":")
    lab.isolab("exec", "demo", "--", "sh", "-c", "echo > /tmp/enough")
    lab.isolab("wait", "demo")
    told = lab.isolab("logs", "demo").out
    expect(lab.isolab("rm", "-f", "demo"))
    return "BROKEN" in told


def test_messenger(lab):
    """nobody inside looks at a process that exec is making; without undumpable it can be seen"""
    own_image(lab)
    check(not is_builder_seen(lab, [], 2))
    need_hooks()
    # the change from the host's root to another user makes it undumpable anyway
    check(is_builder_seen(lab, ["undumpable"], 10 if AS_USER else 2) == AS_USER)


SPECIAL = [test_working_directory, test_death, test_own_program, test_script_of_own_program,
           test_messenger]


def main():
    if AS_USER and os.geteuid() != 0:
        raise SystemExit(77)
    join_session_keyring()
    for defence, why in NOT_SHOWN.items():
        print(f"# not shown: {defence}: {why}")
    mine = "user" if AS_USER else "root"
    cases = [make_case(defence) for defence in DEFENCES if defence.users in ("both", mine)]
    run_suite(cases + SPECIAL, make_lab, prefix="as an ordinary user: " if AS_USER else "")


if __name__ == "__main__":
    main()
