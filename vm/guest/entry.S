/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry: the ways into the kernel and the one way out of it.
 *
 *	entry		the monitor starts us here, at ring 0 in 64-bit mode (vm/abi.h "Entry state")
 *	vectors		the processor comes here with an exception or an interrupt
 *	gate		the processor comes here with the instruction `syscall`
 *	frame_resume	and so we leave
 *
 * Every way in ends at trap_entry, which completes a struct frame (task.h) and calls trap() with it. A trap from ring 3 is pushed
 * straight into the `frame` of the running task, because the TSS names its end as the stack for ring 0. There is one kernel
 * stack, empty whenever a task runs: nothing is kept on it, so trap() never returns but leaves through frame_resume.
 *
 * Why so few instructions: some KVMs emulate ring 0, at 230 ns each. The tables are data made by the linker (tables.S).
 */
#include "memlayout.h"

	.section .text
	.globl entry
entry:
	lgdt	gdt_register
	lidt	idt_register
	mov	$SELECTOR_TSS, %eax
	ltr	%ax
	mov	$kernel_stack_top, %rsp

	/* What `syscall` does: jump to the gate (LSTAR) with these selectors (STAR) and these flags cleared (FMASK). */
	mov	$0xc0000081, %ecx
	xor	%eax, %eax
	mov	$((SELECTOR_USER_DATA - 8) << 16 | SELECTOR_KERNEL_CODE), %edx
	wrmsr
	inc	%ecx
	mov	$GATE, %eax
	xor	%edx, %edx
	wrmsr
	mov	$0xc0000084, %ecx
	mov	$0x47700, %eax		/* AC NT IOPL DF IF TF */
	wrmsr
	jmp	kernel_main		/* rdi: the device tree */

/*
 * The vectors. The IDT (tables.S) counts on 16 bytes each. Some exceptions bring an error code: the bits of this mask.
 */
#define WITH_ERROR_CODE 0x60227d00

	.section .vectors, "ax"
	.globl vectors
vectors:
	number = 0
	.rept	VECTORS
	.balign	16
	.if	number >= 32 || !((WITH_ERROR_CODE >> number) & 1)
	push	$0
	.endif
	push	$number
	jmp	trap_entry
	number = number + 1
	.endr

	.balign	16
trap_entry:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%rsp, %rdi
	testb	$3, FRAME_CS(%rsp)
	jz	1f			/* from ring 0: the frame is on the kernel's own stack; go on below it */
	mov	$kernel_stack_top, %rsp
1:	call	trap
	ud2

/* _Noreturn void frame_resume(struct frame *): everything back into the registers, and away. */
	.globl frame_resume
frame_resume:
	mov	%rdi, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp		/* vector, error code */
	.globl frame_iret
frame_iret:
	iretq

/*
 * The gate: `syscall` lands here with the return address in RCX and the flags in R11. On most machines it lands at ring 0. Where a
 * hypervisor runs the guest's kernel by emulation, it may land still at ring 3: therefore each task can execute this page, which
 * is mapped at GATE. `cli` tells the two apart without touching a register: at ring 0 it does nothing new, at ring 3 it faults, and
 * trap() knows a protection fault at this address to be a system call.
 *
 * The page does not run where it is linked: all it refers to is absolute.
 */
	.section .gate, "ax"
	.globl gate
gate:
	cli
	mov	%rsp, gate_user_stack
	mov	task_state + 4, %rsp	/* the TSS's stack for ring 0: the end of the task's frame */
	jmp	*gate_continues

	.text
gate_ring0:
	push	$SELECTOR_USER_DATA
	push	gate_user_stack
	push	%r11
	push	$SELECTOR_USER_CODE
	push	%rcx
	push	$0
	push	$VECTOR_SYSCALL
	jmp	trap_entry

	.section .rodata
gate_continues:
	.quad	gate_ring0

	.bss
	.balign	8
gate_user_stack:
	.quad	0

/*
 * int user_store(uint64_t address, uint64_t value), user_load(uint64_t address, uint64_t *ret_value): one word of the running task.
 * The processor itself checks the page; when it faults here, trap() continues at user_fault, which returns -EFAULT.
 */
	.text
	.globl user_store, user_load, user_fault
user_store:
	mov	%rsi, (%rdi)
	xor	%eax, %eax
	ret
user_load:
	mov	(%rdi), %rax
	mov	%rax, (%rsi)
	xor	%eax, %eax
	ret
user_fault:
	mov	$-14, %eax
	ret

/* _Noreturn void idle_wait(void): interrupts on, sleep. What wakes us comes through a vector and does not return here. */
	.globl idle_wait
idle_wait:
	mov	$kernel_stack_top, %rsp
	sti
	hlt
	cli
	ud2				/* woken by nothing that we know */

/* The steward begins each request here, at ring 3: steward_main(request, task). Its `ud2` says that it has finished. */
	.globl steward_entry
steward_entry:
	call	steward_main
	ud2

	.bss
	.balign	16
	.space	8192
kernel_stack_top:
	.balign	16
	.space	16384
	.globl steward_stack_top, kernel_stack_top
steward_stack_top:

	.section .note.GNU-stack, "", @progbits
