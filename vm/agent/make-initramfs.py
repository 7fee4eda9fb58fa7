#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the first file system of a Linux guest: a cpio archive ("newc") of an image, with our
agent as /init and the one device node that the kernel opens before anything is mounted.

Usage: make-initramfs.py OUTPUT IMAGE_DIRECTORY AGENT

Owner, time and inode numbers are fixed: the same image makes the same archive. See the kernel's
Documentation/driver-api/early-userspace/buffer-format.rst.
"""
import os
import stat
import sys

PAGE = 4096
CONSOLE = (5, 1)


def entry(inode, name, mode, data=b"", device=(0, 0)):
    name_bytes = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name_bytes), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + name_bytes
    return header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4)


def content(path, mode):
    if stat.S_ISLNK(mode):
        return os.readlink(path).encode()
    if stat.S_ISREG(mode):
        with open(path, "rb") as file:
            return file.read()
    return b""


def walk(image):
    """Every directory before what is in it, in order of names."""
    for directory, names, files in os.walk(image):
        names.sort()
        for name in sorted(names + files):
            yield os.path.join(directory, name)


def main():
    output, image, agent = sys.argv[1:]
    parts = [entry(1, "init", 0o100755, content(agent, stat.S_IFREG)),
             entry(2, "dev", 0o040755),
             entry(3, "dev/console", 0o020600, device=CONSOLE)]
    for inode, path in enumerate(walk(image), 4):
        mode = os.lstat(path).st_mode
        parts.append(entry(inode, os.path.relpath(path, image), mode, content(path, mode)))
    parts.append(entry(0, "TRAILER!!!", 0))
    archive = b"".join(parts)
    # A new file, not the old one changed: VMs that run have that mapped.
    with open(output + ".new", "wb") as file:
        file.write(archive + b"\0" * (-len(archive) % PAGE))
    os.replace(output + ".new", output)


main()
