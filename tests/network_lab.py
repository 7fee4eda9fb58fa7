# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab on a host of the test's own, for suites about the network.

The host is a network namespace and a mount namespace, in which /dev/net/tun is open to everybody
and the programs that lead outside are hidden unless a case wants them.
"""
import ctypes
import os
import re
import select
import socket
import struct
import subprocess
import sys
import threading
import time

from harness import Lab, check, expect

UPLINKS = ("pasta", "slirp4netns")
FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin")
# iproute2's: a busybox shell would take its own.
IP = next((path for path in ("/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip")
           if os.path.exists(path) and "busybox" not in os.path.realpath(path)), "ip")
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000

# A host of our own: quiet but for its localhost.
HOST = r"""
set -e
$IP link set lo up
mount -t tmpfs none /mnt
mknod -m 666 /mnt/tun c 10 200
[ ! -d /dev/net ] || mount --bind /mnt /dev/net
for program in $HIDDEN; do mount --bind /dev/null "$program"; done
echo ready
exec sleep 1000
"""


class Host:
    """A process in a network and a mount namespace of its own; `wrap` runs a program there."""

    def __init__(self, uplinks=()):
        paths = [os.path.join(folder, name) for folder in FOLDERS for name in UPLINKS
                 if name not in uplinks]
        hidden = " ".join({os.path.realpath(path) for path in paths if os.path.exists(path)})
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--net", "sh", "-c", HOST], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**os.environ, "HIDDEN": hidden, "IP": IP})
        check(self.process.stdout.readline() == "ready\n", "a host of our own",
              self.process.poll() is not None and self.process.stderr.read())
        self.wrap = ["nsenter", "--target", str(self.process.pid), "--mount", "--net", "--"]

    def run(self, script):
        told = subprocess.run([*self.wrap, "sh", "-c", script], capture_output=True, text=True,
                              check=False)
        check(told.returncode == 0, script, told.stderr)
        return told.stdout

    def close(self):
        self.process.kill()
        self.process.communicate()


class NetworkLab(Lab):
    """A lab on a host of its own."""

    def __init__(self, uplinks=()):
        super().__init__("container")
        self.host = None
        if "--user" in sys.argv:
            self.become_user()
        self.user_wrap = self.wrap
        self.move(uplinks)

    def move(self, uplinks):
        """To a new host, where these programs lead outside."""
        if self.host:
            self.host.close()
        self.host = Host(uplinks)
        self.wrap = [*self.host.wrap, *self.user_wrap]

    def make(self, name, *command, options=()):
        words = ["--", *command] if command else []
        return self.create(name, "--network", "lab", *options, *words)

    def inside(self, name, *words, status=0):
        return expect(self.isolab("exec", name, "--", *words), status).out

    def shell(self, name, script):
        return self.isolab("exec", name, "--", "sh", "-c", script)

    def address(self, name):
        told = self.inside(name, "ip", "-4", "addr", "show", "eth0")
        return re.search(r"inet (10\.\S+)/24", told)[1]

    def holders(self):
        """Numbers of this lab's isolab-net processes: the keeper first."""
        lock = os.path.join(self.directory(".lab"), "lock")
        if not os.path.exists(lock):
            return []
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    is_ours = file.read().strip() == "isolab-net"
                folder = f"/proc/{pid}/fd"
                links = [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]
            except OSError:
                continue
            if is_ours and lock in links:
                found.append(int(pid))
        return found

    def holder(self):
        """The number of the inner process."""
        keeper = self.holders()[0]
        with open(f"/proc/{keeper}/task/{keeper}/children", encoding="ascii") as file:
            return int(file.read().split()[0])

    def connect(self):
        """A connection to the holder, as a worker has it."""
        return Connection(os.path.join(self.directory(".lab"), "sock"))

    def close(self):
        # From their host first, since that is one of our processes, too.
        self.isolab("rm", "-f", "--all")
        for keeper in self.holders()[:1]:
            wait_end(keeper)
        self.host.close()
        self.wrap = self.user_wrap
        return super().close()


def wait_end(pid, seconds=5):
    """Waits until the process has ended."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    check(select.select([pidfd], [], [], seconds)[0], f"process {pid} ends")
    os.close(pidfd)


def wait_for(what, holds, seconds=5):
    """Waits for something that no descriptor tells."""
    deadline = time.monotonic() + seconds
    while not holds():
        check(time.monotonic() < deadline, what)
        select.select([], [], [], 0.01)


class Connection:
    """Speaks container/net_wire.h."""

    MAGIC, JOIN, ATTACH, TAP, LIST = 0x6e626f69, 1, 2, 3, 4
    JOINED, OK, MEMBER, ERROR = 64, 65, 66, 67
    LEASE = "5I16s6s2x16s"
    FORMAT = "<3I" + LEASE + "64s64s256s256s"

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)
        self.socket.settimeout(5)

    def send(self, kind, name=b"", number=0, fds=(), hostname=b"", magic=MAGIC):
        data = struct.pack(self.FORMAT, magic, kind, number, 0, 0, 0, 0, 0, b"", b"", b"", name,
                           hostname, b"", b"")
        socket.send_fds(self.socket, [data], list(fds))

    def ask(self, kind, *arguments, **more):
        """Type, text of an error, descriptors."""
        self.send(kind, *arguments, **more)
        data, fds, _, _ = socket.recv_fds(self.socket, 4096, 4)
        if not data:
            return 0, "", []
        fields = struct.unpack(self.FORMAT, data)
        return fields[1], fields[13].split(b"\0")[0].decode(), fds

    def is_dropped(self):
        try:
            return self.socket.recv(4096) == b""
        except ConnectionResetError:
            return True


def hang_up(server):
    """Takes every call and ends it."""
    try:
        while True:
            server.accept()[0].close()
    except OSError:
        pass


def socket_on(host, address, port):
    """A listening socket in the host's network namespace."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    theirs = os.open(f"/proc/{host.process.pid}/ns/net", os.O_RDONLY)
    check(LIBC.setns(theirs, CLONE_NEWNET) == 0, "enter")
    try:
        server = socket.create_server((address, port))
        threading.Thread(target=hang_up, args=[server], daemon=True).start()
        return server
    finally:
        LIBC.setns(own, CLONE_NEWNET)
        os.close(own)
        os.close(theirs)
