#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a container's files its own, and the attack that succeeds once that is taken out.

As in container_defences.py, each attack is tried with the whole wall, where it must fail, and in a
build with hooks without the defence, where it must succeed. Two defences cannot be shown alone:
RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS of volumes hold after pivot_root, when there is nothing
outside of the root that a path could lead to.
"""
import os
import shutil
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BUILD, PATIENCE, Skip, check, run_suite  # noqa: E402
from container_defences import has_hooks, need_hooks  # noqa: E402
from container_files import directory, make_image, make_lab  # noqa: E402

IS_USER = "--user" in sys.argv


def attack(lab, hooks, script, *options, wrap=()):
    """What `sh -c script` does in a container without what the hooks name."""
    words = lab.command(["run", "container", *options, "--", "sh", "-c", script])
    return subprocess.run([*wrap, *words], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE,
                          env={**lab.environment, "ISOLAB_TEST_WITHOUT": hooks})


def try_both(try_attack, *hooks):
    """try_attack(hooks) → (has it succeeded?, what was told)."""
    has_succeeded, told = try_attack("")
    check(not has_succeeded, "the attack succeeds in spite of", *hooks, told)
    if not has_hooks():
        return
    has_succeeded, told = try_attack(",".join(hooks))
    check(has_succeeded, "the attack fails without", *hooks, told)


def test_links_of_the_image(lab):
    """no link of the image leads its builder elsewhere; without nosymfollow it does"""
    victim = directory(lab, "victim", f="untouched")
    os.chmod(victim, 0o777)
    os.chmod(lab.scratch, 0o755)  # the builder can go there
    image = make_image(lab, without=["tmp"])
    os.symlink(victim, os.path.join(image, "tmp"))

    def attempt(hooks):
        done = attack(lab, hooks, "echo alive", "--image", image)
        return "alive" in done.stdout, done
    try_both(attempt, "nosymfollow")


def test_volume_flags(lab):
    """the s bit and devices mean nothing in a volume; without nosuid and nodev they do"""
    if IS_USER:
        raise Skip("a user namespace of one user has no other user to become")
    work = directory(lab, "work")
    shutil.copy(os.path.join(BUILD, "images", "base", "bin", "busybox"), work)
    os.chown(os.path.join(work, "busybox"), 7, 7)
    os.chmod(os.path.join(work, "busybox"), 0o4755)
    os.mknod(os.path.join(work, "zero"), 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    os.chmod(os.path.join(work, "zero"), 0o666)

    def attempt(hooks):
        done = attack(lab, hooks, "/work/busybox id -u; head -c 3 /work/zero | wc -c", "--no-nnp",
                      "--no-caps", "--volume", work + ":/work")
        seen = done.stdout.split()
        return seen == ["7", "3"], done
    try_both(attempt, "volume-flags")


def test_null_is_null(lab):
    """what covers files of /proc is the null device; without the check it is what lies there"""
    lie = os.path.join(lab.scratch, "lie")
    with open(lie, "w", encoding="ascii") as file:
        file.write("a lie\n")
    os.chmod(lie, 0o666)
    swap = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /dev/null && exec "$@"', lie]

    def attempt(hooks):
        done = attack(lab, hooks, "cat /proc/keys", wrap=swap)
        return "a lie" in done.stdout, done
    try_both(attempt, "null-check")


def wait_for_mounts(program, image):
    """Waits until the child has made its last mount before it covers /proc. False: it has ended."""
    deadline = time.monotonic() + PATIENCE / 4
    while time.monotonic() < deadline and program.poll() is None:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as file:
                    mounts = file.read()
            except OSError:
                continue
            if image in mounts and "/dev/mqueue" in mounts.split(image)[-1]:
                return True
    return False


def race(lab, hooks):
    """Somebody renames the image's /proc while the builder is about to cover it."""
    image = make_image(lab, "race" + hooks)
    words = lab.command(["run", "container", "--image", image, "--", "sh", "-c",
                         "[ -e /old/self/status ] && ! grep ' /old/keys ' /old/self/mounts && "
                         "echo bare"])
    # the third chdir(2) is the one to /proc
    slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=chdir", "-e",
            "inject=chdir:delay_enter=1500000:when=3"]
    with subprocess.Popen([*slow, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True,
                          env={**lab.environment, "ISOLAB_TEST_WITHOUT": hooks,
                               "ASAN_OPTIONS": "detect_leaks=0"}) as program:
        if wait_for_mounts(program, image):
            os.rename(os.path.join(image, "proc"), os.path.join(image, "old"))
            os.mkdir(os.path.join(image, "proc"))
        out, err = program.communicate(timeout=PATIENCE)
    return "bare" in out, out + err


def test_proc_is_proc(lab):
    """who renames the image's /proc meanwhile uncovers nothing (CVE-2025-52881)"""
    if IS_USER:
        raise Skip("strace does not see an ordinary user's child from outside its namespace")
    if not shutil.which("strace"):
        raise Skip("no strace")
    try_both(lambda hooks: race(lab, hooks), "proc-check")


def test_hooks(lab):
    """in this build the defences can be taken out"""
    del lab
    need_hooks()


def main():
    if IS_USER and os.geteuid() != 0:
        raise SystemExit(77)
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    run_suite(cases, make_lab, prefix="as an ordinary user: " if IS_USER else "")


if __name__ == "__main__":
    main()
