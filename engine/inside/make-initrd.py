#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the initrd of the teaching kernel: a cpio archive ("newc") of a few static programs.

Usage: make-initrd.py OUTPUT NAME=FILE...

The data of every file begins at a multiple of 4096 bytes, so that the kernel maps a program's pages
where they lie and copies nothing. The gap is filled as Linux' own tool does it: by NUL bytes behind
the entry's name, counted in its length. Owner, time and inode numbers are fixed: the same programs
make the same archive.
"""
import os
import sys

PAGE = 4096
HEADER = 110  # "070701" and 13 numbers of 8 hexadecimal digits


def entry(offset, inode, name, mode, data):
    """One archive entry that begins at `offset`."""
    name_bytes = name.encode() + b"\0"
    if data:
        name_bytes += b"\0" * (-(offset + HEADER + len(name_bytes)) % PAGE)
    else:
        name_bytes += b"\0" * (-(HEADER + len(name_bytes)) % 4)
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name_bytes), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return header + name_bytes + data + b"\0" * (-len(data) % 4)


def main():
    archive = b""
    archive += entry(len(archive), 1, "bin", 0o040755, b"")
    for inode, argument in enumerate(sys.argv[2:], 2):
        name, path = argument.split("=", 1)
        with open(path, "rb") as file:
            archive += entry(len(archive), inode, name, 0o100755, file.read())
    archive += entry(len(archive), 0, "TRAILER!!!", 0, b"")
    # A new file, not the old one changed: VMs that run have that mapped.
    with open(sys.argv[1] + ".new", "wb") as file:
        file.write(archive + b"\0" * (-len(archive) % PAGE))
    os.replace(sys.argv[1] + ".new", sys.argv[1])


main()
