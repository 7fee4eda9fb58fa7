#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every test of both builds and the rig, and adds up their cases.

    tests/run_all.py BUILD BUILD_ASAN [NAME…]

Each suite prints TAP ("ok 1 - claim", "not ok 2 - claim", "ok 3 - claim # SKIP reason"), so each
case counts. A test that prints none counts as one: exit 0 passed, 77 skipped, anything else failed.
Skipped cases are listed with their reason. The last line is "N passed, N failed, N skipped"; the
exit status is 1 if anything failed.

A case that tests/required lists must not be skipped on a machine that has what it needs (doctor
says so): that is a failure.
"""
import fnmatch
import json
import os
import re
import subprocess
import sys
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RIG = os.path.join(SOURCE, "tests", "rig", "run")
TAP = re.compile(r"^(not )?ok\b\s*\d*\s*(?:-\s*)?([^#\n]*?)\s*(?:#\s*(SKIP)\b\s*(.*))?$",
                 re.MULTILINE | re.IGNORECASE)


class Case:
    """One result: `where` is the build and test, `outcome` passed, failed or skipped."""

    def __init__(self, where, claim, outcome, reason=""):
        self.where, self.claim, self.outcome, self.reason = where, claim, outcome, reason

    def __str__(self):
        return f"{self.where}: {self.claim}" + (f": {self.reason}" if self.reason else "")


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line]
    return lines[-1] if lines else ""


def cases_of(where, name, status, output, errors):
    """The cases of one test from what it printed and how it ended."""
    cases = []
    for negated, claim, skip, reason in TAP.findall(output):
        if skip:
            # cmocka tells a skipped case's name where the reason belongs
            cases.append(Case(where, claim or reason, "skipped", reason if claim else ""))
        else:
            cases.append(Case(where, claim, "failed" if negated else "passed"))
    planned = re.search(r"^1\.\.(\d+)", output, re.MULTILINE)
    if planned and status == 0 and len(cases) < int(planned.group(1)):
        cases.append(Case(where, name, "failed", f"{len(cases)} of {planned.group(1)} cases ran"))
    if not cases:
        outcome = {0: "passed", 77: "skipped"}.get(status, "failed")
        return [Case(where, name, outcome, last_line(errors) or last_line(output))]
    if status not in (0, 77) and not any(case.outcome == "failed" for case in cases):
        told = f"ended with {status} after its last case: {last_line(errors)}"
        cases.append(Case(where, name, "failed", told))
    return cases


def run_meson(build, names):
    """Runs the tests of one build; results are read from meson's log, a JSON document a line."""
    log = os.path.join(build, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    label = os.path.basename(build)
    print(f"== {label}", flush=True)
    command = ["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", *names]
    status = subprocess.run(command, stdin=subprocess.DEVNULL, cwd=SOURCE, check=False).returncode
    if not os.path.exists(log):
        told = f"ended with {status} and left no log"
        return [] if names else [Case(label, "meson test", "failed", told)]
    cases = []
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            entry = json.loads(line)
            name = entry["name"].rpartition(" / ")[2]
            code = entry.get("returncode", 1)
            if entry["result"] in ("TIMEOUT", "INTERRUPT", "ERROR") and code == 0:
                code = 1
            cases += cases_of(f"{label} {name}", name, code, entry.get("stdout") or "",
                              entry.get("stderr") or entry["result"].lower())
    return cases


def fetch_kernels(build):
    """Suites of emulated VMs boot the kernel that the rig keeps, or say that there is none."""
    if os.access(RIG, os.X_OK):
        subprocess.run([RIG, build, "fetch"], stdin=subprocess.DEVNULL, capture_output=True,
                       cwd=SOURCE, check=False)


def run_rig(build):
    """The rig boots a Linux of its own under QEMU; it prints TAP as well."""
    if not os.access(RIG, os.X_OK):
        return []
    print("== rig", flush=True)
    with subprocess.Popen([RIG, build], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, errors="replace", stderr=subprocess.STDOUT, cwd=SOURCE) as rig:
        output = ""
        for line in rig.stdout:
            print(line, end="", flush=True)
            output += line
    return cases_of("rig", "rig", rig.returncode, output, "")


def required_but_skipped(build, cases):
    """Fails a skipped case of tests/required when doctor finds what it needs."""
    isolab = os.path.join(build, "isolab")
    try:
        told = subprocess.run([isolab, "doctor", "--json"], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        checks = json.loads(told.stdout)["checks"]
        usable = {check["name"] for check in checks if check["status"] != "missing"}
    except (OSError, ValueError, KeyError) as problem:
        return [Case("required", "doctor --json", "failed", str(problem))]
    found = []
    with open(os.path.join(SOURCE, "tests", "required"), encoding="utf-8") as lines:
        for line in lines:
            words = line.split("#")[0].split()
            if not words or not set(words[1:]) <= usable:
                continue
            told = "skipped although doctor finds " + " ".join(words[1:])
            found += [Case("required", str(case), "failed", told) for case in cases
                      if case.outcome == "skipped" and fnmatch.fnmatch(case.where, words[0])]
    return found


def main():
    build, asan = (os.path.join(SOURCE, name) for name in sys.argv[1:3])
    names = sys.argv[3:]
    start = time.monotonic()
    fetch_kernels(build)
    cases = run_meson(build, names) + run_meson(asan, names)
    if not names:
        cases += run_rig(build)
        cases += required_but_skipped(build, cases)
    print(f"== {time.monotonic() - start:.0f} s")
    for outcome in ("skipped", "failed"):
        for case in cases:
            if case.outcome == outcome:
                print(f"{outcome}: {case}")
    passed, failed, skipped = (sum(case.outcome == outcome for case in cases)
                               for outcome in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
