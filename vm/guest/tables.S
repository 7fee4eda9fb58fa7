/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tables: what the processor reads by itself, as data that the linker has filled in, so that
 * nothing is computed at start: the GDT (segments), the TSS (the stack for ring 0) and the IDT
 * (where exceptions and interrupts go).
 *
 * A gate of the IDT holds its target in three scattered pieces, which no linker can fill in.
 * Therefore the vectors stand at a fixed address, at the very start of the kernel. The same for the
 * TSS, whose pieces the linker script computes. Intel SDM vol. 3: 3.4.5 (segments), 6.14.1 (gates),
 * 6.14.5 (interrupt stacks), 7.7 (TSS).
 */
#include "memlayout.h"

#define KERNEL_BASE (VM_WINDOW + VM_GPA_KERNEL)

	.data
	.balign	16
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08 kernel code: ring 0, 64 bit */
	.quad	0x00cf93000000ffff	/* 0x10 kernel data */
	.quad	0x00cff3000000ffff	/* 0x18 user data: ring 3 */
	.quad	0x00affb000000ffff	/* 0x20 user code: ring 3, 64 bit */
	/* 0x28 the TSS: ltr marks it busy, so this is no constant */
	.word	TSS_BYTES - 1
	.word	task_state_low
	.byte	task_state_middle
	.byte	0x89, 0
	.byte	task_state_high
	.long	0xffffffff, 0
gdt_end:

	.balign	16
	.globl task_state
task_state:
	.long	0
	.quad	trap_area_end		/* stack for ring 0 */
	.quad	0, 0			/* rings 1, 2 */
	.quad	0
	/* interrupt stack 1: the one that all gates name, also for a trap from ring 0 */
	.quad	trap_area_end
	.quad	0, 0, 0, 0, 0, 0
	.quad	0
	.word	0, TSS_BYTES		/* the I/O permissions lie behind the end: none */
TSS_BYTES = . - task_state

	.section .rodata
	.balign	16
idt:
	number = 0
	.rept	VECTORS
	address = KERNEL_BASE + number * VECTOR_BYTES
	.word	address & 0xffff, SELECTOR_KERNEL_CODE
	.byte	1			/* interrupt stack 1 */
	.if	number == VECTOR_BREAKPOINT
	.byte	0xee			/* a task may execute int3 */
	.else
	.byte	0x8e			/* an interrupt gate: interrupts off */
	.endif
	.word	(address >> 16) & 0xffff
	.long	0xffffffff
	.long	0
	number = number + 1
	.endr
idt_end:

	.globl gdt_register, idt_register
gdt_register:
	.word	gdt_end - gdt - 1
	.quad	gdt
idt_register:
	.word	idt_end - idt - 1
	.quad	idt

	.section .note.GNU-stack, "", @progbits
