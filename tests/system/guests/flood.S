/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints 64 KiB per exit, for ever. */
#include "guest.h"
	.globl entry
entry:	STARTED
1:	PORT(VM_PORT_CONSOLE, packet - VM_WINDOW)
	jmp 1b
	.data
	.balign 8
packet:	.long 0, 1, 1, 0
	.quad text - VM_WINDOW, 0x10000
	.fill 16 * 16, 1, 0
text:	.fill 0x10000, 1, 'x'
