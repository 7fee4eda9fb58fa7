/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints from memory it does not have: refused, and the packet says so. Ends with that. */
#include "guest.h"
	.globl entry
entry:	STARTED
	PORT(VM_PORT_CONSOLE, packet - VM_WINDOW)
	mov packet + 12, %eax
	neg %eax
	shl $8, %eax
	mov $VM_PORT_POWER, %edx
	out %eax, %dx
	hlt
	.data
	.balign 8
packet:	.long 0, 1, 1, 0
	.quad 0x7ffffffffffff000, 0x10000
	.fill 16 * 16, 1, 0
