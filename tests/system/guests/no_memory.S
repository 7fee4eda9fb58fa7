/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points its page tables at memory it was not given, and writes there. */
#include "guest.h"
	.globl entry
entry:	mov $0x40000083, %eax /* present, writable, large: gpa 1 GiB */
	mov %rax, VM_WINDOW + VM_GPA_PD + 8 * 400
	movl $1, VM_WINDOW + (400 << 21)
	hlt
