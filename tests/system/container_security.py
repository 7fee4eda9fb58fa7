#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container's wall under attack, started by root and by an ordinary user.

Attacks that need a program of their own (attack.c) run from an image made for the purpose, beside
copies of our programs: so hostile images can be tried, too, and nothing of the build is changed.
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import (BUILD, IS_SANITISED, ORDINARY_USER, Lab, Skip, check,  # noqa: E402
                     expect, run_suite)

ATTACK = os.path.join(BUILD, "tests", "system", "attack")


def make_lab():
    """A lab as root, or, with --user, as somebody else."""
    lab = Lab("container")
    if "--user" in sys.argv:
        lab.become_user()
    return lab


def run(lab, *words, options=(), **more):
    return lab.isolab("run", "container", *options, "--", *words, **more)


def shell(lab, script, options=(), **more):
    return run(lab, "sh", "-c", script, options=options, **more)


def own_image(lab):
    """Copies of our programs with an image of their own, all of it the user's. Its path."""
    place = os.path.join(lab.scratch, "own")
    image = os.path.join(place, "images", "base")
    for folder in ("bin", "proc", "sys", "dev", "tmp", "run", "etc"):
        os.makedirs(os.path.join(image, folder))
    for program in ("isolab", "isolab-container"):
        shutil.copy(os.path.join(os.path.dirname(lab.isolab_path), program), place)
    shutil.copy(ATTACK, os.path.join(image, "bin", "attack"))
    shutil.copy(os.path.join(BUILD, "images", "base", "bin", "busybox"), os.path.join(image, "bin"))
    os.symlink("busybox", os.path.join(image, "bin", "sh"))
    if lab.wrap:
        owner = f"{ORDINARY_USER}:{ORDINARY_USER}"
        subprocess.run(["chown", "-R", owner, place], check=True)
    lab.isolab_path = os.path.join(place, "isolab")
    return image


def attack(lab, *names, options=()):
    own_image(lab)
    result = expect(run(lab, "attack", *names, options=options))
    check(result.out.count("held") == len(names), result)


def field(text, name):
    return re.search(rf"^{name}:\s*(\S+)", text, re.M).group(1)


def test_status(lab):
    """at most three capabilities, no_new_privs, a filter; no exec gives more"""
    told = expect(run(lab, "cat", "/proc/self/status")).out
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        check(bin(int(field(told, name), 16)).count("1") <= 3, name, told)
    check(field(told, "NoNewPrivs") == "1" and field(told, "Seccomp") == "2", told)


def test_powers(lab):
    """no capability comes back"""
    attack(lab, "powers")


def test_user_zero(lab):
    """root inside is never user 0 of the host"""
    maps = expect(shell(lab, "cat /proc/self/uid_map /proc/self/gid_map")).out.split("\n")
    for line in filter(None, maps):
        inside, outside, count = (int(word) for word in line.split())
        check(inside == 0 and outside > 0 and outside + count > outside, line)


def test_groups(lab):
    """no group of the host's root is carried inside"""
    told = expect(run(lab, "cat", "/proc/self/status")).out
    groups = re.search(r"^Groups:[ \t]*(.*)$", told, re.M).group(1).split()
    check(not groups, told)


def test_descriptors(lab):
    """only descriptors 0 to 2 are open, whatever the caller held"""
    own_image(lab)
    with open("/etc/passwd", encoding="utf-8") as secret:
        os.set_inheritable(secret.fileno(), True)
        command = lab.command(["run", "container", "--", "attack", "descriptors"])
        done = subprocess.run(command, env=lab.environment, pass_fds=[secret.fileno()],
                              capture_output=True, text=True, check=False)
    check(done.returncode == 0 and "held" in done.stdout, done)


def test_working_directory(lab):
    """no descriptor of the builder leads outside as a working directory (CVE-2024-21626)"""
    inside = expect(run(lab, "ls", "/")).out
    for fd in range(3, 24):
        done = run(lab, "ls", options=["--workdir", f"/proc/self/fd/{fd}"])
        check(done.status in (126, 127) and not done.out or done.out == inside, done)


def test_program_overwrite(lab):
    """the worker's program is not run inside, and not written (CVE-2019-5736)"""
    if IS_SANITISED:
        raise Skip("a sanitised program is not static: it cannot run inside")
    own_image(lab)
    program = os.path.join(os.path.dirname(lab.isolab_path), "isolab-container")
    with open(program, "rb") as file:
        before = file.read()
    words = ["/proc/self/exe", "run", "process", "--", "/bin/attack", "overwrite"]
    done = run(lab, *words, options=["--no-seccomp"])
    check(done.status == 126 or "held" in done.out, done)
    with open(program, "rb") as file:
        check(file.read() == before, "the worker's program was changed")


def test_terminal(lab):
    """nobody types into a terminal: own pty, TIOCSTI refused (CVE-2017-5226)"""
    attack(lab, "type", options=["-t"])
    mine = os.stat(os.ctermid()).st_rdev if sys.stdin.isatty() else None
    told = expect(shell(lab, "stat -c %t:%T /dev/console; tty", options=["-t"])).out
    check("/dev/pts/0" in told and (mine is None or str(mine) not in told), told)


def test_kernel_files(lab):
    """the kernel's memory, keys, timers, sysrq are covered, /proc/sys and /sys read-only"""
    attack(lab, "kernel")
    told = expect(shell(lab, "grep -E ' /(proc/sys|sys) ' /proc/mounts")).out
    check(told.count(" ro,") == 2, told)


def test_calls(lab):
    """keys, bpf, packet sockets, ptrace, the death signal are refused"""
    attack(lab, "calls")


def test_namespaces(lab):
    """no new namespace, no mount from inside"""
    attack(lab, "namespaces")


def test_root(lab):
    """the root cannot be left, changed or written"""
    attack(lab, "root")


def test_nodes(lab):
    """no disk and no memory as a device"""
    attack(lab, "nodes")


def test_without_seccomp(lab):
    """without the filter, what the other bricks hold still holds"""
    attack(lab, "descriptors", "root", "kernel", "powers", "nodes", options=["--no-seccomp"])


def test_host_is_hidden(lab):
    """no process, no interface, no file of the host, nor its name"""
    told = expect(shell(lab, "ls /proc | grep -c '^[0-9]'; ls /sys/class/net; hostname; ls /"))
    lines = told.out.split()
    check(int(lines[0]) <= 4 and lines[1] == "lo" and lines[2].startswith("container-"), told)
    check(not {"boot", "lib64", "lost+found"} & set(lines[3:]), told)


def hostile(lab, folder, target):
    """An image whose FOLDER is a symbolic link to TARGET of the host."""
    image = own_image(lab)
    os.rmdir(os.path.join(image, folder))
    os.symlink(target, os.path.join(image, folder))
    return run(lab, "sh", "-c", "echo alive")


def test_hostile_folders(lab):
    """an image whose /dev, /proc, /sys, /tmp is a link is refused, and nothing is mounted there"""
    victim = os.path.join(lab.scratch, "victim")
    os.mkdir(victim, 0o777)
    for folder in ("dev", "proc", "sys", "tmp", "run"):
        for target in (victim, "../../../victim", "/etc"):
            done = hostile(lab, folder, target)
            check(done.status == 125 and "alive" not in done.out, folder, target, done)
            check("hint: " in done.err, done)
            shutil.rmtree(os.path.join(lab.scratch, "own"))
            lab.isolab_path = os.path.join(BUILD, "isolab")
    check(not os.listdir(victim), os.listdir(victim))


def test_hostile_files(lab):
    """links in the image's own /dev are not looked at: ours lies on top"""
    image = own_image(lab)
    for name in ("null", "console", "pts", "shm", "tty"):
        os.symlink("/etc/passwd", os.path.join(image, "dev", name))
    done = expect(shell(lab, "echo x > /dev/null; [ -c /dev/null ] && echo node", options=["-t"]))
    check("node" in done.out, done)


def test_missing_folder(lab):
    """an image without /proc is refused with a hint"""
    image = own_image(lab)
    os.rmdir(os.path.join(image, "proc"))
    done = run(lab, "sh")
    check(done.status == 125 and "/proc" in done.err and "hint: " in done.err, done)


def test_set_uid(lab):
    """a program of another user with the s bit gives nothing"""
    image = own_image(lab)
    os.chmod(os.path.join(image, "bin", "busybox"), 0o4755)
    done = expect(shell(lab, "grep -E '^(Uid|CapEff)' /proc/self/status"))
    check(re.search(r"Uid:\s+0\s+0\s+0\s+0", done.out), done)


def test_missing_loader(lab):
    """a program whose loader is not in the image: the loader is named"""
    image = own_image(lab)
    shutil.copy(os.path.realpath(sys.executable), os.path.join(image, "bin", "dynamic"))
    done = run(lab, "dynamic")
    check(done.status == 126 and "loader" in done.err and "ld-linux" in done.err, done)
    with open(os.path.join(image, "bin", "script"), "w", encoding="utf-8") as script:
        script.write("#!/usr/bin/nowhere -x\n")
    os.chmod(os.path.join(image, "bin", "script"), 0o755)
    done = run(lab, "script")
    check(done.status == 126 and "'/usr/bin/nowhere'" in done.err, done)


def test_removed_bricks(lab):
    """each brick can be left out, alone, and shows"""
    for brick in ("pid", "mount", "net", "uts", "ipc", "cgroup", "time"):
        kind = {"mount": "mnt"}.get(brick, brick)
        done = expect(shell(lab, f"readlink /proc/self/ns/{kind}", options=["--no-ns", brick]))
        check(done.out.strip() == os.readlink(f"/proc/self/ns/{kind}"), brick, done)
    if lab.wrap:
        done = run(lab, "true", options=["--no-ns", "user"])
        check(done.status == 125 and "hint: only root" in done.err, done)


def test_exec_beside_a_stopper(lab):
    """who stops every new process inside does not hold up the worker"""
    lab.create("demo", "--", "sh", "-c",
               'sh -c "while :; do kill -STOP -1; done" & while :; do sleep 1; done')
    front = lab.start("exec", "demo", "--", "true")
    try:
        check(front.wait(5) in (0, 125), front.args)
    except subprocess.TimeoutExpired:
        pass  # it was hit after it had become `true`: it is the stopper's, the worker is not
    expect(lab.isolab("ps"))
    expect(lab.isolab("rm", "-f", "demo"))


def test_few_descriptors(lab):
    """out of descriptors, a worker does not map to the host's root instead"""
    # looking for leaks takes descriptors of its own
    environment = {**lab.environment, "ASAN_OPTIONS": "detect_leaks=0"}
    for limit in (9, 10, 11, 12):
        done = subprocess.run(
            ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh",
             *lab.command(["run", "container", "--", "true"])],
            env=environment, capture_output=True, text=True, check=False)
        check(done.returncode == 125 and "root of the namespace" not in done.stderr, done)


def main():
    if "--user" in sys.argv and os.geteuid() != 0:
        raise SystemExit(77)
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    if "--user" in sys.argv:
        cases.remove(test_set_uid)  # it needs a file of another user
    run_suite(cases, make_lab, prefix="as an ordinary user: " if "--user" in sys.argv else "")


if __name__ == "__main__":
    main()
