# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall under test: contract.py KIND. vm is the tiny one; vm_linux boots Linux on KVM, vm_tcg on
a processor that QEMU emulates."""
import os
import sys

from emulated import find_kernel
from harness import Lab

WALL = sys.argv[1] if len(sys.argv) > 1 else "process"
KIND = WALL.split("_", maxsplit=1)[0]
IS_EMULATED = WALL == "vm_tcg"
IS_LINUX = WALL in ("vm_linux", "vm_tcg")
IS_TINY = KIND == "vm" and not IS_LINUX
HAS_SHELL = KIND in ("process", "container") or IS_LINUX  # a whole Linux runs what is inside
# What `only` may call this wall.
NAMES = {KIND} | ({"tiny"} if IS_TINY else set()) | ({"linux"} if IS_LINUX else set())
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


class LinuxLab(Lab):
    """Every VM runs Linux; a boot takes seconds, so what was unpacked for one serves the next."""

    def __init__(self):
        super().__init__("vm")
        self.options = ["--kernel", os.environ.get("ISOLAB_LINUX") or find_kernel(), "--memory",
                        "128M", *(["--accel", "tcg"] if IS_EMULATED else [])]
        if "XDG_CACHE_HOME" in os.environ:
            self.environment["XDG_CACHE_HOME"] = os.environ["XDG_CACHE_HOME"]

    def command(self, arguments):
        words = list(arguments)
        if words[0] in ("run", "create") and "vm" in words[:3]:
            at = 1 if words[0] == "run" else 3  # behind the name
            words[at:at] = self.options
        return super().command(words)


def make_lab():
    if IS_LINUX:
        return LinuxLab()
    return FakeLab(KIND) if KIND == "fake" else Lab(KIND)
