#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile guests slow only themselves: how long another sandbox takes to answer meanwhile.

A neighbour runs; a program is executed in it again and again, first alone, then beside a VM whose
guest hammers a device, floods its console, prints all of its memory, marks boot steps or kicks the
mailbox for ever. The medians are printed. A guest that computes for ever is the measure of what a
share of the processor costs by itself: whoever asks the monitor for something must not cost the
neighbour much more than that.
"""
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ISOLAB_PATIENCE", "120")
from harness import BUILD, Skip, check, expect, run_suite  # noqa: E402
from vm_lab import VmLab, need_kvm  # noqa: E402

ROUNDS = int(os.environ.get("ISOLAB_COUNT", 15))
CROWD = 4  # times what a guest that only computes costs the neighbour
TRIES = 3  # a machine that others use is slow for a while: then both are measured again
# The first one only computes.
HOSTILE = ["endless", "hammer", "flood", "everything", "marks", "kick"]
LINUX_HOSTILE = {
    "computing": "while :; do :; done",
    "the terminal": "exec yes >/dev/hvc0",
    "the serial port": "exec yes >/dev/ttyS0",
    "random bytes": "exec dd if=/dev/hwrng of=/dev/null bs=16 2>/dev/null",
    "the disk": "while :; do dd if=/dev/vda of=/dev/null bs=512 iflag=direct 2>/dev/null; done",
    "the agent's line": "exec yes",
}


def round_trip(lab):
    """Seconds from `isolab exec` to its end, the median."""
    took = []
    for _ in range(ROUNDS):
        start = time.monotonic()
        expect(lab.isolab("exec", "neighbour", "--", "true"))
        took.append(time.monotonic() - start)
    return statistics.median(took)


def beside(lab, guest):
    """The neighbour's round trip while the guest runs; the guest must still be heard and ended."""
    with open(os.devnull, "wb") as nowhere:
        hostile = lab.start_guest(guest, stdout=nowhere)
        took = round_trip(lab)
        check(hostile.poll() is None, f"{guest} ended by itself: {hostile.poll()}")
        start = time.monotonic()
        expect(lab.isolab("kill", "bad"))
        hostile.wait(20)
    return took, time.monotonic() - start


def compare_all(kind, alone, measure, guests):
    """Each hostile guest against the first one, which only computes; measure(guest) → two times."""
    quiet, _ = measure(guests[0])
    print(f"# {os.cpu_count()} processors, {kind}: exec takes {alone * 1e3:.1f} ms alone, "
          f"{quiet * 1e3:.1f} ms ({quiet / alone:.2f} ×) beside a guest that computes")
    for guest in guests[1:]:
        for _ in range(TRIES):
            took, end = measure(guest)
            print(f"# {kind} beside {guest}: {took * 1e3:.1f} ms, {took / alone:.2f} × alone, "
                  f"{took / quiet:.2f} × computing; killed in {end * 1e3:.0f} ms", flush=True)
            if took < CROWD * max(quiet, alone):
                break
            quiet, _ = measure(guests[0])
        check(took < CROWD * max(quiet, alone), f"{guest}: {took} s, computing {quiet} s")


def neighbour(lab, kind):
    lab.use_kernel(os.path.join(BUILD, "tiny-kernel"))
    expect(lab.isolab("create", kind, "neighbour", "--", "isolab-work", "idle"))
    compare_all(kind, round_trip(lab), lambda guest: beside(lab, guest), HOSTILE)
    expect(lab.isolab("rm", "-f", "neighbour"))


def test_container_beside_hostile_guests(lab):
    """a container answers beside a hostile guest as beside one that only computes"""
    neighbour(lab, "container")


def test_vm_beside_hostile_guests(lab):
    """a VM answers beside a hostile guest as beside one that only computes"""
    neighbour(lab, "vm")


def beside_linux(lab, guest):
    """As beside(), the hostile one being a program of a Linux guest that stands already."""
    script = "echo begun >&2; " + LINUX_HOSTILE[guest]
    program = lab.start("exec", "bad", "--", "sh", "-c", script, stdout=subprocess.DEVNULL)
    program.stderr.readline()
    took = round_trip(lab)
    check(program.poll() is None, f"{guest} ended by itself: {program.poll()}")
    start = time.monotonic()
    program.kill()
    program.wait()
    expect(lab.isolab("exec", "bad", "--", "true"))
    return took, time.monotonic() - start


def test_container_beside_hostile_linux(lab):
    """a container answers beside a Linux guest that hammers devices as beside one that computes"""
    if "ISOLAB_LINUX" not in os.environ:
        raise Skip("ISOLAB_LINUX names no kernel")
    disk = os.path.join(lab.scratch, "disk")
    with open(disk, "wb") as file:
        file.truncate(8 << 20)
    expect(lab.isolab("create", "vm", "bad", "--kernel", os.environ["ISOLAB_LINUX"], "--memory",
                      "128M", "--disk", disk, "--", "sleep", "100000"))
    expect(lab.isolab("create", "container", "neighbour", "--", "isolab-work", "idle"))
    compare_all("container", round_trip(lab), lambda guest: beside_linux(lab, guest),
                list(LINUX_HOSTILE))


def make_lab():
    """The neighbour may be a container, too."""
    lab = VmLab()
    lab.add_others()
    return lab


if __name__ == "__main__":
    need_kvm()
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")],
              make_lab)
