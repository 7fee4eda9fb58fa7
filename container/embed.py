#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a file's bytes as the inside of a C array: embed.py FILE OUTPUT."""
import sys

with open(sys.argv[1], "rb") as file, open(sys.argv[2], "w", encoding="ascii") as output:
    data = file.read()
    for start in range(0, len(data), 16):
        output.write(",".join(str(byte) for byte in data[start:start + 16]) + ",\n")
