# SPDX-License-Identifier: GPL-3.0-or-later
"""./dev bench container: our container against its floor and against the others'.

All run `true` in the same root. Ours has everything on (seven namespaces and the clock's, masks,
capabilities, no_new_privs, seccomp, a journal); the floor is the least that a container can cost
(floor_container.c); the others are started as their manuals say.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import time

from measure import UNIT, race, ratio, unit_of

PAUSE_MS = 60  # between two launches, as a person makes
LIMITS = ["--memory", "64M", "--pids", "100"]
RESOURCES = {"memory": {"limit": 64 << 20}, "pids": {"limit": 100}}
CALLS_MAX, ANONYMOUS_MAX_KIB = 150, 64


def floor(lab, *program):
    return [lab.tool("floor_container"), lab.image, *program]


def run(lab, *options):
    return [lab.isolab, "run", "container", *options, "--", "true"]


def bwrap(lab, *options):
    return ["bwrap", "--unshare-all", *options, "--bind", lab.image, "/", "--proc", "/proc",
            "--dev", "/dev", "/bin/true"]


def oci(lab, runtime, resources=None):
    """A runtime with a bundle made by its own `spec`: as it comes, but without a terminal."""
    name = f"{runtime}-limits" if resources else runtime
    bundle = os.path.join(lab.scratch, f"bundle-{name}")
    if not os.path.isdir(bundle):
        os.mkdir(bundle)
        subprocess.run([runtime, "spec"], cwd=bundle, check=True)
        path = os.path.join(bundle, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["process"].update(args=["/bin/true"], terminal=False)
        config["root"] = {"path": lab.image, "readonly": True}
        if resources:
            config["linux"]["resources"] = resources
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
    return [runtime, "--root", os.path.join(lab.scratch, runtime), "run", "-b", bundle,
            f"bench-{name}-{os.getpid()}"]


def starts(command):
    """Why the command does not run here, None if it does."""
    told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if told.returncode == 0:
        return None
    lines = told.stderr.strip().splitlines()
    return re.sub(r"^time=\S+ level=\w+ msg=", "", lines[-1]) if lines else f"{told.returncode}"


class Others:
    """The commands of those runners that are installed and run here; the rest with the reason."""

    def __init__(self, lab):
        self.reasons = {}
        known = {
            "bwrap": ("bwrap", lambda: bwrap(lab)),
            "bwrap, host's network": ("bwrap", lambda: bwrap(lab, "--share-net")),
            "unshare, /proc only": ("unshare", lambda: [
                "unshare", "-UmpfinuCr", "--mount-proc", "-R", lab.image, "/bin/true"]),
            **{name: (name, lambda name=name: oci(lab, name)) for name in ("crun", "runc")},
            **{f"{name}, limits": (name, lambda name=name: oci(lab, name, RESOURCES))
               for name in ("crun", "runc")},
        }
        self.commands = {name: command for name, (program, make) in known.items()
                         if (command := self.try_out(name, program, make))}

    def try_out(self, name, program, make):
        if not shutil.which(program):
            self.reasons[name] = "not installed"
            return None
        command = make()
        self.reasons[name] = starts(command)
        return None if self.reasons[name] else command

    def tell(self):
        for name, reason in self.reasons.items():
            if reason:
                print(f"  {name} is left out: {reason}")


def bench_whole(lab, table, runs, others):
    rows = race(lab, {
        "fork+exec": UNIT,
        "floor: clone3 program, same": floor(lab, "/bin/busybox", "true"),
        "floor: clone3 program": floor(lab, "/bin/true"),
        "isolab run process": [lab.isolab, "run", "process", "--", "true"],
        "isolab run container": run(lab),
        "isolab, host's network": run(lab, "--network", "host"),
        "isolab, limits": run(lab, *LIMITS),
        **others.commands,
    }, runs)
    table.show("A container that runs `true`, whole program, back to back [ms]", rows,
               unit_of(rows))
    table.claim("the container's floor is a floor (× fork+exec)",
                ratio(rows, "floor: clone3 program, same", "fork+exec"), 3.4)
    table.claim("isolab run container -- true (× bwrap)",
                ratio(rows, "isolab run container", "bwrap"), 0.9)
    table.claim("isolab run container, limits (× crun, limits), back to back",
                ratio(rows, "isolab, limits", "crun, limits"), 1.0)


def bench_paused(lab, table, runs, others):
    rows = race(lab, {
        "fork+exec": UNIT,
        "floor: clone3 program": floor(lab, "/bin/true"),
        "isolab run container": run(lab),
        "isolab, limits": run(lab, *LIMITS),
        **{name: command for name, command in others.commands.items() if "," not in name},
        **{name: command for name, command in others.commands.items() if "limits" in name},
    }, runs, PAUSE_MS)
    table.show(f"The same with {PAUSE_MS} ms of idling before each start [ms]", rows,
               unit_of(rows))
    table.claim(f"isolab run container (× bwrap), {PAUSE_MS} ms pauses",
                ratio(rows, "isolab run container", "bwrap"), 0.9)
    table.claim(f"isolab run container, limits (× crun, limits), {PAUSE_MS} ms pauses",
                ratio(rows, "isolab, limits", "crun, limits"), 0.35 if has_unified_tree() else 1.0)


def prompt_contestants(lab, others):
    contestants = {
        "fork+exec": ["program", *UNIT],
        "floor: clone3 program": ["program", *floor(lab, "/bin/true")],
        "process": ["sandbox", "process", "--", "true"],
        "container": ["sandbox", "container", "--", "true"],
        "container, host's network": ["sandbox", "container", "--network", "host", "--", "true"],
        "container, limits": ["sandbox", "container", *LIMITS, "--", "true"],
    }
    for name in ("bwrap", "crun, limits", "runc, limits"):
        if name in others.commands:
            contestants[name] = ["program", *others.commands[name]]
    return contestants


def bench_prompt(lab, table, runs, others):
    """What a person feels who types `create` into a prompt that runs already."""
    contestants = prompt_contestants(lab, others)
    rows = race(lab, contestants, runs, tool="prompt")
    table.show("From a running prompt: worker spawned → its exit seen, back to back [ms]", rows,
               unit_of(rows))
    table.claim("from a running prompt, container (× floor)",
                ratio(rows, "container", "floor: clone3 program"), 1.25)
    rows = race(lab, contestants, runs, PAUSE_MS, tool="prompt")
    table.show(f"The same with {PAUSE_MS} ms of idling before each start [ms]", rows,
               unit_of(rows))
    table.claim(f"from a running prompt, container (× floor), {PAUSE_MS} ms pauses",
                ratio(rows, "container", "floor: clone3 program"), 1.25)
    table.claim(f"from a running prompt, limits (× crun, limits), {PAUSE_MS} ms pauses",
                ratio(rows, "container, limits", "crun, limits"), 0.35)
    table.claim(f"from a running prompt, limits (× runc, limits), {PAUSE_MS} ms pauses",
                ratio(rows, "container, limits", "runc, limits"), 0.35)


def has_unified_tree():
    return os.path.exists("/sys/fs/cgroup/cgroup.controllers")


def count_calls(lab, command):
    """System calls of the command and all it starts; None where strace does not work."""
    path = os.path.join(lab.scratch, "calls")
    told = subprocess.run(["strace", "-f", "-qq", "-o", path, *command], env=lab.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if told.returncode:
        return None
    with open(path, encoding="utf-8", errors="replace") as lines:
        # "PID call(…" and "PID <... call resumed>…" are halves of one; signals are none
        return sum(bool(re.match(r"\d+\s+\w+\(", line)) for line in lines)


def bench_calls(lab, table, others):
    if not shutil.which("strace"):
        print("\nSystem calls: not counted (no strace)")
        return
    print("\nSystem calls of one start, all processes (strace -f)")
    commands = {"floor: clone3 program": floor(lab, "/bin/true"), "isolab run container": run(lab),
                "isolab, limits": run(lab, *LIMITS), **others.commands}
    counts = {name: count_calls(lab, command) for name, command in commands.items()}
    for name, count in counts.items():
        print(f"  {name:32}{'does not run under strace' if count is None else count:>9}")
    table.figures["system calls of one start"] = counts
    table.claim("system calls of isolab run container -- true", counts["isolab run container"],
                CALLS_MAX)


def anonymous_kib(pid):
    """Memory that is the process's own. `Anonymous`, not `Private_Dirty`: pages of a program that
    was just written count there until they are on the disk."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))


def bench_memory(lab, table, others):
    """What stays in memory beside the program, as long as it runs."""
    print("\nMemory of its own (Anonymous) of the process that stays outside [KiB]")
    figures = {}
    if lab.run("create", "container", "bench-memory", "--", "isolab-work", "idle").returncode == 0:
        rows = json.loads(lab.run("ps", "--json").stdout)
        figures["isolab-container"] = anonymous_kib(
            next(row["pid"] for row in rows if row["name"] == "bench-memory"))
        lab.run("rm", "-f", "bench-memory")
    if "bwrap" in others.commands:
        command = [*others.commands["bwrap"][:-1], "/bin/busybox", "sleep", "60"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as outside:
            time.sleep(0.3)  # nothing tells when it stands
            figures["bwrap"] = anonymous_kib(outside.pid)
            outside.send_signal(signal.SIGKILL)
    for name, figure in figures.items():
        print(f"  {name:32}{figure:>9}")
    table.figures["memory of the worker, KiB"] = figures
    table.claim("Anonymous memory of the worker of a running container [KiB]",
                figures.get("isolab-container"), ANONYMOUS_MAX_KIB)


def bench_lab(lab, table, runs):
    """What a place in the lab network adds, while another sandbox keeps the network there."""
    lab.run("create", "container", "bench-keeper", "--network", "lab")
    try:
        rows = race(lab, {
            "isolab run container": run(lab),
            "isolab, host's network": run(lab, "--network", "host"),
            "isolab, lab network": run(lab, "--network", "lab"),
        }, runs)
    finally:
        lab.run("rm", "-f", "bench-keeper")
    table.show("The networks of a container, whole program, back to back [ms]", rows,
               rows["isolab run container"]["median_ns"])


def bench(lab, table, runs):
    others = Others(lab)
    tree = "v2" if has_unified_tree() else "v1 or hybrid"
    print(f"cgroups: {tree}")
    others.tell()
    bench_whole(lab, table, runs, others)
    bench_paused(lab, table, runs, others)
    bench_prompt(lab, table, runs, others)
    bench_lab(lab, table, runs)
    bench_calls(lab, table, others)
    bench_memory(lab, table, others)
