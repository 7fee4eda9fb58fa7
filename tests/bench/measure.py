# SPDX-License-Identifier: GPL-3.0-or-later
"""How each figure of ./dev bench is taken: measured in this run, or not shown."""
import fcntl
import json
import os
import platform
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNIT = ["busybox", "true"]
TICK = os.sysconf("SC_CLK_TCK")


class Lab:
    """A build, and a runtime directory of its own so that nobody else's sandboxes are met."""

    def __init__(self, build, scratch):
        self.build, self.scratch = build, scratch
        self.isolab = os.path.join(build, "isolab")
        self.image = os.path.join(build, "images", "base")
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=scratch, XDG_STATE_HOME=scratch,
                                ISOLAB_BUILD=build)
        self.accel = self.find_accel()

    def tool(self, name):
        return os.path.join(self.build, "tests", "bench", name)

    def run(self, *arguments):
        return subprocess.run([self.isolab, *arguments], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def directory(self, name):
        return os.path.join(self.scratch, "isolab", name)

    def find_accel(self):
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return "no KVM"
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            flags = file.read()
        if " vmx" not in flags and " svm" not in flags:
            return "kvm-pvm"
        return "kvm-nested" if " hypervisor" in flags else "kvm"


def version_of(*command):
    if not shutil.which(command[0]):
        return f"{command[0]}: not installed"
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return f"{command[0]}: {told[0] if told else 'unknown'}"


def machine(lab):
    """What a reader must know to judge the figures."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    yield f"{len(models)} × {models[0] if models else 'unknown processor'}, {lab.accel}"
    load = os.getloadavg()[0]
    yield f"kernel {platform.release()}, load {load:.2f} (figures want an idle machine)"
    if "ISOLAB_EMULATED" in os.environ:
        yield f"emulated by {os.environ['ISOLAB_EMULATED']}: ratios only, no milliseconds"
    yield f"sandboxes' directory: {os.path.dirname(lab.scratch)}"
    others = ("bwrap", "crun", "runc", "unshare")
    yield "; ".join(version_of(program, "--version") for program in others)


def ratio(rows, name, base, key="median_ns"):
    """How many times `base` the contestant `name` takes; None when one of them does not run."""
    if key not in rows.get(name, {}) or key not in rows.get(base, {}):
        return None
    return rows[name][key] / rows[base][key]


def unit_of(rows):
    return rows["fork+exec"]["median_ns"]


def race(lab, contestants, runs, pause_ms=0, tool="runner"):
    """Runs the contestants by turns (runner.c, prompt.c). Returns their rows by name."""
    names = list(contestants)
    command = [lab.tool(tool), str(runs), str(pause_ms)]
    for number, name in enumerate(names):
        command += (["+"] if number else []) + [str(number), *contestants[name]]
    told = subprocess.run(command, env=lab.environment, capture_output=True, text=True,
                          errors="replace", check=False)
    for line in dict.fromkeys(told.stderr.splitlines()):  # each complaint once, not each round
        print(f"  said: {line}")
    told.check_returncode()
    rows = {}
    for line in told.stdout.splitlines():
        words = line.split()
        keys = ("cold_ns", "median_ns", "p10_ns", "p90_ns", "min_ns")
        if words[1] == "failed":
            row = {"failed": int(words[2])}
        else:
            row = dict(zip(keys, map(int, words[1:])), runs=runs)
        rows[names[int(words[0])]] = row
    return rows


def summary(samples):
    ordered = sorted(samples)
    count = len(ordered)
    return {"median_ns": int(statistics.median(ordered)), "p10_ns": ordered[count // 10],
            "p90_ns": ordered[count * 9 // 10], "min_ns": ordered[0], "runs": count}


def first_output_ns(lab, name):
    """One VM that prints a line; the journal's own stamps."""
    made = lab.run("create", "vm", name, "--", "isolab-work", "print", "hello")
    if made.returncode:
        return None
    lab.run("wait", name)
    stamps = {}
    with open(os.path.join(lab.directory(name), "events"), encoding="utf-8") as journal:
        for line in journal:
            event = json.loads(line)
            stamps.setdefault(event.get("name"), event["t_ns"])
    lab.run("rm", "-f", name)
    if "request" not in stamps or "first_output" not in stamps:
        return None
    return stamps["first_output"] - stamps["request"]


def race_first_output(lab, runs):
    samples, floor, unit = [], [], []
    for number in range(runs):
        rows = race(lab, {"unit": ["busybox", "true"], "floor": [lab.tool("floor_vm")]}, 1)
        took = first_output_ns(lab, f"bench{number}")
        if took is None or "failed" in rows["floor"]:
            return {"fork+exec": rows["unit"], "vm: request → first_output": {"failed": 1},
                    "floor: bare ioctl program": rows["floor"]}
        samples.append(took)
        floor.append(rows["floor"]["median_ns"])
        unit.append(rows["unit"]["median_ns"])
    return {"fork+exec": summary(unit), "floor: bare ioctl program": summary(floor),
            "vm: request → first_output": summary(samples)}


def workload_ns(lab):
    """What the workload of `compare` takes by itself, as its own report tells."""
    try:
        return int(json.loads(lab.run("compare", "--json").stdout).get("workload_ns", 0))
    except ValueError:
        return 0


def cpu_ticks(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks


def children_of(pid):
    """The process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in os.listdir(f"/proc/{parent}/task"):
            with open(f"/proc/{parent}/task/{task}/children", encoding="ascii") as file:
                found += [int(word) for word in file.read().split()]
    return found


def drain(terminal, seconds):
    """Reads the screen's output away, as a terminal does."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                if not os.read(terminal, 65536):
                    return
            except OSError:
                return


def idle_share(lab, seconds):
    """The screen with a sandbox of each kind, left alone: CPU time of it and its workers."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(lab.environment, TERM="xterm-256color")
        os.execv(lab.isolab, [lab.isolab])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    try:
        drain(terminal, 1)
        os.write(terminal, b"create all idle\r")
        drain(terminal, 4)
        pids = children_of(pid)
        if len(pids) < 4:
            return None
        before, start = cpu_ticks(pids), time.monotonic()
        drain(terminal, seconds)
        return (cpu_ticks(pids) - before) / TICK / (time.monotonic() - start)
    except OSError:
        return None
    finally:
        os.kill(pid, signal.SIGTERM)
        drain(terminal, 2)
        os.close(terminal)
        os.waitpid(pid, 0)
