# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suites about isolab-oci share: bundles in a scratch directory, the program, left-overs.
"""
import copy
import json
import os
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, ORDINARY_USER, PATIENCE, Lab, Result, Terminal, expect  # noqa: E402

GROUP = f"oci-test.{os.getpid()}"  # what the cgroups of a suite's containers are called
MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs",
     "options": ["nosuid", "noexec", "nodev", "ro"]},
]
KEPT = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
CONFIG = {
    "ociVersion": "1.0.2",
    "process": {
        "user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/",
        "env": ["PATH=/bin", "TERM=xterm"], "noNewPrivileges": True,
        "capabilities": {"bounding": KEPT, "effective": KEPT, "permitted": KEPT},
    },
    "root": {"path": "rootfs"},
    "hostname": "inside",
    "mounts": MOUNTS,
    "linux": {
        "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")],
        "maskedPaths": ["/proc/kcore", "/sys/firmware"],
        "readonlyPaths": ["/proc/sys"],
    },
}


class OciLab(Lab):
    """Bundles, states and cgroups of its own; after a case none of them may be left."""

    def __init__(self):
        super().__init__("container")
        self.oci_path = os.path.join(BUILD, "isolab-oci")
        os.chmod(self.scratch, 0o755)
        self.states = os.path.join(self.runtime, "isolab-oci")
        self.bundles = 0

    def become_user(self):
        super().become_user()
        self.oci_path = os.path.join(self.scratch, "programs", "isolab-oci")
        self.states = os.path.join(self.runtime, "isolab-oci")

    def bundle(self, *command, change=None):
        """Makes a bundle that runs the command; `change` gets its config. Returns its path."""
        self.bundles += 1
        path = os.path.join(self.scratch, f"bundle{self.bundles}")
        root = os.path.join(path, "rootfs")
        for folder in ("bin", "proc", "sys", "dev", "tmp", "etc", "root"):
            os.makedirs(os.path.join(root, folder))
        shutil.copy(os.path.join(BUILD, "images", "base", "bin", "busybox"),
                    os.path.join(root, "bin"))
        for name in ("sh", "true", "cat", "id", "ls", "sleep", "mkdir", "touch", "stty", "hostname",
                     "grep", "mount", "env", "readlink", "kill", "wc", "head"):
            os.symlink("busybox", os.path.join(root, "bin", name))
        config = copy.deepcopy(CONFIG)
        if command:
            config["process"]["args"] = list(command)
        if change:
            change(config)
        self.write(path, config)
        if self.wrap:
            subprocess.run(["chown", "-R", f"{ORDINARY_USER}:{ORDINARY_USER}", path], check=True)
        return path

    def write(self, bundle, config):
        text = config if isinstance(config, (str, bytes)) else json.dumps(config)
        mode = "wb" if isinstance(text, bytes) else "w"
        with open(os.path.join(bundle, "config.json"), mode) as file:
            file.write(text)

    def words(self, *arguments):
        return [*self.wrap, self.oci_path, *arguments]

    def oci(self, *arguments, input=None, **options):
        """Runs isolab-oci to its end; what it leaves running has its output, too."""
        out, err = (open(os.path.join(self.scratch, name), "w+b") for name in ("out", "err"))
        with out, err:
            program = subprocess.Popen(self.words(*arguments), env=self.environment, stdout=out,
                                       stdin=subprocess.PIPE if input else subprocess.DEVNULL,
                                       stderr=err, **options)
            self.started.append(program)
            program.communicate(input and input.encode(), timeout=PATIENCE)
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        return Result(self.words(*arguments), program.returncode, *texts)

    def on_terminal(self, *arguments):
        terminal = Terminal(self.words(*arguments), self.environment)
        self.terminals.append(terminal)
        return terminal

    def state(self, name):
        return expect(self.oci("state", name)).json()

    def wait_stopped(self, name):
        """Waits until the container's first process is dead, whoever its parent is."""
        pid = self.state(name).get("pid")
        if pid:
            pidfd = os.pidfd_open(pid)
            select.select([pidfd], [], [], PATIENCE)
            os.close(pidfd)

    def left_states(self):
        return [f"state {name}" for name in os.listdir(self.states)] if os.path.isdir(
            self.states) else []

    def left_over(self):
        """States and cgroups that are still there."""
        return self.left_states() + [f"cgroup {path}" for path in self.cgroups()]

    def cgroups(self):
        """Directories of ours (by their name) below our own cgroups."""
        found = []
        for top, folders, _ in os.walk("/sys/fs/cgroup"):
            found += [os.path.join(top, name) for name in folders if name.startswith(GROUP)]
            if top.count("/") > 7:
                folders.clear()
        return found

    def reap(self, seconds=5):
        """Waits for what was orphaned: a pid namespace does not end before all of its processes,
        also those of exec, are gone."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    select.select([], [], [], 0.01)
            except ChildProcessError:
                return

    def close(self):
        names = os.listdir(self.states) if os.path.isdir(self.states) else []
        for name in names:
            self.oci("kill", "--all", name, "KILL")
        for terminal in self.terminals:
            terminal.close()
        self.terminals.clear()
        self.reap()
        for name in names:
            self.oci("delete", "--force", name)
        left = self.left_over()
        return left + super().close()


def with_cgroup(config, name, **resources):
    config["linux"]["cgroupsPath"] = name
    config["linux"]["resources"] = resources
