#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a tiny VM: memory as the worker's own and the guest's touched RAM apart, exits by
reason, live and from KVM's own statistics where this host's KVM has them."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ISOLAB_PATIENCE", "60")
from harness import IS_SANITISED, Lab, Skip, check, expect, run_suite  # noqa: E402
from vm_lab import need_kvm  # noqa: E402

MIB = 1 << 20
OVERHEAD_MAX = 16 * MIB if IS_SANITISED else 2 * MIB  # ./dev bench holds it to 1.2 MiB


def stats(lab, name="m"):
    told = expect(lab.isolab("stats", name, "--json")).json()
    return told["sandboxes"][0]


def until(lab, holds, seconds=20):
    """Samples until the figures are as they should be; returns them."""
    deadline = time.monotonic() + seconds
    while not holds(entry := stats(lab)):
        check(time.monotonic() < deadline, "the figures never came", entry)
    return entry


def test_memory_apart(lab):
    """what the guest touches is the guest's, and nothing of the worker's"""
    expect(lab.isolab("create", "vm", "m", "--memory", "64M", "--", "isolab-work", "idle"))
    before = until(lab, lambda entry: entry["resources"].get("memory_bytes"))["resources"]
    check(before["memory_bytes"] < 4 * MIB, before)
    check(0 < before["overhead_bytes"] < OVERHEAD_MAX, before)
    print(f"# overhead {before['overhead_bytes'] / 1024:.0f} KiB, guest RAM touched "
          f"{before['memory_bytes'] / 1024:.0f} KiB of 64 MiB", flush=True)
    expect(lab.isolab("exec", "m", "--", "isolab-work", "touch", "16M"))
    after = stats(lab)["resources"]
    check(after["memory_bytes"] >= before["memory_bytes"] + 15 * MIB, before, after)
    check(after["overhead_bytes"] < OVERHEAD_MAX, after)
    check(after["memory_bytes"] <= 64 * MIB, after)


def test_exits_live(lab):
    """exits are told by reason while the VM runs, and grow"""
    expect(lab.isolab("create", "vm", "m", "--", "isolab-work", "spin"))
    first = until(lab, lambda entry: "vm_exits" in entry)["vm_exits"]
    kicks = first["to_monitor"]["kick"]
    later = until(lab, lambda entry: entry["vm_exits"]["to_monitor"]["kick"] > kicks)["vm_exits"]
    check(first["to_monitor"]["io"] > 0, first)
    check(later["source"] in ("kvm", "isolab"), later)
    text = expect(lab.isolab("stats", "m"), out=r"exits of m to the monitor: io \d+")
    if later["source"] == "isolab":
        check("has no statistics of its own" in text.out, text)
        raise Skip("this host's KVM has no statistics descriptor: only our own counts are shown")
    check(later["kvm"]["exits"] >= sum(first["to_monitor"].values()), later)
    check(later["kvm"]["exits"] > first["kvm"]["exits"], first, later)
    check(re.search(r"as KVM counts them:.* all \d+", text.out), text)


def test_stopped(lab):
    """of one that has ended the last figures are shown"""
    expect(lab.isolab("create", "vm", "m"))
    until(lab, lambda entry: "vm_exits" in entry)
    expect(lab.isolab("stop", "m"))
    check(stats(lab)["vm_exits"]["to_monitor"]["io"] > 0, stats(lab))


if __name__ == "__main__":
    need_kvm()
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
