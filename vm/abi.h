/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_ABI_H
#define ISOLAB_VM_ABI_H
/*
 * abi: the machine that the monitor (vm/) builds and the teaching kernel (vm/guest/) finds. Both
 * include this file and nothing else of each other; assembly may include it too.
 *
 * One rule explains most of it: an instruction at ring 0 may cost 230 ns (some KVMs emulate the
 * guest's kernel mode), an exit 9 µs. What can be prepared outside is prepared outside: page
 * tables, the first stack of each program, a console that takes a buffer.
 *
 * Guest-physical memory (gpa), one slot of RAM from 0 to the size given by --memory:
 *
 *	0x00000000  +--------------------------------+
 *	            | nothing (page 0, never mapped) |
 *	0x00001000  | boot page tables: PML4, PDPT,  |  written by the monitor, see "Page tables"
 *	            | PD 0, PD 1, PT 0 (5 pages)     |
 *	0x00006000  | device tree (at most 8 KiB)    |
 *	0x00008000  | struct vm_control (1 page)     |  mailbox: the monitor's wishes
 *	0x00010000  | 8 channels of 32 KiB each:     |
 *	            |   +0x0000 struct vm_input      |
 *	            |   +0x1000 first stack, 16 KiB  |  the program's argv, environment, auxv
 *	            |   +0x5000 not used             |
 *	0x00050000  | kernel: its ELF segments       |  mapped from the file, never copied
 *	            | initrd (newc), next page       |  the same; its files lie on page bounds
 *	free.start  | free RAM, all zero             |  /memory: isolab,free = <start size>
 *	free.end    | sent programs                  |  ELF, by exec; min(1 MiB, RAM / 8)
 *	RAM's end   +--------------------------------+
 *
 * Nobody but the monitor touches a channel's first stack before its `start` bit is set, nobody
 * but the guest from then until it has reported the end of the program. Everything in the control
 * page is written by the monitor only while the CPU is stopped, so there are no races.
 *
 * Page tables. CR3 = VM_GPA_PML4. All RAM is seen at VM_WINDOW + gpa (PML4[511] alone is filled,
 * the lower half is empty and belongs to programs): the first 2 MiB by 4 KiB pages with the
 * permissions of the kernel's ELF segments (text read-only and executable, everything else NX),
 * the rest by 2 MiB pages, writable, NX. Every entry carries the user bit (and accessed, dirty),
 * since the guest's kernel runs its C code at ring 3 in this very address space (guest/nucleus.S
 * says why). The address space of a program has a PML4 of its own, with entry 511 copied but for
 * the user bit: so the window is the supervisor's alone there. The kernel is linked at VM_WINDOW +
 * VM_GPA_KERNEL (-mcmodel=kernel), p_paddr = p_vaddr - VM_WINDOW.
 *
 * Entry state: 64-bit mode; RIP = e_entry; RDI = gpa of the device tree; other general registers
 * 0 (there is no stack yet); RFLAGS = 2 (interrupts off); CR0 = PE MP ET NE WP PG; CR4 = PAE
 * OSFXSR OSXMMEXCPT; EFER = SCE LME LMA NXE; flat segments with CPL 0: CS base 0 long, DS ES SS
 * data; GDTR, IDTR, TR, LDTR empty (limit 0): the kernel loads its own. CPUID is a fixed baseline
 * (x86-64, SSE2, NX, SYSCALL; no XSAVE, no AVX). There is no interrupt controller: no PIC, no
 * APIC.
 *
 * Device tree (vm/devicetree.c). #address-cells = #size-cells = 2, all numbers below <u64> as two
 * cells unless <u32>:
 *
 *	/		compatible = "isolab,tiny"
 *	  chosen	bootargs; linux,initrd-start, linux,initrd-end <u64>;
 *			rng-seed: 32 random bytes (boot id, AT_RANDOM …); isolab,hostname;
 *			isolab,realtime-ns <u64>: CLOCK_REALTIME at entry;
 *			isolab,pids-max <u32> (absent: no limit)
 *	  memory@0	device_type = "memory"; reg = <0 size>; isolab,free = <start size>
 *	  cpus/cpu@0	device_type = "cpu"; reg <u32>; tsc-frequency <u64> in Hz
 *	  devices/	one node per device: compatible, isolab,port <u32>,
 *			interrupts <u32> (the vector), reg (its memory)
 *	    console	"isolab,console"	port, reg = the channels
 *	    timer	"isolab,timer"		port, interrupts
 *	    power	"isolab,power"		port
 *	    mark	"isolab,mark"		port
 *	    panic	"isolab,panic"		port
 *	    mailbox	"isolab,mailbox"	port, interrupts, reg = control page, sent programs
 *
 * The guest's monotonic clock is its own: it begins at its entry, by rdtsc at ring 3 and
 * tsc-frequency. (rdtsc at ring 0 may show another counter: it is not for clocks.)
 */

#define VM_WINDOW           0xffffffff80000000 /* RAM is seen from here on */
#define VM_GPA_PML4         0x1000
#define VM_GPA_PDPT         0x2000
#define VM_GPA_PD           0x3000 /* two: 2 GiB */
#define VM_GPA_PT           0x5000 /* of the first 2 MiB */
#define VM_GPA_DEVICETREE   0x6000
#define VM_DEVICETREE_BYTES 0x2000
#define VM_GPA_CONTROL      0x8000
#define VM_GPA_CHANNELS     0x10000
#define VM_CHANNEL_BYTES    0x8000
#define VM_CHANNEL_INPUT    0x0000 /* offsets in a channel */
#define VM_CHANNEL_STACK    0x1000
#define VM_STACK_BYTES      0x4000
#define VM_GPA_KERNEL       0x50000

#define VM_MEMORY_MINIMUM 0x200000   /* 2 MiB */
#define VM_MEMORY_MAXIMUM 0x7fe00000 /* what the window holds */
#define VM_PROGRAMS_BYTES 0x100000   /* at most; a program sent is at most this */

/*
 * The first stack of a program is a memory image that the monitor has laid out as Linux's execve
 * does (argc, argv, NULL, environment, NULL, auxv, strings) for exactly this address: its 16 KiB
 * end at VM_STACK_TOP in the program's address space. The guest maps the four pages (user,
 * writable) and starts the program with RSP = channel.stack_pointer; it may add pages below on
 * faults.
 */
#define VM_STACK_TOP 0x3fe00000

/* Ports: all are written with outl; the guest never reads one. Any other port or width ends the
 * VM with an error. */
#define VM_PORT_MARK    0x500 /* enum vm_mark: the monitor stamps the boot step */
#define VM_PORT_CONSOLE 0x504 /* gpa of a struct vm_packet */
#define VM_PORT_TIMER   0x508 /* µs until the timer interrupt, once; 0 = none; replaces the last */
#define VM_PORT_POWER \
	0x50c /* the main program's wait(2) status (exit << 8 | signal): ends the VM */
#define VM_PORT_PANIC   0x510 /* gpa of a struct vm_panic: ends the VM */
#define VM_PORT_MAILBOX 0x514 /* an answer: VM_ANSWER(…) */

/* Interrupt vectors: edges, nothing to acknowledge; injected only while RFLAGS.IF is set. */
#define VM_VECTOR_TIMER 0x20
#define VM_VECTOR_EVENT 0x21 /* look at struct vm_control */

/* Boot steps that the guest marks. The step `exec` is VM_ANSWER_STARTED of channel 0: no mark of
 * its own. */
#define VM_MARK_KERNEL_ENTRY 1 /* first instructions of the kernel */
#define VM_MARK_KERNEL_READY 2 /* tables loaded, device tree read, interrupts on */
#define VM_MARK_INIT         3 /* about to load the main program */

/* Answers: started (error = 0, or a positive errno: ENOEXEC, ENOMEM, EAGAIN; the channel is free
 * again then), and ended. Written just before the program's first ring-3 instruction, and after
 * its last. The end of channel 0 is VM_PORT_POWER instead. */
#define VM_ANSWER_STARTED 1
#define VM_ANSWER_ENDED   2
#define VM_ANSWER(kind, channel, value) \
	((kind) << 24 | (channel) << 16 | (value)) /* errno or wait status, 16 bits */

#define VM_CHANNELS 8 /* 0 is the main program, started at boot; 1–7 are execs */

/* Streams of a channel. */
#define VM_STDOUT 1
#define VM_STDERR 2

#ifndef __ASSEMBLER__
#include <stdint.h>

/*
 * Console output: one packet, one exit. The guest lists where the bytes lie (a write that crosses
 * pages has several pieces; it need not copy), writes the packet's gpa to VM_PORT_CONSOLE and
 * finds `result` filled in: how many bytes were taken (maybe fewer, never more than 64 KiB),
 * -EAGAIN (11: none now; the channel's `writable` bit and an event interrupt will follow), or
 * -EPIPE (32: nobody reads any more).
 */
enum { VM_PACKET_PIECES = 17 }; /* 64 KiB at any offset */
struct vm_packet {
	uint32_t channel, stream;
	uint32_t count; /* pieces used */
	int32_t result; /* written by the monitor */
	struct vm_piece {
		uint64_t gpa;
		uint64_t length;
	} pieces[VM_PACKET_PIECES];
};

/*
 * Console input of a channel: a ring filled by the monitor, emptied by the guest. `head` and
 * `tail` count bytes for ever (they wrap at 2^32); byte n lies at data[n % VM_INPUT_BYTES]. When
 * `is_ended` is set and the ring is empty, read(0) is end-of-file. With a terminal
 * (VM_CHANNEL_TTY) the monitor's line discipline has already echoed, edited and cut the bytes
 * into lines: a read returns at most one line (up to and with '\n'); a `0` byte in `data` is
 * never data then but an end-of-file typed by the user.
 */
enum { VM_INPUT_BYTES = 2048 };
struct vm_input {
	uint32_t head;     /* monitor */
	uint32_t tail;     /* guest */
	uint32_t is_ended; /* monitor */
	uint32_t reserved;
	uint8_t data[VM_INPUT_BYTES];
};

enum vm_channel_flags { VM_CHANNEL_TTY = 1 };

/* A program that shall run. */
struct vm_channel {
	uint64_t program_gpa,
	    program_bytes;      /* the ELF file, whole, page-aligned (in the initrd or sent) */
	uint64_t stack_pointer; /* its first RSP, see VM_STACK_TOP */
	uint64_t signals; /* bit n-1: signal n is to be delivered. Monitor sets, guest clears */
	uint32_t flags;   /* enum vm_channel_flags */
	uint32_t reserved;
	char name[24]; /* for a report: last component of argv[0], cut, terminated */
};

/*
 * The mailbox. The monitor sets bits and raises VM_VECTOR_EVENT; the guest clears each bit it has
 * seen (bit c = channel c). At entry `start` is 1: the main program lies ready in channel 0; no
 * interrupt is raised for it.
 */
struct vm_control {
	uint32_t start;         /* channel[c] holds a program to start */
	uint32_t signalled;     /* channel[c].signals has new bits */
	uint32_t readable;      /* the input ring got bytes, or its end */
	uint32_t writable;      /* output that was answered -EAGAIN can be tried again */
	uint16_t rows, columns; /* of the terminal, 0 = unknown */
	uint32_t reserved[3];
	struct vm_channel channel[VM_CHANNELS];
};

/* The guest's last words. `text` is one or more lines, `length` bytes, at most VM_PANIC_TEXT. */
enum vm_panic_kind { VM_PANIC_BUG = 1, VM_PANIC_FAULT, VM_PANIC_MEMORY, VM_PANIC_DEVICETREE };
enum { VM_PANIC_TEXT = 512 };
struct vm_panic {
	uint32_t kind;                                      /* enum vm_panic_kind */
	uint32_t length;                                    /* of text */
	uint64_t vector, error_code, rip, rsp, rflags, cr2; /* of a fault; 0 otherwise */
	char text[VM_PANIC_TEXT];
};

_Static_assert(sizeof(struct vm_control) <= 4096, "the control page is one page");
_Static_assert(sizeof(struct vm_input) <= 4096, "an input ring is one page");
#endif /* __ASSEMBLER__ */

#endif
