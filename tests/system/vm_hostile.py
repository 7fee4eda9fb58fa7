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
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ISOLAB_PATIENCE", "120")
from harness import BUILD, check, expect, run_suite  # noqa: E402
from vm_lab import VmLab, need_kvm  # noqa: E402

ROUNDS = int(os.environ.get("ISOLAB_COUNT", 15))
CROWD = 4  # times what a guest that only computes costs the neighbour
TRIES = 3  # a machine that others use is slow for a while: then both are measured again
QUIET_GUEST = "endless"
HOSTILE = ["hammer", "flood", "everything", "marks", "kick"]


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


def neighbour(lab, kind):
    lab.use_kernel(os.path.join(BUILD, "tiny-kernel"))
    expect(lab.isolab("create", kind, "neighbour", "--", "isolab-work", "idle"))
    alone = round_trip(lab)
    quiet, _ = beside(lab, QUIET_GUEST)
    print(f"# {os.cpu_count()} processors, {kind}: exec takes {alone * 1e3:.1f} ms alone, "
          f"{quiet * 1e3:.1f} ms ({quiet / alone:.2f} ×) beside a guest that computes")
    for guest in HOSTILE:
        for _ in range(TRIES):
            took, end = beside(lab, guest)
            print(f"# {kind} beside {guest}: {took * 1e3:.1f} ms, {took / alone:.2f} × alone, "
                  f"{took / quiet:.2f} × computing; killed in {end * 1e3:.0f} ms", flush=True)
            if took < CROWD * max(quiet, alone):
                break
            quiet, _ = beside(lab, QUIET_GUEST)
        check(took < CROWD * max(quiet, alone), f"{guest}: {took} s, computing {quiet} s")
    expect(lab.isolab("rm", "-f", "neighbour"))


def test_container_beside_hostile_guests(lab):
    """a container answers beside a hostile guest as beside one that only computes"""
    neighbour(lab, "container")


def test_vm_beside_hostile_guests(lab):
    """a VM answers beside a hostile guest as beside one that only computes"""
    neighbour(lab, "vm")


def make_lab():
    """The neighbour may be a container, too."""
    lab = VmLab()
    lab.add_others()
    return lab


if __name__ == "__main__":
    need_kvm()
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")],
              make_lab)
