#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`isolab doctor`: every line says what was found; what is not as it could be says why, and what
that takes away. As root, as an ordinary user, and where user namespaces are out."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Lab, Skip, check, expect, run_suite  # noqa: E402

# What a container is made of, and what doctor must have an answer for.
NAMES = {"kernel", "runtime_directory", "image_base", "user_namespaces", "container_ids",
         "subordinate_ids", "idmapped_mounts", "overlay", "seccomp", "landlock",
         "time_namespace", "limits", "lab_network", "kvm_device"}


def checks_of(lab):
    told = expect(lab.isolab("doctor", "--json")).json()["checks"]
    return {each["name"]: each for each in told}


def check_lines(checks):
    for name, told in checks.items():
        check(told["status"] in ("ok", "degraded", "missing"), told)
        check(told["found"] or told["status"] != "ok", f"{name}: found what?", told)
        if told["status"] != "ok":
            check(told["cause"] and told["degrades"], f"{name}: why, and what of it?", told)


def test_root(lab):
    """every line of doctor says what was found, or why not and what that takes away"""
    checks = checks_of(lab)
    check(NAMES <= set(checks), "not told of: " + " ".join(NAMES - set(checks)))
    check_lines(checks)


def test_user(lab):
    """for an ordinary user every lack has a cause, and subordinate ids have a cure"""
    if os.geteuid() != 0:
        raise Skip("needs root, to become somebody else")
    lab.become_user()
    checks = checks_of(lab)
    check(NAMES <= set(checks), "not told of: " + " ".join(NAMES - set(checks)))
    check_lines(checks)
    subordinate = checks["subordinate_ids"]
    check(subordinate["status"] == "ok" or "subuid" in subordinate["fix"], subordinate)


def test_words(lab):
    """what doctor prints for people says the same as its JSON"""
    told = lab.isolab("doctor").out
    for name, line in checks_of(lab).items():
        check(f"{line['status']:<12}{name} " in told, f"no line for {name}", told)


def test_what_is_ok_works(lab):
    """what doctor calls ok works: limits, overlay, the lab's network"""
    checks = checks_of(lab)
    tries = {"limits": ["--memory", "64M"], "overlay": ["--overlay"],
             "lab_network": ["--network", "lab"], "user_namespaces": []}
    for name, options in tries.items():
        if checks[name]["status"] == "ok":
            told = expect(lab.isolab("run", "container", *options, "--", "true"))
            check("note:" not in told.err, f"{name} is not ok", told)


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
