# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suites that put something of their own in place of a VM's parts share: a lab whose
programs are a copy, where the worker finds the kernel, and the hints to it, beside itself."""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, Lab  # noqa: E402

GUESTS = os.path.join(BUILD, "tests", "system", "guests")
HOOKED = os.path.join(BUILD, "tests", "system", "vm_to_kill")
PROGRAMS = ["isolab", "isolab-vm", "isolab-cli", "tiny-kernel", "tiny-initrd.cpio"]


def need_kvm():
    """Ends the whole suite where no VM can run."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("1..0 # SKIP no access to /dev/kvm")
        print("no access to /dev/kvm", file=sys.stderr)
        sys.exit(77)


def status_of(pid):
    """The lines of /proc/PID/status; of one that has ended: walled in as far as can be."""
    if not os.path.exists(f"/proc/{pid}/status"):
        return {"Seccomp": "2"}
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)


class VmLab(Lab):
    """A lab whose programs can be given another kernel."""

    def __init__(self):
        super().__init__("vm")
        self.folder = os.path.join(self.scratch, "programs")
        os.mkdir(self.folder)
        for name in PROGRAMS:
            if os.path.exists(os.path.join(BUILD, name)):
                shutil.copy(os.path.join(BUILD, name), self.folder)
        self.isolab_path = os.path.join(self.folder, "isolab")

    def add_others(self):
        """The rest of the build beside them, for other kinds and kernels."""
        for name in os.listdir(BUILD):
            path = os.path.join(self.folder, name)
            if (name.startswith("isolab") or name.endswith(".cpio") or name == "images") and \
                    not name.endswith(".p") and not os.path.lexists(path):
                os.symlink(os.path.join(BUILD, name), path)

    def put(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)

    def replace(self, name, path):
        """By a new file: the old one may be mapped by a VM that runs."""
        shutil.copy(path, os.path.join(self.folder, "new"))
        os.replace(os.path.join(self.folder, "new"), os.path.join(self.folder, name))

    def use_kernel(self, path):
        self.replace("tiny-kernel", path)

    def use_guest(self, name):
        self.use_kernel(os.path.join(GUESTS, "guest_" + name))

    def run_guest(self, name):
        self.use_guest(name)
        return self.isolab("run", "vm", "--", "true")

    def start_guest(self, name, **options):
        """Starts it in the foreground as sandbox `bad`; returns when the monitor is walled in."""
        self.use_guest(name)
        program = self.start("run", "vm", "--name", "bad", "--", "true", **options)
        while program.poll() is None and status_of(program.pid).get("Seccomp") != "2":
            time.sleep(0.002)
        return program
