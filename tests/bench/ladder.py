# SPDX-License-Identifier: GPL-3.0-or-later
"""./dev bench ladder: what stands behind the wall is what takes the time.

The same command on every rung that this machine has: a process, a container, a VM with the tiny
kernel, one with a distribution's Linux, one with the whole distribution. Each rung is climbed as a
user does it (isolab create), and told from its journal: from the request until the command runs.
The upper rungs take seconds to minutes, so they are climbed less often.
"""
import json
import os

from measure import summary

# rung: (words of `create` behind the name, how often)
RUNGS = {
    "process": (["process"], 9),
    "container": (["container"], 9),
    "vm, tiny kernel": (["vm", "--kernel", "tiny"], 9),
    "vm, Linux": (["vm", "--kernel", "linux", "--memory", "128M"], 5),
    "vm, whole distribution": (["vm", "--kernel", "distro"], 1),
}


def climb(lab, words, number):
    """One start: (nanoseconds from request to exec, who runs it), or the reason why not."""
    name = f"bench-ladder{number}"
    kind, *options = words
    made = lab.run("create", kind, name, *options, "--", "true")
    lab.run("wait", name)
    stamps, accel = {}, ""
    try:
        with open(os.path.join(lab.directory(name), "events"), encoding="utf-8") as journal:
            for line in journal:
                event = json.loads(line)
                stamps.setdefault(event.get("name"), event["t_ns"])
        rows = json.loads(lab.run("ps", "--json").stdout)
        accel = next((row.get("accel") for row in rows if row["name"] == name), "")
    except OSError:
        pass
    lab.run("rm", "-f", name)
    if made.returncode or "exec" not in stamps:
        return None, (made.stderr.strip().splitlines() or ["its command never ran"])[0]
    return stamps["exec"] - stamps["request"], accel or ""


def bench(lab, table):
    rows = {}
    for rung, (words, runs) in RUNGS.items():
        samples = []
        for number in range(runs):
            took, told = climb(lab, words, number)
            if took is None:
                print(f"  {rung} is left out: {told}")
                break
            samples.append(took)
        if samples:
            mark = " (emulated)" if told == "tcg" else ""
            rows[f"{rung}{mark}, n={len(samples)}"] = summary(samples)
    if rows:
        unit = next(iter(rows.values()))["median_ns"]
        table.show("From the request until `true` runs, rung by rung [ms]", rows, unit,
                   unit="the first row")
