# SPDX-License-Identifier: GPL-3.0-or-later
"""./dev bench vm: our tiny VM against its floor and against QEMU's microvm; Linux, where it boots.

The floor is the bare ioctl program (floor_vm.c): a VM, a processor, one exit, no walls, no kernel.
QEMU gets a guest that does nothing at all (guest_off.S); ours boots its teaching kernel, makes a
process and runs `true` in it, walled in, with a journal. What ends a VM is the kernel's work: so
the time until ours is gone is measured against killing the floor's.
"""
import json
import os
import shutil
import subprocess
import time

from measure import UNIT, race, race_first_output, ratio, summary, unit_of

FLOOR = "floor: bare ioctl program"
OURS = "isolab run vm (tiny)"
QEMU = "QEMU microvm, guest that ends"
OVERHEAD_MAX_MIB, LINUX_MAX_S, LINUX_EXITS_MAX = 1.2, 2.6, 300
LINUX_RUNS, PATIENCE_S = 5, 60


def qemu(*options):
    return ["qemu-system-x86_64", "-M", "microvm,accel=kvm,x-option-roms=off,rtc=off,acpi=off",
            "-cpu", "host", "-m", "32", "-nodefaults", "-no-user-config", "-nographic",
            "-no-reboot", *options]


def why_no_qemu(lab):
    """Why QEMU cannot take part; None if it can."""
    if not shutil.which("qemu-system-x86_64"):
        return "no qemu-system-x86_64 (qemu-system-x86)"
    command = qemu("-kernel", lab.tool("guest_off"))
    try:
        told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return "its guest does not end on this KVM"
    return None if told.returncode == 0 else (told.stderr.strip().splitlines() or ["?"])[-1]


def bench_whole(lab, table, runs, qemu_runs):
    contestants = {"fork+exec": UNIT, FLOOR: [lab.tool("floor_vm")],
                   OURS: [lab.isolab, "run", "vm", "--", "true"]}
    if qemu_runs:
        contestants[QEMU] = qemu("-kernel", lab.tool("guest_off"))
    rows = race(lab, contestants, runs)
    table.show(f"A VM that runs `true`, whole program, tiny kernel, {lab.accel} [ms]", rows,
               unit_of(rows))
    table.claim("the VM's floor is a floor (× fork+exec)", ratio(rows, FLOOR, "fork+exec"), 2.8)
    table.claim("isolab run vm -- true (× its floor)", ratio(rows, OURS, FLOOR), 2.2)
    if qemu_runs:
        table.claim("isolab run vm -- true (× QEMU microvm with an empty guest)",
                    ratio(rows, OURS, QEMU), 1.0)


def bench_prompt(lab, table, runs):
    rows = race(lab, {
        "fork+exec": ["program", *UNIT],
        FLOOR: ["program", lab.tool("floor_vm")],
        "vm (tiny)": ["sandbox", "vm", "--", "true"],
    }, runs, tool="prompt")
    table.show("From a running prompt: worker spawned → its exit seen [ms]", rows, unit_of(rows))
    table.claim("from a running prompt, vm (× its floor)", ratio(rows, "vm (tiny)", FLOOR), 1.6)


def bench_gone(lab, table, runs):
    rows = race(lab, {
        "fork+exec": ["program", *UNIT],
        "floor, killed": ["kill-program", lab.tool("floor_vm"), "hold"],
        "vm (tiny), its worker killed": ["end-sandbox", "vm", "--", "isolab-work", "idle"],
        "vm (tiny), asked by isolab": ["kill-sandbox", "vm", "--", "isolab-work", "idle"],
    }, runs, tool="prompt")
    table.show("From the kill until the process and its VM are gone [ms]", rows, unit_of(rows))
    for name in ("vm (tiny), its worker killed", "vm (tiny), asked by isolab"):
        table.claim(f"gone: {name} (× closing the floor's)", ratio(rows, name, "floor, killed"),
                    1.2)


def bench_output(lab, table, runs):
    """request → first_output as the journal has it, turn about with the floor."""
    rows = race_first_output(lab, runs)
    table.show("A VM from its request to its first output, by its journal [ms]", rows,
               unit_of(rows))
    table.claim("VM: request → first_output (× its floor)",
                ratio(rows, "vm: request → first_output", FLOOR), 1.3)


def stats_of(lab, name):
    return json.loads(lab.run("stats", name, "--json").stdout)["sandboxes"][0]


def bench_memory(lab, table):
    if lab.run("create", "vm", "bench-memory", "--", "isolab-work", "idle").returncode:
        print("\nMemory: not measured, no VM stands here")
        return
    figures = stats_of(lab, "bench-memory")["resources"]
    lab.run("rm", "-f", "bench-memory")
    print("\nMemory of a VM that stands (PSS) [KiB]")
    for name, key in (("worker's own", "overhead_bytes"), ("guest RAM touched", "memory_bytes")):
        print(f"  {name:32}{figures[key] / 1024:9.0f}")
    table.figures["memory of a VM"] = figures
    table.claim("the worker's own memory beside its guest's RAM [MiB]",
                figures["overhead_bytes"] / 2**20, OVERHEAD_MAX_MIB)


def bench_calls(lab, table):
    if not shutil.which("strace"):
        print("\nSystem calls: not counted (no strace)")
        return
    commands = {FLOOR: [lab.tool("floor_vm")], OURS: [lab.isolab, "run", "vm", "--", "true"]}
    print("\nSystem calls of one start (strace -f)")
    counts = {name: count_calls(lab, command) for name, command in commands.items()}
    for name, count in counts.items():
        print(f"  {name:32}{'does not run under strace' if count is None else count:>9}")
    table.figures["system calls of one VM"] = counts


def count_calls(lab, command):
    path = os.path.join(lab.scratch, "calls")
    told = subprocess.run(["strace", "-f", "-qq", "-o", path, *command], env=lab.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if told.returncode:
        return None
    with open(path, encoding="utf-8", errors="replace") as lines:
        return sum("(" in line and "resumed>" not in line for line in lines)


# ---- Linux ---------------------------------------------------------------------------------------

def boot_linux(lab, number, kernel):
    """One boot: (request → exec, exits until its end), or None."""
    name = f"bench-linux{number}"
    made = lab.run("create", "vm", name, "--kernel", kernel, "--memory", "128M", "--", "true")
    lab.run("wait", name)
    stamps = {}
    with open(os.path.join(lab.directory(name), "events"), encoding="utf-8") as journal:
        for line in journal:
            event = json.loads(line)
            stamps.setdefault(event.get("name"), event["t_ns"])
    exits = stats_of(lab, name).get("vm_exits", {})
    lab.run("rm", "-f", name)
    if made.returncode or "exec" not in stamps:
        print(f"  said: {made.stderr.strip()}")
        return None
    return stamps["exec"] - stamps["request"], sum(exits.get("to_monitor", {}).values())


def make_initrd(lab):
    """An initramfs whose /init reboots."""
    folder = os.path.join(lab.scratch, "first")
    os.makedirs(folder, exist_ok=True)
    shutil.copy(lab.tool("init_off"), os.path.join(folder, "init"))
    path = os.path.join(lab.scratch, "initrd")
    with open(path, "wb") as file:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], input=b"init\n", cwd=folder,
                       stdout=file, stderr=subprocess.DEVNULL, check=True)
    return path


def boot_qemu(kernel, initrd, words):
    command = qemu("-serial", "stdio", "-kernel", kernel, "-initrd", initrd, "-append",
                   f"console=ttyS0 panic=-1 reboot=t {words}")
    command[command.index("-m") + 1] = "128"
    start = time.monotonic_ns()
    try:
        told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        print(f"  said: QEMU's Linux has not ended within {PATIENCE_S} s")
        return None
    return time.monotonic_ns() - start if told.returncode == 0 else None


def bench_linux(lab, table, qemu_runs):
    kernel = os.environ.get("ISOLAB_LINUX", "")
    if not kernel:
        print("\nLinux: not measured (ISOLAB_LINUX names no kernel; ./dev bench rig-vm does)")
        return
    rows, ours, exits = {}, [], []
    quick, talking = [], []
    initrd = make_initrd(lab)
    for number in range(LINUX_RUNS):
        took = boot_linux(lab, number, kernel)
        if took:
            ours.append(took[0])
            exits.append(took[1])
        for samples, words in ((quick, "quiet"), (talking, "")):
            if qemu_runs and None not in samples:  # one that hung once is out
                samples.append(boot_qemu(kernel, initrd, words))
    for name, samples in (("isolab: request → exec", ours),
                          ("QEMU microvm: start → exit, quiet", quick),
                          ("QEMU microvm: start → exit, talking", talking)):
        samples = [each for each in samples if each]
        if samples:
            rows[name] = summary(samples)
    table.show(f"Linux, {os.path.basename(kernel)}, 128 MiB, n={LINUX_RUNS} [ms]", rows, 1e6)
    name = "isolab: request → exec"
    took = rows[name]["median_ns"] / 1e9 if name in rows else None
    table.claim("Linux: request → exec [s]", took, LINUX_MAX_S)
    table.claim("Linux: exits to the monitor of a quiet boot", min(exits, default=None),
                LINUX_EXITS_MAX)


def bench(lab, table, runs):
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("\nVM: not measured, no /dev/kvm that this user may use (./dev bench rig-vm: in the "
              "machine of tests/rig, emulated)")
        table.claim("the VM's floor is a floor (× fork+exec)", None, 2.8)
        return
    reason = why_no_qemu(lab)
    if reason:
        print(f"  QEMU is left out: {reason}")
    bench_whole(lab, table, runs, not reason)
    bench_prompt(lab, table, runs)
    bench_gone(lab, table, runs)
    bench_output(lab, table, runs)
    bench_memory(lab, table)
    bench_calls(lab, table)
    bench_linux(lab, table, not reason)
