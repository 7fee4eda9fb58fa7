#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unusual machines get a report, not a stack of errors. Each is made really: by mounts in a private
mount namespace, by limits of a fresh user namespace, by another uid, by another terminal.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Lab, Skip, check, expect, expect_refusal, run_suite  # noqa: E402

IN_MOUNTS = ["unshare", "--mount", "--propagation", "private", "sh", "-ec"]
NEW_DEV = """
	mkdir /tmp/isolab-dev.$$; dev=/tmp/isolab-dev.$$; mount -t tmpfs none $dev
	for name in null zero full random urandom tty kvm; do
		[ ! -e /dev/$name ] || { touch $dev/$name; mount --bind /dev/$name $dev/$name; }
	done
	mkdir $dev/pts $dev/shm; mount --bind /dev/pts $dev/pts; mount -t tmpfs none $dev/shm
	ln -s /proc/self/fd $dev/fd; ln -s pts/ptmx $dev/ptmx
"""
USE_DEV = "mount --move $dev /dev; rmdir $dev; "
GO = 'exec "$@"'


def wrapped(lab, *words):
    """Changes the world that the lab's programs see from now on."""
    if os.geteuid() != 0:
        raise Skip("only root can make this machine")
    lab.wrap = list(words)
    tried = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise Skip(f"this machine cannot be made here: {tried.stderr.strip()}")


def in_mounts(lab, script):
    wrapped(lab, *IN_MOUNTS, script + "\n" + GO, "sh")


def checks_of(lab):
    """doctor's checks by name; every one that is not ok says cause and fix."""
    document = expect(lab.isolab("doctor", "--json"), ).json()
    checks = {entry["name"]: entry for entry in document["checks"]}
    for entry in checks.values():
        check(entry["status"] in ("ok", "degraded", "missing"), entry)
        helps = entry["fix"] or entry["degrades"]  # not everything can be mended
        check(entry["status"] == "ok" or (entry["cause"] and helps), entry)
    return checks


def check_without_vm(lab, cause):
    """A machine without KVM: a clear end for a VM, the others work, compare and doctor say so."""
    expect_refusal(lab.isolab("run", "vm", "--accel", "kvm", "--", "true"), 125, cause)
    expect_refusal(lab.isolab("create", "vm", "demo", "--accel", "kvm"), 125, cause)
    expect(lab.isolab("run", "container", "--", "true"))
    kvm = [entry for name, entry in checks_of(lab).items() if "kvm" in name]
    check(kvm and any(entry["status"] == "missing" for entry in kvm), kvm)
    told = expect(lab.isolab("compare", "--json")).json()
    check({"process", "container"} <= {box["kind"] for box in told["sandboxes"]}, told["skipped"])


def test_no_kvm(lab):
    """no /dev/kvm: a VM ends with cause and hint, the other kinds work, doctor explains"""
    in_mounts(lab, NEW_DEV + "umount $dev/kvm 2>/dev/null || :; rm -f $dev/kvm\n" + USE_DEV)
    check_without_vm(lab, "/dev/kvm.*no such file")
    hint = lab.isolab("run", "vm", "--accel", "kvm", "--", "true").err.splitlines()[1]
    check(re.search("modprobe|--device /dev/kvm", hint), hint)
    check(checks_of(lab)["kvm_device"]["fix"] in hint, hint)


def test_kvm_is_something_else(lab):
    """a /dev/kvm that is no KVM is told as such"""
    in_mounts(lab, NEW_DEV + "umount $dev/kvm 2>/dev/null || :; mount --bind /dev/null $dev/kvm\n" +
              USE_DEV if os.path.exists("/dev/kvm") else "false")
    check_without_vm(lab, "kvm")


def test_kvm_forbidden(lab):
    """a forbidden /dev/kvm: permission denied, and how to get it"""
    if not os.path.exists("/dev/kvm"):
        raise Skip("there is no /dev/kvm to forbid")
    if os.stat("/dev/kvm").st_mode & 0o006:
        raise Skip("everybody may use /dev/kvm here")
    as_ordinary_user(lab)
    result = lab.isolab("run", "vm", "--accel", "kvm", "--", "true")
    expect_refusal(result, 125, "/dev/kvm.*permission denied")
    check("group" in result.err or "kvm" in result.err.splitlines()[1], result)


def test_kvm_is_roots_alone(lab):
    """a /dev/kvm of mode 0600 of group root: joining a group is not the cure, and nobody says so"""
    if not os.path.exists("/dev/kvm"):
        raise Skip("there is no /dev/kvm to forbid")
    in_mounts(lab, NEW_DEV + "umount $dev/kvm; chmod 600 $dev/kvm; chmod 755 $dev\n" + USE_DEV)
    mounts = lab.wrap
    lab.become_user()
    lab.wrap = mounts + lab.wrap
    cure = "chmod 660 /dev/kvm"
    result = lab.isolab("run", "vm", "--accel", "kvm", "--", "true")
    expect_refusal(result, 125, "/dev/kvm.*permission denied")
    check(cure in result.err, result)
    fixes = [entry["fix"] for name, entry in checks_of(lab).items() if "kvm" in name]
    check(any(cure in fix for fix in fixes), fixes)


def as_ordinary_user(lab):
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    lab.become_user()


def test_ordinary_user(lab):
    """an ordinary user has process and container without any right of root"""
    as_ordinary_user(lab)
    expect(lab.isolab("run", "process", "--", "true"))
    told = lab.isolab("run", "container", "--", "isolab-work", "echo", "mine")
    if "user namespace" in told.err:
        raise Skip("user namespaces are not for ordinary users here: " + told.err)
    expect(told, 0, out="mine")
    expect(lab.isolab("doctor"))
    limits = checks_of(lab)["limits"]
    check("isolab doctor" not in limits["found"], "doctor points at itself", limits)
    is_delegated = (os.path.exists("/run/systemd/system") and
                    os.path.exists("/sys/fs/cgroup/cgroup.controllers"))
    check(is_delegated or "systemd-run" not in limits["fix"], "this cannot help here", limits)


def test_no_user_namespaces(lab):
    """no user namespaces: a container ends with cause and hint, a process works"""
    helper = os.path.join(os.path.dirname(os.path.abspath(__file__)), "no_user_namespaces.py")
    wrapped(lab, "/usr/bin/python3", helper)
    expect_refusal(lab.isolab("run", "container", "--", "true"), 125, "user namespace")
    expect(lab.isolab("run", "process", "--", "true"))
    checks = [entry for name, entry in checks_of(lab).items() if "user" in name]
    check(checks and any(entry["status"] != "ok" for entry in checks), checks)


def test_root_of_one(lab):
    """root of a user namespace that maps one id, as in a rootless container: a container works"""
    wrapped(lab, "unshare", "--user", "--map-root-user")
    expect(lab.isolab("run", "process", "--", "true"))
    expect(lab.isolab("run", "container", "--", "isolab-work", "echo", "mine"), 0, out="mine")


def test_read_only_cgroups(lab):
    """read-only cgroups: a container runs, a limit that cannot be had is told honestly"""
    in_mounts(lab, """
	while read -r _ path type _; do
		case $type in cgroup*) mount -o remount,bind,ro "$path" ;; esac
	done </proc/mounts""")
    expect(lab.isolab("run", "container", "--", "true"))
    told = lab.isolab("run", "container", "--memory", "64M", "--", "true")
    check(told.status in (0, 125) and "memory" in told.err, told)
    checks_of(lab)


def test_full_disk(lab):
    """a full disk: a clear refusal, or a sandbox that runs; never a half one"""
    in_mounts(lab, f"""
	mount -t tmpfs -o size=8k,mode=700 none {lab.scratch}
	head -c 8192 /dev/zero >{lab.scratch}/full 2>/dev/null || :""")
    for kind in ("process", "container"):
        result = lab.isolab("create", kind, "demo")
        check(result.status in (0, 125), result)
        if result.status:
            expect_refusal(result, 125, "space|full")
        check(lab.isolab("ps").status in (0, 125))


def test_no_home(lab):
    """no HOME: everything works, the prompt too"""
    del lab.environment["HOME"]
    expect(lab.isolab("run", "process", "--", "true"))
    expect(lab.isolab("shell", "--plain", input="ps\n"))
    lab.environment["HOME"] = "/nonexistent"
    expect(lab.isolab("shell", "--plain", input="ps\n"))


def test_no_runtime_directory(lab):
    """no XDG_RUNTIME_DIR: the fallback in /tmp, owned by the user, mode 0700"""
    in_mounts(lab, "mount -t tmpfs -o mode=1777 none /tmp")
    if lab.isolab_path.startswith("/tmp/"):
        raise Skip("the build is in /tmp")
    del lab.environment["XDG_RUNTIME_DIR"]
    expect(lab.isolab("run", "process", "--", "sh", "-c", "stat -c %a /tmp/isolab-*"), 0, out="700")


def test_dumb_terminal(lab):
    """TERM=dumb: isolab says that there is no screen and offers the prompt"""
    terminal = lab.terminal(environment={"TERM": "dumb"})
    terminal.until("isolab shell")
    check(terminal.end() != 0, terminal.seen)


def test_unknown_terminal(lab):
    """a TERM that nobody knows: the same"""
    terminal = lab.terminal(environment={"TERM": "teletype33"})
    terminal.until("isolab shell")
    check(terminal.end() != 0, terminal.seen)


def test_tiny_terminal(lab):
    """a terminal of 20×5: a word about it, no crash, and the terminal as it was"""
    terminal = lab.terminal(rows=5, columns=20)
    terminal.until("needs [0-9]+x[0-9]+")
    terminal.send("\x04")
    check(terminal.end() == 0, terminal.seen)


def test_plain_locale(lab):
    """LANG=C: the screen draws without UTF-8, and commands print ASCII or what was asked"""
    lab.environment.update(LANG="C", LC_ALL="C")
    expect(lab.isolab("compare"))
    terminal = lab.terminal()
    terminal.until("(?i)prompt")
    check("\u2500" not in terminal.seen and "\ufffd" not in terminal.seen, terminal.seen)
    terminal.send("exit\r")
    check(terminal.end() == 0, terminal.seen)


def test_screen_options(lab):
    """isolab takes the screen's options without a verb"""
    for options in (["--ascii"], ["--no-color"], ["--lang", "en", "--ascii"]):
        terminal = lab.terminal(*options)
        terminal.until("(?i)prompt")
        terminal.send("exit\r")
        check(terminal.end() == 0, options, terminal.seen)


def test_no_terminal(lab):
    """no terminal at all: isolab says so and offers the prompt"""
    expect_refusal(lab.isolab(), 125, "terminal")


def test_closed_descriptors(lab):
    """closed stdin, stdout, stderr do no harm"""
    command = " ".join(lab.command(["run", "process", "--", "true"]))
    for closing in ("0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"):
        status = subprocess.run(["sh", "-c", f"exec {command} {closing}"], env=lab.environment,
                                check=False).returncode
        check(status == 0, closing, status)


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
