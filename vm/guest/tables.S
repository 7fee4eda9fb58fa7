/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tables: what the processor reads by itself, as data that the linker has filled in, so that nothing is computed at start:
 * the GDT (segments), the TSS (the stack for ring 0), the IDT (where exceptions and interrupts go) and the steward's PML4.
 *
 * A gate of the IDT holds its target in three scattered pieces, which no linker can fill in. Therefore the vectors stand at a fixed
 * address, at the very start of the kernel, 16 bytes each. The same for the TSS, whose pieces the linker script computes.
 * Intel SDM vol. 3: 3.4.5 (segments), 6.14.1 (gates), 7.7 (TSS).
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
	.word	TSS_BYTES - 1		/* 0x28 the TSS: ltr marks it busy, so this is no constant */
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
	.quad	0			/* stack for ring 0: schedule.c sets it to the end of the task's frame */
	.quad	0, 0			/* rings 1, 2 */
	.quad	0
	.quad	double_fault_stack_top	/* interrupt stack 1 */
	.quad	0, 0, 0, 0, 0, 0
	.quad	0
	.word	0, TSS_BYTES		/* the I/O permissions lie behind the end: none */
TSS_BYTES = . - task_state

	.bss
	.balign	16
	.space	2048
double_fault_stack_top:

	.section .rodata
	.balign	16
idt:
	number = 0
	.rept	VECTORS
	address = KERNEL_BASE + number * 16
	.word	address & 0xffff, SELECTOR_KERNEL_CODE
	.if	number == VECTOR_DOUBLE_FAULT
	.byte	1			/* on its own stack: the usual one may be what is broken */
	.else
	.byte	0
	.endif
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

/* The steward sees the window and nothing else. Entry 511 with the user bit; every entry below it has that bit already. */
	.section .tables, "aw"
	.balign	PAGE_BYTES
	.globl steward_pml4
steward_pml4:
	.fill	511, 8, 0
	.quad	VM_GPA_PDPT | PAGE_PRESENT | PAGE_WRITE | PAGE_USER | PAGE_ACCESSED | PAGE_DIRTY

	.section .note.GNU-stack, "", @progbits
