/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nucleus: all of the kernel that runs at ring 0. The rest, everything written in C, runs at ring 3
 * as the tasks do, and is protected from them by its address space alone. Why? Because on some
 * hosts the guest's ring 0 is emulated, at about a microsecond an instruction, while ring 3 always
 * runs natively. So ring 0 does only what nothing else can: change the address space, sleep, talk
 * to a port. Each path through here is a handful of instructions.
 *
 *	into the kernel:	entry		the monitor starts us here (vm/abi.h "Entry state")
 *				vectors		exceptions and interrupts
 *				gate		the instruction `syscall`
 *	out of it:		nucleus_resume, nucleus_start, nucleus_write_port, nucleus_halt
 *
 * Into the kernel: the processor leaves RIP, CS, RFLAGS, RSP, SS and perhaps an error code in
 * `trap_area`, which the TSS names as the stack for every vector. Ring 0 puts RAX aside, since it
 * needs one register, changes the address space and returns, by iretq, to the kernel's own ring-3
 * code of that vector (at the bottom of this file), which completes a struct frame and calls
 * trap().
 *
 * Out of it: the kernel has no other way to ask for ring 0 than a fault of its own making, `cli`.
 * `protection_handler` says what it means: it points to what the kernel wants, else, while a task
 * runs, to the way into the kernel.
 */
#include "memlayout.h"

/* From ring 0 to the kernel's code at ring 3; RAX has been put aside. */
.macro enter_kernel iret_frame
	mov	$VM_GPA_PML4, %eax
	mov	%rax, %cr3
	mov	$\iret_frame, %rsp
	iretq
.endm

	.section .ring0, "ax"
	.globl entry
entry:
	mov	$VM_PORT_MARK, %dx
	mov	$VM_MARK_KERNEL_ENTRY, %eax
	outl	%eax, %dx
	lgdt	gdt_register
	lidt	idt_register
	mov	$SELECTOR_TSS, %eax
	ltr	%ax

	/* What `syscall` does: jump to the gate (LSTAR) with these selectors (STAR) and these
	 * flags cleared (FMASK). */
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
	mov	$frame_of_start, %rsp	/* the address space is the kernel's already */
	iretq				/* RDI is still the device tree */

/*
 * The vectors, 64 bytes each: tables.S counts on it. They only differ in where they go
 * to, but for two: a page fault has its address in CR2, a protection fault may be the kernel's own
 * call.
 */
	.section .vectors, "ax"
	.globl vectors
vectors:
	number = 0
	.rept	VECTORS
	.balign	VECTOR_BYTES
	.if	number == VECTOR_PROTECTION
	jmp	*protection_handler
	.else
	mov	%rax, trapped_rax
	.if	number == VECTOR_PAGE_FAULT
	mov	%cr2, %rax
	mov	%rax, trapped_address
	.endif
	enter_kernel "(frames_of_vectors + number * 40)"
	.endif
	number = number + 1
	.endr

	.section .ring0, "ax"
protection_of_task:
	mov	%rax, trapped_rax
	number = VECTOR_PROTECTION
	enter_kernel "(frames_of_vectors + number * 40)"

/*
 * The gate: `syscall` lands here with the return address in RCX and the flags in R11. On most
 * machines it lands at ring 0. Where a hypervisor emulates the guest's ring 0, it may land still at
 * ring 3: therefore each task can execute this page, which is mapped at GATE. `cli` tells the two
 * apart without touching a register: at ring 0 it does nothing new, at ring 3 it is a protection
 * fault, and trap() knows one at this address to be a system call.
 *
 * The page does not run where it is linked: all it refers to is absolute.
 */
	.section .gate, "ax"
	.globl gate
gate:
	cli
	mov	%rsp, gate_rsp
	jmp	*gate_continues

	.section .ring0, "ax"
gate_at_ring0:
	mov	%rax, trapped_rax
	enter_kernel frame_of_syscall

/* What the kernel can ask for, at ring 0. */
service_resume:
	movq	$protection_of_task, protection_handler
	mov	resume_pml4, %rax
	mov	%rax, %cr3
	mov	resume_rax, %rax
	mov	$resume_frame, %rsp
	iretq

service_start:
	outl	%eax, %dx
	xor	%edx, %edx		/* a new program's registers are zero */
	jmp	service_resume

service_port:
	outl	%eax, %dx
	mov	$frame_of_port, %rsp
	iretq

service_marks:
	outl	%eax, %dx
	mov	$VM_MARK_INIT, %eax
	outl	%eax, %dx
	mov	$frame_of_port, %rsp
	iretq

service_halt:
	movq	$protection_of_task, protection_handler
1:	sti
	hlt				/* an interrupt does not come back here */
	jmp	1b

/* From here on: ring 3. The kernel's code of each vector says which one it was. */
	.text
start_of_kernel:
	call	kernel_main
	ud2

	.balign	16
code_of_vectors:
	number = 0
	.rept	VECTORS
	.balign	16
	movl	$number, trapped_vector
	jmp	complete_frame
	number = number + 1
	.endr

	.balign	16
code_of_syscall:
	movl	$VECTOR_SYSCALL, trapped_vector
	mov	%rcx, trap_area_end - 40
	mov	%r11, trap_area_end - 24
	mov	gate_rsp, %rax
	mov	%rax, trap_area_end - 16
	movq	$SELECTOR_USER_CODE, trap_area_end - 32
	movq	$SELECTOR_USER_DATA, trap_area_end - 8
	/* fall through */

/* The stack is the kernel's own and empty. struct frame (task.h), from its end to its start. */
complete_frame:
	push	trap_area_end - 8	/* SS */
	push	trap_area_end - 16	/* RSP */
	push	trap_area_end - 24	/* RFLAGS */
	push	trap_area_end - 32	/* CS */
	push	trap_area_end - 40	/* RIP */
	push	trap_area_end - 48	/* error code, if this vector has one */
	push	trapped_vector
	push	trapped_rax
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
	mov	%rsp, %rdi
	mov	trapped_address, %rsi
	call	trap
	ud2

/* A task's registers, out of its struct frame. */
.macro load_registers frame
	mov	\frame, %rsp
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
	pop	resume_rax
	add	$16, %rsp		/* vector, error code */
	pop	resume_frame
	pop	resume_frame + 8
	pop	resume_frame + 16
	pop	resume_frame + 24
	pop	resume_frame + 32
.endm

/* _Noreturn void nucleus_resume(const struct frame *frame, uint64_t pml4) */
	.globl nucleus_resume
nucleus_resume:
	mov	%rsi, resume_pml4
	movq	$service_resume, protection_handler
	load_registers %rdi
	cli

/* _Noreturn void nucleus_start(frame, pml4, uint16_t port, uint32_t value) */
	.globl nucleus_start
nucleus_start:
	mov	%rsi, resume_pml4
	mov	%edx, start_port
	mov	%ecx, start_value
	movq	$service_start, protection_handler
	load_registers %rdi
	mov	start_port, %edx
	mov	start_value, %eax
	cli

/* void nucleus_write_port(uint16_t port, uint32_t value) */
	.globl nucleus_write_port
nucleus_write_port:
	mov	%edi, %edx
	mov	%esi, %eax
	movq	$service_port, protection_handler
call_port:
	mov	%rsp, port_rsp
	cli
continue_after_port:
	mov	port_rsp, %rsp
	movq	$protection_of_task, protection_handler
	ret

/* void nucleus_mark_ready(void) */
	.globl nucleus_mark_ready
nucleus_mark_ready:
	mov	$VM_PORT_MARK, %edx
	mov	$VM_MARK_KERNEL_READY, %eax
	movq	$service_marks, protection_handler
	jmp	call_port

/* _Noreturn void nucleus_halt(void) */
	.globl nucleus_halt
nucleus_halt:
	movq	$service_halt, protection_handler
	cli

/* Where the nucleus's iretqs go to: RIP, CS, RFLAGS, RSP, SS. Interrupts stay off in the kernel. */
.macro iret_frame rip
	.quad	\rip, SELECTOR_USER_CODE, FLAGS_FIXED, kernel_stack_top, SELECTOR_USER_DATA
.endm

	.section .rodata
	.balign	16
frames_of_vectors:
	number = 0
	.rept	VECTORS
	iret_frame "(code_of_vectors + number * 16)"
	number = number + 1
	.endr
frame_of_start:
	iret_frame start_of_kernel
frame_of_syscall:
	iret_frame code_of_syscall
frame_of_port:
	iret_frame continue_after_port
gate_continues:
	.quad	gate_at_ring0

	.data
	.balign	16
protection_handler:
	.quad	protection_of_task
trapped_rax:
	.quad	0
trapped_vector:
	.quad	0
trapped_address:
	.quad	0
gate_rsp:
	.quad	0
port_rsp:
	.quad	0
start_port:
	.long	0
start_value:
	.long	0
resume_pml4:
	.quad	0
resume_rax:
	.quad	0
resume_frame:
	.quad	0, 0, 0, 0, 0
	.balign	16
	.fill	8, 8, 0
	.globl trap_area_end
trap_area_end:

	.section .data.stack, "aw"
	.space	8192 + 1536		/* so that its upper end shares a page with what follows */
kernel_stack_top:

	.section .note.GNU-stack, "", @progbits
