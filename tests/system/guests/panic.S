/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives up with a report, in colours it should not be able to bring to the terminal. */
#include "guest.h"
	.globl entry
entry:	PORT(VM_PORT_PANIC, report - VM_WINDOW)
	hlt
	.data
	.balign 8
report:	.long 1, 0xffffffff
	.quad 0, 0, 0, 0, 0, 0
	.ascii "\033[31mthe llamas are loose"
	.fill 512, 1, ' '
