#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the instructions that the teaching kernel executes at ring 0 before its first program.

Each may cost a microsecond where a hypervisor emulates the guest's ring 0. The count is taken under
QEMU's own processor, which logs every instruction with its ring. What the monitor lays into memory
(vm/abi.h) is laid here by hand: so this is a second reader of that contract, too. A few lines of
assembly bring the processor from QEMU's PVH entry to the entry state.
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

BUILD = os.environ.get("ISOLAB_BUILD", "build")
WINDOW, KERNEL, MEMORY = 0xffffffff80000000, 0x50000, 32 << 20
PML4, DEVICETREE, CONTROL, CHANNEL = 0x1000, 0x6000, 0x8000, 0x10000
SHIM, LOADED_AT = 0x1f00000, 0x1000000
STACK_TOP, STACK_BYTES = 0x3fe00000, 0x4000
MOST = 45  # instructions

SHIM_SOURCE = """
	.globl	start
	.section .note, "a"
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.ascii	"Xen\\0"
	.long	start
	.text
	.code32
start:	mov	$LOADED_AT + 0x1000, %esi /* not before: firmware uses low memory */
	mov	$0x1000, %edi
	mov	$(LOADED_END - LOADED_AT - 0x1000) / 4, %ecx
	rep movsl
	mov	$0xff, %al		/* the monitor's machine has no PIC */
	out	%al, $0x21
	out	%al, $0xa1
	mov	$0x620, %eax		/* PAE OSFXSR OSXMMEXCPT */
	mov	%eax, %cr4
	mov	$0x1000, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	mov	$0xd01, %eax		/* SCE LME LMA NXE */
	xor	%edx, %edx
	wrmsr
	lgdt	gdt_register
	mov	$0x80010033, %eax	/* PG WP NE ET MP PE */
	mov	%eax, %cr0
	ljmp	$8, $far
	.code64
far:	mov	$stack, %esp
	xor	%eax, %eax
	mov	%eax, %ss
	movabs	$ENTRY, %rax
	push	%rax
	mov	$0x6000, %edi
	xor	%eax, %eax
	ret
	.balign	8
gdt:	.quad	0, 0x00af9b000000ffff
gdt_register:
	.word	15
	.quad	gdt
	.balign 16
	.space	64
stack:
"""


def segments(path):
    """What a file loads: its entry, and (physical address, flags, bytes, size) of each segment."""
    with open(path, "rb") as file:
        data = file.read()
    entry, headers = struct.unpack_from("<QQ", data, 24)
    found = []
    for i in range(struct.unpack_from("<H", data, 56)[0]):
        kind, flags, offset, _, address, filed, size = struct.unpack_from(
            "<IIQQQQQ", data, headers + 56 * i)
        if kind == 1:
            found.append((address, flags, data[offset:offset + filed], size))
    return entry, found


class Tree:
    """A flattened device tree."""

    def __init__(self):
        self.structure, self.strings = b"", b""

    def begin(self, name):
        self.structure += struct.pack(">I", 1) + name.encode() + b"\0" * (4 - len(name) % 4)

    def end(self):
        self.structure += struct.pack(">I", 2)

    def put(self, name, value):
        self.structure += struct.pack(">III", 3, len(value), len(self.strings)) + value
        self.structure += b"\0" * (-len(value) % 4)
        self.strings += name.encode() + b"\0"

    def bytes(self):
        structure = self.structure + struct.pack(">I", 9)
        head = (0xd00dfeed, 56 + len(structure) + len(self.strings), 56, 56 + len(structure), 40,
                17, 16, 0, len(self.strings), len(structure))
        return struct.pack(">10I", *head) + b"\0" * 16 + structure + self.strings


def device_tree(initrd, free):
    tree = Tree()
    tree.begin("")
    tree.begin("chosen")
    tree.put("linux,initrd-start", struct.pack(">Q", initrd[0]))
    tree.put("linux,initrd-end", struct.pack(">Q", initrd[1]))
    tree.put("rng-seed", bytes(range(32)))
    tree.put("isolab,hostname", b"counted\0")
    tree.put("isolab,realtime-ns", struct.pack(">Q", 10**18))
    tree.end()
    tree.begin("memory@0")
    tree.put("reg", struct.pack(">QQ", 0, MEMORY))
    tree.put("isolab,free", struct.pack(">QQ", free, SHIM - free))
    tree.end()
    tree.begin("cpu@0")
    tree.put("tsc-frequency", struct.pack(">Q", 10**9))
    tree.end()
    for name, port in (("console", 0x504), ("timer", 0x508), ("power", 0x50c), ("mailbox", 0x514)):
        tree.begin(name)
        tree.put("compatible", f"isolab,{name}".encode() + b"\0")
        tree.put("isolab,port", struct.pack(">I", port))
        tree.end()
    tree.end()
    return tree.bytes()


def page_tables(kernel):
    """The five pages from PML4 on."""
    table, leaf, nx = 0x27, 0x67, 1 << 63
    pages = [[0] * 512 for _ in range(5)]
    pages[0][0] = 0x2000 | table  # for the shim alone; see below
    pages[0][511] = 0x2000 | table
    pages[1][0] = pages[1][510] = 0x3000 | table
    pages[1][511] = 0x4000 | table
    pages[2][0] = 0x5000 | table
    for i in range(1, MEMORY >> 21):
        pages[2][i] = i << 21 | leaf | 0x80
    for i in range(1, 512):
        flags = next((flags for start, flags, _, size in kernel
                      if start <= i << 12 < start + size), 2)
        pages[4][i] = i << 12 | (leaf if flags & 2 else leaf & ~2) | (0 if flags & 1 else nx)
    return b"".join(struct.pack("<512Q", *page) for page in pages)


def first_stack():
    """argc, argv, environment, auxiliary vector of `true`; the address of argc."""
    name = STACK_TOP - 16
    words = struct.pack("<QQQQQQ", 1, name, 0, 0, 0, 0)
    start = STACK_BYTES - 64
    block = (b"\0" * start + words).ljust(STACK_BYTES - 16, b"\0") + b"true".ljust(16, b"\0")
    return block, STACK_TOP - STACK_BYTES + start


def make_image(folder):
    """An ELF file that QEMU loads: the shim, and all that the monitor would have laid out."""
    entry, kernel = segments(os.path.join(BUILD, "tiny-kernel"))
    with open(os.path.join(BUILD, "tiny-initrd.cpio"), "rb") as file:
        archive = file.read()
    with open(os.path.join(BUILD, "engine", "inside", "isolab-work"), "rb") as file:
        program = file.read()
    initrd = max(start + size for start, _, _, size in kernel)
    program_at = initrd + archive.index(program)
    free = (initrd + len(archive) + 4095) & ~4095
    stack, pointer = first_stack()
    control = struct.pack("<IIIIHHIII", 1, 0, 0, 0, 0, 0, 0, 0, 0)
    control += struct.pack("<QQQQII24s", program_at, len(program), pointer, 0, 0, 0, b"true")
    pieces = {PML4: page_tables(kernel), CONTROL: control, initrd: archive,
              DEVICETREE: device_tree((initrd, initrd + len(archive)), free),
              CHANNEL + 0x1000: stack, **{start: data for start, _, data, _ in kernel}}
    names = {"ENTRY": entry, "LOADED_AT": LOADED_AT, "LOADED_END": LOADED_AT + free}
    source = "".join(f"{name} = {value:#x}\n" for name, value in names.items()) + SHIM_SOURCE
    script = f"PHDRS {{ text PT_LOAD; note PT_NOTE; "
    script += " ".join(f"p{at:x} PT_LOAD;" for at in pieces) + f" }} SECTIONS {{ . = {SHIM:#x};\n"
    script += ".text : { *(.text) } :text .note : { *(.note) } :text :note\n"
    for at, data in sorted(pieces.items()):
        name = os.path.join(folder, f"{at:x}")
        with open(name, "wb") as file:
            file.write(data)
        source += f'\t.section .p{at:x}, "aw"\n\t.incbin "{name}"\n'
        script += f".p{at:x} {LOADED_AT + at:#x} : {{ *(.p{at:x}) }} :p{at:x}\n"
    for name, text in (("shim.S", source), ("shim.ld", script + "}\n")):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
    subprocess.run(["cc", "-c", "-o", "shim.o", "shim.S"], cwd=folder, check=True)
    subprocess.run(["ld", "--no-warn-rwx-segments", "-e", "start", "-T", "shim.ld", "-o", "image",
                    "shim.o"], cwd=folder, check=True)
    return entry


def run(folder):
    """Runs it; the list of (ring, address) of all instructions."""
    subprocess.run(["qemu-system-x86_64", "-M", "pc", "-cpu", "qemu64", "-accel", "tcg",
                    "-singlestep", "-m", "64", "-display", "none", "-no-reboot", "-nic", "none",
                    "-kernel", "image", "-d", "exec,nochain", "-D", "log",
                    "-dfilter", "0xffffffff80000000+0x7fffffff,0x400000+0x3fc00000",
                    "-device", "isa-debug-exit,iobase=0x50c,iosize=4"],
                   cwd=folder, timeout=60, check=False, stdin=subprocess.DEVNULL)
    trace = re.compile(r"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/([0-9a-f]+)/")
    with open(os.path.join(folder, "log"), encoding="ascii", errors="replace") as log:
        for line in log:
            if match := trace.match(line):
                yield int(match.group(2), 16) & 3, int(match.group(1), 16)


def main():
    if not shutil.which("qemu-system-x86_64"):
        print("1..0 # SKIP no qemu-system-x86_64")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="isolab-test-") as folder:
        entry = make_image(folder)
        counts, is_started, is_program = [0, 0, 0, 0], False, False
        for ring, address in run(folder):
            is_started = is_started or address == entry
            is_program = ring == 3 and 0x400000 <= address < 0x500000
            if is_program:
                break
            counts[ring] += is_started
    print("1..1")
    print(f"# ring 0: {counts[0]}, ring 3: {counts[3]} instructions before the first program's")
    is_right = is_program and 10 < counts[0] <= MOST
    print("ok" if is_right else "not ok",
          f"1 - the kernel reaches its first program with at most {MOST} instructions at ring 0")
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
