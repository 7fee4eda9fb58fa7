#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""contract.py KIND [test_NAME…]: what every wall promises, tried on one of them.

The same cases run on process, container, vm and on the fake wall of the tests. They use the command
line only, with real programs, as a teacher's script would. No case knows which wall it meets, but
for the few words about what a wall cannot have by nature.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cases_end  # noqa: E402
import cases_live  # noqa: E402
import cases_run  # noqa: E402
from harness import run_suite  # noqa: E402
from kind import KIND, make_lab  # noqa: E402


def main():
    if KIND == "vm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("no /dev/kvm that this user may use", file=sys.stderr)
        sys.exit(77)
    cases = [case for module in (cases_run, cases_live, cases_end)
             for name, case in vars(module).items()
             if name.startswith("test_") and KIND in getattr(case, "kinds", (KIND,))]
    run_suite(cases, make_lab, prefix=f"{KIND}: ")


if __name__ == "__main__":
    main()
