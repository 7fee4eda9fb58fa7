#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""contract.py WALL [all] [test_NAME…]: what every wall promises, tried on one of them.

The same cases run on process, container, vm (the tiny one, vm_linux and vm_tcg) and on the fake
wall of the tests. They use the command line only, with real programs, as a teacher's script would.
No case knows which wall it meets, but for the few words about what a wall cannot have by nature.
"""
import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
import cases_end  # noqa: E402
import cases_live  # noqa: E402
import cases_run  # noqa: E402
from emulated import find_kernel  # noqa: E402
from harness import run_suite  # noqa: E402
from kind import IS_EMULATED, IS_LINUX, KIND, NAMES, WALL, make_lab  # noqa: E402

# A boot of Linux takes seconds: one case for each thing that its own code does, unless `all` are
# wanted. (tests/system/vm_tcg.py has more of them in each boot.)
LINUX = {"test_run_input", "test_run_terminal", "test_console_both_ways", "test_exec",
         "test_exec_on_a_terminal", "test_exec_streams", "test_facts", "test_stop", "test_pause"}


def main():
    if KIND == "vm" and not IS_EMULATED and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("no /dev/kvm that this user may use", file=sys.stderr)
        sys.exit(77)
    if IS_LINUX and "ISOLAB_LINUX" not in os.environ:
        find_kernel()  # or the end, with the reason
    cases = [case for module in (cases_run, cases_live, cases_end)
             for name, case in vars(module).items()
             if name.startswith("test_") and NAMES & set(getattr(case, "kinds", NAMES)) and
             (name in LINUX or not IS_LINUX or len(sys.argv) > 2)]
    run_suite(cases, make_lab, prefix=f"{WALL.replace('_', ' ')}: ")


if __name__ == "__main__":
    main()
