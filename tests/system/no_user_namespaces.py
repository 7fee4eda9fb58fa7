#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""no_user_namespaces.py COMMAND…: runs it where no user namespace can be made any more.

The limit user.max_user_namespaces belongs to a user namespace: so a fresh one is made in which all
ids mean what they mean outside, and the limit is set to 0 in there. The host's own stays as it is.
"""
import ctypes
import os
import sys

CLONE_NEWUSER = 0x10000000


def main():
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) < 0:
            sys.exit("unshare: " + os.strerror(ctypes.get_errno()))
        os.write(ready[1], b"!")
        os.read(go[0], 1)
        with open("/proc/sys/user/max_user_namespaces", "w", encoding="ascii") as limit:
            limit.write("0")
        os.execvp(sys.argv[1], sys.argv[1:])
    os.close(ready[1])
    if not os.read(ready[0], 1):
        sys.exit(1)
    for kind in ("uid", "gid"):
        with open(f"/proc/{child}/{kind}_map", "w", encoding="ascii") as table:
            table.write("0 0 4294967295")
    os.write(go[1], b"!")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
