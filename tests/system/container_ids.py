#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is who in a container that an ordinary user with subordinate ids starts (newuidmap(1)).

That user is made in a mount namespace of the suite's own: there /etc/passwd, /etc/subuid and
/etc/subgid are other files. Nothing of the machine is changed.
"""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import ORDINARY_USER, Lab, Skip, check, expect, run_suite  # noqa: E402

FIRST_UID, FIRST_GID = 200000, 300000  # the made range


def make_lab():
    lab = Lab("container")
    lab.become_user()
    return lab


def run(lab, *words, options=(), **more):
    return lab.isolab("run", "container", *options, "--", *words, **more)


def shell(lab, script, *options, **more):
    return run(lab, "sh", "-c", script, options=options, **more)


def with_ranges(lab, uid_lines, gid_lines, privileges=True):
    """From now on the ordinary user has a name and these subordinate ids."""
    if not shutil.which("newuidmap"):
        raise Skip("no newuidmap (package uidmap)")
    texts = {"passwd": f"ranger:x:{ORDINARY_USER}:{ORDINARY_USER}::/:/bin/sh\n",
             "subuid": uid_lines, "subgid": gid_lines}
    with open("/etc/passwd", encoding="utf-8") as file:
        texts["passwd"] = file.read() + texts["passwd"]
    binds = ""
    for name, text in texts.items():
        path = os.path.join(lab.scratch, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        binds += f"mount --bind {path} /etc/{name} && "
    privilege = [] if privileges else ["--no-new-privs"]
    lab.wrap = ["unshare", "-m", "sh", "-c", binds + 'exec "$@"', "sh",
                shutil.which(lab.wrap[0]), *privilege, *lab.wrap[1:]]


def ranges(count=65536):
    return f"ranger:{FIRST_UID}:{count}\n", f"ranger:{FIRST_GID}:{count}\n"


def test_range(lab):
    """with subordinate ids --user is another one inside, and root stays who started it"""
    with_ranges(lab, *ranges())
    maps = "cat /proc/self/uid_map /proc/self/gid_map"
    done = expect(shell(lab, f"id -u; id -g; {maps}", "--user", "1000:1001"))
    words = done.out.split()
    check(words[:2] == ["1000", "1001"], done)
    check(words[2:8] == ["0", str(ORDINARY_USER), "1", "1", str(FIRST_UID), "65535"], done)
    check(words[8:] == ["0", str(ORDINARY_USER), "1", "1", str(FIRST_GID), "65535"], done)
    done = expect(shell(lab, maps))
    check(len(done.out.split()) == 6, "nobody asked for a range", done)
    lab.create("demo", "--user", "1000", "--", "isolab-work", "idle")
    expect(lab.isolab("exec", "demo", "--", "id", "-u"), out="1000")


def test_small_range(lab):
    """a small range is taken as far as it goes"""
    with_ranges(lab, *ranges(10))
    expect(shell(lab, "id -u", "--user", "10"), out="^10$")
    done = run(lab, "true", options=["--user", "11"])
    check(done.status == 125 and "hint: " in done.err, done)


def test_no_range(lab):
    """without subordinate ids the command is told that grants a free range"""
    with_ranges(lab, "other:100000:65536\nnext:165536:65536\n", "other:100000:65536\n")
    done = run(lab, "id", options=["--user", "1000"])
    check(done.status == 125 and not done.out, done)
    free = "231072-296607"
    check(f"usermod --add-subuids {free} --add-subgids {free} ranger" in done.err, done)
    with_ranges(lab, "ranger:100000:0\nranger:x:1\nranger\n:::\nranger:0:65536\n", "")
    done = run(lab, "id", options=["--user", "1000"])
    check(done.status == 125 and "usermod" in done.err, done)


def test_refused_range(lab):
    """newuidmap that cannot: its own words, one user inside, and it runs"""
    with_ranges(lab, *ranges(), privileges=False)
    done = expect(shell(lab, "cat /proc/self/uid_map", "--no-caps"))
    check(done.out.split() == ["0", str(ORDINARY_USER), "1"], done)
    check(re.search("only one user is mapped: new[ug]idmap", done.err), done)


def test_root_is_never_mapped(lab):
    """the host's root is nobody inside, also with a range that tries to hold it"""
    with_ranges(lab, "ranger:0:65536\n", "ranger:0:65536\n")
    done = run(lab, "cat", "/proc/self/uid_map", options=["--no-caps"])
    check(done.status == 0 and done.out.split()[1] == str(ORDINARY_USER), done)
    check(len(done.out.split()) == 3, done)


def main():
    if os.geteuid() != 0:
        raise SystemExit(77)
    run_suite([case for name, case in globals().items() if name.startswith("test_")], make_lab)


if __name__ == "__main__":
    main()
