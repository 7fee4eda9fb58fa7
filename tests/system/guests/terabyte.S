/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps a page at 1 TB and wants it. */
#include "guest.h"
	.globl entry
entry:	mov $0xe8d4a00083, %rax /* present, writable, large: gpa 10^12, on a page's bound */
	mov %rax, VM_WINDOW + VM_GPA_PD + 8 * 400
	movl $1, VM_WINDOW + (400 << 21)
	hlt
