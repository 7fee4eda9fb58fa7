#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kill -9` at every step of building a container, of the worker and of the child: nothing is left
of it after the next isolab, and the error text names the step.

The steps are those of container/steps.c, read from its table, so that a new one cannot be
forgotten, and those of the messenger who carries a sandbox to the lab's network (lab_clone.c).
Needs a build with -Dhooks=true, whose workers die at the step that ISOLAB_TEST_KILL_AT names
(engine/base/hooks.h). Each step is tried in every form below that takes it.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, ROOT, Lab, Skip, check, expect, run_suite  # noqa: E402
from world import check_nothing_new, read, sweep, the_world  # noqa: E402

KILLED = 137
MESSENGER = [("messenger", "join"), ("messenger", "maps")]
# What makes a container take steps that the plain one has no need of.
FORMS = {
    "plain": [],
    "limits and files": ["--memory", "64M", "--pids", "50", "--overlay", "--tmpfs", "/scratch",
                         "--volume", "/usr:/mnt:ro", "--init", "--user", "7:7"],
    "lab": ["--network", "lab", "--memory", "64M", "--overlay"],
    # steps that stand in for a lock that was left out
    "no filter": ["--no-seccomp", "--overlay", "--workdir", "/made"],
    "no no_new_privs": ["--no-nnp", "--user", "7:7"],
}


def steps():
    """(who, name) of each step of the table, in the order of its enum."""
    header, table = (read(os.path.join(ROOT, "container", "steps." + end)) for end in "hc")
    listed = re.search(r"enum step \{(.*?)\}", header, re.DOTALL).group(1)
    first = re.search(r"STEP_FIRST_OF_CHILD = (\w+)", listed).group(1)
    names = dict(re.findall(r'\[(STEP_\w+)\]\s*=\s*\{\s*"(\w+)"', table))
    who = "worker"
    for step in re.findall(r"^\s*(STEP_\w+),", listed, re.MULTILINE):
        who = "child" if step == first else who
        yield who, names[step]


def has_hooks():
    with open(os.path.join(BUILD, "isolab-container"), "rb") as program:
        return b"ISOLAB_TEST_KILL_AT" in program.read()


def kill_at(lab, who, name):
    lab.environment["ISOLAB_TEST_KILL_AT"] = f"{who}:{name}"


def heal(lab):
    lab.environment.pop("ISOLAB_TEST_KILL_AT", None)


def die_in_run(lab, who, name, options):
    """`isolab run`, where front and worker are one process. False if the step was not taken."""
    kill_at(lab, who, name)
    told = lab.isolab("run", lab.kind, *options, "--", "true")
    heal(lab)
    if told.status == 0:
        return False
    if who == "worker":
        check(told.status == KILLED, "the worker is killed, so it cannot speak", told)
    else:
        check(told.status == 125 and "hint:" in told.err, "125 and a hint", told)
        what = f"step '{name}'" if who == "child" else "network"
        check(what in told.err, f"the text names {what}", told)
    return True


def die_in_create(lab, who, name, options):
    """`isolab create`, where the worker is a process apart and its front can tell of it."""
    kill_at(lab, who, name)
    told = lab.isolab("create", lab.kind, "fault", *options)
    heal(lab)
    if told.status != 0:
        what = f"step '{name}'" if who == "child" else "worker"
        check(what in told.err, f"the text tells where it ended ({what})", told)
    sweep(lab)
    return told.status != 0


def die(lab, who, name):
    """One step, in all forms. Skipped when none takes it."""
    if not has_hooks():
        raise Skip("this build has no hooks (-Dhooks=true)")
    expect(lab.isolab("run", lab.kind, "--", "true"))
    before, reached = the_world(lab), []
    for form, options in FORMS.items():
        if die_in_run(lab, who, name, options):
            reached.append(form)
        sweep(lab)
        check_nothing_new(lab, before)
    if die_in_create(lab, who, name, FORMS["limits and files"]):
        reached.append("created")
    check_nothing_new(lab, before)
    if not reached:
        raise Skip("this machine does not take the step")
    print(f"# {who}:{name}: {', '.join(reached)}")


def case_of(who, name):
    def case(lab):
        die(lab, who, name)
    case.__name__ = f"test_{who}_{name.replace('-', '_')}"
    case.__doc__ = f"nothing is left when the {who} is killed at its step '{name}'"
    return case


if __name__ == "__main__":
    # a brick that is laid at one of two places has its name twice
    run_suite([case_of(*each) for each in dict.fromkeys([*steps(), *MESSENGER])], Lab)
