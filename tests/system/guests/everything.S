/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints all of its memory 17 times per exit, for ever. */
#include "guest.h"
	.globl entry
entry:	STARTED
1:	PORT(VM_PORT_CONSOLE, packet - VM_WINDOW)
	jmp 1b
	.data
	.balign 8
packet:	.long 0, 1, 17, 0
	.rept 17
	.quad 0, 0x2000000
	.endr
