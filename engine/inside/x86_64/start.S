/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first instruction of each program: the kernel has put argc at the top of the stack, above it
 * argv, NULL, env, NULL. */
	.section .text.start, "ax", @progbits
	.globl	_start
_start:
	xorl	%ebp, %ebp		/* the outermost frame */
	movq	(%rsp), %rdi		/* argc */
	leaq	8(%rsp), %rsi		/* argv */
	leaq	16(%rsp,%rdi,8), %rdx	/* env */
	andq	$-16, %rsp
	call	inside_main
	movl	%eax, %edi
	movl	$231, %eax		/* exit_group */
	syscall
	ud2
	.section .note.GNU-stack, "", @progbits
