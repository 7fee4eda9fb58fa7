# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall under test: contract.py KIND."""
import os
import sys

from emulated import find_kernel
from harness import Lab

KIND = sys.argv[1] if len(sys.argv) > 1 else "process"
IS_EMULATED = KIND == "vm_tcg"
if IS_EMULATED:
    KIND = "vm"
WORK = "isolab-work"


def only(*kinds):
    """Marks a case that has a meaning on some kinds only; it is no case of the others."""
    def mark(case):
        case.kinds = kinds
        return case
    return mark


class FakeLab(Lab):
    """The fake wall has a front of its own: the same one with another line in its table."""

    def __init__(self, kind):
        super().__init__(kind)
        images = os.path.join(self.build, "tests", "contract", "images")
        if not os.path.islink(images):  # a worker looks for its image beside itself
            os.symlink("../../images", images)

    def command(self, arguments):
        folder = os.path.join(self.build, "tests", "contract")
        if arguments[:2] == ("run", "fake"):
            return [os.path.join(folder, "isolab-fake"), *arguments]
        return [os.path.join(folder, "isolab-cli-fake"), *arguments]


class EmulatedLab(Lab):
    """Every VM runs Linux on a processor that QEMU emulates; a boot takes seconds."""

    def __init__(self):
        super().__init__("vm")
        self.options = ["--kernel", find_kernel(), "--accel", "tcg"]

    def command(self, arguments):
        words = list(arguments)
        if words[:2] in (["run", "vm"], ["create", "vm"]):
            at = 2 if words[0] == "run" else 3
            words[at:at] = self.options
        return super().command(words)


def make_lab():
    if IS_EMULATED:
        return EmulatedLab()
    return FakeLab(KIND) if KIND == "fake" else Lab(KIND)
